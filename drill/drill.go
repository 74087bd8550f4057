// Package drill is the room of the drills that break the whole program: what each of them needs
// besides the one thing that it breaks.
//
//	simulated shop ─► gate (notes what got a 200) ─► hub, a process that the drill breaks and starts anew
//	commands (notes what got a 200) ────────────────►
//
// In the end judge holds what the hub left against what it promised: every acknowledged webhook
// and command is there, every order is, positions are dense and sealed, the simulated shop shipped
// every order once, the stock adds up to what was answered and what left, and the views equal a
// rebuild. A seed fixes inputs, faults and their order, not how processes interleave.
package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/failpoint"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/storage/engine"
)

// Options of a drill.
type Options struct {
	Binary    string // the program that is broken
	Dir       string // for the data folder and the hub's output; kept
	DB        string // an empty database, as `serve --db` names it; none = SQLite in the data folder
	Cluster   string // where the drill's own server keeps that database, in Dir; none = another's server
	Cycles    int
	Seed      uint64
	PerMinute int           // webhooks the simulated shop aims at
	Backlog   int           // of orders at the shop, up to which others are placed; 150 when 0
	Drain     time.Duration // the last hub may go on so long without getting further; a minute when 0
	Version   string
	Out       io.Writer // progress; may be io.Discard
}

const (
	shop   = "7490000000000000042"
	key    = "drillappkey"
	secret = "drill-app-secret-of-the-simulator"
	skus   = 40
	scarce = 4 // of the SKUs have so little stock that orders run short

	shortOrders = 300 // the first orders, which may ask for scarce SKUs
	backlog     = 150 // of orders at the shop, unless the drill says otherwise: no others are placed meanwhile
)

var quiet = slog.New(slog.DiscardHandler)

// Campaign is one run of a drill: the shop, the hub, and what was promised to them.
type Campaign struct {
	Unpaid int // orders that a drill has put into the log itself: they wait for their buyers for ever

	o       Options
	orders  *rand.Rand // of the load
	data    string     // folder of the hub
	market  string     // address of the simulated shop
	address string     // of the hub
	token   string     // API key
	sim     *tiktoksim.Sim
	away    atomic.Bool // the shop, for everybody but its own webhooks
	gate    *gate
	book    *book
	placed  []string // order ids at the shop
	opened  int      // SKUs with opening stock
	readies []time.Duration
	report  Report
}

// errDone ends the parts once breaking is over.
var errDone = errors.New("drill: done")

// Run lets breaking break the hub beside the simulated shop, then judges what the hub left. The
// error is of the drill itself; what the hub broke is in the report, and so is a NotRun.
func Run(ctx context.Context, name string, o Options, breaking func(ctx context.Context, c *Campaign) error) (r Report, err error) {
	started := time.Now()
	c := &Campaign{
		o: o, orders: rand.New(rand.NewPCG(o.Seed, 2)), gate: newGate(), book: newBook(),
		report: Report{Name: name, Engine: engine.SQLite, Seed: o.Seed, Cycles: o.Cycles, Commit: o.Version},
	}
	if o.DB != "" {
		c.report.Engine = engine.Postgres
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return r, fmt.Errorf("make the drill's folder: %w", err)
	}
	if err := c.reserve(ctx); err != nil {
		return r, err
	}
	market, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return r, fmt.Errorf("listen for the simulated shop: %w", err)
	}
	c.openShop("http://" + market.Addr().String())
	mux := http.NewServeMux()
	mux.Handle("/", c.reachable(c.sim.Handler()))
	mux.Handle("/gate", c.gate)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	err = hub.Together(ctx,
		c.sim.Run,
		func(ctx context.Context) error {
			stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // nothing to drain
			defer stop()
			if err := server.Serve(market); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		},
		func(ctx context.Context) error {
			if err := breaking(ctx, c); err != nil {
				return err
			}
			return errDone
		},
	)
	var lacking NotRun
	switch {
	case errors.As(err, &lacking):
		c.report.NotRun, c.report.Cycles = string(lacking), 0
		return c.report, nil
	case !errors.Is(err, errDone):
		return c.report, err
	}
	c.report.Orders = len(c.placed)
	c.report.P99 = float64(percentile(c.readies, 99).Microseconds()) / 1000
	c.report.Seconds = time.Since(started).Seconds()
	h, err := c.history()
	if err != nil {
		return c.report, err
	}
	if err := h.save(o.Dir); err != nil {
		return c.report, err
	}
	err = h.judge(ctx, c.hub(), &c.report)
	c.report.Seconds = time.Since(started).Seconds()
	return c.report, err
}

// Points notes the failpoints of the program and which of them killed it.
func (c *Campaign) Points(all []failpoint.Point, fired map[failpoint.Point]bool) {
	c.report.Points, c.report.Fired = len(all), len(fired)
	for _, p := range all {
		if !fired[p] {
			c.report.Unfired = append(c.report.Unfired, string(p))
		}
	}
}

// Say tells progress.
func (c *Campaign) Say(format string, args ...any) {
	_, _ = fmt.Fprintf(c.o.Out, format+"\n", args...) // progress only
}

func percentile(all []time.Duration, p int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, len(sorted)*p/100)]
}

// Sleep waits, unless ctx ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
