package orders

import (
	"time"

	"github.com/creatorflow/creatorflow/money"
)

// How an order that was entered here is paid.
const (
	PayCard      = "card"      // the hub takes the money through the payment partner
	PayElsewhere = "elsewhere" // the buyer has paid by other means; the hub moves no money
	PayLink      = "link"      // the buyer pays by a page of the payment partner's, whose link the seller sends them
)

// Direct says of an order that it was sold outside the channels and entered here, and how it is paid.
type Direct struct {
	Pay    string `json:"pay"`
	Method string `json:"method,omitzero"` // the partner's id of a payment method, or of a payment that the seller's own shop has begun
}

// PaymentNamed says by what else an order that was entered here is paid.
type PaymentNamed struct {
	Order string `json:"order"`
	Direct
}

// PaymentLinkAsked says that a buyer shall have a link to pay an order by, in place of any before it.
type PaymentLinkAsked struct {
	Order  string    `json:"order"`
	Link   int       `json:"link"` // the order's first, second and so on
	Until  time.Time `json:"until"`
	Return string    `json:"return,omitzero"` // the page that the buyer sees after paying; empty = the seller's own as the partner knows it
}

// PaymentLinkMade says where the buyer pays.
type PaymentLinkMade struct {
	Order   string    `json:"order"`
	Link    int       `json:"link"`
	Session string    `json:"session"` // the partner's id
	URL     string    `json:"url"`
	Until   time.Time `json:"until"`
}

// PaymentLinkEnded says that a link can be paid no more, or could not be made.
type PaymentLinkEnded struct {
	Order    string `json:"order"`
	Link     int    `json:"link"`
	State    string `json:"state"` // expired or refused
	Sentence string `json:"sentence"`
}

// How a link ended.
const (
	LinkExpired = "expired"
	LinkRefused = "refused"
)

// PaymentShown says what the payment partner shows of an order's payment, where somebody else than the hub has moved it.
type PaymentShown struct {
	Order   string `json:"order"`
	Status  string `json:"status"`           // the partner's own word
	Payment string `json:"payment,omitzero"` // the partner's id, of a payment or of a link that ended without one; empty = not kept then
}

// Refunded says how much of an order's money has gone back to the buyer so far.
type Refunded struct {
	Order    string      `json:"order"`
	Total    money.Money `json:"total"`
	Sentence string      `json:"sentence"` // who gave it back, and what that means for the order
}

// Disputed says that the buyer asks their bank for the money, or what became of that.
type Disputed struct {
	Order    string      `json:"order"`
	Dispute  string      `json:"dispute"` // the partner's id
	Status   string      `json:"status"`  // the partner's own word
	Reason   string      `json:"reason"`  // likewise
	Amount   money.Money `json:"amount"`
	Sentence string      `json:"sentence"`
}

// PaymentClaimed says which order a payment of the seller's own shop belongs to; it pays one order.
type PaymentClaimed struct {
	Payment string `json:"payment"` // the partner's id
	Order   string `json:"order"`
}

// EventName implements eventlog.Event.
func (PaymentNamed) EventName() string { return "order.payment_named" }

// EventName implements eventlog.Event.
func (PaymentLinkAsked) EventName() string { return "order.payment_link_asked" }

// EventName implements eventlog.Event.
func (PaymentLinkMade) EventName() string { return "order.payment_link_made" }

// EventName implements eventlog.Event.
func (PaymentLinkEnded) EventName() string { return "order.payment_link_ended" }

// EventName implements eventlog.Event.
func (PaymentShown) EventName() string { return "order.payment_shown" }

// EventName implements eventlog.Event.
func (Refunded) EventName() string { return "order.refunded" }

// EventName implements eventlog.Event.
func (Disputed) EventName() string { return "order.disputed" }

// EventName implements eventlog.Event.
func (PaymentClaimed) EventName() string { return "payment.claimed" }
