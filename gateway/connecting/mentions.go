package connecting

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/access"
)

// Hearing says whence mentions come; the hub does.
type Hearing interface {
	// AddSource makes a source; a feed is read once before. A Refusal says what is wrong with it. The secret is a webhook's.
	AddSource(ctx context.Context, s AddMentionSource, actor string) (id, secret string, err error)
	RemoveSource(ctx context.Context, id, actor string) error
	Sources(ctx context.Context) ([]MentionSource, error)
}

// AddMentionSource is the body that adds a source of mentions.
type AddMentionSource struct {
	Kind   string `json:"kind" enum:"webhook,feed"`
	Name   string `json:"name" maxLength:"200" doc:"what to call it"`
	URL    string `json:"url" maxLength:"2000" required:"false" doc:"of a feed: RSS, Atom or JSON Feed; it is sealed"`
	Local  bool   `json:"local" required:"false" doc:"the feed may be on your own network"`
	Secret string `json:"secret" maxLength:"200" required:"false" doc:"of a webhook: whsec_ and 24 to 64 bytes in base64; one is made when empty"`
}

// MentionSource is where mentions come from, without its secrets.
type MentionSource struct {
	ID      string `json:"id"`
	Kind    string `json:"kind" doc:"webhook, feed"`
	Name    string `json:"name"`
	Address string `json:"address" doc:"where a webhook is sent to; where a feed is read, without what may be a secret"`
	Local   bool   `json:"local"`
	Trouble string `json:"trouble" doc:"why the feed cannot be read, or the last webhook was refused; empty when all is well"`
	Read    string `json:"read_at" doc:"when the feed was read last, or a webhook came; empty = never"`
	Taken   int64  `json:"taken" doc:"mentions so far"`
}

// MentionSources are all sources of mentions.
type MentionSources struct {
	Items  []MentionSource `json:"items"`
	Source string          `json:"source,omitempty" doc:"the one that was added"`
	Secret string          `json:"secret,omitempty" doc:"the webhook's, shown this once"`
}

// deaf is a hub that takes no mentions.
type deaf struct{}

const errDeaf = eventlog.Refusal("No mentions are taken here.")

// AddSource implements Hearing.
func (deaf) AddSource(context.Context, AddMentionSource, string) (id, secret string, err error) {
	return "", "", errDeaf
}

// RemoveSource implements Hearing.
func (deaf) RemoveSource(context.Context, string, string) error { return errDeaf }

// Sources implements Hearing.
func (deaf) Sources(context.Context) ([]MentionSource, error) { return []MentionSource{}, nil }

// hear adds the routes of the sources: everybody sees how they do, owners add and remove them.
func hear(api huma.API, o Options) {
	if o.Mentions == nil {
		o.Mentions = deaf{}
	}
	op := func(method, path, id, summary string, errors ...int) huma.Operation {
		return huma.Operation{
			Method: method, Path: "/api/v1/mention-sources" + path, OperationID: id, Summary: summary, MaxBodyBytes: 16 << 10, Tags: []string{"mentions"},
			Security: []map[string][]string{{"session": {}}, {"key": {}}}, Errors: errors,
		}
	}
	type shown struct{ Body MentionSources }
	show := func(ctx context.Context, source, secret string, err error) (*shown, error) {
		if err == nil {
			out := &shown{MentionSources{Source: source, Secret: secret}}
			if out.Body.Items, err = o.Mentions.Sources(ctx); err == nil {
				return out, nil
			}
		}
		return nil, o.Answer(ctx, err)
	}
	huma.Register(api, op(http.MethodGet, "", "list-mention-sources", "Whence mentions come, and how each source does"),
		func(ctx context.Context, _ *struct{}) (*shown, error) { return show(ctx, "", "", nil) })
	huma.Register(api, op(http.MethodPost, "", "add-mention-source", "Add a source of mentions; a feed is read once before", http.StatusConflict, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *struct{ Body AddMentionSource }) (*shown, error) {
			id, secret, err := o.Mentions.AddSource(ctx, in.Body, access.From(ctx).Name)
			return show(ctx, id, secret, err)
		})
	huma.Register(api, op(http.MethodDelete, "/{source}", "remove-mention-source", "Take no mentions from a source any more; what came stays", http.StatusConflict),
		func(ctx context.Context, in *struct {
			Source string `path:"source" maxLength:"40"`
		},
		) (*shown, error) {
			return show(ctx, "", "", o.Mentions.RemoveSource(ctx, in.Source, access.From(ctx).Name))
		})
}
