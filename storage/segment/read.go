package segment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"sort"
	"sync/atomic"

	"github.com/creatorflow/creatorflow/eventlog/record"
)

// Reader reads a segment. Any number of goroutines may use it.
type Reader struct {
	from    io.ReaderAt
	entry   Entry
	blocks  []block // and one more, where there would be another
	streams []part
	last    atomic.Pointer[opened] // the block that was read last: pages often begin within one
}

// block is where a block begins, and with which position. There may be very many of them.
type block struct {
	at    int64
	first record.Position
}

// part is where a part of the streams is; it holds those from a key on.
type part struct {
	begins key
	at     int64
	bytes  int
}

type opened struct {
	block   int
	content []byte
}

// Open reads what is at the beginning and at the end of a file of a size. An error that wraps
// record.ErrCorrupt says what is not what was written.
func Open(from io.ReaderAt, size int64) (*Reader, error) {
	if size < int64(headerSize+footerSize+frameHead) {
		return nil, fmt.Errorf("%w: %d bytes are too few for a segment", record.ErrCorrupt, size)
	}
	r := &Reader{from: from, entry: Entry{Bytes: size}}
	head, foot := make([]byte, headerSize), make([]byte, footerSize)
	if err := errors.Join(r.read(head, 0), r.read(foot, size-int64(footerSize))); err != nil {
		return nil, err
	}
	if err := r.entry.decode(head); err != nil {
		return nil, err
	}
	if crc32.Checksum(foot[:8], castagnoli) != binary.BigEndian.Uint32(foot[8:]) || string(foot[12:12+len(magic)]) != magic {
		return nil, fmt.Errorf("%w: its end is not that of a segment", record.ErrCorrupt)
	}
	copy(r.entry.Sum[:], foot[12+len(magic):])
	at, end := number(foot), size-int64(footerSize)
	if at < int64(headerSize) || at > end {
		return nil, fmt.Errorf("%w: its directory is outside of it", record.ErrCorrupt)
	}
	content, err := r.frame(at, end-at)
	if err != nil {
		return nil, fmt.Errorf("read the directory: %w", err)
	}
	if err := r.directory(content, at); err != nil {
		return nil, fmt.Errorf("read the directory: %w", err)
	}
	return r, nil
}

// Entry is what the segment says it is.
func (r *Reader) Entry() Entry { return r.entry }

// read fills b from a place; a file that ends before is not what was written.
func (r *Reader) read(b []byte, at int64) error {
	n, err := r.from.ReadAt(b, at)
	switch {
	case n == len(b):
		return nil
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it ends within what is at byte %d", record.ErrCorrupt, at)
	default:
		return fmt.Errorf("read at byte %d: %w", at, err)
	}
}

// frame opens the frame that takes so many bytes from a place on.
func (r *Reader) frame(at, size int64) ([]byte, error) {
	if size < frameHead || size > largest+largest/8 {
		return nil, fmt.Errorf("%w: a part of %d bytes", record.ErrCorrupt, size)
	}
	b := make([]byte, size)
	if err := r.read(b, at); err != nil {
		return nil, err
	}
	raw := int(binary.BigEndian.Uint32(b[4:]))
	if int64(binary.BigEndian.Uint32(b)) != size-frameHead || raw > largest || binary.BigEndian.Uint32(b[8:]) != frameSum(b) {
		return nil, fmt.Errorf("%w: what is at byte %d does not match its checksum", record.ErrCorrupt, at)
	}
	content, err := unpack.DecodeAll(b[frameHead:], make([]byte, 0, raw))
	if err != nil || len(content) != raw {
		return nil, fmt.Errorf("%w: what is at byte %d cannot be uncompressed to %d bytes (%w)", record.ErrCorrupt, at, raw, err)
	}
	return content, nil
}

// directory takes where everything is; the frames fill the file from the header to the directory.
func (r *Reader) directory(content []byte, end int64) error {
	c := cursor{rest: content}
	at, next := int64(headerSize), r.entry.First
	for range c.count(2) {
		r.blocks = append(r.blocks, block{at: at, first: next})
		bytes, records := c.within(largest*2), c.within(perBlock)
		at += int64(bytes)
		next += record.Position(records)
		if records == 0 {
			c.bad = true
		}
	}
	r.blocks = append(r.blocks, block{at: at, first: next})
	var before key
	for i := range c.count(17) {
		p := part{at: at}
		copy(p.begins[:], c.take(len(p.begins)))
		p.bytes = c.within(largest * 2)
		at += int64(p.bytes)
		if i > 0 && bytes.Compare(p.begins[:], before[:]) <= 0 {
			c.bad = true
		}
		before = p.begins
		r.streams = append(r.streams, p)
	}
	if c.bad || len(c.rest) > 0 || at != end || next != r.entry.Last+1 || len(r.streams) == 0 {
		return fmt.Errorf("%w: it does not describe the file", record.ErrCorrupt)
	}
	return nil
}

