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
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/orders/listed"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// second is the grain of channels' times.
const second = time.Second

// Ledger is what the log says of stock and orders. An order asks for units from the moment its channel lists them in it, whether it
// has got them, waits for stock or is not looked at yet, until they are shipped or it is cancelled. What its channel cancels out of it
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
	unmatched map[string]bool            // of them, those with a line whose SKU its flow has not named yet
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
	asks       bool                      // false: the stock has nothing to do with it
	ever       []orderevents.Line        // all that it was ever listed with
	lines      []line                    // one for each of ever
	lists      map[string]int            // by SKU of the stock: units that its channel lists now
	holds      map[string]int            // by SKU of the stock: units that are promised to it, since this is known
	known      bool                      // what is not in holds it does not hold
	left       map[string]bool           // by SKU of the stock: its units have been shipped
	wants      map[string]int            // by SKU of the stock: units that it still asks for
	made       map[string]map[string]int // its bundles, once it was exploded
}

type line struct {
	listing, code, sku string // sku is empty while nobody knows it
	named              bool   // by the order's flow, for good; until then it is what the code means
	first, units       int    // as it came into the order, and as it is listed now
	came, since        time.Time
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
	l.list(o, state.Ever, state.Lines, state.Updated)
	o.explode(state.Bundles)
	for i := range o.lines {
		if i < len(row.SKUs) && row.SKUs[i] != "" {
			o.lines[i].sku, o.lines[i].named = row.SKUs[i], true
		}
	}
	o.known = false
	if state.Relisted { // else it holds no more than it is listed with
		if err := l.learn(ctx, o, state); err != nil {
			return err
		}
	}
	l.open(row.ID, o)
	return nil
}

// learn reads what an order holds from the stock's own streams, and what is in its parcels: the log may be ahead, and have shipped those.
func (l *Ledger) learn(ctx context.Context, o *order, state orders.State) error {
	sent := state.Sent()
	for _, need := range state.Demand() {
		stock, err := l.log.Fold(ctx, inventory.Fold(l.workspace, need.SKU))
		if err != nil {
			return err
		}
		o.holds[need.SKU] = int(max(stock.Value.(inventory.State).Holds(state.Placed.Order), sent[need.SKU]))
	}
	o.known = true
	return nil
}

// placed is an order as it was placed.
func (l *Ledger) placed(e orderevents.Placed) *order {
	o := &order{
		connection: e.Connection, created: e.Created, asks: !fulfilment.Untouched(e), known: true,
		holds: map[string]int{}, left: map[string]bool{}, wants: map[string]int{},
	}
	l.list(o, e.Lines, e.Lines, e.Created)
	return o
}

// list has an order be listed with lines since a time, of all that it was ever listed with.
func (l *Ledger) list(o *order, ever, now []orderevents.Line, since time.Time) {
	o.ever = ever
	for _, n := range ever[len(o.lines):] {
		o.lines = append(o.lines, line{listing: n.Listing, code: n.Code, sku: l.Means(o.connection, n.Code), first: int(n.Quantity), came: since})
	}
	for i, units := range listed.Of(ever, now) {
		o.lines[i].units, o.lines[i].since = int(units), since
	}
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
	l.look(id, o)
	l.ask(o)
}

// look says what the lines of an order take from the stock, of a bundle its components: as it was when the order was exploded, till
// then as it is.
func (l *Ledger) look(id string, o *order) {
	delete(l.unmatched, id)
	for i := range o.lines {
		n := &o.lines[i]
		n.takes = nil
		if !n.named {
			l.unmatched[id] = true
		}
		if n.sku == "" {
			continue
		}
		if n.takes = o.made[n.sku]; n.takes == nil {
			n.takes = l.Takes(n.sku)
		}
	}
}

// ask has an order ask for what it is listed with, and tells the SKUs of which that is more or less than before.
func (l *Ledger) ask(o *order) (moved []string) {
	if !o.asks {
		return nil
	}
	o.lists = map[string]int{}
	for _, n := range o.lines {
		for sku, k := range n.takes {
			o.lists[sku] += k * n.units
		}
	}
	all := maps.Clone(o.lists)
	maps.Copy(all, o.wants)
	for sku := range all {
		if l.want(o, sku) {
			moved = append(moved, sku)
		}
	}
	return moved
}

