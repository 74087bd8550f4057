package amazon

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/aftersales"
	"github.com/creatorflow/creatorflow/channels/amazon/products"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
	"github.com/creatorflow/creatorflow/money"
)

const (
	maxIDs   = 50              // of one Orders
	pageSize = 100             // the vendor's most
	listLag  = 2 * time.Minute // a search must end so long before now
)

// included are the datasets that the hub reads; persons come only where the seller granted the role.
const included = "BUYER,RECIPIENT,PROCEEDS,CANCELLATION,FULFILLMENT,PACKAGES"

// What the vendor's operation tables allow.
var (
	searchQuota  = wire.Quota{PerSecond: 0.0056, Burst: 20}
	orderQuota   = wire.Quota{PerSecond: 0.5, Burst: 30}
	confirmQuota = wire.Quota{PerSecond: 2, Burst: 10}
	listingQuota = wire.Quota{PerSecond: 5, Burst: 5}
)

// Orders implements channels.Connector. The vendor shows one order a call, one every two seconds: it takes as long as that.
func (c *Connector) Orders(ctx context.Context, ids []string) (channels.Page, error) {
	const name = "read orders"
	if len(ids) > maxIDs {
		return channels.Page{}, wire.Bug(name, "%d ids in one call, at most %d", len(ids), maxIDs)
	}
	var page channels.Page
	for _, id := range ids {
		raw, err := c.order(ctx, name, id)
		if wire.NotFound(err) {
			continue
		}
		if err != nil {
			return channels.Page{}, err
		}
		order, invalid := c.readOrder(0, raw)
		if invalid != nil {
			page.Invalid = append(page.Invalid, *invalid)
			continue
		}
		c.shown(id, raw)
		page.Orders = append(page.Orders, order)
	}
	return page, nil
}

// order reads one order as the vendor shows it.
func (c *Connector) order(ctx context.Context, name, id string) (json.RawMessage, error) {
	if err := wire.CheckID(name, id); err != nil {
		return nil, err
	}
	data, err := c.Call(ctx, wire.Request{
		Name: "read orders", Method: http.MethodGet, Path: "/orders/2026-01-01/orders/" + id, Query: url.Values{"includedData": {included}}, Quota: orderQuota,
	})
	if err != nil {
		return nil, err
	}
	var one struct {
		Order json.RawMessage `json:"order"`
	}
	if err := json.Unmarshal(data, &one); err != nil || len(one.Order) == 0 {
		return nil, wire.Unreadable(name, err)
	}
	return one.Order, nil
}

// Changed implements channels.Connector. The window is widened to whole seconds. The vendor's list ends two minutes ago (Capabilities.ListsAfter), and only some
// twenty calls an hour are to be had: a pass of a quiet shop costs one.
func (c *Connector) Changed(ctx context.Context, since, until time.Time, page string) (channels.Page, error) {
	return c.found(ctx, "lastUpdated", since, until, page)
}

// keeps is how long ago an order may have been placed that the vendor shows; Australia, Japan and Singapore show older ones.
const keeps = 2 * 365 * 24 * time.Hour

// Oldest implements channels.Historian.
func (c *Connector) Oldest(context.Context) (time.Time, error) { return c.clock().Add(-keeps), nil }

// Placed implements channels.Historian. It is the same call as Changed and shares its quota.
func (c *Connector) Placed(ctx context.Context, from, until time.Time, page string) (channels.Page, error) {
	return c.found(ctx, "created", from, until, page)
}

