// Package months measures a log of more than a year: how soon the history of an order is read, whichever month it
// is of, and what others wait for while old months leave the database.
//
//	history of thirteen months ─► orders read ─► months closed, beside appends ─► orders read ─► verified
package months

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/bench"
	"github.com/creatorflow/creatorflow/bench/history"
	"github.com/creatorflow/creatorflow/bench/timing"
	"github.com/creatorflow/creatorflow/domain/events"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/verify"
	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
)

// Options of Run.
type Options struct {
	Engine string // "sqlite" or "postgres"
	DB     string // of PostgreSQL, its own and empty; "" = one of a server of its own in Dir
	Dir    string // empty = a temporary folder that is removed
	Orders int
	Reads  int // of orders, before and after
	Seed   uint64
	JSON   bool
	Out    io.Writer
}

const (
	months   = 13
	kept     = 2   // months that stay in the database
	barRead  = 300 // ms, p99
	callers  = 8   // who append meanwhile
	apart    = 2 * time.Millisecond
	baseline = 3 * time.Second // of appends while nothing is closed
)

// Result is what was measured; times are in milliseconds.
type Result struct {
	Name       string  `json:"name"`
	Engine     string  `json:"engine"`
	Months     int     `json:"months"`
	Orders     int     `json:"orders"`
	Events     int     `json:"events"`
	Partitions int     `json:"partitions"` // of PostgreSQL, before months were closed
	Left       int     `json:"partitions_left"`
	Closed     int     `json:"months_closed"`
	Seconds    float64 `json:"close_seconds"` // all of them, their files written, synced and read back
	Drop       float64 `json:"drop_ms"`       // the longest that one took to leave the database
	Before     Times   `json:"read_before"`   // of an order's history
	After      Times   `json:"read_after"`
	Alone      Times   `json:"append_alone"` // while nothing was closed
	Beside     Times   `json:"append_beside"`
}

