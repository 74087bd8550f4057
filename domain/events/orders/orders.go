// Package orders holds the events of an order: what a channel said about it, in the hub's words.
// Streams are (workspace, "order", order id); an order id is "<connection>:<the channel's id>".
package orders

import (
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// Kind is the stream kind of orders.
const Kind = "order"

// Line is one SKU of an order as the channel named it.
type Line struct {
	Listing  string      `json:"listing"` // the channel's id of the SKU
	Code     string      `json:"code"`    // the seller's code on the channel, else the channel's id of the SKU
	Name     string      `json:"name,omitzero"`
	Quantity int64       `json:"quantity"`
	Price    money.Money `json:"price"` // of one unit
}

// Placed says that a channel sold something.
type Placed struct {
	Order      string      `json:"order"`
	Connection string      `json:"connection"`
	Channel    string      `json:"channel"`
	ChannelID  string      `json:"channel_id"`
	Status     string      `json:"status"`
	Vendor     string      `json:"vendor"` // the channel's own word for the status
	Lines      []Line      `json:"lines"`
	Total      money.Money `json:"total"`
	Buyer      string      `json:"buyer,omitzero"` // a reference into the vault, never a name
	Packages   []string    `json:"packages,omitzero"`
	Created    time.Time   `json:"created"`
	Updated    time.Time   `json:"updated"` // the channel's state version
	Paid       time.Time   `json:"paid,omitzero"`
	ShipBy     time.Time   `json:"ship_by,omitzero"`
	SelfShips  bool        `json:"self_ships,omitzero"` // the channel ships, the hub must not
}

// StatusChanged says that the channel moved the order on.
type StatusChanged struct {
	Order    string    `json:"order"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Vendor   string    `json:"vendor"`
	Packages []string  `json:"packages,omitzero"`
	Updated  time.Time `json:"updated"`
}

// Confirmed says that the channel shows the order unchanged at a later state version.
type Confirmed struct {
	Order   string    `json:"order"`
	Updated time.Time `json:"updated"`
}

// PaymentCompleted says that an order left the unpaid state: the channel has the money.
type PaymentCompleted struct {
	Order string      `json:"order"`
	Total money.Money `json:"total"`
	Paid  time.Time   `json:"paid,omitzero"`
}

// Cancelled says that the channel shows the order as cancelled. It is final.
type Cancelled struct {
	Order   string    `json:"order"`
	From    string    `json:"from"`
	Vendor  string    `json:"vendor,omitzero"` // the channel's own word for the status
	Reason  string    `json:"reason,omitzero"` // the channel's reason code
	Updated time.Time `json:"updated"`
}

// Superseded keeps news that arrived after newer news; it changes nothing.
type Superseded struct {
	Order   string    `json:"order"`
	Status  string    `json:"status"`
	Vendor  string    `json:"vendor"`
	Updated time.Time `json:"updated"`
	Why     string    `json:"why"`
}

// Amended says that the channel lists other lines or another total than before. What was ordered stays reserved and
// counted.
type Amended struct {
	Order    string      `json:"order"`
	Lines    []Line      `json:"lines"`
	Total    money.Money `json:"total"`
	Sentence string      `json:"sentence"` // what differs from the order as it was placed, what happens next, what to do
	Updated  time.Time   `json:"updated"`
}

// Matched says which of our SKUs each line is; one entry a line, in the order of the lines.
type Matched struct {
	Order string   `json:"order"`
	SKUs  []string `json:"skus"`
}

// EventName implements eventlog.Event.
func (Placed) EventName() string { return "order.placed" }

// EventName implements eventlog.Event.
func (StatusChanged) EventName() string { return "order.status_changed" }

// EventName implements eventlog.Event.
func (Confirmed) EventName() string { return "order.confirmed" }

// EventName implements eventlog.Event.
func (PaymentCompleted) EventName() string { return "order.payment_completed" }

// EventName implements eventlog.Event.
func (Cancelled) EventName() string { return "order.cancelled" }

// EventName implements eventlog.Event.
func (Superseded) EventName() string { return "order.superseded" }

// EventName implements eventlog.Event.
func (Amended) EventName() string { return "order.amended" }

// EventName implements eventlog.Event.
func (Matched) EventName() string { return "order.matched" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event {
	return []eventlog.Event{
		Placed{},
		StatusChanged{},
		Confirmed{},
		PaymentCompleted{},
		Cancelled{},
		Superseded{},
		Amended{},
		Matched{},
		ClaimOpened{},
		ClaimMoved{},
		ReturnReceived{},
		AnswerAsked{},
		AnswerEnded{},
	}
}

// Stream is an order's history.
func Stream(workspace, order string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: order}
}
