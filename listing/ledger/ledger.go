// Package ledger folds the log into what there is of every SKU and what known orders ask of it, record by record, and tells
// what each record means for the shops' listings: a sale and the fall of what is available belong to one moment, and views
// keep none.
package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/domain/bundles"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	placeevents "github.com/creatorflow/creatorflow/domain/events/places"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/exposure/shared"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/lessened"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// second is the grain of channels' times.
const second = time.Second

// Ledger is what the log says of stock and orders. An order asks for its units from the moment it is placed, whether it has
// got them, waits for stock or is not looked at yet, until they are shipped or it is cancelled. What its channel cancels out of it
// it asks for until its flow has given it up. One goroutine has it.
type Ledger struct {
	News     News              // before the first Take
	Position eventlog.Position // of the last record taken in

	log       *eventlog.Log
	workspace string
	onHand    map[string]int // by SKU; one that is not in it is unknown
	shelves   places.Shelves // where that lies
	asked     map[string]int // by SKU: units of known orders
	mapped    map[string]string
	made      map[string]map[string]int  // by SKU that is a bundle: components, units in one of it
	in        map[string]map[string]bool // by SKU: bundles that it is in
	orders    map[string]*order          // those that have not ended
	unmatched map[string]bool            // of them, those with a line whose SKU is not known
}

// News is told what a record means for a SKU's listings. All of a record is told before what is available counts.
type News interface {
	Sold(sku string, e exposure.Sale)
	Cancelled(sku string, e exposure.Cancelled)
	Moved(sku string)              // its stock, or what orders ask of it
	Meant(connection, code string) // the code has another SKU than before; without a connection on all of them
	Shared(sku string)             // others share its stock than before
}

// order is one that may still ask for units.
type order struct {
	connection string
	created    time.Time
	asks       bool // false: the stock has nothing to do with it
	lines      []line
	wants      map[string]int            // by SKU of the stock: units that it still asks for
	made       map[string]map[string]int // its bundles, once it was exploded
	shown      map[string]int            // by listing: units as the channel lists them now
	since      time.Time                 // that it does
}

type line struct {
	listing, code, sku string // sku is empty while nobody knows it
	units              int
	takes              map[string]int // by SKU of the stock: units in one of it
}

