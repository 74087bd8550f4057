// Package memory keeps a log in memory, for tests and for what may be forgotten.
package memory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/ids"
	"github.com/creatorflow/creatorflow/eventlog/record"
	"github.com/creatorflow/creatorflow/eventlog/seal"
)

// Log is an eventlog.Store whose contents go with the process.
type Log struct {
	changed chan struct{}
	turn    sync.Mutex // held by the commit under way, and by Alone; taken before mu

	mu      sync.Mutex
	head    eventlog.Head
	records []eventlog.Stored // at index position − 1
	streams map[eventlog.Stream][]eventlog.Position
	keys    map[keyRef]eventlog.StoredKey

	snapshots map[snapshotRef]eventlog.Snapshot
}

type snapshotRef struct {
	stream eventlog.Stream
	fold   string
}

type keyRef struct {
	caller string
	id     uuid.UUID
}

// NewLog returns an empty log.
func NewLog(id uuid.UUID) *Log {
	return &Log{
		changed: make(chan struct{}, 1),
		head:    eventlog.Head{LogID: id},
		streams: map[eventlog.Stream][]eventlog.Position{},
		keys:    map[keyRef]eventlog.StoredKey{},

		snapshots: map[snapshotRef]eventlog.Snapshot{},
	}
}

// Commit implements eventlog.Store.
func (l *Log) Commit(ctx context.Context, b eventlog.Batch) (eventlog.Committed, error) {
	l.turn.Lock()
	defer l.turn.Unlock()
	return l.commit(ctx, b)
}

// Alone implements eventlog.Store.
func (l *Log) Alone(_ context.Context, do func(commit record.Commit) error) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	return do(l.commit)
}

func (l *Log) commit(_ context.Context, b eventlog.Batch) (eventlog.Committed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := eventlog.Committed{OK: true, First: l.head.Position + 1, Head: l.head}
	for _, base := range b.Bases {
		real := eventlog.Version(len(l.streams[base.Stream]))
		out.Real = append(out.Real, real)
		out.OK = out.OK && real == base.Expect
	}
	for _, key := range b.Keys {
		if stored, ok := l.keys[keyRef{key.Caller, key.ID}]; ok {
			out.Found = append(out.Found, stored)
			out.OK = false
		}
	}
	if !out.OK {
		return out, nil
	}
	for i, s := range b.Events {
		l.head.Position++
		s.Position = l.head.Position
		if i == len(b.Events)-1 {
			l.head.Seal = seal.Next(l.head.Seal, int64(out.First), b.At, b.Digest)
			l.head.At = time.UnixMicro(b.At).UTC()
			s.Seal = append([]byte(nil), l.head.Seal[:]...)
		}
		l.records = append(l.records, s)
		l.streams[s.Stream] = append(l.streams[s.Stream], s.Position)
	}
	out.Head = l.head
	for i, key := range b.Keys {
		key.First, key.Last = l.head.Position, l.head.Position
		if ords := b.KeyOrds[i]; ords[0] > 0 {
			key.First, key.Last = out.First+eventlog.Position(ords[0])-1, out.First+eventlog.Position(ords[1])-1
		}
		key.Guard()
		l.keys[keyRef{key.Caller, key.ID}] = key
	}
	select {
	case l.changed <- struct{}{}:
	default: // already signalled
	}
	return out, nil
}

// Head implements eventlog.Store.
func (l *Log) Head(context.Context) (eventlog.Head, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head, nil
}

// ReadStream implements eventlog.Store.
func (l *Log) ReadStream(_ context.Context, s eventlog.Stream, after eventlog.Version, limit int) ([]eventlog.Stored, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	positions := l.streams[s]
	if int(after) >= len(positions) {
		return nil, nil
	}
	positions = positions[after:]
	out := make([]eventlog.Stored, min(limit, len(positions)))
	for i := range out {
		out[i] = l.records[positions[i]-1]
	}
	return out, nil
}

// ReadAll implements eventlog.Store.
func (l *Log) ReadAll(_ context.Context, after eventlog.Position, limit int) ([]eventlog.Stored, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if after < 0 {
		return nil, fmt.Errorf("position %d is before the log", after)
	}
	if int(after) >= len(l.records) {
		return nil, nil
	}
	rest := l.records[after:]
	return append([]eventlog.Stored(nil), rest[:min(limit, len(rest))]...), nil
}

// FindKey implements eventlog.Store.
func (l *Log) FindKey(_ context.Context, caller string, id uuid.UUID) (eventlog.StoredKey, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key, ok := l.keys[keyRef{caller, id}]
	return key, ok, nil
}

// ReadKeys implements eventlog.Store.
func (l *Log) ReadKeys(_ context.Context, after eventlog.StoredKey, limit int) (out []eventlog.StoredKey, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	compare := func(a, b eventlog.StoredKey) int {
		return cmp.Or(cmp.Compare(a.Caller, b.Caller), bytes.Compare(a.ID[:], b.ID[:]))
	}
	for _, key := range l.keys {
		if compare(key, after) > 0 {
			out = append(out, key)
		}
	}
	slices.SortFunc(out, compare)
	return out[:min(limit, len(out))], nil
}

// Heads implements eventlog.Store.
func (l *Log) Heads(context.Context) (position, versions eventlog.Position, empty int, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, positions := range l.streams {
		versions += eventlog.Position(len(positions))
	}
	return l.head.Position, versions, 0, nil
}

// Snapshot implements eventlog.Store.
func (l *Log) Snapshot(_ context.Context, s eventlog.Stream, fold string) (eventlog.Snapshot, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, ok := l.snapshots[snapshotRef{s, fold}]
	return found, ok, nil
}

// PutSnapshot implements eventlog.Store.
func (l *Log) PutSnapshot(_ context.Context, s eventlog.Snapshot) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.snapshots[snapshotRef{s.Stream, s.Fold}] = s
	return nil
}

// ReadSnapshots implements eventlog.Store.
func (l *Log) ReadSnapshots(_ context.Context, after eventlog.Snapshot, limit int) (out []eventlog.Snapshot, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	compare := func(a, b eventlog.Snapshot) int {
		return cmp.Or(cmp.Compare(a.Stream.Workspace, b.Stream.Workspace), cmp.Compare(a.Stream.Kind, b.Stream.Kind),
			cmp.Compare(a.Stream.ID, b.Stream.ID), cmp.Compare(a.Fold, b.Fold))
	}
	for _, s := range l.snapshots {
		if compare(s, after) > 0 {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, compare)
	return out[:min(limit, len(out))], nil
}

// PurgeKeys implements eventlog.Store.
func (l *Log) PurgeKeys(_ context.Context, before time.Time) (n int, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ref, key := range l.keys {
		if key.At < before.UnixMicro() && ids.TimeOf(ref.id).Before(before) {
			delete(l.keys, ref)
			n++
		}
	}
	return n, nil
}

// Changed implements eventlog.Store.
func (l *Log) Changed() <-chan struct{} { return l.changed }

// Fenced implements eventlog.Store: memory has no I/O faults.
func (l *Log) Fenced() <-chan struct{} { return nil }

// Resume implements eventlog.Store: memory is never full.
func (l *Log) Resume(context.Context) error { return nil }

// Close implements eventlog.Store.
func (l *Log) Close() error { return nil }
