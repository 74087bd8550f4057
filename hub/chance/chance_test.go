package chance

import (
	"math/rand/v2"
	"testing"
)

// Each part draws its own, the same again for the same seed, whatever the others draw.
func TestChance(t *testing.T) {
	draw := func(others int) (all []float64) {
		from := rand.NewChaCha8([32]byte{7})
		first, err := New(from)
		if err != nil {
			t.Fatal(err)
		}
		second, err := New(from)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			for range others {
				first.Float64()
			}
			all = append(all, second.Float64())
		}
		return all
	}
	a, b := draw(0), draw(5)
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("draw %d: %v and %v", i, a[i], b[i])
		}
	}
	if a[0] == a[1] {
		t.Errorf("drew %v twice", a[0])
	}
}
