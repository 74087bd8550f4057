package fulfilment_test

import (
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/backorders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/flow"
)

// An order that a person sends from where orders are not shipped from leaves what it was promised to those who wait in turn.
func TestBackorderOfUnitsThatStayed(t *testing.T) {
	for name, c := range map[string]struct {
		aside, sells string
		left         string
	}{
		"sent from another location": {aside: "s", sells: "main", left: "s 1"},
		"sent from the main one":     {aside: "main", sells: "w", left: "main 1"},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.without("", backorders.Backorder)
				r.location("w", true)
				r.location("s", false)
				for _, sku := range []string{"a", "b"} {
					r.receiveAt(sku, c.sells, 2)
					r.receiveAt(sku, c.aside, 3)
				}
				if c.aside == "main" {
					r.location("main", false)
				}
				r.own("1")
				r.waitsFor("1", fulfilment.WaitTracking, "Buy a label")
				r.ready("2", map[string]int64{"a": 2})
				r.queue("a", "2")
				r.must(r.choose("1", c.aside))
				r.sent("1")
				if s := r.stock("a"); s.OnHand()-s.Reserved < 1 {
					t.Fatalf("%d on hand, %d reserved", s.OnHand(), s.Reserved)
				}
				r.queue("a", "")
				r.pass(time.Second)
				if s := r.status("2"); s.Phase != flow.Finished {
					t.Errorf("the one in turn is %s: %s", s.Phase, r.story("2"))
				}
				r.lies("a", c.left)
			})
		})
	}
}

// An order that waits for units to lie where orders are shipped from goes on when another one gives up those that it was to be sent
// with, by itself or because a person has that sent from elsewhere.
func TestLocationOfWhatAnotherGivesUp(t *testing.T) {
	for name, gives := range map[string]func(r *rig, id string){
		"cancelled":                 func(r *rig, id string) { r.says(id, orders.Cancelled) },
		"sent from elsewhere":       func(r *rig, id string) { r.must(r.choose(id, "s")) },
		"cancelled after a restart": func(r *rig, id string) { r.restart(); r.says(id, orders.Cancelled) },
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.location("w", true)
				r.location("s", false)
				for _, sku := range []string{"a", "b"} {
					r.receiveAt(sku, "main", 4)
					r.receiveAt(sku, "s", 4)
				}
				r.own("1")
				r.own("2")
				r.adjustAt("a", "main", -1)
				r.pass(time.Second)
				waits, other := "2", "1"
				if r.status("1").Waiting.Code == fulfilment.WaitLocation { // whoever looked first
					waits, other = "1", "2"
				}
				r.waitsFor(waits, fulfilment.WaitLocation, "a needs 2, 1 there")
				gives(r, other)
				r.pass(time.Second)
				r.waitsFor(waits, fulfilment.WaitTracking, "Buy a label")
			})
		})
	}
}

// Units of an order that was sent while its stock was free left from where they lay.
func TestFreedLeftFromWhereItLay(t *testing.T) {
	inRig(t, func(r *rig) {
		r.location("w", true)
		r.receiveAt("a", "w", 5)
		r.rules("freed")
		r.dear("1", orders.Ready)
		r.dear("1", orders.Transit)
		r.pass(time.Minute)
		if s := r.status("1"); s.Phase != flow.Finished {
			t.Fatalf("%s: %s", s.Phase, r.story("1"))
		}
		r.lies("a", "w 3")
		if r.from("1") != "w left" {
			t.Errorf("it left from %s", r.from("1"))
		}
	})
}

// What was never sent of a cancelled order lies where it lay.
func TestRestOfACancelledOrderStaysWhereItLay(t *testing.T) {
	inRig(t, func(r *rig) {
		r.location("w", true)
		r.location("s", true)
		for _, sku := range []string{"a", "b"} {
			r.receiveAt(sku, "w", 5)
		}
		r.own("1")
		r.happens("1", asks("1", 1, "T1", item("a", 1)), done("1", 1))
		r.says("1", orders.Cancelled)
		r.pass(time.Minute)
		if s := r.status("1"); s.Phase != flow.Undone {
			t.Fatalf("%s: %s", s.Phase, r.story("1"))
		}
		r.lies("a", "w 4")
		r.lies("b", "w 5")
	})
}

// What is on its way already waits for no units to be brought anywhere: it left from where there were some.
func TestGoneWaitsForNoLocation(t *testing.T) {
	inRig(t, func(r *rig) {
		r.location("w", true)
		r.receiveAt("a", "main", 1)
		r.receiveAt("a", "w", 1)
		r.says("1", orders.Unpaid)
		r.adjustAt("a", "main", -1)
		r.says("1", orders.Ready)
		r.waitsFor("1", fulfilment.WaitLocation, "a needs 2, 1 there")
		r.says("1", orders.Arranged)
		r.pass(time.Minute)
		if s := r.status("1"); s.Phase != flow.Finished {
			t.Errorf("%s: %s", s.Phase, r.story("1"))
		}
		if s := r.stock("a"); s.OnHand() != -1 || s.Reserved != 0 {
			t.Errorf("%d on hand, %d reserved", s.OnHand(), s.Reserved)
		}
	})
}
