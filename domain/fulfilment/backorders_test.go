package fulfilment_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/domain/backorders"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/events/shortages"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// without says what is done when stock is missing, of a SKU or (empty) of all.
func (r *rig) without(sku, path string) {
	r.Helper()
	if _, err := eventlog.Execute(r.Context(), r.log, shortages.Stream("main"), backorders.Setting(), shortages.PathSet{SKU: sku, Path: path}, eventlog.Meta{}); err != nil {
		r.Fatal(err)
	}
}

// comes is a delivery that everybody who waits has heard of.
func (r *rig) comes(sku string, units int64) {
	r.Helper()
	r.receive(sku, units)
	synctest.Wait()
}

// moves asks something of an order's place, as a command does.
func (r *rig) moves(id string, rule func(own eventlog.State, p backorders.Person, stocks map[string]inventory.State) ([]eventlog.Decided, error)) error {
	r.Helper()
	order := "k7:" + id
	folds := []eventlog.Fold{r.definition().Fold(order)}
	for _, need := range r.order(id).Demand() {
		folds = append(folds, inventory.Fold("main", need.SKU))
	}
	_, err := r.log.Execute(r.Context(), eventlog.Request{Folds: folds, Decide: func(states []eventlog.State) (d eventlog.Decision, err error) {
		stocks := map[string]inventory.State{}
		for _, s := range states[1:] {
			stocks[s.Stream.ID] = s.Value.(inventory.State)
		}
		d.Writes, err = rule(states[0], backorders.Person{Order: order, Reason: "a regular", Now: time.Now()}, stocks)
		return d, err
	}})
	synctest.Wait()
	return err
}

func (r *rig) first(id string) error {
	return r.moves(id, func(_ eventlog.State, p backorders.Person, stocks map[string]inventory.State) ([]eventlog.Decided, error) {
		return backorders.First("main", p, stocks)
	})
}

func (r *rig) takesOut(id string) error {
	return r.moves(id, func(own eventlog.State, p backorders.Person, stocks map[string]inventory.State) ([]eventlog.Decided, error) {
		return backorders.TakeOut("main", p, own, stocks)
	})
}

// queue is who waits for a SKU, whose turn is next in front.
func (r *rig) queue(sku, want string) {
	r.Helper()
	synctest.Wait()
	var ids []string
	for _, w := range r.stock(sku).Queue {
		ids = append(ids, strings.TrimPrefix(w.Order, "k7:"))
	}
	if got := strings.Join(ids, " "); got != want {
		r.Errorf("for %s wait %q, want %q", sku, got, want)
	}
}

const waitsInTurn = "started, validate, waits:backorder"

// R 87: orders that wait in their turn are served by the channel's time, each with all it needs, without anybody's help and across
// restarts; who came later takes nothing that they wait for.
func TestBackordersInTurn(t *testing.T) {
	inRig(t, func(r *rig) {
		r.without("", backorders.Backorder)
		r.comes("a", 1)
		r.comes("b", 1)
		r.takes("1", orders.Unpaid, map[string]int64{"a": 2})
		r.takes("2", orders.Unpaid, map[string]int64{"a": 2, "b": 1})
		r.takes("3", orders.Unpaid, map[string]int64{"a": 1}) // one is there, and others wait for it
		r.takes("4", orders.Unpaid, map[string]int64{"b": 1}) // likewise, although only a is missing to order 2
		early := r.news("0", orders.Unpaid, map[string]int64{"a": 2})
		early.Created = early.Created.Add(-time.Hour) // its news come late
		r.must(r.observe(early))
		for _, id := range []string{"0", "1", "2", "3", "4"} {
			r.tells(id, waitsInTurn)
		}
		r.queue("a", "0 1 2 3")
		r.queue("b", "2 4")
		if s := r.status("2").Waiting.Sentence; s != "Backordered: there is not enough of a yet. The order has its place in the queue and goes on by itself when its turn comes." {
			r.Errorf("it says %q", s)
		}
		r.restart()
		r.comes("a", 2)
		r.queue("a", "1 2 3")
		r.has("a", 3, 2)
		r.restart()
		r.comes("a", 2)
		r.has("a", 5, 4)
		r.comes("a", 2)
		r.has("a", 7, 7)
		r.has("b", 1, 1)
		r.queue("b", "4")
		r.comes("b", 5)
		r.comes("a", 5)
		for _, id := range []string{"0", "1", "2", "3", "4"} {
			r.tells(id, waitsInTurn+", reserve stock, waits:unpaid")
		}
		r.has("a", 12, 7)
		r.has("b", 6, 2)
		for _, sku := range []string{"a", "b"} {
			r.queue(sku, "")
		}
	})
}

