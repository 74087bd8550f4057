package amazonsim

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/journal"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/market"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/queue"
)

// Sim is the simulated vendor. Its methods may be called at once from many goroutines.
type Sim struct {
	cfg     Config
	mux     *http.ServeMux
	journal journal.Journal

	mu            sync.Mutex // guards all below
	market        *market.Market
	queue         *queue.Queue
	arrived       chan struct{} // closed and replaced when a message was put into the queue
	rng           *rand.Rand
	faults        Faults
	counts        Counts
	serial        int64 // of requests and notifications
	members       map[string]*member
	access        map[string]grant
	refresh       map[string]*member
	destinations  []*destination
	subscriptions []*subscription
}

// member is a seller as the API's gate knows it.
type member struct {
	*market.Seller
	roles    []string
	refresh  string // the refresh token
	withdrew bool
	buckets  map[string]*rate.Limiter
}

// grant is what an access token gives, and until when: a seller's data, or a scope that belongs to no seller.
type grant struct {
	*member
	scope   string
	expires time.Time
}

// New makes a Sim without sellers. It starts nothing.
func New(cfg Config) *Sim {
	cfg = cfg.withDefaults()
	source := func(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(cfg.Seed, stream)) }
	s := &Sim{
		cfg: cfg, mux: http.NewServeMux(), arrived: make(chan struct{}), rng: source(1), faults: cfg.Faults, counts: newCounts(),
		members: map[string]*member{}, access: map[string]grant{}, refresh: map[string]*member{},
		queue: &queue.Queue{Account: "111122223333", Name: "cf-spapi", Now: cfg.Clock, Rand: source(2), Visibility: cfg.Visibility},
	}
	s.market = market.New(market.Rules{
		ApplyDelay: cfg.ApplyDelay, PendingFor: cfg.PendingFor, FeedDelay: cfg.FeedDelay, ReportDelay: cfg.ReportDelay, RefuseZero: cfg.RefuseZero, Restock: cfg.Restock,
		SellBeyondListed: cfg.SellBeyondListed,
	}, source(3), market.Hooks{Now: cfg.Clock, Tell: s.tell, List: s.tellQuantity, Note: s.note})
	s.routes()
	return s
}

// Handler serves the API, the token endpoint, uploads of feed documents and the queue, all on one host.
func (s *Sim) Handler() http.Handler { return s.mux }

