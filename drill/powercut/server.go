//go:build !twin_weak_sync

package powercut

// settings are the PostgreSQL server's.
var settings []string

// weak says that this program is the broken twin.
const weak = false

// tears says whether a cut may leave a part of what was not synced.
const tears = true
