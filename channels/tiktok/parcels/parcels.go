// Package parcels speaks the part of the TikTok Shop Open API that is about parcels of the seller's own carrier, and about
// which units travel together.
//
//	Desk method ─► the order as the vendor shows it, unit by unit ─► wire.Line ─► the vendor
//	                                     └──► channels.Parcel, channels.Packed
//
// In most markets a parcel comes into being when it is marked as shipped. In those of SEA and LATAM there is a package since
// payment, which is shipped with the seller's number; which market it is, the order's currency tells.
package parcels

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/wire"
)

const root = "/fulfillment/202309/"

// Desk tells one shop's channel of parcels. Its methods may be called from many goroutines.
type Desk struct{ line *wire.Line }

var (
	_ channels.SellerShipping = Desk{}
	_ channels.Retracker      = Desk{}
	_ channels.Repacker       = Desk{}
)

// New makes a Desk; it calls nobody.
func New(line *wire.Line) Desk { return Desk{line} }

// byPackage are the currencies of the markets in which a package exists before it is shipped.
var byPackage = []string{"IDR", "MYR", "PHP", "SGD", "THB", "VND", "BRL", "MXN"}

// order is an order as far as parcels go.
type order struct {
	id        string
	status    string
	option    string // the delivery option, whose carriers may be named
	own       bool   // the seller's own carrier takes it
	byPackage bool   // a package exists before it is shipped
	units     []unit
}

type unit struct {
	id, listing, pkg  string
	carrier, tracking string
	open              bool // nobody has shipped it
}

func (d Desk) order(ctx context.Context, id string) (order, error) {
	const name = "read orders"
	if err := wire.CheckID(name, id); err != nil {
		return order{}, err
	}
	data, err := d.line.Call(ctx, wire.Request{Name: name, Method: http.MethodGet, Path: "/order/202507/orders", Query: url.Values{"ids": {id}}})
	if err != nil {
		return order{}, err
	}
	var list struct {
		Orders []struct {
			ID      channels.Text `json:"id"`
			Status  channels.Text `json:"status"`
			Option  channels.Text `json:"delivery_option_id"`
			Type    channels.Text `json:"shipping_type"`
			Payment struct {
				Currency channels.Text `json:"currency"`
			} `json:"payment"`
			Items []struct {
				ID       channels.Text `json:"id"`
				SKU      channels.Text `json:"sku_id"`
				Package  channels.Text `json:"package_id"`
				State    channels.Text `json:"package_status"`
				Shown    channels.Text `json:"display_status"`
				Carrier  channels.Text `json:"shipping_provider_id"`
				Tracking channels.Text `json:"tracking_number"`
			} `json:"line_items"`
		} `json:"orders"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return order{}, wire.Unreadable(name, err)
	}
	for _, o := range list.Orders {
		if string(o.ID) != id {
			continue
		}
		out := order{
			id: id, status: string(o.Status), option: string(o.Option), own: o.Type == "SELLER",
			byPackage: slices.Contains(byPackage, string(o.Payment.Currency)),
		}
		for _, it := range o.Items {
			if strings.HasPrefix(string(it.Shown), "CANCEL") {
				continue
			}
			out.units = append(out.units, unit{
				id: string(it.ID), listing: string(it.SKU), pkg: string(it.Package), carrier: string(it.Carrier), tracking: string(it.Tracking),
				open: it.Package == "" || it.State == "TO_FULFILL",
			})
		}
		if strings.HasPrefix(out.status, "CANCEL") {
			return out, &channels.Failure{Class: channels.Gone, Call: name, Message: "the order was cancelled"}
		}
		return out, nil
	}
	return order{}, &channels.Failure{Class: channels.Retry, Call: name, Message: "the order is not shown"}
}

func rejected(call, message string) error {
	return &channels.Failure{Class: channels.Rejected, Call: call, Message: message}
}

// Carriers implements channels.SellerShipping.
func (d Desk) Carriers(ctx context.Context, id string) ([]channels.Carrier, error) {
	const name = "list carriers"
	o, err := d.order(ctx, id)
	if err != nil {
		return nil, err
	}
	if !o.own {
		return nil, rejected(name, "the channel's own carrier takes this order")
	}
	if err := wire.CheckID(name, o.option); err != nil {
		return nil, rejected(name, "the order names no delivery option")
	}
	data, err := d.line.Call(ctx, wire.Request{
		Name: name, Method: http.MethodGet, Path: "/logistics/202309/delivery_options/" + o.option + "/shipping_providers",
	})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Providers []struct {
			ID   channels.Text `json:"id"`
			Name channels.Text `json:"name"`
		} `json:"shipping_providers"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, wire.Unreadable(name, err)
	}
	var list []channels.Carrier
	for _, p := range answer.Providers {
		if p.ID != "" {
			list = append(list, channels.Carrier{ID: string(p.ID), Name: string(p.Name)})
		}
	}
	if len(list) == 0 {
		return nil, rejected(name, "the channel names no carrier for this order")
	}
	return list, nil
}

