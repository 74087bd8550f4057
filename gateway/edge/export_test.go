package edge

// Size is how many names are remembered.
func (b *Buckets) Size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.limiters)
}
