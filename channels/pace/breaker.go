package pace

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	trips    = 8 // failures in a row that open a breaker
	minBreak = time.Second
	maxBreak = time.Minute
)

// Outcome is what a call says about the vendor's health.
type Outcome int

// What a call says about the vendor's health.
const (
	Nothing   Outcome = iota // never sent, or given up by the caller
	Healthy                  // the vendor answered, if only with a "no"
	Unhealthy                // no answer, nonsense, or a fault of its own
)

// Breaker stops calling a vendor that is down: after eight failures in a row it opens for a second, twice as long after each
// failed trial, at most a minute; then one call at a time is let through as a trial. One per connection.
type Breaker struct {
	clock  func() time.Time
	mu     sync.Mutex    // guards all below
	rand   *rand.Rand    // spreads the trials of many connections; nil = no spread
	failed int           // in a row
	length time.Duration // of the present break; zero = closed
	opened time.Time
	wait   time.Duration // length, shortened by chance
	trial  bool          // one is under way
	hour   hour
}

// NewBreaker makes a closed breaker. Nobody else may draw from r, which spreads the trials of many connections; nil = no spread.
func NewBreaker(clock func() time.Time, r *rand.Rand) *Breaker {
	return &Breaker{clock: clock, rand: r}
}

// Allow reports whether a call may be made now, else how long to wait. Each allowed call must be followed by one Report. A call in
// the lane Idle is never the trial: it may wait long for quota, and nobody else would be let through meanwhile.
func (b *Breaker) Allow(ctx context.Context) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.length == 0 {
		return 0, true
	}
	past := b.clock().Sub(b.opened)
	switch {
	case past >= 0 && past < b.wait:
		return b.wait - past, false
	case b.trial || LaneOf(ctx, false) == Idle:
		return minBreak, false
	}
	b.trial = true
	return 0, true
}

// Report tells how an allowed call ended.
func (b *Breaker) Report(o Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o != Nothing {
		b.hour.add(b.clock(), o)
	}
	switch o {
	case Healthy:
		b.failed, b.length, b.trial = 0, 0, false
	case Nothing:
		b.trial = false
	case Unhealthy:
		b.failed++
		switch {
		case b.length == 0 && b.failed < trips:
			return
		case b.length > 0 && !b.trial: // a straggler sent before the break
			return
		}
		b.length = min(max(2*b.length, minBreak), maxBreak)
		b.wait = b.length
		if b.rand != nil {
			b.wait = b.length/2 + time.Duration(b.rand.Float64()*float64(b.length/2))
		}
		b.opened, b.trial = b.clock(), false
	}
}

// State is "closed" (calls go out), "open" (none do) or "half-open" (one at a time, as a trial), and failures in a row.
func (b *Breaker) State() (state string, failures int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	past := b.clock().Sub(b.opened)
	switch {
	case b.length == 0:
		return "closed", b.failed
	case past >= 0 && past < b.wait:
		return "open", b.failed
	}
	return "half-open", b.failed
}

// Tally is how the calls of the last hour ended.
func (b *Breaker) Tally() Tally {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.hour.sum(b.clock())
}
