package months

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/creatorflow/creatorflow/eventlog/record"
	"github.com/creatorflow/creatorflow/failpoint"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/segment"
)

const (
	// kept is how many months stay in the database: the one that the log's last event is of, and the one
	// before it, in which orders and stock of today began.
	kept = 2
	page = 1000 // records
)

// CloseMonths writes every month to a file that is not one of the last two of the log, and finishes what
// an earlier run left unfinished. It returns how many months it closed.
func (s *Shelf) CloseMonths(ctx context.Context) (closed int, err error) {
	s.closing.Lock()
	defer s.closing.Unlock()
	if err := s.refresh(ctx); err != nil {
		return 0, err
	}
	log, months, err := s.db.Months(ctx)
	if err != nil {
		return 0, fmt.Errorf("read which months the log has: %w", err)
	}
	files := *s.files.Load()
	h := segment.Header{}
	if n := len(files); n > 0 {
		last := files[n-1].Entry
		h = last.Header
		if err := s.db.Drop(ctx, last); err != nil {
			return 0, fmt.Errorf("drop %s, which is in a file, from the database: %w", last.Month, err)
		}
	}
	for i := len(files); i+1 < len(months) && months[i].Month <= months[len(months)-1].Month-kept; i++ {
		if months[i].First != h.Last+1 || months[i].Month <= h.Month {
			return closed, fmt.Errorf("%w: the month %s begins at position %d, the closed ones end at %d", record.ErrCorrupt, months[i].Month, months[i].First, h.Last)
		}
		h = segment.Header{Log: log, Month: months[i].Month, First: months[i].First, Last: months[i+1].First - 1, Before: h.After}
		if h, err = s.closeMonth(ctx, h); err != nil {
			return closed, fmt.Errorf("close the month %s: %w", months[i].Month, err)
		}
		closed++
	}
	return closed, nil
}

// closeMonth takes one month out of the database.
func (s *Shelf) closeMonth(ctx context.Context, h segment.Header) (segment.Header, error) {
	end, err := s.db.ReadAll(ctx, h.Last-1, 1)
	if err != nil {
		return h, err
	}
	if len(end) != 1 || end[0].Position != h.Last || len(end[0].Seal) != len(h.After) {
		return h, fmt.Errorf("%w: position %d does not end a commit", record.ErrCorrupt, h.Last)
	}
	copy(h.After[:], end[0].Seal)
	e, err := s.write(ctx, h)
	if err != nil {
		return h, err
	}
	failpoint.Hit(failpoint.SegmentWritten)
	if err := s.db.Add(ctx, e); err != nil {
		return h, err
	}
	failpoint.Hit(failpoint.SegmentCatalogued)
	if err := s.refresh(ctx); err != nil {
		return h, err
	}
	begun := time.Now()
	if err := s.db.Drop(ctx, e); err != nil {
		return h, err
	}
	s.slowest.Store(max(s.slowest.Load(), int64(time.Since(begun)))) // closing is held
	return h, nil
}

// write makes the file of a month, durable and read back.
func (s *Shelf) write(ctx context.Context, h segment.Header) (e segment.Entry, err error) {
	path := s.path(h.Month)
	if err := s.prepare(path, h); err != nil {
		return e, err
	}
	const unfinished = ".new"
	f, err := os.OpenFile(path+unfinished, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600) //nolint:gosec // in the owner's data folder
	if err != nil {
		return e, err
	}
	defer func() {
		if err != nil { // a full disk needs the space
			err = errors.Join(err, f.Close(), os.Remove(path+unfinished))
		}
	}()
	if e, err = s.fill(ctx, f, h); err != nil {
		return e, err
	}
	if err := f.Sync(); err != nil {
		return e, err
	}
	if err := check(ctx, f, e); err != nil {
		return e, fmt.Errorf("what was written to %s is not what is read: %w", path, err)
	}
	if err := os.Rename(path+unfinished, path); err != nil {
		return e, err
	}
	if err := folder.Sync(s.dir); err != nil {
		return e, err
	}
	return e, f.Close()
}

// prepare makes the folder, and takes care of a file that stands at the path: an earlier run may have left
// one of this log, but the file of another log may be the only one there is.
func (s *Shelf) prepare(path string, h segment.Header) error {
	if err := os.Mkdir(s.dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	// Each time: who made the folder may have died before it was durable that there is one.
	if err := folder.Sync(filepath.Dir(s.dir)); err != nil {
		return err
	}
	f, err := os.Open(path) //nolint:gosec // in the owner's data folder
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	stat, err := f.Stat()
	if err != nil {
		return err
	}
	if is, err := segment.Open(f, stat.Size()); err == nil && is.Entry().Log != h.Log {
		return fmt.Errorf("%s is of another log (%s, this is %s): move it to where that log is", path, is.Entry().Log, h.Log)
	}
	return nil
}

// fill copies the month's records.
func (s *Shelf) fill(ctx context.Context, f *os.File, h segment.Header) (segment.Entry, error) {
	w, err := segment.NewWriter(f, h)
	if err != nil {
		return segment.Entry{}, err
	}
	for after := h.First - 1; after < h.Last; {
		records, err := s.db.ReadAll(ctx, after, min(page, int(h.Last-after)))
		if err != nil {
			return segment.Entry{}, err
		}
		if len(records) == 0 {
			return segment.Entry{}, fmt.Errorf("%w: the database ends at position %d", record.ErrCorrupt, after)
		}
		for i := range records {
			if err := w.Add(&records[i]); err != nil {
				return segment.Entry{}, err
			}
		}
		after += record.Position(len(records))
	}
	return w.Close()
}

func check(ctx context.Context, f *os.File, e segment.Entry) error {
	r, err := segment.Open(f, e.Bytes)
	if err != nil {
		return err
	}
	if r.Entry() != e {
		return fmt.Errorf("%w: it says it is another one", record.ErrCorrupt)
	}
	return r.Verify(ctx)
}
