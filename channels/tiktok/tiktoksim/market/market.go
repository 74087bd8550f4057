// Package market is the world behind the simulated TikTok Shop: shops, listings, orders and packages with the
// vendor's states, in memory, without HTTP. Commands change it, timers end holds and apply late writes, each change is
// told to a callback. It has no lock: its caller serialises all use, and calls Settle before each.
package market

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/effects"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/schedule"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/timeline"
)

// Rules are how this market behaves.
type Rules struct {
	RemorseHold      time.Duration // length of ON_HOLD after payment; 0 = none
	ApplyDelay       time.Duration // an inventory write takes effect this much later
	LabelNotReady    int           // answers "still generating" before a package's first label
	RefuseZero       bool          // quantity 0 is out of range
	Restock          bool          // cancelled units go back on the listing
	Reship           bool          // a second ship takes effect again
	SellBeyondListed bool          // Place takes what is not listed
}

// Notice is a change that subscribers may hear of; Topic is the vendor's event name.
type Notice struct {
	Topic        string
	Order        *Order
	Product      *Product
	Claim        *Claim
	Packages     []*Package
	Role, Status string
}

// Hooks are what the market calls while it changes; they must not call back into it.
type Hooks struct {
	Now  func() time.Time
	Tell func(*Store, Notice)
	Note func(what, shop, id, detail string) // for the journal
}

// Refusal is the vendor's "no" with its code.
type Refusal struct {
	Code    int
	Message string
}

func (r Refusal) Error() string { return fmt.Sprintf("%d: %s", r.Code, r.Message) }

// What commands of the operator refuse.
const (
	ErrUnknown   = failure("no such shop, product, order or SKU")
	ErrExists    = failure("an order with this id exists")
	ErrInvalid   = failure("it is incomplete or out of range")
	ErrNotListed = failure("not enough is listed")
	ErrState     = failure("the order's state does not allow this")
)

type failure string

func (e failure) Error() string { return string(e) }

// Shop is one seller's shop in one market.
type Shop struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Region   string `json:"region"`   // default GB
	Currency string `json:"currency"` // default GBP
}

// NewProduct is a listing with its SKUs.
type NewProduct struct {
	ID     string `json:"id"` // made when empty, as for SKUs
	Title  string `json:"title"`
	Status string `json:"status"` // the vendor's word; "" = ACTIVATE, or as it is
	SKUs   []SKU  `json:"skus"`
}

// SKU is one variant; Price is a decimal string in the shop's currency.
type SKU struct {
	ID        string `json:"id"`
	SellerSKU string `json:"seller_sku"` // may be empty, or stand on several SKUs, as sellers leave it
	Variant   string `json:"variant"`    // the options of a product with several SKUs, "Red / L"
	Price     string `json:"price"`
	Quantity  int    `json:"quantity"`
	Garbled   bool   `json:"garbled"` // a search shows its price as words
}

// Stock is a copy of one SKU's quantities.
type Stock struct {
	Listed    int `json:"listed"`    // what buyers can still order
	Committed int `json:"committed"` // ordered and not shipped or cancelled
	Pending   int `json:"pending"`   // accepted writes that have not taken effect
}

// Mark is when something was changed, and its place among all changes.
type Mark = timeline.Mark

func (m *Market) mark(at time.Time) Mark { m.tick++; return Mark{At: at.Unix(), Tick: m.tick} }

var badToken = Refusal{36009004, "page_token is invalid"}

// Store is a shop with all that is in it.
type Store struct {
	Shop
	Cipher, Warehouse        string
	WarehouseStatus          string // the vendor's word
	Products                 map[string]*Product
	Listings                 map[string]*Listing // by SKU id
	Orders                   map[string]*Order
	Packages                 map[string]*Package
	Claims                   map[string]*Claim
	DeliveryOption           string              // the one that every order has
	trackings                map[string]*Package // by carrier and number
	groups                   map[string]string   // ids of what may be combined, by what the orders have in common
	ProductLine              timeline.Timeline[*Product]
	OrderLine, OrderUpdates  timeline.Timeline[*Order] // by create and by update time
	PackageLine, PackageNews timeline.Timeline[*Package]
	CancelLine, CancelNews   timeline.Timeline[*Claim]
	ReturnLine, ReturnNews   timeline.Timeline[*Claim]
}

// Product is a listed product.
type Product struct {
	ID, Title, Status string
	SKUs              []*Listing
	Created           Mark
	Updated           int64
}

// Listing is a SKU with its quantities.
type Listing struct {
	SKU
	Stock
	Product *Product
}

