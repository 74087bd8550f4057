package flow

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// timers wake flows at times of the injected clock. There is at most one a flow, the earliest asked
// for: a flow that is woken too early says anew until when it waits.
type timers struct {
	changed chan struct{}

	mu  sync.Mutex
	due map[ref]time.Time
	all dueHeap // also holds entries that due no longer knows
}

// longestSleep bounds how late a timer is after the clock was set or the machine has slept.
const longestSleep = 5 * time.Second

func newTimers() timers {
	return timers{changed: make(chan struct{}, 1), due: map[ref]time.Time{}}
}

// at asks for a flow to be woken at a time; the zero time asks for nothing.
func (t *timers) at(who ref, due time.Time) {
	if due.IsZero() {
		return
	}
	t.mu.Lock()
	if set, ok := t.due[who]; ok && !due.Before(set) {
		t.mu.Unlock()
		return
	}
	t.due[who] = due
	heap.Push(&t.all, entry{who, due})
	first := t.all[0].who == who
	t.mu.Unlock()
	if first {
		select {
		case t.changed <- struct{}{}:
		default: // already signalled
		}
	}
}

// forget drops a flow's timer.
func (t *timers) forget(who ref) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.due, who)
}

// next takes the first timer that is due by now, or says how long there is none; 0 = none at all.
func (t *timers) next(now time.Time) (fired entry, ok bool, pause time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.all) > 0 {
		first := t.all[0]
		valid := t.due[first.who].Equal(first.due)
		if valid && first.due.After(now) {
			return entry{}, false, first.due.Sub(now)
		}
		heap.Pop(&t.all)
		if valid {
			delete(t.due, first.who)
			return first, true, 0
		}
	}
	return entry{}, false, 0
}

// take takes every timer.
func (t *timers) take() []entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := make([]entry, 0, len(t.due))
	for who, due := range t.due {
		taken = append(taken, entry{who, due})
	}
	t.due, t.all = map[ref]time.Time{}, nil
	return taken
}

// run fires timers until ctx ends. A clock that was set back fires all of them: by what they were set to
// they would rest for as long as it was ahead.
func (t *timers) run(ctx context.Context, clock func() time.Time, fire func(who ref, due time.Time)) {
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	last := clock()
	for {
		now := clock()
		if now.Before(last) {
			for _, e := range t.take() {
				fire(e.who, now)
			}
		}
		last = now
		fired, ok, pause := t.next(now)
		if ok {
			fire(fired.who, fired.due)
			continue
		}
		if pause > 0 {
			alarm.Reset(min(pause, longestSleep))
		} else {
			alarm.Stop()
		}
		select {
		case <-alarm.C:
		case <-t.changed:
		case <-ctx.Done():
			return
		}
	}
}

type entry struct {
	who ref
	due time.Time
}

// dueHeap is a container/heap by due time.
type dueHeap []entry

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *dueHeap) Push(x any) { *h = append(*h, x.(entry)) }

// Pop implements heap.Interface.
func (h *dueHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
