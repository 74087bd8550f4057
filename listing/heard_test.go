package listing_test

import (
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/domain/orders"
)

// TestHeard: what a notification tells of an order that is on its way here is listed no more by a mirror, until it is too old; one that
// comes when the order has ended tells nothing new. A restart forgets none.
func TestHeard(t *testing.T) {
	in(t, 40, tiktoksim.Config{}, func(w world) {
		w.push(true)
		stand, _ := w.amazon()
		amazon := ""
		for _, c := range w.Hub().Shops.Connections() {
			if c.Channel == "amazon" {
				amazon = c.ID
			}
		}
		w.must(w.Command(w.ctx, "set-listing-policy", map[string]any{"policy": "mirror"}))
		w.sleep(20 * time.Minute)
		w.lists(100)

		ended, err := stand.buy(1)
		w.must(err)
		w.sleep(10 * time.Minute)
		w.must(stand.cancel(ended))
		w.sleep(20 * time.Minute)
		w.lists(100)

		hear := func(order string) {
			w.Hub().Listing.Heard(amazon, orders.ID(amazon, order), []channels.Line{{Code: "HAT", Quantity: 30}})
			w.sleep(30 * time.Second)
		}
		hear(ended)
		w.lists(100)
		hear("another")
		w.lists(70)
		w.sleep(15 * time.Minute)
		w.lists(100)

		w.must(w.Crash()) // what waits in the inbox is told again, before the shops have told their listings
		w.must(w.Start(w.ctx))
		hear("a third")
		w.sleep(8 * time.Minute)
		w.lists(70)
		w.sleep(15 * time.Minute)
		w.lists(100)
	})
}
