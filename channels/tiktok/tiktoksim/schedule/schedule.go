// Package schedule is a queue by due time.
package schedule

import (
	"cmp"
	"container/heap"
	"time"
)

// Queue is a queue by due time, first in first out among equals. The zero value is empty.
type Queue[T any] struct {
	heap timed[T]
	seq  int64
}

// Push queues what for a time.
func (q *Queue[T]) Push(at time.Time, what T) {
	q.seq++
	heap.Push(&q.heap, slot[T]{at, q.seq, what})
}

// PopDue takes the first thing that is due by now.
func (q *Queue[T]) PopDue(now time.Time) (what T, due bool) {
	if len(q.heap) == 0 || q.heap[0].at.After(now) {
		return what, false
	}
	return heap.Pop(&q.heap).(slot[T]).what, true
}

// Next says when the first thing is due; ok is false when there is none.
func (q *Queue[T]) Next() (at time.Time, ok bool) {
	if len(q.heap) == 0 {
		return at, false
	}
	return q.heap[0].at, true
}

// Len is how many things wait.
func (q *Queue[T]) Len() int { return len(q.heap) }

type slot[T any] struct {
	at   time.Time
	seq  int64
	what T
}

type timed[T any] []slot[T]

func (q timed[T]) Len() int { return len(q) }
func (q timed[T]) Less(i, j int) bool {
	return cmp.Or(q[i].at.Compare(q[j].at), cmp.Compare(q[i].seq, q[j].seq)) < 0
}
func (q timed[T]) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *timed[T]) Push(x any)   { *q = append(*q, x.(slot[T])) }
func (q *timed[T]) Pop() any {
	last := (*q)[len(*q)-1]
	(*q)[len(*q)-1] = slot[T]{} // let go of what it held
	*q = (*q)[:len(*q)-1]
	return last
}
