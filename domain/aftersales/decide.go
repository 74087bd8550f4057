// Package aftersales is what a seller does about cancellations and returns: cancels an order, says yes or no to what a buyer
// asks for, receives what comes back.
//
//	command ─► Answering ─► order.answer_asked ─► flow "answer": tell the channel, note what became of it ─► order.answer_ended
//	command ─► Receive   ─► order.return_received, the stock ledger, and the same flow, which has the channel refund
//
// What the channel then shows comes back as any news of it does. An order has one answer on its way at a time.
package aftersales

import (
	"fmt"
	"slices"
	"strings"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/orders/demand"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Why an order is cancelled, and why a claim is rejected.
var (
	CancelReasons = []string{"out_of_stock", "wrong_price", "undeliverable", "buyer_asked"}
	RejectReasons = []string{"packed", "not_eligible", "agreed_otherwise", "not_as_sent"}
)

// Rules' answers.
const (
	ErrOnItsWay  = eventlog.Refusal("An answer for this order is on its way to the channel. Wait until the channel has taken it.")
	ErrCancelled = eventlog.Refusal("The order is cancelled already.")
	ErrTaken     = eventlog.Refusal("The channel has taken a cancellation of this order already.")
	ErrGone      = eventlog.Refusal("The parcel has left, so the order cannot be cancelled any more. The buyer can ask for a return.")
	ErrAsked     = eventlog.Refusal("The buyer asks for this cancellation: approve that.")
	ErrNoClaim   = eventlog.Refusal("The order has no such cancellation or return.")
	ErrGoods     = eventlog.Refusal("The goods come back: say what came and in which condition, which approves the return, or reject it.")
	ErrNotGoods  = eventlog.Refusal("No goods come back with this, so there is nothing to receive.")
	ErrReason    = eventlog.Refusal("Say why, with one of the reasons that the command names.")
	ErrNothing   = eventlog.Refusal("Say of at least one SKU how many units came back.")
	ErrUnmatched = eventlog.Refusal("The order's listings are not mapped to SKUs yet. Map them, then receive the return.")
)

// Answer is what a seller wants the channel told.
type Answer struct {
	Order  string
	Action string // orders.ActionCancel, ActionApprove, ActionReject
	Kind   string // of the claim
	Claim  string
	Reason string
}

// Answering asks for an answer to be carried to the channel.
func Answering() eventlog.Decider[orders.State, Answer] {
	observing := orders.Observing()
	return eventlog.Decider[orders.State, Answer]{Name: observing.Name, Evolve: observing.Evolve, Decide: answer}
}

func answer(s orders.State, a Answer) ([]eventlog.Event, error) {
	if !s.Known() {
		return nil, orders.ErrNoOrder
	}
	var err error
	if a.Action == orders.ActionCancel {
		err = mayCancel(s, a)
	} else {
		err = mayDecide(s, a)
	}
	if err != nil {
		return nil, err
	}
	return []eventlog.Event{asked(s, a)}, nil
}

func asked(s orders.State, a Answer) events.AnswerAsked {
	c, _ := s.Claim(a.Kind, a.Claim)
	return events.AnswerAsked{
		Order: s.Placed.Order, Answer: s.Answers + 1, Action: a.Action, Kind: a.Kind, Claim: a.Claim, State: c.State, Reason: a.Reason,
	}
}

// ReasonUnpaid is why the hub itself cancels an order that was entered here: its buyer has not paid in time.
const ReasonUnpaid = "not_paid"

// mayCancel refuses what no channel does. The rest is the channel's to say: after shipping is arranged some markets cancel.
func mayCancel(s orders.State, a Answer) error {
	switch {
	case !slices.Contains(CancelReasons, a.Reason) && (a.Reason != ReasonUnpaid || !s.Direct.Entered() || s.Paid):
		return ErrReason
	case s.Status == orders.Cancelled:
		return ErrCancelled
	case s.Asked != nil:
		return ErrOnItsWay
	case s.CancelTaken:
		return ErrTaken
	case s.Status == orders.Transit, s.Status == orders.Delivered, s.Status == orders.Completed:
		return ErrGone
	case slices.ContainsFunc(s.Claims, func(c orders.Claim) bool { return c.Kind == orders.Cancellation && c.Awaits() }):
		return ErrAsked
	}
	return nil
}

func mayDecide(s orders.State, a Answer) error {
	c, found := s.Claim(a.Kind, a.Claim)
	switch {
	case !found:
		return ErrNoClaim
	case c.Elsewhere != "":
		return eventlog.Refusal(fmt.Sprintf("The channel takes no answer to this %s from here. Give it at %s", c.Kind, c.Elsewhere))
	case a.Action == orders.ActionReject && !slices.Contains(RejectReasons, a.Reason):
		return ErrReason
	case s.Asked != nil:
		return ErrOnItsWay
	case a.Action == orders.ActionApprove && mustLook(s, c):
		return ErrGoods
	case !c.Awaits() && !settles(c):
		return eventlog.Refusal(fmt.Sprintf("The channel shows this %s as %s (%q), so there is nothing to decide.", c.Kind, Words(c.State), c.Vendor))
	}
	return nil
}

// mustLook says that a return is approved by receiving its goods. Not when they were received and the channel did not take the
// approval, nor when they were never in the stock's books.
func mustLook(s orders.State, c orders.Claim) bool {
	return settles(c) && len(c.Received) == 0 && !fulfilment.Untouched(s.Placed)
}

// settles says that what the seller finds when the goods of a return come is their answer to it: the channel refunds the buyer with
// that, if it takes answers from here. Where a channel does not tell that the goods are under way, they may come as soon as the return
// is agreed.
func settles(c orders.Claim) bool {
	return c.Elsewhere == "" && (c.State == orders.ClaimSent || c.State == orders.ClaimAwaited && c.Untracked)
}

// Words says a claim's state as a person does.
func Words(state string) string {
	switch state {
	case orders.ClaimPending:
		return "waiting for your answer"
	case orders.ClaimAwaited:
		return "agreed, waiting for the buyer's parcel"
	case orders.ClaimSent:
		return "on its way back to you"
	case orders.ClaimUnknown:
		return "something that has no word here"
	}
	return state
}

// Item is units of a SKU that came back in one condition.
type Item = events.ReturnedItem

// Receive takes in what of a return came back: sellable units are on hand again, damaged ones are noted. A return that waits
// for the seller to look at the goods is approved with it. Stocks hold every SKU of the order.
func Receive(workspace, order, claim string, items []Item, s orders.State, stocks map[string]inventory.State) ([]eventlog.Decided, error) {
	if !s.Known() {
		return nil, orders.ErrNoOrder
	}
	c, found := s.Claim(orders.Return, claim)
	if !found {
		return nil, ErrNoClaim
	}
	if err := mayReceive(s, c); err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, ErrNothing
	}
	left := due(s, c)
	var writes []eventlog.Decided
	for _, item := range items {
		of, known := left[item.SKU]
		switch {
		case !known:
			return nil, eventlog.Refusal(fmt.Sprintf("The SKU %s is not part of this return.", item.SKU))
		case item.Quantity < 1:
			return nil, ErrNothing
		case item.Quantity > of:
			return nil, eventlog.Refusal(fmt.Sprintf("Of %s only %d can still come back with this return, not %d.", item.SKU, of, item.Quantity))
		}
		left[item.SKU] -= item.Quantity
		back, err := inventory.Returning().Decide(stocks[item.SKU], inventory.Return{
			SKU: item.SKU, Order: order, Quantity: item.Quantity, Sellable: item.Sellable, Reason: condition(item.Sellable),
		})
		if err != nil {
			return nil, err
		}
		state := stocks[item.SKU]
		for _, e := range back {
			state = inventory.Returning().Evolve(state, e)
		}
		stocks[item.SKU] = state
		writes = append(writes, eventlog.Decided{Stream: stockevents.Stream(workspace, item.SKU), Events: back})
	}
	own := []eventlog.Event{events.ReturnReceived{Order: order, Claim: claim, Items: items}}
	if settles(c) {
		own = append(own, asked(s, Answer{Action: orders.ActionApprove, Kind: orders.Return, Claim: claim}))
	}
	return append([]eventlog.Decided{{Stream: events.Stream(workspace, order), Events: own}}, merged(writes)...), nil
}

