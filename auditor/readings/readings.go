// Package readings compares what the hub keeps of its shops with what the shops said last. It asks no shop.
//
//	the last reading of each listing that is written ─┐
//	orders taken in, and those that could not be ──────┴─► how many are the same
package readings

import (
	"context"

	"github.com/creatorflow/creatorflow/connect"
	"github.com/creatorflow/creatorflow/domain/consistency"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/listing"
	"github.com/creatorflow/creatorflow/projection"
)

// Readings are where the last readings are.
type Readings struct {
	Views    projection.Store
	Shops    *connect.Registry
	Listings func() map[string]listing.SKU
}

// Compare counts the listings that the hub writes and has read, with those that list something else than they should, and the orders
// that the shops told of, with those that are not taken in as they told them.
func (r Readings) Compare(ctx context.Context) (all consistency.Share, err error) {
	for _, sku := range r.Listings() {
		all = all.And(Of(sku))
	}
	err = r.Views.Read(ctx, func(views projection.Reader) error {
		waiting, err := letters.Untaken(ctx, views)
		if err != nil {
			return err
		}
		for _, c := range r.Shops.Connections() {
			known, err := orders.Count(ctx, views, "connection:"+c.ID)
			if err != nil {
				return err
			}
			all = all.And(consistency.Share{Compared: known + waiting[c.ID], Differing: waiting[c.ID]})
		}
		return nil
	})
	return all, err
}

// Of counts a SKU's listings that are written, as far as they have been read.
func Of(sku listing.SKU) (s consistency.Share) {
	for _, l := range sku.Listings {
		if c, _ := sku.State.Find(l.ID); !l.Pushing || !c.Known {
			continue
		}
		s.Compared++
		if !l.Differs.IsZero() {
			s.Differing++
		}
	}
	return s
}
