package listed

import (
	"testing"

	"pgregory.net/rapid"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/money"
)

// TestRelisted: however a channel lists an order over time, each line keeps its place, what is listed now is counted in full and once,
// and no line has more units than it ever had.
func TestRelisted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.Custom(func(t *rapid.T) events.Line {
			listing := rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "listing")
			return events.Line{
				Listing: listing, Code: listing + rapid.SampledFrom([]string{"", "", "renamed"}).Draw(t, "code"), Quantity: rapid.Int64Range(1, 4).Draw(t, "units"),
				Price: money.Money{Minor: rapid.Int64Range(1, 2).Draw(t, "price"), Currency: "GBP"},
			}
		})
		lists := rapid.SliceOfN(rapid.SliceOfN(line, 1, 4), 1, 5).Draw(t, "lists")
		ever := lists[0]
		most := map[string]int64{}
		for n, now := range lists {
			before := ever
			ever = With(ever, now)
			for i, line := range before {
				if ever[i].Listing != line.Listing || ever[i].Code != line.Code || ever[i].Quantity < line.Quantity {
					t.Fatalf("line %d was %+v and is %+v", i, line, ever[i])
				}
			}
			sums, had := map[string]int64{}, map[string]int64{}
			for _, line := range now {
				sums[line.Listing] += line.Quantity
			}
			for listing, units := range sums {
				most[listing] = max(most[listing], units)
			}
			for i, units := range Of(ever, now) {
				if had[ever[i].Listing] += units; units > ever[i].Quantity {
					t.Fatalf("%d units of a line that had at most %d", units, ever[i].Quantity)
				}
			}
			for listing, units := range sums {
				if had[listing] != units {
					t.Fatalf("%d of listing %s are counted, %d are listed: %+v of %+v", had[listing], listing, units, now, ever)
				}
			}
			if fewer, more := Differ(now, now); fewer || more {
				t.Fatalf("%+v differs from itself", now)
			}
			if n == 0 {
				if units := Of(ever, now); len(ever) != len(now) || units[0] != now[0].Quantity {
					t.Fatalf("as placed %+v count as %v", now, units)
				}
			}
		}
		var all int64
		lines, units, some := Now(ever, lists[len(lists)-1])
		for _, line := range lines {
			if all += line.Quantity; line.Quantity > 0 {
				some--
			}
		}
		if all != units || some != 0 || len(lines) != len(ever) {
			t.Fatalf("%+v are %d units", lines, units)
		}
	})
}
