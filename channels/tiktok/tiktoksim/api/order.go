package api

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/market"
)

// orderWire is an order as the API shows it: ids and money are strings, times are seconds, one line item a unit.
type orderWire struct {
	ID                    string       `json:"id"`
	Status                string       `json:"status"`
	UserID                string       `json:"user_id"`
	BuyerEmail            string       `json:"buyer_email,omitempty"`
	CreateTime            int64        `json:"create_time"`
	UpdateTime            int64        `json:"update_time"`
	PaidTime              int64        `json:"paid_time,omitempty"`
	RTSTime               int64        `json:"rts_time,omitempty"`
	RTSSLATime            int64        `json:"rts_sla_time,omitempty"`
	TTSSLATime            int64        `json:"tts_sla_time,omitempty"`
	ShippingDueTime       int64        `json:"shipping_due_time,omitempty"`
	CollectionDueTime     int64        `json:"collection_due_time,omitempty"`
	CancelOrderSLATime    int64        `json:"cancel_order_sla_time,omitempty"`
	CancelTime            int64        `json:"cancel_time,omitempty"`
	RequestCancelTime     int64        `json:"request_cancel_time,omitempty"`
	IsBuyerRequestCancel  bool         `json:"is_buyer_request_cancel"`
	IsOnHoldOrder         bool         `json:"is_on_hold_order"`
	HasUpdatedAddress     bool         `json:"has_updated_recipient_address"`
	IsCOD                 bool         `json:"is_cod"`
	CancelReason          string       `json:"cancel_reason,omitempty"`
	CancellationInitiator string       `json:"cancellation_initiator,omitempty"`
	FulfillmentType       string       `json:"fulfillment_type"`
	DeliveryType          string       `json:"delivery_type"`
	ShippingType          string       `json:"shipping_type"`
	DeliveryOptionID      string       `json:"delivery_option_id"`
	DeliveryOptionName    string       `json:"delivery_option_name"`
	SplitOrCombine        string       `json:"split_or_combine_tag,omitempty"`
	ShippingProvider      string       `json:"shipping_provider"`
	ShippingProviderID    string       `json:"shipping_provider_id"`
	TrackingNumber        string       `json:"tracking_number"`
	WarehouseID           string       `json:"warehouse_id"`
	PaymentMethodName     string       `json:"payment_method_name"`
	CommercePlatform      string       `json:"commerce_platform"`
	OrderType             string       `json:"order_type"`
	Payment               obj          `json:"payment"`
	Packages              []obj        `json:"packages,omitempty"`
	RecipientAddress      obj          `json:"recipient_address,omitempty"`
	LineItems             []unitOnWire `json:"line_items"`
}

type unitOnWire struct {
	ID               string `json:"id"`
	SKUID            string `json:"sku_id"`
	ProductID        string `json:"product_id"`
	ProductName      string `json:"product_name"`
	SKUName          string `json:"sku_name"`
	SellerSKU        string `json:"seller_sku"`
	SKUType          string `json:"sku_type"`
	DisplayStatus    string `json:"display_status"`
	PackageID        string `json:"package_id,omitempty"`
	PackageStatus    string `json:"package_status,omitempty"`
	TrackingNumber   string `json:"tracking_number,omitempty"`
	ProviderID       string `json:"shipping_provider_id,omitempty"`
	ProviderName     string `json:"shipping_provider_name,omitempty"`
	Currency         string `json:"currency"`
	OriginalPrice    string `json:"original_price"`
	SalePrice        string `json:"sale_price"`
	PlatformDiscount string `json:"platform_discount"`
	SellerDiscount   string `json:"seller_discount"`
	CancelReason     string `json:"cancel_reason,omitempty"`
	CancelUser       string `json:"cancel_user,omitempty"`
	IsGift           bool   `json:"is_gift"`
}

const (
	providerID   = "6841743441349706241"
	providerName = "TikTok Shipping"
	maskedPhone  = "(+00)*****00"
)

func orderSearch(c *Call) (any, error) {
	var q struct {
		times
		Status       string   `json:"order_status"`
		ShippingType string   `json:"shipping_type"`
		Buyer        string   `json:"buyer_user_id"`
		AsksCancel   *bool    `json:"is_buyer_request_cancel"`
		Warehouses   []string `json:"warehouse_ids"`
	}
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	if len(q.Warehouses) > 100 {
		return nil, badParam("warehouse_ids holds more than 100")
	}
	line, w, err := sorted(c, q.times, &c.Store.OrderLine, &c.Store.OrderUpdates)
	if err != nil {
		return nil, err
	}
	here := len(q.Warehouses) == 0 || slices.Contains(q.Warehouses, c.Store.Warehouse)
	found, next, total, err := line.Page(w, func(o *market.Order) bool {
		return here && q.hold(o.Created, o.Updated) && (q.Status == "" || q.Status == o.Status) &&
			(q.ShippingType == "" || q.ShippingType == o.ShippingType) && (q.Buyer == "" || q.Buyer == o.BuyerID) &&
			(q.AsksCancel == nil || *q.AsksCancel == (o.CancelRequested != 0))
	})
	return obj{"orders": wireOrders(c.Store, found), "next_page_token": next, "total_count": total}, err
}

