package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/sqlite/file"
)

// viewReaders is how many read transactions of the views run at once; more wait their turn.
const viewReaders = 4

// generation is one open views file.
type generation struct {
	path    string
	pools   []*sql.DB
	writer  *writer
	readers chan *session

	inUse  sync.RWMutex // held for reading by each read transaction
	closed bool         // guarded by inUse
}

// openGeneration opens a file, made when missing unless it is only to be read, and says which
// format it has. A fresh one is filled before anybody reads it, and thrown away when that does not come
// to its end: each of its pages is written once, not to a write-ahead log first, and nothing is synced.
func openGeneration(ctx context.Context, path string, readOnly, fresh bool) (g *generation, format int, err error) {
	g = &generation{path: path, readers: make(chan *session, viewReaders)}
	defer func() {
		if err != nil {
			g, err = nil, errors.Join(err, g.close())
		}
	}()
	var reading *sql.DB
	if readOnly {
		if reading, err = file.Connect(ctx, path, viewReaders, "deferred", "query_only(1)"); err != nil {
			return g, 0, err
		}
		g.pools = []*sql.DB{reading}
	} else {
		journal := "journal_mode(wal)"
		if fresh {
			journal = "journal_mode(memory)"
		}
		db, err := file.Open(ctx, path, file.Normal, journal)
		if err != nil {
			return g, 0, err
		}
		reading = db.Read
		g.pools = []*sql.DB{db.Read}
		if err := db.Write.Close(); err != nil { // it has made the file what it must be
			return g, 0, err
		}
		if g.writer, err = openWriter(path, fresh); err != nil {
			return g, 0, err
		}
		if err := g.writer.exec(ctx, viewsSchema); err != nil {
			return g, 0, err
		}
	}
	if err := reading.QueryRowContext(ctx, "pragma user_version").Scan(&format); err != nil {
		return g, 0, err
	}
	for range viewReaders {
		s, err := openSession(ctx, reading)
		if err != nil {
			return g, 0, err
		}
		g.readers <- s
	}
	return g, format, nil
}

// close waits for the read transactions that run.
func (g *generation) close() error {
	g.inUse.Lock()
	defer g.inUse.Unlock()
	if g.closed {
		return nil
	}
	g.closed = true
	var errs []error
	if g.writer != nil {
		errs = append(errs, g.writer.close())
	}
	for range len(g.readers) {
		errs = append(errs, (<-g.readers).close())
	}
	for _, pool := range g.pools {
		errs = append(errs, pool.Close())
	}
	return errors.Join(errs...)
}

func (g *generation) discard() error { return errors.Join(g.close(), removeDatabase(g.path)) }

// statements run on one connection.
type statements interface {
	exec(ctx context.Context, text string, args ...any) error
	query(ctx context.Context, text string, args ...any) (projection.Rows, error)
	closeRows() error // that a transaction has left open
	rollback()
}

// within runs do in a transaction and commits it, or rolls it back on an error or panic.
func within(ctx context.Context, s statements, begin string, do func() error) (err error) {
	if err := s.exec(ctx, begin); err != nil {
		s.rollback() // a context that ended meanwhile is told as an error although it began
		return fmt.Errorf("begin: %w", err)
	}
	done := false
	defer func() {
		err = errors.Join(err, s.closeRows())
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

// session is one reading connection with its prepared statements. One goroutine uses it at a time.
type session struct {
	conn     *sql.Conn
	prepared map[string]*prepared
	open     map[*sessionRows]struct{}
}

type prepared struct {
	*sql.Stmt
	busy bool // has rows that are not closed yet
}

// maxPrepared bounds a session's statements; when they are more, all are closed and made again.
const maxPrepared = 256

func openSession(ctx context.Context, pool *sql.DB) (*session, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &session{conn: conn, prepared: map[string]*prepared{}, open: map[*sessionRows]struct{}{}}, nil
}

func (s *session) close() error { return errors.Join(s.forget(), s.conn.Close()) }

func (s *session) forget() error {
	var errs []error
	for _, p := range s.prepared {
		errs = append(errs, p.Close())
	}
	clear(s.prepared)
	return errors.Join(errs...)
}

func (s *session) prepare(ctx context.Context, text string) (*prepared, error) {
	if p, ok := s.prepared[text]; ok && !p.busy {
		return p, nil
	} else if !ok && len(s.prepared) >= maxPrepared {
		if err := s.forget(); err != nil {
			return nil, err
		}
	}
	stmt, err := s.conn.PrepareContext(ctx, inOrder(text))
	if err != nil {
		return nil, err
	}
	p := &prepared{Stmt: stmt}
	if _, busy := s.prepared[text]; !busy {
		s.prepared[text] = p
	}
	return p, nil
}

// inOrder writes ? for parameters that come as $1, $2, $3 …, each once: the driver looks every named
// one up by its name, which takes a sixth of a fold. Other texts stay as they are.
func inOrder(text string) string {
	if strings.ContainsAny(text, "'\"`[?") || strings.Contains(text, "--") || strings.Contains(text, "/*") {
		return text
	}
	parts := strings.Split(text, "$")
	for i, part := range parts[1:] {
		rest, ok := strings.CutPrefix(part, strconv.Itoa(i+1))
		if !ok || (rest != "" && rest[0] >= '0' && rest[0] <= '9') {
			return text
		}
		parts[i+1] = rest
	}
	return strings.Join(parts, "?")
}

func (s *session) exec(ctx context.Context, text string, args ...any) error {
	p, err := s.prepare(ctx, text)
	if err != nil {
		return err
	}
	_, err = p.ExecContext(ctx, args...)
	if s.prepared[text] != p { // made for this call alone
		err = errors.Join(err, p.Close())
	}
	return err
}

func (s *session) query(ctx context.Context, text string, args ...any) (projection.Rows, error) {
	p, err := s.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := p.QueryContext(ctx, args...)
	if err != nil {
		if s.prepared[text] != p {
			err = errors.Join(err, p.Close())
		}
		return nil, err
	}
	p.busy = true
	r := &sessionRows{Rows: rows, session: s, from: p, alone: s.prepared[text] != p}
	s.open[r] = struct{}{}
	return r, nil
}

// sessionRows gives its statement back when closed.
type sessionRows struct {
	*sql.Rows
	session *session
	from    *prepared
	alone   bool // the statement was made for these rows
}

// Close implements projection.Rows.
func (r *sessionRows) Close() error {
	err := r.Rows.Close()
	if _, first := r.session.open[r]; !first {
		return err
	}
	delete(r.session.open, r)
	r.from.busy = false
	if r.alone {
		err = errors.Join(err, r.from.Close())
	}
	return err
}

func (s *session) closeRows() error {
	var errs []error
	for r := range s.open {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

func (s *session) rollback() {
	_, _ = s.conn.ExecContext(context.Background(), "rollback") // it may be over already
}
