package storagetest

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
)

// BubbleLog opens the log for use inside a synctest bubble, where neither sockets nor files can be
// waited for: goroutines outside do each call, and the bubble's time stands still meanwhile. Calls do
// not end with their context, and no other process is heard of.
func (p *Place) BubbleLog() eventlog.Store {
	p.t.Helper()
	b := bubbled{Store: p.Log(), free: make(chan *outside, 8)}
	for range cap(b.free) {
		o := &outside{work: make(chan func()), done: make(chan struct{}), commits: make(chan commit), decided: make(chan error)}
		go func() {
			for do := range o.work {
				do()
				o.done <- struct{}{}
			}
		}()
		p.t.Cleanup(func() { close(o.work) })
		b.free <- o
	}
	return b
}

type commit = func(context.Context, eventlog.Batch) (eventlog.Committed, error)

type bubbled struct {
	eventlog.Store
	free chan *outside
}

// outside is a goroutine that is in no bubble, and its channels, which are in none either.
type outside struct {
	work    chan func()
	done    chan struct{}
	commits chan commit
	decided chan error
}

func (b bubbled) do(call func(ctx context.Context)) {
	o := <-b.free
	o.work <- func() { call(context.Background()) }
	<-o.done
	b.free <- o
}

// Commit implements eventlog.Store.
func (b bubbled) Commit(_ context.Context, batch eventlog.Batch) (done eventlog.Committed, err error) {
	b.do(func(ctx context.Context) { done, err = b.Store.Commit(ctx, batch) })
	return done, err
}

// Alone implements eventlog.Store. Do is the bubble's own and runs there.
func (b bubbled) Alone(_ context.Context, do func(commit commit) error) (err error) {
	o := <-b.free
	o.work <- func() {
		err = b.Store.Alone(context.Background(), func(commit commit) error {
			o.commits <- commit
			return <-o.decided
		})
	}
	select {
	case commit := <-o.commits:
		o.decided <- do(func(_ context.Context, batch eventlog.Batch) (done eventlog.Committed, err error) {
			b.do(func(ctx context.Context) { done, err = commit(ctx, batch) })
			return done, err
		})
		<-o.done
	case <-o.done:
	}
	b.free <- o
	return err
}

// Head implements eventlog.Store.
func (b bubbled) Head(context.Context) (head eventlog.Head, err error) {
	b.do(func(ctx context.Context) { head, err = b.Store.Head(ctx) })
	return head, err
}

// ReadStream implements eventlog.Store.
func (b bubbled) ReadStream(_ context.Context, s eventlog.Stream, after eventlog.Version, limit int) (found []eventlog.Stored, err error) {
	b.do(func(ctx context.Context) { found, err = b.Store.ReadStream(ctx, s, after, limit) })
	return found, err
}

// ReadAll implements eventlog.Store.
func (b bubbled) ReadAll(_ context.Context, after eventlog.Position, limit int) (found []eventlog.Stored, err error) {
	b.do(func(ctx context.Context) { found, err = b.Store.ReadAll(ctx, after, limit) })
	return found, err
}

// FindKey implements eventlog.Store.
func (b bubbled) FindKey(_ context.Context, caller string, id uuid.UUID) (key eventlog.StoredKey, found bool, err error) {
	b.do(func(ctx context.Context) { key, found, err = b.Store.FindKey(ctx, caller, id) })
	return key, found, err
}

// PurgeKeys implements eventlog.Store.
func (b bubbled) PurgeKeys(_ context.Context, before time.Time) (n int, err error) {
	b.do(func(ctx context.Context) { n, err = b.Store.PurgeKeys(ctx, before) })
	return n, err
}

// Snapshot implements eventlog.Store.
func (b bubbled) Snapshot(_ context.Context, s eventlog.Stream, fold string) (kept eventlog.Snapshot, found bool, err error) {
	b.do(func(ctx context.Context) { kept, found, err = b.Store.Snapshot(ctx, s, fold) })
	return kept, found, err
}

// ReadSnapshots implements eventlog.Store.
func (b bubbled) ReadSnapshots(_ context.Context, after eventlog.Snapshot, limit int) (found []eventlog.Snapshot, err error) {
	b.do(func(ctx context.Context) { found, err = b.Store.ReadSnapshots(ctx, after, limit) })
	return found, err
}

// PutSnapshot implements eventlog.Store.
func (b bubbled) PutSnapshot(_ context.Context, s eventlog.Snapshot) (err error) {
	b.do(func(ctx context.Context) { err = b.Store.PutSnapshot(ctx, s) })
	return err
}

// Changed implements eventlog.Store.
func (bubbled) Changed() <-chan struct{} { return nil }

// Fenced implements eventlog.Store.
func (bubbled) Fenced() <-chan struct{} { return nil }
