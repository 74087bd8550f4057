package drills

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/drill/chaos"
	"github.com/creatorflow/creatorflow/drill/clock"
	"github.com/creatorflow/creatorflow/drill/simulation"
	"github.com/creatorflow/creatorflow/drill/steps"
)

// virtualFlags are the flags of every drill in virtual time.
type virtualFlags struct {
	Short bool   `help:"Few, for a first look."`
	Seed  uint64 `help:"The first; it fixes inputs, faults and their order." default:"1"`
	JSON  bool   `help:"One JSON line instead of a table."`
	Dir   string `help:"Folder for what the drill leaves; a temporary one when not given, in memory where there is such a place." type:"path"`
}

// run drills and prints what was found; it fails when the hub broke a promise, and keeps the folder
// then. Unit is what the drill counts, in the plural.
func (f virtualFlags) run(c Console, unit string, drilled func(dir string) (drill.Report, error)) (err error) {
	own := f.Dir == ""
	if own {
		if f.Dir, err = bubble.Folder(); err != nil {
			return err
		}
	}
	report, err := drilled(f.Dir)
	if err != nil {
		return fmt.Errorf("%w (what it left is in %s)", err, f.Dir)
	}
	if f.JSON {
		err = json.NewEncoder(c.Out).Encode(report)
	} else {
		_, err = fmt.Fprintf(c.Out, `%d %s, %d orders, %d acknowledged webhooks and commands
                        measured   required
acknowledged and lost  %9d   0
done twice at the shop %9d   0
oversold SKUs          %9d   0
promises broken        %9d   0
the hub's auditor at the end: %s
  at its lowest on the way: %s
%s: seed %d, %d lost, %d twice, %d oversold, %.1f s
`, report.Cycles, unit, report.Orders, report.Acked, report.Lost, report.Twice, report.Oversold, len(report.Broken), report.End, report.Lowest,
			report.Name, report.Seed, report.Lost, report.Twice, report.Oversold, report.Seconds)
	}
	if w := report.Worked; w.Webhooks > 0 && !f.JSON && err == nil {
		_, err = fmt.Fprintf(c.Out, "%d of %d webhooks processed, %.3f %%, required 99.9 %%; %d dead letters; %d of %d calls to the channel failed while it was there\n",
			w.Processed, w.Webhooks, w.Share(), w.Letters, w.Faults, w.Calls)
	}
	if broken := report.Err(); broken != nil {
		return errors.Join(err, fmt.Errorf("the hub broke a promise (what it left is in %s): %w", f.Dir, broken))
	}
	if own {
		err = errors.Join(err, os.RemoveAll(f.Dir))
	}
	return err
}

type simulationDrill struct {
	virtualFlags
	Seeds int `help:"Days of virtual time." default:"10000"`
}

// Validate refuses a drill that would prove nothing.
func (d simulationDrill) Validate() error {
	if d.Seeds < 1 {
		return errors.New("--seeds is at least 1")
	}
	return nil
}

// Run simulates.
func (d simulationDrill) Run(ctx context.Context, c Console) error {
	if d.Short {
		d.Seeds = 20
	}
	return d.run(c, "days", func(dir string) (drill.Report, error) {
		return simulation.Run(ctx, simulation.Options{Dir: dir, Seeds: d.Seeds, Seed: d.Seed, Version: c.Version, Out: c.Err})
	})
}

type chaosDrill struct {
	virtualFlags
	Sequences int `help:"Lives of orders, each with one way in which its webhooks come." default:"1000000"`
}

// Validate refuses a drill that would prove nothing.
func (d chaosDrill) Validate() error {
	if d.Sequences < 1 {
		return errors.New("--sequences is at least 1")
	}
	return nil
}

// Run delivers.
func (d chaosDrill) Run(ctx context.Context, c Console) error {
	if d.Short {
		d.Sequences = 2000
	}
	return d.run(c, "sequences", func(dir string) (drill.Report, error) {
		return chaos.Run(ctx, chaos.Options{Dir: dir, Sequences: d.Sequences, Seed: d.Seed, Version: c.Version})
	})
}

type clockDrill struct {
	virtualFlags
	Cycles int `help:"How often the clock is set wrong, and right again." default:"40"`
}

// Validate refuses a drill that would prove nothing.
func (d clockDrill) Validate() error {
	if d.Cycles < 1 {
		return errors.New("--cycles is at least 1")
	}
	return nil
}

// Run sets clocks.
func (d clockDrill) Run(ctx context.Context, c Console) error {
	if d.Short {
		d.Cycles = 4
	}
	return d.run(c, "steps of the clock", func(dir string) (drill.Report, error) {
		return clock.Run(ctx, clock.Options{Dir: dir, Cycles: d.Cycles, Seed: d.Seed, Version: c.Version})
	})
}

type flowDrill struct {
	JSON bool   `help:"One JSON line instead of a table."`
	Dir  string `help:"Folder for what the drill leaves; a temporary one when not given, in memory where there is such a place." type:"path"`
}

// Run stops flows: first with simulated partners for money and label, then direct sales of the whole hub at a simulated Stripe.
func (d flowDrill) Run(ctx context.Context, c Console) (err error) {
	own := d.Dir == ""
	if own {
		if d.Dir, err = bubble.Folder(); err != nil {
			return err
		}
	}
	o := steps.Options{Dir: d.Dir, Version: c.Version}
	for _, rows := range []func() (drill.Report, []steps.Result, error){
		func() (drill.Report, []steps.Result, error) { return steps.Run(ctx, o) },
		func() (drill.Report, []steps.Result, error) { return steps.Direct(ctx, o, nil) },
	} {
		report, results, failed := rows()
		if failed != nil {
			return fmt.Errorf("%w (what it left is in %s)", failed, d.Dir)
		}
		if d.JSON {
			err = errors.Join(err, json.NewEncoder(c.Out).Encode(report))
		} else {
			err = errors.Join(err, flowTable(c, report, results))
		}
		if broken := report.Err(); broken != nil {
			err = errors.Join(err, fmt.Errorf("the %s broke a promise (what it left is in %s): %w", report.Name, d.Dir, broken))
		}
	}
	if err != nil {
		return err
	}
	if own {
		err = errors.Join(err, os.RemoveAll(d.Dir))
	}
	return err
}

// flowTable has a line for each case. Balances are what is too much at the end.
func flowTable(c Console, report drill.Report, results []steps.Result) error {
	const columns = "%-19s %-13s %-10s %-9s %6v %6v %7v %8v\n"
	_, err := fmt.Fprintf(c.Out, columns, "step", "fault", "order", "ends", "units", "money", "labels", "effects")
	for _, r := range results {
		then := "goes on"
		if r.Cancelled {
			then = "cancelled"
		}
		_, printed := fmt.Fprintf(c.Out, columns, r.Step, r.Fault, then, r.End, r.Units, r.Money, r.Labels, r.Effects)
		err = errors.Join(err, printed)
	}
	_, printed := fmt.Fprintf(c.Out, "%s: %d cases, %d neither complete nor undone, %d twice under one key, %.1f s\n",
		report.Name, report.Cycles, failed(results), report.Twice, report.Seconds)
	return errors.Join(err, printed)
}

func failed(results []steps.Result) (n int) {
	for _, r := range results {
		if len(r.Broken) > 0 {
			n++
		}
	}
	return n
}
