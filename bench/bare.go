package bench

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/queue"
)

// bare is the best loop that writes what the log writes without being a log: no encoding, no
// checksum, no seal, no identity of repeats, no state. It is never slowed.
type bare struct {
	table   table
	queue   *queue.Queue[*bareCall]
	callers []*bareCall
	named   atomic.Int64
	stop    context.CancelFunc
	wg      sync.WaitGroup
	err     error
}

// table is the log's own tables, written without a log; one batch is one commit.
type table interface {
	batch(ctx context.Context, calls []*bareCall) error
	close() error
}

// bareCall is one caller's append, used again and again.
type bareCall struct {
	name            string // of a stream to begin, else empty
	stream, version int64
	events, left    int // left: appends until the next stream
	done            chan error
}

// openBare makes the log's own tables in a place of its own, for rows with an event like the given one.
func openBare(ctx context.Context, places *Places, callers int, like eventlog.Event) (*bare, error) {
	place, err := places.Next(ctx)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(like)
	if err != nil {
		return nil, errors.Join(err, place.Close())
	}
	b := &bare{queue: queue.New[*bareCall](4096)}
	if places.engine == Postgres {
		b.table = &postgresTable{place: place, data: data}
	} else if b.table, err = openSQLiteTable(place, data); err != nil {
		return nil, err
	}
	for range callers {
		b.callers = append(b.callers, &bareCall{done: make(chan error, 1)})
	}
	running, stop := context.WithCancel(ctx)
	b.stop = stop
	b.wg.Go(func() { b.err = b.run(running) })
	return b, nil
}

func (b *bare) append(caller, events int) error {
	c := b.callers[caller]
	c.events = events
	if c.left--; c.left < 0 {
		c.name, c.version, c.left = streamID(b.named.Add(1)), 0, appendsPerStream-1
	}
	if err := b.queue.Put(context.Background(), c); err != nil {
		return err
	}
	return <-c.done
}

func (b *bare) run(ctx context.Context) error {
	var calls []*bareCall
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.queue.Ready():
		}
		calls = b.queue.Take(calls[:0])
		err := b.table.batch(context.WithoutCancel(ctx), calls)
		for _, c := range calls {
			c.done <- err
		}
		if err != nil {
			b.queue.Close(err)
			return err
		}
	}
}

func (b *bare) close() error {
	b.stop()
	b.wg.Wait()
	return errors.Join(b.err, b.table.close())
}
