// Package ids makes the ids of events and reads the time from them.
package ids

import (
	crypto "crypto/rand"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/twin"
)

// Source makes uuids of version 7 that grow with every call, whatever the clock does. They are
// unique, not secret: a seeded generator spares a system call for each.
type Source struct {
	clock func() time.Time

	mu     sync.Mutex
	last   uint64 // 48 bits of milliseconds and 12 bits that order ids within one
	random *rand.ChaCha8
}

// New makes a source on a clock.
func New(clock func() time.Time) *Source {
	var seed [32]byte
	_, _ = crypto.Read(seed[:]) // never fails: it ends the process instead
	return &Source{clock: clock, random: rand.NewChaCha8(seed)}
}

// Next makes an id.
func (g *Source) Next() (id [16]byte) {
	now := g.clock()
	milli := uint64(now.UnixMilli())
	fraction := uint64(now.Nanosecond()%1e6) * 4096 / 1e6 //nolint:gosec // not negative
	g.mu.Lock()
	g.last = max(g.last+1, milli<<12|fraction)
	time, low := g.last, g.random.Uint64()
	g.mu.Unlock()
	binary.BigEndian.PutUint64(id[0:], time>>12<<16|0x7000|time&0xfff)
	binary.BigEndian.PutUint64(id[8:], low>>2|1<<63)
	return id
}

// TimeOf reads the time from an id of version 7.
func TimeOf(id [16]byte) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(id[:]) >> 16))
}

// Least is the smallest id that Next makes at a time, rounded down to a millisecond: ids compared
// with it, as bytes, are older or not.
func Least(t time.Time) (id [16]byte) {
	binary.BigEndian.PutUint64(id[0:], uint64(t.UnixMilli())<<16)
	return id
}

// Ahead is how far the clock of whoever makes a key may be ahead of ours.
func Ahead() time.Duration {
	if twin.StrictKeys {
		return time.Minute
	}
	return 24 * time.Hour
}
