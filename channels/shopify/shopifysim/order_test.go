package shopifysim

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

const orderDocument = `query O($id: ID!) { order(id: $id) { id name displayFinancialStatus displayFulfillmentStatus returnStatus cancelledAt cancelReason updatedAt
	totalPriceSet { shopMoney { amount currencyCode } } currentTotalPriceSet { shopMoney { amount } }
	lineItems(first: 10) { nodes { id sku quantity currentQuantity unfulfilledQuantity variant { id } } }
	transactions { id kind amountSet { shopMoney { amount } } } refunds { totalRefundedSet { shopMoney { amount } } refundLineItems(first: 5) { nodes { quantity restockType } } }
	returns(first: 5) { nodes { status } } fulfillments { status displayStatus trackingInfo { company number } }
	fulfillmentOrders(first: 5) { nodes { id status lineItems(first: 10) { nodes { id remainingQuantity lineItem { id } } } } } } }`

func (r *rig) order(id int64) said {
	r.t.Helper()
	return r.query(orderDocument, map[string]any{"id": "gid://shopify/Order/" + itoa(id)})
}

func (r *rig) wantStates(id int64, financial, fulfilment string) said {
	r.t.Helper()
	o := r.order(id)
	if o.at("order", "displayFinancialStatus") != financial || o.at("order", "displayFulfillmentStatus") != fulfilment {
		r.t.Errorf("order %d: %s, wanted %s and %s", id, o.Raw, financial, fulfilment)
	}
	return o
}

func TestOrderStates(t *testing.T) {
	r := newRig(t, Config{Hold: time.Hour, AccessLife: 24 * time.Hour})
	id := r.place(NewOrder{Unpaid: true, Lines: []Line{{Variant: hoodie, Quantity: 2}, {Variant: mug, Quantity: 1}}})
	r.wantStates(id, "PENDING", "UNFULFILLED")
	r.wantStock(hoodie, 98, 2, 0)
	r.must(r.PayOrder(testShop, id))
	o := r.wantStates(id, "PAID", "ON_HOLD")
	if o.at("order", "totalPriceSet", "shopMoney", "amount") != "44.98" {
		t.Errorf("total: %s", o.Raw)
	}
	r.clock.advance(time.Hour)
	r.wantStates(id, "PAID", "UNFULFILLED")
	if err := r.PayOrder(testShop, id); !errors.Is(err, ErrState) {
		t.Errorf("paid twice: %v", err)
	}
	if _, err := r.PlaceOrder(testShop, NewOrder{Lines: []Line{{Variant: mug, Quantity: 5}}}); !errors.Is(err, ErrNotListed) || r.Counts().RefusedOversold != 1 {
		t.Errorf("beyond what is listed: %v, counted %d", err, r.Counts().RefusedOversold)
	}
}

const fulfilDocument = `mutation F($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) { fulfillment { id status trackingInfo { number company } } userErrors { field message } } }`

func (r *rig) fulfil(part any, lines []any, tracking string) said {
	r.t.Helper()
	piece := map[string]any{"fulfillmentOrderId": part}
	if lines != nil {
		piece["fulfillmentOrderLineItems"] = lines
	}
	return r.query(fulfilDocument, map[string]any{"f": map[string]any{
		"lineItemsByFulfillmentOrder": []any{piece}, "trackingInfo": map[string]any{"company": "Royal Mail", "number": tracking},
	}})
}

