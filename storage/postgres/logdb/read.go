package logdb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/months"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
	"github.com/creatorflow/creatorflow/storage/segment"
)

// headRow takes a head out of the columns log_id, position, seal, at.
type headRow struct {
	into     *eventlog.Head
	id       [16]byte
	position int64
	seal     []byte
	at       int64
}

func (r *headRow) fields() []any { return []any{&r.id, &r.position, &r.seal, &r.at} }

func (r *headRow) take() {
	r.into.LogID, r.into.Position = r.id, eventlog.Position(r.position)
	copy(r.into.Seal[:], r.seal)
	if r.position > 0 {
		r.into.At = time.UnixMicro(r.at).UTC()
	}
}

// Head implements eventlog.Store.
func (l *Log) Head(ctx context.Context) (head eventlog.Head, err error) {
	row := headRow{into: &head}
	err = l.db.QueryRow(ctx, `select log_id, position, seal, at from log.head`).Scan(row.fields()...)
	if err == nil && len(row.seal) != 32 {
		err = fmt.Errorf("%w: the head's seal has %d bytes", eventlog.ErrCorrupt, len(row.seal))
	}
	row.take()
	return head, database.Judge(err)
}

const columns = `e.position, e.version, e.id, e.name, e.schema, e.at, coalesce(e.occurred, e.at), e.actor, e.cause, e.correlation, e.data, e.crc, e.seal`

// ReadStream implements eventlog.Store. It opens no partition of a month before the stream began, and
// compares the end of the stream with its head.
func (l *Log) ReadStream(ctx context.Context, s eventlog.Stream, after eventlog.Version, limit int) ([]eventlog.Stored, error) {
	head, err := l.streamHead(ctx, s)
	if err != nil || head.id == 0 {
		return nil, database.Judge(err)
	}
	last := after + eventlog.Version(min(limit, math.MaxInt32))
	rows, err := l.db.Query(ctx, `select `+columns+` from log.events e
		where e.month >= $1 and e.stream = $2 and e.version > $3 and e.version <= $4 order by e.version`, head.month, head.id, int64(after), int64(last))
	out, err := stored(rows, err, &s)
	if err != nil {
		return nil, database.Judge(err)
	}
	of := months.Stream{Stream: s, From: func(h segment.Header) bool { return int32(h.Month) >= head.month }} //nolint:gosec // as it is in the database
	if out, err = l.months.Before(ctx, of, after, min(last, head.version), out); err != nil {
		return nil, err
	}
	end, least, most := after+eventlog.Version(len(out)), head.version, head.version
	if len(out) > 0 && end > most { // appended since the head was read
		if head, err = l.streamHead(ctx, s); err != nil {
			return nil, database.Judge(err)
		}
		most = head.version
	}
	if len(out) < limit && end < least || len(out) > 0 && end > most {
		return nil, fmt.Errorf("%w: %s ends at version %d, but its head is %d", eventlog.ErrCorrupt, s, end, head.version)
	}
	return out, nil
}

// streamHead is where a stream is; the zero id says that there is none.
type streamHead struct {
	id      int64
	version eventlog.Version
	month   int32
}

func (l *Log) streamHead(ctx context.Context, s eventlog.Stream) (head streamHead, err error) {
	err = l.db.QueryRow(ctx, `select id, version, month from log.streams where workspace = $1 and kind = $2 and name = $3`,
		s.Workspace, s.Kind, s.ID).Scan(&head.id, &head.version, &head.month)
	if errors.Is(err, pgx.ErrNoRows) {
		return streamHead{}, nil
	}
	return head, database.Judge(err)
}

// ReadAll implements eventlog.Store.
func (l *Log) ReadAll(ctx context.Context, after eventlog.Position, limit int) ([]eventlog.Stored, error) {
	return l.months.ReadAll(ctx, after, limit)
}

// stored scans records; without a stream their triples come with them.
func stored(rows pgx.Rows, err error, stream *eventlog.Stream) (out []eventlog.Stored, _ error) {
	if err != nil {
		return nil, database.Judge(err)
	}
	defer rows.Close()
	var id [16]byte
	var position, version, crc int64
	var schema int32
	for rows.Next() {
		out = append(out, eventlog.Stored{})
		s := &out[len(out)-1]
		into := []any{
			&position, &version, &id, &s.Name, &schema, &s.At, &s.Occurred,
			&s.Actor, &s.Cause, &s.Correlation, &s.Data, &crc, &s.Seal,
		}
		if stream == nil {
			into = append(into, &s.Stream.Workspace, &s.Stream.Kind, &s.Stream.ID)
		} else {
			s.Stream = *stream
		}
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("%w: an event's row: %w", eventlog.ErrCorrupt, err)
		}
		s.Position, s.Version, s.ID = eventlog.Position(position), eventlog.Version(version), id
		s.Schema, s.CRC = int(schema), uint32(crc) //nolint:gosec // what was not written so fails its check
	}
	return out, database.Judge(rows.Err())
}

const keyColumns = `caller, id, hash, at, first, last, version, refusal, result, sum`

// FindKey implements eventlog.Store.
func (l *Log) FindKey(ctx context.Context, caller string, id uuid.UUID) (eventlog.StoredKey, bool, error) {
	rows, err := l.db.Query(ctx, `select `+keyColumns+` from log.command_keys where caller = $1 and id = $2`, caller, [16]byte(id))
	found, err := storedKeys(rows, err)
	if err != nil || len(found) == 0 {
		return eventlog.StoredKey{}, false, err
	}
	return found[0], true, nil
}

// ReadKeys implements eventlog.Store.
func (l *Log) ReadKeys(ctx context.Context, after eventlog.StoredKey, limit int) ([]eventlog.StoredKey, error) {
	rows, err := l.db.Query(ctx, `select `+keyColumns+` from log.command_keys where (caller, id) > ($1, $2) order by caller, id limit $3`,
		after.Caller, [16]byte(after.ID), limit)
	return storedKeys(rows, err)
}

func storedKeys(rows pgx.Rows, err error) (out []eventlog.StoredKey, _ error) {
	if err != nil {
		return nil, database.Judge(err)
	}
	defer rows.Close()
	var id [16]byte
	var hash, sum []byte
	var first, last, version int64
	for rows.Next() {
		var k eventlog.StoredKey
		if err := rows.Scan(&k.Caller, &id, &hash, &k.At, &first, &last, &version, &k.Refusal, &k.Result, &sum); err != nil {
			return nil, fmt.Errorf("%w: a command key's row: %w", eventlog.ErrCorrupt, err)
		}
		k.ID, k.First, k.Last, k.Version = id, eventlog.Position(first), eventlog.Position(last), eventlog.Version(version)
		copy(k.Hash[:], hash)
		copy(k.Sum[:], sum)
		out = append(out, k)
	}
	return out, database.Judge(rows.Err())
}

// Heads implements eventlog.Store. One statement sees one moment.
func (l *Log) Heads(ctx context.Context) (position, versions eventlog.Position, empty int, err error) {
	var at, sum, none int64
	err = l.db.QueryRow(ctx, `select h.position, coalesce(sum(s.version), 0)::bigint, count(*) filter (where s.version < 1)
		from log.head h left join log.streams s on true group by h.position`).Scan(&at, &sum, &none)
	return eventlog.Position(at), eventlog.Position(sum), int(none), database.Judge(err)
}
