package market

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/decimal"
)

// The vendor's order statuses.
const (
	Unpaid             = "UNPAID"
	OnHold             = "ON_HOLD"
	AwaitingShipment   = "AWAITING_SHIPMENT"
	PartiallyShipping  = "PARTIALLY_SHIPPING"
	AwaitingCollection = "AWAITING_COLLECTION"
	InTransit          = "IN_TRANSIT"
	Delivered          = "DELIVERED"
	Completed          = "COMPLETED"
	Cancelled          = "CANCELLED"
)

// moves is the vendor's chart: from → to.
var moves = map[string][]string{
	Unpaid:             {OnHold, AwaitingShipment, Cancelled},
	OnHold:             {AwaitingShipment, Cancelled},
	AwaitingShipment:   {PartiallyShipping, AwaitingCollection, Cancelled},
	PartiallyShipping:  {AwaitingCollection, Cancelled},
	AwaitingCollection: {InTransit, Completed, Cancelled},
	InTransit:          {Delivered, Completed, Cancelled},
	Delivered:          {Completed},
}

// Bounds of one order.
const (
	MaxLines = 1000
	MaxUnits = 10_000
)

// NewOrder is what a buyer orders.
type NewOrder struct {
	ID                 string    `json:"id,omitempty"` // made when empty
	BuyerID            string    `json:"buyer_id"`
	BuyerName          string    `json:"buyer_name"`
	BuyerEmail         string    `json:"buyer_email,omitempty"`
	Phone              string    `json:"phone,omitempty"`
	Address            string    `json:"address,omitempty"`
	City               string    `json:"city,omitempty"`
	PostalCode         string    `json:"postal_code,omitempty"`
	RegionCode         string    `json:"region_code,omitempty"`
	Lines              []Line    `json:"lines"`
	Currency           string    `json:"currency,omitempty"`             // default the shop's
	ShippingType       string    `json:"shipping_type,omitempty"`        // TIKTOK (default) or SELLER
	FulfillmentType    string    `json:"fulfillment_type,omitempty"`     // default FULFILLMENT_BY_SELLER
	Packages           int       `json:"packages,omitempty"`             // the vendor splits the lines over so many; default 1
	Unpaid             bool      `json:"unpaid,omitempty"`               // until Pay
	HoldUntilCancelled bool      `json:"hold_until_cancelled,omitempty"` // stays ON_HOLD, whatever RemorseHold says
	CreateTime         time.Time `json:"create_time,omitzero"`           // default now
}

// Line is a quantity of one SKU; the API shows it as one line item a unit.
type Line struct {
	SKUID    string `json:"sku_id"`
	Quantity int    `json:"quantity"`
	Price    string `json:"price,omitempty"` // of a unit; default the SKU's
}

// Order is an order as it stands.
type Order struct {
	NewOrder
	Status           string
	Items            []Item // one a line
	Parcels          []*Package
	Created, Updated Mark
	Paid             int64 // seconds, as all below; 0 = not yet
	Shipped          int64
	CancelTime       int64
	CancelRequested  int64 // when the buyer asked to cancel
	CancelBy, Reason string
	SubTotal         string
	Claims           []*Claim // in the order in which they were made
	AddressMoved     bool
	Retracked        bool // a tracking number of it was changed, which may be done once
}

// Item is a line with what it took from the listing; its units have the ids First, First+1, …
type Item struct {
	Line
	Order   *Order
	Listing *Listing
	First   int64
	In      []*Package // by unit; nil while it is in none
	taken   int
	gone    []bool // by unit: cancelled out of the order
}

