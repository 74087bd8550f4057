package disk

import (
	"io"
	"testing"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/drilltest"
)

// TestDisk fills the hub's disk, which must keep its promises, and the disk of a twin that does not know
// a full disk from any other error.
func TestDisk(t *testing.T) {
	r, err := Run(t.Context(), drill.Options{
		Binary: drilltest.Build(t), Dir: drilltest.Dir(t), Cycles: 1, Seed: 1, PerMinute: 1000, Out: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.NotRun != "" {
		t.Skip("NOT RUN: " + r.NotRun) //nolint:forbidigo // a machine that cannot make a small disk proves nothing here, and says so
	}
	if len(r.Broken) > 0 {
		t.Errorf("the hub broke a promise: %v", r.Broken)
	}
	drilltest.Caught(t, "full_unknown", "the hub did not wait for room", "disk", "--cycles", "1")
}
