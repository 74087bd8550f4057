package orders

import "time"

// ParcelItem is so many units of a listing that travel together.
type ParcelItem struct {
	Listing  string `json:"listing"`
	Quantity int64  `json:"quantity"`
}

// ParcelGroup is what is to be in one package.
type ParcelGroup struct {
	Items []ParcelItem `json:"items"`
}

// ShippingAsked says that the seller wants the channel told how the order travels.
type ShippingAsked struct {
	Order       string        `json:"order"`
	Request     int           `json:"request"`               // 1, 2, 3 … of the order; that of "ship" also numbers the parcel
	Action      string        `json:"action"`                // "ship", "correct", "split", "combine"
	Parcel      int           `json:"parcel,omitzero"`       // whose number is corrected
	Carrier     string        `json:"carrier,omitzero"`      // of "ship" and "correct", as the channel knows it
	CarrierName string        `json:"carrier_name,omitzero"` // as people know it
	Service     string        `json:"service,omitzero"`
	Tracking    string        `json:"tracking,omitzero"` // the number of the parcel
	Sent        time.Time     `json:"sent,omitzero"`     // when the number was entered: the parcel is taken to have left then
	Items       []ParcelItem  `json:"items,omitzero"`    // of "ship": what is in the parcel
	Label       string        `json:"label,omitzero"`    // of a label that was bought: where its file is kept
	Groups      []ParcelGroup `json:"groups,omitzero"`   // of "split": the packages to be
	With        []string      `json:"with,omitzero"`     // of "combine": all orders of the package; the first one's flow sends it
}

// ShippingEnded says what became of it at the channel.
type ShippingEnded struct {
	Order    string `json:"order"`
	Request  int    `json:"request"`
	Done     bool   `json:"done"`
	Sentence string `json:"sentence,omitzero"` // why it was not done
	Package  string `json:"package,omitzero"`  // of "ship", where the channel names it
}

// PutBack says that units of the order, cancelled late, never left and are on hand again.
type PutBack struct {
	Order string         `json:"order"`
	Items []ReturnedItem `json:"items"`
}

// EventName implements eventlog.Event.
func (ShippingAsked) EventName() string { return "order.shipping_asked" }

// EventName implements eventlog.Event.
func (ShippingEnded) EventName() string { return "order.shipping_ended" }

// EventName implements eventlog.Event.
func (PutBack) EventName() string { return "order.put_back" }
