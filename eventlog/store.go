package eventlog

import "github.com/creatorflow/creatorflow/eventlog/record"

// What engines keep and promise is described in package record.
type (
	// Stream names one entity's history.
	Stream = record.Stream
	// Version counts a stream's events from 1; 0 means the stream does not exist yet.
	Version = record.Version
	// Position counts the log's events from 1, dense and in commit order.
	Position = record.Position
	// Head is the end of the log.
	Head = record.Head
	// Stored is a record as the engine keeps it.
	Stored = record.Stored
	// StoredKey is a command key with its answer.
	StoredKey = record.StoredKey
	// Snapshot is a fold's state of a stream as it was at a version.
	Snapshot = record.Snapshot
	// Batch is one commit.
	Batch = record.Batch
	// Base is a distinct stream of a batch and the version it must have.
	Base = record.Base
	// Committed is the engine's answer to a batch.
	Committed = record.Committed
	// Store is a storage engine.
	Store = record.Store
)

// What an append can fail with, besides a Refusal and plain faults: package record says when.
var (
	ErrConflict    = record.ErrConflict
	ErrFenced      = record.ErrFenced
	ErrFull        = record.ErrFull
	ErrAway        = record.ErrAway
	ErrFilling     = record.ErrFilling
	ErrCorrupt     = record.ErrCorrupt
	ErrKeyReused   = record.ErrKeyReused
	ErrKeyTooOld   = record.ErrKeyTooOld
	ErrKeyAhead    = record.ErrKeyAhead
	ErrNewerSchema = record.ErrNewerSchema
)

// Passing says that an error is of a fault that ends without a restart.
func Passing(err error) bool { return record.Passing(err) }

// MovedTo says that the log was moved away and ends here for good.
func MovedTo(where string) error { return record.MovedTo(where) }