// Parcels implements channels.SellerShipping.
func (d Desk) Parcels(ctx context.Context, id string) ([]channels.Parcel, error) {
	o, err := d.order(ctx, id)
	return o.parcels(), err
}

func (o order) parcels() (list []channels.Parcel) {
	at := map[string]int{}
	for _, u := range o.units {
		if u.open {
			continue
		}
		i, known := at[u.pkg]
		if !known {
			i = len(list)
			at[u.pkg] = i
			list = append(list, channels.Parcel{Carrier: u.carrier, Tracking: u.tracking})
		}
		list[i].Items = count(list[i].Items, u.listing)
	}
	return list
}

// count adds a unit of a listing.
func count(items []channels.ParcelItem, listing string) []channels.ParcelItem {
	i := slices.IndexFunc(items, func(it channels.ParcelItem) bool { return it.ListingID == listing })
	if i < 0 {
		return append(items, channels.ParcelItem{ListingID: listing, Quantity: 1})
	}
	items[i].Quantity++
	return items
}

// sent finds the shipped package that has a number.
func (o order) sent(p channels.Parcel) (channels.Shipment, bool) {
	for _, u := range o.units {
		if !u.open && u.tracking == p.Tracking && u.carrier == p.Carrier {
			return channels.Shipment{Package: u.pkg, Tracking: u.tracking, Carrier: u.carrier, Already: true}, true
		}
	}
	return channels.Shipment{}, false
}

// take picks open units for items, none = all; false when there are too few.
func take(from []unit, items []channels.ParcelItem) (taken []unit, ok bool) {
	if len(items) == 0 {
		return from, len(from) > 0
	}
	left := map[string]int64{}
	for _, it := range items {
		left[it.ListingID] += it.Quantity
	}
	for _, u := range from {
		if left[u.listing] > 0 {
			left[u.listing]--
			taken = append(taken, u)
		}
	}
	for _, n := range left {
		if n != 0 {
			return nil, false
		}
	}
	return taken, true
}

func (o order) open() []unit {
	return slices.DeleteFunc(slices.Clone(o.units), func(u unit) bool { return !u.open })
}

func ids(units []unit) (list []string) {
	for _, u := range units {
		list = append(list, u.id)
	}
	return list
}

