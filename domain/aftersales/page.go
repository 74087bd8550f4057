package aftersales

import (
	"fmt"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
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
}

// ClaimView is a claim as a person reads it.
type ClaimView struct {
	orders.Claim
	Sentence string
	Arrivals []Arrival
	SKUs     map[string]string // by listing
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

// Read folds an order's records into its page.
func Read(records []eventlog.Record) Page {
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
		v := ClaimView{Claim: c, Sentence: sentence(c), SKUs: skus(s)}
		if c.Kind == orders.Return {
			v.Arrivals = arrivals[c.ClaimOpened.Claim]
		}
		v.Can = can(s, c)
		p.Claims = append(p.Claims, v)
	}
	if s.Known() && mayCancel(s, Answer{Reason: CancelReasons[0]}) == nil {
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

func sentence(c orders.Claim) string {
	switch {
	case c.State == orders.ClaimUnknown:
		return fmt.Sprintf("The channel calls this %s %q, which has no word here. Look at it on the channel.", c.Kind, c.Vendor)
	case c.Kind == orders.Cancellation:
		return ofCancellation(c)
	}
	return ofReturn(c)
}

func ofCancellation(c orders.Claim) string {
	switch c.State {
	case orders.ClaimPending:
		return "The buyer asks to cancel this order. Nothing is sent until you approve or reject it; without an answer in time the channel decides."
	case orders.ClaimApproved:
		return "The cancellation is agreed, and the channel is carrying it out."
	case orders.ClaimWithdrawn, orders.ClaimRejected:
		return "The request to cancel came to nothing, withdrawn or rejected. The order goes on."
	}
	switch c.By {
	case "buyer":
		return "The order was cancelled because the buyer asked for it."
	case "seller":
		return "The order was cancelled by you."
	}
	return "The order was cancelled by the channel."
}

func ofReturn(c orders.Claim) string {
	switch c.State {
	case orders.ClaimPending:
		switch c.Wants {
		case "refund":
			return "The buyer wants the money back and keeps the goods. Approve or reject it; without an answer in time the channel decides."
		case "replacement":
			return "The buyer wants a replacement. Approve or reject it; without an answer in time the channel decides."
		}
		return "The buyer wants to send goods back. Approve or reject it; without an answer in time the channel decides."
	case orders.ClaimAwaited:
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
	return "The return is done: the buyer has been refunded."
}
