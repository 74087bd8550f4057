package headroom

import (
	"cmp"
	"context"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Open is an order that has neither left nor been cancelled.
type Open struct {
	ID         string
	Connection string
	Channel    string
	ChannelID  string
	PlacedAt   time.Time
	DueAt      time.Time // zero = nobody knows
	Asked      string    // who asked for its cancellation
}

var open = &projection.Table[Open]{
	Name: "open_orders_v1", Key: 1,
	Columns: []string{"id text", "connection text", "channel text", "channel_id text", "placed_at bigint", "due_at bigint", "asked text"},
	Fields: func(o *Open) []any {
		return []any{&o.ID, &o.Connection, &o.Channel, &o.ChannelID, &o.PlacedAt, &o.DueAt, &o.Asked}
	},
}

// Day is what happened to the orders of one day (UTC). Placed, Faults and Unsure stand on the day of their order, Due and Late on the
// day on which it was due.
type Day struct {
	Connection string
	Day        int64 // since 1970
	Placed     int64
	Faults     int64
	Unsure     int64
	Due        int64 // of those that have left
	Late       int64
}

var days = &projection.Table[Day]{
	Name: "headroom_days_v1", Key: 2,
	Columns: []string{"connection text", "day bigint", "placed bigint", "faults bigint", "unsure bigint", "due bigint", "late bigint"},
	Fields: func(d *Day) []any {
		return []any{&d.Connection, &d.Day, &d.Placed, &d.Faults, &d.Unsure, &d.Due, &d.Late}
	},
}

const aDay = 24 * time.Hour

func dayOf(t time.Time) int64 { return t.Unix() / int64(aDay/time.Second) }

// View keeps the orders that are still to leave, and sums of those that are not.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "headroom" }

// Version implements projection.Projection.
func (View) Version() int { return 1 }

// Tables implements projection.Projection.
func (View) Tables() []string { return []string{open.Name, days.Name} }

// Schema implements projection.Projection.
func (View) Schema() []string {
	return []string{open.Create(), days.Create(), "create index open_orders_v1_due on open_orders_v1 (connection, due_at)"}
}

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	f := folding{open: open.Edit(tx), days: days.Edit(tx)}
	for _, r := range batch {
		if err := f.record(ctx, r); err != nil {
			return nil, err
		}
	}
	if err := f.open.Save(ctx); err != nil {
		return nil, err
	}
	return nil, f.days.Save(ctx)
}

type folding struct {
	open *projection.Edit[Open]
	days *projection.Edit[Day]
}

func (f folding) record(ctx context.Context, r eventlog.Record) error {
	switch e := r.Event.(type) {
	case events.Placed:
		return f.placed(ctx, e)
	case events.PaymentCompleted:
		return f.paid(ctx, e, r.At)
	case events.StatusChanged:
		if left(e.To) {
			return f.left(ctx, e)
		}
	case events.Cancelled:
		return f.cancelled(ctx, e)
	case events.ClaimOpened:
		if e.Kind == orders.Cancellation && e.By != "" {
			return f.asked(ctx, e.Order, e.By)
		}
	case events.AnswerAsked:
		if e.Action == orders.ActionCancel {
			by := bySeller
			if e.Reason == buyerAsked {
				by = byBuyer
			}
			return f.asked(ctx, e.Order, by)
		}
	}
	return nil
}

// buyerAsked is the seller's reason to cancel that blames nobody.
const buyerAsked = "buyer_asked"

// placed counts an order that the seller has to send. Of one that had left before it was known nobody knows whether it left in time.
func (f folding) placed(ctx context.Context, e events.Placed) error {
	if e.SelfShips || e.Direct.Pay != "" {
		return nil
	}
	day, err := f.days.Get(ctx, e.Connection, dayOf(e.Created))
	if err != nil {
		return err
	}
	day.Placed++
	if left(e.Status) {
		return nil
	}
	o, err := f.open.Get(ctx, e.Order)
	if err != nil {
		return err
	}
	o.Connection, o.Channel, o.ChannelID, o.PlacedAt, o.DueAt = e.Connection, e.Channel, e.ChannelID, e.Created.UTC(), e.ShipBy.UTC()
	if e.Status != orders.Unpaid { // else it is due so long after it is paid
		o.DueAt = due(e.Channel, cmp.Or(e.Paid, e.Created), e.ShipBy).UTC()
	}
	return nil
}

func (f folding) paid(ctx context.Context, e events.PaymentCompleted, at time.Time) error {
	o, is, err := f.find(ctx, e.Order)
	if err == nil && is && o.DueAt.IsZero() {
		o.DueAt = due(o.Channel, cmp.Or(e.Paid, at), time.Time{}).UTC()
	}
	return err
}

// find gives an order that is open; false when it is not.
func (f folding) find(ctx context.Context, order string) (*Open, bool, error) {
	o, err := f.open.Get(ctx, order)
	return o, err == nil && o.Connection != "", err
}

func (f folding) left(ctx context.Context, e events.StatusChanged) error {
	o, is, err := f.find(ctx, e.Order)
	if err != nil || !is {
		return err
	}
	if !o.DueAt.IsZero() {
		day, err := f.days.Get(ctx, o.Connection, dayOf(o.DueAt))
		if err != nil {
			return err
		}
		day.Due++
		if e.Updated.After(o.DueAt) {
			day.Late++
		}
	}
	return f.open.Delete(e.Order)
}

func (f folding) cancelled(ctx context.Context, e events.Cancelled) error {
	o, is, err := f.find(ctx, e.Order)
	if err != nil || !is {
		return err
	}
	day, err := f.days.Get(ctx, o.Connection, dayOf(o.PlacedAt))
	if err != nil {
		return err
	}
	switch blame(cancel{
		By: e.By, Reason: e.Reason, Asked: o.Asked, Unpaid: e.From == orders.Unpaid, Late: !o.DueAt.IsZero() && e.Updated.After(o.DueAt),
	}) {
	case fault:
		day.Faults++
	case unsure:
		day.Unsure++
	}
	return f.open.Delete(e.Order)
}

func (f folding) asked(ctx context.Context, order, by string) error {
	o, is, err := f.find(ctx, order)
	if err == nil && is {
		o.Asked = by
	}
	return err
}
