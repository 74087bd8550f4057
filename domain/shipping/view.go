package shipping

import (
	"context"
	"strings"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/folded"
)

// row is a request that has not ended.
type row struct{ ID, OrderID, Connection string }

var table = &projection.Table[row]{
	Name: "shipping_requests_v1", Key: 1, Columns: []string{"id text", "order_id text", "connection text"},
	Fields: func(r *row) []any { return []any{&r.ID, &r.OrderID, &r.Connection} },
}

// View keeps the requests that are on their way, for the runner's start.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "shipping" }

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
		case events.ShippingAsked:
			if shop, _, _ := strings.Cut(e.Order, ":"); carries(e) {
				err = rows.Put(row{ID: FlowID(e.Order, e.Request), OrderID: e.Order, Connection: shop})
			}
		case events.ShippingEnded:
			err = rows.Delete(FlowID(e.Order, e.Request))
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
			open = append(open, flow.Open{Kind: Kind, ID: row.ID, Tags: []string{fulfilment.ShopTag(row.Connection), orderTag(row.OrderID)}})
		}
		return err
	})
	return position, open, err
}
