package stock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// sums are what changes that were accepted add up to; it does not matter in which order.
type sums struct {
	onHand, reserved, changes int64
}

// book keeps the callers' own sums of each SKU.
type book struct {
	log  *eventlog.Log
	seed uint64

	mu   sync.Mutex
	skus map[string]sums
}

func newBook(log *eventlog.Log, seed uint64) *book {
	return &book{log: log, seed: seed, skus: map[string]sums{}}
}

// opening is how many units of a SKU there are at first: so few that some orders find too few.
const opening = 40

var meta = eventlog.Meta{Actor: "system:bench", Cause: "bench", Correlation: "bench"}

func name(i int) string { return fmt.Sprintf("SKU-%03d", i) }

// open receives the first units.
func (b *book) open(ctx context.Context) error {
	for i := range skus {
		if _, err := (&clerk{book: b}).receive(ctx, name(i), opening); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) note(sku string, onHand, reserved int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.skus[sku]
	b.skus[sku] = sums{s.onHand + onHand, s.reserved + reserved, s.changes + 1}
}

// clerk is a caller, with the orders that it has reserved units for.
type clerk struct {
	book   *book
	number int
	rng    *rand.Rand
	orders int
	open   []held
}

// held are units that are promised to an order.
type held struct {
	order, sku string
	units      int64
}

func (b *book) clerk(number int) *clerk {
	return &clerk{book: b, number: number, rng: rand.New(rand.NewPCG(b.seed, uint64(number)))} //nolint:gosec // a small number
}

// change makes one change: units are received, counted, promised to an order, let go or shipped. It returns the
// change's position.
func (c *clerk) change(ctx context.Context) (eventlog.Position, error) {
	sku, units := name(c.rng.IntN(skus)), 1+c.rng.Int64N(4)
	switch n := c.rng.IntN(10); {
	case n < 4 || len(c.open) == 0:
		return c.reserve(ctx, sku, units)
	case n < 7:
		return c.end(ctx, true)
	case n < 8:
		return c.end(ctx, false)
	case n < 9:
		return c.receive(ctx, sku, units)
	}
	out, err := eventlog.Execute(ctx, c.book.log, stockevents.Stream(workspace.Main, sku), inventory.Adjusting(),
		inventory.Adjust{SKU: sku, Delta: -units, Reason: "a count"}, meta)
	var no eventlog.Refusal
	if errors.As(err, &no) { // there are not so many
		return c.receive(ctx, sku, units)
	}
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", sku, err)
	}
	c.book.note(sku, -units, 0)
	return out.Last, nil
}

func (c *clerk) receive(ctx context.Context, sku string, units int64) (eventlog.Position, error) {
	out, err := eventlog.Execute(ctx, c.book.log, stockevents.Stream(workspace.Main, sku), inventory.Receiving(),
		inventory.Receive{SKU: sku, Quantity: units, Reason: "a delivery"}, meta)
	if err != nil {
		return 0, fmt.Errorf("receive %s: %w", sku, err)
	}
	c.book.note(sku, units, 0)
	return out.Last, nil
}

// reserve promises units to a new order; where there are too few, a delivery comes instead.
func (c *clerk) reserve(ctx context.Context, sku string, units int64) (eventlog.Position, error) {
	c.orders++
	order, short := fmt.Sprintf("bench:%d-%d", c.number, c.orders), false
	out, err := c.decide(ctx, sku, func(state inventory.State) []eventlog.Decided {
		writes, lacking := inventory.Reserve(workspace.Main, order, 1, map[string]int64{sku: units}, map[string]inventory.State{sku: state})
		short = len(lacking) > 0
		return writes
	})
	if err != nil {
		return 0, fmt.Errorf("reserve %s: %w", sku, err)
	}
	if short {
		return c.receive(ctx, sku, units)
	}
	c.book.note(sku, 0, units)
	c.open = append(c.open, held{order, sku, units})
	return out.Last, nil
}

