// Package drills has the commands that break the hub on purpose: their flags, and how what they found is printed.
package drills

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/bitrot"
	"github.com/creatorflow/creatorflow/drill/crash"
	"github.com/creatorflow/creatorflow/drill/disk"
	"github.com/creatorflow/creatorflow/drill/outage"
	"github.com/creatorflow/creatorflow/drill/powercut"
	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/storage/postgres/pgserver"
)

// Console is where commands print, and which build of the program they are.
type Console struct {
	Out, Err io.Writer
	Version  string
}

// Command has a drill each.
type Command struct {
	Crash      crashDrill      `cmd:"" help:"Kill the hub with SIGKILL under load and check that nothing acknowledged is lost."`
	Powercut   powercutDrill   `cmd:"" help:"Cut the power of the hub's disk under load and check that nothing acknowledged is lost."`
	Bitrot     bitrotDrill     `cmd:"" help:"Flip bits in the files of a hub that was killed and check that each is noticed that changes anything."`
	Disk       diskDrill       `cmd:"" help:"Fill the hub's disk under load and check that it goes on by itself when there is room."`
	Month      monthDrill      `cmd:"" help:"Let four shops sell for a month of virtual time among faults, and count the orders that a person had to touch."`
	Oversell   oversellDrill   `cmd:"" help:"Sell stock out over several shops in virtual time, in every kind of trouble, and check what each listing policy promises."`
	Flow       flowDrill       `cmd:"" help:"Stop an order's flow at each of its seven steps, in five ways, and check that it ends complete or fully undone."`
	Outage     outageDrill     `cmd:"" help:"Take database and channel away under load, send webhooks nobody can use, and check that one hub lives through it."`
	Simulation simulationDrill `cmd:"" help:"Run the hub for days of virtual time under all faults at once, one day a seed."`
	Clock      clockDrill      `cmd:"" help:"Set the hub's clock by a day and by an hour, and compare the end with that under a right clock."`
	Chaos      chaosDrill      `cmd:"" help:"Deliver webhooks several times, late, in any order or never, and compare the end with that of delivery once and in order."`
}

// Help is shown below the drills.
func (Command) Help() string {
	return "Exit code 0: the hub kept its promises. 1: it broke one, or the drill failed. 3: this machine lacks what the drill needs, so nothing was proven."
}

// drillFlags are the flags of every drill on the whole program.
type drillFlags struct {
	Short  bool   `help:"Few cycles, for a first look."`
	Seed   uint64 `help:"Fixes inputs, faults and their order." default:"1"`
	Rate   int    `help:"Webhooks a minute." default:"1000"`
	JSON   bool   `help:"One JSON line instead of a table."`
	Binary string `help:"The program to break; this one when not given." type:"existingfile"`
	Dir    string `help:"Folder for what the drill leaves; a temporary one when not given." type:"path"`
	Check  string `help:"Break nothing: judge again what a drill left in this folder." type:"existingdir" placeholder:"DIR"`
}

// validate refuses a drill that would prove nothing.
func (f drillFlags) validate(cycles int) error {
	if cycles < 1 || f.Rate < 1 {
		return errors.New("--cycles and --rate are at least 1")
	}
	return nil
}

// run drills and prints what was found; it fails when the hub broke a promise, and keeps the folder
// then. Blow is what the drill deals, in the plural.
func (f drillFlags) run(ctx context.Context, c Console, cycles, short int, blow string,
	drilled func(context.Context, drill.Options) (drill.Report, error),
) (err error) {
	if f.Check != "" {
		return f.check(ctx, c, "", blow)
	}
	if f.Short {
		cycles = short
	}
	if f.Binary == "" {
		if f.Binary, err = os.Executable(); err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
	}
	own := f.Dir == ""
	if own {
		if f.Dir, err = os.MkdirTemp("", "creatorflow-drill-"); err != nil {
			return fmt.Errorf("make a folder for the drill: %w", err)
		}
	}
	report, err := drilled(ctx, drill.Options{
		Binary: f.Binary, Dir: f.Dir, Cycles: cycles, Seed: f.Seed, PerMinute: f.Rate, Version: c.Version, Out: c.Err,
	})
	switch {
	case ctx.Err() != nil: // an interruption is no pass
		return fmt.Errorf("the drill was interrupted, so nothing was proven (what it left is in %s)", f.Dir)
	case err != nil:
		return fmt.Errorf("%w (what it left is in %s)", err, f.Dir)
	}
	err = f.print(c, report, blow)
	if own && (err == nil || report.NotRun != "") {
		err = errors.Join(err, os.RemoveAll(f.Dir))
	}
	return err
}

