package spread

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/drill/drilltest"
)

// TestSpread sells a part of the order log on three shops at once.
func TestSpread(t *testing.T) {
	orders, products := 2000, 100
	if testing.Short() {
		orders, products = 300, 20
	}
	r, err := Run(t.Context(), Options{Orders: orders, Products: products, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := r.Write(&table); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &table)
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Shops {
		if s.Orders == 0 || s.Sales < 10 && !s.Here {
			t.Errorf("%s took %d orders and was watched after %d sales elsewhere, which proves nothing", s.Name, s.Orders, s.Sales)
		}
	}
	if r.Catalogue.Sales < 20 || r.All.Sales < 60 {
		t.Errorf("the catalogue was watched after %d sales, all together after %d, which proves nothing", r.Catalogue.Sales, r.All.Sales)
	}
}

// TestLag: one of a hundred sales may lower the others late, of fewer the worst one, and no more.
func TestLag(t *testing.T) {
	for _, c := range []struct {
		sales, late int
		broken      bool
	}{{10, 1, false}, {10, 2, true}, {99, 1, false}, {99, 2, true}, {100, 1, false}, {100, 2, true}, {299, 2, false}, {299, 3, true}} {
		all := slices.Repeat([]time.Duration{time.Second}, c.sales)
		for i := range c.late {
			all[i] = required + time.Second
		}
		var r Report
		if r.judge("the shop", lag(all)); (len(r.Broken) > 0) != c.broken {
			t.Errorf("%d of %d sales are late: %q", c.late, c.sales, r.Broken)
		}
	}
	if l := lag([]time.Duration{4, 2, 1, 3}); l != (Lag{Sales: 4, P50: 2, P99: 4, Judged: 3}) {
		t.Errorf("got %+v", l)
	}
}

// TestTwin: a hub that keeps a webhook each time it comes is caught.
func TestTwin(t *testing.T) {
	drilltest.Caught(t, "no_dedupe", "are kept again", "oversell", "--shops", "--short")
}
