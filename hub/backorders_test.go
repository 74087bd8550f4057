package hub_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/gateway/backorders"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// newScarce is a clinic with one unit of the hoodie and what is done when there are no more.
func newScarce(t *testing.T, path string) *desk {
	t.Helper()
	d := &desk{clinic: newClinic(t, own)}
	_, err := d.AddProduct(shopID, tiktoksim.Product{Title: "Hoodie", SKUs: []tiktoksim.SKU{{ID: hoodie, SellerSKU: hoodieM, Price: "19.99", Quantity: 100}}})
	fatal(t, err)
	d.command("receive-stock", `{"sku":"HOODIE-M","quantity":1}`, http.StatusOK)
	if no := d.command("set-shortage-path", `{"path":"cancel"}`, http.StatusForbidden); !strings.Contains(no, "owner") {
		t.Errorf("an operator is told %q", no)
	}
	d.key, err = d.admin.Key(t.Context(), hub.MakeKey{Name: "owner", Role: accounts.Owner, Days: 1})
	fatal(t, err)
	d.command("set-shortage-path", fmt.Sprintf(`{"path":%q}`, path), http.StatusOK)
	return d
}

// sells has the shop sell units, and waits until the hub shows for what the order waits.
func (d *desk) sells(units int, waits string) (id string) {
	d.t.Helper()
	var err error
	d.order, err = d.PlaceOrder(shopID, tiktoksim.NewOrder{
		BuyerID: "7494000000000000001", BuyerName: "Ana Maria", Address: "1 High Street", City: "Leeds", Lines: []tiktoksim.Line{{SKUID: hoodie, Quantity: units}},
	})
	fatal(d.t, err)
	d.passed.Add(int64(2e9)) // the shop's clock tells one order from the next
	d.until("the order waits for "+waits, func() bool { return d.of(d.id()).Waiting == waits })
	return d.id()
}

func (d *desk) of(id string) (o reads.Order) {
	d.t.Helper()
	var list reads.OrderList
	d.ask("/api/v1/orders", &list)
	for _, item := range list.Items {
		if item.ID == id {
			d.ask("/api/v1/orders/"+id, &o)
		}
	}
	return o
}

