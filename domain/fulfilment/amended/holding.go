package amended

import (
	"maps"
	"slices"

	"github.com/creatorflow/creatorflow/domain/backorders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// Holding is an order and what it holds of the stock by an attempt. Stocks hold every SKU of the order.
type Holding struct {
	Workspace string
	Order     orders.State
	Attempt   int
	Stocks    map[string]inventory.State
	Labelled  bool // the rest is sent from where it was to be
}

func (h Holding) key() inventory.Attempt {
	return inventory.Attempt{Order: h.Order.Placed.Order, Number: h.Attempt}
}

// Give frees what an order holds and does not take any more; no events when that is nothing.
func (h Holding) Give() []eventlog.Decided {
	writes := inventory.Lessen(h.Workspace, h.Order.Placed.Order, h.Attempt, reason, Wanted(h.Order), h.Stocks)
	if !h.Labelled {
		return writes
	}
	for i, w := range writes {
		e := w.Events[0].(stockevents.Released)
		var from []stockevents.Part
		left := e.Kept
		for _, p := range h.Stocks[e.SKU].Allotted[h.key()] {
			if p.Quantity = min(p.Quantity, left); p.Quantity > 0 {
				from, left = append(from, p), left-p.Quantity
			}
		}
		if len(from) > 0 && left == 0 {
			writes[i].Events = append(w.Events, stockevents.Allotted{SKU: e.SKU, Order: e.Order, Attempt: e.Attempt, From: from})
		}
	}
	return writes
}

// Take takes what an order is listed with beyond what it holds: all of it, or the order waits. Of one that is sent sent takes what
// there is; nothing more can be asked for then. Not some when there is nothing of that, and no place in a queue for it.
func (h Holding) Take(in flow.Input, gone bool, sent func(demand map[string]int64, states map[string]inventory.State) []eventlog.Decided) (v flow.Verdict, some bool) {
	c, more, none := h.asks()
	left := inventory.Leave(h.Workspace, h.Order.Placed.Order, reason, none)
	if len(c.Demand) == 0 {
		return flow.Again(left...), len(left) > 0
	}
	if first := c.Explode(); first != nil {
		return *first, true
	}
	writes, short := c.Reserve()
	switch {
	case len(short) > 0 && !gone:
		return c.Rest(in, short, more).With(left...), true
	case len(short) > 0:
		writes = sent(c.Demand, c.Stocks)
	}
	return flow.Again(append(h.instead(writes), left...)...), true
}

// asks is all that an order takes of SKUs of which it holds less, as if it held nothing of them yet, how much more that is, and the
// stocks of which it takes nothing more. One that holds nothing at all may have been freed for its review, and asks again after that.
func (h Holding) asks() (c backorders.Case, more map[string]int64, none map[string]inventory.State) {
	c = backorders.Case{Workspace: h.Workspace, Order: h.Order, Attempt: h.Attempt, Demand: map[string]int64{}, Stocks: map[string]inventory.State{}}
	more, none = map[string]int64{}, maps.Clone(h.Stocks)
	wanted, holds := Wanted(h.Order), !h.Order.Freed()
	for sku, s := range h.Stocks {
		held := s.Open[h.key()]
		if holds = holds || held > 0; held < wanted[sku] {
			c.Demand[sku], c.Stocks[sku], more[sku] = wanted[sku], s.Without(h.key()), wanted[sku]-held
			delete(none, sku)
		}
	}
	if !holds {
		c.Demand, none = nil, nil
	}
	return c, more, none
}

// instead are the events by which an order has what was got for it in place of what it holds; of a SKU of which that is not more it
// keeps what it holds.
func (h Holding) instead(got []eventlog.Decided) (writes []eventlog.Decided) {
	for _, w := range got {
		if e, ok := w.Events[0].(stockevents.Reserved); ok {
			held := h.Stocks[e.SKU].Open[h.key()]
			if held >= e.Quantity {
				continue
			}
			if held > 0 {
				w.Events = slices.Concat([]eventlog.Event{stockevents.Released{
					SKU: e.SKU, Order: e.Order, Attempt: e.Attempt, Quantity: held, Reason: "The channel lists more of them in this order.",
				}}, w.Events)
			}
			if h.Labelled && len(h.Stocks[e.SKU].Allotted[h.key()]) > 0 {
				w.Events = append(w.Events, h.allot(e))
			}
		}
		writes = append(writes, w)
	}
	return writes
}

// allot has all that an order has been promised of a SKU be sent from where a part of it was to be sent from, as far as there is so much.
func (h Holding) allot(e stockevents.Reserved) stockevents.Allotted {
	from := h.Stocks[e.SKU].Leaving(e.SKU, e.Order, e.Attempt, e.Quantity).From
	if len(from) == 0 {
		from = []stockevents.Part{{Quantity: e.Quantity}}
	}
	return stockevents.Allotted{SKU: e.SKU, Order: e.Order, Attempt: e.Attempt, From: from}
}
