// Package orders puts Shopify's orders into the hub's words, tells Shopify of their parcels and takes reserved money.
//
//	document ─► wire.Line ─► the vendor ─► channels.Order, Parcel, or a channels.Invalid beside its neighbours
package orders

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/wire"
)

const (
	maxIDs     = 50    // of one Orders call
	orderGuess = 150.0 // points of one order, while nobody knows
	maxLines   = 5000  // of one order; one with more is not taken in
)

// Desk is the part of a connector that is about orders.
type Desk struct{ line *wire.Line }

// New makes a desk at a line.
func New(line *wire.Line) Desk { return Desk{line} }

var _ channels.SellerShipping = Desk{}

// Orders implements channels.Connector.
func (c Desk) Orders(ctx context.Context, ids []string) (page channels.Page, err error) {
	const name = "read orders"
	if len(ids) > maxIDs {
		return channels.Page{}, wire.Bug(name, fmt.Sprintf("%d ids in one call, at most %d", len(ids), maxIDs))
	}
	var gids []string
	for _, id := range ids {
		if err := wire.CheckID(name, id); err != nil {
			return channels.Page{}, err
		}
		gids = append(gids, wire.GID("Order", id))
	}
	for len(gids) > 0 {
		n := min(c.line.Share(name, orderGuess, maxIDs), len(gids))
		data, err := c.line.Call(ctx, wire.Request{Name: name, Document: ordersDocument, Variables: map[string]any{"ids": gids[:n]}, Things: n})
		if c.line.TooDear(err, name, n) {
			continue
		}
		if err != nil {
			return channels.Page{}, err
		}
		var list struct {
			Nodes []json.RawMessage `json:"nodes"`
		}
		if err := json.Unmarshal(data, &list); err != nil {
			return channels.Page{}, wire.Unreadable(name, err)
		}
		if err := c.readOrders(ctx, &page, list.Nodes); err != nil {
			return channels.Page{}, err
		}
		gids = gids[n:]
	}
	return page, nil
}

// Changed implements channels.Connector. Stamps are whole seconds and equal ones are common: the window is widened to whole
// seconds, and callers overlap windows. Pages of one window need the same since and until; how many orders a page has follows
// from what one costs.
func (c Desk) Changed(ctx context.Context, since, until time.Time, after string) (page channels.Page, err error) {
	return c.search(ctx, "updated_at", since, until, after)
}

// Placed is that of channels.Historian. The pages are sorted by the last change nevertheless: an order that changes while they are
// read moves to their end, and is met again there.
func (c Desk) Placed(ctx context.Context, from, until time.Time, after string) (page channels.Page, err error) {
	return c.search(ctx, "created_at", from, until, after)
}

// search lists orders by a time of theirs.
func (c Desk) search(ctx context.Context, by string, since, until time.Time, after string) (page channels.Page, err error) {
	const name = "list changed orders"
	for {
		n := c.line.Share(name, orderGuess, maxIDs)
		vars := map[string]any{"first": n, "query": wire.Window(by, since, until)}
		if after != "" {
			vars["after"] = after
		}
		data, err := c.line.Call(ctx, wire.Request{Name: name, Document: changedDocument, Variables: vars, Things: n})
		if c.line.TooDear(err, name, n) {
			continue
		}
		if err != nil {
			return channels.Page{}, err
		}
		var list struct {
			Orders wire.Page `json:"orders"`
		}
		if err := json.Unmarshal(data, &list); err != nil {
			return channels.Page{}, wire.Unreadable(name, err)
		}
		page.Next = list.Orders.Next()
		return page, c.readOrders(ctx, &page, list.Orders.Nodes)
	}
}

// readOrders translates orders; a broken one is an Invalid beside the others, one that is not there is left out.
func (c Desk) readOrders(ctx context.Context, page *channels.Page, nodes []json.RawMessage) error {
	for i, raw := range nodes {
		if text := strings.TrimSpace(string(raw)); text == "null" || text == "{}" { // an id of nothing, or of something else
			continue
		}
		var b beside
		order, lacks, invalid := readOrder(i, raw, b)
		for try := 0; invalid == nil && lacks != (lack{}) && try < 2; try++ { // what its other lines show may call for more
			err := c.fetch(ctx, order.ID, lacks, &b)
			var no channels.Invalid
			switch {
			case errors.As(err, &no):
				invalid = &no
			case err != nil:
				return err
			default:
				order, lacks, invalid = readOrder(i, raw, b)
			}
		}
		if invalid != nil {
			page.Invalid = append(page.Invalid, *invalid)
			continue
		}
		page.Orders = append(page.Orders, order)
	}
	return nil
}

