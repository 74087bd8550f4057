package sqlite

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"github.com/creatorflow/creatorflow/storage/sqlite/file"
	"github.com/creatorflow/creatorflow/storage/sqlite/keyset"
)

// viewReaders is how many read transactions of the views run at once; more wait their turn.
const viewReaders = 4

// generation is one open views file.
type generation struct {
	path    string
	writer  *session
	readers *readers

	inUse  sync.RWMutex // held for reading by each read transaction
	closed bool         // guarded by inUse
}

// A larger cache keeps the index pages of many rows at hand. A fresh file is filled before anybody reads it, and thrown away when
// that does not come to its end: each of its pages is written once, not to a write-ahead log first, and nothing is synced.
const (
	servingPragmas = "pragma journal_mode = wal; pragma synchronous = normal; pragma cache_size = -64000; pragma wal_autocheckpoint = 8000"
	freshPragmas   = "pragma journal_mode = memory; pragma synchronous = off; pragma cache_size = -64000"
)

// openGeneration opens a file, made when missing unless it is only to be read, and says which format it has.
func openGeneration(ctx context.Context, path string, readOnly, fresh bool) (g *generation, format int, err error) {
	g = &generation{path: path, readers: newReaders(path, viewReaders)}
	defer func() {
		if err != nil {
			g, err = nil, errors.Join(err, g.close())
		}
	}()
	if !readOnly {
		if err := file.Create(path); err != nil {
			return g, 0, err
		}
		pragmas := servingPragmas
		if fresh {
			pragmas = freshPragmas
		}
		if g.writer, err = openSession(path, pragmas); err != nil {
			return g, 0, err
		}
		if fresh {
			g.writer.keys = keyset.New()
		}
		if err := g.writer.exec(ctx, viewsSchema); err != nil {
			return g, 0, err
		}
	}
	s, err := g.readers.take(ctx)
	if err != nil {
		return g, 0, err
	}
	defer g.readers.give(s)
	format, err = s.number(ctx, "pragma user_version")
	return g, format, err
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
	return errors.Join(append(errs, g.readers.close())...)
}

func (g *generation) discard() error { return errors.Join(g.close(), removeDatabase(g.path)) }

// serve makes of a fresh file one that is read while it is written, whole on disk before it is marked.
func (g *generation) serve() error {
	g.writer.keys = nil
	return g.writer.conn.Exec("pragma synchronous = normal; pragma journal_mode = wal; pragma wal_autocheckpoint = 8000; pragma user_version = " +
		strconv.Itoa(servingFormat) + "; pragma wal_checkpoint(truncate)")
}
