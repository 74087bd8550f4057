// Package wire is the way to Amazon's Selling Partner API: it keeps the pace, refreshes the token and says what each of the
// vendor's errors means. It is also the way to the queue that notifications go to, whose calls are signed.
//
//	Line.Call ─► breaker ─► limiter of the call ─► token (refreshed when due) ─► request
//	     ▲                                                                         │
//	     └── body of the answer, or a Failure with its class ◄── status and error list
//
// Nothing is tried again here but what surely did nothing: a call refused as "too many" or for an expired token, and once a
// read that got no good answer. A write that got no answer is channels.Unsure.
package wire

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/pace"
)

// AuthURL is Login with Amazon, for an App that names none.
const AuthURL = "https://api.amazon.com"

// NewKeeper makes the keeper of a stored token. Of o it uses App, Client, Clock, Log and Timeout.
func NewKeeper(o channels.Opening, store channels.Tokens) *channels.Keeper {
	return channels.NewKeeper(store, o.Clock, o.Logger(), newWire(o).renew)
}

// Line carries the calls of one seller in one marketplace. Its methods may be called from many goroutines.
type Line struct {
	wire
	tokens  *channels.Keeper
	log     *slog.Logger
	breaker *pace.Breaker

	ahead atomic.Int64 // nanoseconds

	mu       sync.Mutex // guards limiters
	limiters map[string]*pace.Limiter
}

// New makes a line; it calls nobody.
func New(o channels.Opening) *Line {
	return &Line{
		wire: newWire(o), tokens: o.Tokens, log: o.Logger().With("connection", o.Connection.ID),
		breaker: pace.NewBreaker(o.Clock, o.Rand), limiters: map[string]*pace.Limiter{},
	}
}

// Ahead implements channels.Clocked, by the last prompt answer.
func (c *Line) Ahead() time.Duration { return time.Duration(c.ahead.Load()) }

// State tells the breaker and what the limiters have learned.
func (c *Line) State() channels.State {
	s := channels.State{Rates: map[string]pace.Rate{}}
	s.Breaker, s.Failures = c.breaker.State()
	s.Tally = c.breaker.Tally()
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, l := range c.limiters {
		s.Rates[name] = l.Rate()
	}
	return s
}

// Quota is what the vendor's operation table says of a call: so many a second, and so many at once after a rest.
type Quota struct{ PerSecond, Burst float64 }

// margin is the part of the vendor's rate that is used: of two calls at the full rate, one that is quicker on its way than the one
// before it comes too early.
const margin = 0.98

// spare is a call that is kept of what may be made at once, for one that is sent again past the limiter.
const spare = 1

// limiter finds the limiter of a call by its name; their number is the number of calls there are.
func (c *Line) limiter(q Request) *pace.Limiter {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.limiters[q.Name]
	if l == nil {
		rate := margin * q.Quota.PerSecond
		l = pace.NewLimiter(c.clock, pace.Limits{Start: rate, Floor: rate, Ceiling: rate, Burst: max(1, q.Quota.Burst-spare)})
		c.limiters[q.Name] = l
	}
	return l
}
