// Package history writes the log of a shop that has been busy for long: orders with the events that the
// product's rules give them, from placed to completed, held, cancelled or stuck. It asks the rules of
// orders and inventory for every event of theirs and writes the flows' events itself; a test compares
// what it writes with what the product writes.
//
//	Shop ─► lanes ─► turns of many orders, one Append each ─► log
package history

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Options say how long and broad a history is.
type Options struct {
	SKUs  int // at least one for each lane
	Lanes int // callers at once; each has SKUs of its own, so that they never conflict
	// Window is how many orders a lane carries on with one append. 1 is what the product does; more
	// make a long history soon.
	Window int
	// Pace is called by a lane before each append with the number of its events; nil = at once.
	Pace func(ctx context.Context, events int) error
	Took func(time.Duration) // is told how long each append took; may be nil
}

// Shop is a workspace in the making. Its SKUs' states live in memory, as the appender's do.
type Shop struct {
	log   *eventlog.Log
	clock func() time.Time
	o     Options
	lanes []*lane
	next  atomic.Int64 // order

	Events atomic.Int64 // that stand in the log
}

// New makes a shop on an empty log, whose clock it asks for the channel's times.
func New(log *eventlog.Log, clock func() time.Time, o Options) *Shop {
	s := &Shop{log: log, clock: clock, o: o, lanes: make([]*lane, o.Lanes)}
	for i := range s.lanes {
		s.lanes[i] = &lane{shop: s, versions: map[eventlog.Stream]eventlog.Version{}}
		for n := i; n < o.SKUs; n += o.Lanes {
			s.lanes[i].skus = append(s.lanes[i].skus, &sku{code: Code(n)})
		}
	}
	return s
}

// Year is a clock for a history of so many orders: they fill about a year that ends now.
func Year(orders int) (clock func() time.Time) {
	const looks = 24 // that an order needs, about
	var n atomic.Int64
	begin, step := time.Now().AddDate(-1, 0, 0), 365*24*time.Hour/time.Duration(looks*(orders+1))
	return func() time.Time { return begin.Add(time.Duration(n.Add(1)) * step) }
}

// Connections are the shop's; most orders come from the first.
var Connections = [3]string{"h7k2mq", "p4x9tw", "z8c3vn"}

// Code is the n-th SKU's.
func Code(n int) string { return fmt.Sprintf("SKU-%06d", n) }

// nouns make products' names, so that a part of a name finds some of many.
var nouns = [...]string{"heart", "lantern", "cushion", "teapot", "doormat", "clock", "candle", "basket", "mirror", "notebook", "umbrella", "garland", "kettle"}

var adjectives = [...]string{"white", "hanging", "vintage", "woollen", "paisley", "enamel", "striped", "little", "silver", "gingham", "rustic"}

// Name is the n-th SKU's.
func Name(n int) string {
	return fmt.Sprintf("%s %s no. %d", adjectives[n%len(adjectives)], nouns[n/len(adjectives)%len(nouns)], n)
}

// plenty is how many units of a SKU there are at first: enough for the orders that shall not want.
const plenty = 1_000_000

// Open connects the shops and receives the stock.
func (s *Shop) Open(ctx context.Context) error {
	for i, id := range Connections {
		_, err := s.log.Append(ctx, eventlog.Write{
			Stream: eventlog.Stream{Workspace: workspace.Main, Kind: shopevents.ConnectionKind, ID: id},
			Events: []eventlog.Event{shopevents.Connected{
				Connection: id, Channel: channel, App: "bench", ShopID: fmt.Sprintf("74900000000000%05d", i), Name: fmt.Sprintf("Bench shop %d", i+1),
			}},
			Meta: eventlog.Meta{Actor: "system:connect", Cause: "connect", Correlation: id},
		})
		if err != nil {
			return fmt.Errorf("connect %s: %w", id, err)
		}
		s.Events.Add(1)
	}
	return s.each(ctx, func(ctx context.Context, l *lane) error { return l.receive(ctx) })
}

