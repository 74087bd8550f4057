//go:build !twin_strict_keys

package ids

import "time"

// Ahead is how far the clock of whoever makes a key may be ahead of ours.
const Ahead = 24 * time.Hour
