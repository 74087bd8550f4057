// Package queue has a bounded queue whose reader takes all that waits at once.
package queue

import (
	"context"
	"sync"
)

// Queue passes items from many goroutines to one, in order. When it is full, writers wait.
type Queue[T any] struct {
	ready chan struct{} // holds one token when items may be waiting

	mu     sync.Mutex
	items  []T
	limit  int
	space  chan struct{} // closed when the queue is emptied; nil when nobody waits for that
	closed error
}

// New makes a queue of at most limit items.
func New[T any](limit int) *Queue[T] {
	return &Queue[T]{limit: limit, ready: make(chan struct{}, 1)}
}

// Ready signals that items may be waiting.
func (q *Queue[T]) Ready() <-chan struct{} { return q.ready }

// Put waits for space, at most until ctx ends, and fails once the queue is closed.
func (q *Queue[T]) Put(ctx context.Context, item T) error {
	for {
		q.mu.Lock()
		if q.closed != nil {
			q.mu.Unlock()
			return q.closed
		}
		if len(q.items) < q.limit {
			q.items = append(q.items, item)
			first := len(q.items) == 1
			q.mu.Unlock()
			if first {
				select {
				case q.ready <- struct{}{}:
				default: // already signalled
				}
			}
			return nil
		}
		if q.space == nil {
			q.space = make(chan struct{})
		}
		space := q.space
		q.mu.Unlock()
		select {
		case <-space:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Take moves all items to the end of into.
func (q *Queue[T]) Take(into []T) []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	into = append(into, q.items...)
	clear(q.items)
	q.items = q.items[:0]
	if q.space != nil {
		close(q.space)
		q.space = nil
	}
	return into
}

// Close refuses further items for the reason given and returns those that wait.
func (q *Queue[T]) Close(reason error) []T {
	q.mu.Lock()
	q.closed = reason
	q.mu.Unlock()
	return q.Take(nil)
}
