package edge

// Size is how many addresses and accounts are remembered.
func (t *Throttle) Size() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.limiters)
}
