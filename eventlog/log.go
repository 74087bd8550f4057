// Package eventlog is the log: everything that happened, in one dense and sealed order.
//
// Callers encode events and queue them; one goroutine, the appender in Run, takes what waits,
// decides the commands among them, and has the store commit it all at once; then every caller
// gets its own answer. Readers ask the store, and each record is checked and decoded on the way
// out. Snapshots of long streams are written beside, and no answer waits for one. Engines implement
// Store and pass the contract in eventlogtest.
package eventlog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog/ids"
	"github.com/creatorflow/creatorflow/eventlog/queue"
	"github.com/creatorflow/creatorflow/eventlog/recent"
	"github.com/creatorflow/creatorflow/eventlog/snapshot"
)

// Options are what a Log needs besides its store.
type Options struct {
	Decode    Decoder          // required
	Clock     func() time.Time // required
	NewID     func() uuid.UUID // of events; nil makes growing version 7 ids from Clock
	QueueSize int              // calls that may wait for the appender, 0 = 4096; further callers wait outside
	MaxBatch  int              // events of one commit, 0 = 2048; a single larger call is still one commit
	Poll      time.Duration    // how often those that wait for news look by themselves, for appends of other processes; 0 = 1 s
	CacheSize int              // streams whose folded states the appender keeps, 0 = 10000
	// SnapshotEvery is how many events of a stream lie between two snapshots at least, 0 = 500.
	SnapshotEvery int
	// Trouble is told by the appender what Err says whenever that changes; it must not block. May be nil.
	Trouble func(err error)
	// Damaged is told of a snapshot that is not what was written, or that could not be made: the log
	// goes on without it. It may be called from many goroutines. May be nil.
	Damaged func(err error)
}

// Log appends to a store and reads from it. Its methods may be called from many goroutines; Run
// must be running for Append and Execute to return.
type Log struct {
	store   Store
	options Options
	queue   *queue.Queue[*call]
	cache   *recent.Shared[Stream, *history] // the streams used last; only the appender changes it
	calls   sync.Pool                        // of *call; not shared between logs, as their channels may belong to a test's bubble

	shelf *snapshot.Shelf // of long streams' states

	foldingMu sync.Mutex
	folding   map[snapshot.Of]chan struct{} // states that some caller folds now; closed when it has

	mu    sync.Mutex
	head  Head
	moved chan struct{} // closed when the head moves on; nil when nobody waits
	err   error         // why nothing can be appended now
}

// Open prepares a log on a store, which stays the caller's to close.
func Open(ctx context.Context, store Store, o Options) (*Log, error) {
	if o.Decode == nil || o.Clock == nil {
		return nil, errors.New("eventlog: a log needs a decoder and a clock")
	}
	if o.NewID == nil {
		source := ids.New(o.Clock)
		o.NewID = func() uuid.UUID { return source.Next() }
	}
	if o.Trouble == nil {
		o.Trouble = func(error) {}
	}
	if o.Damaged == nil {
		o.Damaged = func(error) {}
	}
	o.Poll, o.SnapshotEvery = cmp.Or(o.Poll, time.Second), cmp.Or(o.SnapshotEvery, 500)
	o.QueueSize, o.MaxBatch, o.CacheSize = cmp.Or(o.QueueSize, 4096), cmp.Or(o.MaxBatch, 2048), cmp.Or(o.CacheSize, 10000)
	head, err := store.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the head of the log: %w", err)
	}
	return &Log{
		store: store, options: o, queue: queue.New[*call](o.QueueSize), cache: recent.NewShared[Stream, *history](o.CacheSize),
		shelf:   snapshot.New(store, o.SnapshotEvery, o.Clock, o.Damaged),
		folding: map[snapshot.Of]chan struct{}{}, head: head,
	}, nil
}

// Head is the end of the log as far as this process has seen it. It costs no read.
func (l *Log) Head() Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head
}

// Err says why nothing can be appended now: it wraps ErrFull, ErrAway or ErrFenced, or is nil.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func (l *Log) setErr(err error) {
	l.mu.Lock()
	l.err = err
	l.mu.Unlock()
	l.options.Trouble(err)
}

// answered takes what the watch of the store tells, so that Err is true while nobody appends.
func (l *Log) answered(was, err error) {
	l.mu.Lock()
	changed := l.err == was && (was == nil) != (err == nil) && (was == nil || errors.Is(was, ErrAway)) //nolint:errorlint // the very error
	if changed {
		l.err = err
	}
	l.mu.Unlock()
	if changed {
		l.options.Trouble(err)
	}
}

// advance takes a newer head and tells those that wait for it.
func (l *Log) advance(head Head) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if head.Position <= l.head.Position {
		return
	}
	l.head = head
	if l.moved != nil {
		close(l.moved)
		l.moved = nil
	}
}

// Wait blocks until the log has grown past a position and returns its head's. It wakes at once
// for appends of this process, for those of others when the store hears of them, else with the poll.
func (l *Log) Wait(ctx context.Context, after Position) (Position, error) {
	var poll *time.Ticker
	for {
		l.mu.Lock()
		head := l.head.Position
		if head <= after && l.moved == nil {
			l.moved = make(chan struct{})
		}
		moved := l.moved
		l.mu.Unlock()
		if head > after {
			return head, nil
		}
		if poll == nil {
			poll = time.NewTicker(l.options.Poll)
			defer poll.Stop()
		}
		select {
		case <-moved:
			continue
		case <-ctx.Done():
			return head, ctx.Err()
		case <-l.store.Changed():
		case <-poll.C:
		}
		now, err := l.store.Head(ctx)
		if Passing(err) {
			continue // there is no news before it ends
		}
		if err != nil {
			return head, fmt.Errorf("read the head of the log: %w", err)
		}
		l.advance(now)
	}
}

// PurgeKeys forgets command keys, with their answers, that Execute refuses as too old by now.
func (l *Log) PurgeKeys(ctx context.Context) (int, error) {
	// A day more, so that no clock step lets a key pass after its answer has gone.
	n, err := l.store.PurgeKeys(ctx, l.options.Clock().Add(-keyLife-24*time.Hour))
	if err != nil {
		return n, fmt.Errorf("purge command keys: %w", err)
	}
	return n, nil
}
