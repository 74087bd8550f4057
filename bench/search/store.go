// Package search measures what people wait for on a hub that has a million orders: how soon it answers
// after its start, how long a search and a list take.
//
//	history ─► log ─► views, rebuilt ─► the program's own process ─► HTTP ─► percentiles
package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/bench/history"
	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/storage/folder"
)

// made is the store that is asked.
type made struct {
	orders, skus int
	events       int64
}

// fill makes a year's history in a data folder, or its database, and the views of it. A store that is
// there already is taken as it is.
func fill(ctx context.Context, dir, db string, sold, skus int) (m made, err error) {
	f, err := folder.Open(dir)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	stores, err := engine.Open(ctx, f, db, slog.New(slog.DiscardHandler))
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, stores.Close()) }()
	clock := history.Year(sold)
	log, err := eventlog.Open(ctx, stores.Log, eventlog.Options{Decode: events.Decode, Clock: clock, Poll: stores.Poll})
	if err != nil {
		return m, err
	}
	if log.Head().Position == 0 {
		if err := sell(ctx, log, clock, sold, skus); err != nil {
			return m, fmt.Errorf("make %d orders: %w", sold, err)
		}
	}
	m = made{orders: sold, skus: skus, events: int64(log.Head().Position)}
	if err := fold(ctx, log, stores.Views); err != nil {
		return m, err
	}
	return m, m.check(ctx, stores.Views)
}

func sell(ctx context.Context, log *eventlog.Log, clock func() time.Time, sold, skus int) error {
	running, stop := context.WithCancel(ctx)
	var run sync.WaitGroup
	defer run.Wait()
	defer stop()
	run.Go(func() { _ = log.Run(running) }) // its fault is the appends'
	shop := history.New(log, clock, history.Options{SKUs: skus, Lanes: 2, Window: 500})
	if err := shop.Open(ctx); err != nil {
		return err
	}
	return shop.Sell(ctx, sold)
}

// fold rebuilds the views, unless they are what they should be.
func fold(ctx context.Context, log *eventlog.Log, views projection.Store) error {
	now, err := views.Checkpoints(ctx)
	if err != nil {
		return err
	}
	for _, p := range hub.Projections() {
		if !slices.ContainsFunc(now, func(c projection.Checkpoint) bool {
			return c.Name == p.Name() && c.Version == p.Version() && c.Position == log.Head().Position
		}) {
			return projection.Rebuild(ctx, log, views, hub.Projections(), projection.Options{})
		}
	}
	return nil
}

// check refuses a store of another size, or one whose making was cut short.
func (m made) check(ctx context.Context, views projection.Store) error {
	return views.Read(ctx, func(r projection.Reader) error {
		n, err := orders.Count(ctx, r, "all")
		if err == nil && n != int64(m.orders) {
			err = fmt.Errorf("the store has %d orders, not %d: remove it, or name another folder with --dir", n, m.orders)
		}
		return err
	})
}
