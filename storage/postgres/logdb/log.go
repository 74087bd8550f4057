// Package logdb keeps the log in the schema log of a PostgreSQL database.
//
// A batch is one call of the function log.commit, which locks the head, compares, and writes all or
// nothing; so any number of processes append without a leader, and positions are dense.
package logdb

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/ids"
	"github.com/creatorflow/creatorflow/eventlog/record"
	"github.com/creatorflow/creatorflow/failpoint"
	"github.com/creatorflow/creatorflow/storage/months"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
)

//go:embed migrations/*.sql
var logMigrations embed.FS

// relisten is the wait before a lost connection for notices is made again.
const relisten = time.Second

// Log is the eventlog.Store in the schema log. Any number of processes may append: the row lock on
// the head puts their commits, each one call of the function log.commit, in one order.
type Log struct {
	db      *database.Database
	months  *months.Shelf // what of the log is in files
	changed chan struct{}
	fenced  chan struct{}
	once    sync.Once
	stop    context.CancelFunc
	filling *pgxpool.Conn // commits go through it while the log is a copy in the making
	done    chan struct{} // closed when nobody listens any more
}

// Open opens the log in the database, makes it when missing, and migrates it. Closed months are in files
// of the data folder dir. It refuses a log whose head is not its last event's, and one that was moved to
// another engine.
func Open(ctx context.Context, db *database.Database, dir string) (*Log, error) {
	l, err := open(ctx, db, dir)
	if err != nil {
		return nil, err
	}
	if err := l.usable(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func open(ctx context.Context, db *database.Database, dir string) (*Log, error) {
	migrations, err := fs.Sub(logMigrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, "log", migrations); err != nil {
		return nil, err
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("name the log: %w", err)
	}
	if _, err := db.Exec(ctx, `insert into log.head (log_id, position, seal, at, month, streams, moved_to, filling)
		values ($1, 0, $2, 0, 0, 0, '', false) on conflict do nothing`, [16]byte(id), make([]byte, 32)); err != nil {
		return nil, fmt.Errorf("make the head of the log: %w", err)
	}
	l := &Log{db: db, changed: make(chan struct{}, 1), fenced: make(chan struct{}), done: make(chan struct{})}
	if err := l.check(ctx); err != nil {
		return nil, err
	}
	if l.months, err = months.Open(ctx, dir, closing{l}); err != nil {
		return nil, err
	}
	listening, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.listen(listening)
	return l, nil
}

// Read opens the log only for reading, beside the processes that write it.
func Read(ctx context.Context, db *database.Database, dir string) (*Log, error) {
	migrations, err := fs.Sub(logMigrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.CheckSchema(ctx, "log", migrations); err != nil {
		return nil, err
	}
	done := make(chan struct{})
	close(done)
	l := &Log{db: db, changed: make(chan struct{}, 1), fenced: make(chan struct{}), stop: func() {}, done: done}
	if l.months, err = months.Open(ctx, dir, closing{l}); err != nil {
		return nil, err
	}
	return l, nil
}

// check compares the head with the last event.
func (l *Log) check(ctx context.Context) error {
	var position, last int64
	var same bool
	err := l.db.QueryRow(ctx, `select h.position, coalesce(e.position, 0), e.seal is null and h.position = 0 or e.seal = h.seal
		from log.head h left join (select position, seal from log.events
			where month = (select max(month) from log.months) order by position desc limit 1) e on true`).
		Scan(&position, &last, &same)
	switch {
	case err != nil:
		return fmt.Errorf("read the head of the log: %w", err)
	case position != last || !same:
		return fmt.Errorf("%w: the head of the log is position %d, its last event %d", eventlog.ErrCorrupt, position, last)
	}
	return nil
}

// listen passes on that some process has appended. What it misses, the log's own poll finds.
func (l *Log) listen(ctx context.Context) {
	defer close(l.done)
	for ctx.Err() == nil {
		_ = l.hear(ctx) // the database is away: writers tell, and this tries again
		timer := time.NewTimer(relisten)
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
	}
}

func (l *Log) hear(ctx context.Context) error {
	conn, err := l.db.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it may be lost already
	if _, err := conn.Exec(ctx, `listen creatorflow_log`); err != nil {
		return err
	}
	for {
		l.signal() // there may have been commits before we listened
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
	}
}

func (l *Log) signal() {
	select {
	case l.changed <- struct{}{}:
	default: // already signalled
	}
}

// Commit implements eventlog.Store.
func (l *Log) Commit(ctx context.Context, b eventlog.Batch) (eventlog.Committed, error) {
	var q querier = l.db
	if l.filling != nil {
		q = l.filling
	}
	failpoint.Hit(failpoint.LogBefore)
	out, err := l.commit(ctx, q, b)
	failpoint.Hit(failpoint.LogAfter)
	return out, err
}

// Alone implements eventlog.Store, in one transaction that holds the head.
func (l *Log) Alone(ctx context.Context, do func(commit record.Commit) error) error {
	tx, err := l.db.Begin(ctx)
	if err != nil {
		return l.judge(err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // it says that the transaction has ended, or what began the trouble
	if _, err := tx.Exec(ctx, `select from log.head for update`); err != nil {
		return l.judge(err)
	}
	return do(func(ctx context.Context, b eventlog.Batch) (eventlog.Committed, error) {
		out, err := l.commit(ctx, tx, b)
		if err == nil && out.OK {
			err = l.judge(tx.Commit(ctx))
		}
		return out, err
	})
}

// querier is the pool, or a transaction.
type querier interface {
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

func (l *Log) commit(ctx context.Context, q querier, b eventlog.Batch) (eventlog.Committed, error) {
	args, err := arguments(&b)
	if err != nil {
		return eventlog.Committed{}, err
	}
	var out eventlog.Committed
	var found bool
	var versions []int64
	var movedTo string
	head := headRow{into: &out.Head}
	err = q.QueryRow(ctx, `select ok, stands, versions, moved_to, log_id, position, seal, at from log.commit(
		$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)`,
		args...).Scan(append([]any{&out.OK, &found, &versions, &movedTo}, head.fields()...)...)
	if err != nil {
		return eventlog.Committed{}, l.judge(err)
	}
	if movedTo != "" {
		return eventlog.Committed{}, l.judge(fmt.Errorf("%w: %w", eventlog.ErrFenced, eventlog.MovedTo(movedTo)))
	}
	head.take()
	out.First = out.Head.Position + 1
	if out.OK {
		out.First -= eventlog.Position(len(b.Events))
	}
	out.Real = make([]eventlog.Version, len(versions))
	for i, v := range versions {
		out.Real[i] = eventlog.Version(v)
	}
	if found {
		if out.Found, err = l.standing(ctx, b.Keys); err != nil {
			return eventlog.Committed{}, l.judge(err)
		}
	}
	return out, nil
}

// standing reads those of a batch's keys that have an answer.
func (l *Log) standing(ctx context.Context, keys []eventlog.StoredKey) (found []eventlog.StoredKey, err error) {
	for _, k := range keys {
		stored, ok, err := l.FindKey(ctx, k.Caller, k.ID)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, stored)
		}
	}
	return found, nil
}

// judge turns an error of a write into what the appender must know, and fences at a fault.
func (l *Log) judge(err error) error {
	if err = database.Judge(err); database.Twice(err) {
		err = fmt.Errorf("%w: what a commit adds stands there already: %w", eventlog.ErrFenced, err)
	}
	if database.Gone(err) {
		l.db.Reset() // the next write must not find out by failing
	}
	if errors.Is(err, eventlog.ErrFenced) {
		l.once.Do(func() { close(l.fenced) })
	}
	return err
}

// arguments are the batch as the function takes it: an array for each column.
func arguments(b *eventlog.Batch) ([]any, error) {
	n, m, k := len(b.Bases), len(b.Events), len(b.Keys)
	s := struct {
		workspace, kind, name []string
		expect, after         []int64
	}{make([]string, n), make([]string, n), make([]string, n), make([]int64, n), make([]int64, n)}
	for i, base := range b.Bases {
		s.workspace[i], s.kind[i], s.name[i] = base.Stream.Workspace, base.Stream.Kind, base.Stream.ID
		s.expect[i], s.after[i] = int64(base.Expect), int64(base.Expect)
	}
	e := struct {
		stream, schema                  []int32
		version, crc                    []int64
		id                              [][16]byte
		occurred                        []*int64
		name, actor, cause, correlation []string
		data                            [][]byte
	}{
		make([]int32, m), make([]int32, m), make([]int64, m), make([]int64, m), make([][16]byte, m), make([]*int64, m),
		make([]string, m), make([]string, m), make([]string, m), make([]string, m), make([][]byte, m),
	}
	for i := range b.Events {
		v := &b.Events[i]
		base := b.BaseOf[i]
		if s.after[base]++; int64(v.Version) != s.after[base] {
			return nil, fmt.Errorf("%s gets version %d after %d", v.Stream, v.Version, s.after[base]-1)
		}
		e.stream[i], e.version[i], e.id[i] = int32(base+1), int64(v.Version), v.ID //nolint:gosec // a batch has a few thousand streams
		e.name[i], e.schema[i] = v.Name, int32(v.Schema)                           //nolint:gosec // a small number
		if v.Occurred != v.At {
			e.occurred[i] = &v.Occurred
		}
		e.actor[i], e.cause[i], e.correlation[i] = v.Actor, v.Cause, v.Correlation
		e.data[i], e.crc[i] = v.Data, int64(v.CRC)
	}
	keys := struct {
		caller, refusal          []string
		id                       [][16]byte
		hash, result, digest     [][]byte
		at, first, last, version []int64
	}{
		make([]string, k), make([]string, k), make([][16]byte, k), make([][]byte, k), make([][]byte, k), make([][]byte, k),
		make([]int64, k), make([]int64, k), make([]int64, k), make([]int64, k),
	}
	for i := range b.Keys {
		key := &b.Keys[i]
		digest := key.Digest()
		keys.caller[i], keys.id[i], keys.hash[i], keys.digest[i] = key.Caller, key.ID, key.Hash[:], digest[:]
		keys.at[i], keys.version[i], keys.refusal[i], keys.result[i] = key.At, int64(key.Version), key.Refusal, key.Result
		keys.first[i], keys.last[i] = int64(b.KeyOrds[i][0]), int64(b.KeyOrds[i][1])
	}
	return []any{
		b.At, b.Digest[:],
		s.workspace, s.kind, s.name, s.expect, s.after,
		e.stream, e.version, e.id, e.name, e.schema, e.occurred, e.actor, e.cause, e.correlation, e.data, e.crc,
		keys.caller, keys.id, keys.hash, keys.at, keys.first, keys.last, keys.version, keys.refusal, keys.result, keys.digest,
	}, nil
}

// PurgeKeys implements eventlog.Store, in small transactions.
func (l *Log) PurgeKeys(ctx context.Context, before time.Time) (total int, err error) {
	for {
		done, err := l.db.Exec(ctx, `delete from log.command_keys where (caller, id) in (
			select caller, id from log.command_keys where at < $1 and id < $2 order by at limit 1000)`,
			before.UnixMicro(), [16]byte(ids.Least(before)))
		total += int(done.RowsAffected())
		if err != nil || done.RowsAffected() == 0 {
			return total, l.judge(err)
		}
	}
}

// Changed implements eventlog.Store.
func (l *Log) Changed() <-chan struct{} { return l.changed }

// Fenced implements eventlog.Store.
func (l *Log) Fenced() <-chan struct{} { return l.fenced }

// Resume implements eventlog.Store: the server takes writes again when it takes one.
func (l *Log) Resume(ctx context.Context) error {
	if err := l.check(ctx); err != nil {
		return l.judge(err)
	}
	err := pgx.BeginFunc(ctx, l.db.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `create temporary table probe (filler bytea) on commit drop`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into probe select sha256(int4send(n)) from generate_series(1, 2000) n`)
		return err
	})
	return l.judge(err)
}

// Close implements eventlog.Store. The database stays the caller's to close.
func (l *Log) Close() error {
	if l.filling != nil {
		l.filling.Release()
		l.filling = nil
	}
	l.stop()
	<-l.done
	return l.months.Close()
}

var _ eventlog.Store = (*Log)(nil)
