package partners

import (
	"context"
	"time"

	"github.com/creatorflow/creatorflow/money"
)

// Charge is the money of one order, asked for under one key.
type Charge struct {
	Key    string // at most one charge is ever made under it
	Order  string // ours, told to the partner for people to read
	Amount money.Money
	Method string // the partner's id of how the buyer pays, or of a payment that the seller's own shop has begun, or of a link
	Link   string // a link by which the buyer might still pay: it is ended before the money comes from elsewhere, or goes back
}

// ByLink is the Method of a charge whose link is still to be made.
const ByLink = "link"

// Payments is who collects the buyer's money.
type Payments interface {
	// Capture takes an order's money. After a Declined nothing was taken, and the same key may be asked again, with another
	// method too. It looks at what stands under the key before it asks.
	Capture(ctx context.Context, c Charge) error
	// Refund gives back what was captured under a key, if anything was, and lets go what is only reserved. Nothing can be
	// captured under the key afterwards.
	Refund(ctx context.Context, c Charge) error
}

// The states of a Link.
const (
	LinkOpen  LinkState = "open"
	LinkPaid  LinkState = "paid"
	LinkEnded LinkState = "ended" // without a payment
)

// LinkState is where a Link stands.
type LinkState string

// Link is a page at the partner by which a buyer pays one order, once.
type Link struct {
	ID, URL string
	Until   time.Time
	State   LinkState
}

// LinkWish is which link is to be made: the order's first, second and so on, how long it is open, and the page that the buyer sees after
// paying; empty = the seller's own as the partner knows it.
type LinkWish struct {
	Number int
	Until  time.Time
	Return string
}

// Linker is a Payments that has buyers pay by a page of its own. Capture takes what they pay, and says Unpaid until they have.
type Linker interface {
	// MakeLink makes a link, once for a number, after it has ended the one before.
	MakeLink(ctx context.Context, c Charge, w LinkWish) (Link, error)
	// LookAtLink says how a link stands.
	LookAtLink(ctx context.Context, id string) (Link, error)
	// EndLink ends a link unless it was paid, and says which of the two it is.
	EndLink(ctx context.Context, c Charge, id string) (Link, error)
}
