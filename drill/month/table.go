package month

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Write prints how the orders ended, beside what is required.
func (r Report) Write(w io.Writer) error {
	var errs []error
	say := func(format string, args ...any) {
		_, err := fmt.Fprintf(w, format, args...)
		errs = append(errs, err)
	}
	say("%d days, %d orders, %d buyers turned away\n", r.Days, r.Orders, r.Turned)
	for _, name := range slices.Sorted(maps.Keys(r.Shops)) {
		say("  %-34s %7d\n", name, r.Shops[name])
	}
	say("%-36s %7d  %d oversold, %.2f %%, required less than %.0f %%\n", "units sold", r.Sold, r.Oversold, 100*float64(r.Oversold)/float64(max(1, r.Sold)), 100*oversells)
	say("%-36s %7d  %.2f %%, required %.0f %%\n", "ended without a person", r.Untouched, 100*r.Share(), 100*required)
	for _, what := range slices.Sorted(maps.Keys(r.Touched)) {
		say("  %-34s %7d\n", what, r.Touched[what])
	}
	say("%-36s %7d\n", "ended by the one action offered", r.Mended)
	say("%-36s %7d  (%d asked for too late)\n", "cancelled by their buyers", r.Cancelled, r.TooLate)
	say("%-36s %7d\n", "returned and taken in", r.Returned)
	say("the hub's auditor at the end: %s\n  at its lowest on the way: %s\n", r.End, r.Lowest)
	say("%s: seed %d, %d lost, %d twice, %d oversold, %d promises broken, %.1f s\n", r.Name, r.Seed, r.Lost, r.Twice, r.Oversold, len(r.Broken), r.Seconds)
	return errors.Join(errs...)
}
