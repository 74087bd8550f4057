// Package flows holds the events of a flow: its whole history is its stream. Streams are
// (workspace, the flow's kind, the flow's id), e.g. (main, "fulfilment", an order id).
package flows

import (
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
)

// Started begins a flow.
type Started struct {
	Kind string    `json:"kind"`
	Flow string    `json:"flow"`
	At   time.Time `json:"at"`
}

// StepStarted is appended before a call into the world, with the key the call carries.
type StepStarted struct {
	Flow     string    `json:"flow"`
	Step     string    `json:"step"`
	Attempt  int       `json:"attempt"`
	Key      string    `json:"key"`
	Deadline time.Time `json:"deadline"`
	Undo     bool      `json:"undo,omitzero"`
	Woken    time.Time `json:"woken,omitzero"` // when the wait before it ended, if there was one
}

// StepSucceeded closes a step; Data holds references only.
type StepSucceeded struct {
	Flow    string            `json:"flow"`
	Step    string            `json:"step"`
	Attempt int               `json:"attempt"`
	Data    map[string]string `json:"data,omitzero"`
	Skipped string            `json:"skipped,omitzero"` // why there was nothing to do
	Woken   time.Time         `json:"woken,omitzero"`
}

// StepFailed says that a call failed and when it is tried again.
type StepFailed struct {
	Flow    string    `json:"flow"`
	Step    string    `json:"step"`
	Attempt int       `json:"attempt"`
	Reason  string    `json:"reason"`
	Again   time.Time `json:"again"`
	Undo    bool      `json:"undo,omitzero"`
	Unsure  bool      `json:"unsure,omitzero"` // the call may still take effect until Again
}

// Waiting says that the flow waits for the world; the waiting is not our time.
type Waiting struct {
	Flow     string    `json:"flow"`
	Step     string    `json:"step"`
	Code     string    `json:"code"`     // "on_hold", "unpaid", "no_stock", "unknown_sku", "authorisation" …
	Sentence string    `json:"sentence"` // what, why, what happens next, what mends it
	Until    time.Time `json:"until,omitzero"`
	For      []string  `json:"for,omitzero"` // tags whose news end the wait
	Since    time.Time `json:"since"`
	Woken    time.Time `json:"woken,omitzero"`
}

// UndoStarted turns the flow around: compensation runs bottom to top.
type UndoStarted struct {
	Flow   string    `json:"flow"`
	Step   string    `json:"step"`
	Reason string    `json:"reason"`
	Failed bool      `json:"failed,omitzero"` // a step failed; false = somebody cancelled
	Woken  time.Time `json:"woken,omitzero"`
}

// StepUndone closes the undoing of a step.
type StepUndone struct {
	Flow string `json:"flow"`
	Step string `json:"step"`
	Note string `json:"note,omitzero"`
}

// Stuck says that retries are used up; a person must look. It is a dead letter.
type Stuck struct {
	Flow    string    `json:"flow"`
	Step    string    `json:"step"`
	Attempt int       `json:"attempt"`
	Reason  string    `json:"reason"`
	Undo    bool      `json:"undo,omitzero"`
	Woken   time.Time `json:"woken,omitzero"`
}

// Retried says that somebody asked for another try.
type Retried struct {
	Flow   string `json:"flow"`
	Step   string `json:"step"`
	Reason string `json:"reason,omitzero"`
}

// Finished ends a flow that did all its steps.
type Finished struct {
	Flow      string        `json:"flow"`
	Own       time.Duration `json:"own_ns"`     // time in our hands, waits left out
	Elapsed   time.Duration `json:"elapsed_ns"` // from start to end
	Untouched bool          `json:"untouched"`  // no person had to help
}

// Undone ends a flow whose steps were all undone.
type Undone struct {
	Flow   string `json:"flow"`
	Reason string `json:"reason"`
	Failed bool   `json:"failed,omitzero"`
}

// EventName implements eventlog.Event.
func (Started) EventName() string { return "flow.started" }

// EventName implements eventlog.Event.
func (StepStarted) EventName() string { return "flow.step_started" }

// EventName implements eventlog.Event.
func (StepSucceeded) EventName() string { return "flow.step_succeeded" }

// EventName implements eventlog.Event.
func (StepFailed) EventName() string { return "flow.step_failed" }

// EventName implements eventlog.Event.
func (Waiting) EventName() string { return "flow.waiting" }

// EventName implements eventlog.Event.
func (UndoStarted) EventName() string { return "flow.undo_started" }

// EventName implements eventlog.Event.
func (StepUndone) EventName() string { return "flow.step_undone" }

// EventName implements eventlog.Event.
func (Stuck) EventName() string { return "flow.stuck" }

// EventName implements eventlog.Event.
func (Retried) EventName() string { return "flow.retried" }

// EventName implements eventlog.Event.
func (Finished) EventName() string { return "flow.finished" }

// EventName implements eventlog.Event.
func (Undone) EventName() string { return "flow.undone" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event {
	return []eventlog.Event{
		Started{},
		StepStarted{},
		StepSucceeded{},
		StepFailed{},
		Waiting{},
		UndoStarted{},
		StepUndone{},
		Stuck{},
		Retried{},
		Finished{},
		Undone{},
	}
}
