package tiktoksim

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/hooks"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/journal"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/market"
)

// Sim is the simulated vendor. Its methods may be called at once from many goroutines.
type Sim struct {
	cfg     Config
	mux     *http.ServeMux
	hooks   *hooks.Sender
	journal journal.Ring
	slow    time.Duration // how long a hanging answer hangs
	wake    chan struct{} // tells Run that a timer may have been set

	mu      sync.Mutex // guards all below
	market  *market.Market
	rng     *rand.Rand
	faults  Faults
	counts  Counts
	serial  int64     // of requests
	armed   time.Time // when Run looks again
	members map[string]*member
	ciphers map[string]*member
	access  map[string]grant // access tokens that are or were good
	refresh map[string]grant // refresh tokens not used yet
	codes   map[string]grant // authorization codes not used yet
}

// member is a shop as the API's gate knows it.
type member struct {
	*market.Store
	auth          *authorisation // the newest
	subscriptions map[string]subscription
	limiters      map[string]*rate.Limiter
}

// authorisation is one seller's consent: the shops it opens, and the newest pair, which is for all of them.
type authorisation struct {
	shops  []*member
	scopes []string
	tokens Tokens
}

// grant is what a token or code gives, and until when.
type grant struct {
	*authorisation
	expires time.Time
}

// New makes a Sim without shops. It starts nothing: without Run no webhook is sent.
func New(cfg Config) *Sim {
	cfg = cfg.withDefaults()
	source := func(stream uint64) *rand.Rand {
		return rand.New(rand.NewPCG(cfg.Seed, stream))
	}
	s := &Sim{
		cfg: cfg, mux: http.NewServeMux(), wake: make(chan struct{}, 1), slow: slowFor, rng: source(1), faults: cfg.Faults, counts: newCounts(),
		members: map[string]*member{}, ciphers: map[string]*member{},
		access: map[string]grant{}, refresh: map[string]grant{}, codes: map[string]grant{},
	}
	s.hooks = hooks.New(hooks.Config{
		Client: cfg.Client, Clock: cfg.Clock, Rand: source(2), Schedule: cfg.RetrySchedule, Look: cfg.Look,
		Sign: func(body []byte) string { return s.mac(cfg.AppKey + string(body)) },
		Note: func(what, id, text string) { s.note(what, "", id, text) },
	}, cfg.Faults.hooks())
	s.market = market.New(market.Rules{
		RemorseHold: cfg.RemorseHold, ApplyDelay: cfg.ApplyDelay, LabelNotReady: cfg.LabelNotReady, RefuseZero: cfg.RefuseZero,
		Restock: cfg.Restock, Reship: cfg.Reship, SellBeyondListed: cfg.SellBeyondListed,
	}, source(3), market.Hooks{Now: cfg.Clock, Tell: s.tell, Note: s.note})
	s.routes()
	return s
}

// Handler serves the API host, the auth host and the label files.
func (s *Sim) Handler() http.Handler { return s.mux }

// Run sends webhooks and lets holds end and late writes apply, until ctx ends. Without it what is due still happens at
// the next call, and webhooks wait.
func (s *Sim) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.hooks.Run(ctx) }) // returns only ctx's error, as we do
	defer wg.Wait()
	for {
		timer := time.NewTimer(s.untilNext())
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-s.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// untilNext settles and says how long nothing is due, at most Config.Look so that a clock that is set is noticed.
func (s *Sim) untilNext() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Clock()
	s.armed = now.Add(s.cfg.Look)
	if next, ok := s.market.Settle(); ok && next.Before(s.armed) {
		s.armed = next
	}
	return max(0, s.armed.Sub(now))
}

// lock takes the mutex, lets everything happen that is due by now and returns the unlock.
func (s *Sim) lock() func() {
	s.mu.Lock()
	s.market.Settle()
	return func() {
		if next, ok := s.market.Next(); ok && next.Before(s.armed) {
			select {
			case s.wake <- struct{}{}:
			default: // already told
			}
		}
		s.mu.Unlock()
	}
}

func (s *Sim) roll(p float64) bool { return p > 0 && s.rng.Float64() < p }

// SetFaults replaces the faults from now on.
func (s *Sim) SetFaults(f Faults) {
	defer s.lock()()
	s.faults = f
	s.hooks.SetFaults(f.hooks())
}

