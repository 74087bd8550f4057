package logdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/sqlite/file"
)

const snapshotColumns = `workspace, kind, name, fold, schema, version, at, data, sum`

// Snapshot implements eventlog.Store.
func (l *Log) Snapshot(ctx context.Context, s eventlog.Stream, fold string) (eventlog.Snapshot, bool, error) {
	found, err := snapshots(ctx, l.queries.snapshot, s.Workspace, s.Kind, s.ID, fold)
	if err != nil || len(found) == 0 {
		return eventlog.Snapshot{}, false, err
	}
	return found[0], true, nil
}

// ReadSnapshots implements eventlog.Store.
func (l *Log) ReadSnapshots(ctx context.Context, after eventlog.Snapshot, limit int) ([]eventlog.Snapshot, error) {
	s := after.Stream
	return snapshots(ctx, l.queries.snapshots, s.Workspace, s.Kind, s.ID, after.Fold, limit)
}

func snapshots(ctx context.Context, query *sql.Stmt, args ...any) (out []eventlog.Snapshot, err error) {
	rows, err := query.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var sum sql.RawBytes
	for rows.Next() {
		var s eventlog.Snapshot
		if err := rows.Scan(&s.Stream.Workspace, &s.Stream.Kind, &s.Stream.ID, &s.Fold, &s.Schema, &s.Version, &s.At, &s.Data, &sum); err != nil {
			return nil, fmt.Errorf("%w: a snapshot's row: %w", eventlog.ErrCorrupt, err)
		}
		copy(s.Sum[:], sum)
		out = append(out, s)
	}
	return out, rows.Err()
}

// PutSnapshot implements eventlog.Store, between the appender's commits. A snapshot that finds no room
// is not written, and the next commit finds out for itself whether it does.
func (l *Log) PutSnapshot(_ context.Context, s eventlog.Snapshot) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.fence.Err() != nil:
		return fmt.Errorf("%w: %w", eventlog.ErrFenced, l.fence.Err())
	case l.writer == nil:
		return eventlog.ErrFull
	}
	q := l.writer.putSnapshot
	q.Text(1, s.Stream.Workspace)
	q.Text(2, s.Stream.Kind)
	q.Text(3, s.Stream.ID)
	q.Text(4, s.Fold)
	q.Int(5, int64(s.Schema))
	q.Int(6, int64(s.Version))
	q.Int(7, s.At)
	q.Blob(8, s.Data)
	q.Blob(9, s.Sum[:])
	err := q.Run()
	switch {
	case file.IsFull(err):
		return fmt.Errorf("%w: %w", eventlog.ErrFull, err)
	case err != nil:
		return l.judge(err)
	}
	return nil
}
