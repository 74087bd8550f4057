package market

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/amount"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/payment"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/timeline"
)

// NewOrder is what a buyer orders.
type NewOrder struct {
	ID              int64     `json:"id"` // made when 0
	At              time.Time `json:"at"` // zero = now
	Buyer           string    `json:"buyer"`
	Email           string    `json:"email"`
	Address         string    `json:"address"`
	City            string    `json:"city"`
	PostalCode      string    `json:"postal_code"`
	Country         string    `json:"country"`
	Note            string    `json:"note"`
	BilledElsewhere bool      `json:"billed_elsewhere"` // the billing address is another one
	Unpaid          bool      `json:"unpaid"`           // PENDING
	Authorized      bool      `json:"authorized"`       // money is reserved, not taken
	Reserved        []string  `json:"reserved"`         // of Authorized, the amounts of its authorisations; none = one of the total
	Bank            string    `json:"bank"`             // what it says when reserved money is taken: "" = yes, "no", "later" = yes, once the job delay is over, "pending" = so too, and the order is PENDING until then
	Lines           []Line    `json:"lines"`
}

// Line is a quantity of one variant; Price is what one cost, "" = the variant's.
type Line struct {
	Variant  int64  `json:"variant"`
	Quantity int64  `json:"quantity"`
	Price    string `json:"price"`
}

// Item is a line of an order.
type Item struct {
	ID       int64
	Variant  *Variant
	Quantity int64 // as ordered
	Current  int64 // without what was edited out, cancelled or refunded
	Price    Amount
}

// Order is an order; what its states are called is told by Financial and Fulfilment.
type Order struct {
	ID, Customer                int64
	Name                        string
	NewOrder                    NewOrder
	Created, Updated, Cancelled time.Time
	CancelReason, StaffNote     string
	Edited                      bool
	Financial                   string // the vendor's word
	Items                       []*Item
	Parts                       []*Part
	Fulfillments                []*Fulfillment
	Transactions                []*Transaction
	Refunds                     []*Refund
	Returns                     []*Return
}

// Part is a fulfillment order: what one location has to send.
type Part struct {
	ID       int64
	Order    *Order
	Location *Location
	Status   string // OPEN, IN_PROGRESS, SCHEDULED, ON_HOLD, INCOMPLETE, CLOSED, CANCELLED
	Lines    []*PartLine
	Updated  time.Time
}

// PartLine is a line of a fulfillment order.
type PartLine struct {
	ID               int64
	Item             *Item
	Total, Remaining int64
}

// Fulfillment is a parcel as the shop knows it.
type Fulfillment struct {
	ID                     int64
	Order                  *Order
	Part                   *Part
	Number                 int
	Status, Display        string
	Company, Tracking, URL string
	Lines                  []PartLine // Remaining is what this parcel holds
	Created, Updated       time.Time
}

// Transaction is a movement of money.
type Transaction = payment.Transaction

// Refund is money given back.
type Refund struct {
	ID      int64
	Order   *Order
	Return  *Return // nil when it belongs to none
	Amount  Amount
	Lines   []RefundLine
	Created time.Time
}

// RefundLine is what was refunded of one line.
type RefundLine struct {
	ID       int64
	Item     *Item
	Quantity int64
	Restock  string // RETURN, CANCEL, NO_RESTOCK
	Location int64  // where they were restocked; 0 = nowhere
}

// Total is what an order's current lines cost.
func (o *Order) Total() (sum Amount) {
	for _, it := range o.Items {
		sum += it.Price * Amount(it.Quantity)
	}
	return sum
}

// Owed is what the buyer has not paid yet of what an order is made of now.
func (o *Order) Owed() (sum Amount) {
	for _, it := range o.Items {
		sum += it.Price * Amount(it.Current)
	}
	return max(0, sum-payment.Paid(o.Transactions))
}

// Fulfilment is the vendor's word for how far the sending is.
func (o *Order) Fulfilment() string {
	var total, left int64
	status := map[string]bool{}
	for _, p := range o.Parts {
		status[p.Status] = true
		for _, l := range p.Lines {
			total += l.Total
			left += l.Remaining
		}
	}
	switch {
	case len(o.Fulfillments) > 0 && left == 0:
		return "FULFILLED"
	case left < total && o.sent() > 0:
		return "PARTIALLY_FULFILLED"
	case status["ON_HOLD"]:
		return "ON_HOLD"
	case status["SCHEDULED"]:
		return "SCHEDULED"
	case status["IN_PROGRESS"]:
		return "IN_PROGRESS"
	}
	return "UNFULFILLED"
}

