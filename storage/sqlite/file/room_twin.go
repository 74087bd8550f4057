//go:build twin_full_unknown

package file

// fullUnknown makes the broken twin: a full disk is an error like any other.
const fullUnknown = true