func TestFulfil(t *testing.T) {
	r := newRig(t, Config{})
	id := r.place(NewOrder{Lines: []Line{{Variant: hoodie, Quantity: 3}}})
	o := r.order(id)
	part, line := o.at("order", "fulfillmentOrders", "nodes", 0, "id"), o.at("order", "fulfillmentOrders", "nodes", 0, "lineItems", "nodes", 0, "id")
	if got := r.fulfil(part, []any{map[string]any{"id": line, "quantity": 4}}, "T0"); got.at("fulfillmentCreate", "userErrors", 0) == nil {
		t.Errorf("more than there is: %s", got.Raw)
	}
	r.fulfil(part, []any{map[string]any{"id": line, "quantity": 1}}, "T1")
	r.wantStates(id, "PAID", "PARTIALLY_FULFILLED")
	r.wantStock(hoodie, 97, 2, 0)
	r.fulfil(part, nil, "T2")
	o = r.wantStates(id, "PAID", "FULFILLED")
	r.wantStock(hoodie, 97, 0, 0)
	if o.at("order", "fulfillments", 1, "trackingInfo", 0, "number") != "T2" {
		t.Errorf("tracking: %s", o.Raw)
	}
	if got := r.fulfil(part, nil, "T3"); got.at("fulfillmentCreate", "userErrors", 0) == nil || got.at("fulfillmentCreate", "fulfillment") != nil {
		t.Errorf("of what is closed: %s", got.Raw)
	}
	r.must(r.Carry(testShop, id, "DELIVERED"))
	if o := r.order(id); o.at("order", "fulfillments", 0, "displayStatus") != "DELIVERED" {
		t.Errorf("delivered: %s", o.Raw)
	}
	c := r.Counts()
	if c.Fulfillments[fmt.Sprintf("%d/T1", id)] != 1 || c.FulfillAttempts[itoa(id)] != 4 || c.Twice() != nil {
		t.Errorf("counts %v %v %v", c.Fulfillments, c.FulfillAttempts, c.Twice())
	}
	back, err := r.RequestReturn(testShop, id, hoodie, 1, "damaged")
	r.must(err)
	if o := r.order(id); o.at("order", "returnStatus") != "RETURN_REQUESTED" || o.at("order", "returns", "nodes", 0, "status") != "REQUESTED" {
		t.Errorf("return: %s", o.Raw)
	}
	r.must(r.SetReturn(testShop, back, "OPEN"))
	r.must(r.Refund(testShop, id, hoodie, 1, true))
	r.must(r.SetReturn(testShop, back, "CLOSED"))
	o = r.wantStates(id, "PARTIALLY_REFUNDED", "FULFILLED")
	if o.at("order", "refunds", 0, "refundLineItems", "nodes", 0, "restockType") != "RETURN" || o.at("order", "returnStatus") != "RETURNED" {
		t.Errorf("refund: %s", o.Raw)
	}
	r.wantStock(hoodie, 98, 0, 0)
	if err := r.SetReturn(testShop, back, "DECLINED"); !errors.Is(err, ErrState) {
		t.Errorf("declined after it was closed: %v", err)
	}
}

func TestUndoAndRetrack(t *testing.T) {
	r := newRig(t, Config{})
	id := r.place(NewOrder{Lines: []Line{{Variant: hoodie, Quantity: 1}}})
	made := r.fulfil(r.order(id).at("order", "fulfillmentOrders", "nodes", 0, "id"), nil, "T1")
	parcel := made.at("fulfillmentCreate", "fulfillment", "id")
	got := r.query(`mutation R($id: ID!) { fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: {number: "T2"}) { fulfillment { trackingInfo { number } } userErrors { message } } }`,
		map[string]any{"id": parcel})
	if got.at("fulfillmentTrackingInfoUpdate", "fulfillment", "trackingInfo", 0, "number") != "T2" {
		t.Errorf("got %s", got.Raw)
	}
	r.query(`mutation U($id: ID!) { fulfillmentCancel(id: $id) { userErrors { message } } }`, map[string]any{"id": parcel})
	r.wantStates(id, "PAID", "UNFULFILLED")
	r.wantStock(hoodie, 99, 1, 0)
}

