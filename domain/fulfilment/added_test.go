package fulfilment_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/domain/backorders"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/flow"
)

// TestAddedUnits: what a channel puts into an order that is still here is promised before the order goes on, leaves with it, and comes
// back when all is cancelled.
func TestAddedUnits(t *testing.T) {
	type units = map[string]int64
	for name, test := range map[string]struct {
		begins    string // the state that the order comes in, with 1 of a
		meanwhile func(r *rig)
		held, end [2]int64 // of a and b: units that are promised to it, and units that leave
	}{
		"more of a line, unpaid":  {orders.Unpaid, func(r *rig) { r.takes("1", orders.Unpaid, units{"a": 3}) }, [2]int64{3, 0}, [2]int64{3, 0}},
		"more of a line, on hold": {orders.OnHold, func(r *rig) { r.takes("1", orders.OnHold, units{"a": 3}) }, [2]int64{3, 0}, [2]int64{3, 0}},
		"another line":            {orders.OnHold, func(r *rig) { r.takes("1", orders.OnHold, units{"a": 1, "b": 2}) }, [2]int64{1, 2}, [2]int64{1, 2}},
		"another line in its place": {orders.OnHold, func(r *rig) {
			r.takes("1", orders.OnHold, units{"b": 2})
		}, [2]int64{0, 2}, [2]int64{0, 2}},
		"another line, and out again": {orders.OnHold, func(r *rig) {
			r.takes("1", orders.OnHold, units{"a": 2, "b": 2})
			r.takes("1", orders.OnHold, units{"a": 1})
		}, [2]int64{1, 0}, [2]int64{1, 0}},
		"another line of a bundle": {orders.OnHold, func(r *rig) {
			r.bundle("set", units{"a": 2, "b": 1})
			r.takes("1", orders.OnHold, units{"a": 1, "set": 2})
			if left := r.stock("set").Queue; len(left) > 0 {
				r.Errorf("for the set itself wait %v", left)
			}
		}, [2]int64{5, 2}, [2]int64{5, 2}},
		"a line of a code that nobody knows": {orders.OnHold, func(r *rig) {
			r.takes("1", orders.OnHold, units{"a": 2, "x": 2})
			r.waitsFor("1", fulfilment.WaitUnknownSKU, `No SKU is known for "x"`)
			r.restart()
			r.write(shopevents.Listing("main", "k7", "x"), shopevents.Mapped{Connection: "k7", Code: "x", SKU: "b"})
			r.pass(time.Second)
		}, [2]int64{2, 2}, [2]int64{2, 2}},
		"a line of a code that nobody knows, out again": {orders.OnHold, func(r *rig) {
			r.takes("1", orders.OnHold, units{"a": 2, "x": 2})
			r.waitsFor("1", fulfilment.WaitUnknownSKU, `No SKU is known for "x"`)
			r.takes("1", orders.OnHold, units{"a": 2})
		}, [2]int64{2, 0}, [2]int64{2, 0}},
		"a line of a SKU that has no stock yet": {orders.OnHold, func(r *rig) {
			r.write(shopevents.Listing("main", "k7", "x"), shopevents.Mapped{Connection: "k7", Code: "x", SKU: "new"})
			r.takes("1", orders.OnHold, units{"a": 1, "x": 2})
			r.waitsFor("1", fulfilment.WaitNoStock, "new needs 2, 0 available")
			r.takes("1", orders.OnHold, units{"a": 1, "b": 1})
		}, [2]int64{1, 1}, [2]int64{1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.receive("a", 10)
				r.receive("b", 10)
				r.takes("1", test.begins, units{"a": 1})
				r.has("a", 10, 1)
				test.meanwhile(r)
				for i, sku := range []string{"a", "b"} {
					r.has(sku, 10, test.held[i])
				}
				r.restart()
				lists := units{}
				for _, line := range r.order("1").Lines {
					lists[line.Code] += line.Quantity
				}
				r.takes("1", orders.Ready, lists)
				r.pass(time.Hour)
				if s := r.status("1"); s.Phase != flow.Finished {
					r.Fatalf("the order is %s: %s", s.Phase, r.story("1"))
				}
				for i, sku := range []string{"a", "b"} {
					r.has(sku, 10-test.end[i], 0)
				}
				if told := append(r.letters(fulfilment.AddedID("k7:1")), r.letters(fulfilment.ReturnID("k7:1"))...); len(told) > 0 {
					r.Errorf("told %q of what left as it is listed", told)
				}
			})
		})
	}
}

