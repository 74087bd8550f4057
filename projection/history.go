package projection

import (
	"context"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection/seals"
)

// foreign says whether a checkpoint is of another log, past the end of this one, or of another
// history: an older copy of the log was put back, and has grown since.
func foreign(ctx context.Context, log Log, c Checkpoint) (bool, error) {
	if c.Position == 0 || c.LogID != log.Head().LogID {
		return c.Position > 0, nil
	}
	var behind []eventlog.Record // from the last seal on, or from the log's beginning
	for size, from := eventlog.Position(1), c.Position; from > 0 && seals.Last(behind) < 0; size = min(10*size, 1000) {
		after := max(from-size, 0)
		page, err := log.ReadAll(ctx, after, int(from-after))
		if err != nil {
			return false, err
		}
		if len(page) < int(from-after) {
			return true, nil
		}
		behind, from = append(page, behind...), after
	}
	return seals.Follow([32]byte{}, behind) != c.Seal, nil
}
