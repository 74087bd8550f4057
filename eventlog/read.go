package eventlog

import (
	"context"
	"fmt"

	"github.com/creatorflow/creatorflow/eventlog/record"
)

// ReadStream returns up to limit records of a stream after a version, checked and decoded.
func (l *Log) ReadStream(ctx context.Context, s Stream, after Version, limit int) ([]Record, error) {
	stored, err := l.store.ReadStream(ctx, s, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read %s after version %d: %w", s, after, err)
	}
	records := make([]Record, len(stored))
	for i := range stored {
		if want := after + Version(i) + 1; stored[i].Version != want || stored[i].Stream != s {
			return nil, fmt.Errorf("%w: %s holds version %d where %d is due", ErrCorrupt, s, stored[i].Version, want)
		}
		if records[i], err = l.record(&stored[i]); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// ReadAll returns up to limit records after a position, checked and decoded. A position that is
// missing is corruption, never a gap to step over.
func (l *Log) ReadAll(ctx context.Context, after Position, limit int) ([]Record, error) {
	head := l.Head().Position
	stored, err := l.store.ReadAll(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read the log after position %d: %w", after, err)
	}
	if err := record.Dense(stored, after, limit, head); err != nil {
		return nil, err
	}
	records := make([]Record, len(stored))
	for i := range stored {
		if records[i], err = l.record(&stored[i]); err != nil {
			return nil, err
		}
	}
	return records, nil
}
