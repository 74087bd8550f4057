package flow

import (
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/eventlog"
)

// What a person may ask of a flow: another try, to go on without a step that was done by other means, or to take back what
// was done. Each begins with Retried: it tells that a person helped, closes the flow's letter and wakes it.

// ErrNothing refuses a retry of a flow that has nothing to retry.
const ErrNothing = eventlog.Refusal("There is nothing to retry: this order is not stuck, not waiting for help and not between tries.")

// Refusals of what a person asks of a flow.
const (
	ErrOver = eventlog.Refusal("There is nothing to do any more: this order has been worked off or taken back.")
	ErrBusy = eventlog.Refusal("A step is being tried right now. Wait until its outcome is known, at most a minute, then ask again.")
)

// By is what a person says of a flow that does not go on by itself.
type By struct {
	Step   string    // where the flow stood when it was looked at; empty = wherever it stands
	Reason string    // why, in the person's words
	Now    time.Time // the wait ends here
}

func decider[C any](d *Definition, id string, decide func(s Status, c C) ([]eventlog.Event, error)) eventlog.Decider[Status, C] {
	fold := d.Fold(id)
	return eventlog.Decider[Status, C]{
		Name: fold.Name, Zero: func() Status { return fold.Zero().(Status) }, Evolve: evolve, Decide: decide,
	}
}

// Retrying lets a person ask for another try of a flow that is stuck, waits or is between tries.
func (d *Definition) Retrying(id string) eventlog.Decider[Status, string] {
	return decider(d, id, func(s Status, reason string) ([]eventlog.Event, error) {
		if s.Phase != IsStuck && s.Phase != Waits && s.Again.IsZero() {
			return nil, ErrNothing
		}
		return []eventlog.Event{flows.Retried{Flow: id, Step: s.name(), Reason: reason}}, nil
	})
}

// Skipping lets a person close the step at which a flow does not go on, because it was done by other means. Only a step
// that is ByHand can be: of the others the hub itself keeps the books. While the flow is taken back, a step can be left that
// cannot be: the person has seen to it, or lets it go.
func (d *Definition) Skipping(id string) eventlog.Decider[Status, By] {
	return decider(d, id, func(s Status, by By) ([]eventlog.Event, error) {
		if err := s.open(by.Step); err != nil {
			return nil, err
		}
		switch step := s.name(); {
		case s.Backward && (s.Phase != IsStuck || step == "" || !d.Steps[s.Step].ByHand || d.Steps[s.Step].UndoCall == nil):
			return nil, eventlog.Refusal("This order is being taken back; this step of it cannot be skipped now. Retry, and it goes on with that.")
		case s.Backward:
			return []eventlog.Event{
				flows.Retried{Flow: id, Step: step, Reason: by.Reason},
				flows.StepUndone{Flow: id, Step: step, Note: "Left by hand: " + by.Reason},
			}, nil
		case step == "" || !d.Steps[s.Step].ByHand:
			return nil, eventlog.Refusal(fmt.Sprintf("The step %q cannot be skipped: nobody but the hub can have done it. Mend what it says, then retry.", step))
		case s.Phase != IsStuck && s.Phase != Waits && s.Again.IsZero():
			return nil, ErrNothing
		default:
			return []eventlog.Event{
				flows.Retried{Flow: id, Step: step, Reason: by.Reason},
				flows.StepSucceeded{Flow: id, Step: step, Attempt: s.Attempts, Skipped: "Skipped by hand: " + by.Reason, Woken: s.woken(by.Now)},
			}, nil
		}
	})
}

// TakingBack lets a person give up a flow and take back what was done, while all of it can be.
func (d *Definition) TakingBack(id string) eventlog.Decider[Status, By] {
	return decider(d, id, func(s Status, by By) ([]eventlog.Event, error) {
		if err := s.open(by.Step); err != nil {
			return nil, err
		}
		if s.Backward {
			return nil, eventlog.Refusal("This order is being taken back already.")
		}
		for i, step := range d.Steps {
			made := i < s.Step || i == s.Step && s.Attempts > 0
			if made && step.Call != nil && (step.UndoCall == nil || step.UndoWhen != nil) {
				return nil, eventlog.Refusal(fmt.Sprintf(
					"The step %q may have been done and cannot be taken back from here. Cancel the order at its channel; what was reserved is freed with that.", step.Name))
			}
		}
		in := Input{ID: id, Flow: s, Now: by.Now}
		asked := flows.Retried{Flow: id, Step: s.name(), Reason: by.Reason}
		return append([]eventlog.Event{asked}, d.turnAround(in, "Taken back by hand: "+by.Reason, false, s.woken(by.Now)).own...), nil
	})
}

// open refuses what is asked of a flow that has ended, is at work or has moved on.
func (s Status) open(step string) error {
	switch {
	case s.Ended() || s.Phase == New:
		return ErrOver
	case s.Call != nil:
		return ErrBusy
	case step != "" && step != s.name():
		return eventlog.Refusal(fmt.Sprintf("This order has moved on to the step %q since you looked at it.", s.name()))
	}
	return nil
}

// woken is when the wait ended, if there is one.
func (s Status) woken(now time.Time) time.Time {
	if s.Waiting == nil {
		return time.Time{}
	}
	return now
}
