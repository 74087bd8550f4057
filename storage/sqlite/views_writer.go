package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/sqlite/native"
)

// writer is the connection that folds into the views. It uses SQLite's own interface: a statement of a
// fold is short, and through database/sql takes about twice as long.
type writer struct {
	conn     *native.Conn
	prepared map[string]*written
	open     map[*writtenRows]struct{}
}

type written struct {
	*native.Stmt
	busy bool // has rows that are not closed yet
}

// openWriter opens an existing file, in WAL mode unless it is fresh. A larger cache keeps the index pages of many rows at hand.
func openWriter(path string, fresh bool) (*writer, error) {
	conn, err := native.Open(path)
	if err != nil {
		return nil, err
	}
	pragmas := "pragma synchronous = normal; pragma cache_size = -64000; pragma wal_autocheckpoint = 8000"
	if fresh {
		pragmas = "pragma journal_mode = memory; pragma synchronous = off; pragma cache_size = -64000"
	}
	if err := conn.Exec(pragmas); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &writer{conn: conn, prepared: map[string]*written{}, open: map[*writtenRows]struct{}{}}, nil
}

func (w *writer) close() error { return w.conn.Close() }

func (w *writer) forget() error {
	for _, p := range w.prepared {
		p.Close()
	}
	clear(w.prepared)
	return nil
}

// prepare gives a statement that is not in use; alone says that it is made for this call.
func (w *writer) prepare(text string) (p *written, alone bool, err error) {
	p, known := w.prepared[text]
	if known && !p.busy {
		return p, false, nil
	}
	if !known && len(w.prepared) >= maxPrepared && len(w.open) == 0 {
		_ = w.forget() // never fails
	}
	stmt, err := w.conn.Prepare(native.Numbered(text))
	if err != nil {
		return nil, false, err
	}
	p = &written{Stmt: stmt}
	if !known {
		w.prepared[text] = p
	}
	return p, known, nil
}

func (w *writer) bind(p *written, args []any) error {
	if n := p.Parameters(); n != len(args) {
		return fmt.Errorf("%d values for %d parameters", len(args), n)
	}
	for i, arg := range args {
		if err := p.Bind(i+1, arg); err != nil {
			p.Reset()
			return err
		}
	}
	return nil
}

func (w *writer) exec(_ context.Context, text string, args ...any) error {
	p, alone, err := w.prepare(text)
	if err != nil {
		return err
	}
	if alone {
		defer p.Close()
	}
	if err := w.bind(p, args); err != nil {
		return err
	}
	for {
		if row, err := p.Step(); err != nil || !row {
			return err
		}
	}
}

func (w *writer) query(_ context.Context, text string, args ...any) (projection.Rows, error) {
	p, alone, err := w.prepare(text)
	if err != nil {
		return nil, err
	}
	if err := w.bind(p, args); err != nil {
		if alone {
			p.Close()
		}
		return nil, err
	}
	p.busy = true
	r := &writtenRows{writer: w, from: p, alone: alone, columns: p.Columns()}
	w.open[r] = struct{}{}
	return r, nil
}

func (w *writer) closeRows() error {
	var errs []error
	for r := range w.open {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

func (w *writer) rollback() { _ = w.conn.Exec("rollback") } // it may be over already

// writtenRows are a query's rows as the statement steps through them.
type writtenRows struct {
	writer  *writer
	from    *written
	alone   bool // the statement was made for these rows
	columns int
	ended   bool
	err     error
}

// Next implements projection.Rows.
func (r *writtenRows) Next() bool {
	if r.ended {
		return false
	}
	row, err := r.from.Step()
	r.ended, r.err = !row, err
	return row
}

// Err implements projection.Rows.
func (r *writtenRows) Err() error { return r.err }

// Close implements projection.Rows.
func (r *writtenRows) Close() error {
	if _, first := r.writer.open[r]; !first {
		return nil
	}
	delete(r.writer.open, r)
	r.ended = true
	r.from.Reset()
	r.from.busy = false
	if r.alone {
		r.from.Close()
	}
	return nil
}

// Scan implements projection.Rows. It converts what a view asks for, as database/sql does.
func (r *writtenRows) Scan(into ...any) error {
	if r.ended || len(into) != r.columns {
		return fmt.Errorf("a row of %d values is read into %d", r.columns, len(into))
	}
	for i, dest := range into {
		if err := r.scan(i, dest); err != nil {
			return fmt.Errorf("read column %d: %w", i+1, err)
		}
	}
	return nil
}

func (r *writtenRows) scan(i int, dest any) error {
	kind := r.from.ColumnKind(i)
	switch dest := dest.(type) {
	case *int64:
		if kind == native.Integer {
			*dest = r.from.ColumnInt(i)
			return nil
		}
	case *string:
		if kind == native.Text {
			*dest = string(r.from.ColumnBytes(i))
			return nil
		}
	case *any:
		*dest = r.from.Value(i)
		return nil
	case sql.Scanner:
		return dest.Scan(r.from.Value(i))
	case *[]byte:
		if kind != native.Integer && kind != native.Float {
			*dest = r.from.ColumnBlob(i)
			return nil
		}
	}
	return assign(dest, r.from.Value(i))
}

// assign converts where the types are not the same.
func assign(dest, value any) error {
	into := reflect.ValueOf(dest)
	if into.Kind() != reflect.Pointer || into.IsNil() {
		return fmt.Errorf("%T is no place for a value", dest)
	}
	into = into.Elem()
	text := fmt.Sprint(value)
	if b, ok := value.([]byte); ok {
		text = string(b)
	}
	var err error
	switch kind := into.Kind(); {
	case value == nil:
		err = errors.New("it is null")
	case kind == reflect.String:
		into.SetString(text)
	case into.CanInt():
		var n int64
		if n, err = strconv.ParseInt(text, 10, into.Type().Bits()); err == nil {
			into.SetInt(n)
		}
	case into.CanUint():
		var n uint64
		if n, err = strconv.ParseUint(text, 10, into.Type().Bits()); err == nil {
			into.SetUint(n)
		}
	case into.CanFloat():
		var f float64
		if f, err = strconv.ParseFloat(text, into.Type().Bits()); err == nil {
			into.SetFloat(f)
		}
	case kind == reflect.Bool:
		var b bool
		if b, err = strconv.ParseBool(text); err == nil {
			into.SetBool(b)
		}
	case kind == reflect.Slice && into.Type().Elem().Kind() == reflect.Uint8:
		into.SetBytes([]byte(text))
	default:
		err = errors.ErrUnsupported
	}
	if err != nil {
		return fmt.Errorf("%T into %T: %w", value, dest, err)
	}
	return nil
}

// serve makes of a fresh file one that is read while it is written, whole on disk before it is marked.
func (w *writer) serve() error {
	return w.conn.Exec("pragma synchronous = normal; pragma journal_mode = wal; pragma wal_autocheckpoint = 8000; pragma user_version = " +
		strconv.Itoa(servingFormat) + "; pragma wal_checkpoint(truncate)")
}
