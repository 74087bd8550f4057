package logdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/ids"
	"github.com/creatorflow/creatorflow/storage/months"
	"github.com/creatorflow/creatorflow/storage/segment"
)

const keyColumns = `caller, id, hash, at, first, last, version, refusal, result, sum`

// queries are the reads of log.db, prepared once.
type queries struct {
	known, key, keys, heads, snapshot, snapshots, segments, months, first *sql.Stmt
}

func prepareReads(ctx context.Context, db *sql.DB) (q queries, err error) {
	var indexed bool // a log that an older program wrote and this one only reads is not
	if err := db.QueryRowContext(ctx, `select exists (select 1 from sqlite_schema where name = 'streams_by_name')`).Scan(&indexed); err != nil {
		return q, err
	}
	known := `select exists (select 1 from streams indexed by streams_by_name where name = $3 and kind = $2 and workspace = $1)`
	if !indexed {
		known = `select $1 is null and $2 is null and $3 is null`
	}
	for _, s := range []struct {
		into **sql.Stmt
		sql  string
	}{
		{&q.known, known},
		{&q.key, `select ` + keyColumns + ` from command_keys where caller = $1 and id = $2`},
		{&q.keys, `select ` + keyColumns + ` from command_keys where (caller, id) > ($1, $2) order by caller, id limit $3`},
		{&q.snapshot, `select ` + snapshotColumns + ` from snapshots where workspace = $1 and kind = $2 and name = $3 and fold = $4`},
		{&q.snapshots, `select ` + snapshotColumns + ` from snapshots where (workspace, kind, name, fold) > ($1, $2, $3, $4)
			order by workspace, kind, name, fold limit $5`},
		{&q.heads, `select (select position from log_head), (select coalesce(sum(version), 0) from streams),
			(select count(*) from streams where version < 1)`},
		{&q.segments, `select (select log_id from log_head), month, first, last, seal_before, seal_after, sha256, bytes from segments order by month`},
		{&q.months, `select (select log_id from log_head), month, first from months order by month`},
		{&q.first, `select min(position) from events`},
	} {
		if err == nil {
			*s.into, err = db.PrepareContext(ctx, s.sql) // closed with db
		}
	}
	return q, err
}

// ReadStream implements eventlog.Store. A stream that does not end at its head is corrupt.
func (l *Log) ReadStream(ctx context.Context, s eventlog.Stream, after eventlog.Version, limit int) ([]eventlog.Stored, error) {
	last := after + eventlog.Version(min(limit, math.MaxInt32))
	head, first, out, err := l.readStream(ctx, s, after, last)
	if err != nil || head.id == 0 {
		return nil, err
	}
	of := months.Stream{Stream: s, From: func(h segment.Header) bool { return h.Last >= first }}
	if out, err = l.months.Before(ctx, of, after, min(last, head.version), out); err != nil {
		return nil, err
	}
	end := after + eventlog.Version(len(out))
	if len(out) < limit && end < head.version || len(out) > 0 && end > head.version {
		return nil, fmt.Errorf("%w: %s ends at version %d, but its head is %d", eventlog.ErrCorrupt, s, end, head.version)
	}
	return out, nil
}

// readStream is stream of the pages. It asks two indexes before it says that there is no such stream.
func (l *Log) readStream(ctx context.Context, s eventlog.Stream, after, last eventlog.Version) (head streamHead, first eventlog.Position, out []eventlog.Stored, err error) {
	if head, first, out, err = l.pages.stream(ctx, s, after, last); err != nil || head.id != 0 {
		return head, first, out, err
	}
	var known bool
	if err = l.queries.known.QueryRowContext(ctx, s.Workspace, s.Kind, s.ID).Scan(&known); err != nil || !known {
		return streamHead{}, 0, nil, err
	}
	if head, first, out, err = l.pages.stream(ctx, s, after, last); err == nil && head.id == 0 { // it has not come to be meanwhile
		err = lostStream(s)
	}
	return head, first, out, err
}

// lostStream is what the indexes of streams do not agree on.
func lostStream(s eventlog.Stream) error {
	return fmt.Errorf("%w: an index of the streams has lost %s", eventlog.ErrCorrupt, s)
}

// ReadAll implements eventlog.Store.
func (l *Log) ReadAll(ctx context.Context, after eventlog.Position, limit int) ([]eventlog.Stored, error) {
	return l.months.ReadAll(ctx, after, limit)
}

// FindKey implements eventlog.Store.
func (l *Log) FindKey(ctx context.Context, caller string, id uuid.UUID) (eventlog.StoredKey, bool, error) {
	found, err := storedKeys(ctx, l.queries.key, caller, id[:])
	if err != nil || len(found) == 0 {
		return eventlog.StoredKey{}, false, err
	}
	return found[0], true, nil
}

// ReadKeys implements eventlog.Store.
func (l *Log) ReadKeys(ctx context.Context, after eventlog.StoredKey, limit int) ([]eventlog.StoredKey, error) {
	return storedKeys(ctx, l.queries.keys, after.Caller, after.ID[:], limit)
}

func storedKeys(ctx context.Context, query *sql.Stmt, args ...any) (out []eventlog.StoredKey, err error) {
	rows, err := query.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var id, hash, sum sql.RawBytes
	for rows.Next() {
		var k eventlog.StoredKey
		if err := rows.Scan(&k.Caller, &id, &hash, &k.At, &k.First, &k.Last, &k.Version, &k.Refusal, &k.Result, &sum); err != nil {
			return nil, fmt.Errorf("%w: a command key's row: %w", eventlog.ErrCorrupt, err)
		}
		copy(k.ID[:], id)
		copy(k.Hash[:], hash)
		copy(k.Sum[:], sum)
		out = append(out, k)
	}
	return out, rows.Err()
}

// Heads implements eventlog.Store. One statement sees one moment.
func (l *Log) Heads(ctx context.Context) (position, versions eventlog.Position, empty int, err error) {
	err = l.queries.heads.QueryRowContext(ctx).Scan(&position, &versions, &empty)
	return position, versions, empty, err
}

// PurgeKeys implements eventlog.Store, in small transactions between those of the appender.
func (l *Log) PurgeKeys(ctx context.Context, before time.Time) (total int, err error) {
	oldest := ids.Least(before)
	for ctx.Err() == nil {
		n, err := l.purge(before.UnixMicro(), oldest)
		total += n
		if n == 0 || err != nil {
			return total, err
		}
	}
	return total, ctx.Err()
}

func (l *Log) purge(at int64, oldest uuid.UUID) (n int, err error) {
	err = l.between(func(w *writer) error {
		w.purgeKeys.Int(1, at)
		w.purgeKeys.Blob(2, oldest[:])
		err := w.purgeKeys.Run()
		n = w.Changes()
		return err
	})
	return n, err
}
