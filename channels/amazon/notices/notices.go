// Package notices reads what Amazon tells through a seller's queue.
package notices

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// Notices reads what comes through the queue. What is posted to the hub's own address is nobody's: Amazon posts nothing, so
// nothing of the kind is taken.
type Notices struct{}

// Verify implements channels.Webhooks: nothing is genuine. What the queue holds is trusted by the queue's policy, which says
// who may send, and is not verified here.
func (Notices) Verify(channels.App, http.Header, []byte) error { return channels.ErrSignature }

// Keep implements channels.Webhooks: a message is kept as it came.
func (Notices) Keep(_ http.Header, body []byte) []byte { return body }

// ShopID is how the hub tells a seller's shop in a marketplace from the seller's others.
func ShopID(seller, marketplace string) string { return seller + "-" + marketplace }

// notification is a message of the queue: as Amazon puts it there, or in the Detail of an event, where the seller's own rule leads an
// event bus to the queue.
type notification struct {
	Type     json.RawMessage `json:"NotificationType"`
	Time     json.RawMessage `json:"EventTime"`
	Payload  json.RawMessage `json:"Payload"`
	Metadata struct {
		ID json.RawMessage `json:"NotificationId"`
	} `json:"NotificationMetadata"`
	Detail json.RawMessage `json:"detail"`
}

// Hints implements channels.Webhooks for one message's body.
func (Notices) Hints(body []byte) ([]channels.Hint, error) {
	r := &channels.Reading{Record: "notification"}
	var n notification
	if !r.Object("notification", body, &n) {
		return nil, *r.Invalid
	}
	if len(n.Type) == 0 && len(n.Detail) > 0 {
		event := n.Detail
		if n = (notification{}); !r.Object("detail", event, &n) {
			return nil, *r.Invalid
		}
	}
	h := channels.Hint{Type: r.Text("NotificationType", n.Type), Delivery: r.Text("NotificationMetadata.NotificationId", n.Metadata.ID), Kind: "other"}
	if h.Type == "" {
		r.Fail("NotificationType", "must be there", "")
	}
	if r.Invalid != nil {
		return nil, *r.Invalid
	}
	switch h.Type {
	case "ORDER_CHANGE":
		h.Kind = "order"
		readChange(r, &h, n.Payload)
	case "LISTINGS_ITEM_MFN_QUANTITY_CHANGE":
		h.Kind = channels.KindQuantity
		readQuantity(r, &h, n.Payload)
	default:
		h.Unknown = true // nothing else is subscribed to
		return []channels.Hint{h}, nil
	}
	h.Updated = cmp.Or(h.Updated, lenientTime(n.Time))
	if r.Invalid != nil {
		return []channels.Hint{{Delivery: h.Delivery, Shop: h.Shop}}, *r.Invalid
	}
	return []channels.Hint{h}, nil
}

func readChange(r *channels.Reading, h *channels.Hint, raw json.RawMessage) {
	var payload struct {
		Change json.RawMessage `json:"OrderChangeNotification"`
	}
	var change struct {
		Seller  json.RawMessage `json:"SellerId"`
		Order   json.RawMessage `json:"AmazonOrderId"`
		Trigger struct {
			Time json.RawMessage `json:"TimeOfOrderChange"`
		} `json:"OrderChangeTrigger"`
		Summary summary `json:"Summary"`
	}
	if !r.Object("Payload", raw, &payload) || !r.Object("Payload.OrderChangeNotification", payload.Change, &change) {
		return
	}
	r.Within = "Payload.OrderChangeNotification."
	seller, place := r.ID("SellerId", change.Seller), r.ID("Summary.MarketplaceId", change.Summary.Marketplace)
	if r.Invalid == nil {
		h.Shop = ShopID(seller, place)
	}
	h.Order = r.ID("AmazonOrderId", change.Order)
	h.Updated = lenientTime(change.Trigger.Time)
	h.Sold = change.Summary.sold()
}

// readQuantity reads what is still to be sold of a SKU from the seller's own stock. In which marketplace is not told.
func readQuantity(r *channels.Reading, h *channels.Hint, raw json.RawMessage) {
	var q struct {
		Seller   json.RawMessage `json:"SellerId"`
		Channel  json.RawMessage `json:"FulfillmentChannelCode"`
		SKU      json.RawMessage `json:"Sku"`
		Quantity json.RawMessage `json:"Quantity"`
	}
	if !r.Object("Payload", raw, &q) {
		return
	}
	r.Within = "Payload."
	h.News = channels.News{Seller: r.ID("SellerId", q.Seller), Place: r.Text("FulfillmentChannelCode", q.Channel), Item: r.Text("Sku", q.SKU), Quantity: r.Whole("Quantity", q.Quantity)}
	if h.News.Item == "" {
		r.Fail("Sku", "must be there", "")
	}
}

type summary struct {
	Marketplace json.RawMessage `json:"MarketplaceId"`
	Status      json.RawMessage `json:"OrderStatus"`
	Fulfilment  json.RawMessage `json:"FulfillmentType"`
	Items       json.RawMessage `json:"OrderItems"`
}

// sold is what the seller's own stock has less of for an order of which nothing was sent. The order is read whatever this says, so
// what cannot be read of it is left out.
func (s summary) sold() (lines []channels.Line) {
	status, by := channels.Lenient(s.Status), channels.Lenient(s.Fulfilment)
	if status != "Pending" && status != "Unshipped" || by == "AFN" {
		return nil
	}
	var items []struct {
		SKU      json.RawMessage `json:"SellerSKU"`
		Quantity json.RawMessage `json:"Quantity"`
		Shipped  json.RawMessage `json:"QuantityShipped"`
	}
	if json.Unmarshal(s.Items, &items) != nil {
		return nil
	}
	for _, item := range items {
		units, err := strconv.ParseInt(channels.Lenient(item.Quantity), 10, 32)
		if sent := channels.Lenient(item.Shipped); sent != "" && sent != "0" {
			return nil
		}
		if code := channels.Lenient(item.SKU); err == nil && units > 0 && code != "" {
			lines = append(lines, channels.Line{Code: code, Quantity: units})
		}
	}
	return lines
}

// lenientTime reads a time that only orders news; what cannot be read is none.
func lenientTime(raw json.RawMessage) time.Time {
	at, err := time.Parse(time.RFC3339, channels.Lenient(raw))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}
