// Package spread sells the real order log on three simulated shops and by direct sales at once, from one stock, in virtual time
// and among faults, and checks that nothing is oversold or lost, and how soon a sale on one shop lowers the others.
//
//	order log ─► TikTok Shop, Shopify, Amazon (simulated), direct ─► hub ─► quantities of each, and the Instagram catalogue's
//	hands ─────► quantities                    └── probes: SKUs that every shop lists whole, sold one at a time
package spread

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/creatorflow/creatorflow/demo/excerpt"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/drill/market"
)

// Options of a campaign.
type Options struct {
	Dir      string // for the data folder; none = a temporary one, which stays when a promise was broken
	Orders   int    // of the log, at most
	Products int    // those that sell most; lines of others are left out
	Seed     uint64
	Version  string
}

// Report is what a campaign found; it is one JSON line.
type Report struct {
	drill.Report        // Oversold are SKUs, P99 is that of All
	Shops        []Shop `json:"shops"`
	Catalogue    Lag    `json:"catalogue"`
	All          Lag    `json:"all"`         // of the shops and the catalogue
	Turned       int    `json:"turned_away"` // buyers of whose lines nothing was listed
	Hands        int    `json:"hands"`       // quantities that were lowered by hand

	Agreed time.Duration `json:"agreed_ns"` // from the end of the faults until no listing differed any more, as the hub tells
}

// Shop is how one of them fared.
type Shop struct {
	Name   string `json:"name"`
	Orders int    `json:"orders"`
	Over   int    `json:"over_quota"` // calls
	Here   bool   `json:"entered"`    // its orders are entered at the hub: no listing has to follow
	Lag
}

const (
	perMinute = 1000 // orders
	lines     = 3    // of an order, at most
	handEvery = 40   // orders

	looks    = time.Minute      // at all quantities of a shop
	settled  = 15 * time.Minute // after which the first writes are nobody's concern any more
	patience = time.Hour        // with the last probes
	limit    = time.Hour        // of the drill, in real time
)

// troubled is how the vendors are while orders come.
var troubled = market.Faults{Again: 0.05, Lost: 0.02, Fails: 0.02, Late: 0.3}

// run is one campaign, inside a bubble.
type run struct {
	o      Options
	found  *Report
	rng    *rand.Rand
	m      *market.Market
	skus   []string
	stock  map[string]int // units that ever were in the house
	sold   map[string]int
	placed map[string]map[string]bool // orders by shop
	probes []*probe
	watch  []*watch
	lags   lags
	ended  time.Time // the faults; zero = not yet
}

// Run sells.
func Run(ctx context.Context, o Options) (r Report, err error) {
	r.Report = drill.Report{Name: "spread", Engine: "sqlite", Seed: o.Seed, Cycles: 1, Commit: o.Version}
	log, err := excerpt.Load()
	if err != nil {
		return r, err
	}
	d := &run{o: o, found: &r, rng: rand.New(rand.NewPCG(o.Seed, 51)), stock: map[string]int{}, sold: map[string]int{}, placed: map[string]map[string]bool{}, lags: lags{}}
	asked := market.Ask(log, o.Products, o.Orders)
	for _, sku := range asked.SKUs { // nine tenths of what is asked for, so that the last units are fought for
		if units := asked.Units[sku]; units > 0 {
			d.stock[sku] = max(1, units*9/10)
			d.skus = append(d.skus, sku)
		}
	}
	err = bubble.Campaign(ctx, o.Dir, limit, &r.Report, func(ctx context.Context, dir string) error {
		d.o.Dir = dir
		return d.run(ctx, asked.Orders)
	})
	return r, err
}

