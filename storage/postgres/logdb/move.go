package logdb

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
)

// OpenForMove opens a log for a move from or to another engine, in whatever state one has left it.
func OpenForMove(ctx context.Context, db *database.Database, dir string) (*Log, error) {
	return open(ctx, db, dir)
}

// State says where the log was moved to, if it was, and whether it is a copy in the making.
func (l *Log) State(ctx context.Context) (movedTo string, filling bool, err error) {
	err = l.db.QueryRow(ctx, `select moved_to, filling from log.head`).Scan(&movedTo, &filling)
	return movedTo, filling, database.Judge(err)
}

// usable refuses a log that was moved away, and a copy that did not come to its end.
func (l *Log) usable(ctx context.Context) error {
	movedTo, filling, err := l.State(ctx)
	switch {
	case err != nil:
		return err
	case movedTo != "":
		return fmt.Errorf("%s: %w", l.db.Name(), eventlog.MovedTo(movedTo))
	case filling:
		return fmt.Errorf("%s: %w", l.db.Name(), eventlog.ErrFilling)
	}
	return nil
}

// Fill makes an empty log the beginning of a copy of another. Until Sync, commits do not wait for the
// disk.
func (l *Log) Fill(ctx context.Context, id uuid.UUID) error {
	tag, err := l.db.Exec(ctx, `update log.head set log_id = $1, filling = true where position = 0`, [16]byte(id))
	if err != nil {
		return l.judge(err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("the log in %s holds events already", l.db.Name())
	}
	if l.filling, err = l.db.Acquire(ctx); err != nil {
		return l.judge(err)
	}
	_, err = l.filling.Exec(ctx, `set synchronous_commit = off`)
	return l.judge(err)
}

// PutKeys adds command keys as they are.
func (l *Log) PutKeys(ctx context.Context, keys []eventlog.StoredKey) error {
	_, err := l.db.CopyFrom(ctx, pgx.Identifier{"log", "command_keys"},
		[]string{"caller", "id", "hash", "at", "first", "last", "version", "refusal", "result", "sum"},
		pgx.CopyFromSlice(len(keys), func(i int) ([]any, error) {
			k := &keys[i]
			return []any{k.Caller, [16]byte(k.ID), k.Hash[:], k.At, int64(k.First), int64(k.Last), int64(k.Version), k.Refusal, k.Result, k.Sum[:]}, nil
		}))
	return l.judge(err)
}

// Sync makes durable what was written since Fill: a commit that waits for the disk waits for all before.
func (l *Log) Sync(ctx context.Context) error {
	_, err := l.db.Exec(ctx, `update log.head set filling = true`)
	return l.judge(err)
}

// Filled opens the copy to all.
func (l *Log) Filled(ctx context.Context) error {
	_, err := l.db.Exec(ctx, `update log.head set filling = false`)
	return l.judge(err)
}

// MoveTo ends the log here for good, for every process.
func (l *Log) MoveTo(ctx context.Context, where string) error {
	_, err := l.db.Exec(ctx, `update log.head set moved_to = $1`, where)
	return l.judge(err)
}
