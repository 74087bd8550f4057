package fulfilment_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// write appends to a stream whatever its version is.
func (r *rig) write(s eventlog.Stream, happened ...eventlog.Event) {
	r.Helper()
	_, err := r.log.Execute(r.Context(), eventlog.Request{
		Folds: []eventlog.Fold{{Stream: s, Name: "test", Zero: func() any { return nil }, Evolve: func(any, eventlog.Event) any { return nil }}},
		Decide: func([]eventlog.State) (eventlog.Decision, error) {
			return eventlog.Decision{Writes: []eventlog.Decided{{Stream: s, Events: happened}}}, nil
		},
	})
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) happens(id string, happened ...eventlog.Event) {
	r.Helper()
	r.write(orderevents.Stream("main", "k7:"+id), happened...)
	r.pass(time.Second)
}

// own is an order of the seller's own carrier, of 2 units of SKU a and 1 of b.
func (r *rig) own(id string) {
	r.Helper()
	n := r.news(id, orders.Ready, map[string]int64{"a": 2, "b": 1})
	n.SellerShips, n.Packages = true, nil
	if err := r.observe(n); err != nil {
		r.Fatal(err)
	}
	r.pass(time.Second)
}

func asks(id string, request int, tracking string, items ...orderevents.ParcelItem) orderevents.ShippingAsked {
	return orderevents.ShippingAsked{
		Order: "k7:" + id, Request: request, Action: orders.ActionShip, Carrier: "7", CarrierName: "Royal Mail", Tracking: tracking, Items: items,
	}
}

func done(id string, request int) orderevents.ShippingEnded {
	return orderevents.ShippingEnded{Order: "k7:" + id, Request: request, Done: true}
}

func item(sku string, n int64) orderevents.ParcelItem {
	return orderevents.ParcelItem{Listing: "1" + sku, Quantity: n}
}

func (r *rig) waitsFor(id, code, sentence string) {
	r.Helper()
	s := r.status(id)
	if s.Phase != flow.Waits || s.Waiting.Code != code || !strings.Contains(s.Waiting.Sentence, sentence) {
		r.Fatalf("order %s is %s, waits %+v; want %s, %q", id, s.Phase, s.Waiting, code, sentence)
	}
}

const untilTracking = "started, validate, reserve stock, confirm payment, waits:tracking"

// The flow waits until every unit is in a parcel that the channel knows; then the stock leaves.
func TestOwnCarrier(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.receive("b", 10)
		r.own("1")
		r.tells("1", untilTracking)
		r.waitsFor("1", fulfilment.WaitTracking, "Buy a label with your carrier, then enter its number.")
		r.restart()
		r.pass(time.Hour)
		r.tells("1", untilTracking)
		r.happens("1", asks("1", 1, "T1", item("a", 1), item("b", 1)))
		r.waitsFor("1", fulfilment.WaitTracking, "1 of 3 units are in no parcel yet.")
		r.happens("1", done("1", 1))
		r.happens("1", asks("1", 2, "T2", item("a", 1)))
		r.waitsFor("1", fulfilment.WaitChannel, "being told")
		r.has("a", 10, 2)
		r.happens("1", orderevents.ShippingEnded{Order: "k7:1", Request: 2, Sentence: "The number is used."})
		r.waitsFor("1", fulfilment.WaitTracking, "1 of 3 units are in no parcel yet.")
		r.happens("1", asks("1", 3, "T3", item("a", 1)))
		r.happens("1", done("1", 3))
		if got, want := r.story("1"), ", tell the channel, metrics, finished"; !strings.HasSuffix(got, want) {
			t.Errorf("%s, want it to end with %s", got, want)
		}
		r.has("a", 8, 0)
		r.has("b", 9, 0)
		if d := r.status("1").Data; d["tracking"] != "T1, T2" || d["carrier"] != "Royal Mail" {
			t.Errorf("data %v", d)
		}
		if len(r.desk.calls) > 0 {
			t.Errorf("the desk was called: %v", r.desk.calls)
		}
	})
}

// What somebody sent by hand at the channel needs no number here.
func TestOwnCarrierSentByHand(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.receive("b", 10)
		r.own("1")
		n := r.news("1", orders.Arranged, map[string]int64{"a": 2, "b": 1})
		if err := r.observe(n); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Second)
		r.tells("1", untilTracking+", (label), tell the channel, metrics, finished")
		r.has("a", 8, 0)
	})
}