// Market is all shops.
type Market struct {
	Rules  Rules
	Counts effects.Counts
	Stores map[string]*Store
	hooks  Hooks
	rng    *rand.Rand
	timers schedule.Queue[func()]
	ids    int64
	tick   int64
}

// New makes an empty market; rng fixes its ids.
func New(rules Rules, rng *rand.Rand, hooks Hooks) *Market {
	return &Market{Rules: rules, Counts: effects.New(), Stores: map[string]*Store{}, hooks: hooks, rng: rng}
}

// Settle lets everything happen that is due by now and says when the next thing is.
func (m *Market) Settle() (next time.Time, ok bool) {
	for now := m.hooks.Now(); ; {
		do, due := m.timers.PopDue(now)
		if !due {
			return m.timers.Next()
		}
		do()
	}
}

// Next says when the next thing is due; ok is false when nothing is.
func (m *Market) Next() (at time.Time, ok bool) { return m.timers.Next() }

// After does something later, when Settle is called.
func (m *Market) After(d time.Duration, do func()) { m.timers.Push(m.hooks.Now().Add(d), do) }

// ID makes a 19-digit id, beyond 2^53 as the vendor's are.
func (m *Market) ID(prefix string) string {
	m.ids += 1 + m.rng.Int64N(9)
	return fmt.Sprintf("%s%016d", prefix, m.ids)
}

// Secret makes letters and digits for tokens and ciphers.
func (m *Market) Secret(length int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	text := make([]byte, length)
	for i := range text {
		text[i] = letters[m.rng.IntN(len(letters))]
	}
	return string(text)
}

// AddShop adds a shop, or returns the one that has the id.
func (m *Market) AddShop(add Shop) (st *Store, added bool) {
	add.ID = cmp.Or(add.ID, m.ID("749"))
	if st := m.Stores[add.ID]; st != nil {
		return st, false
	}
	add.Region, add.Currency = cmp.Or(add.Region, "GB"), cmp.Or(add.Currency, "GBP")
	st = &Store{
		Shop: add, Cipher: "ROW_" + m.Secret(12), Warehouse: m.ID("700"), WarehouseStatus: "ENABLED", DeliveryOption: m.ID("710"),
		trackings: map[string]*Package{}, groups: map[string]string{},
		Products: map[string]*Product{}, Listings: map[string]*Listing{}, Orders: map[string]*Order{}, Packages: map[string]*Package{}, Claims: map[string]*Claim{},
		ProductLine:  timeline.New(badToken, func(p *Product) Mark { return p.Created }),
		OrderLine:    timeline.New(badToken, func(o *Order) Mark { return o.Created }),
		OrderUpdates: timeline.New(badToken, func(o *Order) Mark { return o.Updated }),
		PackageLine:  timeline.New(badToken, func(p *Package) Mark { return p.Created }),
		PackageNews:  timeline.New(badToken, func(p *Package) Mark { return p.Updated }),
		CancelLine:   timeline.New(badToken, func(c *Claim) Mark { return c.Created }),
		CancelNews:   timeline.New(badToken, func(c *Claim) Mark { return c.Updated }),
		ReturnLine:   timeline.New(badToken, func(c *Claim) Mark { return c.Created }),
		ReturnNews:   timeline.New(badToken, func(c *Claim) Mark { return c.Updated }),
	}
	m.Stores[st.ID] = st
	return st, true
}

// Store finds a shop; "" is the only one there is.
func (m *Market) Store(id string) (*Store, error) {
	if id == "" && len(m.Stores) == 1 {
		for _, st := range m.Stores {
			return st, nil
		}
	}
	if st := m.Stores[id]; st != nil {
		return st, nil
	}
	return nil, fmt.Errorf("shop %q: %w", id, ErrUnknown)
}

// Order finds an order of a shop.
func (m *Market) Order(shopID, orderID string) (*Store, *Order, error) {
	st, err := m.Store(shopID)
	if err != nil {
		return nil, nil, err
	}
	if st.Orders[orderID] == nil {
		return nil, nil, fmt.Errorf("order %q: %w", orderID, ErrUnknown)
	}
	return st, st.Orders[orderID], nil
}

// Listing finds a SKU of a shop.
func (m *Market) Listing(shopID, skuID string) (*Store, *Listing, error) {
	st, err := m.Store(shopID)
	if err != nil {
		return nil, nil, err
	}
	if st.Listings[skuID] == nil {
		return nil, nil, fmt.Errorf("SKU %q: %w", skuID, ErrUnknown)
	}
	return st, st.Listings[skuID], nil
}
