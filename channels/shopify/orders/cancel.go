package orders

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/wire"
)

// cancelReasons are the vendor's words for why a seller cancels, by the hub's.
var cancelReasons = map[string]string{"out_of_stock": "INVENTORY", "wrong_price": "STAFF", "undeliverable": "OTHER", "buyer_asked": "CUSTOMER"}

// Cancel implements channels.Canceller. What the buyer has paid goes back the way it came, and what was only reserved is let go.
// The units go back on sale at the vendor, unless there are none. The vendor cancels in the background: until it has, nobody
// knows whether it will.
func (c Desk) Cancel(ctx context.Context, order channels.Order, reason string) error {
	const name = "write cancellation"
	if err := wire.CheckID(name, order.ID); err != nil {
		return err
	}
	word, known := cancelReasons[reason]
	if !known {
		return wire.Bug(name, strconv.Quote(reason)+" is no reason to cancel")
	}
	data, err := c.line.Call(ctx, wire.Request{Name: name, Document: cancelDocument, Write: true, Variables: map[string]any{
		"id": wire.GID("Order", order.ID), "reason": word, "restock": reason != "out_of_stock",
		"note": "Cancelled from the hub: " + strings.ReplaceAll(reason, "_", " ") + ".",
	}})
	if err != nil {
		return err
	}
	var answer struct {
		Cancel *struct {
			Job *struct {
				Done bool `json:"done"`
			} `json:"job"`
			Errors []wire.UserError `json:"orderCancelUserErrors"`
		} `json:"orderCancel"`
	}
	if err := json.Unmarshal(data, &answer); err != nil || answer.Cancel == nil {
		return wire.Lost(name, cmp.Or(err, errors.New("no payload")))
	}
	if err := wire.Refused(name, answer.Cancel.Errors); err != nil {
		return err
	}
	if job := answer.Cancel.Job; job != nil && job.Done {
		return nil
	}
	return &channels.Failure{Class: channels.Awaited, Call: name, Message: "Shopify has taken the cancellation and is carrying it out"}
}