// Place is a buyer's order. What is not listed is refused with ErrNotListed and counted, unless the rules say otherwise.
func (m *Market) Place(st *Store, n NewOrder) (*Order, error) {
	if st.Orders[n.ID] != nil {
		return nil, fmt.Errorf("order %s: %w", n.ID, ErrExists)
	}
	o, err := m.check(st, n)
	if err != nil {
		return nil, err
	}
	o.ID = cmp.Or(n.ID, m.ID("576"))
	for i := range o.Items {
		it := &o.Items[i]
		it.taken = min(it.Quantity, it.Listing.Listed)
		m.Counts.BeyondListed += it.Quantity - it.taken
		it.Listing.Listed -= it.taken
		it.Listing.Committed += it.Quantity
		it.First = 576_460_000_000_000_000 + m.ids
		m.ids += int64(it.Quantity)
	}
	if o.CreateTime.IsZero() {
		o.CreateTime = m.hooks.Now()
	}
	o.Created, o.Updated = m.mark(o.CreateTime), m.mark(m.hooks.Now())
	st.Orders[o.ID] = o
	st.OrderLine.Put(o)
	st.OrderUpdates.Put(o)
	m.Counts.Orders++
	m.hooks.Note("order placed", st.ID, o.ID, strconv.Itoa(len(o.Items))+" lines")
	if o.Unpaid {
		m.set(st, o, Unpaid)
	} else {
		m.pay(st, o)
	}
	return o, nil
}

// check prices the lines and refuses what cannot be sold.
func (m *Market) check(st *Store, n NewOrder) (*Order, error) {
	if len(n.Lines) == 0 || len(n.Lines) > MaxLines || strings.ContainsAny(n.ID, ", /") {
		return nil, fmt.Errorf("order %q with %d lines: %w", n.ID, len(n.Lines), ErrInvalid)
	}
	n.Currency, n.RegionCode = cmp.Or(n.Currency, st.Currency), cmp.Or(n.RegionCode, st.Region)
	n.ShippingType, n.FulfillmentType = cmp.Or(n.ShippingType, "TIKTOK"), cmp.Or(n.FulfillmentType, "FULFILLMENT_BY_SELLER")
	n.Packages = min(max(n.Packages, 1), len(n.Lines))
	o := &Order{NewOrder: n, Items: make([]Item, len(n.Lines))}
	demand := map[*Listing]int{}
	var sum int64
	units, digits := 0, 0
	for i, l := range n.Lines {
		k := st.Listings[l.SKUID]
		if k == nil || k.Product.Status != "ACTIVATE" {
			return nil, fmt.Errorf("SKU %q: %w", l.SKUID, ErrUnknown)
		}
		l.Price = cmp.Or(l.Price, k.Price)
		price, decimals, ok := decimal.Parse(l.Price)
		if units += l.Quantity; !ok || l.Quantity < 1 || l.Quantity > MaxUnits || units > MaxUnits {
			return nil, fmt.Errorf("SKU %s: price %q, quantity %d: %w", l.SKUID, l.Price, l.Quantity, ErrInvalid)
		}
		sum, digits = sum+price*int64(l.Quantity), max(digits, decimals)
		demand[k] += l.Quantity
		o.Items[i] = Item{Line: l, Order: o, Listing: k, In: make([]*Package, l.Quantity), gone: make([]bool, l.Quantity)}
	}
	o.SubTotal = decimal.Format(sum, digits)
	for _, it := range o.Items { // in the order of the lines: the same refusal in every run
		k := it.Listing
		if demand[k] > k.Listed && !m.Rules.SellBeyondListed {
			m.Counts.RefusedSells++
			m.hooks.Note("sell refused", st.ID, k.ID, fmt.Sprintf("%d wanted, %d listed", demand[k], k.Listed))
			return nil, fmt.Errorf("SKU %s: %d wanted, %d listed: %w", k.ID, demand[k], k.Listed, ErrNotListed)
		}
	}
	return o, nil
}

