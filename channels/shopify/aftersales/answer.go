package aftersales

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/wire"
)

// notes say a no in words, for Shopify has few reasons.
var notes = map[string]string{
	"packed": "The order is on its way already.", "not_eligible": "This cannot be returned.", "agreed_otherwise": "We have agreed otherwise.",
	"not_as_sent": "The goods are not as they were sent.",
}

const answering = "write answer to a return"

// Answer implements channels.AfterSales. Yes to a request opens the return, no declines it. Of an open one, yes says that the goods
// came, which refunds them; no calls it off.
func (d Returns) Answer(ctx context.Context, c channels.Claim, v channels.Verdict) error {
	if err := wire.CheckID(answering, c.ID); err != nil {
		return err
	}
	if c.Kind != channels.Return || strings.HasPrefix(c.ID, refundPrefix) {
		return refuse("nothing is to be decided about this in Shopify")
	}
	gid := wire.GID("Return", c.ID)
	var err error
	switch {
	case c.State == channels.ClaimPending && v.Approve:
		_, err = d.say(ctx, approveDocument, map[string]any{"input": map[string]any{"id": gid, "notifyCustomer": true}})
	case c.State == channels.ClaimPending:
		_, err = d.say(ctx, declineDocument, map[string]any{"input": map[string]any{
			"id": gid, "declineReason": "OTHER", "declineNote": cmp.Or(notes[v.Reason], "This return was declined."), "notifyCustomer": true,
		}})
	case c.State == channels.ClaimAwaited && v.Approve, c.State == channels.ClaimCompleted && v.Approve && v.Came != nil:
		err = d.receive(ctx, gid, v.Came)
	case c.State == channels.ClaimAwaited:
		_, err = d.say(ctx, callOffDocument, map[string]any{"id": gid})
	default:
		err = refuse("nothing is to be decided about a return that is " + c.Vendor)
	}
	return err
}

func refuse(message string) error {
	return &channels.Failure{Class: channels.Rejected, Call: answering, Message: message}
}

// say makes one call about a return and tells the status that it leads to.
func (d Returns) say(ctx context.Context, document string, vars map[string]any) (status string, err error) {
	data, err := d.line.Call(ctx, wire.Request{Name: answering, Document: document, Variables: vars, Write: true, Urgent: true})
	if err != nil {
		return "", err
	}
	var read struct {
		Answer *struct {
			Return *struct {
				Status channels.Text `json:"status"`
			} `json:"return"`
			Errors []wire.UserError `json:"userErrors"`
		} `json:"answer"`
	}
	if err := json.Unmarshal(data, &read); err != nil || read.Answer == nil {
		return "", wire.Lost(answering, cmp.Or(err, errors.New("no payload")))
	}
	if err := wire.Refused(answering, read.Answer.Errors); err != nil {
		return "", err
	}
	if read.Answer.Return == nil {
		return "", wire.Lost(answering, errors.New("no return"))
	}
	return string(read.Answer.Return.Status), nil
}

// receive has Shopify take in what came of a return and give its money back, and closes the return once nothing of it is left. Shopify
// keeps no key for this: what was taken in before is looked at first, and no unit is taken in twice.
func (d Returns) receive(ctx context.Context, gid string, came []channels.ClaimLine) error {
	t, err := d.open(ctx, gid)
	if err != nil {
		return err
	}
	status, todo := t.claim.Vendor, t.due(came)
	if len(todo) > 0 && status == "OPEN" {
		if status, err = d.process(ctx, gid, todo); err != nil {
			// It was done all the same: by this call, whose answer was lost, or by one before that had been given up.
			if t, todo = d.done(ctx, gid, came, err); len(todo) > 0 {
				return err
			}
			status = t.claim.Vendor
		}
	}
	switch {
	case len(todo) > 0 && t.claim.Vendor != "OPEN":
		return refuse("the return is " + status + " in Shopify, and units that came were not taken in there. Refund them in Shopify, or open the return again and approve it")
	case t.left(todo) > 0 || status != "OPEN":
		return nil
	}
	_, err = d.say(ctx, closeDocument, map[string]any{"id": gid})
	return err
}

// done looks at a return again after a call that was refused, or of which nobody knows what came. Something is left to be done also
// where that cannot be told.
func (d Returns) done(ctx context.Context, gid string, came []channels.ClaimLine, err error) (t thing, todo []line) {
	unknown := []line{{quantity: 1}}
	if class := channels.ClassOf(err); class != channels.Rejected && class != channels.Unsure {
		return t, unknown
	}
	if t, err = d.open(ctx, gid); err != nil {
		return t, unknown
	}
	return t, t.due(came)
}

// open reads a return that is to be taken in.
func (d Returns) open(ctx context.Context, gid string) (thing, error) {
	var page channels.ClaimPage
	shown, err := d.read(ctx, []string{gid}, &page)
	switch {
	case err != nil:
		return thing{}, err
	case len(page.Invalid) > 0:
		return thing{}, wire.Unreadable(answering, page.Invalid[0])
	case len(shown) == 0:
		return thing{}, &channels.Failure{Class: channels.Gone, Call: answering, Message: "Shopify does not show this return"}
	case shown[0].exchange:
		return thing{}, refuse("the buyer gets other goods for this return: finish the exchange in Shopify")
	}
	return shown[0], nil
}

