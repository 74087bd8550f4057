package amazon

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
)

// carriers are codes that the vendor knows; any other carrier goes by its name with the code Other.
var carriers = []channels.Carrier{
	{ID: "Amazon Shipping", Name: "Amazon Shipping"},
	{ID: "Australia Post", Name: "Australia Post"},
	{ID: "BRT", Name: "BRT"},
	{ID: "Canada Post", Name: "Canada Post"},
	{ID: "Chronopost", Name: "Chronopost"},
	{ID: "Colissimo", Name: "Colissimo"},
	{ID: "Correos", Name: "Correos"},
	{ID: "DHL", Name: "DHL"},
	{ID: "DPD", Name: "DPD"},
	{ID: "Deutsche Post", Name: "Deutsche Post"},
	{ID: "FedEx", Name: "FedEx"},
	{ID: "GLS", Name: "GLS"},
	{ID: "Hermes", Name: "Hermes"},
	{ID: "Japan Post", Name: "Japan Post"},
	{ID: "La Poste", Name: "La Poste"},
	{ID: "Parcelforce", Name: "Parcelforce"},
	{ID: "Poste Italiane", Name: "Poste Italiane"},
	{ID: "PostNL", Name: "PostNL"},
	{ID: "Royal Mail", Name: "Royal Mail"},
	{ID: "SEUR", Name: "SEUR"},
	{ID: "TNT", Name: "TNT"},
	{ID: "UPS", Name: "UPS"},
	{ID: "USPS", Name: "USPS"},
	{ID: "Yodel", Name: "Yodel"},
}

// Carriers implements channels.SellerShipping. One that is not among them may be named as well.
func (c *Connector) Carriers(context.Context, string) ([]channels.Carrier, error) {
	return append([]channels.Carrier(nil), carriers...), nil
}

// reference is the number by which the vendor knows a parcel: it takes positive numbers only. The same of ours gives the
// same number, so a confirmation that is sent again edits the parcel and makes no second one.
func reference(ours string) string {
	if n, err := strconv.ParseUint(ours, 10, 53); err == nil && n > 0 && strconv.FormatUint(n, 10) == ours {
		return ours
	}
	sum := sha256.Sum256([]byte(ours))
	return strconv.FormatUint(binary.BigEndian.Uint64(sum[:8])>>11|1, 10) // within 2^53, never 0
}

// wireShipping is what shipping needs of an order.
type wireShipping struct {
	Fulfillment struct {
		Status channels.Text `json:"fulfillmentStatus"`
		By     channels.Text `json:"fulfilledBy"`
	} `json:"fulfillment"`
	Items    []wireUnits   `json:"orderItems"`
	Packages []wirePackage `json:"packages"`
}

// wireUnits are an order item's.
type wireUnits struct {
	ID          channels.Text   `json:"orderItemId"`
	Ordered     json.RawMessage `json:"quantityOrdered"`
	Fulfillment struct {
		Left json.RawMessage `json:"quantityUnfulfilled"`
	} `json:"fulfillment"`
	Product struct {
		ASIN channels.Text `json:"asin"`
		SKU  channels.Text `json:"sellerSku"`
	} `json:"product"`
}

// wirePackage is a parcel that was confirmed.
type wirePackage struct {
	Reference channels.Text `json:"packageReferenceId"`
	Carrier   channels.Text `json:"carrier"`
	Service   channels.Text `json:"shippingService"`
	Tracking  channels.Text `json:"trackingNumber"`
	Items     []struct {
		ID       channels.Text   `json:"orderItemId"`
		Quantity json.RawMessage `json:"quantity"`
	} `json:"packageItems"`
}

// maxShown is of how many orders it is remembered what was shown; more forgets all and reads again.
const maxShown = 10_000

// shown remembers an order for shipping: two parcels a second may be confirmed, but one order in two seconds read.
func (c *Connector) shown(id string, raw json.RawMessage) {
	var w wireShipping
	if json.Unmarshal(raw, &w) != nil {
		return // shipping reads it again, and says what is wrong
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.orders) >= maxShown {
		clear(c.orders)
	}
	c.orders[id] = w
}

// unshown forgets an order of which something may have changed.
func (c *Connector) unshown(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.orders, id)
}

// shipping tells what was shown of an order last, or reads it.
func (c *Connector) shipping(ctx context.Context, name, id string) (w wireShipping, remembered bool, err error) {
	c.mu.Lock()
	w, remembered = c.orders[id]
	c.mu.Unlock()
	if remembered {
		return w, true, nil
	}
	w, err = c.readShipping(ctx, name, id)
	return w, false, err
}

func (c *Connector) readShipping(ctx context.Context, name, id string) (w wireShipping, err error) {
	raw, err := c.order(ctx, name, id)
	if err != nil {
		return w, err
	}
	if err := json.Unmarshal(raw, &w); err != nil {
		return w, wire.Unreadable(name, err)
	}
	return w, nil
}

// Parcels implements channels.SellerShipping. A Reference is the number that the vendor has; compare the tracking number.
func (c *Connector) Parcels(ctx context.Context, order string) ([]channels.Parcel, error) {
	w, err := c.readShipping(ctx, "read parcels", order)
	if err != nil {
		return nil, err
	}
	return w.parcels(), nil
}

func (w wireShipping) parcels() (list []channels.Parcel) {
	listing := map[string]string{}
	for _, it := range w.Items {
		listing[string(it.ID)] = string(cmp.Or(it.Product.SKU, it.Product.ASIN))
	}
	for _, p := range w.Packages {
		parcel := channels.Parcel{Reference: string(p.Reference), Carrier: string(p.Carrier), Service: string(p.Service), Tracking: string(p.Tracking)}
		for _, it := range p.Items {
			parcel.Items = append(parcel.Items, channels.ParcelItem{ListingID: listing[string(it.ID)], Quantity: whole(it.Quantity)})
		}
		list = append(list, parcel)
	}
	return list
}

