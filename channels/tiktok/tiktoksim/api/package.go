package api

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/label"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/market"
)

const labelLife = 24 * time.Hour

// shipment is how the API asks for a package to be shipped; everything in it is optional.
type shipment struct {
	ID       string `json:"id"` // in a batch
	Handover string `json:"handover_method"`
	Slot     struct {
		Start int64 `json:"start_time"`
		End   int64 `json:"end_time"`
	} `json:"pickup_slot"`
	Self struct {
		Tracking string `json:"tracking_number"`
		Provider string `json:"shipping_provider_id"`
	} `json:"self_shipment"`
}

func shipOne(c *Call) (any, error) {
	var q shipment
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	return nil, ship(c, c.Request.PathValue("id"), q)
}

// shipMany answers code 0 even when packages were refused: those stand in data.errors[].
func shipMany(c *Call) (any, error) {
	var q struct {
		Packages []shipment `json:"packages"`
	}
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	if len(q.Packages) == 0 || len(q.Packages) > 50 {
		return nil, badParam("packages must hold 1 to 50")
	}
	errs := []obj{}
	for _, p := range q.Packages {
		if no := (market.Refusal{}); errors.As(ship(c, p.ID, p), &no) {
			errs = append(errs, obj{"code": no.Code, "message": no.Message, "detail": obj{"package_id": p.ID}})
		}
	}
	if len(errs) == 0 {
		return nil, nil
	}
	return obj{"errors": errs}, nil
}

func ship(c *Call, id string, q shipment) error {
	if !slices.Contains([]string{"", "PICKUP", "DROP_OFF"}, q.Handover) || q.Slot.End < q.Slot.Start {
		return refusal(21001003, "handover_method must be PICKUP or DROP_OFF and pickup_slot must not end before it starts")
	}
	how := market.Shipment{
		Handover: cmp.Or(q.Handover, "DROP_OFF"), Tracking: q.Self.Tracking, Carrier: q.Self.Provider,
		SlotStart: q.Slot.Start, SlotEnd: q.Slot.End,
	}
	return c.Market.Ship(c.Store, id, how, c.ShipLost())
}

func timeSlots(c *Call) (any, error) {
	if c.Store.Packages[c.Request.PathValue("id")] == nil {
		return nil, refusal(21001001, "the package does not exist")
	}
	slots := []obj{}
	morning := c.Now.UTC().Truncate(24 * time.Hour).Add(9 * time.Hour)
	for day := range 2 {
		start := morning.AddDate(0, 0, day+1)
		slots = append(slots, obj{"start_time": start.Unix(), "end_time": start.Add(4 * time.Hour).Unix(), "avaliable": true}) // the vendor's spelling
	}
	return obj{"can_pickup": true, "can_drop_off": true, "can_van_collection": false, "drop_off_point_url": "", "pickup_slots": slots}, nil
}

func packageSearch(c *Call) (any, error) {
	var q struct {
		times
		Status string `json:"package_status"`
	}
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	line, w, err := sorted(c, q.times, &c.Store.PackageLine, &c.Store.PackageNews)
	if err != nil {
		return nil, err
	}
	found, next, total, err := line.Page(w, func(p *market.Package) bool {
		return q.hold(p.Created, p.Updated) && (q.Status == "" || q.Status == p.Status)
	})
	packages := []obj{}
	for _, p := range found {
		packages = append(packages, obj{
			"id": p.ID, "status": p.Status, "orders": packageOrders(p), "order_line_item_ids": packageItems(p),
			"create_time": p.Created.At, "update_time": p.Updated.At, "tracking_number": p.Tracking,
			"shipping_provider_id": carrier(p), "shipping_provider_name": carrierName(p),
		})
	}
	return obj{"packages": packages, "next_page_token": next, "total_count": total}, err
}

func packageDetail(c *Call) (any, error) {
	p := c.Store.Packages[c.Request.PathValue("id")]
	if p == nil {
		return nil, refusal(10006402, "the package does not exist")
	}
	answer := obj{
		"package_id": p.ID, "package_status": p.Status, "orders": packageOrders(p), "order_line_item_ids": packageItems(p),
		"create_time": p.Created.At, "update_time": p.Updated.At, "tracking_number": p.Tracking, "handover_method": p.Handover,
		"shipping_provider_id": carrier(p), "shipping_provider_name": carrierName(p), "shipping_type": p.Orders[0].ShippingType,
		"has_multi_skus": len(p.Contents()) > 1, "pickup_slot": obj{"start_time": p.SlotStart, "end_time": p.SlotEnd},
	}
	if p.Orders[0].Status != market.OnHold {
		answer["recipient_address"] = address(p.Orders[0])
	}
	return answer, nil
}

// carrier is the platform's unless the seller named one of their own.
func carrier(p *market.Package) string { return cmp.Or(p.Carrier, providerID) }

func carrierName(p *market.Package) string {
	return cmp.Or(market.Carriers[p.Carrier], providerName)
}

func packageOrders(p *market.Package) []obj {
	orders := []obj{}
	for _, o := range p.Orders {
		skus := []obj{}
		for _, it := range p.Contents() {
			if it.Order == o {
				skus = append(skus, obj{"id": it.SKUID, "name": it.Listing.Product.Title, "quantity": it.Quantity})
			}
		}
		orders = append(orders, obj{"id": o.ID, "skus": skus})
	}
	return orders
}

func packageItems(p *market.Package) []string {
	ids := []string{}
	for _, u := range p.Units {
		ids = append(ids, strconv.FormatInt(u.ID, 10))
	}
	return ids
}

func orderIDs(orders []*market.Order) []string {
	ids := []string{}
	for _, o := range orders {
		ids = append(ids, o.ID)
	}
	return ids
}

// shippingDocument links to a file of ours that lives 24 hours.
func shippingDocument(c *Call) (any, error) {
	kind, size := c.Query.Get("document_type"), cmp.Or(c.Query.Get("document_size"), "A6")
	if !slices.Contains([]string{"SHIPPING_LABEL", "PACKING_SLIP", "SHIPPING_LABEL_AND_PACKING_SLIP"}, kind) || label.Sizes[size][0] == 0 {
		return nil, refusal(11034002, "document_type or document_size is not one the simulator draws")
	}
	p, err := c.Market.Label(c.Store, c.Request.PathValue("id"))
	if err != nil {
		return nil, err
	}
	scheme := "http"
	if c.Request.TLS != nil {
		scheme = "https"
	}
	path := "/label/" + p.ID + ".pdf"
	q := url.Values{"shop": {c.Store.ID}, "type": {kind}, "size": {size}, "expires": {strconv.FormatInt(c.Now.Add(labelLife).Unix(), 10)}}
	q.Set("sign", c.Sign(path+q.Encode()))
	return obj{"doc_url": scheme + "://" + c.Request.Host + path + "?" + q.Encode(), "tracking_number": p.Tracking}, nil
}
