package orders

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/channels"
)

const sampleOrder = `{"id":"gid://shopify/Order/5550000000001","name":"#1001","createdAt":"2026-01-01T05:00:00Z","updatedAt":"2026-01-01T05:00:05Z",
 "processedAt":"2026-01-01T05:00:00Z","cancelledAt":null,"cancelReason":null,"currencyCode":"USD","displayFinancialStatus":"PAID","displayFulfillmentStatus":"UNFULFILLED",
 "note":"ring twice","email":"ana@example.test","phone":null,"customer":{"id":"gid://shopify/Customer/77"},
 "shippingAddress":{"name":"Ana Maria","phone":"+1","zip":"10001","countryCodeV2":"US","formatted":["1 High Street","New York NY 10001"]},
 "totalPriceSet":{"shopMoney":{"amount":"51.98","currencyCode":"USD"}},
 "lineItems":{"pageInfo":{"hasNextPage":false,"endCursor":"x"},"nodes":[
  {"id":"gid://shopify/LineItem/1","name":"Hoodie - M","sku":"HOODIE-M","quantity":2,"currentQuantity":1,"originalUnitPriceSet":{"shopMoney":{"amount":"45.99","currencyCode":"USD"}},"variant":{"id":"gid://shopify/ProductVariant/11","product":{"id":"gid://shopify/Product/21"}}},
  {"id":"gid://shopify/LineItem/2","name":"Mug","sku":"MUG","quantity":1,"currentQuantity":1,"originalUnitPriceSet":{"shopMoney":{"amount":"5.99","currencyCode":"USD"}},"variant":{"id":"gid://shopify/ProductVariant/12","product":{"id":"gid://shopify/Product/22"}}}]},
 "transactions":[{"kind":"SALE","status":"SUCCESS","createdAt":"2026-01-01T05:00:02Z"}],"fulfillments":[],"fulfillmentOrders":{"nodes":[{"status":"OPEN","requestStatus":"UNSUBMITTED","fulfillBy":null}]}}`

// sample is that order, to be changed.
func sample(t interface{ Fatal(...any) }) map[string]any {
	var o map[string]any
	if err := json.Unmarshal([]byte(sampleOrder), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func read(t interface{ Fatal(...any) }, o any) (channels.Order, *channels.Invalid) {
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	order, _, invalid := readOrder(0, raw, beside{})
	return order, invalid
}

// optional are fields that an order may lack, or have under another name, and still be read.
var optional = []string{
	"name", "createdAt", "processedAt", "cancelledAt", "cancelReason", "note", "email", "phone", "customer", "shippingAddress", "transactions",
	"fulfillments", "fulfillmentOrders",
}

// TestOrderSurvivesVendorsChanges mutates an answer as vendors do between versions: fields nobody knows, optional ones missing
// or renamed, values of enums never seen before.
func TestOrderSurvivesVendorsChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := sample(t)
		want, invalid := read(t, o)
		if invalid != nil || want.Status != channels.StatusReady || len(want.Lines) != 2 || want.Total.Minor != 5198 || want.Buyer != "77" || want.Lines[0].Quantity != 1 {
			t.Fatalf("unchanged: %+v, %v", want, invalid)
		}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(optional), 0, 4, rapid.ID).Draw(t, "gone") {
			value := o[name]
			delete(o, name)
			if rapid.Bool().Draw(t, "renamed") {
				o[name+"V2"] = value
			}
		}
		line := o["lineItems"].(map[string]any)["nodes"].([]any)[0].(map[string]any)
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"name", "sku", "currentQuantity"}), 0, 3, rapid.ID).Draw(t, "gone of a line") {
			delete(line, name)
		}
		for _, at := range []map[string]any{o, line, o["totalPriceSet"].(map[string]any)} {
			for _, name := range rapid.SliceOfN(rapid.StringMatching(`[a-z]{3,8}New`), 0, 3).Draw(t, "unknown") {
				at[name] = rapid.SampledFrom([]any{nil, 1.5, "x", []any{}, map[string]any{"a": 1}}).Draw(t, "value")
			}
		}
		unseen := rapid.SampledFrom([]string{"", "displayFinancialStatus", "displayFulfillmentStatus"}).Draw(t, "unseen")
		word := ""
		if unseen != "" {
			word = rapid.StringMatching(`[A-Z]{4,10}_NEW`).Draw(t, "word")
			o[unseen] = word
		}
		got, invalid := read(t, o)
		if invalid != nil {
			t.Fatalf("not read: %v", invalid)
		}
		if got.ID != want.ID || got.Updated != want.Updated || got.Total != want.Total || len(got.Lines) != 2 || got.Lines[0].Price != want.Lines[0].Price || got.Lines[0].ListingID != "11" {
			t.Fatalf("got %+v", got)
		}
		if unseen == "" && got.Status != channels.StatusReady || unseen != "" && (got.Status != channels.StatusUnknown || !strings.Contains(got.Vendor, word)) {
			t.Fatalf("the state is %s (%s)", got.Status, got.Vendor)
		}
	})
}

