// Package lanes holds what ingest keeps in memory of the inbox: bounded queues, one for each
// connection, items that wait for their time, and what was seen lately. All of it can be found in the
// vault again, so nothing is lost with it, and what does not fit stays there.
package lanes

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/vault"
)

// Job is an inbox item in a lane.
type Job struct {
	Number   int64
	Shop     string   // connection
	Orders   []string // to be read again, each once; empty where Act is set
	Claims   string   // the kind of claims on these orders that are to be read as well; empty = none
	Person   string   // whose data the body may hold
	Attempts int
	Most     int  // orders it may be read with, after a read with more has failed; 0 = any number
	Marked   bool // it was noted about before: a dead letter may be open
	Received time.Time
	Act      Act       // what to do about an item that is about no connected shop's order
	Unknown  [3]string // channel, app and shop, of a shop that is not connected

	back   bool  // it went to the back since the lane was sorted
	turned bool  // it went there before, and was given its turn again
	behind int64 // the item after which it comes since then; 0 = it comes in its own turn
}

// turn is where a job stands in a sorted lane.
func (j *Job) turn() int64 { return max(j.Number, j.behind) }

// Act does something about an item and says what became of it.
type Act func(ctx context.Context, j *Job) (vault.Mark, error)

// size is how many jobs one lane takes.
const size = 2000

// Lane is a bounded queue of jobs, worked on by several rounds at once: never two about one order. Its
// methods may be called from many goroutines.
type Lane struct {
	ready chan struct{}

	mu      sync.Mutex // guards all below
	queue   []*Job
	working []*Job
	busy    map[string]bool // orders that are worked on
	left    int64           // the first item that was left in the vault for want of room; 0 = none
	last    int64           // the last of them
	beyond  int             // how many they are
	took    time.Duration
}

// New makes an empty lane.
func New() *Lane { return &Lane{ready: make(chan struct{}, 1), busy: map[string]bool{}} }

// Ready tells when there is something to take.
func (l *Lane) Ready() <-chan struct{} { return l.ready }

// Put queues a job; it reports false, and remembers, when there is no room.
func (l *Lane) Put(j *Job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left > 0 && l.left < j.Number || len(l.queue) >= size { // never before one that was left
		if l.left == 0 || j.Number < l.left {
			l.left = j.Number
		}
		if j.Number > l.last { // else it is met again
			l.last = j.Number
			l.beyond++
		}
		return false
	}
	l.queue = append(l.queue, j)
	if !has(l.busy, j.Orders) { // else Done tells
		l.tell()
	}
	return true
}

// Hungry tells the first item that was left in the vault, when there is room again; else 0.
func (l *Lane) Hungry() (left int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) <= size/2 {
		return l.left
	}
	return 0
}

// Fill queues jobs that were left in the vault, fewer than half a lane, after Hungry. Next is the first
// item that may still be there; 0 = none.
func (l *Lane) Fill(jobs []*Job, next int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, jobs...)
	l.beyond = max(l.beyond-len(jobs), 0)
	if l.left = next; next == 0 {
		l.beyond = 0
	}
	l.tell()
}

func (l *Lane) tell() {
	select {
	case l.ready <- struct{}{}:
	default: // told already
	}
}

// Take begins work on jobs from the front that name at most most orders together, and no more than any
// of them may be read with, but at least one job. Jobs about an order that is worked on stay. Done ends it.
func (l *Lane) Take(most int) (taken []*Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	held, distinct := map[string]bool{}, map[string]bool{}
	var rest []*Job
	limit := most
	for n, j := range l.queue {
		if has(l.busy, j.Orders) || has(held, j.Orders) {
			add(held, j.Orders) // the next about the same order stays behind it
			rest = append(rest, j)
			continue
		}
		if j.Most > 0 {
			limit = min(limit, j.Most)
		}
		if add(distinct, j.Orders); len(taken) > 0 && (len(distinct) > limit || len(taken) == 4*most) {
			rest = append(rest, l.queue[n:]...)
			break
		}
		taken = append(taken, j)
	}
	for _, j := range taken {
		add(l.busy, j.Orders)
	}
	l.queue, l.working = rest, append(l.working, taken...)
	return taken
}

func has(set map[string]bool, orders []string) bool {
	for _, order := range orders {
		if set[order] {
			return true
		}
	}
	return false
}

func add(set map[string]bool, orders []string) {
	for _, order := range orders {
		set[order] = true
	}
}

// Done ends the work on what was taken; rest goes back to the front, or to the back.
func (l *Lane) Done(now time.Time, taken, rest []*Job, back bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, j := range taken {
		l.took = max(now.Sub(j.Received), 0)
		for _, order := range j.Orders {
			delete(l.busy, order)
		}
	}
	l.working = slices.DeleteFunc(l.working, func(j *Job) bool { return slices.Contains(taken, j) })
	if back {
		last := int64(0)
		for _, j := range l.queue {
			last = max(last, j.turn())
		}
		for _, j := range rest {
			if j.back = true; j.turned {
				j.behind = last
			}
		}
		l.queue = append(l.queue, rest...)
	} else {
		l.queue = append(slices.Clone(rest), l.queue...)
	}
	if len(l.queue) > 0 {
		l.tell()
	}
}

// Remove takes a job out of the queue, if it is there.
func (l *Lane) Remove(j *Job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := slices.Index(l.queue, j)
	if n < 0 {
		return false
	}
	l.queue = slices.Delete(l.queue, n, n+1)
	return true
}

// Sort gives every job its turn again that went to the back while the channel was away, once: what goes there a second time stays behind
// all that was there before it, so that jobs whose reads always fail do not come first again and again.
func (l *Lane) Sort() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, j := range l.queue {
		j.turned, j.back = j.turned || j.back, false
	}
	slices.SortStableFunc(l.queue, func(a, b *Job) int { return cmp.Compare(a.turn(), b.turn()) })
}

// State is how a lane does.
type State struct {
	Backlog int
	Oldest  time.Time     // when the first of the backlog was received; zero = there is none
	Took    time.Duration // how long the last one took from there
}

// State tells how the lane does, what was left in the vault included.
func (l *Lane) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := State{Backlog: len(l.queue) + len(l.working) + l.beyond, Took: l.took}
	for _, j := range append(slices.Clone(l.working), l.queue[:min(len(l.queue), 1)]...) {
		if s.Oldest.IsZero() || j.Received.Before(s.Oldest) {
			s.Oldest = j.Received
		}
	}
	return s
}
