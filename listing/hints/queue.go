// Package hints keeps what notifications tell of quantities at shops until the listings that they are about are known or were looked at.
//
//	notification ─► Queue ─► Book ─► Due: the listings to read now
//
// A hint is never believed, only looked into: what it says decides whether a look is worth a call, and nothing else. Most tell nothing
// new: of a sale whose order came by itself, or of a write of our own. One that is lost, or left out here, costs no more than the time
// until all listings of its shop are read anyway.
package hints

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

const (
	most  = 10_000 // hints are kept, by listing; what more are about is looked at in its turn
	alike = 16     // quantities of one listing are kept that are of one moment
)

// What became of hints.
const (
	Known   = "known"   // it says what is known, or what we wrote ourselves
	Looked  = "looked"  // its listing was read
	Merged  = "merged"  // a newer one about the same listing came before anything was done about it
	Unknown = "unknown" // about no listing that the hub keeps
	Left    = "left"    // to the look that comes in its turn: too many came, or too much was under way for too long
)

// about is what news are about: a connection, and all of the news but the quantity.
type about struct {
	connection string
	news       channels.News
}

// told is what was told last.
type told struct {
	about
	quantities []int     // of that one moment
	at         time.Time // by the shop's clock
}

// Queue takes hints in. Its methods may be called from many goroutines.
type Queue struct {
	poke func()

	mu     sync.Mutex // guards all below
	told   map[about]told
	counts map[string]int
}

// New makes a Queue that calls poke when something was put in, which must not block.
func New(poke func()) *Queue {
	return &Queue{poke: poke, told: map[about]told{}, counts: map[string]int{Known: 0, Looked: 0, Merged: 0, Unknown: 0, Left: 0}}
}

// Add puts in what a notification told, and when it was so.
func (q *Queue) Add(connection string, n channels.News, at time.Time) {
	quantities := []int{int(n.Quantity)}
	n.Quantity = 0
	key := about{connection, n}
	q.mu.Lock()
	defer q.mu.Unlock()
	was, there := q.told[key]
	if there {
		q.counts[Merged]++
	}
	switch {
	case there && was.at.After(at): // overtaken on the way
		return
	case there && was.at.Equal(at):
		quantities = join(was.quantities, quantities)
	case !there && len(q.told) >= most:
		q.counts[Left]++
		return
	}
	q.told[key] = told{key, quantities, at}
	q.poke()
}

// join puts quantities of one moment together, the last ones of very many.
func join(before, then []int) []int {
	all := slices.Concat(before, then)
	return all[max(0, len(all)-alike):]
}

// clear leaves what is there to a look at everything, which is about to come.
func (q *Queue) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.counts[Left] += len(q.told)
	clear(q.told)
}

// take takes out what was told of connections that are ready; the rest would stay for ever where one never is.
func (q *Queue) take(ready func(connection string) bool) (taken []told) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for key, t := range q.told {
		if ready(t.connection) {
			taken = append(taken, t)
		} else {
			q.counts[Left]++
		}
		delete(q.told, key)
	}
	return taken
}

// note counts what became of a hint.
func (q *Queue) note(what string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.counts[what]++
}

// Counts tells how many came to what, since the start.
func (q *Queue) Counts() map[string]int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.counts)
}
