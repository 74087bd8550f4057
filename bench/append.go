// Package bench measures, and prints each figure beside the bare loop of the same run: neighbours
// on the disk can cut any figure by 4, the ratio stays.
package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/bench/timing"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Options are those of every benchmark.
type Options struct {
	Engine  string  // "sqlite" or "postgres"
	DB      string  // an empty database on the server to measure; empty = a server of its own in Dir
	Dir     string  // for its files; empty = a temporary folder that is removed
	Seconds float64 // of each measurement, 0 = 4
	JSON    bool    // one object a line instead of a table
	Out     io.Writer
}

// Row is one line of the result of Append or Reserve.
type Row struct {
	Name            string  `json:"name"`
	Engine          string  `json:"engine"`
	Callers         int     `json:"callers"`
	EventsPerAppend int     `json:"events_per_append"`
	EventsPerSecond float64 `json:"events_per_s"`
	P50             float64 `json:"p50_ms"`
	P99             float64 `json:"p99_ms"`
	RatioToRaw      float64 `json:"ratio_to_raw"`
	RawPerSecond    float64 `json:"raw_events_per_s"`
	RawP99          float64 `json:"raw_p99_ms"`
}

// Bars of 512 callers with single events.
const (
	barRatio = 0.5
	barP99   = 20 // ms
)

// Met is the word beside a bar. A missed one is printed and fails nothing: what else the machine
// does decides too much of it.
func Met(ok bool) string {
	if ok {
		return "met"
	}
	return "not met"
}

// Median is the middle one of some values, 0 of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// measured is the event that is appended: about the size of a placed order.
type measured struct {
	Order      string         `json:"order"`
	Connection string         `json:"connection"`
	Currency   string         `json:"currency"`
	Lines      []measuredLine `json:"lines"`
}

type measuredLine struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
	Price    int64  `json:"price"`
}

// EventName implements eventlog.Event.
func (measured) EventName() string { return "bench.measured" }

func decodeMeasured(_ string, _ int, data []byte) (eventlog.Event, error) {
	var m measured
	err := json.Unmarshal(data, &m)
	return m, err
}

var sample = measured{
	Order: "tiktok-1:576461413038785752", Connection: "tiktok-1", Currency: "GBP",
	Lines: []measuredLine{{SKU: "85123A", Quantity: 6, Price: 255}, {SKU: "71053", Quantity: 6, Price: 339}},
}

var meta = eventlog.Meta{Actor: "channel:tiktok-1", Cause: "inbox:123456", Correlation: "tiktok-1:576461413038785752"}

// appendsPerStream is how long a stream lives: about as long as an order's.
const appendsPerStream = 10

func streamID(number int64) string { return fmt.Sprintf("tiktok-1:576461413%09d", number) }

// Append measures durable appends. Each caller appends to a stream of its own, waits for the
// answer, and begins a new stream after ten appends, as orders do. The bare loop writes the same
// rows, indexes and heads, compared and set, with one fsync a batch, into a file of its own; it
// encodes, checks and seals nothing.
func Append(ctx context.Context, o Options) (err error) {
	shapes := []shape{{1, 1}, {64, 1}, {64, 10}, {512, 1}}
	return o.measure(ctx, shapes, "events", appendRow, func(last Row) string {
		return fmt.Sprintf("512 callers: %.0f events/s, %.2f of the bare loop (at least %.1f: %s), p99 %.1f ms (at most %d: %s)",
			last.EventsPerSecond, last.RatioToRaw, barRatio, Met(last.RatioToRaw >= barRatio), last.P99, barP99, Met(last.P99 <= barP99))
	})
}

// shape is how many callers append how many events at a time.
type shape struct{ callers, events int }

