// Package places holds the events of the locations where a seller's units lie, and of which of them an order is shipped from.
// Streams are (workspace, "places", workspace) and (workspace, "origin", order).
package places

import "github.com/creatorflow/creatorflow/eventlog"

// The stream kinds of the locations and of where an order is shipped from.
const (
	Kind       = "places"
	OriginKind = "origin"
)

// Set says that there is a location, or what it is called and whether orders ship from it from now on. Units at one that does
// not ship are not for sale.
type Set struct {
	Location string `json:"location"`
	Name     string `json:"name"`
	Ships    bool   `json:"ships"`
}

// Ordered says in which order locations are asked for an order's units from now on.
type Ordered struct {
	Locations []string `json:"locations"`
}

// Closed says that a location is no more.
type Closed struct {
	Location string `json:"location"`
}

// Part is units of a SKU of an order, and where they are shipped from.
type Part struct {
	SKU      string `json:"sku"`
	Location string `json:"location"`
	Quantity int64  `json:"quantity"`
}

// Chosen says where an order's units are taken from, from now on; no parts = from nowhere yet.
type Chosen struct {
	Order string `json:"order"`
	Parts []Part `json:"parts"`
	Why   string `json:"why"` // "first", "split", "package", "person", "left"
}

// EventName implements eventlog.Event.
func (Set) EventName() string { return "location.set" }

// EventName implements eventlog.Event.
func (Ordered) EventName() string { return "location.ordered" }

// EventName implements eventlog.Event.
func (Closed) EventName() string { return "location.closed" }

// EventName implements eventlog.Event.
func (Chosen) EventName() string { return "origin.chosen" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event { return []eventlog.Event{Set{}, Ordered{}, Closed{}, Chosen{}} }

// Stream is the history of a workspace's locations.
func Stream(workspace string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: workspace}
}

// Origin is the history of where an order's units are taken from.
func Origin(workspace, order string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: OriginKind, ID: order}
}
