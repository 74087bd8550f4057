// Package aftersales puts Shopify's returns and refunds into the hub's words, and tells Shopify what a seller says of them.
//
//	order ─► its returns and refunds ─► channels.Claim, or an Invalid beside its neighbours
//	answer ─► approve, decline, call off; of goods that came: process, which refunds them, and close
//
// A refund that belongs to no return is a claim of its own, done when it is first seen. Shopify lists no returns by when they
// changed, but their order's time moves with them: changed orders are listed, and looked into where they have any.
package aftersales

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/wire"
	"github.com/creatorflow/creatorflow/money"
)

const (
	maxOrders   = 50    // of one call
	maxIDs      = 250   // of one list of ids
	maxLines    = 20    // of one return or refund, as claimsDocument reads them; one with more is not taken in
	orderPoints = 85.0  // of the names of one order's returns, while nobody knows
	claimPoints = 320.0 // of one return, likewise

	refundPrefix = "refund-" // of the ids of claims that are refunds
)

// Returns is the part of a connector that is about returns. Its methods may be called from many goroutines.
type Returns struct {
	line *wire.Line
	home func(context.Context) (string, error) // the id of the location that the hub keeps the stock of
}

var _ channels.AfterSales = Returns{}

// New makes one at a line, of a shop whose stock the hub keeps at one location; it calls nobody.
func New(line *wire.Line, home func(context.Context) (string, error)) Returns {
	return Returns{line, home}
}

