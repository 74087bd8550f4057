package record

import (
	"fmt"

	"github.com/creatorflow/creatorflow/eventlog/seal"
)

// Snapshot is a fold's state of a stream as it was at a version, so that a long stream need not be read
// from its start. It says nothing that the log does not: one that is lost costs time.
type Snapshot struct {
	Stream  Stream
	Fold    string // its name
	Schema  int    // of Data
	Version Version
	At      int64 // microseconds since 1970
	Data    []byte
	Sum     [32]byte // guards all of it
}

// Guard sets the sum.
func (s *Snapshot) Guard() { s.Sum = s.sum() }

func (s *Snapshot) sum() [32]byte {
	sealed := seal.Snapshot{
		Workspace: s.Stream.Workspace, Kind: s.Stream.Kind, Stream: s.Stream.ID, Fold: s.Fold,
		Schema:  uint32(s.Schema), //nolint:gosec // a wrong one does not match its sum
		Version: int64(s.Version), At: s.At, Data: s.Data,
	}
	return sealed.Sum()
}

// Check recomputes the sum.
func (s *Snapshot) Check() error {
	if s.sum() != s.Sum || s.Version < 1 {
		return fmt.Errorf("%w: the snapshot of %s for %s at version %d does not match its sum", ErrCorrupt, s.Stream, s.Fold, s.Version)
	}
	return nil
}
