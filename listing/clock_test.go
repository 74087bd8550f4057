package listing_test

import (
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	events "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/drill/bubble"
)

// TestClocksApart: a clock that is ahead of the shop's, or behind, has no sale count twice or be taken for somebody's change.
func TestClocksApart(t *testing.T) {
	for _, c := range []struct {
		name   string
		skew   time.Duration
		silent bool // no webhook comes, so every sale is heard of after a reading
	}{
		{"ahead", 20 * time.Second, false},
		{"ahead, without webhooks", 20 * time.Second, true},
		{"behind, without webhooks", -12 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, 100, tiktoksim.Config{}, func(w world) {
				w.push(true)
				if c.silent {
					w.must(w.Sim.SetWebhookURL(bubble.Shop, ""))
				}
				w.SetClock(c.skew)
				w.sleep(20 * time.Minute)
				short := 0
				for n := range 60 {
					if w.listed(hat) == 0 {
						t.Fatalf("nothing is listed after %d of 100 were sold", n)
					}
					w.sell(1)
					for range 10 {
						w.sleep(1300 * time.Millisecond)
						known, _ := w.Hub().Listing.SKU("HAT")
						bound, _ := known.State.Find(known.Listings[0].ID)
						short = max(short, w.listed(hat)-bound.Exposure)
					}
				}
				w.lists(40)
				if n, found := w.Sim.Counts().InventoryWrites, told[events.Differed](w); short > 0 || n > 0 || len(found) > 0 {
					t.Errorf("up to %d more listed than is known, %d writes, told %+v", short, n, found)
				}
			})
		})
	}
}
