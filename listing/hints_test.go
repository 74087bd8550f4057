package listing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	events "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/listing/hints"
)

// looked is how many listings were read because a notification told of them.
func (w world) looked() int { return w.Hub().Listing.Hints.Counts()[hints.Looked] }

// rests lets all come to rest, until just after a look at all that the shop lists; looks counts them. It wants the shop to list so many.
func (w world) rests(s stand, want int, looks func() int) {
	w.t.Helper()
	w.sleep(20 * time.Minute)
	for n := looks(); looks() == n; {
		w.sleep(time.Second)
	}
	w.sleep(10 * time.Second)
	if n, err := s.listed(); err != nil || n != want {
		w.t.Fatalf("%s lists %d at rest, want %d (%v)", s.name, n, want, err)
	}
}

// until waits until a shop lists so many, and tells how long that took.
func (w world) until(s stand, want int, most time.Duration) time.Duration {
	w.t.Helper()
	began := time.Now()
	for {
		n, err := s.listed()
		w.must(err)
		if took := time.Since(began); n == want || took > most {
			if n != want {
				w.t.Errorf("%s lists %d, want %d within %s", s.name, n, want, most)
			}
			return took
		}
		w.sleep(50 * time.Millisecond)
	}
}

// TestHeardOfAtShopify: a quantity that somebody changes at a shop which tells of it is looked at within the second. What was added is
// taken off at once; what was taken off may be a sale, and is put back once the orders up to the look are listed. Neither our own
// writes nor sales whose orders come are looked at; an edit whose webhook is lost is found at the next look of all.
func TestHeardOfAtShopify(t *testing.T) {
	at(t, 60, tiktoksim.Config{}, true, func(w world) {
		w.must(w.Command(w.ctx, "set-listing-policy", map[string]any{"policy": "escrow"}))
		w.push(true)
		store, sim := w.shopify()
		looks := func() int { return sim.Counts().Requests["Quantities"] }
		w.rests(store, 50, looks)

		looked, writes := w.looked(), len(sim.Counts().QuantityWrites)
		w.must(store.edit(100))
		t.Logf("50 more by hand: the shop lists its share again after %s", w.until(store, 50, time.Second))
		w.sleep(20 * time.Second)
		if n, m := w.looked()-looked, len(sim.Counts().QuantityWrites)-writes; n != 1 || m != 1 {
			t.Errorf("%d looks at an edit upwards and what we wrote back, and %d writes, want one each", n, m)
		}
		w.rests(store, 50, looks)

		looked = w.looked()
		edited := time.Now()
		w.must(store.edit(40))
		t.Logf("10 less by hand: the shop lists its share again after %s", w.until(store, 50, 15*time.Second))
		w.sleep(5 * time.Second)
		found := told[events.Differed](w)
		if last := found[len(found)-1]; w.looked()-looked != 1 || last.Found != 40 || last.At.After(edited.Add(time.Second+3*time.Second)) {
			t.Errorf("%d looks, edited at %s, told %+v", w.looked()-looked, edited, last)
		}
		w.rests(store, 50, looks)

		looked = w.looked()
		_, err := store.buy(4)
		w.must(err)
		w.sleep(20 * time.Second)
		if n, s := w.looked()-looked, w.Hub().Listing.Hints.Counts(); n != 0 || s[hints.Known] == 0 {
			t.Errorf("%d looks at a sale whose order came: %v", n, s)
		}

		w.rests(store, 46, looks)
		looked = w.looked()
		sim.SetFaults(shopifysim.Faults{Lose: 1})
		w.must(store.edit(90))
		w.sleep(20 * time.Second)
		if n, err := store.listed(); err != nil || n != 90 {
			t.Errorf("an edit that nobody told of is written back: %d, %v", n, err)
		}
		w.sleep(time.Minute)
		if n, err := store.listed(); err != nil || n > 50 || w.looked() != looked {
			t.Errorf("an edit whose webhook is lost is not found in a minute: %d are listed, %v", n, err)
		}
	})
}

// TestHeardOfAtAmazon: the same through the queue, where writes are absolute and come late: a 0 leaves within the second. A thousand
// notifications more of one SKU, and of such that nobody lists, are one look and no call beyond the quota.
func TestHeardOfAtAmazon(t *testing.T) {
	in(t, 60, tiktoksim.Config{}, func(w world) {
		w.must(w.Command(w.ctx, "set-listing-policy", map[string]any{"policy": "escrow"}))
		w.push(true)
		seat, sim := w.amazon()
		looks := func() int { return sim.Counts().Requests["GET /listings/2021-08-01/items/{seller}"] }
		w.rests(seat, 40, looks)

		looked, edited := w.looked(), time.Now()
		w.must(seat.edit(100))
		w.sleep(time.Second)
		sent := told[events.Sent](w)
		if last := sent[len(sent)-1]; last.At.Before(edited) || last.To != 0 {
			t.Errorf("edited at %s, sent last %+v", edited, last)
		}
		t.Logf("60 more by hand: the shop lists a 0 after %s", time.Second+w.until(seat, 0, time.Minute))
		t.Logf("and its share again %s after that", w.until(seat, 50, 20*time.Minute))
		if n := w.looked() - looked; n != 1 {
			t.Errorf("%d looks at an edit upwards and what we wrote back, want one", n)
		}
		w.rests(seat, 50, looks)

		looked = w.looked()
		unknown := w.Hub().Listing.Hints.Counts()[hints.Unknown]
		for i := range 1000 {
			for _, sku := range []string{"HAT", fmt.Sprintf("NOT-OURS-%d", i)} {
				for _, c := range w.Hub().Shops.Connections() {
					w.Hub().Listing.Hints.Add(c.ID, channels.News{Seller: seller, Item: sku, Quantity: int64(1000 + i)}, time.Now())
				}
			}
		}
		w.sleep(10 * time.Second)
		if n := w.looked() - looked; n != 1 {
			t.Errorf("%d looks after a flood, want one", n)
		}
		if n := w.Hub().Listing.Hints.Counts()[hints.Unknown] - unknown; n < 1000 {
			t.Errorf("%d of the flood are counted as about nothing", n)
		}
		w.must(w.Receive(w.ctx, "HAT", 50)) // and what is to be written is
		w.until(seat, 75, 20*time.Minute)
		if c := sim.Counts(); c.RateLimited > 0 {
			t.Errorf("%d calls beyond the quota", c.RateLimited)
		}
	})
}
