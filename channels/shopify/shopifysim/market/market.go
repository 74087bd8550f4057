// Package market is the world behind the simulated Shopify: shops, products, stock by location, orders, fulfillment orders
// and returns with the vendor's states, in memory, without HTTP. Commands change it, timers end holds and jobs and apply
// late writes, each change is told to a callback. It has no lock: its caller serialises all use, and calls Settle before each.
package market

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/amount"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/schedule"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/timeline"
)

// Amount is money in thousandths of a currency's unit.
type Amount = amount.Amount

// Rules are how this market behaves.
type Rules struct {
	Hold             time.Duration // fulfillment orders are ON_HOLD that long after payment; 0 = not at all
	ApplyDelay       time.Duration // a quantity write takes effect this much later, as the difference it was checked against
	JobDelay         time.Duration // a cancellation's job is done, and a slow bank pays, this much later
	RefuseZero       bool          // quantity 0 is too low
	SellBeyondListed bool          // Place takes what is not listed
}

// Notice is a change that subscribers may hear of; Topic is the vendor's name in its API, such as ORDERS_CREATE.
type Notice struct {
	Topic       string
	Order       *Order
	Product     *Product
	Item        *Variant // of a level that changed
	Location    *Location
	Fulfillment *Fulfillment
	Return      *Return
	Refund      *Refund
}

// Hooks are what the market calls while it changes; they must not call back into it.
type Hooks struct {
	Now  func() time.Time
	Tell func(*Store, Notice)
	Note func(what, shop, id, detail string) // for the journal
}

// Refusal is the vendor's "no": a userErrors entry. Code is empty where the vendor's type has none.
type Refusal struct {
	Code, Message string
	Field         []string
}

func (r Refusal) Error() string { return r.Code + " " + r.Message }

// What commands of the operator refuse.
const (
	ErrUnknown   = failure("no such shop, product, order or variant")
	ErrExists    = failure("it exists")
	ErrInvalid   = failure("it is incomplete or out of range")
	ErrNotListed = failure("not enough is listed")
	ErrState     = failure("the order's state does not allow this")
)

type failure string

func (e failure) Error() string { return string(e) }

// Shop is one seller's shop.
type Shop struct {
	Domain    string   `json:"domain"` // such as cf-demo.myshopify.com
	Name      string   `json:"name"`
	Currency  string   `json:"currency"`  // default GBP
	Locations []string `json:"locations"` // names; default one
}

// NewProduct is a product with its variants.
type NewProduct struct {
	ID       int64  `json:"id"` // made when 0, as for variants
	Title    string `json:"title"`
	Status   string `json:"status"` // the vendor's word; "" = ACTIVE, or as it is
	Variants []SKU  `json:"variants"`
}

// SKU is one variant; Price is a decimal string in the shop's currency, Quantity is what is available at the first location.
type SKU struct {
	ID        int64  `json:"id"`
	SKU       string `json:"sku"`
	Barcode   string `json:"barcode"`
	Option    string `json:"option"` // "Red / L"; "" = the product's only variant
	Price     string `json:"price"`
	Quantity  int64  `json:"quantity"`
	Oversell  bool   `json:"oversell"`  // inventoryPolicy CONTINUE
	Untracked bool   `json:"untracked"` // the shop does not count it
}

// Level is the stock of one variant at one location; on_hand is the sum of its two figures.
type Level struct {
	Available int64     `json:"available"` // what buyers can still order, may fall below 0
	Committed int64     `json:"committed"` // ordered and not fulfilled or cancelled
	Pending   int64     `json:"pending"`   // accepted writes that have not taken effect
	Updated   time.Time `json:"-"`
}

// Location is a place that stock lies at.
type Location struct {
	ID     int64
	Name   string
	Active bool
	Online bool // fulfils online orders
}

// Product is a product of a shop.
type Product struct {
	ID               int64
	Title, Status    string
	Variants         []*Variant
	Created, Updated time.Time
}

// Variant is a variant and the inventory item it has alone.
type Variant struct {
	SKU
	Item    int64
	Product *Product
	Levels  map[int64]*Level // by location
	Updated time.Time
}

