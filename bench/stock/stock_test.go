package stock

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/bench"
	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestStock changes stock for a moment on each engine: as many changes as were due, and sums, log, view and ledger
// the same, which the bench itself compares. Its times mean nothing.
func TestStock(t *testing.T) {
	for _, engine := range []string{bench.SQLite, bench.Postgres} {
		t.Run(engine, func(t *testing.T) {
			const length = 10 * time.Second // 9.5 s of 28 changes and half a second of 280
			var out bytes.Buffer
			if err := Run(t.Context(), Options{Engine: engine, Length: length, Seed: 1, JSON: true, Out: &out}); err != nil {
				t.Fatal(err)
			}
			t.Log(out.String())
			var r Report
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.Engine != engine || r.Changes < 390 || r.Changes > 410 || r.Bursts != 1 || r.Burst.Changes < 125 || r.Burst.Changes > 145 ||
				r.Steady.Changes+r.Burst.Changes != r.Changes || r.Rows != int64(skus+r.Changes) || r.Steady.P50 <= 0 || r.Burst.Longest < r.Burst.P50 {
				t.Errorf("not a measurement: %+v", r)
			}
		})
	}
}

// TestCheck: a sum that is one unit or one change off is seen.
func TestCheck(t *testing.T) {
	places, err := bench.NewPlaces(t.Context(), bench.Options{Engine: bench.SQLite, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	place, err := places.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	views, err := place.Views(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	log, stop, err := place.Run(t.Context(), eventlog.Options{Clock: time.Now, Decode: events.Decode})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(views.Close(), stop(), places.Close()); err != nil {
			t.Error(err)
		}
	}()
	b := newBook(log, 1)
	if err := b.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := b.clerk(1)
	for range 300 {
		if _, err := c.change(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	runner := projection.NewRunner(log, views, []projection.Projection{inventory.View{}}, projection.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = runner.Run(ctx) }) // it ends with the test
	if err := runner.WaitFor(ctx, log.Head().Position); err != nil {
		t.Fatal(err)
	}
	cancel()
	running.Wait()
	if rows, err := b.check(t.Context(), views); err != nil || rows != skus+300 {
		t.Fatalf("%d rows, %v", rows, err)
	}
	for what, off := range map[string]sums{"a unit": {onHand: 1}, "a promise": {reserved: -1}, "a change": {changes: 1}} {
		right := b.skus[name(7)]
		b.skus[name(7)] = sums{right.onHand + off.onHand, right.reserved + off.reserved, right.changes + off.changes}
		if _, err := b.check(t.Context(), views); err == nil || !strings.Contains(err.Error(), "SKU-007") {
			t.Errorf("%s too many: %v", what, err)
		}
		b.skus[name(7)] = right
	}
}
