// Package shops holds the events of connections and of what they list: which shop is connected,
// how its codes map to our SKUs, what it lists, and its imports. Streams are
// (workspace, "connection", connection id), (workspace, "listing", "<connection>:<code>"),
// (workspace, "shown", "<connection>:<the channel's id of the SKU>"), (workspace, "import", connection id) and
// (workspace, "backfill", connection id).
package shops

import "github.com/creatorflow/creatorflow/eventlog"

// The stream kinds of this package.
const (
	ConnectionKind = "connection" // id: the connection's
	ListingKind    = "listing"    // id: "<connection>:<code>"
)

// Connected says that a shop was authorised. Authorising it again changes only its name.
type Connected struct {
	Connection string `json:"connection"`
	Channel    string `json:"channel"`
	App        string `json:"app"`
	ShopID     string `json:"shop_id"`
	Name       string `json:"name"`
}

// Failing says that the shop could not be read or written, and what mends it.
type Failing struct {
	Connection string `json:"connection"`
	Reason     string `json:"reason"`
	Mend       string `json:"mend"`
}

// Recovered says that a failing shop answers again.
type Recovered struct {
	Connection string `json:"connection"`
}

// Drifted says that the poll found news that no webhook had brought.
type Drifted struct {
	Connection string `json:"connection"`
	Order      string `json:"order"`
	Found      string `json:"found"` // in a sentence
}

// Subscribed says that the hub had the shop's webhooks of a topic sent to itself, because they went nowhere or elsewhere.
type Subscribed struct {
	Connection string `json:"connection"`
	Topic      string `json:"topic"` // the channel's name
	Address    string `json:"address"`
	Was        string `json:"was"` // where they went before; empty = nowhere
}

// Pushing says whether the hub writes the shop's quantities from now on. Until somebody says so it does not.
type Pushing struct {
	Connection string `json:"connection"`
	On         bool   `json:"on"`
}

// InventoryChanged says that a shop lists another quantity than the hub knew, without a sale or
// a write of ours to explain it.
type InventoryChanged struct {
	Connection string `json:"connection"`
	Listing    string `json:"listing"`
	Code       string `json:"code"`
	From       int64  `json:"from"` // units for sale plus units sold but unshipped, as last seen
	To         int64  `json:"to"`
}

// Mapped says which of our SKUs a shop's code means.
type Mapped struct {
	Connection string `json:"connection"`
	Code       string `json:"code"`
	SKU        string `json:"sku"`
	Import     int64  `json:"import,omitzero"` // the shop's import that said so; 0 = a person
}

// EventName implements eventlog.Event.
func (Connected) EventName() string { return "connection.connected" }

// EventName implements eventlog.Event.
func (Failing) EventName() string { return "connection.failing" }

// EventName implements eventlog.Event.
func (Recovered) EventName() string { return "connection.recovered" }

// EventName implements eventlog.Event.
func (Drifted) EventName() string { return "connection.drifted" }

// EventName implements eventlog.Event.
func (Subscribed) EventName() string { return "connection.subscribed" }

// EventName implements eventlog.Event.
func (Pushing) EventName() string { return "connection.pushing" }

// EventName implements eventlog.Event.
func (InventoryChanged) EventName() string { return "listing.inventory_changed" }

// EventName implements eventlog.Event.
func (Mapped) EventName() string { return "listing.mapped" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event {
	return append([]eventlog.Event{
		Connected{}, Failing{}, Recovered{}, Drifted{}, Subscribed{}, Pushing{}, InventoryChanged{}, Mapped{}, BackfillBegun{}, BackfillStopped{}, BackfillEnded{},
	}, listed()...)
}

// Connection is a connection's history.
func Connection(workspace, id string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: ConnectionKind, ID: id}
}

// Listing is the history of one code on one connection.
func Listing(workspace, connection, code string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: ListingKind, ID: connection + ":" + code}
}
