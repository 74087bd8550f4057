package hub_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/gateway/reads"
)

// held lists the orders that wait for review, and how many the board says there are.
func (d *desk) held() (ids []string, count int64) {
	d.t.Helper()
	var list reads.OrderList
	d.ask("/api/v1/orders?status=risk", &list)
	for _, o := range list.Items {
		ids = append(ids, o.ID)
	}
	var k reads.KPIs
	d.ask("/api/v1/kpis", &k)
	return ids, k.Automation.Waiting["risk"]
}

// R 23, R 25: of orders at a shop exactly those that match a rule are flagged, with their stock; what is approved is sent, what is
// rejected is cancelled at the shop, and the count follows.
func TestFlaggedOrdersAtAShop(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.command("receive-stock", `{"sku":"HOODIE-M","quantity":99}`, http.StatusOK)
	place := func(street string, quantity int, price string) string {
		id, err := d.PlaceOrder(shopID, tiktoksim.NewOrder{
			BuyerID: "7494000000000000002", BuyerName: "Ben", Address: street, City: "Leeds", Lines: []tiktoksim.Line{{SKUID: hoodie, Quantity: quantity, Price: price}},
		})
		fatal(t, err)
		return d.connection.ID + ":" + id
	}
	read := func(id string) (o reads.Order) { d.ask("/api/v1/orders/"+id, &o); return o }
	sent := func(id string) func() bool {
		_, channelID, _ := strings.Cut(id, ":")
		return func() bool {
			var list reads.OrderList
			d.ask("/api/v1/orders?status=finished&q="+channelID, &list)
			return len(list.Items) == 1
		}
	}
	large, plain := place("1 Low Road", 6, "450.00"), place("2 Low Road", 1, "19.99")
	larger := place("3 Low Road", 7, "450.00")
	for _, street := range []string{"4 High Street", "4 high street", "4, High Street", "4  HIGH STREET", "4 High Street."} {
		d.until("an order to the address is sent", sent(place(street, 1, "19.99")))
	}
	sixth := place("4 High-Street", 1, "19.99")
	d.until("three orders are held", func() bool { _, n := d.held(); return n == 3 })
	d.until("an ordinary order is sent", sent(plain))
	ids, n := d.held()
	if want := []string{large, larger, sixth}; n != 3 || len(ids) != 3 || !slices.Contains(ids, large) || !slices.Contains(ids, larger) || !slices.Contains(ids, sixth) {
		t.Errorf("held are %v (%d), want exactly %v", ids, n, want)
	}
	for id, says := range map[string]string{large: "its total of", sixth: "5 other orders within 24 h go to its address"} {
		if o := read(id); o.Flag != "risk" || !strings.Contains(o.Flow.Sentence, says) || !slices.Contains(o.Flow.Actions, "approve") || strings.Contains(o.Flow.Sentence, "Street") {
			t.Errorf("order %s is flagged %q: %+v, want %q", id, o.Flag, o.Flow, says)
		}
	}
	if s := d.stock(); s.Reserved != 14 {
		t.Errorf("%d units are kept, want 14", s.Reserved)
	}
	d.command("approve-orders", fmt.Sprintf(`{"orders":[%q,%q]}`, large, sixth), http.StatusOK)
	d.until("what was approved is sent", func() bool { return sent(large)() && sent(sixth)() })
	if ids, n := d.held(); n != 1 || len(ids) != 1 || ids[0] != larger {
		t.Errorf("still held are %v (%d), want %s", ids, n, larger)
	}
	d.command("reject-orders", fmt.Sprintf(`{"orders":[%q],"reason":"undeliverable"}`, larger), http.StatusOK)
	d.until("what was rejected is cancelled at the shop", func() bool { return read(larger).Cancelled })
	d.until("its stock is free", func() bool { return d.stock().Reserved == 0 })
	if ids, n := d.held(); n != 0 || len(ids) != 0 {
		t.Errorf("still held are %v (%d), want none", ids, n)
	}
}
