package fulfilment

import (
	"time"

	"github.com/creatorflow/creatorflow/domain/backorders"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	riskevents "github.com/creatorflow/creatorflow/domain/events/risks"
	"github.com/creatorflow/creatorflow/domain/fulfilment/matching"
	"github.com/creatorflow/creatorflow/domain/fulfilment/notes"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/origin"
	"github.com/creatorflow/creatorflow/domain/risk"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// reviewing are the streams by which an order that may be sent is judged, those of the package, and the stocks of one that was
// flagged: of the others they are left alone, so that a SKU that many buy is not asked for each of them again.
func (f fulfilment) reviewing(in flow.Input) []eventlog.Fold {
	o := f.order(in)
	folds := append(f.together(in), risk.Fold(f.workspace))
	if o.Address != "" {
		folds = append(folds, risk.AddressFold(f.workspace, o.Address))
	}
	if o.Flagged != nil || o.Relisted {
		folds = append(folds, f.taking(in, o)...)
	}
	if o.Rejected() {
		folds = append(folds, f.letterFold(letterevents.TakenBack+in.ID))
	}
	return folds
}

// taking are the streams by which an order takes stock later than at first: that it was freed of, or that its channel has put into it.
func (f fulfilment) taking(in flow.Input, o orders.State) []eventlog.Fold {
	folds := append(f.stocks(in), matching.Needs(f.workspace, o)...)
	return append(folds, f.letterFold(ShortID(in.ID)), backorders.Fold(f.workspace))
}

// telling are those of an order whose label is made, and that is still here.
func (f fulfilment) telling(in flow.Input) []eventlog.Fold {
	o := f.order(in)
	if !o.Relisted || gone(o) {
		return nil
	}
	return f.taking(in, o)
}

// shipping are the stocks, and the letter of an order that was sent while its stock was free.
func (f fulfilment) shipping(in flow.Input) []eventlog.Fold {
	o, folds := f.order(in), f.origins(in)
	if o.Freed() || o.Relisted {
		return append(folds, f.taking(in, o)...)
	}
	return append(f.stocks(in), folds...)
}

// paying are the streams by which an order is judged before its money is taken.
func (f fulfilment) paying(in flow.Input) []eventlog.Fold {
	if o := f.order(in); !owing(o) && !o.Relisted {
		return nil
	}
	return f.reviewing(in)
}

// unlessHeld goes on with an order unless somebody has to decide about it first.
func (f fulfilment) unlessHeld(in flow.Input, o orders.State, on func(flow.Input, orders.State) flow.Verdict) flow.Verdict {
	switch why := o.Held(); {
	case gone(o) && (o.InReview() || why == "" && o.Rejected()): // there is nothing left to hold
	case o.InReview():
		return flow.Wait(WaitRisk, why, time.Time{}).With(f.freed(in, o)...)
	case why != "":
		return flow.Wait(WaitDecision, why, time.Time{}).With(f.freed(in, o)...)
	case o.Rejected() && leaving(o):
		return flow.Wait(WaitDecision, "You rejected this order, and the channel did not cancel it; a part of it has left. Its stock is kept. "+
			"Cancel the rest at the channel, or send it there: this order goes on by itself with the channel's news of it.", time.Time{}).With(f.freed(in, o)...)
	case o.Rejected(): // and the channel has refused to cancel it
		const reason = "It was rejected in review, and the channel did not cancel it."
		return flow.Undo(reason).With(f.opens(notes.Refused(o)))
	}
	passes := !judged(o)
	flagged, used := f.judge(in, o)
	if flagged != nil {
		return flow.Wait(WaitRisk, flagged.Sentence, time.Time{}).With(append(used, eventlog.Decided{
			Stream: orderevents.Stream(f.workspace, in.ID), Events: []eventlog.Event{*flagged},
		})...)
	}
	again, short := f.again(in, o)
	if short != nil {
		return *short
	}
	if len(again) > 0 && origin.Where(in, f.workspace).Several() { // it is decided with them where they are sent from
		return flow.Again(append(used, again...)...)
	}
	v := on(in, o).With(append(used, again...)...)
	if passes && !v.Calls() { // a call that was begun says as much
		v = v.With(eventlog.Decided{Stream: orderevents.Stream(f.workspace, in.ID), Events: []eventlog.Event{orderevents.Cleared{Order: in.ID}}})
	}
	return v
}

// Refusals of what would go around a review.
const (
	errReview   = eventlog.Refusal("This order is held for review, so its steps cannot be skipped. Approve it or reject it.")
	errRejected = eventlog.Refusal("You rejected this order, so its steps cannot be skipped. It ends by itself once the channel has answered.")
)

// MaySkip refuses to skip a step of an order that a person must review first, or has rejected, unless its parcel is out already.
func MaySkip(o orders.State) error {
	switch {
	case gone(o):
	case o.UnderReview():
		return errReview
	case o.Rejected() && o.Held() != "":
		return errRejected
	}
	return nil
}

// leaving says that an order's parcel, or a part of the order, is out of the hub's hands: units that may have left are not free.
func leaving(o orders.State) bool { return gone(o) || o.Status == orders.Partial || len(o.Sent()) > 0 }

// judged says that no rule looks at an order any more.
func judged(o orders.State) bool { return o.Flagged != nil || o.Cleared || leaving(o) }

// judge has the rules look at an order, once: when it may be sent first, and nobody sends it yet. One whose money is only reserved
// is looked at before that is taken, too, by what is known of it then.
func (f fulfilment) judge(in flow.Input, o orders.State) (flagged *orderevents.Flagged, used []eventlog.Decided) {
	asked := in.Flow.Waiting != nil && in.Flow.Waiting.Code == WaitTracking
	if judged(o) || in.Flow.Attempts > 0 || asked {
		return nil, nil
	}
	rules := flow.State[risk.State](in, riskevents.Stream(f.workspace)).Rules()
	address := flow.State[risk.Address](in, riskevents.Address(f.workspace, o.Address))
	if rules.Repeats.On && o.Address != "" && !address.Knows(in.ID) {
		used = []eventlog.Decided{{Stream: riskevents.Address(f.workspace, o.Address), Events: []eventlog.Event{
			riskevents.Used{Address: o.Address, Order: in.ID, Placed: o.Placed.Created},
		}}}
	}
	return risk.Judge(rules, risk.Order{ID: in.ID, Total: o.Total, Placed: o.Placed.Created, Mismatch: o.Mismatch}, address), used
}

// freed gives up the stock of a flagged order, where the rules say so, and takes again what is there of it once the order leaves
// all the same.
func (f fulfilment) freed(in flow.Input, o orders.State) []eventlog.Decided {
	demand, states := f.held(in)
	letter := f.letter(in, ShortID(in.ID))
	switch {
	case !o.Freed() || leaving(o) && (held(in.ID, states) > 0 || letter.known || !letter.folded):
		return nil
	case leaving(o):
		_, writes := f.take(in, secondAttempt, demand, states) // the last step notes how many
		return writes
	case !o.InReview():
		return nil
	}
	return inventory.Release(f.workspace, in.ID, firstAttempt, "Freed until the order is reviewed.", states)
}

// held is how many units an order holds.
func held(order string, states map[string]inventory.State) (n int64) {
	for _, s := range states {
		n += s.Open[inventory.Attempt{Order: order, Number: firstAttempt}] + s.Open[inventory.Attempt{Order: order, Number: secondAttempt}]
	}
	return n
}

// again takes the stock of an approved order that was freed, or what there is of one that is being sent. Without enough the order waits.
func (f fulfilment) again(in flow.Input, o orders.State) (writes []eventlog.Decided, short *flow.Verdict) {
	wanted, left := f.wants(in, secondAttempt)
	first := wanted.Explode() // what has become a bundle while it was free
	switch {
	case !o.Freed() || held(in.ID, wanted.Stocks) > 0:
		return nil, nil
	case first != nil:
		return nil, first
	case leaving(o):
		return f.freed(in, o), nil
	}
	if w := in.Flow.Waiting; in.Flow.Phase == flow.Waits && w.Code == WaitNoStock && !o.Relisted {
		still := flow.Wait(w.Code, w.Sentence, w.Until, w.For...) // held until a person retries it
		return nil, &still
	}
	writes, lacking := wanted.Reserve()
	if len(lacking) > 0 {
		none := wanted.Missing(in, lacking).With(left...)
		return nil, &none
	}
	return append(writes, left...), nil
}

// shipFreed takes what is there for an order that was sent while its stock was free.
func (f fulfilment) shipFreed(in flow.Input, demand map[string]int64, states map[string]inventory.State) flow.Verdict {
	data, writes := f.take(in, secondAttempt, demand, states)
	return flow.Done(data, f.origin(in, states).Gone(writes)...)
}
