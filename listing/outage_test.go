package listing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
)

// TestOutageToSurvive: a hybrid lists all units on each shop while it survives the outage that was said, for all SKUs or for this one;
// a longer one has each unit listed once. The page says which outage it is, and what is at stake without any.
func TestOutageToSurvive(t *testing.T) {
	in(t, 60, tiktoksim.Config{}, func(w world) {
		app, err := w.Hub().Shops.AddApp(w.ctx, channels.App{Channel: "direct", Key: "market"})
		w.must(err)
		_, err = w.Hub().Shops.Authorize(w.ctx, app.ID, channels.Grant{}, "Market")
		w.must(err)
		w.push(true)
		w.sleep(10 * time.Minute)
		w.sell(8)
		w.sleep(15 * time.Minute)
		w.lists(92)
		var sku struct{ Survives string }
		says := func(want ...string) {
			t.Helper()
			w.page("/api/v1/stock/HAT", &sku)
			for _, part := range want {
				if !strings.Contains(sku.Survives, part) {
					t.Errorf("the page says %q, want %q", sku.Survives, part)
				}
			}
		}
		says("in one of 60 minutes", "Without any outage a shop hears of the others' sales after up to", "as measured: at that rate up to")
		w.must(w.Command(w.ctx, "set-outage", map[string]any{"minutes": 4 * 24 * 60}))
		w.sleep(15 * time.Minute)
		if listed := w.listed(hat); listed >= 92 || listed == 0 {
			t.Errorf("the shop lists %d of 92, and is to survive four days", listed)
		}
		says("survives any outage of ours")
		w.must(w.Command(w.ctx, "set-outage", map[string]any{"sku": "HAT", "minutes": 30}))
		w.sleep(15 * time.Minute)
		w.lists(92)
		says("in one of 30 minutes")
		w.must(w.Command(w.ctx, "set-outage", map[string]any{"sku": "HAT", "minutes": 0}))
		w.sleep(15 * time.Minute)
		if listed := w.listed(hat); listed >= 92 || listed == 0 {
			t.Errorf("the shop lists %d of 92 under what holds for all", listed)
		}
		for want, body := range map[string]map[string]any{"10080": {"minutes": 10_081}, "no such SKU": {"sku": "CAP", "minutes": 5}} {
			if err := w.Command(w.ctx, "set-outage", body); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %v, want %q", body, err, want)
			}
		}
	})
}
