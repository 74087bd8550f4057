package flow

import (
	"context"
	"errors"
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
	Open func(ctx context.Context) (eventlog.Position, []Open, error)
	// Alone says that no other process runs flows on this log: a call that a crash left open is
	// taken over at once instead of at its deadline.
	Alone  bool
	Clock  func() time.Time
	Chance func() float64 // jitter in [0, 1)
	Policy Policy
	// PerLane bounds the flows of one lane that are worked on at once.
	PerLane int
	Log     *slog.Logger
}

// Runner carries flows on. One turn at a time per flow; lanes work side by side.
type Runner struct {
	log  *eventlog.Log
	defs map[string]*Definition
	o    Options

	mu     sync.Mutex
	queued map[ref]*item           // at most one entry per open flow: that is the bound
	lanes  map[string]*lane        // by Definition.Lane
	tags   map[string]map[ref]bool // who waits for what
	waits  map[ref][]string        // the reverse, to forget
	timers map[ref]*time.Timer
	wg     sync.WaitGroup
	failed chan error
}

type ref struct{ kind, id string }

type item struct {
	woken   time.Time
	working bool
	again   bool
}

type lane struct {
	waiting []ref
	working int
}

// NewRunner prepares a runner for definitions; Run starts it.
func NewRunner(log *eventlog.Log, definitions []*Definition, o Options) *Runner {
	if o.Policy == (Policy{}) {
		o.Policy = Patient
	}
	if o.PerLane == 0 {
		o.PerLane = 32
	}
	r := &Runner{
		log: log, defs: map[string]*Definition{}, o: o,
		queued: map[ref]*item{}, lanes: map[string]*lane{}, tags: map[string]map[ref]bool{},
		waits: map[ref][]string{}, timers: map[ref]*time.Timer{}, failed: make(chan error, 1),
	}
	for _, d := range definitions {
		r.defs[d.Kind] = d
	}
	return r
}

// Run carries flows on until ctx ends; it waits for turns in hand before it returns.
func (r *Runner) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		r.mu.Lock()
		for _, t := range r.timers {
			t.Stop()
		}
		r.mu.Unlock()
		r.wg.Wait()
	}()
	position, open, err := r.o.Open(ctx)
	if err != nil {
		return fmt.Errorf("read the open flows: %w", err)
	}
	now := r.o.Clock()
	for _, o := range open {
		who := ref{o.Kind, o.ID}
		r.wait(who, o.Tags)
		if o.Until.After(now) {
			r.at(ctx, who, o.Until)
		}
		r.wake(ctx, who, now) // its news may stand in the log, unseen by the process that died
	}
	for {
		records, err := r.log.ReadAll(ctx, position, 1000)
		if err != nil {
			return fmt.Errorf("read the log for flows: %w", err)
		}
		for _, record := range records {
			r.see(ctx, record)
			position = record.Position
		}
		if len(records) > 0 {
			continue
		}
		select {
		case err := <-r.failed:
			return err
		default:
		}
		if _, err := r.waitLog(ctx, position); err != nil {
			return err
		}
	}
}

// waitLog waits for news, or for a turn's fault.
func (r *Runner) waitLog(ctx context.Context, position eventlog.Position) (eventlog.Position, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case err := <-r.failed:
			cancel(err)
		case <-stop:
		}
	}()
	head, err := r.log.Wait(ctx, position)
	close(stop)
	<-done
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return head, cause
	}
	return head, err
}

