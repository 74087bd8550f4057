package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
)

// Missing says which of some labels are not kept.
type Missing func(ctx context.Context, labels []string) ([]string, error)

// Log adds up a log from its first event to its last one at the call, and compares the figures of the views
// on the way, where they stand.
func Log(ctx context.Context, log *eventlog.Log, views projection.Store, missing Missing) (*Books, error) {
	b, head := &Books{}, log.Head().Position
	figures, even, err := read(ctx, views)
	if err != nil {
		return nil, err
	}
	if b.Compared = even; even {
		if err := b.addTo(ctx, log, figures.position, missing); err != nil {
			return nil, err
		}
		b.compare(figures)
	}
	if err := b.addTo(ctx, log, head, missing); err != nil {
		return nil, err
	}
	b.end()
	return b, nil
}

func (b *Books) addTo(ctx context.Context, log *eventlog.Log, last eventlog.Position, missing Missing) error {
	const page = 1000
	for b.position < last {
		records, err := log.ReadAll(ctx, b.position, min(page, int(last-b.position)))
		if err != nil {
			return fmt.Errorf("audit the log after position %d: %w", b.position, err)
		}
		if len(records) == 0 {
			return fmt.Errorf("audit the log: it ends at position %d, before %d", b.position, last)
		}
		for _, r := range records {
			b.add(r)
		}
		if n := len(b.labels); n >= page || n > 0 && b.position == last {
			gone, err := missing(ctx, b.labels)
			if err != nil {
				return err
			}
			for _, id := range gone {
				b.note("a flow refers to the label " + id + ", which is not kept")
			}
			b.labels = b.labels[:0]
		}
	}
	return nil
}

// figures are what the views say, read in one transaction.
type figures struct {
	position eventlog.Position
	stock    map[string]stock
	aside    map[string]int64 // by SKU: not for sale
	lie      map[lies]int64
	sold     map[string]sold // by currency
	orders   int64
}

// lies is what lies of a SKU at a location other than the main one, which has the rest of what is on hand.
type lies struct{ sku, location string }

// stock is what the views say of one SKU.
type stock struct{ onHand, reserved, shipped int64 }

// sold is how many orders there are that are not cancelled, and their sum in minor units.
type sold struct{ orders, revenue int64 }

// read also says whether the views that figures come from stand at one position; where one is being built, or has
// stopped, their figures cannot be compared.
func read(ctx context.Context, store projection.Store) (f figures, even bool, err error) {
	before, err := level(ctx, store)
	if err != nil || !before {
		return f, false, err
	}
	err = store.Read(ctx, func(r projection.Reader) error {
		f = figures{position: r.Position(), stock: map[string]stock{}, aside: map[string]int64{}, lie: map[lies]int64{}, sold: map[string]sold{}}
		buckets, err := orders.Sold(ctx, r, time.Unix(0, 0), time.Unix(1<<32, 0)) // before and after every sensible time
		if err != nil {
			return err
		}
		for currency, s := range buckets {
			f.sold[currency] = sold{s.Orders, s.Revenue}
		}
		if f.orders, err = orders.Count(ctx, r, "all"); err != nil {
			return err
		}
		err = inventory.Each(ctx, r, func(row inventory.Row) {
			f.stock[row.SKU], f.aside[row.SKU] = stock{row.OnHand, row.Reserved, row.Shipped}, row.Aside
		})
		if err != nil {
			return err
		}
		return places.Each(ctx, r, func(sku, location string, units int64) { f.lie[lies{sku, location}] = units })
	})
	if err != nil {
		return f, false, fmt.Errorf("read the figures of the views: %w", err)
	}
	even, err = level(ctx, store) // those that fold together did so all the time
	return f, even, err
}

// level says whether orders and stock were folded equally far.
func level(ctx context.Context, store projection.Store) (bool, error) {
	at, err := store.Checkpoints(ctx)
	if err != nil {
		return false, fmt.Errorf("read how far the views are: %w", err)
	}
	var positions []eventlog.Position
	for _, p := range []projection.Projection{orders.View{}, inventory.View{}} {
		for _, c := range at {
			if c.Name == p.Name() && c.Version == p.Version() && c.Stopped == "" {
				positions = append(positions, c.Position)
			}
		}
	}
	return len(positions) == 2 && positions[0] == positions[1], nil
}

// compare holds the figures of the views, at the position that the books have come to, against the books.
func (b *Books) compare(f figures) {
	if int64(len(b.orders)) != f.orders {
		b.note(fmt.Sprintf("the views count %d orders, the log has %d", f.orders, len(b.orders)))
	}
	totals := map[string]sold{}
	for _, o := range b.orders {
		s := totals[o.sold.Currency]
		if !o.cancelled {
			s.orders, s.revenue = s.orders+1, s.revenue+o.sold.Minor
		}
		totals[o.sold.Currency] = s
	}
	for _, currency := range names(totals, f.sold) {
		if got, want := f.sold[currency], totals[currency]; got != want {
			b.note(fmt.Sprintf("the views have sold %d orders for %s, the log %d for %s", got.orders, money.Money{Minor: got.revenue, Currency: currency},
				want.orders, money.Money{Minor: want.revenue, Currency: currency}))
		}
	}
	for _, sku := range names(b.stock, f.stock) {
		want := stock{}
		if a := b.stock[sku]; a != nil {
			want = stock{a.onHand, a.reserved, a.shipped}
		}
		if got := f.stock[sku]; got != want {
			b.note(fmt.Sprintf("of %s the views have %d on hand, %d promised, %d shipped; the log has %d, %d and %d",
				sku, got.onHand, got.reserved, got.shipped, want.onHand, want.reserved, want.shipped))
		}
	}
	b.compareLocations(f)
}

// names are the keys of two maps, in order.
func names[A, B any](a map[string]A, b map[string]B) []string {
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// end looks at what is left open: an order whose flow has ended holds nothing.
func (b *Books) end() {
	for _, id := range slices.Sorted(maps.Keys(b.open)) {
		of := b.open[id]
		for h, units := range of.held {
			if of.ended {
				b.note(fmt.Sprintf("the flow of order %s has ended, and the order still holds %d of %s", id, units, h.sku))
			}
		}
	}
}

// Summary says what was added up.
func (b *Books) Summary() string {
	return fmt.Sprintf("%d orders and the stock of %d SKUs", len(b.orders), len(b.stock))
}
