// Package outside is what the flow of an order asks of the world outside the log, and how the world answers.
package outside

import (
	"context"
	"errors"
	"time"

	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/money"
)

// Parcel is what the shipping desk needs to know of an order; references only.
type Parcel struct {
	Order, Connection, ChannelID string
	Packages                     []string
	Person                       string // whose key seals the label
}

// Labelled is the outcome of a label: where the file is kept and how the parcel travels.
type Labelled struct{ Label, Type, Tracking, Carrier string }

// Settle is how long a request that got no answer is left alone, and Tail the last part of a call's
// time, in which nothing may be asked for any more that has an effect.
const (
	Settle = flow.Settle
	Tail   = flow.Tail
)

// InTime ends a request early enough for it to take effect before the call's time is over.
func InTime(ctx context.Context) (context.Context, context.CancelFunc) {
	end, limited := ctx.Deadline()
	if !limited {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, end.Add(-Tail))
}

// Desk is what fulfilment asks of the world. All may run twice; again means look before acting.
type Desk interface {
	// Capture takes the money that a channel shows as reserved for an order, once. It always looks before it asks. A Trouble whose
	// Wait is for payment says that it cannot be taken; a person must see to it.
	Capture(ctx context.Context, p Parcel) error
	// Label arranges the shipment of each package and keeps its label file. A request of its own that may
	// still take effect is a Trouble that is Unsure.
	Label(ctx context.Context, p Parcel, again bool) (Labelled, error)
	// Shown says whether the channel shows the parcel as arranged.
	Shown(ctx context.Context, p Parcel) (bool, error)
}

// Trouble is a Desk's failure with what to do about it. Any other error is tried again.
type Trouble struct {
	Sentence string        // what, why and what mends it
	Wait     string        // the code of the wait that it is: no fault of the order's, however long it takes
	Person   bool          // trying again will not help
	After    time.Duration // the least pause
	Unsure   bool          // a request got no answer and may still take effect: nothing repeats it for a while
}

// Error implements error.
func (t *Trouble) Error() string { return t.Sentence }

// Buyer is a Desk that buys labels of the seller's own carriers from a partner.
type Buyer interface {
	// Buy buys one label for all of an order and keeps its file. The same key buys once, however often it is called.
	// ErrNoPartner says that nobody is asked: a person buys it. A Trouble whose Wait is for tracking says why this label is not
	// bought; one with an After is tried again by then, or when the partner is configured anew.
	Buy(ctx context.Context, p Parcel, key string) (Bought, error)
	// Void gives back the label that was bought under a key, if any was; none is bought under it afterwards.
	Void(ctx context.Context, key string) error
}

// Bought is a label that was bought. Its Carrier is a name.
type Bought struct {
	Labelled
	Service string
}

// ErrNoPartner says that no partner is there to buy labels from.
var ErrNoPartner = errors.New("outside: no partner sells labels")

// Charge is the money of an order that was entered here.
type Charge struct {
	Key    string // at most one charge is ever made under it
	Amount money.Money
	Method string // the payment partner's id, or of a link; empty = nothing was ever to be charged
	Link   string // of a link that may be open: it is ended before the money comes from elsewhere, or goes back
	NoLink string // why the buyer has no link to pay by, as a sentence; empty while they have one, or are to
}

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

// Linker is a Desk that has buyers pay by a link. Both may run twice, and look before they act.
type Linker interface {
	// MakeLink makes a link, once for its number. What the partner refuses is a sentence.
	MakeLink(ctx context.Context, p Parcel, c Charge, w LinkWish) (l PayLink, refused string, err error)
	// LookAtLink says how a link stands; with end one that is open is ended.
	LookAtLink(ctx context.Context, p Parcel, c Charge, id string, end bool) (PayLink, error)
}

// Cashier is a Desk that takes the money of orders that were entered here. Both may run twice, and look before they act.
type Cashier interface {
	// Charge takes an order's money, once. A Trouble whose Wait is for payment says that it cannot be taken.
	Charge(ctx context.Context, p Parcel, c Charge) error
	// GiveBack gives back what was taken and lets go what is only reserved; nothing can be taken under the key afterwards.
	GiveBack(ctx context.Context, p Parcel, c Charge) error
}
