// Package direct is the part of an order's state that only an order has which was entered here: how it is paid, and what the
// payment partner shows of that.
package direct

import (
	"maps"
	"slices"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// State is that part; zero of an order that a channel sold.
type State struct {
	events.Direct
	Card     string            // the method that was last to be charged; empty = none ever was
	Named    int               // how often it was said anew how the order is paid, and the partner's news that may end a wait
	Status   string            // that was shown last, in the partner's word; empty = none since it was said anew how the order is paid
	Shown    map[string]string // by payment: the status that was shown of it last
	Refunded money.Money
	Link     Link
	Disputes []events.Disputed // as they stand, in the order in which they were heard of
}

// Entered says that the order was entered here.
func (s State) Entered() bool { return s.Pay != "" }

// byLink is what is to be charged while a link is made.
const byLink = "link"

// Link is the last link that the buyer was to have; the zero Link when there was none.
type Link struct {
	Number       int
	Session, URL string // empty while it is made
	Until        time.Time
	Return       string
	State        string // empty until it ended, or could not be made
	Sentence     string // of that
	before       string // the one that this one takes the place of
}

// Open is a link by which the buyer might still pay; empty when there is none.
func (l Link) Open() string {
	if l.Session == "" {
		return l.before
	}
	return l.Session
}

// NoLink says why a buyer who is to pay by a link has none, and what to do; empty while they have one, or are to.
func (s State) NoLink() string {
	switch {
	case s.Pay != events.PayLink || s.Link.State == "":
		return ""
	case s.Link.State == events.LinkExpired: // with which the order was to be cancelled
		return "The payment link ended, and the order could not be cancelled with it. Cancel it, send another link, or name another payment."
	}
	return s.Link.Sentence
}

// Evolve folds one event.
func Evolve(s State, e eventlog.Event) State {
	switch e := e.(type) {
	case events.Placed:
		s = s.paidBy(e.Direct)
	case events.PaymentNamed:
		s = s.paidBy(e.Direct)
		s.Named++
	case events.PaymentLinkAsked:
		s.Direct, s.Card, s.Status = events.Direct{Pay: events.PayLink}, byLink, ""
		s.Link = Link{Number: e.Link, Until: e.Until, Return: e.Return, before: s.Link.Open()}
		s.Named++
	case events.PaymentLinkMade:
		if e.Link != s.Link.Number {
			break
		}
		s.Link.Session, s.Link.URL, s.Link.Until = e.Session, e.URL, e.Until
		if s.Pay == events.PayLink {
			s.Method, s.Card = e.Session, e.Session
			s.Named++
		}
	case events.PaymentLinkEnded:
		if e.Link == s.Link.Number {
			s.Link.State, s.Link.Sentence = e.State, e.Sentence
		}
	case events.PaymentShown:
		s.Status, s.Shown = e.Status, maps.Clone(s.Shown)
		if s.Shown == nil {
			s.Shown = map[string]string{}
		}
		s.Shown[e.Payment] = e.Status
		s.Named++
	case events.Refunded:
		s.Refunded = e.Total
	case events.Disputed:
		s.Disputes = slices.Clone(s.Disputes)
		if i := slices.IndexFunc(s.Disputes, func(d events.Disputed) bool { return d.Dispute == e.Dispute }); i >= 0 {
			s.Disputes[i] = e
		} else {
			s.Disputes = append(s.Disputes, e)
		}
	}
	return s
}

func (s State) paidBy(d events.Direct) State {
	switch s.Direct = d; d.Pay {
	case events.PayCard:
		s.Card = d.Method
	case events.PayLink:
		s.Card = byLink
	}
	return s
}
