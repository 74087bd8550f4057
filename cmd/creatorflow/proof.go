package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/creatorflow/creatorflow/bench"
	"github.com/creatorflow/creatorflow/bench/load"
	"github.com/creatorflow/creatorflow/drill/crash"
)

type drillCommand struct {
	Crash drillCrash `cmd:"" help:"Kill the hub with SIGKILL under load and check that nothing acknowledged is lost."`
}

type drillCrash struct {
	Cycles int    `help:"How often the hub is killed." default:"20"`
	Short  bool   `help:"Five kills instead."`
	Seed   uint64 `help:"Fixes inputs, faults and their order." default:"1"`
	Rate   int    `help:"Webhooks a minute." default:"1000"`
	JSON   bool   `help:"One JSON line instead of a table."`
	Binary string `help:"The program to kill; this one when not given." type:"existingfile"`
	Dir    string `help:"Folder for what the drill leaves; a temporary one when not given." type:"path"`
}

// Validate refuses a drill that would prove nothing.
func (d drillCrash) Validate() error {
	if d.Cycles < 1 || d.Rate < 1 {
		return errors.New("--cycles and --rate are at least 1")
	}
	return nil
}

// Run drills; it fails when the hub broke a promise, and keeps the folder then.
func (d drillCrash) Run(ctx context.Context, c console) (err error) {
	if d.Short {
		d.Cycles = 5
	}
	if d.Binary == "" {
		if d.Binary, err = os.Executable(); err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
	}
	own := d.Dir == ""
	if own {
		if d.Dir, err = os.MkdirTemp("", "creatorflow-drill-"); err != nil {
			return fmt.Errorf("make a folder for the drill: %w", err)
		}
	}
	report, err := crash.Run(ctx, crash.Options{
		Binary: d.Binary, Dir: d.Dir, Cycles: d.Cycles, Seed: d.Seed, PerMinute: d.Rate, Version: version, Out: c.err,
	})
	if err != nil {
		return fmt.Errorf("%w (what it left is in %s)", err, d.Dir)
	}
	if d.JSON {
		err = json.NewEncoder(c.out).Encode(report)
	} else {
		_, err = fmt.Fprintf(c.out, `%d kills under load, %d orders, %d acknowledged webhooks and commands
                        measured   required
acknowledged and lost  %9d   0
done twice at the shop %9d   0
oversold SKUs          %9d   0
ready again, p99       %6.0f ms   3000 ms
crash: seed %d, %d lost, %d twice, %d oversold, %.1f s
`, report.Cycles, report.Orders, report.Acked, report.Lost, report.Twice, report.Oversold, report.P99,
			report.Seed, report.Lost, report.Twice, report.Oversold, report.Seconds)
	}
	if broken := report.Err(); broken != nil {
		return errors.Join(err, fmt.Errorf("the hub broke a promise (what it left is in %s): %w", d.Dir, broken))
	}
	if own {
		err = errors.Join(err, os.RemoveAll(d.Dir))
	}
	return err
}

type benchCommand struct {
	Append benchAppend `cmd:"" help:"Durable appends a second beside a bare loop on the same engine."`
	Ingest benchIngest `cmd:"" help:"The whole hub under a busy shop's webhooks."`
	Start  benchStart  `cmd:"" help:"How soon serve answers and the demo moves, and what an idle hub needs."`
}

type benchAppend struct {
	Engine  string  `help:"What keeps the log: ${enum}." enum:"sqlite,postgres" default:"sqlite"`
	DB      string  `name:"db" help:"With --engine postgres: a server to measure, postgres://user@host/database; it gets databases of its own. When not given, one is started from the machine's packages."`
	Seconds float64 `help:"Length of each measurement." default:"4"`
	JSON    bool    `help:"One JSON object a line instead of a table."`
	Dir     string  `help:"Folder on the disk to measure; a temporary one when not given." type:"path"`
}

// Validate refuses a measurement of nothing.
func (b benchAppend) Validate() error {
	if b.Seconds <= 0 {
		return errors.New("--seconds is longer than nothing")
	}
	return nil
}

// Run measures appends.
func (b benchAppend) Run(ctx context.Context, c console) error {
	return bench.Append(ctx, bench.Options{Engine: b.Engine, DB: b.DB, Dir: b.Dir, Seconds: b.Seconds, JSON: b.JSON, Out: c.out})
}

type benchIngest struct {
	Length time.Duration `help:"Length of the load." default:"10m"`
	Rate   int           `help:"Webhooks a minute." default:"1000"`
	Seed   uint64        `help:"Fixes inputs, faults and their order." default:"1"`
	JSON   bool          `help:"One JSON object instead of a table."`
	Dir    string        `help:"Data folder; a temporary one when not given." type:"path"`
}

// Validate refuses a measurement of nothing.
func (b benchIngest) Validate() error {
	if b.Rate < 1 || b.Rate > 60_000 || b.Length <= 0 {
		return errors.New("--rate is 1 to 60000 webhooks a minute, --length longer than nothing")
	}
	return nil
}

// Run measures the hub under load.
func (b benchIngest) Run(ctx context.Context, c console) error {
	return load.Ingest(ctx, load.Options{Dir: b.Dir, Length: b.Length, PerMinute: b.Rate, Seed: b.Seed, JSON: b.JSON, Out: c.out})
}

type benchStart struct {
	Runs int           `help:"Starts of each command; the median counts." default:"5"`
	Idle time.Duration `help:"Rest before an empty hub's memory is read." default:"5s"`
	JSON bool          `help:"One JSON object instead of a table."`
}

// Validate refuses a measurement of nothing.
func (b benchStart) Validate() error {
	if b.Runs < 1 || b.Idle < 0 {
		return errors.New("--runs is at least 1, --idle not below 0")
	}
	return nil
}

// Run measures starts of this program.
func (b benchStart) Run(ctx context.Context, c console) error {
	binary, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return bench.Start(ctx, bench.StartOptions{Binary: binary, Runs: b.Runs, Idle: b.Idle, JSON: b.JSON, Out: c.out})
}
