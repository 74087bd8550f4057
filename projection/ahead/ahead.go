// Package ahead reads the log's next page while its reader is at the one before: reading and decoding
// take about as long as folding.
package ahead

import (
	"context"

	"github.com/creatorflow/creatorflow/eventlog"
)

// Log is what views are folded from; *eventlog.Log is one.
type Log interface {
	// ReadAll returns up to limit records after a position.
	ReadAll(ctx context.Context, after eventlog.Position, limit int) ([]eventlog.Record, error)
	// Wait blocks until the log's end is past a position.
	Wait(ctx context.Context, after eventlog.Position) (eventlog.Position, error)
	// Head is the log's end as known in memory.
	Head() eventlog.Head
}

// Pages are a log for one reader, who goes through it.
type Pages struct {
	Log
	next *page // being read, nil at first
}

// page is a read of the log that may not have come back yet.
type page struct {
	after   eventlog.Position
	limit   int
	done    chan struct{}
	records []eventlog.Record
	err     error
}

// ReadAll implements Log. It answers as the log does, and begins to read what comes next. A page that was cut short by the
// log's end, or by an error, is read again.
func (a *Pages) ReadAll(ctx context.Context, after eventlog.Position, limit int) ([]eventlog.Record, error) {
	p := a.next
	a.Settle()
	if p == nil || p.after != after || p.err != nil || len(p.records) < limit {
		p = a.read(ctx, after, limit)
		<-p.done
	}
	if p.err == nil && len(p.records) >= limit {
		p.records = p.records[:limit]
		a.next = a.read(ctx, after+eventlog.Position(limit), limit)
	}
	return p.records, p.err
}

func (a *Pages) read(ctx context.Context, after eventlog.Position, limit int) *page {
	p := &page{after: after, limit: limit, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.records, p.err = a.Log.ReadAll(ctx, after, limit)
	}()
	return p
}

// Settle returns when nothing is read any more.
func (a *Pages) Settle() {
	if a.next != nil {
		<-a.next.done
	}
	a.next = nil
}
