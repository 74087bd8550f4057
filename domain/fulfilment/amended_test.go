package fulfilment_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/domain/backorders"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/flow"
)

// releases are the units of a SKU that an order gave up, and what it kept each time.
func (r *rig) releases(sku string) (freed, kept []int64) {
	r.Helper()
	records, err := r.log.ReadStream(r.Context(), stockevents.Stream("main", sku), 0, 1000)
	r.must(err)
	for _, record := range records {
		if e, ok := record.Event.(stockevents.Released); ok {
			freed, kept = append(freed, e.Quantity), append(kept, e.Kept)
		}
	}
	return freed, kept
}

// TestPartlyCancelled: what a channel does not list any more of an order that lives on is free for others at once, and only the rest
// leaves the stock.
func TestPartlyCancelled(t *testing.T) {
	type units = map[string]int64
	all := units{"a": 3, "b": 2}
	for name, test := range map[string]struct {
		begins    string // the state that the order comes in, with 3 of a and 2 of b
		meanwhile func(r *rig)
		held, end [2][2]int64 // on hand and reserved of a and b; 10 of each had come
	}{
		"on hold": {orders.OnHold, func(r *rig) {
			r.takes("1", orders.OnHold, units{"a": 1, "b": 2})
		}, [2][2]int64{{10, 1}, {10, 2}}, [2][2]int64{{9, 0}, {8, 0}}},
		"unpaid": {orders.Unpaid, func(r *rig) {
			r.takes("1", orders.Unpaid, units{"a": 1, "b": 2})
		}, [2][2]int64{{10, 1}, {10, 2}}, [2][2]int64{{9, 0}, {8, 0}}},
		"a whole line": {orders.OnHold, func(r *rig) {
			r.takes("1", orders.OnHold, units{"a": 3})
		}, [2][2]int64{{10, 3}, {10, 0}}, [2][2]int64{{7, 0}, {10, 0}}},
		"twice": {orders.OnHold, func(r *rig) {
			r.takes("1", orders.OnHold, units{"a": 2, "b": 2})
			r.takes("1", orders.OnHold, units{"a": 1, "b": 1})
		}, [2][2]int64{{10, 1}, {10, 1}}, [2][2]int64{{9, 0}, {9, 0}}},
		"raised again": {orders.OnHold, func(r *rig) {
			r.takes("1", orders.OnHold, units{"a": 1, "b": 2})
			r.has("a", 10, 1)
			r.takes("1", orders.OnHold, all)
		}, [2][2]int64{{10, 3}, {10, 2}}, [2][2]int64{{7, 0}, {8, 0}}},
		"raised again beyond what was ordered": {orders.OnHold, func(r *rig) {
			r.takes("1", orders.OnHold, units{"a": 3})
			r.takes("1", orders.OnHold, units{"a": 5, "b": 1})
		}, [2][2]int64{{10, 5}, {10, 1}}, [2][2]int64{{5, 0}, {9, 0}}},
		"one line in place of the other": {orders.OnHold, func(r *rig) {
			r.takes("1", orders.OnHold, units{"a": 3})
			r.takes("1", orders.OnHold, units{"b": 1})
		}, [2][2]int64{{10, 0}, {10, 1}}, [2][2]int64{{10, 0}, {9, 0}}},
		"another listing after some were freed": {orders.OnHold, func(r *rig) {
			r.takes("1", orders.OnHold, units{"a": 1, "b": 2})
			r.takes("1", orders.OnHold, units{"b": 2, "c": 1})
		}, [2][2]int64{{10, 0}, {10, 2}}, [2][2]int64{{10, 0}, {8, 0}}},
		"another listing in its place": {orders.OnHold, func(r *rig) {
			r.takes("1", orders.OnHold, units{"a": 1, "b": 2, "c": 2})
			r.has("c", 10, 2)
		}, [2][2]int64{{10, 1}, {10, 2}}, [2][2]int64{{9, 0}, {8, 0}}},
		"while its buyer asks for more": {orders.OnHold, func(r *rig) {
			r.claims("1", orders.ClaimPending)
			r.takes("1", orders.Ready, units{"a": 1, "b": 2})
			r.waitsFor("1", fulfilment.WaitDecision, "Approve or reject")
			r.has("a", 10, 1)
			r.claims("1", orders.ClaimWithdrawn)
		}, [2][2]int64{{9, 0}, {8, 0}}, [2][2]int64{{9, 0}, {8, 0}}},
		"a unit of a bundle": {orders.OnHold, func(r *rig) {
			r.bundle("set", units{"a": 2, "b": 1})
			r.takes("2", orders.OnHold, units{"set": 2})
			r.takes("2", orders.OnHold, units{"set": 1})
			r.has("a", 10, 5)
			r.has("b", 10, 3)
			r.takes("2", orders.Cancelled, units{"set": 1})
		}, [2][2]int64{{10, 3}, {10, 2}}, [2][2]int64{{7, 0}, {8, 0}}},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.receive("a", 10)
				r.receive("b", 10)
				r.receive("c", 10)
				r.takes("1", test.begins, all)
				r.has("a", 10, 3)
				test.meanwhile(r)
				for i, sku := range []string{"a", "b"} {
					r.has(sku, test.held[i][0], test.held[i][1])
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
					r.has(sku, test.end[i][0], test.end[i][1])
				}

				// When it is cancelled in the end, as much can be put back as had left.
				r.takes("1", orders.Cancelled, lists)
				stocks := map[string]inventory.State{"a": r.stock("a"), "b": r.stock("b"), "c": r.stock("c")}
				back, err := fulfilment.PutBack("main", "", r.status("1"), r.order("1"), stocks)
				r.must(err)
				for _, w := range back {
					r.write(w.Stream, w.Events...)
				}
				for _, sku := range []string{"a", "b"} {
					r.has(sku, 10, 0)
				}
			})
		})
	}
}

