package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

var (
	// errSwitched says that another generation serves.
	errSwitched = errors.New("another generation of the views serves")
	// errBegin says that a transaction did not come as far as the caller's part.
	errBegin = errors.New("begin")
)

// attempt runs a transaction on the generation that serves, again when that is another one since. do
// wraps what fails before the caller's part in errBegin.
func (v *Views) attempt(ctx context.Context, do func(number int) error) error {
	for {
		number, err := v.generation()
		if err != nil {
			return err
		}
		err = do(number)
		if errors.Is(err, errBegin) {
			moved, judging := v.moved(ctx, number)
			if moved {
				continue
			}
			err = errors.Join(err, judging)
		}
		return v.fault(ctx, number, err)
	}
}

// Read implements projection.Store.
func (v *Views) Read(ctx context.Context, do func(r projection.Reader) error) error {
	return v.attempt(ctx, func(number int) error {
		var serves int
		var free bool // nobody drops it
		begin := []queued{
			{text: `begin isolation level repeatable read read only`},
			{text: `set local search_path = ` + schema(number)},
			{
				text: `select pg_try_advisory_xact_lock_shared(` + readersLock + `, $1), coalesce((select number from views.generations where serves), 0)`,
				args: []any{number}, row: []any{&free, &serves},
			},
		}
		return within(ctx, v.pool, begin, func(s *session) error {
			r := viewReader{viewTx: viewTx{s}}
			rows, err := s.query(ctx, `select coalesce(max(position), 0) from `+schema(number)+`.checkpoints`)
			if err == nil {
				err = only(rows, &r.position)
			}
			if err == nil && (!free || serves != number && v.held == nil) {
				err = errSwitched
			}
			if err != nil {
				return fmt.Errorf("%w: %w", errBegin, err)
			}
			return do(r)
		})
	})
}

// only reads the one row that there is.
func only(rows *rows, into ...any) error {
	defer func() { _ = rows.Close() }()
	if rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		rows.Next()
	}
	return rows.Err()
}

// viewTx passes statements to a session.
type viewTx struct{ s *session }

// Query implements projection.Tx and projection.Reader.
func (t viewTx) Query(ctx context.Context, query string, args ...any) (projection.Rows, error) {
	rows, err := t.s.query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return rows, nil
}

type viewReader struct {
	viewTx
	position eventlog.Position
}

// Position implements projection.Reader.
func (r viewReader) Position() eventlog.Position { return r.position }

type writeTx struct{ viewTx }

// Exec implements projection.Tx.
func (t writeTx) Exec(ctx context.Context, query string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return t.s.later(ctx, query, args...)
}

// Load implements projection.Far. Each key is looked up by itself, whatever the planner thinks of the table.
func (t writeTx) Load(ctx context.Context, l *projection.Layout, keys [][]any) (projection.Rows, error) {
	if len(keys) == 1 {
		return t.Query(ctx, l.Find, keys[0]...)
	}
	return t.Query(ctx, "select r.* from "+lists(l, l.Key)+" cross join lateral (select "+strings.Join(l.Columns, ", ")+
		" from "+l.Name+" where "+keyed(l)+" limit 1) r", columns(l, keys, l.Key)...)
}

// Store implements projection.Tx.
func (t writeTx) Store(ctx context.Context, l *projection.Layout, rows [][]any) error {
	if len(rows) == 1 {
		return t.Exec(ctx, l.Upsert, rows[0]...)
	}
	taken := make([]string, len(l.Columns))
	for i, name := range l.Columns {
		if taken[i] = "v." + name; l.Types[i] == "jsonb" {
			taken[i] += "::jsonb"
		}
	}
	return t.Exec(ctx, "insert into "+l.Name+" ("+strings.Join(l.Columns, ", ")+") select "+strings.Join(taken, ", ")+
		" from "+lists(l, len(l.Columns))+l.Conflict, columns(l, rows, len(l.Columns))...)
}

// Remove implements projection.Tx, by the places of the rows, for the reason that Load names.
func (t writeTx) Remove(ctx context.Context, l *projection.Layout, keys [][]any) error {
	if len(keys) == 1 {
		return t.Exec(ctx, l.Remove, keys[0]...)
	}
	return t.Exec(ctx, "delete from "+l.Name+" where ctid = any (array(select (select ctid from "+l.Name+" where "+keyed(l)+") from "+
		lists(l, l.Key)+"))", columns(l, keys, l.Key)...)
}

// Flush implements projection.Tx.
func (t writeTx) Flush(ctx context.Context) error { return t.s.flush(ctx) }

