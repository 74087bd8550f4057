package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	lib "modernc.org/sqlite/lib"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/sqlite/file"
)

// Views keeps the views in views-<n>.db, one file a generation. A rebuild fills generation n+1
// and then puts it in the place of n. Views can always be built from the log again, so their
// commits are not synced, and a damaged file is thrown away.
type Views struct {
	dir      string
	log      *slog.Logger
	detached bool // opened beside a running server: reads only, builds in a temporary folder
	beside   bool // not serving yet: Close removes the file

	// indexes are to be made before a generation from Beside serves. A fold finds rows by their keys
	// alone, and an index of all rows is sorted faster than row by row.
	indexes []string

	writing sync.Mutex // one writer at a time; taken before mu

	mu      sync.Mutex
	current *generation
}

// servingFormat is the user_version of a generation that serves; one that is being filled has 0.
// A generation with another number is thrown away.
const servingFormat = 2

const viewsSchema = `create table if not exists checkpoints (
	name text not null, version integer not null, log blob not null, position integer not null,
	seal blob not null, stopped text not null, tables text not null, primary key (name, version)) without rowid`

// OpenViews opens the serving views of the folder, or empty ones. Views that are half built or
// damaged are deleted, which the log tells.
func OpenViews(ctx context.Context, folder *Folder, log *slog.Logger) (*Views, error) {
	v := &Views{dir: folder.Dir(), log: log}
	numbers, err := v.numbers()
	if err != nil {
		return nil, err
	}
	for _, n := range numbers {
		if v.current != nil { // a newer one serves
			err = removeDatabase(v.path(n))
		} else {
			v.current, err = v.reopen(ctx, n)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open the views: %w", err), v.Close())
		}
	}
	if v.current == nil {
		if v.current, err = v.create(ctx, 1, servingFormat); err != nil {
			return nil, fmt.Errorf("make the views: %w", err)
		}
	}
	return v, nil
}

// ReadViews opens the serving views of a folder that another process may have open. They can be
// read, and compared with a store from Beside, which lives in a temporary folder.
func ReadViews(ctx context.Context, dir string, log *slog.Logger) (*Views, error) {
	v := &Views{dir: dir, log: log, detached: true}
	numbers, err := v.numbers()
	if err != nil {
		return nil, err
	}
	var alone error
	for _, n := range numbers {
		g, format, err := openGeneration(ctx, v.path(n), true, false)
		if err == nil && format == servingFormat {
			v.current = g
			return v, nil
		}
		if g != nil {
			err = errors.Join(err, g.close())
		}
		if file.IsBusy(err) { // whoever fills a fresh one has it alone at times
			alone, err = err, nil
		}
		if err != nil {
			return nil, fmt.Errorf("open the views: %w", err)
		}
	}
	if alone != nil {
		return nil, fmt.Errorf("open the views: %w", alone)
	}
	return nil, fmt.Errorf("there are no views in %s yet: start the server once", dir)
}

// reopen opens a generation, or deletes it and returns nil when it cannot serve.
func (v *Views) reopen(ctx context.Context, n int) (*generation, error) {
	g, format, err := openGeneration(ctx, v.path(n), false, false)
	switch {
	case err == nil && format == servingFormat:
		return g, nil
	case err == nil:
		v.log.InfoContext(ctx, "views are half built or of another format and will be built anew", "file", v.path(n))
		err = g.close()
	case isDamage(err):
		v.log.WarnContext(ctx, "views are damaged and will be built anew", "file", v.path(n), "error", err)
		err = nil
	}
	return nil, errors.Join(err, removeIfNil(err, v.path(n)))
}

func (v *Views) create(ctx context.Context, n, format int) (*generation, error) {
	if err := removeDatabase(v.path(n)); err != nil {
		return nil, err
	}
	g, _, err := openGeneration(ctx, v.path(n), false, format != servingFormat)
	if err != nil {
		return nil, err
	}
	if err := g.writer.exec(ctx, "pragma user_version = "+strconv.Itoa(format)); err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

func (v *Views) path(n int) string { return filepath.Join(v.dir, "views-"+strconv.Itoa(n)+".db") }

// numbers lists the generations in the folder, newest first.
func (v *Views) numbers() (numbers []int, err error) {
	entries, err := os.ReadDir(v.dir)
	if err != nil {
		return nil, fmt.Errorf("list the views: %w", err)
	}
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), "views-")
		if !ok {
			continue
		}
		if n, err := strconv.Atoi(strings.TrimSuffix(name, ".db")); err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	slices.Reverse(numbers)
	return numbers, nil
}

