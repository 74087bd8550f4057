package market

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The vendor's statuses, as Orders 2026-01-01 spells them.
const (
	Pending          = "PENDING"
	Unshipped        = "UNSHIPPED"
	PartiallyShipped = "PARTIALLY_SHIPPED"
	Shipped          = "SHIPPED"
	Cancelled        = "CANCELLED"
	Unfulfillable    = "UNFULFILLABLE"
)

// spoken are the same in the spelling of notifications.
var spoken = map[string]string{
	Pending: "Pending", Unshipped: "Unshipped", PartiallyShipped: "PartiallyShipped", Shipped: "Shipped", Cancelled: "Canceled", Unfulfillable: "Unfulfillable",
}

// Spoken is a status as notifications spell it.
func Spoken(status string) string { return spoken[status] }

// NewOrder is what a buyer orders.
type NewOrder struct {
	ID         string    `json:"id,omitempty"` // made when empty
	BuyerName  string    `json:"buyer_name"`
	BuyerEmail string    `json:"buyer_email,omitempty"` // the relay address; made when empty
	Phone      string    `json:"phone,omitempty"`
	Address    string    `json:"address,omitempty"`
	City       string    `json:"city,omitempty"`
	PostalCode string    `json:"postal_code,omitempty"`
	Lines      []Line    `json:"lines"`
	Unpaid     bool      `json:"unpaid,omitempty"` // PENDING until Pay
	AFN        bool      `json:"afn,omitempty"`    // Amazon ships it
	CreateTime time.Time `json:"create_time,omitzero"`
}

// Line is a quantity of one SKU.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
	Price    string `json:"price,omitempty"` // of a unit; default the listing's
}

// Order is an order as it stands.
type Order struct {
	NewOrder
	Status                string
	Items                 []*Item
	Parcels               []*Parcel
	Created, Updated, Due time.Time
	CancelBy, Reason      string // once it is cancelled
	CancelAsked           bool   // by the buyer, for the seller to carry out
	Total                 string
	tick                  int64 // orders news of one moment
}

// Item is a line with its id and how many units were shipped.
type Item struct {
	Line
	ID      string
	Listing *Listing
	Sent    int
	taken   int

	CancelAsked bool
}

// Amount is what all units of the item cost.
func (i *Item) Amount() string {
	n, _ := cents(i.Price)
	return decimal(n * int64(i.Quantity))
}

// Parcel is a confirmed shipment.
type Parcel struct {
	Reference, Carrier, CarrierName, Method, Tracking string
	Shipped, Created                                  time.Time
	Items                                             map[string]int // units by item id
}

// Place is a buyer's order. What is not listed is refused with ErrNotListed and counted, unless the rules say otherwise.
func (m *Market) Place(s *Seller, n NewOrder) (*Order, error) {
	if s.Orders[n.ID] != nil {
		return nil, fmt.Errorf("order %s: %w", n.ID, ErrExists)
	}
	o := &Order{NewOrder: n, Status: Pending}
	var total int64
	need := map[string]int{}
	for i, line := range n.Lines {
		l := s.Listings[line.SKU]
		if l == nil || line.Quantity < 1 {
			return nil, fmt.Errorf("line %d, SKU %q, quantity %d: %w", i+1, line.SKU, line.Quantity, ErrInvalid)
		}
		line.Price = cmp.Or(line.Price, l.Price)
		price, ok := cents(line.Price)
		if !ok {
			return nil, fmt.Errorf("line %d, price %q: %w", i+1, line.Price, ErrInvalid)
		}
		if need[line.SKU] += line.Quantity; need[line.SKU] > l.Listed && !m.Rules.SellBeyondListed {
			m.Counts.RefusedSells++
			return nil, fmt.Errorf("SKU %s: %d wanted, %d listed: %w", line.SKU, need[line.SKU], l.Listed, ErrNotListed)
		}
		total += price * int64(line.Quantity)
		o.Items = append(o.Items, &Item{Line: line, Listing: l, ID: fmt.Sprintf("%014d", 10_000_000_000_000+m.Number())})
		o.AFN = o.AFN || l.AFN
	}
	if len(o.Items) == 0 {
		return nil, fmt.Errorf("an order without lines: %w", ErrInvalid)
	}
	serial := m.Number()
	o.ID, o.Total = cmp.Or(n.ID, fmt.Sprintf("026-%07d-%07d", serial/10_000_000, serial%10_000_000)), decimal(total)
	o.BuyerEmail = cmp.Or(o.BuyerEmail, strings.ToLower(m.Secret(14))+"@marketplace.amazon.example")
	for _, it := range o.Items {
		it.taken = min(it.Quantity, it.Listing.Listed)
		m.Counts.BeyondListed += it.Quantity - it.taken
		m.list(s, it.Listing, it.Listing.Listed-it.taken)
		it.Listing.Committed += it.Quantity
	}
	o.Created = cmp.Or(o.CreateTime, m.hooks.Now())
	o.Due = o.Created.Add(48 * time.Hour)
	s.Orders[o.ID] = o
	m.Counts.Orders++
	m.hooks.Note("order placed", s.ID, o.ID, strconv.Itoa(len(o.Items))+" lines")
	m.moved(s, o, Pending, "OrderPlaced")
	if !n.Unpaid {
		m.pay(s, o)
	}
	return o, nil
}

