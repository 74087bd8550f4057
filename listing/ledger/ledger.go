// Package ledger folds the log into what there is of every SKU and what known orders ask of it, record by record, and tells
// what each record means for the shops' listings: a sale and the fall of what is available belong to one moment, and views
// keep none.
package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// second is the grain of channels' times.
const second = time.Second

// Ledger is what the log says of stock and orders. An order asks for its units from the moment it is placed, whether it has
// got them, waits for stock or is not looked at yet, until they are shipped or it is cancelled. One goroutine has it.
type Ledger struct {
	News     News              // before the first Take
	Position eventlog.Position // of the last record taken in

	log       *eventlog.Log
	workspace string
	onHand    map[string]int // by SKU; one that is not in it is unknown
	asked     map[string]int // by SKU: units of known orders
	mapped    map[string]string
	orders    map[string]*order // those that have not ended
	unmatched map[string]bool   // of them, those with a line whose SKU is not known
}

// News is told what a record means for a SKU's listings. All of a record is told before what is available counts.
type News interface {
	Sold(sku string, e exposure.Sale)
	Cancelled(sku string, e exposure.Cancelled)
	Moved(sku string)              // its stock, or what orders ask of it
	Meant(connection, code string) // the code has another SKU than before; without a connection on all of them
}

// order is one that may still ask for units.
type order struct {
	connection string
	created    time.Time
	asks       bool // false: the stock has nothing to do with it
	lines      []line
	shown      map[string]int // by listing: units as the channel lists them now
}

type line struct {
	listing, code, sku string // sku is empty while nobody knows it
	units              int
}

