package logdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/sqlite/file"
)

// OpenForMove opens a log for a move from or to another engine, in whatever state one has left it.
func OpenForMove(ctx context.Context, f *folder.Folder) (*Log, error) { return open(ctx, f) }

// State says where the log was moved to, if it was, and whether it is a copy in the making.
func (l *Log) State(ctx context.Context) (movedTo string, filling bool, err error) {
	err = l.read.QueryRowContext(ctx, `select moved_to, filling from log_head`).Scan(&movedTo, &filling)
	return movedTo, filling, err
}

// usable refuses a log that was moved away, and a copy that did not come to its end.
func (l *Log) usable(ctx context.Context) error {
	movedTo, filling, err := l.State(ctx)
	switch {
	case err != nil:
		return err
	case movedTo != "":
		return fmt.Errorf("%s: %w", l.path, eventlog.MovedTo(movedTo))
	case filling:
		return fmt.Errorf("%s: %w", l.path, eventlog.ErrFilling)
	}
	return nil
}

// Fill makes an empty log the beginning of a copy of another. Until Sync, commits are not synced.
func (l *Log) Fill(ctx context.Context, id uuid.UUID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.head.Position > 0 {
		return fmt.Errorf("%s holds events already", l.path)
	}
	what := fmt.Sprintf(`log_id = x'%x', id_sum = %d, filling = 1`, id[:], file.RowSum(id[:]))
	if err := l.set(ctx, what); err != nil {
		return err
	}
	l.head.LogID = id
	return l.writer.Exec(`pragma synchronous = off`)
}

// PutKeys adds command keys as they are.
func (l *Log) PutKeys(_ context.Context, keys []eventlog.StoredKey) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.writer.begin.Run()
	for i := range keys {
		if err == nil {
			err = l.writer.addStoredKey(&keys[i])
		}
	}
	if err == nil {
		err = l.writer.commit.Run()
	}
	if err != nil {
		_ = l.writer.rollback.Run() // the copy is thrown away in any case
		return l.judge(err)
	}
	return nil
}

// Sync makes durable what was written since Fill: with syncing on again, a checkpoint syncs all that was
// written without.
func (l *Log) Sync(_ context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.judge(l.writer.Exec(`pragma synchronous = full; pragma wal_checkpoint(truncate)`))
}

// Filled opens the copy to all.
func (l *Log) Filled(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.set(ctx, `filling = 0`)
}

// MoveTo ends the log here for good.
func (l *Log) MoveTo(ctx context.Context, where string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.set(ctx, `moved_to = '`+strings.ReplaceAll(where, "'", "''")+`'`)
}

// set changes the head, durably.
func (l *Log) set(_ context.Context, what string) error {
	if l.writer == nil {
		return fmt.Errorf("%s is open for reading", l.path)
	}
	if err := l.writer.Exec(`update log_head set ` + what); err != nil {
		return l.judge(err)
	}
	return nil
}
