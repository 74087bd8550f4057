package lanes

import (
	"container/heap"
	"time"
)

// Waiting are items that wait for their time, the next one first. Its zero value is empty.
type Waiting struct{ items dueItems }

// Due is one of them.
type Due struct {
	At     time.Time
	Number int64
	Shop   string // whose backlog it is in
}

// maxWaiting are kept; what is beyond is found in the vault when there is room.
const maxWaiting = 10_000

// Put keeps an item; it reports false when too many wait already.
func (w *Waiting) Put(d Due) bool {
	if len(w.items) >= maxWaiting {
		return false
	}
	heap.Push(&w.items, d)
	return true
}

// Pop takes the next item whose time has come.
func (w *Waiting) Pop(now time.Time) (Due, bool) {
	if len(w.items) == 0 || w.items[0].At.After(now) {
		return Due{}, false
	}
	return heap.Pop(&w.items).(Due), true
}

// Next says when the next one's time comes; ok is false when none waits.
func (w *Waiting) Next() (at time.Time, ok bool) {
	if len(w.items) == 0 {
		return time.Time{}, false
	}
	return w.items[0].At, true
}

// HalfEmpty reports that there is much room.
func (w *Waiting) HalfEmpty() bool { return len(w.items) < maxWaiting/2 }

// Of counts a shop's.
func (w *Waiting) Of(shop string) (n int) {
	for _, d := range w.items {
		if d.Shop == shop {
			n++
		}
	}
	return n
}

type dueItems []Due

func (d dueItems) Len() int           { return len(d) }
func (d dueItems) Less(a, b int) bool { return d[a].At.Before(d[b].At) }
func (d dueItems) Swap(a, b int)      { d[a], d[b] = d[b], d[a] }

func (d *dueItems) Push(x any) { *d = append(*d, x.(Due)) }

func (d *dueItems) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	*d = (*d)[:last]
	return x
}