// want has an order ask for what it is listed with of a SKU, and not for less than it holds, until that has left.
func (l *Ledger) want(o *order, sku string) (moved bool) {
	units := max(o.lists[sku], o.holds[sku])
	if o.left[sku] {
		units = 0
	}
	more := units - o.wants[sku]
	l.asked[sku] += more
	if o.wants[sku] = units; units == 0 {
		delete(o.wants, sku)
	}
	return more != 0
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
				l.sale(o, n, n.first, n.came)
			}
		}
	case orderevents.Matched:
		l.matched(e)
	case orderevents.Exploded:
		l.exploded(e)
	case orderevents.Amended:
		return l.amended(ctx, e)
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
	for id, o := range l.orders {
		if o.made[bundle] == nil && slices.ContainsFunc(o.lines, func(n line) bool { return n.sku == bundle }) {
			l.look(id, o)
			l.ask(o)
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

// sale tells of units of a line that were sold at a time, or of as many taken out of its order.
func (l *Ledger) sale(o *order, n line, units int, at time.Time) {
	switch key := listings.Key(o.connection, n.listing); {
	case n.sku == "":
	case units > 0:
		l.News.Sold(n.sku, exposure.Sale{Connection: key, Units: units, Created: at})
	case units < 0:
		l.News.Cancelled(n.sku, exposure.Cancelled{Connection: key, Units: -units, At: at.Add(second)})
	}
}

// matched takes over what the flow of an order made of its codes.
func (l *Ledger) matched(e orderevents.Matched) {
	o := l.orders[e.Order]
	if o == nil {
		return
	}
	for i := range o.lines[:min(len(o.lines), len(e.SKUs))] {
		o.lines[i].named = e.SKUs[i] != ""
	}
	l.look(e.Order, o)
	l.become(e.Order, o, func(i int, _ line) string {
		if i < len(e.SKUs) {
			return e.SKUs[i]
		}
		return ""
	})
}

// become gives lines their SKUs, where there is one. One that a line had before keeps nothing of it.
func (l *Ledger) become(id string, o *order, is func(i int, n line) string) {
	var new []int
	var before []string
	for i := range o.lines {
		n := &o.lines[i]
		if sku := is(i, *n); sku != "" && sku != n.sku {
			if n.sku != "" {
				before = append(before, n.sku)
			}
			n.sku, new = sku, append(new, i)
		}
	}
	if len(new) == 0 {
		return
	}
	l.look(id, o)
	l.ask(o)
	for _, sku := range before {
		l.News.Moved(sku)
	}
	for _, i := range new {
		n := o.lines[i]
		l.sale(o, n, n.first, n.came)
		l.sale(o, n, n.units-n.first, n.since)
	}
}

// exploded has an order ask for what its bundles were made of.
func (l *Ledger) exploded(e orderevents.Exploded) {
	o := l.orders[e.Order]
	if o == nil {
		return
	}
	o.explode(e.Bundles)
	l.look(e.Order, o)
	l.ask(o)
	for sku := range o.wants {
		l.News.Moved(sku)
	}
}

// rematch looks at the lines that no flow has named, after something became known: before a listing is written on account of it,
// the orders of it must be told.
func (l *Ledger) rematch() {
	for id := range maps.Clone(l.unmatched) {
		o := l.orders[id]
		l.become(id, o, func(_ int, n line) string {
			if n.named {
				return ""
			}
			return l.Means(o.connection, n.code)
		})
	}
}

// gave takes over how much of a SKU is promised to an order.
func (l *Ledger) gave(id, sku string, held int64) {
	if o := l.orders[id]; o != nil && o.asks {
		if o.holds[sku] = int(held); l.want(o, sku) {
			l.News.Moved(sku)
		}
	}
}

// amended tells what a channel took out of an order that lives on, and what it put in, for which the order asks from then on. What is
// taken out stays asked for until the order's flow gives it up.
func (l *Ledger) amended(ctx context.Context, e orderevents.Amended) error {
	o := l.orders[e.Order]
	if o == nil {
		return nil
	}
	if !o.known {
		folded, err := l.log.Fold(ctx, orders.Fold(l.workspace, e.Order))
		if err == nil {
			err = l.learn(ctx, o, folded.Value.(orders.State))
		}
		if err != nil {
			return err
		}
	}
	before := slices.Clone(o.lines)
	l.list(o, listed.With(o.ever, e.Lines), e.Lines, e.Updated)
	l.look(e.Order, o)
	for _, sku := range l.ask(o) {
		l.News.Moved(sku)
	}
	for i, n := range o.lines {
		was := 0
		if i < len(before) {
			was = before[i].units
		}
		l.sale(o, n, n.units-was, n.since)
	}
	return nil
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
		l.list(o, state.Ever, state.Lines, state.Updated)
		for i := range min(len(o.lines), len(state.SKUs)) {
			o.lines[i].sku = state.SKUs[i]
		}
	}
	l.end(e.Order)
	for _, n := range o.lines {
		l.sale(o, n, -n.units, e.Updated)
	}
	return nil
}

// shipped moves units out of the house that an order asked for: what is available stays.
func (l *Ledger) shipped(e stockevents.Shipped) {
	if o := l.orders[e.Order]; o != nil {
		o.left[e.SKU] = true
		l.want(o, e.SKU)
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