// Any orders of any SKUs and any deliveries: nothing is promised that is not there, orders of one SKU are served by the channel's
// time, and once there is enough nobody waits. Some are shipped, cancelled and moved meanwhile, and the program is restarted.
func TestBackordersOfManySKUs(t *testing.T) {
	inRig(t, func(r *rig) {
		chance := rand.New(rand.NewPCG(87, 1))
		skus := []string{"a", "b", "c"}
		for _, sku := range skus {
			r.comes(sku, 1)
		}
		r.without("", backorders.Backorder)
		wants, gone := []map[string]int64{}, map[int]bool{}
		judge := func() {
			synctest.Wait()
			for _, sku := range skus {
				if s := r.stock(sku); s.Available() < 0 {
					r.Fatalf("%s: %d available", sku, s.Available())
				}
			}
		}
		for n := range 60 {
			units := map[string]int64{}
			for _, sku := range skus[:1+chance.IntN(3)] {
				units[sku] = 1 + chance.Int64N(3)
			}
			wants = append(wants, units)
			r.takes(fmt.Sprint(n), orders.Unpaid, units)
			other := chance.IntN(n + 1)
			switch chance.IntN(8) {
			case 0:
				r.takes(fmt.Sprint(other), orders.Cancelled, wants[other])
				gone[other] = true
			case 1:
				if err := r.first(fmt.Sprint(other)); err != nil && !errors.Is(err, backorders.ErrNone) && !errors.Is(err, backorders.ErrFirst) {
					r.Fatal(err)
				}
			case 2:
				r.restart()
			default:
				r.comes(skus[chance.IntN(3)], 1+chance.Int64N(2))
			}
			judge()
		}
		waiting := 0
		for n := range wants {
			if w := r.status(fmt.Sprint(n)).Waiting; w != nil && w.Code == fulfilment.WaitBackorder {
				waiting++
			}
		}
		if waiting < 10 || len(gone) < 3 {
			r.Errorf("%d orders wait and %d were cancelled: that proves nothing", waiting, len(gone))
		}
		for _, sku := range skus {
			r.comes(sku, 300)
		}
		judge()
		want := map[string]int64{}
		for n, units := range wants {
			if gone[n] {
				continue
			}
			if w := r.status(fmt.Sprint(n)).Waiting; w == nil || w.Code != fulfilment.WaitUnpaid {
				r.Errorf("there is enough for all, and order %d stands at %s", n, r.story(fmt.Sprint(n)))
			}
			for sku, k := range units {
				want[sku] += k
			}
		}
		for _, sku := range skus {
			r.queue(sku, "")
			if s := r.stock(sku); s.Reserved != want[sku] {
				r.Errorf("%s: %d reserved, want %d", sku, s.Reserved, want[sku])
			}
		}
	})
}