// Units that are put into an order and are not there have it wait like one that is placed then, by what the owner has set; it keeps
// what it has.
func TestAddedWithoutStock(t *testing.T) {
	for path, code := range map[string]string{
		"": fulfilment.WaitNoStock, backorders.Hold: fulfilment.WaitNoStock, backorders.Backorder: fulfilment.WaitBackorder, backorders.Cancel: fulfilment.WaitNoStock,
	} {
		t.Run(path, func(t *testing.T) {
			inRig(t, func(r *rig) {
				if path != "" {
					r.without("", path)
				}
				r.receive("a", 3)
				r.takes("1", orders.OnHold, map[string]int64{"a": 2})
				r.takes("2", orders.OnHold, map[string]int64{"a": 1})
				r.takes("1", orders.Ready, map[string]int64{"a": 4})
				says := "The channel lists more units in this order than it holds. Not enough stock: a needs 4, 2 available."
				if path == backorders.Backorder {
					says = "Backordered"
					if w, _ := r.stock("a").Queue.Find("k7:1"); w.Units != 2 {
						t.Errorf("it waits for %d units, 2 of the 4 are missing", w.Units)
					}
				}
				r.waitsFor("1", code, says)
				r.has("a", 3, 3)
				if o := r.order("1"); o.Asked != nil {
					t.Errorf("its channel is asked to %s it", o.Asked.Action)
				}
				r.restart()
				r.pass(time.Second)
				r.comes("a", 2)
				if path != backorders.Backorder {
					r.must(r.retry("1"))
				}
				r.pass(time.Hour)
				if s := r.status("1"); s.Phase != flow.Finished {
					t.Fatalf("the order is %s: %s", s.Phase, r.story("1"))
				}
				r.has("a", 1, 1)
				r.queue("a", "")
			})
		})
	}
}

// What is put into an order that waits in its turn for what was put in before is waited for, too; once it is out again nothing is.
func TestAddedInTheQueue(t *testing.T) {
	inRig(t, func(r *rig) {
		r.without("", backorders.Backorder)
		r.receive("a", 1)
		r.receive("b", 1)
		r.takes("1", orders.Ready, map[string]int64{"a": 9})
		r.takes("1", orders.Ready, map[string]int64{"a": 9, "b": 1})
		r.waitsFor("1", fulfilment.WaitBackorder, "a")
		r.queue("b", "1")
		r.takes("1", orders.OnHold, map[string]int64{"a": 1})
		r.queue("a", "")
		r.queue("b", "")
		r.has("a", 1, 1)
		r.takes("1", orders.OnHold, map[string]int64{"a": 1, "b": 2})
		r.waitsFor("1", fulfilment.WaitBackorder, "b")
		r.queue("a", "")
		r.queue("b", "1")
		r.takes("1", orders.Ready, map[string]int64{"a": 1})
		r.pass(time.Hour)
		r.queue("b", "")
		r.has("a", 0, 0)
		r.has("b", 1, 0)
	})
}

// An order that a person takes out of the queue stays out of it, also one that its channel listed anew, until they retry it.
func TestAddedAndTakenOutOfTheQueue(t *testing.T) {
	inRig(t, func(r *rig) {
		r.without("", backorders.Backorder)
		r.receive("a", 1)
		r.takes("1", orders.OnHold, map[string]int64{"a": 1})
		r.takes("1", orders.OnHold, map[string]int64{"a": 3}) // which holds one
		r.takes("2", orders.OnHold, map[string]int64{"a": 2})
		r.takes("2", orders.OnHold, map[string]int64{"a": 5}) // which holds nothing
		r.queue("a", "1 2")
		for _, id := range []string{"1", "2"} {
			r.waitsFor(id, fulfilment.WaitBackorder, "a")
			r.must(r.takesOut(id))
		}
		r.restart()
		r.takes("1", orders.Ready, map[string]int64{"a": 3})
		r.takes("2", orders.Ready, map[string]int64{"a": 5})
		r.queue("a", "")
		for _, id := range []string{"1", "2"} {
			r.waitsFor(id, fulfilment.WaitNoStock, "Taken out of the queue for stock by hand")
			r.must(r.retry(id))
			r.pass(time.Second)
			r.waitsFor(id, fulfilment.WaitBackorder, "a")
		}
		r.queue("a", "1 2")
	})
}

