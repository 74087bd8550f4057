// Package audits holds the events of the audit that a running hub makes of its own views: which rows were not what the log
// says, and which are again. Streams are (workspace, "audit", "views").
package audits

import "github.com/creatorflow/creatorflow/eventlog"

// Kind is the stream kind of audits.
const Kind = "audit"

// Differed says that a row of a view was not what the log says. It names columns and never what they held.
type Differed struct {
	View   string   `json:"view"`  // such as "orders"
	Table  string   `json:"table"` // with its version
	Key    string   `json:"key"`   // of the row, its parts with spaces between
	Kind   string   `json:"kind"`  // "changed", "missing" or "extra"
	Fields []string `json:"fields,omitzero"`
	At     int64    `json:"position"` // that the view stood at
}

// Mended says that such a row is what the log says again.
type Mended struct {
	View  string `json:"view"`
	Table string `json:"table"`
	Key   string `json:"key"`
	At    int64  `json:"position"` // that the view stood at
}

// EventName implements eventlog.Event.
func (Differed) EventName() string { return "audit.differed" }

// EventName implements eventlog.Event.
func (Mended) EventName() string { return "audit.mended" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event { return []eventlog.Event{Differed{}, Mended{}} }

// Views is the history of a workspace's views.
func Views(workspace string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: "views"}
}
