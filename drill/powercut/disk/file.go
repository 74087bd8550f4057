package disk

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// kept is how many unsynced states of a sector a torn cut chooses from.
const kept = 4

// file is the content of a file: what is on the platter, and what was written since the last sync.
type file struct {
	platter *os.File
	durable int64 // size on the platter
	size    int64 // as programs see it
	floor   int64 // smallest size since the last sync; the platter's bytes beyond it are gone
	dirty   map[int64][][]byte
}

func newFile(platter *os.File) (*file, error) {
	info, err := platter.Stat()
	if err != nil {
		return nil, fmt.Errorf("open a file of the disk: %w", err)
	}
	return &file{platter: platter, durable: info.Size(), size: info.Size(), floor: info.Size(), dirty: map[int64][][]byte{}}, nil
}

// read fills b as far as the file goes, and returns that length.
func (f *file) read(b []byte, off int64) (int, error) {
	if off >= f.size {
		return 0, nil
	}
	b = b[:min(int64(len(b)), f.size-off)]
	clear(b)
	if end := min(off+int64(len(b)), f.floor); end > off {
		if _, err := f.platter.ReadAt(b[:end-off], off); err != nil {
			return 0, fmt.Errorf("read the platter: %w", err)
		}
	}
	for at := off / sector; at*sector < off+int64(len(b)); at++ {
		if states := f.dirty[at]; states != nil {
			overlay(b, off, states[len(states)-1], at*sector)
		}
	}
	return len(b), nil
}

// overlay copies what stands at one offset over what stands at another, where they meet.
func overlay(onto []byte, off int64, data []byte, at int64) {
	if at < off {
		if off-at >= int64(len(data)) {
			return
		}
		data, at = data[off-at:], off
	}
	if at-off < int64(len(onto)) {
		copy(onto[at-off:], data)
	}
}

func (f *file) write(data []byte, off int64) error {
	end := off + int64(len(data))
	for at := off / sector; at*sector < end; at++ {
		state := make([]byte, sector)
		if _, err := f.read(state, at*sector); err != nil {
			return err
		}
		overlay(state, at*sector, data, off)
		f.put(at, state)
	}
	f.size = max(f.size, end)
	return nil
}

// put adds a state of a sector; the oldest one goes when there are too many.
func (f *file) put(at int64, state []byte) {
	states := append(f.dirty[at], state)
	f.dirty[at] = states[max(0, len(states)-kept):]
}

func (f *file) truncate(size int64) error {
	if size < f.size {
		for at := range f.dirty {
			if at*sector >= size {
				delete(f.dirty, at)
			}
		}
		if rest := size % sector; rest != 0 && f.dirty[size/sector] != nil {
			state := make([]byte, sector)
			if _, err := f.read(state[:rest], size-rest); err != nil {
				return err
			}
			f.put(size/sector, state)
		}
	}
	f.size, f.floor = size, min(f.floor, size)
	return nil
}

// sync makes content and size durable.
func (f *file) sync() error {
	return f.settle(f.size, func(int) (int, bool) { return 0, true })
}

// drop takes back what was not synced.
func (f *file) drop() {
	f.size, f.floor, f.dirty = f.durable, f.durable, map[int64][][]byte{}
}

// tear lets a random part of what was not synced survive. When a truncation has not reached the
// platter, nothing that was written after it has: blocks are given away after it only.
func (f *file) tear(rng *rand.Rand) error {
	if f.floor < f.durable && rng.IntN(2) == 0 {
		f.drop()
		return nil
	}
	size := f.size
	if grown := f.size - f.floor; grown > 0 && rng.IntN(2) == 0 {
		size = f.floor + rng.Int64N(grown/sector+1)*sector
	}
	return f.settle(size, func(states int) (int, bool) {
		return rng.IntN(states), rng.IntN(2) == 0
	})
}

// settle writes the chosen state of every unsynced sector, counted from the newest, within a size.
func (f *file) settle(size int64, choose func(states int) (age int, survives bool)) error {
	if f.floor < f.durable {
		if err := f.platter.Truncate(f.floor); err != nil {
			return fmt.Errorf("write the platter: %w", err)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(f.dirty)) { // in order, for the seed's sake
		states := f.dirty[at]
		age, survives := choose(len(states))
		if !survives || at*sector >= size {
			continue
		}
		state := states[len(states)-1-age]
		if _, err := f.platter.WriteAt(state[:min(sector, size-at*sector)], at*sector); err != nil {
			return fmt.Errorf("write the platter: %w", err)
		}
	}
	if err := f.platter.Truncate(size); err != nil {
		return fmt.Errorf("write the platter: %w", err)
	}
	f.durable = size
	f.drop()
	return nil
}
