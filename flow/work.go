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
	woken time.Time // when what woke it happened
	cause string    // what woke it
	lane  *lane
	place *place // where it waits; nil while it is worked on
	again bool   // woken meanwhile
	// turn carries the flow on; when calls are not made here it returns what a call that is due queues with.
	turn func(it *item, calls bool) (due string)
}

// place is one in a pool's queue. A flow that news of come while it queues for a call leaves that place
// behind and gets its turn at once: they may say that the call is not wanted any more.
type place struct {
	who  ref
	pool *pool
}

// lane groups flows. Calls into the world are slow, so they have workers of their own: a lane full
// of slow calls still decides what is new. Each step's calls have theirs, so that a quick one does not
// queue behind those of a slow one.
type lane struct {
	ready pool
	calls map[string]*pool // by what queues together
}

type pool struct {
	waiting []*place
	working int
	calls   bool
}

func newWork(perLane int) work {
	return work{perLane: perLane, items: map[ref]*item{}, lanes: map[string]*lane{}}
}

// wake queues a turn for a flow; a flow in its turn gets another one after it.
func (w *work) wake(who ref, name string, woken time.Time, cause string, turn func(*item, bool) string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	if it := w.items[who]; it != nil {
		switch {
		case it.place == nil && !it.again:
			it.again, it.woken, it.cause = true, woken, cause
		case it.place != nil && it.place.pool.calls:
			it.cause = cause // it was woken when it was
			w.queue(&it.lane.ready, who, it)
		}
		return
	}
	l := w.lanes[name]
	if l == nil {
		l = &lane{calls: map[string]*pool{}}
		w.lanes[name] = l
	}
	it := &item{woken: woken, cause: cause, lane: l, turn: turn}
	w.items[who] = it
	w.queue(&l.ready, who, it)
}

// queue adds a flow to a pool and starts a worker when there is room; the caller holds the lock.
func (w *work) queue(p *pool, who ref, it *item) {
	it.place = &place{who, p}
	p.waiting = append(p.waiting, it.place)
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
		next := p.waiting[0]
		p.waiting = p.waiting[1:]
		who, it := next.who, w.items[next.who]
		if it == nil || it.place != next {
			continue // it has left this place
		}
		it.place, it.again = nil, false
		now := *it // what wakes it from here on is for the next turn
		w.mu.Unlock()
		due := it.turn(&now, p.calls)
		w.mu.Lock()
		switch {
		case it.again:
			w.queue(&it.lane.ready, who, it)
		case due != "":
			w.queue(it.lane.line(due), who, it)
		default:
			delete(w.items, who)
		}
	}
	p.working--
}

// line is the pool of calls that queue together.
func (l *lane) line(due string) *pool {
	if l.calls[due] == nil {
		l.calls[due] = &pool{calls: true}
	}
	return l.calls[due]
}

// close waits for the turns in hand and begins no others.
func (w *work) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.workers.Wait()
}