func whole(raw json.RawMessage) int64 {
	n, _ := strconv.ParseInt(channels.Lenient(raw), 10, 64) // 0 when it is something else
	return max(n, 0)
}

// Send implements channels.SellerShipping: shipmentConfirmation, whose packageReferenceId makes a repetition an edit.
func (c *Connector) Send(ctx context.Context, order string, p channels.Parcel) (channels.Shipment, error) {
	const name = "ship order"
	if p.Reference == "" || p.Tracking == "" || p.Carrier == "" {
		return channels.Shipment{}, wire.Bug(name, "a parcel needs a reference, a carrier and a tracking number")
	}
	if err := wire.CheckID(name, order); err != nil {
		return channels.Shipment{}, err
	}
	w, remembered, err := c.shipping(ctx, name, order)
	if err != nil {
		return channels.Shipment{}, err
	}
	done, err := c.confirm(ctx, name, order, w, p)
	if err != nil && channels.ClassOf(err) != channels.Retry { // refused or not known: what is remembered is no longer so
		c.unshown(order)
	}
	if err == nil || channels.ClassOf(err) != channels.Rejected || !remembered {
		return done, err
	}
	if w, err = c.readShipping(ctx, name, order); err != nil {
		return channels.Shipment{}, err
	}
	return c.confirm(ctx, name, order, w, p)
}

// confirm confirms a parcel of an order that was read.
func (c *Connector) confirm(ctx context.Context, name, order string, w wireShipping, p channels.Parcel) (channels.Shipment, error) {
	no := func(class channels.Class, message string) (channels.Shipment, error) {
		return channels.Shipment{}, &channels.Failure{Class: class, Call: name, Message: message}
	}
	switch status := statuses[string(w.Fulfillment.Status)]; {
	case status == channels.StatusCancelled:
		return no(channels.Gone, "the order was cancelled at Amazon")
	case status == channels.StatusUnpaid:
		return no(channels.Rejected, "the order is pending at Amazon: it may not be shipped before it is paid")
	case !sellerShips(string(w.Fulfillment.By)):
		return no(channels.Rejected, "Amazon ships this order from its own warehouse")
	}
	done := channels.Shipment{Package: reference(p.Reference), Tracking: p.Tracking, Carrier: p.Carrier}
	for _, known := range w.Packages {
		if string(known.Reference) == done.Package && string(known.Tracking) == p.Tracking {
			done.Already = true
			return done, nil
		}
	}
	body, problem := c.confirmation(w, done.Package, p)
	if problem != "" {
		return no(channels.Rejected, problem)
	}
	_, err := c.Call(ctx, wire.Request{
		Name: name, Method: http.MethodPost, Path: "/orders/v0/orders/" + order + "/shipmentConfirmation", Body: body, Quota: confirmQuota, Write: true,
	})
	if err != nil {
		return channels.Shipment{}, err
	}
	c.unshown(order) // the next parcel of it is counted against what is left then
	return done, nil
}

type confirmation struct {
	Marketplace string        `json:"marketplaceId"`
	Package     packageDetail `json:"packageDetail"`
}

type packageDetail struct {
	Reference string        `json:"packageReferenceId"`
	Code      string        `json:"carrierCode"`
	Name      string        `json:"carrierName,omitempty"`
	Method    string        `json:"shippingMethod,omitempty"`
	Tracking  string        `json:"trackingNumber"`
	Date      string        `json:"shipDate"`
	Items     []packageItem `json:"orderItems"`
}

type packageItem struct {
	ID       string `json:"orderItemId"`
	Quantity int64  `json:"quantity"`
}

// confirmation makes the body: what is in the parcel, by the vendor's ids of the order's items. A problem is a sentence.
func (c *Connector) confirmation(w wireShipping, number string, p channels.Parcel) (body confirmation, problem string) {
	in := packageDetail{Reference: number, Code: "Other", Name: p.Carrier, Method: p.Service, Tracking: p.Tracking, Date: stamp(cmp.Or(p.Sent, c.clock().Add(-c.Ahead())))}
	for _, known := range carriers {
		if known.ID == p.Carrier {
			in.Code, in.Name = known.ID, ""
		}
	}
	// An edit may keep what the parcel holds already.
	left := map[string]int64{}
	for _, it := range w.Items {
		n := it.Fulfillment.Left
		if len(n) == 0 {
			n = it.Ordered
		}
		left[string(it.ID)] = whole(n)
	}
	for _, old := range w.Packages {
		if string(old.Reference) != number {
			continue
		}
		for _, it := range old.Items {
			left[string(it.ID)] += whole(it.Quantity)
		}
	}
	for _, want := range p.Items {
		need := want.Quantity
		for _, it := range w.Items {
			if string(cmp.Or(it.Product.SKU, it.Product.ASIN)) != want.ListingID {
				continue
			}
			if n := min(need, left[string(it.ID)]); n > 0 {
				in.Items = append(in.Items, packageItem{string(it.ID), n})
				left[string(it.ID)] -= n
				need -= n
			}
		}
		if need > 0 || want.Quantity < 1 {
			return body, "the parcel holds more of " + want.ListingID + " than is left to ship of the order"
		}
	}
	if len(p.Items) == 0 {
		for _, it := range w.Items {
			if n := left[string(it.ID)]; n > 0 {
				in.Items = append(in.Items, packageItem{string(it.ID), n})
			}
		}
	}
	if len(in.Items) == 0 {
		return body, "nothing of the order is left to ship"
	}
	return confirmation{Marketplace: c.place.ID, Package: in}, ""
}