// measure prints a row for each shape, and what the last one says.
func (o Options) measure(ctx context.Context, shapes []shape, unit string,
	measured func(context.Context, *Places, shape, float64) (Row, error), said func(last Row) string,
) (err error) {
	if o.Seconds <= 0 {
		o.Seconds = 4
	}
	places, err := NewPlaces(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, places.Close()) }()
	if !o.JSON {
		_, _ = fmt.Fprintf(o.Out, "%s\n%8s %8s %14s %9s %9s %12s %9s %7s\n", o.Engine, "callers", "at once", unit+"/s", "p50 ms", "p99 ms", "bare/s", "p99 ms", "ratio")
	}
	var last Row
	for _, shape := range shapes {
		row, err := measured(ctx, places, shape, o.Seconds)
		if err != nil {
			return err
		}
		last = row
		if o.JSON {
			err = json.NewEncoder(o.Out).Encode(row)
		} else {
			_, err = fmt.Fprintf(
				o.Out, "%8d %8d %14.0f %9.2f %9.2f %12.0f %9.2f %7.2f\n",
				row.Callers, row.EventsPerAppend, row.EventsPerSecond, row.P50, row.P99, row.RawPerSecond, row.RawP99, row.RatioToRaw,
			)
		}
		if err != nil {
			return err
		}
	}
	if !o.JSON {
		_, err = fmt.Fprintln(o.Out, said(last))
	}
	return err
}

func appendRow(ctx context.Context, places *Places, s shape, seconds float64) (row Row, err error) {
	real, err := openReal(ctx, places, s.callers)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, real.close()) }()
	return beside(ctx, places, "append", sample, s, seconds, func(caller int) error { return real.append(ctx, caller, s.events) })
}

// beside alternates between the bare loop, which writes rows with an event like ours, and one append of
// the log, so that both meet the same neighbours.
func beside(ctx context.Context, places *Places, name string, like eventlog.Event, s shape, seconds float64, one func(caller int) error) (row Row, err error) {
	callers, events := s.callers, s.events
	bare, err := openBare(ctx, places, callers, like)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, bare.close()) }()
	const rounds = 4
	slice := time.Duration(seconds / rounds * float64(time.Second))
	var ours, raw timing.Calls
	for range rounds {
		if err := raw.Run(callers, events, slice, func(caller int) error { return bare.append(caller, events) }); err != nil {
			return row, fmt.Errorf("bare loop: %w", err)
		}
		if err := ours.Run(callers, events, slice, one); err != nil {
			return row, fmt.Errorf("log: %w", err)
		}
	}
	row = Row{
		Name: name, Engine: places.engine, Callers: callers, EventsPerAppend: events,
		EventsPerSecond: ours.PerSecond(), P50: ours.Percentile(50), P99: ours.Percentile(99),
		RawPerSecond: raw.PerSecond(), RawP99: raw.Percentile(99),
	}
	row.RatioToRaw = row.EventsPerSecond / row.RawPerSecond
	return row, nil
}

// real is the log as the program uses it.
type real struct {
	log     *eventlog.Log
	callers []realCaller
	streams atomic.Int64 // begun
	name    func(stream int64) string
	close   func() error
}

type realCaller struct {
	stream  eventlog.Stream
	version eventlog.Version
	left    int // appends until the next stream
}

func openReal(ctx context.Context, places *Places, callers int) (*real, error) {
	log, stop, err := places.open(ctx, decodeMeasured)
	if err != nil {
		return nil, err
	}
	return &real{log: log, callers: make([]realCaller, callers), name: streamID, close: stop}, nil
}

func (r *real) append(ctx context.Context, caller, n int) error {
	events := make([]eventlog.Event, n)
	for i := range events {
		events[i] = sample
	}
	c := &r.callers[caller]
	if c.left == 0 {
		*c = realCaller{stream: stream(r.name(r.streams.Add(1))), left: appendsPerStream}
	}
	out, err := r.log.Append(ctx, eventlog.Write{Stream: c.stream, Expected: c.version, Events: events, Meta: meta})
	if err == nil {
		c.version = out.Versions[0]
		c.left--
	}
	return err
}
