package orders

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/wire"
)

// Capture implements channels.Capturer, in the buyer's currency, one reservation after the other. Shopify keeps no key for this:
// what was captured before is seen by the transactions and by what can still be, so a repeat takes nothing.
func (c Desk) Capture(ctx context.Context, order string) error {
	const name = "write capture"
	if err := wire.CheckID(name, order); err != nil {
		return err
	}
	reserved, err := c.reserved(ctx, name, order)
	if err != nil {
		return err
	}
	for _, r := range reserved {
		err := c.take(ctx, name, order, r)
		if channels.ClassOf(err) == channels.Rejected { // somebody else may have taken it meanwhile, or be about to
			left, lookErr := c.reserved(ctx, name, order)
			switch {
			case lookErr == nil && len(left) == 0:
				return nil
			case channels.ClassOf(lookErr) == channels.Awaited:
				return lookErr
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reservation is money that can be captured of one authorisation.
type reservation struct{ id, amount, currency string }

// take asks for the money of one reservation.
func (c Desk) take(ctx context.Context, name, order string, r reservation) error {
	data, err := c.line.Call(ctx, wire.Request{Name: name, Document: captureDocument, Write: true, Variables: map[string]any{"input": map[string]any{
		"id": wire.GID("Order", order), "parentTransactionId": r.id, "amount": r.amount, "currency": r.currency,
	}}})
	if err != nil {
		return err
	}
	var answer struct {
		Capture *struct {
			Transaction *struct {
				Status channels.Text `json:"status"`
			} `json:"transaction"`
			Errors []wire.UserError `json:"userErrors"`
		} `json:"orderCapture"`
	}
	if err := json.Unmarshal(data, &answer); err != nil || answer.Capture == nil {
		return wire.Lost(name, cmp.Or(err, errors.New("no payload")))
	}
	if err := wire.Refused(name, answer.Capture.Errors); err != nil {
		return err
	}
	switch t := answer.Capture.Transaction; {
	case t == nil:
		return wire.Lost(name, errors.New("no transaction"))
	case t.Status == "SUCCESS":
		return nil
	case undecided[string(t.Status)]:
		return undecidedYet(name)
	default:
		return &channels.Failure{Class: channels.Rejected, Call: name, Code: channels.Short(string(t.Status), 64), Message: "the buyer's bank did not pay"}
	}
}

// undecided are the states of a transaction that the buyer's bank has not answered.
var undecided = map[string]bool{"PENDING": true, "AWAITING_RESPONSE": true, "UNKNOWN": true}

// undecidedYet is a capture that was asked for and may still take the money: it is looked at again, and asked for again only
// once it has failed.
func undecidedYet(name string) error {
	return &channels.Failure{Class: channels.Awaited, Call: name, Message: "the buyer's bank has not answered Shopify yet"}
}

// reserved is what to ask for, nothing when all was taken. The transactions are asked before the order's own word for its payment,
// which follows them late and says the same of money that is on its way as of money that is not there.
func (c Desk) reserved(ctx context.Context, name, order string) ([]reservation, error) {
	data, err := c.line.Call(ctx, wire.Request{Name: "read payment", Document: paymentDocument, Variables: map[string]any{"id": wire.GID("Order", order)}})
	if err != nil {
		return nil, err
	}
	var read struct {
		Order *payment `json:"order"`
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return nil, wire.Unreadable(name, err)
	}
	o := read.Order
	fail := func(class channels.Class, message string) ([]reservation, error) {
		return nil, &channels.Failure{Class: class, Call: name, Message: message}
	}
	switch {
	case o == nil:
		return fail(channels.Gone, "Shopify does not know the order "+order)
	case o.Cancelled != "":
		return fail(channels.Gone, "the order was cancelled in Shopify")
	case paid[string(o.Financial)]:
		return nil, nil
	case o.has("CAPTURE", func(status string) bool { return undecided[status] }):
		return nil, undecidedYet(name)
	case !nothing(o.Left.Money.Amount):
		if o.Sending == "ON_HOLD" || o.Sending == "SCHEDULED" {
			return fail(channels.Held, "the order is on hold or scheduled in Shopify")
		}
		if open := o.open(); len(open) > 0 {
			return open, nil
		}
		return fail(channels.Rejected, "Shopify shows no reserved payment that could be captured")
	case o.Financial == "PARTIALLY_PAID":
		return fail(channels.Rejected, "a part of it is paid and nothing more is reserved: ask the buyer for the rest in Shopify, not for the whole again")
	case o.has("CAPTURE", func(status string) bool { return status == "SUCCESS" }):
		return nil, nil
	case o.Financial == "PENDING":
		return fail(channels.Awaited, "Shopify calls the payment PENDING, so it may still come")
	}
	return fail(channels.Rejected, "the payment is "+string(o.Financial)+" in Shopify and nothing of it is reserved any more")
}

// payment is what the vendor shows of an order's money.
type payment struct {
	Cancelled    channels.Text `json:"cancelledAt"`
	Financial    channels.Text `json:"displayFinancialStatus"`
	Sending      channels.Text `json:"displayFulfillmentStatus"`
	Left         inBuyers      `json:"totalCapturableSet"`
	Transactions []struct {
		ID     channels.Text `json:"id"`
		Kind   channels.Text `json:"kind"`
		Status channels.Text `json:"status"`
		Left   inBuyers      `json:"totalUnsettledSet"`
	} `json:"transactions"` // oldest first
}

// inBuyers is money in the buyer's currency.
type inBuyers struct {
	Money struct {
		Amount   channels.Text `json:"amount"`
		Currency channels.Text `json:"currencyCode"`
	} `json:"presentmentMoney"`
}

// nothing says that an amount is not there, or zero.
func nothing(amount channels.Text) bool { return strings.Trim(string(amount), "0.") == "" }

// has says whether there is a transaction of a kind in one of some states.
func (p payment) has(kind string, in func(status string) bool) bool {
	for _, t := range p.Transactions {
		if string(t.Kind) == kind && in(string(t.Status)) {
			return true
		}
	}
	return false
}

// open are the authorisations of which something is left, each with that. Where none says how much, it is the newest one's: one
// that ended may have been made again.
func (p payment) open() (list []reservation) {
	newest := ""
	for _, t := range p.Transactions {
		if t.Kind != "AUTHORIZATION" || t.Status != "SUCCESS" {
			continue
		}
		newest = string(t.ID)
		if !nothing(t.Left.Money.Amount) {
			list = append(list, reservation{newest, string(t.Left.Money.Amount), string(t.Left.Money.Currency)})
		}
	}
	if len(list) <= 1 && newest != "" {
		only := reservation{newest, string(p.Left.Money.Amount), string(p.Left.Money.Currency)}
		if len(list) == 1 {
			only.id = list[0].id
		}
		return []reservation{only}
	}
	return list
}
