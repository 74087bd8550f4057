package backorders

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Row is an order in the queue of a SKU.
type Row struct {
	Order, SKU string
	Units      int64
	Placed     time.Time // by the channel's clock
	Front      int64     // above 0: a person moved it to the front, the highest last
	Moved      string    // who did, and why
	Why        string
	Since      time.Time // that it stands there
}

var table = &projection.Table[Row]{
	Name: "backorders_v1", Key: 2,
	Columns: []string{
		"order_id text", "sku text", "units bigint", "placed bigint", "front bigint", "moved text", "why text", "since bigint",
	},
	Fields: func(r *Row) []any {
		return []any{&r.Order, &r.SKU, &r.Units, &r.Placed, &r.Front, &r.Moved, &r.Why, &r.Since}
	},
}

// View keeps the queues.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "backorders" }

// Version implements projection.Projection.
func (View) Version() int { return 1 }

// Tables implements projection.Projection.
func (View) Tables() []string { return []string{table.Name} }

// Schema implements projection.Projection.
func (View) Schema() []string {
	return []string{table.Create(), "create index backorders_v1_turn on backorders_v1 (sku, front desc, placed, order_id)"}
}

// inTurn orders a queue as the stock's own stream does.
const inTurn = "order by front desc, placed, order_id"

// told is how many orders of a queue that moved are told of it; those further back see it when they are looked at.
const told = 200

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	rows := table.Edit(tx)
	var moved, left []string
	for _, r := range batch {
		switch e := r.Event.(type) {
		case stockevents.Backordered:
			row, err := rows.Get(ctx, e.Order, e.SKU)
			if err != nil {
				return nil, err
			}
			if row.Units == 0 { // else it waits for another number of units than before
				row.Since = r.At
			}
			row.Units, row.Placed, row.Front = e.Quantity, e.Placed, e.Front
			moved = append(moved, e.SKU)
		case stockevents.BackorderFirst:
			row, err := rows.Get(ctx, e.Order, e.SKU)
			if err != nil {
				return nil, err
			}
			row.Front, row.Moved, row.Why = e.Front, r.Actor, e.Reason
			moved = append(moved, e.SKU)
		case stockevents.BackorderLeft:
			if err := rows.Delete(e.Order, e.SKU); err != nil {
				return nil, err
			}
			moved, left = append(moved, e.SKU), append(left, "orders/"+e.Order)
		case stockevents.Received: // who waits needs fewer units more, or others, here and below
			moved = append(moved, e.SKU)
		case stockevents.Adjusted:
			moved = append(moved, e.SKU)
		case stockevents.Returned:
			moved = append(moved, e.SKU)
		case stockevents.Moved:
			moved = append(moved, e.SKU)
		}
	}
	if err := rows.Save(ctx); err != nil || len(moved) == 0 {
		return nil, err
	}
	slices.Sort(moved)
	topics := left
	for _, sku := range slices.Compact(moved) {
		waiting, err := Queue(ctx, tx, sku, told)
		if err != nil {
			return nil, err
		}
		for _, w := range waiting {
			topics = append(topics, "orders/"+w.Order)
		}
		topics = append(topics, "stock/"+sku)
	}
	return topics, nil
}

// Queue reads who waits for a SKU, whose turn is next in front.
func Queue(ctx context.Context, q projection.Querier, sku string, limit int) ([]Row, error) {
	return table.Select(ctx, q, "where sku = $1 "+inTurn+" limit $2", sku, limit)
}

// Total is how many orders wait for a SKU, and for how many units.
func Total(ctx context.Context, q projection.Querier, sku string) (orders, units int64, err error) {
	return count(ctx, q, "where sku = $1", sku)
}

// Of reads the places of an order, by SKU.
func Of(ctx context.Context, q projection.Querier, order string) ([]Row, error) {
	return table.Select(ctx, q, "where order_id = $1 order by sku", order)
}

// Before is how many orders stand before one in the queue of its SKU, and how many units they wait for.
func Before(ctx context.Context, q projection.Querier, r Row) (orders, units int64, err error) {
	placed := r.Placed.UnixMicro()
	return count(ctx, q, `where sku = $1 and (front > $2 or front = $2 and (placed < $3 or placed = $3 and order_id < $4))`,
		r.SKU, r.Front, placed, r.Order)
}

// count reads no more than the orders that wait for one SKU.
func count(ctx context.Context, q projection.Querier, where string, args ...any) (orders, units int64, err error) {
	rows, err := q.Query(ctx, "select count(*), cast(coalesce(sum(units), 0) as bigint) from "+table.Name+" "+where, args...)
	if err != nil {
		return 0, 0, fmt.Errorf("count backorders: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(&orders, &units); err != nil {
			return 0, 0, fmt.Errorf("count backorders: %w", err)
		}
	}
	return orders, units, rows.Err()
}
