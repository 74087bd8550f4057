//go:build twin_strict_keys

package eventlog

import "time"

// keyAhead makes the broken twin that the clock drill must catch: it trusts our own clock.
const keyAhead = time.Minute
