package ingest_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/ingest"
	"github.com/creatorflow/creatorflow/vault"
)

// A read that hangs holds the orders it asked for and no other of its shop.
func TestHangingReadDelaysNoOtherOrder(t *testing.T) {
	r := newRig(t, knobs{timeout: time.Minute})
	const held = "576460000000000001"
	release := make(chan struct{})
	free := sync.OnceFunc(func() { close(release) })
	defer free()
	var asked atomic.Bool
	r.answer(func(_ http.ResponseWriter, q *http.Request) bool {
		if strings.HasPrefix(q.URL.Path, detailPath) && strings.Contains(q.URL.Query().Get("ids"), held) {
			asked.Store(true)
			select {
			case <-release:
			case <-q.Context().Done():
			}
		}
		return false
	})
	_, err := r.PlaceOrder(shopID, tiktoksim.NewOrder{ID: held, BuyerID: "1", Lines: []tiktoksim.Line{{SKUID: skuA + "1", Quantity: 1}}})
	r.must(err)
	r.until("it is asked for", asked.Load)
	for n := range 10 {
		if status := r.post(hint(n, shopID, held, r.now())); status != http.StatusOK {
			t.Fatal(status)
		}
		id := r.place(shopID, false)
		r.until("another order is in", func() bool { return r.order(r.shop, id).Known() })
	}
	if r.order(r.shop, held).Known() {
		t.Error("it was not held")
	}
	free()
	r.delivered()
	r.wantNames(held, "placed")
}

// pile stores so many webhooks about an order at the front door.
func (r *rig) pile(shop, order string, n int) {
	r.t.Helper()
	next := make(chan int)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for k := range next {
				if status := r.post(hint(k, shop, order, r.now())); status != http.StatusOK {
					r.t.Errorf("webhook %d: %d", k, status)
				}
			}
		})
	}
	for k := range n {
		next <- k
	}
	close(next)
	wg.Wait()
}

// What one shop leaves waiting in the vault keeps no other shop's webhooks from being seen: the router
// looks at each once, in their order, and fills lanes that have room again beside that. And all of it
// is in the figures.
func TestBacklogOfOneShopHidesNoOther(t *testing.T) {
	r := newRig(t, knobs{shops: []string{shopID, otherShop}})
	r.stop() // the router looks when this test says so
	a, b := r.shop.ID, ""
	for _, c := range r.registry.Connections() {
		if c.ID != a {
			b = c.ID
		}
	}
	const waiting = 2600 // more than a lane holds, and a few pages more
	r.pile(shopID, "576460000000000001", waiting)
	if status := r.post(hint(waiting, otherShop, "576460000000000002", r.now())); status != http.StatusOK {
		t.Fatal(status)
	}
	worked := 0
	for looks := 1; r.ingest.Lane(b).Backlog == 0; looks++ {
		if looks > waiting/200+1 {
			t.Fatalf("not seen in %d looks", looks-1)
		}
		if _, err := r.ingest.Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if looks%6 == 0 && looks > 11 {
			worked += r.ingest.Work(a, 1000)
		}
	}
	if worked == 0 {
		t.Fatal("the lane never had room again")
	}
	for _, s := range r.ingest.Status() {
		if want := map[string]int64{a: int64(waiting - worked), b: 1}[s.Connection]; s.Backlog != want {
			t.Errorf("a backlog of %d, want %d", s.Backlog, want)
		}
	}
	for more := true; more || r.ingest.Lane(a).Backlog > 0; { // the rest comes in order, none twice
		var err error
		if more, err = r.ingest.Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if worked += r.ingest.Work(a, 300); worked > waiting {
			t.Fatalf("worked on %d of %d", worked, waiting)
		}
	}
	if worked != waiting {
		t.Errorf("worked on %d of %d", worked, waiting)
	}
}

// A shop is only said to be in step up to its last full poll, and to the oldest webhook not taken in.
func TestLastSuccessIsWhatIsKnownForSure(t *testing.T) {
	r := newRig(t, knobs{timeout: time.Minute, ingest: ingest.Options{Poll: fast}})
	const held = "576460000000009999"
	r.answer(func(_ http.ResponseWriter, q *http.Request) bool {
		if strings.Contains(q.URL.Query().Get("ids"), held) {
			<-q.Context().Done()
		}
		return false
	})
	if status := r.post(hint(1, shopID, held, r.now())); status != http.StatusOK {
		t.Fatal(status)
	}
	r.passes(3)
	if s, item := r.status(r.shop), r.item(1); !s.LastSuccess.Equal(item.Received) || s.Backlog != 1 {
		t.Errorf("in step up to %s with a webhook of %s, backlog %d", s.LastSuccess, item.Received, s.Backlog)
	}
	r.answer(func(w http.ResponseWriter, q *http.Request) bool {
		down := strings.HasPrefix(q.URL.Path, searchPath)
		if down {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return down
	})
	r.until("no poll is under way", func() bool { return len(found[shopevents.Failing](r)) == 1 })
	polled := r.status(r.shop).LastPoll
	id := r.place(shopID, false)
	r.until("its webhook is taken in", func() bool { return r.order(r.shop, id).Known() })
	if s := r.status(r.shop); s.LastSuccess.After(polled) {
		t.Errorf("in step up to %s, polled %s", s.LastSuccess, polled)
	}
}

// A try that was planned by a clock that was a day ahead is not a day late when the clock is right again.
func TestPlannedTryIsNotLateAfterTheClockIsSetBack(t *testing.T) {
	r := newRig(t, knobs{ingest: ingest.Options{Chance: func() float64 { return 0.9 }}})
	const id = "576460000000009999"
	r.offset.Store(int64(24 * time.Hour))
	if status := r.post(hint(1, shopID, id, r.now())); status != http.StatusOK {
		t.Fatal(status)
	}
	r.until("it was tried", func() bool { return r.item(1).Attempts > 2 })
	r.offset.Store(0)
	_, err := r.PlaceOrder(shopID, tiktoksim.NewOrder{ID: id, BuyerID: "1", Lines: []tiktoksim.Line{{SKUID: skuA + "1", Quantity: 1}}})
	r.must(err)
	r.until("it is done with", func() bool { return r.item(1).State == vault.Done })
}
