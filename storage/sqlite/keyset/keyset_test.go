package keyset

import (
	"fmt"
	"testing"
)

// TestSet holds a set against what it was told: no key with a row is absent, and nearly all others are.
func TestSet(t *testing.T) {
	set := New()
	key := func(i int) (string, []any) {
		switch i % 4 {
		case 0:
			return "orders_v3", []any{fmt.Sprintf("k1:%d", i)}
		case 1:
			return "sold_v3", []any{fmt.Sprintf("sku-%d", i/8), int64(i)}
		case 2:
			return "days_v1", []any{int64(i)}
		}
		return "odd_v1", []any{true, float64(i)}
	}
	const n = 400_000
	for i := range n / 2 {
		set.Add(key(i))
	}
	known := 0
	for i := range n {
		absent := set.Absent(key(i))
		if absent && i < n/2 {
			table, of := key(i)
			t.Fatalf("%s %v was added and is absent", table, of)
		}
		if absent {
			known++
		}
	}
	if known < n/2*99/100 {
		t.Errorf("of %d absent keys %d are known to be", n/2, known)
	}
	if !set.Absent("other_v1", []any{"k1:0"}) {
		t.Error("the key of one table is taken for another's")
	}
	set.Lose()
	if set.Absent("other_v1", []any{"k1:0"}) {
		t.Error("a key is absent although rows were written that nobody noted")
	}
}
