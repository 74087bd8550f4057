package channels

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ErrBusy says that a call was not sent because too many wait for the channel's quota, or the channel asked for a long pause.
var ErrBusy = errors.New("channels: quota is used up")

const (
	maxWaiting = 2000             // callers that wait for one limiter; one more gets ErrBusy
	maxPause   = 10 * time.Second // a longer pause is an ErrBusy at once, so that no caller's own deadline passes here
	maxAfter   = time.Hour        // the most Retry-After is believed
	burst      = 4                // requests at once after a rest
	again      = time.Second      // refusals that follow one that lowered the rate within this time are of the same burst
)

// Limits are requests per second.
type Limits struct {
	Start, Floor, Ceiling float64
}

// Rate is what a limiter has learned, for people to see.
type Rate struct {
	PerSecond float64       // what it allows now
	Waiting   int           // callers in its queue
	Refused   int64         // answers "too many" so far
	Pause     time.Duration // until it sends again; zero when it sends
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
	refusedR float64 // the rate at the last refusal; zero = never refused
	tokens   float64
	seen     time.Time        // when tokens were counted
	paused   time.Time        // when the pause began
	pause    time.Duration    // its length; zero = none
	cut      time.Time        // when the rate was last lowered
	held     int              // good answers that may still raise the rate: calls that had to wait
	queue    [2][]chan signal // urgent, normal; the first of the two is woken to try
	refused  int64
}

type signal struct{}

// NewLimiter makes a limiter that begins at l.Start.
func NewLimiter(clock func() time.Time, l Limits) *Limiter {
	return &Limiter{clock: clock, limits: l, rate: l.Start, tokens: burst, seen: clock()}
}

// Wait blocks until the next request may be sent, ctx ends, or it is ErrBusy. Nothing was sent when it fails.
func (l *Limiter) Wait(ctx context.Context, urgent bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	lane := 1
	if urgent {
		lane = 0
	}
	l.mu.Lock()
	if err := l.tooLong(); err != nil {
		l.mu.Unlock()
		return err
	}
	if len(l.queue[0])+len(l.queue[1]) == 0 && l.take() == 0 {
		l.mu.Unlock()
		return nil
	}
	if len(l.queue[0])+len(l.queue[1]) >= maxWaiting {
		l.mu.Unlock()
		return fmt.Errorf("%w: %d calls wait", ErrBusy, maxWaiting)
	}
	me := make(chan signal, 1)
	l.queue[lane] = append(l.queue[lane], me)
	l.held = min(l.held+1, maxWaiting)
	l.mu.Unlock()
	return l.queued(ctx, lane, me)
}

// queued waits in a lane: whoever is first watches the clock, the others wait to be woken.
func (l *Limiter) queued(ctx context.Context, lane int, me chan signal) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		l.mu.Lock()
		delay, err := time.Hour, l.tooLong()
		if err == nil && l.first() == me {
			delay = l.take()
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

func (l *Limiter) first() chan signal {
	if len(l.queue[0]) > 0 {
		return l.queue[0][0]
	}
	return l.queue[1][0]
}

func (l *Limiter) leave(lane int, me chan signal) {
	i := slices.Index(l.queue[lane], me)
	l.queue[lane] = slices.Delete(l.queue[lane], i, i+1)
	if len(l.queue[0])+len(l.queue[1]) > 0 {
		wake(l.first())
	}
}

func wake(who chan signal) {
	select {
	case who <- signal{}:
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
func (l *Limiter) take() time.Duration {
	now := l.clock()
	if left := l.pauseLeft(now); left > 0 {
		return left
	}
	elapsed := min(max(now.Sub(l.seen), 0), time.Second)
	l.seen = now
	l.tokens = min(l.tokens+elapsed.Seconds()*l.rate, burst)
	if l.tokens >= 1 {
		l.tokens--
		return 0
	}
	return time.Duration((1-l.tokens)/l.rate*float64(time.Second)) + time.Microsecond
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
	if len(l.queue[0])+len(l.queue[1]) > 0 {
		wake(l.first()) // a long pause turns the queue away at once
	}
}

// Rate tells what the limiter has learned.
func (l *Limiter) Rate() Rate {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Rate{PerSecond: l.rate, Waiting: len(l.queue[0]) + len(l.queue[1]), Refused: l.refused, Pause: l.pauseLeft(l.clock())}
}
