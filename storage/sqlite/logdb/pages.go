package logdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/sqlite/native"
)

// pageReaders is how many pages of the log, or of streams, are read at once; more wait their turn.
const pageReaders = 8

// pages reads the log and its streams page by page through connections of SQLite's own interface: whoever
// folds reads all of it, and through database/sql a row takes three times as long.
type pages struct {
	path string
	turn chan struct{}

	mu     sync.Mutex
	free   []*pageReader
	closed bool
}

type pageReader struct {
	*native.Conn
	all   *native.Stmt
	one   *native.Stmt      // stream, with where that is
	known map[string]string // texts that many records share
}

func newPages(path string) *pages { return &pages{path: path, turn: make(chan struct{}, pageReaders)} }

var errClosed = errors.New("the log is closed")

// take gives a reader, and give takes it back.
func (p *pages) take(ctx context.Context) (*pageReader, error) {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	r, err := p.reader()
	if err != nil {
		<-p.turn
	}
	return r, err
}

func (p *pages) reader() (*pageReader, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	if n := len(p.free); n > 0 {
		r := p.free[n-1]
		p.free = p.free[:n-1]
		return r, nil
	}
	conn, err := native.Open(p.path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", p.path, err)
	}
	r := &pageReader{Conn: conn, known: map[string]string{}}
	if err = conn.Exec("pragma query_only = 1"); err == nil {
		r.all, err = conn.Prepare(`select ` + eventColumns + `, s.workspace, s.kind, s.name
			from events e join streams s on s.id = e.stream where e.position > ?1 order by e.position limit ?2`)
	}
	if err == nil {
		r.one, err = conn.Prepare(`select ` + eventColumns + `, s.id, s.version, s.first
			from streams s left join events e on e.stream = s.id and e.version > ?4 and e.version <= ?5
			where s.workspace = ?1 and s.kind = ?2 and s.name = ?3 order by e.version`)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", p.path, err), conn.Close())
	}
	return r, nil
}

func (p *pages) give(r *pageReader) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	<-p.turn
	if p.closed {
		return r.Close()
	}
	p.free = append(p.free, r)
	return nil
}

func (p *pages) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var errs []error
	for _, r := range p.free {
		errs = append(errs, r.Close())
	}
	p.free = nil
	return errors.Join(errs...)
}

// most is for how many records of a page there is room beforehand.
const most = 16_000

// read returns up to limit records after a position that are in the database.
func (p *pages) read(ctx context.Context, after eventlog.Position, limit int) (out []eventlog.Stored, err error) {
	r, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.give(r)) }()
	r.all.Int(1, int64(after))
	r.all.Int(2, int64(limit))
	for {
		row, err := r.all.Step()
		if err != nil || !row {
			return out, err
		}
		if len(out)%1000 == 999 {
			if ctx.Err() != nil {
				r.all.Reset()
				return nil, ctx.Err()
			}
			out = slices.Grow(out, min(limit-len(out), most)) // by and by it would be copied several times
		}
		out = append(out, eventlog.Stored{})
		s := &out[len(out)-1]
		if err := r.record(r.all, s); err != nil {
			r.all.Reset()
			return nil, err
		}
		s.Stream.Workspace, s.Stream.Kind = r.shared(r.all.ColumnBytes(13)), r.shared(r.all.ColumnBytes(14))
		s.Stream.ID = string(r.all.ColumnBytes(15))
	}
}

// stream returns where a stream is, nowhere when there is none of that name, before which position it has no
// event, and its records after a version up to another that are in the database: all as of one moment.
func (p *pages) stream(ctx context.Context, s eventlog.Stream, after, last eventlog.Version) (head streamHead, first eventlog.Position, out []eventlog.Stored, err error) {
	r, err := p.take(ctx)
	if err != nil {
		return head, 0, nil, err
	}
	defer func() { err = errors.Join(err, p.give(r)) }()
	q := r.one
	q.Text(1, s.Workspace)
	q.Text(2, s.Kind)
	q.Text(3, s.ID)
	q.Int(4, int64(after))
	q.Int(5, int64(last))
	for {
		row, err := q.Step()
		if err != nil || !row {
			return head, first, out, err
		}
		if len(out)%1000 == 999 && ctx.Err() != nil {
			q.Reset()
			return head, first, nil, ctx.Err()
		}
		if q.ColumnKind(14) != native.Integer || q.ColumnKind(15) != native.Integer {
			q.Reset()
			return head, first, nil, fmt.Errorf("%w: where %s is: no number", eventlog.ErrCorrupt, s)
		}
		head = streamHead{id: q.ColumnInt(13), version: eventlog.Version(q.ColumnInt(14))}
		first = eventlog.Position(q.ColumnInt(15))
		if q.ColumnKind(0) == native.Null { // no record, only the stream
			continue
		}
		out = append(out, eventlog.Stored{Stream: s})
		if err := r.record(q, &out[len(out)-1]); err != nil {
			q.Reset()
			return head, first, nil, err
		}
	}
}

// eventColumns are what record reads.
const eventColumns = `e.position, e.version, e.schema, e.at, coalesce(e.occurred, e.at), e.crc, e.id, e.seal, e.data,
	e.name, e.actor, e.cause, e.correlation`

// record reads an event of the row, but for its stream.
func (r *pageReader) record(q *native.Stmt, s *eventlog.Stored) error {
	for i := range 6 {
		if q.ColumnKind(i) != native.Integer {
			return fmt.Errorf("%w: an event's row: column %d is no number", eventlog.ErrCorrupt, i)
		}
	}
	s.Position, s.Version, s.Schema = eventlog.Position(q.ColumnInt(0)), eventlog.Version(q.ColumnInt(1)), int(q.ColumnInt(2))
	s.At, s.Occurred = q.ColumnInt(3), q.ColumnInt(4)
	crc := q.ColumnInt(5)
	if s.CRC = uint32(crc); int64(s.CRC) != crc { //nolint:gosec // compared
		return fmt.Errorf("%w: an event's row: the checksum %d", eventlog.ErrCorrupt, crc)
	}
	if id := q.ColumnBytes(6); copy(s.ID[:], id) != len(id) {
		return fmt.Errorf("%w: the id of position %d", eventlog.ErrCorrupt, s.Position)
	}
	s.Seal = q.ColumnBlob(7)
	s.Data = q.ColumnBlob(8)
	s.Name, s.Actor = r.shared(q.ColumnBytes(9)), r.shared(q.ColumnBytes(10))
	s.Cause, s.Correlation = string(q.ColumnBytes(11)), string(q.ColumnBytes(12))
	return nil
}

// maxKnown bounds the texts that a reader keeps.
const maxKnown = 1000

func (r *pageReader) shared(text []byte) string {
	if known, ok := r.known[string(text)]; ok {
		return known
	}
	if len(r.known) >= maxKnown {
		clear(r.known)
	}
	s := string(text)
	r.known[s] = s
	return s
}
