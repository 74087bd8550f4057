package flow

import (
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/eventlog"
)

// CallTime is how long after its StepStarted a call may be taken over; callLimit, a little less, is
// how long it may take. A request can take effect after whoever sent it has given up or died: before
// Settle has gone by it is not repeated.
const (
	CallTime  = 60 * time.Second
	callLimit = 50 * time.Second
	Settle    = 30 * time.Second
	Tail      = callLimit + Settle - CallTime // of a call's time, in which it may look but no longer act
)

// What lies further off than these was written by a clock that was ahead.
const (
	farPause    = 2 * time.Hour // no pause is longer
	farDeadline = 2 * CallTime  // twice, because clocks of two processes differ
)

// Policy is how often and how soon a failing call is tried again.
type Policy struct {
	Attempts int           // then the flow is stuck and a person must look
	First    time.Duration // the first pause's upper bound; each is twice the one before
	Longest  time.Duration // the cap of the pauses
}

// Patient is the default: about two hours of trying before a person is asked.
var Patient = Policy{Attempts: 30, First: time.Second, Longest: 5 * time.Minute}

// pause is exponential with full jitter; chance is in [0, 1).
func (p Policy) pause(failures int, chance float64, least time.Duration) time.Duration {
	longest := p.Longest
	if failures < 30 {
		longest = min(p.Longest, p.First<<failures)
	}
	return min(least+time.Duration(chance*float64(longest)), farPause)
}

// plan is what a flow does next, decided from its folded streams alone.
type plan struct {
	own    []eventlog.Event   // for the flow's stream
	writes []eventlog.Decided // for other streams
	call   *flows.StepStarted // to make once the plan is appended
	more   bool               // there may be more to do at once
	next   *look              // that, if it is known
	flow   Status             // as it is with own
	due    string             // a call is due: go on where such calls may be made
	wake   time.Time          // nothing to do before this time, if it is set
	until  time.Time          // deadline of the call that somebody is at, if there is one
}

// turn is what a plan depends on besides the streams.
type turn struct {
	woken time.Time // when what woke the flow happened
	calls bool      // calls may be made
}

func (d *Definition) plan(in Input, t turn) plan {
	s := in.Flow
	if s.Phase == New {
		started := flows.Started{Kind: d.Kind, Flow: in.ID, At: in.Now}
		in.Flow = evolve(s, started)
		p := d.plan(in, t)
		p.own = slices.Concat([]eventlog.Event{started}, p.own)
		return p
	}
	if s.Waiting == nil {
		t.woken = time.Time{}
	}
	switch {
	case s.Ended():
		return plan{}
	case s.Call != nil && s.Call.Deadline.Sub(in.Now) > farDeadline:
		return adjourn(in, s.Call.Step, CallTime)
	case s.Call != nil && in.Now.Before(s.Call.Deadline): // somebody is at it
		return plan{until: s.Call.Deadline}
	case !s.Backward && d.Abort != nil:
		if reason := d.Abort(in); reason != "" {
			return d.turnAround(in, reason, false, t.woken)
		}
	}
	switch {
	case s.Phase == IsStuck:
		return plan{}
	case s.Backward:
		return d.planUndo(in, t)
	case s.Step >= len(d.Steps):
		return plan{own: []eventlog.Event{d.finished(in, t.woken)}}
	}
	step := d.Steps[s.Step]
	in.Attempt = s.Attempts + 1
	v := step.Decide(in)
	if v.kind != proceed {
		return d.follow(in, step, v, t.woken)
	}
	p := start(in, flows.StepStarted{
		Flow: in.ID, Step: step.Name, Attempt: in.Attempt, Key: d.Kind + "/" + in.ID + "/" + step.Name,
		Deadline: in.Now.Add(CallTime), Woken: t.woken,
	}, t)
	if p.call != nil || p.due != "" { // what a call is made for does not wait in its queue
		p.writes = v.writes
	}
	return p
}