func (d *run) run(ctx context.Context, orders [][]market.Line) (err error) {
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
	if err := d.until(ctx, time.Hour, "all of the stock is listed", d.listed); err != nil {
		return err
	}
	if err := bubble.Sleep(ctx, settled); err != nil {
		return err
	}
	d.m.Break(troubled)
	for n, order := range orders {
		if err := bubble.Sleep(ctx, time.Minute/perMinute); err != nil {
			return err
		}
		if err := d.sell(order); err != nil {
			return err
		}
		if err := d.probe(); err != nil {
			return err
		}
		if n%handEvery == handEvery-1 {
			if err := d.hand(); err != nil {
				return err
			}
		}
	}
	d.m.Break(market.Faults{})
	d.ended = time.Now()
	for began := d.ended; len(d.watch) > 0 && time.Since(began) < patience; {
		if err := bubble.Sleep(ctx, time.Second); err != nil {
			return err
		}
		if _, err := d.agree(); err != nil {
			return err
		}
		if err := d.look(); err != nil {
			return err
		}
	}
	if err := d.until(ctx, 2*time.Hour, "what is left is listed, and nothing else", d.listed); err != nil {
		return err
	}
	if err := d.until(ctx, time.Hour, "the catalogue shows what its shop lists", d.follows); err != nil {
		return err
	}
	if err := d.until(ctx, time.Hour, "no listing differs", d.agree); err != nil {
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

// open makes the world: shops that list nothing yet, a hub with the stock.
func (d *run) open(ctx context.Context) (err error) {
	for range probes {
		name := fmt.Sprintf("PROBE-%02d", len(d.probes))
		d.probes = append(d.probes, &probe{sku: name})
		d.skus = append(d.skus, name)
		d.stock[name] = probeUnits
	}
	d.m, err = market.Open(ctx, market.Options{Dir: d.o.Dir, Seed: d.o.Seed, SKUs: d.skus, Poll: looks, Hold: 24 * time.Hour, Audit: time.Minute})
	if err != nil {
		return err
	}
	if err := d.m.Command(ctx, "set-listing-policy", map[string]any{"policy": "escrow"}); err != nil {
		return err
	}
	for _, sku := range d.skus {
		if err := d.m.Receive(ctx, sku, int64(d.stock[sku])); err != nil {
			return err
		}
	}
	for _, p := range d.probes {
		set := map[string]any{"sku": p.sku, "policy": "mirror", "buffer": probeBuffer}
		if err := d.m.Command(ctx, "set-listing-policy", set); err != nil {
			return err
		}
	}
	return d.m.Connect(ctx)
}

// until waits for what must come to be.
func (d *run) until(ctx context.Context, most time.Duration, what string, so func() (string, error)) error {
	for began := time.Now(); ; {
		differs, err := so()
		if err != nil || differs == "" {
			return err
		}
		if time.Since(began) >= most {
			d.found.Broke("after %s it is not so that %s: %s", most, what, differs)
			return nil
		}
		if err := bubble.Sleep(ctx, 10*time.Second); err != nil {
			return err
		}
		if _, err := d.agree(); err != nil {
			return err
		}
	}
}

// sell is a buyer in one of the shops, who takes those lines that are listed.
func (d *run) sell(order []market.Line) error {
	s := d.m.Shop(d.rng.IntN(100))
	var taken []market.Line
	for _, l := range order {
		listed, err := s.Listed(l.SKU)
		if err != nil {
			return err
		}
		if units := min(l.Units, listed); units > 0 {
			taken = append(taken, market.Line{SKU: l.SKU, Units: units})
		}
	}
	if len(taken) == 0 {
		d.found.Turned++
		return nil
	}
	return d.place(s, taken)
}

func (d *run) place(s *market.Shop, taken []market.Line) error {
	id, err := s.Buy(taken)
	if errors.Is(err, market.ErrNotListed) {
		d.found.Turned++
		return nil
	}
	if err != nil {
		return fmt.Errorf("buy at %s: %w", s.Name, err)
	}
	if d.placed[s.Name] == nil {
		d.placed[s.Name] = map[string]bool{}
	}
	d.placed[s.Name][id] = true
	for _, l := range taken {
		d.sold[l.SKU] += l.Units
		if d.sold[l.SKU] > d.stock[l.SKU] {
			d.found.Oversold++
			d.found.Broke("%s is oversold: %d of %d units", l.SKU, d.sold[l.SKU], d.stock[l.SKU])
		}
	}
	return nil
}

// hand lowers a quantity on a shop, behind the hub's back.
func (d *run) hand() error {
	s, sku := d.m.Shop(d.rng.IntN(100)), d.skus[d.rng.IntN(len(d.skus)-len(d.probes))]
	if s.Edit == nil {
		return nil
	}
	listed, err := s.Listed(sku)
	if err != nil || listed == 0 {
		return err
	}
	d.found.Hands++
	return s.Edit(sku, listed/2)
}
