package amazon

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/notices"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
)

const whole1 = `{"orderId":"026-1234567-1234567","createdTime":"2026-01-01T12:00:00.000Z","lastUpdatedTime":"2026-01-01T12:01:00.000Z",
"salesChannel":{"channelName":"AMAZON","marketplaceId":"A1F83G8C2ARO7P"},"buyer":{"buyerName":"Ana","buyerEmail":"x@marketplace.amazon.example"},
"recipient":{"deliveryAddress":{"name":"Ana","addressLine1":"1 High Street","city":"Leeds","postalCode":"LS1 1AA","countryCode":"GB","phone":"1"}},
"proceeds":{"grandTotal":{"amount":"39.98","currencyCode":"GBP"}},
"fulfillment":{"fulfillmentStatus":"UNSHIPPED","fulfilledBy":"MERCHANT","shipByWindow":{"latestDateTime":"2026-01-03T12:00:00.000Z"}},
"packages":[{"packageReferenceId":"1","packageStatus":{"status":"SHIPPED"}}],
"orderItems":[{"orderItemId":"10000000000001","quantityOrdered":2,"product":{"asin":"B000000001","title":"Hoodie","sellerSku":"HOODIE-M","price":{"unitPrice":{"amount":"19.99","currencyCode":"GBP"}}},
"fulfillment":{"quantityFulfilled":0,"quantityUnfulfilled":2},"cancellation":{"cancellationRequest":{"requester":"BUYER","cancelReason":"ordered twice"}}}]}`

const notice1 = `{"NotificationVersion":"1.0","NotificationType":"ORDER_CHANGE","PayloadVersion":"1.0","EventTime":"2026-01-01T12:00:00.000Z","Payload":{"OrderChangeNotification":{"NotificationLevel":"OrderLevel",
"SellerId":"A3TH9S8BH6GOGM","AmazonOrderId":"026-1234567-1234567","OrderChangeType":"OrderStatusChange","OrderChangeTrigger":{"TimeOfOrderChange":"2026-01-01T12:00:00.000Z","ChangeReason":"x"},
"Summary":{"MarketplaceId":"A1F83G8C2ARO7P","OrderStatus":"Unshipped","FulfillmentType":"MFN","OrderItems":[{"OrderItemId":"1","SellerSKU":"MUG-1","Quantity":2,"QuantityShipped":0}]}}},"NotificationMetadata":{"NotificationId":"d0e9e693-c3ad-4373-979f-000000000001"}}`

func british() *Connector {
	return New(channels.Opening{Clock: time.Now, Connection: channels.Connection{Extra: map[string]string{wire.ExtraMarketplace: "A1F83G8C2ARO7P", wire.ExtraSeller: "A3TH9S8BH6GOGM"}}})
}

// places lists every member of the objects in a value, as paths.
func places(v any, at []string) (all [][]string) {
	switch v := v.(type) {
	case map[string]any:
		for key, inside := range v {
			here := append(slices.Clone(at), key)
			all = append(all, here)
			all = append(all, places(inside, here)...)
		}
	case []any:
		for i, inside := range v {
			all = append(all, places(inside, append(slices.Clone(at), fmt.Sprint(i)))...)
		}
	}
	slices.SortFunc(all, slices.Compare)
	return all
}

// change does something to the member at a path.
func change(v any, path []string, do func(object map[string]any, key string)) {
	for _, step := range path[:len(path)-1] {
		switch inside := v.(type) {
		case map[string]any:
			v = inside[step]
		case []any:
			var i int
			_, _ = fmt.Sscan(step, &i)
			v = inside[i]
		}
	}
	do(v.(map[string]any), path[len(path)-1])
}

// needed are the members without which an order means nothing.
var needed = map[string]bool{
	"orderId": true, "fulfillment": true, "fulfillmentStatus": true, "orderItems": true, "orderItemId": true, "quantityOrdered": true, "product": true,
	"amount": true, "grandTotal": false,
}

