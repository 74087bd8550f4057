// Package logdb keeps the log in the SQLite file log.db.
//
// The appender's commits go through one native connection, reads through a pool. A commit is
// compared with heads in memory, written, made durable by one fsync, and now and then followed by
// a checkpoint of the write-ahead log, whose faults count like those of the commit.
package logdb

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/recent"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/months"
	"github.com/creatorflow/creatorflow/storage/segment"
	"github.com/creatorflow/creatorflow/storage/sqlite/file"
)

//go:embed migrations/*.sql
var logMigrations embed.FS

const (
	// checkpointAt is how many pages the write-ahead log of log.db may hold before the writer
	// moves them into the database: 8 MB, about 7 ms of work (docs/decisions/002).
	checkpointAt = 2000
	// enoughSpace is how much must be free before a full log resumes.
	enoughSpace = 64 << 20
	// headsKept is how many streams' heads stay in memory.
	headsKept = 100_000
)

// Log is the eventlog.Store in log.db. One connection writes, behind a mutex; because the folder
// belongs to this process, the head and recent streams' versions are compared in memory.
type Log struct {
	path    string
	fence   *folder.Fence
	read    *sql.DB
	queries queries
	months  *months.Shelf // what of the log is in files
	pages   *pages
	changed chan struct{}
	free    func(path string) (uint64, error) // bytes of disk space

	mu     sync.Mutex
	writer *writer // nil after ErrFull, until Resume, and when the log is only read
	head   eventlog.Head
	heads  *recent.Map[eventlog.Stream, streamHead]
	stream int64         // the last integer id given to a stream
	month  segment.Month // of the last event; it never falls
}

// streamHead is where a stream is.
type streamHead struct {
	id      int64
	version eventlog.Version
}

