package shopifysim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/api"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/hooks"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/journal"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/market"
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
	access  map[string]grant // access tokens that are or were good
	refresh map[string]grant // refresh tokens that are good
	codes   map[string]grant // authorization codes not used yet
}

// member is a shop as the API's gate knows it.
type member struct {
	*market.Store
	hooks   api.Hooks
	keys    *api.Keys
	running map[string]bool // keys of mutations that are under way
	state   string          // "", "frozen" (402) or "locked" (423)
	scopes  []string
	tokens  Tokens // the newest pair
	points  float64
	counted time.Time // when points were
}

// New makes a Sim without shops. It starts nothing: without Run no webhook is sent.
func New(cfg Config) *Sim {
	cfg = cfg.withDefaults()
	source := func(stream uint64) *rand.Rand {
		return rand.New(rand.NewPCG(cfg.Seed, stream))
	}
	s := &Sim{
		cfg: cfg, mux: http.NewServeMux(), wake: make(chan struct{}, 1), slow: slowFor, rng: source(1), faults: cfg.Faults, counts: newCounts(),
		members: map[string]*member{}, access: map[string]grant{}, refresh: map[string]grant{}, codes: map[string]grant{},
	}
	s.hooks = hooks.New(hooks.Config{
		Client: cfg.Client, Clock: cfg.Clock, Rand: source(2), Schedule: cfg.RetrySchedule, Look: cfg.Look, Sign: s.sign, Dead: s.dead,
		Note: func(what, id, text string) { s.note(what, "", id, text) },
	}, cfg.Faults.hooks())
	s.market = market.New(market.Rules{
		Hold: cfg.Hold, ApplyDelay: cfg.ApplyDelay, JobDelay: cfg.JobDelay, RefuseZero: cfg.RefuseZero, SellBeyondListed: cfg.SellBeyondListed,
	}, source(3), market.Hooks{Now: cfg.Clock, Tell: s.tell, Note: s.note})
	s.routes()
	return s
}

// Handler serves every shop's admin host.
func (s *Sim) Handler() http.Handler { return s.mux }

// Run sends webhooks and lets holds and jobs end and late writes apply, until ctx ends. Without it what is due still
// happens at the next call, and webhooks wait.
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

// AddShop adds a shop that has the app installed; one that has the domain stays as it is.
func (s *Sim) AddShop(add Shop) {
	defer s.lock()()
	st, added := s.market.AddShop(add)
	if !added {
		return
	}
	m := &member{Store: st, keys: api.NewKeys(), running: map[string]bool{}, scopes: s.cfg.Scopes, points: s.cfg.Bucket, counted: s.cfg.Clock()}
	s.members[st.Domain] = m
	s.subscribeAll(m, s.cfg.WebhookURL)
	s.issue(m, true)
}

// member finds a shop; "" is the only one there is.
func (s *Sim) member(domain string) (*member, error) {
	st, err := s.market.Store(domain)
	if err != nil {
		return nil, err
	}
	return s.members[st.Domain], nil
}

// SetWebhookURL sends every topic of WebhookTopics to an address from now on; "" ends webhooks.
func (s *Sim) SetWebhookURL(domain, address string) error {
	defer s.lock()()
	m, err := s.member(domain)
	if err == nil {
		s.subscribeAll(m, address)
	}
	return err
}

func (s *Sim) subscribeAll(m *member, address string) {
	m.hooks.List = nil
	if address == "" {
		return
	}
	now := s.cfg.Clock()
	for _, topic := range WebhookTopics {
		m.hooks.List = append(m.hooks.List, &api.Subscription{ID: s.market.ID(), Topic: topic, URI: address, Created: now, Updated: now})
	}
}

// Subscriptions tells where each topic goes.
func (s *Sim) Subscriptions(domain string) (goes map[string]string, err error) {
	defer s.lock()()
	m, err := s.member(domain)
	if err != nil {
		return nil, err
	}
	goes = map[string]string{}
	for _, sub := range m.hooks.List {
		goes[sub.Topic] = sub.URI
	}
	return goes, nil
}

// SetState makes a shop "frozen" (402), "locked" (423) or well ("").
func (s *Sim) SetState(domain, state string) error {
	defer s.lock()()
	m, err := s.member(domain)
	switch {
	case err != nil:
		return err
	case state != "" && state != "frozen" && state != "locked":
		return ErrInvalid
	}
	m.state = state
	return nil
}

// SetScopes changes what the seller granted.
func (s *Sim) SetScopes(domain string, scopes ...string) error {
	defer s.lock()()
	m, err := s.member(domain)
	if err == nil {
		m.scopes = scopes
	}
	return err
}

