// Package journal keeps what happened in the simulator lately, for post-mortems.
package journal

import (
	"slices"
	"sync"
	"time"
)

// Entry is one thing that happened.
type Entry struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"`
	Seller string    `json:"seller,omitempty"`
	ID     string    `json:"id"` // of the order, SKU or notification
	Detail string    `json:"detail,omitempty"`
}

// Journal keeps the last 65,536 entries. Its zero value is empty; its methods may be called from many goroutines.
type Journal struct {
	mu      sync.Mutex
	entries []Entry
	next    int
}

const maxEntries = 65_536

// Entries returns what is kept, oldest first.
func (j *Journal) Entries() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append(slices.Clone(j.entries[j.next:]), j.entries[:j.next]...)
}

// Note keeps an entry.
func (j *Journal) Note(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.entries) < maxEntries {
		j.entries = append(j.entries, e)
		return
	}
	j.entries[j.next] = e
	j.next = (j.next + 1) % maxEntries
}
