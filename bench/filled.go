package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/bench/timing"
	"github.com/creatorflow/creatorflow/eventlog"
)

// barFilled is what a log of many events must still do, as a part of what an empty one does.
const barFilled = 0.7

// smallLog is how many events the log has that a filled one is compared with: enough to have old streams.
const smallLog = 10_000

// oldStreams names the appends to streams that began long ago.
const oldStreams = "append to old streams"

// Full is one line of the result of Filled.
type Full struct {
	Name           string  `json:"name"` // what is done: append, append to old streams, read streams
	Engine         string  `json:"engine"`
	Events         int64   `json:"events"` // of the filled log at first
	Callers        int     `json:"callers"`
	PerSecond      float64 `json:"per_s"` // appends of one event, or streams read
	P50            float64 `json:"p50_ms"`
	P99            float64 `json:"p99_ms"`
	EmptyPerSecond float64 `json:"empty_per_s"`
	EmptyP99       float64 `json:"empty_p99_ms"`
	RatioToEmpty   float64 `json:"ratio_to_empty"`
	Cold           bool    `json:"cold"` // the system had nothing of the filled log in memory when it began
}

// Filled measures a log of so many events beside a nearly empty one of the same run, by turns: appends to new
// streams, whose names fall anywhere among the old ones, appends to old streams, and reads of whole old
// streams. Where the system can be told to forget the file, the last two come first with nothing of it in memory.
func Filled(ctx context.Context, o Options, events int64) (err error) {
	if o.Seconds <= 0 {
		o.Seconds = 4
	}
	places, err := NewPlaces(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, places.Close()) }()
	empty, err := openOld(ctx, places, smallLog)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, empty.close()) }()
	begun := time.Now()
	full, err := openOld(ctx, places, events)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, full.close()) }()
	made := time.Since(begun)
	var rows []Full
	for _, k := range []struct {
		name    string
		callers int
		cold    bool
		one     func(*old, context.Context, int) error
	}{
		{"read streams", 16, true, (*old).read},
		{"read streams", 16, false, (*old).read}, // before streams grow by appends, which those of the small log do more
		{"append", 512, false, (*old).append},
		{oldStreams, 512, true, (*old).revive},
		{oldStreams, 512, false, (*old).revive},
	} {
		if k.cold {
			if err := full.forget(); err != nil {
				if !o.JSON {
					_, _ = fmt.Fprintf(o.Out, "not measured cold: %v\n", err)
				}
				continue
			}
		}
		row, err := compareFull(ctx, full, empty, k.callers, o.Seconds, k.one)
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		row.Name, row.Engine, row.Events, row.Cold = k.name, o.Engine, events, k.cold
		rows = append(rows, row)
	}
	if err := errors.Join(full.check(ctx), empty.check(ctx)); err != nil {
		return err
	}
	return printFull(o, rows, made)
}

func printFull(o Options, rows []Full, made time.Duration) (err error) {
	if o.JSON {
		encoder := json.NewEncoder(o.Out)
		for _, row := range rows {
			err = errors.Join(err, encoder.Encode(row))
		}
		return err
	}
	_, err = fmt.Fprintf(o.Out, "%s, a log of %d events (made in %.0f s) beside one of %d\n%-23s %5s %8s %12s %9s %9s %12s %9s %7s\n",
		o.Engine, rows[0].Events, made.Seconds(), smallLog, "", "", "callers", "a second", "p50 ms", "p99 ms", "empty", "p99 ms", "ratio")
	var least Full // of what is required; appends scattered over all streams of years are shown, no shop makes them
	for _, row := range rows {
		cold := ""
		switch {
		case row.Cold:
			cold = "cold"
		case row.Name == oldStreams:
		case least.Name == "" || row.RatioToEmpty < least.RatioToEmpty:
			least = row
		}
		_, printing := fmt.Fprintf(o.Out, "%-23s %5s %8d %12.0f %9.2f %9.2f %12.0f %9.2f %7.2f\n",
			row.Name, cold, row.Callers, row.PerSecond, row.P50, row.P99, row.EmptyPerSecond, row.EmptyP99, row.RatioToEmpty)
		err = errors.Join(err, printing)
	}
	_, printing := fmt.Fprintf(o.Out, "%d events: at least %.2f of the empty log (%s; at least %.1f: %s)\n",
		least.Events, least.RatioToEmpty, least.Name, barFilled, Met(least.RatioToEmpty >= barFilled))
	return errors.Join(err, printing)
}