// Store is a shop with all that is in it.
type Store struct {
	Shop
	ID           int64
	Places       []*Location
	Products     map[int64]*Product
	Variants     map[int64]*Variant
	Items        map[int64]*Variant // by inventory item
	Orders       map[int64]*Order
	Parts        map[int64]*Part // fulfillment orders
	Returns      map[int64]*Return
	Jobs         map[string]bool // done, by id
	ProductLine  timeline.Timeline[*Product]
	VariantLine  timeline.Timeline[*Variant]
	OrderUpdates timeline.Timeline[*Order]
	numbers      int64 // of orders
}

// Market is all shops.
type Market struct {
	Rules  Rules
	Counts Counts
	Stores map[string]*Store
	hooks  Hooks
	rng    *rand.Rand
	timers schedule.Queue[func()]
	ids    int64
}

// Counts are effects by their key.
type Counts struct {
	Placed          int            `json:"placed"`
	RefusedOversold int            `json:"refused_oversold"` // orders the market refused because not enough was listed
	Fulfillments    map[string]int `json:"fulfillments"`     // by "order/tracking number"
	FulfillAttempts map[string]int `json:"fulfill_attempts"` // by order, refused ones included
	Captures        map[string]int `json:"captures"`         // by order, that took money
	SellerCancels   map[string]int `json:"seller_cancels"`   // by order, carried out
	QuantityWrites  map[string]int `json:"quantity_writes"`  // by idempotency key, carried out
	StaleWrites     int            `json:"stale_writes"`     // refused because the quantity had moved
	ReturnSteps     map[string]int `json:"return_steps"`     // by "return/status it came to"
	ReturnTries     map[string]int `json:"return_tries"`     // by return, tries to process units of it, refused ones included
	Refunds         map[string]int `json:"refunds"`          // by order, that gave money back, those of a cancellation left out
}

