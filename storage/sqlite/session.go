package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"sync"

	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/sqlite/keyset"
	"github.com/creatorflow/creatorflow/storage/sqlite/native"
)

// session is a connection with its prepared statements. It uses SQLite's own interface: most statements are
// short, and through database/sql take about twice as long. One goroutine uses it at a time, but for the statements and rows of views
// that are filled, which two may use.
type session struct {
	conn *native.Conn
	keys *keyset.Set // of the rows of views that are filled, nil of all others

	mu       sync.Mutex // a statement's run, or a row's reading
	prepared map[string]*prepared
	open     map[*rows]struct{}
}

type prepared struct {
	*native.Stmt
	busy bool // has rows that are not closed yet
}

// maxPrepared bounds a session's statements; when they are more, all are closed and made again.
const maxPrepared = 256

// openSession opens an existing file and runs pragmas.
func openSession(path, pragmas string) (*session, error) {
	conn, err := native.Open(path)
	if err != nil {
		return nil, err
	}
	if err := conn.Exec(pragmas); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &session{conn: conn, prepared: map[string]*prepared{}, open: map[*rows]struct{}{}}, nil
}

func (s *session) close() error { return s.conn.Close() }

func (s *session) forget() {
	for _, p := range s.prepared {
		p.Close()
	}
	clear(s.prepared)
}

// prepare gives a statement that is not in use; alone says that it is made for this call.
func (s *session) prepare(text string) (p *prepared, alone bool, err error) {
	p, known := s.prepared[text]
	if known && !p.busy {
		return p, false, nil
	}
	if !known && len(s.prepared) >= maxPrepared && len(s.open) == 0 {
		s.forget()
	}
	stmt, err := s.conn.Prepare(native.Numbered(text))
	if err != nil {
		return nil, false, err
	}
	p = &prepared{Stmt: stmt}
	if !known {
		s.prepared[text] = p
	}
	return p, known, nil
}

func (s *session) bind(p *prepared, args []any) error {
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

func (s *session) exec(ctx context.Context, text string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, alone, err := s.prepare(text)
	if err != nil {
		return err
	}
	if alone {
		defer p.Close()
	}
	if err := s.bind(p, args); err != nil {
		return err
	}
	for {
		if row, err := p.Step(); err != nil || !row {
			return err
		}
	}
}

// query runs one that ctx cuts short.
func (s *session) query(ctx context.Context, text string, args ...any) (projection.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, alone, err := s.prepare(text)
	if err != nil {
		return nil, err
	}
	if err := s.bind(p, args); err != nil {
		if alone {
			p.Close()
		}
		return nil, err
	}
	p.busy = true
	r := &rows{session: s, from: p, alone: alone, columns: p.Columns(), stop: s.conn.InterruptAfter(ctx), cut: ctx.Err}
	s.open[r] = struct{}{}
	return r, nil
}

// number is the first value of the one row that a statement returns.
func (s *session) number(ctx context.Context, text string) (n int, err error) {
	r, err := s.query(ctx, text)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if r.Next() {
		err = r.(*rows).scan(0, &n)
	}
	return n, errors.Join(err, r.Err())
}

// closeRows closes those that a transaction has left open.
func (s *session) closeRows() {
	for r := range s.open {
		_ = r.Close() // never fails
	}
}

func (s *session) rollback() { _ = s.conn.Exec("rollback") } // it may be over already

// within runs do in a transaction and commits it, or rolls it back on an error or panic.
func within(ctx context.Context, s *session, begin string, do func() error) (err error) {
	if err := s.exec(ctx, begin); err != nil {
		s.rollback() // a context that ended meanwhile is told as an error although it began
		return fmt.Errorf("begin: %w", err)
	}
	done := false
	defer func() {
		s.closeRows()
		if !done { // the transaction may be over already: SQLite itself rolls back on some errors
			s.rollback()
		}
	}()
	if err := do(); err != nil {
		return err
	}
	if err := s.exec(ctx, "commit"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	done = true
	return nil
}

// rows are a query's as the statement steps through them.
type rows struct {
	session *session
	from    *prepared
	alone   bool // the statement was made for these rows
	columns int
	stop    func()       // no more interrupts
	cut     func() error // why there was one
	ended   bool
	err     error
}

// Next implements projection.Rows.
func (r *rows) Next() bool {
	if r.ended {
		return false
	}
	r.session.mu.Lock()
	defer r.session.mu.Unlock()
	row, err := r.from.Step()
	if err != nil {
		err = cmp.Or(r.cut(), err)
	}
	r.ended, r.err = !row, err
	return row
}

// Err implements projection.Rows.
func (r *rows) Err() error { return r.err }

// Close implements projection.Rows.
func (r *rows) Close() error {
	r.session.mu.Lock()
	defer r.session.mu.Unlock()
	if _, first := r.session.open[r]; !first {
		return nil
	}
	delete(r.session.open, r)
	r.stop()
	r.ended = true
	r.from.Reset()
	r.from.busy = false
	if r.alone {
		r.from.Close()
	}
	return nil
}

// Scan implements projection.Rows. It converts what a view asks for, as database/sql does.
func (r *rows) Scan(into ...any) error {
	if r.ended || len(into) != r.columns {
		return fmt.Errorf("a row of %d values is read into %d", r.columns, len(into))
	}
	r.session.mu.Lock()
	defer r.session.mu.Unlock()
	for i, dest := range into {
		if err := r.scan(i, dest); err != nil {
			return fmt.Errorf("read column %d: %w", i+1, err)
		}
	}
	return nil
}

func (r *rows) scan(i int, dest any) error {
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
	if into.Kind() == reflect.Pointer { // which is nil for null
		if value == nil {
			into.SetZero()
			return nil
		}
		to := reflect.New(into.Type().Elem())
		into.Set(to)
		return assign(to.Interface(), value)
	}
	if n, whole := value.(int64); whole && into.CanInt() && !into.OverflowInt(n) {
		into.SetInt(n)
		return nil
	}
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
