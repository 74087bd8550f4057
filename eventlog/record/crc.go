//go:build !twin_no_crc

package record

// unchecked is true only in the broken twin that the bit-rot drill must catch: there a record is read
// without its checksum.
const unchecked = false