// start makes a call, now or when it is time.
func start(in Input, call flows.StepStarted, t turn) plan {
	again, settled := in.Flow.Again.Sub(in.Now), in.Flow.Settled.Sub(in.Now)
	switch {
	case settled > farPause:
		return adjourn(in, call.Step, Settle)
	case settled > 0:
		return plan{wake: in.Flow.Settled}
	case again > 0 && again <= farPause:
		return plan{wake: in.Flow.Again}
	case !t.calls:
		return plan{due: lineOf(call)}
	}
	return plan{own: []eventlog.Event{call}, call: &call, more: true}
}

// lineOf names what a call queues with: its step's calls, and apart from them those that take it back.
func lineOf(call flows.StepStarted) string {
	if call.Undo {
		return call.Step + "/undo"
	}
	return call.Step
}

// adjourn says anew when a call of unknown outcome may be repeated: the clock was set back, and by the
// time that stands there the flow would rest for hours.
func adjourn(in Input, step string, pause time.Duration) plan {
	return plan{own: []eventlog.Event{flows.StepFailed{
		Flow: in.ID, Step: step, Attempt: in.Flow.Attempts, Undo: in.Flow.Backward, Unsure: true, Again: in.Now.Add(pause),
		Reason: "The clock was set back while it was not known what this call had done. What was done is read back first.",
	}}, more: true}
}

// follow turns a step's verdict into events.
func (d *Definition) follow(in Input, step Step, v Verdict, woken time.Time) plan {
	s := in.Flow
	switch v.kind {
	case succeed:
		own := []eventlog.Event{flows.StepSucceeded{
			Flow: in.ID, Step: step.Name, Attempt: in.Attempt, Data: v.data, Skipped: v.sentence, Woken: woken,
		}}
		if s.Step == len(d.Steps)-1 {
			own = append(own, d.finished(in, woken))
		}
		if v.then != nil {
			v.writes = v.then(in)
		}
		return plan{own: own, writes: v.writes, more: true}
	case wait:
		w := s.Waiting
		if s.Phase == Waits && w.Code == v.code && w.Sentence == v.sentence && w.Until.Equal(v.until) && slices.Equal(w.For, v.tags) {
			if v.until.After(in.Now) {
				return plan{writes: v.writes, wake: v.until}
			}
			return plan{writes: v.writes} // its time has come and changes nothing: only news can
		}
		return plan{writes: v.writes, own: []eventlog.Event{flows.Waiting{
			Flow: in.ID, Step: step.Name, Code: v.code, Sentence: v.sentence, Until: v.until, For: v.tags, Since: in.Now, Woken: woken,
		}}}
	case again:
		return plan{writes: v.writes, more: true}
	case undo:
		p := d.turnAround(in, v.sentence, true, woken)
		p.writes = v.writes
		return p
	default: // an internal step that cannot go on needs a person: its inputs will not change by themselves
		return plan{own: []eventlog.Event{flows.Stuck{
			Flow: in.ID, Step: step.Name, Attempt: in.Attempt, Reason: v.sentence, Woken: woken,
		}}}
	}
}

// turnAround starts compensation at the current step if its call may have happened, else below it.
func (d *Definition) turnAround(in Input, reason string, failed bool, woken time.Time) plan {
	at := min(in.Flow.Step, len(d.Steps)-1)
	if in.Flow.Attempts == 0 {
		at--
	}
	if at < 0 {
		return plan{own: []eventlog.Event{flows.Undone{Flow: in.ID, Reason: reason, Failed: failed}}}
	}
	return plan{own: []eventlog.Event{
		flows.UndoStarted{Flow: in.ID, Step: d.Steps[at].Name, Reason: reason, Failed: failed, Woken: woken},
	}, more: true}
}

