package backorders

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/bundles"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	events "github.com/creatorflow/creatorflow/domain/events/shortages"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/inventory/waiting"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// The codes for which an order without stock waits.
const (
	WaitHeld    = "no_stock"
	WaitTurn    = "backorder"
	waitChannel = "channel"
)

// Tag names news that may end the wait of an order in a SKU's queue.
func Tag(sku string) string { return "queue:" + sku }

// Tags are what a record is news of to those who wait: units came, or somebody who waits for some comes later now, or not at all. Who
// was served took what was not theirs.
func Tags(e eventlog.Event) []string {
	switch e := e.(type) {
	case stockevents.Received:
		return []string{Tag(e.SKU)}
	case stockevents.Adjusted:
		if e.Delta > 0 {
			return []string{Tag(e.SKU)}
		}
	case stockevents.Returned:
		if e.Sellable {
			return []string{Tag(e.SKU)}
		}
	case stockevents.Released:
		return []string{Tag(e.SKU)}
	case stockevents.Shipped: // perhaps from where orders are not shipped from, and what it was promised stays
		if len(e.From) > 0 {
			return []string{Tag(e.SKU)}
		}
	case stockevents.Moved: // to where orders are shipped from, perhaps
		return []string{Tag(e.SKU)}
	case stockevents.Bundled: // what they wait for is something else now
		return []string{Tag(e.SKU)}
	case stockevents.BackorderFirst:
		return []string{Tag(e.SKU)}
	case stockevents.BackorderLeft:
		if !e.Served {
			return []string{Tag(e.SKU)}
		}
	}
	return nil
}

// Case is an order that asks for its stock.
type Case struct {
	Workspace string
	Order     orders.State
	Attempt   int
	Demand    map[string]int64
	Stocks    map[string]inventory.State // of every SKU of Demand
}

func (c Case) turn() waiting.Turn {
	return waiting.Turn{Order: c.Order.Placed.Order, Attempt: c.Attempt, Placed: c.Order.Placed.Created}
}

// Reserve promises the order all its units in its turn, or says what is short.
func (c Case) Reserve() ([]eventlog.Decided, []inventory.Short) {
	return inventory.InTurn(c.Workspace, c.turn(), c.Demand, c.Stocks)
}

// Explode has the order ask for what its bundles are made of by now, in whose queues it waits then; nil when it has none.
func (c Case) Explode() *flow.Verdict {
	e := bundles.Explode(c.Order, c.Demand, c.Stocks)
	if e == nil {
		return nil
	}
	made := map[string]inventory.State{}
	for _, b := range e.Bundles {
		made[b.SKU] = c.Stocks[b.SKU]
	}
	left := inventory.Leave(c.Workspace, e.Order, "It has become a bundle.", made)
	again := flow.Again(eventlog.Decided{Stream: orderevents.Stream(c.Workspace, e.Order), Events: []eventlog.Event{*e}}).With(left...)
	return &again
}

// waits says that an order waits in its turn.
func (c Case) waits(in flow.Input) bool {
	waits := in.Flow.Phase == flow.Waits && in.Flow.Waiting.Code == WaitTurn
	for _, s := range c.Stocks {
		_, queued := s.Queue.Find(in.ID)
		waits = waits || queued
	}
	return waits
}

// Rest is what the flow of an order does that holds a part of what it takes, and for the rest of which there is not enough stock: it
// waits in its turn for so many more, or is held. Its channel is not asked to cancel it, whatever is set: what it holds can be sent.
func (c Case) Rest(in flow.Input, short []inventory.Short, more map[string]int64) flow.Verdict {
	if settings := flow.State[Settings](in, events.Stream(c.Workspace)); c.waits(in) || settings.path(short) == Backorder {
		c.Demand = more
		return c.turnOrHeld(in, short)
	}
	return flow.Wait(WaitHeld, "The channel lists more units in this order than it holds. "+lacks(short)+
		" The order keeps what it has. Receive stock, then retry; or take those units out at the channel.", time.Time{}, tags(short)...)
}

