package inventory

import (
	"context"
	"errors"
	"slices"
	"strings"

	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
)

// shelve puts units where they came to, and says in the entry where that was.
func (f *folding) shelve(ctx context.Context, e eventlog.Event, row *Row, entry *Entry) error {
	var at []string
	for _, c := range places.Changes(e) {
		at = append(at, c.Location)
	}
	switch {
	case entry.Kind == "moved":
		entry.From, entry.Location = at[0], at[1]
	case slices.ContainsFunc(at, func(id string) bool { return id != places.Main }):
		entry.Location = strings.Join(at, ",")
	}
	if err := f.places.Take(ctx, e); err != nil {
		return err
	}
	return f.sellable(ctx, row)
}

// sellable counts what of a SKU is not for sale, and what is.
func (f *folding) sellable(ctx context.Context, row *Row) (err error) {
	row.Aside, err = f.places.Aside(ctx, row.SKU, row.OnHand)
	row.Available = row.OnHand - row.Aside - row.Reserved
	return err
}

// allotted notes where an order's units lie.
func (f *folding) allotted(ctx context.Context, sku, order string, from []events.Part) error {
	p, err := f.promises.Get(ctx, order, sku)
	if err != nil {
		return err
	}
	if len(p.From)+len(from) > 0 {
		f.moved[sku] = true
	}
	err = errors.Join(f.places.Pick(ctx, sku, p.From, -1), f.places.Pick(ctx, sku, from, 1))
	p.From = from
	return err
}

// settle ends a promise.
func (f *folding) settle(ctx context.Context, sku, order string) error {
	where, err := f.places.Where(ctx)
	if err == nil && where.Several() {
		err = f.allotted(ctx, sku, order, nil)
	}
	return errors.Join(err, f.promises.Delete(order, sku))
}

// arrange takes in an event of the locations: another amount may be for sale of what lies there.
func (f *folding) arrange(ctx context.Context, e eventlog.Event) error {
	skus, all, err := f.places.Arrange(ctx, e)
	if err == nil && all {
		if err = f.stock.Save(ctx); err == nil { // rows are looked for in the table
			err = Each(ctx, f.tx, func(row Row) { skus = append(skus, row.SKU) })
		}
	}
	if err != nil {
		return err
	}
	for _, sku := range skus {
		row, err := f.stock.Get(ctx, sku)
		if err != nil {
			return err
		}
		f.moved[sku] = true
		if err := f.sellable(ctx, row); err != nil {
			return err
		}
	}
	return nil
}
