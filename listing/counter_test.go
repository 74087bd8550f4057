package listing_test

import (
	"fmt"
	"testing"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/drill/bubble"
)

// TestDirectSalesKeepToTheirShare: buyers on a shop and at the counter take units in turn, under escrow, until nothing is left: never
// is more sold or to be sold than there is, and both have sold.
func TestDirectSalesKeepToTheirShare(t *testing.T) {
	in(t, 60, tiktoksim.Config{}, func(w world) {
		m := w.market()
		app, err := w.Hub().Shops.AddApp(w.ctx, channels.App{Channel: "direct", Key: "market"})
		w.must(err)
		added, err := w.Hub().Shops.Authorize(w.ctx, app.ID, channels.Grant{}, "Market")
		w.must(err)
		w.must(m.Command(w.ctx, "set-listing-policy", map[string]any{"policy": "escrow"}))
		w.push(true)
		m.steps(60, 10e9, func() {})
		if listed := w.listed(hat); listed == 0 || listed == 100 {
			t.Errorf("the shop lists %d of 100 beside the counter", listed)
		}
		entered, refused := 0, 0
		for n := range 400 {
			m.buy(bubble.Shop, 1)
			id := fmt.Sprintf("M-%d", n)
			err := m.Command(w.ctx, "place-order", map[string]any{
				"connection": added[0].ID, "number": id, "currency": "GBP", "pay": "elsewhere",
				"lines": []any{map[string]any{"sku": "HAT", "quantity": 1, "price": 199}},
			})
			if err == nil {
				entered++
				m.sold[id] = 1
			} else {
				refused++
			}
			m.seconds(1, func() {})
		}
		if entered == 0 || refused == 0 {
			t.Errorf("%d entered, %d refused", entered, refused)
		}
	})
}
