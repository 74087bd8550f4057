package listing_test

import (
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	events "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/drill/bubble"
)

// TestBrokenListingCostsNoCalls: a listing that cannot be read is no reason to read the whole shop again and again, nor to leave the
// others alone.
func TestBrokenListingCostsNoCalls(t *testing.T) {
	in(t, 40, tiktoksim.Config{}, func(w world) {
		_, err := w.Sim.AddProduct(bubble.Shop, tiktoksim.Product{Title: "Broken", SKUs: []tiktoksim.SKU{{SellerSKU: "CAP", Price: "1.00", Quantity: 3, Garbled: true}}})
		w.must(err)
		w.push(true)
		w.sleep(10 * time.Minute)
		w.lists(100)
		const list = "POST /product/202502/products/search"
		before := w.Sim.Counts().Requests[list]
		w.sleep(time.Hour)
		if n := w.Sim.Counts().Requests[list] - before; n > 10 {
			t.Errorf("the shop's list was read %d times in an hour", n)
		}
		if s := w.Hub().Listing.Shop(w.Connection()); s.Trouble != "" {
			t.Errorf("told %+v", s)
		}
	})
}

// TestNumbersOfWritesGoOn: a code that means another SKU for a while, and then its own again, goes on with the writes where they
// were: a number is a write's key.
func TestNumbersOfWritesGoOn(t *testing.T) {
	in(t, 40, tiktoksim.Config{}, func(w world) {
		_, err := w.Sim.AddProduct(bubble.Shop, tiktoksim.Product{Title: "Cap", SKUs: []tiktoksim.SKU{{SellerSKU: "CAP", Price: "1.00", Quantity: 3}}})
		w.must(err)
		w.must(w.Receive(w.ctx, "MUG", 7))
		w.must(w.Command(w.ctx, "map-sku", map[string]any{"connection": w.Connection(), "code": "CAP", "sku": "HAT"}))
		w.must(w.Command(w.ctx, "set-listing-policy", map[string]any{"policy": "escrow"}))
		w.push(true)
		w.sleep(10 * time.Minute)
		w.lists(50) // the cap takes the other half
		for _, sku := range []string{"MUG", "HAT"} {
			w.must(w.Command(w.ctx, "map-sku", map[string]any{"connection": w.Connection(), "code": "HAT", "sku": sku}))
			w.sleep(10 * time.Minute)
		}
		w.edit(5)
		w.sleep(20 * time.Minute)
		w.lists(50)
		last := 0
		for _, sent := range told[events.Sent](w) {
			if sent.Listing != hat {
				continue
			}
			if sent.Number <= last {
				t.Errorf("the write to %d has the number %d, after %d", sent.To, sent.Number, last)
			}
			last = sent.Number
		}
		if last < 4 {
			t.Errorf("only %d writes", last)
		}
	})
}
