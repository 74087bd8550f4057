// Package payments makes the part of an order's body that is about how an order is paid that was entered here.
//
//	records of the order ─► domain/direct's state ─► Payment
package payments

import (
	"time"

	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// Payment is that part of the body.
type Payment struct {
	Pay      string       `json:"pay" enum:"card,link,elsewhere"`
	Method   string       `json:"method" doc:"the payment partner's id; empty when it is paid elsewhere, and while a link is made"`
	Link     *Link        `json:"link" doc:"the last link that the buyer was to have to pay by; null when there was none"`
	Paid     bool         `json:"paid"`
	Refunded *money.Money `json:"refunded" doc:"what has gone back to the buyer; null while nothing has"`
	Disputes []string     `json:"disputes" doc:"a sentence for each: a buyer asks their bank for the money, or what became of that"`
	Can      []string     `json:"can" doc:"commands about the payment that would be accepted now"`
}

// Link is a page of the payment partner's by which the buyer pays.
type Link struct {
	Number   int       `json:"number"`
	State    string    `json:"state" enum:"making,open,paid,expired,refused,closed" doc:"closed: the order is paid by other means, or cancelled"`
	URL      string    `json:"url" doc:"for the buyer; empty unless it is open"`
	Until    time.Time `json:"until"`
	Sentence string    `json:"sentence" doc:"why it ended or could not be made, and what to do; else empty"`
}

func link(o orders.State) *Link {
	at := o.Direct.Link
	if at.Number == 0 {
		return nil
	}
	l := &Link{Number: at.Number, State: at.State, Until: at.Until, Sentence: at.Sentence}
	switch {
	case o.Paid && o.Direct.Pay == orderevents.PayLink: // by the one before, where this one was not made any more
		l.State, l.Sentence = "paid", ""
	case l.State != "":
	case o.Paid, o.Direct.Pay != orderevents.PayLink, o.Status == orders.Cancelled, o.Asked != nil, o.CancelTaken:
		l.State = "closed"
	case at.URL == "":
		l.State = "making"
	default:
		l.State, l.URL = "open", at.URL
	}
	return l
}

// Read folds an order's records; nil for an order that a channel sold.
func Read(workspace, id string, records []eventlog.Record) *Payment {
	fold := orders.Fold(workspace, id)
	state := fold.Zero()
	for _, r := range records {
		state = fold.Evolve(state, r.Event)
	}
	o := state.(orders.State)
	if !o.Direct.Entered() {
		return nil
	}
	p := &Payment{Pay: o.Direct.Pay, Method: o.Direct.Method, Paid: o.Paid, Link: link(o), Disputes: []string{}, Can: []string{}}
	if o.Direct.Refunded.Minor > 0 {
		p.Refunded = &o.Direct.Refunded
	}
	for _, d := range o.Direct.Disputes {
		p.Disputes = append(p.Disputes, d.Sentence)
	}
	if !o.Paid && o.Status != orders.Cancelled && o.Asked == nil && !o.CancelTaken {
		p.Can = append(p.Can, "pay-order", "send-payment-link")
	}
	return p
}
