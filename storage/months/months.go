// Package months moves closed months of a log from its database into files of the data folder, and reads
// files and database as one log.
//
//	database ─► segments/2026-03.seg.new ─► synced, read back ─► segments/2026-03.seg ─► catalogue ─► dropped
//
// A month is in a file once the database's catalogue says so; only then are its events removed from the
// database. Whatever a crash leaves, the next run finishes. Engines give a Database and ask the Shelf for
// what their tables do not have.
package months

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog/record"
	"github.com/creatorflow/creatorflow/storage/segment"
)

// Folder is where the files are, in the data folder.
const Folder = "segments"

// Database is what an engine knows and does for a Shelf.
type Database interface {
	// Catalogue reads what the files are, in order.
	Catalogue(ctx context.Context) ([]segment.Entry, error)
	// Months reads the log's id, and which months it has had, in order, and with which position each begins.
	Months(ctx context.Context) (log uuid.UUID, all []Begin, err error)
	// ReadAll returns up to limit records after a position that are in the database.
	ReadAll(ctx context.Context, after record.Position, limit int) ([]record.Stored, error)
	// Add adds a file to the catalogue, durably.
	Add(ctx context.Context, e segment.Entry) error
	// Drop removes what is in a file from the database, as far as that has not been done, the oldest first
	// and in steps so small that appends hardly wait.
	Drop(ctx context.Context, e segment.Entry) error
}

// Begin is a month and where it begins.
type Begin struct {
	Month segment.Month
	First record.Position
}

// Shelf are the files of one log.
type Shelf struct {
	dir   string
	db    Database
	files atomic.Pointer[[]*file] // in order, from position 1 without a hole

	closing sync.Mutex   // one at a time closes months
	slowest atomic.Int64 // nanoseconds that a month took to leave the database
	mu      sync.Mutex   // one at a time changes files
}

// file is an open segment.
type file struct {
	segment.Entry
	*segment.Reader
	path string
	file *os.File
}

// Open opens the files that the catalogue names, in a data folder. One that is missing, or is another one
// than was written, is an error.
func Open(ctx context.Context, folder string, db Database) (*Shelf, error) {
	s := &Shelf{dir: filepath.Join(folder, Folder), db: db}
	s.files.Store(&[]*file{})
	if err := s.refresh(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes the files.
func (s *Shelf) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, f := range *s.files.Swap(&[]*file{}) {
		errs = append(errs, f.file.Close())
	}
	return errors.Join(errs...)
}

// SlowestDrop is the longest that a month which is in a file took to leave the database, since Open.
func (s *Shelf) SlowestDrop() time.Duration { return time.Duration(s.slowest.Load()) }

func (s *Shelf) path(m segment.Month) string { return filepath.Join(s.dir, m.String()+".seg") }

// refresh opens files that the catalogue has got since.
func (s *Shelf) refresh(ctx context.Context) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries, err := s.db.Catalogue(ctx)
	if err != nil {
		return fmt.Errorf("read which months are closed: %w", err)
	}
	files := append([]*file{}, *s.files.Load()...)
	known := len(files)
	defer func() {
		for _, f := range files[known:] {
			if err != nil {
				_ = f.file.Close() // it was not used
			}
		}
	}()
	for i, e := range entries {
		due := segment.Header{Log: e.Log, Month: e.Month, First: 1, Last: e.Last, After: e.After}
		if i > 0 {
			before := entries[i-1]
			due.First, due.Before = before.Last+1, before.After
		}
		if e.Header != due || i > 0 && e.Month <= entries[i-1].Month || e.Last < e.First {
			return fmt.Errorf("%w: the closed month %s does not follow the one before it in the log's database", record.ErrCorrupt, e.Month)
		}
		if i < known {
			continue
		}
		f, err := open(s.path(e.Month), e)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	if len(files) > known {
		s.files.Store(&files)
	}
	return nil
}

// grown refreshes, and says whether there are other files than those that somebody has looked into.
func (s *Shelf) grown(ctx context.Context, seen *[]*file) (bool, error) {
	err := s.refresh(ctx)
	return s.files.Load() != seen, err
}

// open opens a file that must be the one that an entry was made of.
func open(path string, e segment.Entry) (*file, error) {
	what := fmt.Sprintf("positions %d to %d of the log, its closed month %s", e.First, e.Last, e.Month)
	opened, err := os.Open(path) //nolint:gosec // in the owner's data folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has %s, and is missing: put it back from a copy of the data folder, or name with --data the folder that has it", path, what)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", what, err)
	}
	stat, err := opened.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", what, err), opened.Close())
	}
	reader, err := segment.Open(opened, stat.Size())
	if err == nil && reader.Entry() != e {
		is := reader.Entry()
		err = fmt.Errorf("%w: it has positions %d to %d of %s of the log %s with SHA-256 %x, %x is due", record.ErrCorrupt, is.First, is.Last, is.Month, is.Log, is.Sum, e.Sum)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s is to have %s: put it back from a copy of the data folder: %w", path, what, err), opened.Close())
	}
	return &file{Entry: e, Reader: reader, path: path, file: opened}, nil
}

