package fulfilment_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/domain/backorders"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/inventory/waiting"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/origin"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// where are the locations.
func (r *rig) where() places.State {
	r.Helper()
	s, err := r.log.Fold(r.Context(), places.Fold("main"))
	r.must(err)
	return s.Value.(places.State)
}

// nobodyForgotten looks for orders that wait although they could go on, and for units that are nowhere.
func (r *rig) nobodyForgotten(ids []string, after string) {
	r.Helper()
	synctest.Wait()
	where := r.where()
	for _, sku := range []string{"a", "b"} {
		s := r.stock(sku)
		if all := s.Units("main") + s.Units("w") + s.Units("s"); all != s.OnHand() {
			r.Fatalf("after %s: of %s %d lie somewhere, %d are on hand", after, sku, all, s.OnHand())
		}
	}
	for _, id := range ids {
		is := r.status(id)
		if is.Phase != flow.Waits {
			continue
		}
		o, demand, stocks := r.order(id), map[string]int64{}, map[string]inventory.State{}
		for _, need := range o.Demand() {
			demand[need.SKU], stocks[need.SKU] = need.Quantity, r.stock(need.SKU).In(where, "")
		}
		switch is.Waiting.Code {
		case fulfilment.WaitBackorder:
			if _, short := inventory.InTurn("main", waiting.Turn{Order: "k7:" + id, Attempt: 1, Placed: o.Placed.Created}, demand, stocks); len(short) == 0 {
				r.Fatalf("after %s order %s could have its units and waits: %s", after, id, r.story(id))
			}
		case fulfilment.WaitLocation:
			own, err := r.log.Fold(r.Context(), origin.Fold("main", "k7:"+id))
			r.must(err)
			if _, missing := (origin.Order{
				Workspace: "main", ID: "k7:" + id, Attempt: 1, Where: where, Stocks: stocks, Is: own.Value.(origin.State),
			}).Decide(); missing == "" {
				r.Fatalf("after %s order %s could be sent and waits: %s", after, id, r.story(id))
			}
		}
	}
}

// Whatever happens to orders, queues, units and locations: no unit is lost, and nobody waits who could go on.
func TestQueuesAndLocations(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(3) {
		inRig(t, func(r *rig) {
			chance := rand.New(rand.NewPCG(seed, 5))
			r.without("", backorders.Backorder)
			r.location("w", true)
			r.location("s", false)
			var ids []string
			at := func() string { return []string{"main", "w", "s"}[chance.IntN(3)] }
			sku := func() string { return []string{"a", "b"}[chance.IntN(2)] }
			r.receiveAt("a", "main", 1)
			r.receiveAt("b", "w", 1)
			for range 90 {
				what := ""
				other := ""
				if len(ids) > 0 {
					other = ids[chance.IntN(len(ids))]
				}
				switch chance.IntN(10) {
				case 0, 1, 2:
					id := fmt.Sprint(len(ids))
					n := r.news(id, orders.Ready, map[string]int64{"a": 1 + chance.Int64N(2), "b": 1 + chance.Int64N(2)})
					n.SellerShips, n.Packages = true, nil
					r.must(r.observe(n))
					ids, what = append(ids, id), "order "+id
				case 3, 4:
					what = "a delivery"
					r.receiveAt(sku(), at(), 1+chance.Int64N(2))
				case 5:
					c := inventory.Move{SKU: sku(), From: at(), To: at(), Quantity: 1 + chance.Int64N(2)}
					what = fmt.Sprintf("a transfer %+v", c)
					_ = r.does(c.SKU, func(s inventory.State) ([]eventlog.Event, error) { return s.Transfer(c) })
				case 6:
					c := inventory.Adjust{SKU: sku(), Delta: -1 + 2*chance.Int64N(2), Reason: "count", Location: at()}
					what = fmt.Sprintf("a count %+v", c)
					_ = r.does(c.SKU, func(s inventory.State) ([]eventlog.Event, error) { return inventory.Adjusting().Decide(s, c) })
				case 7:
					what = "a location"
					id := []string{"w", "s"}[chance.IntN(2)]
					r.location(id, !r.where().Ships(id))
				case 8:
					if other != "" {
						what = "a choice for " + other
						_ = r.choose(other, at())
					}
				default:
					switch {
					case other == "":
					case chance.IntN(3) == 0:
						what = "cancelling " + other
						r.happens(other, orderevents.Cancelled{Order: "k7:" + other, Updated: time.Now()})
					case chance.IntN(6) == 0:
						what = "a restart"
						r.restart()
					case r.status(other).Phase == flow.Waits && r.status(other).Waiting.Code == fulfilment.WaitTracking:
						what = "sending " + other
						var items []orderevents.ParcelItem
						for _, line := range r.order(other).Placed.Lines {
							items = append(items, orderevents.ParcelItem{Listing: line.Listing, Quantity: line.Quantity})
						}
						r.happens(other, asks(other, 1, "T"+other, items...), done(other, 1))
					}
				}
				r.pass(time.Second)
				r.nobodyForgotten(ids, what)
				for _, id := range ids {
					s := r.status(id)
					if seen[string(s.Phase)] = true; s.Phase == flow.Waits {
						seen[s.Waiting.Code] = true
					}
				}
			}
		})
	}
	for _, want := range []string{string(flow.Finished), string(flow.Undone), fulfilment.WaitBackorder, fulfilment.WaitTracking, fulfilment.WaitLocation} {
		if !seen[want] {
			t.Errorf("no order was ever %s: that proves nothing", want)
		}
	}
}
