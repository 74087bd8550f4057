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
}

// Adjusted says that a count, a loss or a find changed what is on hand.
type Adjusted struct {
	SKU    string `json:"sku"`
	Delta  int64  `json:"delta"`
	Reason string `json:"reason"`
}

// Reserved says that units are promised to an order.
type Reserved struct {
	SKU      string `json:"sku"`
	Order    string `json:"order"`
	Attempt  int    `json:"attempt"`
	Quantity int64  `json:"quantity"`
}

// Released says that promised units are free again. It is final for (order, attempt).
type Released struct {
	SKU      string `json:"sku"`
	Order    string `json:"order"`
	Attempt  int    `json:"attempt"`
	Quantity int64  `json:"quantity"`
	Reason   string `json:"reason,omitzero"`
}

// Shipped says that promised units left the house.
type Shipped struct {
	SKU      string `json:"sku"`
	Order    string `json:"order"`
	Attempt  int    `json:"attempt"`
	Quantity int64  `json:"quantity"`
}

// Returned says that units came back; only sellable ones are on hand again.
type Returned struct {
	SKU      string `json:"sku"`
	Order    string `json:"order,omitzero"`
	Quantity int64  `json:"quantity"`
	Sellable bool   `json:"sellable"`
	Reason   string `json:"reason,omitzero"`
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
func (Returned) EventName() string { return "stock.returned" }

// Types lists every event of this package, for the catalogue.
func Types() []eventlog.Event {
	return []eventlog.Event{Received{}, Adjusted{}, Reserved{}, Released{}, Shipped{}, Returned{}}
}

// Stream is a SKU's stock history.
func Stream(workspace, sku string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: Kind, ID: sku}
}
