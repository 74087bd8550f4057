package heard

import (
	"slices"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// TestQueue: what is told of a shop whose listings are not known yet waits for them.
func TestQueue(t *testing.T) {
	var q Queue
	for _, connection := range []string{"k1", "k2", "k1"} {
		q.Add(connection, connection+":1", []channels.Line{{Code: "MUG", Quantity: 2}, {Code: "MUG", Quantity: 1}})
	}
	if taken := q.Take(func(connection string) bool { return connection == "k2" }); len(taken) != 1 || taken[0].Order != "k2:1" || taken[0].Units["MUG"] != 3 {
		t.Errorf("took %+v", taken)
	}
	all := func(string) bool { return true }
	if taken := q.Take(all); len(taken) != 2 || taken[0].Connection != "k1" {
		t.Errorf("took %+v", taken)
	}
	if taken := q.Take(all); taken != nil {
		t.Errorf("took %+v twice", taken)
	}
}

func TestBook(t *testing.T) {
	noon := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	listing := func(connection, code string) (string, bool) { return connection + "/" + code, code != "unknown" }
	var b Book
	sale := Sale{Connection: "k1", Order: "k1:1", Units: map[string]int{"MUG": 2, "unknown": 1}}
	if changed := b.Note(sale, noon, listing); !slices.Equal(changed, []string{"k1/MUG"}) {
		t.Errorf("noted %v", changed)
	}
	if changed := b.Note(sale, noon, listing); changed != nil {
		t.Errorf("a notification that comes twice counts twice: %v", changed)
	}
	b.Note(Sale{Connection: "k1", Order: "k1:2", Units: map[string]int{"MUG": 1}}, noon.Add(time.Minute), listing)
	if units := b.Units("k1/MUG"); units != 3 {
		t.Errorf("%d units heard", units)
	}
	if changed := b.Forget("k1:2"); !slices.Equal(changed, []string{"k1/MUG"}) || b.Units("k1/MUG") != 2 {
		t.Errorf("forgot %v, %d units left", changed, b.Units("k1/MUG"))
	}
	if changed := b.Expire(noon.Add(believed - 1)); changed != nil {
		t.Errorf("expired %v too soon", changed)
	}
	if changed := b.Expire(noon.Add(believed)); !slices.Equal(changed, []string{"k1/MUG"}) || b.Units("k1/MUG") != 0 {
		t.Errorf("expired %v, %d units left", changed, b.Units("k1/MUG"))
	}
}
