// Package market is the world behind the simulated Amazon: sellers, listings, orders and their parcels with the vendor's
// states, in memory, without HTTP. Commands change it, timers apply late writes, each change of an order is told to a
// callback. It has no lock: its caller serialises all use, and calls Settle before each.
package market

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Rules are how this market behaves.
type Rules struct {
	ApplyDelay       time.Duration // an accepted quantity takes effect this much later
	PendingFor       time.Duration // a paid order stays PENDING so long; 0 = it does not
	FeedDelay        time.Duration // a feed is carried out this much later
	ReportDelay      time.Duration // a report is made this much later
	RefuseZero       bool          // a quantity of 0 is INVALID
	Restock          bool          // cancelled units go back on the listing by themselves
	SellBeyondListed bool          // Place takes what is not listed (replay)
}

// Hooks are what the market calls while it changes; they must not call back into it.
type Hooks struct {
	Now  func() time.Time
	Tell func(*Seller, *Order, Change)
	List func(*Seller, *Listing)               // what is listed has changed
	Note func(what, seller, id, detail string) // for the journal
}

// Change is why subscribers hear of an order: the type and reason of an ORDER_CHANGE.
type Change struct{ Type, Reason string }

// What commands of the operator refuse.
const (
	ErrUnknown   = failure("no such seller, listing or order")
	ErrExists    = failure("an order with this id exists")
	ErrInvalid   = failure("it is incomplete or out of range")
	ErrNotListed = failure("not enough is listed")
	ErrState     = failure("the order's state does not allow this")
)

type failure string

func (e failure) Error() string { return string(e) }

// Refusal is the vendor's "no" to a call that is well-formed: HTTP 400 with a code.
type Refusal struct{ Code, Message, Details string }

func (r Refusal) Error() string { return r.Code + ": " + r.Message + " " + r.Details }

func invalid(format string, args ...any) error {
	return Refusal{"InvalidInput", "The request has an invalid parameter.", fmt.Sprintf(format, args...)}
}

// NewSeller is one seller's account in one marketplace.
type NewSeller struct {
	ID          string `json:"id"`          // the merchant token
	Name        string `json:"name"`        // of the store
	Marketplace string `json:"marketplace"` // default A1F83G8C2ARO7P, amazon.co.uk
	Currency    string `json:"currency"`    // default GBP
	Country     string `json:"country"`     // default GB
}

// NewListing is an item for sale; Price is a decimal string in the seller's currency.
type NewListing struct {
	SKU      string   `json:"sku"`
	ASIN     string   `json:"asin"` // made when empty
	Title    string   `json:"title"`
	Type     string   `json:"product_type"` // default PRODUCT
	Price    string   `json:"price"`        // empty = the listing has no offer yet
	Quantity int      `json:"quantity"`
	LeadDays int      `json:"lead_days,omitempty"` // lead_time_to_ship_max_days, which stands beside the quantity; 0 = not set
	Status   []string `json:"status"`              // nil = BUYABLE and DISCOVERABLE
	AFN      bool     `json:"afn"`                 // Amazon's warehouse has the goods and ships them
	Garbled  bool     `json:"garbled"`             // a search shows its price as words
}

// Stock is a copy of one listing's quantities.
type Stock struct {
	Listed    int `json:"listed"`         // what buyers can still order
	Committed int `json:"committed"`      // ordered and not shipped or cancelled; the vendor's API does not show it
	Pending   int `json:"pending"`        // accepted writes that have not taken effect
	Lead      int `json:"lead,omitempty"` // lead_time_to_ship_max_days; 0 = not set
}

// Listing is an item with its quantities.
type Listing struct {
	NewListing
	Stock
	Created, Updated time.Time
}

// Seller is an account with all that is in it.
type Seller struct {
	NewSeller
	Listings map[string]*Listing // by SKU
	Orders   map[string]*Order
	Feeds    map[string]*Feed
	Uploads  map[string]*Upload
	Returns  []*Return // oldest first
	Reports  map[string]*Report
	news     []entry // orders by when they were updated last, oldest first
	stale    int     // entries of news that no longer hold
}

