package logdb

import (
	"errors"
	"flag"
	"testing"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/eventlog/snapshot/snapshottest"
	"github.com/creatorflow/creatorflow/storage/folder"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener")) // ends after Close returns
}

func openTestLog(t *testing.T, dir string) *Log {
	t.Helper()
	in, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	log, err := Open(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(log.Close(), in.Close()) })
	return log
}

func TestLogContract(t *testing.T) {
	if eventlogtest.RaceDetector { // every case makes a folder, with a driver that is 11 times slower
		if err := flag.Set("rapid.checks", "10"); err != nil {
			t.Fatal(err)
		}
	}
	place := func(t *testing.T) (eventlog.Store, func() eventlog.Store) {
		dir := t.TempDir()
		in, err := folder.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = in.Close() })
		open := func() *Log {
			log, err := Open(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = log.Close() })
			return log
		}
		log := open()
		return log, func() eventlog.Store {
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			return open()
		}
	}
	eventlogtest.Run(t, place)
	snapshottest.Run(t, place)
}
