package wire

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels/pace"
)

const (
	maxWaiting = 2000             // callers that wait for points; one more gets pace.ErrBusy
	maxPause   = 10 * time.Second // a longer pause is a pace.ErrBusy at once, so that no caller's own deadline passes here
	maxAfter   = time.Hour        // the most Retry-After is believed

	callLimit  = 1000.0 // points of one document, on every plan
	firstMost  = 1000.0 // of a shop's bucket, until it has told: the least that was ever documented
	firstRate  = 50.0   // points a second, likewise
	leastRate  = 10.0   // less is not believed: calls would wait for hours, and no answer could mend it
	firstCost  = 10.0   // of a call that was never made
	blindPause = time.Second
	leastEach  = 0.5
)

// leaves are the shares of the bucket that a call leaves to those of the lanes before its own.
var leaves = [...]float64{pace.Urgent: 0, pace.Normal: 0.1, pace.Idle: 0.4}

type signal struct{}

// ticket is what a call took, and its place among all calls.
type ticket struct {
	points float64
	number int64
}

// cost is what the vendor says of a call's points.
type cost struct {
	Requested float64  `json:"requestedQueryCost"`
	Actual    *float64 `json:"actualQueryCost"`
	Throttle  *struct {
		Most    float64 `json:"maximumAvailable"`
		Now     float64 `json:"currentlyAvailable"`
		Restore float64 `json:"restoreRate"`
	} `json:"throttleStatus"`
}

// budget spends a shop's points as the vendor counts them: a bucket that fills with time, from which each call takes what it
// may cost before it runs. Size, rate and content are the vendor's own figures, told with every answer; between answers they
// are reckoned on, calls under way included. Whoever finds too little waits in line; calls that close a sale go first.
type budget struct {
	clock   func() time.Time
	mu      sync.Mutex // guards all below
	most    float64
	rate    float64
	points  float64
	counted time.Time          // when points were
	costs   map[string]float64 // by call, what was reckoned for the last one
	each    map[string]float64 // by call, what one thing in it costs
	scouts  map[string]signal  // calls under way whose cost nobody has told yet: the others of the kind wait for the first one's answer
	flying  float64            // points of calls under way
	last    int64              // number of the newest ticket
	heard   int64              // number of the newest whose answer told what is left: answers overtake each other
	pause   time.Duration      // the vendor asked for; zero = none
	paused  time.Time
	queue   pace.Queues[chan signal] // the first of them is woken to try
	refused int64
}

func newBudget(clock func() time.Time) *budget {
	return &budget{
		clock: clock, most: firstMost, rate: firstRate, points: firstMost, counted: clock(),
		costs: map[string]float64{}, each: map[string]float64{}, scouts: map[string]signal{},
	}
}

// wait blocks until there are points for a call, ctx ends, or it is pace.ErrBusy, and takes them. Nothing was sent when it fails.
func (b *budget) wait(ctx context.Context, call string, things int, urgent bool) (taken ticket, err error) {
	if err := ctx.Err(); err != nil {
		return ticket{}, err
	}
	lane := pace.LaneOf(ctx, urgent)
	b.mu.Lock()
	if err := b.tooLong(); err != nil {
		b.mu.Unlock()
		return ticket{}, err
	}
	if b.queue.Ahead(lane) == 0 {
		if taken, delay := b.take(call, things, lane); delay == 0 {
			b.mu.Unlock()
			return taken, nil
		}
	}
	if b.queue.Len() >= maxWaiting {
		b.mu.Unlock()
		return ticket{}, fmt.Errorf("%w: %d calls wait", pace.ErrBusy, maxWaiting)
	}
	me := make(chan signal, 1)
	b.queue[lane] = append(b.queue[lane], me)
	b.mu.Unlock()
	return b.queued(ctx, call, things, lane, me)
}

// queued waits in a lane: whoever is first watches the clock, the others wait to be woken.
func (b *budget) queued(ctx context.Context, call string, things int, lane pace.Lane, me chan signal) (taken ticket, err error) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		b.mu.Lock()
		delay, err := time.Hour, b.tooLong()
		if first, _ := b.queue.First(); err == nil && first == me {
			taken, delay = b.take(call, things, lane)
		}
		if err != nil || delay == 0 {
			b.leave(lane, me)
			b.mu.Unlock()
			return taken, err
		}
		b.mu.Unlock()
		timer.Reset(delay)
		select {
		case <-me:
		case <-timer.C:
		case <-ctx.Done():
			b.mu.Lock()
			b.leave(lane, me)
			b.mu.Unlock()
			return ticket{}, context.Cause(ctx)
		}
	}
}

func (b *budget) leave(lane pace.Lane, me chan signal) {
	i := slices.Index(b.queue[lane], me)
	b.queue[lane] = slices.Delete(b.queue[lane], i, i+1)
	b.wake()
}