// TestBrokenOrdersAreNamed: what must be there and is not, or is of the wrong kind, quarantines the order and names the field.
func TestBrokenOrdersAreNamed(t *testing.T) {
	for field, value := range map[string]any{
		"id": "nonsense of any length / ?", "updatedAt": "yesterday", "displayFulfillmentStatus": nil, "lineItems": []any{}, "totalPriceSet": nil, "currencyCode": 7.5,
	} {
		o := sample(t)
		o[field] = value
		if field == "updatedAt" {
			delete(o, "createdAt")
		}
		if field == "currencyCode" {
			o["totalPriceSet"] = map[string]any{"shopMoney": map[string]any{"amount": "1.0"}}
		}
		if _, invalid := read(t, o); invalid == nil {
			t.Errorf("%s %v was taken", field, value)
		}
	}
	o := sample(t)
	o["lineItems"].(map[string]any)["nodes"].([]any)[1].(map[string]any)["quantity"] = "many"
	if _, invalid := read(t, o); invalid == nil || invalid.Field != "lineItems[1].quantity" || invalid.Record != "5550000000001" {
		t.Errorf("got %+v", invalid)
	}
}

func TestStates(t *testing.T) {
	delivered, moving := map[string]any{"status": "SUCCESS", "displayStatus": "DELIVERED"}, map[string]any{"status": "SUCCESS", "displayStatus": "IN_TRANSIT"}
	undone := map[string]any{"status": "CANCELLED", "displayStatus": "CANCELED"}
	for _, tt := range []struct {
		financial, fulfilment string
		parcels               []any
		want                  channels.Status
		paid                  bool
	}{
		{"PENDING", "UNFULFILLED", nil, channels.StatusUnpaid, false},
		{"PARTIALLY_PAID", "UNFULFILLED", nil, channels.StatusUnpaid, false},
		{"EXPIRED", "UNFULFILLED", nil, channels.StatusUnpaid, false},
		{"AUTHORIZED", "UNFULFILLED", nil, channels.StatusAuthorised, false},
		{"AUTHORIZED", "ON_HOLD", nil, channels.StatusAuthorised, false},
		{"AUTHORIZED", "FULFILLED", nil, channels.StatusArranged, false},
		{"AUTHORIZED", "FULFILLED", []any{moving}, channels.StatusTransit, false},
		{"PAID", "UNFULFILLED", nil, channels.StatusReady, true},
		{"PAID", "IN_PROGRESS", nil, channels.StatusReady, true},
		{"PAID", "ON_HOLD", nil, channels.StatusOnHold, true},
		{"PAID", "SCHEDULED", nil, channels.StatusOnHold, true},
		{"PAID", "PARTIALLY_FULFILLED", []any{moving}, channels.StatusPartial, true},
		{"PARTIALLY_REFUNDED", "UNFULFILLED", nil, channels.StatusReady, true},
		{"PAID", "FULFILLED", []any{undone}, channels.StatusArranged, true},
		{"PAID", "FULFILLED", []any{delivered, moving}, channels.StatusTransit, true},
		{"PAID", "FULFILLED", []any{delivered, undone}, channels.StatusDelivered, true},
		{"PENDING", "FULFILLED", []any{delivered}, channels.StatusDelivered, false}, // paid on delivery
	} {
		o := sample(t)
		o["displayFinancialStatus"], o["displayFulfillmentStatus"], o["fulfillments"] = tt.financial, tt.fulfilment, tt.parcels
		got, invalid := read(t, o)
		if invalid != nil || got.Status != tt.want || got.Paid.IsZero() == tt.paid || got.Vendor != tt.financial+"/"+tt.fulfilment {
			t.Errorf("%s and %s: %s, paid %v, %v; wanted %s", tt.financial, tt.fulfilment, got.Status, got.Paid, invalid, tt.want)
		}
		if owed := tt.financial == "AUTHORIZED" && tt.fulfilment == "FULFILLED"; got.Owed != owed {
			t.Errorf("%s and %s: owed %v", tt.financial, tt.fulfilment, got.Owed)
		}
		if hides := slices.Contains([]channels.Status{channels.StatusUnpaid, channels.StatusAuthorised, channels.StatusOnHold}, got.Status); (got.Recipient == nil) != hides {
			t.Errorf("%s: the recipient is taken in: %v", got.Status, got.Recipient != nil)
		}
	}
	o := sample(t)
	o["displayFinancialStatus"], o["totalCapturableSet"] = "PARTIALLY_PAID", map[string]any{"shopMoney": map[string]any{"amount": "5.0"}}
	if got, _ := read(t, o); got.Status != channels.StatusAuthorised || !got.Paid.IsZero() {
		t.Errorf("captured in part, the rest reserved: %s, paid %v", got.Status, got.Paid)
	}
	o = sample(t)
	o["cancelledAt"], o["cancelReason"] = "2026-01-02T00:00:00Z", "FRAUD"
	if got, _ := read(t, o); got.Status != channels.StatusCancelled || got.Cancel != "FRAUD" || got.Lines[0].Quantity != 2 {
		t.Errorf("cancelled: %+v", got)
	}
	o = sample(t)
	o["fulfillmentOrders"] = map[string]any{"nodes": []any{map[string]any{"status": "OPEN", "requestStatus": "ACCEPTED", "fulfillBy": "2026-01-03T00:00:00Z"}}}
	if got, _ := read(t, o); got.SelfShips || got.Status != channels.StatusOnHold || got.ShipBy.Day() != 3 {
		t.Errorf("sent by a fulfillment service: %+v", got)
	}
	o = sample(t)
	for _, line := range o["lineItems"].(map[string]any)["nodes"].([]any) {
		line.(map[string]any)["currentQuantity"] = 0
	}
	if got, _ := read(t, o); got.Status != channels.StatusCancelled || len(got.Lines) != 2 {
		t.Errorf("every unit taken out: %+v", got)
	}
	o = sample(t)
	o["lineItems"].(map[string]any)["nodes"].([]any)[0].(map[string]any)["variant"] = nil
	if got, invalid := read(t, o); invalid != nil || got.Lines[0].ListingID != "line-1" || got.Lines[0].Code != "HOODIE-M" {
		t.Errorf("a line without a product: %+v, %v", got, invalid)
	}
	o = sample(t)
	o["currencyCode"] = "JPY"
	for _, bag := range []map[string]any{
		o["totalPriceSet"].(map[string]any), o["lineItems"].(map[string]any)["nodes"].([]any)[0].(map[string]any)["originalUnitPriceSet"].(map[string]any),
		o["lineItems"].(map[string]any)["nodes"].([]any)[1].(map[string]any)["originalUnitPriceSet"].(map[string]any),
	} {
		bag["shopMoney"] = map[string]any{"amount": "1000.0", "currencyCode": "JPY"}
	}
	if got, invalid := read(t, o); invalid != nil || got.Total.Minor != 1000 {
		t.Errorf("a currency without decimals: %+v, %v", got.Total, invalid)
	}
}