// Write implements projection.Store.
func (v *Views) Write(ctx context.Context, do func(projection.Tx, []projection.Checkpoint) ([]projection.Checkpoint, error)) error {
	return v.transaction(ctx, func(s *session, _ int) error {
		now, err := checkpoints(ctx, s)
		if err != nil {
			return err
		}
		then, err := do(writeTx{viewTx{s}}, now)
		if err != nil {
			return err
		}
		for _, c := range then {
			if err := s.later(ctx, `update checkpoints set log = $3, position = $4, seal = $5, stopped = $6 where name = $1 and version = $2`,
				c.Name, c.Version, c.LogID[:], int64(c.Position), c.Seal[:], c.Stopped); err != nil {
				return fmt.Errorf("store the checkpoint of %s: %w", c.Name, err)
			}
		}
		return nil
	})
}

// transaction runs do in a write transaction that holds the generation's row, which of all writers
// one at a time can.
func (v *Views) transaction(ctx context.Context, do func(s *session, number int) error) error {
	return v.attempt(ctx, func(number int) error {
		if v.detached {
			return errors.New("write views: they were opened for reading")
		}
		begin := []queued{
			{text: `begin`},
			{text: `set local search_path = ` + schema(number)},
			// Statements of a fold find rows by their keys: one plan for all, whatever the tables hold now.
			{text: `set local plan_cache_mode = force_generic_plan`},
			{text: `set local enable_seqscan = off`},
		}
		return within(ctx, v.pool, begin, func(s *session) error {
			var serves bool
			rows, err := s.query(ctx, `select serves from views.generations where number = $1 for update`, number)
			if err == nil {
				err = only(rows, &serves)
			}
			if err == nil && serves == (v.held != nil) {
				err = errSwitched
			}
			if err != nil {
				return fmt.Errorf("%w: %w", errBegin, err)
			}
			return do(s, number)
		})
	})
}

// Checkpoints implements projection.Store.
func (v *Views) Checkpoints(ctx context.Context) (now []projection.Checkpoint, err error) {
	err = v.Read(ctx, func(r projection.Reader) error {
		now, err = checkpoints(ctx, r.(viewReader).s)
		return err
	})
	return now, err
}

func checkpoints(ctx context.Context, s *session) (now []projection.Checkpoint, err error) {
	rows, err := s.query(ctx, `select name, version, log, position, seal, stopped from checkpoints order by name, version`)
	if err != nil {
		return nil, fmt.Errorf("read the checkpoints: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c projection.Checkpoint
		var log, seal []byte
		if err := rows.Scan(&c.Name, &c.Version, &log, &c.Position, &seal, &c.Stopped); err != nil {
			return nil, fmt.Errorf("read the checkpoints: %w", err)
		}
		copy(c.LogID[:], log)
		copy(c.Seal[:], seal)
		now = append(now, c)
	}
	return now, rows.Err()
}

// Create implements projection.Store.
func (v *Views) Create(ctx context.Context, p projection.Projection) error {
	tables, err := json.Marshal(p.Tables())
	if err != nil {
		return fmt.Errorf("create %s: %w", p.Name(), err)
	}
	err = v.transaction(ctx, func(s *session, _ int) error {
		_, known, err := tablesOf(ctx, s, p.Name(), p.Version())
		if err != nil || known {
			return err
		}
		v.tables = append(v.tables, p.Tables()...)
		for _, text := range p.Schema() {
			if v.held != nil && strings.HasPrefix(text, projection.IndexDDL) {
				v.indexes = append(v.indexes, text)
				continue
			}
			if _, err := s.exec(ctx, ddl(text)); err != nil {
				return fmt.Errorf("%s: %w", text, err)
			}
		}
		_, err = s.exec(ctx, `insert into checkpoints (name, version, log, position, seal, stopped, tables) values ($1, $2, '', 0, '', '', $3)`,
			p.Name(), p.Version(), string(tables))
		return err
	})
	if err != nil {
		return fmt.Errorf("create the tables of %s version %d: %w", p.Name(), p.Version(), err)
	}
	return nil
}

// Drop implements projection.Store.
func (v *Views) Drop(ctx context.Context, name string, version int) error {
	err := v.transaction(ctx, func(s *session, _ int) error {
		tables, _, err := tablesOf(ctx, s, name, version)
		if err != nil {
			return err
		}
		for _, table := range tables {
			if _, err := s.exec(ctx, "drop table if exists "+quote(table)); err != nil {
				return fmt.Errorf("drop %s: %w", table, err)
			}
		}
		_, err = s.exec(ctx, `delete from checkpoints where name = $1 and version = $2`, name, version)
		return err
	})
	if err != nil {
		return fmt.Errorf("drop %s version %d: %w", name, version, err)
	}
	return nil
}

// tablesOf says which tables a projection version was created with, if it is known at all.
func tablesOf(ctx context.Context, s *session, name string, version int) (tables []string, known bool, err error) {
	rows, err := s.query(ctx, `select tables from checkpoints where name = $1 and version = $2`, name, version)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, false, err
		}
		if err := json.Unmarshal([]byte(text), &tables); err != nil {
			return nil, false, err
		}
		known = true
	}
	return tables, known, rows.Err()
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
