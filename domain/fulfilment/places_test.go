package fulfilment_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/domain/backorders"
	placeevents "github.com/creatorflow/creatorflow/domain/events/places"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/origin"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// location makes one, or changes whether orders ship from it.
func (r *rig) location(id string, ships bool) {
	r.Helper()
	if _, err := eventlog.Execute(r.Context(), r.log, placeevents.Stream("main"), places.Setting(), placeevents.Set{Location: id, Name: id, Ships: ships}, eventlog.Meta{}); err != nil {
		r.Fatal(err)
	}
	synctest.Wait()
}

// does decides over a SKU's stock as it is seen with the locations.
func (r *rig) does(sku string, rule func(s inventory.State) ([]eventlog.Event, error)) error {
	_, err := r.log.Execute(r.Context(), eventlog.Request{
		Folds: []eventlog.Fold{inventory.Fold("main", sku), places.Fold("main")},
		Decide: func(states []eventlog.State) (d eventlog.Decision, err error) {
			events, err := rule(states[0].Value.(inventory.State).In(states[1].Value.(places.State), ""))
			if len(events) > 0 {
				d.Writes = []eventlog.Decided{{Stream: stockevents.Stream("main", sku), Events: events}}
			}
			return d, err
		},
	})
	synctest.Wait()
	return err
}

func (r *rig) receiveAt(sku, location string, quantity int64) {
	r.Helper()
	if err := r.does(sku, func(s inventory.State) ([]eventlog.Event, error) {
		return inventory.Receiving().Decide(s, inventory.Receive{SKU: sku, Quantity: quantity, Location: location})
	}); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) adjustAt(sku, location string, delta int64) {
	r.Helper()
	if err := r.does(sku, func(s inventory.State) ([]eventlog.Event, error) {
		return inventory.Adjusting().Decide(s, inventory.Adjust{SKU: sku, Delta: delta, Reason: "count", Location: location})
	}); err != nil {
		r.Fatal(err)
	}
}

// lies compares what lies of a SKU where, and what orders are sent with.
func (r *rig) lies(sku, want string) {
	r.Helper()
	s, all := r.stock(sku), int64(0)
	var parts []string
	for _, at := range []string{"main", "w", "s"} {
		all += s.Units(at)
		if s.Units(at) != 0 {
			parts = append(parts, fmt.Sprintf("%s %d", at, s.Units(at)))
		}
	}
	if got := strings.Join(parts, ", "); got != want || all != s.OnHand() {
		r.Errorf("%s lies at %q, want %q; %d in all, %d on hand", sku, got, want, all, s.OnHand())
	}
}

// from says where an order is sent from.
func (r *rig) from(id string) string {
	r.Helper()
	s, err := r.log.Fold(context.Background(), origin.Fold("main", "k7:"+id))
	if err != nil {
		r.Fatal(err)
	}
	is := s.Value.(origin.State)
	return strings.Join(is.From(), "+") + " " + is.Why
}

// ready places an order of so many units of SKUs that may be sent.
func (r *rig) ready(id string, units map[string]int64) {
	r.Helper()
	if err := r.observe(r.news(id, orders.Ready, units)); err != nil {
		r.Fatal(err)
	}
	r.pass(time.Second)
}

// TestShipsFrom: an order is sent from the first location that has all of it, else from the fewest; what leaves, leaves from there.
func TestShipsFrom(t *testing.T) {
	for name, c := range map[string]struct {
		lies, order map[string]int64 // by SKU and location
		want, left  string
	}{
		"the main one has it":           {map[string]int64{"a main": 3, "a w": 3}, map[string]int64{"a": 2}, "main first", "main 1, w 3"},
		"the second has it":             {map[string]int64{"a main": 1, "a w": 3}, map[string]int64{"a": 2}, "w first", "main 1, w 1"},
		"no location has all of it":     {map[string]int64{"a main": 1, "a w": 1, "a s": 1}, map[string]int64{"a": 2}, "main+w split", "s 1"},
		"none has both SKUs":            {map[string]int64{"a main": 2, "b w": 3}, map[string]int64{"a": 2, "b": 1}, "main+w split", ""},
		"one has both, a first has one": {map[string]int64{"a main": 2, "a s": 2, "b s": 3}, map[string]int64{"a": 2, "b": 1}, "s first", "main 2"},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.location("w", true)
				r.location("s", true)
				for at, units := range c.lies {
					sku, location, _ := strings.Cut(at, " ")
					r.receiveAt(sku, location, units)
				}
				r.ready("1", c.order)
				if s := r.status("1"); s.Phase != flow.Finished {
					t.Fatalf("it stands at %s: %s", s.Phase, r.story("1"))
				}
				if got := r.from("1"); got != c.want {
					t.Errorf("it was sent from %s, want %s", got, c.want)
				}
				r.lies("a", c.left)
			})
		})
	}
}

