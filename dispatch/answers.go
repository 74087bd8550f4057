package dispatch

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/orders"
)

var _ aftersales.Desk = (*Desk)(nil)

// Carry implements aftersales.Desk. It looks before it asks, on the first try too: what stands at the channel may have moved
// since the seller saw it, and a try before this one may have taken effect.
func (d *Desk) Carry(ctx context.Context, t aftersales.Told, key string) (refused string, err error) {
	c, err := d.connector(outside.Parcel{Connection: t.Connection})
	if err != nil {
		return "", err
	}
	if charger, ok := c.(channels.Charger); ok && t.Action == orders.ActionCancel {
		return giveBack(ctx, charger, t)
	}
	if t.Action == orders.ActionCancel {
		cancels, ok := c.(channels.Canceller)
		if !ok {
			return elsewhere(c), nil
		}
		return cancel(ctx, c, cancels, t)
	}
	sales, ok := c.(channels.AfterSales)
	if !ok {
		return "This channel takes no answers about cancellations and returns. Answer at the channel itself.", nil
	}
	return answer(ctx, sales, t, key)
}

// CancelAt says where a connection's orders are cancelled; empty where they are from here, or nobody knows.
func (d *Desk) CancelAt(connection string) string {
	c, known := d.shops.Connector(connection)
	_, cancels := c.(channels.Canceller)
	if _, own := c.(channels.Charger); !known || cancels || own {
		return ""
	}
	return elsewhere(c)
}

func elsewhere(c channels.Connector) string {
	return fmt.Sprintf("This channel takes no cancellations from here. Cancel the order %s; its stock is free here as soon as the channel shows it as cancelled.",
		cmp.Or(c.Capabilities().CancelAt, "at the channel itself"))
}

// asking names what is done, in sentences.
func asking(t aftersales.Told) string {
	if t.Action == orders.ActionCancel {
		return "cancel the order"
	}
	return t.Action + " the " + t.Kind
}

func cancel(ctx context.Context, c channels.Connector, cancels channels.Canceller, t aftersales.Told) (string, error) {
	order, shown, err := shownOrder(ctx, c, t.ChannelID)
	switch {
	case err != nil:
		return "", trouble("read the order", err)
	case !shown:
		return "", &outside.Trouble{Sentence: "The channel does not show this order just now.", After: packPause}
	case order.Status == channels.StatusCancelled:
		return "", nil
	}
	within, done := outside.InTime(ctx)
	defer done()
	err = cancels.Cancel(within, order, t.Reason)
	switch channels.ClassOf(err) {
	case channels.Done, channels.Gone, channels.Rejected, channels.Unsure, channels.Awaited:
		if again, shown, readErr := shownOrder(ctx, c, t.ChannelID); readErr == nil && shown && again.Status == channels.StatusCancelled {
			return "", nil
		}
	}
	return said(t, err)
}

func shownOrder(ctx context.Context, c channels.Connector, id string) (channels.Order, bool, error) {
	page, err := c.Orders(ctx, []string{id})
	if err != nil || len(page.Orders) == 0 {
		return channels.Order{}, false, err
	}
	return page.Orders[0], true, nil
}

func answer(ctx context.Context, sales channels.AfterSales, t aftersales.Told, key string) (string, error) {
	claim, shown, err := sales.Claim(ctx, channels.ClaimKind(t.Kind), t.Claim)
	switch {
	case err != nil:
		return "", trouble("read the "+t.Kind, err)
	case !shown:
		return "", &outside.Trouble{Sentence: "The channel does not show this " + t.Kind + " just now.", After: packPause}
	}
	if refused, settled := judge(t, claim); settled && !owed(t, claim) {
		return refused, nil
	}
	within, done := outside.InTime(ctx)
	defer done()
	err = sales.Answer(within, claim, channels.Verdict{Approve: t.Action == orders.ActionApprove, Reason: t.Reason, Key: key, Came: came(t)})
	switch channels.ClassOf(err) {
	case channels.Done, channels.Gone, channels.Rejected, channels.Unsure, channels.Awaited:
		again, shown, readErr := sales.Claim(ctx, claim.Kind, claim.ID)
		if readErr == nil && shown && again.State != claim.State {
			if refused, settled := judge(t, again); settled && !owed(t, again) {
				return refused, nil
			}
		}
	}
	return said(t, err)
}

// came is nil where nothing was received, and empty where nothing that the channel sold as one has come whole.
func came(t aftersales.Told) (lines []channels.ClaimLine) {
	if t.Came != nil {
		lines = []channels.ClaimLine{}
	}
	for _, l := range t.Came {
		lines = append(lines, channels.ClaimLine{ListingID: l.Listing, Code: l.Code, Quantity: l.Quantity})
	}
	return lines
}

// owed says that a return stands as completed and that the channel alone knows whether it was refunded for what came here: where it
// does not tell that goods are under way, somebody may have closed the return there before they came.
func owed(t aftersales.Told, c channels.Claim) bool {
	return t.Action == orders.ActionApprove && t.Came != nil && c.Untracked && c.State == channels.ClaimCompleted
}

// judge says whether anything is left to be answered of a claim as the channel shows it: not when it stands as the seller
// wants it, nor when it stands otherwise by now. A return that was agreed and is on its way back is another question.
func judge(t aftersales.Told, c channels.Claim) (refused string, settled bool) {
	approve := t.Action == orders.ActionApprove
	if string(c.State) == t.State {
		return "", false
	}
	switch c.State {
	case channels.ClaimApproved, channels.ClaimCompleted, channels.ClaimAwaited, channels.ClaimSent:
		settled = approve
	case channels.ClaimRejected, channels.ClaimWithdrawn:
		settled = !approve
	}
	if settled {
		return "", true
	}
	return fmt.Sprintf("The channel shows the %s as %s (%q) by now, so there was nothing to %s.", t.Kind, aftersales.Words(string(c.State)), c.Vendor, t.Action), true
}

// said is what the outcome of a request means: the channel's no ends an answer, everything else is in its way.
func said(t aftersales.Told, err error) (string, error) {
	var no *channels.Failure
	switch {
	case err == nil:
		return "", nil
	case errors.As(err, &no) && (no.Class == channels.Rejected || no.Class == channels.Done || no.Class == channels.Gone):
		return fmt.Sprintf("The channel refuses to %s: %s (code %s).", asking(t), no.Message, no.Code), nil
	}
	return "", trouble(asking(t), err)
}
