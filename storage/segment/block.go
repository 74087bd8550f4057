package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/creatorflow/creatorflow/eventlog/record"
)

// cursor takes a content apart. A length that the content cannot have makes it bad for good; what it gives
// from then on means nothing.
type cursor struct {
	rest []byte
	bad  bool
}

func (c *cursor) take(n int) []byte {
	if c.bad || n < 0 || n > len(c.rest) {
		c.bad, c.rest = true, nil
		return nil
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

// within is a number from 0 to most.
func (c *cursor) within(most int64) int {
	n, size := binary.Uvarint(c.rest)
	if size <= 0 || n > uint64(most) || n > math.MaxInt { //nolint:gosec // most is not below 0
		c.bad, c.rest = true, nil
		return 0
	}
	c.rest = c.rest[size:]
	return int(n)
}

// count is the number of things that follow, each of at least so many bytes.
func (c *cursor) count(least int) int { return c.within(int64(len(c.rest) / least)) }

func (c *cursor) varint() int64 {
	n, size := binary.Varint(c.rest)
	if size <= 0 {
		c.bad, c.rest = true, nil
		return 0
	}
	c.rest = c.rest[size:]
	return n
}

func (c *cursor) text() []byte { return c.take(c.within(int64(len(c.rest)))) }

// records takes one block's records in turn.
type records struct {
	cursor
	block    block
	end      record.Position // of the block after it
	position record.Position // of the record that next has given
}

// open opens a block.
func (r *Reader) open(i int) (*records, error) {
	at, end := r.blocks[i], r.blocks[i+1]
	last := r.last.Load()
	if last == nil || last.block != i {
		content, err := r.frame(at.at, end.at-at.at)
		if err != nil {
			return nil, err
		}
		last = &opened{block: i, content: content}
		r.last.Store(last)
	}
	return newRecords(last.content, at, end.first)
}

func newRecords(content []byte, at block, end record.Position) (*records, error) {
	each := &records{cursor: cursor{rest: content}, block: at, end: end, position: at.first - 1}
	if first := each.within(math.MaxInt64); each.bad || record.Position(first) != at.first {
		return nil, fmt.Errorf("%w: the block at byte %d begins with position %d, not with %d", record.ErrCorrupt, at.at, first, at.first)
	}
	return each, nil
}

// next gives the next record's bytes; false at the end of the block.
func (r *records) next() ([]byte, bool) {
	if r.position+1 == r.end {
		return nil, false
	}
	body := r.text()
	r.position++
	return body, !r.bad
}

// err says whether the block was what it should be, as far as it was read.
func (r *records) err() error {
	if r.bad || r.position+1 == r.end && len(r.rest) > 0 {
		return fmt.Errorf("%w: the block at byte %d does not hold positions %d to %d",
			record.ErrCorrupt, r.block.at, r.block.first, r.end-1)
	}
	return nil
}

// of says whether a record is of a stream.
func (r *records) of(body []byte, s record.Stream) bool {
	c := cursor{rest: body}
	return string(c.text()) == s.Workspace && string(c.text()) == s.Kind && string(c.text()) == s.ID
}

// into takes a record apart. Texts that are those of the record before are one with them.
func (r *records) into(body []byte, s, before *record.Stored) error {
	c := cursor{rest: body}
	text := func(before string) string {
		b := c.text()
		if string(b) == before {
			return before
		}
		return string(b)
	}
	s.Position = r.position
	s.Stream = record.Stream{Workspace: text(before.Stream.Workspace), Kind: text(before.Stream.Kind), ID: text(before.Stream.ID)}
	s.Version = record.Version(c.varint())
	copy(s.ID[:], c.take(len(s.ID)))
	s.Name = text(before.Name)
	s.Schema = int(c.varint())
	s.At = c.varint()
	s.Occurred = s.At + c.varint()
	s.Actor, s.Cause, s.Correlation = text(before.Actor), text(before.Cause), text(before.Correlation)
	s.Data = bytes.Clone(c.text())
	if crc := c.take(4); crc != nil {
		s.CRC = binary.BigEndian.Uint32(crc)
	}
	if len(c.rest) > 0 {
		s.Seal = bytes.Clone(c.take(32))
	}
	if c.bad || len(c.rest) > 0 {
		return fmt.Errorf("%w: the record at position %d cannot be taken apart", record.ErrCorrupt, s.Position)
	}
	return nil
}