// TestOneLocationIsLeftAlone: a seller with one location has no event more than before.
func TestOneLocationIsLeftAlone(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 5)
		r.ready("1", map[string]int64{"a": 2})
		r.has("a", 3, 0)
		records, err := r.log.ReadAll(context.Background(), 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			if record.Name == "stock.allotted" || record.Stream.Kind == placeevents.OriginKind {
				t.Errorf("there is %s", record.Name)
			}
			if s, ok := record.Event.(stockevents.Shipped); ok && s.From != nil {
				t.Errorf("shipped from %v", s.From)
			}
		}
	})
}

// TestAsideIsNotReserved: what lies where orders are not shipped from is promised to nobody.
func TestAsideIsNotReserved(t *testing.T) {
	inRig(t, func(r *rig) {
		r.location("s", false)
		r.receiveAt("a", "s", 9)
		r.receiveAt("a", "main", 1)
		r.ready("1", map[string]int64{"a": 2})
		if s := r.status("1"); s.Phase != flow.Waits || s.Waiting.Code != fulfilment.WaitNoStock || !strings.Contains(s.Waiting.Sentence, "1 available") {
			t.Fatalf("it stands at %+v: %s", s.Waiting, r.story("1"))
		}
		r.location("s", true)
		if err := r.retry("1"); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Second)
		if s := r.status("1"); s.Phase != flow.Finished || r.from("1") != "s first" {
			t.Errorf("%s from %s: %s", s.Phase, r.from("1"), r.story("1"))
		}
		r.lies("a", "main 1, s 7")
	})
}

// TestBackorderOfUnitsAside: whose turn it is goes on when units come to where orders are shipped from, or when a location ships.
func TestBackorderOfUnitsAside(t *testing.T) {
	inRig(t, func(r *rig) {
		r.without("", backorders.Backorder)
		r.location("s", false)
		r.receiveAt("a", "s", 9)
		r.ready("1", map[string]int64{"a": 2})
		r.ready("2", map[string]int64{"a": 3})
		r.queue("a", "1 2")
		if err := r.does("a", func(s inventory.State) ([]eventlog.Event, error) {
			return s.Transfer(inventory.Move{SKU: "a", From: "s", To: "main", Quantity: 2})
		}); err != nil {
			t.Fatal(err)
		}
		r.queue("a", "2")
		r.location("s", true)
		r.queue("a", "")
		r.pass(time.Second)
		for _, id := range []string{"1", "2"} {
			if s := r.status(id); s.Phase != flow.Finished {
				t.Errorf("order %s is %s: %s", id, s.Phase, r.story(id))
			}
		}
	})
}

// sent says that an order of the seller's own carrier is in a parcel that the channel knows.
func (r *rig) sent(id string) {
	r.Helper()
	r.happens(id, asks(id, 1, "T"+id, item("a", 2), item("b", 1)))
	r.happens(id, done(id, 1))
	if s := r.status(id); s.Phase != flow.Finished {
		r.Fatalf("order %s is %s: %s", id, s.Phase, r.story(id))
	}
}

// choose is what a person asks for.
func (r *rig) choose(id, location string) error {
	stocked, stocksOf := origin.Stocks("main", "k7:"+id, []string{"a", "b"})
	_, err := r.log.Execute(r.Context(), eventlog.Request{Folds: stocked, Decide: func(states []eventlog.State) (d eventlog.Decision, err error) {
		o := origin.Order{Workspace: "main", ID: "k7:" + id, Attempt: 1, Where: states[0].Value.(places.State), Is: states[1].Value.(origin.State)}
		if o.Stocks, err = stocksOf(states, ""); err == nil {
			d.Writes, err = o.Choose(location)
		}
		return d, err
	}})
	synctest.Wait()
	return err
}

