//go:build twin_no_crc

package record

// unchecked makes the broken twin: a record is read without its checksum.
const unchecked = true
