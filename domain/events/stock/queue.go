package stock

import "time"

// Backordered says that an order waits in its turn for units of this SKU, or for another number of them than before. Those who come
// later get none of them.
type Backordered struct {
	SKU      string    `json:"sku"`
	Order    string    `json:"order"`
	Quantity int64     `json:"quantity"`
	Placed   time.Time `json:"placed"`         // by the channel's clock: the queue goes by it
	Front    int64     `json:"front,omitzero"` // as in BackorderFirst, of an order that was moved before
}

// BackorderFirst says that a person moved a waiting order before all others.
type BackorderFirst struct {
	SKU    string `json:"sku"`
	Order  string `json:"order"`
	Front  int64  `json:"front"` // orders with a higher one come first, whenever they were placed
	Reason string `json:"reason"`
}

// BackorderLeft says that an order does not wait in the queue of this SKU any more.
type BackorderLeft struct {
	SKU    string `json:"sku"`
	Order  string `json:"order"`
	Served bool   `json:"served,omitzero"` // it has its units; else nobody waits for them any more
	Reason string `json:"reason,omitzero"`
}

// EventName implements eventlog.Event.
func (Backordered) EventName() string { return "stock.backordered" }

// EventName implements eventlog.Event.
func (BackorderFirst) EventName() string { return "stock.backorder_first" }

// EventName implements eventlog.Event.
func (BackorderLeft) EventName() string { return "stock.backorder_left" }
