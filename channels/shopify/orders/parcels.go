package orders

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/wire"
)

// Carriers implements channels.SellerShipping: Shopify takes any name.
func (c Desk) Carriers(context.Context, string) ([]channels.Carrier, error) { return nil, nil }

// part is a fulfillment order: what one location has to send.
type part struct {
	ID       channels.Text `json:"id"`
	Status   channels.Text `json:"status"`
	Request  channels.Text `json:"requestStatus"`
	Assigned struct {
		Location *struct {
			ID channels.Text `json:"id"`
		} `json:"location"`
	} `json:"assignedLocation"`
}

func (p part) open() bool {
	return (p.Status == "OPEN" || p.Status == "IN_PROGRESS") && !others[string(p.Request)]
}

func (p part) place() string {
	if p.Assigned.Location == nil {
		return ""
	}
	return string(p.Assigned.Location.ID)
}

type sent struct {
	Status   channels.Text `json:"status"`
	Location *struct {
		ID channels.Text `json:"id"`
	} `json:"location"`
	Tracking []struct {
		Company channels.Text `json:"company"`
		Number  channels.Text `json:"number"`
	} `json:"trackingInfo"`
}

func (f sent) gone() bool {
	return f.Status == "CANCELLED" || f.Status == "ERROR" || f.Status == "FAILURE"
}

// work is what an order has to send and what was sent.
type work struct {
	Cancelled channels.Text `json:"cancelledAt"`
	Sent      []sent        `json:"fulfillments"`
	Parts     struct {
		Nodes []part `json:"nodes"`
	} `json:"fulfillmentOrders"`
}

// under finds the parcels with a tracking number.
func (w work) under(tracking string) (list []sent) {
	for _, f := range w.Sent {
		for _, t := range f.Tracking {
			if string(t.Number) == tracking && tracking != "" && !f.gone() {
				list = append(list, f)
				break
			}
		}
	}
	return list
}

func (c Desk) work(ctx context.Context, name, order string) (work, error) {
	data, err := c.line.Call(ctx, wire.Request{Name: "read what is to be sent", Document: partsDocument, Variables: map[string]any{"id": wire.GID("Order", order)}})
	if err != nil {
		return work{}, err
	}
	var read struct {
		Order *work `json:"order"`
	}
	switch err := json.Unmarshal(data, &read); {
	case err != nil:
		return work{}, wire.Unreadable(name, err)
	case read.Order == nil:
		return work{}, &channels.Failure{Class: channels.Gone, Call: name, Message: "Shopify does not know the order " + order}
	}
	return *read.Order, nil
}

// Send implements channels.SellerShipping: a fulfillment of what the parcel holds, which the buyer is told of. A fulfillment is of
// one location; where what the parcel holds lies at several, each of them sends under the same number. Shopify keeps no reference
// of ours, so the tracking number tells what was told before: of a parcel that was told by half the rest is told.
func (c Desk) Send(ctx context.Context, order string, p channels.Parcel) (channels.Shipment, error) {
	const name = "ship order"
	if err := wire.CheckID(name, order); err != nil {
		return channels.Shipment{}, err
	}
	w, err := c.work(ctx, name, order)
	if err != nil {
		return channels.Shipment{}, err
	}
	done := channels.Shipment{Package: p.Reference, Tracking: p.Tracking, Carrier: p.Carrier}
	rest, all, err := c.untold(ctx, order, w, p)
	if err != nil {
		return channels.Shipment{}, err
	}
	if all {
		done.Already = true
		return done, nil
	}
	open, err := openParts(name, w)
	if err != nil {
		return channels.Shipment{}, err
	}
	pieces, err := c.pieces(ctx, name, open, rest)
	if err != nil {
		return channels.Shipment{}, err
	}
	sentNow := false
	for _, one := range pieces {
		if len(p.Items) == 0 && slices.ContainsFunc(w.under(p.Tracking), func(f sent) bool { return f.Location != nil && string(f.Location.ID) == one.place }) {
			continue // this location's share was told before
		}
		if err := c.fulfil(ctx, name, one.pieces, p); err != nil {
			return c.settle(ctx, name, order, p, done, err)
		}
		sentNow = true
	}
	done.Already = !sentNow
	return done, nil
}

// untold is what of a parcel Shopify has not been told of; all says that it knows the whole parcel. No items are everything that is
// left of the order.
func (c Desk) untold(ctx context.Context, order string, w work, p channels.Parcel) (rest []channels.ParcelItem, all bool, err error) {
	switch told := len(w.under(p.Tracking)) > 0; {
	case !told:
		return p.Items, false, nil
	case len(p.Items) == 0:
		return nil, !slices.ContainsFunc(w.Parts.Nodes, part.open), nil
	}
	list, whole, err := c.parcels(ctx, order)
	if err != nil {
		return nil, false, err
	}
	if !whole { // of so many lines not all are read: what is known under the number is taken to be the parcel
		return nil, true, nil
	}
	held := map[string]int64{}
	for _, k := range list {
		for _, it := range k.Items {
			if k.Tracking == p.Tracking {
				held[it.ListingID] += it.Quantity
			}
		}
	}
	for _, it := range p.Items {
		known := min(it.Quantity, held[it.ListingID])
		held[it.ListingID] -= known
		if it.Quantity > known {
			rest = append(rest, channels.ParcelItem{ListingID: it.ListingID, Quantity: it.Quantity - known})
		}
	}
	return rest, len(rest) == 0, nil
}

