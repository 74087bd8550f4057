//go:build twin_weak_sync

package powercut

// settings are those of the broken twin: a server that does not sync.
var settings = []string{"fsync=off"}

// weak says that this program is the broken twin.
const weak = true

// tears is off: no server starts on a torn cluster that was never synced, and the drill is to see what
// is lost.
const tears = false
