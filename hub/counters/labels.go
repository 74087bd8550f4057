// Package counters has what an owner settles besides the shops: from whom labels are bought, and whence mentions come.
//
//	gateway/connecting ─► a counter, which is closed while a demo is shown ─► dispatch/postage, ingest/mentions
package counters

import (
	"context"

	"github.com/creatorflow/creatorflow/dispatch/postage"
	labelevents "github.com/creatorflow/creatorflow/domain/events/labels"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/connecting"
	"github.com/creatorflow/creatorflow/partners"
)

// Labels says from whom labels are bought.
type Labels struct {
	Office *postage.Office
	Closed func() error // why nothing is set just now; nil = there is no reason
}

var _ connecting.Labelling = Labels{}

// SetLabels implements connecting.Labelling.
func (c Labels) SetLabels(ctx context.Context, s connecting.SetLabelPartner, actor string) error {
	if err := c.Closed(); err != nil {
		return err
	}
	return c.Office.Set(ctx, postage.Settings{
		Configured: labelevents.Configured{
			Automatic: s.Automatic, Carrier: s.Carrier, Service: s.Service, Grams: s.Grams, Length: s.Length, Width: s.Width, Height: s.Height,
		},
		Key: s.Key, Hook: s.Secret, BaseURL: s.BaseURL, From: partners.Address(s.From),
	}, eventlog.Meta{Actor: actor})
}

// RemoveLabels implements connecting.Labelling.
func (c Labels) RemoveLabels(ctx context.Context, actor string) error {
	return c.Office.Remove(ctx, eventlog.Meta{Actor: actor})
}

// Labels implements connecting.Labelling.
func (c Labels) Labels(ctx context.Context) (connecting.LabelPartner, error) {
	s, signed, err := c.Office.Shown(ctx)
	return connecting.LabelPartner{
		Partner: s.Partner, Test: s.Test, Signed: signed, From: connecting.SenderAddress(s.From),
		LabelWish: connecting.LabelWish{
			Automatic: s.Automatic, Carrier: s.Carrier, Service: s.Service, Grams: s.Grams, Length: s.Length, Width: s.Width, Height: s.Height,
		},
	}, err
}
