// Package sqlite keeps the log, the views and the vault in SQLite files of one folder.
//
// The log goes to log.db, views to views.db, the vault to vault.db. Each file has one writing
// connection and a few reading ones (WAL, so readers never wait for the writer). OpenFolder takes
// the folder for this process first; everything else is opened inside it.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/sqlite/native"
)

// Folder is a data folder that belongs to this process until Close.
type Folder = folder.Folder

// OpenFolder makes the folder when missing and takes it for this process alone. When another
// process has it, the error is a sentence that says which.
func OpenFolder(dir string) (*Folder, error) { return folder.Open(dir) }

// These say what an error of the engine means, whichever way it was called.
var isFull, isFault, resultCode = native.IsFull, native.IsFault, native.Code

// durability says how hard a commit presses on the disk.
type durability string

const (
	full   durability = "FULL"   // a commit returns when it is on disk: log.db, vault.db
	normal durability = "NORMAL" // the last commits may be lost by a power cut: views.db
)

// database is one SQLite file. SQL is written with $1 … $n, which the driver understands.
type database struct {
	path  string
	write *sql.DB // one connection, transactions begin immediate
	read  *sql.DB // several connections that cannot write
}

// openDatabase opens the file, which it creates (mode 0600) when missing. Extra pragmas, such as
// "secure_delete(1)", go to the writing connection.
func openDatabase(ctx context.Context, path string, d durability, pragmas ...string) (*database, error) {
	if err := create(path); err != nil {
		return nil, fmt.Errorf("create %s: %w", path, err)
	}
	writing := append([]string{
		"journal_mode(WAL)", "synchronous(" + string(d) + ")",
		// The writer checkpoints: a second connection doing it lets the WAL grow without bound.
		"wal_autocheckpoint(8000)", "foreign_keys(1)",
	}, pragmas...)
	db := &database{path: path}
	var err error
	if db.write, err = connect(ctx, path, 1, "immediate", writing...); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if db.read, err = connect(ctx, path, 4, "deferred", "query_only(1)"); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.write.Close())
	}
	return db, nil
}

func (db *database) close() error { return errors.Join(db.read.Close(), db.write.Close()) }

func connect(ctx context.Context, path string, connections int, lock string, pragmas ...string) (*sql.DB, error) {
	pool, err := sql.Open("sqlite", dataSource(path, lock, pragmas...))
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

func dataSource(path, lock string, pragmas ...string) string {
	query := url.Values{"_txlock": {lock}, "_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}).String()
}

// create makes an empty private file and its folder entry durable. SQLite syncs the folder for
// its WAL, but not for the database itself.
func create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir) //nolint:gosec // our own data folder
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// migrate brings the file's tables to the newest of the migrations (goose files), and refuses a
// file that a newer program has migrated further.
func migrate(ctx context.Context, db *database, migrations fs.FS) error {
	provider, err := goose.NewProvider(goose.DialectSQLite3, db.write, migrations)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", db.path, err)
	}
	current, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", db.path, err)
	}
	if current > newest {
		return fmt.Errorf("%s has schema %d and this program knows only %d: start the newer program: %w",
			db.path, current, newest, eventlog.ErrNewerSchema)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", db.path, err)
	}
	return nil
}
