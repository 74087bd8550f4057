// Package workspaces holds the events of a seller's business as a whole: its name, zone and
// currency. Streams are (workspace, "workspace", workspace).
package workspaces

import "github.com/creatorflow/creatorflow/eventlog"

// Kind is the stream kind of workspaces.
const Kind = "workspace"

// Configured says what the business is called, where its day begins and what it counts in. A field
// that nobody has set is empty.
type Configured struct {
	Name     string `json:"name"`
	Zone     string `json:"zone"`     // IANA name, e.g. "Europe/London"
	Currency string `json:"currency"` // ISO 4217; figures show it first
	// OrdersTitle is what the page of all orders is called; empty = as the app calls it.
	OrdersTitle string `json:"orders_title,omitempty"`
}

// EventName implements eventlog.Event.
func (Configured) EventName() string { return "workspace.configured" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event { return []eventlog.Event{Configured{}} }

// Stream is a workspace's history.
func Stream(workspace string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: workspace}
}
