// Package seal has the canonical bytes of a record and the sums that guard them.
//
// A record is its body, known before the append, and its tail, known only inside it. The CRC32C
// of both guards one record; the digest of a commit covers all its records; the seal chains a
// commit to the one before. The answers of command keys have a sum each. The position and an engine's integer stream id are in none of the
// record's bytes: density and the seal guard those, and so sums outlive a move to another engine.
// docs/log-format.md describes the bytes, so that a log can be verified without this program.
package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash"
	"hash/crc32"
	"sync"
)

// Body is what is known of a record before the append.
type Body struct {
	Workspace, Kind, Stream   string // the stream's triple
	ID                        [16]byte
	Name                      string
	Schema                    uint32
	Actor, Cause, Correlation string
	Data                      []byte
}

// Tail is what the append adds. Times are microseconds since 1970.
type Tail struct{ Version, At, Occurred int64 }

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	buffers    = sync.Pool{New: func() any { return new([]byte) }}
	encoders   = sync.Pool{New: func() any { return newEncoder() }}
)

// encoder makes JSON without escaping what only HTML minds.
type encoder struct {
	text bytes.Buffer
	json *json.Encoder
}

func newEncoder() *encoder {
	e := &encoder{}
	e.json = json.NewEncoder(&e.text)
	e.json.SetEscapeHTML(false)
	return e
}

// JSON is the data of a record that holds v.
func JSON(v any) ([]byte, error) {
	e := encoders.Get().(*encoder)
	e.text.Reset()
	if err := e.json.Encode(v); err != nil {
		return nil, err
	}
	data := bytes.Clone(bytes.TrimSuffix(e.text.Bytes(), []byte("\n")))
	encoders.Put(e)
	return data, nil
}

// Sums returns the body's CRC32C and SHA-256.
func (b *Body) Sums() (crc uint32, sum [32]byte) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	*buffer = b.append((*buffer)[:0])
	return crc32.Checksum(*buffer, castagnoli), sha256.Sum256(*buffer)
}

// append adds the body's bytes: every text and the data behind its length in 4 bytes.
func (b *Body) append(dst []byte) []byte {
	dst = appendText(dst, b.Workspace)
	dst = appendText(dst, b.Kind)
	dst = appendText(dst, b.Stream)
	dst = append(dst, b.ID[:]...)
	dst = appendText(dst, b.Name)
	dst = binary.BigEndian.AppendUint32(dst, b.Schema)
	dst = appendText(dst, b.Actor)
	dst = appendText(dst, b.Cause)
	dst = appendText(dst, b.Correlation)
	return appendText(dst, b.Data)
}

func appendText[T string | []byte](dst []byte, text T) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(text))) //nolint:gosec // far below 4 GB
	return append(dst, text...)
}

func (t Tail) bytes() (b [24]byte) {
	put(b[0:], t.Version)
	put(b[8:], t.At)
	put(b[16:], t.Occurred)
	return b
}

func put(dst []byte, n int64) {
	binary.BigEndian.PutUint64(dst, uint64(n)) //nolint:gosec // two's complement is the format
}

// CRC continues a body's CRC32C over the tail: the record's checksum.
func (t Tail) CRC(body uint32) uint32 {
	b := t.bytes()
	return crc32.Update(body, castagnoli, b[:])
}

// Digest sums the records of one commit, in order.
type Digest struct{ hash hash.Hash }

// NewDigest returns the digest of no records.
func NewDigest() Digest { return Digest{sha256.New()} }

// Add takes a record by the SHA-256 of its body and its tail.
func (d Digest) Add(body [32]byte, t Tail) {
	b := t.bytes()
	d.hash.Write(body[:])
	d.hash.Write(b[:])
}

// Sum returns the digest so far.
func (d Digest) Sum() (sum [32]byte) {
	d.hash.Sum(sum[:0])
	return sum
}

// Answer is a command key with its answer.
type Answer struct {
	Caller      string
	ID          [16]byte
	Hash        [32]byte
	At, Version int64
	Refusal     string
	Result      []byte
}

// Digest covers all but the positions, so that a database which alone knows those can make the sum
// with its own SHA-256.
func (a *Answer) Digest() [32]byte {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	b := appendText((*buffer)[:0], a.Caller)
	b = append(b, a.ID[:]...)
	b = append(b, a.Hash[:]...)
	var numbers [16]byte
	put(numbers[0:], a.At)
	put(numbers[8:], a.Version)
	b = append(b, numbers[:]...)
	b = appendText(b, a.Refusal)
	*buffer = appendText(b, a.Result)
	return sha256.Sum256(*buffer)
}

// Sum guards an answer and the positions of its events.
func (a *Answer) Sum(first, last int64) [32]byte {
	digest := a.Digest()
	var whole [48]byte
	copy(whole[0:], digest[:])
	put(whole[32:], first)
	put(whole[40:], last)
	return sha256.Sum256(whole[:])
}

// Next is the seal of a commit: it depends on the seal before, on the commit's first position
// and time, and on its digest.
func Next(previous [32]byte, first, at int64, digest [32]byte) [32]byte {
	var b [80]byte
	copy(b[0:], previous[:])
	put(b[32:], first)
	put(b[40:], at)
	copy(b[48:], digest[:])
	return sha256.Sum256(b[:])
}

// Snapshot is the kept state of a stream.
type Snapshot struct {
	Workspace, Kind, Stream string // the stream's triple
	Fold                    string
	Schema                  uint32
	Version, At             int64
	Data                    []byte
}

// Sum guards a snapshot.
func (s *Snapshot) Sum() [32]byte {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	b := appendText((*buffer)[:0], s.Workspace)
	b = appendText(b, s.Kind)
	b = appendText(b, s.Stream)
	b = appendText(b, s.Fold)
	b = binary.BigEndian.AppendUint32(b, s.Schema)
	var numbers [16]byte
	put(numbers[0:], s.Version)
	put(numbers[8:], s.At)
	b = append(b, numbers[:]...)
	*buffer = appendText(b, s.Data)
	return sha256.Sum256(*buffer)
}
