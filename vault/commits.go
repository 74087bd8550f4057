package vault

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/creatorflow/creatorflow/eventlog"
)

// maxCommit is how many writes share one commit.
const maxCommit = 256

// commits lets writes that arrive together share one durable commit. Nobody lingers: whoever
// finds the turn free takes all that wait, and those that arrive meanwhile form the next batch.
// At most maxWaiting writes wait; the next ones wait for room until their context ends.
type commits struct {
	store Store
	turn  chan struct{} // held by the one who commits
	room  chan struct{}

	mu      sync.Mutex
	waiting []*entry
}

const maxWaiting = 1024

type entry struct {
	do   func(ctx context.Context, tx Tx) error
	err  error
	done chan struct{} // closed when err is final
}

func newCommits(store Store) *commits {
	return &commits{store: store, turn: make(chan struct{}, 1), room: make(chan struct{}, maxWaiting)}
}

// write returns when do's changes are durable, or with do's error and nothing changed. When ctx
// ends before its turn the write does not happen; do may run more than once.
func (c *commits) write(ctx context.Context, do func(ctx context.Context, tx Tx) error) error {
	select {
	case c.room <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-c.room }()
	e := &entry{do: do, done: make(chan struct{})}
	c.mu.Lock()
	c.waiting = append(c.waiting, e)
	c.mu.Unlock()
	for {
		select {
		case <-e.done:
			return e.err
		case c.turn <- struct{}{}:
			c.commit(context.WithoutCancel(ctx), c.take())
			<-c.turn
		case <-ctx.Done():
			if c.leave(e) {
				return context.Cause(ctx)
			}
			<-e.done // someone is committing it right now
			return e.err
		}
	}
}

// take removes the next batch from the queue.
func (c *commits) take() []*entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.waiting), maxCommit)
	batch := c.waiting[:n:n]
	c.waiting = append([]*entry(nil), c.waiting[n:]...)
	return batch
}

// leave takes a write back when nobody has begun it.
func (c *commits) leave(e *entry) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range c.waiting {
		if other == e {
			c.waiting = append(c.waiting[:i:i], c.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// commit writes a batch. One write's error undoes that write alone; the disk's undo all of them.
func (c *commits) commit(ctx context.Context, batch []*entry) {
	if len(batch) == 0 {
		return
	}
	err := c.store.Write(ctx, func(tx Tx) error {
		for _, e := range batch {
			if err := attempt(ctx, tx, e, len(batch) == 1); err != nil {
				return err
			}
		}
		return nil
	})
	for _, e := range batch {
		if err != nil {
			e.err = err
		}
		close(e.done)
	}
}

// attempt runs one write behind a savepoint. The error it returns is the whole batch's.
func attempt(ctx context.Context, tx Tx, e *entry, alone bool) error {
	if alone {
		e.err = guarded(ctx, tx, e.do)
		return e.err
	}
	if _, err := tx.Exec(ctx, "savepoint one"); err != nil {
		return err
	}
	e.err = guarded(ctx, tx, e.do)
	if eventlog.Passing(e.err) || errors.Is(e.err, eventlog.ErrFenced) {
		return e.err // the engine may have taken back everything
	}
	if e.err != nil {
		if _, err := tx.Exec(ctx, "rollback to savepoint one"); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, "release savepoint one")
	return err
}

// guarded keeps a panic from failing the neighbours.
func guarded(ctx context.Context, tx Tx, do func(ctx context.Context, tx Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("vault: panic in a write: %v", p)
		}
	}()
	return do(ctx, tx)
}