// AddProduct lists a product and returns its id. A product or variant that has the id keeps its history and gets the new values.
func (s *Sim) AddProduct(domain string, add Product) (id int64, variants []int64, err error) {
	err = s.in(domain, func(st *market.Store) error {
		p, err := s.market.AddProduct(st, add)
		if err != nil {
			return err
		}
		for _, v := range p.Variants {
			variants = append(variants, v.ID)
		}
		id = p.ID
		return nil
	})
	return id, variants, err
}

// SetQuantity is a hand edit in the seller's own screen, at a location (0 = the first): at once and absolute.
func (s *Sim) SetQuantity(domain string, variant, location, quantity int64) error {
	defer s.lock()()
	st, v, err := s.market.Variant(domain, variant)
	if err != nil {
		return err
	}
	return s.market.SetByHand(st, v, location, quantity)
}

// SetProductStatus makes a product ACTIVE, DRAFT, ARCHIVED, UNLISTED or another of the vendor's words.
func (s *Sim) SetProductStatus(domain string, product int64, status string) error {
	return s.in(domain, func(st *market.Store) error { return s.market.SetStatus(st, product, status) })
}

// Stock sums a variant's levels over all locations.
func (s *Sim) Stock(domain string, variant int64) (sum Level, err error) {
	defer s.lock()()
	_, v, err := s.market.Variant(domain, variant)
	if err != nil {
		return Level{}, err
	}
	for _, l := range v.Levels {
		sum.Available += l.Available
		sum.Committed += l.Committed
		sum.Pending += l.Pending
	}
	return sum, nil
}

// Locations are the ids of a shop's locations, in their order.
func (s *Sim) Locations(domain string) (ids []int64, err error) {
	err = s.in(domain, func(st *market.Store) error {
		for _, l := range st.Places {
			ids = append(ids, l.ID)
		}
		return nil
	})
	return ids, err
}

// SwitchLocation turns a location off, or on again, in the seller's own screen.
func (s *Sim) SwitchLocation(domain string, location int64, on bool) error {
	return s.in(domain, func(st *market.Store) error {
		if place := st.Place(location); place != nil {
			place.Active = on
			return nil
		}
		return ErrUnknown
	})
}

// PlaceOrder is a buyer's order. What is not listed is refused with ErrNotListed and counted, unless Config says otherwise.
func (s *Sim) PlaceOrder(domain string, n NewOrder) (id int64, err error) {
	err = s.in(domain, func(st *market.Store) error {
		o, err := s.market.Place(st, n)
		if err == nil {
			id = o.ID
		}
		return err
	})
	return id, err
}

// in does something to a shop under the mutex.
func (s *Sim) in(domain string, do func(*market.Store) error) error {
	defer s.lock()()
	st, err := s.market.Store(domain)
	if err != nil {
		return err
	}
	return do(st)
}

// act finds an order and does something to it under the mutex.
func (s *Sim) act(domain string, id int64, do func(*market.Store, *market.Order) error) error {
	defer s.lock()()
	st, o, err := s.market.Order(domain, id)
	if err != nil {
		return err
	}
	return do(st, o)
}

// PayOrder pays a PENDING order.
func (s *Sim) PayOrder(domain string, id int64) error { return s.act(domain, id, s.market.Pay) }

// ExpireAuthorisation ends an AUTHORIZED order's reserved payment.
func (s *Sim) ExpireAuthorisation(domain string, id int64) error {
	return s.act(domain, id, s.market.Expire)
}

// HoldOrder puts what is open of an order ON_HOLD; ReleaseOrder ends that.
func (s *Sim) HoldOrder(domain string, id int64) error { return s.act(domain, id, s.market.Hold) }

// ReleaseOrder ends a hold.
func (s *Sim) ReleaseOrder(domain string, id int64) error { return s.act(domain, id, s.market.Release) }

// CancelOrder cancels in the seller's own screen, by the vendor's reason such as CUSTOMER; restock puts the units on sale again.
func (s *Sim) CancelOrder(domain string, id int64, reason string, restock bool) error {
	return s.act(domain, id, func(st *market.Store, o *market.Order) error {
		return s.market.Cancel(st, o, market.Cancellation{Reason: reason, Restock: restock, Refund: true})
	})
}

// EditOrder changes how many of a variant an order wants.
func (s *Sim) EditOrder(domain string, id, variant, quantity int64) error {
	return s.act(domain, id, func(st *market.Store, o *market.Order) error { return s.market.Edit(st, o, variant, quantity) })
}