// openParts are those that can be sent from; without one the failure says why.
func openParts(name string, w work) (open []part, err error) {
	held, waiting, away := false, false, false
	for _, p := range w.Parts.Nodes {
		switch {
		case p.open():
			open = append(open, p)
		case p.Status == "ON_HOLD":
			held = true
		case p.Status == "SCHEDULED":
			waiting = true
		case p.Status != "CLOSED" && p.Status != "CANCELLED":
			away = true
		}
	}
	f := &channels.Failure{Class: channels.Rejected, Call: name}
	switch {
	case w.Cancelled != "":
		f.Class, f.Message = channels.Gone, "the order was cancelled in Shopify"
	case len(open) > 0:
		return open, nil
	case held:
		f.Message = "the order is on hold in Shopify: release it there, then try again"
	case waiting:
		f.Message = "Shopify has the order scheduled for later: it can be sent from that day on"
	case away:
		f.Message = "a fulfillment service was asked in Shopify to send the order: cancel that request there, or leave it to them"
	case slices.ContainsFunc(w.Sent, func(s sent) bool { return !s.gone() }):
		f.Class, f.Message = channels.Done, "all of the order was sent before, under another number"
	default:
		f.Class, f.Message = channels.Gone, "nothing of the order is left to be sent in Shopify"
	}
	return nil, f
}

type (
	pieceLine struct {
		ID       string `json:"id"`
		Quantity int64  `json:"quantity"`
	}
	piece struct {
		Part  string      `json:"fulfillmentOrderId"`
		Lines []pieceLine `json:"fulfillmentOrderLineItems,omitempty"`
	}
	shareOf struct {
		place  string
		pieces []piece
	}
)

// pieces sorts what is to be sent by location; no items = all that is open.
func (c Desk) pieces(ctx context.Context, name string, open []part, items []channels.ParcelItem) (shares []shareOf, err error) {
	left := map[string]int64{}
	for _, it := range items {
		left[it.ListingID] += it.Quantity
	}
	for _, p := range open {
		one := piece{Part: string(p.ID)}
		if len(items) > 0 {
			if one.Lines, err = c.lines(ctx, name, p, left); err != nil {
				return nil, err
			}
			if len(one.Lines) == 0 {
				continue
			}
		}
		i := slices.IndexFunc(shares, func(s shareOf) bool { return s.place == p.place() })
		if i < 0 {
			i, shares = len(shares), append(shares, shareOf{place: p.place()})
		}
		shares[i].pieces = append(shares[i].pieces, one)
	}
	for listing, n := range left {
		if n > 0 {
			return nil, &channels.Failure{Class: channels.Rejected, Call: name, Message: "the parcel holds more of variant " + listing + " than the order has left to be sent in Shopify"}
		}
	}
	return shares, nil
}

// lines takes from a fulfillment order what is still wanted.
func (c Desk) lines(ctx context.Context, name string, p part, left map[string]int64) (lines []pieceLine, err error) {
	read := wire.Cursors{}
	for after := ""; ; {
		if read.Again(after) {
			return nil, wire.Unreadable(name, fmt.Errorf("the lines of fulfillment order %s do not come to an end", wire.Tail(string(p.ID))))
		}
		vars := map[string]any{"id": string(p.ID)}
		if after != "" {
			vars["after"] = after
		}
		data, err := c.line.Call(ctx, wire.Request{Name: "read lines to be sent", Document: partLinesDocument, Variables: vars})
		if err != nil {
			return nil, err
		}
		var said struct {
			Node struct {
				Lines wire.Page `json:"lineItems"`
			} `json:"node"`
		}
		if err := json.Unmarshal(data, &said); err != nil {
			return nil, wire.Unreadable(name, err)
		}
		for _, raw := range said.Node.Lines.Nodes {
			var l struct {
				ID   channels.Text `json:"id"`
				Left int64         `json:"remainingQuantity"`
				Item struct {
					Variant json.RawMessage `json:"variant"`
				} `json:"lineItem"`
			}
			if err := json.Unmarshal(raw, &l); err != nil {
				return nil, wire.Unreadable(name, err)
			}
			listing, _ := wire.Variant(l.Item.Variant)
			if n := min(l.Left, left[listing]); n > 0 {
				left[listing] -= n
				lines = append(lines, pieceLine{string(l.ID), n})
			}
		}
		if after = said.Node.Lines.Next(); after == "" {
			return lines, nil
		}
	}
}