// lack is what an order came without.
type lack struct {
	after string // where its other lines begin
	sent  bool   // units of it are gone and others were sent: those may have come back, which takes nothing off what was to be sent
}

// beside is what was read beside an order: its other lines, and how many units of each line were sent.
type beside struct {
	lines []json.RawMessage
	sent  map[string]int64
}

// fetch reads what an order came without.
func (c Desk) fetch(ctx context.Context, order string, lacks lack, b *beside) (err error) {
	if lacks.after != "" {
		if b.lines, err = c.moreLines(ctx, order, lacks.after); err != nil {
			return err
		}
	}
	if lacks.sent {
		b.sent, err = c.sentUnits(ctx, order)
	}
	return err
}

// moreLines reads the lines of an order behind those that came with it. What does not come to an end is refused as a whole: of an
// order that was taken in by half nobody would know.
func (c Desk) moreLines(ctx context.Context, order, after string) (lines []json.RawMessage, err error) {
	const name = "read order lines"
	for read := (wire.Cursors{}); after != ""; {
		if len(lines) >= maxLines || read.Again(after) {
			return nil, channels.Invalid{Record: order, Field: "lineItems", Rule: fmt.Sprintf("must come to an end within %d lines", maxLines), Sample: after}
		}
		data, err := c.line.Call(ctx, wire.Request{Name: name, Document: linesDocument, Variables: map[string]any{"id": wire.GID("Order", order), "after": after}})
		if err != nil {
			return nil, err
		}
		var list struct {
			Order struct {
				Lines wire.Page `json:"lineItems"`
			} `json:"order"`
		}
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, wire.Unreadable(name, err)
		}
		lines = append(lines, list.Order.Lines.Nodes...)
		after = list.Order.Lines.Next()
	}
	return lines, nil
}

// unpaid are the states of payment in which nothing may be sent; paid those in which it may. AUTHORIZED is money that is
// reserved and not taken: it is to be captured first.
var (
	unpaid = map[string]channels.Status{
		"PENDING": channels.StatusUnpaid, "PARTIALLY_PAID": channels.StatusUnpaid, "VOIDED": channels.StatusUnpaid, "EXPIRED": channels.StatusUnpaid,
		"AUTHORIZED": channels.StatusAuthorised,
	}
	paid = map[string]bool{"PAID": true, "PARTIALLY_REFUNDED": true, "REFUNDED": true}
)

// sending are the states of a paid order by how far its sending is.
var sending = map[string]channels.Status{
	"UNFULFILLED": channels.StatusReady, "OPEN": channels.StatusReady, "IN_PROGRESS": channels.StatusReady, "PENDING_FULFILLMENT": channels.StatusReady,
	"REQUEST_DECLINED": channels.StatusReady, "RESTOCKED": channels.StatusReady, "ON_HOLD": channels.StatusOnHold, "SCHEDULED": channels.StatusOnHold,
	"PARTIALLY_FULFILLED": channels.StatusPartial, "FULFILLED": channels.StatusArranged,
}

// moving are the states of a parcel that the carrier has.
var moving = map[string]bool{
	"IN_TRANSIT": true, "OUT_FOR_DELIVERY": true, "CARRIER_PICKED_UP": true, "ATTEMPTED_DELIVERY": true, "DELAYED": true, "READY_FOR_PICKUP": true,
	"NOT_DELIVERED": true, "FAILURE": true,
}

// others are the states of a fulfillment order that a fulfillment service was asked to send.
var others = map[string]bool{"SUBMITTED": true, "ACCEPTED": true, "CANCELLATION_REQUESTED": true, "CANCELLATION_REJECTED": true}

