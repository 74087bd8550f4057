package aftersales

import (
	"fmt"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// The states of an answer.
const (
	Asking  = "asking"
	Done    = "done"
	Refused = "refused"
)

// Page is what an order's page shows of its claims and answers, oldest first.
type Page struct {
	Claims  []ClaimView
	Answers []AnswerView
	Can     []string // commands about the order as a whole that would be accepted now

	CancelAt string // says where the order is cancelled, when it could be and the channel takes no cancellation from here

	Refunded money.Money // of an order that a channel sold: what went back to the buyer so far, as the channel shows it
}

// ClaimView is a claim as a person reads it.
type ClaimView struct {
	orders.Claim
	Sentence string
	Arrivals []Arrival
	SKUs     map[string]string // by listing
	Due      map[string]int64  // units of a return that can still come back, by SKU, of a bundle its components
	Can      []string          // commands that would be accepted now
}

// Arrival is units that somebody received.
type Arrival struct {
	Item
	At time.Time
	By string
}

// AnswerView is an answer as a person reads it.
type AnswerView struct {
	events.AnswerAsked
	By       string // who gave it
	At       time.Time
	State    string
	Ended    time.Time
	Sentence string
}

// Read folds an order's records into its page. Elsewhere says where the channel's orders are cancelled; empty = from here.
func Read(records []eventlog.Record, elsewhere string) Page {
	var p Page
	observing := orders.Observing()
	var s orders.State
	arrivals := map[string][]Arrival{}
	for _, r := range records {
		s = observing.Evolve(s, r.Event)
		switch e := r.Event.(type) {
		case events.ReturnReceived:
			for _, item := range e.Items {
				arrivals[e.Claim] = append(arrivals[e.Claim], Arrival{item, r.At, r.Actor})
			}
		case events.AnswerAsked:
			p.Answers = append(p.Answers, AnswerView{AnswerAsked: e, By: r.Actor, At: r.At, State: Asking})
		case events.AnswerEnded:
			p.end(e, r.At)
		}
	}
	for _, c := range s.Claims {
		v := ClaimView{Claim: c, Sentence: sentence(s, c), SKUs: s.ByListing()}
		if c.Kind == orders.Return {
			v.Arrivals, v.Due = arrivals[c.ClaimOpened.Claim], due(s, c)
		}
		v.Can = can(s, c)
		p.Claims = append(p.Claims, v)
	}
	if !s.Direct.Entered() {
		p.Refunded = s.Direct.Refunded
	}
	switch {
	case !s.Known() || mayCancel(s, Answer{Reason: CancelReasons[0]}) != nil:
	case elsewhere != "":
		p.CancelAt = elsewhere
	default:
		p.Can = []string{"cancel-order"}
	}
	return p
}

func (p *Page) end(e events.AnswerEnded, at time.Time) {
	for i := range p.Answers {
		if a := &p.Answers[i]; a.Answer == e.Answer {
			a.State, a.Ended, a.Sentence = Refused, at, e.Sentence
			if e.Done {
				a.State = Done
			}
		}
	}
}

func can(s orders.State, c orders.Claim) (commands []string) {
	a := Answer{Kind: c.Kind, Claim: c.ClaimOpened.Claim, Reason: RejectReasons[0]}
	for _, a.Action = range []string{orders.ActionApprove, orders.ActionReject} {
		if mayDecide(s, a) == nil {
			commands = append(commands, a.Action+"-"+c.Kind)
		}
	}
	if mayReceive(s, c) == nil {
		for _, left := range due(s, c) {
			if left > 0 {
				return append(commands, "receive-return")
			}
		}
	}
	return commands
}

func sentence(s orders.State, c orders.Claim) string {
	switch {
	case c.State == orders.ClaimUnknown && c.Elsewhere != "":
		return fmt.Sprintf("The channel calls this %s %q, which has no word here. Look at it at %s", c.Kind, c.Vendor, c.Elsewhere)
	case c.State == orders.ClaimUnknown:
		return fmt.Sprintf("The channel calls this %s %q, which has no word here. Look at it on the channel.", c.Kind, c.Vendor)
	case c.Kind == orders.Cancellation:
		return ofCancellation(s, c)
	case c.Elsewhere != "" && (c.Awaits() || c.State == orders.ClaimAwaited || c.State == orders.ClaimCompleted):
		return ofReturnElsewhere(s, c)
	}
	return ofReturn(s, c)
}

// ofReturnElsewhere is about a return that goes on or is done, of a channel that takes no answer to it from here: the goods are booked here, all
// else is done there.
func ofReturnElsewhere(s orders.State, c orders.Claim) string {
	left := int64(0)
	for _, n := range due(s, c) {
		left += n
	}
	switch {
	case c.State == orders.ClaimPending && c.Wants == "refund":
		return "The buyer wants the money back and keeps the goods. The channel takes no answer from here: give it at " + c.Elsewhere
	case c.State == orders.ClaimPending:
		return "The buyer wants to send goods back. The channel takes no answer from here: approve or reject it at " + c.Elsewhere
	case c.State == orders.ClaimCompleted && c.Wants == "return" && left > 0: // a buyer may be refunded before the goods are here
		return "The channel shows the return as done. What of it comes back is not on hand before you say here what came and in which condition."
	case c.State == orders.ClaimCompleted:
		return "The return is done."
	case len(c.Received) > 0 && left == 0:
		return "What came back is booked here. The channel takes no refund from here: refund the buyer at " + c.Elsewhere
	case c.State == orders.ClaimSent:
		return "The goods are back with you, as the channel shows it. Say here what came and in which condition, and refund the buyer at " + c.Elsewhere
	}
	return "The return is agreed. When the goods are here, say what came and in which condition, and refund the buyer at " + c.Elsewhere
}

// inTime says what happens where the seller does not answer, of a channel that tells until when.
func inTime(c orders.Claim) string {
	if c.DecideBy.IsZero() {
		return "."
	}
	return "; without an answer in time the channel decides."
}

func ofCancellation(s orders.State, c orders.Claim) string {
	switch c.State {
	case orders.ClaimPending:
		return "The buyer asks to cancel this order. Nothing is sent until you approve or reject it" + inTime(c)
	case orders.ClaimApproved:
		return "The cancellation is agreed, and the channel is carrying it out."
	case orders.ClaimWithdrawn, orders.ClaimRejected:
		return "The request to cancel came to nothing, withdrawn or rejected. The order goes on."
	}
	switch {
	case s.Status != orders.Cancelled:
		return "What was to be cancelled is cancelled at the channel. The order goes on with the rest."
	case c.By == "buyer":
		return "The order was cancelled because the buyer asked for it."
	case c.By == "seller":
		return "The order was cancelled by you."
	}
	return "The order was cancelled by the channel."
}

func ofReturn(s orders.State, c orders.Claim) string {
	switch c.State {
	case orders.ClaimPending:
		switch c.Wants {
		case "refund":
			return "The buyer wants the money back and keeps the goods. Approve or reject it" + inTime(c)
		case "replacement":
			return "The buyer wants a replacement. Approve or reject it" + inTime(c)
		}
		return "The buyer wants to send goods back. Approve or reject it" + inTime(c)
	case orders.ClaimAwaited:
		if c.Untracked {
			return "The return is agreed. When the goods are here, say what came and in which condition, which has the channel refund the buyer, or reject what came."
		}
		return "The return is agreed. Waiting for the buyer to send the goods; nothing to do."
	case orders.ClaimSent:
		return "The goods are on their way back. When they are here, say what came and in which condition, which has the channel refund the buyer, or reject what came."
	case orders.ClaimRejected:
		return "The return was rejected."
	case orders.ClaimWithdrawn:
		return "The buyer took the return back."
	case orders.ClaimApproved:
		return "The return is agreed, and the channel is refunding the buyer."
	}
	if c.Wants == "replacement" {
		return "The replacement is agreed. Send it; the channel does not make an order of it here."
	}
	switch {
	case c.By == "seller" && c.Wants == "refund":
		return "Money went back to the buyer for this at the channel. The hub counts nothing of it as back; should goods come, adjust the stock."
	case c.By == "seller" && s.Status == orders.Cancelled:
		return "The goods came back and the buyer was refunded, both at the channel. The order was cancelled: where its units had left, a letter asks what became of them."
	case c.By == "seller":
		return "The goods came back and the buyer was refunded, both at the channel. What was put back on sale there is on hand here too."
	case c.Untracked:
		return "The return is done."
	}
	return "The return is done: the buyer has been refunded."
}
