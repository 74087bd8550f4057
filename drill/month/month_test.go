package month

import (
	"bytes"
	"testing"
)

// TestMonth lets some days pass; a month is a command.
func TestMonth(t *testing.T) {
	days, orders := 8, 4000
	if testing.Short() {
		days, orders = 2, 300
	}
	r, err := Run(t.Context(), Options{Days: days, Orders: orders, Products: 12, Seed: 1, Out: t.Output()})
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
	if r.Cancelled == 0 || r.Returned == 0 || len(r.Shops) != 4 {
		t.Errorf("%d cancelled and %d returned of %v, which proves little", r.Cancelled, r.Returned, r.Shops)
	}
}
