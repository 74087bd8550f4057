// Package wire is the way to Shopify's Admin GraphQL API: it sends documents, keeps within the shop's points, refreshes the
// token and says what each of the vendor's errors means.
//
//	Line.Call ─► breaker ─► budget of points ─► token (refreshed when due) ─► POST graphql.json
//	     ▲                                                                          │
//	     └── data of the answer, or a Failure with its class ◄── errors judged by code, cost learned
//
// Nothing is tried again here but what surely did nothing: a call refused as THROTTLED or for an expired token, and once a
// read that got no good answer. A write that got no answer is channels.Unsure.
package wire

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/pace"
)

// Version of the API; each is supported for a year, and a new one comes every quarter.
const Version = "2026-07"

// domain is what a shop's host must look like before anything is sent to it: a name of anybody's choice would let an app
// secret or a token go there.
var domain = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-_]*\.myshopify\.com$`)

// IsDomain says whether a text is a shop's own host name.
func IsDomain(shop string) bool { return len(shop) <= 255 && domain.MatchString(shop) }

// wire is what a request needs besides a token.
type wire struct {
	app     channels.App
	shop    string // its domain
	client  *http.Client
	clock   func() time.Time
	timeout time.Duration
	heard   func(r *http.Response, sent time.Time) // told of every answer and when it was asked for; nil = nobody
}

func newWire(o channels.Opening) wire {
	o.App.BaseURL = strings.TrimSuffix(o.App.BaseURL, "/")
	return wire{app: o.App, shop: strings.ToLower(o.Connection.ShopID), client: o.Client, clock: o.Clock, timeout: cmp.Or(o.Timeout, 10*time.Second)}
}

// base is where a shop is asked: at its own host, or at the address that the operator named for the app, which is then told
// the shop's name as the Host.
func (w wire) base() string { return cmp.Or(w.app.BaseURL, "https://"+w.shop) }

// Line carries the calls of one shop. Its methods may be called from many goroutines.
type Line struct {
	wire
	tokens  *channels.Keeper
	log     *slog.Logger
	breaker *pace.Breaker
	budget  *budget
	ahead   atomic.Int64 // nanoseconds
}

// New makes a line; it calls nobody.
func New(o channels.Opening) *Line {
	l := &Line{
		wire: newWire(o), tokens: o.Tokens, log: o.Logger().With("connection", o.Connection.ID),
		breaker: pace.NewBreaker(o.Clock, o.Rand), budget: newBudget(o.Clock),
	}
	l.heard = l.compare
	return l
}

// Shop is the domain of the line's shop.
func (c *Line) Shop() string { return c.shop }

// Now is the line's clock.
func (c *Line) Now() time.Time { return c.clock() }

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

// State implements channels.Paced: the breaker, and how many calls of each kind the shop's points allow.
func (c *Line) State() channels.State {
	s := channels.State{Rates: c.budget.rates()}
	s.Breaker, s.Failures = c.breaker.State()
	s.Tally = c.breaker.Tally()
	return s
}

// Share is how many things of a kind one call may ask for, so that its cost stays within one call's limit and half of the
// shop's points; each is what one has cost so far, guess while nobody knows, most the vendor's own limit.
func (c *Line) Share(call string, guess float64, most int) int {
	return c.budget.share(call, guess, most)
}

// TooDear says that a call for so many things was refused for its cost: fewer are asked for from now on. False when one
// alone is too dear.
func (c *Line) TooDear(err error, call string, things int) bool {
	var f *channels.Failure
	if !errors.As(err, &f) || f.Code != "MAX_COST_EXCEEDED" || things <= 1 {
		return false
	}
	c.budget.dearer(call, things)
	return true
}
