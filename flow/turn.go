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
	var next *look // nil = the flow is to be looked at
	for ctx.Err() == nil {
		p, err := r.advance(ctx, d, id, it, calls, next)
		next = p.next
		if err == nil && p.call != nil {
			failpoint.Hit(failpoint.StepStarted)
			p, err = r.act(ctx, d, id, it, *p.call, p.flow)
			next = nil // others may have appended during the call
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

// look is what a flow is about to decide, and over which streams.
type look struct {
	over   []eventlog.Version // of the flow and its base; at others it is looked at anew
	needs  []eventlog.Fold    // besides them
	decide func(Input) plan
}

// still says whether streams are at the versions that were looked at.
func (l *look) still(states []eventlog.State) bool {
	for i := range l.over {
		if l.over[i] != states[i].Version {
			return false
		}
	}
	return true
}

// look asks where a flow stands, over its base.
func (r *Runner) look(ctx context.Context, d *Definition, in Input, versions []eventlog.Version, t turn) *look {
	l := &look{over: versions, decide: func(in Input) plan { return d.plan(in, t) }}
	ok := true
	switch {
	case !in.Flow.Ended():
		l.needs, ok = r.needs(ctx, d, in)
	case d.Late != nil && in.Flow.Phase == Finished:
		if l.needs = r.needsLate(ctx, d, in); len(l.needs) > 0 {
			l.decide = func(in Input) plan { return plan{writes: d.Late.Decide(in)} }
		}
	}
	if !ok {
		l.decide = d.broken
	}
	return l
}

// advance plans and appends the next events of a flow in one commit. Where a step needs more than its base, and
// what that is is not known from the step before, it only looks. Both are asked of the appender, which has the
// states of a flow that moves: to fold them for each turn would be to read a flow's streams over and over.
func (r *Runner) advance(ctx context.Context, d *Definition, id string, it *item, calls bool, seen *look) (plan, error) {
	t := turn{woken: it.woken, calls: calls}
	base := 1 + len(d.Base(id))
	var needs []eventlog.Fold
	if seen != nil {
		needs = seen.needs
	}
	return r.append(ctx, d, id, it, needs, func(in Input, states []eventlog.State) plan {
		at := seen
		switch {
		case at == nil:
			if at = r.look(ctx, d, in, versions(states[:base]), t); len(at.needs) > 0 {
				return plan{more: true, next: at}
			}
		case !at.still(states): // somebody else has moved it
			return plan{more: true}
		}
		p := r.decide(ctx, d, in, at.decide)
		for _, e := range p.own {
			in.Flow = evolve(in.Flow, e)
		}
		p.flow = in.Flow
		if p.more {
			then := versions(states[:base])
			then[0] += eventlog.Version(len(p.own))
			p.next = r.look(ctx, d, WithStates(in, states[:base]...), then, t)
		}
		return p
	})
}

func versions(states []eventlog.State) []eventlog.Version {
	all := make([]eventlog.Version, len(states))
	for i := range states {
		all[i] = states[i].Version
	}
	return all
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

// act makes a call of a flow and appends its outcome.
func (r *Runner) act(ctx context.Context, d *Definition, id string, it *item, call flows.StepStarted, s Status) (plan, error) {
	in, err := r.fold(ctx, Input{ID: id, Flow: s, Attempt: call.Attempt, Now: r.now()}, d.Base(id))
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
	return r.append(ctx, d, id, it, nil, func(in Input, _ []eventlog.State) plan {
		return r.decide(ctx, d, in, func(in Input) plan { return d.settle(in, call, v, r.o.Policy, chance) })
	})
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

// append executes what decide plans over the states of the flow, its base and what else it needs.
func (r *Runner) append(ctx context.Context, d *Definition, id string, it *item, needs []eventlog.Fold, decide func(Input, []eventlog.State) plan) (plan, error) {
	folds := append([]eventlog.Fold{d.Fold(id)}, d.Base(id)...)
	folds = append(folds, needs...)
	now := r.now()
	var p plan
	_, err := r.log.Execute(ctx, eventlog.Request{
		Folds: folds,
		Meta:  eventlog.Meta{Actor: "flow:" + d.Kind, Cause: it.cause, Correlation: id},
		Decide: func(states []eventlog.State) (eventlog.Decision, error) {
			p = decide(WithStates(Input{ID: id, Flow: states[0].Value.(Status), Now: now}, states...), states)
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
