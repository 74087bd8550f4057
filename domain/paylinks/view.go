package paylinks

import (
	"context"
	"strings"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/folded"
)

// row is a link whose flow has not ended.
type row struct{ ID string }

var table = &projection.Table[row]{
	Name: "payment_links_v1", Key: 1, Columns: []string{"id text"},
	Fields: func(r *row) []any { return []any{&r.ID} },
}

// View keeps the links that are open, for the runner's start.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "payment_links" }

// Version implements projection.Projection.
func (View) Version() int { return 1 }

// Tables implements projection.Projection.
func (View) Tables() []string { return []string{table.Name} }

// Schema implements projection.Projection.
func (View) Schema() []string { return []string{table.Create()} }

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	rows := table.Edit(tx)
	for _, r := range batch {
		var err error
		switch e := r.Event.(type) {
		case events.PaymentLinkAsked:
			err = rows.Put(row{ID: FlowID(e.Order, e.Link)})
		case flows.Finished:
			if r.Stream.Kind == Kind {
				err = rows.Delete(r.Stream.ID)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, rows.Save(ctx)
}

// Open reads the flows that have not ended and the position from which the log tells the rest, for the runner's start.
func Open(ctx context.Context, log *eventlog.Log, views projection.Store) (position eventlog.Position, open []flow.Open, err error) {
	position, built, err := folded.At(ctx, views, View{}, log)
	if err != nil || !built {
		return 0, nil, err
	}
	err = views.Read(ctx, func(r projection.Reader) error {
		rows, err := table.Select(ctx, r, "")
		for _, row := range rows {
			order, _ := parts(row.ID)
			shop, _, _ := strings.Cut(order, ":")
			open = append(open, flow.Open{Kind: Kind, ID: row.ID, Tags: []string{fulfilment.ShopTag(shop), orderTag(order)}})
		}
		return err
	})
	return position, open, err
}
