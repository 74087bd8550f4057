package shopify

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/wire"
)

// Webhooks reads Shopify's webhooks.
type Webhooks struct{}

var _ channels.Webhooks = Webhooks{}

const (
	kindOrder      = "order"
	kindReturn     = "return" // of an order too: what was returned of it is read besides
	kindAuthorised = "authorisation"
	kindOther      = "other"

	probeTopic = "creatorflow/test"
)

// kinds are the topics that something is done for, and those that are known and left alone. What the law wants an app to
// hear (customers/redact and its like) is not among them on purpose: a person must see it.
var kinds = map[string]string{
	"orders/create": kindOrder, "orders/updated": kindOrder, "orders/paid": kindOrder, "orders/cancelled": kindOrder, "orders/edited": kindOrder,
	"orders/fulfilled": kindOrder, "orders/partially_fulfilled": kindOrder, "fulfillments/create": kindOrder, "fulfillments/update": kindOrder,
	"refunds/create": kindReturn, "returns/request": kindReturn, "returns/approve": kindReturn, "returns/decline": kindReturn, "returns/cancel": kindReturn,
	"returns/close": kindReturn, "returns/reopen": kindReturn, "returns/update": kindReturn,
	"app/uninstalled": kindAuthorised, probeTopic: channels.KindTest,
	"inventory_levels/update": channels.KindQuantity, "inventory_levels/connect": kindOther, "inventory_levels/disconnect": kindOther, "inventory_items/update": kindOther,
	"products/create": kindOther, "products/update": kindOther, "products/delete": kindOther, "bulk_operations/finish": kindOther, "app/scopes_update": kindOther,
	"orders/delete": kindOther, "shop/update": kindOther,
}

// said reads a header by the name that webhooks have had for long, or by that of the newer style.
func said(h http.Header, name string) string {
	return cmp.Or(h.Get("X-Shopify-"+name), h.Get("Shopify-"+name))
}

// Verify implements channels.Webhooks: the base64 HMAC of the raw body. What else the header says is not signed, so a replay is
// stopped by the event's id alone; without topic and shop the body means nothing.
func (Webhooks) Verify(app channels.App, header http.Header, body []byte) error {
	got, err := base64.StdEncoding.DecodeString(said(header, "Hmac-Sha256"))
	if err != nil || said(header, "Topic") == "" || !wire.IsDomain(said(header, "Shop-Domain")) {
		return channels.ErrSignature
	}
	matched := false
	for i, secret := range app.Secrets {
		if secret == "" || i > 1 { // an empty secret would let anyone sign; a third was rotated out
			continue
		}
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = mac.Write(body) // a hash never fails
		matched = hmac.Equal(got, mac.Sum(nil)) || matched
	}
	if !matched {
		return channels.ErrSignature
	}
	return nil
}

// kept is what the inbox keeps: the body as it came, and the header's part of it.
type kept struct {
	Topic string `json:"topic"`
	Shop  string `json:"shop"`
	Event string `json:"event"`
	Hook  string `json:"webhook"`
	At    string `json:"triggered_at"`
	Body  string `json:"body"`
}

// Keep implements channels.Webhooks.
func (Webhooks) Keep(header http.Header, body []byte) []byte {
	text, err := json.Marshal(kept{
		Topic: said(header, "Topic"), Shop: strings.ToLower(said(header, "Shop-Domain")), Event: said(header, "Event-Id"), Hook: said(header, "Webhook-Id"),
		At: said(header, "Triggered-At"), Body: string(body),
	})
	if err != nil { // strings alone: it does not happen
		return body
	}
	return text
}

// wireBody is what a body may name its order by.
type wireBody struct {
	ID      json.RawMessage `json:"id"`
	GID     json.RawMessage `json:"admin_graphql_api_id"`
	OrderID json.RawMessage `json:"order_id"`
	Updated json.RawMessage `json:"updated_at"`
	Order   struct {
		ID  json.RawMessage `json:"id"`
		GID json.RawMessage `json:"admin_graphql_api_id"`
	} `json:"order"`
	Edit struct {
		OrderID json.RawMessage `json:"order_id"`
	} `json:"order_edit"`

	// Of an inventory level.
	Item      json.RawMessage `json:"inventory_item_id"`
	Location  json.RawMessage `json:"location_id"`
	Available json.RawMessage `json:"available"`
}

