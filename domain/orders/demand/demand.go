// Package demand counts what an order takes from the stock: units of its lines' SKUs, and in place of a bundle the units that it is
// made of; and which of its units are in no parcel yet.
package demand

import (
	"maps"
	"slices"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
)

// Need is how many units of a SKU an order takes.
type Need struct {
	SKU      string
	Quantity int64
}

// Of sums matched lines by SKU, sorted; skus has one entry a line, fewer, or none.
func Of(lines []events.Line, skus []string, bundles []events.Bundle) (needs []Need) {
	units := map[string]int64{}
	for i, line := range lines[:min(len(lines), len(skus))] {
		if skus[i] != "" {
			units[skus[i]] += line.Quantity
		}
	}
	units = Units(units, bundles)
	for _, sku := range slices.Sorted(maps.Keys(units)) {
		needs = append(needs, Need{SKU: sku, Quantity: units[sku]})
	}
	return needs
}

// Units has components stand in place of bundles; what is no bundle stays as it is.
func Units(of map[string]int64, bundles []events.Bundle) map[string]int64 {
	units := maps.Clone(of)
	for _, b := range bundles {
		n := units[b.SKU]
		delete(units, b.SKU)
		for _, c := range b.Components {
			if n != 0 {
				units[c.SKU] += n * c.Quantity
			}
		}
	}
	return units
}

// Unpacked are the units of lines that are in no parcel, by listing in the order of the lines.
func Unpacked(lines []events.Line, packed func(yield func(events.ParcelItem) bool)) (left []events.ParcelItem) {
	add := func(listing string, units int64) {
		i := slices.IndexFunc(left, func(o events.ParcelItem) bool { return o.Listing == listing })
		if i < 0 {
			i, left = len(left), append(left, events.ParcelItem{Listing: listing})
		}
		left[i].Quantity += units
	}
	for _, line := range lines {
		add(line.Listing, line.Quantity)
	}
	for item := range packed {
		add(item.Listing, -item.Quantity)
	}
	return slices.DeleteFunc(left, func(i events.ParcelItem) bool { return i.Quantity <= 0 })
}

// Both are the units that are in one list of parcel items and in another, in the order of the first.
func Both(one, other []events.ParcelItem) (both []events.ParcelItem) {
	for _, item := range one {
		i := slices.IndexFunc(other, func(o events.ParcelItem) bool { return o.Listing == item.Listing })
		if i >= 0 {
			item.Quantity = min(item.Quantity, other[i].Quantity)
			both = append(both, item)
		}
	}
	return both
}
