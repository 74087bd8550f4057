package direct

import (
	"fmt"
	"slices"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// Seen is what the payment partner shows of an order's payment now.
type Seen struct {
	Payment  string // the partner's id, of a payment or of a link that ended without one
	Status   string // the partner's word
	Moved    bool   // it is reserved or taken, or cannot be any more: an order that waits for its money asks anew
	Refunded money.Money
	Disputes []events.Disputed // without an order and a sentence
}

// Seeing notes what somebody did to a payment at the partner: the buyer, their bank, the seller. What the hub did itself, and
// what was seen before, is no news, in whatever order it comes: money that went back does not come again, and a dispute's last
// word stays.
func Seeing() eventlog.Decider[orders.State, Seen] {
	observing := orders.Observing()
	return eventlog.Decider[orders.State, Seen]{Name: observing.Name, Evolve: observing.Evolve, Decide: see}
}

func see(o orders.State, seen Seen) ([]eventlog.Event, error) {
	if !o.Direct.Entered() { // of another hub on the same account, or of a log that was put back
		return nil, nil
	}
	var news []eventlog.Event
	order, d := o.Placed.Order, o.Direct
	if seen.Moved && !o.Paid && o.Status != orders.Cancelled && seen.Status != d.Shown[seen.Payment] {
		news = append(news, events.PaymentShown{Order: order, Status: seen.Status, Payment: seen.Payment})
	}
	mine := o.Status == orders.Cancelled || o.CancelTaken || o.Asked != nil && o.Asked.Action == orders.ActionCancel // the flow of the cancellation says so
	if seen.Refunded.Minor > d.Refunded.Minor && !mine {
		news = append(news, events.Refunded{Order: order, Total: seen.Refunded, Sentence: fmt.Sprintf(
			"%s of %s went back to the buyer at the payment partner. The order itself goes on: cancel it here if it shall not be sent.", seen.Refunded, o.Placed.Total)})
	}
	for _, one := range seen.Disputes {
		if i := slices.IndexFunc(d.Disputes, func(k events.Disputed) bool { return k.Dispute == one.Dispute }); i >= 0 && (d.Disputes[i].Status == one.Status || closed(d.Disputes[i].Status)) {
			continue
		}
		one.Order, one.Sentence = order, disputed(one)
		news = append(news, one)
	}
	return news, nil
}

func closed(status string) bool {
	return status == "won" || status == "lost" || status == "warning_closed"
}

func disputed(d events.Disputed) string {
	switch d.Status {
	case "won":
		return fmt.Sprintf("The bank decided for you about %s of this order: the money stays yours.", d.Amount)
	case "lost":
		return fmt.Sprintf("The bank decided for the buyer about %s of this order: the money is gone.", d.Amount)
	}
	return fmt.Sprintf("The buyer asks their bank for %s of this order (%s). Answer with evidence at the payment partner before its date; if the parcel has not left, consider cancelling the order.", d.Amount, d.Reason)
}

// Paid are the news of an order whose money is there: it may be sent.
func Paid(workspace string, o orders.State, now time.Time) []eventlog.Decided {
	if o.Paid || o.Status != orders.Unpaid {
		return nil
	}
	return []eventlog.Decided{{Stream: events.Stream(workspace, o.Placed.Order), Events: []eventlog.Event{
		events.StatusChanged{Order: o.Placed.Order, From: o.Status, To: orders.Ready, Vendor: wordPaid, Updated: now},
		events.PaymentCompleted{Order: o.Placed.Order, Total: o.Placed.Total, Paid: now},
	}}}
}

// Sent is the news of an order whose parcels have left; there is none of a channel's.
func Sent(workspace string, o orders.State, now time.Time) []eventlog.Decided {
	if !o.Direct.Entered() || o.Status != orders.Ready {
		return nil
	}
	return []eventlog.Decided{{Stream: events.Stream(workspace, o.Placed.Order), Events: []eventlog.Event{
		events.StatusChanged{Order: o.Placed.Order, From: o.Status, To: orders.Transit, Vendor: "sent", Updated: now},
	}}}
}

// Cancelled are the news of an order that the seller has cancelled, after its money went back.
func Cancelled(o orders.State, reason string, now time.Time) []eventlog.Event {
	if !o.Direct.Entered() || o.Status == orders.Cancelled {
		return nil
	}
	var news []eventlog.Event
	if o.Paid && o.Direct.Card != "" && o.Direct.Pay != events.PayElsewhere && o.Direct.Refunded != o.Placed.Total {
		news = append(news, events.Refunded{Order: o.Placed.Order, Total: o.Placed.Total, Sentence: fmt.Sprintf("The order was cancelled here, and %s went back to the buyer.", o.Placed.Total)})
	}
	return append(news, events.Cancelled{Order: o.Placed.Order, From: o.Status, Vendor: "cancelled", Reason: reason, Updated: now})
}
