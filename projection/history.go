package projection

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/creatorflow/creatorflow/eventlog"
)

// follow continues a checkpoint's seal over the records behind it.
func follow(sum [32]byte, batch []eventlog.Record) [32]byte {
	if i := lastSealed(batch); i >= 0 {
		copy(sum[:], batch[i].Seal)
		batch = batch[i+1:]
	}
	for i := range batch {
		sum = sha256.Sum256(append(sum[:], batch[i].ID[:]...))
	}
	return sum
}

// lastSealed finds the last record that ends a commit, or gives -1.
func lastSealed(batch []eventlog.Record) int {
	for i := range slices.Backward(batch) {
		if batch[i].Seal != nil {
			return i
		}
	}
	return -1
}

// foreign says whether a checkpoint is of another log, past the end of this one, or of another
// history: an older copy of the log was put back, and has grown since.
func foreign(ctx context.Context, log Log, c Checkpoint) (bool, error) {
	if c.Position == 0 || c.LogID != log.Head().LogID {
		return c.Position > 0, nil
	}
	var behind []eventlog.Record // from the last seal on, or from the log's beginning
	for size, from := eventlog.Position(1), c.Position; from > 0 && lastSealed(behind) < 0; size = min(10*size, 1000) {
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
	return follow([32]byte{}, behind) != c.Seal, nil
}