func mayReceive(s orders.State, c orders.Claim) error {
	switch {
	case c.Kind != orders.Return:
		return ErrNoClaim
	case c.State == orders.ClaimPending, c.State == orders.ClaimRejected, c.State == orders.ClaimWithdrawn:
		return eventlog.Refusal(fmt.Sprintf("The channel shows this return as %s (%q). Only what was agreed to come back can be received.", Words(c.State), c.Vendor))
	case c.Wants != "return":
		return ErrNotGoods
	case settles(c) && s.Asked != nil:
		return ErrOnItsWay
	case len(s.SKUs) == 0:
		return ErrUnmatched
	}
	return nil
}

func condition(sellable bool) string {
	if sellable {
		return "Returned by the buyer."
	}
	return "Returned by the buyer, damaged."
}

// due is how many units of each SKU of a return have not come back yet: with it, with another return of the order, or because
// they had never left.
func due(s orders.State, c orders.Claim) map[string]int64 {
	skus := s.ByListing()
	left := map[string]int64{}
	for _, line := range c.Lines {
		if sku := skus[line.Listing]; sku != "" {
			left[sku] += line.Quantity
		}
	}
	left = demand.Units(left, s.Bundles)
	for _, item := range c.Received {
		left[item.SKU] -= item.Quantity
	}
	out := map[string]int64{}
	for _, need := range s.Demand() {
		out[need.SKU] = need.Quantity
	}
	for sku, back := range s.Back() {
		out[sku] -= back
	}
	for sku := range left {
		left[sku] = min(left[sku], out[sku])
	}
	return left
}

// merged writes once to each stream.
func merged(writes []eventlog.Decided) (out []eventlog.Decided) {
	for _, w := range writes {
		i := slices.IndexFunc(out, func(o eventlog.Decided) bool { return o.Stream == w.Stream })
		if i < 0 {
			out = append(out, w)
			continue
		}
		out[i].Events = append(out[i].Events, w.Events...)
	}
	return out
}

// FlowID is the id of the flow that carries an order's n-th answer.
func FlowID(order string, n int64) string { return fmt.Sprintf("%s/%d", order, n) }

// OrderOf is the order of a flow of answers; false for an id that is none of these flows'.
func OrderOf(flow string) (order string, ok bool) {
	at := strings.LastIndexByte(flow, '/')
	if at < 0 {
		return "", false
	}
	return flow[:at], true
}