// ClaimsChanged implements channels.AfterSales. Shopify's buyers ask for no cancellations by its API.
func (d Returns) ClaimsChanged(ctx context.Context, of channels.ClaimKind, since, until time.Time, after string) (channels.ClaimPage, error) {
	const name = "list changed returns"
	if of != channels.Return {
		return channels.ClaimPage{}, nil
	}
	vars := map[string]any{"first": maxOrders, "query": wire.Window("updated_at", since, until)}
	if after != "" {
		vars["after"] = after
	}
	data, err := d.line.Call(ctx, wire.Request{Name: name, Document: changedDocument, Variables: vars})
	if err != nil {
		return channels.ClaimPage{}, err
	}
	var list struct {
		Orders wire.Page `json:"orders"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return channels.ClaimPage{}, wire.Unreadable(name, err)
	}
	var ids []string
	for _, raw := range list.Orders.Nodes {
		var o struct {
			ID      channels.Text     `json:"id"`
			Returns channels.Text     `json:"returnStatus"`
			Refunds []json.RawMessage `json:"refunds"`
		}
		if json.Unmarshal(raw, &o) == nil && (o.Returns != "NO_RETURN" || len(o.Refunds) > 0) {
			ids = append(ids, wire.Tail(string(o.ID)))
		}
	}
	page, err := d.ClaimsOf(ctx, of, ids, "")
	page.Next = list.Orders.Next()
	return page, err
}

// ClaimsOf implements channels.AfterSales.
func (d Returns) ClaimsOf(ctx context.Context, of channels.ClaimKind, orders []string, _ string) (page channels.ClaimPage, err error) {
	const name = "list returns"
	if len(orders) > maxOrders {
		return page, wire.Bug(name, fmt.Sprintf("%d orders in one call, at most %d", len(orders), maxOrders))
	}
	if of != channels.Return {
		return page, nil
	}
	gids, err := d.names(ctx, orders, &page)
	if err != nil {
		return channels.ClaimPage{}, err
	}
	shown, err := d.read(ctx, gids, &page)
	if err != nil {
		return channels.ClaimPage{}, err
	}
	page.Claims = claims(shown)
	slices.SortStableFunc(page.Claims, func(a, b channels.Claim) int { return a.Updated.Compare(b.Updated) })
	return page, nil
}

// names are the returns and refunds of orders. Of an order with more of them than are read nothing is taken in.
func (d Returns) names(ctx context.Context, orders []string, page *channels.ClaimPage) (gids []string, err error) {
	const name = "list returns"
	var ids []string
	for _, id := range orders {
		if err := wire.CheckID(name, id); err != nil {
			return nil, err
		}
		ids = append(ids, wire.GID("Order", id))
	}
	type named struct {
		ID channels.Text `json:"id"`
	}
	err = d.each(ctx, name, namesDocument, orderPoints, ids, func(raw json.RawMessage) {
		var o struct {
			named
			Returns struct {
				Info struct {
					More bool `json:"hasNextPage"`
				} `json:"pageInfo"`
				Nodes []named `json:"nodes"`
			} `json:"returns"`
			Refunds []named `json:"refunds"`
		}
		order := func() string { return wire.Tail(string(o.ID)) }
		switch err := json.Unmarshal(raw, &o); {
		case err != nil:
			page.Invalid = append(page.Invalid, channels.Invalid{Record: order(), Field: "order", Rule: "must be an object"})
			return
		case o.Returns.Info.More:
			page.Invalid = append(page.Invalid, channels.Invalid{Record: order(), Field: "returns", Rule: "must be at most 25"})
			return
		}
		for _, n := range slices.Concat(o.Returns.Nodes, o.Refunds) {
			gids = append(gids, string(n.ID))
		}
	})
	return gids, err
}

// each asks for things by their ids, as many at a time as their price allows, and hands on those that are there.
func (d Returns) each(ctx context.Context, name, document string, guess float64, ids []string, take func(json.RawMessage)) error {
	for len(ids) > 0 {
		n := min(d.line.Share(name, guess, maxIDs), len(ids))
		data, err := d.line.Call(ctx, wire.Request{Name: name, Document: document, Variables: map[string]any{"ids": ids[:n]}, Things: n})
		if d.line.TooDear(err, name, n) {
			continue
		}
		if err != nil {
			return err
		}
		var list struct {
			Nodes []json.RawMessage `json:"nodes"`
		}
		if err := json.Unmarshal(data, &list); err != nil {
			return wire.Unreadable(name, err)
		}
		for _, raw := range list.Nodes {
			if text := strings.TrimSpace(string(raw)); text != "null" && text != "{}" {
				take(raw)
			}
		}
		ids = ids[n:]
	}
	return nil
}

// Claim implements channels.AfterSales.
func (d Returns) Claim(ctx context.Context, of channels.ClaimKind, id string) (channels.Claim, bool, error) {
	const name = "read return"
	if err := wire.CheckID(name, id); err != nil || of != channels.Return {
		return channels.Claim{}, false, err
	}
	gid := wire.GID("Return", id)
	if tail, refund := strings.CutPrefix(id, refundPrefix); refund {
		gid = wire.GID("Refund", tail)
	}
	data, err := d.line.Call(ctx, wire.Request{Name: name, Document: orderDocument, Variables: map[string]any{"id": gid}, Urgent: true})
	if err != nil {
		return channels.Claim{}, false, err
	}
	var read struct {
		Node *struct {
			Order struct {
				ID channels.Text `json:"id"`
			} `json:"order"`
		} `json:"node"`
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return channels.Claim{}, false, wire.Unreadable(name, err)
	}
	if read.Node == nil || read.Node.Order.ID == "" {
		return channels.Claim{}, false, nil
	}
	page, err := d.ClaimsOf(ctx, of, []string{wire.Tail(string(read.Node.Order.ID))}, "")
	if err != nil {
		return channels.Claim{}, false, err
	}
	i := slices.IndexFunc(page.Claims, func(c channels.Claim) bool { return c.ID == id })
	switch {
	case i >= 0:
		return page.Claims[i], true, nil
	case len(page.Invalid) > 0:
		return channels.Claim{}, false, wire.Unreadable(name, page.Invalid[0])
	}
	return channels.Claim{}, false, nil
}

// thing is a return or a refund as it was read.
type thing struct {
	claim    channels.Claim
	lines    []line
	refund   bool
	of       string // of a refund, the return that it belongs to; empty = none
	exchange bool
}

// line is units of one line of an order in a thing.
type line struct {
	id, work  string // of a return: its own, and that of the reverse fulfillment order
	item      string // the order's line
	listing   string
	code      string
	quantity  int64
	processed int64
	unpaid    int64 // of a return: whose money has not gone back
	restocked int64
	cancelled bool // of a refund: they were never sent
}

// read reads returns and refunds; a broken one is an Invalid beside its neighbours.
func (d Returns) read(ctx context.Context, gids []string, page *channels.ClaimPage) (shown []thing, err error) {
	if len(gids) == 0 {
		return nil, nil
	}
	home, err := d.home(ctx)
	if err != nil {
		return nil, err
	}
	number := 0
	err = d.each(ctx, "read returns", claimsDocument, claimPoints, gids, func(raw json.RawMessage) {
		number++
		t, invalid := readThing(number, raw, home)
		if invalid != nil {
			page.Invalid = append(page.Invalid, *invalid)
			return
		}
		shown = append(shown, t)
	})
	return shown, err
}

type wireThing struct {
	Kind    json.RawMessage `json:"kind"`
	ID      json.RawMessage `json:"id"`
	Status  json.RawMessage `json:"status"`
	Created json.RawMessage `json:"createdAt"` // of a refund
	Made    json.RawMessage `json:"made"`      // of a return: two kinds in one answer may not differ under one name
	Order   struct {
		ID       json.RawMessage `json:"id"`
		Updated  json.RawMessage `json:"updatedAt"`
		Currency json.RawMessage `json:"currencyCode"`
	} `json:"order"`
	Return *struct {
		ID channels.Text `json:"id"`
	} `json:"return"`
	Exchange struct {
		Nodes []json.RawMessage `json:"nodes"`
	} `json:"exchangeLineItems"`
	Lines  wire.Page `json:"returnLineItems"`
	Refund wire.Page `json:"refundLineItems"`
	Work   struct {
		Nodes []wireWork `json:"nodes"`
	} `json:"reverseFulfillmentOrders"`
	Total json.RawMessage `json:"totalRefundedSet"`
}

type wireWork struct {
	Lines struct {
		Nodes []struct {
			ID       channels.Text `json:"id"`
			Sent     *gidOnly      `json:"fulfillmentLineItem"`
			Disposed []struct {
				Type     channels.Text `json:"type"`
				Quantity int64         `json:"quantity"`
				At       *gidOnly      `json:"location"`
			} `json:"dispositions"`
		} `json:"nodes"`
	} `json:"lineItems"`
	Ways struct {
		Nodes []struct {
			Deliverable struct {
				Tracking struct {
					Number channels.Text `json:"number"`
				} `json:"tracking"`
			} `json:"deliverable"`
		} `json:"nodes"`
	} `json:"reverseDeliveries"`
}

type gidOnly struct {
	ID channels.Text `json:"id"`
}

// states are a return's in the hub's words. Nobody tells when the goods are under way.
var states = map[string]channels.ClaimState{
	"REQUESTED": channels.ClaimPending, "OPEN": channels.ClaimAwaited, "CLOSED": channels.ClaimCompleted, "DECLINED": channels.ClaimRejected,
	"CANCELED": channels.ClaimWithdrawn,
}

// elsewhere says that units were put on sale at another location than the hub keeps the stock of: here they are in nobody's books.
func elsewhere(at *gidOnly, home string) bool {
	return at != nil && home != "" && wire.Tail(string(at.ID)) != home
}

// readThing translates one return or refund, or says what is wrong with it.
func readThing(number int, raw json.RawMessage, home string) (thing, *channels.Invalid) {
	r := &channels.Reading{Record: "return without a readable order, number " + strconv.Itoa(number) + " of its page"}
	var w wireThing
	if !r.Object("return", raw, &w) {
		return thing{}, r.Invalid
	}
	t := thing{refund: r.Text("kind", w.Kind) == "Refund", exchange: len(w.Exchange.Nodes) > 0}
	t.claim = channels.Claim{Kind: channels.Return, Order: wire.ID(r, "order.id", w.Order.ID), Created: cmp.Or(wire.Time(r, "createdAt", w.Created), wire.Time(r, "createdAt", w.Made))}
	if t.claim.Order != "" {
		r.Record = t.claim.Order
	}
	id, updated := wire.ID(r, "id", w.ID), wire.Time(r, "order.updatedAt", w.Order.Updated)
	if t.refund {
		t.readRefund(r, id, updated, w, home)
	} else {
		t.readReturn(r, id, updated, w, home)
	}
	return t, r.Invalid
}

func (t *thing) readReturn(r *channels.Reading, id string, updated time.Time, w wireThing, home string) {
	c := &t.claim
	c.ID, c.Vendor, c.Wants, c.Untracked = id, channels.Short(r.Text("status", w.Status), 80), channels.Goods, true
	if c.Vendor == "" {
		r.Fail("status", "must be there", "")
	}
	if c.State = cmp.Or(states[c.Vendor], channels.ClaimUnknown); c.State == channels.ClaimPending {
		c.By = "buyer" // an open one may have been made by the shop's staff
	}
	if c.Updated = cmp.Or(updated, c.Created); c.Updated.IsZero() {
		r.Fail("createdAt", "must be there", "")
	}
	works, restocked := map[string][]string{}, map[string]int64{}
	for _, work := range w.Work.Nodes {
		for _, l := range work.Lines.Nodes {
			if l.Sent == nil {
				continue
			}
			works[string(l.Sent.ID)] = append(works[string(l.Sent.ID)], string(l.ID))
			for _, d := range l.Disposed {
				if d.Type == "RESTOCKED" && !elsewhere(d.At, home) {
					restocked[string(l.Sent.ID)] += d.Quantity
				}
			}
		}
		for _, way := range work.Ways.Nodes {
			c.Tracking = cmp.Or(c.Tracking, channels.Short(string(way.Deliverable.Tracking.Number), 80))
		}
	}
	t.readLines(r, "returnLineItems", w.Lines, func(l wireLine, out *line) {
		c.Reason = cmp.Or(c.Reason, channels.Short(string(l.Reason.Handle), 80))
		// Several lines of a return may be of one line of a parcel, each with a reason of its own: what was put back is shared out.
		sent := string(l.Sent.ID)
		if own := works[sent]; len(own) > 0 {
			out.work = own[0]
			works[sent] = own[min(1, len(own)-1):]
		}
		out.restocked = min(out.quantity, restocked[sent])
		restocked[sent] -= out.restocked
	})
}

func (t *thing) readRefund(r *channels.Reading, id string, updated time.Time, w wireThing, home string) {
	c := &t.claim
	c.ID, c.Vendor, c.State, c.By, c.Wants = refundPrefix+id, "REFUNDED", channels.ClaimCompleted, "seller", channels.Refund
	if c.Updated = cmp.Or(c.Created, updated); c.Updated.IsZero() {
		r.Fail("createdAt", "must be there", "")
	}
	if w.Return != nil {
		t.of = wire.Tail(string(w.Return.ID))
	}
	c.Refund = wire.Amount(r, "totalRefundedSet", w.Total, r.Text("order.currencyCode", w.Order.Currency))
	t.readLines(r, "refundLineItems", w.Refund, func(l wireLine, out *line) {
		switch l.Restock {
		case "RETURN":
			if c.Wants = channels.Goods; !elsewhere(l.At, home) {
				out.restocked = out.quantity
			}
		case "CANCEL":
			out.cancelled = true
		}
	})
}

type wireLine struct {
	ID        json.RawMessage `json:"id"`
	Quantity  json.RawMessage `json:"quantity"`
	Processed json.RawMessage `json:"processedQuantity"`
	Unpaid    json.RawMessage `json:"refundableQuantity"`
	Restock   channels.Text   `json:"restockType"`
	At        *gidOnly        `json:"location"`
	Reason    struct {
		Handle channels.Text `json:"handle"`
	} `json:"returnReasonDefinition"`
	Sent struct {
		ID   channels.Text   `json:"id"`
		Item json.RawMessage `json:"lineItem"`
	} `json:"fulfillmentLineItem"`
	Item json.RawMessage `json:"lineItem"`
}

// readLines reads the lines of a return or a refund; one that was sold as nothing of the order's is left out.
func (t *thing) readLines(r *channels.Reading, field string, page wire.Page, more func(wireLine, *line)) {
	if page.Info.More {
		r.Fail(field, fmt.Sprintf("must come to an end within %d lines", maxLines), "")
	}
	for i, raw := range page.Nodes {
		r.Within = channels.At(field, i)
		var w wireLine
		if !r.Object("", raw, &w) {
			break
		}
		r.Within += "."
		item := w.Item
		if len(w.Sent.Item) > 0 {
			item = w.Sent.Item
		}
		if len(item) == 0 || string(item) == "null" {
			continue
		}
		var sold struct {
			ID      json.RawMessage `json:"id"`
			SKU     json.RawMessage `json:"sku"`
			Variant json.RawMessage `json:"variant"`
		}
		if !r.Object("lineItem", item, &sold) {
			break
		}
		l := line{id: r.Text("id", w.ID), item: wire.ID(r, "lineItem.id", sold.ID), code: r.Text("lineItem.sku", sold.SKU), quantity: r.Whole("quantity", w.Quantity)}
		if len(w.Processed) > 0 {
			l.processed = r.Whole("processedQuantity", w.Processed)
		}
		if l.unpaid = l.quantity - l.processed; len(w.Unpaid) > 0 {
			l.unpaid = r.Whole("refundableQuantity", w.Unpaid)
		}
		listing, _ := wire.Variant(sold.Variant)
		l.listing = cmp.Or(listing, wire.LineListing(l.item))
		more(w, &l)
		t.lines = append(t.lines, l)
	}
	r.Within = ""
}

// claims are what was read, with each refund in the return that it belongs to. A refund of units that were never sent is no claim: they
// are gone from the order's lines. Nor is one of money alone, which the order's total tells.
func claims(shown []thing) (list []channels.Claim) {
	of := map[string][]thing{}
	for _, t := range shown {
		if t.refund {
			of[t.of] = append(of[t.of], t)
		}
	}
	for _, t := range shown {
		switch {
		case t.refund && t.of != "":
		case t.refund && !slices.ContainsFunc(t.lines, func(l line) bool { return !l.cancelled }):
		case t.refund:
			list = append(list, t.whole(nil))
		default:
			list = append(list, t.whole(of[t.claim.ID]))
		}
	}
	return list
}

// whole is a thing's claim with its lines. What was put back on sale stands in a return's lines or in those of its refunds: the same units.
func (t thing) whole(refunds []thing) channels.Claim {
	c := t.claim
	back := restocked(t.lines)
	refunded := map[string]int64{}
	for _, f := range refunds {
		for listing, n := range restocked(f.lines) {
			refunded[listing] += n
		}
		c.Refund = added(c.Refund, f.claim.Refund)
	}
	for _, l := range t.lines {
		if l.cancelled || l.quantity < 1 {
			continue
		}
		i := slices.IndexFunc(c.Lines, func(k channels.ClaimLine) bool { return k.ListingID == l.listing })
		if i < 0 {
			i = len(c.Lines)
			c.Lines = append(c.Lines, channels.ClaimLine{ListingID: l.listing, Code: l.code, Restocked: max(back[l.listing], refunded[l.listing])})
		}
		c.Lines[i].Quantity += l.quantity
	}
	return c
}

func restocked(lines []line) map[string]int64 {
	units := map[string]int64{}
	for _, l := range lines {
		units[l.listing] += l.restocked
	}
	return units
}

// added sums what went back; of two currencies, which one shop has not, the first stands.
func added(a, b money.Money) money.Money {
	if a.Currency == "" {
		return b
	}
	if a.Currency == b.Currency {
		a.Minor += b.Minor
	}
	return a
}