// see wakes whom a record concerns and keeps the index of waits.
func (r *Runner) see(ctx context.Context, record eventlog.Record) {
	if d, ok := r.defs[record.Stream.Kind]; ok && d.Workspace == record.Stream.Workspace {
		who := ref{d.Kind, record.Stream.ID}
		switch e := record.Event.(type) {
		case flows.Waiting:
			r.wait(who, e.For)
			if !e.Until.IsZero() {
				r.at(ctx, who, e.Until)
			}
		case flows.StepFailed:
			r.at(ctx, who, e.Again)
		case flows.Retried:
			r.wake(ctx, who, record.At)
		case flows.StepSucceeded, flows.UndoStarted, flows.StepStarted:
			r.wait(who, nil)
		}
	}
	for _, d := range r.defs {
		if d.Workspace != record.Stream.Workspace {
			continue
		}
		for _, id := range d.Wakes(record) {
			r.wake(ctx, ref{d.Kind, id}, record.At)
		}
		if d.Tags == nil {
			continue
		}
		for _, tag := range d.Tags(record) {
			r.mu.Lock()
			var woken []ref
			for who := range r.tags[tag] {
				woken = append(woken, who)
			}
			r.mu.Unlock()
			for _, who := range woken {
				r.wake(ctx, who, record.At)
			}
		}
	}
}

// wait replaces what a flow waits for.
func (r *Runner) wait(who ref, tags []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, tag := range r.waits[who] {
		delete(r.tags[tag], who)
		if len(r.tags[tag]) == 0 {
			delete(r.tags, tag)
		}
	}
	delete(r.waits, who)
	if len(tags) == 0 {
		return
	}
	r.waits[who] = tags
	for _, tag := range tags {
		if r.tags[tag] == nil {
			r.tags[tag] = map[ref]bool{}
		}
		r.tags[tag][who] = true
	}
}

// at wakes a flow at a time; a later call replaces the timer.
func (r *Runner) at(ctx context.Context, who ref, due time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.timers[who]; t != nil {
		t.Stop()
	}
	r.timers[who] = time.AfterFunc(max(0, due.Sub(r.o.Clock())), func() {
		r.mu.Lock()
		delete(r.timers, who)
		r.mu.Unlock()
		r.wake(ctx, who, due)
	})
}

// wake queues a turn for a flow; a flow in its turn gets another one after it.
func (r *Runner) wake(ctx context.Context, who ref, woken time.Time) {
	d := r.defs[who.kind]
	if d == nil || ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if it := r.queued[who]; it != nil {
		if it.working {
			it.again, it.woken = true, woken
		}
		return
	}
	r.queued[who] = &item{woken: woken}
	name := d.Lane(who.id)
	l := r.lanes[name]
	if l == nil {
		l = &lane{}
		r.lanes[name] = l
	}
	l.waiting = append(l.waiting, who)
	if l.working < r.o.PerLane {
		l.working++
		r.wg.Go(func() { r.work(ctx, l) })
	}
}

// work takes flows from a lane until none waits.
func (r *Runner) work(ctx context.Context, l *lane) {
	for {
		r.mu.Lock()
		if len(l.waiting) == 0 || ctx.Err() != nil {
			l.working--
			r.mu.Unlock()
			return
		}
		who := l.waiting[0]
		l.waiting = l.waiting[1:]
		it := r.queued[who]
		it.working, it.again = true, false
		woken := it.woken
		r.mu.Unlock()

		r.turn(ctx, who, woken)

		r.mu.Lock()
		it.working = false
		if it.again {
			l.waiting = append(l.waiting, who)
		} else {
			delete(r.queued, who)
		}
		r.mu.Unlock()
	}
}

// turn carries one flow on as far as it goes now.
func (r *Runner) turn(ctx context.Context, who ref, woken time.Time) {
	d := r.defs[who.kind]
	for ctx.Err() == nil {
		p, err := r.advance(ctx, d, who.id, woken)
		if err == nil && p.call != nil {
			p, err = r.act(ctx, d, who.id, *p.call)
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return
		case errors.Is(err, eventlog.ErrFenced):
			select {
			case r.failed <- err:
			default:
			}
			return
		default: // disk full, or a state that cannot be read now: nothing was written, try again
			r.o.Log.ErrorContext(ctx, "flow turn failed", "kind", d.Kind, "flow", who.id, "error", err)
			r.at(ctx, who, r.o.Clock().Add(2*time.Second))
			return
		}
		if !p.more {
			return
		}
	}
}