func (o *Order) sent() (n int64) {
	for _, f := range o.Fulfillments {
		if f.Status == "CANCELLED" {
			continue
		}
		for _, l := range f.Lines {
			n += l.Remaining
		}
	}
	return n
}

// Place takes a buyer's order. What is not listed is refused and counted, unless the rules say otherwise.
func (m *Market) Place(st *Store, n NewOrder) (*Order, error) {
	if len(n.Lines) == 0 || st.Orders[n.ID] != nil {
		return nil, fmt.Errorf("order %d of %d lines: %w", n.ID, len(n.Lines), ErrInvalid)
	}
	wanted := map[int64]int64{}
	for _, l := range n.Lines {
		v := st.Variants[l.Variant]
		_, priced := amount.Parse(cmp.Or(l.Price, "0"))
		if v == nil || l.Quantity < 1 || !priced {
			return nil, fmt.Errorf("line of variant %d: %w", l.Variant, ErrInvalid)
		}
		wanted[l.Variant] += l.Quantity
	}
	for id, quantity := range wanted {
		v := st.Variants[id]
		if !m.Rules.SellBeyondListed && !v.Oversell && !v.Untracked && (st.Available(v) < quantity || v.Product.Status != "ACTIVE") {
			m.Counts.RefusedOversold++
			return nil, fmt.Errorf("variant %d: %w", id, ErrNotListed)
		}
	}
	var reserved []Amount
	for _, text := range n.Reserved {
		amount, priced := amount.Parse(text)
		if !priced {
			return nil, fmt.Errorf("authorisation of %q: %w", text, ErrInvalid)
		}
		reserved = append(reserved, amount)
	}
	created := m.now()
	if !n.At.IsZero() {
		created = n.At.UTC().Truncate(time.Second)
	}
	st.numbers++
	o := &Order{ID: cmp.Or(n.ID, m.ID()), Name: fmt.Sprintf("#%d", st.numbers), NewOrder: n, Customer: m.ID(), Created: created, Updated: created}
	for _, l := range n.Lines {
		m.add(st, o, l)
	}
	st.Orders[o.ID] = o
	st.OrderUpdates.Put(o)
	m.Counts.Placed++
	o.Financial = "PENDING"
	m.hooks.Note("order placed", st.Domain, fmt.Sprint(o.ID), o.Name)
	switch {
	case n.Authorized:
		o.Financial = "AUTHORIZED"
		for _, amount := range reserved {
			m.move(o, "AUTHORIZATION", amount, nil)
		}
		if len(reserved) == 0 {
			m.move(o, "AUTHORIZATION", o.Total(), nil)
		}
	case !n.Unpaid:
		m.settleMoney(st, o)
	}
	m.hooks.Tell(st, Notice{Topic: "ORDERS_CREATE", Order: o})
	if o.Financial == "PAID" {
		m.hooks.Tell(st, Notice{Topic: "ORDERS_PAID", Order: o})
	}
	return o, nil
}

// add puts a line into an order, to be sent from where its units lie.
func (m *Market) add(st *Store, o *Order, l Line) {
	v := st.Variants[l.Variant]
	price, _ := amount.Parse(cmp.Or(l.Price, v.Price)) // checked before, and when it was listed
	it := &Item{ID: m.ID(), Variant: v, Quantity: l.Quantity, Current: l.Quantity, Price: price}
	o.Items = append(o.Items, it)
	place := m.take(st, v, l.Quantity)
	i := slices.IndexFunc(o.Parts, func(p *Part) bool { return p.Location == place && p.open() })
	if i < 0 {
		p := &Part{ID: m.ID(), Order: o, Location: place, Status: "OPEN", Updated: o.Updated}
		i, o.Parts, st.Parts[p.ID] = len(o.Parts), append(o.Parts, p), p
	}
	o.Parts[i].Lines = append(o.Parts[i].Lines, &PartLine{ID: m.ID(), Item: it, Total: l.Quantity, Remaining: l.Quantity})
}

func (p *Part) open() bool { return p.Status != "CLOSED" && p.Status != "CANCELLED" }

func (m *Market) move(o *Order, kind string, amount Amount, parent *Transaction) *Transaction {
	t := &Transaction{ID: m.ID(), Kind: kind, Status: "SUCCESS", Amount: amount, Parent: parent, Created: m.now()}
	o.Transactions = append(o.Transactions, t)
	return t
}

// settleMoney makes an order PAID and holds it back when the rules say so.
func (m *Market) settleMoney(st *Store, o *Order) {
	o.Financial = "PAID"
	m.move(o, "SALE", o.Owed(), nil)
	m.holdBack(st, o)
}

