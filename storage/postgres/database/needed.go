//go:build !twin_weak_sync

package database

// needed are the settings without which a commit that was acknowledged may be lost.
var needed = []string{"fsync", "full_page_writes", "synchronous_commit"}
