package lessened

import (
	"fmt"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/domain/backorders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/orders/listed"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// Holding is an order and what it holds of the stock by an attempt. Stocks hold every SKU of the order.
type Holding struct {
	Workspace string
	Order     orders.State
	Attempt   int
	Stocks    map[string]inventory.State
}

func (h Holding) key() inventory.Attempt {
	return inventory.Attempt{Order: h.Order.Placed.Order, Number: h.Attempt}
}

// Give frees what an order holds and does not take any more; no events when that is nothing. Once it is sent the rest is sent from where
// it was to be.
func (h Holding) Give(sent bool) []eventlog.Decided {
	writes := inventory.Lessen(h.Workspace, h.Order.Placed.Order, h.Attempt, reason, Wanted(h.Order), h.Stocks)
	if !sent {
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

// Again takes what an order is listed with again of which it was freed: all of it, or the order waits. Of one that is sent sent takes what
// there is; nothing more can be asked for then. Not some when it is listed with nothing again.
func (h Holding) Again(gone bool, sent func(demand map[string]int64, states map[string]inventory.State) []eventlog.Decided) (v flow.Verdict, some bool) {
	c := h.asks()
	if len(c.Demand) == 0 {
		return v, false
	}
	if first := c.Explode(); first != nil {
		return *first, true
	}
	writes, short := c.Reserve()
	switch {
	case len(short) > 0 && !gone:
		return lacking(short), true
	case len(short) > 0:
		writes = sent(c.Demand, c.Stocks)
	}
	return flow.Again(h.take(writes)...), true
}

// asks is all that an order takes of SKUs of which it holds less, as if it held nothing of them yet. One that holds nothing at all may
// have been freed for its review, and asks again after that.
func (h Holding) asks() backorders.Case {
	c := backorders.Case{Workspace: h.Workspace, Order: h.Order, Attempt: h.Attempt, Demand: map[string]int64{}, Stocks: map[string]inventory.State{}}
	if listed.Gone(h.Order.Placed.Lines, h.Order.Lines) == nil {
		return c
	}
	wanted, holds := Wanted(h.Order), !h.Order.Freed()
	for sku, s := range h.Stocks {
		held := s.Open[h.key()]
		if holds = holds || held > 0; s.Known && held < wanted[sku] { // else its news have only just come, and nobody has looked at it
			c.Demand[sku], c.Stocks[sku] = wanted[sku], s.Without(h.key())
		}
	}
	if !holds {
		c.Demand = nil
	}
	return c
}

// take are the events by which an order has what was got for it in place of what it holds; of a SKU of which that is not more it keeps
// what it holds.
func (h Holding) take(got []eventlog.Decided) (writes []eventlog.Decided) {
	for _, w := range got {
		if e, ok := w.Events[0].(stockevents.Reserved); ok {
			held := h.Stocks[e.SKU].Open[h.key()]
			if held >= e.Quantity {
				continue
			}
			if held > 0 {
				w.Events = slices.Concat([]eventlog.Event{stockevents.Released{
					SKU: e.SKU, Order: e.Order, Attempt: e.Attempt, Quantity: held, Reason: "The channel lists more of them in this order again.",
				}}, w.Events)
			}
		}
		writes = append(writes, w)
	}
	return writes
}

// lacking has an order wait for what it is listed with again; it keeps what it holds.
func lacking(short []inventory.Short) flow.Verdict {
	var parts, tags []string
	for _, s := range short {
		parts = append(parts, fmt.Sprintf("%s needs %d, %d available", s.SKU, s.Need, max(0, s.Available-s.Ahead)))
		tags = append(tags, inventory.ShortTag+s.SKU)
	}
	return flow.Wait(backorders.WaitHeld, "The channel lists units of this order again that were freed when it did not, and there is not enough stock for them: "+
		flow.Few(parts, "; ")+". The order keeps what it has. Receive stock, then retry; or cancel those units at the channel.", time.Time{}, tags...)
}
