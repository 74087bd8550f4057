// Package stock holds the events of one SKU's stock: every unit that came, went or was promised.
// Streams are (workspace, "stock", SKU).
package stock

import "github.com/creatorflow/creatorflow/eventlog"

// Kind is the stream kind of stock.
const Kind = "stock"

// Received says that a delivery arrived.
type Received struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Name     string `json:"name,omitzero"` // of the product, where it was given
	Reason   string `json:"reason,omitzero"`
	Location string `json:"location,omitzero"` // empty = the main one, here and in all events of stock
}

// Adjusted says that a count, a loss or a find changed what is on hand.
type Adjusted struct {
	SKU      string `json:"sku"`
	Delta    int64  `json:"delta"`
	Reason   string `json:"reason"`
	Location string `json:"location,omitzero"`
}

// Reserved says that units are promised to an order.
type Reserved struct {
	SKU      string `json:"sku"`
	Order    string `json:"order"`
	Attempt  int    `json:"attempt"`
	Quantity int64  `json:"quantity"`
}

// Released says that promised units are free again. It is final for (order, attempt), unless some of them stay promised or the
// channel lists them in the order again.
type Released struct {
	SKU      string `json:"sku"`
	Order    string `json:"order"`
	Attempt  int    `json:"attempt"`
	Quantity int64  `json:"quantity"`
	Reason   string `json:"reason,omitzero"`
	Kept     int64  `json:"kept,omitzero"` // stay promised; where the order is sent from is open again
}

// Part is units of a SKU at a location.
type Part struct {
	Location string `json:"location,omitzero"`
	Quantity int64  `json:"quantity"`
}

// Allotted says at which locations promised units lie that an order is sent from; none = it is open again.
type Allotted struct {
	SKU     string `json:"sku"`
	Order   string `json:"order"`
	Attempt int    `json:"attempt"`
	From    []Part `json:"from"`
}

// Shipped says that promised units left the house.
type Shipped struct {
	SKU      string `json:"sku"`
	Order    string `json:"order"`
	Attempt  int    `json:"attempt"`
	Quantity int64  `json:"quantity"`
	From     []Part `json:"from,omitzero"` // where they lay; none = all at the main location
}

// Moved says that units went from one location to another; it changes no total.
type Moved struct {
	SKU      string `json:"sku"`
	From     string `json:"from,omitzero"`
	To       string `json:"to,omitzero"`
	Quantity int64  `json:"quantity"`
	Reason   string `json:"reason,omitzero"`
}

// Returned says that units came back; only sellable ones are on hand again.
type Returned struct {
	SKU      string `json:"sku"`
	Order    string `json:"order,omitzero"`
	Quantity int64  `json:"quantity"`
	Sellable bool   `json:"sellable"`
	Reason   string `json:"reason,omitzero"`
	Location string `json:"location,omitzero"`
}

// Component is units of a SKU in one unit of a bundle.
type Component struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Bundled says that a SKU is a bundle from now on, or one of other components than before: it has no stock of its own, and
// one unit of it is these units of others.
type Bundled struct {
	SKU        string      `json:"sku"`
	Name       string      `json:"name,omitzero"` // of the product, where it was given
	Components []Component `json:"components"`    // by SKU
}

// Unbundled says that a SKU is no bundle any more.
type Unbundled struct {
	SKU string `json:"sku"`
}

// JoinedBundle says that one unit of a bundle takes so many units of this SKU from now on.
type JoinedBundle struct {
	SKU      string `json:"sku"`
	Bundle   string `json:"bundle"`
	Quantity int64  `json:"quantity"`
}

// LeftBundle says that a bundle takes no units of this SKU any more.
type LeftBundle struct {
	SKU    string `json:"sku"`
	Bundle string `json:"bundle"`
}

// EventName implements eventlog.Event.
func (Received) EventName() string { return "stock.received" }

// EventName implements eventlog.Event.
func (Adjusted) EventName() string { return "stock.adjusted" }

// EventName implements eventlog.Event.
func (Reserved) EventName() string { return "stock.reserved" }

// EventName implements eventlog.Event.
func (Released) EventName() string { return "stock.released" }

// EventName implements eventlog.Event.
func (Shipped) EventName() string { return "stock.shipped" }

// EventName implements eventlog.Event.
func (Allotted) EventName() string { return "stock.allotted" }

// EventName implements eventlog.Event.
func (Moved) EventName() string { return "stock.moved" }

// EventName implements eventlog.Event.
func (Returned) EventName() string { return "stock.returned" }

// EventName implements eventlog.Event.
func (Bundled) EventName() string { return "stock.bundled" }

// EventName implements eventlog.Event.
func (Unbundled) EventName() string { return "stock.unbundled" }

// EventName implements eventlog.Event.
func (JoinedBundle) EventName() string { return "stock.joined_bundle" }

// EventName implements eventlog.Event.
func (LeftBundle) EventName() string { return "stock.left_bundle" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event {
	return []eventlog.Event{
		Received{},
		Adjusted{},
		Reserved{},
		Released{},
		Shipped{},
		Returned{},
		Bundled{},
		Unbundled{},
		JoinedBundle{},
		LeftBundle{},
		Backordered{},
		BackorderFirst{},
		BackorderLeft{},
		Allotted{},
		Moved{},
	}
}

// Stream is a SKU's stock history.
func Stream(workspace, sku string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: sku}
}
