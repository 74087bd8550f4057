// Package recent has a map that keeps about as many entries as it is told, those used last.
package recent

// Map is a bounded cache in two generations: what is not used during a whole generation goes.
// It is not safe for concurrent use.
type Map[K comparable, V any] struct {
	limit      int
	young, old map[K]V
}

// New makes a map that holds between limit and 2 × limit entries once it has seen that many.
func New[K comparable, V any](limit int) *Map[K, V] {
	return &Map[K, V]{limit: limit, young: map[K]V{}}
}

// Peek looks an entry up without counting it as used; it changes nothing.
func (m *Map[K, V]) Peek(k K) (V, bool) {
	if v, ok := m.young[k]; ok {
		return v, true
	}
	v, ok := m.old[k]
	return v, ok
}

// Get looks an entry up.
func (m *Map[K, V]) Get(k K) (V, bool) {
	if v, ok := m.young[k]; ok {
		return v, true
	}
	v, ok := m.old[k]
	if ok {
		m.young[k] = v
	}
	return v, ok
}

// Put adds or replaces an entry.
func (m *Map[K, V]) Put(k K, v V) { m.young[k] = v }

// Drop removes an entry.
func (m *Map[K, V]) Drop(k K) {
	delete(m.young, k)
	delete(m.old, k)
}

// Clear removes all entries.
func (m *Map[K, V]) Clear() { m.young, m.old = map[K]V{}, nil }

// Full says that Trim would forget entries.
func (m *Map[K, V]) Full() bool { return len(m.young) >= m.limit }

// Trim begins a new generation when the young one is full. Nothing else ever removes an entry,
// so the caller chooses the moment.
func (m *Map[K, V]) Trim() {
	if m.Full() {
		m.young, m.old = make(map[K]V, m.limit), m.young
	}
}