// Whatever the vendor adds, renames or leaves out, an order is read or named as broken; what may be absent may be, an
// unknown member changes nothing, and a word that is not known is a named state that nobody acts on.
func TestMutatedOrders(t *testing.T) {
	c := british()
	whole, invalid := c.readOrder(0, json.RawMessage(whole1))
	if invalid != nil || whole.Status != channels.StatusReady || !whole.SellerShips || whole.Total.Minor != 3998 || whole.Lines[0].Quantity != 2 {
		t.Fatalf("the whole order: %+v, %v", whole, invalid)
	}
	rapid.Check(t, func(t *rapid.T) {
		var v map[string]any
		if err := json.Unmarshal([]byte(whole1), &v); err != nil {
			t.Fatal(err)
		}
		path := rapid.SampledFrom(places(v, nil)).Draw(t, "path")
		key := path[len(path)-1]
		how := rapid.SampledFrom([]string{"added", "absent", "renamed", "null", "another kind", "unknown word"}).Draw(t, "how")
		word := false
		change(v, path, func(o map[string]any, key string) {
			switch how {
			case "added":
				o["neverSeenBefore"] = map[string]any{"x": []any{1, "y"}}
			case "absent":
				delete(o, key)
			case "renamed":
				o[key+"2"] = o[key]
				delete(o, key)
			case "null":
				o[key] = nil
			case "another kind":
				o[key] = rapid.SampledFrom([]any{true, 1.5, "text", []any{}, map[string]any{}}).Draw(t, "value")
			case "unknown word":
				if _, text := o[key].(string); text {
					o[key], word = "NEVER_SEEN", true
				}
			}
		})
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		o, invalid := c.readOrder(0, raw)
		switch {
		case how == "added" && (invalid != nil || o.Status != whole.Status || o.Total != whole.Total || len(o.Lines) != 1):
			t.Fatalf("a member was added and it reads %+v, %v", o, invalid)
		case (how == "absent" || how == "renamed") && invalid != nil && !needed[key]:
			t.Fatalf("%s is absent: %v", key, invalid)
		case word && key == "fulfillmentStatus" && (invalid != nil || o.Status != channels.StatusUnknown || o.Vendor != "NEVER_SEEN"):
			t.Fatalf("a state that is not known reads %+v, %v", o, invalid)
		case word && key == "fulfilledBy" && (invalid != nil || o.SellerShips || !o.SelfShips):
			t.Fatalf("somebody unknown ships, and it reads %+v, %v", o, invalid)
		case invalid != nil && (invalid.Field == "" || invalid.Rule == ""):
			t.Fatalf("it says no more than %+v", invalid)
		case invalid == nil && (o.ID == "" || o.Status == "" || len(o.Lines) == 0 || o.Updated.IsZero() || o.Total.Currency != "GBP"):
			t.Fatalf("read as %+v", o)
		}
	})
}

// Every body of a notification is a hint, or named as broken; no more is made of it than is in it.
func FuzzNotification(f *testing.F) {
	for _, seed := range []string{notice1, `{}`, `[]`, `{"NotificationType":"ORDER_CHANGE"}`, `{"NotificationType":"FEED_PROCESSING_FINISHED","Payload":{}}`, notice1[:200], `{"NotificationType":1e400}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		hints, err := notices.Notices{}.Hints(body)
		var invalid channels.Invalid
		if err != nil && (!errors.As(err, &invalid) || invalid.Field == "" || invalid.Rule == "") {
			t.Fatalf("refused with %v", err)
		}
		if err == nil && len(hints) != 1 {
			t.Fatalf("%d hints", len(hints))
		}
		for _, h := range hints {
			if err == nil && h.Kind == "order" && (!channels.IsID(h.Order) || h.Shop == "") || h.Kind != "" && h.Type == "" {
				t.Fatalf("%q hints at %+v", body, h)
			}
		}
	})
}

func TestNotification(t *testing.T) {
	hints, err := notices.Notices{}.Hints([]byte(notice1))
	want := channels.Hint{
		Delivery: "d0e9e693-c3ad-4373-979f-000000000001", Shop: "A3TH9S8BH6GOGM-A1F83G8C2ARO7P", Kind: "order", Type: "ORDER_CHANGE",
		Order: "026-1234567-1234567", Updated: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC),
		Sold: []channels.Line{{Code: "MUG-1", Quantity: 2}},
	}
	if err != nil || len(hints) != 1 || !reflect.DeepEqual(hints[0], want) {
		t.Errorf("got %+v, %v", hints, err)
	}
	for was, is := range map[string]string{`"Unshipped"`: `"Shipped"`, `"MFN"`: `"AFN"`, `"QuantityShipped":0`: `"QuantityShipped":1`, `[{"OrderItemId"`: `{"a":[{"OrderItemId"`} {
		body := strings.Replace(notice1, was, is, 1)
		if strings.HasPrefix(is, "{") {
			body = strings.Replace(body, `:0}]}}}`, `:0}]}}}}`, 1)
		}
		if hints, err := (notices.Notices{}).Hints([]byte(body)); err != nil || len(hints) != 1 || hints[0].Sold != nil || hints[0].Order == "" {
			t.Errorf("with %s: %+v, %v", is, hints, err)
		}
	}
	hints, err = notices.Notices{}.Hints([]byte(`{"NotificationType":"PRICING_HEALTH","NotificationMetadata":{"NotificationId":"1"}}`))
	if err != nil || !hints[0].Unknown || hints[0].Type != "PRICING_HEALTH" {
		t.Errorf("another type: %+v, %v", hints, err)
	}
}

// A parcel's number is the same at every try, positive, and within what JSON keeps exactly.
func TestReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ours := rapid.StringMatching(`[ -~]{1,40}`).Draw(t, "ours")
		n := json.Number(reference(ours))
		number, err := n.Int64()
		if err != nil || number < 1 || number >= 1<<53 || reference(ours) != n.String() {
			t.Fatalf("%q is %s", ours, n)
		}
	})
	if reference("12345") != "12345" || reference("p-1") == reference("p-2") {
		t.Error("a number stays, and two names differ")
	}
}
