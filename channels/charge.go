package channels

import (
	"context"
	"iter"
	"time"

	"github.com/creatorflow/creatorflow/money"
)

// Charge is the money of an order that was entered at the hub.
type Charge struct {
	Key    string // at most one charge is ever made under it
	Order  string // its number, for people to read at the payment partner
	Amount money.Money
	Method string // the payment partner's id of how the buyer pays, or of a link
	Link   string // a link that may be open: it is ended before the money comes from elsewhere, or goes back
}

// ByLink is the Method of a charge whose link is still to be made.
const ByLink = "link"

// CodeUnpaid is the Code of an Awaited failure: the buyer has a link, and has not paid by it.
const CodeUnpaid = "unpaid_link"

// PayLink is a page at the payment partner by which a buyer pays one order, once.
type PayLink struct {
	ID, URL    string
	Until      time.Time
	Open, Paid bool // neither = it ended unpaid
}

// LinkWish is which link is to be made: its number among the order's, how long it is open, and the page that the buyer sees after paying.
type LinkWish struct {
	Number int
	Until  time.Time
	Return string
}

// Linker is a Charger that has buyers pay by a page of the payment partner's.
type Linker interface {
	// MakeLink makes a link, once for its number, after it has ended the one before. Rejected when none can be made, with the reason.
	MakeLink(ctx context.Context, c Charge, w LinkWish) (PayLink, error)
	// LookAtLink says how a link stands; with end one that is open is ended.
	LookAtLink(ctx context.Context, c Charge, id string, end bool) (PayLink, error)
}

// Charger is a Connector by which the hub itself takes the money of orders that no channel sold. Both look before they act, so
// that a repeat does nothing twice.
type Charger interface {
	// Charge takes an order's money. Rejected when it cannot be taken, with the bank's words as its Message; Awaited while the
	// bank has not decided.
	Charge(ctx context.Context, c Charge) error
	// GiveBack gives back what was taken and lets go what is only reserved. Nothing can be taken under the key afterwards.
	GiveBack(ctx context.Context, c Charge) error
}

// Statement is a Charger that can be held against the hub's own book.
type Statement interface {
	// Payments goes through all payments of this connection's orders that were begun within a time, the newest first.
	Payments(ctx context.Context, from, until time.Time) iter.Seq2[Payment, error]
	// PaymentsOf reads those of one order, named by its charge's key.
	PaymentsOf(ctx context.Context, key string) ([]Payment, error)
	// Charges says whether there is an account to charge cards by.
	Charges() bool
}

// Payment is what the payment partner shows of an order's money. It is all that is known there of the order.
type Payment struct {
	ID       string // the partner's
	Order    string // its number
	Status   string // the partner's word
	Moved    bool   // reserved, taken, or never to be had any more
	Amount   money.Money
	Reserved bool // by the bank, and not taken
	Taken    money.Money
	Refunded money.Money
	Disputes []Dispute
}

// Dispute is a buyer who asks their bank for the money.
type Dispute struct {
	ID, Status, Reason string // the partner's words
	Amount             money.Money
}
