package record

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// answerWithin is how long a store may take to say where its head is.
const answerWithin = 10 * time.Second

// Watch asks a store again and again whether it answers, until ctx ends: tell gets an error that wraps
// ErrAway, or nil, and what was known when the question was put. What else may be wrong a reader or writer
// will find out.
func Watch(ctx context.Context, store Store, every time.Duration, known func() error, tell func(was, err error)) {
	poll := time.NewTicker(every)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
		was := known()
		within, cancel := context.WithTimeout(ctx, answerWithin)
		_, err := store.Head(within)
		cancel()
		switch {
		case ctx.Err() != nil:
		case errors.Is(err, context.DeadlineExceeded):
			tell(was, fmt.Errorf("%w within %v", ErrAway, answerWithin))
		case err == nil, errors.Is(err, ErrAway):
			tell(was, err)
		}
	}
}

// Dense checks a page of records after a position: positions without a hole, and nothing missing before a
// head known earlier.
func Dense(page []Stored, after Position, limit int, head Position) error {
	for i := range page {
		if want := after + Position(i) + 1; page[i].Position != want {
			return fmt.Errorf("%w: position %d is missing, the next is %d", ErrCorrupt, want, page[i].Position)
		}
	}
	if end := after + Position(len(page)); len(page) < limit && end < head {
		return fmt.Errorf("%w: the log ends at position %d, but its head is %d", ErrCorrupt, end, head)
	}
	return nil
}