// pay makes the packages, which exist right after payment, and begins the remorse hold.
func (m *Market) pay(st *Store, o *Order) {
	o.Paid = m.hooks.Now().Unix()
	m.pack(st, o)
	switch {
	case o.HoldUntilCancelled:
		m.set(st, o, OnHold)
	case m.Rules.RemorseHold > 0:
		m.set(st, o, OnHold)
		m.After(m.Rules.RemorseHold, func() {
			if o.Status == OnHold {
				m.set(st, o, AwaitingShipment)
			}
		})
	default:
		m.set(st, o, AwaitingShipment)
	}
	if len(o.Parcels) > 1 {
		m.hooks.Tell(st, Notice{Topic: "PACKAGE_UPDATE", Order: o, Packages: o.Parcels, Status: "SPLIT", Role: "SYSTEM"})
	}
}

// set moves an order and tells it.
func (m *Market) set(st *Store, o *Order, status string) {
	o.Status = status
	m.touch(st, o)
	m.hooks.Note("order "+status, st.ID, o.ID, "")
	m.hooks.Tell(st, Notice{Topic: "ORDER_STATUS_CHANGE", Order: o})
}

func (m *Market) touch(st *Store, o *Order) {
	o.Updated = m.mark(m.hooks.Now())
	st.OrderUpdates.Moved(o)
}

// move refuses what the vendor's chart does not have.
func (o *Order) move(to string) error {
	if !slices.Contains(moves[o.Status], to) {
		return fmt.Errorf("order %s is %s, wanted %s: %w", o.ID, o.Status, to, ErrState)
	}
	return nil
}

// Pay pays an UNPAID order.
func (m *Market) Pay(st *Store, o *Order) error {
	if err := o.move(OnHold); err != nil {
		return err
	}
	m.pay(st, o)
	return nil
}

// Release ends a hold before its time, HoldUntilCancelled included.
func (m *Market) Release(st *Store, o *Order) error {
	if o.Status != OnHold {
		return fmt.Errorf("order %s is %s, not on hold: %w", o.ID, o.Status, ErrState)
	}
	m.set(st, o, AwaitingShipment)
	return nil
}

// Cancel ends an order, or takes some of its units out of it; role is BUYER, SELLER or SYSTEM. What the buyer had asked for is done by it.
func (m *Market) Cancel(st *Store, o *Order, role, reason string, units []string) error {
	if err := o.move(Cancelled); err != nil {
		return err
	}
	if len(units) > 0 && len(units) < len(o.units()) {
		return m.cancelUnits(st, o, role, reason, units)
	}
	o.CancelBy, o.Reason, o.CancelTime = role, reason, m.hooks.Now().Unix()
	for _, it := range o.Items {
		for _, u := range it.units() {
			if u.open() {
				it.Listing.Committed--
			}
		}
		if m.Rules.Restock {
			it.Listing.Listed += it.taken
		}
	}
	for _, p := range o.Parcels {
		m.leave(st, p, o)
	}
	m.Counts.Cancelled++
	asked := o.undecided()
	m.set(st, o, Cancelled)
	if asked != nil {
		m.turn(st, asked, CancelComplete)
		return nil
	}
	_, err := m.claim(st, o, "", CancelComplete, role, reason, nil)
	return err
}

// ChangeAddress moves an order that is not on its way to another street.
func (m *Market) ChangeAddress(st *Store, o *Order, address string) error {
	if o.Status == InTransit {
		return fmt.Errorf("order %s is on its way: %w", o.ID, ErrState)
	}
	if err := o.move(Cancelled); err != nil {
		return err
	}
	o.Address, o.AddressMoved = address, true
	m.touch(st, o)
	m.hooks.Tell(st, Notice{Topic: "RECIPIENT_ADDRESS_UPDATE", Order: o})
	return nil
}

// Carry is the carrier's news: InTransit, Delivered or Completed.
func (m *Market) Carry(st *Store, o *Order, to string) error {
	if err := o.move(to); err != nil {
		return err
	}
	for _, p := range o.Parcels {
		m.setPackage(st, p, map[string]string{InTransit: "FULFILLING", Delivered: Completed, Completed: Completed}[to])
	}
	m.set(st, o, to)
	return nil
}
