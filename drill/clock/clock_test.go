package clock

import (
	"os"
	"testing"

	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/drill/drilltest"
)

// TestClock sets the hub's clock by a day and by an hour, forwards and back.
func TestClock(t *testing.T) {
	dir, err := bubble.Folder()
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Options{Dir: dir, Cycles: len(steps), Seed: 1})
	if err != nil {
		t.Fatalf("%v (what it left is in %s)", err, dir)
	}
	t.Logf("%d steps, %d orders, %d acknowledged, %.0f s", r.Cycles, r.Orders, r.Acked, r.Seconds)
	if err := r.Err(); err != nil {
		t.Fatalf("%v\nwhat it left is in %s", err, dir)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

// TestTwin: a hub that trusts its own clock refuses commands while it is behind.
func TestTwin(t *testing.T) {
	drilltest.Caught(t, "strict_keys", "and 0 commands were acknowledged", "clock", "--cycles", "1")
}
