// Package aftersales puts a buyer's wish to cancel at Amazon and what is sent back into the hub's words, and has Amazon cancel orders.
//
//	order ─► Asked ─► channels.Claim, with the order that shows it
//	Cancel, yes to a wish ─► document ─► upload ─► feed, carried out a little later ─► its report
//	every half hour: ask for a report of returns ─► made a little later ─► readSheet ─► channels.Claim
//
// Amazon lists no wishes: each comes with its order. It takes no answer to one either: an order is cancelled, or sent. Nor does it take
// answers to returns: they are agreed to and refunded in Seller Central.
package aftersales

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
)

const maxOrders = 50 // of one call

// Reader reads orders, with what is asked of them.
type Reader func(ctx context.Context, ids []string) (channels.Page, error)

// ClaimsChanged implements channels.AfterSales. Wishes all came with their orders. Of returns it tells all that Amazon's newest report
// does, whenever they changed, and nothing until there is a newer one.
func (d *Desk) ClaimsChanged(ctx context.Context, kind channels.ClaimKind, _, _ time.Time, page string) (channels.ClaimPage, error) {
	if kind != channels.Return {
		return channels.ClaimPage{}, nil
	}
	return d.returns.changed(ctx, page)
}

// ClaimsOf implements channels.AfterSales; of cancellations it takes as long as reading the orders, of returns it tells what the last
// report did.
func (d *Desk) ClaimsOf(ctx context.Context, kind channels.ClaimKind, orders []string, _ string) (page channels.ClaimPage, err error) {
	switch {
	case len(orders) > maxOrders:
		return page, wire.Bug("read orders", "%d ids in one call, at most %d", len(orders), maxOrders)
	case len(orders) == 0:
		return page, nil
	case kind == channels.Return:
		page.Claims = d.returns.known(func(c channels.Claim) bool { return slices.Contains(orders, c.Order) })
		return page, nil
	}
	read, err := d.orders(ctx, orders)
	for _, o := range read.Orders {
		page.Claims = append(page.Claims, o.Claims...)
	}
	page.Invalid = read.Invalid
	return page, err
}

// Claim implements channels.AfterSales. An order has one wish at most, which goes by the order's id.
func (d *Desk) Claim(ctx context.Context, kind channels.ClaimKind, id string) (channels.Claim, bool, error) {
	page, err := channels.ClaimPage{}, error(nil)
	if kind == channels.Return {
		page.Claims = d.returns.known(func(c channels.Claim) bool { return c.ID == id })
	} else {
		page, err = d.ClaimsOf(ctx, kind, []string{id}, "")
	}
	switch {
	case err != nil:
		return channels.Claim{}, false, err
	case len(page.Invalid) > 0:
		return channels.Claim{}, false, wire.Unreadable("read orders", page.Invalid[0])
	case len(page.Claims) == 0:
		return channels.Claim{}, false, nil
	}
	return page.Claims[0], true, nil
}

// Answer implements channels.AfterSales. Yes cancels the order, which Amazon does as a whole alone; of a no Amazon is told nothing, and the
// order is sent.
func (d *Desk) Answer(ctx context.Context, c channels.Claim, v channels.Verdict) error {
	switch {
	case c.Kind == channels.Return:
		return &channels.Failure{Class: channels.Rejected, Call: "answer return", Message: "Amazon takes no answer to a return from here. Give it at " + c.Elsewhere}
	case c.State != channels.ClaimPending:
		return &channels.Failure{Class: channels.Rejected, Call: cancelling, Message: "nothing is to be decided about this at Amazon: it is " + c.Vendor}
	case !v.Approve:
		return nil
	}
	page, err := d.orders(ctx, []string{c.Order})
	switch {
	case err != nil:
		return err
	case len(page.Orders) == 0:
		return &channels.Failure{Class: channels.Gone, Call: cancelling, Message: "Amazon does not show the order"}
	case page.Orders[0].Status == channels.StatusCancelled:
		return nil
	case part(page.Orders[0], c):
		return refuse("the buyer asks for a part of the order, and this would cancel all of it. Cancel that part in Seller Central, or reject the wish")
	}
	return d.Cancel(ctx, page.Orders[0], "buyer_asked")
}

// Wish is what the items of an order show of its buyer's wish to cancel.
type Wish struct {
	By, Why    string
	Open, Done []channels.Line // the items that it is about: those that go on, and those that were cancelled
}

// Asked is the wish to cancel that an order shows, by whom and why; nothing where nobody asks, nor of an order that Amazon ships, which
// answers it itself. Amazon does not say when it was asked:
// its version is always the same, so that a wish only goes on, and one that was turned down here stays so.
func Asked(o channels.Order, w Wish) []channels.Claim {
	if len(w.Open)+len(w.Done) == 0 || o.SelfShips {
		return nil
	}
	c := channels.Claim{
		Kind: channels.Cancellation, ID: o.ID, Order: o.ID, By: strings.ToLower(cmp.Or(w.By, "BUYER")), Reason: w.Why,
		Created: o.Created, Updated: cmp.Or(o.Created, o.Updated),
	}
	switch o.Status {
	case channels.StatusCancelled:
		c.State, c.Vendor = channels.ClaimCompleted, "CANCELLED"
	case channels.StatusTransit, channels.StatusDelivered, channels.StatusCompleted:
		c.State, c.Vendor = channels.ClaimWithdrawn, "SHIPPED"
	default:
		c.State, c.Vendor = channels.ClaimPending, "REQUESTED"
	}
	lines := w.Open
	if len(lines) == 0 { // a part of an order that lives on, cancelled at Amazon
		c.State, c.Vendor, lines = channels.ClaimCompleted, "CANCELLED", w.Done
	}
	for _, l := range lines {
		if l.Quantity > 0 { // of what was cancelled Amazon may show none
			c.Lines = append(c.Lines, channels.ClaimLine{ListingID: l.ListingID, Code: l.Code, Quantity: l.Quantity})
		}
	}
	return []channels.Claim{c}
}

// part says that a wish is about less than all of an order.
func part(o channels.Order, c channels.Claim) bool {
	var left int64
	for _, l := range o.Lines {
		left += l.Quantity
	}
	for _, l := range c.Lines {
		left -= l.Quantity
	}
	return left > 0
}

// cancellers are the vendor's words for who cancelled.
var cancellers = map[string]string{"BUYER": channels.ByBuyer, "MERCHANT": channels.BySeller, "SELLER": channels.BySeller, "AMAZON": channels.ByChannel}

// Canceller says who cancelled an order, by who did it and who had asked for it: a seller who does what the buyer asked is not blamed.
func Canceller(by, requester string) string {
	if who := cancellers[by]; who != channels.BySeller || requester != "BUYER" {
		return who
	}
	return channels.ByBuyer
}

// refuse is a no of Amazon's, or one that we know.
func refuse(format string, args ...any) error {
	return &channels.Failure{Class: channels.Rejected, Call: cancelling, Message: channels.Short(fmt.Sprintf(format, args...), 300)}
}
