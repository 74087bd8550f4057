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

// Compare ranks two lists. Of two with one state version the one with fewer units wins: units are cancelled out of an order
// more often than added.
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

// index finds lines by what they are of: a listing and the seller's code. A code that a listing has not had is another name of it.
type index struct {
	exact    map[[2]string]int
	listings map[string]int
}

// indexed indexes lines; of those that are of the same the first counts.
func indexed(lines []events.Line) index {
	x := index{map[[2]string]int{}, map[string]int{}}
	for i, line := range lines {
		x.add(i, line)
	}
	return x
}

func (x index) add(i int, line events.Line) {
	if _, known := x.exact[[2]string{line.Listing, line.Code}]; !known {
		x.exact[[2]string{line.Listing, line.Code}] = i
	}
	if _, known := x.listings[line.Listing]; !known {
		x.listings[line.Listing] = i
	}
}

func (x index) find(line events.Line) (i int, known bool) {
	if i, known = x.exact[[2]string{line.Listing, line.Code}]; !known {
		i, known = x.listings[line.Listing]
	}
	return i, known
}

// With are all lines that an order was ever listed with, each with the most units so far: those that were known, in their order, and
// behind them those of listings that are new.
func With(known, now []events.Line) []events.Line {
	all, x, units := slices.Clone(known), indexed(known), map[int]int64{}
	for _, line := range now {
		i, old := x.find(line)
		if !old {
			i = len(all)
			all = append(all, line)
			all[i].Quantity = 0
			x.add(i, line)
		}
		units[i] += line.Quantity
	}
	for i, line := range all {
		if first, _ := x.find(line); first != i {
			units[first] -= line.Quantity
		}
	}
	for i, n := range units {
		all[i].Quantity = max(all[i].Quantity, n)
	}
	return all
}

// Of is how many units of each of the lines that an order was ever listed with are listed now.
func Of(all, now []events.Line) []int64 {
	x, left, units := indexed(all), map[int]int64{}, make([]int64, len(all))
	for _, line := range now {
		if i, known := x.find(line); known {
			left[i] += line.Quantity
		}
	}
	for i, line := range all {
		first, _ := x.find(line)
		units[i] = min(line.Quantity, left[first])
		left[first] -= units[i]
	}
	return units
}

// Now are all lines that an order was ever listed with as they are listed now, with how many units all of them have, and how many of
// them have any. A line that is not listed any more has none and keeps its price.
func Now(all, now []events.Line) (lines []events.Line, units, some int64) {
	lines = With(all, now)
	for i, n := range Of(lines, now) {
		at := -1
		for j, line := range now {
			if line.Listing == lines[i].Listing && (at < 0 || line.Price == lines[i].Price) {
				at = j
			}
		}
		if lines[i].Quantity = n; n == 0 {
			continue
		}
		lines[i].Price, units, some = now[at].Price, units+n, some+1
	}
	return lines, units, some
}

// Differ says that some line of an order has fewer units than at another time, or more.
func Differ(was, now []events.Line) (fewer, more bool) {
	all := With(was, now)
	before, after := Of(all, was), Of(all, now)
	for i := range all {
		fewer, more = fewer || after[i] < before[i], more || after[i] > before[i]
	}
	return fewer, more
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
