// Package file opens SQLite files: Durability, connections, migrations, and what their errors mean.
//
// Each file has one writing connection and a few reading ones (WAL, so that readers never wait for
// the writer).
package file

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/folder"
)

// Readers is how many connections of a file read at once.
const Readers = 4

// Database is one SQLite file. SQL is written with $1 … $n, which the driver understands.
type Database struct {
	Path  string
	Write *sql.DB // one connection, transactions begin immediate
	Read  *sql.DB // several connections that cannot write
}

// Open opens the file, which it creates (mode 0600) when missing. Extra pragmas, such as
// "secure_delete(1)", go to the writing connection and replace those that it has by itself.
func Open(ctx context.Context, path string, d Durability, pragmas ...string) (*Database, error) {
	if err := Create(path); err != nil {
		return nil, err
	}
	writing := []string{
		"journal_mode(WAL)", "synchronous(" + d.Synchronous() + ")",
		// The writer checkpoints: a second connection doing it lets the WAL grow without bound.
		"wal_autocheckpoint(8000)", "foreign_keys(1)",
	}
	for _, pragma := range pragmas { // the driver runs them in an order of its own, so none may come twice
		name, _, _ := strings.Cut(pragma, "(")
		writing = slices.DeleteFunc(writing, func(w string) bool { return strings.HasPrefix(w, name+"(") })
		writing = append(writing, pragma)
	}
	db := &Database{Path: path}
	var err error
	if db.Write, err = Connect(ctx, path, 1, "immediate", writing...); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if db.Read, err = pool(path, Readers, "deferred", "query_only(1)"); err != nil { // it connects when something is read
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Write.Close())
	}
	return db, nil
}

// Close closes all connections.
func (db *Database) Close() error { return errors.Join(db.Read.Close(), db.Write.Close()) }

// Connect opens a pool of connections with pragmas, and the first of them; lock is how its transactions begin.
func Connect(ctx context.Context, path string, connections int, lock string, pragmas ...string) (*sql.DB, error) {
	db, err := pool(path, connections, lock, pragmas...)
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func pool(path string, connections int, lock string, pragmas ...string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dataSource(path, lock, pragmas...))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func dataSource(path, lock string, pragmas ...string) string {
	query := url.Values{"_txlock": {lock}, "_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}).String()
}

// Create makes an empty private file, when it is missing, and its folder entry durable. SQLite syncs the folder for
// its WAL, but not for the database itself.
func Create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // our own data folder
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		err = errors.Join(file.Sync(), file.Close())
	}
	if err == nil {
		err = folder.Sync(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("create %s: %w", path, err)
	}
	return nil
}

// Migrate brings the file's tables to the newest of the migrations (goose files), and refuses a
// file that a newer program has migrated further.
func Migrate(ctx context.Context, db *Database, migrations fs.FS) error {
	provider, done, err := known(ctx, db.Path, db.Write, migrations)
	if err != nil || done {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", db.Path, err)
	}
	return nil
}

// CheckSchema refuses a file, open for reading, that a newer program has migrated further.
func CheckSchema(ctx context.Context, path string, read *sql.DB, migrations fs.FS) error {
	_, _, err := known(ctx, path, read, migrations)
	return err
}

// known makes the provider of the migrations; done says that all of them have been made.
func known(ctx context.Context, path string, db *sql.DB, migrations fs.FS) (provider *goose.Provider, done bool, err error) {
	provider, err = goose.NewProvider(goose.DialectSQLite3, db, migrations)
	if err != nil {
		return nil, false, fmt.Errorf("migrate %s: %w", path, err)
	}
	current, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("read the schema of %s: %w", path, err)
	}
	if current > newest {
		return nil, false, fmt.Errorf("%s has schema %d and this program knows only %d: %w",
			path, current, newest, eventlog.ErrNewerSchema)
	}
	return provider, current == newest, nil
}
