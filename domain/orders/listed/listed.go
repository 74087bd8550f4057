// Package listed compares what a channel lists of an order at different times: its lines, in whatever order they come, its
// total, and prices that it did not show at first.
package listed

import (
	"cmp"
	"maps"
	"slices"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/money"
)

// List is the lines and the total of an order as a channel lists them.
type List struct {
	Lines []events.Line
	Total money.Money
}

// Compare ranks two lists. Of two with one state version the one with fewer units wins: units are cancelled out of an order,
// hardly ever added.
func Compare(a, b List) int {
	total := func(lines []events.Line) (sum int64) {
		for _, line := range lines {
			sum += line.Quantity
		}
		return sum
	}
	return cmp.Or(
		cmp.Compare(total(b.Lines), total(a.Lines)),
		slices.CompareFunc(Sorted(a.Lines), Sorted(b.Lines), byLine),
		cmp.Compare(a.Total.Minor, b.Total.Minor),
		cmp.Compare(a.Total.Currency, b.Total.Currency),
	)
}

// Sorted brings lines into the order in which they are compared.
func Sorted(lines []events.Line) []events.Line {
	return slices.SortedFunc(slices.Values(lines), byLine)
}

// byLine leaves the name out: a product that is renamed is no other order.
func byLine(a, b events.Line) int {
	return cmp.Or(
		cmp.Compare(a.Code, b.Code), cmp.Compare(a.Listing, b.Listing), cmp.Compare(a.Quantity, b.Quantity),
		cmp.Compare(a.Price.Minor, b.Price.Minor), cmp.Compare(a.Price.Currency, b.Price.Currency),
	)
}

// Unpriced says that a list shows no money at all.
func (l List) Unpriced() bool {
	return l.Total.Minor == 0 && !slices.ContainsFunc(l.Lines, func(line events.Line) bool { return line.Price.Minor != 0 })
}

// Completes says that a list shows more money for the same units than one of which a part was hidden.
func (l List) Completes(part List) bool {
	return l.Total.Currency == part.Total.Currency && l.Total.Minor > part.Total.Minor && maps.Equal(units(l.Lines), units(part.Lines))
}

// Priced gives lines the prices of others: each that of a line of its listing, of as many units where there is one. The lines keep
// their order and their units; one that has no other keeps its price.
func Priced(lines, others []events.Line) []events.Line {
	priced, left := slices.Clone(lines), slices.Clone(others)
	for _, exact := range []bool{true, false} {
		for i := range priced {
			if priced[i].Price.Minor != 0 {
				continue
			}
			n := slices.IndexFunc(left, func(other events.Line) bool {
				return other.Listing == priced[i].Listing && other.Code == priced[i].Code && (!exact || other.Quantity == priced[i].Quantity)
			})
			if n >= 0 {
				priced[i].Price = left[n].Price
				left = slices.Delete(left, n, n+1)
			}
		}
	}
	return priced
}

// Gone is how many units of each listing of an order are not in it any more; nil when it has other listings than it was placed with.
func Gone(placed, now []events.Line) map[string]int64 {
	gone := map[string]int64{}
	for _, line := range placed {
		gone[line.Listing] += line.Quantity
	}
	for _, line := range now {
		if _, known := gone[line.Listing]; !known {
			return nil
		}
		gone[line.Listing] -= line.Quantity
	}
	maps.DeleteFunc(gone, func(_ string, n int64) bool { return n <= 0 })
	return gone
}

// Rest says that something of a list is left without what a claim is about.
func Rest(lines []events.Line, claimed []events.ClaimLine) bool {
	left := map[string]int64{}
	for _, line := range lines {
		left[line.Listing] += line.Quantity
	}
	for _, line := range claimed {
		left[line.Listing] -= line.Quantity
	}
	return slices.Max(slices.AppendSeq([]int64{0}, maps.Values(left))) > 0
}
