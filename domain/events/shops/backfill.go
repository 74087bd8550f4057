package shops

import (
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
)

// BackfillKind is the stream kind of a shop's back-fills; id: the connection's.
const BackfillKind = "backfill"

// BackfillBegun says that somebody asked to read every order that was placed at a shop within a time.
type BackfillBegun struct {
	Connection string    `json:"connection"`
	Number     int64     `json:"number"` // counts the shop's back-fills, from 1
	From       time.Time `json:"from"`
	Until      time.Time `json:"until"` // orders placed then or later are not read
}

// BackfillStopped says that somebody asked to read no further.
type BackfillStopped struct {
	Connection string `json:"connection"`
	Number     int64  `json:"number"`
}

// BackfillEnded says what a back-fill came to.
type BackfillEnded struct {
	Connection string    `json:"connection"`
	Number     int64     `json:"number"`
	Read       int64     `json:"read"`             // orders
	Broken     int64     `json:"broken,omitzero"`  // of them, could not be taken in; each has a letter
	Through    time.Time `json:"through"`          // what was placed before is read
	Stopped    bool      `json:"stopped,omitzero"` // because somebody asked for that
	Failed     string    `json:"failed,omitzero"`  // why it could not go on, a sentence
	Sentence   string    `json:"sentence"`         // what it came to
	At         time.Time `json:"at"`
}

// EventName implements eventlog.Event.
func (BackfillBegun) EventName() string { return "backfill.begun" }

// EventName implements eventlog.Event.
func (BackfillStopped) EventName() string { return "backfill.stopped" }

// EventName implements eventlog.Event.
func (BackfillEnded) EventName() string { return "backfill.ended" }

// Backfills is the history of a shop's back-fills.
func Backfills(workspace, connection string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: BackfillKind, ID: connection}
}
