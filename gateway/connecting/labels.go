package connecting

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/access"
)

// Labelling says from whom labels of the seller's own carriers are bought; the hub does.
type Labelling interface {
	// SetLabels checks the key at the partner and keeps the settings. A Refusal says what is wrong with them.
	SetLabels(ctx context.Context, s SetLabelPartner, actor string) error
	RemoveLabels(ctx context.Context, actor string) error
	Labels(ctx context.Context) (LabelPartner, error)
}

// SenderAddress is where parcels are sent from; carriers print it on the label.
type SenderAddress struct {
	Name       string `json:"name" maxLength:"100" required:"false"`
	Company    string `json:"company" maxLength:"100" required:"false"`
	Line1      string `json:"line1" maxLength:"100"`
	Line2      string `json:"line2" maxLength:"100" required:"false"`
	City       string `json:"city" maxLength:"100"`
	State      string `json:"state" maxLength:"100" required:"false" doc:"as the post of the country writes it, such as NY"`
	PostalCode string `json:"postal_code" maxLength:"20" required:"false"`
	Country    string `json:"country" minLength:"2" maxLength:"2" doc:"ISO 3166, such as GB"`
	Phone      string `json:"phone" maxLength:"40" required:"false"`
	Email      string `json:"email" maxLength:"100" required:"false"`
}

// LabelWish is for which parcel a label is bought, and when.
type LabelWish struct {
	Automatic bool   `json:"automatic" doc:"labels are bought by themselves; else retry-step buys an order's label"`
	Carrier   string `json:"carrier" maxLength:"60" required:"false" doc:"that shall take parcels; the cheapest when empty"`
	Service   string `json:"service" maxLength:"60" required:"false" doc:"of the carrier; the cheapest when empty"`
	Grams     int    `json:"grams" minimum:"1" maximum:"70000" doc:"a parcel's weight"`
	Length    int    `json:"length" minimum:"1" maximum:"3000" doc:"in millimetres"`
	Width     int    `json:"width" minimum:"1" maximum:"3000" doc:"in millimetres"`
	Height    int    `json:"height" minimum:"1" maximum:"3000" doc:"in millimetres"`
}

// SetLabelPartner is the body that says from whom labels are bought.
type SetLabelPartner struct {
	Partner string `json:"partner" enum:"easypost"`
	Key     string `json:"key" maxLength:"100" required:"false" doc:"the partner's API key; it is sealed and never shown again. The one before stays when empty"`
	Secret  string `json:"secret" maxLength:"200" required:"false" doc:"with which the partner signs its webhooks, likewise"`
	BaseURL string `json:"base_url" maxLength:"300" required:"false" doc:"of the API, where it is not the partner's own: a simulator's"`
	LabelWish
	From SenderAddress `json:"from"`
}

// LabelPartner is from whom labels are bought, without its secrets.
type LabelPartner struct {
	Partner string `json:"partner" doc:"empty = nobody"`
	Test    bool   `json:"test" doc:"with a test key: nothing is charged, and no label is valid"`
	Signed  bool   `json:"signed" doc:"the secret of its webhooks is known, so its news of parcels are taken"`
	LabelWish
	From SenderAddress `json:"from"`
}

// noLabels is a hub that buys none.
type noLabels struct{}

const errNoLabels = eventlog.Refusal("No labels can be bought here.")

// SetLabels implements Labelling.
func (noLabels) SetLabels(context.Context, SetLabelPartner, string) error { return errNoLabels }

// RemoveLabels implements Labelling.
func (noLabels) RemoveLabels(context.Context, string) error { return errNoLabels }

// Labels implements Labelling.
func (noLabels) Labels(context.Context) (LabelPartner, error) { return LabelPartner{}, nil }

// label adds what only owners may: the partner's key comes in here and never goes out.
func label(api huma.API, o Options) {
	if o.Labels == nil {
		o.Labels = noLabels{}
	}
	op := func(method, id, summary string) huma.Operation {
		return huma.Operation{
			Method: method, Path: "/api/v1/label-partner", OperationID: id, Summary: summary, MaxBodyBytes: 16 << 10, Tags: []string{"labels"},
			Security: []map[string][]string{{"session": {}}, {"key": {}}}, Errors: []int{http.StatusConflict, http.StatusUnprocessableEntity},
		}
	}
	type shown struct{ Body LabelPartner }
	show := func(ctx context.Context, err error) (*shown, error) {
		if err == nil {
			var p LabelPartner
			if p, err = o.Labels.Labels(ctx); err == nil {
				return &shown{p}, nil
			}
		}
		return nil, o.Answer(ctx, err)
	}
	read := op(http.MethodGet, "get-label-partner", "From whom labels of the seller's own carriers are bought")
	read.Errors = nil
	huma.Register(api, read, func(ctx context.Context, _ *struct{}) (*shown, error) { return show(ctx, nil) })
	huma.Register(api, op(http.MethodPost, "set-label-partner", "Say from whom labels are bought, for which parcel and when; the key is checked at the partner"),
		func(ctx context.Context, in *struct{ Body SetLabelPartner }) (*shown, error) {
			return show(ctx, o.Labels.SetLabels(ctx, in.Body, access.From(ctx).Name))
		})
	huma.Register(api, op(http.MethodDelete, "remove-label-partner", "Buy no labels any more, and forget the key"),
		func(ctx context.Context, _ *struct{}) (*shown, error) {
			return show(ctx, o.Labels.RemoveLabels(ctx, access.From(ctx).Name))
		})
}

// Routed adds the rights that this room's routes need to those of the others.
func Routed(others map[string]access.Action) map[string]access.Action {
	for _, pattern := range []string{
		"GET /api/v1/channels", "POST /api/v1/apps", "POST /api/v1/connections", "POST /api/v1/demo", "DELETE /api/v1/demo",
		"GET /api/v1/label-partner", "POST /api/v1/label-partner", "DELETE /api/v1/label-partner",
		"POST /api/v1/mention-sources", "DELETE /api/v1/mention-sources/{source}",
	} {
		others[pattern] = access.Administer
	}
	others["GET /api/v1/mention-sources"] = access.Read
	return others
}
