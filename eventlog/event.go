package eventlog

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog/snapshot"
)

// Event is something that happened: a small value, named in the past tense, kept for ever.
type Event interface {
	// EventName is the stable stored name, e.g. "order.placed".
	EventName() string
}

// Meta says who caused an append and why. All fields are references, never personal data.
type Meta struct {
	Actor       string    // "user:<id>", "key:<id>", "channel:<connection>", "flow:<kind>"
	Cause       string    // "inbox:<number>", "command:<key>" or "position:<n>"
	Correlation string    // shared by everything that follows from one cause
	Occurred    time.Time // the channel's time; zero means the append's own time
}

// Write asks for events at the end of one stream.
type Write struct {
	Stream Stream
	// Expected is the version the stream must have before this write (0 = new).
	Expected Version
	Events   []Event
	// IDs, when given (one per event), make a repeat recognisable: the same ids at the same
	// place answer with the first result instead of a conflict. Empty = made by the log. Every
	// write with events needs them then; one without events only compares its version.
	IDs  []uuid.UUID
	Meta Meta
}

// Record is an event at its place in the log.
type Record struct {
	Position    Position
	Stream      Stream
	Version     Version
	ID          uuid.UUID // version 7
	Name        string
	Schema      int
	At          time.Time // our time, UTC, microseconds, one per commit
	Occurred    time.Time // the channel's time, UTC, microseconds
	Actor       string
	Cause       string
	Correlation string
	Data        []byte // the exact bytes that were hashed
	Seal        []byte // on the last record of a commit, else nil
	Event       Event  // Data decoded to the newest type
}

// Appended is the answer to an append.
type Appended struct {
	First, Last Position  // of this call's events; both are the log's head when it had none
	At          time.Time // the commit's time
	Versions    []Version // after the append, one per Write
	Repeated    bool      // true when the same event ids already stood there
}

// Refusal is a rule's "no": a plain sentence, safe to show. Every other error is a fault.
type Refusal string

// Error implements error.
func (r Refusal) Error() string { return string(r) }

// Decoder restores a stored event and upcasts old schemas to the newest type. An unknown name is
// an error: the log was written by a newer version.
type Decoder func(name string, schema int, data []byte) (Event, error)

// Schemer is implemented by events whose stored schema is above 1.
type Schemer interface{ EventSchema() int }

// Fold says how one stream's events become a state. Name keys the cache of folded states, so
// two folds with one name must be the same function.
type Fold struct {
	Stream Stream
	Name   string
	Zero   func() any
	Evolve func(state any, e Event) any
	// Keep lets snapshots of the state be kept, for streams that grow without bound. May be nil.
	Keep *Codec
}

// Codec says how the state of a fold is kept in a snapshot: package snapshot says what it must hold to.
type Codec = snapshot.Codec

// KeepJSON keeps states of type S as JSON, so all that Evolve goes by is in exported fields. The schema
// changes with what Evolve makes of events that are stored already.
func KeepJSON[S any](schema int) *Codec { return snapshot.JSON[S](schema) }

// State is a folded stream as Decide sees it.
type State struct {
	Stream  Stream
	Version Version
	Value   any // what Fold.Evolve returned; Decide must not change it
}

// Key makes a command idempotent within its caller for 30 days.
type Key struct {
	Caller string    // scope, e.g. "user:ana"
	ID     uuid.UUID // version 7; older than 30 days or a day ahead of our clock is refused
	Hash   [32]byte  // of the request body; another hash under the same key is ErrKeyReused
}

// Decision is what a decide function returns: events for any of the request's streams and a
// result (references only) that is stored with the command key.
type Decision struct {
	Writes []Decided
	Result []byte // JSON, may be nil
}

// Decided are events for one of the request's streams; the version is filled in by the log.
type Decided struct {
	Stream Stream
	Events []Event
}

// Request is one Execute: a pure decision over the folded states of several streams.
type Request struct {
	Folds []Fold
	// Decide runs in the appender, maybe more than once; it must be pure and quick. States come
	// in the order of Folds. A Refusal is a stored answer; nil events append nothing.
	Decide func(states []State) (Decision, error)
	Meta   Meta
	Key    *Key // nil for requests that are idempotent by themselves
}

// Outcome is the answer to Execute.
type Outcome struct {
	Appended
	Result   []byte // Decision.Result, or the stored one
	Replayed bool   // the key stood already; Result and the refusal are the first answer's
}

// Decider is a single-stream rule: two pure functions.
type Decider[S, C any] struct {
	Name   string // of the fold, unique in the program
	Zero   func() S
	Evolve func(S, Event) S
	Decide func(S, C) ([]Event, error)
	Keep   *Codec // as a Fold's
}

// Fold adapts the decider's Evolve to one stream.
func (d Decider[S, C]) Fold(s Stream) Fold {
	return Fold{
		Stream: s, Name: d.Name,
		Zero: func() any {
			if d.Zero != nil {
				return d.Zero()
			}
			var zero S
			return zero
		},
		Evolve: func(state any, e Event) any { return d.Evolve(state.(S), e) },
		Keep:   d.Keep,
	}
}

// Execute decides one command on one stream and appends what it says.
func Execute[S, C any](ctx context.Context, log *Log, s Stream, d Decider[S, C], cmd C, meta Meta) (Outcome, error) {
	return log.Execute(ctx, Request{
		Folds: []Fold{d.Fold(s)},
		Meta:  meta,
		Decide: func(states []State) (Decision, error) {
			events, err := d.Decide(states[0].Value.(S), cmd)
			if err != nil || len(events) == 0 {
				return Decision{}, err
			}
			return Decision{Writes: []Decided{{Stream: s, Events: events}}}, nil
		},
	})
}
