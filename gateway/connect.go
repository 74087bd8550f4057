package gateway

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/gateway/edge"
)

// Connecting adds apps and their shops; *connect.Registry is one.
type Connecting interface {
	AddApp(ctx context.Context, app channels.App) (channels.App, error)
	Consent(app, service, state string, us bool) (string, error)
	Authorize(ctx context.Context, app, code, name string) ([]channels.Connection, error)
	WebhookAddress(c channels.Connection) string
}

// registerConnect has what only owners may: a vendor's credentials come in here and never go out.
func (g *Gateway) registerConnect() {
	op := func(path, id, summary string) huma.Operation {
		return huma.Operation{
			Method: http.MethodPost, Path: path, OperationID: id, Summary: summary, MaxBodyBytes: 16 << 10, Tags: []string{"connection"},
			Security: []map[string][]string{{"session": {}}, {"key": {}}}, Errors: []int{http.StatusConflict, http.StatusUnprocessableEntity, http.StatusBadGateway},
		}
	}
	type appInput struct {
		Body struct {
			Channel string `json:"channel" enum:"tiktok"`
			Key     string `json:"key" minLength:"1" maxLength:"200" doc:"the vendor's app key"`
			Secret  string `json:"secret" minLength:"1" maxLength:"500" doc:"the vendor's app secret; it is sealed and never shown again"`
			BaseURL string `json:"base_url,omitempty" maxLength:"300" doc:"of the API, where it is not the vendor's own: a simulator's"`
			AuthURL string `json:"auth_url,omitempty" maxLength:"300" doc:"of its token endpoints, likewise"`
			Service string `json:"service,omitempty" maxLength:"100" doc:"the vendor's id of the app's consent page; needed for consent_url"`
			State   string `json:"state,omitempty" maxLength:"200" doc:"comes back with the code; needed for consent_url"`
			US      bool   `json:"us,omitempty" doc:"the seller sells in the United States"`
		}
	}
	type appOutput struct {
		Body struct {
			App     string `json:"app"`
			Consent string `json:"consent_url" doc:"where the seller says yes; empty without a service"`
		}
	}
	huma.Register(g.api, op("/api/v1/apps", "add-app", "Keep a vendor's app key and secret, or a new secret of a known key"),
		func(ctx context.Context, in *appInput) (*appOutput, error) {
			b := in.Body
			app, err := g.o.Connect.AddApp(ctx, channels.App{Channel: b.Channel, Key: b.Key, Secrets: []string{b.Secret}, BaseURL: b.BaseURL, AuthURL: b.AuthURL})
			out := &appOutput{}
			out.Body.App = app.ID
			if err == nil && b.Service != "" {
				out.Body.Consent, err = g.o.Connect.Consent(app.ID, b.Service, b.State, b.US)
			}
			if err != nil {
				return nil, g.answer(ctx, err)
			}
			return out, nil
		})
	type shopInput struct {
		Body struct {
			App  string `json:"app" minLength:"1" maxLength:"40"`
			Code string `json:"code" minLength:"1" maxLength:"1000" doc:"from the seller's consent; it works once"`
			Name string `json:"name,omitempty" maxLength:"200" doc:"what to call the shop; empty = as the channel does"`
		}
	}
	type shop struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		ShopID string `json:"shop_id"`
	}
	type shopOutput struct {
		Body struct {
			Shops    []shop `json:"shops"`
			Webhooks string `json:"webhooks" doc:"where their webhooks come in; empty when the hub has no public address and polls"`
		}
	}
	huma.Register(g.api, op("/api/v1/connections", "connect-shops", "Connect every shop that a seller's consent opens"),
		func(ctx context.Context, in *shopInput) (*shopOutput, error) {
			added, err := g.o.Connect.Authorize(ctx, in.Body.App, in.Body.Code, in.Body.Name)
			if err != nil {
				return nil, g.answer(ctx, told(err))
			}
			out := &shopOutput{}
			for _, c := range added {
				out.Body.Shops = append(out.Body.Shops, shop{c.ID, c.Name, c.ShopID})
				out.Body.Webhooks = g.o.Connect.WebhookAddress(c)
			}
			return out, nil
		})
}

// told makes a sentence of what a channel said to an authorisation.
func told(err error) error {
	var f *channels.Failure
	switch {
	case !errors.As(err, &f):
		return err
	case f.Class == channels.Retry, f.Class == channels.Throttled, f.Class == channels.Unsure:
		return edge.NewProblem(http.StatusBadGateway, "The channel did not answer ("+channels.Short(f.Message, 200)+"). A code works once: get a new one and try again.")
	}
	return edge.NewProblem(http.StatusConflict, "The channel refused this: "+channels.Short(f.Message, 200)+
		". A code works once and for 30 minutes: get a new one. If it is new, compare app key and secret with those at the channel.")
}
