// Package letters holds the events of dead letters: records and webhooks that could not be taken
// in, kept with what is wrong and what was done about it. Streams are (workspace, "deadletter", id).
package letters

import "github.com/creatorflow/creatorflow/eventlog"

// Kind is the stream kind of dead letters.
const Kind = "deadletter"

// Opened says that something could not be taken in.
type Opened struct {
	Letter     string `json:"letter"`         // "inbox-<number>", "order-<order id>" or "unknown-<app>-<shop or type>-<which>"
	Inbox      int64  `json:"inbox,omitzero"` // the raw webhook, 0 when a poll found it
	Connection string `json:"connection,omitzero"`
	Subject    string `json:"subject,omitzero"` // which order, as far as it can be told
	Field      string `json:"field,omitzero"`
	Rule       string `json:"rule,omitzero"`
	Sample     string `json:"sample,omitzero"` // cut short, empty where it may be personal
	Reason     string `json:"reason"`          // in a sentence
	Attempts   int    `json:"attempts"`
}

// Replayed says that somebody asked to try again.
type Replayed struct {
	Letter string `json:"letter"`
	Reason string `json:"reason,omitzero"`
}

// Discarded says that somebody decided to let it go.
type Discarded struct {
	Letter string `json:"letter"`
	Reason string `json:"reason,omitzero"`
}

// Resolved says that it was taken in after all.
type Resolved struct {
	Letter string `json:"letter"`
}

// EventName implements eventlog.Event.
func (Opened) EventName() string { return "deadletter.opened" }

// EventName implements eventlog.Event.
func (Replayed) EventName() string { return "deadletter.replayed" }

// EventName implements eventlog.Event.
func (Discarded) EventName() string { return "deadletter.discarded" }

// EventName implements eventlog.Event.
func (Resolved) EventName() string { return "deadletter.resolved" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event {
	return []eventlog.Event{Opened{}, Replayed{}, Discarded{}, Resolved{}}
}

// Stream is a dead letter's history.
func Stream(workspace, letter string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: letter}
}