// Run lets late writes apply and notifications go out when they are due, until ctx ends. Without it they do at the next call.
func (s *Sim) Run(ctx context.Context) error {
	for {
		timer := time.NewTimer(s.untilNext())
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// look is the longest sleep, after which a clock that was set is noticed.
const look = time.Second

// untilNext settles and says how long nothing is due.
func (s *Sim) untilNext() time.Duration {
	defer s.lock()()
	if next, ok := s.market.Settle(); ok {
		return min(max(0, next.Sub(s.cfg.Clock())), look)
	}
	return look
}

// lock takes the mutex, lets everything happen that is due by now and returns the unlock.
func (s *Sim) lock() func() {
	s.mu.Lock()
	s.market.Settle()
	return s.mu.Unlock
}

func (s *Sim) roll(p float64) bool { return p > 0 && s.rng.Float64() < p }

// SetFaults replaces the faults from now on.
func (s *Sim) SetFaults(f Faults) {
	defer s.lock()()
	s.faults = f
}

// AddSeller adds a seller who has authorised the app, and returns the refresh token; for one that has the id, its own.
func (s *Sim) AddSeller(add Seller) (refreshToken string) {
	defer s.lock()()
	seller, added := s.market.AddSeller(add)
	if !added {
		return s.members[seller.ID].refresh
	}
	m := &member{Seller: seller, roles: s.cfg.Roles, refresh: "Atzr|" + s.market.Secret(40), buckets: map[string]*rate.Limiter{}}
	s.members[seller.ID], s.refresh[m.refresh] = m, m
	return m.refresh
}

// member finds a seller; "" is the only one there is.
func (s *Sim) member(id string) (*member, error) {
	seller, err := s.market.Seller(id)
	if err != nil {
		return nil, err
	}
	return s.members[seller.ID], nil
}

// RefreshToken is what the seller's consent gave.
func (s *Sim) RefreshToken(seller string) (string, error) {
	defer s.lock()()
	m, err := s.member(seller)
	if err != nil {
		return "", err
	}
	return m.refresh, nil
}

// SetRoles changes what the seller's consent includes.
func (s *Sim) SetRoles(seller string, roles ...string) error {
	defer s.lock()()
	m, err := s.member(seller)
	if err == nil {
		m.roles = roles
	}
	return err
}

// Withdraw is the seller taking consent back.
func (s *Sim) Withdraw(seller string) error {
	defer s.lock()()
	m, err := s.member(seller)
	if err == nil {
		m.withdrew = true
	}
	return err
}

// ExpireTokens lets every access token expire now.
func (s *Sim) ExpireTokens() {
	defer s.lock()()
	for token, g := range s.access {
		g.expires = s.cfg.Clock()
		s.access[token] = g
	}
}

// AddListing lists an item. One that has the SKU keeps its history and gets the new values.
func (s *Sim) AddListing(seller string, add Listing) (asin string, err error) {
	defer s.lock()()
	m, err := s.market.Seller(seller)
	if err != nil {
		return "", err
	}
	l, err := s.market.AddListing(m, add)
	if err != nil {
		return "", err
	}
	return l.ASIN, nil
}

// SetQuantity is a hand edit in the seller's own screen: at once and absolute.
func (s *Sim) SetQuantity(seller, sku string, quantity int) error {
	defer s.lock()()
	m, l, err := s.market.Listing(seller, sku)
	if err == nil {
		s.market.SetQuantity(m, l, quantity)
	}
	return err
}

// Stock returns the quantities of a listing.
func (s *Sim) Stock(seller, sku string) (Stock, error) {
	defer s.lock()()
	_, l, err := s.market.Listing(seller, sku)
	if err != nil {
		return Stock{}, err
	}
	return l.Stock, nil
}

// PlaceOrder is a buyer's order. What is not listed is refused with ErrNotListed and counted, unless Config says otherwise.
func (s *Sim) PlaceOrder(seller string, n NewOrder) (order string, err error) {
	defer s.lock()()
	m, err := s.market.Seller(seller)
	if err != nil {
		return "", err
	}
	o, err := s.market.Place(m, n)
	if err != nil {
		return "", err
	}
	return o.ID, nil
}

// act finds an order and does something to it under the mutex.
func (s *Sim) act(seller, order string, do func(*market.Seller, *market.Order) error) error {
	defer s.lock()()
	m, o, err := s.market.Order(seller, order)
	if err != nil {
		return err
	}
	return do(m, o)
}

// PayOrder pays a PENDING order.
func (s *Sim) PayOrder(seller, order string) error { return s.act(seller, order, s.market.Pay) }

// CancelOrder is Amazon cancelling in the buyer's name.
func (s *Sim) CancelOrder(seller, order, reason string) error {
	return s.act(seller, order, func(m *market.Seller, o *market.Order) error { return s.market.Cancel(m, o, "BUYER", reason) })
}

// RequestCancel is a buyer asking to cancel: done at once while the order is PENDING, else the seller is asked. With SKUs it is about
// those alone.
func (s *Sim) RequestCancel(seller, order, reason string, skus ...string) error {
	return s.act(seller, order, func(m *market.Seller, o *market.Order) error { return s.market.RequestCancel(m, o, reason, skus...) })
}

// RequestReturn is a buyer asking to send units back; it tells the number of the return.
func (s *Sim) RequestReturn(seller, order, sku string, quantity int, reason string) (rma string, err error) {
	err = s.act(seller, order, func(m *market.Seller, o *market.Order) (err error) {
		rma, err = s.market.RequestReturn(m, o, sku, quantity, reason)
		return err
	})
	return rma, err
}

// MoveReturn is the seller's answer in Seller Central, or the parcel that comes back: approve, decline, deliver, refund.
func (s *Sim) MoveReturn(seller, rma, what string) error {
	defer s.lock()()
	m, err := s.market.Seller(seller)
	if err != nil {
		return err
	}
	return s.market.MoveReturn(m, rma, what)
}

// ForgetReports loses every report that was asked for.
func (s *Sim) ForgetReports(seller string) {
	defer s.lock()()
	if m, err := s.market.Seller(seller); err == nil {
		clear(m.Reports)
	}
}

// ShipByHand is the seller confirming one parcel of all that is left, in the seller's own screen.
func (s *Sim) ShipByHand(seller, order string) error {
	return s.act(seller, order, s.market.ShipByHand)
}

// ShipFromWarehouse is Amazon sending what its own warehouse has.
func (s *Sim) ShipFromWarehouse(seller, order string) error {
	return s.act(seller, order, s.market.ShipFromWarehouse)
}

// Order returns a copy of an order.
func (s *Sim) Order(seller, order string) (state OrderState, err error) {
	err = s.act(seller, order, func(_ *market.Seller, o *market.Order) error {
		state = OrderState{
			ID: o.ID, Status: o.Status, AFN: o.AFN, CreateTime: o.Created.UTC(), UpdateTime: o.Updated.UTC(), CancelBy: o.CancelBy, Reason: o.Reason,
		}
		for _, it := range o.Items {
			state.Lines, state.Sent = append(state.Lines, it.Line), state.Sent+it.Sent
		}
		for _, p := range o.Parcels {
			units := 0
			for _, n := range p.Items {
				units += n
			}
			state.Parcels = append(state.Parcels, ParcelState{p.Reference, p.Carrier, p.Tracking, units})
		}
		return nil
	})
	return state, err
}