// What is put in once a part of an order is in a parcel is promised before anything more is sent.
func TestAddedAfterAParcel(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 4)
		r.receive("b", 1)
		r.own("1") // 2 of a, 1 of b
		r.happens("1", asks("1", 1, "T1", item("a", 2)))
		r.happens("1", done("1", 1))
		lists := func(a, b int64) {
			n := r.news("1", orders.Partial, map[string]int64{"a": a, "b": b})
			n.SellerShips, n.Packages = true, nil
			r.must(r.observe(n))
			r.pass(time.Second)
		}
		lists(3, 2)
		r.waitsFor("1", fulfilment.WaitNoStock, "b needs 2, 1 available")
		r.has("a", 4, 2)
		r.receive("b", 1)
		r.must(r.retry("1"))
		r.pass(time.Second)
		r.waitsFor("1", fulfilment.WaitTracking, "3 of 5 units are in no parcel yet")
		r.has("a", 4, 3)
		r.has("b", 2, 2)
		r.happens("1", asks("1", 2, "T2", item("a", 1), item("b", 2)))
		lists(4, 2) // while the channel is told of all that there was
		r.has("a", 4, 4)
		r.happens("1", done("1", 2))
		r.waitsFor("1", fulfilment.WaitTracking, "1 of 6 units are in no parcel yet")
		r.happens("1", asks("1", 3, "T3", item("a", 1)))
		r.happens("1", done("1", 3))
		r.pass(time.Hour)
		if s := r.status("1"); s.Phase != flow.Finished {
			t.Fatalf("the order is %s: %s", s.Phase, r.story("1"))
		}
		r.has("a", 0, 0)
		r.has("b", 0, 0)
	})
}

// TestAddedAfterTheEnd: what is put into an order that has left is told in a letter, once for the same units, and takes nothing from
// the stock.
func TestAddedAfterTheEnd(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.takes("1", orders.Ready, map[string]int64{"a": 1})
		r.takes("1", orders.Arranged, map[string]int64{"a": 1})
		r.has("a", 9, 0)
		id := fulfilment.AddedID("k7:1")
		tells := func(want ...string) {
			t.Helper()
			told := r.letters(id)
			if len(told) != len(want) || len(want) > 0 && !strings.Contains(told[len(told)-1], want[len(want)-1]) {
				t.Errorf("told %q, want %q", told, want)
			}
		}
		tells()
		r.takes("1", orders.Arranged, map[string]int64{"a": 3})
		r.takes("1", orders.Transit, map[string]int64{"a": 3})
		r.restart()
		r.pass(time.Hour)
		tells("The channel has put 2 × a into this order after it had left")
		r.has("a", 9, 0)
		r.write(letterevents.Stream("main", id), letterevents.Discarded{Letter: id})
		r.takes("1", orders.Delivered, map[string]int64{"a": 3, "x": 1})
		tells("", "The channel has put 2 × a, 1 × x into this order")
		r.takes("1", orders.Completed, map[string]int64{"a": 1})
		tells("", "")
		if told := r.letters(fulfilment.ReturnID("k7:1")); len(told) > 0 {
			t.Errorf("told %q of what never left", told)
		}
		r.takes("1", orders.Cancelled, map[string]int64{"a": 1})
		r.putBack("1", 1)
		r.has("a", 10, 0)
	})
}

