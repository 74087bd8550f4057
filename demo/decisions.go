package demo

import (
	"context"
	"fmt"
	"sync"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/eventlog"
)

// decisions follows the log and tells when an order was decided (it holds its stock, or waits for
// stock) and when it was closed by a cancellation. It remembers one order: the replay asks for one
// at a time.
type decisions struct {
	log *eventlog.Log

	mu   sync.Mutex
	has  map[string]bool // orders that were decided, until asked for
	gone map[string]bool // orders that were closed, until asked for
	news chan struct{}
}

func newDecisions(log *eventlog.Log) *decisions {
	return &decisions{log: log, has: map[string]bool{}, gone: map[string]bool{}, news: make(chan struct{})}
}

func (d *decisions) run(ctx context.Context) error {
	var position eventlog.Position
	for {
		records, err := d.log.ReadAll(ctx, position, 1000)
		if err != nil {
			return fmt.Errorf("follow the replay: %w", err)
		}
		for _, r := range records {
			position = r.Position
			d.see(r)
		}
		if len(records) == 0 {
			if _, err := d.log.Wait(ctx, position); err != nil {
				return err
			}
		}
	}
}

func (d *decisions) see(r eventlog.Record) {
	if r.Stream.Kind != fulfilment.Kind {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch e := r.Event.(type) {
	case flows.StepSucceeded:
		if e.Step != fulfilment.StepReserve {
			return
		}
		d.has[e.Flow] = true
	case flows.Waiting:
		if e.Step != fulfilment.StepReserve && e.Step != fulfilment.StepValidate {
			return
		}
		d.has[e.Flow] = true
	case flows.Undone:
		d.gone[e.Flow] = true
	default:
		return
	}
	close(d.news)
	d.news = make(chan struct{})
}

func (d *decisions) decided(ctx context.Context, order string) error {
	return d.await(ctx, d.has, order)
}

func (d *decisions) closed(ctx context.Context, order string) error {
	return d.await(ctx, d.gone, order)
}

func (d *decisions) await(ctx context.Context, among map[string]bool, order string) error {
	for {
		d.mu.Lock()
		seen, news := among[order], d.news
		delete(among, order)
		d.mu.Unlock()
		if seen {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
