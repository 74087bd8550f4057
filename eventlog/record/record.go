// Package record is what a storage engine keeps of a log, and what it promises: records, command keys
// with their answers, and the Store that commits them. Package eventlog re-exports all of it.
package record

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog/seal"
	"github.com/creatorflow/creatorflow/twin"
)

// Stream names one entity's history. It is a triple, never a parsed string.
type Stream struct {
	Workspace string // a seller's business; the first is "main"
	Kind      string // e.g. "order", "stock", "flow"
	ID        string // unique in its kind
}

// String is for messages only.
func (s Stream) String() string { return s.Workspace + "/" + s.Kind + "/" + s.ID }

// Check says whether the triple can name a stream.
func (s Stream) Check() error {
	if s.Workspace == "" || s.Kind == "" || s.ID == "" || !Plain(s.Workspace) || !Plain(s.Kind) || !Plain(s.ID) {
		return fmt.Errorf("eventlog: %q is no stream: all three parts must be given, in UTF-8", s)
	}
	return nil
}

// Plain text is what every engine gives back as it was: UTF-8 without NUL.
func Plain(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }

// Version counts a stream's events from 1; 0 means the stream does not exist yet.
type Version int64

// Position counts the log's events from 1, dense and in commit order.
type Position int64

// Stored is a record as the engine keeps it: bytes and numbers, nothing decoded.
type Stored struct {
	Position    Position
	Stream      Stream
	Version     Version
	ID          uuid.UUID
	Name        string
	Schema      int
	At          int64 // microseconds since 1970
	Occurred    int64 // microseconds since 1970
	Actor       string
	Cause       string
	Correlation string
	Data        []byte
	CRC         uint32
	Seal        []byte // on the last record of a commit, else nil
}

// Sums are those of the record's body.
func (s *Stored) Sums() (crc uint32, sum [32]byte) {
	body := seal.Body{
		Workspace: s.Stream.Workspace, Kind: s.Stream.Kind, Stream: s.Stream.ID, ID: s.ID,
		Name: s.Name, Schema: uint32(s.Schema), //nolint:gosec // a wrong one does not match its sum
		Actor: s.Actor, Cause: s.Cause, Correlation: s.Correlation, Data: s.Data,
	}
	return body.Sums()
}

// Tail is the part of the record's sums that the append added.
func (s *Stored) Tail() seal.Tail {
	return seal.Tail{Version: int64(s.Version), At: s.At, Occurred: s.Occurred}
}

// Check recomputes the record's CRC and returns the SHA-256 of its body.
func (s *Stored) Check() (body [32]byte, err error) {
	crc, body := s.Sums()
	if s.Tail().CRC(crc) != s.CRC && !twin.NoCRC {
		return body, fmt.Errorf("%w: the record at position %d does not match its checksum", ErrCorrupt, s.Position)
	}
	return body, nil
}

// StoredKey is a command key with its answer.
type StoredKey struct {
	Caller  string
	ID      uuid.UUID
	Hash    [32]byte
	At      int64    // microseconds since 1970
	First   Position // of the command's events; the head when it had none
	Last    Position
	Refusal string // a rule's "no", empty when accepted
	Result  []byte
	Version Version  // of the command's first stream afterwards
	Sum     [32]byte // guards all of it; the engine has it set by Guard with the positions
}

// Guard sets the key's sum, once its positions are known.
func (k *StoredKey) Guard() { k.Sum = k.sealed().Sum(int64(k.First), int64(k.Last)) }

// Digest is what the sum covers besides the positions, for an engine that makes the sum itself.
func (k *StoredKey) Digest() [32]byte { return k.sealed().Digest() }

func (k *StoredKey) sealed() *seal.Answer {
	return &seal.Answer{Caller: k.Caller, ID: k.ID, Hash: k.Hash, At: k.At, Version: int64(k.Version), Refusal: k.Refusal, Result: k.Result}
}

// Check recomputes the key's sum.
func (k *StoredKey) Check() error {
	again := *k
	if again.Guard(); again.Sum != k.Sum {
		return fmt.Errorf("%w: the answer of the command key %s of %s does not match its sum", ErrCorrupt, k.ID, k.Caller)
	}
	return nil
}