// What is put in once the label is made leaves the units there that it is sent with: no other order is given them.
func TestAddedAfterTheLabel(t *testing.T) {
	for name, test := range map[string]struct {
		w    int64 // units there; 2 are at s
		lies string
		next string // where another order for one is sent from
	}{
		"the rest is elsewhere": {2, "", "s first"},
		"the rest is there":     {4, "s 2", "w first"},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.location("w", true)
				r.location("s", true)
				r.receiveAt("a", "w", test.w)
				r.receiveAt("a", "s", 2)
				r.desk.script["tell"] = []string{"late success", "late success", "late success"} // not shown yet
				r.ready("1", map[string]int64{"a": 2})
				if from := r.from("1"); from != "w first" {
					t.Fatalf("sent from %q", from)
				}
				r.must(r.observe(r.news("1", orders.Ready, map[string]int64{"a": 3})))
				synctest.Wait()
				r.has("a", test.w+2, 3)
				r.must(r.observe(r.news("2", orders.Arranged, map[string]int64{"a": 1})))
				r.pass(time.Hour)
				if from := r.from("2"); from != test.next {
					t.Errorf("the other is sent from %q, want %q", from, test.next)
				}
				for _, id := range []string{"1", "2"} {
					if s := r.status(id); s.Phase != flow.Finished {
						t.Errorf("order %s is %s: %s", id, s.Phase, r.story(id))
					}
				}
				r.lies("a", test.lies)
			})
		})
	}
}

// The letter of what was put in closes by itself once that is out again, so that nobody takes it from the stock; what is put in after
// that is told anew, also where somebody had discarded the letter.
func TestAddedAndOutAgain(t *testing.T) {
	for _, discarded := range []bool{false, true} {
		inRig(t, func(r *rig) {
			r.receive("a", 10)
			r.takes("1", orders.Ready, map[string]int64{"a": 1})
			r.takes("1", orders.Arranged, map[string]int64{"a": 1})
			id := fulfilment.AddedID("k7:1")
			stands := func(told int, open bool) {
				t.Helper()
				s, err := r.log.Fold(r.Context(), letters.Resolving().Fold(letterevents.Stream("main", id)))
				r.must(err)
				if is := s.Value.(letters.State).Open; is != open || len(r.letters(id)) != told {
					t.Errorf("told %q, open %t; want %d, %t", r.letters(id), is, told, open)
				}
			}
			r.takes("1", orders.Arranged, map[string]int64{"a": 3})
			stands(1, true)
			if discarded {
				r.write(letterevents.Stream("main", id), letterevents.Discarded{Letter: id})
			}
			r.takes("1", orders.Transit, map[string]int64{"a": 1})
			r.takes("1", orders.Delivered, map[string]int64{"a": 1})
			r.restart()
			stands(1, false)
			r.takes("1", orders.Delivered, map[string]int64{"a": 3})
			stands(2, true)
			r.takes("1", orders.Cancelled, map[string]int64{"a": 3})
			stands(2, false)
		})
	}
}

// Units that an order lacked when it left are told once, and not as if they had been put into it since.
func TestShortIsNotAdded(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 2)
		r.takes("1", orders.OnHold, map[string]int64{"a": 1})
		r.takes("1", orders.Arranged, map[string]int64{"a": 5})
		r.pass(time.Hour)
		r.has("a", 0, 0)
		r.takes("1", orders.Transit, map[string]int64{"a": 5})
		if told := r.letters(fulfilment.AddedID("k7:1")); len(told) > 0 {
			t.Errorf("told %q", told)
		}
		if told := r.letters(fulfilment.ShortID("k7:1")); len(told) != 1 || !strings.Contains(told[0], "a: 5 shipped, 2 in stock") {
			t.Errorf("told %q", told)
		}
		r.takes("1", orders.Transit, map[string]int64{"a": 6})
		if told := r.letters(fulfilment.AddedID("k7:1")); len(told) != 1 || !strings.Contains(told[0], "1 × a") {
			t.Errorf("told %q", told)
		}
	})
}

// shipped is how many units of a SKU left with an order.
func (r *rig) shipped(order, sku string) (units int64) {
	r.Helper()
	records, err := r.log.ReadStream(r.Context(), stockevents.Stream("main", sku), 0, 1000)
	r.must(err)
	for _, record := range records {
		if e, ok := record.Event.(stockevents.Shipped); ok && e.Order == order {
			units += e.Quantity
		}
	}
	return units
}

// lists is how many units of a SKU a channel lists in an order, those in the set of a and b with them.
func lists(o orders.State, sku string) (units int64) {
	for _, line := range o.Lines {
		if line.Code == sku || line.Code == "set" && (sku == "a" || sku == "b") {
			units += line.Quantity
		}
	}
	return units
}
