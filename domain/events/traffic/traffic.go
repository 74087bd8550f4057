// Package traffic holds the events of how many people looked at what a shop sells. Streams are (workspace, "traffic",
// "<connection>:<day, UTC>").
package traffic

import (
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
)

// Kind is the stream kind of a shop's visits on one day.
const Kind = "traffic"

// Counted says how many visits a shop had in an hour. The last one of an hour holds.
type Counted struct {
	Connection string    `json:"connection"`
	Hour       time.Time `json:"hour"` // when it begins
	Visits     int64     `json:"visits"`
}

// EventName implements eventlog.Event.
func (Counted) EventName() string { return "traffic.counted" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event { return []eventlog.Event{Counted{}} }

// Stream is the history of a shop's visits on the day of an hour.
func Stream(workspace, connection string, hour time.Time) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: connection + ":" + hour.UTC().Format(time.DateOnly)}
}
