package projection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/failpoint"
	"github.com/creatorflow/creatorflow/projection/seals"
)

// turn folds one batch of those in front and a few of those behind, none past a position (0 = no
// such end). It says whether there was anything to do.
func (r *Runner) turn(ctx context.Context, end eventlog.Position) (busy bool, err error) {
	groups := map[eventlog.Position][]*part{}
	for _, p := range r.parts {
		if p.stopped != "" && !p.due() {
			continue
		}
		groups[p.at] = append(groups[p.at], p)
	}
	places := slices.Sorted(maps.Keys(groups))
	slices.Reverse(places)
	for i, place := range places {
		group, last, batches := groups[place], end, 1
		if i > 0 {
			last, batches = groups[places[0]][0].at, buildBatches // to join exactly
		}
		for range batches {
			more, err := r.fold(ctx, group, last)
			if err != nil {
				return true, err
			}
			busy = busy || more
			if !more || slices.ContainsFunc(group, func(p *part) bool { return p.stopped != "" }) {
				break
			}
		}
	}
	return busy, r.dropOld(ctx)
}

// due ends a stop when it is time for another try.
func (p *part) due() bool {
	select {
	case <-p.retry:
		p.stopped, p.limit = "", 1
		return true
	default:
		return false
	}
}

// failure is an Apply that did not work.
type failure struct {
	part  *part
	cause error
}

func (f failure) Error() string { return "fold " + f.part.Name() + ": " + f.cause.Error() }

func (f failure) Unwrap() error { return f.cause }

// fold applies the next batch to parts that stand at the same position.
func (r *Runner) fold(ctx context.Context, group []*part, end eventlog.Position) (more bool, err error) {
	after, limit := group[0].at, r.options.MaxBatch
	for _, p := range group {
		limit = min(limit, p.limit)
	}
	if end > 0 {
		limit = int(min(eventlog.Position(limit), end-after))
	}
	if limit <= 0 || (end == 0 && after >= r.log.Head().Position) {
		return false, nil
	}
	batch, err := r.log.ReadAll(ctx, after, limit)
	if err != nil || len(batch) == 0 {
		return false, err
	}
	last := batch[len(batch)-1]
	topics := map[string]bool{}
	logID := r.log.Head().LogID
	err = r.store.Write(ctx, func(tx Tx, now []Checkpoint) (then []Checkpoint, err error) {
		for _, p := range group {
			c, ok := checkpointOf(now, p)
			if !ok || c.Position != p.at {
				return nil, errMoved
			}
			then = append(then, Checkpoint{
				Name: p.Name(), Version: p.Version(), LogID: logID, Position: last.Position, Seal: seals.Follow(c.Seal, batch),
			})
		}
		touched, err := applyAll(ctx, group, tx, batch)
		if err != nil {
			return nil, err
		}
		for i, p := range group {
			for _, t := range touched[i] {
				topics[t] = topics[t] || !p.building
			}
		}
		failpoint.Hit(failpoint.ViewsBefore)
		return then, nil
	})
	var failed failure
	switch {
	case eventlog.Passing(err), errors.Is(err, ErrBroken), ctx.Err() != nil:
		return false, err
	case errors.As(err, &failed):
		return true, r.failed(ctx, failed, batch)
	case err != nil:
		return false, err
	}
	failpoint.Hit(failpoint.ViewsAfter)
	for _, p := range group {
		p.at, p.pause = last.Position, 0
		p.limit = min(r.options.MaxBatch, 2*p.limit)
	}
	maps.DeleteFunc(topics, func(_ string, serves bool) bool { return !serves })
	built := r.settle()
	r.options.Notify(Notice{Position: r.Position(), At: last.At, Topics: slices.Sorted(maps.Keys(topics)), All: built})
	return true, nil
}

// applyAll has parts fold a batch, two at a time where the store allows it. Of those that fail the first in their order is told.
func applyAll(ctx context.Context, group []*part, tx Tx, batch []eventlog.Record) (topics [][]string, err error) {
	topics, faults := make([][]string, len(group)), make([]error, len(group))
	var taken atomic.Int64
	var failed atomic.Bool
	work := func() {
		for !failed.Load() { // what comes before one that fails was taken, and is folded
			i := int(taken.Add(1)) - 1
			if i >= len(group) {
				return
			}
			touched, err := Apply(ctx, group[i], tx, batch)
			if topics[i] = touched; err != nil {
				faults[i] = failure{group[i], err}
				failed.Store(true)
			}
		}
	}
	var other sync.WaitGroup
	if _, filling := tx.(Filling); filling {
		other.Go(work)
	}
	work()
	other.Wait()
	return topics, cmp.Or(faults...)
}

// Apply has a projection fold a batch. It turns a panic into an error: one projection's mistake must not end the others, nor be taken
// for the next one's.
func Apply(ctx context.Context, p Projection, tx Tx, batch []eventlog.Record) (topics []string, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	through := tx
	if far, ok := tx.(Far); ok {
		through = guide(ctx, p, far, batch)
	}
	if topics, err = p.Apply(ctx, through, batch); err != nil {
		return nil, err
	}
	return topics, tx.Flush(ctx)
}

// failed narrows the batch down until it is the one record that cannot be folded, then stops the
// projection in front of it.
func (r *Runner) failed(ctx context.Context, f failure, batch []eventlog.Record) error {
	p := f.part
	if len(batch) > 1 {
		p.limit = len(batch) / 2
		return nil
	}
	p.stopped, p.limit = f.cause.Error(), 1
	p.pause = min(max(2*p.pause, firstPause), lastPause)
	p.retry = time.After(p.pause)
	r.options.Log.ErrorContext(ctx, "projection stopped", "projection", p.Name(), "position", int64(p.at), "record", batch[0].Name,
		"error", f.cause, "next_try", p.pause)
	r.settle()
	return r.store.Write(ctx, func(_ Tx, now []Checkpoint) ([]Checkpoint, error) {
		c, _ := checkpointOf(now, p)
		if c.Position != p.at {
			return nil, errMoved
		}
		c.Stopped = p.stopped
		return []Checkpoint{c}, nil
	})
}

// dropOld drops the older tables of projections whose new ones serve.
func (r *Runner) dropOld(ctx context.Context) error {
	for _, p := range r.parts {
		if !p.joined {
			continue
		}
		p.joined = false
		now, err := r.store.Checkpoints(ctx)
		if err != nil {
			return err
		}
		for _, c := range now {
			if c.Name == p.Name() && c.Version < p.Version() {
				r.options.Log.InfoContext(ctx, "old views dropped", "projection", c.Name, "version", c.Version)
				if err := r.store.Drop(ctx, c.Name, c.Version); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