// Send implements channels.SellerShipping. The order is read first: a parcel that is known by its number is not told again. A
// refusal is believed only after another look: who was first may have been an earlier try.
func (d Desk) Send(ctx context.Context, id string, p channels.Parcel) (channels.Shipment, error) {
	o, err := d.order(ctx, id)
	if err != nil {
		return channels.Shipment{}, err
	}
	if s, known := o.sent(p); known {
		return s, nil
	}
	request, pkg, err := o.request(p)
	if err != nil {
		return channels.Shipment{}, err
	}
	data, err := d.line.Call(ctx, request)
	switch class := channels.ClassOf(err); {
	case err == nil:
	case class == channels.Done, class == channels.Rejected:
		return d.settle(ctx, id, p, err)
	default:
		return channels.Shipment{}, err
	}
	var answer struct {
		Package channels.Text `json:"package_id"`
	}
	_ = json.Unmarshal(data, &answer) // it was done, whatever the answer names
	if answer.Package != "" {
		pkg = string(answer.Package)
	}
	return channels.Shipment{Package: pkg, Tracking: p.Tracking, Carrier: p.Carrier}, nil
}

const sendCall = "send parcel"

// request is the call that tells of a parcel, and the package if it is known before.
func (o order) request(p channels.Parcel) (q wire.Request, pkg string, err error) {
	units, enough := take(o.open(), p.Items)
	switch {
	case !o.own:
		return q, "", rejected(sendCall, "the channel's own carrier takes this order")
	case !enough:
		return q, "", rejected(sendCall, "the channel shows these units as sent already, or the order has them no more")
	case !o.byPackage:
		return wire.Request{
			Name: sendCall, Method: http.MethodPost, Path: root + "orders/" + o.id + "/packages", Write: true, Body: map[string]any{
				"tracking_number": p.Tracking, "shipping_provider_id": p.Carrier, "order_line_item_ids": ids(units),
			},
		}, "", nil
	}
	pkg = units[0].pkg
	whole := slices.DeleteFunc(o.open(), func(u unit) bool { return u.pkg != pkg })
	if pkg == "" || !slices.Equal(whole, units) {
		return q, "", rejected(sendCall, "these units are not a package of their own at the channel: send a whole package, or split the order first")
	}
	return wire.Request{
		Name: sendCall, Method: http.MethodPost, Path: root + "packages/" + pkg + "/ship", Write: true, Body: map[string]any{
			"self_shipment": map[string]string{"tracking_number": p.Tracking, "shipping_provider_id": p.Carrier},
		},
	}, pkg, nil
}

// settle reads back what a refusal means: the parcel is known, the order is gone, others were faster, or it is a no.
func (d Desk) settle(ctx context.Context, id string, p channels.Parcel, refusal error) (channels.Shipment, error) {
	o, err := d.order(ctx, id)
	if err != nil {
		return channels.Shipment{}, err
	}
	if s, known := o.sent(p); known {
		return s, nil
	}
	var f *channels.Failure
	_ = errors.As(refusal, &f) // it has a class, so it is one
	switch {
	case f.Code == "21011025" || f.Code == "21034012":
		f.Message = "this tracking number has been used for another parcel"
	case f.Class == channels.Done:
		f.Class = channels.Rejected
		if _, enough := take(o.open(), p.Items); enough { // of other units than we had picked
			f.Class = channels.Retry
		}
	}
	return channels.Shipment{}, f
}

// Retrack implements channels.Retracker: once an order, within 72 hours of shipping.
func (d Desk) Retrack(ctx context.Context, id, tracking string, now channels.Parcel) error {
	const name = "correct tracking number"
	o, err := d.order(ctx, id)
	if err != nil {
		return err
	}
	if _, known := o.sent(now); known {
		return nil
	}
	i := slices.IndexFunc(o.units, func(u unit) bool { return !u.open && u.tracking == tracking })
	if i < 0 {
		return rejected(name, fmt.Sprintf("the channel shows no parcel with the number %q", channels.Short(tracking, 60)))
	}
	if err := wire.CheckID(name, o.units[i].pkg); err != nil {
		return err
	}
	_, err = d.line.Call(ctx, wire.Request{
		Name: name, Method: http.MethodPost, Path: root + "packages/" + o.units[i].pkg + "/shipping_info/update", Write: true,
		Body: map[string]string{"tracking_number": now.Tracking, "shipping_provider_id": now.Carrier},
	})
	return err
}