// orderDetail leaves out ids it does not know.
func orderDetail(c *Call) (any, error) {
	ids := strings.Split(c.Query.Get("ids"), ",")
	if c.Query.Get("ids") == "" || len(ids) > 50 {
		return nil, badParam("ids must hold 1 to 50 order ids")
	}
	var found []*market.Order
	for _, id := range ids {
		if o := c.Store.Orders[id]; o != nil && !slices.Contains(found, o) {
			found = append(found, o)
		}
	}
	return obj{"orders": wireOrders(c.Store, found)}, nil
}

func wireOrders(st *market.Store, orders []*market.Order) []orderWire {
	wires := make([]orderWire, len(orders))
	for i, o := range orders {
		wires[i] = wireOrder(st, o)
	}
	return wires
}

func wireOrder(st *market.Store, o *market.Order) orderWire {
	w := orderWire{
		ID: o.ID, Status: o.Status, UserID: o.BuyerID, BuyerEmail: o.BuyerEmail, CreateTime: o.Created.At, UpdateTime: o.Updated.At,
		PaidTime: o.Paid, RTSTime: o.Shipped, CancelTime: o.CancelTime, RequestCancelTime: o.CancelRequested, IsBuyerRequestCancel: o.CancelRequested != 0,
		IsOnHoldOrder: o.Status == market.OnHold, HasUpdatedAddress: o.AddressMoved, CancelReason: o.Reason, CancellationInitiator: o.CancelBy,
		FulfillmentType: o.FulfillmentType, DeliveryType: "HOME_DELIVERY", ShippingType: o.ShippingType,
		DeliveryOptionID: st.DeliveryOption, DeliveryOptionName: "Standard", WarehouseID: st.Warehouse,
		PaymentMethodName: "CCDC", CommercePlatform: "TIKTOK_SHOP", OrderType: "NORMAL",
		Payment: obj{
			"currency": o.Currency, "sub_total": o.SubTotal, "total_amount": o.SubTotal, "original_total_product_price": o.SubTotal,
			"shipping_fee": "0", "original_shipping_fee": "0", "seller_discount": "0", "platform_discount": "0", "tax": "0",
		},
	}
	if o.Paid != 0 {
		const day = 24 * 60 * 60
		w.RTSSLATime, w.TTSSLATime, w.CancelOrderSLATime = o.Paid+2*day, o.Paid+3*day, o.Paid+5*day
		w.ShippingDueTime, w.CollectionDueTime = o.Paid+2*day, o.Paid+3*day
	}
	if o.ShippingType != "SELLER" {
		w.ShippingProvider, w.ShippingProviderID = providerName, providerID
	}
	for _, p := range o.Parcels {
		w.Packages, w.TrackingNumber = append(w.Packages, obj{"id": p.ID}), cmp.Or(w.TrackingNumber, p.Tracking)
		if p.Carrier != "" {
			w.ShippingProvider, w.ShippingProviderID = carrierName(p), p.Carrier
		}
		if len(p.Orders) > 1 {
			w.SplitOrCombine = "COMBINED"
		}
	}
	if len(o.Parcels) > 1 {
		w.SplitOrCombine = "SPLIT"
	}
	if o.Status != market.Unpaid && o.Status != market.OnHold {
		w.RecipientAddress = address(o)
	}
	units := 0
	for _, l := range o.Items {
		units += l.Quantity
	}
	w.LineItems = make([]unitOnWire, 0, units)
	for _, l := range o.Items {
		u := unitOnWire{
			SKUID: l.SKUID, ProductID: l.Listing.Product.ID, ProductName: l.Listing.Product.Title, SKUName: "Default", SellerSKU: l.Listing.SellerSKU,
			SKUType: "NORMAL", Currency: o.Currency, OriginalPrice: l.Price, SalePrice: l.Price,
			PlatformDiscount: "0", SellerDiscount: "0",
		}
		for n, p := range l.In {
			u := u
			u.DisplayStatus, u.CancelUser, u.CancelReason = l.Unit(n)
			if p != nil {
				u.PackageID, u.PackageStatus, u.TrackingNumber = p.ID, p.Status, p.Tracking
				u.ProviderID, u.ProviderName = carrier(p), carrierName(p)
			}
			u.ID = strconv.FormatInt(l.First+int64(n), 10)
			w.LineItems = append(w.LineItems, u)
		}
	}
	return w
}

// address is masked, as the vendor's is when it carries the parcel itself.
func address(o *market.Order) obj {
	name, phone := o.BuyerName, cmp.Or(o.Phone, maskedPhone)
	if o.ShippingType == "TIKTOK" {
		name, phone = mask(name), maskedPhone
	}
	return obj{
		"name": name, "phone_number": phone, "full_address": strings.Trim(o.RegionCode+", "+o.City+", "+o.Address, ", "),
		"address_line1": o.Address, "address_detail": o.Address, "postal_code": o.PostalCode, "region_code": o.RegionCode,
		"district_info": []obj{{"address_level": "L2", "address_level_name": "City", "address_name": o.City}},
	}
}

func mask(name string) string {
	words := strings.Fields(name)
	for i, word := range words {
		_, n := utf8.DecodeRuneInString(word)
		words[i] = word[:n] + "***"
	}
	return strings.Join(words, " ")
}
