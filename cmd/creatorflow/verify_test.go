package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/events"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/sqlite"
)

// TestVerifySnapshots: a snapshot that is not what was written, or not what its events give, is named.
func TestVerifySnapshots(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	done(t, "rebuild", "--data", data)
	mug := stockevents.Stream("main", "MUG")
	var received []eventlog.Event
	for range 600 {
		received = append(received, stockevents.Received{SKU: "MUG", Quantity: 2})
	}
	edit(t, data, func(ctx context.Context, log *eventlog.Log, store eventlog.Store) {
		if _, err := log.Append(ctx, eventlog.Write{Stream: mug, Events: received}); err != nil {
			t.Fatal(err)
		}
		if s, err := log.Fold(ctx, inventory.Fold("main", "MUG")); err != nil || s.Value.(inventory.State).Received != 1200 {
			t.Fatalf("the stock is %+v, %v", s, err)
		}
		eventually(t, "a snapshot is kept", func() bool {
			_, found, err := store.Snapshot(ctx, mug, "stock")
			if err != nil {
				t.Fatal(err)
			}
			return found
		})
	})
	done(t, "rebuild", "--data", data)
	if out := done(t, "verify", "--data", data); !strings.Contains(out, " 1 snapshots of long streams are what their events give") {
		t.Errorf("verify says %q", out)
	}
	for _, c := range []struct {
		name   string
		change func(s *eventlog.Snapshot)
		want   string
	}{
		{"damaged", func(s *eventlog.Snapshot) { s.Data[2] ^= 4 }, "does not match its sum"},
		{"beyond", func(s *eventlog.Snapshot) { s.Version = 601; s.Guard() }, "where the stream has no event"},
		{"false", func(s *eventlog.Snapshot) { s.Data[2] ^= 4; s.Guard() }, "is not what the events up to it give"},
	} {
		t.Run(c.name, func(t *testing.T) {
			edit(t, data, func(ctx context.Context, _ *eventlog.Log, store eventlog.Store) {
				s, _, err := store.Snapshot(ctx, mug, "stock")
				if err != nil {
					t.Fatal(err)
				}
				whole := s
				whole.Data = append([]byte{}, s.Data...)
				c.change(&s)
				if err := store.PutSnapshot(ctx, s); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					edit(t, data, func(_ context.Context, _ *eventlog.Log, store eventlog.Store) {
						if err := store.PutSnapshot(context.Background(), whole); err != nil {
							t.Error(err)
						}
					})
				})
			})
			code, out, errs := once(t, "verify", "--data", data)
			if code != exitFailure || out != "" || !strings.Contains(errs, c.want) || !strings.Contains(errs, "main/stock/MUG") {
				t.Errorf("exit %d, %q, %q; want 1 and %q", code, out, errs, c.want)
			}
		})
	}
	done(t, "verify", "--data", data)
}

// TestVerifyAddsUp: a log that is whole, and says of stock what orders do not, is refused.
func TestVerifyAddsUp(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	done(t, "rebuild", "--data", data)
	edit(t, data, func(ctx context.Context, log *eventlog.Log, _ eventlog.Store) {
		if _, err := log.Append(ctx, eventlog.Write{Stream: stockevents.Stream("main", "MUG"), Events: []eventlog.Event{
			stockevents.Received{SKU: "MUG", Quantity: 1}, stockevents.Reserved{SKU: "MUG", Order: "k1:A", Attempt: 1, Quantity: 2},
		}}); err != nil {
			t.Fatal(err)
		}
	})
	done(t, "rebuild", "--data", data)
	code, out, errs := once(t, "verify", "--data", data)
	if code != exitFailure || !strings.Contains(out, "0 orders and the stock of 1 SKUs were added up") || !strings.Contains(errs, "do not add up in 2 places") ||
		!strings.Contains(errs, "MUG is oversold") || !strings.Contains(errs, "k1:A, which is not open") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}

// edit runs a log on the folder.
func edit(t *testing.T, data string, do func(ctx context.Context, log *eventlog.Log, store eventlog.Store)) {
	t.Helper()
	folder, err := sqlite.OpenFolder(data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = folder.Close() }()
	store, err := sqlite.OpenLog(context.Background(), folder)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	log, err := eventlog.Open(context.Background(), store, eventlog.Options{Clock: time.Now, Decode: events.Decode})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- log.Run(ctx) }()
	do(ctx, log, store)
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
