// Package month lets a seller's whole trade run by itself for a month of virtual time, among faults, and counts the orders that a
// person had to touch.
//
//	order log ─► buyers of four shops ─► hub ─► parcels, payments, labels, quantities
//	                └── some cancel, some send back ──► one operator: deliveries, and what comes back
package month

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/creatorflow/creatorflow/demo/excerpt"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/drill/market"
)

// Options of a campaign.
type Options struct {
	Dir      string // for the data folder; none = a temporary one, which stays when a promise was broken
	Days     int
	Orders   int // in all
	Products int // those that sell most; lines of others are left out
	Seed     uint64
	Version  string
	Out      io.Writer // progress, a line a day; may be io.Discard
}

// Report is what a campaign found; it is one JSON line.
type Report struct {
	drill.Report
	Days      int            `json:"days"`
	Shops     map[string]int `json:"shops"`       // orders of each
	Turned    int            `json:"turned_away"` // buyers of whose lines nothing was for sale
	Sold      int            `json:"sold"`        // units
	Untouched int            `json:"untouched"`   // orders that came to their end without a person
	Touched   map[string]int `json:"touched"`     // orders that needed one, by what they waited for
	Mended    int            `json:"mended"`      // of these, ended by the one action that their page offers
	Cancelled int            `json:"cancelled"`
	TooLate   int            `json:"too_late"` // cancellations of orders that had left
	Returned  int            `json:"returned"` // orders whose goods came back
}

// Share is the part of the orders that nobody had to touch.
func (r Report) Share() float64 { return float64(r.Untouched) / float64(max(1, r.Orders)) }

const (
	required  = 0.99 // the part of the orders that must come to their end without a person
	oversells = 0.01 // the part of the units sold that may not be oversold; that one is, is a broken promise already, since all is escrowed
)

const (
	cancels = 0.03
	returns = 0.02
	hold    = time.Hour        // in which TikTok Shop's buyers cancel by themselves
	poll    = 15 * time.Minute // between reconciling polls
	tends   = 6 * time.Hour    // between two looks at what comes back
	travels = 8 * time.Hour    // a parcel to its carrier, to its buyer, and until they want to send it back
	settled = 6 * time.Hour    // of quiet after the last order
	day     = 24 * time.Hour
	stocked = 10 // days that the first stock is meant to last
	limit   = 3 * time.Hour
)

// troubled is how vendors and partners are all month: 2 % of the calls fail in each of a vendor's ways, 4 to 8 % in all.
var troubled = market.Faults{Again: 0.05, Lost: 0.02, Fails: 0.02, Late: 0.3}

// bought is an order that a buyer got.
type bought struct {
	shop  *market.Shop
	id    string // at the channel
	total int64  // of a direct sale, in pence
}

// order is its id at the hub.
func (b bought) order() string { return b.shop.ID + ":" + b.id }

// run is one campaign, inside a bubble.
type run struct {
	o       Options
	found   *Report
	rng     *rand.Rand
	m       *market.Market
	demand  market.Demand
	fetched map[string]int // units sold since the last delivery
	stock   map[string]int // units that ever were in the house
	sold    map[string]int
	orders  []bought
	claims  map[string]string // returns that were asked for, their order by the channel's id of the claim
	asked   map[string]bool   // orders whose buyers asked to cancel when they could not do it by themselves any more; true once answered
	ahead   plan

	interrupted func() error // from outside
}

// Run lets the month pass.
func Run(ctx context.Context, o Options) (r Report, err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a day makes little that lasts
	r = Report{Days: o.Days, Shops: map[string]int{}, Touched: map[string]int{}}
	r.Report = drill.Report{Name: "month", Engine: "sqlite", Seed: o.Seed, Cycles: 1, Commit: o.Version}
	log, err := excerpt.Load()
	if err != nil {
		return r, err
	}
	d := &run{
		o: o, found: &r, rng: rand.New(rand.NewPCG(o.Seed, 61)), demand: market.Ask(log, o.Products, o.Orders), fetched: map[string]int{},
		stock: map[string]int{}, sold: map[string]int{}, claims: map[string]string{}, asked: map[string]bool{}, interrupted: ctx.Err,
	}
	err = bubble.Campaign(ctx, o.Dir, limit, &r.Report, func(ctx context.Context, dir string) error {
		d.o.Dir = dir
		return d.run(ctx)
	})
	return r, err
}