// each runs all lanes until each has returned, or one has failed.
func (s *Shop) each(ctx context.Context, do func(context.Context, *lane) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for _, l := range s.lanes {
		running.Go(func() {
			if err := do(ctx, l); err != nil {
				cancel(err)
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}

// Sell takes orders until there are as many, and carries each as far as its fate lets it.
func (s *Shop) Sell(ctx context.Context, orders int) error {
	return s.each(ctx, func(ctx context.Context, l *lane) error {
		for {
			var window []*order
			for len(window) < s.o.Window {
				n := s.next.Add(1)
				if n > int64(orders) {
					break
				}
				window = append(window, l.order(n))
			}
			if len(window) == 0 {
				return nil
			}
			if err := l.carry(ctx, window); err != nil {
				return err
			}
		}
	})
}

// lane writes its orders' turns one append after the other.
type lane struct {
	shop     *Shop
	skus     []*sku
	versions map[eventlog.Stream]eventlog.Version // of the orders and flows in its window
}

// sku is a SKU with its state and version.
type sku struct {
	code    string
	state   inventory.State
	version eventlog.Version
}

func (l *lane) receive(ctx context.Context) error {
	const atOnce = 500
	receiving := inventory.Receiving()
	for from := 0; from < len(l.skus); from += atOnce {
		var writes []eventlog.Write
		for _, k := range l.skus[from:min(from+atOnce, len(l.skus))] {
			var n int
			if _, err := fmt.Sscanf(k.code, "SKU-%d", &n); err != nil {
				return fmt.Errorf("read %s: %w", k.code, err)
			}
			decided, err := receiving.Decide(k.state, inventory.Receive{SKU: k.code, Quantity: plenty, Name: Name(n), Reason: "opening stock"})
			if err != nil {
				return fmt.Errorf("receive %s: %w", k.code, err)
			}
			writes = append(writes, eventlog.Write{
				Stream: stockevents.Stream(workspace.Main, k.code), Expected: k.version, Events: decided,
				Meta: eventlog.Meta{Actor: "system:bench", Cause: "opening", Correlation: k.code},
			})
			k.evolve(decided)
		}
		if err := l.append(ctx, writes); err != nil {
			return err
		}
	}
	return nil
}

func (k *sku) evolve(decided []eventlog.Event) {
	evolve := inventory.Receiving().Evolve
	for _, e := range decided {
		k.state = evolve(k.state, e)
		k.version++
	}
}

// carry gives each order its turns, all of the window at once, until none has any left.
func (l *lane) carry(ctx context.Context, window []*order) error {
	for open := window; len(open) > 0; {
		var writes []eventlog.Write
		var on []*order
		for _, o := range open {
			mine, err := o.turn()
			if err != nil {
				return fmt.Errorf("order %s: %w", o.id, err)
			}
			for _, w := range mine {
				if w.Expected == 0 { // of an order or a flow: those of stock know their version
					w.Expected = l.versions[w.Stream]
					l.versions[w.Stream] += eventlog.Version(len(w.Events))
				}
				writes = append(writes, w)
			}
			if len(o.turns) > 0 {
				on = append(on, o)
			}
		}
		if err := l.append(ctx, writes); err != nil {
			return err
		}
		open = on
	}
	clear(l.versions)
	return nil
}

func (l *lane) append(ctx context.Context, writes []eventlog.Write) error {
	events := 0
	for _, w := range writes {
		events += len(w.Events)
	}
	if pace := l.shop.o.Pace; pace != nil {
		if err := pace(ctx, events); err != nil {
			return err
		}
	}
	begun := time.Now()
	if _, err := l.shop.log.Append(ctx, writes...); err != nil {
		return fmt.Errorf("append: %w", err)
	}
	if took := l.shop.o.Took; took != nil {
		took(time.Since(begun))
	}
	l.shop.Events.Add(int64(events))
	return nil
}
