package fulfilment_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/domain/events"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// enter places order 1 with 2 units of SKU a, which it holds from the start.
func (r *rig) enter() {
	r.Helper()
	n := r.news("1", orders.Ready, map[string]int64{"a": 2})
	n.SellerShips, n.Paid = true, time.Now()
	decided, err := orders.Observing().Decide(orders.State{}, n)
	r.must(err)
	placed := decided[0].(orderevents.Placed)
	placed.Direct = orderevents.Direct{Pay: orderevents.PayElsewhere}
	_, err = r.log.Execute(r.Context(), eventlog.Request{Folds: []eventlog.Fold{orders.Fold("main", "k7:1"), inventory.Fold("main", "a")}, Decide: func([]eventlog.State) (eventlog.Decision, error) {
		return eventlog.Decision{Writes: []eventlog.Decided{
			{Stream: orderevents.Stream("main", "k7:1"), Events: []eventlog.Event{placed}},
			{Stream: stockevents.Stream("main", "a"), Events: []eventlog.Event{stockevents.Reserved{SKU: "a", Order: "k7:1", Attempt: 1, Quantity: 2}}},
		}}, nil
	}})
	r.must(err)
	synctest.Wait()
}

// meanwhile lets news of order 1 come while no flow runs.
func (r *rig) meanwhile(happened eventlog.Event) {
	r.Helper()
	r.crashAt(nil)
	r.kill()
	ctx, cancel := context.WithCancel(context.Background())
	log, err := eventlog.Open(ctx, r.store, eventlog.Options{Decode: events.Decode, Clock: time.Now})
	r.must(err)
	var running sync.WaitGroup
	running.Go(func() { _ = log.Run(ctx) })
	_, err = log.Execute(ctx, eventlog.Request{Folds: []eventlog.Fold{orders.Fold("main", "k7:1")}, Decide: func([]eventlog.State) (eventlog.Decision, error) {
		return eventlog.Decision{Writes: []eventlog.Decided{{Stream: orderevents.Stream("main", "k7:1"), Events: []eventlog.Event{happened}}}}, nil
	}})
	r.must(err)
	cancel()
	running.Wait()
}

// An order that was entered by hand gives its units back wherever its flow is when it is cancelled: it held them before its flow began.
func TestEnteredOrderIsCancelledEarly(t *testing.T) {
	for commits := range 3 {
		t.Run(fmt.Sprintf("after %d commits of its flow", commits), func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.receive("a", 10)
				seen := 0
				r.crashAt(func(b eventlog.Batch) (before, after bool) {
					for _, e := range b.Events {
						if e.Stream.Kind == fulfilment.Kind {
							seen++
							return seen > commits, false
						}
					}
					return false, false
				})
				r.enter()
				r.has("a", 10, 2)
				r.meanwhile(orderevents.Cancelled{Order: "k7:1", From: orders.Ready, Vendor: "cancelled", Updated: time.Now()})
				r.start()
				r.pass(time.Minute)
				if s := r.status("1"); s.Phase != flow.Undone {
					t.Errorf("the flow is %s: %s", s.Phase, r.story("1"))
				}
				r.has("a", 10, 0)
			})
		})
	}
}
