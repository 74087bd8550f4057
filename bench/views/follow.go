package views

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/bench"
	"github.com/creatorflow/creatorflow/bench/history"
	"github.com/creatorflow/creatorflow/bench/timing"
	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/projection"
)

// Followed is the result of Follow.
type Followed struct {
	Name            string  `json:"name"`
	Engine          string  `json:"engine"`
	Wanted          float64 `json:"wanted_events_per_s"`
	EventsPerSecond float64 `json:"events_per_s"`
	Events          int64   `json:"events"`
	Seconds         float64 `json:"seconds"`
	Lag             float64 `json:"lag_max_ms"`    // the longest that an event was in the log and not in the views
	Behind          int64   `json:"behind_max"`    // events
	Settled         float64 `json:"settled_ms"`    // from the load's end until the views had all of it
	Equal           bool    `json:"views_equal"`   // to a rebuild
	P50             float64 `json:"append_p50_ms"` // of one durable append
	P99             float64 `json:"append_p99_ms"`
}

// durable says when an append is answered; the program refuses to run on anything less.
var durable = map[string]string{
	bench.SQLite:   "synchronous=FULL, an append is answered after the sync of its commit",
	bench.Postgres: "fsync, full_page_writes and synchronous_commit on, an append is answered after its commit",
}

// Follow appends the events of a busy shop durably, at a steady rate, while the views follow, as they do in
// a hub. Each of 256 callers carries one order at a time, by the commits that the product makes of it.
func Follow(ctx context.Context, o bench.Options, rate float64) (err error) {
	if o.Seconds <= 0 {
		o.Seconds = 60
	}
	places, err := bench.NewPlaces(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, places.Close()) }()
	place, err := places.Next(ctx)
	if err != nil {
		return err
	}
	views, err := place.Views(ctx)
	if err != nil {
		return errors.Join(err, place.Close())
	}
	log, stop, err := place.Run(ctx, eventlog.Options{Clock: time.Now, Decode: events.Decode})
	if err != nil {
		return errors.Join(err, views.Close())
	}
	defer func() { err = errors.Join(err, views.Close(), stop()) }()
	r := Followed{Name: "follow", Engine: o.Engine, Wanted: rate}
	if err := r.measure(ctx, log, views, o.Seconds); err != nil {
		return err
	}
	report, err := projection.Verify(ctx, log, views, hub.Projections(), projection.Options{})
	if err != nil {
		return err
	}
	if r.Equal = report.Equal; !r.Equal {
		return fmt.Errorf("the views differ from a rebuild in %v", report.Differ)
	}
	if o.JSON {
		return json.NewEncoder(o.Out).Encode(r)
	}
	_, err = fmt.Fprintf(o.Out, `%s, %d events in %.1f s, one durable append p50 %.1f ms, p99 %.1f ms; views equal to a rebuild
durable: %s
appended and folded  %8.0f events/s  at least %.0f: %s
greatest lag         %8.0f ms        %d events
lag 0 after the end  %8.0f ms
follow: %.0f events/s durable, the views at most %.0f ms behind and level %.0f ms after the load
`, r.Engine, r.Events, r.Seconds, r.P50, r.P99, durable[r.Engine], r.EventsPerSecond, r.Wanted, bench.Met(r.EventsPerSecond >= 0.99*r.Wanted), r.Lag, r.Behind, r.Settled, r.EventsPerSecond, r.Lag, r.Settled)
	return err
}

func (r *Followed) measure(ctx context.Context, log *eventlog.Log, views projection.Store, seconds float64) error {
	var lag lag
	runner := projection.NewRunner(log, views, hub.Projections(), projection.Options{
		Notify: func(n projection.Notice) { lag.shown(int64(n.Position), int64(log.Head().Position)) },
	})
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	fault := make(chan error, 1)
	running.Go(func() { fault <- runner.Run(ctx) })
	pace := pace{rate: r.Wanted}
	shop := history.New(log, time.Now, history.Options{SKUs: 4096, Lanes: 256, Window: 1, Pace: pace.wait, Took: pace.note})
	if err := shop.Open(ctx); err != nil {
		return err
	}
	opened := shop.Events.Load()
	pace.begin()
	running.Go(func() { lag.watch(ctx, log) })
	begun := time.Now()
	if err := shop.Sell(ctx, int(r.Wanted*seconds/eventsPerOrder)); err != nil {
		return err
	}
	r.Seconds = time.Since(begun).Seconds()
	r.Events = shop.Events.Load() - opened
	r.EventsPerSecond = float64(r.Events) / r.Seconds
	begun = time.Now()
	select {
	case err := <-fault:
		return fmt.Errorf("fold: %w", err)
	default:
	}
	if err := runner.WaitFor(ctx, eventlog.Position(shop.Events.Load())); err != nil {
		return err
	}
	r.Settled = ms(time.Since(begun))
	lag.mu.Lock()
	defer lag.mu.Unlock()
	r.Lag, r.Behind = ms(lag.longest), lag.behind
	r.P50, r.P99 = timing.Percentile(pace.took, 50), timing.Percentile(pace.took, 99)
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// pace lets callers append so many events a second, from begin on.
type pace struct {
	rate float64

	mu    sync.Mutex
	start time.Time // zero = at once
	given float64
	took  []time.Duration
}

func (p *pace) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.start = time.Now()
}

func (p *pace) wait(ctx context.Context, events int) error {
	p.mu.Lock()
	if p.start.IsZero() {
		p.mu.Unlock()
		return nil
	}
	due := p.start.Add(time.Duration(p.given / p.rate * float64(time.Second)))
	p.given += float64(events)
	p.mu.Unlock()
	select {
	case <-time.After(time.Until(due)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pace) note(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.start.IsZero() {
		p.took = append(p.took, took)
	}
}

// lag notes when the log had grown to a position, and how long the views took to show it.
type lag struct {
	mu      sync.Mutex
	grown   []grown
	longest time.Duration
	behind  int64
}

type grown struct {
	position int64
	at       time.Time
}

// looks is how often the log's end is noted: the lag's resolution.
const looks = 5 * time.Millisecond

func (l *lag) watch(ctx context.Context, log *eventlog.Log) {
	ticker := time.NewTicker(looks)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		l.mu.Lock()
		position := int64(log.Head().Position)
		if n := len(l.grown); n == 0 || l.grown[n-1].position < position {
			l.grown = append(l.grown, grown{position, time.Now()})
		}
		l.mu.Unlock()
	}
}

func (l *lag) shown(position, head int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.behind = max(l.behind, head-position)
	for len(l.grown) > 0 && l.grown[0].position <= position {
		l.longest = max(l.longest, time.Since(l.grown[0].at))
		l.grown = l.grown[1:]
	}
}