// An order that waits for stock asks for less from then on, and its place in the queue of what it does not take any more is free.
func TestPartlyCancelledWithoutStock(t *testing.T) {
	inRig(t, func(r *rig) {
		r.without("", backorders.Backorder)
		r.receive("a", 10)
		r.receive("b", 1)
		r.takes("1", orders.Ready, map[string]int64{"a": 3, "b": 2})
		r.takes("2", orders.Ready, map[string]int64{"b": 1})
		r.queue("b", "1 2")
		r.takes("1", orders.Ready, map[string]int64{"a": 2})
		r.pass(time.Second)
		r.queue("b", "")
		r.queue("a", "")
		r.has("a", 8, 0)
		r.has("b", 0, 0)
		for _, id := range []string{"1", "2"} {
			if s := r.status(id); s.Phase != flow.Finished {
				t.Errorf("order %s is %s: %s", id, s.Phase, r.story(id))
			}
		}
	})
}

// An order that is held without stock goes on by itself once what is left of it is there, and until then says what that lacks.
func TestPartlyCancelledWhileHeld(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 2)
		r.receive("b", 1)
		r.takes("1", orders.Ready, map[string]int64{"a": 4, "b": 2})
		r.waitsFor("1", fulfilment.WaitNoStock, "a needs 4, 2 available; b needs 2, 1 available")
		r.takes("1", orders.Ready, map[string]int64{"a": 3})
		r.waitsFor("1", fulfilment.WaitNoStock, "Not enough stock: a needs 3, 2 available.")
		r.receive("a", 1)
		r.pass(time.Hour)
		r.waitsFor("1", fulfilment.WaitNoStock, "a needs 3") // a person retries it, as any other
		r.takes("1", orders.Ready, map[string]int64{"a": 2})
		r.pass(time.Hour)
		if s := r.status("1"); s.Phase != flow.Finished {
			t.Errorf("the order is %s: %s", s.Phase, r.story("1"))
		}
		r.has("a", 1, 0)
		r.has("b", 1, 0)
	})
}

// What was put into a parcel before it was cancelled may be on its way, so it leaves the stock; what was not is free.
func TestPartlyCancelledAfterAParcel(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.receive("b", 10)
		r.own("1") // 2 of a, 1 of b
		r.happens("1", asks("1", 1, "T1", item("a", 2)))
		n := r.news("1", orders.Ready, map[string]int64{"a": 1})
		n.SellerShips, n.Packages = true, nil
		r.must(r.observe(n))
		r.pass(time.Second)
		r.has("b", 10, 0)
		r.happens("1", done("1", 1))
		r.pass(time.Hour)
		if s := r.status("1"); s.Phase != flow.Finished {
			t.Fatalf("the order is %s: %s", s.Phase, r.story("1"))
		}
		r.has("a", 8, 0)
		r.has("b", 10, 0)
	})
}

