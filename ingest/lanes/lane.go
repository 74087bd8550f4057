// Package lanes holds what ingest keeps in memory of the inbox: bounded queues, one for each
// connection, items that wait for their time, and what was seen lately. All of it can be found in the
// vault again, so nothing is lost with it, and what does not fit stays there.
package lanes

import (
	"context"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/vault"
)

// Job is an inbox item in a lane.
type Job struct {
	Number   int64
	Shop     string   // connection
	Orders   []string // to be read again, each once; empty where Act is set
	Person   string   // whose data the body may hold
	Attempts int
	Marked   bool // it was noted about before: a dead letter may be open
	Received time.Time
	Act      Act       // what to do about an item that is about no connected shop's order
	Unknown  [3]string // channel, app and shop, of a shop that is not connected
}

// Act does something about an item and says what became of it.
type Act func(ctx context.Context, j *Job) (vault.Mark, error)

// size is how many jobs one lane takes.
const size = 2000

// Lane is a bounded queue of jobs. Its methods may be called from many goroutines.
type Lane struct {
	ready chan struct{}

	mu      sync.Mutex // guards all below
	queue   []*Job
	working []*Job
	left    int64 // the first item that was left in the vault for want of room; 0 = none
	took    time.Duration
}

// New makes an empty lane.
func New() *Lane { return &Lane{ready: make(chan struct{}, 1)} }

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
		return false
	}
	l.queue = append(l.queue, j)
	l.tell()
	return true
}

func (l *Lane) tell() {
	select {
	case l.ready <- struct{}{}:
	default: // told already
	}
}

// Take begins work on jobs from the front that name at most most orders together, at least one job.
// Done ends it.
func (l *Lane) Take(most int) []*Job {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, distinct := 0, map[string]bool{}
	for n < len(l.queue) && n < 4*most {
		for _, order := range l.queue[n].Orders {
			distinct[order] = true
		}
		if n > 0 && len(distinct) > most {
			break
		}
		n++
	}
	l.working = append([]*Job(nil), l.queue[:n]...)
	l.queue = append([]*Job(nil), l.queue[n:]...)
	return l.working
}

// Done ends the work on what was taken; rest goes back to the front, or to the back.
func (l *Lane) Done(now time.Time, rest []*Job, back bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, j := range l.working {
		l.took = max(now.Sub(j.Received), 0)
	}
	l.working = nil
	if back {
		l.queue = append(l.queue, rest...)
	} else {
		l.queue = append(append([]*Job(nil), rest...), l.queue...)
	}
	if len(l.queue) > 0 {
		l.tell()
	}
}

// Remove takes a job out of the queue, if it is there.
func (l *Lane) Remove(j *Job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n, other := range l.queue {
		if other == j {
			l.queue = append(l.queue[:n:n], l.queue[n+1:]...)
			return true
		}
	}
	return false
}

// Hungry tells once, when there is room again, the first item that was left in the vault; else 0.
func (l *Lane) Hungry() (left int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) <= size/2 {
		left, l.left = l.left, 0
	}
	return left
}

// State is the backlog, and how old its first item is, or how long the last one took.
func (l *Lane) State(now time.Time) (backlog int, lag time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	backlog, lag = len(l.queue)+len(l.working), l.took
	switch {
	case len(l.working) > 0:
		lag = now.Sub(l.working[0].Received)
	case len(l.queue) > 0:
		lag = now.Sub(l.queue[0].Received)
	}
	return backlog, max(lag, 0)
}
