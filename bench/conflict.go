package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/bench/timing"
	catalogue "github.com/creatorflow/creatorflow/domain/events"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Conflicted is one line of the result of Conflict.
type Conflicted struct {
	Name   string  `json:"name"`
	Engine string  `json:"engine"`
	Events int     `json:"events"` // of the stream before
	Open   int     `json:"open"`   // promises in its state
	P50    float64 `json:"p50_ms"`
	P99    float64 `json:"p99_ms"`
	Read   float64 `json:"records_read"` // of the stream for each reservation
}

// history of the SKU that is fought about, and barConflict, how long it may take to find out: a tenth
// of what one second holds.
const (
	history     = 100_000
	barConflict = 100 // ms
)

// Conflict measures reservations of one SKU with a long history by two appenders in turn, as two
// processes on one database are: each finds that the other was first and has to fold the SKU anew.
// Once most of its promises have been shipped, and once none has.
func Conflict(ctx context.Context, o Options) error { return conflict(ctx, o, history) }

func conflict(ctx context.Context, o Options, events int) (err error) {
	if o.Seconds <= 0 {
		o.Seconds = 4
	}
	places, err := NewPlaces(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, places.Close()) }()
	if !o.JSON {
		_, _ = fmt.Fprintf(o.Out, "%s\n%8s %8s %9s %9s %13s\n", o.Engine, "events", "open", "p50 ms", "p99 ms", "records read")
	}
	var last Conflicted
	for _, shipped := range []bool{false, true} {
		if last, err = conflicts(ctx, places, events, shipped, o.Seconds); err != nil {
			return err
		}
		if o.JSON {
			err = json.NewEncoder(o.Out).Encode(last)
		} else {
			_, err = fmt.Fprintf(o.Out, "%8d %8d %9.2f %9.2f %13.0f\n", last.Events, last.Open, last.P50, last.P99, last.Read)
		}
		if err != nil {
			return err
		}
	}
	if !o.JSON {
		_, err = fmt.Fprintf(o.Out, "overtaken on %d events: %.1f ms (at most %d: %s), %.0f records read\n",
			last.Events, last.P50, barConflict, Met(last.P50 <= barConflict), last.Read)
	}
	return err
}

// counted counts the records that are read of streams.
type counted struct {
	eventlog.Store
	read atomic.Int64
}

// ReadStream implements eventlog.Store.
func (c *counted) ReadStream(ctx context.Context, s eventlog.Stream, after eventlog.Version, limit int) ([]eventlog.Stored, error) {
	out, err := c.Store.ReadStream(ctx, s, after, limit)
	c.read.Add(int64(len(out)))
	return out, err
}

func conflicts(ctx context.Context, places *Places, events int, shipped bool, seconds float64) (row Conflicted, err error) {
	place, err := places.Next(ctx)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, place.Close()) }()
	store := &counted{Store: place.store}
	var logs [2]*eventlog.Log
	for i := range logs {
		if logs[i], err = eventlog.Open(ctx, store, eventlog.Options{Clock: time.Now, Decode: catalogue.Decode}); err != nil {
			return row, err
		}
		running, cancel := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- logs[i].Run(running) }()
		defer func() {
			cancel()
			err = errors.Join(err, <-done)
		}()
	}
	row = Conflicted{Name: "conflict", Engine: places.engine, Events: events}
	if row.Open, err = fill(ctx, logs[0], events, shipped); err != nil {
		return row, err
	}
	orders := 0
	turn := func(int) error {
		orders++
		return reserve(ctx, logs[orders%2], fmt.Sprint("late-", orders))
	}
	for kept := false; !kept; { // one of them has folded all of it, and the snapshot is written
		if err := turn(0); err != nil {
			return row, err
		}
		if _, kept, err = store.Snapshot(ctx, stockevents.Stream("main", hot), folds()[0].Name); err != nil {
			return row, err
		}
	}
	before := store.read.Load()
	var took timing.Calls
	if err := took.Run(1, 1, time.Duration(seconds*float64(time.Second)), turn); err != nil {
		return row, err
	}
	row.P50, row.P99 = took.Percentile(50), took.Percentile(99)
	row.Read = float64(store.read.Load()-before) / float64(took.Events)
	return row, nil
}

// fill gives the SKU its history and says how many promises stay open.
func fill(ctx context.Context, log *eventlog.Log, events int, shipped bool) (open int, err error) {
	all := []eventlog.Event{stockevents.Received{SKU: hot, Quantity: inventory.MaxUnits}}
	for n := int64(0); len(all) < events; n++ {
		all = append(all, stockevents.Reserved{SKU: hot, Order: streamID(n), Attempt: 1, Quantity: 1})
		if shipped && len(all) < events {
			all = append(all, stockevents.Shipped{SKU: hot, Order: streamID(n), Attempt: 1, Quantity: 1})
		} else {
			open++
		}
	}
	const page = 1000
	for at := 0; at < len(all); at += page {
		w := eventlog.Write{Stream: stockevents.Stream("main", hot), Expected: eventlog.Version(at), Events: all[at:min(at+page, len(all))], Meta: meta}
		if _, err := log.Append(ctx, w); err != nil {
			return open, err
		}
	}
	return open, nil
}
