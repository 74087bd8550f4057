package eventlog

import (
	"context"
	"errors"
	"fmt"
	"time"
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
	err := a.run(ctx)
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
	err = fmt.Errorf("append to the log: %w", err)
	a.setErr(err)
	return err
}

// round commits one batch of the pending calls and answers them. Its error ends the appender,
// but for ErrFull.
func (a *appender) round(ctx context.Context) error {
	a.cache.trim()
	calls := a.pending
	for {
		b := a.newBatch()
		rest := b.fill(ctx, calls)
		done, err := a.store.Commit(ctx, b.commit())
		switch {
		case err != nil:
			b.forget(nil)
			for _, c := range b.all() {
				c.answer(fmt.Errorf("append to the log: %w", err))
			}
			a.pending = rest
			if errors.Is(err, ErrFenced) {
				return err
			}
			if errors.Is(err, ErrFull) {
				a.cache.clear()
				return err
			}
			return nil
		case done.OK:
			a.advance(done.Head)
			a.pending = append(b.finish(done), rest...)
			return nil
		}
		// Another appender was first. Take what it changed, answer what it answered, and decide
		// the rest again; each time that this fails, somebody's commit has succeeded.
		b.forget(done.Real)
		calls = append(b.answerFound(done.Found), rest...)
	}
}

// waitForSpace answers every call with ErrFull until the store can write again.
func (a *appender) waitForSpace(ctx context.Context, full error) error {
	a.setErr(full)
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
		if !errors.Is(err, ErrFull) && ctx.Err() == nil {
			return err
		}
	}
}
