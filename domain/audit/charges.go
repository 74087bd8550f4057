package audit

import (
	"fmt"
	"maps"
	"slices"
	"time"

	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// Charge is what the log says of the money of one order that was entered here.
type Charge struct {
	Order     string // empty when the log does not know it
	Total     money.Money
	Placed    time.Time
	Last      time.Time // of its last event
	Card      string    // the method that was last to be charged; empty = none ever was
	Elsewhere bool      // it is paid by other means, as was said last
	Paid      bool
	Cancelled bool
	Refunded  int64             // minor units
	Disputes  map[string]string // the partner's words by its ids
}

// ChargeOf reads that from an order's records.
func ChargeOf(records []eventlog.Record) Charge {
	c := Charge{Disputes: map[string]string{}}
	named := func(d orderevents.Direct) {
		c.Elsewhere = d.Pay == orderevents.PayElsewhere
		switch d.Pay {
		case orderevents.PayCard:
			c.Card = d.Method
		case orderevents.PayLink:
			c.Card = d.Pay
		}
	}
	for _, r := range records {
		c.Last = r.At
		switch e := r.Event.(type) {
		case orderevents.Placed:
			if e.Direct.Pay == "" {
				return Charge{}
			}
			c.Order, c.Total, c.Placed = e.Order, e.Total, r.At
			named(e.Direct)
		case orderevents.PaymentNamed:
			named(e.Direct)
		case orderevents.PaymentLinkAsked:
			named(orderevents.Direct{Pay: orderevents.PayLink})
		case orderevents.PaymentCompleted:
			c.Paid = true
		case orderevents.Refunded:
			c.Refunded = e.Total.Minor
		case orderevents.Disputed:
			c.Disputes[e.Dispute] = e.Status
		case orderevents.Cancelled:
			c.Cancelled = true
		}
	}
	return c
}

// Owes says that the payment partner must have taken the order's money.
func (c Charge) Owes() bool { return c.Paid && c.Card != "" && !c.Elsewhere }

// Shown is a payment of the order as the payment partner shows it.
type Shown struct {
	ID       string // the partner's
	Amount   money.Money
	Reserved bool  // by the bank, and not taken
	Taken    int64 // minor units
	Refunded int64
	Disputes map[string]string // the partner's words by its ids
}

// Differ says in what an order's money stands otherwise at the payment partner than in the log, each with what to do.
func Differ(c Charge, shown []Shown) (differences []string) {
	say := func(format string, args ...any) { differences = append(differences, fmt.Sprintf(format, args...)) }
	amount := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: c.Total.Currency} }
	var charged []Shown
	for _, s := range shown {
		switch {
		case s.Taken > s.Refunded && c.Order == "":
			say("%s stands taken by %s, and no such order is known here. If a copy of the data was put back, enter the order anew; else give the money back at the payment partner.",
				money.Money{Minor: s.Taken - s.Refunded, Currency: s.Amount.Currency}, s.ID)
		case s.Reserved && (c.Order == "" || c.Cancelled || c.Elsewhere || c.Paid):
			say("%s is reserved by %s, and this order takes nothing more. Cancel that payment at the payment partner.", s.Amount, s.ID)
		}
		if s.Taken > 0 {
			charged = append(charged, s)
		}
	}
	if c.Order == "" {
		return differences
	}
	taken, refunded := int64(0), int64(0)
	for _, s := range charged {
		if s.Amount.Currency != c.Total.Currency {
			say("%s was taken by %s, and the order is in %s. Give it back at the payment partner and have the order paid anew.", s.Amount, s.ID, c.Total.Currency)
			return differences
		}
		taken, refunded = taken+s.Taken, refunded+s.Refunded
	}
	switch stands := taken - refunded; {
	case c.Owes() && taken == 0:
		say("The order is paid by card here, and the payment partner shows no payment of it. Look at the payment there before the parcel goes; if it is of another account, connect that one again.")
	case c.Cancelled && stands > 0:
		say("The order is cancelled here, and %s of it was not given back. Give it back at the payment partner.", amount(stands))
	case c.Cancelled:
	case c.Elsewhere && stands > 0:
		say("The order was paid elsewhere, and %s stands taken by card as well. Give it back at the payment partner.", amount(stands))
	case !c.Paid && stands > 0:
		say("%s was taken, and the order still waits for its money. Retry its payment: the hub looks at what was taken before it asks for more.", amount(stands))
	case c.Owes() && taken > c.Total.Minor && stands > c.Total.Minor-c.Refunded:
		say("%s was taken in %d payments, and the order comes to %s. Give %s back at the payment partner.", amount(taken), len(charged), c.Total, amount(stands-(c.Total.Minor-c.Refunded)))
	case c.Owes() && taken < c.Total.Minor:
		say("%s was taken, and the order comes to %s. Ask the buyer for the rest, or cancel the order.", amount(taken), c.Total)
	case c.Owes() && taken == c.Total.Minor && refunded > c.Refunded:
		say("%s went back to the buyer, and %s is known here. The hub asks for what changed with every poll; if this stays, look at the connection with creatorflow doctor.", amount(refunded), amount(c.Refunded))
	case c.Owes() && refunded < c.Refunded:
		say("%s went back to the buyer by the book here, and %s at the payment partner. Look at the refund there: it may have failed.", amount(c.Refunded), amount(refunded))
	}
	disputes := map[string]string{}
	for _, s := range shown {
		maps.Copy(disputes, s.Disputes)
	}
	for _, id := range slices.Sorted(maps.Keys(disputes)) {
		if known, told := c.Disputes[id]; !told || known != disputes[id] {
			say("The dispute %s is %q, and %s. Answer it at the payment partner.", id, disputes[id], unknown(known))
		}
	}
	return differences
}

func unknown(known string) string {
	if known == "" {
		return "it is not known here"
	}
	return fmt.Sprintf("%q here", known)
}
