package logdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
)

const snapshotColumns = `workspace, kind, name, fold, schema, version, at, data, sum`

// Snapshot implements eventlog.Store.
func (l *Log) Snapshot(ctx context.Context, s eventlog.Stream, fold string) (eventlog.Snapshot, bool, error) {
	rows, err := l.db.Query(ctx, `select `+snapshotColumns+` from log.snapshots
		where workspace = $1 and kind = $2 and name = $3 and fold = $4`, s.Workspace, s.Kind, s.ID, fold)
	found, err := snapshots(rows, err)
	if err != nil || len(found) == 0 {
		return eventlog.Snapshot{}, false, err
	}
	return found[0], true, nil
}

// ReadSnapshots implements eventlog.Store.
func (l *Log) ReadSnapshots(ctx context.Context, after eventlog.Snapshot, limit int) ([]eventlog.Snapshot, error) {
	s := after.Stream
	rows, err := l.db.Query(ctx, `select `+snapshotColumns+` from log.snapshots where (workspace, kind, name, fold) > ($1, $2, $3, $4)
		order by workspace, kind, name, fold limit $5`, s.Workspace, s.Kind, s.ID, after.Fold, limit)
	return snapshots(rows, err)
}

func snapshots(rows pgx.Rows, err error) (out []eventlog.Snapshot, _ error) {
	if err != nil {
		return nil, database.Judge(err)
	}
	defer rows.Close()
	var schema int32
	var version int64
	var sum []byte
	for rows.Next() {
		var s eventlog.Snapshot
		if err := rows.Scan(&s.Stream.Workspace, &s.Stream.Kind, &s.Stream.ID, &s.Fold, &schema, &version, &s.At, &s.Data, &sum); err != nil {
			return nil, fmt.Errorf("%w: a snapshot's row: %w", eventlog.ErrCorrupt, err)
		}
		s.Schema, s.Version = int(schema), eventlog.Version(version)
		copy(s.Sum[:], sum)
		out = append(out, s)
	}
	return out, database.Judge(rows.Err())
}

// PutSnapshot implements eventlog.Store.
func (l *Log) PutSnapshot(ctx context.Context, s eventlog.Snapshot) error {
	_, err := l.db.Exec(ctx, `insert into log.snapshots (`+snapshotColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (workspace, kind, name, fold) do update set
		schema = excluded.schema, version = excluded.version, at = excluded.at, data = excluded.data, sum = excluded.sum`,
		s.Stream.Workspace, s.Stream.Kind, s.Stream.ID, s.Fold, s.Schema, int64(s.Version), s.At, s.Data, s.Sum[:])
	return l.judge(err)
}