// end ships what an order holds, or lets go of it.
func (c *clerk) end(ctx context.Context, ship bool) (eventlog.Position, error) {
	i := c.rng.IntN(len(c.open))
	h := c.open[i]
	c.open[i] = c.open[len(c.open)-1]
	c.open = c.open[:len(c.open)-1]
	out, err := c.decide(ctx, h.sku, func(state inventory.State) []eventlog.Decided {
		states := map[string]inventory.State{h.sku: state}
		if ship {
			return inventory.Ship(workspace.Main, h.order, 1, states)
		}
		return inventory.Release(workspace.Main, h.order, 1, "not wanted", states)
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("end order %s: %w", h.order, err)
	case ship:
		c.book.note(h.sku, -h.units, -h.units)
	default:
		c.book.note(h.sku, 0, -h.units)
	}
	return out.Last, nil
}

func (c *clerk) decide(ctx context.Context, sku string, rule func(inventory.State) []eventlog.Decided) (eventlog.Outcome, error) {
	return c.book.log.Execute(ctx, eventlog.Request{
		Folds: []eventlog.Fold{inventory.Fold(workspace.Main, sku)}, Meta: meta,
		Decide: func(states []eventlog.State) (eventlog.Decision, error) {
			return eventlog.Decision{Writes: rule(states[0].Value.(inventory.State))}, nil
		},
	})
}

// check compares the sums with the log, the view and the ledger, and returns how many rows that has.
func (b *book) check(ctx context.Context, views projection.Store) (rows int64, err error) {
	shown := map[string]inventory.Row{}
	added := map[string]sums{}
	err = views.Read(ctx, func(r projection.Reader) error {
		if err := inventory.Each(ctx, r, func(row inventory.Row) { shown[row.SKU] = row }); err != nil {
			return err
		}
		for sku := range b.skus {
			if added[sku], err = addUp(ctx, r, sku); err != nil {
				return err
			}
			rows += added[sku].changes
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read the views: %w", err)
	}
	for sku, want := range b.skus {
		state, err := b.log.Fold(ctx, inventory.Fold(workspace.Main, sku))
		if err != nil {
			return 0, err
		}
		s, row := state.Value.(inventory.State), shown[sku]
		for what, got := range map[string]sums{
			"the log":    {s.OnHand(), s.Reserved, int64(state.Version)},
			"the view":   {row.OnHand, row.Reserved, row.Entries},
			"its ledger": added[sku],
			"what sells": {s.Available() + s.Reserved, s.Reserved, want.changes},
			"what shows": {row.Available + row.Reserved, row.Reserved, row.Entries},
		} {
			if got != want {
				return 0, fmt.Errorf("%s of %s: %+v, the changes that were answered add up to %+v", what, sku, got, want)
			}
		}
	}
	return rows, nil
}

// addUp adds up the rows of a SKU's ledger, the newest first, and holds each row's figures against that.
func addUp(ctx context.Context, r projection.Reader, sku string) (s sums, err error) {
	var all []inventory.Entry
	for before := int64(0); ; {
		page, next, err := inventory.Ledger(ctx, r, sku, before, 200)
		if err != nil {
			return s, err
		}
		if all = append(all, page...); next == 0 {
			break
		}
		before = next
	}
	for i := len(all) - 1; i >= 0; i-- {
		e := all[i]
		switch s.changes++; e.Kind {
		case "received", "adjusted":
			s.onHand += e.Quantity
		case "reserved":
			if s.reserved += e.Quantity; s.reserved > s.onHand {
				return s, fmt.Errorf("row %d of %s's ledger promises %d of %d units", e.Entry, sku, s.reserved, s.onHand)
			}
		case "released":
			s.reserved += e.Quantity
		case "shipped":
			s.onHand += e.Quantity
			s.reserved += e.Quantity
		default:
			return s, fmt.Errorf("row %d of %s's ledger is %s, which nobody asked for", e.Entry, sku, e.Kind)
		}
		if e.Entry != s.changes || e.OnHand != s.onHand || e.Reserved != s.reserved || e.Available != s.onHand-s.reserved {
			return s, fmt.Errorf("row %d of %s's ledger says %d on hand, %d reserved, %d available; the rows up to it add up to %+v",
				e.Entry, sku, e.OnHand, e.Reserved, e.Available, s)
		}
	}
	return s, nil
}
