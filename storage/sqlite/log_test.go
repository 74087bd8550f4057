package sqlite

import (
	"errors"
	"testing"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
)

func openTestLog(t *testing.T, dir string) *Log {
	t.Helper()
	folder, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	log, err := OpenLog(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(log.Close(), folder.Close()) })
	return log
}

func TestLogContract(t *testing.T) {
	eventlogtest.Run(t, func(t *testing.T) (eventlog.Store, func() eventlog.Store) {
		dir := t.TempDir()
		folder, err := OpenFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = folder.Close() })
		open := func() *Log {
			log, err := OpenLog(t.Context(), folder)
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
	})
}
