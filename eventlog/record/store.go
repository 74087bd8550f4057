package record

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// What an append can fail with, besides a Refusal and plain faults.
var (
	// ErrConflict says that a stream has moved on since the caller looked.
	ErrConflict = errors.New("eventlog: the stream has moved on")
	// ErrFenced says that the log stopped for good after an I/O fault; the process must end.
	ErrFenced = errors.New("eventlog: fenced after an I/O fault")
	// ErrFull says that the disk is full: nothing was written, the log resumes by itself.
	ErrFull = errors.New("eventlog: disk full, nothing was written")
	// ErrAway says that the database does not answer: whether the write was done is unknown until it
	// does. The log goes on by itself then.
	ErrAway = errors.New("eventlog: the database does not answer")
	// ErrFilling says that the log is a copy in the making, or one that did not come to its end.
	ErrFilling = errors.New("eventlog: a move to this place did not come to its end: empty it and repeat the move")
	// ErrCorrupt says that a record, a position or a seal is not what was written.
	ErrCorrupt = errors.New("eventlog: corrupt")
	// ErrKeyReused says that a command key came back with another body.
	ErrKeyReused = errors.New("eventlog: the command key was used for another request")
	// ErrKeyTooOld says that a command key is older than the 30 days that answers are kept.
	ErrKeyTooOld = errors.New("eventlog: the command key is too old to be sure it was not done")
	// ErrKeyAhead says that a command key is dated more than 24 hours ahead of our clock, so that
	// nobody could say when its answer may be forgotten.
	ErrKeyAhead = errors.New("eventlog: the command key is dated more than 24 hours ahead of our clock")
	// ErrNewerSchema says that the log was written by a newer version of the program.
	ErrNewerSchema = errors.New("eventlog: written by a newer version: start the newer program")
)

// Passing says that an error is of a fault that ends without a restart: the disk is full or the
// database away. What failed by it is to be tried again.
func Passing(err error) bool { return errors.Is(err, ErrFull) || errors.Is(err, ErrAway) }

// MovedTo says that the log was moved away and ends here for good.
func MovedTo(where string) error {
	return fmt.Errorf("the log was moved to %s and ends here: go on there", where)
}

// Head is the end of the log.
type Head struct {
	LogID    uuid.UUID // names this log; a restored copy gets a new one
	Position Position  // of the last event, 0 when empty
	Seal     [32]byte  // of the last commit
	At       time.Time // of the last commit
}

// Batch is one commit. The engine compares and writes all of it or nothing.
type Batch struct {
	At     int64 // microseconds since 1970, for all of the batch
	Bases  []Base
	Events []Stored // without Position and Seal, which the engine adds
	// BaseOf gives for Events[i] the index of its stream in Bases. A stream's events follow each
	// other in version; a base without events is only compared.
	BaseOf []int
	Keys   []StoredKey
	// KeyOrds gives for Keys[i] the first and last ordinal (1-based) of its events in Events, or
	// 0,0 when it has none.
	KeyOrds [][2]int
	// Digest is the digest of the commit's records; the engine turns it into the seal with seal.Next
	// once it knows the previous seal and the first position.
	Digest [32]byte
}

// Base is a distinct stream of a batch and the version it must have (0 = must not exist).
type Base struct {
	Stream Stream
	Expect Version
}

// Committed is the engine's answer. OK false means that nothing was written: Real holds the real
// version of each base and Found the keys that stand already.
type Committed struct {
	OK    bool
	First Position
	Head  Head
	Real  []Version
	Found []StoredKey
}

// Commit compares and writes a batch, as Store.Commit does.
type Commit = func(ctx context.Context, b Batch) (Committed, error)

// Store is what a storage engine gives: one all-or-nothing commit and plain reads. Several
// appenders, in one process or in many, may use one store.
type Store interface {
	// Commit compares and writes a batch as design section 4 says. It returns only when durable.
	Commit(ctx context.Context, b Batch) (Committed, error)
	// Alone runs do while no other appender commits, to decide on what cannot move meanwhile. Do uses
	// commit instead of Commit until it succeeds; that ends the exclusion.
	Alone(ctx context.Context, do func(commit Commit) error) error
	// Head reads the end of the log.
	Head(ctx context.Context) (Head, error)
	// ReadStream returns up to limit records of a stream after a version, in order.
	ReadStream(ctx context.Context, s Stream, after Version, limit int) ([]Stored, error)
	// ReadAll returns up to limit records after a position, in order.
	ReadAll(ctx context.Context, after Position, limit int) ([]Stored, error)
	// FindKey looks a command key up.
	FindKey(ctx context.Context, caller string, id uuid.UUID) (StoredKey, bool, error)
	// ReadKeys returns up to limit command keys after one, by caller and id; the zero key is before
	// all.
	ReadKeys(ctx context.Context, after StoredKey, limit int) ([]StoredKey, error)
	// Heads reads, at one moment, the log's position, the sum of all streams' versions, which must
	// be the same number, and how many streams are below version 1, which must be none.
	Heads(ctx context.Context) (position, versions Position, empty int, err error)
	// Snapshot looks up the snapshot of a fold of a stream.
	Snapshot(ctx context.Context, s Stream, fold string) (Snapshot, bool, error)
	// PutSnapshot keeps a snapshot in place of the one that the fold of the stream had, whatever that
	// was. It never makes a commit wait for long, and when the disk is full it changes nothing else.
	PutSnapshot(ctx context.Context, s Snapshot) error
	// ReadSnapshots returns up to limit snapshots after one, by stream and fold; the zero snapshot is
	// before all.
	ReadSnapshots(ctx context.Context, after Snapshot, limit int) ([]Snapshot, error)
	// Changed is signalled (without data) after commits by any appender it can hear of; a lost
	// signal costs at most the log's 1 s poll.
	Changed() <-chan struct{}
	// PurgeKeys forgets command keys whose answer and whose own time are both before a time.
	PurgeKeys(ctx context.Context, before time.Time) (int, error)
	// Resume tries to write again after ErrFull. The log calls it every 2 s while the disk is full.
	Resume(ctx context.Context) error
	// Fenced is closed when an I/O fault has stopped the store for good.
	Fenced() <-chan struct{}
	Close() error
}