// What a person asks of a queue, and what ends a wait in it besides goods.
func TestQueueByHand(t *testing.T) {
	inRig(t, func(r *rig) {
		r.without("", backorders.Backorder)
		r.comes("a", 1)
		for _, id := range []string{"1", "2", "3", "4"} {
			r.takes(id, orders.Unpaid, map[string]int64{"a": 2})
		}
		r.queue("a", "1 2 3 4")
		r.must(r.first("3"))
		r.queue("a", "3 1 2 4")
		if err := r.first("3"); !errors.Is(err, backorders.ErrFirst) {
			r.Errorf("moved twice: %v", err)
		}
		r.must(r.takesOut("1"))
		r.queue("a", "3 2 4")
		r.tells("1", waitsInTurn+", waits:no_stock")
		for _, ask := range []func(string) error{r.first, r.takesOut} {
			if err := ask("1"); !errors.Is(err, backorders.ErrNone) {
				r.Errorf("asked of an order that is in no queue: %v", err)
			}
		}
		r.comes("a", 3)
		r.has("a", 4, 4)
		r.queue("a", "4")
		r.comes("a", 1)
		r.must(r.retry("1"))
		r.pass(time.Second) // it asks anew, by the time at which it was placed
		r.queue("a", "1 4")
		r.takes("1", orders.Cancelled, map[string]int64{"a": 2})
		r.queue("a", "4")
		r.tells("1", waitsInTurn+", waits:no_stock, retried, waits:backorder, undo, -validate, undone")
		r.takes("2", orders.Cancelled, map[string]int64{"a": 2}) // gives back what it has
		r.queue("a", "")
		r.has("a", 5, 4)
		if err := r.takesOut("4"); !errors.Is(err, backorders.ErrNone) {
			r.Errorf("an order that has its units was taken out: %v", err)
		}
	})
}

// A queue counts the units of components, also of what becomes a bundle while an order waits for it.
func TestBackorderedBundles(t *testing.T) {
	inRig(t, func(r *rig) {
		r.without("", backorders.Backorder)
		for _, sku := range []string{"a", "b", "new"} {
			r.comes(sku, 1)
		}
		r.bundle("set", map[string]int64{"a": 2, "b": 1})
		r.takes("1", orders.Unpaid, map[string]int64{"set": 2})
		r.queue("a", "1")
		if q := r.stock("a").Queue; q[0].Units != 4 {
			r.Errorf("two sets wait for %+v", q)
		}
		r.queue("set", "")
		r.takes("2", orders.Unpaid, map[string]int64{"b": 1})
		r.queue("b", "1 2")
		r.takes("3", orders.Unpaid, map[string]int64{"new": 1})
		r.takes("4", orders.Unpaid, map[string]int64{"new": 1})
		r.takes("3", orders.Cancelled, map[string]int64{"new": 1})
		r.has("new", 1, 1)
		r.takes("5", orders.Unpaid, map[string]int64{"new": 1})
		r.takes("4", orders.Cancelled, map[string]int64{"new": 1})
		r.takes("5", orders.Cancelled, map[string]int64{"new": 1})
		r.takes("6", orders.Unpaid, map[string]int64{"new": 3})
		r.queue("new", "6")
		r.write(stockevents.Stream("main", "new"), stockevents.Adjusted{SKU: "new", Delta: -1, Reason: "counted"})
		r.bundle("new", map[string]int64{"b": 1})
		r.queue("new", "")
		r.queue("b", "1 2 6")
		r.comes("a", 3)
		r.comes("b", 1)
		r.has("a", 4, 4)
		r.comes("b", 9)
		r.has("b", 11, 6)
		r.queue("b", "")
	})
}