// Market is all sellers.
type Market struct {
	Rules   Rules
	Counts  Counts
	Sellers map[string]*Seller
	hooks   Hooks
	rng     *rand.Rand
	timers  []timer // by time
	ids     int64
	tick    int64
}

type timer struct {
	at time.Time
	do func()
}

// New makes an empty market; rng fixes its ids.
func New(rules Rules, rng *rand.Rand, hooks Hooks) *Market {
	return &Market{Rules: rules, Counts: newCounts(), Sellers: map[string]*Seller{}, hooks: hooks, rng: rng}
}

// Settle lets everything happen that is due by now and says when the next thing is; ok is false when nothing is.
func (m *Market) Settle() (next time.Time, ok bool) {
	for now := m.hooks.Now(); len(m.timers) > 0; {
		first := m.timers[0]
		if first.at.After(now) {
			return first.at, true
		}
		m.timers = m.timers[1:]
		first.do()
	}
	return time.Time{}, false
}

// After does something later, when Settle is called.
func (m *Market) After(d time.Duration, do func()) {
	at := m.hooks.Now().Add(d)
	i, _ := slices.BinarySearchFunc(m.timers, at, func(t timer, at time.Time) int { return cmp.Or(t.at.Compare(at), -1) })
	m.timers = slices.Insert(m.timers, i, timer{at, do})
}

// Number makes the next of ever greater numbers.
func (m *Market) Number() int64 {
	m.ids += 1 + m.rng.Int64N(9)
	return m.ids
}

// Secret makes letters and digits for tokens, receipts and ids.
func (m *Market) Secret(length int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	text := make([]byte, length)
	for i := range text {
		text[i] = letters[m.rng.IntN(len(letters))]
	}
	return string(text)
}

// AddSeller adds a seller, or returns the one that has the id.
func (m *Market) AddSeller(add NewSeller) (s *Seller, added bool) {
	add.ID = cmp.Or(add.ID, fmt.Sprintf("A%013d", m.Number()))
	if s := m.Sellers[add.ID]; s != nil {
		return s, false
	}
	add.Marketplace, add.Currency, add.Country = cmp.Or(add.Marketplace, "A1F83G8C2ARO7P"), cmp.Or(add.Currency, "GBP"), cmp.Or(add.Country, "GB")
	s = &Seller{
		NewSeller: add, Listings: map[string]*Listing{}, Orders: map[string]*Order{}, Feeds: map[string]*Feed{}, Uploads: map[string]*Upload{},
		Reports: map[string]*Report{},
	}
	m.Sellers[s.ID] = s
	return s, true
}

// Seller finds a seller; "" is the only one there is.
func (m *Market) Seller(id string) (*Seller, error) {
	if id == "" && len(m.Sellers) == 1 {
		for _, s := range m.Sellers {
			return s, nil
		}
	}
	if s := m.Sellers[id]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("seller %q: %w", id, ErrUnknown)
}

// Order finds an order of a seller.
func (m *Market) Order(seller, order string) (*Seller, *Order, error) {
	s, err := m.Seller(seller)
	if err != nil {
		return nil, nil, err
	}
	if s.Orders[order] == nil {
		return nil, nil, fmt.Errorf("order %q: %w", order, ErrUnknown)
	}
	return s, s.Orders[order], nil
}

// Listing finds a listing of a seller.
func (m *Market) Listing(seller, sku string) (*Seller, *Listing, error) {
	s, err := m.Seller(seller)
	if err != nil {
		return nil, nil, err
	}
	if s.Listings[sku] == nil {
		return nil, nil, fmt.Errorf("SKU %q: %w", sku, ErrUnknown)
	}
	return s, s.Listings[sku], nil
}