// due are the lines with the units that have come and are not taken in yet; of a return of which nobody received anything, all.
func (t thing) due(came []channels.ClaimLine) (todo []line) {
	left := map[string]int64{}
	for _, l := range came {
		left[l.ListingID] += l.Quantity
	}
	for _, l := range t.lines {
		n := l.quantity
		if came != nil {
			n = min(l.quantity, left[l.listing])
			left[l.listing] -= n
		}
		if l.quantity = n - l.processed; l.quantity > 0 {
			todo = append(todo, l)
		}
	}
	return todo
}

// left is how many units of a return are not taken in after todo.
func (t thing) left(todo []line) (units int64) {
	for _, l := range t.lines {
		units += l.quantity - l.processed
	}
	for _, l := range todo {
		units -= l.quantity
	}
	return units
}

// process takes units in, and gives back their money where that has not gone back ahead of them. None goes on sale in Shopify by that: the hub counts the sellable ones, and writes the quantity by the rules
// of its listings.
func (d Returns) process(ctx context.Context, gid string, todo []line) (status string, err error) {
	var lines, ask []map[string]any
	for _, l := range todo {
		if n := min(l.quantity, l.unpaid); n > 0 {
			ask = append(ask, map[string]any{"id": l.id, "quantity": n})
		}
		taken := map[string]any{"id": l.id, "quantity": l.quantity}
		if l.work != "" {
			taken["dispositions"] = []map[string]any{{"reverseFulfillmentOrderLineItemId": l.work, "quantity": l.quantity, "dispositionType": "NOT_RESTOCKED"}}
		}
		lines = append(lines, taken)
	}
	transfers, err := d.suggested(ctx, gid, ask)
	if err != nil {
		return "", err
	}
	input := map[string]any{"returnId": gid, "returnLineItems": lines, "notifyCustomer": true}
	if len(transfers) > 0 {
		input["financialTransfer"] = map[string]any{"issueRefund": map[string]any{"orderTransactions": transfers}}
	}
	return d.say(ctx, processDocument, map[string]any{"input": input})
}

// suggested is what Shopify says is to go back for units, with their taxes and discounts, less its fees and what went back before.
func (d Returns) suggested(ctx context.Context, gid string, lines []map[string]any) (transfers []map[string]any, err error) {
	const name = "read suggested refund"
	if len(lines) == 0 {
		return nil, nil
	}
	data, err := d.line.Call(ctx, wire.Request{Name: name, Document: suggestDocument, Variables: map[string]any{"id": gid, "lines": lines}, Urgent: true})
	if err != nil {
		return nil, err
	}
	if transfers, err = readTransfers(data); err != nil && channels.ClassOf(err) != channels.Rejected {
		return nil, wire.Unreadable(name, err)
	}
	return transfers, err
}

// readTransfers reads a suggestion. Money that is to go back by no payment is a no: goods that were taken in without it nobody would refund.
func readTransfers(data []byte) (transfers []map[string]any, err error) {
	var read struct {
		Return *struct {
			Outcome *struct {
				Transfer struct {
					Amount struct {
						Money struct {
							Amount channels.Text `json:"amount"`
						} `json:"presentmentMoney"`
					} `json:"amount"`
					Transactions []struct {
						Amount struct {
							Money struct {
								Amount   channels.Text `json:"amount"`
								Currency channels.Text `json:"currencyCode"`
							} `json:"presentmentMoney"`
						} `json:"amountSet"`
						Parent *gidOnly `json:"parentTransaction"`
					} `json:"suggestedTransactions"`
				} `json:"financialTransfer"`
			} `json:"suggestedFinancialOutcome"`
		} `json:"return"`
	}
	if err := json.Unmarshal(data, &read); err != nil || read.Return == nil {
		return nil, cmp.Or(err, errors.New("no return"))
	}
	if read.Return.Outcome == nil {
		return nil, refuse("Shopify does not say how much is to go back: refund the return in Shopify")
	}
	none := func(amount channels.Text) bool { return strings.Trim(string(amount), "0.") == "" }
	unpaid := refuse("Shopify names no payment by which the money could go back: refund the return in Shopify")
	for _, t := range read.Return.Outcome.Transfer.Transactions {
		amount := string(t.Amount.Money.Amount)
		switch {
		case none(t.Amount.Money.Amount):
			continue
		case t.Parent == nil:
			return nil, unpaid
		}
		transfers = append(transfers, map[string]any{
			"parentId": string(t.Parent.ID), "transactionAmount": map[string]any{"amount": amount, "currencyCode": string(t.Amount.Money.Currency)},
		})
	}
	if len(transfers) == 0 && !none(read.Return.Outcome.Transfer.Amount.Money.Amount) {
		return nil, unpaid
	}
	return transfers, nil
}
