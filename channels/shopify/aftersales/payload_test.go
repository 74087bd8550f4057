package aftersales

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/channels"
)

const sampleReturn = `{"kind":"Return","id":"gid://shopify/Return/42","status":"OPEN","made":"2026-01-02T05:00:00Z",
 "order":{"id":"gid://shopify/Order/7","updatedAt":"2026-01-02T05:00:05Z","currencyCode":"USD"},"exchangeLineItems":{"nodes":[]},
 "returnLineItems":{"pageInfo":{"hasNextPage":false},"nodes":[{"id":"gid://shopify/ReturnLineItem/1","quantity":2,"processedQuantity":1,
  "returnReasonDefinition":{"handle":"damaged"},"fulfillmentLineItem":{"id":"gid://shopify/FulfillmentLineItem/5","lineItem":{"id":"gid://shopify/LineItem/3","sku":"MUG","variant":{"id":"gid://shopify/ProductVariant/11"}}}}]},
 "reverseFulfillmentOrders":{"nodes":[{"lineItems":{"nodes":[{"id":"gid://shopify/ReverseFulfillmentOrderLineItem/9","fulfillmentLineItem":{"id":"gid://shopify/FulfillmentLineItem/5"},
  "dispositions":[{"type":"RESTOCKED","quantity":1}]}]},"reverseDeliveries":{"nodes":[{"deliverable":{"tracking":{"number":"T1"}}}]}}]}}`

const sampleRefund = `{"kind":"Refund","id":"gid://shopify/Refund/43","createdAt":"2026-01-02T05:00:00Z","order":{"id":"gid://shopify/Order/7","updatedAt":"2026-01-02T05:00:05Z","currencyCode":"USD"},
 "return":null,"totalRefundedSet":{"shopMoney":{"amount":"5.0","currencyCode":"USD"}},
 "refundLineItems":{"pageInfo":{"hasNextPage":false},"nodes":[{"quantity":1,"restockType":"RETURN","lineItem":{"id":"gid://shopify/LineItem/3","sku":"MUG","variant":{"id":"gid://shopify/ProductVariant/11"}}}]}}`

func parsed(t interface{ Fatal(...any) }, text string) (o map[string]any) {
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func reread(t interface{ Fatal(...any) }, o any) (thing, *channels.Invalid) {
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return readThing(1, raw, "12")
}

// TestReturnSurvivesVendorsChanges mutates an answer as vendors do between versions: fields nobody knows, optional ones missing or
// renamed, values of enums never seen before.
func TestReturnSurvivesVendorsChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := parsed(t, sampleReturn)
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"made", "exchangeLineItems", "reverseFulfillmentOrders"}), 0, 3, rapid.ID).Draw(t, "gone") {
			value := o[name]
			delete(o, name)
			if rapid.Bool().Draw(t, "renamed") {
				o[name+"V2"] = value
			}
		}
		line := o["returnLineItems"].(map[string]any)["nodes"].([]any)[0].(map[string]any)
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"id", "processedQuantity", "returnReasonDefinition"}), 0, 3, rapid.ID).Draw(t, "gone of a line") {
			delete(line, name)
		}
		for _, at := range []map[string]any{o, line, o["order"].(map[string]any)} {
			for _, name := range rapid.SliceOfN(rapid.StringMatching(`[a-z]{3,8}New`), 0, 3).Draw(t, "unknown") {
				at[name] = rapid.SampledFrom([]any{nil, 1.5, "x", []any{}, map[string]any{"a": 1}}).Draw(t, "value")
			}
		}
		want := channels.ClaimAwaited
		if rapid.Bool().Draw(t, "unseen") {
			o["status"], want = rapid.StringMatching(`[A-Z]{4,10}_NEW`).Draw(t, "word"), channels.ClaimUnknown
		}
		got, invalid := reread(t, o)
		if invalid != nil {
			t.Fatalf("invalid: %v", invalid)
		}
		c := got.whole(nil)
		if c.ID != "42" || c.Order != "7" || c.State != want || c.Vendor != o["status"] || len(c.Lines) != 1 || c.Lines[0].ListingID != "11" || c.Lines[0].Quantity != 2 || !c.Untracked {
			t.Fatalf("read as %+v", c)
		}
	})
}

// TestBrokenReturnIsNamed: what cannot be done without is named, with the order that it is of.
func TestBrokenReturnIsNamed(t *testing.T) {
	for field, spoil := range map[string]func(o map[string]any){
		"id":     func(o map[string]any) { o["id"] = "" },
		"status": func(o map[string]any) { delete(o, "status") },
		"returnLineItems[0].quantity": func(o map[string]any) {
			o["returnLineItems"].(map[string]any)["nodes"].([]any)[0].(map[string]any)["quantity"] = "two"
		},
		"returnLineItems": func(o map[string]any) {
			o["returnLineItems"].(map[string]any)["pageInfo"] = map[string]any{"hasNextPage": true}
		},
	} {
		o := parsed(t, sampleReturn)
		spoil(o)
		if _, invalid := reread(t, o); invalid == nil || invalid.Record != "7" || invalid.Field != field {
			t.Errorf("%s: %+v", field, invalid)
		}
	}
}

