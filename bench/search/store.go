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
	"sync"

	"github.com/creatorflow/creatorflow/bench/history"
	"github.com/creatorflow/creatorflow/domain/events"
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
func fill(ctx context.Context, dir, db string, orders, skus int) (m made, err error) {
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
	clock := history.Year(orders)
	log, err := eventlog.Open(ctx, stores.Log, eventlog.Options{Decode: events.Decode, Clock: clock, Poll: stores.Poll})
	if err != nil {
		return m, err
	}
	m = made{orders: orders, skus: skus, events: int64(log.Head().Position)}
	if m.events > 0 {
		return m, nil
	}
	running, stop := context.WithCancel(ctx)
	var run sync.WaitGroup
	defer run.Wait()
	defer stop()
	run.Go(func() { _ = log.Run(running) }) // its fault is the appends'
	shop := history.New(log, clock, history.Options{SKUs: skus, Lanes: 2, Window: 500})
	if err := shop.Open(ctx); err != nil {
		return m, err
	}
	if err := shop.Sell(ctx, orders); err != nil {
		return m, fmt.Errorf("make %d orders: %w", orders, err)
	}
	m.events = shop.Events.Load()
	return m, projection.Rebuild(ctx, log, stores.Views, hub.Projections(), projection.Options{})
}
