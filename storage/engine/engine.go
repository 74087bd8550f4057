// Package engine opens what keeps a hub's data: SQLite files in the data folder, or a PostgreSQL
// database beside it. Outside of storage nothing else knows which it is.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/postgres"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
	"github.com/creatorflow/creatorflow/storage/sqlite"
	"github.com/creatorflow/creatorflow/storage/sqlite/file"
	"github.com/creatorflow/creatorflow/vault"
)

// The engines.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Stores are the opened parts of an engine.
type Stores struct {
	Name  string // SQLite or Postgres
	Where string // for messages: the folder, or the database without its password
	Log   eventlog.Store
	Vault vault.Store
	Views projection.Store
	// Poll is how often to look for what other processes may have appended: never, nearly, where a
	// folder's lock rules that out.
	Poll time.Duration
	// Lost is closed when another hub has taken the database; nil where a folder's lock rules that out.
	Lost <-chan struct{}
	// Fenced is closed when the disk below the vault has failed; nil where the log's own fence says so.
	Fenced <-chan struct{}

	labels  func(ctx context.Context, ids []string) ([]string, error)
	closers []func() error // in the order of opening
}

// Open opens the stores for the hub that has the folder: in the folder, or in the database that db
// (postgres://…) names.
func Open(ctx context.Context, f *folder.Folder, db string, log *slog.Logger) (*Stores, error) {
	s := &Stores{Name: SQLite, Where: f.Dir(), Poll: time.Minute}
	open := s.openSQLite
	if db != "" {
		open = func(ctx context.Context, f *folder.Folder, log *slog.Logger) error {
			return s.openPostgres(ctx, f.Dir(), db, log)
		}
	}
	err := open(ctx, f, log)
	if err == nil {
		err = s.own(ctx, f.Dir())
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stores) openSQLite(ctx context.Context, f *folder.Folder, log *slog.Logger) error {
	if err := missing(f.Dir()); err != nil {
		return err
	}
	if err := sqlite.Mend(f, log); err != nil {
		return err
	}
	events, err := sqlite.OpenLog(ctx, f)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	s.Log, s.closers = events, append(s.closers, events.Close)
	kept, err := sqlite.OpenVault(ctx, f)
	if err != nil {
		return fmt.Errorf("open the vault: %w", err)
	}
	s.Vault, s.closers = kept, append(s.closers, kept.Close)
	views, err := sqlite.OpenViews(ctx, f, log)
	if err != nil {
		return fmt.Errorf("open the views: %w", err)
	}
	s.Views, s.closers = views, append(s.closers, views.Close)
	return nil
}

func (s *Stores) openPostgres(ctx context.Context, dir, url string, log *slog.Logger) error {
	db, err := s.connect(ctx, url)
	if err != nil {
		return err
	}
	hold, err := db.Hold(ctx)
	if err != nil {
		return err
	}
	s.Lost, s.closers = hold.Lost(), append(s.closers, func() error { hold.Close(); return nil })
	events, err := postgres.OpenLog(ctx, db, dir)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	s.Log, s.closers = events, append(s.closers, events.Close)
	kept, err := postgres.OpenVault(ctx, db)
	if err != nil {
		return fmt.Errorf("open the vault: %w", err)
	}
	s.Vault, s.Fenced, s.closers = kept, kept.Fenced(), append(s.closers, kept.Close)
	views, err := postgres.OpenViews(ctx, db, log)
	if err != nil {
		return fmt.Errorf("open the views: %w", err)
	}
	s.Views, s.closers = views, append(s.closers, views.Close)
	return nil
}

func (s *Stores) connect(ctx context.Context, url string) (*database.Database, error) {
	db, err := database.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	s.Name, s.Where, s.Poll = Postgres, db.Name(), time.Second
	s.closers = append(s.closers, func() error { db.Close(); return nil })
	return db, nil
}

// Read opens log and views, only for reading, beside the hub that may have them.
func Read(ctx context.Context, dir, db string, log *slog.Logger) (*Stores, error) {
	s := &Stores{Name: SQLite, Where: dir}
	read := s.readSQLite
	if db != "" {
		read = func(ctx context.Context, dir string, log *slog.Logger) error {
			return s.readPostgres(ctx, dir, db, log)
		}
	}
	if err := read(ctx, dir, log); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stores) readSQLite(ctx context.Context, dir string, log *slog.Logger) error {
	events, err := sqlite.ReadLog(ctx, dir)
	if err != nil {
		return err
	}
	s.Log, s.closers = events, append(s.closers, events.Close)
	views, err := sqlite.ReadViews(ctx, dir, log)
	if err != nil {
		return err
	}
	s.Views, s.closers = views, append(s.closers, views.Close)
	s.labels = func(ctx context.Context, ids []string) ([]string, error) {
		return file.MissingLabels(ctx, filepath.Join(dir, "vault.db"), ids)
	}
	return nil
}

func (s *Stores) readPostgres(ctx context.Context, dir, url string, log *slog.Logger) error {
	db, err := s.connect(ctx, url)
	if err != nil {
		return err
	}
	events, err := postgres.ReadLog(ctx, db, dir)
	if err != nil {
		return err
	}
	s.Log, s.closers = events, append(s.closers, events.Close)
	views, err := postgres.ReadViews(ctx, db, log)
	if err != nil {
		return err
	}
	s.Views, s.closers = views, append(s.closers, views.Close)
	s.labels = func(ctx context.Context, ids []string) ([]string, error) { return postgres.MissingLabels(ctx, db, ids) }
	return nil
}

// closing is a log that keeps closed months in files; those of both engines do.
type closing interface {
	CloseMonths(ctx context.Context) (int, error)
	SlowestDrop() time.Duration
	CheckSegments(ctx context.Context) error
}

// CloseMonths writes the months of the log that are over, but for the last two, to files, and returns how
// many it has closed. Appends and reads go on meanwhile.
func (s *Stores) CloseMonths(ctx context.Context) (int, error) {
	return s.Log.(closing).CloseMonths(ctx)
}

// SlowestDrop is the longest that a month which CloseMonths has put into a file took to leave the database.
func (s *Stores) SlowestDrop() time.Duration { return s.Log.(closing).SlowestDrop() }

// Check reads the files below the stores and says what in them is not what was written, as far as the
// log's own sums do not. A PostgreSQL server has checksums of its pages, which it checks itself.
func (s *Stores) Check(ctx context.Context) error {
	if err := s.Log.(closing).CheckSegments(ctx); err != nil {
		return err
	}
	if s.Name != SQLite {
		return nil
	}
	return sqlite.Check(ctx, s.Where)
}

// MissingLabels says which of some labels the vault does not keep; of Stores that Read opened. It needs no
// key, as it opens no label.
func (s *Stores) MissingLabels(ctx context.Context, ids []string) ([]string, error) {
	return s.labels(ctx, ids)
}

// Close closes the parts, the last first.
func (s *Stores) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}
