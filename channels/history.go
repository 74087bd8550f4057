package channels

import (
	"cmp"
	"context"
	"time"
)

// Historian is a Connector whose channel lists orders by when they were placed, long ago too.
type Historian interface {
	// Oldest is since when orders can be read; zero = since the shop opened, as far as the channel says.
	Oldest(ctx context.Context) (time.Time, error)
	// Placed lists orders that were placed from a time on and before another, in any order, page by page. Pages of one window
	// need the same from and until. An order that changes meanwhile may come twice and is not left out.
	Placed(ctx context.Context, from, until time.Time, page string) (Page, error)
}

// History tells what of a connector's orders can be read that were placed long ago: since when (see Historian.Oldest), or in a
// sentence why none can.
func History(ctx context.Context, c Connector) (oldest time.Time, none string, err error) {
	h, ok := c.(Historian)
	if !ok {
		return time.Time{}, NoHistory(c), nil
	}
	oldest, err = h.Oldest(ctx)
	return oldest, "", err
}

// NoHistory says in a sentence why a connector's older orders cannot be read; empty when they can.
func NoHistory(c Connector) string {
	if _, ok := c.(Historian); ok {
		return ""
	}
	return cmp.Or(c.Capabilities().NoHistory, "This channel does not show older orders, so there is nothing to read.")
}
