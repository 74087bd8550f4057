// Package journal keeps what happened lately at a simulator, for post-mortems.
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
	Shop   string    `json:"shop,omitempty"`
	ID     string    `json:"id"` // of the order, package, SKU or notification
	Detail string    `json:"detail,omitempty"`
}

const maxEntries = 65_536

// Ring keeps the last 65,536 entries. It has its own mutex because the webhook sender writes too.
type Ring struct {
	mu      sync.Mutex
	entries []Entry
	next    int
}

// Add keeps an entry, instead of the oldest when there are too many.
func (j *Ring) Add(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.entries) < maxEntries {
		j.entries = append(j.entries, e)
		return
	}
	j.entries[j.next] = e
	j.next = (j.next + 1) % maxEntries
}

// Entries returns them, oldest first.
func (j *Ring) Entries() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append(slices.Clone(j.entries[j.next:]), j.entries[:j.next]...)
}
