// Package risks holds the events of the rules by which orders are flagged for review: the rules as the owner set them, and which
// orders go to one address. Streams are (workspace, "risk", workspace) and (workspace, "address", the address's reference).
package risks

import (
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// The stream kinds of the rules and of addresses.
const (
	Kind        = "risk"
	AddressKind = "address"
)

// Configured says by which rules orders are flagged from now on, all of them.
type Configured struct {
	Mismatch Mismatch `json:"mismatch"`
	Total    Total    `json:"total"`
	Repeats  Repeats  `json:"repeats"`
	Stock    string   `json:"stock"` // of a flagged order until it is reviewed: "kept" or "freed"
}

// Mismatch flags orders that go elsewhere than their bill.
type Mismatch struct {
	On   bool          `json:"on"`
	From []money.Money `json:"from"` // the total from which on, one a currency; others are not flagged
}

// Total flags orders that cost more than a limit.
type Total struct {
	On   bool          `json:"on"`
	Over []money.Money `json:"over"` // the limits, one a currency; others are not flagged
}

// Repeats flags orders to an address that other orders go to.
type Repeats struct {
	On     bool `json:"on"`
	Orders int  `json:"orders"` // others, from which on
	Hours  int  `json:"hours"`  // within which they were placed
}

// Used says that an order goes to an address. It is told once the order may be sent.
type Used struct {
	Address string    `json:"address"` // a reference of the vault's keyed index
	Order   string    `json:"order"`
	Placed  time.Time `json:"placed"` // the channel's time
}

// EventName implements eventlog.Event.
func (Configured) EventName() string { return "risk.configured" }

// EventName implements eventlog.Event.
func (Used) EventName() string { return "address.used" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event { return []eventlog.Event{Configured{}, Used{}} }

// Stream is the history of a workspace's rules.
func Stream(workspace string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: workspace}
}

// Address is the history of an address.
func Address(workspace, reference string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: AddressKind, ID: reference}
}
