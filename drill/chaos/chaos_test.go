package chaos

import (
	"os"
	"testing"

	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/drill/drilltest"
)

// TestChaos delivers the webhooks of orders in every way there is but the right one.
func TestChaos(t *testing.T) {
	dir, err := bubble.Folder()
	if err != nil {
		t.Fatal(err)
	}
	const sequences = 20_000
	r, err := Run(t.Context(), Options{Dir: dir, Sequences: sequences, Seed: 1})
	if err != nil {
		t.Fatalf("%v (what it left is in %s)", err, dir)
	}
	t.Logf("%d sequences, %d acknowledged, %.0f s", r.Cycles, r.Acked, r.Seconds)
	if err := r.Err(); err != nil {
		t.Fatalf("%v\nwhat it left is in %s", err, dir)
	}
	if r.Acked < 2*sequences {
		t.Errorf("%d sequences with %d acknowledged webhooks prove little", sequences, r.Acked)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

// TestTwin: a hub that keeps a webhook each time it comes is caught.
func TestTwin(t *testing.T) {
	drilltest.Caught(t, "no_dedupe", "are kept again", "chaos", "--sequences", "100")
}