func FuzzOrder(f *testing.F) {
	f.Add(sampleOrder)
	f.Add(`{"id":"gid://shopify/Order/1","lineItems":{"nodes":[null]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			return // what the JSON package hands on is valid
		}
		o, _, invalid := readOrder(0, json.RawMessage(text), beside{})
		if invalid == nil && (!channels.IsID(o.ID) || o.Updated.IsZero() || len(o.Lines) == 0 || o.Status == "" || o.Total.Minor < 0) {
			t.Fatalf("taken: %+v", o)
		}
	})
}

// Where the bill goes is told with the recipient alone, and only a plain no counts.
func TestBilledElsewhere(t *testing.T) {
	for _, test := range []struct {
		name    string
		matches any
		unpaid  bool
		want    bool
	}{{"to the same address", true, false, false}, {"elsewhere", false, false, true}, {"not told", nil, false, false}, {"elsewhere, unpaid", false, true, false}} {
		o := sample(t)
		o["billingAddressMatchesShippingAddress"] = test.matches
		if test.unpaid {
			o["displayFinancialStatus"] = "PENDING"
		}
		if got, invalid := read(t, o); invalid != nil || got.BilledElsewhere != test.want {
			t.Errorf("%s: %t, %v; want %t", test.name, got.BilledElsewhere, invalid, test.want)
		}
	}
}
