package instagram

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/instagram/wire"
)

const (
	maxTogether = 500            // writes that are asked for at the same time
	maxBatch    = 3000           // items of one call, as the vendor advises
	maxKept     = 200            // batches whose end is not known; then the oldest is forgotten, and a look at its items tells
	maxAge      = 24 * time.Hour // how long the end of a batch is asked for
)

// batcher lets writes that come while a batch is under way leave together with the next. Nobody waits for company: who comes
// alone leaves alone. Whoever has the turn sends for all.
type batcher struct {
	turn  chan struct{}
	flush func(ctx context.Context, writes map[string]int64) (refused map[string]error, err error)

	mu      sync.Mutex // guards waiting
	waiting []*write   // in the order in which they came
}

type write struct {
	code     string
	quantity int64
	done     chan error // takes one
}

// put has a quantity written and waits for the answer.
func (b *batcher) put(ctx context.Context, code string, quantity int64) error {
	if err := ctx.Err(); err != nil {
		return unsent(err)
	}
	w := &write{code: code, quantity: quantity, done: make(chan error, 1)}
	b.mu.Lock()
	b.waiting = append(b.waiting, w)
	b.mu.Unlock()
	for {
		select {
		case err := <-w.done:
			return err
		case b.turn <- struct{}{}:
			b.send(ctx)
			<-b.turn
		case <-ctx.Done():
			if b.leave(w) {
				return unsent(ctx.Err())
			}
			return &channels.Failure{Class: channels.Unsure, Call: writeName, Message: "not waited for", Err: ctx.Err()}
		}
	}
}

func unsent(err error) error {
	return &channels.Failure{Class: channels.Retry, Call: writeName, Message: "not sent", Away: true, Err: err}
}

// leave takes a write back that no batch has taken.
func (b *batcher) leave(w *write) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, other := range b.waiting {
		if other == w {
			b.waiting = append(b.waiting[:i:i], b.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// send sends what waits, one write of each item: a second of the same item is for the next batch. Others wait for it, so it
// does not end with the one who happens to send it; the call has a time limit of its own.
func (b *batcher) send(ctx context.Context) {
	batch, writes := b.take()
	if len(batch) == 0 {
		return
	}
	refused, err := b.flush(context.WithoutCancel(ctx), writes)
	for _, w := range batch {
		if err != nil {
			w.done <- err
			continue
		}
		w.done <- refused[w.code]
	}
}

func (b *batcher) take() (batch []*write, writes map[string]int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	writes = map[string]int64{}
	var rest []*write
	for _, w := range b.waiting {
		if _, twice := writes[w.code]; twice || len(batch) == maxBatch {
			rest = append(rest, w)
			continue
		}
		writes[w.code] = w.quantity
		batch = append(batch, w)
	}
	b.waiting = rest
	return batch, writes
}

// noReason is why an item was left as it was when the vendor does not say.
const noReason = "Meta gives no reason"

// batch is one that was accepted and whose end is not known.
type batch struct {
	handle   string
	writes   map[string]int64
	accepted time.Time
}

// remember keeps a batch to ask about.
func (c *Connector) remember(b batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.batches) == maxKept {
		c.batches = c.batches[1:]
	}
	c.batches = append(c.batches, b)
}

// ask asks what became of a batch: whether it is finished, and why items of it were left as they were.
func (c *Connector) ask(ctx context.Context, b batch) (finished bool, errs map[string]string, err error) {
	const name = "read batch"
	data, err := c.Call(ctx, wire.Request{
		Name: name, Method: http.MethodGet, Path: c.catalog + "/check_batch_request_status",
		Query: url.Values{"handle": {b.handle}, "load_ids_of_invalid_requests": {"true"}},
	})
	if err != nil {
		return false, nil, err
	}
	var list struct {
		Data []struct {
			Status channels.Text `json:"status"`
			Errors []struct {
				ID      channels.Text `json:"id"`
				Message channels.Text `json:"message"`
			} `json:"errors"`
			Invalid []channels.Text `json:"ids_of_invalid_requests"`
		} `json:"data"`
	}
	if err := json.Unmarshal(data, &list); err != nil || len(list.Data) == 0 {
		return false, nil, wire.Unreadable(name, err)
	}
	row := list.Data[0]
	errs = map[string]string{}
	for _, id := range row.Invalid {
		errs[string(id)] = noReason
	}
	whole := ""
	for _, e := range row.Errors {
		why := cmp.Or(channels.Short(string(e.Message), 200), noReason)
		if e.ID == "" {
			whole = why
			continue
		}
		errs[string(e.ID)] = why
	}
	if row.Status == "error" { // nothing of it was done
		for code := range b.writes {
			errs[code] = cmp.Or(errs[code], whole, noReason)
		}
	}
	return row.Status == "finished" || row.Status == "error", errs, nil
}

// settle asks about the batches whose end is not known, oldest first, as far as they are finished.
func (c *Connector) settle(ctx context.Context) error {
	for {
		c.mu.Lock()
		if len(c.batches) == 0 {
			c.mu.Unlock()
			return nil
		}
		b := c.batches[0]
		c.mu.Unlock()
		finished, errs, err := c.ask(ctx, b)
		old := c.clock().Sub(b.accepted) > maxAge
		switch class := channels.ClassOf(err); {
		case err != nil && !old && class != channels.Bug && class != channels.Rejected: // the vendor has forgotten it
			return err
		case err == nil && !finished && !old:
			return nil // nor are those behind it
		}
		c.mu.Lock()
		if len(c.batches) > 0 && c.batches[0].handle == b.handle {
			c.batches = c.batches[1:]
			for code, why := range errs {
				if _, ours := b.writes[code]; ours && len(c.refused) < maxBatch {
					c.refused[code] = why
				}
			}
		}
		c.mu.Unlock()
	}
}
