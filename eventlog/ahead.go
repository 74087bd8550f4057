//go:build !twin_strict_keys

package eventlog

import "time"

// keyAhead is how far the clock of whoever makes a key may be ahead of ours.
const keyAhead = 24 * time.Hour
