package eventlog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/eventlog/record"
)

// resumeEvery is how often a log without disk space tries again.
const resumeEvery = 2 * time.Second

// appender is the one goroutine of a log that writes. It never lingers to fill a batch: a commit
// takes what has queued up during the one before.
type appender struct {
	*Log
	pending []*call // taken from the queue, not yet committed
	number  uint64  // of the batch
}

// Run is the appender: it commits what callers queue until ctx ends, which it returns as nil, or
// until an I/O fault fences the log, when the error wraps ErrFenced and the process must end.
func (l *Log) Run(ctx context.Context) error {
	a := &appender{Log: l}
	beside, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { record.Watch(beside, l.store, l.options.Poll, l.Err, l.answered) })
	wg.Go(func() { l.shelf.Run(beside) })
	err := a.run(ctx)
	stop()
	wg.Wait()
	reason := err
	if reason == nil {
		reason = fmt.Errorf("eventlog: the appender has stopped: %w", ctx.Err())
	}
	for _, c := range takeCalls(a.pending, l.queue.Close(reason)) {
		c.answer(reason)
	}
	return err
}

func (a *appender) run(ctx context.Context) error {
	for {
		if len(a.pending) == 0 {
			select {
			case <-a.queue.Ready():
			case <-ctx.Done():
				return nil
			case <-a.store.Fenced():
				return a.fence(ErrFenced)
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if len(a.pending) < a.options.MaxBatch {
			a.pending = takeCalls(a.pending, a.queue.Take(nil))
		}
		if len(a.pending) == 0 {
			continue
		}
		// A commit that has begun is carried to its end, or its callers would never know.
		err := a.round(context.WithoutCancel(ctx))
		if errors.Is(err, ErrFull) {
			err = a.waitForSpace(ctx, err)
		}
		if err != nil {
			return a.fence(err)
		}
	}
}

func (a *appender) fence(err error) error {
	a.setErr(err)
	return err
}

// round commits one batch of the pending calls and answers them. Its error ends the appender,
// but for ErrFull.
func (a *appender) round(ctx context.Context) error {
	// Between batches, so that no history disappears while a batch refers to it.
	a.cache.Trim()
	calls := a.pending
	a.pending = nil
	if err := a.learn(ctx, calls); err != nil {
		return answerAll(calls, err)
	}
	for range patience {
		var err error
		if calls, err = a.try(ctx, calls, a.store.Commit); err != nil || len(calls) == 0 {
			return err
		}
	}
	// Others were first each time. Keep them out while this batch is decided.
	var began bool
	err := a.store.Alone(ctx, func(commit record.Commit) (err error) {
		began = true
		for len(calls) > 0 && err == nil {
			calls, err = a.try(ctx, calls, commit)
		}
		return err
	})
	if err != nil && !began {
		return answerAll(calls, err)
	}
	return err
}

// patience is how often a batch may find that another appender was first.
const patience = 2

// try decides and commits a batch. It returns calls when another appender was first: those that are
// to be decided again. Each time, somebody's commit has succeeded.
func (a *appender) try(ctx context.Context, calls []*call, commit record.Commit) (again []*call, _ error) {
	b := a.newBatch()
	rest := b.fill(ctx, calls)
	done, err := commit(ctx, b.commit())
	switch {
	case err != nil:
		b.forget(nil)
		a.pending = rest
		if errors.Is(err, ErrAway) {
			a.setErr(err)
		}
		return nil, answerAll(b.all(), err)
	case done.OK:
		if a.Err() != nil {
			a.setErr(nil)
		}
		a.advance(done.Head)
		a.pending = append(b.finish(done), rest...)
		return nil, nil
	}
	// Take what the other changed, answer what it answered, and decide the rest again.
	b.forget(done.Real)
	return append(b.answerFound(done.Found), rest...), nil
}

// learn asks for the versions of streams that the appender does not know, so that a call with a
// wrong expectation fails alone instead of making its batch be decided twice.
func (a *appender) learn(ctx context.Context, calls []*call) error {
	var unknown []Base
	for _, c := range calls {
		for i := range c.writes {
			if s := c.writes[i].stream; c.request == nil && a.cache.Get(s) == nil {
				a.cache.Put(s, &history{stream: s})
				unknown = append(unknown, Base{Stream: s})
			}
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	is, err := a.store.Commit(ctx, Batch{Bases: unknown}) // compares and writes nothing
	for i := range unknown {
		if err != nil {
			a.cache.Drop(unknown[i].Stream)
		} else {
			a.cache.Get(unknown[i].Stream).version = is.Real[i]
		}
	}
	return err
}

// answerAll fails calls by the store's error, and returns it when the appender cannot go on.
func answerAll(calls []*call, err error) error {
	err = fmt.Errorf("append to the log: %w", err)
	for _, c := range calls {
		c.answer(err)
	}
	if errors.Is(err, ErrFenced) || errors.Is(err, ErrFull) {
		return err
	}
	return nil
}

// waitForSpace answers every call with ErrFull until the store can write again.
func (a *appender) waitForSpace(ctx context.Context, full error) error {
	a.setErr(full)
	a.cache.Clear()
	tick := time.NewTicker(resumeEvery)
	defer tick.Stop()
	for {
		for _, c := range takeCalls(a.pending, a.queue.Take(nil)) {
			c.answer(full)
		}
		a.pending = nil
		select {
		case <-a.queue.Ready():
			continue
		case <-ctx.Done():
			return nil
		case <-a.store.Fenced():
			return ErrFenced
		case <-tick.C:
		}
		err := a.store.Resume(ctx)
		if err == nil {
			a.setErr(nil)
			return nil
		}
		if !Passing(err) && ctx.Err() == nil {
			// Whatever it is, a new process looks at the disk afresh and this one cannot.
			return fmt.Errorf("%w: resume after a full disk: %w", ErrFenced, err)
		}
	}
}