func TestCancel(t *testing.T) {
	r := newRig(t, Config{JobDelay: time.Minute})
	id := r.place(NewOrder{Lines: []Line{{Variant: hoodie, Quantity: 2}}})
	const document = `mutation C($id: ID!) { orderCancel(orderId: $id, reason: INVENTORY, restock: true, notifyCustomer: false,
		refundMethod: {originalPaymentMethodsRefund: true}) { job { id done } orderCancelUserErrors { code message } } }`
	vars := map[string]any{"id": "gid://shopify/Order/" + itoa(id)}
	asked := r.query(document, vars)
	job := asked.at("orderCancel", "job", "id")
	if job == nil || asked.at("orderCancel", "job", "done") != false {
		t.Fatalf("got %s", asked.Raw)
	}
	r.wantStates(id, "PAID", "UNFULFILLED")
	r.clock.advance(time.Minute)
	if got := r.query(`query J($id: ID!) { job(id: $id) { done } }`, map[string]any{"id": job}); got.at("job", "done") != true {
		t.Errorf("job: %s", got.Raw)
	}
	o := r.wantStates(id, "REFUNDED", "UNFULFILLED")
	if o.at("order", "cancelledAt") == nil || o.at("order", "cancelReason") != "INVENTORY" {
		t.Errorf("got %s", o.Raw)
	}
	r.wantStock(hoodie, 100, 0, 0)
	if got := r.query(document, vars); got.at("orderCancel", "orderCancelUserErrors", 0, "code") != "INVALID" {
		t.Errorf("twice: %s", got.Raw)
	}
	if n := r.Counts().SellerCancels[itoa(id)]; n != 1 {
		t.Errorf("cancelled %d times", n)
	}
	unpaidBack := r.place(NewOrder{Lines: []Line{{Variant: hoodie, Quantity: 1}}})
	r.query(`mutation C($id: ID!) { orderCancel(orderId: $id, reason: OTHER, restock: true) { job { id } } }`, map[string]any{"id": "gid://shopify/Order/" + itoa(unpaidBack)})
	r.clock.advance(time.Minute)
	if o := r.wantStates(unpaidBack, "PAID", "UNFULFILLED"); o.at("order", "cancelledAt") == nil { // nobody asked for the money to go back
		t.Errorf("got %s", o.Raw)
	}
	kept := r.place(NewOrder{Lines: []Line{{Variant: hoodie, Quantity: 2}}})
	r.must(r.CancelOrder(testShop, kept, "CUSTOMER", false))
	r.wantStock(hoodie, 98, 0, 0) // not put back on sale
}

func TestEdit(t *testing.T) {
	r := newRig(t, Config{})
	id := r.place(NewOrder{Lines: []Line{{Variant: hoodie, Quantity: 3}}})
	r.must(r.EditOrder(testShop, id, hoodie, 1))
	o := r.order(id)
	if o.at("order", "lineItems", "nodes", 0, "quantity") != 3.0 || o.at("order", "lineItems", "nodes", 0, "currentQuantity") != 1.0 {
		t.Errorf("got %s", o.Raw)
	}
	r.wantStock(hoodie, 99, 1, 0)
	r.must(r.EditOrder(testShop, id, hoodie, 2))
	r.wantStock(hoodie, 98, 2, 0)
	if err := r.EditOrder(testShop, id, hoodie, -1); !errors.Is(err, ErrState) {
		t.Errorf("below nothing: %v", err)
	}
	r.wantStates(id, "PAID", "UNFULFILLED")
	r.must(r.EditOrder(testShop, id, hoodie, 5)) // more than was paid for
	r.wantStates(id, "PARTIALLY_PAID", "UNFULFILLED")
	r.must(r.PayOrder(testShop, id))
	r.wantStates(id, "PAID", "UNFULFILLED")
	r.wantStock(hoodie, 95, 5, 0)
}

// What is put into an order that it did not have is a line of its own, and so is more of what was sent, which another part sends.
func TestEditInAnotherLine(t *testing.T) {
	r := newRig(t, Config{})
	id := r.place(NewOrder{Lines: []Line{{Variant: hoodie, Quantity: 1}}})
	r.must(r.EditOrder(testShop, id, mug, 2))
	o := r.wantStates(id, "PARTIALLY_PAID", "UNFULFILLED")
	if o.at("order", "lineItems", "nodes", 1, "currentQuantity") != 2.0 || o.at("order", "fulfillmentOrders", "nodes", 1) != nil {
		t.Errorf("got %s", o.Raw)
	}
	r.must(r.FulfilByHand(testShop, id, "DHL", "T1"))
	r.wantStates(id, "PARTIALLY_PAID", "FULFILLED")
	r.must(r.EditOrder(testShop, id, hoodie, 3))
	o = r.wantStates(id, "PARTIALLY_PAID", "PARTIALLY_FULFILLED")
	if o.at("order", "lineItems", "nodes", 2, "currentQuantity") != 2.0 || o.at("order", "fulfillmentOrders", "nodes", 1, "status") != "OPEN" {
		t.Errorf("got %s", o.Raw)
	}
	r.wantStock(hoodie, 97, 2, 0)
	if err := r.EditOrder(testShop, id, 1, 1); !errors.Is(err, ErrUnknown) {
		t.Errorf("of a variant that nobody sells: %v", err)
	}
}

