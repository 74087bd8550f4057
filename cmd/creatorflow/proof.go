package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/creatorflow/creatorflow/bench"
	"github.com/creatorflow/creatorflow/bench/load"
	"github.com/creatorflow/creatorflow/bench/months"
	"github.com/creatorflow/creatorflow/bench/search"
	"github.com/creatorflow/creatorflow/bench/startup"
	"github.com/creatorflow/creatorflow/bench/stock"
	"github.com/creatorflow/creatorflow/bench/views"
)

type benchCommand struct {
	Append  benchAppend  `cmd:"" help:"Durable appends a second beside a bare loop on the same engine."`
	Follow  benchFollow  `cmd:"" help:"Durable events at a steady rate with the views following, and how far behind they are."`
	Ingest  benchIngest  `cmd:"" help:"The whole hub under a busy shop's webhooks."`
	Reserve benchReserve `cmd:"" help:"Durable reservations of one SKU a second beside a bare loop on the same engine."`
	Rebuild benchRebuild `cmd:"" help:"Events a second from the log into all views, beside a bare scan of the log."`
	Search  benchSearch  `cmd:"" help:"How long searches, lists and the start take on a hub with very many orders."`

	Stock benchStock `cmd:"" help:"How soon 100,000 stock changes an hour, and bursts of ten times as many, are in the view; the ledger must be exact."`

	Months benchMonths `cmd:"" help:"How soon an order's history is read from a log of thirteen months, and what others wait for while old months leave the database."`

	Conflict benchConflict `cmd:"" help:"Reservations of one SKU with a long history by two appenders that overtake each other."`

	Start benchStart `cmd:"" help:"How soon serve answers and the demo moves, and what an idle hub needs."`
}

// benchFlags are the flags of the benches of a log.
type benchFlags struct {
	Engine  string  `help:"What keeps the log: ${enum}." enum:"sqlite,postgres" default:"sqlite"`
	DB      string  `name:"db" help:"With --engine postgres: a server to measure, postgres://user@host/database; it gets databases of its own. When not given, one is started from the machine's packages."`
	Seconds float64 `help:"Length of each measurement." default:"4"`
	JSON    bool    `help:"One JSON object a line instead of a table."`
	Dir     string  `help:"Folder on the disk to measure; a temporary one when not given." type:"path"`
}

// Validate refuses a measurement of nothing.
func (b benchFlags) Validate() error {
	if b.Seconds <= 0 {
		return errors.New("--seconds is longer than nothing")
	}
	return nil
}

func (b benchFlags) options(c console) bench.Options {
	return bench.Options{Engine: b.Engine, DB: b.DB, Dir: b.Dir, Seconds: b.Seconds, JSON: b.JSON, Out: c.out}
}

type benchAppend struct {
	benchFlags
	Processes int   `help:"With --engine postgres: so many processes on one database, together and by turns with one alone." default:"1"`
	Filled    int64 `help:"Measure a log of so many events, such as 20000000, beside an empty one, instead of the bare loop."`
	Worker    *int  `help:"One of the processes, by its number." hidden:""`
}

// Validate refuses a measurement of nothing.
func (b benchAppend) Validate() error {
	if b.Processes < 1 || b.Processes > 1 && b.Engine != bench.Postgres {
		return errors.New("--processes is at least 1, and more than 1 need --engine postgres: a folder of files belongs to one process")
	}
	if b.Filled < 0 || b.Filled > 0 && b.Processes > 1 {
		return errors.New("--filled is a number of events, and does not go with --processes")
	}
	return b.benchFlags.Validate()
}

// Run measures appends.
func (b benchAppend) Run(ctx context.Context, c console) error {
	switch {
	case b.Worker != nil:
		return bench.Worker(ctx, b.DB, *b.Worker, os.Stdin, c.out)
	case b.Filled > 0:
		return bench.Filled(ctx, b.options(c), b.Filled)
	case b.Processes > 1:
		binary, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
		return bench.Processes(ctx, b.options(c), binary, b.Processes)
	}
	return bench.Append(ctx, b.options(c))
}

type benchFollow struct {
	Engine string        `help:"What keeps log and views: ${enum}." enum:"sqlite,postgres" default:"sqlite"`
	DB     string        `name:"db" help:"As in bench append."`
	Rate   float64       `help:"Events a second." default:"10000"`
	Length time.Duration `help:"Length of the load." default:"60s"`
	JSON   bool          `help:"One JSON object instead of a table."`
	Dir    string        `help:"Folder on the disk to measure; a temporary one when not given." type:"path"`
}

// Validate refuses a measurement of nothing.
func (b benchFollow) Validate() error {
	if b.Rate < 100 || b.Length <= 0 {
		return errors.New("--rate is at least 100 events a second, --length longer than nothing")
	}
	return nil
}

// Run measures how the views follow.
func (b benchFollow) Run(ctx context.Context, c console) error {
	return views.Follow(ctx, bench.Options{Engine: b.Engine, DB: b.DB, Dir: b.Dir, Seconds: b.Length.Seconds(), JSON: b.JSON, Out: c.out}, b.Rate)
}

