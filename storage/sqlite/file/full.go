//go:build !twin_weak_sync

package file

const full = "FULL"
