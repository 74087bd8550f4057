// Package pace is how fast a vendor is called, and whether at all: a limiter that learns what the vendor takes, and a
// breaker that leaves one alone that is down.
package pace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"slices"
	"sync"
	"time"
)

// ErrBusy says that a call was not sent because too many wait for the channel's quota, or the channel asked for a long pause.
var ErrBusy = errors.New("pace: quota is used up")

const (
	maxWaiting = 2000             // callers that wait for one limiter; one more gets ErrBusy
	maxPause   = 10 * time.Second // a longer pause is an ErrBusy at once, so that no caller's own deadline passes here
	maxAfter   = time.Hour        // the most Retry-After is believed
	firstBurst = 4                // requests at once after a rest where nothing else is said, and the most at once after a start
	idleLeaves = 2.0              // calls that one in the lane Idle leaves to the others
	again      = time.Second      // refusals that follow one that lowered the rate within this time are of the same burst
)

// Limits are requests per second.
type Limits struct {
	Start, Floor, Ceiling float64
	Burst                 float64 // requests at once after a rest; 0 = 4
}

// Rate is what a limiter has learned, for people to see.
type Rate struct {
	PerSecond float64       // what it allows now
	Waiting   int           // callers in its queue
	Refused   int64         // answers "too many" so far
	Pause     time.Duration // until it sends again; zero when it sends
	Left      float64       // share of what may be sent at once that is left, from 0 to 1
}

// Limiter spaces the calls of one connection to one endpoint and learns how many the vendor takes: the rate grows by half
// a request a second with every good answer until the first refusal, afterwards quickly only up to 0.8 of the rate that
// was refused and then slowly past it; a refusal cuts it to 0.7 and a Retry-After stops it. It grows only while callers
// wait, because an unused rate proves nothing. A zero closes a sale, so urgent callers go first.
type Limiter struct {
	clock    func() time.Time
	limits   Limits
	mu       sync.Mutex // guards all below
	rate     float64
	told     float64 // the vendor's own word; zero = it said none
	refusedR float64 // the rate at the last refusal; zero = never refused
	tokens   float64
	seen     time.Time           // when tokens were counted
	paused   time.Time           // when the pause began
	pause    time.Duration       // its length; zero = none
	cut      time.Time           // when the rate was last lowered
	held     int                 // good answers that may still raise the rate: calls that had to wait
	queue    Queues[chan signal] // the first of them is woken to try
	refused  int64
}

type signal struct{}

// NewLimiter makes a limiter that begins at l.Start.
func NewLimiter(clock func() time.Time, l Limits) *Limiter {
	l.Burst = cmp.Or(l.Burst, firstBurst)
	// What was used before a restart is not known, so a long burst is not begun with.
	return &Limiter{clock: clock, limits: l, rate: l.Start, tokens: min(l.Burst, firstBurst), seen: clock()}
}

// Learn takes the vendor's own word for how many requests a second it takes. It is taken again only when it changes, so that
// a refusal, which is the better witness, is not talked away by the next answer.
func (l *Limiter) Learn(perSecond float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if perSecond <= 0 || perSecond == l.told {
		return
	}
	l.told, l.rate = perSecond, perSecond
	l.limits.Floor, l.limits.Ceiling = min(l.limits.Start, perSecond), perSecond
	l.wake()
}

// Wait blocks until the next request may be sent, ctx ends, or it is ErrBusy. Nothing was sent when it fails.
func (l *Limiter) Wait(ctx context.Context, urgent bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	lane := LaneOf(ctx, urgent)
	l.mu.Lock()
	if err := l.tooLong(); err != nil {
		l.mu.Unlock()
		return err
	}
	if l.queue.Ahead(lane) == 0 && l.take(lane) == 0 {
		l.mu.Unlock()
		return nil
	}
	if l.queue.Len() >= maxWaiting {
		l.mu.Unlock()
		return fmt.Errorf("%w: %d calls wait", ErrBusy, maxWaiting)
	}
	me := make(chan signal, 1)
	l.queue[lane] = append(l.queue[lane], me)
	if lane != Idle { // whoever can wait is no reason to ask for more
		l.held = min(l.held+1, maxWaiting)
	}
	l.mu.Unlock()
	return l.queued(ctx, lane, me)
}

