// Package seals says by a sum which history of a log was folded.
package seals

import (
	"crypto/sha256"
	"slices"

	"github.com/creatorflow/creatorflow/eventlog"
)

// Follow continues a checkpoint's seal over the records behind it.
func Follow(sum [32]byte, batch []eventlog.Record) [32]byte {
	if i := Last(batch); i >= 0 {
		copy(sum[:], batch[i].Seal)
		batch = batch[i+1:]
	}
	for i := range batch {
		sum = sha256.Sum256(append(sum[:], batch[i].ID[:]...))
	}
	return sum
}

// Last finds the last record that ends a commit, or gives -1.
func Last(batch []eventlog.Record) int {
	for i := range slices.Backward(batch) {
		if batch[i].Seal != nil {
			return i
		}
	}
	return -1
}
