package tiktok

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/money"
)

// wireExample is testdata/order.json with one edit: the text old replaced by new.
func wireExample(t testing.TB, edit ...string) json.RawMessage {
	t.Helper()
	text, err := os.ReadFile("testdata/order.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(edit) == 2 {
		if !strings.Contains(string(text), edit[0]) {
			t.Fatalf("the example holds no %s", edit[0])
		}
		text = []byte(strings.ReplaceAll(string(text), edit[0], edit[1]))
	}
	return text
}

func TestOrderTranslation(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	gbp := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: "GBP"} }
	want := channels.Order{
		ID: "576460000000000001", Status: channels.StatusReady, Vendor: "AWAITING_SHIPMENT",
		Created: at(1767225600), Updated: at(1767225660), Paid: at(1767225610), ShipBy: at(1767398400),
		Total: gbp(7797), Currency: "GBP", Buyer: "7494000000000000001", Packages: []string{"1150000000000000001"},
		Recipient: &channels.Recipient{
			Name: "A***", Phone: "(+44)***", Email: "x@example.test", Address: "1 High Street, Leeds", PostalCode: "LS1", Region: "GB",
			Message: "leave it at the door",
		},
		Lines: []channels.Line{
			{ListingID: "1729000000000000777", ProductID: "1729000000000000001", Code: "HOODIE-M", Name: "Hoodie, Medium", Quantity: 2, Price: gbp(1999), Items: []string{"576461000000000001", "576461000000000002"}},
			{ListingID: "1729000000000000777", ProductID: "1729000000000000001", Code: "HOODIE-M", Name: "Hoodie, Medium", Quantity: 1, Price: gbp(1800), Items: []string{"576461000000000003"}},
			{ListingID: "1729000000000000778", ProductID: "1729000000000000001", Code: "MUG", Name: "Mug", Quantity: 1, Price: gbp(2000), Items: []string{"576461000000000004"}},
			{ListingID: "1729000000000000779", ProductID: "1729000000000000009", Code: "STICKER", Name: "Sticker", Quantity: 1, Price: gbp(0), Items: []string{"576461000000000006"}},
		},
	}
	got, invalid := readOrder(0, wireExample(t))
	if invalid != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, invalid, want)
	}
}

func TestStatuses(t *testing.T) {
	for word, want := range map[string]channels.Status{
		"UNPAID": channels.StatusUnpaid, "ON_HOLD": channels.StatusOnHold, "AWAITING_SHIPMENT": channels.StatusReady,
		"PARTIALLY_SHIPPING": channels.StatusPartial, "AWAITING_COLLECTION": channels.StatusArranged, "IN_TRANSIT": channels.StatusTransit,
		"DELIVERED": channels.StatusDelivered, "COMPLETED": channels.StatusCompleted, "CANCELLED": channels.StatusCancelled,
		"CANCEL": channels.StatusCancelled, "TELEPORTED": channels.StatusUnknown,
	} {
		o, invalid := readOrder(0, wireExample(t, `"status": "AWAITING_SHIPMENT",`+"\n  \"user_id\"", `"status": "`+word+`", "cancel_reason": "r", "user_id"`))
		if invalid != nil || o.Status != want || o.Vendor != word || (o.Cancel == "r") != (want == channels.StatusCancelled) {
			t.Errorf("%s: got %s %q, cancel %q, %v, want %s", word, o.Status, o.Vendor, o.Cancel, invalid, want)
		}
		if units := unitsOf(o); want == channels.StatusCancelled && units != 6 || want != channels.StatusCancelled && units != 5 {
			t.Errorf("%s: %d units; a cancelled order tells all it held, another only what it still holds", word, units)
		}
	}
	o, invalid := readOrder(0, wireExample(t, `"FULFILLMENT_BY_SELLER"`, `"FULFILLMENT_BY_TIKTOK"`))
	if invalid != nil || !o.SelfShips {
		t.Errorf("fulfilled by the channel: self ships %v, %v", o.SelfShips, invalid)
	}
	o, invalid = readOrder(0, json.RawMessage(strings.ReplaceAll(string(wireExample(t)), `"sale_price"`, `"display_status": "CANCELLED", "sale_price"`)))
	if invalid != nil || o.Status != channels.StatusReady || unitsOf(o) != 2 { // the last two of the example say otherwise later
		t.Errorf("mostly cancelled: %s with %d units, %v", o.Status, unitsOf(o), invalid)
	}
	o, invalid = readOrder(0, json.RawMessage(`{"id":"1","status":"AWAITING_SHIPMENT","update_time":1,"payment":{"currency":"JPY","total_amount":"5"},
		"line_items":[{"id":"2","sku_id":"3","sale_price":"5","display_status":"CANCELLED"}]}`))
	if invalid != nil || o.Status != channels.StatusCancelled || unitsOf(o) != 1 || o.Recipient != nil {
		t.Errorf("every unit cancelled: %+v, %v", o, invalid)
	}
}