// Open opens log.db in the folder, makes it when missing, and migrates it. It refuses a file of
// a newer schema, one whose head is not its last event's, and a log that was moved away.
func Open(ctx context.Context, f *folder.Folder) (*Log, error) {
	l, err := open(ctx, f)
	if err != nil {
		return nil, err
	}
	if err := l.usable(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func open(ctx context.Context, f *folder.Folder) (*Log, error) {
	path := filepath.Join(f.Dir(), "log.db")
	db, err := file.Open(ctx, path, file.Full)
	if err != nil {
		return nil, err
	}
	l := &Log{
		path: path, fence: f.Fence(), read: db.Read, pages: newPages(path), changed: make(chan struct{}, 1), free: freeSpace,
		heads: recent.New[eventlog.Stream, streamHead](headsKept),
	}
	err = errors.Join(prepareLog(ctx, db), db.Write.Close())
	if err == nil {
		l.queries, err = prepareReads(ctx, db.Read)
	}
	if err == nil {
		err = l.resume(ctx)
	}
	if err == nil {
		l.months, err = months.Open(ctx, f.Dir(), database{l})
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Read opens log.db only for reading, beside the process that has the folder.
func Read(ctx context.Context, dir string) (*Log, error) {
	path := filepath.Join(dir, "log.db")
	if _, err := os.Stat(path); err != nil { // SQLite would make an empty one
		return nil, fmt.Errorf("there is no log in %s, name the data folder with --data: %w", dir, err)
	}
	migrations, err := fs.Sub(logMigrations, "migrations")
	if err != nil {
		return nil, err
	}
	read, err := file.Connect(ctx, path, 4, "deferred", "query_only(1)")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := file.CheckSchema(ctx, path, read, migrations); err != nil {
		return nil, errors.Join(err, read.Close())
	}
	q, err := prepareReads(ctx, read)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), read.Close())
	}
	l := &Log{path: path, fence: folder.Beside(dir).Fence(), read: read, pages: newPages(path), queries: q, changed: make(chan struct{}, 1)}
	if l.months, err = months.Open(ctx, dir, database{l}); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// prepareLog makes the tables and the head.
func prepareLog(ctx context.Context, db *file.Database) error {
	migrations, err := fs.Sub(logMigrations, "migrations")
	if err != nil {
		return err
	}
	if err := file.Migrate(ctx, db, migrations); err != nil {
		return err
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return fmt.Errorf("name the log: %w", err)
	}
	_, err = db.Write.ExecContext(ctx, `insert into log_head (one, log_id, position, seal, at) values (1, $1, 0, zeroblob(32), 0)
		on conflict do nothing`, id[:])
	if err != nil {
		return fmt.Errorf("make the head of %s: %w", db.Path, err)
	}
	if _, err = db.Write.ExecContext(ctx, `update log_head set id_sum = row_sum(log_id) where id_sum is null`); err != nil {
		return fmt.Errorf("guard the head of %s: %w", db.Path, err)
	}
	return nil
}

// resume opens the writing connection and takes the head, which must be that of the last event.
func (l *Log) resume(ctx context.Context) error {
	w, err := openWriter(l.path)
	if err != nil {
		return err
	}
	head, last, err := l.readHead(ctx)
	if err == nil && (head.Position != last.Position || head.Seal != last.Seal) {
		err = fmt.Errorf("%w: the head of %s is position %d, its last event %d", eventlog.ErrCorrupt, l.path, head.Position, last.Position)
	}
	if err == nil && l.head.LogID != uuid.Nil && head != l.head {
		err = fmt.Errorf("%w: the head of %s is not what this process wrote last", eventlog.ErrCorrupt, l.path)
	}
	if err == nil {
		err = l.read.QueryRowContext(ctx, `select (select coalesce(max(id), 0) from streams), (select coalesce(max(month), 0) from months)`).Scan(&l.stream, &l.month)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("read the head of %s: %w", l.path, err), w.Close())
	}
	l.writer, l.head = w, head
	return nil
}

// readHead reads the stored head, and the head as the last event has it.
func (l *Log) readHead(ctx context.Context) (head, last eventlog.Head, err error) {
	var id, seal, lastSeal []byte
	var at int64
	var guarded bool
	err = l.read.QueryRowContext(ctx, `
		select h.log_id, h.position, h.seal, h.at, coalesce(e.position, 0), coalesce(e.seal, zeroblob(32)),
			h.at = coalesce(e.at, 0) and h.id_sum is row_sum(h.log_id)
		from log_head h left join (select position, seal, at from events order by position desc limit 1) e on true`).
		Scan(&id, &head.Position, &seal, &at, &last.Position, &lastSeal, &guarded)
	if err != nil {
		return head, last, err
	}
	if !guarded {
		return head, last, fmt.Errorf("%w: the head of %s is not what was written", eventlog.ErrCorrupt, l.path)
	}
	if copy(head.LogID[:], id) != 16 || copy(head.Seal[:], seal) != 32 || copy(last.Seal[:], lastSeal) != 32 {
		return head, last, fmt.Errorf("%w: the head of %s is cut short", eventlog.ErrCorrupt, l.path)
	}
	if head.Position > 0 {
		head.At = time.UnixMicro(at).UTC()
	}
	return head, last, nil
}

// Head implements eventlog.Store.
func (l *Log) Head(ctx context.Context) (eventlog.Head, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.heads == nil { // somebody else writes
		head, _, err := l.readHead(ctx)
		return head, err
	}
	return l.head, nil
}

// Changed implements eventlog.Store.
func (l *Log) Changed() <-chan struct{} { return l.changed }

// Fenced implements eventlog.Store.
func (l *Log) Fenced() <-chan struct{} { return l.fence.Tripped() }

// Close implements eventlog.Store.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := errors.Join(l.pages.close(), l.read.Close())
	if l.months != nil {
		err = errors.Join(err, l.months.Close())
	}
	if l.writer != nil {
		if l.fence.Err() != nil {
			l.writer.KeepWAL()
		}
		err = errors.Join(err, l.writer.Close())
		l.writer = nil
	}
	return err
}

// Resume implements eventlog.Store: it writes again once there is space, if nothing but the space
// was lost.
func (l *Log) Resume(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.writer != nil {
		return nil
	}
	free, err := l.free(filepath.Dir(l.path))
	if err != nil { // the file system itself does not answer any more
		err = fmt.Errorf("ask for free disk space in %s: %w", filepath.Dir(l.path), err)
		l.fence.Trip(err)
		return fmt.Errorf("%w: %w", eventlog.ErrFenced, err)
	}
	if free < enoughSpace {
		return fmt.Errorf("%w: %d MB are free, %d are needed", eventlog.ErrFull, free>>20, enoughSpace>>20)
	}
	if err = l.resume(ctx); err == nil {
		err = l.writer.probe()
	}
	if err != nil {
		return l.judge(err)
	}
	return nil
}

func freeSpace(path string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil //nolint:gosec,unconvert // the type differs between systems
}

// judge decides what a failed write means: a fault fences for good, a full disk closes the writer
// until Resume. Whatever it was, nothing was written.
func (l *Log) judge(err error) error {
	switch {
	case file.IsFault(err) || errors.Is(err, errUnknown) || errors.Is(err, eventlog.ErrCorrupt):
		l.fence.Trip(fmt.Errorf("write %s: %w", l.path, err))
		return fmt.Errorf("%w: %w", eventlog.ErrFenced, err)
	case file.IsFull(err):
		if l.writer != nil {
			_ = l.writer.Close() // it is opened afresh
			l.writer = nil
		}
		l.heads.Clear()
		return fmt.Errorf("%w: %w", eventlog.ErrFull, err)
	default:
		return err
	}
}

var _ eventlog.Store = (*Log)(nil)