// TestBackordersAtAShop: orders of a real shop wait in their turn, the screens say so, and an owner moves and removes them.
func TestBackordersAtAShop(t *testing.T) {
	d := newScarce(t, "backorder")
	var set backorders.Shortage
	d.ask("/api/v1/shortage", &set)
	if set.Path != "backorder" || len(set.SKUs) != 0 {
		t.Errorf("set is %+v", set)
	}
	first, second, third := d.sells(2, "backorder"), d.sells(3, "backorder"), d.sells(1, "backorder")
	d.until("all three stand in the queue", func() bool { return d.stock().Queue.Orders == 3 })
	q := d.stock().Queue
	for i, want := range []struct {
		order                         string
		units, ahead, missing, places int64
	}{{first, 2, 0, 1, 1}, {second, 3, 2, 4, 2}, {third, 1, 5, 5, 3}} {
		if p := q.Places[i]; p.Order != want.order || p.Units != want.units || p.Ahead != want.ahead || p.Missing != want.missing || p.Position != want.places {
			t.Errorf("place %d is %+v, want %+v", i+1, p, want)
		}
	}
	if q.Units != 6 || d.stock().Reserved != 0 {
		t.Errorf("they wait for %d units, and %d are reserved", q.Units, d.stock().Reserved)
	}
	if b := d.of(third).Backorder; b == nil || b.Sentence != "Backordered, 3rd in the queue for HOODIE-M, 5 units are wanted before it, and 5 more must come until it has its 1." {
		t.Errorf("the order's page says %+v", b)
	}
	var list reads.OrderList
	if d.ask("/api/v1/orders?status=backorder", &list); list.Total != 3 {
		t.Errorf("%d orders are shown as backordered", list.Total)
	}

	move := func(order string) string { return fmt.Sprintf(`{"order":%q,"reason":"a birthday"}`, order) }
	d.command("backorder-first", fmt.Sprintf(`{"order":%q,"reason":""}`, third), http.StatusUnprocessableEntity)
	d.command("backorder-first", `{"order":"k7:none","reason":"x"}`, http.StatusConflict)
	d.command("backorder-first", move(second), http.StatusOK)
	if no := d.command("backorder-first", move(second), http.StatusConflict); !strings.Contains(no, "first in its queue already") {
		t.Errorf("moved again: %q", no)
	}
	d.until("it was moved", func() bool { return d.stock().Queue.Places[0].Order == second })
	if p := d.stock().Queue.Places[0]; p.Why != "a birthday" || !strings.HasPrefix(p.Moved, "key:") || p.Position != 1 || p.Missing != 2 {
		t.Errorf("the first is %+v", p)
	}
	d.command("backorder-first", move(third), http.StatusOK) // the one unit that is there suffices for it
	d.until("it is served", func() bool {
		return d.of(third).Backorder == nil && d.stock().Reserved == 1 || d.of(third).Flow.State == "finished"
	})

	d.command("leave-backorders", move(second), http.StatusOK)
	d.until("it is held", func() bool { o := d.of(second); return o.Waiting == "no_stock" && o.Backorder == nil })
	if o := d.of(second); !strings.Contains(o.Flow.Sentence, "Taken out of the queue for stock by hand: a birthday.") {
		t.Errorf("it says %q", o.Flow.Sentence)
	}
	if no := d.command("leave-backorders", move(second), http.StatusConflict); !strings.Contains(no, "does not wait in a queue") {
		t.Errorf("taken out again: %q", no)
	}
	d.command("receive-stock", `{"sku":"HOODIE-M","quantity":2}`, http.StatusOK)
	d.until("the next one is served by itself", func() bool { return d.of(first).Backorder == nil && d.of(first).Waiting != "backorder" })
	d.command("retry-step", fmt.Sprintf(`{"flow":%q}`, second), http.StatusOK)
	d.until("it waits in turn again", func() bool { return d.of(second).Waiting == "backorder" && d.stock().Queue.Orders == 1 })
	fatal(t, d.CancelOrder(shopID, strings.TrimPrefix(second, d.connection.ID+":"), "buyer_no_longer_needs"))
	d.until("a cancelled order leaves the queue", func() bool { return d.of(second).Cancelled && d.stock().Queue.Orders == 0 })
	d.command("set-shortage-path", `{"sku":"HOODIE-M","path":"cancel"}`, http.StatusOK)
	d.command("set-shortage-path", `{"sku":"no such","path":"cancel"}`, http.StatusConflict)
	d.command("set-shortage-path", `{"path":"default"}`, http.StatusConflict)
	if d.ask("/api/v1/shortage", &set); len(set.SKUs) != 1 || set.SKUs[0] != (backorders.SKUPath{SKU: hoodieM, Path: "cancel"}) {
		t.Errorf("set is %+v", set)
	}
}

// TestNoStockIsCancelledAtTheShop: without stock the shop is asked once, with the reason that there is none, and its news end the order.
func TestNoStockIsCancelledAtTheShop(t *testing.T) {
	d := newScarce(t, "cancel")
	var err error
	d.order, err = d.PlaceOrder(shopID, tiktoksim.NewOrder{
		BuyerID: "7494000000000000001", BuyerName: "Ana Maria", Address: "1 High Street", City: "Leeds", Lines: []tiktoksim.Line{{SKUID: hoodie, Quantity: 2}},
	})
	fatal(t, err)
	d.until("the order is cancelled and its flow undone", func() bool { p := d.page(); return p.Cancelled && p.Flow.State == "undone" })
	if n := d.Counts().SellerCancels[d.order]; n != 1 {
		t.Errorf("the shop was asked to cancel %d times", n)
	}
	if a := d.page().Answers; len(a) != 1 || a[0].Reason != "out_of_stock" || a[0].State != "done" || a[0].Actor != "flow:fulfilment" {
		t.Errorf("the shop was told %+v", a)
	}
	if s := d.stock(); s.Reserved != 0 || s.Available != 1 {
		t.Errorf("%d reserved, %d available", s.Reserved, s.Available)
	}
}
