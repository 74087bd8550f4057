package fulfilment_test

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/domain/bundles"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// bundle says what a bundle is made of; of nothing it is none any more.
func (r *rig) bundle(sku string, made map[string]int64) {
	r.Helper()
	d := bundles.Definition{SKU: sku}
	for c, n := range made {
		d.Components = append(d.Components, stockevents.Component{SKU: c, Quantity: n})
	}
	folds := bundles.Folds("main", d, r.stock(sku))
	_, err := r.log.Execute(r.Context(), eventlog.Request{Folds: folds, Decide: func(states []eventlog.State) (decision eventlog.Decision, err error) {
		stocks := map[string]inventory.State{}
		for i, f := range folds {
			stocks[f.Stream.ID] = states[i].Value.(inventory.State)
		}
		if decision.Writes, err = bundles.Define("main", d, stocks); len(made) == 0 {
			decision.Writes, err = bundles.Dissolve("main", sku, stocks)
		}
		return decision, err
	}})
	if err != nil {
		r.Fatal(err)
	}
	synctest.Wait()
}

// takes takes in an order of the shop's.
func (r *rig) takes(id, status string, units map[string]int64) {
	r.Helper()
	if err := r.observe(r.news(id, status, units)); err != nil {
		r.Fatal(err)
	}
	<-time.After(time.Second)
	synctest.Wait()
}

// TestBundleTakesItsComponents: an order for a bundle and for one of its components takes what both come to, in one reservation, and
// keeps it however the bundle changes, until it is sent or cancelled.
func TestBundleTakesItsComponents(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile func(r *rig)
		status    string
		a, b      [2]int64 // on hand, reserved in the end
	}{
		"sent":                              {func(*rig) {}, orders.Ready, [2]int64{5, 0}, [2]int64{6, 0}},
		"sent after the bundle has changed": {func(r *rig) { r.bundle("set", map[string]int64{"b": 1}) }, orders.Ready, [2]int64{5, 0}, [2]int64{6, 0}},
		"cancelled":                         {func(*rig) {}, orders.Cancelled, [2]int64{10, 0}, [2]int64{10, 0}},
		"cancelled after the bundle was dissolved": {func(r *rig) { r.bundle("set", nil) }, orders.Cancelled, [2]int64{10, 0}, [2]int64{10, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.receive("a", 10)
				r.receive("b", 10)
				r.bundle("set", map[string]int64{"a": 2, "b": 2})
				r.takes("1", orders.Unpaid, map[string]int64{"set": 2, "a": 1})
				r.has("a", 10, 5)
				r.has("b", 10, 4)
				r.restart()
				test.meanwhile(r)
				r.takes("1", test.status, map[string]int64{"set": 2, "a": 1})
				r.pass(time.Hour)
				r.has("a", test.a[0], test.a[1])
				r.has("b", test.b[0], test.b[1])
				r.has("set", 0, 0)
				var exploded []orderevents.Exploded
				for _, record := range r.told("1") {
					if e, ok := record.Event.(orderevents.Exploded); ok {
						exploded = append(exploded, e)
					}
				}
				want := []orderevents.Exploded{{Order: "k7:1", Bundles: []orderevents.Bundle{{SKU: "set", Components: []orderevents.Component{{SKU: "a", Quantity: 2}, {SKU: "b", Quantity: 2}}}}}}
				if !reflect.DeepEqual(exploded, want) {
					r.Errorf("exploded %+v, want %+v", exploded, want)
				}
			})
		})
	}
}

func (r *rig) told(id string) []eventlog.Record {
	r.Helper()
	records, err := r.log.ReadStream(r.Context(), orderevents.Stream("main", "k7:"+id), 0, 100)
	if err != nil {
		r.Fatal(err)
	}
	return records
}

// TestBundleShortOfOneComponent: all lines or none, and what is short is named.
func TestBundleShortOfOneComponent(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.receive("b", 1)
		r.bundle("set", map[string]int64{"a": 1, "b": 2})
		r.takes("1", orders.Ready, map[string]int64{"set": 1})
		r.tells("1", "started, validate, waits:no_stock")
		r.has("a", 10, 0)
		if s := r.status("1").Waiting; s.For[0] != inventory.ShortTag+"b" || s.Sentence != "Not enough stock: b needs 2, 1 available. The order holds nothing until it can have all of it. Receive stock, then retry." {
			r.Errorf("it waits for %v: %q", s.For, s.Sentence)
		}
		r.receive("b", 1)
		if err := r.retry("1"); err != nil {
			r.Fatal(err)
		}
		r.pass(time.Minute)
		r.has("a", 9, 0)
		r.has("b", 0, 0)
	})
}

// TestWaitsForWhatBecomesABundle: an order that waits for a SKU of which there is nothing takes the components once it is a bundle, and
// one for a SKU that nobody knew goes on by itself.
func TestWaitsForWhatBecomesABundle(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.receive("old", 1)
		r.takes("1", orders.Ready, map[string]int64{"old": 1})
		r.pass(time.Minute)
		r.takes("2", orders.Ready, map[string]int64{"old": 1})
		r.takes("3", orders.Ready, map[string]int64{"new": 1})
		r.tells("2", "started, validate, waits:no_stock")
		r.tells("3", "started, waits:unknown_sku")
		r.bundle("old", map[string]int64{"a": 3})
		r.bundle("new", map[string]int64{"a": 2})
		r.pass(time.Minute)
		if err := r.retry("2"); err != nil {
			r.Fatal(err)
		}
		r.pass(time.Minute)
		for _, id := range []string{"1", "2", "3"} {
			if s := r.status(id); s.Phase != flow.Finished {
				r.Errorf("order %s is %s: %s", id, s.Phase, r.story(id))
			}
		}
		r.has("a", 5, 0)
	})
}

// TestFreedForABundle: the stock of an order that was freed for a review becomes that of a bundle meanwhile; once it is approved, or sent
// by somebody all the same, the order takes the components.
func TestFreedForABundle(t *testing.T) {
	for name, end := range map[string]func(r *rig){
		"approved": func(r *rig) { r.must(r.review("1", true)) },
		"arranged by somebody": func(r *rig) {
			r.must(r.review("1", true))
			r.dear("1", orders.Arranged)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.receive("a", 2)
				r.receive("b", 10)
				r.rules("freed")
				r.dear("1", orders.Ready)
				r.has("a", 2, 0)
				_, err := eventlog.Execute(r.Context(), r.log, stockevents.Stream("main", "a"), inventory.Adjusting(),
					inventory.Adjust{SKU: "a", Delta: -2, Reason: "in sets now"}, eventlog.Meta{})
				r.must(err)
				r.bundle("a", map[string]int64{"b": 3})
				end(r)
				r.pass(time.Minute)
				if s := r.status("1"); s.Phase != flow.Finished {
					r.Errorf("it is %s: %s", s.Phase, r.story("1"))
				}
				r.has("a", 0, 0)
				r.has("b", 4, 0)
			})
		})
	}
}
