// Package stock measures a hub whose stock changes all the time, as often as is required and in bursts of ten times
// as much: how long a change takes to be in the view, and whether the ledger is exact in the end.
//
//	schedule ─► callers ─► the inventory's rules ─► log ─► views, as the hub folds them
//	              └─► sums of their own ═══ compared with ═══ log, view and ledger rows
package stock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sort"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/bench"
	"github.com/creatorflow/creatorflow/bench/timing"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/projection"
)

// Options of the run.
type Options struct {
	Engine string // "sqlite" or "postgres"
	DB     string // of PostgreSQL, empty; "" = one of a server of its own in Dir
	Dir    string // empty = a temporary folder that is removed
	Length time.Duration
	Seed   uint64
	JSON   bool
	Out    io.Writer
}

const (
	perSecond = 28 // changes: a little more than 100,000 an hour
	burst     = 10 // times as many
	// Of each period a twentieth is a burst, in the middle.
	period   = time.Minute
	bursting = 20
	skus     = 200
	callers  = 64
	barView  = 1000 // ms, p99
	barHour  = 100_000
)

// Lag is how long changes took from the moment when they were due until the inventory's view had them, in milliseconds.
type Lag struct {
	Changes int     `json:"changes"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	Longest float64 `json:"longest_ms"`
}

// Report is what was measured.
type Report struct {
	Name    string  `json:"name"`
	Engine  string  `json:"engine"`
	Seconds float64 `json:"seconds"` // of the load
	Changes int     `json:"changes"`
	Hour    float64 `json:"changes_per_hour"`
	Steady  Lag     `json:"steady"`
	Burst   Lag     `json:"burst"`
	Bursts  int     `json:"bursts"`
	Level   float64 `json:"level_ms"` // the longest from a burst's end until the view had all of it
	SKUs    int     `json:"skus"`
	Rows    int64   `json:"ledger_rows"` // that were added up
}

// change is one that was made.
type change struct {
	due      time.Time
	burst    int // which, from 1; 0 = between bursts
	position eventlog.Position
}

// shown is when the views came to a position.
type shown struct {
	position eventlog.Position
	at       time.Time
}

type run struct {
	o    Options
	hub  *hub.Hub
	book *book

	mu    sync.Mutex
	made  []change
	shown []shown
	ends  []time.Time // of the bursts
	took  time.Duration
}

// Run changes the stock of a hub and prints how soon its views followed.
func Run(ctx context.Context, o Options) (err error) {
	dir, db, close, err := bench.Temporary(ctx, o.Engine, o.Dir, o.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, close()) }()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	r := &run{o: o}
	if r.hub, err = hub.Open(ctx, hub.Options{
		Data: filepath.Join(dir, "hub"), DB: db, Clock: time.Now, Log: slog.New(slog.DiscardHandler), Watch: r.watch,
	}); err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, r.hub.Close()) }()
	r.book = newBook(r.hub.Log, o.Seed)
	err = hub.Together(ctx,
		func(ctx context.Context) error { return r.hub.Run(ctx, listener) },
		func(ctx context.Context) error {
			if err := r.load(ctx); err != nil {
				return err
			}
			return errDone
		},
	)
	if !errors.Is(err, errDone) {
		return err
	}
	rows, err := r.book.check(ctx, r.hub.Views)
	if err != nil {
		return err
	}
	report := r.report()
	report.SKUs, report.Rows = skus, rows
	return report.print(o)
}

var errDone = errors.New("stock: done")

func (r *run) watch(n projection.Notice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shown = append(r.shown, shown{n.Position, time.Now()})
}

// due is a change that is to be made.
type due struct {
	at    time.Time
	burst int
}

// load makes the changes when they are due, and waits until the views have all of them.
func (r *run) load(ctx context.Context) error {
	if err := r.hub.Ready(ctx); err != nil {
		return err
	}
	if err := r.book.open(ctx); err != nil {
		return err
	}
	all := make(chan due, perSecond*burst) // a second of a burst; then the schedule waits, and what is late counts as late
	start := time.Now()
	parts := []func(context.Context) error{func(ctx context.Context) error {
		defer close(all)
		return r.schedule(ctx, start, all)
	}}
	for caller := range callers {
		parts = append(parts, func(ctx context.Context) error { return r.work(ctx, caller, all) })
	}
	if err := together(ctx, parts); err != nil {
		return err
	}
	r.took = time.Since(start)
	return r.hub.Projections.WaitFor(ctx, r.hub.Log.Head().Position)
}

// together runs all parts to their end, or until one fails.
func together(ctx context.Context, parts []func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for _, part := range parts {
		running.Go(func() {
			if err := part(ctx); err != nil {
				cancel(err)
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}

// schedule says when changes are due.
func (r *run) schedule(ctx context.Context, start time.Time, all chan<- due) error {
	length := min(r.o.Length, period)
	from, to := length/2, length/2+length/bursting
	within := 0 // the burst that it is in
	for at := time.Duration(0); at < r.o.Length; {
		rate := time.Duration(perSecond)
		switch in := at % length; {
		case in >= from && in < to:
			rate *= burst
			within = len(r.ends) + 1
		case within > 0:
			r.ends, within = append(r.ends, start.Add(at)), 0
		}
		if err := timing.Sleep(ctx, time.Until(start.Add(at))); err != nil {
			return err
		}
		select {
		case all <- due{start.Add(at), within}:
		case <-ctx.Done():
			return ctx.Err()
		}
		at += time.Second / rate
	}
	if within > 0 {
		r.ends = append(r.ends, start.Add(r.o.Length))
	}
	return nil
}

func (r *run) work(ctx context.Context, caller int, all <-chan due) error {
	clerk := r.book.clerk(caller)
	for next := range all {
		position, err := clerk.change(ctx)
		if err != nil {
			return err
		}
		r.mu.Lock()
		r.made = append(r.made, change{next.at, next.burst, position})
		r.mu.Unlock()
	}
	return nil
}

func (r *run) report() Report {
	out := Report{Name: "stock", Engine: r.o.Engine, Seconds: r.took.Seconds(), Changes: len(r.made), Bursts: len(r.ends)}
	out.Hour = float64(out.Changes) / r.took.Hours()
	var steady, bursts []time.Duration
	for _, c := range r.made {
		n := sort.Search(len(r.shown), func(i int) bool { return r.shown[i].position >= c.position })
		at := r.shown[n].at
		if c.burst == 0 {
			steady = append(steady, at.Sub(c.due))
			continue
		}
		bursts = append(bursts, at.Sub(c.due))
		out.Level = max(out.Level, ms(at.Sub(r.ends[c.burst-1])))
	}
	out.Steady, out.Burst = lag(steady), lag(bursts)
	return out
}

func lag(took []time.Duration) Lag {
	return Lag{Changes: len(took), P50: timing.Percentile(took, 50), P99: timing.Percentile(took, 99), Longest: timing.Percentile(took, 100)}
}

func (r Report) print(o Options) error {
	if o.JSON {
		return json.NewEncoder(o.Out).Encode(r)
	}
	_, err := fmt.Fprintf(o.Out, `%s, %d changes in %.0f s, %.0f an hour (at least %d: %s); %d a second, in %d bursts %d
from due to the view    changes   p50 ms   p99 ms  longest   required
between bursts         %8d %8.1f %8.1f %8.1f   p99 < %d ms: %s
in bursts              %8d %8.1f %8.1f %8.1f
level after a burst                               %8.1f
ledger exact: %d SKUs the same in the callers' sums, the log, the view and %d ledger rows
stock: p99 %.1f ms to the view at %d changes a second, %.1f ms at %d, level %.1f ms after
`, r.Engine, r.Changes, r.Seconds, r.Hour, barHour, bench.Met(r.Hour >= barHour), perSecond, r.Bursts, perSecond*burst,
		r.Steady.Changes, r.Steady.P50, r.Steady.P99, r.Steady.Longest, barView, bench.Met(r.Steady.P99 < barView),
		r.Burst.Changes, r.Burst.P50, r.Burst.P99, r.Burst.Longest, r.Level, r.SKUs, r.Rows,
		r.Steady.P99, perSecond, r.Burst.P99, perSecond*burst, r.Level)
	return err
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
