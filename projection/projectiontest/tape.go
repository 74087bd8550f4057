package projectiontest

import (
	"context"

	"github.com/creatorflow/creatorflow/eventlog"
)

// Tape is a log that was never written: its records, the first at position 1.
type Tape []eventlog.Record

// ReadAll implements projection.Log.
func (t Tape) ReadAll(_ context.Context, after eventlog.Position, limit int) ([]eventlog.Record, error) {
	return t[after:min(int(after)+limit, len(t))], nil
}

// Wait implements projection.Log: nothing is ever added.
func (t Tape) Wait(ctx context.Context, _ eventlog.Position) (eventlog.Position, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

// Head implements projection.Log.
func (t Tape) Head() eventlog.Head { return eventlog.Head{Position: eventlog.Position(len(t))} }