// compareFull runs one thing on both logs, by turns.
func compareFull(ctx context.Context, full, empty *old, callers int, seconds float64, one func(*old, context.Context, int) error) (Full, error) {
	const rounds = 4
	slice := time.Duration(seconds / rounds * float64(time.Second))
	var ours, theirs timing.Calls
	for range rounds {
		for _, side := range []struct {
			log  *old
			into *timing.Calls
		}{{full, &ours}, {empty, &theirs}} {
			side.log.callers = callers
			if err := side.into.Run(callers, 1, slice, func(caller int) error { return one(side.log, ctx, caller) }); err != nil {
				return Full{}, err
			}
		}
	}
	return Full{
		Callers: callers, PerSecond: ours.PerSecond(), P50: ours.Percentile(50), P99: ours.Percentile(99),
		EmptyPerSecond: theirs.PerSecond(), EmptyP99: theirs.Percentile(99), RatioToEmpty: ours.PerSecond() / theirs.PerSecond(),
	}, nil
}

// old is a log with streams of a past.
type old struct {
	real
	place    *Place
	versions []eventlog.Version // of the streams of the past; each belongs to one caller
	callers  int
	rngs     []*rand.Rand
	known    int64 // streams of the past
}

// scattered names the n-th stream so that neighbours in time are far apart by name, as channels' ids of
// several shops are.
func scattered(n int64) string { return streamID(n * 618_033_989 % 1_000_000_000) }

// mostCallers is how many callers an old log may have.
const mostCallers = 512

// openOld makes a log with so many events, about, in streams as long as an order's.
func openOld(ctx context.Context, places *Places, events int64) (*old, error) {
	place, err := places.Next(ctx)
	if err != nil {
		return nil, err
	}
	log, stop, err := place.Run(ctx, eventlog.Options{Clock: time.Now, Decode: decodeMeasured})
	if err != nil {
		return nil, err
	}
	l := &old{
		real: real{log: log, callers: make([]realCaller, mostCallers), close: stop, name: scattered}, place: place,
		known: max(mostCallers, events/appendsPerStream),
	}
	l.versions = make([]eventlog.Version, l.known)
	for i := range mostCallers {
		l.rngs = append(l.rngs, rand.New(rand.NewPCG(uint64(i), 3)))
	}
	if err := l.fill(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("fill a log: %w", err), stop())
	}
	l.streams.Store(l.known)
	return l, nil
}

// fill writes the past: several callers, each a few hundred streams at a time.
func (l *old) fill(ctx context.Context) error {
	const fillers, atOnce = 4, 250
	events := make([]eventlog.Event, appendsPerStream)
	for i := range events {
		events[i] = sample
	}
	faults := make([]error, fillers)
	var filling sync.WaitGroup
	for f := range int64(fillers) {
		filling.Go(func() {
			for from := f * atOnce; from < l.known && faults[f] == nil; from += fillers * atOnce {
				var writes []eventlog.Write
				for n := from; n < min(from+atOnce, l.known); n++ {
					writes = append(writes, eventlog.Write{Stream: stream(scattered(n + 1)), Events: events, Meta: meta})
					l.versions[n] = appendsPerStream
				}
				_, faults[f] = l.log.Append(ctx, writes...)
			}
		})
	}
	filling.Wait()
	return errors.Join(faults...)
}

func stream(id string) eventlog.Stream {
	return eventlog.Stream{Workspace: "main", Kind: "order", ID: id}
}

// pick gives a caller one of its streams of the past.
func (l *old) pick(caller int) int64 {
	mine := (l.known - int64(caller) + mostCallers - 1) / mostCallers
	return int64(caller) + mostCallers*l.rngs[caller].Int64N(mine)
}

func (l *old) append(ctx context.Context, caller int) error { return l.real.append(ctx, caller, 1) }

func (l *old) revive(ctx context.Context, caller int) error {
	n := l.pick(caller)
	_, err := l.log.Append(ctx, eventlog.Write{Stream: stream(scattered(n + 1)), Expected: l.versions[n], Events: []eventlog.Event{sample}, Meta: meta})
	if err == nil {
		l.versions[n]++
	}
	return err
}

func (l *old) read(ctx context.Context, caller int) error {
	n := l.pick(caller)
	records, err := l.log.ReadStream(ctx, stream(scattered(n+1)), 0, 1000)
	if err == nil && len(records) != int(l.versions[n]) {
		err = fmt.Errorf("stream %d has %d events, %d were appended", n, len(records), l.versions[n])
	}
	return err
}

// check compares what the log holds with what was appended.
func (l *old) check(ctx context.Context) error {
	position, versions, empty, err := l.place.store.Heads(ctx)
	if err == nil && (position != versions || empty != 0 || position != l.log.Head().Position) {
		err = fmt.Errorf("the log ends at position %d, its streams hold %d events, %d streams none", position, versions, empty)
	}
	return err
}

// forget has the system drop what it holds of the file in memory.
func (l *old) forget() error {
	if l.place.DB != nil {
		return errors.New("a database server has a memory of its own")
	}
	file, err := os.Open(l.place.Path)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	return errors.Join(file.Sync(), timing.DropCache(file), file.Close())
}
