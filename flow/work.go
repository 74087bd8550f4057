package flow

import (
	"sync"
	"time"
)

// ref names a flow.
type ref struct{ kind, id string }

// index knows which flows wait for which tags. Only the goroutine that reads the log uses it.
type index struct {
	tags  map[string]map[ref]bool
	waits map[ref][]string // the reverse, to forget
}

func newIndex() index {
	return index{tags: map[string]map[ref]bool{}, waits: map[ref][]string{}}
}

// wait replaces what a flow waits for.
func (x *index) wait(who ref, tags []string) {
	for _, tag := range x.waits[who] {
		delete(x.tags[tag], who)
		if len(x.tags[tag]) == 0 {
			delete(x.tags, tag)
		}
	}
	delete(x.waits, who)
	if len(tags) == 0 {
		return
	}
	x.waits[who] = tags
	for _, tag := range tags {
		if x.tags[tag] == nil {
			x.tags[tag] = map[ref]bool{}
		}
		x.tags[tag][who] = true
	}
}

// work hands turns to workers. There is at most one item per open flow: that is its bound.
type work struct {
	perLane int

	mu      sync.Mutex
	closed  bool
	items   map[ref]*item
	lanes   map[string]*lane
	workers sync.WaitGroup
}

// item is a flow that has a turn, or will have one.
type item struct {
	woken   time.Time // when what woke it happened
	cause   string    // what woke it
	lane    *lane
	working bool
	again   bool // woken meanwhile
	// turn carries the flow on; it returns true when a call is due and calls are not made here.
	turn func(it *item, calls bool) bool
}

// lane groups flows. Calls into the world are slow, so they have workers of their own: a lane full
// of slow calls still decides what is new.
type lane struct{ ready, calls pool }

type pool struct {
	waiting []ref
	working int
	calls   bool
}

func newWork(perLane int) work {
	return work{perLane: perLane, items: map[ref]*item{}, lanes: map[string]*lane{}}
}

// wake queues a turn for a flow; a flow in its turn gets another one after it.
func (w *work) wake(who ref, name string, woken time.Time, cause string, turn func(*item, bool) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	if it := w.items[who]; it != nil {
		if it.working && !it.again {
			it.again, it.woken, it.cause = true, woken, cause
		}
		return
	}
	l := w.lanes[name]
	if l == nil {
		l = &lane{calls: pool{calls: true}}
		w.lanes[name] = l
	}
	w.items[who] = &item{woken: woken, cause: cause, lane: l, turn: turn}
	w.queue(&l.ready, who)
}

// queue adds a flow to a pool and starts a worker when there is room; the caller holds the lock.
func (w *work) queue(p *pool, who ref) {
	p.waiting = append(p.waiting, who)
	if p.working < w.perLane && !w.closed {
		p.working++
		w.workers.Go(func() { w.take(p) })
	}
}

// take works on flows of a pool until none waits.
func (w *work) take(p *pool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(p.waiting) > 0 && !w.closed {
		who := p.waiting[0]
		p.waiting = p.waiting[1:]
		it := w.items[who]
		it.working, it.again = true, false
		now := *it // what wakes it from here on is for the next turn
		w.mu.Unlock()
		callDue := it.turn(&now, p.calls)
		w.mu.Lock()
		it.working = false
		switch {
		case callDue:
			w.queue(&it.lane.calls, who)
		case it.again:
			w.queue(&it.lane.ready, who)
		default:
			delete(w.items, who)
		}
	}
	p.working--
}

// close waits for the turns in hand and begins no others.
func (w *work) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.workers.Wait()
}