// Read reads the ledger at the views' position.
func Read(ctx context.Context, log *eventlog.Log, views projection.Store, workspace string) (*Ledger, error) {
	l := &Ledger{
		log: log, workspace: workspace, onHand: map[string]int{}, asked: map[string]int{}, mapped: map[string]string{}, orders: map[string]*order{},
		unmatched: map[string]bool{}, made: map[string]map[string]int{}, in: map[string]map[string]bool{},
	}
	err := views.Read(ctx, func(r projection.Reader) error {
		l.Position = r.Position()
		if err := inventory.Each(ctx, r, func(row inventory.Row) { l.onHand[row.SKU] = int(row.OnHand) }); err != nil {
			return err
		}
		where, err := places.Read(ctx, r)
		if err != nil {
			return err
		}
		l.shelves.Begin(where)
		if err := places.Each(ctx, r, l.shelves.Put); err != nil {
			return err
		}
		if err := bundles.Each(ctx, r, func(p bundles.Part) { l.join(p.Bundle, p.SKU, int(p.Quantity)) }); err != nil {
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
	o.shown, o.since = byListing(state.Lines), state.Updated
	o.explode(state.Bundles)
	for i := range o.lines {
		if i < len(row.SKUs) {
			o.lines[i].sku = row.SKUs[i]
		}
	}
	l.open(row.ID, o)
	if !lessened.Fewer(state) {
		return nil
	}
	takes := lessened.Wanted(state) // what is in parcels, too
	for sku := range o.wants {      // what it has given up stands in the stock's own stream
		stock, err := l.log.Fold(ctx, inventory.Fold(l.workspace, sku))
		if err != nil {
			return err
		}
		l.has(row.ID, sku, max(stock.Value.(inventory.State).Holds(row.ID), takes[sku]))
	}
	return nil
}

// placed is an order as it was placed.
func (l *Ledger) placed(e orderevents.Placed) *order {
	o := &order{connection: e.Connection, created: e.Created, asks: !fulfilment.Untouched(e), wants: map[string]int{}, shown: byListing(e.Lines)}
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

// explode takes over what an order's bundles are made of for good.
func (o *order) explode(bundles []orderevents.Bundle) {
	if o.made == nil {
		o.made = map[string]map[string]int{}
	}
	for _, b := range bundles {
		o.made[b.SKU] = map[string]int{}
		for _, c := range b.Components {
			o.made[b.SKU][c.SKU] = int(c.Quantity)
		}
	}
}

// open has an order ask for its units.
func (l *Ledger) open(id string, o *order) {
	l.orders[id] = o
	for i := range o.lines {
		if o.lines[i].sku == "" {
			l.unmatched[id] = true
			continue
		}
		l.ask(o, &o.lines[i])
	}
}

// ask has a line ask for its units, of a bundle for those of its components: as it was when the order was exploded, till then as it is.
func (l *Ledger) ask(o *order, n *line) {
	n.takes = o.made[n.sku]
	if n.takes == nil {
		n.takes = l.Takes(n.sku)
	}
	l.want(o, n, n.units)
}

// want changes what an order asks for by units of a line.
func (l *Ledger) want(o *order, n *line, units int) {
	if !o.asks {
		return
	}
	for sku, k := range n.takes {
		l.asked[sku] += k * units
		o.wants[sku] += k * units
	}
}

// Takes are the units of SKUs in one unit of a SKU: of a bundle those of its components, of any other one of itself.
func (l *Ledger) Takes(sku string) map[string]int {
	if made := l.made[sku]; made != nil {
		return made
	}
	return map[string]int{sku: 1}
}

// join says that a bundle takes so many units of a SKU, 0 for none.
func (l *Ledger) join(bundle, sku string, units int) {
	made, in := maps.Clone(l.made[bundle]), l.in[sku]
	if units == 0 {
		delete(made, sku)
		delete(in, bundle)
	} else {
		if made == nil {
			made = map[string]int{}
		}
		if in == nil {
			in = map[string]bool{}
		}
		made[sku], in[bundle] = units, true
	}
	l.made[bundle], l.in[sku] = made, in
	if len(made) == 0 {
		delete(l.made, bundle)
	}
	if len(in) == 0 {
		delete(l.in, sku)
	}
}

// Family are the SKUs that share stock with a SKU, by bundles, and that SKU itself.
func (l *Ledger) Family(sku string) map[string]bool {
	family, next := map[string]bool{sku: true}, []string{sku}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		for other := range l.made[at] {
			if !family[other] {
				family[other], next = true, append(next, other)
			}
		}
		for other := range l.in[at] {
			if !family[other] {
				family[other], next = true, append(next, other)
			}
		}
	}
	return family
}

// Shared says that a SKU shares its stock with others.
func (l *Ledger) Shared(sku string) bool { return l.made[sku] != nil || l.in[sku] != nil }

// Shares divides the stock of a SKU among it and those that share it; held tells what the listings of one hold.
func (l *Ledger) Shares(sku string, held func(sku string) shared.Member) map[string]shared.Share {
	if !l.Shared(sku) {
		return map[string]shared.Share{sku: {Units: l.Available(sku)}}
	}
	available, members := map[string]int{}, map[string]shared.Member{}
	for name := range l.Family(sku) {
		m := held(name)
		m.Takes = l.Takes(name)
		members[name] = m
		for component := range m.Takes {
			available[component] = l.Available(component)
		}
	}
	return shared.Divide(available, members)
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

// Available is on hand where orders are shipped from, less what known orders ask for.
func (l *Ledger) Available(sku string) int {
	return l.onHand[sku] - int(l.shelves.Aside(sku, int64(l.onHand[sku]))) - l.asked[sku]
}

// Knows says that an order was taken in, whether it has ended since or not. While the log cannot be read, none that is not open is known.
func (l *Ledger) Knows(ctx context.Context, order string) bool {
	if l.orders[order] != nil {
		return true
	}
	folded, err := l.log.Fold(ctx, orders.Fold(l.workspace, order))
	return err == nil && folded.Value.(orders.State).Placed.Order != ""
}

// Follow hands over what stands in the log behind a position, a page at a time, and closes the channel when it cannot be read.
func Follow(ctx context.Context, log *eventlog.Log, at eventlog.Position, records chan<- []eventlog.Record) {
	defer close(records)
	for {
		if _, err := log.Wait(ctx, at); err != nil {
			return
		}
		page, err := log.ReadAll(ctx, at, 1000)
		if err != nil || len(page) == 0 {
			return
		}
		at = page[len(page)-1].Position
		select {
		case records <- page:
		case <-ctx.Done():
			return
		}
	}
}

// Take takes in the next record.
func (l *Ledger) Take(ctx context.Context, r eventlog.Record) error {
	l.Position = r.Position
	l.shelves.Take(r.Event)
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
	case orderevents.Exploded:
		l.exploded(e)
	case orderevents.Amended:
		l.amended(e)
	case orderevents.Cancelled:
		return l.cancel(ctx, e)
	case shopevents.Mapped:
		l.mapped[e.Connection+":"+e.Code] = e.SKU
		l.rematch()
		l.News.Meant(e.Connection, e.Code)
	case stockevents.Received:
		l.came(e.SKU, e.Quantity)
	case stockevents.Bundled: // it tells of all components at once: of a part of them a bundle seems to be more than there is
		made := map[string]int{}
		for _, c := range e.Components {
			made[c.SKU] = int(c.Quantity)
		}
		l.regroup(e.SKU, made)
		l.came(e.SKU, 0)
	case stockevents.Unbundled:
		l.regroup(e.SKU, nil)
	case stockevents.JoinedBundle: // the rest of a commit that the ledger was read in the middle of
		made := map[string]int{e.SKU: int(e.Quantity)}
		for sku, units := range l.made[e.Bundle] {
			if sku != e.SKU {
				made[sku] = units
			}
		}
		l.regroup(e.Bundle, made)
	case stockevents.LeftBundle:
		made := maps.Clone(l.made[e.Bundle])
		delete(made, e.SKU)
		l.regroup(e.Bundle, made)
	case stockevents.Adjusted:
		l.move(e.SKU, e.Delta)
	case stockevents.Returned:
		if e.Sellable {
			l.move(e.SKU, e.Quantity)
		}
	case stockevents.Moved:
		l.News.Moved(e.SKU)
	case placeevents.Set, placeevents.Closed:
		l.arrange(e)
	case stockevents.Reserved:
		l.gave(e.Order, e.SKU, e.Quantity)
	case stockevents.Released:
		l.gave(e.Order, e.SKU, e.Kept)
	case stockevents.Shipped:
		l.shipped(e)
	case flows.Finished, flows.Undone:
		if r.Stream.Kind == fulfilment.Kind {
			l.end(r.Stream.ID)
		}
	}
	return nil
}

// arrange takes in what is for sale from now on, or is no more, because orders are shipped from where it lies or are not.
func (l *Ledger) arrange(e eventlog.Event) {
	skus, all := l.shelves.Arrange(e)
	if all {
		skus = slices.Sorted(maps.Keys(l.onHand))
	}
	for _, sku := range skus {
		l.News.Moved(sku)
	}
}

// came is units that arrived of a SKU; by them, or as a bundle of which there are none, it comes to be.
func (l *Ledger) came(sku string, units int64) {
	_, known := l.onHand[sku]
	l.move(sku, units)
	if !known {
		l.rematch()
		l.News.Meant("", sku)
	}
}

// regroup has a bundle be made of other units than before. Lines that were not exploded yet ask for these.
func (l *Ledger) regroup(bundle string, made map[string]int) {
	if maps.Equal(made, l.made[bundle]) {
		return
	}
	family := l.Family(bundle)
	for sku := range l.made[bundle] {
		l.join(bundle, sku, 0)
	}
	for sku, units := range made {
		l.join(bundle, sku, units)
	}
	for _, o := range l.orders {
		for i := range o.lines {
			if n := &o.lines[i]; n.sku == bundle && o.made[bundle] == nil {
				l.want(o, n, -n.units)
				l.ask(o, n)
			}
		}
	}
	maps.Copy(family, l.Family(bundle))
	for name := range family {
		l.News.Shared(name)
	}
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
		l.want(o, n, -n.units)
		l.News.Moved(n.sku)
	}
	n.sku = sku
	l.ask(o, n)
	l.sale(o, *n)
	if gone := o.gone(i+1, n.listing) - o.gone(i, n.listing); gone > 0 {
		l.News.Cancelled(sku, exposure.Cancelled{Connection: listings.Key(o.connection, n.listing), Units: gone, At: o.since.Add(second)})
	}
}

// gone is how many units of a listing the channel has taken out of an order, if it had only the first lines.
func (o *order) gone(lines int, listing string) int {
	units := -o.shown[listing]
	for _, n := range o.lines[:lines] {
		if n.listing == listing {
			units += n.units
		}
	}
	return max(0, units)
}

// exploded has an order ask for what its bundles were made of.
func (l *Ledger) exploded(e orderevents.Exploded) {
	o := l.orders[e.Order]
	if o == nil {
		return
	}
	for i := range o.lines {
		if n := &o.lines[i]; n.sku != "" {
			l.want(o, n, -n.units)
		}
	}
	o.explode(e.Bundles)
	for i := range o.lines {
		if n := &o.lines[i]; n.sku != "" {
			l.ask(o, n)
		}
	}
	for sku := range o.wants {
		l.News.Moved(sku)
	}
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

// gave tells that an order asks for less than before.
func (l *Ledger) gave(id, sku string, held int64) {
	if l.has(id, sku, held) {
		l.News.Moved(sku)
	}
}

// has lets go what an order neither holds of a SKU nor is listed with: its channel has cancelled that out of it.
func (l *Ledger) has(id, sku string, held int64) (less bool) {
	o := l.orders[id]
	if o == nil || o.replaced() {
		return false
	}
	_, listed := o.takes(sku)
	more := o.wants[sku] - max(int(held), listed)
	if more <= 0 {
		return false
	}
	l.asked[sku] -= more
	o.wants[sku] -= more
	return true
}

// replaced says that a channel lists an order with other listings than it was placed with: nobody knows what takes whose place.
func (o *order) replaced() bool {
	for listing := range o.shown {
		if !slices.ContainsFunc(o.lines, func(n line) bool { return n.listing == listing }) {
			return true
		}
	}
	return false
}

// takes is how many units of a SKU an order was placed with, and how many it is listed with.
func (o *order) takes(sku string) (placed, listed int) {
	counted := map[string]bool{} // a listing with two prices has two lines
	for _, n := range o.lines {
		placed += n.units * n.takes[sku]
		if !counted[n.listing] {
			counted[n.listing] = true
			listed += o.shown[n.listing] * n.takes[sku]
		}
	}
	return placed, listed
}

// again has an order ask for what it had given up and is listed with again; of what was shipped it asks for nothing more.
func (l *Ledger) again(o *order) {
	if o.replaced() {
		return
	}
	for sku, units := range o.wants {
		placed, listed := o.takes(sku)
		if more := min(placed, listed) - units; more > 0 {
			l.asked[sku] += more
			o.wants[sku] += more
			l.News.Moved(sku)
		}
	}
}

// amended tells what a channel took out of an order that lives on, and what it put in. What was ordered stays asked for until the
// order's flow gives it up, and is asked for again from when it is listed again.
func (l *Ledger) amended(e orderevents.Amended) {
	o := l.orders[e.Order]
	if o == nil {
		return
	}
	now := byListing(e.Lines)
	was := o.shown
	o.shown, o.since = now, e.Updated
	l.again(o)
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
		l.asked[e.SKU] -= o.wants[e.SKU]
		delete(o.wants, e.SKU)
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
	for sku, units := range o.wants {
		l.asked[sku] -= units
		l.News.Moved(sku)
	}
}
