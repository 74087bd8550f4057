// Package letters holds the events of dead letters: records and webhooks that could not be taken
// in, kept with what is wrong and what was done about it. Streams are (workspace, "deadletter", id);
// replays of all letters of a time are told in (workspace, "replay", "deadletters").
package letters

import (
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
)

// The stream kinds of this package.
const (
	Kind       = "deadletter"
	ReplayKind = "replay" // id: "deadletters"
)

// What the id of a letter about stock begins with, before the order's: its units came back to nobody, its channel put more into it
// after it had left, it took more than was there, or a person took it back and its channel still has it. Nothing can be tried again:
// a person does what it says.
const (
	Return    = "return-"
	Added     = "added-"
	Short     = "short-"
	TakenBack = "taken-back-"
)

// AboutStock says whether a letter is one of those, and of which order.
func AboutStock(letter string) (order string, is bool) {
	for _, about := range []string{Return, Added, Short, TakenBack} {
		if order, is = strings.CutPrefix(letter, about); is {
			return order, true
		}
	}
	return "", false
}

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

// Corrected says that somebody corrected what was received, and asked to take the corrected copy in. What was received stays
// as it came. Neither value stands here, as both may be personal: they are in the inbox under the two numbers.
type Corrected struct {
	Letter string   `json:"letter"`
	Inbox  int64    `json:"inbox"`  // what was received
	Copy   int64    `json:"copy"`   // the corrected one
	Fields []string `json:"fields"` // what differs, such as "data.order_id"; "" is the whole of it
	Reason string   `json:"reason,omitzero"`
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

// ReplayBegun says that somebody asked to try all letters again that were opened in a time.
type ReplayBegun struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason,omitzero"`
}

// ReplayWentOn says how far the replay has come, oldest letter first.
type ReplayWentOn struct {
	Replayed int       `json:"replayed"`         // so far
	Skipped  int       `json:"skipped,omitzero"` // so far: closed meanwhile, or impossible to try
	At       time.Time `json:"at"`               // when the last of these letters was opened
	Letter   string    `json:"letter"`           // the last of them
}

// ReplayEnded says that every letter of the time was tried again or skipped.
type ReplayEnded struct {
	Replayed int `json:"replayed"`
	Skipped  int `json:"skipped,omitzero"`
}

// EventName implements eventlog.Event.
func (ReplayBegun) EventName() string { return "deadletter.replay_begun" }

// EventName implements eventlog.Event.
func (ReplayWentOn) EventName() string { return "deadletter.replay_went_on" }

// EventName implements eventlog.Event.
func (ReplayEnded) EventName() string { return "deadletter.replay_ended" }

// EventName implements eventlog.Event.
func (Opened) EventName() string { return "deadletter.opened" }

// EventName implements eventlog.Event.
func (Replayed) EventName() string { return "deadletter.replayed" }

// EventName implements eventlog.Event.
func (Corrected) EventName() string { return "deadletter.corrected" }

// EventName implements eventlog.Event.
func (Discarded) EventName() string { return "deadletter.discarded" }

// EventName implements eventlog.Event.
func (Resolved) EventName() string { return "deadletter.resolved" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event {
	return []eventlog.Event{Opened{}, Replayed{}, Corrected{}, Discarded{}, Resolved{}, ReplayBegun{}, ReplayWentOn{}, ReplayEnded{}}
}

// Stream is a dead letter's history.
func Stream(workspace, letter string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: letter}
}

// Replays is the history of the replays of all letters of a time.
func Replays(workspace string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: ReplayKind, ID: "deadletters"}
}