// moved sets the status, dates the order and tells whoever subscribed.
func (m *Market) moved(s *Seller, o *Order, status, reason string) {
	o.Status = status
	m.touched(s, o, Change{"OrderStatusChange", reason})
}

// touched dates the order and tells whoever subscribed.
func (m *Market) touched(s *Seller, o *Order, c Change) {
	m.tick++
	o.Updated, o.tick = m.hooks.Now(), m.tick
	if s.stale++; s.stale > 64 && s.stale > len(s.news)/2 {
		s.news = slices.DeleteFunc(s.news, func(e entry) bool { return e.Place != e.order.place(false) })
		s.stale = 0
	}
	i, _ := slices.BinarySearchFunc(s.news, o.place(false), func(e entry, p Place) int { return e.compare(p) })
	s.news = slices.Insert(s.news, i, entry{o.place(false), o})
	m.hooks.Note("order "+o.Status, s.ID, o.ID, c.Reason)
	m.hooks.Tell(s, o, c)
}

func (m *Market) pay(s *Seller, o *Order) {
	if m.Rules.PendingFor <= 0 {
		m.accept(s, o)
		return
	}
	m.After(m.Rules.PendingFor, func() { m.accept(s, o) })
}

// accept is the vendor having the money. What its own warehouse ships is on its way at once.
func (m *Market) accept(s *Seller, o *Order) {
	if o.Status != Pending {
		return
	}
	m.moved(s, o, Unshipped, "PaymentCompleted")
}

// Pay pays a PENDING order.
func (m *Market) Pay(s *Seller, o *Order) error {
	if o.Status != Pending {
		return fmt.Errorf("order %s is %s: %w", o.ID, o.Status, ErrState)
	}
	m.pay(s, o)
	return nil
}

// Cancel ends an order of which nothing was shipped, in somebody's name: BUYER, MERCHANT or AMAZON.
func (m *Market) Cancel(s *Seller, o *Order, by, reason string) error {
	if o.Status != Pending && o.Status != Unshipped {
		return fmt.Errorf("order %s is %s: %w", o.ID, o.Status, ErrState)
	}
	for _, it := range o.Items {
		it.Listing.Committed -= it.Quantity
		if m.Rules.Restock {
			m.list(s, it.Listing, it.Listing.Listed+it.taken)
		}
	}
	o.CancelBy, o.Reason = by, reason
	m.Counts.Cancelled++
	m.moved(s, o, Cancelled, "Cancel by "+by)
	return nil
}

// RequestCancel is a buyer asking to cancel: done at once while the order is PENDING, else the seller is asked, for some SKUs or all.
func (m *Market) RequestCancel(s *Seller, o *Order, reason string, skus ...string) error {
	switch o.Status {
	case Pending:
		return m.Cancel(s, o, "BUYER", reason)
	case Unshipped:
		o.CancelAsked, o.Reason = true, reason
		for _, it := range o.Items {
			it.CancelAsked = it.CancelAsked || len(skus) == 0 || slices.Contains(skus, it.SKU)
		}
		m.touched(s, o, Change{"BuyerRequestedChange", "Buyer Requested Cancel"})
		return nil
	}
	return fmt.Errorf("order %s is %s: %w", o.ID, o.Status, ErrState)
}

// ShipFromWarehouse is Amazon sending what its own warehouse has.
func (m *Market) ShipFromWarehouse(s *Seller, o *Order) error {
	if !o.AFN || o.Status != Unshipped {
		return fmt.Errorf("order %s is %s: %w", o.ID, o.Status, ErrState)
	}
	for _, it := range o.Items {
		it.Sent = it.Quantity
		it.Listing.Committed -= it.Quantity
	}
	m.moved(s, o, Shipped, "Shipped")
	return nil
}