func (c Desk) fulfil(ctx context.Context, name string, pieces []piece, p channels.Parcel) error {
	tracking := map[string]any{}
	if p.Tracking != "" {
		tracking["number"] = p.Tracking
	}
	if p.Carrier != "" {
		tracking["company"] = p.Carrier
	}
	data, err := c.line.Call(ctx, wire.Request{Name: name, Document: sendDocument, Write: true, Variables: map[string]any{
		"fulfillment": map[string]any{"lineItemsByFulfillmentOrder": pieces, "trackingInfo": tracking, "notifyCustomer": true},
	}})
	if err != nil {
		return err
	}
	var answer struct {
		Create *struct {
			Fulfillment *struct{}        `json:"fulfillment"`
			Errors      []wire.UserError `json:"userErrors"`
		} `json:"fulfillmentCreate"`
	}
	if err := json.Unmarshal(data, &answer); err != nil || answer.Create == nil {
		return wire.Lost(name, cmp.Or(err, errors.New("no payload")))
	}
	if err := wire.Refused(name, answer.Create.Errors); err != nil {
		return err
	}
	if answer.Create.Fulfillment == nil {
		return wire.Lost(name, errors.New("neither a fulfillment nor an error"))
	}
	return nil
}

// settle reads again after a refusal that has no code: the order may have been sent or cancelled in between.
func (c Desk) settle(ctx context.Context, name, order string, p channels.Parcel, done channels.Shipment, refusal error) (channels.Shipment, error) {
	if channels.ClassOf(refusal) != channels.Rejected {
		return channels.Shipment{}, refusal
	}
	w, err := c.work(ctx, name, order)
	if err != nil {
		return channels.Shipment{}, refusal
	}
	if _, all, err := c.untold(ctx, order, w, p); err == nil && all {
		done.Already = true
		return done, nil
	}
	if _, err := openParts(name, w); err != nil {
		return channels.Shipment{}, err
	}
	return channels.Shipment{}, refusal
}

// maxParcels are read of one order; parcelsDocument says the same.
const maxParcels = 12

// Parcels implements channels.SellerShipping; of an order with more than twelve the first twelve, of one with more than twenty
// lines the first twenty.
func (c Desk) Parcels(ctx context.Context, order string) (list []channels.Parcel, err error) {
	list, _, err = c.parcels(ctx, order)
	return list, err
}

// parcels also says whether those are all, with all their lines.
func (c Desk) parcels(ctx context.Context, order string) (list []channels.Parcel, whole bool, err error) {
	shown, err := c.readParcels(ctx, order)
	if err != nil {
		return nil, false, err
	}
	whole = len(shown) < maxParcels
	for _, f := range shown {
		if f.gone() {
			continue
		}
		whole = whole && !f.Lines.Info.More
		p := channels.Parcel{Sent: wire.Time(&channels.Reading{}, "createdAt", f.Created)}
		if len(f.Tracking) > 0 {
			p.Carrier, p.Tracking = string(f.Tracking[0].Company), string(f.Tracking[0].Number)
		}
		for _, l := range f.Lines.Nodes {
			if listing, _ := wire.Variant(l.Item.Variant); listing != "" {
				p.Items = append(p.Items, channels.ParcelItem{ListingID: listing, Quantity: l.Quantity})
			}
		}
		list = append(list, p)
	}
	return list, whole, nil
}

// sentUnits are how many units of each line of an order were sent, of as many parcels and lines as Parcels reads.
func (c Desk) sentUnits(ctx context.Context, order string) (map[string]int64, error) {
	shown, err := c.readParcels(ctx, order)
	units := map[string]int64{}
	for _, f := range shown {
		if f.gone() {
			continue
		}
		for _, l := range f.Lines.Nodes {
			units[wire.Tail(string(l.Item.ID))] += l.Quantity
		}
	}
	return units, err
}

// shownParcel is a parcel as Shopify shows it.
type shownParcel struct {
	sent
	Created json.RawMessage `json:"createdAt"`
	Lines   struct {
		Info struct {
			More bool `json:"hasNextPage"`
		} `json:"pageInfo"`
		Nodes []struct {
			Quantity int64 `json:"quantity"`
			Item     struct {
				ID      channels.Text   `json:"id"`
				Variant json.RawMessage `json:"variant"`
			} `json:"lineItem"`
		} `json:"nodes"`
	} `json:"fulfillmentLineItems"`
}

func (c Desk) readParcels(ctx context.Context, order string) ([]shownParcel, error) {
	const name = "read parcels"
	if err := wire.CheckID(name, order); err != nil {
		return nil, err
	}
	data, err := c.line.Call(ctx, wire.Request{Name: name, Document: parcelsDocument, Variables: map[string]any{"id": wire.GID("Order", order)}})
	if err != nil {
		return nil, err
	}
	var read struct {
		Order *struct {
			Sent []shownParcel `json:"fulfillments"`
		} `json:"order"`
	}
	switch err := json.Unmarshal(data, &read); {
	case err != nil:
		return nil, wire.Unreadable(name, err)
	case read.Order == nil:
		return nil, &channels.Failure{Class: channels.Gone, Call: name, Message: "Shopify does not know the order " + order}
	}
	return read.Order.Sent, nil
}
