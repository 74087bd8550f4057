package lanes

import (
	"container/heap"
	"time"
)

// Waiting are items that wait for their time, the next one first. Its zero value is empty.
type Waiting struct {
	items dueItems
	asked time.Time // the last time it was asked at
}

// Due is one of them.
type Due struct {
	At     time.Time
	Number int64
	Shop   string // whose backlog it is in
}

// maxWaiting are kept; what is beyond is found in the vault when there is room.
const maxWaiting = 10_000

// Longest is the most that an item is put off. One further off was put off by a clock that was ahead.
const Longest = 15 * time.Minute

// Put keeps an item; it reports false when too many wait already.
func (w *Waiting) Put(d Due, now time.Time) bool {
	if len(w.items) >= maxWaiting {
		return false
	}
	d.At = soon(d.At, now)
	heap.Push(&w.items, d)
	return true
}

func soon(at, now time.Time) time.Time {
	if at.Sub(now) > Longest {
		return now
	}
	return at
}

// Pop takes the next item whose time has come.
func (w *Waiting) Pop(now time.Time) (Due, bool) {
	if now.Before(w.asked) { // the clock was set back
		for n := range w.items {
			w.items[n].At = soon(w.items[n].At, now)
		}
		heap.Init(&w.items)
	}
	w.asked = now
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
