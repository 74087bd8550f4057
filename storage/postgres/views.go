package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
)

//go:embed migrations/views/*.sql
var viewsMigrations embed.FS

const (
	// viewConnections is how many transactions of the views run at once; more wait their turn.
	viewConnections = 8
	// viewsFormat is the format of a generation; one with another is thrown away.
	viewsFormat = 1
	// The first halves of advisory locks on generations; the second is its number. viewsLock is held
	// by who fills or drops it, readersLock shared by each read transaction. 0 is the lock of opening.
	viewsLock   = "1986618743" // "view"
	readersLock = "1919246692" // "read"
)

// Views keeps the views in schemas views_<n>, one a generation; views.generations says which serves.
// A rebuild fills a new one and then puts it in the place of the old. Any number of processes may
// have the views open: the row of the generation is the lock of its writers, and the others find out
// at their next transaction that another generation serves. Views can always be built from the log
// again, so their commits are not waited for, and damaged ones are thrown away.
type Views struct {
	db       *database.Database
	pool     *pgxpool.Pool
	log      *slog.Logger
	detached bool      // opened beside a running server: reads only
	held     *pgx.Conn // not serving yet: has the lock that keeps others from removing it as left over

	// indexes are to be made before a generation from Beside serves. A fold finds rows by their keys
	// alone, and an index of all rows is sorted faster than row by row. They are of these tables.
	indexes, tables []string

	mu     sync.Mutex
	number int // of the generation, 0 when closed
}

// OpenViews opens the serving views of the database, or empty ones. Views that are half built or
// damaged are dropped, which the log tells.
func OpenViews(ctx context.Context, db *database.Database, log *slog.Logger) (*Views, error) {
	migrations, err := fs.Sub(viewsMigrations, "migrations/views")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, "views", migrations); err != nil {
		return nil, err
	}
	v, err := newViews(ctx, db, log)
	if err != nil {
		return nil, fmt.Errorf("open the views: %w", err)
	}
	if v.number, err = v.serving(ctx); err == nil {
		err = v.dropLeftOver(ctx)
	}
	if err != nil {
		v.pool.Close()
		return nil, fmt.Errorf("open the views: %w", err)
	}
	return v, nil
}

// ReadViews opens the serving views of a database that other processes may have open. They can be
// read, and compared with a store from Beside.
func ReadViews(ctx context.Context, db *database.Database, log *slog.Logger) (*Views, error) {
	v, err := newViews(ctx, db, log)
	if err != nil {
		return nil, fmt.Errorf("open the views: %w", err)
	}
	v.detached = true
	var known bool
	err = db.QueryRow(ctx, `select to_regclass('views.generations') is not null`).Scan(&known)
	if err == nil && known {
		err = db.QueryRow(ctx, `select number from views.generations where serves and format = $1`, viewsFormat).Scan(&v.number)
	}
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !known {
		err = fmt.Errorf("there are no views in %s yet: start the server once", db.Name())
	}
	if err != nil {
		v.pool.Close()
		return nil, err
	}
	return v, nil
}

func newViews(ctx context.Context, db *database.Database, log *slog.Logger) (*Views, error) {
	pool, err := openPool(ctx, db, viewConnections, map[string]string{
		"synchronous_commit": "off",
		// Plans must fit tables that grow from nothing; the writer has its own rule.
		"plan_cache_mode": "force_custom_plan", "jit": "off",
	})
	if err != nil {
		return nil, err
	}
	return &Views{db: db, pool: pool, log: log}, nil
}