// Hints implements channels.Webhooks. One event may come by several topics and several subscriptions: topic and event id
// together name a delivery.
func (Webhooks) Hints(text []byte) ([]channels.Hint, error) {
	var k kept
	r := &channels.Reading{Record: "webhook"}
	if !r.Object("body", text, &k) {
		return nil, *r.Invalid // without a sample: it may be anybody's data, and the inbox has it sealed
	}
	h := channels.Hint{Type: k.Topic, Shop: k.Shop, Kind: kinds[k.Topic]}
	if event := cmp.Or(k.Event, k.Hook); event != "" {
		h.Delivery = k.Topic + ":" + event
	}
	if len(h.Delivery) > 128 {
		r.Fail("X-Shopify-Event-Id", "must be at most 128 bytes with its topic", channels.Short(h.Delivery, 48))
		return shopOnly(k.Shop), *r.Invalid
	}
	if h.Delivery != "" {
		r.Record = "webhook " + channels.Short(cmp.Or(k.Event, k.Hook), 40)
	}
	triggered, err := time.Parse(time.RFC3339, k.At)
	if err == nil {
		h.Updated = triggered.UTC()
	}
	if h.Kind == "" { // kept and shown, whatever else it holds
		h.Kind, h.Unknown = kindOther, true
		return []channels.Hint{h}, nil
	}
	if h.Kind != kindOrder && h.Kind != kindReturn && h.Kind != channels.KindQuantity {
		return []channels.Hint{h}, nil
	}
	var body wireBody
	if r.Object("body", json.RawMessage(k.Body), &body) {
		if h.Kind == channels.KindQuantity {
			readLevel(r, &h, body)
		} else {
			h.Order = orderOf(r, k.Topic, body)
		}
		h.Updated = cmp.Or(wire.Time(r, "updated_at", body.Updated), h.Updated)
	}
	if r.Invalid != nil {
		return shopOnly(k.Shop), *r.Invalid
	}
	return []channels.Hint{h}, nil
}

// readLevel reads what is available of an item at a location. Where the shop does not keep its stock, nothing is: then there is
// nothing that the hub could look at.
func readLevel(r *channels.Reading, h *channels.Hint, b wireBody) {
	h.News = channels.News{Item: wire.ID(r, "inventory_item_id", b.Item), Place: wire.ID(r, "location_id", b.Location)}
	text := r.Text("available", b.Available)
	if text == "" {
		h.Kind, h.News = kindOther, channels.News{}
		return
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil { // below 0 is one, where more was sold than there was
		r.Fail("available", "must be a whole number", text)
	}
	h.News.Quantity = n
}

// shopOnly is all that can be told of a webhook that cannot be read.
func shopOnly(shop string) []channels.Hint {
	if wire.IsDomain(shop) {
		return []channels.Hint{{Shop: shop}}
	}
	return nil
}

// orderOf finds which order a body is about: where it stands depends on the topic.
func orderOf(r *channels.Reading, topic string, b wireBody) string {
	field, raw := "id", b.ID
	switch resource, _, _ := strings.Cut(topic, "/"); {
	case topic == "orders/edited":
		field, raw = "order_edit.order_id", b.Edit.OrderID
	case resource == "orders":
		if len(raw) == 0 {
			field, raw = "admin_graphql_api_id", b.GID
		}
	case resource == "returns":
		if field, raw = "order.id", b.Order.ID; len(raw) == 0 {
			field, raw = "order.admin_graphql_api_id", b.Order.GID
		}
	default:
		field, raw = "order_id", b.OrderID
	}
	return wire.ID(r, field, raw)
}

// Probe implements channels.Prober.
func (Webhooks) Probe(app channels.App, shop, id string, at time.Time) (header http.Header, body []byte, delivery string) {
	body = fmt.Appendf(nil, `{"probe":%q}`, id)
	mac := hmac.New(sha256.New, []byte(app.Secrets[0]))
	_, _ = mac.Write(body) // a hash never fails
	header = http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("X-Shopify-Topic", probeTopic)
	header.Set("X-Shopify-Shop-Domain", shop)
	header.Set("X-Shopify-Event-Id", "creatorflow-test-"+id)
	header.Set("X-Shopify-Triggered-At", at.UTC().Format(time.RFC3339Nano))
	header.Set("X-Shopify-Hmac-Sha256", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return header, body, probeTopic + ":creatorflow-test-" + id
}