func unitsOf(o channels.Order) (n int64) {
	for _, l := range o.Lines {
		n += l.Quantity
	}
	return n
}

func TestBrokenOrdersSayWhatIsWrong(t *testing.T) {
	tests := []struct{ old, edit, field, rule string }{
		{`"id": 576460000000000001`, `"id": ""`, "id", "must be an id"},
		{`"id": 576460000000000001`, `"id": 5.7646e17`, "id", "must be an id"},
		{`"id": 576460000000000001`, `"id": ["x"]`, "id", "must be a string"},
		{`"status": "AWAITING_SHIPMENT",`, `"status": null,`, "status", "must be there"},
		{`"update_time": 1767225660`, `"update_time": "soon"`, "update_time", "must be whole seconds since 1970"},
		{`"update_time": 1767225660`, `"update_time": 1767225660000`, "update_time", "must be whole seconds since 1970"},
		{`"packages": [`, `"packages": 5, "was": [`, "packages", "must be a list"},
		{`"payment": {`, `"payment": [], "was": {`, "payment", "must be an object"},
		{`"total_amount": "77.97"`, `"total_amount": "77,97"`, "payment.total_amount", "must be a decimal number"},
		{`"total_amount": "77.97"`, `"total_amount": "77.975"`, "payment.total_amount", "must not have more decimals than GBP has"},
		{`"total_amount": "77.97"`, `"total_amount": "-1"`, "payment.total_amount", "must not be negative"},
		{`"total_amount": "77.97"`, `"total_amount": "99999999999999999999"`, "payment.total_amount", "must fit into 64 bits"},
		{`"total_amount": "77.97"`, `"was": 1`, "payment.total_amount", "must be a decimal number"},
		{`"currency": "GBP", "total`, `"currency": "Pounds", "total`, "currency", "must be an ISO 4217 code"},
		{`"line_items": [`, `"line_items": [], "was": [`, "line_items", "must hold a line"},
		{`"line_items": [`, `"line_items": {}, "was": [`, "line_items", "must be a list"},
		{`"sale_price": "18.00"`, `"sale_price": "free"`, "line_items[2].sale_price", "must be a decimal number"},
		{`"sale_price": "18.00"`, `"sale_price": 1.8e1`, "line_items[2].sale_price", "must be a decimal number"},
		{`"sale_price": "18.00"`, `"was": 1`, "line_items[2].sale_price", "must be a decimal number"},
		{`"sku_id": "1729000000000000778"`, `"sku_id": null`, "line_items[3].sku_id", "must be an id"},
		{`"id": "576461000000000004"`, `"id": true`, "line_items[3].id", "must be a string"},
	}
	for _, tt := range tests {
		_, invalid := readOrder(0, wireExample(t, tt.old, tt.edit))
		if invalid == nil || invalid.Field != tt.field || invalid.Rule != tt.rule {
			t.Errorf("%s → %s: got %v, want %s %s", tt.old, tt.edit, invalid, tt.field, tt.rule)
		}
	}
	// Personal data of a strange shape is no reason to refuse an order, and is in no sample.
	for _, edit := range [][]string{{`"recipient_address": {`, `"recipient_address": [1], "was": {`}, {`"buyer_message": "leave`, `"buyer_message": {"x":1}, "was": "leave`}} {
		if _, invalid := readOrder(0, wireExample(t, edit...)); invalid != nil {
			t.Errorf("%v: %v", edit, invalid)
		}
	}
}

func TestABrokenOrderSparesItsNeighbours(t *testing.T) {
	good, bad := string(wireExample(t)), string(wireExample(t, `"sale_price": "18.00"`, `"sale_price": "free"`))
	data := `{"orders":[` + bad + `,` + good + `,17,` + good + `,{"id":"5"}],"next_page_token":"a+/="}`
	page, err := newMemory(time.Now).page("test", json.RawMessage(data))
	if err != nil || len(page.Orders) != 2 || len(page.Invalid) != 3 || page.Next != "a+/=" {
		t.Fatalf("got %d orders, %v, next %q, %v", len(page.Orders), page.Invalid, page.Next, err)
	}
	if page.Invalid[0].Record != "576460000000000001" || page.Invalid[0].Sample != `free` || !strings.Contains(page.Invalid[1].Record, "number 3") {
		t.Errorf("got %+v", page.Invalid)
	}
}
