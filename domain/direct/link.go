package direct

import (
	"net/url"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
)

// How long a link may be open, which is what the payment partner lets it.
const (
	SoonestLink = time.Hour
	LatestLink  = 23 * time.Hour
)

// Rules' answers about links.
const (
	ErrUntil  = eventlog.Refusal("A payment link is open for 1 to 23 hours. Send another one when it has ended.")
	ErrReturn = eventlog.Refusal("The page that the buyer sees after paying must be an address that begins with https://.")
)

// Link asks for a link by which a buyer pays an order.
type Link struct {
	Order  string
	For    time.Duration // how long it is open; 0 = as long as it may
	Return string        // the page that the buyer sees after paying; empty = the seller's own as the partner knows it
}

func (l Link) asked(number int, now time.Time) (events.PaymentLinkAsked, error) {
	if l.For == 0 {
		l.For = LatestLink
	}
	if l.For < SoonestLink || l.For > LatestLink {
		return events.PaymentLinkAsked{}, ErrUntil
	}
	if l.Return != "" {
		if u, err := url.Parse(l.Return); err != nil || u.Scheme != "https" || u.Host == "" {
			return events.PaymentLinkAsked{}, ErrReturn
		}
	}
	return events.PaymentLinkAsked{Order: l.Order, Link: number, Until: now.Add(l.For).UTC().Truncate(time.Second), Return: l.Return}, nil
}

func (l Link) first(now time.Time) (events.PaymentLinkAsked, error) { return l.asked(1, now) }

// Linking asks for a link, in place of any before it.
func Linking(now time.Time) eventlog.Decider[orders.State, Link] {
	observing := orders.Observing()
	return eventlog.Decider[orders.State, Link]{Name: observing.Name, Evolve: observing.Evolve, Decide: func(o orders.State, l Link) ([]eventlog.Event, error) {
		if err := unpaid(o); err != nil {
			return nil, err
		}
		if o.Placed.Total.Minor == 0 {
			return nil, ErrNothing
		}
		asked, err := l.asked(o.Direct.Link.Number+1, now)
		if err != nil {
			return nil, err
		}
		return []eventlog.Event{asked}, nil
	}}
}

// unpaid refuses to change how an order is paid that is not to be paid any more.
func unpaid(o orders.State) error {
	switch {
	case !o.Known():
		return orders.ErrNoOrder
	case !o.Direct.Entered():
		return ErrDirect
	case o.Status == orders.Cancelled:
		return ErrCancelled
	case o.Asked != nil || o.CancelTaken:
		return ErrCancels
	case o.Paid:
		return ErrPaid
	}
	return nil
}