// found lists orders by a time of theirs.
func (c *Connector) found(ctx context.Context, by string, since, until time.Time, page string) (channels.Page, error) {
	const name = "list changed orders"
	latest := c.clock().Add(-listLag - c.Ahead())
	since, until = since.Truncate(time.Second), until.Add(time.Second-1).Truncate(time.Second)
	if page == "" && since.After(latest) {
		return channels.Page{}, nil // nothing of that time can be listed yet
	}
	query := url.Values{
		by + "After": {stamp(since)}, "marketplaceIds": {c.place.ID}, "maxResultsPerPage": {strconv.Itoa(pageSize)}, "includedData": {included},
	}
	if until.Before(latest) {
		query.Set(by+"Before", stamp(until))
	}
	if page != "" {
		query.Set("paginationToken", page)
	}
	data, err := c.Call(ctx, wire.Request{Name: name, Method: http.MethodGet, Path: "/orders/2026-01-01/orders", Query: query, Quota: searchQuota})
	if err != nil {
		return channels.Page{}, err
	}
	var list struct {
		Orders     []json.RawMessage `json:"orders"`
		Pagination struct {
			Next channels.Text `json:"nextToken"`
		} `json:"pagination"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return channels.Page{}, wire.Unreadable(name, err)
	}
	read := channels.Page{Next: string(list.Pagination.Next)}
	for i, raw := range list.Orders {
		order, invalid := c.readOrder(i, raw)
		if invalid != nil {
			read.Invalid = append(read.Invalid, *invalid)
			continue
		}
		read.Orders = append(read.Orders, order)
	}
	// The vendor does not say in which order it lists.
	slices.SortStableFunc(read.Orders, func(a, b channels.Order) int { return a.Updated.Compare(b.Updated) })
	return read, nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// statuses are the vendor's words for an order's state; notifications spell them as the second of each pair.
var statuses = map[string]channels.Status{
	"PENDING_AVAILABILITY": channels.StatusUnpaid, // a pre-order: Amazon takes the money when it may be shipped
	"PENDING":              channels.StatusUnpaid, // the money is not there yet: nothing may be done about it
	"UNSHIPPED":            channels.StatusReady,
	"PARTIALLY_SHIPPED":    channels.StatusPartial,
	"SHIPPED":              channels.StatusTransit,
	"CANCELLED":            channels.StatusCancelled,
}

// wireOrder holds each field as it came, so that one of the wrong kind is named and does not hide the rest.
type wireOrder struct {
	ID          json.RawMessage `json:"orderId"`
	Created     json.RawMessage `json:"createdTime"`
	Updated     json.RawMessage `json:"lastUpdatedTime"`
	Buyer       json.RawMessage `json:"buyer"`
	Recipient   json.RawMessage `json:"recipient"`
	Proceeds    json.RawMessage `json:"proceeds"`
	Fulfillment json.RawMessage `json:"fulfillment"`
	Items       json.RawMessage `json:"orderItems"`
	Packages    json.RawMessage `json:"packages"`
}

// readOrder translates one order, the i-th of its page, or says what is wrong with it.
func (c *Connector) readOrder(i int, raw json.RawMessage) (channels.Order, *channels.Invalid) {
	r := &channels.Reading{Record: "order without a readable id, number " + strconv.Itoa(i+1) + " of its page"}
	var w wireOrder
	if !r.Object("order", raw, &w) {
		return channels.Order{}, r.Invalid
	}
	o := channels.Order{ID: r.ID("orderId", w.ID), Currency: c.place.Currency}
	if o.ID != "" {
		r.Record = o.ID
	}
	o.Created, o.Updated = readTime(r, "createdTime", w.Created), readTime(r, "lastUpdatedTime", w.Updated)
	if o.Updated = cmp.Or(o.Updated, o.Created); o.Updated.IsZero() {
		r.Fail("lastUpdatedTime", "must be there", "")
	}
	readFulfillment(r, &o, w.Fulfillment)
	if o.Status != channels.StatusUnpaid {
		o.Paid = o.Created // when the money came is not told
	}
	readPeople(&o, w)
	cancel, wish := readItems(r, &o, w.Items)
	readTotal(r, &o, w.Proceeds)
	if o.Status == channels.StatusCancelled {
		o.Cancel, o.CancelBy = cmp.Or(cancel.reason, "UNKNOWN"), aftersales.Canceller(cancel.by, wish.By)
	}
	if r.Invalid == nil {
		o.Claims = aftersales.Asked(o, wish)
	}
	for n, item := range r.List("packages", w.Packages) {
		var p struct {
			ID json.RawMessage `json:"packageReferenceId"`
		}
		if r.Object(channels.At("packages", n), item, &p) {
			o.Packages = append(o.Packages, r.Text(channels.At("packages", n)+".packageReferenceId", p.ID))
		}
	}
	return o, r.Invalid
}

// readTime reads an ISO 8601 time that may be absent.
func readTime(r *channels.Reading, field string, raw json.RawMessage) time.Time {
	text := r.Text(field, raw)
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() < 1970 || at.Year() > 9999 {
		r.Fail(field, "must be an ISO 8601 time", text)
		return time.Time{}
	}
	return at.UTC()
}

// readFulfillment reads the state, who ships and until when. A word that is not known is kept and stops nothing.
func readFulfillment(r *channels.Reading, o *channels.Order, raw json.RawMessage) {
	var f struct {
		Status json.RawMessage `json:"fulfillmentStatus"`
		By     json.RawMessage `json:"fulfilledBy"`
		Window json.RawMessage `json:"shipByWindow"`
	}
	if !r.Object("fulfillment", raw, &f) {
		return
	}
	r.Within = "fulfillment."
	defer func() { r.Within = "" }()
	o.Vendor = r.Text("fulfillmentStatus", f.Status)
	if o.Vendor == "" {
		r.Fail("fulfillmentStatus", "must be there", "")
	}
	o.Status = cmp.Or(statuses[o.Vendor], channels.StatusUnknown)
	o.SellerShips = sellerShips(r.Text("fulfilledBy", f.By))
	o.SelfShips = !o.SellerShips
	var window struct {
		Latest json.RawMessage `json:"latestDateTime"`
	}
	if len(f.Window) > 0 && json.Unmarshal(f.Window, &window) == nil {
		o.ShipBy = readTime(r, "shipByWindow.latestDateTime", window.Latest)
	}
}

// sellerShips reports whether the seller ships an order. What somebody ships whom we do not know, the hub must not.
func sellerShips(by string) bool { return by == "MERCHANT" || by == "MFN" || by == "" }

// readTotal reads what the order brings. While it is PENDING the vendor shows no money: then it is what the lines come to.
func readTotal(r *channels.Reading, o *channels.Order, raw json.RawMessage) {
	var proceeds struct {
		Total json.RawMessage `json:"grandTotal"`
	}
	var total money.Money
	if len(raw) > 0 && string(raw) != "null" && r.Object("proceeds", raw, &proceeds) {
		total = products.Money(r, "proceeds.grandTotal", proceeds.Total, o.Currency)
	}
	if total.Currency == "" {
		total = money.Money{Currency: o.Currency}
		for _, l := range o.Lines {
			total.Minor += l.Price.Minor * l.Quantity
		}
	}
	o.Total = total
}

// wireItem is one order item: so many units of one SKU.
type wireItem struct {
	ID       json.RawMessage `json:"orderItemId"`
	Quantity json.RawMessage `json:"quantityOrdered"`
	Product  json.RawMessage `json:"product"`
	Cancel   json.RawMessage `json:"cancellation"`
}

// readItems reads the lines, one an order item, who cancelled them and why, and which of them the buyer wants to cancel. Items
// cancelled out of an order that lives on are left out; when every one was, so is the order, and its lines stay.
func readItems(r *channels.Reading, o *channels.Order, raw json.RawMessage) (cancel cancellation, wish aftersales.Wish) {
	items := r.List("orderItems", raw)
	if len(items) == 0 {
		r.Fail("orderItems", "must hold an item", "")
		return cancel, wish
	}
	var all, live []channels.Line
	for i, item := range items {
		r.Within = channels.At("orderItems", i)
		var w wireItem
		if !r.Object("", item, &w) {
			return cancel, wish
		}
		r.Within += "."
		line := readItem(r, o, w)
		if r.Invalid != nil {
			return cancel, wish
		}
		all = append(all, line)
		one := readCancellation(w.Cancel)
		if one.by == "" && line.Quantity > 0 {
			live = append(live, line)
		}
		cancel = cancellation{by: cmp.Or(cancel.by, one.by), reason: cmp.Or(cancel.reason, one.reason)}
		if one.asked == "" && one.askedWhy == "" {
			continue
		}
		wish.By, wish.Why = cmp.Or(wish.By, one.asked), cmp.Or(wish.Why, one.askedWhy)
		if one.by != "" || line.Quantity == 0 {
			wish.Done = append(wish.Done, line)
		} else {
			wish.Open = append(wish.Open, line)
		}
	}
	r.Within = ""
	switch {
	case o.Status == channels.StatusCancelled:
		o.Lines = all
	case len(live) == 0:
		o.Status, o.Lines = channels.StatusCancelled, all
	default:
		o.Lines = live
	}
	return cancel, wish
}

// cancellation is by whom and why an item was cancelled, empty when it was not, and who asks for that and why: the vendor's words.
type cancellation struct {
	by, reason      string
	asked, askedWhy string
}

func readCancellation(raw json.RawMessage) (c cancellation) {
	var w struct {
		Execution struct {
			By     json.RawMessage `json:"cancelledBy"`
			Reason json.RawMessage `json:"cancelReason"`
		} `json:"cancellationExecution"`
		Request struct {
			By     json.RawMessage `json:"requester"`
			Reason json.RawMessage `json:"cancelReason"`
		} `json:"cancellationRequest"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &w) != nil {
		return c
	}
	by := channels.Lenient(w.Execution.By)
	return cancellation{
		by: by, reason: code(cmp.Or(channels.Lenient(w.Execution.Reason), by)),
		asked: code(channels.Lenient(w.Request.By)), askedWhy: code(channels.Lenient(w.Request.Reason)),
	}
}