// wireOrder holds each field as it came, so that one of the wrong kind is named and does not hide the rest.
type wireOrder struct {
	ID           json.RawMessage `json:"id"`
	Created      json.RawMessage `json:"createdAt"`
	Updated      json.RawMessage `json:"updatedAt"`
	Processed    json.RawMessage `json:"processedAt"`
	Cancelled    json.RawMessage `json:"cancelledAt"`
	Reason       json.RawMessage `json:"cancelReason"`
	Currency     json.RawMessage `json:"currencyCode"`
	Financial    json.RawMessage `json:"displayFinancialStatus"`
	Fulfilment   json.RawMessage `json:"displayFulfillmentStatus"`
	Note         json.RawMessage `json:"note"`
	Email        json.RawMessage `json:"email"`
	Phone        json.RawMessage `json:"phone"`
	Customer     json.RawMessage `json:"customer"`
	Address      json.RawMessage `json:"shippingAddress"`
	Billed       json.RawMessage `json:"billingAddressMatchesShippingAddress"`
	Total        json.RawMessage `json:"totalPriceSet"`
	Capturable   json.RawMessage `json:"totalCapturableSet"`
	Refunded     json.RawMessage `json:"totalRefundedSet"`
	Lines        json.RawMessage `json:"lineItems"`
	Transactions json.RawMessage `json:"transactions"`
	Fulfillments json.RawMessage `json:"fulfillments"`
	Parts        json.RawMessage `json:"fulfillmentOrders"`
}

// readOrder translates one order, the i-th of its page, with what was read beside it, or says what is wrong with it.
func readOrder(i int, raw json.RawMessage, b beside) (o channels.Order, lacks lack, invalid *channels.Invalid) {
	r := &channels.Reading{Record: "order without a readable id, number " + strconv.Itoa(i+1) + " of its page"}
	var w wireOrder
	if !r.Object("order", raw, &w) {
		return channels.Order{}, lack{}, r.Invalid
	}
	if o.ID = wire.ID(r, "id", w.ID); o.ID != "" {
		r.Record = o.ID
	}
	o.SellerShips = true
	o.Created, o.Updated = wire.Time(r, "createdAt", w.Created), wire.Time(r, "updatedAt", w.Updated)
	if o.Updated = cmp.Or(o.Updated, o.Created); o.Updated.IsZero() {
		r.Fail("updatedAt", "must be there", "")
	}
	readStatus(r, &o, w)
	readParts(r, &o, w.Parts)
	o.Currency = r.Text("currencyCode", w.Currency)
	o.Total = wire.Amount(r, "totalPriceSet", w.Total, o.Currency)
	if back := wire.Amount(&channels.Reading{}, "totalRefundedSet", w.Refunded, o.Currency); back.Minor > 0 { // optional
		o.Refunded = back
	}
	var customer struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(w.Customer, &customer) == nil {
		o.Buyer = wire.Tail(channels.Lenient(customer.ID))
	}
	if o.Status != channels.StatusUnpaid && o.Status != channels.StatusAuthorised && o.Status != channels.StatusOnHold {
		o.Recipient = recipient(w) // what is not needed yet is not taken in
		o.BilledElsewhere = o.Recipient != nil && string(w.Billed) == "false"
	}
	lacks = readLines(r, &o, w.Lines, b)
	return o, lacks, r.Invalid
}

// readStatus makes one state of three: whether it was cancelled, how the payment is, how far the sending is.
func readStatus(r *channels.Reading, o *channels.Order, w wireOrder) {
	financial, fulfilment := r.Text("displayFinancialStatus", w.Financial), r.Text("displayFulfillmentStatus", w.Fulfilment)
	if fulfilment == "" {
		r.Fail("displayFulfillmentStatus", "must be there", "")
	}
	o.Vendor = financial + "/" + fulfilment
	owed := unpaid[financial]
	if financial == "PARTIALLY_PAID" && capturable(w.Capturable) { // captured in part, and the rest can be
		owed = channels.StatusAuthorised
	}
	cancelled := wire.Time(r, "cancelledAt", w.Cancelled)
	if paid[financial] || financial == "AUTHORIZED" {
		o.Paid = paidAt(w, cmp.Or(wire.Time(r, "processedAt", w.Processed), o.Created, o.Updated))
	}
	switch way, known := sending[fulfilment]; {
	case !cancelled.IsZero():
		o.Status, o.Vendor, o.Cancel = channels.StatusCancelled, "CANCELLED", cmp.Or(r.Text("cancelReason", w.Reason), "OTHER")
	case !known || !paid[financial] && owed == "":
		o.Status = channels.StatusUnknown
	case way == channels.StatusArranged:
		o.Status = carried(w.Fulfillments)
		o.Owed = owed == channels.StatusAuthorised
	case owed != "":
		o.Status = owed // also when a part of it was sent: the rest waits for the money
	case financial == "REFUNDED":
		o.Status = channels.StatusOnHold // the whole money went back: a person says whether anything is still sent
	default:
		o.Status = way
	}
	if o.Status == channels.StatusUnpaid || owed == channels.StatusAuthorised {
		o.Paid = time.Time{}
	}
}

