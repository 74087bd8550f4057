// Package wire is the way to the TikTok Shop Open API: it signs and sends, keeps the pace, refreshes the token and says
// what each of the vendor's errors means.
//
//	Line.Call ─► breaker ─► limiter of the endpoint ─► token (refreshed when due) ─► signed request
//	     ▲                                                                               │
//	     └── data of the answer, or a Failure with its class ◄── envelope judged by its code
//
// Nothing is tried again here but what surely did nothing: a call refused as "too many" or for an expired token, and once
// a read that got no good answer. A write that got no answer is channels.Unsure.
package wire

import (
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/pace"
)

// The vendor's hosts, for an App that names none.
const (
	BaseURL = "https://open-api.tiktokglobalshop.com"
	AuthURL = "https://auth.tiktok-shops.com"
)

// The documented limit was 50 a second of each endpoint and shop; a tenth is left for clocks that cut seconds differently.
var (
	readLimits  = pace.Limits{Start: 8, Floor: 0.5, Ceiling: 45}
	writeLimits = pace.Limits{Start: 3, Floor: 0.2, Ceiling: 45}
)

// NewKeeper makes the keeper of a stored pair. Of o it uses App, Client, Clock, Log and Timeout.
func NewKeeper(o channels.Opening, store channels.Tokens) *channels.Keeper {
	return channels.NewKeeper(store, o.Clock, o.Logger(), newWire(o).renew)
}

// Line carries the calls of one shop. Its methods may be called from many goroutines.
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
	w := newWire(o)
	w.cipher = o.Connection.Cipher
	l := &Line{
		wire: w, tokens: o.Tokens, log: o.Logger().With("connection", o.Connection.ID),
		breaker: pace.NewBreaker(o.Clock, o.Rand), limiters: map[string]*pace.Limiter{},
	}
	l.heard = l.compare
	return l
}

// prompt is how soon an answer comes whose date tells the vendor's time: of a slow one nobody knows when it was dated.
const prompt = time.Second

// compare notes how far the clocks are apart.
func (c *Line) compare(r *http.Response, sent time.Time) {
	now := c.clock()
	if took := now.Sub(sent); took < 0 || took > prompt {
		return
	}
	if ahead, dated := aheadOf(r, now); dated {
		c.ahead.Store(int64(ahead))
	}
}

// Ahead implements channels.Clocked, by the last prompt answer.
func (c *Line) Ahead() time.Duration { return time.Duration(c.ahead.Load()) }

// Client is the way out, and Timeout how long one call may take: for files, which are not the API's.
func (c *Line) Client() (client *http.Client, timeout time.Duration) { return c.client, c.timeout }

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

// limiter finds the limiter of an endpoint, named by the call; their number is the number of calls there are.
func (c *Line) limiter(q Request) *pace.Limiter {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.limiters[q.Name]
	if l == nil {
		limits := readLimits
		if q.Write {
			limits = writeLimits
		}
		l = pace.NewLimiter(c.clock, limits)
		c.limiters[q.Name] = l
	}
	return l
}