// New makes an empty market; rng fixes its ids.
func New(rules Rules, rng *rand.Rand, hooks Hooks) *Market {
	return &Market{
		Rules: rules, Stores: map[string]*Store{}, hooks: hooks, rng: rng, ids: 5_550_000_000_000,
		Counts: Counts{
			Fulfillments: map[string]int{}, FulfillAttempts: map[string]int{}, Captures: map[string]int{}, SellerCancels: map[string]int{},
			QuantityWrites: map[string]int{}, ReturnSteps: map[string]int{}, ReturnTries: map[string]int{}, Refunds: map[string]int{},
		},
	}
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

// ID makes a number as the vendor's are.
func (m *Market) ID() int64 {
	m.ids += 1 + m.rng.Int64N(9)
	return m.ids
}

// UUID makes one for jobs, events and webhooks.
func (m *Market) UUID() string {
	a, b := m.rng.Uint64(), m.rng.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

// Secret makes letters and digits for tokens and codes.
func (m *Market) Secret(length int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	text := make([]byte, length)
	for i := range text {
		text[i] = letters[m.rng.IntN(len(letters))]
	}
	return string(text)
}

// now is in whole seconds, as the vendor's stamps are.
func (m *Market) now() time.Time { return m.hooks.Now().UTC().Truncate(time.Second) }

// AddShop adds a shop, or returns the one that has the domain.
func (m *Market) AddShop(add Shop) (st *Store, added bool) {
	if st := m.Stores[add.Domain]; st != nil {
		return st, false
	}
	add.Currency = cmp.Or(add.Currency, "GBP")
	st = &Store{
		Shop: add, ID: m.ID(), Products: map[int64]*Product{}, Variants: map[int64]*Variant{}, Items: map[int64]*Variant{}, Orders: map[int64]*Order{},
		Parts: map[int64]*Part{}, Returns: map[int64]*Return{}, Jobs: map[string]bool{}, numbers: 1000,
		ProductLine:  timeline.New(func(p *Product) timeline.Mark { return timeline.Mark{ID: p.ID} }),
		VariantLine:  timeline.New(func(v *Variant) timeline.Mark { return timeline.Mark{ID: v.ID} }),
		OrderUpdates: timeline.New(func(o *Order) timeline.Mark { return timeline.Mark{At: o.Updated.Unix(), ID: o.ID} }),
	}
	if len(add.Locations) == 0 {
		add.Locations = []string{"Main warehouse"}
	}
	for _, name := range add.Locations {
		st.Places = append(st.Places, &Location{ID: m.ID(), Name: name, Active: true, Online: true})
	}
	m.Stores[st.Domain] = st
	return st, true
}

// Store finds a shop; "" is the only one there is.
func (m *Market) Store(domain string) (*Store, error) {
	if domain == "" && len(m.Stores) == 1 {
		for _, st := range m.Stores {
			return st, nil
		}
	}
	if st := m.Stores[domain]; st != nil {
		return st, nil
	}
	return nil, fmt.Errorf("shop %q: %w", domain, ErrUnknown)
}

// Order finds an order of a shop.
func (m *Market) Order(domain string, id int64) (*Store, *Order, error) {
	st, err := m.Store(domain)
	if err != nil {
		return nil, nil, err
	}
	if st.Orders[id] == nil {
		return nil, nil, fmt.Errorf("order %d: %w", id, ErrUnknown)
	}
	return st, st.Orders[id], nil
}

// Variant finds a variant of a shop.
func (m *Market) Variant(domain string, id int64) (*Store, *Variant, error) {
	st, err := m.Store(domain)
	if err != nil {
		return nil, nil, err
	}
	if st.Variants[id] == nil {
		return nil, nil, fmt.Errorf("variant %d: %w", id, ErrUnknown)
	}
	return st, st.Variants[id], nil
}

// Place finds a location of a shop, nil when there is none.
func (st *Store) Place(id int64) *Location {
	i := slices.IndexFunc(st.Places, func(l *Location) bool { return l.ID == id })
	if i < 0 {
		return nil
	}
	return st.Places[i]
}

// AddProduct lists a product. One that has the id keeps its history and gets the new values, its variants too.
func (m *Market) AddProduct(st *Store, add NewProduct) (*Product, error) {
	for _, v := range add.Variants {
		if _, ok := amount.Parse(v.Price); !ok || v.Quantity < 0 {
			return nil, fmt.Errorf("variant %s: price %q, quantity %d: %w", v.SKU, v.Price, v.Quantity, ErrInvalid)
		}
	}
	if len(add.Variants) == 0 {
		return nil, fmt.Errorf("a product without variants: %w", ErrInvalid)
	}
	now, topic := m.now(), "PRODUCTS_UPDATE"
	p := st.Products[add.ID]
	if p == nil {
		topic = "PRODUCTS_CREATE"
		p = &Product{ID: cmp.Or(add.ID, m.ID()), Created: now, Status: "ACTIVE"}
		st.Products[p.ID] = p
		st.ProductLine.Put(p)
	}
	p.Title, p.Status, p.Updated = cmp.Or(add.Title, p.Title), cmp.Or(add.Status, p.Status), now
	for _, sku := range add.Variants {
		v := st.Variants[sku.ID]
		if v == nil {
			sku.ID = cmp.Or(sku.ID, m.ID())
			v = &Variant{SKU: sku, Item: m.ID(), Product: p, Levels: map[int64]*Level{}}
			p.Variants = append(p.Variants, v)
			st.Variants[v.ID], st.Items[v.Item] = v, v
			st.VariantLine.Put(v)
			v.Levels[st.Places[0].ID] = &Level{}
		}
		v.SKU, v.Updated = sku, now
		m.setLevel(st, v, st.Places[0], sku.Quantity)
	}
	m.hooks.Tell(st, Notice{Topic: topic, Product: p})
	return p, nil
}

// SetStatus changes a product's status in the seller's own screen.
func (m *Market) SetStatus(st *Store, id int64, status string) error {
	p := st.Products[id]
	if p == nil {
		return fmt.Errorf("product %d: %w", id, ErrUnknown)
	}
	p.Status, p.Updated = status, m.now()
	m.hooks.Tell(st, Notice{Topic: "PRODUCTS_UPDATE", Product: p})
	return nil
}