func (d *run) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer func() {
		if d.m != nil {
			err = errors.Join(err, d.m.Close())
		}
	}()
	if err := d.open(ctx); err != nil {
		return err
	}
	d.m.Break(troubled)
	began := time.Now()
	end := began.Add(time.Duration(d.o.Days) * day)
	for n, order := range d.demand.Orders {
		at := began.Add(time.Duration((float64(n) + d.rng.Float64()) * float64(end.Sub(began)) / float64(len(d.demand.Orders))))
		d.at(at, func(context.Context) error { return d.sell(order) })
	}
	for at := began.Add(tends); !at.After(end.Add(settled)); at = at.Add(tends) {
		d.at(at, d.tend)
	}
	for at := began.Add(day); !at.After(end); at = at.Add(day) {
		d.at(at, d.restock)
		d.at(at, func(context.Context) error { return d.tell(at.Sub(began)) })
	}
	for len(d.ahead) > 0 && !d.ahead[0].at.After(end) {
		if err := d.next(ctx); err != nil {
			return err
		}
	}
	d.m.Break(market.Faults{})
	for last := time.Now().Add(settled); len(d.ahead) > 0 && !d.ahead[0].at.After(last); {
		if err := d.next(ctx); err != nil {
			return err
		}
	}
	if err := bubble.Sleep(ctx, settled); err != nil {
		return err
	}
	if err := d.judge(ctx); err != nil {
		return err
	}
	if err := d.m.Stop(); err != nil {
		return err
	}
	return d.m.JudgeKept(ctx, &d.found.Report)
}

// open makes the world: every shop, the stock of some days, and labels that are bought by themselves.
func (d *run) open(ctx context.Context) (err error) {
	d.m, err = market.Open(ctx, market.Options{Dir: d.o.Dir, Seed: d.o.Seed, SKUs: d.demand.SKUs, Poll: poll, Hold: hold})
	if err != nil {
		return err
	}
	if err := d.m.Command(ctx, "set-listing-policy", map[string]any{"policy": "escrow"}); err != nil {
		return err
	}
	for _, sku := range d.demand.SKUs {
		if err := d.deliver(ctx, sku, max(4, d.demand.Units[sku]*stocked/d.o.Days)); err != nil {
			return err
		}
	}
	if err := d.m.Connect(ctx); err != nil {
		return err
	}
	if err := d.m.Post(ctx); err != nil {
		return err
	}
	return bubble.Sleep(ctx, time.Hour)
}

// tell says how far the month is.
func (d *run) tell(passed time.Duration) error {
	_, err := fmt.Fprintf(d.o.Out, "day %d of %d: %d orders, %d buyers turned away, %d cancelled, %d returned\n", passed/day, d.o.Days, len(d.orders), d.found.Turned, d.found.Cancelled, d.found.Returned)
	return err
}

func (d *run) deliver(ctx context.Context, sku string, units int) error {
	d.stock[sku] += units
	return d.m.Receive(ctx, sku, int64(units))
}

// deed is something that somebody is going to do.
type deed struct {
	at time.Time
	n  int // of those planned, so that the order of equals is one
	do func(context.Context) error
}

// plan has the next deed first.
type plan []deed

// Len implements heap.Interface.
func (p plan) Len() int { return len(p) }

// Less implements heap.Interface.
func (p plan) Less(i, j int) bool {
	return p[i].at.Before(p[j].at) || p[i].at.Equal(p[j].at) && p[i].n < p[j].n
}

// Swap implements heap.Interface.
func (p plan) Swap(i, j int) { p[i], p[j] = p[j], p[i] }

// Push implements heap.Interface.
func (p *plan) Push(x any) { *p = append(*p, x.(deed)) }

// Pop implements heap.Interface.
func (p *plan) Pop() any {
	last := (*p)[len(*p)-1]
	*p = (*p)[:len(*p)-1]
	return last
}

func (d *run) at(at time.Time, do func(context.Context) error) {
	heap.Push(&d.ahead, deed{at, len(d.ahead), do})
}

func (d *run) next(ctx context.Context) error {
	if err := d.interrupted(); err != nil {
		return err
	}
	next := heap.Pop(&d.ahead).(deed)
	if err := bubble.Sleep(ctx, time.Until(next.at)); err != nil {
		return err
	}
	return next.do(ctx)
}