// ReadAll returns up to limit records after a position.
func (r *Reader) ReadAll(after record.Position, limit int) (out []record.Stored, err error) {
	if after < r.entry.First-1 || after >= r.entry.Last || limit <= 0 {
		return nil, nil
	}
	n := min(limit, int(r.entry.Last-after))
	out = make([]record.Stored, 0, n)
	before := new(record.Stored)
	i := sort.Search(len(r.blocks), func(i int) bool { return r.blocks[i].first > after+1 }) - 1
	for ; len(out) < n; i++ {
		each, err := r.open(i)
		if err != nil {
			return nil, err
		}
		for len(out) < n {
			body, ok := each.next()
			if !ok {
				break
			}
			if each.position <= after {
				continue
			}
			if len(out) > 0 {
				before = &out[len(out)-1]
			}
			out = append(out, record.Stored{})
			if err := each.into(body, &out[len(out)-1], before); err != nil {
				return nil, err
			}
		}
		if err := each.err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Run is the part of a stream that a segment holds.
type Run struct {
	First, Last record.Version
	stream      record.Stream
	places      []place
}

// Find looks a stream up.
func (r *Reader) Find(s record.Stream) (run Run, ok bool, err error) {
	k := keyOf(s)
	i := sort.Search(len(r.streams), func(i int) bool { return bytes.Compare(r.streams[i].begins[:], k[:]) > 0 }) - 1
	if i < 0 {
		return run, false, nil
	}
	content, err := r.frame(r.streams[i].at, int64(r.streams[i].bytes))
	if err != nil {
		return run, false, fmt.Errorf("look up %s: %w", s, err)
	}
	c := cursor{rest: content}
	for len(c.rest) > 0 && !c.bad {
		here, f := r.found(&c)
		if here == k && !c.bad {
			return Run{First: f.first, Last: f.last, stream: s, places: f.places}, true, nil
		}
	}
	if c.bad {
		return run, false, fmt.Errorf("look up %s: %w: the streams' part at byte %d", s, record.ErrCorrupt, r.streams[i].at)
	}
	return run, false, nil
}

// found takes one stream.
func (r *Reader) found(c *cursor) (k key, f found) {
	copy(k[:], c.take(len(k)))
	f.first = record.Version(c.within(math.MaxInt64))
	f.last = f.first - 1
	at := 0
	for i := range c.count(2) {
		delta, records := c.within(int64(len(r.blocks))), c.within(perBlock)
		at += delta
		if records == 0 || at >= len(r.blocks)-1 || i > 0 && delta == 0 {
			c.bad = true
			return k, f
		}
		f.places = append(f.places, place{block: at, records: records})
		f.last += record.Version(records)
	}
	if len(f.places) == 0 || f.first < 1 || f.last < f.first {
		c.bad = true
	}
	return k, f
}

// ReadRun returns up to limit records of a stream after a version.
func (r *Reader) ReadRun(run Run, after record.Version, limit int) (out []record.Stored, err error) {
	due := run.First // of the next place
	before := &record.Stored{Stream: run.stream}
	for _, p := range run.places {
		end := due + record.Version(p.records)
		if len(out) >= limit {
			break
		}
		if end-1 <= after {
			due = end
			continue
		}
		each, err := r.open(p.block)
		if err != nil {
			return nil, err
		}
		for due < end && len(out) < limit {
			body, ok := each.next()
			if !ok {
				break
			}
			if !each.of(body, run.stream) {
				continue
			}
			var s record.Stored
			if err := each.into(body, &s, before); err != nil {
				return nil, err
			}
			if s.Version != due {
				return nil, fmt.Errorf("%w: %s has version %d where %d is due, at position %d", record.ErrCorrupt, run.stream, s.Version, due, s.Position)
			}
			if due++; s.Version > after {
				out = append(out, s)
				before = &out[len(out)-1]
			}
		}
		if err := each.err(); err != nil {
			return nil, err
		}
		if due < end && len(out) < limit {
			return nil, fmt.Errorf("%w: version %d of %s is not in its block", record.ErrCorrupt, due, run.stream)
		}
	}
	return out, nil
}

// Verify reads all of the file. Besides its sum it checks what whoever wrote it must have got right: every
// record, the chain of seals from the one before to the last, and that the streams' index names exactly
// the records that there are.
func (r *Reader) Verify(ctx context.Context) error {
	sum, end := sha256.New(), r.entry.Bytes-int64(len(r.entry.Sum))
	if _, err := io.Copy(sum, io.NewSectionReader(r.from, 0, end)); err != nil {
		return fmt.Errorf("read all of it: %w", err)
	}
	if [32]byte(sum.Sum(nil)) != r.entry.Sum {
		return fmt.Errorf("%w: its SHA-256 is not that of what was written", record.ErrCorrupt)
	}
	c := chain{seal: r.entry.Before, next: r.entry.First}
	there := map[key]*found{}
	for i, b := range r.blocks[:len(r.blocks)-1] {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		records, err := r.ReadAll(b.first-1, int(r.blocks[i+1].first-b.first))
		if err != nil {
			return err
		}
		for n := range records {
			s := &records[n]
			if err := c.add(s); err != nil {
				return err
			}
			k := keyOf(s.Stream)
			f := there[k]
			if f == nil {
				f = &found{first: s.Version}
				there[k] = f
			}
			f.last = s.Version
			if n := len(f.places); n > 0 && f.places[n-1].block == i {
				f.places[n-1].records++
			} else {
				f.places = append(f.places, place{block: i, records: 1})
			}
		}
	}
	if err := c.end(&r.entry.Header); err != nil {
		return err
	}
	return r.index(there)
}

// index compares the streams' index with what there is.
func (r *Reader) index(there map[key]*found) error {
	named := 0
	for _, p := range r.streams {
		content, err := r.frame(p.at, int64(p.bytes))
		if err != nil {
			return err
		}
		for c := (cursor{rest: content}); len(c.rest) > 0; {
			k, f := r.found(&c)
			is := there[k]
			if c.bad || is == nil || f.first != is.first || f.last != is.last || !slices.Equal(f.places, is.places) {
				return fmt.Errorf("%w: the index of streams at byte %d names what is not there", record.ErrCorrupt, p.at)
			}
			named++
		}
	}
	if named != len(there) {
		return fmt.Errorf("%w: the index names %d streams, there are %d", record.ErrCorrupt, named, len(there))
	}
	return nil
}