// Goods that have gone leave no place behind, and a flagged order whose stock was freed waits in its turn again.
func TestBackordersThatGoOtherwise(t *testing.T) {
	t.Run("shipped by hand", func(t *testing.T) {
		inRig(t, func(r *rig) {
			r.without("", backorders.Backorder)
			r.comes("a", 1)
			r.comes("b", 1)
			r.takes("1", orders.Ready, map[string]int64{"a": 2, "b": 2})
			r.takes("2", orders.Unpaid, map[string]int64{"a": 1})
			r.write(stockevents.Stream("main", "b"), stockevents.Adjusted{SKU: "b", Delta: -1, Reason: "broken"})
			r.takes("1", orders.Transit, map[string]int64{"a": 2, "b": 2})
			r.queue("a", "2")
			r.queue("b", "")
			r.has("a", 0, 0)
			r.comes("a", 1)
			r.has("a", 1, 1)
		})
	})
	t.Run("a buyer asks", func(t *testing.T) { // of an order that stands in a queue and waits for an answer first
		inRig(t, func(r *rig) {
			r.without("", backorders.Backorder)
			r.rules(orderevents.StockFreed)
			r.comes("a", 2)
			r.dear("1", orders.Ready)
			r.takes("2", orders.Unpaid, map[string]int64{"a": 2})
			r.must(r.review("1", true))
			r.pass(time.Second)
			r.queue("a", "1")
			r.claims("1", orders.ClaimPending)
			r.waitsFor("1", fulfilment.WaitDecision, "")
			if err := r.takesOut("1"); !errors.Is(err, backorders.ErrKept) {
				r.Errorf("taken out: %v", err)
			}
			r.queue("a", "1")
		})
	})
	t.Run("freed in review", func(t *testing.T) {
		inRig(t, func(r *rig) {
			r.without("", backorders.Backorder)
			r.rules(orderevents.StockFreed)
			r.comes("a", 2)
			r.dear("1", orders.Ready)
			r.waitsFor("1", fulfilment.WaitRisk, "")
			r.takes("2", orders.Unpaid, map[string]int64{"a": 2})
			r.must(r.review("1", true))
			r.pass(time.Second)
			r.waitsFor("1", fulfilment.WaitBackorder, "Backordered")
			r.queue("a", "1")
			r.restart()
			r.comes("a", 9)
			r.pass(time.Minute)
			r.queue("a", "")
			if s := r.status("1"); s.Phase != flow.Finished {
				r.Errorf("it stands at %s", r.story("1"))
			}
		})
	})
}

// Without stock an order is cancelled at its channel where that is set, once; what the channel does not cancel is held.
func TestNoStockIsCancelled(t *testing.T) {
	const asked = "started, validate, waits:channel"
	ends := func(r *rig, done bool, sentence string) {
		r.Helper()
		o := r.order("1")
		if o.Asked == nil || o.Asked.Reason != "out_of_stock" || o.Asked.Action != orders.ActionCancel || o.Answers != 1 {
			r.Fatalf("the channel is asked %+v, %d times", o.Asked, o.Answers)
		}
		r.happens("1", orderevents.AnswerEnded{Order: "k7:1", Answer: 1, Done: done, Sentence: sentence})
		synctest.Wait()
	}
	for name, test := range map[string]func(r *rig){
		"cancelled": func(r *rig) {
			ends(r, true, "")
			r.waitsFor("1", fulfilment.WaitChannel, "has taken our cancellation")
			r.says("1", orders.Cancelled)
			r.tells("1", asked+", waits:channel, undo, -validate, undone")
		},
		"refused": func(r *rig) {
			ends(r, false, "This channel takes no cancellations from here.")
			r.waitsFor("1", fulfilment.WaitNoStock, "did not: This channel takes no cancellations from here. The order is held")
			r.must(r.retry("1"))
			r.pass(time.Second)
			r.comes("a", 5)
			r.tells("1", asked+", waits:no_stock, retried, waits:no_stock")
			r.must(r.retry("1"))
			r.pass(time.Second)
			r.tells("1", asked+", waits:no_stock, retried, waits:no_stock, retried, reserve stock, waits:unpaid")
			if n := r.order("1").Answers; n != 1 {
				r.Errorf("the channel was asked %d times", n)
			}
		},
		"the setting changes": func(r *rig) {
			r.without("", backorders.Hold)
			r.restart()
			ends(r, false, "No")
			r.waitsFor("1", fulfilment.WaitNoStock, "holds nothing until it can have all of it")
		},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.without("", backorders.Cancel)
				r.comes("a", 1)
				r.says("1", orders.Unpaid)
				r.tells("1", asked)
				test(r)
			})
		})
	}
	t.Run("the buyer asks too", func(t *testing.T) {
		inRig(t, func(r *rig) {
			r.comes("a", 1)
			r.says("1", orders.Unpaid)
			r.claims("1", orders.ClaimPending)
			r.without("", backorders.Cancel)
			r.must(r.retry("1"))
			r.pass(time.Second)
			r.waitsFor("1", fulfilment.WaitNoStock, "approve that")
			if o := r.order("1"); o.Answers > 0 {
				r.Errorf("the channel is asked %+v", o.Asked)
			}
		})
	})
}

