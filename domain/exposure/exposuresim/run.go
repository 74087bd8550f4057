package exposuresim

import (
	"cmp"
	"container/heap"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/creatorflow/creatorflow/domain/exposure"
)

const (
	latency   = 500 * time.Millisecond // of a call to a channel
	timeout   = 10 * time.Second       // after which an answer is given up
	reconcile = 5 * time.Minute        // between two readings of the hub's own accord
)

// run is one sell-out: the channels' truth, the hub, and what is still to happen.
type run struct {
	cell  Cell
	rand  *rand.Rand
	now   time.Time
	queue agenda
	order int // of entry, so that two things at one moment keep it

	channels []*channel
	hub      exposure.State
	off      bool // the hub is down: it is told nothing and asked nothing
	missed   []func()
	wake     time.Time

	there, sold, oversold, refused, writes int
	delivered, open                        bool

	opened   time.Time
	hands    []*hand
	edits    int     // by hand, downwards too
	promised bool    // the listing said that it survives the outage
	risk     float64 // that it gave for it
	away     bool    // more was sold than there is when the hub came back
}

type channel struct {
	id      string
	listed  int
	sent    map[int]bool // numbers of writes that came
	came    map[int]bool // numbers of swaps that were tried, and whether they were made
	listing bool
	unseen  []*sale
}

type sale struct {
	at   time.Time
	seen bool
}

func newRun(c Cell, index uint64) *run {
	r := &run{cell: c, rand: rand.New(rand.NewPCG(c.Seed, index)), now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), there: c.Stock}
	for _, e := range c.told() {
		r.channels = append(r.channels, &channel{id: e.Connection, sent: map[int]bool{}, came: map[int]bool{}})
		r.tell(e)
	}
	return r
}

// told are the shops as the hub is told of them.
func (c Cell) told() (shops []exposure.Configured) {
	for i, weight := range c.Weights {
		shops = append(shops, exposure.Configured{Connection: strconv.Itoa(i), Settings: exposure.Settings{
			Policy: c.Policy, Weight: weight, Lag: c.NewsLag + c.PushLag,
			Ability: exposure.Ability{Method: c.believed(), Restocks: c.Restocks, Settle: 5*c.PushLag + time.Second, Ceiling: 99_999},
		}})
	}
	return shops
}

// stocked is what the hub is told of the stock.
func (c Cell) stocked() exposure.Stocked {
	return exposure.Stocked{Available: c.Stock, Rate: 1.3 * c.PerHour, Outage: c.Outage}
}

// Threshold is with how many units the cell's hybrid listing mirrors.
func (c Cell) Threshold() float64 {
	var s exposure.State
	for _, e := range c.told() {
		s = exposure.Evolve(s, e)
	}
	return exposure.Evolve(s, c.stocked()).Threshold()
}

// believed is the method that the hub believes in.
func (c Cell) believed() exposure.Method {
	if c.Twin == WithoutZeroFirst {
		return exposure.CompareAndSwap
	}
	return c.Method
}

// play lists the stock, lets buyers come until all is sold, and goes on until nothing is listed or on its way.
func (r *run) play() {
	r.tell(r.cell.stocked())
	for i := range r.channels {
		r.every(reconcile, func() { r.probe(r.channels[i]) })
	}
	expected := time.Duration(float64(r.cell.Stock+r.cell.Delivery) / r.cell.PerHour * float64(time.Hour))
	opens := r.now.Add(10*time.Minute + 10*(r.cell.NewsLag+r.cell.PushLag))
	r.opened = opens
	r.at(opens, func() {
		r.open = true
		r.buyer()
	})
	for range r.cell.Hands {
		r.at(opens.Add(time.Duration(r.rand.Float64()*float64(expected))), r.edit)
	}
	if r.cell.Down > 0 {
		gone := opens.Add(time.Duration(cmp.Or(r.cell.Gone, 0.5) * float64(expected)))
		r.at(gone, r.leave)
		r.at(gone.Add(r.cell.Down), r.back)
	}
	r.decide()
	for end := opens.Add(4*expected + 2*r.cell.Down); len(r.queue) > 0 && r.now.Before(end) && !r.over(); {
		next := heap.Pop(&r.queue).(entry)
		r.now = next.at
		next.do()
	}
}

// over says that everything is sold and nothing can be any more, as far as the channels list.
func (r *run) over() bool {
	if r.sold < r.there || r.cell.Delivery > 0 && !r.delivered {
		return false
	}
	for _, ch := range r.channels {
		if ch.listed > 0 || len(ch.unseen) > 0 {
			return false
		}
	}
	return true
}

func (r *run) at(t time.Time, do func()) {
	r.order++
	heap.Push(&r.queue, entry{at: t, order: r.order, do: do})
}

func (r *run) after(d time.Duration, do func()) { r.at(r.now.Add(d), do) }

func (r *run) every(d time.Duration, do func()) {
	r.after(d, func() {
		do()
		r.every(d, do)
	})
}

// jitter is d ± 50 %.
func (r *run) jitter(d time.Duration) time.Duration {
	return time.Duration((0.5 + r.rand.Float64()) * float64(d))
}

func (r *run) chance(p float64) bool { return r.rand.Float64() < p }

// buyer comes, takes a unit where he looks if one is listed, and sends the next one.
func (r *run) buyer() {
	r.after(time.Duration(r.rand.ExpFloat64()/r.cell.PerHour*float64(time.Hour)), r.buyer)
	ch := r.channels[r.pick()]
	if ch.listed == 0 {
		if r.sold < r.there {
			r.refused++
		}
		return
	}
	ch.listed--
	r.sold++
	r.rose(ch)
	r.oversold = max(r.oversold, r.sold-r.there)
	s := &sale{at: r.now}
	ch.unseen = append(ch.unseen, s)
	r.after(r.jitter(r.cell.NewsLag), func() { r.hear(func() { r.see(ch, s) }) })
	if r.chance(r.cell.Cancels) {
		r.after(time.Duration(r.rand.ExpFloat64()*float64(time.Minute)), func() { r.cancel(ch, s) })
	}
	if r.cell.Delivery > 0 && !r.delivered && 2*r.sold >= r.cell.Stock {
		r.delivered = true
		r.there += r.cell.Delivery
		r.hear(func() {
			s := r.hub
			r.tell(exposure.Stocked{Available: s.Available + r.cell.Delivery, Rate: s.Rate, Outage: s.Outage})
		})
	}
}

func (r *run) pick() int {
	sum := 0
	for _, w := range r.cell.Weights {
		sum += w
	}
	n := r.rand.IntN(sum)
	for i, w := range r.cell.Weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return 0
}

func (r *run) cancel(ch *channel, s *sale) {
	r.sold--
	if r.cell.Restocks {
		ch.listed++
	}
	happened := r.now
	r.after(r.jitter(r.cell.NewsLag), func() {
		r.hear(func() {
			r.see(ch, s)
			r.tell(exposure.Cancelled{Connection: ch.id, Units: 1, At: happened})
		})
	})
}

// entry is something to happen; agenda is a heap of them by time.
type entry struct {
	at    time.Time
	order int
	do    func()
}

type agenda []entry

func (a agenda) Len() int      { return len(a) }
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a agenda) Less(i, j int) bool {
	if a[i].at.Equal(a[j].at) {
		return a[i].order < a[j].order
	}
	return a[i].at.Before(a[j].at)
}
func (a *agenda) Push(x any) { *a = append(*a, x.(entry)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
