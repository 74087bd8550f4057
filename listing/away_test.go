package listing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
)

// TestRestartWhileAShopIsAway: what a shop lists that does not answer after a restart is not given to another one.
func TestRestartWhileAShopIsAway(t *testing.T) {
	in(t, 60, tiktoksim.Config{}, func(w world) {
		w.must(w.Command(w.ctx, "set-listing-policy", map[string]any{"policy": "escrow"}))
		w.push(true)
		store, shopify := w.shopify()
		w.sleep(20 * time.Minute)
		there, err := store.listed()
		w.must(err)
		if there == 0 || there+w.listed(hat) != 100 {
			t.Fatalf("%d and %d are listed", w.listed(hat), there)
		}
		w.must(w.Crash())
		shopify.SetFaults(shopifysim.Faults{API5xx: 1})
		w.must(w.Start(w.ctx))
		w.sleep(time.Hour)
		if n := w.listed(hat); n+there > 100 {
			t.Errorf("%d are listed beside the %d of the shop that is away", n, there)
		}
		var shops struct {
			Items []struct {
				ID      string
				Trouble string `json:"push_trouble"`
			}
		}
		w.page("/api/v1/connections", &shops)
		for _, shop := range shops.Items {
			if shop.ID == w.Connection() && !strings.Contains(shop.Trouble, "does not tell what it lists") {
				t.Errorf("why nothing is raised: %q", shop.Trouble)
			}
		}
		for _, shop := range shops.Items {
			if shop.ID != w.Connection() { // it is closed for good
				w.must(w.Command(w.ctx, "push-quantities", map[string]any{"connection": shop.ID, "on": false}))
			}
		}
		w.sleep(20 * time.Minute)
		if n := w.listed(hat); n != 100 {
			t.Errorf("%d are listed once nobody waits for the shop that is away", n)
		}
		w.page("/api/v1/connections", &shops)
		for _, shop := range shops.Items {
			if shop.ID == w.Connection() && shop.Trouble != "" {
				t.Errorf("what is raised has trouble: %q", shop.Trouble)
			}
		}
	})
}
