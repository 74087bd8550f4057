package simulation

import (
	"os"
	"testing"

	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/drill/drilltest"
)

// TestSimulation runs the hub through days of all faults, in which it must keep its promises.
func TestSimulation(t *testing.T) {
	dir, err := bubble.Folder()
	if err != nil {
		t.Fatal(err)
	}
	const seeds = 200
	r, err := Run(t.Context(), Options{Dir: dir, Seeds: seeds, Seed: 1, Out: os.Stdout})
	if err != nil {
		t.Fatalf("%v (what it left is in %s)", err, dir)
	}
	t.Logf("%d days, %d orders, %d acknowledged, %.0f s", r.Cycles, r.Orders, r.Acked, r.Seconds)
	if err := r.Err(); err != nil {
		t.Fatalf("%v\nwhat it left is in %s", err, dir)
	}
	if r.Orders < 10*seeds || r.Acked < 20*seeds {
		t.Errorf("%d days with %d orders and %d acknowledged webhooks and commands prove little", seeds, r.Orders, r.Acked)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

// TestTokenLost: on these days the hub ends between the answer to a token's refresh and the vault, so that a person has to connect
// the shop again; then nothing is lost.
func TestTokenLost(t *testing.T) {
	for _, seed := range []uint64{1787, 4058, 4833} {
		dir, err := bubble.Folder()
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(t.Context(), Options{Dir: dir, Seeds: 1, Seed: seed, Out: os.Stdout})
		if err == nil {
			err = r.Err()
		}
		if err != nil {
			t.Errorf("seed %d: %v (what it left is in %s)", seed, err, dir)
			continue
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	}
}

// TestTwin: a hub that does not look at what a try before has done ships twice, and is caught.
func TestTwin(t *testing.T) {
	drilltest.Caught(t, "no_look", "done twice at the shop", "simulation", "--seeds", "4")
}