func readItem(r *channels.Reading, o *channels.Order, w wireItem) (line channels.Line) {
	var product struct {
		ASIN  json.RawMessage `json:"asin"`
		Title json.RawMessage `json:"title"`
		SKU   json.RawMessage `json:"sellerSku"`
		Price json.RawMessage `json:"price"`
	}
	var price struct {
		Unit json.RawMessage `json:"unitPrice"`
	}
	if !r.Object("product", w.Product, &product) {
		return line
	}
	id := r.ID("orderItemId", w.ID)
	line = channels.Line{
		ProductID: r.Text("product.asin", product.ASIN), Code: r.Text("product.sellerSku", product.SKU), Name: r.Text("product.title", product.Title),
		Quantity: r.Whole("quantityOrdered", w.Quantity),
	}
	if line.ListingID = cmp.Or(line.Code, line.ProductID); line.ListingID == "" {
		r.Fail("product.sellerSku", "must be there", "")
	}
	if line.Quantity > maxUnits {
		r.Fail("quantityOrdered", "must be at most "+strconv.Itoa(maxUnits), string(w.Quantity))
		return line
	}
	line.Items = []string{id} // of all units together
	if len(product.Price) > 0 && string(product.Price) != "null" && r.Object("product.price", product.Price, &price) {
		line.Price = products.Money(r, "product.price.unitPrice", price.Unit, o.Currency)
	}
	if line.Price.Currency == "" { // not shown while the order is PENDING
		line.Price.Currency = o.Currency
	}
	return line
}

