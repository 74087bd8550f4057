package bench

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/creatorflow/creatorflow/domain/events"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Bars of Reserve: what is required, and what is wished for.
const (
	barReserve  = 5_000
	goalReserve = 50_000
)

// hot is the SKU that everybody wants.
const hot = "85123A"

// Reserve measures durable reservations of one SKU: each caller reserves a unit for an order of its own
// by the inventory's rule and waits for the answer. No order ships meanwhile, so the SKU's state grows
// with every one of them. The bare loop writes as many rows of the same size, of orders' streams.
func Reserve(ctx context.Context, o Options) error {
	return o.measure(ctx, []shape{{64, 1}, {512, 1}}, "reservations", reserveRow, func(last Row) string {
		return fmt.Sprintf("512 callers: %.0f reservations/s of one SKU (at least %d: %s; goal %d: %s), %.2f of the bare loop, p99 %.1f ms",
			last.EventsPerSecond, barReserve, Met(last.EventsPerSecond >= barReserve), goalReserve, Met(last.EventsPerSecond >= goalReserve),
			last.RatioToRaw, last.P99)
	})
}

func reserveRow(ctx context.Context, places *Places, s shape, seconds float64) (row Row, err error) {
	log, stop, err := places.open(ctx, events.Decode)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if _, err := eventlog.Execute(ctx, log, stockevents.Stream("main", hot), inventory.Receiving(),
		inventory.Receive{SKU: hot, Quantity: inventory.MaxUnits}, meta); err != nil {
		return row, err
	}
	var orders atomic.Int64
	like := stockevents.Reserved{SKU: hot, Order: streamID(1), Attempt: 1, Quantity: 1}
	row, err = beside(ctx, places, "reserve", like, s, seconds, func(int) error { return reserve(ctx, log, streamID(orders.Add(1))) })
	if err != nil {
		return row, err
	}
	// The figure counts only if the ledger says the same.
	_, err = log.Execute(ctx, eventlog.Request{Folds: folds(), Decide: func(states []eventlog.State) (eventlog.Decision, error) {
		if s := states[0].Value.(inventory.State); s.Reserved != orders.Load() || s.Available() != inventory.MaxUnits-s.Reserved {
			return eventlog.Decision{}, fmt.Errorf("%d reservations were answered, and %d units are reserved", orders.Load(), s.Reserved)
		}
		return eventlog.Decision{}, nil
	}})
	return row, err
}

func folds() []eventlog.Fold { return []eventlog.Fold{inventory.Fold("main", hot)} }

// reserve is what the fulfilment of an order of one unit does to the stock.
func reserve(ctx context.Context, log *eventlog.Log, order string) error {
	_, err := log.Execute(ctx, eventlog.Request{Folds: folds(), Meta: meta, Decide: func(states []eventlog.State) (eventlog.Decision, error) {
		writes, short := inventory.Reserve("main", order, 1, map[string]int64{hot: 1}, map[string]inventory.State{hot: states[0].Value.(inventory.State)})
		if len(short) > 0 {
			return eventlog.Decision{}, fmt.Errorf("order %s found %d units of %s", order, short[0].Available, hot)
		}
		return eventlog.Decision{Writes: writes}, nil
	}})
	return err
}
