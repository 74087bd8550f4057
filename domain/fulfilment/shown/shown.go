// Package shown is an order's flow as a person reads it, and what they may ask of it.
package shown

import (
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// The states of a step.
const (
	Pending = "pending"
	Running = "running"
	Waiting = "waiting"
	Done    = "done"
	Failed  = "failed"
	Undone  = "undone"
	Skipped = "skipped"
)

// Step is one line of an order's timeline.
type Step struct {
	Name     string
	State    string
	At       time.Time // of its last news
	Attempts int
	Took     time.Duration // from its first news or the step before to its end
	Detail   string
}

// Timeline is a flow as a person reads it.
type Timeline struct {
	State    string // running, waiting, undoing, stuck, finished, undone; empty before it begins
	Step     string
	Sentence string
	Wake     time.Time
	Own      time.Duration // in our hands, known once it finished
	Elapsed  time.Duration
	Steps    []Step
	Data     map[string]string
}

// Read folds a flow's records into its timeline: the seven steps, each with what happened to it.
func Read(records []eventlog.Record) Timeline {
	t := Timeline{Data: map[string]string{}}
	for _, name := range fulfilment.Shown {
		t.Steps = append(t.Steps, Step{Name: name, State: Pending})
	}
	var last time.Time
	for _, r := range records {
		t.read(r, last)
		last = r.At
	}
	return t
}

// Actions are what a person may ask of a flow as it stands, by the rules that decide it: "retry", "skip", "take-back",
// and "approve" and "reject" while its order waits for review.
func Actions(workspace, order string, records []eventlog.Record) []string {
	d := fulfilment.Definition(workspace, nil)
	fold := d.Fold(order)
	state := fold.Zero()
	for _, r := range records {
		state = fold.Evolve(state, r.Event)
	}
	s, actions := state.(flow.Status), []string{}
	if _, err := d.Retrying(order).Decide(s, ""); err == nil {
		actions = append(actions, "retry")
	}
	review := s.Phase == flow.Waits && s.Waiting.Code == fulfilment.WaitRisk
	if _, err := d.Skipping(order).Decide(s, flow.By{}); err == nil && !review {
		actions = append(actions, "skip")
	}
	if _, err := d.TakingBack(order).Decide(s, flow.By{}); err == nil {
		actions = append(actions, "take-back")
	}
	if review {
		actions = append(actions, "approve", "reject")
	}
	return actions
}

func (t *Timeline) read(r eventlog.Record, last time.Time) {
	switch e := r.Event.(type) {
	case flows.Started:
		t.State = "running"
	case flows.StepStarted:
		t.set("running", e.Step, "", time.Time{})
		t.mark(e.Step, func(s *Step) { s.State, s.At, s.Attempts, s.Detail = Running, r.At, e.Attempt, "" })
	case flows.StepSucceeded:
		t.set("running", e.Step, "", time.Time{})
		for key, value := range e.Data {
			t.Data[key] = value
		}
		t.mark(e.Step, func(s *Step) {
			s.State, s.At, s.Detail, s.Took = Done, r.At, e.Skipped, r.At.Sub(last)
			s.Attempts = max(s.Attempts, e.Attempt)
			if e.Skipped != "" {
				s.State = Skipped
			}
		})
	case flows.StepFailed:
		t.set("running", e.Step, e.Reason+" Trying again.", e.Again)
		t.mark(e.Step, func(s *Step) { s.State, s.At, s.Attempts, s.Detail = Failed, r.At, e.Attempt, e.Reason })
	case flows.Waiting:
		t.set("waiting", e.Step, e.Sentence, e.Until)
		t.mark(e.Step, func(s *Step) { s.State, s.At, s.Detail = Waiting, r.At, e.Sentence })
	case flows.UndoStarted:
		t.set("undoing", e.Step, e.Reason, time.Time{})
	case flows.StepUndone:
		t.mark(e.Step, func(s *Step) {
			if s.State == Done || s.State == Running || s.State == Failed {
				s.State, s.At, s.Detail = Undone, r.At, e.Note
			}
		})
	case flows.Stuck:
		t.set("stuck", e.Step, e.Reason+" Retry when it is mended.", time.Time{})
		t.mark(e.Step, func(s *Step) { s.State, s.At, s.Attempts, s.Detail = Failed, r.At, e.Attempt, e.Reason })
	case flows.Retried:
		t.set("running", e.Step, "", time.Time{})
	case flows.Finished:
		t.set("finished", t.Step, "", time.Time{})
		t.Own, t.Elapsed = e.Own, e.Elapsed
	case flows.Undone:
		t.set("undone", t.Step, e.Reason, time.Time{})
		for i := range t.Steps {
			if t.Steps[i].State == Waiting {
				t.Steps[i].State, t.Steps[i].Detail = Pending, ""
			}
		}
	}
}

func (t *Timeline) set(state, step, sentence string, wake time.Time) {
	t.State, t.Step, t.Sentence, t.Wake = state, step, sentence, wake
}

// mark changes a step's line; check and reserve are one decision, so they move together, but for
// the wait for stock, in which the check has spoken and the reservation has not begun.
func (t *Timeline) mark(step string, change func(*Step)) {
	for i := range t.Steps {
		if s := &t.Steps[i]; s.Name == step || step == fulfilment.StepReserve && s.Name == fulfilment.StepCheck {
			change(s)
			if s.State == Waiting && s.Name == fulfilment.StepReserve {
				s.State, s.Detail = Pending, ""
			}
		}
	}
}
