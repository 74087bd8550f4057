package flow

import (
	"maps"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Phase is where a flow stands.
type Phase string

// The phases of a flow.
const (
	New      Phase = ""
	Running  Phase = "running"
	Waits    Phase = "waiting"
	Undoing  Phase = "undoing"
	IsStuck  Phase = "stuck"
	Finished Phase = "finished"
	Undone   Phase = "undone"
)

// Status is a flow as its stream tells it.
type Status struct {
	Phase    Phase
	Step     int // index of the step to do next, or to undo next
	Data     map[string]string
	Failures int                // of the current step in a row
	Attempts int                // of the current step, over all retries: a call was made if it is above 0
	Call     *flows.StepStarted // in flight or of unknown outcome
	Again    time.Time          // earliest next try of a call
	Settled  time.Time          // until then the last call of this step may still take effect, whoever asks for another
	Waiting  *flows.Waiting     // the wait that is on, or was ended by a person and not yet followed by anything
	Backward bool               // compensating, also while stuck
	Reason   string
	Failed   bool
	Touched  bool // a person helped
	Begun    time.Time
	Rested   time.Duration // time spent in waits
	steps    []Step
}

// Ended says that nothing more will happen by itself.
func (s Status) Ended() bool {
	return s.Phase == Finished || s.Phase == Undone
}

// Stream is one flow's history.
func (d *Definition) Stream(id string) eventlog.Stream {
	return eventlog.Stream{Workspace: d.Workspace, Kind: d.Kind, ID: id}
}

// Fold folds a flow's stream; its state is a Status.
func (d *Definition) Fold(id string) eventlog.Fold {
	return eventlog.Fold{
		Stream: d.Stream(id), Name: "flow." + d.Kind,
		Zero:   func() any { return Status{steps: d.Steps} },
		Evolve: func(s any, e eventlog.Event) any { return evolve(s.(Status), e) },
	}
}

func (s Status) index(step string) int {
	for i := range s.steps {
		if s.steps[i].Name == step {
			return i
		}
	}
	return s.Step // a step that no longer exists: stay
}

// name of the step that the flow stands at; empty beyond both ends.
func (s Status) name() string {
	if s.Step < 0 || s.Step >= len(s.steps) {
		return ""
	}
	return s.steps[s.Step].Name
}

func evolve(s Status, e eventlog.Event) Status {
	switch e := e.(type) {
	case flows.Started:
		s.Phase, s.Begun = Running, e.At
	case flows.StepStarted:
		s.rest(e.Woken)
		s.Call, s.Attempts, s.Again, s.Settled, s.Phase = &e, e.Attempt, time.Time{}, time.Time{}, s.moving()
	case flows.StepSucceeded:
		s.rest(e.Woken)
		data := maps.Clone(s.Data)
		if data == nil {
			data = map[string]string{}
		}
		maps.Copy(data, e.Data)
		s.Data, s.Phase = data, Running
		s.stand(s.index(e.Step) + 1)
	case flows.StepFailed:
		s.Call, s.Again, s.Failures, s.Attempts = nil, e.Again, s.Failures+1, e.Attempt
		if e.Unsure {
			s.Settled = e.Again
		}
	case flows.Waiting:
		s.rest(e.Woken)
		s.Phase, s.Waiting, s.Call, s.Again = Waits, &e, nil, time.Time{}
	case flows.UndoStarted:
		s.rest(e.Woken)
		s.Phase, s.Backward, s.Reason, s.Failed = Undoing, true, e.Reason, e.Failed
		s.stand(s.index(e.Step))
	case flows.StepUndone:
		s.stand(s.index(e.Step) - 1)
	case flows.Stuck:
		s.rest(e.Woken)
		s.Phase, s.Call, s.Again, s.Reason = IsStuck, nil, time.Time{}, e.Reason
	case flows.Retried:
		s.Phase, s.Touched, s.Again, s.Failures = s.moving(), true, time.Time{}, 0
	case flows.Finished:
		s.Phase = Finished
	case flows.Undone:
		s.Phase = Undone
	}
	return s
}

func (s *Status) moving() Phase {
	if s.Backward {
		return Undoing
	}
	return Running
}

// stand puts the flow in front of a step, to be done or undone.
func (s *Status) stand(step int) {
	s.Step, s.Call, s.Again, s.Settled, s.Failures, s.Attempts = step, nil, time.Time{}, time.Time{}, 0, 0
}

// rest closes the wait before an event: until it was woken the time was the world's, not ours.
func (s *Status) rest(woken time.Time) {
	if s.Waiting != nil && woken.After(s.Waiting.Since) {
		s.Rested += woken.Sub(s.Waiting.Since)
	}
	s.Waiting = nil
}
