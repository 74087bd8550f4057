package projection

import (
	"context"

	"github.com/creatorflow/creatorflow/eventlog"
)

// ahead is a log that reads the next page while its reader is at the one before: reading and decoding
// take about as long as folding.
type ahead struct {
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

// ReadAll implements Log.
func (a *ahead) ReadAll(ctx context.Context, after eventlog.Position, limit int) ([]eventlog.Record, error) {
	p := a.next
	a.next = nil
	if p != nil {
		<-p.done
	}
	// A page that was cut short by the end of the log, or by an error, is read again.
	if p == nil || p.after != after || p.err != nil || len(p.records) < min(limit, p.limit) || p.limit < limit {
		p = a.read(ctx, after, limit)
		<-p.done
	}
	if p.err == nil && len(p.records) >= limit {
		p.records = p.records[:limit]
		a.next = a.read(ctx, after+eventlog.Position(limit), limit)
	}
	return p.records, p.err
}

func (a *ahead) read(ctx context.Context, after eventlog.Position, limit int) *page {
	p := &page{after: after, limit: limit, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.records, p.err = a.Log.ReadAll(ctx, after, limit)
	}()
	return p
}

// wait returns when nothing is read any more.
func (a *ahead) wait() {
	if a.next != nil {
		<-a.next.done
	}
}
