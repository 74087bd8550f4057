// Package chance draws for the parts of a hub: each has a source of its own, which one seed makes.
package chance

import (
	crypto "crypto/rand"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
)

// Chance is randomness for one part of the hub, which asks from many goroutines. Each part has its own,
// so that what one draws does not depend on how often another did.
type Chance struct {
	mu     sync.Mutex
	source *rand.ChaCha8
	rng    *rand.Rand // over source
}

// New seeds a Chance; from nil by the system.
func New(from io.Reader) (*Chance, error) {
	if from == nil {
		from = crypto.Reader
	}
	var seed [32]byte
	if _, err := io.ReadFull(from, seed[:]); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	source := rand.NewChaCha8(seed)
	return &Chance{source: source, rng: rand.New(source)}, nil //nolint:gosec // spreads retries and names shops, guards nothing
}

// Float64 is in [0, 1).
func (c *Chance) Float64() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rng.Float64()
}

// Read implements io.Reader.
func (c *Chance) Read(p []byte) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.source.Read(p)
}
