package database

import (
	"context"
	"net"
	"strings"
	"syscall"
	"time"
)

// silence is how long the way to the server may be silent before a connection counts as lost. The
// system's own limit is a quarter of an hour, during which nothing could be taken in or told.
const silence = 10 * time.Second

// dial connects so that a network that drops packets is noticed within seconds.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silence / 2, Interval: 2 * time.Second, Count: 3}}
	if strings.HasPrefix(network, "tcp") {
		d.Control = func(_, _ string, c syscall.RawConn) (err error) {
			if failed := c.Control(func(fd uintptr) { err = limitSilence(int(fd)) }); failed != nil {
				return failed
			}
			return err
		}
	}
	return d.DialContext(ctx, network, address)
}
