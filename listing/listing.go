// Package listing writes to the shops what they may sell, reads back what they list, and tells and mends what differs.
//
//	log ─► ledger (stock, orders) ─┐                    ┌─► Sent ─► log ─► the shop ─► Answered ─► log
//	full polls ─► Listed ──────────┼─► domain/exposure ─┤
//	looks at the shop ─► Reading ──┘   (one State a SKU)└─► look, poll
//	                                        └─► Differed, Mended ─► log
//
// Nothing is written to a shop before somebody has switched that on for it, and nothing is ever written to a listing whose
// code means no SKU. The quantities of a shop that is not written count nevertheless: what it lists is taken off what the
// others may. A write stands in the log before it leaves, so a restart knows what may still take effect; everything else
// is known anew only when the shop was read and its orders were listed up to then. While no shop is written nothing runs but a wait.
package listing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/listing/heard"
	"github.com/creatorflow/creatorflow/listing/hints"
	"github.com/creatorflow/creatorflow/listing/shown"
	"github.com/creatorflow/creatorflow/listing/writes"
	"github.com/creatorflow/creatorflow/projection"
)

// Shops opens connectors; *connect.Registry is one.
type Shops interface {
	Connector(id string) (channels.Connector, bool)
	Connections() []channels.Connection
	Changed() <-chan struct{}
}

// Options are what a Room needs; those without a default are required.
type Options struct {
	Log       *eventlog.Log
	Views     projection.Store
	CaughtUp  func(ctx context.Context, position eventlog.Position) error // waits for the views
	Shops     Shops
	Workspace string
	Clock     func() time.Time
	Poll      func(connection string) // has a connection's orders listed at once; Passed is told of it
	Logger    *slog.Logger            // nil = silent
	Notify    func(topic string)      // told when what Shop or SKU answer has changed; must not block; may be nil
	Look      time.Duration           // between two looks at all quantities of a shop; 0 = 1 min
	Settle    time.Duration           // how long after it was sent a write may still take effect; 0 = 1 min
}

const (
	// margin is what clocks may differ and seconds hide: a reading began that much earlier and ended that much later than ours
	// says, and orders are listed up to that much before their pass began.
	margin = 3 * time.Second
	again  = 5 * time.Second // after what failed here
)

// Room writes and reads the listings of every shop. Its methods may be called from many goroutines.
type Room struct {
	Hints *hints.Queue // is told of quantities that may have changed; those listings are read soon

	o          Options
	wake, told chan struct{}
	sales      heard.Queue

	mu     sync.Mutex // guards all below
	passed map[string]pass
	broken map[string]bool // connections with an order that cannot be taken in
	pushed map[string]bool
	skus   map[string]SKU
	shops  map[string]Shop
}

// pass is a full poll: orders created up to then stand in the log before head.
type pass struct {
	upTo time.Time
	head eventlog.Position
}

// What is known, for others.
type (
	// SKU is what is known of a SKU's listings now.
	SKU = shown.SKU
	// Listing is one listing of a SKU; its figures are the State's connection of that id.
	Listing = shown.Listing
	// Shop is how a connection's listings fare.
	Shop = shown.Shop
)

// New makes a Room; nothing runs before Run.
func New(o Options) *Room {
	o.Look, o.Settle = cmp.Or(o.Look, time.Minute), cmp.Or(o.Settle, time.Minute)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	if o.Notify == nil {
		o.Notify = func(string) {}
	}
	told := make(chan struct{}, 1)
	return &Room{
		Hints: hints.New(func() { nudge(told) }), o: o, wake: make(chan struct{}, 1), told: told, passed: map[string]pass{}, broken: map[string]bool{}, skus: map[string]SKU{}, shops: map[string]Shop{},
	}
}

func (r *Room) writer() writes.Writer {
	return writes.Writer{Log: r.o.Log, Workspace: r.o.Workspace, Shops: r.o.Shops, Clock: r.o.Clock, Logger: r.o.Logger}
}

// Wake says that a shop may have been switched on or off.
func (r *Room) Wake() { nudge(r.wake) }

// Passed says that all orders of a connection that were created up to then stand in the log; not whole means all but some
// that cannot be taken in.
func (r *Room) Passed(connection string, upTo time.Time, whole bool) {
	r.mu.Lock()
	if whole {
		r.passed[connection] = pass{upTo: upTo.Add(-margin), head: r.o.Log.Head().Position}
	}
	r.broken[connection] = !whole
	r.mu.Unlock()
	nudge(r.told)
}

// Heard says that a notification told of a new order, whose id here is given: its units are listed no more elsewhere, though the
// order is not known yet.
func (r *Room) Heard(connection, order string, lines []channels.Line) {
	r.mu.Lock()
	hear := r.pushed == nil || r.pushed[connection]
	r.mu.Unlock()
	if hear {
		r.sales.Add(connection, order, lines)
		nudge(r.told)
	}
}

func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // told already
	}
}

// Pushed says whether a connection's quantities are written.
func (r *Room) Pushed(connection string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pushed[connection]
}

// SKU tells what is known of a SKU's listings; ok is false when none of them is written.
func (r *Room) SKU(sku string) (s SKU, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok = r.skus[sku]
	return s, ok
}

// Known is what is known of all SKUs with a listing that is written.
func (r *Room) Known() map[string]SKU {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.skus)
}

// Shop tells how a connection's listings fare.
func (r *Room) Shop(connection string) Shop {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.shops[connection]
}

// Run writes and reads until ctx ends, whose error it returns, or until an I/O fault has fenced the log.
func (r *Room) Run(ctx context.Context) error {
	for {
		changed := r.o.Shops.Changed()
		pushed, err := r.switches(ctx)
		if err == nil && len(pushed) > 0 {
			err = r.work(ctx, pushed)
		}
		if err == nil {
			err = r.idle(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, eventlog.ErrFenced):
			return fmt.Errorf("run the listings: %w", err)
		case err != nil:
			r.o.Logger.WarnContext(ctx, "listings are not written just now: trying again", "error", err)
			if err := writes.Rest(ctx, again); err != nil {
				return err
			}
			continue
		}
		r.clear()
		select {
		case <-r.wake:
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// clear forgets what was known: no shop is written.
func (r *Room) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skus, r.shops, r.passed = map[string]SKU{}, map[string]Shop{}, map[string]pass{}
}

// switches reads which connections are written.
func (r *Room) switches(ctx context.Context) (map[string]bool, error) {
	pushed := map[string]bool{}
	for _, c := range r.o.Shops.Connections() {
		folded, err := r.o.Log.Fold(ctx, shops.Connecting().Fold(shopevents.Connection(r.o.Workspace, c.ID)))
		if err != nil {
			return nil, err
		}
		if folded.Value.(shops.State).Pushing && !r.counts(c.ID) {
			pushed[c.ID] = true
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pushed = pushed
	return pushed, nil
}