// Read reads the ledger at the views' position.
func Read(ctx context.Context, log *eventlog.Log, views projection.Store, workspace string) (*Ledger, error) {
	l := &Ledger{
		log: log, workspace: workspace, onHand: map[string]int{}, asked: map[string]int{}, mapped: map[string]string{}, orders: map[string]*order{},
		unmatched: map[string]bool{},
	}
	err := views.Read(ctx, func(r projection.Reader) error {
		l.Position = r.Position()
		if err := inventory.Each(ctx, r, func(row inventory.Row) { l.onHand[row.SKU] = int(row.OnHand) }); err != nil {
			return err
		}
		mappings, err := shops.AllMappings(ctx, r)
		if err != nil {
			return err
		}
		for _, m := range mappings {
			l.mapped[m.Connection+":"+m.Code] = m.SKU
		}
		for after := ""; ; {
			rows, _, next, err := orders.List(ctx, r, orders.Filter{Status: "active", After: after, Limit: 200})
			if err != nil {
				return err
			}
			for _, row := range rows {
				if err := l.begin(ctx, row); err != nil {
					return err
				}
			}
			if after = next; after == "" {
				return nil
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read stock and open orders: %w", err)
	}
	return l, nil
}

// begin takes in an order that was open at the views' position. What it was placed as never changes, so the log may be ahead; what
// the log has told of its lines since is not told a second time.
func (l *Ledger) begin(ctx context.Context, row orders.Row) error {
	if row.Cancelled() {
		return nil
	}
	folded, err := l.log.Fold(ctx, orders.Fold(l.workspace, row.ID))
	if err != nil {
		return err
	}
	state := folded.Value.(orders.State)
	o := l.placed(state.Placed)
	o.shown = byListing(state.Lines)
	for i := range o.lines {
		if i < len(row.SKUs) {
			o.lines[i].sku = row.SKUs[i]
		}
	}
	l.open(row.ID, o)
	return nil
}

// placed is an order as it was placed.
func (l *Ledger) placed(e orderevents.Placed) *order {
	o := &order{connection: e.Connection, created: e.Created, asks: !fulfilment.Untouched(e), shown: byListing(e.Lines)}
	for _, n := range e.Lines {
		o.lines = append(o.lines, line{listing: n.Listing, code: n.Code, sku: l.Means(e.Connection, n.Code), units: int(n.Quantity)})
	}
	return o
}

// byListing sums the units of each listing.
func byListing(lines []orderevents.Line) map[string]int {
	sum := map[string]int{}
	for _, n := range lines {
		sum[n.Listing] += int(n.Quantity)
	}
	return sum
}

// open has an order ask for its units.
func (l *Ledger) open(id string, o *order) {
	l.orders[id] = o
	for _, n := range o.lines {
		if n.sku == "" {
			l.unmatched[id] = true
			continue
		}
		l.ask(o, n, n.units)
	}
}

func (l *Ledger) ask(o *order, n line, units int) {
	if o.asks {
		l.asked[n.sku] += units
	}
}

// Means is the SKU of a shop's code, as the flow of an order finds it; empty when there is none.
func (l *Ledger) Means(connection, code string) string {
	if sku := l.mapped[connection+":"+code]; sku != "" {
		return sku
	}
	if _, known := l.onHand[code]; known {
		return code
	}
	return ""
}

// Available is on hand less what known orders ask for.
func (l *Ledger) Available(sku string) int { return l.onHand[sku] - l.asked[sku] }

// Take takes in the next record.
func (l *Ledger) Take(ctx context.Context, r eventlog.Record) error {
	l.Position = r.Position
	switch e := r.Event.(type) {
	case orderevents.Placed:
		if l.orders[e.Order] == nil {
			o := l.placed(e)
			l.open(e.Order, o)
			for _, n := range o.lines {
				l.sale(o, n)
			}
		}
	case orderevents.Matched:
		l.matched(e)
	case orderevents.Amended:
		l.amended(e)
	case orderevents.Cancelled:
		return l.cancel(ctx, e)
	case shopevents.Mapped:
		l.mapped[e.Connection+":"+e.Code] = e.SKU
		l.rematch()
		l.News.Meant(e.Connection, e.Code)
	case stockevents.Received:
		_, known := l.onHand[e.SKU]
		l.move(e.SKU, e.Quantity)
		if !known {
			l.rematch()
			l.News.Meant("", e.SKU)
		}
	case stockevents.Adjusted:
		l.move(e.SKU, e.Delta)
	case stockevents.Returned:
		if e.Sellable {
			l.move(e.SKU, e.Quantity)
		}
	case stockevents.Shipped:
		l.shipped(e)
	case flows.Finished, flows.Undone:
		if r.Stream.Kind == fulfilment.Kind {
			l.end(r.Stream.ID)
		}
	}
	return nil
}

func (l *Ledger) move(sku string, units int64) {
	l.onHand[sku] += int(units)
	l.News.Moved(sku)
}

func (l *Ledger) sale(o *order, n line) {
	if n.sku != "" {
		l.News.Sold(n.sku, exposure.Sale{Connection: listings.Key(o.connection, n.listing), Units: n.units, Created: o.created})
	}
}

// matched takes over what the flow of an order made of its codes.
func (l *Ledger) matched(e orderevents.Matched) {
	o := l.orders[e.Order]
	if o == nil {
		return
	}
	delete(l.unmatched, e.Order)
	for i := range min(len(o.lines), len(e.SKUs)) {
		l.become(o, i, e.SKUs[i])
	}
}

// become gives a line its SKU. One that it had before keeps nothing of it.
func (l *Ledger) become(o *order, i int, sku string) {
	n := &o.lines[i]
	if n.sku == sku {
		return
	}
	if n.sku != "" {
		l.ask(o, *n, -n.units)
		l.News.Moved(n.sku)
	}
	n.sku = sku
	l.ask(o, *n, n.units)
	l.sale(o, *n)
}

// rematch looks at the lines that nobody knew, after something became known: before a listing is written on account of it,
// the orders of it must be told.
func (l *Ledger) rematch() {
	for id := range l.unmatched {
		o, left := l.orders[id], false
		for i, n := range o.lines {
			if n.sku != "" {
				continue
			}
			if sku := l.Means(o.connection, n.code); sku != "" {
				l.become(o, i, sku)
			} else {
				left = true
			}
		}
		if !left {
			delete(l.unmatched, id)
		}
	}
}

// amended tells what a channel took out of an order that lives on, and what it put in. What was ordered stays asked for.
func (l *Ledger) amended(e orderevents.Amended) {
	o := l.orders[e.Order]
	if o == nil {
		return
	}
	now := byListing(e.Lines)
	was := o.shown
	o.shown = now
	for _, n := range o.lines {
		units := now[n.listing] - was[n.listing]
		was[n.listing] = now[n.listing] // a listing with two prices has two lines
		key := listings.Key(o.connection, n.listing)
		switch {
		case n.sku == "":
		case units > 0:
			l.News.Sold(n.sku, exposure.Sale{Connection: key, Units: units, Created: e.Updated})
		case units < 0:
			l.News.Cancelled(n.sku, exposure.Cancelled{Connection: key, Units: -units, At: e.Updated.Add(second)})
		}
	}
}

// cancel frees what an order asked for, and tells of the units that the channel listed in it last: it may put those back. One that
// has ended is read again for that.
func (l *Ledger) cancel(ctx context.Context, e orderevents.Cancelled) error {
	o := l.orders[e.Order]
	if o == nil {
		folded, err := l.log.Fold(ctx, orders.Fold(l.workspace, e.Order))
		if err != nil {
			return err
		}
		state := folded.Value.(orders.State)
		o = l.placed(state.Placed)
		o.shown = byListing(state.Lines)
		for i := range min(len(o.lines), len(state.SKUs)) {
			o.lines[i].sku = state.SKUs[i]
		}
	}
	l.end(e.Order)
	for _, n := range o.lines {
		units := o.shown[n.listing]
		o.shown[n.listing] = 0 // a listing with two prices has two lines
		if n.sku != "" && units > 0 {
			l.News.Cancelled(n.sku, exposure.Cancelled{Connection: listings.Key(o.connection, n.listing), Units: units, At: e.Updated.Add(second)})
		}
	}
	return nil
}

// shipped moves units out of the house that an order asked for: what is available stays.
func (l *Ledger) shipped(e stockevents.Shipped) {
	if o := l.orders[e.Order]; o != nil {
		for i := range o.lines {
			if n := &o.lines[i]; n.sku == e.SKU {
				l.ask(o, *n, -n.units)
				n.units = 0
			}
		}
	}
	l.move(e.SKU, -e.Quantity)
}

// end says that an order asks for nothing any more.
func (l *Ledger) end(id string) {
	o := l.orders[id]
	if o == nil {
		return
	}
	delete(l.orders, id)
	delete(l.unmatched, id)
	for _, n := range o.lines {
		if n.sku != "" {
			l.ask(o, n, -n.units)
			l.News.Moved(n.sku)
		}
	}
}