func TestCapture(t *testing.T) {
	r := newRig(t, Config{})
	id := r.place(NewOrder{Authorized: true, Lines: []Line{{Variant: hoodie, Quantity: 1}}})
	o := r.wantStates(id, "AUTHORIZED", "UNFULFILLED")
	capture := func(amount string) said {
		return r.query(`mutation C($in: OrderCaptureInput!) { orderCapture(input: $in) { transaction { kind parentTransaction { id } } userErrors { field message } } }`,
			map[string]any{"in": map[string]any{"id": o.at("order", "id"), "parentTransactionId": o.at("order", "transactions", 0, "id"), "amount": amount}})
	}
	if got := capture("20.00"); got.at("orderCapture", "userErrors", 0) == nil {
		t.Errorf("more than was reserved: %s", got.Raw)
	}
	if got := capture("19.99"); got.at("orderCapture", "transaction", "kind") != "CAPTURE" {
		t.Errorf("got %s", got.Raw)
	}
	r.wantStates(id, "PAID", "UNFULFILLED")
	if got := capture("19.99"); got.at("orderCapture", "userErrors", 0) == nil || r.Counts().Captures[itoa(id)] != 1 {
		t.Errorf("twice: %s", got.Raw)
	}
	late := r.place(NewOrder{Authorized: true, Lines: []Line{{Variant: hoodie, Quantity: 1}}})
	r.must(r.ExpireAuthorisation(testShop, late))
	r.wantStates(late, "EXPIRED", "UNFULFILLED")
}

func TestOrdersPage(t *testing.T) {
	r := newRig(t, Config{})
	var ids []string
	for range 7 {
		ids = append(ids, "gid://shopify/Order/"+itoa(r.place(NewOrder{Lines: []Line{{Variant: hoodie, Quantity: 1}}})))
		r.clock.advance(time.Second)
	}
	old := r.place(NewOrder{At: epoch.Add(-61 * 24 * time.Hour), Lines: []Line{{Variant: hoodie, Quantity: 1}}})
	const document = `query O($after: String, $query: String) { orders(first: 3, after: $after, query: $query, sortKey: UPDATED_AT) { pageInfo { hasNextPage endCursor } nodes { id updatedAt } } }`
	window := fmt.Sprintf("updated_at:>='%s' AND updated_at:<'%s'", epoch.Format(time.RFC3339), epoch.Add(time.Hour).Format(time.RFC3339))
	var got []string
	for after := any(nil); ; {
		page := r.query(document, map[string]any{"after": after, "query": window})
		nodes, _ := page.at("orders", "nodes").([]any)
		for i := range nodes {
			got = append(got, page.at("orders", "nodes", i, "id").(string))
		}
		if len(got) == 3 { // one that changes while one pages comes at the end
			first := mustInt(t, got[0][len("gid://shopify/Order/"):])
			r.must(r.ChangeAddress(testShop, first, "2 Low Street"))
		}
		if page.at("orders", "pageInfo", "hasNextPage") != true {
			break
		}
		after = page.at("orders", "pageInfo", "endCursor")
	}
	if want := append(append([]string{}, ids...), ids[0]); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, wanted %v", got, want)
	}
	all := fmt.Sprintf("updated_at:>='%s'", epoch.Add(-100*24*time.Hour).Format(time.RFC3339))
	if page := r.query(document, map[string]any{"query": all}); page.at("orders", "nodes", 0, "id") != ids[1] {
		t.Errorf("an order of more than 60 days ago without read_all_orders: %s", page.Raw)
	}
	r.must(r.SetScopes(testShop, "read_orders", "read_all_orders"))
	if page := r.query(document, map[string]any{"query": all}); page.at("orders", "nodes", 0, "id") != "gid://shopify/Order/"+itoa(old) {
		t.Errorf("and with it: %s", page.Raw)
	}
}

func mustInt(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
