package segment

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"maps"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/creatorflow/creatorflow/eventlog/record"
)

// Writer writes a segment, record by record. Besides one block it keeps in memory only where each
// stream is.
type Writer struct {
	to     io.Writer
	sum    hash.Hash
	bytes  int64
	header Header
	chain  chain
	pack   *zstd.Encoder

	block   []byte // the records of the block under way
	held    int    // their number
	length  []byte // scratch
	blocks  []byte // for the directory
	count   int    // of blocks
	streams map[key]*found
	packed  []byte // scratch
}

// found is where a stream is.
type found struct {
	first  record.Version
	last   record.Version
	places []place
}

// NewWriter begins a segment, whose header must be known before.
func NewWriter(to io.Writer, h Header) (*Writer, error) {
	if h.First < 1 || h.Last < h.First {
		return nil, fmt.Errorf("a segment cannot hold positions %d to %d", h.First, h.Last)
	}
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(blockBytes), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("prepare to compress: %w", err)
	}
	w := &Writer{
		to: to, sum: sha256.New(), header: h, pack: pack, chain: chain{seal: h.Before, next: h.First}, streams: map[key]*found{},
	}
	return w, w.write(h.encode())
}

func (w *Writer) write(b []byte) error {
	_, _ = w.sum.Write(b) // a hash takes anything
	w.bytes += int64(len(b))
	_, err := w.to.Write(b)
	return err
}

// Add takes the next record, which must be whole and follow the one before.
func (w *Writer) Add(s *record.Stored) error {
	if err := w.chain.add(s); err != nil {
		return err
	}
	if s.Position > w.header.Last {
		return fmt.Errorf("position %d is past the segment, which ends at %d", s.Position, w.header.Last)
	}
	// The month never falls: only the first record must be of it, later ones may have an earlier time.
	if of := MonthOf(s.At); of > w.header.Month || of < w.header.Month && s.Position == w.header.First {
		return fmt.Errorf("%w: position %d is of %s and stands in %s", record.ErrCorrupt, s.Position, of, w.header.Month)
	}
	k := keyOf(s.Stream)
	f := w.streams[k]
	if f == nil {
		f = &found{first: s.Version, last: s.Version - 1}
		w.streams[k] = f
	}
	if f.last++; s.Version != f.last {
		return fmt.Errorf("%w: %s goes from version %d to %d at position %d", record.ErrCorrupt, s.Stream, f.last-1, s.Version, s.Position)
	}
	if n := len(f.places); n > 0 && f.places[n-1].block == w.count {
		f.places[n-1].records++
	} else {
		f.places = append(f.places, place{block: w.count, records: 1})
	}
	if w.held == 0 {
		w.block = binary.AppendUvarint(w.block[:0], uint64(s.Position)) //nolint:gosec // above 0
	}
	w.length = appendRecord(w.length[:0], s)
	w.block = append(binary.AppendUvarint(w.block, uint64(len(w.length))), w.length...)
	if w.held++; w.held == perBlock || len(w.block) >= blockBytes {
		return w.flush()
	}
	return nil
}

func appendRecord(b []byte, s *record.Stored) []byte {
	b = appendText(b, s.Stream.Workspace)
	b = appendText(b, s.Stream.Kind)
	b = appendText(b, s.Stream.ID)
	b = binary.AppendVarint(b, int64(s.Version))
	b = append(b, s.ID[:]...)
	b = appendText(b, s.Name)
	b = binary.AppendVarint(b, int64(s.Schema))
	b = binary.AppendVarint(b, s.At)
	b = binary.AppendVarint(b, s.Occurred-s.At)
	b = appendText(b, s.Actor)
	b = appendText(b, s.Cause)
	b = appendText(b, s.Correlation)
	b = appendText(b, s.Data)
	b = binary.BigEndian.AppendUint32(b, s.CRC)
	return append(b, s.Seal...) // 32 bytes or none
}

func appendText[T string | []byte](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// flush ends the block under way.
func (w *Writer) flush() error {
	if w.held == 0 {
		return nil
	}
	n, err := w.frame(w.block)
	if err != nil {
		return err
	}
	w.blocks = binary.AppendUvarint(w.blocks, uint64(n))      //nolint:gosec // a length
	w.blocks = binary.AppendUvarint(w.blocks, uint64(w.held)) //nolint:gosec // a count
	w.count++
	w.held = 0
	return nil
}

// frame writes content and says how many bytes that took.
func (w *Writer) frame(content []byte) (int, error) {
	if len(content) > largest {
		return 0, fmt.Errorf("%d bytes are too many for one part of a segment, which may have %d", len(content), largest)
	}
	w.packed = append(w.packed[:0], make([]byte, frameHead)...)
	w.packed = w.pack.EncodeAll(content, w.packed)
	binary.BigEndian.PutUint32(w.packed[0:], uint32(len(w.packed)-frameHead)) //nolint:gosec // not above largest
	binary.BigEndian.PutUint32(w.packed[4:], uint32(len(content)))            //nolint:gosec // not above largest
	binary.BigEndian.PutUint32(w.packed[8:], frameSum(w.packed))
	return len(w.packed), w.write(w.packed)
}

// frameSum is the checksum of a frame: over its lengths and its content.
func frameSum(frame []byte) uint32 {
	return crc32.Update(crc32.Checksum(frame[:8], castagnoli), castagnoli, frame[frameHead:])
}

// Close writes what is at the end of the file, which is the caller's to make durable.
func (w *Writer) Close() (Entry, error) {
	if err := w.chain.end(&w.header); err != nil {
		return Entry{}, err
	}
	if err := w.flush(); err != nil {
		return Entry{}, err
	}
	directory := append(binary.AppendUvarint(nil, uint64(w.count)), w.blocks...) //nolint:gosec // a count
	var index, part []byte
	var parts int
	var begins key
	end := func() error {
		n, err := w.frame(part)
		parts++
		index = binary.AppendUvarint(append(index, begins[:]...), uint64(n)) //nolint:gosec // a length
		part = part[:0]
		return err
	}
	for _, k := range slices.SortedFunc(maps.Keys(w.streams), func(a, b key) int { return bytes.Compare(a[:], b[:]) }) {
		if len(part) == 0 {
			begins = k
		}
		part = w.streams[k].append(append(part, k[:]...))
		if len(part) >= indexBytes {
			if err := end(); err != nil {
				return Entry{}, err
			}
		}
	}
	if len(part) > 0 {
		if err := end(); err != nil {
			return Entry{}, err
		}
	}
	directory = append(binary.AppendUvarint(directory, uint64(parts)), index...) //nolint:gosec // a count
	at := w.bytes
	if _, err := w.frame(directory); err != nil {
		return Entry{}, err
	}
	footer := binary.BigEndian.AppendUint64(nil, uint64(at)) //nolint:gosec // a length
	footer = binary.BigEndian.AppendUint32(footer, crc32.Checksum(footer, castagnoli))
	if err := w.write(append(footer, magic...)); err != nil {
		return Entry{}, err
	}
	e := Entry{Header: w.header, Sum: [32]byte(w.sum.Sum(nil))}
	err := w.write(e.Sum[:])
	e.Bytes = w.bytes
	return e, err
}

func (f *found) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(f.first)) //nolint:gosec // above 0
	b = binary.AppendUvarint(b, uint64(len(f.places)))
	before := 0
	for _, p := range f.places {
		b = binary.AppendUvarint(b, uint64(p.block-before)) //nolint:gosec // they rise
		b = binary.AppendUvarint(b, uint64(p.records))      //nolint:gosec // a count
		before = p.block
	}
	return b
}
