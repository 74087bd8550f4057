package listing_test

import (
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/drill/bubble"
)

// TestSharesFollowSales: two shops have equal shares until units come in; then the one that sold has more of them, and after a
// restart as well.
func TestSharesFollowSales(t *testing.T) {
	in(t, 60, tiktoksim.Config{RemorseHold: 12 * time.Hour}, func(w world) {
		m := w.market()
		w.push(true)
		m.open("escrow")
		m.must(m.Command(m.ctx, "set-listing-policy", map[string]any{"policy": "escrow"}))
		shares := func() (first, second int) {
			m.steps(60, 10*time.Second, func() {})
			for shop, n := range map[string]*int{bubble.Shop: &first, other: &second} {
				s, err := m.Sim.Stock(shop, m.listed[shop])
				m.must(err)
				*n = s.Listed
			}
			return first, second
		}
		if a, b := shares(); a != 50 || b < 40 { // ten more are not worth a pause
			t.Errorf("the shops list %d and %d of 100 before either sold", a, b)
		}
		for range 20 {
			m.buy(bubble.Shop, 1)
			m.seconds(5, func() {})
		}
		if a, b := shares(); a > 40 || b < 40 {
			t.Errorf("the shops list %d and %d while nothing came in", a, b)
		}
		m.must(m.Receive(m.ctx, "HAT", 220))
		m.total += 220
		a, b := shares()
		if a < 2*b || b < 40 || m.promised() != m.total {
			t.Errorf("the shops list %d and %d after one of them sold and units came in", a, b)
		}
		w.must(w.Crash())
		w.must(w.Start(w.ctx))
		if x, y := shares(); x != a || y != b {
			t.Errorf("the shops list %d and %d after a restart, %d and %d before it", x, y, a, b)
		}
	})
}