type benchStock struct {
	Engine string        `help:"What keeps the hub's data: ${enum}." enum:"sqlite,postgres" default:"sqlite"`
	DB     string        `name:"db" help:"As in bench ingest."`
	Length time.Duration `help:"Length of the load; of each minute 3 s are a burst." default:"3m"`
	Seed   uint64        `help:"Fixes which changes are made." default:"1"`
	JSON   bool          `help:"One JSON object instead of a table."`
	Dir    string        `help:"Data folder; a temporary one when not given." type:"path"`
}

// Validate refuses a measurement of nothing.
func (b benchStock) Validate() error {
	if b.Length < 5*time.Second {
		return errors.New("--length is at least 5s")
	}
	return nil
}

// Run measures how soon changes of stock are in the view.
func (b benchStock) Run(ctx context.Context, c console) error {
	return stock.Run(ctx, stock.Options{Engine: b.Engine, DB: b.DB, Dir: b.Dir, Length: b.Length, Seed: b.Seed, JSON: b.JSON, Out: c.out})
}

type benchMonths struct {
	Engine string `help:"What keeps the log: ${enum}." enum:"sqlite,postgres" default:"sqlite"`
	DB     string `name:"db" help:"As in bench ingest."`
	Orders int    `help:"Orders of the history, each of about fifteen events." default:"70000"`
	Reads  int    `help:"Orders whose history is read, before and after." default:"500"`
	Seed   uint64 `help:"Fixes which are read." default:"1"`
	JSON   bool   `help:"One JSON object instead of a table."`
	Dir    string `help:"Data folder; a temporary one when not given." type:"path"`
}

// Validate refuses a measurement of nothing.
func (b benchMonths) Validate() error {
	if b.Orders < 100 || b.Reads < 1 {
		return errors.New("--orders is at least 100, --reads at least 1")
	}
	return nil
}

// Run measures a log of more than a year.
func (b benchMonths) Run(ctx context.Context, c console) error {
	return months.Run(ctx, months.Options{Engine: b.Engine, DB: b.DB, Dir: b.Dir, Orders: b.Orders, Reads: b.Reads, Seed: b.Seed, JSON: b.JSON, Out: c.out})
}

type benchReserve struct{ benchFlags }

// Run measures reservations.
func (b benchReserve) Run(ctx context.Context, c console) error {
	return bench.Reserve(ctx, b.options(c))
}

type benchConflict struct{ benchFlags }

// Run measures reservations that come second.
func (b benchConflict) Run(ctx context.Context, c console) error {
	return bench.Conflict(ctx, b.options(c))
}

type benchRebuild struct {
	Engine string `help:"What keeps log and views: ${enum}." enum:"sqlite,postgres" default:"sqlite"`
	DB     string `name:"db" help:"As in bench append."`
	Events int    `help:"Length of the log, about." default:"2000000"`
	Runs   int    `help:"Rebuilds and scans, in turn; the medians count." default:"3"`
	JSON   bool   `help:"One JSON object instead of a table."`
	Dir    string `help:"Folder on the disk to measure; a temporary one when not given." type:"path"`
}

// Validate refuses a measurement of nothing.
func (b benchRebuild) Validate() error {
	if b.Events < 1000 || b.Runs < 1 {
		return errors.New("--events is at least 1000, --runs at least 1")
	}
	return nil
}

// Run measures rebuilds.
func (b benchRebuild) Run(ctx context.Context, c console) error {
	return views.Rebuild(ctx, bench.Options{Engine: b.Engine, DB: b.DB, Dir: b.Dir, JSON: b.JSON, Out: c.out}, b.Events, b.Runs)
}

type benchIngest struct {
	Engine string        `help:"What keeps the hub's data: ${enum}." enum:"sqlite,postgres" default:"sqlite"`
	DB     string        `name:"db" help:"With --engine postgres: an empty database, postgres://user@host/database. When not given, a server is started from the machine's packages."`
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
	return load.Ingest(ctx, load.Options{Engine: b.Engine, DB: b.DB, Dir: b.Dir, Length: b.Length, PerMinute: b.Rate, Seed: b.Seed, JSON: b.JSON, Out: c.out})
}

type benchSearch struct {
	Engine   string `help:"What keeps the hub's data: ${enum}." enum:"sqlite,postgres" default:"sqlite"`
	DB       string `name:"db" help:"As in bench ingest."`
	Orders   int    `help:"Orders of the hub that is asked; it has a tenth as many SKUs." default:"1000000"`
	Searches int    `help:"Searches of all kinds, mixed." default:"500"`
	Seed     uint64 `help:"Fixes what is asked." default:"1"`
	JSON     bool   `help:"One JSON object instead of a table."`
	Dir      string `help:"Folder for the hub, which stays and is asked again; a temporary one when not given." type:"path"`
}

// Validate refuses a measurement of nothing.
func (b benchSearch) Validate() error {
	if b.Orders < 100 || b.Searches < 20 {
		return errors.New("--orders is at least 100, --searches at least 20")
	}
	return nil
}

// Run measures searches with this program.
func (b benchSearch) Run(ctx context.Context, c console) error {
	binary, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return search.Run(ctx, search.Options{
		Binary: binary, Engine: b.Engine, DB: b.DB, Dir: b.Dir, Orders: b.Orders, Searches: b.Searches, Seed: b.Seed, JSON: b.JSON, Out: c.out,
	})
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
	return startup.Run(ctx, startup.Options{Binary: binary, Runs: b.Runs, Idle: b.Idle, JSON: b.JSON, Out: c.out})
}