// Where the rest is sent from is decided anew.
func TestPartlyCancelledOverLocations(t *testing.T) {
	inRig(t, func(r *rig) {
		r.location("w", true)
		r.receive("a", 1)
		r.receive("b", 1)
		r.receiveAt("a", "w", 2)
		r.own("1") // 2 of a, 1 of b: no location has all of it
		r.waitsFor("1", fulfilment.WaitTracking, "carrier")
		before := r.from("1")
		n := r.news("1", orders.Ready, map[string]int64{"a": 1, "b": 1})
		n.SellerShips, n.Packages = true, nil
		r.must(r.observe(n))
		r.pass(time.Second)
		if after := r.from("1"); before == after || after != "main first" {
			t.Errorf("sent from %q, before that %q; want all of it from the main location", after, before)
		}
		r.happens("1", asks("1", 1, "T1", item("a", 1), item("b", 1)))
		r.happens("1", done("1", 1))
		r.lies("a", "w 2")
		r.lies("b", "")
	})
}

// TestPartlyCancelledNearTheEnd: what is cancelled while the channel is asked for the label does not leave the stock, and the books
// balance wherever the process dies.
func TestPartlyCancelledNearTheEnd(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.desk.script["tell"] = []string{"late success"} // not shown yet
		r.says("1", orders.Ready)                        // 2 of a
		r.restart()
		r.takes("1", orders.Arranged, map[string]int64{"a": 1})
		r.pass(time.Hour)
		r.has("a", 9, 0)
		if freed, kept := r.releases("a"); len(freed) != 1 || freed[0] != 1 || kept[0] != 1 {
			t.Errorf("freed %v, kept %v; want 1 and 1 once", freed, kept)
		}
		if told := r.letters(fulfilment.ReturnID("k7:1")); len(told) != 0 {
			t.Errorf("told %q of what never left", told)
		}
		r.takes("1", orders.Cancelled, map[string]int64{"a": 1})
		r.putBack("1", 1)
		r.has("a", 10, 0)
	})
}

// What is cancelled after it has left the stock is told in a letter, once for the same units; putting it back settles it, and what is
// cancelled later is told again.
func TestPartlyCancelledAfterTheEnd(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.takes("1", orders.Ready, map[string]int64{"a": 4})
		r.takes("1", orders.Arranged, map[string]int64{"a": 4})
		r.has("a", 6, 0)
		id := fulfilment.ReturnID("k7:1")
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
		tells("does not list 1 unit of this order any more")
		r.putBack("1", 1)
		r.has("a", 7, 0)
		r.write(letterevents.Stream("main", id), letterevents.Resolved{Letter: id})
		r.takes("1", orders.Transit, map[string]int64{"a": 2})
		tells("", "does not list 1 unit of this order any more")
		r.write(letterevents.Stream("main", id), letterevents.Discarded{Letter: id})
		r.takes("1", orders.Delivered, map[string]int64{"a": 2})
		tells("", "does not list 1 unit of this order any more")
		r.takes("1", orders.Cancelled, map[string]int64{"a": 2})
		tells("", "", "The order was cancelled on the channel after its parcel was made ready, and 3 units of it left")
		r.putBack("1", 3)
		r.has("a", 10, 0)
	})
}

// putBack says that units of an order were not sent, as many as are expected.
func (r *rig) putBack(id string, want int64) {
	r.Helper()
	back, err := fulfilment.PutBack("main", "", r.status(id), r.order(id), map[string]inventory.State{"a": r.stock("a")})
	r.must(err)
	var units int64
	for _, w := range back {
		for _, e := range w.Events {
			if e, ok := e.(orderevents.PutBack); ok {
				for _, item := range e.Items {
					units += item.Quantity
				}
			}
		}
		r.write(w.Stream, w.Events...)
	}
	if units != want {
		r.Errorf("%d units can be put back, want %d", units, want)
	}
}

// Units of a SKU that has two listings in one order are counted together: what moves from one to the other stays promised.
func TestPartlyCancelledUnderTwoListings(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		lists := func(first, second int64) {
			t.Helper()
			n := r.news("1", orders.OnHold, map[string]int64{"a": first, "b": second})
			for i := range n.Lines {
				n.Lines[i].Code = "a"
			}
			r.must(r.observe(n))
			r.pass(time.Second)
		}
		lists(2, 2)
		r.has("a", 10, 4)
		lists(1, 3)
		r.has("a", 10, 4)
		lists(1, 2)
		r.has("a", 10, 3)
	})
}

