package tiktok

import (
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

const (
	remembered = 500       // readings of orders that a connector keeps, and as many again: a busy hour of a large shop
	forgotten  = time.Hour // after which, or twice that, a reading is forgotten: it holds an address
)

// memory keeps what was read of orders, by the bytes they came in: windows of polls overlap, so most orders of a page were in the one
// before, and to read their lines, one a unit, is most of what a poll costs. What it gives out is shared, so nobody may change it.
type memory struct {
	clock func() time.Time

	mu         sync.Mutex // guards all below
	young, old map[[sha256.Size]byte]channels.Order
	begun      time.Time // young
}

func newMemory(clock func() time.Time) *memory {
	return &memory{clock: clock, young: map[[sha256.Size]byte]channels.Order{}}
}

// read is readOrder, or what it said of the same bytes before. What is wrong with an order is found anew each time.
func (m *memory) read(i int, raw json.RawMessage) (channels.Order, *channels.Invalid) {
	key := sha256.Sum256(raw)
	if o, known := m.find(key); known {
		return o, nil
	}
	o, invalid := readOrder(i, raw)
	if invalid == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.young[key] = o
	}
	return o, invalid
}

func (m *memory) find(key [sha256.Size]byte) (o channels.Order, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.clock(); len(m.young) >= remembered || now.Sub(m.begun) >= forgotten || now.Before(m.begun) {
		m.young, m.old, m.begun = map[[sha256.Size]byte]channels.Order{}, m.young, now
	}
	if o, known = m.young[key]; !known {
		o, known = m.old[key]
	}
	return o, known
}
