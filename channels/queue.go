package channels

import (
	"context"
	"time"
)

// Message is one message of a queue. It comes again unless it is deleted in time.
type Message struct {
	Receipt string // deletes it; each time it comes with another one
	Body    []byte
}

// Queue is where a vendor leaves its news when it sends no webhooks: at least once, in no order.
type Queue interface {
	// Receive takes some messages, ten at most, and waits so long for the first, twenty seconds at most. None is no error.
	Receive(ctx context.Context, wait time.Duration) ([]Message, error)
	// Delete ends messages that were stored; at most ten.
	Delete(ctx context.Context, receipts ...string) error
}

// Queued is a connector whose vendor's news come through a queue.
type Queued interface {
	// Queue is the connection's queue; nil when it has none, and is only polled.
	Queue() Queue
	// Listen has the vendor send its news to the queue, where they go nowhere yet; added says what it did, without a Topic it
	// did nothing. It is called again from time to time, because vendors forget.
	Listen(ctx context.Context) (added Subscription, err error)
}
