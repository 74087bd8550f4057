// Package segment is the file of a closed month of the log.
//
//	header     whose log, which month, first and last position, the seals around it
//	blocks     up to 64 records each
//	streams    sorted by a hash of the stream: its first version here, and which blocks hold it
//	directory  where every block and every part of the streams is
//	footer     where the directory is, and the SHA-256 of all before
//
// Everything between header and footer is in frames: compressed with zstd, each with its own checksum. So
// a read of a page, or of one stream, opens what it needs and still finds every changed byte of that; the
// SHA-256 finds those that nobody has read. Records come back as they went in, and keep their own checksum
// and seals. docs/log-format.md has the bytes.
package segment

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"

	"github.com/creatorflow/creatorflow/eventlog/record"
	"github.com/creatorflow/creatorflow/eventlog/seal"
)

const (
	magic      = "CFmonth\x01" // its last byte is the version of the format
	headerSize = len(magic) + 16 + 8 + 8 + 8 + 32 + 32 + 4
	footerSize = 8 + 4 + len(magic) + 32
	frameHead  = 12
	// perBlock is how many records share a block. With 256 the file is 8 % smaller, and the load of an old
	// stream, whose records are each in a block of their own, takes three times as long.
	perBlock = 64
	// blockBytes ends a block sooner.
	blockBytes = 256 << 10
	// indexBytes is about how much of the streams shares a frame.
	indexBytes = 16 << 10
	// largest is what a frame may hold, so that no length in a file makes us take all memory.
	largest = 64 << 20
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	unpack     = decoder()
)

func decoder() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(4), zstd.WithDecoderMaxMemory(largest))
	if err != nil {
		panic(err) // the options are wrong
	}
	return d
}

// Month is a month of the Gregorian calendar in UTC, counted from January of year 0.
type Month int

// MonthOf is the month of a time in microseconds since 1970.
func MonthOf(at int64) Month {
	t := time.UnixMicro(at).UTC()
	return Month(t.Year()*12 + int(t.Month()) - 1)
}

// String is such as 2026-03.
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", m/12, m%12+1) }

// Header says what a segment holds.
type Header struct {
	Log           uuid.UUID
	Month         Month
	First, Last   record.Position
	Before, After [32]byte // the seal of the commit before, and of the last one
}

// Entry is what the log's database keeps of a segment, to know it again.
type Entry struct {
	Header
	Sum   [32]byte // SHA-256 of all of the file before it; the file ends with it
	Bytes int64
}

func (h *Header) encode() []byte {
	b := append(make([]byte, 0, headerSize), magic...)
	b = append(b, h.Log[:]...)
	for _, n := range []int64{int64(h.Month), int64(h.First), int64(h.Last)} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // two's complement is the format
	}
	b = append(b, h.Before[:]...)
	b = append(b, h.After[:]...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func (h *Header) decode(b []byte) error {
	if string(b[:len(magic)]) != magic {
		return fmt.Errorf("%w: it does not begin like a segment of this format", record.ErrCorrupt)
	}
	if binary.BigEndian.Uint32(b[headerSize-4:]) != crc32.Checksum(b[:headerSize-4], castagnoli) {
		return fmt.Errorf("%w: its header does not match its checksum", record.ErrCorrupt)
	}
	b = b[len(magic):]
	copy(h.Log[:], b)
	h.Month = Month(number(b[16:]))
	h.First, h.Last = record.Position(number(b[24:])), record.Position(number(b[32:]))
	copy(h.Before[:], b[40:])
	copy(h.After[:], b[72:])
	if h.First < 1 || h.Last < h.First {
		return fmt.Errorf("%w: its header names positions %d to %d", record.ErrCorrupt, h.First, h.Last)
	}
	return nil
}

func number(b []byte) int64 { return int64(binary.BigEndian.Uint64(b)) } //nolint:gosec // two's complement is the format

// key finds a stream: the first half of a SHA-256 of its triple.
type key [16]byte

func keyOf(s record.Stream) key {
	b := make([]byte, 0, 64)
	for _, part := range []string{s.Workspace, s.Kind, s.ID} {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	sum := sha256.Sum256(b)
	return key(sum[:16])
}

// place is how many records of a stream a block holds.
type place struct{ block, records int }

// chain follows the seals of a month, in whose order nothing may be missing or changed.
type chain struct {
	seal   [32]byte
	next   record.Position
	first  record.Position // of the commit under way, 0 between two
	at     int64
	digest seal.Digest
}

func (c *chain) add(s *record.Stored) error {
	if s.Position != c.next {
		return fmt.Errorf("%w: position %d is missing, the next is %d", record.ErrCorrupt, c.next, s.Position)
	}
	c.next++
	body, err := s.Check()
	if err != nil {
		return err
	}
	if c.first == 0 {
		c.first, c.at, c.digest = s.Position, s.At, seal.NewDigest()
	}
	c.digest.Add(body, s.Tail())
	if s.Seal == nil {
		return nil
	}
	c.seal = seal.Next(c.seal, int64(c.first), c.at, c.digest.Sum())
	if string(s.Seal) != string(c.seal[:]) {
		return fmt.Errorf("%w: the seal at position %d does not follow from positions %d to %d", record.ErrCorrupt, s.Position, c.first, s.Position)
	}
	c.first = 0
	return nil
}

// end says whether the chain ends where the header does.
func (c *chain) end(h *Header) error {
	if c.next != h.Last+1 || c.first != 0 || c.seal != h.After {
		return fmt.Errorf("%w: the records end at position %d with seal %x, position %d with seal %x is due",
			record.ErrCorrupt, c.next-1, c.seal, h.Last, h.After)
	}
	return nil
}
