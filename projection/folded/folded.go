// Package folded says how far a store has folded a view.
package folded

import (
	"context"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// At is the position up to which a store's view of a log is folded; built is false while it has none. Rows that are read after it may
// be newer, never older.
func At(ctx context.Context, store projection.Store, p projection.Projection, log *eventlog.Log) (position eventlog.Position, built bool, err error) {
	checkpoints, err := store.Checkpoints(ctx)
	if err != nil {
		return 0, false, err
	}
	for _, c := range checkpoints {
		if c.Name == p.Name() && c.Version == p.Version() && c.LogID == log.Head().LogID {
			return c.Position, true, nil
		}
	}
	return 0, false, nil
}
