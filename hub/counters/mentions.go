package counters

import (
	"context"
	"strings"

	events "github.com/creatorflow/creatorflow/domain/events/signals"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/connecting"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/ingest/mentions"
)

// Mentions adds, removes and lists the sources of mentions.
type Mentions struct {
	Office *mentions.Office
	Closed func() error // why none is added just now; nil = there is no reason
	Public string       // address under which others reach the hub; empty = none
}

var _ connecting.Hearing = Mentions{}

// AddSource implements connecting.Hearing.
func (c Mentions) AddSource(ctx context.Context, s connecting.AddMentionSource, actor string) (id, secret string, err error) {
	if err := c.Closed(); err != nil {
		return "", "", err
	}
	return c.Office.Add(ctx, mentions.Settings{Kind: s.Kind, Name: s.Name, URL: s.URL, Local: s.Local, Secret: s.Secret}, eventlog.Meta{Actor: actor})
}

// RemoveSource implements connecting.Hearing.
func (c Mentions) RemoveSource(ctx context.Context, id, actor string) error {
	return c.Office.Remove(ctx, id, eventlog.Meta{Actor: actor})
}

// Sources implements connecting.Hearing.
func (c Mentions) Sources(ctx context.Context) ([]connecting.MentionSource, error) {
	all, err := c.Office.Shown(ctx)
	list := make([]connecting.MentionSource, 0, len(all))
	for _, s := range all {
		one := connecting.MentionSource{ID: s.SourceAdded.Source, Kind: s.Kind, Name: s.Name, Address: s.Address, Local: s.Local, Trouble: s.Trouble, Taken: s.Taken}
		if s.Kind == events.Webhook {
			one.Address = strings.TrimSuffix(c.Public, "/") + "/webhooks/" + mentions.Hook + "/" + one.ID
		}
		if !s.Read.IsZero() {
			one.Read = s.Read.UTC().Format(reads.Layout)
		}
		list = append(list, one)
	}
	return list, err
}