// TestRestockedOnce: units that stand as restocked in a return and in its refund are the same.
func TestRestockedOnce(t *testing.T) {
	back, _ := reread(t, parsed(t, sampleReturn))
	refund := parsed(t, sampleRefund)
	alone, invalid := reread(t, refund)
	if invalid != nil {
		t.Fatal(invalid)
	}
	refund["return"] = map[string]any{"id": "gid://shopify/Return/42"}
	of, _ := reread(t, refund)
	both := claims([]thing{of, back})
	if len(both) != 1 || both[0].Lines[0].Restocked != 1 || both[0].Refund.String() != "5.00 USD" || both[0].Tracking != "T1" || both[0].Reason != "damaged" {
		t.Errorf("in a return: %+v", both)
	}
	apart := claims([]thing{alone, back})
	if len(apart) != 2 || apart[0].ID != "refund-43" || apart[0].Lines[0].Restocked != 1 || apart[1].Lines[0].Restocked != 1 {
		t.Errorf("beside a return: %+v", apart)
	}
}

// TestOneParcelLineTwoReasons: two lines of a return that are of one line of a parcel have their own work, and a unit that was put
// back counts once between them.
func TestOneParcelLineTwoReasons(t *testing.T) {
	o := parsed(t, sampleReturn)
	again := func(of map[string]any, id string) {
		nodes := of["nodes"].([]any)
		second := maps.Clone(nodes[0].(map[string]any))
		second["id"] = id
		if _, work := second["dispositions"]; work {
			second["dispositions"] = []any{map[string]any{"type": "NOT_RESTOCKED", "quantity": 2}}
		}
		of["nodes"] = append(nodes, second)
	}
	again(o["returnLineItems"].(map[string]any), "gid://shopify/ReturnLineItem/2")
	again(o["reverseFulfillmentOrders"].(map[string]any)["nodes"].([]any)[0].(map[string]any)["lineItems"].(map[string]any), "gid://shopify/ReverseFulfillmentOrderLineItem/10")
	got, invalid := reread(t, o)
	if invalid != nil {
		t.Fatal(invalid)
	}
	c := got.whole(nil)
	if len(c.Lines) != 1 || c.Lines[0].Quantity != 4 || c.Lines[0].Restocked != 1 {
		t.Errorf("one unit of four was put back; read as %+v", c.Lines)
	}
	if a, b := got.lines[0].work, got.lines[1].work; a != "gid://shopify/ReverseFulfillmentOrderLineItem/9" || b != "gid://shopify/ReverseFulfillmentOrderLineItem/10" {
		t.Errorf("their works are %s and %s", a, b)
	}
}

// TestRestockedElsewhere: what was put on sale at a location that the hub does not keep the stock of is not on hand here.
func TestRestockedElsewhere(t *testing.T) {
	for at, want := range map[string]int64{`null`: 1, `{"id":"gid://shopify/Location/12"}`: 1, `{"id":"gid://shopify/Location/13"}`: 0} {
		back, invalid := reread(t, parsed(t, strings.Replace(sampleReturn, `"type":"RESTOCKED"`, `"location":`+at+`,"type":"RESTOCKED"`, 1)))
		if got := back.whole(nil).Lines[0].Restocked; invalid != nil || got != want {
			t.Errorf("a return at %s: %d, %v", at, got, invalid)
		}
		refund, invalid := reread(t, parsed(t, strings.Replace(sampleRefund, `"restockType"`, `"location":`+at+`,"restockType"`, 1)))
		if got := refund.whole(nil); invalid != nil || got.Lines[0].Restocked != want || got.Wants != channels.Goods {
			t.Errorf("a refund at %s: %+v, %v", at, got, invalid)
		}
	}
}

// TestSuggestedTransfers: what is to go back by a payment goes that way; what Shopify names no payment for is refused, for goods that are
// taken in without their money nobody would refund.
func TestSuggestedTransfers(t *testing.T) {
	suggestion := func(transfer string) []byte {
		return []byte(`{"return":{"suggestedFinancialOutcome":{"financialTransfer":` + transfer + `}}}`)
	}
	const by = `{"amountSet":{"presentmentMoney":{"amount":"5.0","currencyCode":"USD"}},"parentTransaction":{"id":"gid://shopify/OrderTransaction/1"}}`
	const five = `"amount":{"presentmentMoney":{"amount":"5.0"}}`
	for name, test := range map[string]struct {
		data []byte
		want int
		no   bool
	}{
		"by a payment":      {suggestion(`{` + five + `,"suggestedTransactions":[` + by + `]}`), 1, false},
		"by none":           {suggestion(`{` + five + `,"suggestedTransactions":[]}`), 0, true},
		"without a parent":  {suggestion(`{` + five + `,"suggestedTransactions":[` + by + `,` + strings.Replace(by, `{"id":"gid://shopify/OrderTransaction/1"}`, "null", 1) + `]}`), 0, true},
		"nothing":           {suggestion(`{"amount":{"presentmentMoney":{"amount":"0.0"}},"suggestedTransactions":[]}`), 0, false},
		"the buyer owes":    {suggestion(`{}`), 0, false},
		"nothing suggested": {[]byte(`{"return":{"suggestedFinancialOutcome":null}}`), 0, true},
	} {
		got, err := readTransfers(test.data)
		if len(got) != test.want || test.no != (channels.ClassOf(err) == channels.Rejected) || !test.no && err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func FuzzReturn(f *testing.F) {
	f.Add(sampleReturn)
	f.Add(sampleRefund)
	f.Add(`{"kind":"Return","order":null,"returnLineItems":{"nodes":[{},null,1]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, invalid := readThing(1, json.RawMessage(text), "12")
		if invalid != nil {
			return
		}
		for _, c := range claims([]thing{got}) {
			if c.ID == "" || c.Order == "" || c.Updated.IsZero() {
				t.Errorf("read as %+v", c)
			}
			for _, l := range c.Lines {
				if l.ListingID == "" || l.Quantity < 1 || l.Restocked < 0 {
					t.Errorf("a line reads as %+v", l)
				}
			}
		}
	})
}