// check judges what a drill left; db is the database of one that ran on the owner's own server.
func (f drillFlags) check(ctx context.Context, c Console, db, blow string) error {
	report, err := drill.Check(ctx, f.Check, db)
	if err != nil {
		return err
	}
	f.Dir = f.Check
	return f.print(c, report, blow)
}

// print prints what was found, and fails when the hub broke a promise or nothing was proven.
func (f drillFlags) print(c Console, report drill.Report, blow string) (err error) {
	if f.JSON {
		err = json.NewEncoder(c.Out).Encode(report)
	} else {
		err = table(c, report, blow)
	}
	broken := report.Err()
	if broken != nil && report.NotRun == "" {
		broken = fmt.Errorf("the hub broke a promise (what it left is in %s): %w", f.Dir, broken)
	}
	return errors.Join(err, broken)
}

func table(c Console, r drill.Report, blow string) error {
	if r.NotRun != "" {
		_, err := fmt.Fprintf(c.Out, "%s: not run: %s\n", r.Name, r.NotRun)
		return err
	}
	if r.Points > 0 {
		blow += fmt.Sprintf(" (%d of %d failpoints fired; never: %s)", r.Fired, r.Points, cmp.Or(strings.Join(r.Unfired, ", "), "none"))
	}
	for _, f := range r.Flips {
		if _, err := fmt.Fprintf(c.Out, "%-13s %9d bytes: %4d flips, %4d detected, %4d mended, %4d unread, %4d missed\n",
			f.File, f.Bytes, f.Flips, f.Detected, f.Mended, f.Unread, f.Missed); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(c.Out, `%d %s under load, %d orders, %d acknowledged webhooks and commands
                        measured   required
acknowledged and lost  %9d   0
done twice at the shop %9d   0
oversold SKUs          %9d   0
ready again, p99       %6.0f ms   3000 ms
%s: seed %d, %d lost, %d twice, %d oversold, %.1f s
`, r.Cycles, blow, r.Orders, r.Acked, r.Lost, r.Twice, r.Oversold, r.P99, r.Name, r.Seed, r.Lost, r.Twice, r.Oversold, r.Seconds)
	return err
}

type crashDrill struct {
	drillFlags
	Cycles int    `help:"How often the hub is killed." default:"20"`
	Engine string `help:"What keeps the data: ${enum}. The PostgreSQL server is the drill's own, from the machine's packages, unless --db names another." enum:"sqlite,postgres" default:"sqlite"`
	DB     string `name:"db" help:"Empty PostgreSQL database that keeps the data instead." placeholder:"postgres://user:password@host/name"`
}

// Help is shown below the flags.
func (crashDrill) Help() string {
	return "Kills come at random times; a --binary that was built with -tags drill is also killed at the points where a crash matters most, and the drill says which of them fired."
}

// Validate refuses a drill that would prove nothing.
func (d crashDrill) Validate() error { return d.validate(d.Cycles) }

// Run kills.
func (d crashDrill) Run(ctx context.Context, c Console) error {
	if d.Check != "" {
		return d.check(ctx, c, d.DB, "kills")
	}
	return d.run(ctx, c, d.Cycles, 5, "kills", func(ctx context.Context, o drill.Options) (r drill.Report, err error) {
		if o.DB = d.DB; o.DB != "" || d.Engine != engine.Postgres {
			return crash.Run(ctx, o)
		}
		server, err := pgserver.Start(ctx, filepath.Join(o.Dir, "postgres"))
		if errors.Is(err, pgserver.ErrNone) {
			return drill.Report{Name: "crash", Engine: d.Engine, Seed: o.Seed, Commit: o.Version, NotRun: err.Error()}, nil
		}
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, server.Close()) }()
		o.DB, o.Cluster = server.URL("postgres"), filepath.Join("postgres", "data")
		return crash.Run(ctx, o)
	})
}

