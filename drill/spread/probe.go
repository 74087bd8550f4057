package spread

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/drill/market"
)

const (
	probes      = 24
	probeUnits  = 19 // so few that every sale is written
	probeBuffer = 9  // units that no shop lists, so that a probe cannot oversell
	probePause  = 20 * time.Second
)

// probe is a SKU that every shop lists whole. A unit is sold on one of them, and the others are watched until they list no more than what is left.
type probe struct {
	sku   string
	sold  time.Time // when, the last time
	sales int
}

// watch is one shop, or the catalogue, after a sale on another.
type watch struct {
	where, sku string
	sold       time.Time
	most       int // units that it may list once it has followed
}

// lags are what the probes measured, by shop.
type lags map[string][]time.Duration

const catalogueName = "Instagram catalogue"

// figure is what a shop lists of a SKU, or the catalogue shows.
func (d *run) figure(where, sku string) (int, error) {
	if where == catalogueName {
		return d.m.Shown(sku), nil
	}
	i := slices.IndexFunc(d.m.Shops, func(s *market.Shop) bool { return s.Name == where })
	return d.m.Shops[i].Listed(sku)
}

// probe sells a unit of each probe that has rested, and looks at the others.
func (d *run) probe() error {
	for i, p := range d.probes {
		if p.sales >= probeBuffer || time.Since(p.sold) < probePause+time.Duration(i)*time.Second {
			continue
		}
		at := d.m.Shops[d.rng.IntN(len(d.m.Shops))]
		listed, err := at.Listed(p.sku)
		if err != nil {
			return err
		}
		if listed == 0 {
			continue
		}
		if err := d.follow(p.sku, at.Name); err != nil {
			return err
		}
		if err := d.place(at, []market.Line{{SKU: p.sku, Units: 1}}); err != nil {
			return err
		}
		p.sold, p.sales = time.Now(), p.sales+1
	}
	return d.look()
}

// follow watches all but the shop that sells now, and those that list no more than what will be left.
func (d *run) follow(sku, seller string) error {
	names := []string{catalogueName}
	for _, s := range d.m.Shops {
		if s.Edit != nil { // what is entered at the hub is limited by what is there
			names = append(names, s.Name)
		}
	}
	for _, name := range names {
		if name == seller {
			continue
		}
		before, err := d.figure(name, sku)
		if err != nil {
			return fmt.Errorf("look at a probe on %s: %w", name, err)
		}
		if most := max(0, d.stock[sku]-d.sold[sku]-1-probeBuffer); before > most { // else it has nothing to lower
			d.watch = append(d.watch, &watch{where: name, sku: sku, sold: time.Now(), most: most})
		}
	}
	return nil
}

// look notes which have followed.
func (d *run) look() (err error) {
	d.watch = slices.DeleteFunc(d.watch, func(w *watch) bool {
		now, failed := d.figure(w.where, w.sku)
		err = cmp.Or(err, failed)
		if failed != nil || now > w.most {
			return false
		}
		d.lags[w.where] = append(d.lags[w.where], time.Since(w.sold))
		return true
	})
	return err
}
