package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/eventlog/recent"
	"github.com/creatorflow/creatorflow/eventlog/record"
)

const (
	// eventBytes is about what an event takes. Once the events that follow a snapshot weigh as much as
	// it does, the next one is worth its writing: so snapshots of a large state never take more
	// writing and reading than the log itself.
	eventBytes = 370
	// largest is how large a state may be to be kept. To write more would hold up a commit for longer
	// than a commit takes.
	largest = 16 << 20
	// waiting is how many snapshots may wait to be written. What finds no room is asked for again when
	// its stream has grown.
	waiting = 256
	// remembered is of how many it is known when the next one is due.
	remembered = 10_000
)

// Of names a state: that of a fold of a stream.
type Of struct {
	Stream record.Stream
	Fold   string
}

// State is a folded stream, and the version from which on another snapshot is worth it.
type State struct {
	Value   any
	Version record.Version
	Due     record.Version
}

// asked is a snapshot to be written. Run folds its state anew: one that is at work changes in place.
type asked struct {
	codec *Codec
	fold  func(ctx context.Context) (State, error)
}

// Shelf has the snapshots of a log. Its methods may be called from many goroutines.
type Shelf struct {
	store   record.Store
	every   int // events between two snapshots, at least
	clock   func() time.Time
	damaged func(err error)
	ready   chan struct{} // holds one token when some may have been asked for

	mu    sync.Mutex
	asked map[Of]asked
	due   *recent.Map[Of, record.Version]
}

// New makes a shelf on a store. Damaged is told of a snapshot that is not what was written, or that
// cannot be made.
func New(store record.Store, every int, clock func() time.Time, damaged func(err error)) *Shelf {
	return &Shelf{
		store: store, every: every, clock: clock, damaged: damaged, ready: make(chan struct{}, 1),
		asked: map[Of]asked{}, due: recent.New[Of, record.Version](remembered),
	}
}

// After is when the next snapshot is due after one of so many bytes at a version.
func (s *Shelf) After(v record.Version, bytes int) record.Version {
	return v + record.Version(max(s.every, bytes/eventBytes))
}

// Restore finds the state to begin with. A snapshot that is not what was written is told of and not
// used: the stream itself says all that it said, so nothing is lost, and to refuse the stream would only
// keep its orders waiting. The next snapshot takes its place.
func (s *Shelf) Restore(ctx context.Context, of Of, c *Codec) (state State, found bool, err error) {
	state, found, err = s.restore(ctx, of, c)
	if err == nil || ctx.Err() != nil || record.Passing(err) || errors.Is(err, record.ErrFenced) { // then the stream cannot be read either
		return state, found, err
	}
	s.damaged(err)
	s.setDue(of, 0)
	return State{}, false, nil
}

func (s *Shelf) restore(ctx context.Context, of Of, c *Codec) (State, bool, error) {
	kept, found, err := s.store.Snapshot(ctx, of.Stream, of.Fold)
	switch {
	case err != nil:
		return State{}, false, fmt.Errorf("read the snapshot of %s for %s: %w", of.Stream, of.Fold, err)
	case !found:
		return State{}, false, nil
	case kept.Stream != of.Stream || kept.Fold != of.Fold:
		return State{}, false, fmt.Errorf("%w: in place of the snapshot of %s for %s stands that of %s for %s", record.ErrCorrupt, of.Stream, of.Fold, kept.Stream, kept.Fold)
	}
	if err := Check(ctx, s.store, &kept); err != nil || kept.Schema != c.Schema { // another is of another version of the program
		return State{}, false, err
	}
	value, err := c.decode(&kept)
	return State{Value: value, Version: kept.Version, Due: s.After(kept.Version, len(kept.Data))}, err == nil, err
}

// Check says whether a snapshot is what was written, of a stream that goes at least as far.
func Check(ctx context.Context, store record.Store, s *record.Snapshot) error {
	if err := s.Check(); err != nil {
		return err
	}
	last, err := store.ReadStream(ctx, s.Stream, s.Version-1, 1)
	switch {
	case err != nil:
		return fmt.Errorf("read %s at version %d: %w", s.Stream, s.Version, err)
	case len(last) == 0:
		return fmt.Errorf("%w: the snapshot of %s for %s is of version %d, where the stream has no event", record.ErrCorrupt, s.Stream, s.Fold, s.Version)
	}
	return nil
}

// Same says whether a snapshot is that of a state.
func Same(s *record.Snapshot, c *Codec, state any, v record.Version) error {
	data, err := c.encode(state)
	switch {
	case err != nil:
		return fmt.Errorf("encode the state of %s for %s: %w", s.Stream, s.Fold, err)
	case v != s.Version || !bytes.Equal(data, s.Data):
		return fmt.Errorf("%w: the snapshot of %s for %s at version %d is not what the events up to it give", record.ErrCorrupt, s.Stream, s.Fold, s.Version)
	}
	return nil
}

// Ask has a snapshot written of what fold gives. It never waits.
func (s *Shelf) Ask(of Of, c *Codec, fold func(ctx context.Context) (State, error)) {
	s.mu.Lock()
	if len(s.asked) < waiting {
		s.asked[of] = asked{c, fold}
	}
	s.mu.Unlock()
	select {
	case s.ready <- struct{}{}:
	default: // already signalled
	}
}

// Run writes what is asked for until ctx ends.
func (s *Shelf) Run(ctx context.Context) {
	for {
		select {
		case <-s.ready:
		case <-ctx.Done():
			return
		}
		for of, a := range s.take() {
			err := s.keep(ctx, of, a)
			if err != nil && ctx.Err() == nil && !record.Passing(err) && !errors.Is(err, record.ErrFenced) { // those are told of elsewhere
				s.damaged(fmt.Errorf("keep a snapshot of %s for %s: %w", of.Stream, of.Fold, err))
			}
		}
	}
}

// take returns all that was asked for.
func (s *Shelf) take() map[Of]asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.asked
	s.asked = map[Of]asked{}
	s.due.Trim()
	return all
}

func (s *Shelf) setDue(of Of, v record.Version) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due.Put(of, v)
}

func (s *Shelf) keep(ctx context.Context, of Of, a asked) error {
	s.mu.Lock()
	due, _ := s.due.Get(of)
	s.mu.Unlock()
	if due > 0 {
		there, err := s.store.ReadStream(ctx, of.Stream, due-1, 1)
		if err != nil || len(there) == 0 { // it is not that long yet
			return err
		}
	}
	state, err := a.fold(ctx)
	if err != nil {
		return err
	}
	if state.Version >= state.Due {
		if state.Due, err = s.put(ctx, of, a.codec, state); err != nil {
			return err
		}
	}
	s.setDue(of, state.Due)
	return nil
}

// put writes a snapshot and says when the next one is due.
func (s *Shelf) put(ctx context.Context, of Of, c *Codec, state State) (due record.Version, err error) {
	data, err := c.encode(state.Value)
	if err != nil {
		return 0, err
	}
	if len(data) <= largest {
		kept := record.Snapshot{Stream: of.Stream, Fold: of.Fold, Schema: c.Schema, Version: state.Version, At: s.clock().UnixMicro(), Data: data}
		kept.Guard()
		err = s.store.PutSnapshot(ctx, kept)
	}
	return s.After(state.Version, len(data)), err
}