// maxUnits of one order item; more is not believed.
const maxUnits = 100_000

// code makes a reason code of what may be a sentence by a person: only capital letters, digits and _ are kept of it.
func code(text string) string {
	ok := func(c rune) bool { return c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' }
	if text != "" && strings.ContainsFunc(text, func(c rune) bool { return !ok(c) }) {
		return "OTHER"
	}
	return channels.Short(text, 64)
}

// readPeople reads personal data; nil while the vendor hides it. Nothing in it can make an order invalid.
func readPeople(o *channels.Order, w wireOrder) {
	var buyer struct {
		Email json.RawMessage `json:"buyerEmail"`
	}
	var recipient struct {
		Address struct {
			Name    json.RawMessage `json:"name"`
			Company json.RawMessage `json:"companyName"`
			Line1   json.RawMessage `json:"addressLine1"`
			Line2   json.RawMessage `json:"addressLine2"`
			Line3   json.RawMessage `json:"addressLine3"`
			City    json.RawMessage `json:"city"`
			State   json.RawMessage `json:"stateOrRegion"`
			Postal  json.RawMessage `json:"postalCode"`
			Country json.RawMessage `json:"countryCode"`
			Phone   json.RawMessage `json:"phone"`
		} `json:"deliveryAddress"`
		Preference struct {
			Instruction json.RawMessage `json:"addressInstruction"`
		} `json:"deliveryPreference"`
	}
	if len(w.Buyer) > 0 {
		_ = json.Unmarshal(w.Buyer, &buyer) // hidden when it is something else
	}
	if len(w.Recipient) > 0 {
		_ = json.Unmarshal(w.Recipient, &recipient)
	}
	a := recipient.Address
	lines := []string{
		channels.Lenient(a.Company), channels.Lenient(a.Line1), channels.Lenient(a.Line2), channels.Lenient(a.Line3), channels.Lenient(a.City), channels.Lenient(a.State),
	}
	lines = slices.DeleteFunc(lines, func(s string) bool { return s == "" })
	o.Buyer = channels.Lenient(buyer.Email) // the relay address is the same for all of a buyer's orders with a seller
	p := channels.Recipient{
		Name: channels.Lenient(a.Name), Phone: channels.Lenient(a.Phone), Email: o.Buyer, Address: strings.Join(lines, ", "),
		PostalCode: channels.Lenient(a.Postal), Region: channels.Lenient(a.Country), Message: channels.Lenient(recipient.Preference.Instruction),
		Company: channels.Lenient(a.Company), Line1: channels.Lenient(a.Line1), City: channels.Lenient(a.City), State: channels.Lenient(a.State),
		Line2: strings.TrimSpace(channels.Lenient(a.Line2) + " " + channels.Lenient(a.Line3)),
	}
	if p != (channels.Recipient{}) {
		o.Recipient = &p
	}
}