// serving finds the generation that serves, or makes one in the place of what cannot.
func (v *Views) serving(ctx context.Context) (number int, err error) {
	err = pgx.BeginFunc(ctx, v.db.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(`+viewsLock+`, 0)`); err != nil {
			return err
		}
		var format int
		err := tx.QueryRow(ctx, `select number, format from views.generations where serves`).Scan(&number, &format)
		if err == nil {
			why := v.unfit(ctx, number, format)
			if why == nil {
				return nil
			}
			if !isDamage(why) {
				return why
			}
			v.log.WarnContext(ctx, "views are damaged or of another format and will be built anew", "schema", schema(number), "error", why)
			err = drop(ctx, tx, number)
		} else if errors.Is(err, pgx.ErrNoRows) {
			err = nil
		}
		if err != nil {
			return err
		}
		number, err = create(ctx, tx, true)
		return err
	})
	return number, err
}

var errUnfit = errors.New("its tables are not those that it was made with")

// unfit says why a generation cannot serve.
func (v *Views) unfit(ctx context.Context, number, format int) error {
	if format != viewsFormat {
		return fmt.Errorf("%w: format %d", errUnfit, format)
	}
	var missing string
	err := v.pool.QueryRow(ctx, `select coalesce(string_agg(t, ', '), '') from `+schema(number)+`.checkpoints,
		jsonb_array_elements_text(tables::jsonb) t where to_regclass('`+schema(number)+`.' || quote_ident(t)) is null`).Scan(&missing)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errBegin, err)
	case missing != "":
		return fmt.Errorf("%w: %s is missing", errUnfit, missing)
	}
	return nil
}

// dropLeftOver removes generations that nobody is filling any more.
func (v *Views) dropLeftOver(ctx context.Context) error {
	rows, err := v.db.Query(ctx, `select number from views.generations where not serves`)
	if err != nil {
		return err
	}
	left, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return err
	}
	for _, number := range left {
		if err := pgx.BeginFunc(ctx, v.db.Pool, func(tx pgx.Tx) error {
			var free bool
			if err := tx.QueryRow(ctx, `select pg_try_advisory_xact_lock(`+viewsLock+`, $1)`, number).Scan(&free); err != nil || !free {
				return err
			}
			v.log.InfoContext(ctx, "views were left half built and are dropped", "schema", schema(number))
			return drop(ctx, tx, number)
		}); err != nil {
			return fmt.Errorf("drop %s: %w", schema(number), err)
		}
	}
	return nil
}

func schema(number int) string { return fmt.Sprintf("views_%d", number) }

// create makes an empty generation.
func create(ctx context.Context, tx pgx.Tx, serves bool) (number int, err error) {
	if err := tx.QueryRow(ctx, `insert into views.generations (format, serves) values ($1, $2) returning number`, viewsFormat, serves).
		Scan(&number); err != nil {
		return 0, err
	}
	for _, text := range []string{
		`create schema ` + schema(number),
		`create table ` + schema(number) + `.checkpoints (
			name text collate "C" not null, version bigint not null, log bytea not null, position bigint not null,
			seal bytea not null, stopped text not null, tables text not null, primary key (name, version)) with (fillfactor = 50)`,
	} {
		if _, err := tx.Exec(ctx, text); err != nil {
			return 0, err
		}
	}
	return number, nil
}

// drop removes a generation once its last reader, of whatever process, has ended.
func drop(ctx context.Context, tx pgx.Tx, number int) error {
	for _, text := range []string{
		`select pg_advisory_xact_lock(` + viewsLock + `, $1)`, // one drops at a time
		`select pg_advisory_xact_lock(` + readersLock + `, $1)`,
	} {
		if _, err := tx.Exec(ctx, text, number); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `drop schema if exists `+schema(number)+` cascade`); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `delete from views.generations where number = $1`, number)
	return err
}

// Beside implements projection.Store.
func (v *Views) Beside(ctx context.Context) (projection.Store, error) {
	if _, err := v.generation(); err != nil {
		return nil, err
	}
	fresh, err := newViews(ctx, v.db, v.log)
	if err != nil {
		return nil, fmt.Errorf("make views beside: %w", err)
	}
	if fresh.held, err = v.db.Connect(ctx); err == nil {
		err = pgx.BeginFunc(ctx, fresh.held, func(tx pgx.Tx) (err error) {
			if fresh.number, err = create(ctx, tx, false); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `select pg_advisory_lock(`+viewsLock+`, $1)`, fresh.number)
			return err
		})
		if err != nil {
			err = errors.Join(err, fresh.held.Close(context.WithoutCancel(ctx)))
		}
	}
	if err != nil {
		fresh.pool.Close()
		return nil, fmt.Errorf("make views beside: %w", err)
	}
	return fresh, nil
}

// Switch implements projection.Store.
func (v *Views) Switch(ctx context.Context, fresh projection.Store, last func(context.Context) error) error {
	f, ok := fresh.(*Views)
	if !ok || f == v || v.detached || v.held != nil || f.held == nil || f.db != v.db {
		return errors.New("switch the views: only a store from Beside can serve in the place of this one")
	}
	next, err := f.generation()
	if err != nil {
		return fmt.Errorf("switch the views: %w", err)
	}
	if err := f.index(ctx); err != nil {
		return fmt.Errorf("switch the views: %w", err)
	}
	for range projection.Closer {
		if err := last(ctx); err != nil {
			return fmt.Errorf("switch the views: %w", err)
		}
	}
	var old int
	err = v.transaction(ctx, func(s *session, number int) error {
		old = number
		if err := last(ctx); err != nil {
			return err
		}
		const serve = `update views.generations set serves = $2 where number = $1`
		return errors.Join(s.later(ctx, serve, number, false), s.later(ctx, serve, next, true))
	})
	if err != nil {
		return fmt.Errorf("switch the views: %w", err)
	}
	v.adopt(next)
	err = f.leave(ctx)
	err = errors.Join(err, pgx.BeginFunc(ctx, v.db.Pool, func(tx pgx.Tx) error { return drop(ctx, tx, old) }))
	if err != nil {
		return fmt.Errorf("drop the old views: %w", err)
	}
	return nil
}

// index makes the indexes that Create has put off, and counts the tables' values for the planner, which
// would take full tables for empty ones until autovacuum comes by.
func (v *Views) index(ctx context.Context) error {
	return v.transaction(ctx, func(s *session, _ int) error {
		for _, text := range v.indexes {
			if _, err := s.exec(ctx, text); err != nil {
				return fmt.Errorf("%s: %w", text, err)
			}
		}
		v.indexes = nil
		for _, table := range v.tables {
			if _, err := s.exec(ctx, "analyze "+quote(table)); err != nil {
				return fmt.Errorf("analyze %s: %w", table, err)
			}
		}
		return nil
	})
}

// leave lets go of a generation that is another store's now.
func (v *Views) leave(ctx context.Context) error {
	v.adopt(0)
	held := v.held
	v.held = nil
	v.pool.Close()
	return held.Close(ctx)
}

// Close implements projection.Store. The database stays the caller's to close.
func (v *Views) Close() error {
	v.mu.Lock()
	number := v.number
	v.number = 0
	v.mu.Unlock()
	v.pool.Close()
	if v.held == nil || number == 0 {
		return nil
	}
	ctx := context.Background()
	err := pgx.BeginFunc(ctx, v.held, func(tx pgx.Tx) error {
		var serves bool // when the answer to a switch was lost
		if err := tx.QueryRow(ctx, `select coalesce(bool_or(serves), false) from views.generations where number = $1`, number).Scan(&serves); err != nil || serves {
			return err
		}
		return drop(ctx, tx, number)
	})
	if err = errors.Join(err, v.held.Close(ctx)); err != nil {
		return fmt.Errorf("drop %s: %w", schema(number), err)
	}
	return nil
}

var errClosed = errors.New("the views are closed")

func (v *Views) generation() (number int, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.number == 0 {
		return 0, errClosed
	}
	return v.number, nil
}

func (v *Views) adopt(number int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.number = number
}

// moved goes over to the generation that serves now, if it is another one than before.
func (v *Views) moved(ctx context.Context, before int) (moved bool, err error) {
	if v.held != nil {
		return false, nil
	}
	var now int
	err = v.db.QueryRow(ctx, `select number from views.generations where serves and format = $1`, viewsFormat).Scan(&now)
	if err != nil || now == before {
		return false, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.number == before { // not closed, nor moved by another goroutine
		v.number = now
	}
	return true, nil
}

// fault adds to an error what the caller needs to know of it. Damage is noted at once, so that the
// next start builds the views anew.
func (v *Views) fault(ctx context.Context, number int, err error) error {
	if err == nil {
		return nil
	}
	judged := database.Judge(err)
	damage := isDamage(err)
	switch {
	case eventlog.Passing(judged):
		return judged
	case damage && !v.detached:
		_, noting := v.db.Exec(context.WithoutCancel(ctx), `update views.generations set format = 0 where number = $1`, number)
		err = errors.Join(err, noting)
	}
	if damage || errors.Is(judged, eventlog.ErrFenced) {
		return fmt.Errorf("%w: %s: %w", projection.ErrBroken, schema(number), err)
	}
	return err
}

// isDamage says that a generation's content is not what we wrote.
func isDamage(err error) bool {
	var e *pgconn.PgError
	if errors.Is(err, errUnfit) {
		return true
	}
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "XX001", "XX002", "58P01": // data_corrupted, index_corrupted, undefined_file
		return true
	}
	return errors.Is(err, errBegin) && (e.Code == "42P01" || e.Code == "42703" || e.Code == "3F000") // no such table, column, schema
}
