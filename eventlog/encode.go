package eventlog

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog/record"
	"github.com/creatorflow/creatorflow/eventlog/seal"
)

// entry is an event on its way into the log. Callers make it, so that the appender only adds
// what it alone knows: the version and the commit's time.
type entry struct {
	event  Event
	stored Stored   // without version, at and CRC; occurred may be missing
	sum    [32]byte // SHA-256 of the body
	crc    uint32   // CRC32C of the body
}

// newEntry encodes an event for a stream.
func newEntry(stream Stream, event Event, id uuid.UUID, meta *Meta) (entry, error) {
	if event == nil {
		return entry{}, errors.New("eventlog: a nil event")
	}
	data, err := seal.JSON(event)
	if err != nil {
		return entry{}, fmt.Errorf("encode %s: %w", event.EventName(), err)
	}
	e := entry{event: event, stored: Stored{
		Stream: stream, ID: id, Name: event.EventName(), Schema: 1,
		Actor: meta.Actor, Cause: meta.Cause, Correlation: meta.Correlation, Data: data,
	}}
	if s, ok := event.(Schemer); ok {
		e.stored.Schema = s.EventSchema()
	}
	if !meta.Occurred.IsZero() {
		e.stored.Occurred = meta.Occurred.UnixMicro()
	}
	if e.stored.Name == "" || e.stored.Schema < 1 || e.stored.Schema > 1<<16 || !record.Plain(e.stored.Name) {
		return entry{}, fmt.Errorf("eventlog: %T has the name %q and the schema %d", event, e.stored.Name, e.stored.Schema)
	}
	e.crc, e.sum = e.stored.Sums()
	return e, nil
}

// at gives the record at its place in the log.
func (e *entry) at(version Version, at int64, d seal.Digest) Stored {
	s := e.stored
	s.Version, s.At = version, at
	if s.Occurred == 0 {
		s.Occurred = at
	}
	tail := s.Tail()
	s.CRC = tail.CRC(e.crc)
	d.Add(e.sum, tail)
	return s
}

func checkMeta(m *Meta) error {
	if !record.Plain(m.Actor) || !record.Plain(m.Cause) || !record.Plain(m.Correlation) {
		return fmt.Errorf("eventlog: actor %q, cause %q and correlation %q must be UTF-8", m.Actor, m.Cause, m.Correlation)
	}
	return nil
}

// record checks and decodes what the store gave.
func (l *Log) record(s *Stored) (Record, error) {
	if _, err := s.Check(); err != nil {
		return Record{}, err
	}
	event, err := l.options.Decode(s.Name, s.Schema, s.Data)
	if err != nil {
		// The checksum holds, so this is what was written, by a program that knows more.
		if !errors.Is(err, ErrNewerSchema) {
			err = fmt.Errorf("%w (%w)", err, ErrNewerSchema)
		}
		return Record{}, fmt.Errorf("decode position %d: %w", s.Position, err)
	}
	return Record{
		Position: s.Position, Stream: s.Stream, Version: s.Version, ID: s.ID, Name: s.Name, Schema: s.Schema,
		At: time.UnixMicro(s.At).UTC(), Occurred: time.UnixMicro(s.Occurred).UTC(),
		Actor: s.Actor, Cause: s.Cause, Correlation: s.Correlation, Data: s.Data, Seal: s.Seal, Event: event,
	}, nil
}
