// Package audit holds the events of different modules against each other, and the views' figures against
// both. Every unit and every amount stands in more than one place; all must say the same. It shares no
// fold with the modules that it audits.
//
//   - Stock: a reservation is of an order that is known, for no more than its channel ever listed in it, and never takes
//     more than is available; a bundle's units are those of its components, as they were when the order was exploded; a release or a shipment closes exactly one reservation with its quantity; a
//     flow that has ended holds nothing; what came back had been shipped.
//   - Locations: every unit lies at one, and all of them are what is on hand; nothing leaves a location below nothing while another
//     that ships has some; a reservation takes no more than what lies where orders are shipped from.
//   - Money: an order is placed once, an amount that its channel tells later is told once, and it is paid at most
//     once, with that amount; what the views have sold is the sum of the orders that are not cancelled, as their channels show them now.
//   - References: flows and letters of orders belong to orders that are known, labels to files that are kept.
package audit

import (
	"fmt"
	"slices"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	placeevents "github.com/creatorflow/creatorflow/domain/events/places"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// Enough is how many findings are written out; the others are only counted.
const Enough = 20

// directChannel is the channel's name by which orders are entered here.
const directChannel = "direct"

// Books are what was added up of a log, from its first event on.
type Books struct {
	Findings []string // what does not add up, a sentence each, the first Enough
	Count    int      // of all findings
	Compared bool     // the views' figures were compared: orders and stock stood at one position
	Direct   bool     // orders are entered here, so a payment partner may have more to say

	position eventlog.Position // of the last event that was added
	labels   []string          // that flows refer to and that nobody has looked for yet

	stock  map[string]*balance
	where  map[string]bool // locations, and whether orders are shipped from each; the main one does unless it says otherwise
	orders map[string]*order
	open   map[string]*running // orders that hold something or whose flow runs
	ending []string            // of those, the ones whose flow ends in the commit that is being added
}

// balance is one SKU's account.
type balance struct {
	onHand, reserved, shipped, returned int64
	bundle                              bool             // its units are units of others
	at                                  map[string]int64 // by location
}

// order is what stays known of an order for good.
type order struct {
	total     money.Money // as it was placed, or disclosed later
	sold      money.Money // as its channel shows it now, for the sales figures
	cancelled bool
	paid      bool
}

// running is what is needed of an order only until its flow has ended and nothing is reserved for it.
type running struct {
	lines  []orderevents.Line   // each listing with the most units so far, in the order in which they came
	placed int                  // how many of them it was placed with: those that came later may be named later
	skus   []string             // one a line, once matched; empty = no SKU
	made   []orderevents.Bundle // in the order in which they were exploded
	demand map[string]int64
	held   map[hold]int64
	ended  bool
}

// hold is one reservation of an order.
type hold struct {
	sku     string
	attempt int
}

// add enters one event. Events come in the order of their positions, without a gap.
func (b *Books) add(r eventlog.Record) {
	if b.stock == nil {
		b.stock, b.orders, b.open, b.where = map[string]*balance{}, map[string]*order{}, map[string]*running{}, map[string]bool{main: true}
	}
	b.position = r.Position
	if shop, ok := r.Event.(shopevents.Connected); ok && shop.Channel == directChannel {
		b.Direct = true
	}
	switch r.Stream.Kind {
	case orderevents.Kind:
		b.ordered(r)
	case stockevents.Kind:
		b.moved(r)
	case placeevents.Kind:
		b.arranged(r.Event)
	case fulfilment.Kind:
		b.flowed(r)
	case letterevents.Kind:
		b.lettered(r)
	}
	if r.Seal == nil {
		return
	}
	for _, id := range b.ending { // they may take something in the commit that ends them
		if running := b.open[id]; running != nil {
			running.ended = true
			b.close(id, running)
		}
	}
	b.ending = b.ending[:0]
}

// found notes what does not add up.
func (b *Books) found(r eventlog.Record, format string, args ...any) {
	b.note(fmt.Sprintf("position %d, %s: ", r.Position, r.Event.EventName()) + fmt.Sprintf(format, args...))
}

func (b *Books) note(sentence string) {
	if b.Count++; b.Count <= Enough {
		b.Findings = append(b.Findings, sentence)
	}
}

func (b *Books) ordered(r eventlog.Record) {
	id := r.Stream.ID
	if placed, ok := r.Event.(orderevents.Placed); ok {
		if b.orders[id] != nil {
			b.found(r, "order %s is placed a second time", id)
			return
		}
		b.orders[id] = &order{total: placed.Total, sold: placed.Total, cancelled: placed.Status == orders.Cancelled}
		b.open[id] = &running{lines: placed.Lines, placed: len(placed.Lines)}
		if placed.Direct.Pay != "" { // entered by SKU: its stock is taken as it is placed
			for _, line := range placed.Lines {
				b.open[id].skus = append(b.open[id].skus, line.Code)
			}
			b.open[id].ask()
		}
		return
	}
	o, running := b.orders[id], b.open[id]
	if o == nil {
		b.found(r, "order %s was never placed", id)
		return
	}
	switch e := r.Event.(type) {
	case orderevents.Matched:
		if running == nil {
			return
		}
		if len(e.SKUs) < running.placed || len(e.SKUs) > len(running.lines) {
			b.found(r, "order %s has %d lines, and %d SKUs are named for them", id, len(running.lines), len(e.SKUs))
			return
		}
		running.skus = e.SKUs
		running.ask()
	case orderevents.Amended:
		if e.Total.Minor != 0 || slices.ContainsFunc(e.Lines, func(l orderevents.Line) bool { return l.Price.Minor != 0 }) { // else the money is hidden
			o.sold = e.Total
		}
		if running != nil {
			running.list(e.Lines)
			running.ask()
		}
	case orderevents.Exploded:
		if running == nil {
			return
		}
		for _, bundle := range e.Bundles {
			if slices.ContainsFunc(running.made, func(m orderevents.Bundle) bool { return m.SKU == bundle.SKU }) {
				b.found(r, "the bundle %s of order %s is exploded a second time", bundle.SKU, id)
				return
			}
			running.made = append(running.made, bundle)
		}
		running.ask()
	case orderevents.Disclosed:
		if o.total.Minor != 0 && e.Total != o.total && (o.paid || e.Total.Minor < o.total.Minor) { // a part comes first, and the whole before it is paid
			b.found(r, "order %s is disclosed with %s, it had %s", id, e.Total, o.total)
		}
		o.total, o.sold = e.Total, e.Total
	case orderevents.PaymentCompleted:
		if o.paid {
			b.found(r, "order %s is paid a second time", id)
		}
		if o.paid = true; e.Total != o.total {
			b.found(r, "order %s is paid with %s, it was placed with %s", id, e.Total, o.total)
		}
	case orderevents.Cancelled:
		o.cancelled = true
	}
}

// list has an order be listed with lines: a listing that is new comes last, and one with more units than ever takes so many.
func (r *running) list(lines []orderevents.Line) {
	now, most := map[string]int64{}, map[string]int64{}
	for _, line := range r.lines {
		most[line.Listing] += line.Quantity
	}
	r.lines = slices.Clone(r.lines)
	for _, line := range lines {
		if _, known := most[line.Listing]; !known {
			most[line.Listing] = 0
			r.lines = append(r.lines, orderevents.Line{Listing: line.Listing, Code: line.Code})
		}
		now[line.Listing] += line.Quantity
	}
	for i, line := range r.lines {
		if more := now[line.Listing] - most[line.Listing]; more > 0 {
			r.lines[i].Quantity += more
			most[line.Listing] += more
		}
	}
}

// ask adds up what the lines take from the stock.
func (r *running) ask() {
	r.demand = map[string]int64{}
	for i, sku := range r.skus {
		r.demand[sku] += r.lines[i].Quantity
	}
	for _, bundle := range r.made {
		units := r.demand[bundle.SKU]
		r.demand[bundle.SKU] = 0
		for _, c := range bundle.Components {
			r.demand[c.SKU] += units * c.Quantity
		}
	}
}

func (b *Books) account(sku string) *balance {
	a := b.stock[sku]
	if a == nil {
		a = &balance{at: map[string]int64{}}
		b.stock[sku] = a
	}
	return a
}

func (b *Books) moved(r eventlog.Record) {
	sku := r.Stream.ID
	a := b.account(sku)
	switch e := r.Event.(type) {
	case stockevents.Received:
		a.onHand += e.Quantity
		b.put(r, a, e.Location, e.Quantity)
	case stockevents.Adjusted:
		a.onHand += e.Delta
		b.put(r, a, e.Location, e.Delta)
	case stockevents.Moved:
		if b.put(r, a, e.From, -e.Quantity); a.at[location(e.From)] < 0 {
			b.found(r, "%d of %s went from %s, where %d lay", e.Quantity, sku, location(e.From), a.at[location(e.From)]+e.Quantity)
		}
		b.put(r, a, e.To, e.Quantity)
	case stockevents.Allotted:
		b.allotted(r, e)
	case stockevents.Returned:
		if a.returned += e.Quantity; a.returned > a.shipped {
			b.found(r, "%d of %s came back in all, and %d were shipped", a.returned, sku, a.shipped)
		}
		if e.Sellable {
			a.onHand += e.Quantity
			b.put(r, a, e.Location, e.Quantity)
		}
		if e.Order != "" && b.orders[e.Order] == nil {
			b.found(r, "%s came back from order %s, which is not known", sku, e.Order)
		}
	case stockevents.Bundled:
		if a.bundle = true; a.reserved != 0 {
			b.found(r, "%s becomes a bundle with %d of it promised", sku, a.reserved)
		}
	case stockevents.Unbundled:
		a.bundle = false
	case stockevents.Reserved:
		b.reserve(r, a, e)
	case stockevents.Released:
		b.settle(r, hold{sku, e.Attempt}, e.Order, e.Quantity, e.Kept)
		a.reserved -= e.Quantity
	case stockevents.Shipped:
		b.settle(r, hold{sku, e.Attempt}, e.Order, e.Quantity, 0)
		a.reserved -= e.Quantity
		a.onHand -= e.Quantity
		a.shipped += e.Quantity
		b.left(r, a, e)
	}
	var all int64
	for _, units := range a.at {
		all += units
	}
	if all != a.onHand {
		b.found(r, "%d of %s lie at its locations, and %d are on hand", all, sku, a.onHand)
	}
}

func (b *Books) reserve(r eventlog.Record, a *balance, e stockevents.Reserved) {
	if a.reserved += e.Quantity; a.reserved > b.sellable(a) {
		b.found(r, "%s is oversold: %d are promised with %d on hand", e.SKU, a.reserved, b.sellable(a))
	}
	if a.bundle {
		b.found(r, "%d of %s are promised to order %s, and it is a bundle", e.Quantity, e.SKU, e.Order)
	}
	running := b.open[e.Order]
	if running == nil {
		b.found(r, "%d of %s are promised to order %s, which is not open", e.Quantity, e.SKU, e.Order)
		return
	}
	if running.held == nil {
		running.held = map[hold]int64{}
	}
	h := hold{e.SKU, e.Attempt}
	if running.held[h] != 0 {
		b.found(r, "%s is promised to order %s a second time", e.SKU, e.Order)
	}
	running.held[h] += e.Quantity
	if e.Quantity > running.demand[e.SKU] {
		b.found(r, "%d of %s are promised to order %s, which asks for %d", e.Quantity, e.SKU, e.Order, running.demand[e.SKU])
	}
}

// settle closes a reservation, which must be there with this quantity and what is kept of it.
func (b *Books) settle(r eventlog.Record, h hold, id string, quantity, kept int64) {
	running := b.open[id]
	if running == nil || running.held[h] == 0 {
		b.found(r, "order %s held no %s", id, h.sku)
		return
	}
	if held := running.held[h]; held != quantity+kept {
		b.found(r, "order %s held %d of %s, and %d are taken from it", id, held, h.sku, quantity)
	}
	if delete(running.held, h); kept > 0 {
		running.held[h] = kept
	}
	b.close(id, running)
}

func (b *Books) close(id string, of *running) {
	if of.ended && len(of.held) == 0 {
		delete(b.open, id)
	}
}

func (b *Books) flowed(r eventlog.Record) {
	id := r.Stream.ID
	if b.orders[id] == nil {
		b.found(r, "the flow is of order %s, which is not known", id)
		return
	}
	switch e := r.Event.(type) {
	case flows.StepSucceeded:
		if label := e.Data["label"]; label != "" {
			b.labels = append(b.labels, label)
		}
	case flows.Finished, flows.Undone:
		b.ending = append(b.ending, id)
	}
}

func (b *Books) lettered(r eventlog.Record) {
	opened, ok := r.Event.(letterevents.Opened)
	if !ok || b.orders[opened.Subject] != nil {
		return
	}
	if _, stock := letterevents.AboutStock(opened.Letter); stock {
		b.found(r, "the letter %s is about order %s, which is not known", opened.Letter, opened.Subject)
	}
}
