package spread

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Write prints what was counted, and the lag of each shop beside what is required.
func (r Report) Write(w io.Writer) error {
	var errs []error
	say := func(format string, args ...any) {
		_, err := fmt.Fprintf(w, format, args...)
		errs = append(errs, err)
	}
	say("%d orders at %d a minute, %d buyers turned away, %d quantities lowered by hand\n", r.Orders, perMinute, r.Turned, r.Hands)
	say("%-20s %7s %11s %7s %9s %9s %9s %9s\n", "", "orders", "over quota", "sales", "p50", "p99", "judged", "required")
	late := func(name string, orders, over any, l Lag) {
		missed := ""
		if l.late() {
			missed = "  missed"
		}
		round := func(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
		say("%-20s %7v %11v %7d %9v %9v %9v %9v%s\n", name, orders, over, l.Sales, round(l.P50), round(l.P99), round(l.Judged), required, missed)
	}
	for _, s := range r.Shops {
		if s.Here {
			say("%-20s %7d\n", s.Name, s.Orders)
			continue
		}
		late(s.Name, s.Orders, s.Over, s.Lag)
	}
	late(catalogueName, "", "", r.Catalogue)
	late("All of them", "", "", r.All)
	say("the last listing that differed was seen to be right %v after the faults; shops are looked at every %v, as far as their quota goes\n", r.Agreed.Round(time.Second), looks)
	say("the hub's auditor at the end: %s\n  at its lowest on the way: %s\n", r.End, r.Lowest)
	say("%s: seed %d, %d lost, %d oversold, %d promises broken, %.1f s\n", r.Name, r.Seed, r.Lost, r.Oversold, len(r.Broken), r.Seconds)
	return errors.Join(errs...)
}
