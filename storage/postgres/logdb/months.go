package logdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/record"
	"github.com/creatorflow/creatorflow/storage/months"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
	"github.com/creatorflow/creatorflow/storage/segment"
)

const (
	// detachWithin is how long the partition of a closed month may be waited for, because everybody else
	// who reads or writes events then waits too.
	detachWithin = "50ms"
	detachTimes  = 20
	detachAgain  = 250 * time.Millisecond
)

// CloseMonths writes every month to a file that is not one of the last two of the log, and drops its
// partition. It also makes the partition of the month after the last one, for its first commit not to wait.
func (l *Log) CloseMonths(ctx context.Context) (int, error) {
	_, ahead := l.db.Exec(ctx, `select log.make_month(month + 1) from log.head where month > 0`)
	closed, err := l.months.CloseMonths(ctx)
	return closed, errors.Join(err, l.judge(ahead))
}

// SlowestDrop is the longest that a closed month took to leave the database.
func (l *Log) SlowestDrop() time.Duration { return l.months.SlowestDrop() }

// CheckSegments reads all of the files of closed months.
func (l *Log) CheckSegments(ctx context.Context) error { return l.months.Verify(ctx) }

// closing is what the database does for closed months.
type closing struct{ *Log }

// Catalogue implements months.Database.
func (l closing) Catalogue(ctx context.Context) (all []segment.Entry, _ error) {
	rows, err := l.db.Query(ctx, `select h.log_id, s.month, s.first, s.last, s.seal_before, s.seal_after, s.sha256, s.bytes
		from log.segments s, log.head h order by s.month`)
	if err != nil {
		return nil, database.Judge(err)
	}
	defer rows.Close()
	var log [16]byte
	var before, after, sum []byte
	for rows.Next() {
		var e segment.Entry
		if err := rows.Scan(&log, &e.Month, &e.First, &e.Last, &before, &after, &sum, &e.Bytes); err != nil {
			return nil, fmt.Errorf("%w: a closed month's row: %w", eventlog.ErrCorrupt, err)
		}
		e.Log = log
		copy(e.Before[:], before)
		copy(e.After[:], after)
		copy(e.Sum[:], sum)
		all = append(all, e)
	}
	return all, database.Judge(rows.Err())
}

// Months implements months.Database.
func (l closing) Months(ctx context.Context) (log uuid.UUID, all []months.Begin, _ error) {
	rows, err := l.db.Query(ctx, `select h.log_id, m.month, m.first from log.months m, log.head h order by m.month`)
	if err != nil {
		return log, nil, database.Judge(err)
	}
	defer rows.Close()
	var id [16]byte
	for rows.Next() {
		var b months.Begin
		if err := rows.Scan(&id, &b.Month, &b.First); err != nil {
			return log, nil, fmt.Errorf("%w: a month's row: %w", eventlog.ErrCorrupt, err)
		}
		all = append(all, b)
	}
	return id, all, database.Judge(rows.Err())
}

// ReadAll implements months.Database. It opens no partition of a month before the position's.
func (l closing) ReadAll(ctx context.Context, after record.Position, limit int) ([]record.Stored, error) {
	if after < 0 {
		return nil, fmt.Errorf("position %d is before the log", after)
	}
	rows, err := l.db.Query(ctx, `select `+columns+`, s.workspace, s.kind, s.name
		from (select * from log.events where position > $1
			and month >= coalesce((select max(month) from log.months where first - 1 <= $1), 0)
			order by position limit $2) e
		join log.streams s on s.id = e.stream order by e.position`, int64(after), limit)
	return stored(rows, err, nil)
}

// Add implements months.Database.
func (l closing) Add(ctx context.Context, e segment.Entry) error {
	_, err := l.db.Exec(ctx, `insert into log.segments (month, first, last, seal_before, seal_after, sha256, bytes)
		values ($1, $2, $3, $4, $5, $6, $7)`, int(e.Month), int64(e.First), int64(e.Last), e.Before[:], e.After[:], e.Sum[:], e.Bytes)
	return l.judge(err)
}

// Drop implements months.Database. Detaching needs all others to be away from the events for a moment,
// dropping what is detached does not.
func (l closing) Drop(ctx context.Context, e segment.Entry) error {
	partition := pgx.Identifier{"log", fmt.Sprintf("events_%04d_%02d", e.Month/12, e.Month%12+1)}.Sanitize()
	var there, attached bool
	err := l.db.QueryRow(ctx, `select to_regclass($1) is not null, exists (select from pg_inherits where inhrelid = to_regclass($1))`, partition).
		Scan(&there, &attached)
	for range detachTimes {
		if err != nil || !attached {
			break
		}
		if err = l.detach(ctx, partition); !database.Locked(err) {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(detachAgain):
		}
	}
	if err == nil && there {
		_, err = l.db.Exec(ctx, `drop table `+partition)
	}
	return l.judge(err)
}

func (l closing) detach(ctx context.Context, partition string) error {
	return pgx.BeginFunc(ctx, l.db.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `set local lock_timeout = '`+detachWithin+`'`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `alter table log.events detach partition `+partition)
		return err
	})
}