// Units that are listed again are promised again, or the order says that they are not there; it keeps what it has. Who waits for
// them comes first.
func TestListedAgainWithoutStock(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 3)
		r.takes("1", orders.OnHold, map[string]int64{"a": 3})
		r.takes("1", orders.OnHold, map[string]int64{"a": 1})
		r.takes("2", orders.OnHold, map[string]int64{"a": 1})
		r.has("a", 3, 2)
		r.takes("1", orders.Ready, map[string]int64{"a": 3})
		r.waitsFor("1", fulfilment.WaitNoStock, "a needs 3, 2 available")
		r.has("a", 3, 2)
		r.restart()
		r.pass(time.Second) // the flow has looked once more, before there are more
		r.receive("a", 1)
		r.must(r.retry("1"))
		r.pass(time.Hour)
		if s := r.status("1"); s.Phase != flow.Finished {
			t.Errorf("the order is %s: %s", s.Phase, r.story("1"))
		}
		r.has("a", 1, 1)
		r.takes("1", orders.Cancelled, map[string]int64{"a": 3})
		r.putBack("1", 3)
	})
}

// Of an order that is sent with units that were freed what is there leaves the stock, and a letter tells the rest, once.
func TestListedAgainAndSent(t *testing.T) {
	for name, test := range map[string]struct {
		others int64 // units that another order has by then
		onHand int64 // in the end, of 6
		letter string
	}{
		"all is there":   {2, 2, ""},
		"one is missing": {3, 3, "a: 4 shipped, 3 in stock"},
		"none is there":  {5, 5, "a: 4 shipped, 1 in stock"},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.receive("a", 6)
				r.takes("1", orders.OnHold, map[string]int64{"a": 4})
				r.takes("1", orders.OnHold, map[string]int64{"a": 1})
				r.takes("2", orders.OnHold, map[string]int64{"a": test.others})
				r.has("a", 6, 1+test.others)
				r.takes("1", orders.Arranged, map[string]int64{"a": 4})
				r.restart()
				r.pass(time.Hour)
				r.has("a", test.onHand, test.others)
				told := r.letters(fulfilment.ShortID("k7:1"))
				if len(told) > 1 || strings.Join(told, "") == "" != (test.letter == "") || !strings.Contains(strings.Join(told, ""), test.letter) {
					t.Errorf("told %q, want %q", told, test.letter)
				}
				r.takes("1", orders.Cancelled, map[string]int64{"a": 4})
				r.putBack("1", 6-test.onHand)
			})
		})
	}
}

// Where an order is sent from stays so once its label is made.
func TestPartlyCancelledAfterTheLabel(t *testing.T) {
	inRig(t, func(r *rig) {
		r.location("w", true)
		r.receive("a", 1)
		r.receiveAt("a", "w", 2)
		r.desk.script["tell"] = []string{"late success"} // not shown yet
		r.ready("1", map[string]int64{"a": 2})
		if from := r.from("1"); from != "w first" {
			t.Fatalf("sent from %q", from)
		}
		r.lies("a", "main 1, w 2")
		r.takes("1", orders.Arranged, map[string]int64{"a": 1})
		r.pass(time.Hour)
		r.lies("a", "main 1, w 1")
	})
}

