package postgres

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/eventlog/snapshot/snapshottest"
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
	if code = m.Run(); code == 0 {
		if err := goleak.Find(goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	return code
}

// created is an empty database of its own.
func created(t testing.TB) (url string) {
	t.Helper()
	url, err := server.Create(t.Context(), fmt.Sprintf("test%d", databases.Add(1)))
	if err != nil {
		t.Fatal(err)
	}
	return url
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
	log, err := OpenLog(t.Context(), db, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := store{log, db}
	t.Cleanup(func() { _ = s.Close() }) // a second close is harmless
	return s
}

func TestLog(t *testing.T) {
	place := func(t *testing.T) (eventlog.Store, func() eventlog.Store) {
		url := created(t)
		log := openStore(t, url)
		return log, func() eventlog.Store {
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			return openStore(t, url)
		}
	}
	eventlogtest.Run(t, place)
	snapshottest.Run(t, place)
}
