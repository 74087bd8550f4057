package bitrot

import (
	"io"
	"testing"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/drilltest"
)

// TestBitrot flips bits in the files of the hub, which must tell of each that is read.
func TestBitrot(t *testing.T) {
	flips := 30
	if testing.Short() {
		flips = 18
	}
	r, err := Run(t.Context(), drill.Options{
		Binary: drilltest.Build(t), Dir: drilltest.Dir(t), Cycles: flips, Seed: 1, PerMinute: 3000, Out: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if len(r.Broken) > 0 {
		t.Errorf("the hub broke a promise: %v", r.Broken)
	}
}

// TestBitrotCatches: records that are read without their checksum are served changed.
func TestBitrotCatches(t *testing.T) {
	drilltest.Caught(t, "no_crc", "log.db: read as something else without a word: the log by position",
		"bitrot", "--flips", "40", "--rate", "3000")
}
