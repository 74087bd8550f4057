package spread

import (
	"bytes"
	"testing"

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
		if s.Orders == 0 || s.Sales == 0 && !s.Here {
			t.Errorf("%s took %d orders and was watched after %d sales elsewhere, which proves nothing", s.Name, s.Orders, s.Sales)
		}
	}
}

// TestTwin: a hub that keeps a webhook each time it comes is caught.
func TestTwin(t *testing.T) {
	drilltest.Caught(t, "no_dedupe", "are kept again", "oversell", "--shops", "--short")
}