type powercutDrill struct {
	drillFlags
	Engine string `help:"What keeps the data on the disk: ${enum}. The PostgreSQL server is the drill's own, from the machine's packages." enum:"sqlite,postgres" default:"sqlite"`
	Cycles int    `help:"How often the power is cut." default:"1000"`
}

// Help is shown below the flags.
func (powercutDrill) Help() string {
	return "The data folder is on a file system of the drill's own that drops or tears what was not synced. It takes /dev/fuse, and root or fusermount; without them the drill says not_run and exits with 3."
}

// Validate refuses a drill that would prove nothing.
func (d powercutDrill) Validate() error { return d.validate(d.Cycles) }

// Run cuts.
func (d powercutDrill) Run(ctx context.Context, c Console) error {
	short := 50
	if d.Engine == engine.Postgres {
		short = 5
	}
	return d.run(ctx, c, d.Cycles, short, "power cuts", func(ctx context.Context, o drill.Options) (drill.Report, error) {
		return powercut.Run(ctx, powercut.Options{Options: o, Engine: d.Engine})
	})
}

type bitrotDrill struct {
	drillFlags
	Flips int `help:"How many bits are flipped, one at a time." default:"1000"`
}

// Validate refuses a drill that would prove nothing.
func (d bitrotDrill) Validate() error {
	if d.Flips < 1 {
		return errors.New("--flips is at least 1")
	}
	return d.validate(d.Flips)
}

// Run flips.
func (d bitrotDrill) Run(ctx context.Context, c Console) error {
	return d.run(ctx, c, d.Flips, 60, "flipped bits", bitrot.Run)
}

type diskDrill struct {
	drillFlags
	Cycles int `help:"How often the disk is filled." default:"10"`
}

// Help is shown below the flags.
func (diskDrill) Help() string {
	return "The data folder is on a tmpfs of 256 MB, which takes root to mount; without it the drill says not_run and exits with 3."
}

// Validate refuses a drill that would prove nothing.
func (d diskDrill) Validate() error { return d.validate(d.Cycles) }

// Run fills.
func (d diskDrill) Run(ctx context.Context, c Console) error {
	return d.run(ctx, c, d.Cycles, 1, "full disks", disk.Run)
}

type outageDrill struct {
	drillFlags
	Engine string        `help:"What keeps the data: ${enum}. SQLite has no server to kill." enum:"sqlite,postgres" default:"postgres"`
	Cycles int           `help:"How often the PostgreSQL server is killed." default:"20"`
	Away   time.Duration `help:"How long the channel does not answer." default:"60s"`

	Virtual  bool `help:"In virtual time: the channel is away for 30 minutes, and of its other answers 5 % are faults that pass."`
	Webhooks int  `help:"With --virtual, how many are acknowledged." default:"100000"`
}

// Help is shown below the flags.
func (outageDrill) Help() string {
	return "The PostgreSQL server is the drill's own, from the machine's packages; without them the drill says not_run and exits with 3."
}

// Validate refuses a drill that would prove nothing.
func (d outageDrill) Validate() error { return d.validate(d.Cycles) }

// Run takes away.
func (d outageDrill) Run(ctx context.Context, c Console) error {
	if d.Virtual {
		return d.virtual(ctx, c)
	}
	if d.Short {
		d.Away = 5 * time.Second
	}
	return d.run(ctx, c, d.Cycles, 3, "database outages", func(ctx context.Context, o drill.Options) (drill.Report, error) {
		return outage.Run(ctx, outage.Options{Options: o, Engine: d.Engine, Away: d.Away})
	})
}

func (d outageDrill) virtual(ctx context.Context, c Console) error {
	o := outage.VirtualOptions{Webhooks: d.Webhooks, Away: 30 * time.Minute, Seed: d.Seed, Version: c.Version}
	if d.Short {
		o.Webhooks, o.Away = 1000, time.Minute
	}
	return virtualFlags{Seed: d.Seed, JSON: d.JSON, Dir: d.Dir}.run(c, "webhooks", func(dir string) (drill.Report, error) {
		o.Dir = dir
		return outage.Virtual(ctx, o)
	})
}
