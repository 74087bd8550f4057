package flow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/failpoint"
)

// faultPause is the wait after a turn that could not be written, on a full disk for example.
const faultPause = 2 * time.Second

// turn carries one flow on as far as it goes now. It returns what a call that is due and may not be
// made here queues with.
func (r *Runner) turn(ctx context.Context, d *Definition, id string, it *item, calls bool) (due string) {
	var seen *eventlog.State // of the flow, with what this turn has appended; nil = to be folded
	for ctx.Err() == nil {
		p, err := r.advance(ctx, d, id, it, calls, &seen)
		if err == nil && p.call != nil {
			failpoint.Hit(failpoint.StepStarted)
			p, err = r.act(ctx, d, id, it, *p.call, *seen)
			seen = nil // others may have appended during the call
		}
		switch {
		case ctx.Err() != nil:
			return ""
		case errors.Is(err, eventlog.ErrFenced):
			r.stop(err)
			return ""
		case err != nil: // nothing was written
			r.o.Log.ErrorContext(ctx, "flow turn failed", "kind", d.Kind, "flow", id, "error", err)
			r.timers.at(ref{d.Kind, id}, r.now().Add(faultPause))
			return ""
		case p.due != "":
			return p.due
		case !p.more:
			r.timers.at(ref{d.Kind, id}, p.wake)
			r.calls.at(ref{d.Kind, id}, p.until)
			return ""
		}
	}
	return ""
}

// advance plans and appends the next events of a flow in one commit.
func (r *Runner) advance(ctx context.Context, d *Definition, id string, it *item, calls bool, known **eventlog.State) (plan, error) {
	if *known == nil {
		folded, err := r.log.Fold(ctx, d.Fold(id))
		if err != nil {
			return plan{}, err
		}
		*known = &folded
	}
	seen := *known
	in := Input{ID: id, Flow: seen.Value.(Status), Now: r.now()}
	if in.Flow.Ended() && (d.Late == nil || in.Flow.Phase != Finished) {
		return plan{}, nil
	}
	in, err := r.fold(ctx, in, d.Base(id))
	if err != nil {
		return plan{}, err
	}
	if in.Flow.Ended() {
		if needs := r.needsLate(ctx, d, in); len(needs) > 0 {
			p, err := r.append(ctx, d, id, it, needs, seen.Version, func(in Input) plan { return plan{writes: d.Late.Decide(in)} })
			*known = nil
			return p, err
		}
		return plan{}, nil
	}
	decide := func(in Input) plan { return d.plan(in, turn{woken: it.woken, calls: calls}) }
	needs, ok := r.needs(ctx, d, in)
	if !ok {
		decide = d.broken
	}
	p, err := r.append(ctx, d, id, it, needs, seen.Version, decide)
	if err != nil || p.moved {
		*known = nil
		return p, err
	}
	evolve := d.Fold(id).Evolve
	for _, e := range p.own {
		seen.Value, seen.Version = evolve(seen.Value, e), seen.Version+1
	}
	return p, nil
}

// needs asks the current step for its streams; false when it panics.
func (r *Runner) needs(ctx context.Context, d *Definition, in Input) (folds []eventlog.Fold, ok bool) {
	defer func() {
		if p := recover(); p != nil {
			r.panicked(ctx, d, in, p)
			folds, ok = nil, false
		}
	}()
	if at := in.Flow.Step; at >= 0 && at < len(d.Steps) && d.Steps[at].Needs != nil {
		folds = d.Steps[at].Needs(in)
	}
	return folds, true
}

// needsLate asks what news of a flow that has ended need; nothing when it panics.
func (r *Runner) needsLate(ctx context.Context, d *Definition, in Input) (folds []eventlog.Fold) {
	defer func() {
		if p := recover(); p != nil {
			r.panicked(ctx, d, in, p)
			folds = nil
		}
	}()
	return d.Late.Needs(in)
}

func (r *Runner) panicked(ctx context.Context, d *Definition, in Input, p any) {
	r.o.Log.ErrorContext(ctx, "flow step panicked", "kind", d.Kind, "flow", in.ID, "step", in.Flow.Step, "panic", fmt.Sprint(p))
}

// act makes a call and appends its outcome.
func (r *Runner) act(ctx context.Context, d *Definition, id string, it *item, call flows.StepStarted, seen eventlog.State) (plan, error) {
	in, err := r.fold(ctx, Input{ID: id, Flow: seen.Value.(Status), Attempt: call.Attempt, Now: r.now()}, d.Base(id))
	if err != nil {
		return plan{}, err
	}
	failpoint.Hit(failpoint.CallBefore)
	v := Retry("The call could not begin in time.", 0)
	if left := call.Deadline.Sub(in.Now) - (CallTime - callLimit); left > 0 { // else it was long in the log's queue
		v = r.call(ctx, d, in, call, min(left, callLimit))
	}
	failpoint.Hit(failpoint.CallAfter)
	if ctx.Err() != nil {
		return plan{}, ctx.Err() // shutting down: the outcome is unknown, the next start looks first
	}
	chance := r.o.Chance()
	return r.append(ctx, d, id, it, nil, -1, func(in Input) plan { return d.settle(in, call, v, r.o.Policy, chance) })
}

// call runs the step's function, at most so long; a panic is a failure of this step alone, and nobody
// knows what it had done by then.
func (r *Runner) call(ctx context.Context, d *Definition, in Input, call flows.StepStarted, most time.Duration) (v Verdict) {
	step := d.Steps[in.Flow.index(call.Step)]
	do := step.Call
	if call.Undo {
		do = step.UndoCall
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			r.panicked(ctx, d, in, p)
			v = Unsure(panicked, 0)
		}
	}()
	return do(ctx, in, call.Key)
}

// append executes a plan over the folded streams, unless the flow has moved on since it was seen
// (-1 = whatever it did).
func (r *Runner) append(ctx context.Context, d *Definition, id string, it *item, needs []eventlog.Fold, seen eventlog.Version, decide func(Input) plan) (plan, error) {
	folds := append([]eventlog.Fold{d.Fold(id)}, d.Base(id)...)
	folds = append(folds, needs...)
	now := r.now()
	var p plan
	_, err := r.log.Execute(ctx, eventlog.Request{
		Folds: folds,
		Meta:  eventlog.Meta{Actor: "flow:" + d.Kind, Cause: it.cause, Correlation: id},
		Decide: func(states []eventlog.State) (eventlog.Decision, error) {
			if seen >= 0 && states[0].Version != seen {
				p = plan{more: true, moved: true}
				return eventlog.Decision{}, nil
			}
			p = r.decide(ctx, d, WithStates(Input{ID: id, Flow: states[0].Value.(Status), Now: now}, states...), decide)
			writes := p.writes
			if len(p.own) > 0 {
				writes = append([]eventlog.Decided{{Stream: d.Stream(id), Events: p.own}}, writes...)
			}
			return eventlog.Decision{Writes: writes}, nil
		},
	})
	return p, err
}

// decide plans; a panic of the step hands the flow to a person.
func (r *Runner) decide(ctx context.Context, d *Definition, in Input, decide func(Input) plan) (p plan) {
	defer func() {
		if cause := recover(); cause != nil {
			r.panicked(ctx, d, in, cause)
			p = d.broken(in)
		}
	}()
	return decide(in)
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
