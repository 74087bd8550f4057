package memory_test

import (
	"testing"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLog(t *testing.T) {
	eventlogtest.Run(t, func(*testing.T) (eventlog.Store, func() eventlog.Store) {
		log := memory.NewLog(uuid.Must(uuid.NewV7()))
		return log, func() eventlog.Store { return log }
	})
}
