//go:build twin_strict_keys

package ids

import "time"

// Ahead makes the broken twin that the clock drill must catch: it trusts our own clock.
const Ahead = time.Minute
