// Package tiktok speaks the TikTok Shop Open API for one shop.
//
//	Connector method ─► breaker ─► limiter of the endpoint ─► token (refreshed when due) ─► signed request
//	      ▲                                                                                       │
//	      └── channels.Order, Quantity … or a Failure with its class ◄── envelope judged by its code
//
// The vendor's words end here: ids become strings whatever they were, decimal strings become money, statuses the hub's own.
// A record that cannot be read becomes a channels.Invalid beside its neighbours. Nothing is retried here but what surely
// did nothing: a call refused as "too many" or for an expired token. A write that got no answer is channels.Unsure.
package tiktok

import (
	"cmp"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// MaxQuantity is the most that can be listed of one SKU.
const MaxQuantity = 99_999

// The vendor's hosts, for an App that names none.
const (
	BaseURL = "https://open-api.tiktokglobalshop.com"
	AuthURL = "https://auth.tiktok-shops.com"
)

// The documented limit was 50 a second of each endpoint and shop; a tenth is left for clocks that cut seconds differently.
var (
	readLimits  = channels.Limits{Start: 8, Floor: 0.5, Ceiling: 45}
	writeLimits = channels.Limits{Start: 3, Floor: 0.2, Ceiling: 45}
)

// Options is what a connector needs; Client, Clock and Tokens are required (channels.NewClient makes a Client, NewKeeper
// makes Tokens).
type Options struct {
	App        channels.App
	Connection channels.Connection
	Tokens     *channels.Keeper // one for all connections that share the pair
	Client     *http.Client
	Clock      func() time.Time
	Rand       *rand.Rand    // spreads the breaker's trials; nil = no spread
	Log        *slog.Logger  // nil = silent
	Timeout    time.Duration // of one call; default 10 s, a file 30 s
}

// Connector speaks to one shop. Its methods may be called from many goroutines.
type Connector struct {
	wire
	tokens  *channels.Keeper
	shop    channels.Connection
	log     *slog.Logger
	breaker *channels.Breaker

	mu         sync.Mutex // guards the maps
	limiters   map[string]*channels.Limiter
	warehouses map[string][]string // by listing, sorted

	refusesZero atomic.Bool
}

var _ channels.Connector = (*Connector)(nil)

// NewKeeper makes the keeper of a stored pair. Of o it uses App, Client, Clock, Log and Timeout.
func NewKeeper(o Options, store channels.Tokens) *channels.Keeper {
	return channels.NewKeeper(store, o.Clock, o.log(), newWire(o).renew)
}

func (o Options) log() *slog.Logger {
	return cmp.Or(o.Log, slog.New(slog.DiscardHandler))
}

// New makes a connector; it calls nobody.
func New(o Options) *Connector {
	w := newWire(o)
	w.cipher = o.Connection.Cipher
	return &Connector{
		wire:       w,
		tokens:     o.Tokens,
		shop:       o.Connection,
		log:        o.log().With("connection", o.Connection.ID),
		breaker:    channels.NewBreaker(o.Clock, chance(o.Rand)),
		limiters:   map[string]*channels.Limiter{},
		warehouses: map[string][]string{},
	}
}

// chance draws from r under a lock, because calls fail at the same time.
func chance(r *rand.Rand) func() float64 {
	if r == nil {
		return func() float64 { return 1 }
	}
	var mu sync.Mutex
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return r.Float64()
	}
}

// Capabilities implements channels.Connector. Whether the vendor takes a quantity of 0 is not documented: it counts as
// taken until a 0 has been refused. Units of cancelled orders count as put back, the safe side for exposure.
func (c *Connector) Capabilities() channels.Capabilities {
	return channels.Capabilities{
		TakesOrders: true, CollectsMoney: true, Labels: true, Write: channels.WriteAbsolute,
		AcceptsZero: !c.refusesZero.Load(), RestocksCancels: true, MaxQuantity: MaxQuantity,
	}
}

// State is how the connection does, for people to see.
type State struct {
	Breaker  string                   // "closed", "open" or "half-open"
	Failures int                      // in a row
	Rates    map[string]channels.Rate // by endpoint called so far
}

// State tells the breaker and what the limiters have learned.
func (c *Connector) State() State {
	s := State{Rates: map[string]channels.Rate{}}
	s.Breaker, s.Failures = c.breaker.State()
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, l := range c.limiters {
		s.Rates[name] = l.Rate()
	}
	return s
}

// limiter finds the limiter of an endpoint, named by the call; their number is the number of methods here.
func (c *Connector) limiter(q request) *channels.Limiter {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.limiters[q.name]
	if l == nil {
		limits := readLimits
		if q.write {
			limits = writeLimits
		}
		l = channels.NewLimiter(c.clock, limits)
		c.limiters[q.name] = l
	}
	return l
}
