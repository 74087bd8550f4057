// Package views measures how fast the log is folded into views, from nothing and at its end.
package views

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/bench"
	"github.com/creatorflow/creatorflow/bench/history"
	catalogue "github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/sqlite/native"
)

// barRebuild is what SQLite must fold a second.
const barRebuild = 100_000

// eventsPerOrder is how many events of a history an order has, about.
const eventsPerOrder = 15

// Rebuilt is the result of Rebuild: medians of its runs.
type Rebuilt struct {
	Name            string  `json:"name"`
	Engine          string  `json:"engine"`
	Events          int64   `json:"events"`
	Orders          int     `json:"orders"`
	Runs            int     `json:"runs"`
	EventsPerSecond float64 `json:"events_per_s"`
	RawPerSecond    float64 `json:"raw_events_per_s"`
	RatioToRaw      float64 `json:"ratio_to_raw"`
	Hash            string  `json:"views"` // of all tables, the same after every run
}

// Rebuild measures how fast a log of about so many events is folded into all views from nothing, beside
// a bare scan of that log, which reads every column of every row and makes nothing of it.
func Rebuild(ctx context.Context, o bench.Options, events, runs int) (err error) {
	places, err := bench.NewPlaces(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, places.Close()) }()
	place, err := places.Next(ctx)
	if err != nil {
		return err
	}
	r := Rebuilt{Name: "rebuild", Engine: o.Engine, Orders: events / eventsPerOrder, Runs: runs}
	clock := history.Year(r.Orders)
	log, stop, err := place.Run(ctx, eventlog.Options{Clock: clock, Decode: catalogue.Decode})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	shop := history.New(log, clock, history.Options{SKUs: max(20, r.Orders/10), Lanes: 2, Window: 100})
	if err := shop.Open(ctx); err != nil {
		return err
	}
	if err := shop.Sell(ctx, r.Orders); err != nil {
		return err
	}
	r.Events = shop.Events.Load()
	if err := r.measure(ctx, place, log); err != nil {
		return err
	}
	if o.JSON {
		return json.NewEncoder(o.Out).Encode(r)
	}
	bar := ""
	if o.Engine == bench.SQLite {
		bar = fmt.Sprintf(" (at least %d: %s)", barRebuild, bench.Met(r.EventsPerSecond >= barRebuild))
	}
	_, err = fmt.Fprintf(o.Out, "%s, %d events of %d orders, medians of %d\nbare scan of the log %10.0f events/s\nviews %s\nrebuild: %.0f events/s into all views%s, %.2f of the bare scan\n",
		o.Engine, r.Events, r.Orders, r.Runs, r.RawPerSecond, r.Hash, r.EventsPerSecond, bar, r.RatioToRaw)
	return err
}

// measure rebuilds and scans in turn.
func (r *Rebuilt) measure(ctx context.Context, place *bench.Place, log *eventlog.Log) (err error) {
	views, err := place.Views(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, views.Close()) }()
	var folds, scans []float64
	for range r.Runs {
		begun := time.Now()
		scanned, err := scan(ctx, place)
		if err != nil {
			return fmt.Errorf("scan the log: %w", err)
		}
		if scanned != r.Events {
			return fmt.Errorf("the bare scan saw %d events, the log has %d", scanned, r.Events)
		}
		scans = append(scans, float64(r.Events)/time.Since(begun).Seconds())
		begun = time.Now()
		if err := projection.Rebuild(ctx, log, views, hub.Projections(), projection.Options{}); err != nil {
			return err
		}
		folds = append(folds, float64(r.Events)/time.Since(begun).Seconds())
		hash, err := hashOf(ctx, views, r.Events)
		if err != nil {
			return err
		}
		if r.Hash != "" && hash != r.Hash {
			return fmt.Errorf("two rebuilds differ: views %s and %s", r.Hash, hash)
		}
		r.Hash = hash
	}
	r.EventsPerSecond, r.RawPerSecond = bench.Median(folds), bench.Median(scans)
	r.RatioToRaw = r.EventsPerSecond / r.RawPerSecond
	return nil
}

// hashOf is the hash of all views, which must have come to a position.
func hashOf(ctx context.Context, views projection.Store, position int64) (string, error) {
	var tables []string
	for _, p := range hub.Projections() {
		tables = append(tables, p.Tables()...)
	}
	slices.Sort(tables)
	sums, at, err := views.Hashes(ctx, tables)
	if err != nil {
		return "", err
	}
	for _, c := range at {
		if int64(c.Position) != position {
			return "", fmt.Errorf("%s came to position %d, the log to %d", c.Name, c.Position, position)
		}
	}
	whole := sha256.New()
	for i, table := range tables {
		fmt.Fprintf(whole, "%s %x\n", table, sums[i])
	}
	return hex.EncodeToString(whole.Sum(nil))[:16], nil
}

// scan reads all columns of all events and counts them.
func scan(ctx context.Context, p *bench.Place) (events int64, err error) {
	if p.DB != nil {
		return scanDatabase(ctx, p)
	}
	conn, err := native.Open(p.Path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	all, err := conn.Prepare(`select e.position, e.version, e.schema, e.at, e.occurred, e.crc, e.id, e.name, e.actor, e.cause, e.correlation,
		e.data, e.seal, s.workspace, s.kind, s.name from events e join streams s on s.id = e.stream where e.position > ?1 order by e.position`)
	if err != nil {
		return 0, err
	}
	all.Int(1, 0)
	for {
		row, err := all.Step()
		if err != nil || !row {
			return events, err
		}
		for i := range 6 {
			_ = all.ColumnInt(i)
		}
		for i := 6; i < 16; i++ {
			_ = all.ColumnBlob(i)
		}
		events++
	}
}

func scanDatabase(ctx context.Context, p *bench.Place) (events int64, err error) {
	rows, err := p.DB.Query(ctx, `select e.position, e.version, e.schema, e.at, e.occurred, e.crc, e.id, e.name, e.actor, e.cause, e.correlation,
		e.data, e.seal, s.workspace, s.kind, s.name from log.events e join log.streams s on s.id = e.stream order by e.position`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		_ = rows.RawValues()
		events++
	}
	return events, rows.Err()
}
