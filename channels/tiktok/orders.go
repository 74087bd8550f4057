package tiktok

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/wire"
)

const (
	maxIDs   = 50  // of one order detail call
	pageSize = 100 // the vendor's most
)

// Orders implements channels.Connector.
func (c *Connector) Orders(ctx context.Context, ids []string) (channels.Page, error) {
	const name = "read orders"
	if len(ids) == 0 {
		return channels.Page{}, nil
	}
	if len(ids) > maxIDs {
		return channels.Page{}, wire.Bug(name, fmt.Sprintf("%d ids in one call, at most %d", len(ids), maxIDs))
	}
	for _, id := range ids {
		if err := wire.CheckID(name, id); err != nil {
			return channels.Page{}, err
		}
	}
	data, err := c.Call(ctx, wire.Request{
		Name: name, Method: http.MethodGet, Path: "/order/202507/orders", Query: url.Values{"ids": {strings.Join(ids, ",")}},
	})
	if err != nil {
		return channels.Page{}, err
	}
	return c.orders.page(name, data)
}

// searched names the search of orders; whatever it searches by, it is one endpoint with one quota.
const searched = "list changed orders"

// Changed implements channels.Connector. The vendor's update_time is whole seconds and equal stamps are common: the window
// is widened to whole seconds, and callers overlap windows. Pages of one window need the same since and until.
func (c *Connector) Changed(ctx context.Context, since, until time.Time, page string) (channels.Page, error) {
	return c.search(ctx, "update_time", since, until, page)
}

// Oldest implements channels.Historian: the vendor names no end.
func (*Connector) Oldest(context.Context) (time.Time, error) { return time.Time{}, nil }

// Placed implements channels.Historian. When an order was placed never changes, so pages of it do not move.
func (c *Connector) Placed(ctx context.Context, from, until time.Time, page string) (channels.Page, error) {
	return c.search(ctx, "create_time", from, until, page)
}

// search lists orders by a time of theirs, which is also what they are sorted by.
func (c *Connector) search(ctx context.Context, by string, since, until time.Time, page string) (channels.Page, error) {
	window := map[string]int64{}
	if !since.IsZero() {
		window[by+"_ge"] = since.Unix()
	}
	if !until.IsZero() {
		window[by+"_lt"] = until.Add(time.Second - 1).Unix()
	}
	q := wire.Request{
		Name: searched, Method: http.MethodPost, Path: "/order/202309/orders/search",
		Query: url.Values{"page_size": {strconv.Itoa(pageSize)}, "sort_field": {by}, "sort_order": {"ASC"}},
	}
	if page != "" {
		q.Query.Set("page_token", page)
	}
	if len(window) > 0 {
		q.Body = window
	}
	data, err := c.Call(ctx, q)
	if err != nil {
		return channels.Page{}, err
	}
	return c.orders.page(searched, data)
}

