package tiktoksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// seen is what a client reads of orders.
type seen struct {
	Next   string `json:"next_page_token"`
	Total  int    `json:"total_count"`
	Orders []struct {
		ID         string `json:"id"`
		Status     string `json:"status"`
		UpdateTime int64  `json:"update_time"`
		Packages   []struct {
			ID string `json:"id"`
		} `json:"packages"`
		Address *struct {
			Name string `json:"name"`
		} `json:"recipient_address"`
		Payment struct {
			Currency string `json:"currency"`
			Total    string `json:"total_amount"`
		} `json:"payment"`
		Items []struct {
			ID        string `json:"id"`
			SKU       string `json:"sku_id"`
			SellerSKU string `json:"seller_sku"`
			Price     string `json:"sale_price"`
			Package   string `json:"package_id"`
		} `json:"line_items"`
	} `json:"orders"`
}

func (r *rig) detail(id string) seen {
	r.t.Helper()
	var got seen
	r.call("GET", "/order/202507/orders", "ids="+id, "").into(r.t, &got)
	if len(got.Orders) != 1 {
		r.t.Fatalf("%d orders for %s", len(got.Orders), id)
	}
	return got
}

func TestStateMachine(t *testing.T) {
	r := newRig(t, Config{RemorseHold: time.Hour})
	id, err := r.PlaceOrder(testShop, NewOrder{
		BuyerName: "Ana Maria", Unpaid: true,
		Lines: []Line{{SKUID: skuA, Quantity: 3}, {SKUID: skuB, Quantity: 2, Price: "20"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	step := func(want string, packages int, address bool) {
		t.Helper()
		o := r.detail(id).Orders[0]
		if o.Status != want || len(o.Packages) != packages || (o.Address != nil) != address {
			t.Errorf("%s, %d packages, address %v; wanted %s, %d, %v", o.Status, len(o.Packages), o.Address != nil, want, packages, address)
		}
	}
	step("UNPAID", 0, false)
	if err := r.ReleaseHold(testShop, id); !errors.Is(err, ErrState) {
		t.Errorf("released an unpaid order: %v", err)
	}
	r.wantStock(skuA, 97, 3, 0)
	if err := r.Collect(testShop, id); !errors.Is(err, ErrState) {
		t.Errorf("collected an unpaid order: %v", err)
	}
	if err := r.PayOrder(testShop, id); err != nil {
		t.Error(err)
	}
	step("ON_HOLD", 1, false)
	pack := r.pack(id)
	if err := r.PayOrder(testShop, id); !errors.Is(err, ErrState) {
		t.Errorf("paid twice: %v", err)
	}
	r.wantCode("ship on hold", r.ship(pack), 21011026)
	r.clock.advance(time.Hour - time.Second)
	step("ON_HOLD", 1, false)
	r.clock.advance(time.Second)
	step("AWAITING_SHIPMENT", 1, true)

	o := r.detail(id).Orders[0]
	ids := map[string]bool{}
	for _, it := range o.Items {
		ids[it.ID] = true
		if len(it.ID) < 17 || it.Package != pack {
			t.Errorf("line item %+v", it)
		}
	}
	if len(ids) != 5 || o.Payment.Total != "99.97" || o.Payment.Currency != "GBP" || o.Address.Name != "A*** M***" {
		t.Errorf("%d units, %s %s, %q; wanted 5, 99.97 GBP, masked", len(ids), o.Payment.Total, o.Payment.Currency, o.Address.Name)
	}
	r.wantCode("label before shipping", r.document(pack), 21008043)
	r.wantCode("ship", r.ship(pack), 0)
	step("AWAITING_COLLECTION", 1, true)
	r.wantStock(skuA, 97, 0, 0)
	r.wantCode("ship again", r.ship(pack), 11006021)
	r.wantCode("seller cancel after shipping", r.sellerCancel(id), 25001021)
	for _, next := range []struct {
		do   func(string, string) error
		want string
	}{{r.Collect, "IN_TRANSIT"}, {r.Deliver, "DELIVERED"}, {r.Complete, "COMPLETED"}} {
		if err := next.do(testShop, id); err != nil {
			t.Error(err)
		}
		step(next.want, 1, true)
	}
	r.wantCode("label after pickup", r.document(pack), 21008017)
	r.wantCode("cancel a completed order", r.sellerCancel(id), 25001051)
	c := r.Counts()
	if c.Ships[pack] != 1 || c.ShipAttempts[pack] != 3 || c.Repeats() != 2 {
		t.Errorf("%d ships, %d attempts, %d repeats, wanted 1, 3, 2", c.Ships[pack], c.ShipAttempts[pack], c.Repeats())
	}
}

func (r *rig) sellerCancel(id string) answer {
	r.t.Helper()
	return r.call("POST", "/return_refund/202309/cancellations", "", fmt.Sprintf(`{"order_id":%q,"cancel_reason":"seller_cancel_reason_out_of_stock"}`, id))
}

func TestCancel(t *testing.T) {
	for _, restock := range []bool{false, true} {
		r := newRig(t, Config{Restock: restock})
		id := r.place(Line{SKUID: skuA, Quantity: 10})
		r.wantStock(skuA, 90, 10, 0)
		if err := r.RequestCancel(testShop, id, "changed my mind"); err != nil {
			t.Error(err)
		}
		r.wantCode("ship while the buyer asks", r.ship(r.pack(id)), 21011007)
		r.wantCode("cancel", r.sellerCancel(id), 0)
		r.wantCode("cancel again", r.sellerCancel(id), 25001011)
		r.wantCode("ship a cancelled order", r.ship(r.pack(id)), 21011041)
		r.wantStock(skuA, map[bool]int{false: 90, true: 100}[restock], 0, 0)
		if c := r.Counts(); c.SellerCancels[id] != 1 || c.CancelTries[id] != 2 || c.Cancelled != 1 {
			t.Errorf("counts %+v", c)
		}
	}
}

// What is cancelled out of an order is in no package, costs nothing and is shown as cancelled; the last unit ends the order.
func TestPartialCancel(t *testing.T) {
	for _, restock := range []bool{false, true} {
		r := newRig(t, Config{Restock: restock})
		id := r.place(Line{SKUID: skuA, Quantity: 3}, Line{SKUID: skuB, Quantity: 2})
		pack := r.pack(id)
		is := func(status, total string, items, cancelled, inPackage int) {
			t.Helper()
			var read struct {
				Orders []struct {
					Status  string `json:"status"`
					Payment struct {
						Total string `json:"total_amount"`
					} `json:"payment"`
					Items []struct {
						Status string `json:"display_status"`
						User   string `json:"cancel_user"`
						Reason string `json:"cancel_reason"`
					} `json:"line_items"`
				} `json:"orders"`
			}
			r.call("GET", "/order/202507/orders", "ids="+id, "").into(t, &read)
			o, gone := read.Orders[0], 0
			for _, item := range o.Items {
				if item.Status == "CANCELLED" {
					if gone++; item.User == "" || item.Reason == "" {
						t.Errorf("cancelled by %q for %q", item.User, item.Reason)
					}
				}
			}
			state, err := r.Order(testShop, id)
			if err != nil || o.Status != status || o.Payment.Total != total || len(o.Items) != 5 || gone != cancelled || len(state.Items) != items || state.Packages[0].Units != inPackage {
				t.Errorf("%s, %s, %d items of which %d are cancelled, %+v, %v; wanted %s, %s, %d left, %d in the package",
					o.Status, o.Payment.Total, len(o.Items), gone, state, err, status, total, items, inPackage)
			}
		}
		before, err := r.Order(testShop, id)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.RequestCancel(testShop, id, "changed_my_mind", "1"); err == nil {
			t.Error("a line item of no order was taken")
		}
		if err := r.RequestCancel(testShop, id, "changed_my_mind", before.Items[0]); err != nil {
			t.Fatal(err)
		}
		r.wantCode("ship while the buyer asks", r.ship(pack), 21011007)
		is("AWAITING_SHIPMENT", "102.97", 5, 0, 5)
		var list struct {
			Cancellations []struct {
				ID    string            `json:"cancel_id"`
				State string            `json:"cancel_status"`
				Lines []json.RawMessage `json:"cancel_line_items"`
			} `json:"cancellations"`
		}
		r.call("POST", "/return_refund/202309/cancellations/search", "page_size=10", `{"order_ids":["`+id+`"]}`).into(t, &list)
		if len(list.Cancellations) != 1 || len(list.Cancellations[0].Lines) != 1 {
			t.Fatalf("the request reads as %+v", list)
		}
		r.wantCode("approve", r.call("POST", "/return_refund/202309/cancellations/"+list.Cancellations[0].ID+"/approve", "", ""), 0)
		is("AWAITING_SHIPMENT", "82.98", 4, 1, 4)
		back := map[bool]int{true: 1}[restock]
		r.wantStock(skuA, 97+back, 2, 0)

		some := func(what string) answer {
			return r.call("POST", "/return_refund/202309/cancellations", "", fmt.Sprintf(`{"order_id":%q,"cancel_reason":"seller_cancel_reason_out_of_stock",%s}`, id, what))
		}
		r.wantCode("more than there are", some(`"skus":[{"sku_id":"`+skuA+`","quantity":3}]`), 25001020)
		r.wantCode("what is cancelled already", some(`"order_line_item_ids":["`+before.Items[0]+`"]`), 25001021)
		r.wantCode("a part", some(`"skus":[{"sku_id":"`+skuB+`","quantity":1}]`), 0)
		is("AWAITING_SHIPMENT", "61.48", 3, 2, 3)
		r.wantCode("ship the rest", r.ship(pack), 0)
		r.wantStock(skuA, 97+back, 0, 0)
		r.wantStock(skuB, 3+back, 0, 0)
		if units, open, err := r.Shipped(testShop); err != nil || units[skuA] != 2 || units[skuB] != 1 || len(open) != 0 {
			t.Errorf("shipped %v, open %v, %v", units, open, err)
		}

		last := r.place(Line{SKUID: skuA, Quantity: 2})
		both, err := r.Order(testShop, last)
		if err != nil || r.CancelOrder(testShop, last, "x", both.Items[0]) != nil || r.CancelOrder(testShop, last, "x", both.Items[1]) != nil {
			t.Fatal(err)
		}
		if got := r.status(last); got != "CANCELLED" {
			t.Errorf("with every unit cancelled the order is %s", got)
		}
	}
}

func TestHoldUntilCancelled(t *testing.T) {
	r := newRig(t, Config{RemorseHold: time.Minute, SellBeyondListed: true})
	id, err := r.PlaceOrder(testShop, NewOrder{ID: "536365", Lines: []Line{{SKUID: skuB, Quantity: 8}}, HoldUntilCancelled: true})
	if err != nil {
		t.Fatal(err)
	}
	r.wantStock(skuB, 0, 8, 0)
	r.clock.advance(1000 * time.Hour)
	if got := r.status(id); got != "ON_HOLD" {
		t.Errorf("%s, wanted ON_HOLD", got)
	}
	if err := r.CancelOrder(testShop, id, "buyer"); err != nil || r.status(id) != "CANCELLED" {
		t.Errorf("%v, %s", err, r.status(id))
	}
	r.wantStock(skuB, 0, 0, 0)
	if got := r.Counts().BeyondListed; got != 3 {
		t.Errorf("%d units beyond the listed, wanted 3", got)
	}
	if _, err := r.PlaceOrder(testShop, NewOrder{ID: "536365", Lines: []Line{{SKUID: skuB, Quantity: 1}}}); !errors.Is(err, ErrExists) {
		t.Errorf("placed twice: %v", err)
	}
}

func TestRefusedSell(t *testing.T) {
	r := newRig(t, Config{})
	for _, lines := range [][]Line{
		{{SKUID: skuB, Quantity: 6}},
		{{SKUID: skuA, Quantity: 1}, {SKUID: skuB, Quantity: 3}, {SKUID: skuB, Quantity: 3}},
	} {
		if _, err := r.PlaceOrder(testShop, NewOrder{Lines: lines}); !errors.Is(err, ErrNotListed) {
			t.Errorf("%v: %v, wanted ErrNotListed", lines, err)
		}
	}
	r.wantStock(skuA, 100, 0, 0)
	r.wantStock(skuB, 5, 0, 0)
	if c := r.Counts(); c.RefusedSells != 2 || c.Orders != 0 {
		t.Errorf("%d refused, %d orders, wanted 2 and 0", c.RefusedSells, c.Orders)
	}
	for _, bad := range []NewOrder{
		{},
		{Lines: []Line{{SKUID: "none", Quantity: 1}}},
		{Lines: []Line{{SKUID: skuA}}},
		{Lines: []Line{{SKUID: skuA, Quantity: 1, Price: "1e3"}}},
		{ID: "a,b", Lines: []Line{{SKUID: skuA, Quantity: 1}}},
	} {
		if id, err := r.PlaceOrder(testShop, bad); err == nil {
			t.Errorf("%+v was placed as %s", bad, id)
		}
	}
}

func TestSplitPackages(t *testing.T) {
	r := newRig(t, Config{})
	id, err := r.PlaceOrder(testShop, NewOrder{Packages: 2, Lines: []Line{{SKUID: skuA, Quantity: 1}, {SKUID: skuB, Quantity: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	o, _ := r.Order(testShop, id)
	for i, want := range []string{"PARTIALLY_SHIPPING", "AWAITING_COLLECTION"} {
		r.wantCode("ship", r.ship(o.Packages[i].ID), 0)
		if got := r.status(id); got != want {
			t.Errorf("after package %d: %s, wanted %s", i, got, want)
		}
	}
}

func TestSearchFilters(t *testing.T) {
	r := newRig(t, Config{})
	var ids []string
	for range 6 {
		ids = append(ids, r.place(Line{SKUID: skuA, Quantity: 1}))
		r.clock.advance(10 * time.Second)
	}
	if err := r.CancelOrder(testShop, ids[1], "x"); err != nil { // now at epoch+60
		t.Fatal(err)
	}
	if err := r.RequestCancel(testShop, ids[2], "x"); err != nil {
		t.Fatal(err)
	}
	at := func(seconds int) string { return fmt.Sprint(epoch.Unix() + int64(seconds)) }
	tests := []struct {
		query, body string
		want        []int
	}{
		{"", "", []int{0, 1, 2, 3, 4, 5}},
		{"sort_order=DESC", "", []int{5, 4, 3, 2, 1, 0}},
		{"sort_field=update_time", "", []int{0, 3, 4, 5, 1, 2}},
		{"sort_field=update_time", `{"update_time_ge":` + at(60) + `}`, []int{1, 2}},
		{"sort_field=update_time", `{"update_time_ge":` + at(30) + `,"update_time_lt":` + at(60) + `}`, []int{3, 4, 5}},
		{"", `{"update_time_lt":` + at(40) + `,"create_time_ge":` + at(30) + `}`, []int{3}},
		{"", `{"order_status":"CANCELLED"}`, []int{1}},
		{"", `{"is_buyer_request_cancel":true}`, []int{2}},
		{"", `{"shipping_type":"SELLER"}`, nil},
		{"", `{"buyer_user_id":"7494000000000000001","shipping_type":"TIKTOK"}`, []int{0, 1, 2, 3, 4, 5}},
		{"", `{"buyer_user_id":"1"}`, nil},
		{"", `{"warehouse_ids":["1"]}`, nil},
	}
	for _, test := range tests {
		for _, size := range []string{"100", "2"} {
			var got []string
			for token := "first"; token != ""; {
				q := test.query + "&page_size=" + size
				if token != "first" {
					q += "&page_token=" + strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(token)
				}
				var page seen
				r.call("POST", "/order/202309/orders/search", q, test.body).into(t, &page)
				for _, o := range page.Orders {
					got = append(got, o.ID)
				}
				if page.Total != len(test.want) {
					t.Errorf("%s %s: total %d, wanted %d", test.query, test.body, page.Total, len(test.want))
				}
				if token = page.Next; token != "" && (!strings.Contains(token, "+") || !strings.Contains(token, "/") || !strings.HasSuffix(token, "=")) {
					t.Errorf("token %q does not need escaping", token)
				}
			}
			var want []string
			for _, i := range test.want {
				want = append(want, ids[i])
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s %s by %s: %v, wanted %v", test.query, test.body, size, got, want)
			}
		}
	}
	for _, q := range []string{"", "page_size=0", "page_size=101", "page_size=5&sort_order=UP", "page_size=5&sort_field=id", "page_size=5&page_token=AAAA"} {
		r.wantCode(q, r.call("POST", "/order/202309/orders/search", q, ""), 36009004)
	}
	r.wantCode("51 ids", r.call("GET", "/order/202507/orders", "ids="+strings.Repeat("1,", 50)+"1", ""), 36009004)
}

// TestPagingWhileDataChanges pages by update_time ASC while orders move and come: each must be met, and the moved ones
// again in their newest state.
func TestPagingWhileDataChanges(t *testing.T) {
	r := newRig(t, Config{})
	for range 30 {
		r.place(Line{SKUID: skuA, Quantity: 1})
	}
	all, _ := r.PlaceOrder(testShop, NewOrder{Lines: []Line{{SKUID: skuA, Quantity: 1}}})
	last := map[string]string{}
	token, pages := "", 0
	for {
		var page seen
		q := "sort_field=update_time&page_size=7&page_token=" + strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(token)
		r.call("POST", "/order/202309/orders/search", q, "").into(t, &page)
		for _, o := range page.Orders {
			last[o.ID] = o.Status
		}
		if token = page.Next; token == "" {
			break
		}
		if pages++; pages == 2 { // one already seen and one not yet
			if err := errors.Join(r.CancelOrder(testShop, page.Orders[0].ID, "x"), r.CancelOrder(testShop, all, "x")); err != nil {
				t.Fatal(err)
			}
			r.place(Line{SKUID: skuB, Quantity: 1})
		}
	}
	cancelled := 0
	for _, status := range last {
		if status == "CANCELLED" {
			cancelled++
		}
	}
	if len(last) != 32 || cancelled != 2 {
		t.Errorf("%d orders met, %d cancelled, wanted 32 and 2", len(last), cancelled)
	}
}

func TestManyOrders(t *testing.T) {
	r := newBareRig(t, Config{SellBeyondListed: true})
	const orders = 100_000
	ids := make([]string, orders)
	for i := range ids {
		ids[i] = r.place(Line{SKUID: skuA, Quantity: 1})
		if i%4 == 3 {
			if err := r.CancelOrder(testShop, ids[i-3], "x"); err != nil {
				t.Fatal(err)
			}
		}
		if i%100 == 0 {
			r.clock.advance(time.Second)
		}
	}
	a := r.record("POST", "/order/202309/orders/search", `{"update_time_ge":`+fmt.Sprint(r.clock.Now().Unix()-1)+`}`,
		map[string][]string{"page_size": {"100"}, "sort_field": {"update_time"}})
	var page seen
	a.into(t, &page)
	if len(page.Orders) != 100 || page.Total < 100 || page.Total > 400 {
		t.Errorf("%d orders of %d, wanted 100 of about 250", len(page.Orders), page.Total)
	}
}

func TestLargestOrder(t *testing.T) {
	r := newRig(t, Config{SellBeyondListed: true})
	id := r.place(Line{SKUID: skuA, Quantity: 600})
	if got := len(r.detail(id).Orders[0].Items); got != 600 {
		t.Errorf("%d line items, wanted 600", got)
	}
}

// BenchmarkDetail reads 50 orders of 10 units at a time over HTTP with 100,000 orders in the shop.
func BenchmarkDetail(b *testing.B) {
	r, ids := crowded(b)
	for b.Loop() {
		if a := r.call("GET", "/order/202507/orders", "ids="+strings.Join(ids[:50], ","), ""); a.Code != 0 {
			b.Fatal(a.Message)
		}
	}
	b.ReportMetric(float64(b.N)*50/b.Elapsed().Seconds(), "orders/s")
}

// BenchmarkFirstPage asks for the first page of everything, which counts the whole.
func BenchmarkFirstPage(b *testing.B) {
	r, _ := crowded(b)
	for b.Loop() {
		if a := r.call("POST", "/order/202309/orders/search", "page_size=100&sort_field=update_time", ""); a.Code != 0 {
			b.Fatal(a.Message)
		}
	}
}

func crowded(b *testing.B) (r *rig, ids []string) {
	r = newRig(b, Config{SellBeyondListed: true})
	for range 100_000 {
		ids = append(ids, r.place(Line{SKUID: skuA, Quantity: 5}, Line{SKUID: skuB, Quantity: 5}))
	}
	return r, ids
}
