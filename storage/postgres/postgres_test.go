package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
	"github.com/creatorflow/creatorflow/storage/postgres/pgserver"
)

var (
	server    *pgserver.Server
	databases atomic.Int64
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run runs the tests against a server of their own.
func run(m *testing.M) (code int) {
	dir, err := os.MkdirTemp(memory(), "creatorflow-pg")
	if err == nil {
		server, err = pgserver.Start(context.Background(), filepath.Join(dir, "pg"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := errors.Join(server.Close(), os.RemoveAll(dir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	if code = m.Run(); code == 0 {
		if err := goleak.Find(goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	return code
}

// memory is a folder whose fsync costs nothing, if there is one: durability is the drills' to prove.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// created is an empty database of its own.
func created(t testing.TB) (url string) {
	t.Helper()
	admin, err := database.Open(t.Context(), server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := fmt.Sprintf("test%d", databases.Add(1))
	if _, err := admin.Exec(t.Context(), "create database "+name); err != nil {
		t.Fatal(err)
	}
	return server.URL(name)
}

func connected(t testing.TB, url string) *database.Database {
	t.Helper()
	db, err := database.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// store is a log that closes its database with it.
type store struct {
	*Log
	db *database.Database
}

func (s store) Close() error {
	defer s.db.Close()
	return s.Log.Close()
}

func openStore(t testing.TB, url string) store {
	t.Helper()
	db := connected(t, url)
	log, err := OpenLog(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	s := store{log, db}
	t.Cleanup(func() { _ = s.Close() }) // a second close is harmless
	return s
}

func TestLog(t *testing.T) {
	eventlogtest.Run(t, func(t *testing.T) (eventlog.Store, func() eventlog.Store) {
		url := created(t)
		log := openStore(t, url)
		return log, func() eventlog.Store {
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			return openStore(t, url)
		}
	})
}
