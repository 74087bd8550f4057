// Package projection folds the log into views.
//
//	eventlog ─► Runner ─► Projection.Apply(batch) ─► rows + checkpoint, one transaction ─► change notice
//
// One Runner per view store reads the log once and commits the rows of all projections that keep
// pace together with their shared checkpoint, so a crash repeats a batch and never half-applies
// one. Tables carry their projection's version; an unknown version is built from the start beside
// the ones that serve. Rows depend on records only, never on now: a rebuild gives the same bytes.
package projection

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
)

// Projection folds records into its own tables.
type Projection interface {
	// Name is stable, lower case, e.g. "orders".
	Name() string
	// Version rises whenever tables or the meaning of rows change; tables are then built anew.
	Version() int
	// Schema is the DDL of the projection's tables, each statement apart. Every table name ends
	// in _v<Version>. Both databases must read it. Apply finds rows by primary keys: a store may
	// make what begins with IndexDDL when all rows are there.
	Schema() []string
	// Tables names the tables of Schema.
	Tables() []string
	// Apply folds a batch: it reads the rows it needs, folds in memory, and writes each row once.
	// It returns the topics that moved, e.g. "kpis", "orders/k7:576", for the change notice.
	Apply(ctx context.Context, tx Tx, batch []eventlog.Record) (topics []string, err error)
}

// IndexDDL begins the statements that make an index.
const IndexDDL = "create index "

// Rows is a query's answer; the caller closes it.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// Reader reads views at one position: all its queries see the same commit. Placeholders are $1…$n.
type Reader interface {
	Query(ctx context.Context, query string, args ...any) (Rows, error)
	// Position is the checkpoint that the rows come from.
	Position() eventlog.Position
}

// Tx is a batch's write transaction. A store may send several Execs to its database together, so an
// error of one may come with a later call, at the latest with Flush; after an error nothing of the
// batch is kept.
type Tx interface {
	Query(ctx context.Context, query string, args ...any) (Rows, error)
	Exec(ctx context.Context, query string, args ...any) error
	// Store writes whole rows of a table, each in the place of one with its key; Remove removes those with
	// these keys. No key comes twice.
	Store(ctx context.Context, t *Layout, rows [][]any) error
	Remove(ctx context.Context, t *Layout, keys [][]any) error
	Flush(ctx context.Context) error
}

// Filling is a Tx of a store from Beside, where nobody else reads or writes: several goroutines may use it at once, each for
// projections of its own.
type Filling interface {
	Tx
	// Absent says that no row has this key, which spares looking for it. Of a few such keys the store does not know.
	Absent(t *Layout, key []any) bool
}

// Checkpoint says how far a projection version has folded which log.
type Checkpoint struct {
	Name     string
	Version  int
	LogID    uuid.UUID
	Position eventlog.Position
	// Seal says which history was folded: the seal of the last commit at or before Position, and
	// of records behind it, when a commit is folded in part, their ids summed into it.
	Seal [32]byte
	// Stopped is why Apply failed at Position+1, empty while it runs.
	Stopped string
}

// Closer is how often a fresh store comes closer to the serving one before that one's writer is held back.
const Closer = 2

// Store keeps views. Readers never wait for the writer.
type Store interface {
	// Read runs queries in one read transaction.
	Read(ctx context.Context, do func(r Reader) error) error
	// Write runs one batch's transaction: it locks the checkpoints, hands them to do and stores
	// those that do returns. All or nothing. A full disk is eventlog.ErrFull.
	Write(ctx context.Context, do func(tx Tx, now []Checkpoint) (then []Checkpoint, err error)) error
	// Checkpoints reads all of them.
	Checkpoints(ctx context.Context) ([]Checkpoint, error)
	// Create makes the tables of a projection that has no checkpoint yet, and a checkpoint at 0.
	Create(ctx context.Context, p Projection) error
	// Drop removes a projection version's checkpoint and the tables that it was created with.
	Drop(ctx context.Context, name string, version int) error
	// Beside makes an empty store next to this one; its Close removes it again. Switch makes it
	// serve in this one's place without readers noticing: it makes the indexes, runs last, which folds
	// the fresh one up to this one's checkpoints, Closer times for what came meanwhile and once more while
	// it holds this one's writer back, and drops the old rows.
	Beside(ctx context.Context) (Store, error)
	Switch(ctx context.Context, fresh Store, last func(ctx context.Context) error) error
	// Hashes gives for each table the SHA-256 over its rows in primary-key order, and the
	// checkpoints that these rows stand at, all from one read transaction.
	Hashes(ctx context.Context, tables []string) (sums [][32]byte, at []Checkpoint, err error)
	Close() error
}

// Notice says that views moved; it carries no data. A lost one costs at most a poll.
type Notice struct {
	Position eventlog.Position
	At       time.Time
	Topics   []string // sorted, each once
	All      bool     // every topic may have moved: views were built anew
}
