// Package listings holds the events of what the shops list of a SKU: every quantity that is written, what came of it, and
// what was found to be otherwise. Streams are (workspace, "listings", SKU); the policy for all SKUs that have none of their
// own is told in (workspace, "listing_policy", "all").
package listings

import (
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
)

// The stream kinds of this package.
const (
	Kind       = "listings"       // id: the SKU
	PolicyKind = "listing_policy" // id: "all"
)

// Sent is appended before a quantity is written to a shop: whatever comes of the call, it may take effect.
type Sent struct {
	SKU        string    `json:"sku"`
	Connection string    `json:"connection"`
	Listing    string    `json:"listing"` // the channel's id
	Number     int       `json:"number"`  // of the listing's writes
	Write      string    `json:"write"`   // "zero", "set", "swap"
	From       int       `json:"from,omitzero"`
	To         int       `json:"to,omitzero"`
	Why        string    `json:"why"`
	At         time.Time `json:"at"`
}

// Answered says what the shop said of a write.
type Answered struct {
	SKU        string `json:"sku"`
	Connection string `json:"connection"`
	Listing    string `json:"listing"`
	Number     int    `json:"number"`
	Answer     string `json:"answer"`          // "accepted", "refused": never made, "stale": never made, because the shop listed another quantity than From, "lost": nobody knows
	Reason     string `json:"reason,omitzero"` // a sentence, when it was not accepted
}

// Differed says that a shop listed another quantity than sales and the hub's own writes explain.
type Differed struct {
	SKU        string    `json:"sku"`
	Connection string    `json:"connection"`
	Listing    string    `json:"listing"`
	Found      int       `json:"found"`
	Due        int       `json:"due"`            // what sales and writes explain
	Share      int       `json:"share"`          // what it should list now
	Wrote      bool      `json:"wrote,omitzero"` // at the first look after a write of the hub's
	Sentence   string    `json:"sentence"`       // what was found, what it should be, what happens next
	At         time.Time `json:"at"`             // of the look
}

// Mended says that a listing which differed lists again what it should.
type Mended struct {
	SKU        string    `json:"sku"`
	Connection string    `json:"connection"`
	Listing    string    `json:"listing"`
	Found      int       `json:"found"`
	Quantity   int       `json:"quantity"` // listed now
	Since      time.Time `json:"since"`    // the look that found the difference
	Sentence   string    `json:"sentence"`
}

// RepairAsked says that somebody asked to look at once at what a shop lists and to write what differs. Without a SKU it is
// meant for all of the shop's listings.
type RepairAsked struct {
	SKU        string `json:"sku,omitzero"`
	Connection string `json:"connection"`
	Reason     string `json:"reason,omitzero"`
}

// PolicySet says how a SKU is to be listed on a connection. Without a SKU it is meant for all that have none of their own,
// without a connection for all connections.
type PolicySet struct {
	SKU        string `json:"sku,omitzero"`
	Connection string `json:"connection,omitzero"`
	Policy     string `json:"policy"` // "escrow", "mirror", "hybrid"
	Buffer     int    `json:"buffer,omitzero"`
	Follows    string `json:"follows,omitzero"` // of a catalogue: the connection whose quantities it shows; empty = the first shop that sells
}

// CounterSet says how many units of a SKU may be sold on a connection whose orders are entered here: its share of what all
// shops offer, written by the hub as it writes a shop's quantity, and in force with this record. Without a SKU and a
// connection it is meant for all of them, and only Open says something.
type CounterSet struct {
	SKU        string `json:"sku,omitzero"`
	Connection string `json:"connection,omitzero"`
	Number     int    `json:"number,omitzero"` // of the counter's writes; 0 = the units stay
	From       int    `json:"from,omitzero"`
	To         int    `json:"to,omitzero"`
	Open       bool   `json:"open,omitzero"` // all that is available may be sold, whatever To says: the shops mirror, or none is written
	Why        string `json:"why"`
}

// CounterSold says that an order which was entered here took units off its counter, in the commit that placed it.
type CounterSold struct {
	SKU        string `json:"sku"`
	Connection string `json:"connection"`
	Order      string `json:"order"`
	Units      int    `json:"units"`
}

// EventName implements eventlog.Event.
func (Sent) EventName() string { return "listing.write_sent" }

// EventName implements eventlog.Event.
func (Answered) EventName() string { return "listing.write_answered" }

// EventName implements eventlog.Event.
func (Differed) EventName() string { return "listing.differed" }

// EventName implements eventlog.Event.
func (Mended) EventName() string { return "listing.mended" }

// EventName implements eventlog.Event.
func (RepairAsked) EventName() string { return "listing.repair_asked" }

// OutageSet says which outage of the hub a hybrid listing must survive: of one SKU, or of all that have none of their own.
type OutageSet struct {
	SKU     string `json:"sku,omitzero"`
	Minutes int    `json:"minutes"` // 0 = what holds otherwise: for one SKU that of all, for all an hour
}

// EventName implements eventlog.Event.
func (OutageSet) EventName() string { return "listing.outage_set" }

// SKUOf is the SKU of a stream of this package; empty = the stream is of what holds for all.
func SKUOf(s eventlog.Stream) string {
	if s.Kind != Kind {
		return ""
	}
	return s.ID
}

// EventName implements eventlog.Event.
func (PolicySet) EventName() string { return "listing.policy_set" }

// EventName implements eventlog.Event.
func (CounterSet) EventName() string { return "listing.counter_set" }

// EventName implements eventlog.Event.
func (CounterSold) EventName() string { return "listing.counter_sold" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event {
	return []eventlog.Event{Sent{}, Answered{}, Differed{}, Mended{}, RepairAsked{}, PolicySet{}, OutageSet{}, CounterSet{}, CounterSold{}}
}

// Stream is the history of what shops list of a SKU; of "" that of the policy for all.
func Stream(workspace, sku string) eventlog.Stream {
	if sku == "" {
		return eventlog.Stream{Workspace: workspace, Kind: PolicyKind, ID: "all"}
	}
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: sku}
}
