// Package schedule is a queue by due time: timers and deliveries wait in it. It has no clock and no lock.
package schedule

import (
	"cmp"
	"time"
)

// Queue is a binary heap by due time, first in first out among equals. The zero value is empty.
type Queue[T any] struct {
	slots []slot[T]
	seq   int64
}

type slot[T any] struct {
	at   time.Time
	seq  int64
	what T
}

func (s slot[T]) before(t slot[T]) bool {
	return cmp.Or(s.at.Compare(t.at), cmp.Compare(s.seq, t.seq)) < 0
}

// Push queues what for a time.
func (q *Queue[T]) Push(at time.Time, what T) {
	q.seq++
	q.slots = append(q.slots, slot[T]{at, q.seq, what})
	for i := len(q.slots) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q.slots[i].before(q.slots[parent]) {
			break
		}
		q.slots[i], q.slots[parent] = q.slots[parent], q.slots[i]
		i = parent
	}
}

// PopDue takes the first thing that is due by now.
func (q *Queue[T]) PopDue(now time.Time) (what T, due bool) {
	if len(q.slots) == 0 || q.slots[0].at.After(now) {
		return what, false
	}
	what = q.slots[0].what
	last := len(q.slots) - 1
	q.slots[0], q.slots[last] = q.slots[last], slot[T]{} // let go of what it held
	q.slots = q.slots[:last]
	for i := 0; ; {
		first := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if q.slots[child].before(q.slots[first]) {
				first = child
			}
		}
		if first == i {
			return what, true
		}
		q.slots[i], q.slots[first] = q.slots[first], q.slots[i]
		i = first
	}
}

// Next says when the first thing is due; ok is false when there is none.
func (q *Queue[T]) Next() (at time.Time, ok bool) {
	if len(q.slots) == 0 {
		return at, false
	}
	return q.slots[0].at, true
}

// Len is how many things wait.
func (q *Queue[T]) Len() int { return len(q.slots) }
