package eventlog

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
)

// Options are what a Log needs besides its store.
type Options struct {
	Decode    Decoder          // required
	Clock     func() time.Time // required
	NewID     func() uuid.UUID // of events; nil makes monotone version 7 ids from Clock
	QueueSize int              // calls that may wait for the appender; 0 = 4096
	MaxBatch  int              // events of one commit, 0 = 2048
	CacheSize int              // folded states kept by the appender; 0 = 10000
}

// Log appends to a store and reads from it. Its methods may be called from many goroutines; Run
// must be running for Append and Execute to return.
type Log struct{}

var errStub = errors.New("eventlog: not built yet")

// Open prepares a log on a store, which stays the caller's to close.
func Open(ctx context.Context, store Store, o Options) (*Log, error) { return &Log{}, nil }

// Run is the appender: it commits what callers queue until ctx ends, or until the log is fenced,
// when it returns an error that wraps ErrFenced.
func (l *Log) Run(ctx context.Context) error { return errStub }

// Append commits all writes or none, and returns when they are durable.
func (l *Log) Append(ctx context.Context, writes ...Write) (Appended, error) {
	return Appended{}, errStub
}

// Execute decides over folded states inside the appender and commits what the decision says.
func (l *Log) Execute(ctx context.Context, r Request) (Outcome, error) { return Outcome{}, errStub }

// Fold reads a stream and folds it into a state of the caller's own.
func (l *Log) Fold(ctx context.Context, f Fold) (State, error) { return State{}, errStub }

// ReadStream returns up to limit records of a stream after a version, checked and decoded.
func (l *Log) ReadStream(ctx context.Context, s Stream, after Version, limit int) ([]Record, error) {
	return nil, errStub
}

// ReadAll returns up to limit records after a position, checked and decoded.
func (l *Log) ReadAll(ctx context.Context, after Position, limit int) ([]Record, error) {
	return nil, errStub
}

// Wait blocks until the log has grown past a position and returns the head's.
func (l *Log) Wait(ctx context.Context, after Position) (Position, error) { return 0, errStub }

// Head is the end of the log as this process knows it.
func (l *Log) Head() Head { return Head{} }

// Err says why the log takes no appends now: ErrFull, ErrFenced or nil.
func (l *Log) Err() error { return nil }

// PurgeKeys forgets command keys and answers older than 30 days.
func (l *Log) PurgeKeys(ctx context.Context) (int, error) { return 0, errStub }