// advance plans and appends the next events of a flow in one commit.
func (r *Runner) advance(ctx context.Context, d *Definition, id string, woken time.Time) (plan, error) {
	seen, err := r.log.Fold(ctx, d.Fold(id))
	if err != nil {
		return plan{}, err
	}
	in := Input{ID: id, Flow: seen.Value.(Status), Now: r.o.Clock()}
	if in.Flow.Ended() || in.Flow.Phase == IsStuck {
		return plan{}, nil
	}
	if c := in.Flow.Call; c != nil && !r.o.Alone && in.Now.Before(c.Deadline) {
		r.at(ctx, ref{d.Kind, id}, c.Deadline)
		return plan{}, nil
	}
	folds := append([]eventlog.Fold{d.Fold(id)}, d.Base(id)...)
	if in, err = r.fold(ctx, in, folds[1:]); err != nil {
		return plan{}, err
	}
	if at := in.Flow.Step; at >= 0 && at < len(d.Steps) && d.Steps[at].Needs != nil {
		folds = append(folds, d.Steps[at].Needs(in)...)
	}
	return r.append(ctx, d, id, folds, seen.Version, func(in Input) plan { return d.plan(in, woken) })
}

// act makes a call and appends its outcome.
func (r *Runner) act(ctx context.Context, d *Definition, id string, call flows.StepStarted) (plan, error) {
	seen, err := r.log.Fold(ctx, d.Fold(id))
	if err != nil {
		return plan{}, err
	}
	in, err := r.fold(ctx, Input{ID: id, Flow: seen.Value.(Status), Attempt: call.Attempt, Now: r.o.Clock()}, d.Base(id))
	if err != nil {
		return plan{}, err
	}
	v := r.call(ctx, d, in, call)
	if ctx.Err() != nil {
		return plan{}, ctx.Err() // shutting down: the outcome is unknown, the next start looks first
	}
	chance := r.o.Chance()
	folds := append([]eventlog.Fold{d.Fold(id)}, d.Base(id)...)
	return r.append(ctx, d, id, folds, -1, func(in Input) plan {
		return d.settle(in, call, v, r.o.Policy, chance)
	})
}

// call runs the step's function; a panic is a failure of this step alone.
func (r *Runner) call(ctx context.Context, d *Definition, in Input, call flows.StepStarted) (v Verdict) {
	step := d.Steps[in.Flow.index(call.Step)]
	do := step.Call
	if call.Undo {
		do = step.UndoCall
	}
	ctx, cancel := context.WithTimeout(ctx, CallTime)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			r.o.Log.ErrorContext(ctx, "flow step panicked", "step", step.Name, "flow", in.ID, "panic", p)
			v = Retry("The program failed inside this step; the log has the details.", 0)
		}
	}()
	return do(ctx, in, call.Key)
}

// append executes a plan over the folded streams, unless the flow has moved on since it was seen.
func (r *Runner) append(ctx context.Context, d *Definition, id string, folds []eventlog.Fold, seen eventlog.Version, decide func(Input) plan) (plan, error) {
	now := r.o.Clock()
	var p plan
	_, err := r.log.Execute(ctx, eventlog.Request{
		Folds: folds,
		Meta:  eventlog.Meta{Actor: "flow:" + d.Kind, Cause: "flow:" + id, Correlation: id},
		Decide: func(states []eventlog.State) (eventlog.Decision, error) {
			in := WithStates(Input{ID: id, Flow: states[0].Value.(Status), Now: now}, states...)
			if seen >= 0 && states[0].Version != seen {
				p = plan{more: true}
				return eventlog.Decision{}, nil
			}
			p = decide(in)
			writes := p.writes
			if len(p.own) > 0 {
				writes = append([]eventlog.Decided{{Stream: d.Stream(id), Events: p.own}}, writes...)
			}
			return eventlog.Decision{Writes: writes}, nil
		},
	})
	return p, err
}

func (r *Runner) fold(ctx context.Context, in Input, folds []eventlog.Fold) (Input, error) {
	states := make([]eventlog.State, len(folds))
	for i, f := range folds {
		s, err := r.log.Fold(ctx, f)
		if err != nil {
			return in, fmt.Errorf("fold %s: %w", f.Stream, err)
		}
		states[i] = s
	}
	return WithStates(in, states...), nil
}
