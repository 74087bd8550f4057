package ahead

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/creatorflow/creatorflow/eventlog"
)

// tape is a log of positions alone.
type tape struct {
	Log
	end    eventlog.Position
	reads  atomic.Int64
	broken atomic.Bool
}

// ReadAll implements Log.
func (l *tape) ReadAll(_ context.Context, after eventlog.Position, limit int) (page []eventlog.Record, err error) {
	l.reads.Add(1)
	if l.broken.Load() {
		return nil, errors.New("broken")
	}
	for p := after + 1; p <= l.end && len(page) < limit; p++ {
		page = append(page, eventlog.Record{Position: p})
	}
	return page, nil
}

// TestPages reads a log to its end with limits that change, and compares with what stands there.
func TestPages(t *testing.T) {
	log := &tape{end: 1000}
	pages := Pages{Log: log}
	var at eventlog.Position
	read := func(limit, want int) {
		t.Helper()
		got, err := pages.ReadAll(t.Context(), at, limit)
		if err != nil || len(got) != want {
			t.Fatalf("after %d, at most %d: %d records, %v; want %d", at, limit, len(got), err, want)
		}
		for _, r := range got {
			if at++; r.Position != at {
				t.Fatalf("position %d where %d is due", r.Position, at)
			}
		}
	}
	for _, limit := range []int{10, 10, 5, 1, 300, 300, 7} {
		read(limit, limit)
	}
	at = 100 // somebody has moved the reader
	pages.Settle()
	before := log.reads.Load()
	read(50, 50)
	read(50, 50) // was read ahead
	pages.Settle()
	if n := log.reads.Load() - before; n != 3 {
		t.Errorf("%d reads for two pages and the one after them, want 3", n)
	}
	log.broken.Store(true)
	if _, err := pages.ReadAll(t.Context(), 500, 10); err == nil {
		t.Error("an error of the log was lost")
	}
	log.broken.Store(false)
	at = 990
	read(20, 10)
	read(20, 0)
	pages.Settle()
}