// capturable says that money of an order is reserved and can be taken.
func capturable(raw json.RawMessage) bool {
	var bag struct {
		Shop struct {
			Amount channels.Text `json:"amount"`
		} `json:"shopMoney"`
	}
	return json.Unmarshal(raw, &bag) == nil && !nothing(bag.Shop.Amount)
}

// paidAt is when the money came, by the first payments; else when the order was processed.
func paidAt(w wireOrder, otherwise time.Time) time.Time {
	var list []struct {
		Kind    channels.Text `json:"kind"`
		Status  channels.Text `json:"status"`
		Created channels.Text `json:"createdAt"`
	}
	_ = json.Unmarshal(w.Transactions, &list) // without them the order's own time will do
	for _, t := range list {
		at, err := time.Parse(time.RFC3339, string(t.Created))
		if (t.Kind == "SALE" || t.Kind == "CAPTURE") && t.Status == "SUCCESS" && err == nil {
			return at.UTC()
		}
	}
	return otherwise
}

// carried is how far the parcels of an order are that was sent whole.
func carried(raw json.RawMessage) channels.Status {
	var list []struct {
		Status  channels.Text `json:"status"`
		Display channels.Text `json:"displayStatus"`
	}
	_ = json.Unmarshal(raw, &list) // without them it is sent, and no more is known
	delivered, alive, moves := 0, 0, false
	for _, f := range list {
		if f.Status == "CANCELLED" || f.Status == "ERROR" || f.Status == "FAILURE" {
			continue
		}
		alive++
		switch {
		case f.Display == "DELIVERED" || f.Display == "PICKED_UP":
			delivered++
		case moving[string(f.Display)]:
			moves = true
		}
	}
	switch {
	case alive > 0 && delivered == alive:
		return channels.StatusDelivered
	case moves || delivered > 0:
		return channels.StatusTransit
	}
	return channels.StatusArranged
}

// readParts reads who sends the order, and by when.
func readParts(r *channels.Reading, o *channels.Order, raw json.RawMessage) {
	var list struct {
		Nodes []struct {
			Status  channels.Text   `json:"status"`
			Request channels.Text   `json:"requestStatus"`
			By      json.RawMessage `json:"fulfillBy"`
		} `json:"nodes"`
	}
	_ = json.Unmarshal(raw, &list) // optional
	open, away := 0, 0
	for _, p := range list.Nodes {
		if p.Status == "CLOSED" || p.Status == "CANCELLED" {
			continue
		}
		open++
		if others[string(p.Request)] {
			away++
		}
		if by := wire.Time(r, "fulfillmentOrders.fulfillBy", p.By); !by.IsZero() && (o.ShipBy.IsZero() || by.Before(o.ShipBy)) {
			o.ShipBy = by
		}
	}
	// A service may still say no, and then the seller sends it: until it has sent it the order holds its stock and waits.
	if ready := o.Status == channels.StatusReady || o.Status == channels.StatusPartial; ready && open > 0 && away == open {
		o.Status = channels.StatusOnHold
	}
}

type wireLine struct {
	ID       json.RawMessage `json:"id"`
	Name     json.RawMessage `json:"name"`
	SKU      json.RawMessage `json:"sku"`
	Quantity json.RawMessage `json:"quantity"`
	Current  json.RawMessage `json:"currentQuantity"`
	Price    json.RawMessage `json:"originalUnitPriceSet"`
	Variant  json.RawMessage `json:"variant"`
	Unsent   json.RawMessage `json:"unfulfilledQuantity"`
}

