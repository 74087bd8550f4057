package listed

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/money"
)

// units sums lines by code.
func units(lines []events.Line) map[string]int64 {
	sums := map[string]int64{}
	for _, line := range lines {
		sums[line.Code] += line.Quantity
	}
	return sums
}

// figures says what of an order the sales figures count.
const figures = " The sales figures count the total that it shows."

// Amendment says how lines and total differ from those of the order as it was placed.
func Amendment(placed events.Placed, lines []events.Line, total money.Money) string {
	was, is := units(placed.Lines), units(lines)
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
	if total != placed.Total {
		parts = append(parts, fmt.Sprintf("a total of %s instead of %s", total, placed.Total))
	}
	if len(parts) == 0 && slices.CompareFunc(Sorted(lines), Sorted(placed.Lines), byLine) != 0 {
		parts = append(parts, "the same units under other listings or at other prices")
	}
	if len(parts) > 4 {
		parts = append(parts[:3], fmt.Sprintf("%d more changes", len(parts)-3))
	}
	next := " Stock stays reserved as ordered."
	if fewer, more := Differ(placed.Lines, lines); fewer || more {
		next = ""
		if fewer {
			next += " What it does not list any more is free for others."
		}
		if more {
			next += " What it lists beyond what was ordered is reserved, too; if there is too little stock for that, the order says so and waits."
		}
		next += " Of an order that has left already a letter says what to do."
	}
	next += figures + " Send what the channel lists."
	if placed.SelfShips {
		next = " The channel ships it." + figures + " Nothing to do."
	}
	if len(parts) == 0 && !placed.SelfShips {
		return "The channel lists the units and the total of this order as it was placed. Units that were freed meanwhile are " +
			"reserved again, and if there is too little stock for them, the order says so; units that were added meanwhile are free."
	}
	if len(parts) == 0 {
		return "The channel lists the units and the total of this order as it was placed." + next
	}
	return "The channel now lists " + strings.Join(parts, ", ") + "." + next
}
