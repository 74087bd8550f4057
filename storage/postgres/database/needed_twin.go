//go:build twin_weak_sync

package database

// needed makes the broken twin that the power-cut drill must catch: it works with a server that does
// not sync.
var needed = []string{"full_page_writes", "synchronous_commit"}