// Times of many calls.
type Times struct {
	Calls   int     `json:"calls"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	Longest float64 `json:"longest_ms"`
}

func times(took []time.Duration) Times {
	return Times{Calls: len(took), P50: timing.Percentile(took, 50), P99: timing.Percentile(took, 99), Longest: timing.Percentile(took, 100)}
}

// Run makes the history and measures.
func Run(ctx context.Context, o Options) (err error) {
	dir, db, close, err := bench.Temporary(ctx, o.Engine, o.Dir, o.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, close()) }()
	o.DB = db
	f, err := folder.Open(filepath.Join(dir, "hub"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	stores, err := engine.Open(ctx, f, o.DB, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stores.Close()) }()
	var log *eventlog.Log
	clock, next := thirteen(time.Now(), o.Orders, func() int64 {
		if log == nil {
			return 0 // it looks once while it is opened
		}
		return int64(log.Head().Position)
	})
	log, err = eventlog.Open(ctx, stores.Log, eventlog.Options{Decode: events.Decode, Clock: clock, Poll: stores.Poll})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	var run sync.WaitGroup
	run.Go(func() { _ = log.Run(running) }) // its fault is the appends'
	r := Result{Name: "months", Engine: o.Engine, Months: months, Orders: o.Orders}
	err = r.measure(ctx, o, stores, log, clock, next)
	stop()
	if run.Wait(); err != nil {
		return err
	}
	whole, err := verify.Log(ctx, stores.Log, 0)
	if err != nil {
		return fmt.Errorf("the log is not whole after its months were closed: %w", err)
	}
	if err := stores.Check(ctx); err != nil {
		return err
	}
	r.Events = whole.Events
	return r.print(o)
}

// thirteen is a clock for a history of so many orders: they fill the thirteen months before this one, and what comes
// after them is of the last of these. It goes on with each event, and with next to the following month, until that says that there is
// none: no month may stay empty.
func thirteen(now time.Time, orders int, events func() int64) (clock func() time.Time, next func() bool) {
	const each = 25 // events that an order has at least, with what is delivered for it
	year, month, _ := now.UTC().Date()
	begin, over := time.Date(year, month-months, 1, 0, 0, 0, 0, time.UTC), time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	step := over.Sub(begin) / time.Duration(each*(orders+1))
	var least atomic.Int64 // seconds since 1970
	least.Store(begin.Unix())
	clock = func() time.Time {
		at := begin.Add(time.Duration(events()) * step)
		if from := time.Unix(least.Load(), 0).UTC(); at.Before(from) {
			at = from
		}
		if at.Before(over) {
			return at
		}
		return over.Add(-time.Microsecond)
	}
	return clock, func() bool {
		year, month, _ := clock().Date()
		following := time.Date(year, month+1, 1, 0, 0, 0, 0, time.UTC)
		least.Store(following.Unix())
		return following.Before(over)
	}
}

func (r *Result) measure(ctx context.Context, o Options, stores *engine.Stores, log *eventlog.Log, clock func() time.Time, next func() bool) (err error) {
	shop := history.New(log, clock, history.Options{SKUs: max(20, o.Orders/10), Lanes: 2, Window: 100})
	if err := shop.Open(ctx); err != nil {
		return err
	}
	if err := shop.Sell(ctx, o.Orders); err != nil {
		return err
	}
	for more := true; more; {
		more = next()
		if err := receive(ctx, log, "LAST"); err != nil {
			return err
		}
	}
	if r.Partitions, err = partitions(ctx, o.DB); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 9))
	if r.Before, err = read(ctx, log, o, rng); err != nil {
		return err
	}
	if r.Alone, err = beside(ctx, log, func(ctx context.Context) error { return timing.Sleep(ctx, baseline) }); err != nil {
		return err
	}
	r.Beside, err = beside(ctx, log, func(ctx context.Context) (err error) {
		begun := time.Now()
		r.Closed, err = stores.CloseMonths(ctx)
		r.Seconds = time.Since(begun).Seconds()
		return err
	})
	if err != nil {
		return err
	}
	if r.Closed != months-kept {
		return fmt.Errorf("%d months were closed, %d of the %d should be", r.Closed, months-kept, months)
	}
	r.Drop = float64(stores.SlowestDrop().Microseconds()) / 1000
	if r.Left, err = partitions(ctx, o.DB); err != nil {
		return err
	}
	r.After, err = read(ctx, log, o, rng)
	return err
}

// partitions counts those of events in a PostgreSQL database that have some.
func partitions(ctx context.Context, url string) (n int, err error) {
	if url == "" {
		return 0, nil
	}
	db, err := database.Open(ctx, url)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	if err := db.QueryRow(ctx, `select count(distinct tableoid) from log.events`).Scan(&n); err != nil {
		return 0, fmt.Errorf("count the partitions: %w", err)
	}
	return n, nil
}

// read reads the whole history of orders of any month, each by the order's id.
func read(ctx context.Context, log *eventlog.Log, o Options, rng *rand.Rand) (Times, error) {
	var took []time.Duration
	for range o.Reads {
		n := 1 + rng.Int64N(int64(o.Orders))
		id := orders.ID(history.Connection(n), history.ChannelID(n))
		begun := time.Now()
		records, err := log.ReadStream(ctx, orderevents.Stream(workspace.Main, id), 0, 1000)
		took = append(took, time.Since(begun))
		if err != nil {
			return Times{}, fmt.Errorf("read order %s: %w", id, err)
		}
		if len(records) == 0 || records[0].Name != (orderevents.Placed{}).EventName() {
			return Times{}, fmt.Errorf("the history of order %s has %d events and does not begin with its sale", id, len(records))
		}
	}
	return times(took), nil
}

// beside does something while callers append, each every few milliseconds, and says how long they waited.
func beside(ctx context.Context, log *eventlog.Log, do func(context.Context) error) (Times, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var done atomic.Bool
	var mu sync.Mutex
	var took []time.Duration
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			for !done.Load() {
				begun := time.Now()
				if err := receive(ctx, log, fmt.Sprintf("BESIDE-%d", i)); err != nil {
					cancel(err)
					return
				}
				spent := time.Since(begun)
				mu.Lock()
				took = append(took, spent)
				mu.Unlock()
				if err := timing.Sleep(ctx, apart); err != nil {
					return
				}
			}
		})
	}
	if err := do(ctx); err != nil {
		cancel(err)
	}
	done.Store(true)
	running.Wait()
	return times(took), context.Cause(ctx)
}

func receive(ctx context.Context, log *eventlog.Log, sku string) error {
	_, err := eventlog.Execute(ctx, log, stockevents.Stream(workspace.Main, sku), inventory.Receiving(),
		inventory.Receive{SKU: sku, Quantity: 1, Reason: "a delivery"}, eventlog.Meta{Actor: "system:bench", Cause: "bench", Correlation: sku})
	if err != nil {
		return fmt.Errorf("receive %s: %w", sku, err)
	}
	return nil
}

func (r Result) print(o Options) error {
	if o.JSON {
		return json.NewEncoder(o.Out).Encode(r)
	}
	where := ""
	if r.Partitions > 0 {
		where = fmt.Sprintf(", in %d partitions of which %d are left", r.Partitions, r.Left)
	}
	_, err := fmt.Fprintf(o.Out, `%s: %d orders, %d events of %d months%s; %d months closed in %.1f s, the log whole
                                      calls   p50 ms   p99 ms  longest   required
an order's history, all in the database %5d %8.1f %8.1f %8.1f   p99 < %d ms: %s
the same, old months in files           %5d %8.1f %8.1f %8.1f   p99 < %d ms: %s
an append while nothing is closed       %5d %8.1f %8.1f %8.1f
an append while months leave            %5d %8.1f %8.1f %8.1f
months: p99 %.1f ms for an order of %d months; a month left the database in at most %.0f ms, no append waited longer than %.0f ms
`, r.Engine, r.Orders, r.Events, r.Months, where, r.Closed, r.Seconds,
		r.Before.Calls, r.Before.P50, r.Before.P99, r.Before.Longest, barRead, bench.Met(r.Before.P99 < barRead),
		r.After.Calls, r.After.P50, r.After.P99, r.After.Longest, barRead, bench.Met(r.After.P99 < barRead),
		r.Alone.Calls, r.Alone.P50, r.Alone.P99, r.Alone.Longest, r.Beside.Calls, r.Beside.P50, r.Beside.P99, r.Beside.Longest,
		max(r.Before.P99, r.After.P99), r.Months, r.Drop, r.Beside.Longest)
	return err
}