// page translates a page of orders; a broken order is an Invalid beside the others.
func (m *memory) page(call string, data json.RawMessage) (channels.Page, error) {
	var list struct {
		Orders []json.RawMessage `json:"orders"`
		Next   channels.Text     `json:"next_page_token"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return channels.Page{}, wire.Unreadable(call, err)
	}
	page := channels.Page{Next: string(list.Next)}
	for i, raw := range list.Orders {
		order, invalid := m.read(i, raw)
		if invalid != nil {
			page.Invalid = append(page.Invalid, *invalid)
			continue
		}
		page.Orders = append(page.Orders, order)
	}
	return page, nil
}

// statuses are the vendor's words for an order's state; webhooks say CANCEL where the API says CANCELLED.
var statuses = map[string]channels.Status{
	"UNPAID":              channels.StatusUnpaid,
	"ON_HOLD":             channels.StatusOnHold,
	"AWAITING_SHIPMENT":   channels.StatusReady,
	"PARTIALLY_SHIPPING":  channels.StatusPartial,
	"AWAITING_COLLECTION": channels.StatusArranged,
	"IN_TRANSIT":          channels.StatusTransit,
	"DELIVERED":           channels.StatusDelivered,
	"COMPLETED":           channels.StatusCompleted,
	"CANCELLED":           channels.StatusCancelled,
	"CANCEL":              channels.StatusCancelled,
}

// initiators are the vendor's words for who cancelled an order.
var initiators = map[string]string{"SELLER": channels.BySeller, "BUYER": channels.ByBuyer, "SYSTEM": channels.ByChannel, "OPERATOR": channels.ByChannel}

// wireOrder holds each field as it came, so that one of the wrong kind is named and does not hide the rest.
type wireOrder struct {
	ID          json.RawMessage `json:"id"`
	Status      json.RawMessage `json:"status"`
	Created     json.RawMessage `json:"create_time"`
	Updated     json.RawMessage `json:"update_time"`
	Paid        json.RawMessage `json:"paid_time"`
	Items       json.RawMessage `json:"line_items"`
	Payment     json.RawMessage `json:"payment"`
	Buyer       json.RawMessage `json:"user_id"`
	Email       json.RawMessage `json:"buyer_email"`
	Message     json.RawMessage `json:"buyer_message"`
	Recipient   json.RawMessage `json:"recipient_address"`
	Packages    json.RawMessage `json:"packages"`
	Cancel      json.RawMessage `json:"cancel_reason"`
	CancelBy    json.RawMessage `json:"cancellation_initiator"`
	ArrangeBy   json.RawMessage `json:"rts_sla_time"`
	ShipBy      json.RawMessage `json:"shipping_due_time"`
	CollectBy   json.RawMessage `json:"tts_sla_time"`
	Fulfillment json.RawMessage `json:"fulfillment_type"`
	Shipping    json.RawMessage `json:"shipping_type"`
}

// readOrder translates one order, the i-th of its page, or says what is wrong with it.
func readOrder(i int, raw json.RawMessage) (channels.Order, *channels.Invalid) {
	r := &channels.Reading{Record: "order without a readable id, number " + strconv.Itoa(i+1) + " of its page"}
	var w wireOrder
	if !r.Object("order", raw, &w) {
		return channels.Order{}, r.Invalid
	}
	o := channels.Order{ID: r.ID("id", w.ID)}
	if o.ID != "" {
		r.Record = o.ID
	}
	o.Vendor = r.Text("status", w.Status)
	if o.Vendor == "" {
		r.Fail("status", "must be there", "")
	}
	o.Status = cmp.Or(statuses[o.Vendor], channels.StatusUnknown)
	o.Created, o.Updated, o.Paid = r.Time("create_time", w.Created), r.Time("update_time", w.Updated), r.Time("paid_time", w.Paid)
	if o.Updated = cmp.Or(o.Updated, o.Created); o.Updated.IsZero() {
		r.Fail("update_time", "must be there", "")
	}
	o.ShipBy = cmp.Or(r.Time("rts_sla_time", w.ArrangeBy), r.Time("shipping_due_time", w.ShipBy), r.Time("tts_sla_time", w.CollectBy))
	o.SelfShips = r.Text("fulfillment_type", w.Fulfillment) == "FULFILLMENT_BY_TIKTOK"
	o.SellerShips = !o.SelfShips && channels.Lenient(w.Shipping) == "SELLER"
	o.Buyer = channels.Lenient(w.Buyer)
	o.Recipient = recipient(w)
	for n, item := range r.List("packages", w.Packages) {
		var p struct {
			ID json.RawMessage `json:"id"`
		}
		if r.Object(channels.At("packages", n), item, &p) {
			o.Packages = append(o.Packages, r.ID(channels.At("packages", n)+".id", p.ID))
		}
	}
	readMoney(r, &o, w.Payment)
	readLines(r, &o, w.Items)
	if o.Status == channels.StatusCancelled {
		o.Cancel, o.CancelBy = r.Text("cancel_reason", w.Cancel), initiators[channels.Lenient(w.CancelBy)]
	}
	return o, r.Invalid
}

func readMoney(r *channels.Reading, o *channels.Order, raw json.RawMessage) {
	var payment struct {
		Currency json.RawMessage `json:"currency"`
		Total    json.RawMessage `json:"total_amount"`
	}
	if !r.Object("payment", raw, &payment) {
		return
	}
	o.Currency = r.Text("payment.currency", payment.Currency)
	o.Total = r.Amount("payment.total_amount", payment.Total, o.Currency)
}

type wireItem struct {
	ID       json.RawMessage `json:"id"`
	SKU      json.RawMessage `json:"sku_id"`
	Product  json.RawMessage `json:"product_id"`
	Code     json.RawMessage `json:"seller_sku"`
	Name     json.RawMessage `json:"product_name"`
	Variant  json.RawMessage `json:"sku_name"`
	Price    json.RawMessage `json:"sale_price"`
	Currency json.RawMessage `json:"currency"`
	Status   json.RawMessage `json:"display_status"`
	Gift     json.RawMessage `json:"is_gift"`
}

// readLines groups line items, one a unit, by SKU and price. Units cancelled out of an order that lives on are left out; when
// every unit was cancelled so is the order, and its lines stay to say of what.
func readLines(r *channels.Reading, o *channels.Order, raw json.RawMessage) {
	items := r.List("line_items", raw)
	if len(items) == 0 {
		r.Fail("line_items", "must hold a line", "")
		return
	}
	var all, live lineGroup
	for i, item := range items {
		r.Within = channels.At("line_items", i)
		var w wireItem
		if !r.Object("", item, &w) {
			return
		}
		r.Within += "."
		line := channels.Line{
			ListingID: r.ID("sku_id", w.SKU), ProductID: r.Text("product_id", w.Product),
			Code: r.Text("seller_sku", w.Code), Name: r.Text("product_name", w.Name), Quantity: 1,
		}
		if variant := r.Text("sku_name", w.Variant); variant != "" && variant != "Default" {
			line.Name = strings.TrimSpace(line.Name + ", " + variant)
		}
		currency := cmp.Or(r.Text("currency", w.Currency), o.Currency)
		price := w.Price
		if len(price) == 0 && string(w.Gift) == "true" {
			price = json.RawMessage(`"0"`)
		}
		line.Price = r.Amount("sale_price", price, currency)
		if id := r.ID("id", w.ID); id != "" {
			line.Items = []string{id}
		}
		if r.Invalid != nil {
			return
		}
		all.add(line)
		if status := channels.Lenient(w.Status); statuses[status] != channels.StatusCancelled {
			live.add(line)
		}
	}
	r.Within = ""
	switch {
	case o.Status == channels.StatusCancelled:
		o.Lines = all.lines
	case len(live.lines) == 0:
		o.Status, o.Lines = channels.StatusCancelled, all.lines
	default:
		o.Lines = live.lines
	}
}

// lineGroup sums units of one SKU at one price, in the order they first came.
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
	g.lines[i].Quantity++
	g.lines[i].Items = append(g.lines[i].Items, l.Items...)
}

// district is one level of an address: L0 the country, L1 the state or nation, then smaller ones.
type district struct {
	Level channels.Text `json:"address_level"`
	Kind  channels.Text `json:"address_level_name"`
	Name  channels.Text `json:"address_name"`
}

// townOf finds the town, by its kind or else as the smallest district there is, and the state.
func townOf(districts json.RawMessage) (city, state string) {
	var list []district
	_ = json.Unmarshal(districts, &list) // hidden when it is something else
	named := false
	for _, d := range list {
		kind := strings.ToLower(string(d.Kind))
		isTown := strings.Contains(kind, "city") || strings.Contains(kind, "town")
		switch {
		case isTown, !named && d.Level != "L0" && d.Level != "L1":
			city, named = string(d.Name), named || isTown
		case d.Level == "L1":
			state = string(d.Name)
		}
	}
	return city, state
}

// recipient reads personal data; nil while the vendor hides it. Nothing in it can make an order invalid.
func recipient(w wireOrder) *channels.Recipient {
	var address struct {
		Name       json.RawMessage `json:"name"`
		Phone      json.RawMessage `json:"phone_number"`
		Full       json.RawMessage `json:"full_address"`
		PostalCode json.RawMessage `json:"postal_code"`
		Region     json.RawMessage `json:"region_code"`
		Line1      json.RawMessage `json:"address_line1"`
		Line2      json.RawMessage `json:"address_line2"`
		Districts  json.RawMessage `json:"district_info"`
	}
	if len(w.Recipient) > 0 && json.Unmarshal(w.Recipient, &address) != nil {
		return nil
	}
	p := channels.Recipient{
		Name: channels.Lenient(address.Name), Phone: channels.Lenient(address.Phone), Email: channels.Lenient(w.Email), Address: channels.Lenient(address.Full),
		PostalCode: channels.Lenient(address.PostalCode), Region: channels.Lenient(address.Region), Message: channels.Lenient(w.Message),
		Line1: channels.Lenient(address.Line1), Line2: channels.Lenient(address.Line2),
	}
	p.City, p.State = townOf(address.Districts)
	if p == (channels.Recipient{}) {
		return nil
	}
	return &p
}
