package file

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"slices"

	"github.com/creatorflow/creatorflow/eventlog"
)

// A write-ahead log is a header and frames. Each frame has a checksum over itself and all before it, and
// SQLite takes the first frame whose checksum is wrong for the end, as it must after a power cut: a
// flipped bit thus takes all later commits away without a word. MendWAL tells the two apart.
const (
	walHeader   = 32
	frameHeader = 24
	walMagic    = 0x377f0682 // the lowest bit says that checksums read big-endian words
)

// sums is SQLite's checksum: two sums of 32 bits.
type sums [2]uint32

// wal is a write-ahead log in memory.
type wal struct {
	content []byte
	order   binary.ByteOrder
	frame   int // length of one
	mended  []int
	could   []change // that make a frame right
}

// change is what a byte should be.
type change struct {
	at   int
	byte byte
}

// MendWAL reads the write-ahead log at a path, which nobody may have open for writing. Where one changed
// byte explains why a frame is not what was written, and only that one can, it is put back; MendWAL returns
// the places of such bytes. Where several could (the checksum tells the highest bytes of distant words
// not apart), or none does, and commits that were synced stand behind, the error is eventlog.ErrCorrupt.
// Everything else is the end that a power cut left: in the very last commit, a flip that several bytes
// could be cannot be told from it.
func MendWAL(path string) (mended []int, err error) {
	content, err := os.ReadFile(path) //nolint:gosec // our own data folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	w := &wal{content: content}
	if err := w.mend(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w: restore a backup, or move the file away to go on without the newest commits", eventlog.ErrCorrupt, path, err)
	}
	if len(w.mended) == 0 {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // the same
	if err != nil {
		return nil, fmt.Errorf("mend %s: %w", path, err)
	}
	for _, at := range w.mended {
		if err == nil {
			_, err = file.WriteAt(w.content[at:at+1], int64(at))
		}
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, fmt.Errorf("mend %s: %w", path, err)
	}
	return w.mended, nil
}

func (w *wal) mend() error {
	if len(w.content) < walHeader+frameHeader {
		return nil
	}
	if !w.readHeader() {
		w.changesOfHeader()
		if len(w.could) == 0 {
			return nil // torn: it is synced before the first frame
		}
		if err := w.put(0); err != nil {
			return err
		}
		w.readHeader()
	}
	for at := walHeader; at+w.frame <= len(w.content); at += w.frame {
		if w.whole(at) {
			continue
		}
		w.changes(at)
		w.narrow(at)
		switch {
		case len(w.could) > 1 && !w.followed(at):
			return nil // the end that a power cut left may differ in one byte from what was to be there
		case len(w.could) > 0:
			if err := w.put(at); err != nil {
				return err
			}
		case string(Full) == "FULL" && w.followed(at): // else commits are not synced one by one
			return fmt.Errorf("the frame at byte %d is not what was written, and synced commits stand behind it", at)
		default:
			return nil
		}
	}
	return nil
}

// narrow asks the next frame, which goes on from this one's checksum, whether it is the checksum that
// has changed.
func (w *wal) narrow(at int) {
	next := at + w.frame
	if len(w.could) < 2 || next+w.frame > len(w.content) {
		return
	}
	sum := func(c change) bool { return c.at >= at+16 && c.at < at+frameHeader }
	if w.whole(next) {
		w.could = slices.DeleteFunc(w.could, sum)
		return
	}
	for _, c := range w.could {
		if !sum(c) {
			continue
		}
		was := w.content[c.at]
		w.content[c.at] = c.byte
		right := w.whole(next)
		w.content[c.at] = was
		if right {
			w.could = []change{c}
			return
		}
	}
}

// put makes the only change there could be.
func (w *wal) put(frame int) error {
	if len(w.could) > 1 {
		return fmt.Errorf("a byte after byte %d has changed, %d bytes could be the one", frame, len(w.could))
	}
	c := w.could[0]
	w.content[c.at] = c.byte
	w.mended, w.could = append(w.mended, c.at), nil
	return nil
}

// changesOfHeader finds the bytes of the header that make it and the first frame right.
func (w *wal) changesOfHeader() {
	for at := range walHeader {
		was := w.content[at]
		for flip := byte(1); flip != 0; flip++ {
			w.content[at] = was ^ flip
			if w.readHeader() && walHeader+w.frame <= len(w.content) && w.whole(walHeader) {
				w.could = append(w.could, change{at, was ^ flip})
			}
		}
		w.content[at] = was
	}
}

func (w *wal) readHeader() bool {
	magic, size := binary.BigEndian.Uint32(w.content), binary.BigEndian.Uint32(w.content[8:])
	if magic&^1 != walMagic || size < 512 || size > 65536 || bits.OnesCount32(size) != 1 {
		return false
	}
	w.order, w.frame = binary.LittleEndian, frameHeader+int(size)
	if magic&1 == 1 {
		w.order = binary.BigEndian
	}
	return w.sum(sums{}, w.content[:24]) == w.stored(24)
}

func (w *wal) sum(s sums, words []byte) sums {
	for i := 0; i+8 <= len(words); i += 8 {
		s[0] += w.order.Uint32(words[i:]) + s[1]
		s[1] += w.order.Uint32(words[i+4:]) + s[0]
	}
	return s
}

func (w *wal) stored(at int) sums {
	return sums{binary.BigEndian.Uint32(w.content[at:]), binary.BigEndian.Uint32(w.content[at+4:])}
}

// salted says whether a frame is of this log and not left over from the one before it.
func (w *wal) salted(at int) bool {
	return string(w.content[at+8:at+16]) == string(w.content[16:24])
}

// whole says whether a frame is of this log and follows from the one before.
func (w *wal) whole(at int) bool { return w.salted(at) && w.computed(at) == w.stored(at+16) }

// computed is the checksum that a frame should have.
func (w *wal) computed(at int) sums {
	last := at - w.frame + 16
	if at == walHeader {
		last = walHeader - 8
	}
	return w.sum(w.sum(w.stored(last), w.content[at:at+8]), w.content[at+frameHeader:at+w.frame])
}

// changes finds the bytes of a frame that make it whole. The checksum is linear: a word that is too large
// by d makes the two sums too large by d times two factors that depend on its place alone.
func (w *wal) changes(at int) {
	got, want := w.computed(at), w.stored(at+16)
	if got == want { // the checksum does not cover the salt
		w.change(at+8, w.content[16:24])
		return
	}
	if !w.salted(at) {
		return
	}
	var right [8]byte
	binary.BigEndian.PutUint32(right[:], got[0])
	binary.BigEndian.PutUint32(right[4:], got[1])
	w.change(at+16, right[:])
	off := sums{got[0] - want[0], got[1] - want[1]}
	even, odd := sums{1, 1}, sums{0, 1} // factors of the last two words
	for pair := at + w.frame - 8; pair >= at+frameHeader; pair -= 8 {
		w.changeWord(pair, even, off)
		w.changeWord(pair+4, odd, off)
		even, odd = further(even), further(odd)
	}
	w.changeWord(at, even, off) // the checksum covers the first 8 bytes of the frame's header, too
	w.changeWord(at+4, odd, off)
}

// change notes the byte that differs from what should be there, if it is one only.
func (w *wal) change(at int, want []byte) {
	differ := -1
	for i := range want {
		if w.content[at+i] != want[i] {
			if differ >= 0 {
				return
			}
			differ = i
		}
	}
	if differ >= 0 {
		w.could = append(w.could, change{at + differ, want[differ]})
	}
}

// further are a word's factors after one more pair of words.
func further(s sums) sums { return sums{s[0] + s[1], s[0] + 2*s[1]} }

// changeWord notes the byte of a word that explains what the sums are off by.
func (w *wal) changeWord(at int, factor, off sums) {
	known, by := off[0], factor[0]
	if by%2 == 0 { // of two neighbours among Fibonacci's numbers, one is odd
		known, by = off[1], factor[1]
	}
	d := known * inverse(by)
	if d*factor[0] != off[0] || d*factor[1] != off[1] {
		return
	}
	var right [4]byte
	w.order.PutUint32(right[:], w.order.Uint32(w.content[at:])-d)
	w.change(at, right[:])
}

// inverse is 1/x for an odd x, by Newton's way: each round doubles the bits that are right.
func inverse(x uint32) uint32 {
	y := x
	for range 4 {
		y *= 2 - x*y
	}
	return y
}

// followed says whether a frame that is not whole has a later commit behind it: frames up to the end of
// its own commit and one more, each of this log and right after the one before. With synchronous=FULL that
// one was written after all of them were synced.
func (w *wal) followed(at int) bool {
	for ended := false; ; {
		ended = ended || binary.BigEndian.Uint32(w.content[at+4:]) != 0 // the last frame of a commit
		next := at + w.frame
		if next+w.frame > len(w.content) || !w.whole(next) {
			return false
		}
		if ended {
			return true
		}
		at = next
	}
}
