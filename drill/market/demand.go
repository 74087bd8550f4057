package market

import (
	"slices"

	"github.com/creatorflow/creatorflow/demo/excerpt"
)

// lines are what an order is cut to, at most.
const lines = 3

// Demand is what buyers want.
type Demand struct {
	Orders [][]Line
	SKUs   []string       // of the products that sell most, the best first
	Units  map[string]int // asked for in all, by SKU
}

// Ask takes orders from the log, over and over until there are as many, of the products that sell most; lines of others are left out.
func Ask(log excerpt.Excerpt, products, orders int) Demand {
	asked := map[string]int{}
	for _, e := range log.Entries {
		if e.Order != nil {
			for _, l := range e.Order.Lines {
				asked[l.SKU]++
			}
		}
	}
	best := slices.Clone(log.Products)
	slices.SortStableFunc(best, func(a, b excerpt.Product) int { return asked[b.SKU] - asked[a.SKU] })
	d := Demand{Units: map[string]int{}}
	for _, p := range best[:min(products, len(best))] {
		d.SKUs = append(d.SKUs, p.SKU)
		d.Units[p.SKU] = 0
	}
	for before := -1; len(d.Orders) > before; {
		before = len(d.Orders)
		for _, e := range log.Entries {
			if e.Order != nil && len(d.Orders) < orders {
				d.take(e.Order.Lines)
			}
		}
	}
	return d
}

func (d *Demand) take(all []excerpt.Line) {
	var order []Line
	for _, l := range all {
		if _, kept := d.Units[l.SKU]; kept && len(order) < lines {
			order = append(order, Line{SKU: l.SKU, Units: l.Quantity})
			d.Units[l.SKU] += l.Quantity
		}
	}
	if len(order) > 0 {
		d.Orders = append(d.Orders, order)
	}
}
