package spread

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/projection"
)

// listed says where the shops' quantities are not what the policies say: under escrow all that is left is listed once, of a
// probe all but the buffer everywhere.
func (d *run) listed() (differs string, err error) {
	for _, sku := range d.skus {
		left, sum := d.stock[sku]-d.sold[sku], 0
		for _, s := range d.m.Shops {
			units, err := s.Listed(sku)
			if err != nil {
				return "", err
			}
			sum += units
			if strings.HasPrefix(sku, "PROBE-") && s.Edit != nil && units != max(0, left-probeBuffer) {
				return fmt.Sprintf("%s lists %d of %s, of which %d are left", s.Name, units, sku, left), nil
			}
		}
		if !strings.HasPrefix(sku, "PROBE-") && sum != left {
			return fmt.Sprintf("%d of %s are listed, %d are left", sum, sku, left), nil
		}
	}
	return "", nil
}

// follows says where the catalogue shows another figure than the first shop.
func (d *run) follows() (differs string, err error) {
	for _, sku := range d.skus {
		listed, err := d.m.Shops[0].Listed(sku)
		if err != nil {
			return "", err
		}
		if shown := d.m.Shown(sku); shown != listed {
			return fmt.Sprintf("it shows %d of %s, the shop lists %d", shown, sku, listed), nil
		}
	}
	return "", nil
}

// agree says which shop lists something else than the hub knows it should, and notes for how long that was so.
func (d *run) agree() (differs string, err error) {
	for _, s := range d.m.Shops {
		if n := d.m.Hub().Listing.Shop(s.ID).Drift; n > 0 {
			if !d.ended.IsZero() {
				d.found.Agreed = time.Since(d.ended)
			}
			return fmt.Sprintf("%d of %s do", n, s.Name), nil
		}
	}
	return "", nil
}

// judge holds what the hub knows against what the shops sold.
func (d *run) judge(ctx context.Context) error {
	h := d.m.Hub()
	if err := h.Projections.WaitFor(ctx, h.Log.Head().Position); err != nil {
		return err
	}
	known := map[string]bool{}
	err := h.Views.Read(ctx, func(r projection.Reader) error {
		for f := (orders.Filter{Limit: 200}); ; {
			rows, _, next, err := orders.List(ctx, r, f)
			if err != nil {
				return err
			}
			for _, row := range rows {
				known[row.ChannelID] = true
			}
			if f.After = next; next == "" {
				return nil
			}
		}
	})
	if err != nil {
		return fmt.Errorf("read the orders: %w", err)
	}
	var all []time.Duration
	for _, s := range d.m.Shops {
		for id := range d.placed[s.Name] {
			d.found.Orders++
			if !known[id] {
				d.found.Lost++
				d.found.Broke("order %s of %s is not known", id, s.Name)
			}
		}
		shop := Shop{Name: s.Name, Orders: len(d.placed[s.Name]), Over: s.Over(), Here: s.Edit == nil, Lag: lag(d.lags[s.Name])}
		d.found.Shops = append(d.found.Shops, shop)
		d.found.judge(s.Name, shop.Lag)
		all = append(all, d.lags[s.Name]...)
		if shop.Over > 0 {
			d.found.Broke("%d calls to %s beyond its quota", shop.Over, s.Name)
		}
	}
	if n := d.m.Instagram.Counts().RateLimited; n > 0 {
		d.found.Broke("%d calls to Instagram beyond its quota", n)
	}
	d.found.Catalogue, d.found.All = lag(d.lags[catalogueName]), lag(append(all, d.lags[catalogueName]...))
	d.found.judge(catalogueName, d.found.Catalogue)
	d.found.judge("what follows", d.found.All)
	d.found.P99 = float64(d.found.All.P99.Microseconds()) / 1000
	for _, w := range d.watch {
		d.found.Broke("%s never listed less of %s after a sale elsewhere", w.where, w.sku)
	}
	return nil
}