// queued waits in a lane: whoever is first watches the clock, the others wait to be woken.
func (l *Limiter) queued(ctx context.Context, lane Lane, me chan signal) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		l.mu.Lock()
		delay, err := time.Hour, l.tooLong()
		if first, _ := l.queue.First(); err == nil && first == me {
			delay = l.take(lane)
		}
		if err != nil || delay == 0 {
			l.leave(lane, me)
			l.mu.Unlock()
			return err
		}
		l.mu.Unlock()
		timer.Reset(delay)
		select {
		case <-me:
		case <-timer.C:
		case <-ctx.Done():
			l.mu.Lock()
			l.leave(lane, me)
			l.mu.Unlock()
			return context.Cause(ctx)
		}
	}
}

func (l *Limiter) leave(lane Lane, me chan signal) {
	i := slices.Index(l.queue[lane], me)
	l.queue[lane] = slices.Delete(l.queue[lane], i, i+1)
	l.wake()
}

// wake lets the first in line try. The caller holds the lock.
func (l *Limiter) wake() {
	first, waits := l.queue.First()
	if !waits {
		return
	}
	select {
	case first <- signal{}:
	default: // already woken
	}
}

func (l *Limiter) tooLong() error {
	if pause := l.pauseLeft(l.clock()); pause > maxPause {
		return fmt.Errorf("%w: the channel asked for a pause of %s", ErrBusy, pause.Round(time.Second))
	}
	return nil
}

// take spends a token and returns zero, or says how long to wait. A clock that steps either way costs no more than a pause.
func (l *Limiter) take(lane Lane) time.Duration {
	now := l.clock()
	if left := l.pauseLeft(now); left > 0 {
		return left
	}
	l.fill(now)
	need := 1.0
	if lane == Idle {
		need = max(min(1+idleLeaves, l.limits.Burst), 1)
	}
	if l.tokens >= need {
		l.tokens--
		return 0
	}
	return time.Duration((need-l.tokens)/l.rate*float64(time.Second)) + time.Microsecond
}

// fill adds what time has brought.
func (l *Limiter) fill(now time.Time) {
	elapsed := min(max(now.Sub(l.seen).Seconds(), 0), max(1, l.limits.Burst/l.rate))
	l.seen = now
	l.tokens = min(l.tokens+elapsed*l.rate, l.limits.Burst)
}

// left is the share of what may be sent at once that is left.
func (l *Limiter) left() float64 {
	now := l.clock()
	if l.pauseLeft(now) > 0 {
		return 0
	}
	l.fill(now)
	return max(l.tokens, 0) / l.limits.Burst
}

func (l *Limiter) pauseLeft(now time.Time) time.Duration {
	if l.pause == 0 {
		return 0
	}
	past := now.Sub(l.paused)
	if past < 0 { // the clock was set back: begin again rather than wait for that hour to return
		l.paused, past = now, 0
	}
	if past < l.pause {
		return l.pause - past
	}
	l.pause, l.seen = 0, now // nothing was saved up meanwhile
	return 0
}

// Counting is a context for the one request that Wait has let through. Package net/http sends some again by itself, when the vendor
// broke off without an answer; the vendor counts each, so those are owed here.
func (l *Limiter) Counting(ctx context.Context) context.Context {
	sent := false
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		if sent {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.tokens--
		}
		sent = true
	}})
}

// Good tells that the vendor took a request.
func (l *Limiter) Good() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == 0 {
		return
	}
	l.held--
	step := 0.5
	if l.refusedR > 0 && l.rate > 0.8*l.refusedR {
		step = 0.02 * l.refusedR / l.rate // from 0.8 of it to all of it in about ten seconds
	}
	l.rate = min(l.rate+step, l.limits.Ceiling)
}

// Refused tells that the vendor answered "too many"; after is its Retry-After, zero when it gave none.
func (l *Limiter) Refused(after time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	l.refused++
	l.held, l.tokens = 0, 0
	if after = min(after, maxAfter); after > l.pauseLeft(now) {
		l.paused, l.pause = now, after
	}
	if since := now.Sub(l.cut); since >= 0 && since < again && l.refused > 1 {
		return
	}
	l.cut, l.refusedR = now, l.rate
	l.rate = max(l.rate*0.7, l.limits.Floor)
	l.wake() // a long pause turns the queue away at once
}

// Rate tells what the limiter has learned.
func (l *Limiter) Rate() Rate {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Rate{PerSecond: l.rate, Waiting: l.queue.Len(), Refused: l.refused, Pause: l.pauseLeft(l.clock()), Left: l.left()}
}