// What has left, in part or as a whole, is not cancelled by itself.
func TestWhatHasLeftIsNotCancelled(t *testing.T) {
	t.Run("a part", func(t *testing.T) {
		inRig(t, func(r *rig) {
			r.without("", backorders.Cancel)
			r.comes("a", 1)
			r.says("1", orders.Partial)
			r.waitsFor("1", fulfilment.WaitNoStock, "A part of this order has left")
			if o := r.order("1"); o.Answers > 0 {
				r.Errorf("the channel is asked %+v", o.Asked)
			}
		})
	})
	t.Run("just now", func(t *testing.T) { // after it was seen which streams are needed
		inRig(t, func(r *rig) {
			r.without("", backorders.Cancel)
			r.comes("a", 1)
			r.says("1", orders.Unpaid)
			r.happens("1", orderevents.AnswerEnded{Order: "k7:1", Answer: 1, Done: false, Sentence: "No."})
			step, ready := r.definition().Steps[1], r.order("1")
			ready.Status, ready.Refused, ready.Answers = orders.Arranged, "", 0
			in := flow.WithStates(flow.Input{ID: "k7:1", Flow: flow.Status{Phase: flow.Running}, Now: time.Now()},
				eventlog.State{Stream: orderevents.Stream("main", "k7:1"), Value: ready},
				eventlog.State{Stream: stockevents.Stream("main", "a"), Value: r.stock("a")},
				eventlog.State{Stream: shortages.Stream("main"), Value: backorders.Settings{All: backorders.Cancel}})
			if v := step.Decide(in); v.Code() != "" || v.Calls() {
				r.Errorf("it waits for %q", v.Code())
			}
		})
	})
}

// What waits for a SKU and for a bundle of it, or for one that becomes such a bundle, waits for all of its units.
func TestBackorderedBundleOfWhatItWaitsFor(t *testing.T) {
	inRig(t, func(r *rig) {
		r.without("", backorders.Backorder)
		r.comes("a", 1)
		r.comes("new", 1)
		r.write(stockevents.Stream("main", "a"), stockevents.Adjusted{SKU: "a", Delta: -1, Reason: "counted"})
		r.write(stockevents.Stream("main", "new"), stockevents.Adjusted{SKU: "new", Delta: -1, Reason: "counted"})
		r.takes("2", orders.Unpaid, map[string]int64{"a": 1})
		r.takes("1", orders.Unpaid, map[string]int64{"a": 1, "new": 1})
		r.must(r.first("1"))
		r.bundle("new", map[string]int64{"a": 2})
		r.queue("new", "")
		r.queue("a", "1 2")
		if q := r.stock("a").Queue; q[0].Units != 3 {
			r.Errorf("it waits for %+v", q)
		}
		r.comes("a", 2)
		r.has("a", 2, 0)
		r.comes("a", 2)
		r.has("a", 4, 4)
		r.queue("a", "")
	})
}

// Of several SKUs that are missing the most careful path counts: a person, then cancelling, then the queue.
func TestPathOfSeveralSKUs(t *testing.T) {
	inRig(t, func(r *rig) {
		r.without("", backorders.Cancel)
		r.without("q", backorders.Backorder)
		r.without("r", backorders.Backorder)
		r.without("h", backorders.Hold)
		r.without("x", backorders.Hold)
		r.without("x", "") // as for all again
		for i, test := range []struct {
			skus []string
			code string
		}{
			{[]string{"q", "r"}, fulfilment.WaitBackorder}, {[]string{"q", "x"}, fulfilment.WaitChannel}, {[]string{"q", "x", "h"}, fulfilment.WaitNoStock},
		} {
			units := map[string]int64{}
			for _, sku := range test.skus {
				if !r.stock(sku).Known {
					r.comes(sku, 1)
				}
				units[sku] = 9
			}
			id := fmt.Sprint(i)
			r.takes(id, orders.Unpaid, units)
			r.waitsFor(id, test.code, "")
			tags := slices.DeleteFunc(slices.Clone(r.records(id)[len(r.records(id))-1].Event.(flows.Waiting).For), func(tag string) bool { return !strings.HasPrefix(tag, inventory.ShortTag) })
			if len(tags) != len(test.skus) {
				r.Errorf("order %s waits for %v", id, tags)
			}
		}
	})
}
