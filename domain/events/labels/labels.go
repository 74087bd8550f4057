// Package labels holds the events of the partner from whom labels of the seller's own carriers are bought: who that is, and where
// parcels are that it sold labels of. Streams are (workspace, "labels", workspace) and (workspace, "journey", order).
package labels

import (
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
)

// The stream kinds of the partner and of an order's parcels under way.
const (
	Kind        = "labels"
	JourneyKind = "journey"
)

// EasyPost is a partner that labels can be bought from.
const EasyPost = "easypost"

// Configured says from whom labels are bought from now on, and how; the key and the sender's address are in the vault.
type Configured struct {
	Partner   string `json:"partner"`   // "easypost"; empty = from nobody any more
	Test      bool   `json:"test"`      // with a test key: nothing is charged, and no label is valid
	Automatic bool   `json:"automatic"` // labels are bought by themselves, else when a person asks
	Carrier   string `json:"carrier"`   // wanted; empty = any
	Service   string `json:"service"`   // wanted of it; empty = the cheapest
	Grams     int    `json:"grams"`     // a parcel's weight
	Length    int    `json:"length"`    // in millimetres
	Width     int    `json:"width"`     // in millimetres
	Height    int    `json:"height"`    // in millimetres
	Secrets   string `json:"secrets"`   // a reference of which key and address are meant; another one each time they are saved
}

// Moved says where a parcel of an order is, as its carrier told the partner.
type Moved struct {
	Order    string    `json:"order"`
	Tracking string    `json:"tracking"`
	Status   string    `json:"status"` // the partner's word: "pre_transit", "in_transit", "out_for_delivery", "delivered", "return_to_sender", …
	At       time.Time `json:"at"`     // the partner's time
	News     string    `json:"news"`   // the partner's id of this news, which may come twice
}

// EventName implements eventlog.Event.
func (Moved) EventName() string { return "parcel.moved" }

// EventName implements eventlog.Event.
func (Configured) EventName() string { return "labels.configured" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event { return []eventlog.Event{Configured{}, Moved{}} }

// Stream is the history of a workspace's partner.
func Stream(workspace string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: workspace}
}

// Journey is the history of where an order's parcels are.
func Journey(workspace, order string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: JourneyKind, ID: order}
}
