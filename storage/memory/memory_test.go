package memory_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/eventlog/snapshot/snapshottest"
	"github.com/creatorflow/creatorflow/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLog(t *testing.T) {
	place := func(*testing.T) (eventlog.Store, func() eventlog.Store) {
		log := memory.NewLog(uuid.Must(uuid.NewV7()))
		return log, func() eventlog.Store { return log }
	}
	eventlogtest.Run(t, place)
	snapshottest.Run(t, place)
}

// TestNews takes at most the poll: the store's signal wakes only one of those that wait.
func TestNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := eventlogtest.News(t, func(*testing.T) (eventlog.Store, func() eventlog.Store) {
			return memory.NewLog(uuid.Must(uuid.NewV7())), nil
		})
		if took > time.Second {
			t.Errorf("news took %v, want at most the 1 s poll", took)
		}
	})
}