// AddShop adds a shop, or returns the cipher of the one that has the id.
func (s *Sim) AddShop(add Shop) (cipher string) {
	defer s.lock()()
	st, added := s.market.AddShop(add)
	if !added {
		return st.Cipher
	}
	m := &member{Store: st, subscriptions: map[string]subscription{}, limiters: map[string]*rate.Limiter{}}
	s.subscribeAll(m, s.cfg.WebhookURL)
	s.members[st.ID], s.ciphers[st.Cipher] = m, m
	m.auth = &authorisation{shops: []*member{m}, scopes: s.cfg.Scopes}
	s.issue(m.auth)
	return st.Cipher
}

// SetWebhookURL is the seller's app naming its address, as in Partner Center: every topic of the shop goes there from
// now on; "" ends webhooks.
func (s *Sim) SetWebhookURL(shopID, address string) error {
	defer s.lock()()
	m, err := s.member(shopID)
	if err == nil {
		s.subscribeAll(m, address)
	}
	return err
}

func (s *Sim) subscribeAll(m *member, address string) {
	clear(m.subscriptions)
	if address == "" {
		return
	}
	now := s.cfg.Clock().Unix()
	for name := range topics {
		m.subscriptions[name] = subscription{address, now, now}
	}
}

// member finds a shop; "" is the only one there is.
func (s *Sim) member(shopID string) (*member, error) {
	st, err := s.market.Store(shopID)
	if err != nil {
		return nil, err
	}
	return s.members[st.ID], nil
}

// AddProduct lists a product and returns its id. A product or SKU that has the id keeps its history and gets the new values.
func (s *Sim) AddProduct(shopID string, add Product) (id string, err error) {
	defer s.lock()()
	st, err := s.market.Store(shopID)
	if err != nil {
		return "", err
	}
	p, err := s.market.AddProduct(st, add)
	if err != nil {
		return "", err
	}
	return p.ID, nil
}

// SetQuantity is a hand edit in the seller's own screen: at once and absolute.
func (s *Sim) SetQuantity(shopID, skuID string, quantity int) error {
	defer s.lock()()
	st, k, err := s.market.Listing(shopID, skuID)
	if err == nil {
		s.market.SetQuantity(st, k, quantity)
	}
	return err
}

// SetProductStatus makes a product ACTIVATE, SELLER_DEACTIVATED or another of the vendor's words, and says so by webhook.
func (s *Sim) SetProductStatus(shopID, productID, status string) error {
	defer s.lock()()
	st, err := s.market.Store(shopID)
	if err != nil {
		return err
	}
	if st.Products[productID] == nil {
		return ErrUnknown
	}
	s.market.SetProductStatus(st, st.Products[productID], status)
	return nil
}

// Stock returns the quantities of a SKU.
func (s *Sim) Stock(shopID, skuID string) (Stock, error) {
	defer s.lock()()
	_, k, err := s.market.Listing(shopID, skuID)
	if err != nil {
		return Stock{}, err
	}
	return k.Stock, nil
}

// PlaceOrder is a buyer's order. What is not listed is refused with ErrNotListed and counted, unless Config says otherwise.
func (s *Sim) PlaceOrder(shopID string, n NewOrder) (orderID string, err error) {
	defer s.lock()()
	st, err := s.market.Store(shopID)
	if err != nil {
		return "", err
	}
	o, err := s.market.Place(st, n)
	if err != nil {
		return "", err
	}
	return o.ID, nil
}

// act finds an order and does something to it under the mutex.
func (s *Sim) act(shopID, orderID string, do func(*market.Store, *market.Order) error) error {
	defer s.lock()()
	st, o, err := s.market.Order(shopID, orderID)
	if err != nil {
		return err
	}
	return do(st, o)
}

// PayOrder pays an UNPAID order.
func (s *Sim) PayOrder(shopID, orderID string) error { return s.act(shopID, orderID, s.market.Pay) }

// Send is a seller telling, in the vendor's own screen, which carrier has all that is left of an order.
func (s *Sim) Send(shopID, orderID, carrier, tracking string) error {
	return s.act(shopID, orderID, func(st *market.Store, o *market.Order) error {
		_, err := s.market.Mark(st, o.ID, nil, market.Shipment{Carrier: carrier, Tracking: tracking}, false)
		return err
	})
}