// TestTwoOrders: what one order is about to be sent with is no other order's, and is not moved away.
func TestTwoOrders(t *testing.T) {
	inRig(t, func(r *rig) {
		r.location("w", true)
		for _, sku := range []string{"a", "b"} {
			r.receiveAt(sku, "main", 2)
			r.receiveAt(sku, "w", 2)
		}
		r.own("1")
		r.own("2")
		if r.from("1") != "main first" || r.from("2") != "w first" {
			t.Errorf("sent from %s and %s", r.from("1"), r.from("2"))
		}
		err := r.does("a", func(s inventory.State) ([]eventlog.Event, error) {
			return s.Transfer(inventory.Move{SKU: "a", From: "main", To: "w", Quantity: 1})
		})
		if err == nil || !strings.Contains(err.Error(), "0 of a can go") {
			t.Errorf("what an order is sent with goes: %v", err)
		}
		r.says("1", orders.Cancelled)
		if s := r.stock("a"); s.Free("main", inventory.Attempt{}) != 2 || s.Free("w", inventory.Attempt{}) != 0 {
			t.Errorf("after the first was cancelled orders are sent with %+v", s.Allotted)
		}
		r.sent("2")
		r.lies("a", "main 2")
		r.lies("b", "main 2, w 1")
	})
}

// TestCountedAway: a count may say that an order's units are not where it is sent from. Another location has them, or it waits for a
// person; when they are found, or chosen elsewhere, it goes on.
func TestCountedAway(t *testing.T) {
	inRig(t, func(r *rig) {
		r.location("w", true)
		r.location("s", false)
		for _, sku := range []string{"a", "b"} {
			for _, at := range []string{"main", "w", "s"} {
				r.receiveAt(sku, at, 2)
			}
		}
		r.own("1")
		r.adjustAt("a", "main", -1)
		r.pass(time.Second)
		if r.from("1") != "w first" {
			t.Errorf("counted away, it is sent from %s", r.from("1"))
		}
		r.waitsFor("1", fulfilment.WaitTracking, "Buy a label")
		r.adjustAt("a", "w", -2)
		r.pass(time.Second)
		r.waitsFor("1", fulfilment.WaitLocation, "a needs 2, 1 there")
		r.restart()
		if err := r.choose("1", "w"); err == nil || !strings.Contains(err.Error(), "0 of 2 a") {
			t.Errorf("chosen where there is none: %v", err)
		}
		if err := r.choose("1", "s"); err != nil { // a person may fetch it where orders are not shipped from
			t.Fatal(err)
		}
		r.pass(time.Second)
		r.waitsFor("1", fulfilment.WaitTracking, "Buy a label")
		r.sent("1")
		if r.from("1") != "s person" {
			t.Errorf("it left from %s", r.from("1"))
		}
		r.lies("a", "main 1")
		r.lies("b", "main 2, w 2, s 1")
	})
}

// TestMissingWhenItLeft: units that a count said were not there, and that left all the same, are taken from where there are some.
func TestMissingWhenItLeft(t *testing.T) {
	inRig(t, func(r *rig) {
		r.location("w", true)
		for _, sku := range []string{"a", "b"} {
			r.receiveAt(sku, "main", 2)
			r.receiveAt(sku, "w", 2)
		}
		r.own("1")
		r.happens("1", asks("1", 1, "T1", item("a", 2), item("b", 1)))
		r.adjustAt("a", "main", -1)
		r.happens("1", done("1", 1))
		if s := r.status("1"); s.Phase != flow.Finished || r.from("1") != "main+w left" {
			t.Errorf("%s from %s: %s", s.Phase, r.from("1"), r.story("1"))
		}
		r.lies("a", "w 1")
		back := r.stock("a").In(places.State{}, "")
		if back.OnHand() != 1 || back.Reserved != 0 {
			t.Errorf("%d on hand, %d reserved", back.OnHand(), back.Reserved)
		}
	})
}

// What has left is taken from where another order's units lie before anything is missing elsewhere, also at a location that has a part of it
// for nobody else.
func TestLeftFromAmongAnothers(t *testing.T) {
	inRig(t, func(r *rig) {
		r.location("w", true)
		r.receiveAt("a", "w", 4)
		r.desk.script["tell"] = []string{"late success", "late success"} // not shown yet
		r.takes("1", orders.OnHold, map[string]int64{"a": 2})
		r.ready("2", map[string]int64{"a": 2})
		if from := r.from("2"); from != "w first" {
			t.Fatalf("the other is sent from %q", from)
		}
		r.adjustAt("a", "w", -1)
		r.must(r.observe(r.news("1", orders.Transit, map[string]int64{"a": 2})))
		synctest.Wait()
		r.lies("a", "w 1")
	})
}
