package lanes

import "sync"

// Memory remembers at least the last n keys and at most twice as many.
type Memory[V any] struct {
	mu         sync.Mutex
	n          int
	young, old map[string]V
}

// NewMemory makes an empty one.
func NewMemory[V any](n int) *Memory[V] { return &Memory[V]{n: n, young: map[string]V{}} }

// Get finds what was put last under a key, if that is remembered.
func (m *Memory[V]) Get(key string) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.young[key]
	if !ok {
		v, ok = m.old[key]
	}
	return v, ok
}

// Put remembers.
func (m *Memory[V]) Put(key string, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.young[key] = v; len(m.young) >= m.n {
		m.young, m.old = map[string]V{}, m.young
	}
}
