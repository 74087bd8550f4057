// Package notes words the letters that an order's flow leaves behind when its channel has to be told by hand.
package notes

import (
	"fmt"
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
	return letterevents.Opened{
		Letter: letterevents.TakenBack + o.Placed.Order, Connection: o.Placed.Connection, Subject: o.Placed.Order, Field: "stock",
		Reason: "You rejected this order in review, and the channel was asked to cancel it and did not" + said + " The order is still open there, and the buyer may have paid: " +
			"cancel and refund it at the channel. Its stock is free; if it is shipped all the same, take its units out of the stock by hand. Then discard this.",
	}
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
