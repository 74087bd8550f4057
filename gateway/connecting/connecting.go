// Package connecting has the routes by which a shop is connected: what each channel asks for, the vendor's app, the
// shop, or demo data in place of one.
package connecting

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/gateway/edge"
)

// Shops adds apps and their shops; *connect.Registry is one.
type Shops interface {
	AddApp(ctx context.Context, app channels.App) (channels.App, error)
	Consent(app string, asked channels.Grant, state string) (string, error)
	Authorize(ctx context.Context, app string, given channels.Grant, name string) ([]channels.Connection, error)
	WebhookAddress(c channels.Connection) string
	Connections() []channels.Connection
}

// Options are what the routes need.
type Options struct {
	Shops    Shops
	Listed   []channels.Vendor // the channels there are
	Demo     Demonstrating     // nil = there is none
	Labels   Labelling         // nil = none are bought
	Mentions Hearing           // nil = none are taken
	Answer   func(ctx context.Context, err error) *edge.Problem
}

// Register adds what only owners may: a vendor's credentials come in here and never go out.
func Register(api huma.API, o Options) {
	demonstrate(api, o)
	label(api, o)
	hear(api, o)
	op := func(path, id, summary string) huma.Operation {
		return huma.Operation{
			Method: http.MethodPost, Path: path, OperationID: id, Summary: summary, MaxBodyBytes: 16 << 10, Tags: []string{"connection"},
			Security: []map[string][]string{{"session": {}}, {"key": {}}}, Errors: []int{http.StatusConflict, http.StatusUnprocessableEntity, http.StatusBadGateway},
		}
	}
	type appInput struct {
		Body struct {
			Channel string            `json:"channel" minLength:"1" maxLength:"40" doc:"one that GET /channels lists"`
			Key     string            `json:"key" minLength:"1" maxLength:"200" doc:"the vendor's app key"`
			Secret  string            `json:"secret" maxLength:"500" doc:"the vendor's app secret; it is sealed and never shown again. May be empty where GET /channels says that it is optional"`
			BaseURL string            `json:"base_url,omitempty" maxLength:"300" doc:"of the API, where it is not the vendor's own: a simulator's"`
			AuthURL string            `json:"auth_url,omitempty" maxLength:"300" doc:"of its token endpoints, likewise"`
			Asked   map[string]string `json:"asked,omitempty" doc:"what the consent page must know, by the names that GET /channels lists"`
			State   string            `json:"state,omitempty" maxLength:"200" doc:"comes back from the consent page; without it there is no consent_url"`
		}
	}
	type appOutput struct {
		Body struct {
			App     string `json:"app"`
			Consent string `json:"consent_url" doc:"where the seller says yes; empty without a state"`
		}
	}
	huma.Register(api, op("/api/v1/apps", "add-app", "Keep a vendor's app key and secret, or a new secret of a known key"),
		func(ctx context.Context, in *appInput) (*appOutput, error) {
			b := in.Body
			app, err := o.Shops.AddApp(ctx, channels.App{Channel: b.Channel, Key: b.Key, Secrets: []string{b.Secret}, BaseURL: b.BaseURL, AuthURL: b.AuthURL})
			out := &appOutput{}
			out.Body.App = app.ID
			if err == nil && b.State != "" {
				out.Body.Consent, err = o.Shops.Consent(app.ID, b.Asked, b.State)
			}
			if err != nil {
				return nil, o.Answer(ctx, err)
			}
			return out, nil
		})
	type shopInput struct {
		Body struct {
			App   string            `json:"app" minLength:"1" maxLength:"40"`
			Given map[string]string `json:"given" doc:"what the seller gave, by the names that GET /channels lists"`
			Name  string            `json:"name,omitempty" maxLength:"200" doc:"what to call the shop; empty = as the channel does"`
		}
	}
	type field struct {
		Name     string `json:"name"`
		Label    string `json:"label"`
		Help     string `json:"help"`
		Secret   bool   `json:"secret"`
		Question bool   `json:"question" doc:"answered with yes, or not at all"`
		Optional bool   `json:"optional"`
	}
	type channel struct {
		Name    string  `json:"name"`
		Title   string  `json:"title"`
		Key     field   `json:"key"`
		Secret  field   `json:"secret"`
		Consent bool    `json:"consent" doc:"it has a page on which the seller says yes"`
		Asked   []field `json:"asked" doc:"what that page must know"`
		Given   []field `json:"given" doc:"what connecting a shop must know"`
	}
	type channelsOutput struct {
		Body struct {
			Channels []channel `json:"channels"`
		}
	}
	list := op("/api/v1/channels", "list-channels", "The channels there are, and what connecting a shop on each must know")
	list.Method, list.Errors = http.MethodGet, nil
	huma.Register(api, list, func(context.Context, *struct{}) (*channelsOutput, error) {
		fields := func(list []channels.Field) []field {
			out := make([]field, len(list))
			for i, f := range list {
				out[i] = field(f)
			}
			return out
		}
		out := &channelsOutput{}
		out.Body.Channels = make([]channel, 0, len(o.Listed))
		for _, v := range o.Listed {
			out.Body.Channels = append(out.Body.Channels, channel{
				Name: v.Name, Title: v.Title, Key: field(v.Key), Secret: field(v.Secret), Consent: v.Consent != nil, Asked: fields(v.Ask), Given: fields(v.Grant),
			})
		}
		return out, nil
	})
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
	huma.Register(api, op("/api/v1/connections", "connect-shops", "Connect every shop that a seller's consent opens"),
		func(ctx context.Context, in *shopInput) (*shopOutput, error) {
			added, err := o.Shops.Authorize(ctx, in.Body.App, in.Body.Given, in.Body.Name)
			if err != nil {
				return nil, o.Answer(ctx, told(err))
			}
			out := &shopOutput{}
			for _, c := range added {
				out.Body.Shops = append(out.Body.Shops, shop{c.ID, c.Name, c.ShopID})
				out.Body.Webhooks = o.Shops.WebhookAddress(c)
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
