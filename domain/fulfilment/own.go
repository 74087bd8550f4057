package fulfilment

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	labelevents "github.com/creatorflow/creatorflow/domain/events/labels"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment/notes"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/labels"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/origin"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

func togetherTag(order string) string { return "together:" + order }

// together are the other orders in the package.
func (f fulfilment) together(in flow.Input) (folds []eventlog.Fold) {
	for _, id := range f.order(in).Together {
		if id != in.ID {
			folds = append(folds, orders.Fold(f.workspace, id))
		}
	}
	return folds
}

// readyToSend lets an order's label be made that nothing holds.
func (f fulfilment) readyToSend(in flow.Input, o orders.State) flow.Verdict {
	leader := f.leader(in, o)
	for _, id := range o.Together {
		if id == in.ID || leader != in.ID {
			continue
		}
		other := flow.State[orders.State](in, orderevents.Stream(f.workspace, id))
		if code, why := keeps(o, other); why != "" {
			return flow.Wait(code, fmt.Sprintf("Order %s, which travels in this package, %s", strings.TrimPrefix(id, o.Placed.Connection+":"), why), time.Time{}, togetherTag(id))
		}
	}
	switch {
	case o.Repacking():
		return flow.Wait(WaitChannel, "The channel is being asked to split or combine packages of this order. Nothing is sent meanwhile; it goes on by itself.", time.Time{})
	case leader != in.ID && o.Status != orders.Arranged:
		return flow.Wait(WaitChannel, fmt.Sprintf(
			"This order travels in one package with order %s, with which it is sent. It goes on by itself; nothing to do.", strings.TrimPrefix(leader, o.Placed.Connection+":")),
			time.Time{}, togetherTag(leader))
	case !o.Placed.SellerShips:
		return flow.Go()
	case o.Status == orders.Arranged:
		return flow.Skip("The channel shows the parcel as sent already.")
	}
	left := o.Unpacked()
	if len(left) == 0 {
		return flow.Done(carried(o))
	}
	if partner := flow.State[labels.State](in, labelevents.Stream(f.workspace)); len(o.Parcels) == 0 && partner.Buys() {
		return partner.Next(in.Flow, WaitTracking)
	}
	return wantsTracking(o, left)
}

// keeps says why another order in the package keeps its leader from being sent; empty when it does not. A package that is out
// already is kept by no review.
func keeps(leader, other orders.State) (code, why string) {
	switch held := other.Held(); {
	case other.Status == orders.Cancelled, gone(leader) && other.InReview():
		return "", ""
	case held != "":
		return WaitDecision, "is held. " + held
	case gone(leader), gone(other):
		return "", ""
	case other.Rejected():
		return WaitDecision, "was rejected in review, and the channel did not cancel it. Cancel it there, and this order goes on by itself; " +
			"or split the package there and send this order there."
	case !judged(other):
		return WaitChannel, "may not be sent yet; its own page says what it waits for. This order goes on by itself then. If it shall not wait, " +
			"split the package at the channel and send this order there."
	}
	return "", ""
}

// leader is the order whose flow sends the package: the first that is not cancelled.
func (f fulfilment) leader(in flow.Input, o orders.State) string {
	for _, id := range o.Together {
		if id == in.ID || flow.State[orders.State](in, orderevents.Stream(f.workspace, id)).Status != orders.Cancelled {
			return id
		}
	}
	return in.ID
}

// carried names the numbers of an order's parcels, and their carriers.
func carried(o orders.State) map[string]string {
	var numbers, carriers []string
	for _, p := range o.Parcels {
		numbers = append(numbers, p.Tracking)
		if !slices.Contains(carriers, p.CarrierName) {
			carriers = append(carriers, p.CarrierName)
		}
	}
	return map[string]string{"tracking": strings.Join(numbers, ", "), "carrier": strings.Join(carriers, ", ")}
}

func wantsTracking(o orders.State, left []orderevents.ParcelItem) flow.Verdict {
	if len(o.Parcels) == 0 {
		return flow.Wait(WaitTracking, "Your own carrier takes this order. Buy a label with your carrier, then enter its number.", time.Time{})
	}
	var n, all int64
	for _, item := range left {
		n += item.Quantity
	}
	for _, line := range o.Lines {
		all += line.Quantity
	}
	return flow.Wait(WaitTracking, fmt.Sprintf(
		"%d of %s are in no parcel yet. Buy a label for them with your carrier, then enter its number.", n, notes.Units(all)), time.Time{})
}

// told closes the step once the channel knows every parcel.
func told(o orders.State) flow.Verdict {
	if left := o.Unpacked(); len(left) > 0 { // the channel has refused one
		return wantsTracking(o, left)
	}
	if slices.ContainsFunc(o.Parcels, func(p orders.Parcel) bool { return !p.Told }) {
		return flow.Wait(WaitChannel, "The channel is being told which carrier has the parcel. The order goes on by itself.", time.Time{})
	}
	return flow.Done(nil)
}

// releaseRest frees what a cancelled order holds, but for the units in parcels: they may be on their way, and only a person can
// say whether they are.
func (f fulfilment) releaseRest(in flow.Input, o orders.State, states map[string]inventory.State) flow.Verdict {
	sent, attempt := o.Sent(), Holding(in.ID, states)
	var writes []eventlog.Decided
	for _, sku := range slices.Sorted(maps.Keys(states)) {
		one := map[string]inventory.State{sku: states[sku]}
		held := states[sku].Open[inventory.Attempt{Order: in.ID, Number: attempt}]
		if sent[sku] == 0 || held == 0 {
			writes = append(writes, inventory.Release(f.workspace, in.ID, attempt, in.Flow.Reason, one)...)
			continue
		}
		left := inventory.Ship(f.workspace, in.ID, attempt, one)
		rest := origin.Unsent(left[0].Events[0].(stockevents.Shipped), sent[sku], "Never sent: the order was cancelled.")
		left[0].Events = append(left[0].Events, rest...)
		writes = append(writes, left...)
	}
	if l := f.letter(in, ReturnID(in.ID)); l.folded && !l.known {
		writes = append(writes, f.opens(letterevents.Opened{
			Letter: ReturnID(in.ID), Connection: o.Placed.Connection, Subject: in.ID, Field: "stock",
			Reason: fmt.Sprintf("The order was cancelled on the channel after parcels of it were entered, and %s of it left the stock. "+
				"If they were not collected, put them back; if they are on their way, discard this.", notes.Units(notes.Sum(sent))),
		}))
	}
	return flow.Done(nil, writes...)
}