// Beside implements projection.Store.
func (v *Views) Beside(ctx context.Context) (projection.Store, error) {
	v.writing.Lock() // a rebuild and an audit must not take the same number
	defer v.writing.Unlock()
	g, err := v.hold()
	if err != nil {
		return nil, err
	}
	defer g.inUse.RUnlock()
	fresh := &Views{dir: v.dir, log: v.log, beside: true}
	next := 1
	if v.detached {
		if fresh.dir, err = os.MkdirTemp("", "creatorflow-views-"); err != nil {
			return nil, fmt.Errorf("make views beside: %w", err)
		}
		fresh.detached = true
	} else {
		numbers, err := v.numbers()
		if err != nil {
			return nil, err
		}
		next = append(numbers, 0)[0] + 1
	}
	if fresh.current, err = fresh.create(ctx, next, 0); err != nil {
		return nil, fmt.Errorf("make views beside: %w", err)
	}
	return fresh, nil
}

// Switch implements projection.Store.
func (v *Views) Switch(ctx context.Context, fresh projection.Store, last func(context.Context) error) error {
	f, ok := fresh.(*Views)
	if !ok || f == v || v.detached || f.dir != v.dir {
		return errors.New("switch the views: only a store from Beside can serve in the place of this one")
	}
	if err := errors.Join(f.steady(), f.index(ctx)); err != nil {
		return fmt.Errorf("switch the views: %w", err)
	}
	for range projection.Closer {
		if err := last(ctx); err != nil {
			return fmt.Errorf("switch the views: %w", err)
		}
	}
	old, err := v.replace(ctx, f, last)
	if err != nil {
		return fmt.Errorf("switch the views: %w", err)
	}
	if err := old.discard(); err != nil { // waits for its last readers
		return fmt.Errorf("drop the old views: %w", err)
	}
	return nil
}

// steady has each commit from here on put on disk, and the first of them what was filled before: else all of
// that would be left for when the serving store's writer is held back.
func (v *Views) steady() error {
	v.writing.Lock()
	defer v.writing.Unlock()
	g, err := v.hold()
	if err != nil {
		return err
	}
	defer g.inUse.RUnlock()
	return v.fault(g, g.writer.conn.Exec("pragma synchronous = normal"))
}

// index makes the indexes that Create has put off.
func (v *Views) index(ctx context.Context) error {
	return v.transaction(ctx, func(ctx context.Context, s *session) error {
		for _, text := range v.indexes {
			if err := s.exec(ctx, text); err != nil {
				return fmt.Errorf("%s: %w", text, err)
			}
		}
		v.indexes = nil
		return nil
	})
}

func (v *Views) replace(ctx context.Context, f *Views, last func(context.Context) error) (*generation, error) {
	v.writing.Lock()
	defer v.writing.Unlock()
	if err := last(ctx); err != nil {
		return nil, err
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	g := f.current
	if g == nil {
		return nil, errClosed
	}
	// The new generation must be whole on disk before the old one goes.
	if err := g.serve(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.current = nil
	f.mu.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	old := v.current
	v.current = g
	return old, nil
}

// Close implements projection.Store.
func (v *Views) Close() error {
	v.writing.Lock()
	defer v.writing.Unlock()
	v.mu.Lock()
	g := v.current
	v.current = nil
	v.mu.Unlock()
	var err error
	if g != nil {
		if v.beside {
			err = g.discard()
		} else {
			err = g.close()
		}
	}
	if v.beside && v.detached {
		err = errors.Join(err, os.RemoveAll(v.dir))
	}
	if err != nil {
		return fmt.Errorf("close the views: %w", err)
	}
	return nil
}

var errClosed = errors.New("the views are closed")

// hold finds the serving generation and keeps it open until the caller's inUse.RUnlock.
func (v *Views) hold() (*generation, error) {
	for {
		v.mu.Lock()
		g := v.current
		v.mu.Unlock()
		if g == nil {
			return nil, errClosed
		}
		g.inUse.RLock()
		if !g.closed {
			return g, nil
		}
		g.inUse.RUnlock() // another one serves since
	}
}

// fault adds to an error what the caller needs to know of it. A damaged file is unlinked at once,
// so that the next start builds the views anew.
func (v *Views) fault(g *generation, err error) error {
	switch {
	case err == nil:
		return nil
	case file.IsFull(err):
		return fmt.Errorf("%w: %w", eventlog.ErrFull, err)
	case isDamage(err) && !v.detached:
		err = errors.Join(err, removeDatabase(g.path))
	}
	if file.IsFault(err) {
		return fmt.Errorf("%w: %s: %w", projection.ErrBroken, g.path, err)
	}
	return err
}

// isDamage says that the file's content is not a database that we wrote.
func isDamage(err error) bool {
	code, _ := file.Code(err)
	return code&0xff == lib.SQLITE_CORRUPT || code&0xff == lib.SQLITE_NOTADB
}

func removeIfNil(err error, path string) error {
	if err != nil {
		return nil
	}
	return removeDatabase(path)
}

func removeDatabase(path string) error {
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
