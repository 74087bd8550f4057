// Package storagetest opens the log, the views and the vault for tests on the engine that the variable
// CREATORFLOW_TEST_ENGINE names: SQLite in a folder, or with "postgres" a database of a server that
// runs as long as the package's tests.
//
//	func TestMain(m *testing.M) { goleak.VerifyTestMain(storagetest.With(m)) }
//
//	place := storagetest.New(t)
//	log, views, vault := place.Log(), place.Views(), place.Vault()
package storagetest

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
	"sync/atomic"
	"testing"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/postgres"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
	"github.com/creatorflow/creatorflow/storage/postgres/pgserver"
	"github.com/creatorflow/creatorflow/storage/sqlite"
	"github.com/creatorflow/creatorflow/vault"
)

// Variable names the engine; empty is SQLite.
const Variable = "CREATORFLOW_TEST_ENGINE"

// Postgres says whether tests run on PostgreSQL.
func Postgres() bool { return os.Getenv(Variable) == "postgres" }

var (
	server *pgserver.Server // while tests run on PostgreSQL
	count  atomic.Int64     // of databases
)

// Tests are a package's tests with the engine that they need around them.
type Tests struct{ m *testing.M }

// With is for TestMain: its Run starts what the tests need and stops it after them.
func With(m *testing.M) Tests { return Tests{m} }

// Run runs the tests and gives their exit code.
func (r Tests) Run() (code int) {
	switch os.Getenv(Variable) {
	case "":
		return r.m.Run()
	case "postgres":
	default:
		fmt.Fprintf(os.Stderr, "%s=%s is no engine: leave it empty or set it to postgres\n", Variable, os.Getenv(Variable))
		return 2
	}
	var err error
	if server, err = pgserver.Temporary(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	return r.m.Run()
}

// Place is where one test keeps what it stores, until the test ends. What was closed may be opened
// again and holds what it held.
type Place struct {
	t      testing.TB
	dir    string
	folder *sqlite.Folder     // nil on PostgreSQL
	db     *database.Database // nil on SQLite
}

// New makes an empty place.
func New(t testing.TB) *Place {
	t.Helper()
	p := &Place{t: t, dir: t.TempDir()}
	var err error
	if !Postgres() {
		if p.folder, err = sqlite.OpenFolder(p.dir); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.check(p.folder.Close()) })
		return p
	}
	if server == nil {
		t.Fatal("no PostgreSQL runs: TestMain must run storagetest.With(m)")
	}
	name := fmt.Sprintf("test%d", count.Add(1))
	url, err := server.Create(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.check(server.Drop(context.Background(), name)) })
	if p.db, err = database.Open(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.db.Close)
	return p
}

func (p *Place) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Error(err)
	}
}

// closing closes a store once, at the end of the test at the latest.
func (p *Place) closing(closeStore func() error) func() error {
	once := sync.OnceValue(closeStore)
	p.t.Cleanup(func() { p.check(once()) })
	return once
}

// Log opens the log.
func (p *Place) Log() eventlog.Store {
	p.t.Helper()
	var s eventlog.Store
	var err error
	if p.db != nil {
		s, err = postgres.OpenLog(p.t.Context(), p.db, p.dir)
	} else {
		s, err = sqlite.OpenLog(p.t.Context(), p.folder)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return logStore{s, p.closing(s.Close)}
}

type logStore struct {
	eventlog.Store
	once func() error
}

// Close implements eventlog.Store.
func (s logStore) Close() error { return s.once() }

// Views opens the views.
func (p *Place) Views() projection.Store {
	p.t.Helper()
	log := slog.New(slog.DiscardHandler)
	var s projection.Store
	var err error
	if p.db != nil {
		s, err = postgres.OpenViews(p.t.Context(), p.db, log)
	} else {
		s, err = sqlite.OpenViews(p.t.Context(), p.folder, log)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return viewStore{s, p.closing(s.Close)}
}

type viewStore struct {
	projection.Store
	once func() error
}

// Close implements projection.Store.
func (s viewStore) Close() error { return s.once() }

// Vault opens the tables of the vault.
func (p *Place) Vault() vault.Store {
	p.t.Helper()
	var s vault.Store
	var err error
	if p.db != nil {
		s, err = postgres.OpenVault(p.t.Context(), p.db)
	} else {
		s, err = sqlite.OpenVault(p.t.Context(), p.folder)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return vaultStore{s, p.closing(s.Close)}
}

type vaultStore struct {
	vault.Store
	once func() error
}

// Close implements vault.Store.
func (s vaultStore) Close() error { return s.once() }

// Break makes what stores durably fail as with a broken disk, for good.
func (p *Place) Break() {
	p.t.Helper()
	if p.db == nil {
		p.folder.Fence().Trip(errors.New("fsync: input/output error"))
		return
	}
	for _, text := range []string{
		`create function broken() returns trigger language plpgsql as $$ begin raise exception 'fsync' using errcode = 'io_error'; end $$`,
		`create trigger broken before update on log.head execute function broken()`,
		`create trigger broken before update on vault.inbox_head execute function broken()`,
	} {
		if _, err := p.db.Exec(p.t.Context(), text); err != nil {
			p.t.Fatal(err)
		}
	}
}

// Files lists the files in which what was stored is by now.
func (p *Place) Files() (files []string) {
	p.t.Helper()
	pattern := ""
	if p.db == nil {
		pattern = filepath.Join(p.folder.Dir(), "*")
	} else {
		if _, err := p.db.Exec(p.t.Context(), "checkpoint"); err != nil {
			p.t.Fatal(err)
		}
		if err := p.db.QueryRow(p.t.Context(), `select d || '/base/' || oid || '/*'
			from current_setting('data_directory') d, pg_database where datname = current_database()`).Scan(&pattern); err != nil {
			p.t.Fatal(err)
		}
	}
	files, err := filepath.Glob(pattern)
	if p.db != nil { // files of lower numbers came with PostgreSQL
		files = slices.DeleteFunc(files, func(name string) bool {
			number, _, _ := strings.Cut(filepath.Base(name), "_")
			n, err := strconv.Atoi(number)
			return err != nil || n < 16384
		})
	}
	if err != nil || len(files) == 0 {
		p.t.Fatal("no files: ", pattern, err)
	}
	return files
}