// readLines groups line items by variant and price. Units that were taken out of an order that lives on are left out, but for those
// that were sent and came back; when none is left so is the order, unless it was sent, and its lines stay to say of what.
func readLines(r *channels.Reading, o *channels.Order, raw json.RawMessage, b beside) (lacks lack) {
	var list wire.Page
	if !r.Object("lineItems", raw, &list) {
		return lack{}
	}
	items := slices.Concat(list.Nodes, b.lines)
	if len(items) == 0 {
		r.Fail("lineItems", "must hold a line", "")
		return lack{}
	}
	sent := o.Status == channels.StatusArranged || o.Status == channels.StatusTransit || o.Status == channels.StatusDelivered
	var all, live lineGroup
	for i, item := range items {
		r.Within = channels.At("lineItems", i)
		var w wireLine
		if !r.Object("", item, &w) {
			return lack{}
		}
		r.Within += "."
		line := channels.Line{Code: r.Text("sku", w.SKU), Name: r.Text("name", w.Name), Quantity: r.Whole("quantity", w.Quantity)}
		current := line.Quantity
		if len(w.Current) > 0 {
			current = r.Whole("currentQuantity", w.Current)
		}
		line.Price = wire.Amount(r, "originalUnitPriceSet", w.Price, o.Currency)
		key := wire.ID(r, "id", w.ID)
		line.Items = []string{key}
		line.ListingID, line.ProductID = wire.Variant(w.Variant)
		line.ListingID = cmp.Or(line.ListingID, wire.LineListing(key))
		if r.Invalid != nil {
			return lack{}
		}
		if line.Quantity > 0 {
			all.add(line)
		}
		if current < line.Quantity && (sent || o.Status == channels.StatusPartial) {
			lacks.sent = lacks.sent || b.sent == nil
			unsent := int64(0)
			if len(w.Unsent) > 0 {
				unsent = r.Whole("unfulfilledQuantity", w.Unsent)
			}
			current = max(current, min(line.Quantity, b.sent[key]+unsent))
		}
		if line.Quantity = current; current > 0 {
			live.add(line)
		}
	}
	r.Within = ""
	switch {
	case len(all.lines) == 0:
		r.Fail("lineItems", "must hold a line of one unit at least", "")
	case len(live.lines) > 0 && o.Status != channels.StatusCancelled:
		o.Lines = live.lines
	default:
		o.Lines = all.lines
		if !sent && o.Status != channels.StatusCancelled && list.Next() == "" {
			o.Status, o.Cancel = channels.StatusCancelled, cmp.Or(o.Cancel, "OTHER")
		}
	}
	if len(b.lines) == 0 {
		lacks.after = list.Next()
	}
	return lacks
}

// lineGroup sums units of one variant at one price, in the order they first came.
type lineGroup struct {
	lines []channels.Line
	index map[string]int
}

func (g *lineGroup) add(l channels.Line) {
	key := l.ListingID + " " + l.Price.String()
	i, known := g.index[key]
	if !known {
		if g.index == nil {
			g.index = map[string]int{}
		}
		g.index[key] = len(g.lines)
		g.lines = append(g.lines, l)
		return
	}
	g.lines[i].Quantity += l.Quantity
	g.lines[i].Items = append(g.lines[i].Items, l.Items...)
}

// recipient reads personal data; nil while the vendor hides it. Nothing in it can make an order invalid.
func recipient(w wireOrder) *channels.Recipient {
	var address struct {
		Name   json.RawMessage   `json:"name"`
		Phone  json.RawMessage   `json:"phone"`
		Zip    json.RawMessage   `json:"zip"`
		Region json.RawMessage   `json:"countryCodeV2"`
		Lines  []json.RawMessage `json:"formatted"`

		Company json.RawMessage `json:"company"`
		Line1   json.RawMessage `json:"address1"`
		Line2   json.RawMessage `json:"address2"`
		City    json.RawMessage `json:"city"`
		State   json.RawMessage `json:"provinceCode"`
	}
	_ = json.Unmarshal(w.Address, &address) // an order to be picked up has none
	var lines []string
	for _, line := range address.Lines {
		lines = append(lines, channels.Lenient(line))
	}
	p := channels.Recipient{
		Name: channels.Lenient(address.Name), Phone: cmp.Or(channels.Lenient(address.Phone), channels.Lenient(w.Phone)), Email: channels.Lenient(w.Email),
		Address: strings.Join(lines, "\n"), PostalCode: channels.Lenient(address.Zip), Region: channels.Lenient(address.Region), Message: channels.Lenient(w.Note),
		Company: channels.Lenient(address.Company), Line1: channels.Lenient(address.Line1), Line2: channels.Lenient(address.Line2),
		City: channels.Lenient(address.City), State: channels.Lenient(address.State),
	}
	if p == (channels.Recipient{}) {
		return nil
	}
	return &p
}