// ChangeAddress moves an order to another street.
func (s *Sim) ChangeAddress(domain string, id int64, address string) error {
	return s.act(domain, id, func(st *market.Store, o *market.Order) error { return s.market.Move(st, o, address) })
}

// FulfilByHand sends all of an order that one location has, in the seller's own screen.
func (s *Sim) FulfilByHand(domain string, id int64, company, tracking string) error {
	return s.act(domain, id, func(st *market.Store, o *market.Order) error {
		_, err := s.market.Fulfil(st, []market.Piece{{Part: o.Parts[0].ID}}, market.Parcel{Company: company, Number: tracking})
		return err
	})
}

// Carry is the carrier's news of an order's parcels: IN_TRANSIT or DELIVERED.
func (s *Sim) Carry(domain string, id int64, display string) error {
	return s.act(domain, id, func(st *market.Store, o *market.Order) error { return s.market.Carry(st, o, display) })
}

// Refund gives money back for units of a variant; restock puts them on sale again.
func (s *Sim) Refund(domain string, id, variant, quantity int64, restock bool) error {
	return s.act(domain, id, func(st *market.Store, o *market.Order) error {
		return s.market.GiveBack(st, o, variant, quantity, restock)
	})
}

// RequestReturn is a buyer asking to send units of a variant back that are with them, for one of the shop's reasons such as "damaged".
func (s *Sim) RequestReturn(domain string, id, variant, quantity int64, reason string) (returned int64, err error) {
	err = s.act(domain, id, func(st *market.Store, o *market.Order) error {
		r, err := s.market.AskBack(st, o, variant, quantity, reason)
		if err == nil {
			returned = r.ID
		}
		return err
	})
	return returned, err
}

// PayReturn is the seller giving back the money of an open return whose goods are not taken in yet.
func (s *Sim) PayReturn(domain string, id int64) error {
	return s.returned(domain, id, s.market.PayAhead)
}

// ShipReturn gives an open return the number of the parcel that it comes in; exchange says that the buyer gets other goods for it.
func (s *Sim) ShipReturn(domain string, id int64, tracking string, exchange bool) error {
	return s.returned(domain, id, func(_ *market.Store, r *market.Return) error {
		r.Tracking, r.Exchange = tracking, exchange
		return nil
	})
}

// FinishReturn takes in by hand all that has not come back yet of an open return, refunds it and closes the return; restock puts it
// on sale again.
func (s *Sim) FinishReturn(domain string, id int64, restock bool) error {
	return s.returned(domain, id, func(st *market.Store, r *market.Return) error { return s.market.FinishByHand(st, r, restock) })
}

func (s *Sim) returned(domain string, id int64, do func(*market.Store, *market.Return) error) error {
	return s.in(domain, func(st *market.Store) error {
		if st.Returns[id] == nil {
			return fmt.Errorf("return %d: %w", id, ErrUnknown)
		}
		return do(st, st.Returns[id])
	})
}

// Return tells a return's status and how many of its units were processed.
func (s *Sim) Return(domain string, id int64) (status string, processed int64, err error) {
	err = s.returned(domain, id, func(_ *market.Store, r *market.Return) error {
		status = r.Status
		for _, l := range r.Lines {
			processed += l.Processed
		}
		return nil
	})
	return status, processed, err
}

// SetReturn moves a return on: OPEN, DECLINED, CLOSED or CANCELED.
func (s *Sim) SetReturn(domain string, id int64, status string) error {
	return s.in(domain, func(st *market.Store) error { return s.market.Restate(st, id, status) })
}

// Order returns a copy of an order.
func (s *Sim) Order(domain string, id int64) (state OrderState, err error) {
	err = s.act(domain, id, func(_ *market.Store, o *market.Order) error {
		state = OrderState{
			ID: o.ID, Name: o.Name, Financial: o.Financial, Fulfilment: o.Fulfilment(), Cancelled: !o.Cancelled.IsZero(), Reason: o.CancelReason,
			StaffNote: o.StaffNote, Updated: o.Updated, Refunded: o.Refunded().Fixed(),
		}
		for _, it := range o.Items {
			state.Lines = append(state.Lines, Line{Variant: it.Variant.ID, Quantity: it.Current, Price: it.Price.Fixed()})
		}
		for _, f := range o.Fulfillments {
			p := ParcelState{ID: f.ID, Status: f.Status, Company: f.Company, Tracking: f.Tracking}
			for _, l := range f.Lines {
				p.Units += l.Remaining
			}
			state.Parcels = append(state.Parcels, p)
		}
		return nil
	})
	return state, err
}
