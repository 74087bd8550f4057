package logdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/record"
	"github.com/creatorflow/creatorflow/storage/months"
	"github.com/creatorflow/creatorflow/storage/segment"
	"github.com/creatorflow/creatorflow/storage/sqlite/file"
)

// dropAtOnce is how many events of a closed month go in one transaction, for which an append may have to
// wait.
const dropAtOnce = 200

// CloseMonths writes every month to a file that is not one of the last two of the log, and removes it from
// log.db, where its space is used again.
func (l *Log) CloseMonths(ctx context.Context) (int, error) { return l.months.CloseMonths(ctx) }

// SlowestDrop is the longest that a closed month took to leave the database.
func (l *Log) SlowestDrop() time.Duration { return l.months.SlowestDrop() }

// CheckSegments reads all of the files of closed months.
func (l *Log) CheckSegments(ctx context.Context) error { return l.months.Verify(ctx) }

// database is what log.db does for its closed months.
type database struct{ *Log }

// Catalogue implements months.Database.
func (l database) Catalogue(ctx context.Context) (all []segment.Entry, err error) {
	rows, err := l.queries.segments.QueryContext(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var log, before, after, sum sql.RawBytes
	for rows.Next() {
		var e segment.Entry
		if err := rows.Scan(&log, &e.Month, &e.First, &e.Last, &before, &after, &sum, &e.Bytes); err != nil {
			return nil, fmt.Errorf("%w: a closed month's row: %w", eventlog.ErrCorrupt, err)
		}
		copy(e.Log[:], log)
		copy(e.Before[:], before)
		copy(e.After[:], after)
		copy(e.Sum[:], sum)
		all = append(all, e)
	}
	return all, rows.Err()
}

// Months implements months.Database.
func (l database) Months(ctx context.Context) (log uuid.UUID, all []months.Begin, err error) {
	rows, err := l.queries.months.QueryContext(ctx)
	if err != nil {
		return log, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var id sql.RawBytes
	for rows.Next() {
		var b months.Begin
		if err := rows.Scan(&id, &b.Month, &b.First); err != nil {
			return log, nil, fmt.Errorf("%w: a month's row: %w", eventlog.ErrCorrupt, err)
		}
		copy(log[:], id)
		all = append(all, b)
	}
	return log, all, rows.Err()
}

// ReadAll implements months.Database.
func (l database) ReadAll(ctx context.Context, after record.Position, limit int) ([]record.Stored, error) {
	return l.pages.read(ctx, after, limit)
}

// Add implements months.Database.
func (l database) Add(_ context.Context, e segment.Entry) error {
	return l.between(func(w *writer) error {
		q := w.addSegment
		q.Int(1, int64(e.Month))
		q.Int(2, int64(e.First))
		q.Int(3, int64(e.Last))
		q.Blob(4, e.Before[:])
		q.Blob(5, e.After[:])
		q.Blob(6, e.Sum[:])
		q.Int(7, e.Bytes)
		return q.Run()
	})
}

// Drop implements months.Database, between the commits of the appender.
func (l database) Drop(ctx context.Context, e segment.Entry) error {
	for {
		var first sql.NullInt64
		if err := l.queries.first.QueryRowContext(ctx).Scan(&first); err != nil {
			return err
		}
		if !first.Valid || first.Int64 > int64(e.Last) {
			return nil
		}
		err := l.between(func(w *writer) error {
			w.dropEvents.Int(1, min(first.Int64+dropAtOnce-1, int64(e.Last)))
			return w.dropEvents.Run()
		})
		if err != nil {
			return err
		}
	}
}

// between writes durably between two commits of the appender.
func (l *Log) between(write func(w *writer) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.fence.Err() != nil:
		return fmt.Errorf("%w: %w", eventlog.ErrFenced, l.fence.Err())
	case l.heads == nil:
		return fmt.Errorf("%s is open for reading", l.path)
	case l.writer == nil:
		return eventlog.ErrFull
	}
	err := write(l.writer)
	if file.IsFull(err) { // nothing was written, and the appender, which waits for room, finds out by itself
		return fmt.Errorf("%w: %w", eventlog.ErrFull, err)
	}
	if err == nil {
		err = l.writer.checkpoint()
	}
	if err != nil {
		return l.judge(err)
	}
	return nil
}