// Missing is what the flow of an order does that there is not enough stock for. The settings are among the streams of in.
func (c Case) Missing(in flow.Input, short []inventory.Short) flow.Verdict {
	switch settings := flow.State[Settings](in, events.Stream(c.Workspace)); {
	case c.waits(in):
		return c.queue(short)
	case settings.path(short) == Backorder:
		return c.turnOrHeld(in, short)
	case settings.path(short) == Cancel:
		return c.cancel(short)
	}
	return hold(short, " The order holds nothing until it can have all of it. Receive stock, then retry.")
}

func hold(short []inventory.Short, what string) flow.Verdict {
	return flow.Wait(WaitHeld, lacks(short)+what, time.Time{}, tags(short)...)
}

// turnOrHeld has an order wait in its turn, but for one that is held for want of the same SKUs, as after a person has taken it out of the
// queue: it is held until they retry it.
func (c Case) turnOrHeld(in flow.Input, short []inventory.Short) flow.Verdict {
	if w := in.Flow.Waiting; in.Flow.Phase == flow.Waits && w.Code == WaitHeld && slices.Equal(w.For, tags(short)) {
		return flow.Wait(w.Code, w.Sentence, w.Until, w.For...)
	}
	return c.queue(short)
}

// queue has an order wait in its turn. The sentence names no figures: they change with every unit that comes, and nobody is told
// again for that. The order's page counts them.
func (c Case) queue(short []inventory.Short) flow.Verdict {
	var names []string
	for _, s := range short {
		names = append(names, s.SKU)
	}
	all := append(tags(short), places.Tag)
	for sku := range c.Demand {
		all = append(all, Tag(sku))
	}
	slices.Sort(all)
	return flow.Wait(WaitTurn, fmt.Sprintf("Backordered: there is not enough of %s yet. The order has its place in the queue and goes on by itself when its turn comes.", flow.Few(names, ", ")),
		time.Time{}, all...).With(inventory.Join(c.Workspace, c.turn(), c.Demand, c.Stocks)...)
}

// cancel has the channel cancel an order, once. What the channel does not cancel is held.
func (c Case) cancel(short []inventory.Short) flow.Verdict {
	o := c.Order
	asking := flow.Wait(waitChannel, lacks(short)+" As you have set it, the channel is asked to cancel this order. Nothing to do.", time.Time{}, tags(short)...)
	switch {
	case o.Status == orders.Partial, len(o.Sent()) > 0:
		return hold(short, " A part of this order has left, so it is not cancelled by itself. Cancel the rest at its channel, or receive stock, then retry.")
	case o.CancelTaken:
		return flow.Wait(waitChannel, lacks(short)+" The channel has taken our cancellation of this order. Waiting for its own news of it; nothing to do.", time.Time{}, tags(short)...)
	case o.Asked != nil && o.Asked.Action == orders.ActionCancel:
		return asking
	case o.Refused != "":
		return hold(short, fmt.Sprintf(" The channel was asked to cancel this order and did not: %s The order is held and holds nothing. Cancel it there, or receive stock, then retry.", sentence(o.Refused)))
	case o.Asked != nil:
		return hold(short, " It is to be cancelled, and another answer is on its way to the channel. Cancel it then, or receive stock and retry.")
	case slices.ContainsFunc(o.Claims, func(claim orders.Claim) bool { return claim.Kind == orders.Cancellation && claim.Awaits() }):
		return hold(short, " The buyer asks to cancel this order, too: approve that, or receive stock, then retry.")
	}
	return asking.With(eventlog.Decided{Stream: orderevents.Stream(c.Workspace, o.Placed.Order), Events: []eventlog.Event{orderevents.AnswerAsked{
		Order: o.Placed.Order, Answer: o.Answers + 1, Action: orders.ActionCancel, Reason: "out_of_stock",
	}}})
}

// lacks says what there is too little of.
func lacks(short []inventory.Short) string {
	var parts []string
	for _, s := range short {
		part := fmt.Sprintf("%s needs %d, %d available", s.SKU, s.Need, s.Available)
		if s.Ahead > 0 {
			part += fmt.Sprintf(", and %d are wanted before it", s.Ahead)
		}
		parts = append(parts, part)
	}
	return "Not enough stock: " + flow.Few(parts, "; ") + "."
}

func tags(short []inventory.Short) (tags []string) {
	for _, s := range short {
		tags = append(tags, inventory.ShortTag+s.SKU)
	}
	return tags
}

func sentence(s string) string {
	if strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}
