package database

import "golang.org/x/sys/unix"

// limitSilence bounds how long what was sent may stay unacknowledged.
func limitSilence(socket int) error {
	return unix.SetsockoptInt(socket, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(silence.Milliseconds()))
}
