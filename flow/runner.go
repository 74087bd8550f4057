package flow

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Open is a flow that had not ended when the view was read.
type Open struct {
	Kind, ID string
	Tags     []string  // that end its wait
	Until    time.Time // end of its wait or pause; zero = none
}

// Options of a Runner.
type Options struct {
	// Open lists the flows that have not ended at a position; the runner reads the log from there.
	// A position that is too old is right too, it costs time.
	Open   func(ctx context.Context) (eventlog.Position, []Open, error)
	Clock  func() time.Time
	Chance func() float64 // jitter in [0, 1)
	Policy Policy         // Patient when zero
	// PerLane bounds the flows of one lane that are worked on at once, and as many more at each step
	// that makes a call; 32 when 0.
	PerLane int
	Log     *slog.Logger
}

// Runner carries flows on. One turn at a time per flow; lanes work side by side.
type Runner struct {
	log    *eventlog.Log
	defs   map[string]*Definition
	o      Options
	news   index
	timers timers
	calls  timers // the deadlines of open calls: an outcome takes its own back, and leaves other timers alone
	work   work
	stop   context.CancelCauseFunc
}

// NewRunner prepares a runner for definitions; Run starts it, once.
func NewRunner(log *eventlog.Log, definitions []*Definition, o Options) *Runner {
	if o.Policy == (Policy{}) {
		o.Policy = Patient
	}
	if o.PerLane == 0 {
		o.PerLane = 32
	}
	r := &Runner{log: log, defs: map[string]*Definition{}, o: o, news: newIndex(), timers: newTimers(), calls: newTimers(), work: newWork(o.PerLane)}
	for _, d := range definitions {
		r.defs[d.Kind] = d
	}
	return r
}

// now is the time as it will stand in events: UTC, microseconds, no monotonic part.
func (r *Runner) now() time.Time { return r.o.Clock().UTC().Truncate(time.Microsecond) }

// Run carries flows on until ctx ends or the log is fenced; it waits for turns in hand before it
// returns.
func (r *Runner) Run(ctx context.Context) error {
	ctx, r.stop = context.WithCancelCause(ctx)
	var timing sync.WaitGroup
	defer func() {
		r.stop(nil)
		timing.Wait()
		r.work.close()
	}()
	position, open, err := r.o.Open(ctx)
	if err != nil {
		return fmt.Errorf("read the open flows: %w", err)
	}
	now := r.now()
	for _, o := range open {
		who := ref{o.Kind, o.ID}
		r.news.wait(who, o.Tags)
		if !o.Until.IsZero() {
			r.timers.at(who, o.Until)
		}
		// News may have come that its turn was cut off from, so every open flow has one now.
		r.wake(ctx, who, now, "start")
	}
	for _, t := range []*timers{&r.timers, &r.calls} {
		timing.Go(func() { t.run(ctx, r.now, func(who ref, due time.Time) { r.wake(ctx, who, due, "timer") }) })
	}
	return r.follow(ctx, position)
}

// follow reads the log after a position, for ever.
func (r *Runner) follow(ctx context.Context, position eventlog.Position) error {
	for {
		_, err := r.log.Wait(ctx, position)
		var records []eventlog.Record
		if err == nil {
			records, err = r.log.ReadAll(ctx, position, 1000)
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case eventlog.Passing(err):
			select {
			case <-time.After(faultPause):
			case <-ctx.Done():
			}
		case err != nil:
			return fmt.Errorf("read the log for flows: %w", err)
		}
		for _, record := range records {
			r.see(ctx, record)
			position = record.Position
		}
	}
}

// see wakes whom a record concerns, and keeps the index of waits and the timers.
func (r *Runner) see(ctx context.Context, record eventlog.Record) {
	cause := fmt.Sprintf("position:%d", record.Position)
	if d, ok := r.defs[record.Stream.Kind]; ok && d.Workspace == record.Stream.Workspace {
		who := ref{d.Kind, record.Stream.ID}
		r.calls.forget(who)
		switch e := record.Event.(type) {
		case flows.Waiting:
			r.news.wait(who, e.For)
			r.timers.at(who, e.Until)
		case flows.StepFailed:
			r.timers.at(who, e.Again)
		case flows.StepStarted: // what it waited for may come while it looks: that is news too
			r.calls.at(who, e.Deadline)
		case flows.Retried:
			r.wake(ctx, who, record.At, cause)
		case flows.Finished, flows.Undone:
			r.news.wait(who, nil)
			r.timers.forget(who)
		case flows.StepSucceeded, flows.UndoStarted, flows.Stuck:
			r.news.wait(who, nil)
		}
	}
	for _, d := range r.defs {
		if d.Workspace != record.Stream.Workspace {
			continue
		}
		for _, id := range d.Wakes(record) {
			r.wake(ctx, ref{d.Kind, id}, record.At, cause)
		}
		if d.Tags == nil {
			continue
		}
		for _, tag := range d.Tags(record) {
			for who := range r.news.tags[tag] {
				r.wake(ctx, who, record.At, cause)
			}
		}
	}
}

// wake asks for a turn.
func (r *Runner) wake(ctx context.Context, who ref, woken time.Time, cause string) {
	d := r.defs[who.kind]
	if d == nil {
		return
	}
	r.work.wake(who, d.Lane(who.id), woken, cause, func(it *item, calls bool) string { return r.turn(ctx, d, who.id, it, calls) })
}
