package reads

import (
	"context"

	"github.com/creatorflow/creatorflow/domain/bundles"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/stockout"
	"github.com/creatorflow/creatorflow/gateway/reads/made"
	"github.com/creatorflow/creatorflow/projection"
)

// bundled gives a bundle the figures that its components come to.
func (b *Reads) bundled(ctx context.Context, r projection.Reader, item *StockItem) ([]made.BundlePart, error) {
	held, err := bundles.Of(ctx, r, item.SKU, b.now())
	parts := []made.BundlePart{}
	if err != nil || len(held) == 0 {
		return parts, err
	}
	units := make([]stockevents.Component, len(held))
	for i, h := range held {
		parts = append(parts, made.BundlePart{SKU: h.SKU, Name: h.Name, Quantity: h.Quantity, Available: h.Available})
		units[i] = stockevents.Component{SKU: h.SKU, Quantity: h.Quantity}
	}
	item.MadeOf, item.Available = inventory.Made(units), bundles.Available(held)
	item.StockoutText = stockout.Text(item.Available, 0, false)
	return parts, nil
}
