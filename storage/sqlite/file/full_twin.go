//go:build twin_weak_sync

package file

// full makes the broken twin that the power-cut drill must catch: a commit returns before it is on
// the disk.
const full = "NORMAL"