// ShipByHand is the seller confirming one parcel of all that is left.
func (m *Market) ShipByHand(s *Seller, o *Order) error {
	p := Parcel{Reference: strconv.FormatInt(m.Number(), 10), Carrier: "Royal Mail", Tracking: "RM" + o.ID, Shipped: m.hooks.Now(), Items: map[string]int{}}
	for _, it := range o.Items {
		if left := it.Quantity - it.Sent; left > 0 {
			p.Items[it.ID] = left
		}
	}
	return m.Confirm(s, o, p)
}

// Confirm is the seller's news of a parcel. A reference that was used before edits that parcel.
func (m *Market) Confirm(s *Seller, o *Order, p Parcel) error {
	m.Counts.ShipAttempts[o.ID]++
	switch {
	case o.AFN:
		return invalid("Order %s is fulfilled by Amazon.", o.ID)
	case o.Status == Cancelled:
		return invalid("Order %s is cancelled and cannot be shipped.", o.ID)
	case o.Status == Pending:
		return invalid("Order %s is pending and cannot be shipped yet.", o.ID)
	}
	i := slices.IndexFunc(o.Parcels, func(old *Parcel) bool { return old.Reference == p.Reference })
	for id, quantity := range p.Items {
		n := slices.IndexFunc(o.Items, func(it *Item) bool { return it.ID == id })
		if n < 0 {
			return invalid("Order item %s is not of order %s.", id, o.ID)
		}
		left := o.Items[n].Quantity - o.Items[n].Sent
		if i >= 0 {
			left += o.Parcels[i].Items[id]
		}
		if quantity < 1 || quantity > left {
			return invalid("Order item %s: quantity %d, but %d are not shipped.", id, quantity, left)
		}
	}
	p.Created = m.hooks.Now()
	key := o.ID + "/" + p.Reference
	if i >= 0 {
		m.count(o, o.Parcels[i], -1)
		p.Created = o.Parcels[i].Created
		o.Parcels[i] = &p
		m.Counts.Edits[key]++
	} else {
		o.Parcels = append(o.Parcels, &p)
		m.Counts.Ships[key]++
	}
	m.count(o, &p, 1)
	status := Shipped
	if slices.ContainsFunc(o.Items, func(it *Item) bool { return it.Sent < it.Quantity }) {
		status = PartiallyShipped
	}
	m.moved(s, o, status, "Shipment confirmed")
	return nil
}

// count adds a parcel's units to what was shipped, or takes them off again.
func (m *Market) count(o *Order, p *Parcel, sign int) {
	for _, it := range o.Items {
		it.Sent += sign * p.Items[it.ID]
		it.Listing.Committed -= sign * p.Items[it.ID]
	}
}

// Window is what a search asks for: orders created, or updated, from From to To, both included; a zero To has no end.
type Window struct {
	Created  bool
	From, To time.Time
}

// Find lists the orders of a window after a place in it, oldest first, at most n; more says that there are others.
func (s *Seller) Find(w Window, after Place, n int, keep func(*Order) bool) (found []*Order, more bool) {
	list := s.news
	if w.Created {
		list = nil
		for _, o := range s.Orders {
			list = append(list, entry{o.place(true), o})
		}
		slices.SortFunc(list, func(a, b entry) int { return a.compare(b.Place) })
	}
	first, _ := slices.BinarySearchFunc(list, w.From, func(e entry, from time.Time) int { return cmp.Or(e.At.Compare(from), 1) })
	for _, e := range list[first:] {
		switch {
		case !w.To.IsZero() && e.At.After(w.To):
			return found, false
		case e.Place != e.order.place(w.Created) || after.compare(e.Place) >= 0 || !keep(e.order):
		case len(found) == n:
			return found, true
		default:
			found = append(found, e.order)
		}
	}
	return found, false
}

// entry is an order at a place; it is stale when the order stands elsewhere by now.
type entry struct {
	Place
	order *Order
}

// Place is where an order stands in a list.
type Place struct {
	At   time.Time
	Tick int64
	ID   string
}

func (p Place) compare(q Place) int {
	return cmp.Or(p.At.Compare(q.At), cmp.Compare(p.Tick, q.Tick), strings.Compare(p.ID, q.ID))
}

// PlaceOf is where an order stands in a window's list.
func (w Window) PlaceOf(o *Order) Place { return o.place(w.Created) }

func (o *Order) place(created bool) Place {
	if created {
		return Place{At: o.Created, ID: o.ID}
	}
	return Place{At: o.Updated, Tick: o.tick}
}

// cents reads a decimal with at most two decimals.
func cents(text string) (int64, bool) {
	whole, part, dotted := strings.Cut(text, ".")
	if dotted && (part == "" || len(part) > 2) {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	return n, err == nil && n >= 0 && whole != ""
}

func decimal(n int64) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }
