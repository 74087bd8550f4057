// Package shortages holds the events of what is done with an order when stock for it is missing, as the owner has set it. Streams are
// (workspace, "shortage", workspace).
package shortages

import "github.com/creatorflow/creatorflow/eventlog"

// Kind is the stream kind of the settings.
const Kind = "shortage"

// PathSet says what is done from now on with an order that there is not enough stock for.
type PathSet struct {
	SKU  string `json:"sku,omitzero"` // absent: of all that have no path of their own
	Path string `json:"path"`         // "hold", "backorder", "cancel"; of a SKU empty = as of all others
}

// EventName implements eventlog.Event.
func (PathSet) EventName() string { return "shortage.path_set" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event { return []eventlog.Event{PathSet{}} }

// Stream is the history of a workspace's settings.
func Stream(workspace string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: workspace}
}
