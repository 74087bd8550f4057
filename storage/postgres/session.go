package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/creatorflow/creatorflow/storage/postgres/database"
)

// openPool makes a pool of connections beside the database's own, with settings of theirs.
func openPool(ctx context.Context, db *database.Database, size int32, settings map[string]string) (*pgxpool.Pool, error) {
	config := db.Config()
	config.MaxConns = size
	maps.Copy(config.ConnConfig.RuntimeParams, settings)
	return pgxpool.NewWithConfig(ctx, config)
}

// session is a connection in a transaction. Statements whose answers nobody waits for are queued
// and go to the server together with the next one whose answer is needed: a round trip costs more
// than most statements.
type session struct {
	conn  *pgx.Conn
	queue []queued
	open  *rows // not read to its end yet
}

// queued is a statement that has not been sent.
type queued struct {
	text string
	args []any
	row  []any // where its only row goes, nil for a statement without
}

// maxQueued bounds what a session holds back.
const maxQueued = 256

// within runs do in a transaction, which the queued statements begin, and commits it, or rolls it
// back on an error or panic.
func within(ctx context.Context, pool *pgxpool.Pool, begin []queued, do func(s *session) error) (err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	s := &session{conn: conn.Conn(), queue: begin}
	done := false
	defer func() {
		if !done {
			s.rollback(context.WithoutCancel(ctx))
		}
		conn.Release() // one that is not idle is thrown away
	}()
	if err := do(s); err != nil {
		return err
	}
	tag, err := s.exec(context.WithoutCancel(ctx), "commit") // interrupted, its outcome would be unknown
	if err == nil && tag.String() != "COMMIT" {
		err = pgx.ErrTxCommitRollback // a statement had failed and its error was not passed on
	}
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	done = true
	return nil
}

func (s *session) rollback(ctx context.Context) {
	if s.open != nil {
		_ = s.open.Close() // what it found out is of no use any more
	}
	_, _ = s.conn.Exec(ctx, "rollback") // when this fails, the connection is thrown away
}

