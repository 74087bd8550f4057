// Package made makes the parts of a SKU's body that are about bundles.
package made

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/creatorflow/creatorflow/domain/bundles"
	"github.com/creatorflow/creatorflow/projection"
)

// BundlePart is units of a SKU in one unit of a bundle.
type BundlePart struct {
	SKU       string `json:"sku"`
	Name      string `json:"name"`
	Quantity  int64  `json:"quantity"`
	Available int64  `json:"available" doc:"units there are of the SKU"`
}

// InBundle is a bundle that takes a SKU.
type InBundle struct {
	SKU      string `json:"sku" doc:"of the bundle"`
	Quantity int64  `json:"quantity" doc:"units in one of it"`
}

// Explain says in one sentence how many units of a bundle there are.
func Explain(parts []BundlePart, available int64) string {
	scarce := slices.MinFunc(parts, func(a, b BundlePart) int {
		return cmp.Compare(max(0, a.Available)/a.Quantity, max(0, b.Available)/b.Quantity)
	})
	return fmt.Sprintf("%d available: of %s there are %d, and one bundle takes %d. A bundle has no stock of its own.",
		available, scarce.SKU, scarce.Available, scarce.Quantity)
}

// Takes are the units of a SKU that other SKUs take, by theirs: one of itself, and those of bundles.
func Takes(ctx context.Context, r projection.Reader, sku string) (units map[string]int64, in []InBundle, err error) {
	units, in = map[string]int64{sku: 1}, []InBundle{}
	parts, err := bundles.Using(ctx, r, sku)
	for _, p := range parts {
		units[p.Bundle] = p.Quantity
		in = append(in, InBundle{SKU: p.Bundle, Quantity: p.Quantity})
	}
	return units, in, err
}
