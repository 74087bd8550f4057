// Package wire is the way to Meta's Graph API: it sends calls with their token and proof, keeps the pace that the usage
// headers allow, keeps the token young and says what each of the vendor's errors means.
//
//	Line.Call ─► breaker ─► limiter of the endpoint ─► token (renewed daily) ─► request
//	     ▲                                                                          │
//	     └── the answer, or a Failure with its class ◄── error judged by its code ◄─┘
//
// Nothing is tried again here but what surely did nothing: a call refused for its token, once, and a read that got no good
// answer, once. A write that got no answer is channels.Unsure.
package wire

import (
	"cmp"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/pace"
)

// The vendor's hosts, for an App that names none, and the version of its API.
const (
	BaseURL = "https://graph.facebook.com"
	AuthURL = "https://graph.instagram.com"
	Version = "v26.0"
)

// The vendor's limits are per hour and grow with the catalogue's use; what is left of them it tells in a header. So calls
// begin at a pace that a few hundred an hour allow after a first burst, and learn.
var (
	readLimits  = pace.Limits{Start: 2, Floor: 0.03, Ceiling: 10}
	writeLimits = pace.Limits{Start: 1, Floor: 0.03, Ceiling: 5}
)

// Line carries the calls of one account. Its methods may be called from many goroutines.
type Line struct {
	wire
	tokens  *channels.Keeper
	log     *slog.Logger
	breaker *pace.Breaker

	answered atomic.Int64 // when a call last got a good answer, Unix nanoseconds
	used     atomic.Int64 // percent of the tightest limit, as told last

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

func newWire(o channels.Opening) wire {
	o.App.BaseURL = strings.TrimSuffix(cmp.Or(o.App.BaseURL, BaseURL), "/")
	o.App.AuthURL = strings.TrimSuffix(cmp.Or(o.App.AuthURL, AuthURL), "/")
	return wire{app: o.App, client: o.Client, clock: o.Clock, timeout: cmp.Or(o.Timeout, 10*time.Second)}
}

// Answered is when a call last got a good answer; zero = not yet.
func (l *Line) Answered() time.Time {
	if at := l.answered.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// Used is how many percent of the tightest of the vendor's limits are used, as told last.
func (l *Line) Used() int { return int(l.used.Load()) }

// State tells the breaker and what the limiters have learned.
func (l *Line) State() channels.State {
	s := channels.State{Rates: map[string]pace.Rate{}}
	s.Breaker, s.Failures = l.breaker.State()
	s.Tally = l.breaker.Tally()
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, limiter := range l.limiters {
		s.Rates[name] = limiter.Rate()
	}
	return s
}

// limiter finds the limiter of a call by its name; their number is the number of calls there are.
func (l *Line) limiter(q Request) *pace.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter := l.limiters[q.Name]
	if limiter == nil {
		limits := readLimits
		if q.Write {
			limits = writeLimits
		}
		limiter = pace.NewLimiter(l.clock, limits)
		l.limiters[q.Name] = limiter
	}
	return limiter
}

// wire is what a request needs besides a token.
type wire struct {
	app     channels.App
	client  *http.Client
	clock   func() time.Time
	timeout time.Duration
	heard   func(r *http.Response) // told of every answer; nil = nobody
}
