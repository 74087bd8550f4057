package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/sqlite/keyset"
)

// Read implements projection.Store.
func (v *Views) Read(ctx context.Context, do func(r projection.Reader) error) error {
	g, err := v.hold()
	if err != nil {
		return err
	}
	defer g.inUse.RUnlock()
	s, err := g.readers.take(ctx)
	if err != nil {
		return v.fault(g, fmt.Errorf("read views: %w", err))
	}
	defer g.readers.give(s)
	steady := context.WithoutCancel(ctx) // only the caller's own queries are cut short
	return v.fault(g, within(steady, s, "begin", func() error {
		r := viewReader{viewTx: viewTx{s: s}}
		now, err := checkpoints(steady, s) // the first read fixes what the transaction sees
		if err != nil {
			return err
		}
		for _, c := range now {
			r.position = max(r.position, c.Position)
		}
		return do(r)
	}))
}

// viewTx passes *session to a session. Without the caller's cancellation a statement costs no
// watching goroutine; a batch is short enough to be looked at between statements.
type viewTx struct{ s *session }

// Query implements projection.Tx and projection.Reader.
func (t viewTx) Query(ctx context.Context, query string, args ...any) (projection.Rows, error) {
	return t.s.query(ctx, query, args...)
}

type viewReader struct {
	viewTx
	position eventlog.Position
}

// Position implements projection.Reader.
func (r viewReader) Position() eventlog.Position { return r.position }

type writeTx struct{ viewTx }

// Query implements projection.Tx.
func (t writeTx) Query(ctx context.Context, query string, args ...any) (projection.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return t.s.query(context.WithoutCancel(ctx), query, args...)
}

// Exec implements projection.Tx.
func (t writeTx) Exec(ctx context.Context, query string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return t.s.exec(context.WithoutCancel(ctx), query, args...)
}

// Store implements projection.Tx. A statement for each row costs less than one for several, which SQLite
// could undo alone and so copies every page that it touches.
func (t writeTx) Store(ctx context.Context, l *projection.Layout, rows [][]any) error {
	return t.each(ctx, l, l.Upsert, rows)
}

// Remove implements projection.Tx.
func (t writeTx) Remove(ctx context.Context, l *projection.Layout, keys [][]any) error {
	return t.each(ctx, l, l.Remove, keys)
}

// each names a row that fails by its key: errors are logged and shown, and what else stands in a row may be a person's.
func (t writeTx) each(ctx context.Context, l *projection.Layout, text string, all [][]any) error {
	for _, args := range all {
		if err := t.Exec(ctx, text, args...); err != nil {
			return fmt.Errorf("row %v: %w", args[:l.Key], err)
		}
	}
	return nil
}

// Flush implements projection.Tx: Exec has waited already.
func (writeTx) Flush(context.Context) error { return nil }

// fillTx is a projection.Filling. The memory that looking for new keys takes is 4 MiB, however many there are.
type fillTx struct {
	writeTx
	keys *keyset.Set
}

// Absent implements projection.Filling.
func (t fillTx) Absent(l *projection.Layout, key []any) bool { return t.keys.Absent(l.Name, key) }

// Exec implements projection.Tx.
func (t fillTx) Exec(ctx context.Context, query string, args ...any) error {
	t.keys.Lose() // nobody knows which rows it writes
	return t.writeTx.Exec(ctx, query, args...)
}

// Store implements projection.Tx.
func (t fillTx) Store(ctx context.Context, l *projection.Layout, rows [][]any) error {
	for _, row := range rows {
		t.keys.Add(l.Name, row[:l.Key])
	}
	return t.writeTx.Store(ctx, l, rows)
}

// Remove implements projection.Tx.
func (t fillTx) Remove(ctx context.Context, l *projection.Layout, keys [][]any) error {
	keys = slices.DeleteFunc(keys, func(key []any) bool { return t.keys.Absent(l.Name, key) })
	return t.writeTx.Remove(ctx, l, keys)
}

// Write implements projection.Store.
func (v *Views) Write(ctx context.Context, do func(projection.Tx, []projection.Checkpoint) ([]projection.Checkpoint, error)) error {
	return v.transaction(ctx, func(ctx context.Context, s *session) error {
		now, err := checkpoints(ctx, s)
		if err != nil {
			return err
		}
		var tx projection.Tx = writeTx{viewTx{s}}
		if s.keys != nil {
			tx = fillTx{writeTx{viewTx{s}}, s.keys}
		}
		then, err := do(tx, now)
		if err != nil {
			return err
		}
		for _, c := range then {
			if err := s.exec(ctx, `update checkpoints set log = $3, position = $4, seal = $5, stopped = $6 where name = $1 and version = $2`,
				c.Name, c.Version, c.LogID[:], int64(c.Position), c.Seal[:], c.Stopped); err != nil {
				return fmt.Errorf("store the checkpoint of %s: %w", c.Name, err)
			}
		}
		return nil
	})
}

// transaction runs do on the writing connection.
func (v *Views) transaction(ctx context.Context, do func(ctx context.Context, s *session) error) error {
	v.writing.Lock()
	defer v.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	g, err := v.hold()
	if err != nil {
		return err
	}
	defer g.inUse.RUnlock()
	if g.writer == nil {
		return errors.New("write views: they were opened for reading")
	}
	steady := context.WithoutCancel(ctx)
	return v.fault(g, within(steady, g.writer, "begin immediate", func() error { return do(steady, g.writer) }))
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
	err = v.transaction(ctx, func(ctx context.Context, s *session) error {
		_, known, err := tablesOf(ctx, s, p.Name(), p.Version())
		if err != nil || known {
			return err
		}
		for _, text := range p.Schema() {
			if v.beside && strings.HasPrefix(text, projection.IndexDDL) {
				v.indexes = append(v.indexes, text)
				continue
			}
			if err := s.exec(ctx, ddl(text)); err != nil {
				return fmt.Errorf("%s: %w", text, err)
			}
		}
		return s.exec(ctx, `insert into checkpoints (name, version, log, position, seal, stopped, tables) values ($1, $2, x'', 0, x'', '', $3)`,
			p.Name(), p.Version(), string(tables))
	})
	if err != nil {
		return fmt.Errorf("create the tables of %s version %d: %w", p.Name(), p.Version(), err)
	}
	return nil
}

// narrow is up to how many columns a table is kept in its primary key's order alone, where SQLite would keep
// its rows once and an index of their keys besides. Wide rows would make that tree too large for the cache.
const narrow = 5

// ddl adds to a statement that makes a narrow table what no other engine reads.
func ddl(text string) string {
	if columns, _, ok := strings.Cut(text, ", primary key ("); ok && strings.HasPrefix(text, "create table ") && strings.Count(columns, ",") < narrow {
		return text + " without rowid"
	}
	return text
}

// Drop implements projection.Store.
func (v *Views) Drop(ctx context.Context, name string, version int) error {
	err := v.transaction(ctx, func(ctx context.Context, s *session) error {
		tables, _, err := tablesOf(ctx, s, name, version)
		if err != nil {
			return err
		}
		s.forget() // no statement may hold on to the tables
		for _, table := range tables {
			if err := s.exec(ctx, "drop table if exists "+quote(table)); err != nil {
				return fmt.Errorf("drop %s: %w", table, err)
			}
		}
		return s.exec(ctx, `delete from checkpoints where name = $1 and version = $2`, name, version)
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
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return nil, false, err
		}
		if err := json.Unmarshal(text, &tables); err != nil {
			return nil, false, err
		}
		known = true
	}
	return tables, known, rows.Err()
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