// Of an order that is cancelled with a parcel on its way the rest is free again, and a letter asks for that parcel.
func TestOwnCarrierCancelled(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.receive("b", 10)
		r.own("1")
		r.happens("1", asks("1", 1, "T1", item("a", 1)), done("1", 1))
		r.happens("1", asks("1", 2, "T2", item("b", 1))) // not told, but perhaps handed over
		r.says("1", orders.Cancelled)
		r.happens("1", orderevents.ShippingEnded{Order: "k7:1", Request: 2, Sentence: "The order was cancelled."})
		r.pass(time.Minute)
		if s := r.status("1"); s.Phase != flow.Undone {
			t.Fatalf("%s: %s", s.Phase, r.story("1"))
		}
		r.has("a", 9, 0)
		r.has("b", 9, 0)
		told := r.letters(fulfilment.ReturnID("k7:1"))
		if len(told) != 1 || !strings.Contains(told[0], "2 units of it left") {
			t.Fatalf("told %q", told)
		}
		back, err := fulfilment.PutBack("main", "", r.status("1"), r.order("1"), map[string]inventory.State{"a": r.stock("a"), "b": r.stock("b")})
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range back {
			r.write(w.Stream, w.Events...)
		}
		r.has("a", 10, 0)
		r.has("b", 10, 0)
	})
}

// While packages are split or combined nothing is sent; afterwards the channel is asked what packages there are.
func TestRepacking(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.says("1", orders.OnHold)
		r.happens("1", orderevents.ShippingAsked{Order: "k7:1", Request: 1, Action: orders.ActionSplit})
		r.says("1", orders.Ready)
		r.waitsFor("1", fulfilment.WaitChannel, "split or combine")
		r.happens("1", done("1", 1))
		r.pass(time.Minute)
		if p := r.status("1").Phase; p != flow.Finished || !maps.Equal(r.desk.labels, map[string]int{"k7:1": 1}) || !r.desk.unnamed["k7:1"] {
			t.Errorf("%s, labels %v, packages were named %v: %s", p, r.desk.labels, !r.desk.unnamed["k7:1"], r.story("1"))
		}
	})
}

// Orders in one package: the flow of the first sends it, or of the next when the first is cancelled; the others see it sent.
func TestTogether(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		inRig(t, func(r *rig) {
			r.receive("a", 10)
			all := []string{"k7:1", "k7:2"}
			for _, id := range []string{"1", "2"} {
				r.says(id, orders.OnHold)
				r.happens(id, orderevents.ShippingAsked{Order: "k7:" + id, Request: 1, Action: orders.ActionCombine, With: all}, done(id, 1))
			}
			r.says("2", orders.Ready)
			r.waitsFor("2", fulfilment.WaitChannel, "in one package with order 1,")
			want := map[string]int{"k7:1": 1}
			if cancelled {
				want = map[string]int{"k7:2": 1}
				r.says("1", orders.Cancelled)
			} else {
				r.says("1", orders.Ready)
				r.pass(time.Minute)
				r.waitsFor("2", fulfilment.WaitChannel, "in one package with order 1,")
				r.desk.joins("k7:2")
				r.says("2", orders.Arranged)
			}
			r.pass(time.Minute)
			if !maps.Equal(r.desk.labels, want) {
				t.Errorf("cancelled %v: labels %v, want %v", cancelled, r.desk.labels, want)
			}
			if p := r.status("2").Phase; p != flow.Finished {
				t.Errorf("cancelled %v: the second is %s: %s", cancelled, p, r.story("2"))
			}
		})
	}
}

// What came back with a return is not put back once more, and the other way round.
func TestPutBackAfterReturn(t *testing.T) {
	placed := orderevents.Placed{
		Order: "k7:1", Connection: "k7", Status: orders.Ready,
		Lines: []orderevents.Line{{Listing: "1a", Code: "a", Quantity: 3}},
	}
	var s orders.State
	for _, e := range []eventlog.Event{
		placed,
		orderevents.Matched{Order: "k7:1", SKUs: []string{"a"}},
		orderevents.ClaimOpened{Order: "k7:1", Kind: orders.Return, Claim: "r"},
		orderevents.ReturnReceived{Order: "k7:1", Claim: "r", Items: []orderevents.ReturnedItem{{SKU: "a", Quantity: 2, Sellable: true}}},
		orderevents.Cancelled{Order: "k7:1"},
	} {
		s = orders.Observing().Evolve(s, e)
	}
	shelf := map[string]inventory.State{"a": {Known: true, Received: 10, Shipped: 3, Returned: 2}}
	over := fulfilment.Definition("main", nil).Fold("k7:1")
	ended := over.Evolve(over.Zero(), flows.Finished{Flow: "k7:1"}).(flow.Status)
	writes, err := fulfilment.PutBack("main", "", ended, s, shelf)
	if err != nil || len(writes) != 2 {
		t.Fatalf("%v, %v", writes, err)
	}
	for _, w := range writes {
		for _, e := range w.Events {
			if p, own := e.(orderevents.PutBack); own {
				if len(p.Items) != 1 || p.Items[0] != (orderevents.ReturnedItem{SKU: "a", Quantity: 1, Sellable: true}) {
					t.Errorf("put back %+v, want 1 of a", p.Items)
				}
				s = orders.Observing().Evolve(s, e)
			}
		}
	}
	if _, err := fulfilment.PutBack("main", "", ended, s, shelf); !errors.Is(err, fulfilment.ErrBack) {
		t.Errorf("once more: %v", err)
	}
}