func (m *Market) holdBack(st *Store, o *Order) {
	if m.Rules.Hold <= 0 {
		return
	}
	for _, p := range o.Parts {
		p.Status = "ON_HOLD"
	}
	m.After(m.Rules.Hold, func() {
		if o.Cancelled.IsZero() {
			_ = m.Release(st, o) // released by hand before is no failure
		}
	})
}

// touch gives an order a new state version and tells of it.
func (m *Market) touch(st *Store, o *Order, topics ...string) {
	old := timeline.Mark{At: o.Updated.Unix(), ID: o.ID}
	o.Updated = m.now()
	st.OrderUpdates.Moved(o, old)
	for _, topic := range append(topics, "ORDERS_UPDATED") {
		m.hooks.Tell(st, Notice{Topic: topic, Order: o})
	}
}

// Pay is a buyer paying a PENDING order, or what they owe of one that was edited.
func (m *Market) Pay(st *Store, o *Order) error {
	if o.Financial != "PENDING" && o.Financial != "PARTIALLY_PAID" || !o.Cancelled.IsZero() {
		return fmt.Errorf("order %d is %s: %w", o.ID, o.Financial, ErrState)
	}
	m.settleMoney(st, o)
	m.touch(st, o, "ORDERS_PAID")
	return nil
}

// Expire ends an authorisation that was never captured.
func (m *Market) Expire(st *Store, o *Order) error {
	if o.Financial != "AUTHORIZED" {
		return fmt.Errorf("order %d is %s: %w", o.ID, o.Financial, ErrState)
	}
	o.Financial = "EXPIRED"
	m.touch(st, o)
	return nil
}

// Capture takes the money of an authorisation.
func (m *Market) Capture(st *Store, o *Order, parent int64, amount Amount) (*Transaction, error) {
	i := slices.IndexFunc(o.Transactions, func(t *Transaction) bool { return t.ID == parent && t.Kind == "AUTHORIZATION" })
	switch {
	case i < 0:
		return nil, Refusal{Message: "Parent transaction not found", Field: []string{"input", "parentTransactionId"}}
	case o.Unsettled(o.Transactions[i]) == 0:
		return nil, Refusal{Message: "Cannot capture: the authorization is no longer open", Field: []string{"input", "id"}}
	case amount <= 0 || amount > o.Unsettled(o.Transactions[i]):
		return nil, Refusal{Message: "Amount cannot be greater than the authorized amount", Field: []string{"input", "amount"}}
	}
	t := m.move(o, "CAPTURE", amount, o.Transactions[i])
	switch o.NewOrder.Bank {
	case "no":
		t.Status = "FAILURE"
		m.touch(st, o)
		return nil, Refusal{Message: "Your card was declined.", Field: []string{"input", "parentTransactionId"}}
	case "later", "pending":
		t.Status = "PENDING"
		if o.NewOrder.Bank == "pending" {
			o.Financial = "PENDING"
			m.touch(st, o)
		}
		m.After(m.Rules.JobDelay, func() { m.captured(st, o, t) })
	default:
		m.captured(st, o, t)
	}
	return t, nil
}

// captured is the bank having paid.
func (m *Market) captured(st *Store, o *Order, t *Transaction) {
	m.Counts.Captures[fmt.Sprint(o.ID)]++
	if t.Status, o.Financial = "SUCCESS", "PAID"; o.Owed() > 0 {
		o.Financial = "PARTIALLY_PAID"
		m.touch(st, o)
		return
	}
	m.touch(st, o, "ORDERS_PAID")
}

// Unsettled is what can be captured of an authorisation.
func (o *Order) Unsettled(authorisation *Transaction) Amount {
	if authorisation.Kind != "AUTHORIZATION" || o.Financial == "EXPIRED" || o.Financial == "VOIDED" || !o.Cancelled.IsZero() {
		return 0
	}
	return payment.Open(o.Transactions, authorisation)
}

// Hold stops the sending; Release lets it go on.
func (m *Market) Hold(st *Store, o *Order) error { return m.restate(st, o, "OPEN", "ON_HOLD") }

// Release ends a hold.
func (m *Market) Release(st *Store, o *Order) error { return m.restate(st, o, "ON_HOLD", "OPEN") }