// AddListing lists an item. One that has the SKU keeps its history and gets the new values.
func (m *Market) AddListing(s *Seller, add NewListing) (*Listing, error) {
	if _, ok := cents(cmp.Or(add.Price, "0")); !ok || add.Quantity < 0 || add.SKU == "" {
		return nil, fmt.Errorf("SKU %q: price %q, quantity %d: %w", add.SKU, add.Price, add.Quantity, ErrInvalid)
	}
	add.ASIN, add.Type = cmp.Or(add.ASIN, fmt.Sprintf("B0%08d", m.Number())), cmp.Or(add.Type, "PRODUCT")
	if add.Status == nil {
		add.Status = []string{"BUYABLE", "DISCOVERABLE"}
	}
	now := m.hooks.Now()
	l := s.Listings[add.SKU]
	if l == nil {
		l = &Listing{Created: now}
		s.Listings[add.SKU] = l
	}
	l.NewListing, l.Listed, l.Lead, l.Updated = add, add.Quantity, add.LeadDays, now
	return l, nil
}

// SetQuantity is a hand edit in the seller's own screen: at once and absolute.
func (m *Market) SetQuantity(s *Seller, l *Listing, quantity int) {
	l.Updated = m.hooks.Now()
	m.hooks.Note("hand edit", s.ID, l.SKU, fmt.Sprint(quantity))
	m.list(s, l, max(quantity, 0))
}

// list changes what is listed, and tells whoever subscribed.
func (m *Market) list(s *Seller, l *Listing, quantity int) {
	changed := quantity != l.Listed
	if l.Listed = quantity; changed {
		m.hooks.List(s, l)
	}
}

// Availability is what the API writes of a listing. A merge leaves alone what is not named; otherwise it is gone.
type Availability struct {
	Quantity int
	Lead     *int
	Merge    bool
}

// SetStock is the API's absolute write. It takes effect ApplyDelay later and overwrites whatever was sold until then; a
// lost one is accepted and never takes effect. The reason of a "no" is the message.
func (m *Market) SetStock(s *Seller, l *Listing, to Availability, lost bool) (no string) {
	quantity := to.Quantity
	switch {
	case l.AFN:
		return "The SKU is fulfilled by Amazon: its quantity cannot be set."
	case quantity < 0, quantity == 0 && m.Rules.RefuseZero:
		return fmt.Sprintf("The value '%d' of 'fulfillment_availability.quantity' is below the minimum.", quantity)
	case lost:
		m.Counts.InventoryLost++
		return ""
	}
	apply := func() {
		l.Updated = m.hooks.Now()
		m.list(s, l, quantity)
		if to.Lead != nil {
			l.Lead = *to.Lead
		} else if !to.Merge {
			l.Lead = 0
		}
		m.Counts.InventoryWrites++
		m.hooks.Note("stock written", s.ID, l.SKU, fmt.Sprint(quantity))
	}
	if m.Rules.ApplyDelay <= 0 {
		apply()
		return ""
	}
	l.Pending++
	m.After(m.Rules.ApplyDelay, func() { l.Pending--; apply() })
	return ""
}

// Counts are effects and refusals since the start; maps are by order and package reference, or by order.
type Counts struct {
	Orders       int `json:"orders"`
	Cancelled    int `json:"cancelled"`
	RefusedSells int `json:"refused_sells"` // orders refused because an item was not listed
	BeyondListed int `json:"beyond_listed"` // units sold though not listed (replay)

	Ships        map[string]int `json:"ships"`         // by "order/reference": confirmations that shipped units
	Edits        map[string]int `json:"edits"`         // by "order/reference": confirmations that changed a parcel
	ShipAttempts map[string]int `json:"ship_attempts"` // by order: admitted confirmations, effective or not
	Cancels      map[string]int `json:"cancels"`       // by order: the seller's cancellations that took effect

	InventoryWrites int `json:"inventory_writes"` // quantities that took effect
	InventoryLost   int `json:"inventory_lost"`   // accepted and, by fault, never applied

	Reports int `json:"reports"` // that were asked for
}

func newCounts() Counts {
	return Counts{Ships: map[string]int{}, Edits: map[string]int{}, ShipAttempts: map[string]int{}, Cancels: map[string]int{}}
}
