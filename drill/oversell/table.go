package oversell

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/creatorflow/creatorflow/domain/exposure"
)

// Write prints the table: of each policy and kind of write, the units oversold in a sell-out and the share of sell-outs that
// oversold, and under escrow the buyers who were refused while units were left.
func (r Report) Write(w io.Writer) error {
	var errs []error
	say := func(format string, args ...any) {
		_, err := fmt.Fprintf(w, format, args...)
		errs = append(errs, err)
	}
	say("Oversold units a sell-out / sell-outs hit. Under escrow also / buyers refused while units were left.\n\n" +
		"| trouble | demand/h | lags: news + push | escrow, swap | escrow, overwrite | hybrid, swap | hybrid, overwrite | mirror, swap | mirror, overwrite |\n" +
		"|---|---|---|---|---|---|---|---|---|\n")
	for _, row := range r.rows() {
		say("| %s | %g | %s |", row[0].Trouble, row[0].PerHour, row[0].lags())
		for _, policy := range policies {
			for _, method := range methods {
				say(" %s |", row.text(policy, method))
			}
		}
		say("\n")
	}
	var hit, beyond, late int
	for _, c := range r.Cells {
		if c.Policy == exposure.Escrow && c.setting.Hands > 0 {
			hit, late, beyond = hit+c.Hit, late+c.Late, beyond+c.Beyond
		}
	}
	say("\n%d sell-outs under escrow oversold what was raised by hand (each edit is named with --json); %d of them more than\n"+
		"was sold before the hub saw the edit, %d more than before it had put the listings right.\n", hit, late, beyond)
	for _, c := range r.Cells {
		if c.Policy == exposure.Mirror && c.setting.Down > 0 && c.NewsLag == c.PushLag {
			say("mirror, %s, %g/h, %s, %s: risk %.0f %% as the page puts it, %.0f %% of sell-outs oversold in the outage\n", c.Method, c.PerHour,
				c.lags(), c.Trouble, 100*c.Risk, 100*float64(c.Away)/float64(c.SellOuts))
		}
	}
	say("%s: seed %d, %d sell-outs in %d cells, %d against a promise, %d promises broken, %.1f s\n", r.Name, r.Seed, r.Cycles, len(r.Cells),
		r.Oversold, len(r.Broken), r.Seconds)
	return errors.Join(errs...)
}

func (c Cell) lags() string {
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	return fmt.Sprintf("%v + %v", seconds(c.NewsLag), seconds(c.PushLag))
}

// row are the cells of one trouble, rate and pair of lags.
type row []Cell

func (r Report) rows() (all []row) {
	for _, c := range r.Cells {
		if n := len(all); n > 0 && all[n-1][0].Trouble == c.Trouble && all[n-1][0].PerHour == c.PerHour && all[n-1][0].lags() == c.lags() {
			all[n-1] = append(all[n-1], c)
			continue
		}
		all = append(all, row{c})
	}
	return all
}

func (r row) text(policy exposure.Policy, method exposure.Method) string {
	for _, c := range r {
		if c.Policy != policy || c.Method != method {
			continue
		}
		text := fmt.Sprintf("%.2f / %.0f %%", c.Oversold, 100*float64(c.Hit)/float64(c.SellOuts))
		if policy == exposure.Escrow {
			text += fmt.Sprintf(" / %.1f", c.Refused)
		}
		return text
	}
	return "–"
}
