package hub

import (
	crypto "crypto/rand"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
)

// chance is randomness for one part of the hub, which asks from many goroutines. Each part has its own,
// so that what one draws does not depend on how often another did.
type chance struct {
	mu     sync.Mutex
	source *rand.ChaCha8
	rng    *rand.Rand // over source
}

// newChance seeds a chance; from nil by the system.
func newChance(from io.Reader) (*chance, error) {
	if from == nil {
		from = crypto.Reader
	}
	var seed [32]byte
	if _, err := io.ReadFull(from, seed[:]); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	source := rand.NewChaCha8(seed)
	return &chance{source: source, rng: rand.New(source)}, nil //nolint:gosec // spreads retries and names shops, guards nothing
}

// Float64 is in [0, 1).
func (c *chance) Float64() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rng.Float64()
}

// Read implements io.Reader.
func (c *chance) Read(p []byte) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.source.Read(p)
}