func (m *Market) restate(st *Store, o *Order, from, to string) error {
	changed := false
	for _, p := range o.Parts {
		if p.Status == from {
			p.Status, p.Updated, changed = to, m.now(), true
		}
	}
	if !changed {
		return fmt.Errorf("order %d has nothing that is %s: %w", o.ID, from, ErrState)
	}
	m.touch(st, o, map[string]string{"ON_HOLD": "FULFILLMENT_ORDERS_PLACED_ON_HOLD", "OPEN": "FULFILLMENT_ORDERS_HOLD_RELEASED"}[to])
	return nil
}

// Cancellation is how an order is cancelled.
type Cancellation struct {
	Reason  string
	Restock bool   // what was not sent goes on sale again
	Refund  bool   // what was paid goes back the way it came; without it the money stays
	Note    string // of the staff, on the order
}

func (o *Order) mayCancel() error {
	switch {
	case !o.Cancelled.IsZero():
		return Refusal{Code: "INVALID", Message: "Order has already been cancelled", Field: []string{"orderId"}}
	case o.sent() > 0:
		return Refusal{Code: "INVALID", Message: "Cannot cancel an order that has fulfillments", Field: []string{"orderId"}}
	}
	return nil
}

// Cancel ends an order for good: what was not sent is taken back, and what was only reserved of the buyer's money is let go.
func (m *Market) Cancel(st *Store, o *Order, c Cancellation) error {
	if err := o.mayCancel(); err != nil {
		return err
	}
	o.Cancelled, o.CancelReason, o.StaffNote = m.now(), c.Reason, c.Note
	for _, p := range o.Parts {
		for _, l := range p.Lines {
			m.free(st, l.Item.Variant, p.Location, l.Remaining, c.Restock)
			l.Item.Current -= l.Remaining
			l.Remaining = 0
		}
		p.Status, p.Updated = "CANCELLED", m.now()
	}
	switch {
	case o.Financial == "PAID" && c.Refund:
		o.Financial = "REFUNDED"
		m.move(o, "REFUND", o.Total(), nil)
		o.Refunds = append(o.Refunds, &Refund{ID: m.ID(), Order: o, Amount: o.Total(), Created: m.now()})
		m.hooks.Tell(st, Notice{Topic: "REFUNDS_CREATE", Order: o, Refund: o.Refunds[len(o.Refunds)-1]})
	case o.Financial == "AUTHORIZED", o.Financial == "PENDING":
		o.Financial = "VOIDED"
	}
	m.touch(st, o, "ORDERS_CANCELLED")
	return nil
}

// CancelLater is the API's cancellation: a job that is done a little later.
func (m *Market) CancelLater(st *Store, o *Order, c Cancellation) (job string, err error) {
	if err := o.mayCancel(); err != nil {
		return "", err
	}
	job = m.UUID()
	st.Jobs[job] = false
	m.After(m.Rules.JobDelay, func() {
		st.Jobs[job] = true
		if err := m.Cancel(st, o, c); err == nil { // sent or cancelled meanwhile: the job ends with nothing done
			m.Counts.SellerCancels[fmt.Sprint(o.ID)]++
		}
	})
	m.Settle()
	return job, nil
}

// Edit changes how many of a variant are wanted, as the order's editing screen does: units taken out go back on sale, units put in
// are taken off it and owed. What was sent stays; more of that is another line.
func (m *Market) Edit(st *Store, o *Order, variant, quantity int64) error {
	more, line, from := quantity, &PartLine{}, (*Part)(nil)
	for _, p := range o.Parts {
		for _, l := range p.Lines {
			if l.Item.Variant.ID == variant {
				if more -= l.Total; p.open() {
					line, from = l, p
				}
			}
		}
	}
	switch {
	case st.Variants[variant] == nil || !o.Cancelled.IsZero():
		return fmt.Errorf("order %d, variant %d: %w", o.ID, variant, ErrUnknown)
	case quantity < 0, line.Remaining+more < 0:
		return fmt.Errorf("order %d, %d of variant %d: %w", o.ID, quantity, variant, ErrState)
	case from == nil:
		m.add(st, o, Line{Variant: variant, Quantity: more})
	default:
		line.Item.Quantity += max(0, more) // units that were taken out stay in quantity, as the vendor has it
		m.free(st, line.Item.Variant, from.Location, -more, true)
		line.Remaining, line.Total, line.Item.Current = line.Remaining+more, line.Total+more, line.Item.Current+more
	}
	if o.Edited = true; o.Financial == "PAID" && o.Owed() > 0 {
		o.Financial = "PARTIALLY_PAID"
	}
	m.touch(st, o, "ORDERS_EDITED")
	return nil
}

// Move sends an order to another street.
func (m *Market) Move(st *Store, o *Order, address string) error {
	o.NewOrder.Address = address
	m.touch(st, o)
	return nil
}