func (d *Definition) planUndo(in Input, t turn) plan {
	s := in.Flow
	if s.Step < 0 {
		return plan{own: []eventlog.Event{flows.Undone{Flow: in.ID, Reason: s.Reason, Failed: s.Failed}}}
	}
	step := d.Steps[s.Step]
	in.Attempt = s.Attempts + 1
	undone := flows.StepUndone{Flow: in.ID, Step: step.Name, Note: step.UndoNote}
	switch {
	case step.UndoCall != nil && (step.UndoWhen == nil || step.UndoWhen(in)):
		return start(in, flows.StepStarted{
			Flow: in.ID, Step: step.Name, Attempt: in.Attempt, Key: d.Kind + "/" + in.ID + "/" + step.Name + "/undo",
			Deadline: in.Now.Add(CallTime), Undo: true,
		}, t)
	case step.Undo == nil:
		return plan{own: []eventlog.Event{undone}, more: true}
	}
	v := step.Undo(in)
	if v.kind != succeed {
		return plan{own: []eventlog.Event{flows.Stuck{Flow: in.ID, Step: step.Name, Attempt: in.Attempt, Reason: v.sentence, Undo: true}}}
	}
	undone.Note = v.sentence
	return plan{own: []eventlog.Event{undone}, writes: v.writes, more: true}
}

// settle turns a call's outcome into events; chance is the jitter, in [0, 1).
func (d *Definition) settle(in Input, call flows.StepStarted, v Verdict, p Policy, chance float64) plan {
	s := in.Flow
	if s.Call == nil || s.Call.Key != call.Key || s.Call.Attempt != call.Attempt {
		return plan{more: true} // somebody else has settled it
	}
	step := d.Steps[s.Step]
	in.Attempt = call.Attempt
	if v.kind == retry {
		failed := flows.StepFailed{
			Flow: in.ID, Step: step.Name, Attempt: call.Attempt, Reason: v.sentence, Undo: call.Undo, Unsure: v.unsure,
			Again: in.Now.Add(p.pause(s.Failures, chance, v.after)),
		}
		stuck := flows.Stuck{Flow: in.ID, Step: step.Name, Attempt: call.Attempt, Reason: v.sentence, Undo: call.Undo}
		switch {
		case s.Failures+1 < p.Attempts:
			return plan{own: []eventlog.Event{failed}}
		case v.unsure: // a person's retry must wait, too
			return plan{own: []eventlog.Event{failed, stuck}}
		}
		return plan{own: []eventlog.Event{stuck}}
	}
	if !call.Undo {
		return d.follow(in, step, v, time.Time{})
	}
	if v.kind == succeed {
		return plan{own: []eventlog.Event{flows.StepUndone{Flow: in.ID, Step: step.Name, Note: v.sentence}}, more: true}
	}
	return plan{own: []eventlog.Event{flows.Stuck{Flow: in.ID, Step: step.Name, Attempt: call.Attempt, Reason: v.sentence, Undo: true}}}
}

// broken hands a flow whose step panicked to a person.
func (d *Definition) broken(in Input) plan {
	s := in.Flow
	if s.Ended() || s.Phase == IsStuck {
		return plan{}
	}
	var own []eventlog.Event
	if s.Phase == New {
		own = append(own, flows.Started{Kind: d.Kind, Flow: in.ID, At: in.Now})
	}
	return plan{own: append(own, flows.Stuck{Flow: in.ID, Step: s.name(), Attempt: s.Attempts, Reason: panicked, Undo: s.Backward})}
}

const panicked = "The program failed inside this step; its log has the details."

func (d *Definition) finished(in Input, woken time.Time) flows.Finished {
	s := in.Flow
	s.rest(woken)
	touched := s.Touched || d.Touched != nil && d.Touched(in)
	elapsed := max(0, in.Now.Sub(s.Begun))
	return flows.Finished{Flow: in.ID, Elapsed: elapsed, Own: max(0, elapsed-s.Rested), Untouched: !touched}
}
