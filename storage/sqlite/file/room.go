//go:build !twin_full_unknown

package file

// fullUnknown is true only in the broken twin that the disk drill must catch: there a full disk is an
// error like any other.
const fullUnknown = false