// Whatever a channel lists of an order, and whenever: the order holds what it is listed with, or waits for that; no more is promised
// than there is; what left and is not listed so is told; and when all is cancelled in the end every unit is back.
func TestRelistedAnyhow(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(4) {
		inRig(t, func(r *rig) {
			chance := rand.New(rand.NewPCG(seed, 11))
			if seed%2 == 1 {
				r.without("", backorders.Backorder)
				r.location("w", true)
			}
			skus, received := []string{"a", "b", "c"}, map[string]int64{}
			receive := func(sku string, units int64) {
				at := "main"
				if seed%2 == 1 && chance.IntN(2) == 0 {
					at = "w"
				}
				r.receiveAt(sku, at, units)
				received[sku] += units
			}
			receive("a", 4)
			receive("b", 4)
			r.bundle("set", map[string]int64{"a": 1, "b": 1})
			news := func(id, status string, most int64) {
				units := map[string]int64{"a": chance.Int64N(most + 1), "b": chance.Int64N(most + 1)}
				switch chance.IntN(6) {
				case 0: // which nobody knows before it has come
					units["c"] = 1 + chance.Int64N(2)
				case 1:
					units["set"] = 1
				}
				for sku, n := range units {
					if n == 0 {
						delete(units, sku)
					}
				}
				if len(units) == 0 {
					units["a"] = 1
				}
				n := r.news(id, status, units)
				n.SellerShips = seed%4 > 1
				r.must(r.observe(n))
				r.pass(time.Second)
			}
			var ids []string
			for range 80 {
				id := ""
				if len(ids) > 0 {
					id = ids[chance.IntN(len(ids))]
				}
				switch what := chance.IntN(12); {
				case what < 2 || id == "":
					id = fmt.Sprint(len(ids))
					ids = append(ids, id)
					news(id, []string{orders.OnHold, orders.Unpaid, orders.Ready}[chance.IntN(3)], 3)
				case what < 7:
					news(id, []string{orders.OnHold, orders.OnHold, orders.OnHold, orders.Ready}[chance.IntN(4)], 4)
				case what == 7:
					news(id, []string{orders.Arranged, orders.Transit, orders.Cancelled}[chance.IntN(3)], 3)
				case what == 8:
					r.restart()
					r.pass(time.Hour)
				case what == 9:
					_ = r.retry(id)
					r.pass(time.Second)
				default:
					receive(skus[chance.IntN(3)], 1+chance.Int64N(3))
				}
				synctest.Wait()
				for _, id := range ids {
					s, o := r.status(id), r.order(id)
					if seen[string(s.Phase)] = true; s.Phase == flow.Waits {
						seen[s.Waiting.Code] = true
					}
					for _, need := range o.Demand() {
						held := r.stock(need.SKU).Holds("k7:" + id)
						lists := lists(o, need.SKU)
						switch settled := s.Phase == flow.Waits && (s.Waiting.Code == fulfilment.WaitOnHold || s.Waiting.Code == fulfilment.WaitUnpaid || s.Waiting.Code == fulfilment.WaitTracking); {
						case s.Phase == flow.Finished || s.Phase == flow.Undone:
							if held != 0 {
								r.Fatalf("order %s is %s and holds %d of %s", id, s.Phase, held, need.SKU)
							}
							left, told := r.shipped("k7:"+id, need.SKU), ""
							switch {
							case s.Phase == flow.Undone || fulfilment.Untouched(o.Placed) || need.SKU == "set":
							case left > lists && len(o.Sent()) == 0:
								told = fulfilment.ReturnID("k7:" + id)
							case left < lists && len(r.letters(fulfilment.ShortID("k7:"+id))) == 0:
								told = fulfilment.AddedID("k7:" + id)
							}
							if seen[strings.TrimSuffix(told, "k7:"+id)] = true; told != "" && len(r.letters(told)) == 0 {
								r.Fatalf("order %s left with %d of %s, is listed with %d, and no letter tells", id, left, need.SKU, lists)
							}
						case settled && len(o.Sent()) == 0 && need.SKU != "set" && held != lists:
							r.Fatalf("order %s waits (%s) and holds %d of %s, it is listed with %d", id, s.Waiting.Code, held, need.SKU, lists)
						}
					}
				}
				for _, sku := range skus {
					if s := r.stock(sku); s.Reserved > s.OnHand() {
						r.Fatalf("%d of %s are promised, and %d are there", s.Reserved, sku, s.OnHand())
					}
				}
			}
			for _, id := range ids {
				news(id, orders.Cancelled, 1)
				r.pass(time.Hour)
				back, err := fulfilment.PutBack("main", "", r.status(id), r.order(id), map[string]inventory.State{"a": r.stock("a"), "b": r.stock("b"), "c": r.stock("c")})
				if err != nil && !errors.Is(err, fulfilment.ErrBack) {
					r.Fatal(err)
				}
				for _, w := range back {
					r.write(w.Stream, w.Events...)
				}
			}
			for _, sku := range skus {
				r.has(sku, received[sku], 0)
			}
		})
	}
	for _, want := range []string{
		string(flow.Finished), string(flow.Undone), fulfilment.WaitNoStock, fulfilment.WaitBackorder, fulfilment.WaitOnHold, fulfilment.WaitTracking, fulfilment.WaitUnknownSKU,
		fulfilment.ReturnID(""), fulfilment.AddedID(""),
	} {
		if !seen[want] {
			t.Errorf("no order was ever %s: that proves nothing", want)
		}
	}
}