// ReleaseHold ends an order's hold before its time, HoldUntilCancelled included.
func (s *Sim) ReleaseHold(shopID, orderID string) error {
	return s.act(shopID, orderID, s.market.Release)
}

// CancelOrder cancels line items in the buyer's name; none = all of them.
func (s *Sim) CancelOrder(shopID, orderID, reason string, units ...string) error {
	return s.act(shopID, orderID, func(st *market.Store, o *market.Order) error { return s.market.Cancel(st, o, "BUYER", reason, units) })
}

// RequestCancel is a buyer asking to cancel line items; none = all of them: done at once before the order may be shipped, else until the seller has
// answered its packages cannot be.
func (s *Sim) RequestCancel(shopID, orderID, reason string, units ...string) error {
	return s.act(shopID, orderID, func(st *market.Store, o *market.Order) error { return s.market.RequestCancel(st, o, reason, units) })
}

// RequestReturn is a buyer asking for REFUND, RETURN_AND_REFUND or REPLACEMENT of line items; none = of all.
func (s *Sim) RequestReturn(shopID, orderID, kind, reason string, units ...string) (id string, err error) {
	err = s.act(shopID, orderID, func(st *market.Store, o *market.Order) error {
		id, err = s.market.RequestReturn(st, o, kind, reason, units)
		return err
	})
	return id, err
}

// SendBack is a buyer handing in the parcel of an agreed return.
func (s *Sim) SendBack(shopID, claimID string) error {
	return s.buyer(shopID, claimID, s.market.SendBack)
}

// TakeBack is a buyer who no longer wants what was asked for.
func (s *Sim) TakeBack(shopID, claimID string) error {
	return s.buyer(shopID, claimID, s.market.Withdraw)
}

func (s *Sim) buyer(shopID, claimID string, do func(*market.Store, string) error) error {
	defer s.lock()()
	st, err := s.market.Store(shopID)
	if err != nil {
		return err
	}
	return do(st, claimID)
}

// ChangeAddress moves an order to another street and says so by webhook.
func (s *Sim) ChangeAddress(shopID, orderID, address string) error {
	return s.act(shopID, orderID, func(st *market.Store, o *market.Order) error { return s.market.ChangeAddress(st, o, address) })
}

// Collect is the carrier's pickup: AWAITING_COLLECTION to IN_TRANSIT.
func (s *Sim) Collect(shopID, orderID string) error {
	return s.carry(shopID, orderID, market.InTransit)
}

// Deliver hands an IN_TRANSIT order to the buyer.
func (s *Sim) Deliver(shopID, orderID string) error {
	return s.carry(shopID, orderID, market.Delivered)
}

// Complete closes an order for good.
func (s *Sim) Complete(shopID, orderID string) error {
	return s.carry(shopID, orderID, market.Completed)
}

func (s *Sim) carry(shopID, orderID, to string) error {
	return s.act(shopID, orderID, func(st *market.Store, o *market.Order) error { return s.market.Carry(st, o, to) })
}

// Order returns a copy of an order.
func (s *Sim) Order(shopID, orderID string) (state OrderState, err error) {
	err = s.act(shopID, orderID, func(_ *market.Store, o *market.Order) error {
		state = OrderState{
			ID: o.ID, Status: o.Status, BuyerID: o.BuyerID, CancelBy: o.CancelBy, Reason: o.Reason,
			CreateTime: time.Unix(o.Created.At, 0).UTC(), UpdateTime: time.Unix(o.Updated.At, 0).UTC(),
		}
		for _, it := range o.Items {
			now := it.Line
			now.Quantity = len(it.IDs())
			state.Lines, state.Wanted, state.Items = append(state.Lines, it.Line), append(state.Wanted, now), append(state.Items, it.IDs()...)
		}
		for _, p := range o.Parcels {
			kept := PackageState{ID: p.ID, Status: p.Status, Tracking: p.Tracking, Carrier: market.Carriers[p.Carrier], Units: len(p.Units)}
			for _, other := range p.Orders {
				kept.Orders = append(kept.Orders, other.ID)
			}
			state.Packages = append(state.Packages, kept)
		}
		return nil
	})
	return state, err
}
