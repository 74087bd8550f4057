// Package notes words the letters that an order's flow leaves behind when its channel has to be told by hand.
package notes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/flow"
)

// TakingBack is the letter of an order whose flow a person takes back, because the channel still expects its parcel.
func TakingBack(order, reason string) letterevents.Opened {
	connection, _, _ := strings.Cut(order, ":")
	return letterevents.Opened{
		Letter: letterevents.TakenBack + order, Connection: connection, Subject: order, Field: "stock",
		Reason: "The order was taken back by hand (" + reason + "), and its channel does not know. Cancel it there. If it is shipped all the same, " +
			"take its units out of the stock by hand. Then discard this.",
	}
}

// Refused is the letter of an order that was rejected in review and that its channel did not cancel.
func Refused(o orders.State) letterevents.Opened {
	said := "."
	if o.Refused != "" {
		said = ": " + o.Refused
	}
	return about(o, letterevents.TakenBack, "You rejected this order in review, and the channel was asked to cancel it and did not"+said+" The order is still open there, and the buyer may have paid: "+
		"cancel and refund it at the channel. Its stock is free; if it is shipped all the same, take its units out of the stock by hand. Then discard this.")
}

// Part marks the letter of an order of which a part was cancelled after it had left; another one is about all of it.
const Part = "part of the stock"

// Left is the letter of an order that was cancelled, or a part of it, after so many of its units had left the stock.
func Left(o orders.State, units int64) letterevents.Opened {
	l := about(o, letterevents.Return, fmt.Sprintf("The order was cancelled on the channel after its parcel was made ready, and %s of it left the stock. "+
		"If the parcel was not collected, put them back; if it is on its way, discard this.%s", Units(units), Paid(o)))
	if o.Status != orders.Cancelled {
		l.Field, l.Reason = Part, fmt.Sprintf("The channel does not list %s of this order any more, which had left the stock already. "+
			"If they were not sent, put them back; if they are on their way, discard this.", Units(units))
	}
	return l
}

// Added is the letter of an order into which its channel has put units after it had left: nobody has taken those from the stock.
func Added(o orders.State, units map[string]int64) letterevents.Opened {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(units)) {
		parts = append(parts, fmt.Sprintf("%d × %s", units[name], name))
	}
	return about(o, letterevents.Added, "The channel has put "+flow.Few(parts, ", ")+" into this order after it had left, and nothing was taken from the stock for that. "+
		"If you send it, take it out of the stock by an adjustment; if not, take it out of the order at the channel. Then discard this.")
}

func about(o orders.State, what, reason string) letterevents.Opened {
	return letterevents.Opened{Letter: what + o.Placed.Order, Connection: o.Placed.Connection, Subject: o.Placed.Order, Field: "stock", Reason: reason}
}

// Sum is how many units there are of all SKUs.
func Sum(units map[string]int64) (all int64) {
	for _, n := range units {
		all += n
	}
	return all
}

// Units are so many units in words.
func Units(n int64) string {
	if n == 1 {
		return "1 unit"
	}
	return fmt.Sprintf("%d units", n)
}

// Paid reminds of the labels that were bought for an order and that nobody gives back by himself.
func Paid(o orders.State) string {
	var numbers []string
	for _, p := range o.Parcels {
		if p.Label != "" {
			numbers = append(numbers, p.Tracking)
		}
	}
	if len(numbers) == 0 {
		return ""
	}
	return fmt.Sprintf(" The label %s was bought for it: unless the parcel left, give it back where it was bought, so that its money comes back.", flow.Few(numbers, ", "))
}