// texts makes strings fit for PostgreSQL, which refuses NUL and what is not UTF-8: what nobody
// could have stored is looked for in vain.
func texts(args []any) []any {
	for i, arg := range args {
		if s, ok := arg.(string); ok && (strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s)) {
			args = slices.Clone(args)
			args[i] = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	return args
}

// later queues a statement. Its error comes with that of a later one.
func (s *session) later(ctx context.Context, text string, args ...any) error {
	s.queue = append(s.queue, queued{text: text, args: texts(args)})
	if len(s.queue) < maxQueued {
		return nil
	}
	return s.flush(ctx)
}

// flush sends the queue and waits for its answers.
func (s *session) flush(ctx context.Context) error {
	if len(s.queue) == 0 {
		return nil
	}
	results, err := s.send(ctx, nil)
	if err != nil {
		return err
	}
	return results.Close()
}

// exec runs a statement behind those queued.
func (s *session) exec(ctx context.Context, text string, args ...any) (pgconn.CommandTag, error) {
	if len(s.queue) == 0 {
		if err := s.settle(); err != nil {
			return pgconn.CommandTag{}, err
		}
		return s.conn.Exec(ctx, text, texts(args)...)
	}
	results, err := s.send(ctx, &queued{text: text, args: texts(args)})
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	tag, err := results.Exec()
	return tag, errors.Join(err, results.Close())
}

// query runs a query behind those queued. Its rows may be read after the next statements: they are
// taken in when the connection is needed.
func (s *session) query(ctx context.Context, text string, args ...any) (*rows, error) {
	r := &rows{types: s.conn.TypeMap()}
	var err error
	if len(s.queue) == 0 {
		if err := s.settle(); err != nil {
			return nil, err
		}
		r.live, err = s.conn.Query(ctx, text, texts(args)...)
	} else {
		if r.results, err = s.send(ctx, &queued{text: text, args: texts(args)}); err != nil {
			return nil, err
		}
		r.live, err = r.results.Query()
	}
	if err != nil {
		if r.results != nil {
			err = errors.Join(err, r.results.Close())
		}
		return nil, err
	}
	s.open = r
	return r, nil
}

// send sends the queue, and one more, whose answer is the caller's to read from the results.
func (s *session) send(ctx context.Context, last *queued) (pgx.BatchResults, error) {
	if err := s.settle(); err != nil {
		return nil, err
	}
	first := s.queue
	s.queue = nil
	var batch pgx.Batch
	for _, q := range first {
		batch.Queue(q.text, q.args...)
	}
	if last != nil {
		batch.Queue(last.text, last.args...)
	}
	results := s.conn.SendBatch(ctx, &batch)
	for _, q := range first {
		var err error
		if q.row != nil {
			err = results.QueryRow().Scan(q.row...)
		} else {
			_, err = results.Exec()
		}
		if err != nil {
			_ = results.Close() // it tells the same
			return nil, err
		}
	}
	return results, nil
}

// settle takes in the rows that are still on their way, so that the connection is free.
func (s *session) settle() error {
	r := s.open
	s.open = nil
	if r == nil || r.live == nil {
		return nil
	}
	return r.keep()
}

// rows are the answer of a query; they read from the connection until it is needed for something
// else, and from memory afterwards.
type rows struct {
	types   *pgtype.Map
	live    pgx.Rows         // nil when all is kept or closed
	results pgx.BatchResults // that live came in, if any
	fields  []pgconn.FieldDescription
	kept    [][][]byte
	row     [][]byte
	plans   []pgtype.ScanPlan
	scanned []reflect.Type
	err     error
}

// Next implements projection.Rows and vault.Rows.
func (r *rows) Next() bool {
	if r.live != nil {
		if r.live.Next() {
			r.row = r.live.RawValues()
			return true
		}
		r.end()
		return false
	}
	if len(r.kept) == 0 {
		r.row = nil
		return false
	}
	r.row, r.kept = r.kept[0], r.kept[1:]
	return true
}

// keep copies what is to come.
func (r *rows) keep() error {
	r.row = copied(r.row)
	for r.live.Next() {
		r.kept = append(r.kept, copied(r.live.RawValues()))
	}
	r.end()
	return r.err
}

// copied keeps a row beyond the next one, whose bytes take its place. nil is null and stays.
func copied(row [][]byte) [][]byte {
	total := 0
	for _, value := range row {
		total += len(value)
	}
	all, out := make([]byte, 0, total), make([][]byte, len(row))
	for i, value := range row {
		if value == nil {
			continue
		}
		from := len(all)
		all = append(all, value...)
		out[i] = all[from:len(all):len(all)]
	}
	return out
}

// end gives the connection back.
func (r *rows) end() {
	if r.live == nil {
		return
	}
	r.fields = r.live.FieldDescriptions()
	r.live.Close()
	r.err = r.live.Err()
	if r.results != nil {
		r.err = errors.Join(r.err, r.results.Close())
	}
	r.live = nil
}

// Err implements projection.Rows and vault.Rows.
func (r *rows) Err() error { return r.err }

// Close implements projection.Rows and vault.Rows.
func (r *rows) Close() error {
	r.end()
	r.kept, r.row = nil, nil
	return nil
}

// Scan implements projection.Rows and vault.Rows. It converts as database/sql does where the
// engines differ: an integer that is 0 or 1 is a bool, and into an any go int64, float64, bool,
// string, []byte and nil alone.
func (r *rows) Scan(into ...any) error {
	if r.live != nil {
		r.fields = r.live.FieldDescriptions()
	}
	if len(into) != len(r.row) {
		return fmt.Errorf("a row of %d values is read into %d", len(r.row), len(into))
	}
	if r.plans == nil {
		r.plans, r.scanned = make([]pgtype.ScanPlan, len(into)), make([]reflect.Type, len(into))
	}
	for i, dest := range into {
		if err := r.scan(i, dest); err != nil {
			return fmt.Errorf("read column %s: %w", r.fields[i].Name, err)
		}
	}
	return nil
}

func (r *rows) scan(i int, dest any) error {
	switch dest := dest.(type) {
	case *any:
		return r.scanAny(i, dest)
	case *bool:
		if oid := r.fields[i].DataTypeOID; oid == pgtype.Int8OID || oid == pgtype.Int4OID {
			var n int64
			if err := r.scanInto(i, &n); err != nil {
				return err
			}
			*dest = n != 0
			return nil
		}
	}
	return r.scanInto(i, dest)
}

func (r *rows) scanInto(i int, dest any) error {
	if kind := reflect.TypeOf(dest); r.scanned[i] != kind {
		r.plans[i], r.scanned[i] = r.types.PlanScan(r.fields[i].DataTypeOID, r.fields[i].Format, dest), kind
	}
	return r.plans[i].Scan(r.row[i], dest)
}

func (r *rows) scanAny(i int, dest *any) (err error) {
	if r.row[i] == nil {
		*dest = nil
		return nil
	}
	switch r.fields[i].DataTypeOID {
	case pgtype.Int8OID, pgtype.Int4OID, pgtype.Int2OID:
		*dest, err = scanned[int64](r, i)
	case pgtype.Float8OID, pgtype.NumericOID:
		*dest, err = scanned[float64](r, i)
	case pgtype.BoolOID:
		*dest, err = scanned[bool](r, i)
	case pgtype.ByteaOID:
		*dest, err = scanned[[]byte](r, i)
	default:
		*dest, err = scanned[string](r, i)
	}
	return err
}

func scanned[T any](r *rows, i int) (value T, err error) {
	err = r.scanInto(i, &value)
	return value, err
}
