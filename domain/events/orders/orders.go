// Package orders holds the events of an order: what a channel said about it, in the hub's words.
// Streams are (workspace, "order", order id); an order id is "<connection>:<the channel's id>". Payments that a seller's own shop
// has begun have streams (workspace, "payment", the partner's id).
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

// Destination is what may be known of where an order goes; channels tell it once the order may be sent.
type Destination struct {
	Address  string `json:"address,omitzero"`  // a reference into the vault's keyed index, the same for orders to one address
	Mismatch bool   `json:"mismatch,omitzero"` // the channel says that the bill goes elsewhere
}

// And is what is known of where an order goes with what news add. News that name no address say nothing against what is known:
// channels show an order in part.
func (d Destination) And(news Destination) Destination {
	if news.Address == "" {
		news = Destination{Address: d.Address, Mismatch: d.Mismatch || news.Mismatch}
	}
	return news
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

	SellerShips bool `json:"seller_ships,omitzero"` // no label comes from the channel: the seller's own carrier takes it
	Owed        bool `json:"owed,omitzero"`         // the money is only reserved although the order was sent

	Direct Direct `json:"direct,omitzero"` // of an order that no channel sold

	Destination
}

// StatusChanged says that the channel moved the order on.
type StatusChanged struct {
	Order    string    `json:"order"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Vendor   string    `json:"vendor"`
	Packages []string  `json:"packages,omitzero"`
	Updated  time.Time `json:"updated"`
	Owed     bool      `json:"owed,omitzero"` // the money is only reserved although the order was sent

	Destination
}

// Confirmed says that the channel shows the order unchanged at a later state version.
type Confirmed struct {
	Order   string    `json:"order"`
	Updated time.Time `json:"updated"`

	Destination // where that is news
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
	By      string    `json:"by,omitzero"`     // "seller", "buyer" or "channel"; absent = not told
	Updated time.Time `json:"updated"`
}

// Superseded keeps news that arrived after newer news; it changes nothing.
type Superseded struct {
	Order   string    `json:"order"`
	Status  string    `json:"status"`
	Vendor  string    `json:"vendor"`
	Updated time.Time `json:"updated"`
	Why     string    `json:"why"`

	Lines []Line      `json:"lines,omitzero"` // as it shows them; absent where they were not kept
	Total money.Money `json:"total,omitzero"`
}

// Amended says that the channel lists other lines or another total than before. The order takes what is listed now: its flow frees
// units that are not listed any more, and takes those that are listed beyond what it has.
type Amended struct {
	Order    string      `json:"order"`
	Lines    []Line      `json:"lines"`
	Total    money.Money `json:"total"`
	Sentence string      `json:"sentence"` // what differs from the order as it was placed, what happens next, what to do
	Updated  time.Time   `json:"updated"`
	Fewer    bool        `json:"fewer,omitzero"` // some units that it was listed with once are not listed any more
	More     bool        `json:"more,omitzero"`  // some units are listed that were not listed just before; absent where they were not looked at
}

// Disclosed says what the channel did not show of an order when it was placed: its prices and its total, who bought it. The
// order counts with what stands here as if it had been placed so.
type Disclosed struct {
	Order   string      `json:"order"`
	Lines   []Line      `json:"lines"` // as they were placed, with their prices
	Total   money.Money `json:"total"`
	Buyer   string      `json:"buyer,omitzero"`   // a reference into the vault, never a name
	Updated time.Time   `json:"updated,omitzero"` // the channel's state version, where the newest news show the money
}

// Matched says which of our SKUs each line is; one entry a line, in the order of the lines as they were placed. Behind them stand those
// of listings that the channel has put into the order since, in the order in which it did. Of a line that is not listed any more, and
// whose code nobody knows, the entry is empty.
type Matched struct {
	Order string   `json:"order"`
	SKUs  []string `json:"skus"`
}

// Component is units of a SKU in one unit of a bundle.
type Component struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Bundle is a SKU among an order's whose units are units of others.
type Bundle struct {
	SKU        string      `json:"sku"`
	Components []Component `json:"components"`
}

// Exploded says what the bundles among an order's SKUs are made of, for good: the order takes these units from the stock, and
// gives these back, whatever becomes of the bundles.
type Exploded struct {
	Order   string   `json:"order"`
	Bundles []Bundle `json:"bundles"` // those that were not exploded before
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
func (Disclosed) EventName() string { return "order.disclosed" }

// EventName implements eventlog.Event.
func (Matched) EventName() string { return "order.matched" }

// EventName implements eventlog.Event.
func (Exploded) EventName() string { return "order.exploded" }

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
		Disclosed{},
		Matched{},
		Exploded{},
		ClaimOpened{},
		ClaimMoved{},
		ReturnReceived{},
		AnswerAsked{},
		AnswerEnded{},
		ShippingAsked{},
		ShippingEnded{},
		PutBack{},
		Flagged{},
		Reviewed{},
		Cleared{},
		PaymentNamed{},
		PaymentShown{},
		PaymentLinkAsked{},
		PaymentLinkMade{},
		PaymentLinkEnded{},
		Refunded{},
		Disputed{},
		PaymentClaimed{},
	}
}

// Stream is an order's history.
func Stream(workspace, order string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: order}
}
