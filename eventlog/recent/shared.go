package recent

import "sync"

// Shared is a Map that one goroutine changes while others look into it.
type Shared[K comparable, V any] struct {
	mu  sync.Mutex
	all *Map[K, V]
}

// NewShared makes one with New's limit.
func NewShared[K comparable, V any](limit int) *Shared[K, V] {
	return &Shared[K, V]{all: New[K, V](limit)}
}

// Look asks something of an entry, without counting it as used; it is false when there is none.
func (s *Shared[K, V]) Look(k K, ask func(V) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.all.Peek(k)
	return ok && ask(v)
}

// Get looks an entry up; it is zero when there is none.
func (s *Shared[K, V]) Get(k K) V {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, _ := s.all.Get(k)
	return v
}

// Put adds or replaces an entry.
func (s *Shared[K, V]) Put(k K, v V) { s.Change(func() { s.all.Put(k, v) }) }

// Drop removes an entry.
func (s *Shared[K, V]) Drop(k K) { s.Change(func() { s.all.Drop(k) }) }

// Clear removes all entries.
func (s *Shared[K, V]) Clear() { s.Change(s.all.Clear) }

// Trim begins a new generation when the young one is full.
func (s *Shared[K, V]) Trim() { s.Change(s.all.Trim) }

// Change edits what entries point to, which others may be looking at.
func (s *Shared[K, V]) Change(edit func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit()
}