// holding is the file that has a position, or nil.
func holding(files []*file, p record.Position) *file {
	i := sort.Search(len(files), func(i int) bool { return files[i].Last >= p })
	if p < 1 || i == len(files) {
		return nil
	}
	return files[i]
}

// ReadAll returns up to limit records after a position, from files and database.
func (s *Shelf) ReadAll(ctx context.Context, after record.Position, limit int) (out []record.Stored, err error) {
	for {
		at, files := after+record.Position(len(out)), s.files.Load()
		if f := holding(*files, at+1); f != nil {
			page, err := f.ReadAll(at, limit-len(out))
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", f.path, err)
			}
			if out = append(out, page...); len(out) >= limit {
				return out, nil
			}
			continue
		}
		page, err := s.db.ReadAll(ctx, at, limit-len(out))
		if err != nil {
			return nil, err
		}
		if len(page) == 0 || page[0].Position != at+1 { // the end, or a month that another process has closed since
			grown, err := s.grown(ctx, files)
			if err != nil {
				return nil, err
			}
			if grown {
				continue
			}
		}
		if len(out) == 0 {
			return page, nil
		}
		return append(out, page...), nil
	}
}

// Stream is a stream and what its engine knows of it.
type Stream struct {
	record.Stream
	// From says whether a segment may have events of the stream, which it may not before it began.
	From func(segment.Header) bool
}

// Before puts in front of records of a stream, read from the database from a version on, those that only
// files have; the last of the page is due to be of version last.
func (s *Shelf) Before(ctx context.Context, of Stream, after, last record.Version, page []record.Stored) ([]record.Stored, error) {
	if len(page) > 0 {
		last = page[0].Version - 1
	}
	for last > after {
		files := s.files.Load()
		found, err := ofStream(*files, of, after, int(last-after))
		if err != nil {
			return nil, err
		}
		if len(found) < int(last-after) {
			grown, err := s.grown(ctx, files)
			if err != nil {
				return nil, err
			}
			if grown {
				continue
			}
		}
		return append(found, page...), nil
	}
	return page, nil
}

// ofStream reads a stream from files alone, looked up from the newest back to the one with the version
// that is due first.
func ofStream(files []*file, of Stream, after record.Version, limit int) (out []record.Stored, err error) {
	type part struct {
		*file
		segment.Run
	}
	var parts []part // the newest first
	for i := len(files) - 1; i >= 0 && of.From(files[i].Header); i-- {
		run, ok, err := files[i].Find(of.Stream)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", files[i].path, err)
		}
		if ok {
			parts = append(parts, part{files[i], run})
		}
		if ok && run.First <= after+1 {
			break
		}
	}
	for i := len(parts) - 1; i >= 0 && len(out) < limit; i-- {
		p := parts[i]
		page, err := p.ReadRun(p.Run, after+record.Version(len(out)), limit-len(out))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", p.path, err)
		}
		out = append(out, page...)
	}
	return out, nil
}

// Verify reads all of every file and compares it with what was written.
func (s *Shelf) Verify(ctx context.Context) error {
	if err := s.refresh(ctx); err != nil {
		return err
	}
	for _, f := range *s.files.Load() {
		if err := f.Verify(ctx); err != nil {
			return fmt.Errorf("verify %s: %w", f.path, err)
		}
	}
	return nil
}