// wake lets the first in line try.
func (b *budget) wake() {
	first, waits := b.queue.First()
	if !waits {
		return
	}
	select {
	case first <- signal{}:
	default: // already woken
	}
}

func (b *budget) tooLong() error {
	if left := b.pauseLeft(); left > maxPause {
		return fmt.Errorf("%w: the channel asked for a pause of %s", pace.ErrBusy, left.Round(time.Second))
	}
	return nil
}

func (b *budget) pauseLeft() time.Duration {
	if b.pause == 0 {
		return 0
	}
	past := b.clock().Sub(b.paused)
	if past < 0 { // the clock was set back: begin again rather than wait for that hour to return
		b.paused, past = b.clock(), 0
	}
	if past < b.pause {
		return b.pause - past
	}
	b.pause = 0
	return 0
}

// take spends a call's points and returns no delay, or says how long to wait.
func (b *budget) take(call string, things int, lane pace.Lane) (taken ticket, delay time.Duration) {
	if left := b.pauseLeft(); left > 0 {
		return ticket{}, left
	}
	b.fill()
	points, known := b.costs[call]
	if !known {
		if _, scouted := b.scouts[call]; scouted {
			return ticket{}, blindPause // or sooner: the answer wakes
		}
		points = firstCost
	}
	if each, ok := b.each[call]; ok && things > 0 {
		points = each * float64(things)
	}
	points = min(points, b.most) // which may be told wrong: no more than that ever comes
	need := points + leaves[lane]*b.most
	if lane != pace.Urgent {
		need = min(need, max(b.most-1, points))
	}
	if b.points < need {
		return ticket{}, time.Duration((need-b.points)/b.rate*float64(time.Second)) + time.Microsecond
	}
	if !known {
		b.scouts[call] = signal{}
	}
	b.points -= points
	b.flying += points
	b.last++
	return ticket{points, b.last}, 0
}

// fill adds what time has restored; a clock that steps costs no more than a second's worth.
func (b *budget) fill() {
	now := b.clock()
	elapsed := min(max(now.Sub(b.counted), 0), time.Minute)
	b.counted = now
	b.points = min(b.points+elapsed.Seconds()*b.rate, b.most)
}

// done ends a call that took points, with what the vendor said of them; nil = nothing.
func (b *budget) done(call string, things int, taken ticket, said *cost) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.back(call, things, taken, said)
	b.wake()
}

// back takes a call off those under way, and learns from its answer.
func (b *budget) back(call string, things int, taken ticket, said *cost) {
	delete(b.scouts, call)
	b.flying = max(b.flying-taken.points, 0)
	if said == nil {
		return
	}
	if said.Requested > 0 {
		b.costs[call] = said.Requested
		if things > 0 {
			b.each[call] = max(said.Requested/float64(things), leastEach)
		}
	}
	if t := said.Throttle; t != nil && t.Most > 0 && t.Restore > 0 && taken.number >= b.heard {
		b.heard = taken.number
		b.most, b.rate = t.Most, max(t.Restore, leastRate)
		b.points, b.counted = min(max(t.Now, 0)-b.flying, t.Most), b.clock() // those under way may have been taken already: the safe side
	}
}

// turned ends a call that was refused as THROTTLED; after is the vendor's
// Retry-After, zero when it gave none.
func (b *budget) turned(call string, things int, taken ticket, said *cost, after time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused++
	b.back(call, things, taken, said)
	switch told := said != nil && said.Throttle != nil; {
	case told: // the points say exactly when there are enough, whatever whole seconds the header names
		after = 0
	case after == 0: // nobody knows how much is left
		b.points, after = 0, blindPause
	}
	if after = min(after, maxAfter); after > b.pauseLeft() {
		b.pause, b.paused = after, b.clock()
	}
	b.wake()
}

// rates tells how many calls of each kind a second the points allow.
func (b *budget) rates() map[string]pace.Rate {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]pace.Rate{}
	b.fill()
	left := min(max(b.points/b.most, 0), 1)
	for call, cost := range b.costs {
		out[call] = pace.Rate{PerSecond: b.rate / max(cost, 1), Waiting: b.queue.Len(), Refused: b.refused, Pause: b.pauseLeft(), Left: left}
	}
	return out
}

// pauseNow is how long nothing is sent.
func (b *budget) pauseNow() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pauseLeft()
}

// dearer makes calls smaller after one for so many things was refused for its cost.
func (b *budget) dearer(call string, things int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.each[call] = 2 * callLimit / float64(things)
}

func (b *budget) share(call string, guess float64, most int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	each := guess
	if known, ok := b.each[call]; ok {
		each = known
	}
	return min(max(int(min(callLimit, b.most/2)/each), 1), most)
}
