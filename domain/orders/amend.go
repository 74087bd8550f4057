package orders

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
)

// relisted compares the lines and the total of news with those that the channel listed before, in
// whatever order it lists them. Of two with one state version the one with fewer units wins: units
// are cancelled out of an order, hardly ever added.
func relisted(n News, s State) int {
	total := func(lines []events.Line) (sum int64) {
		for _, line := range lines {
			sum += line.Quantity
		}
		return sum
	}
	return cmp.Or(
		cmp.Compare(total(s.Lines), total(n.Lines)),
		slices.CompareFunc(sorted(n.Lines), sorted(s.Lines), byLine),
		cmp.Compare(n.Total.Minor, s.Total.Minor),
		cmp.Compare(n.Total.Currency, s.Total.Currency),
	)
}

func sorted(lines []events.Line) []events.Line {
	return slices.SortedFunc(slices.Values(lines), byLine)
}

// units sums lines by code.
func units(lines []events.Line) map[string]int64 {
	sums := map[string]int64{}
	for _, line := range lines {
		sums[line.Code] += line.Quantity
	}
	return sums
}

// byLine leaves the name out: a product that is renamed is no other order.
func byLine(a, b events.Line) int {
	return cmp.Or(
		cmp.Compare(a.Code, b.Code), cmp.Compare(a.Listing, b.Listing), cmp.Compare(a.Quantity, b.Quantity),
		cmp.Compare(a.Price.Minor, b.Price.Minor), cmp.Compare(a.Price.Currency, b.Price.Currency),
	)
}

// amendment says how news differ from the order as it was placed.
func amendment(placed events.Placed, n News) string {
	was, is := units(placed.Lines), units(n.Lines)
	codes := slices.AppendSeq(slices.Collect(maps.Keys(was)), maps.Keys(is))
	slices.Sort(codes)
	var parts []string
	for _, code := range slices.Compact(codes) {
		switch {
		case is[code] < was[code]:
			parts = append(parts, fmt.Sprintf("%d of %d × SKU %s", is[code], was[code], code))
		case is[code] > was[code]:
			parts = append(parts, fmt.Sprintf("%d instead of %d × SKU %s", is[code], was[code], code))
		}
	}
	if n.Total != placed.Total {
		parts = append(parts, fmt.Sprintf("a total of %s instead of %s", n.Total, placed.Total))
	}
	if len(parts) == 0 && slices.CompareFunc(sorted(n.Lines), sorted(placed.Lines), byLine) != 0 {
		parts = append(parts, "the same units under other listings or at other prices")
	}
	if len(parts) > 4 {
		parts = append(parts[:3], fmt.Sprintf("%d more changes", len(parts)-3))
	}
	next := " Stock stays reserved as ordered, and the sales figures count the order as placed. " +
		"Send what the channel lists; put units that stay here back by an adjustment."
	if placed.SelfShips {
		next = " The channel ships it; the sales figures count the order as placed. Nothing to do."
	}
	if len(parts) == 0 {
		return "The channel lists the units and the total of this order as it was placed." + next
	}
	return "The channel now lists " + strings.Join(parts, ", ") + "." + next
}
