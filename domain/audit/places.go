package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	placeevents "github.com/creatorflow/creatorflow/domain/events/places"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/eventlog"
)

// main is the location that there is when nobody has made one.
const main = "main"

// location is what an event of stock calls one.
func location(named string) string {
	if named == "" {
		return main
	}
	return named
}

func (b *Books) arranged(e eventlog.Event) {
	switch e := e.(type) {
	case placeevents.Set:
		b.where[e.Location] = e.Ships
	case placeevents.Closed:
		b.where[e.Location] = false
	}
}

// put changes what lies at a location, which must have been made.
func (b *Books) put(r eventlog.Record, a *balance, at string, units int64) {
	at = location(at)
	if _, made := b.where[at]; !made {
		b.found(r, "%s lies at the location %s, which nobody has made", r.Stream.ID, at)
	}
	a.at[at] += units
}

// sellable is what lies where orders are shipped from.
func (b *Books) sellable(a *balance) (units int64) {
	for at, n := range a.at {
		if b.where[at] {
			units += n
		}
	}
	return units
}

// allotted looks at where an order's units are said to lie: they are all that it holds.
func (b *Books) allotted(r eventlog.Record, e stockevents.Allotted) {
	var all int64
	for _, p := range e.From {
		all += p.Quantity
	}
	running := b.open[e.Order]
	if running == nil || all != 0 && running.held[hold{e.SKU, e.Attempt}] != all {
		b.found(r, "%d of %s are set aside for order %s, which does not hold as many", all, e.SKU, e.Order)
	}
}

// left takes shipped units from where they lay. A location goes below nothing by that only when all that ship have nothing.
func (b *Books) left(r eventlog.Record, a *balance, e stockevents.Shipped) {
	from := e.From
	if len(from) == 0 {
		from = []stockevents.Part{{Quantity: e.Quantity}}
	}
	below := ""
	for _, p := range from {
		if b.put(r, a, p.Location, -p.Quantity); a.at[location(p.Location)] < 0 {
			below = location(p.Location)
		}
	}
	for at, n := range a.at {
		if below != "" && b.where[at] && n > 0 {
			b.found(r, "%d of %s left, more than lay at %s, with %d at %s", e.Quantity, e.SKU, below, n, at)
		}
	}
}

// compareLocations holds where the views have units lie against the books, and what of them is not for sale.
func (b *Books) compareLocations(f figures) {
	want := map[lies]int64{}
	for _, sku := range names(b.stock, f.aside) {
		var aside int64
		if a := b.stock[sku]; a != nil {
			for at, n := range a.at {
				if at != main && n != 0 {
					want[lies{sku, at}] = n
				}
				if !b.where[at] && (at != main || n > 0) {
					aside += n
				}
			}
		}
		if got := f.aside[sku]; got != aside {
			b.note(fmt.Sprintf("of %s the views have %d that are not for sale, the log has %d", sku, got, aside))
		}
	}
	all := maps.Clone(want)
	maps.Copy(all, f.lie)
	for _, l := range slices.SortedFunc(maps.Keys(all), func(a, b lies) int { return cmp.Or(cmp.Compare(a.sku, b.sku), cmp.Compare(a.location, b.location)) }) {
		if got := f.lie[l]; got != want[l] {
			b.note(fmt.Sprintf("of %s the views have %d at %s, the log has %d", l.sku, got, l.location, want[l]))
		}
	}
}
