package bubble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// network is memory that looks like TCP on this machine. Reads wait on a condition, which a bubble
// takes for waiting; writes never wait.
type network struct {
	mu        sync.Mutex
	listeners map[string]*listener
}

func newNetwork() *network { return &network{listeners: map[string]*listener{}} }

// listen takes a port of 127.0.0.1.
func (n *network) listen(port int) *listener {
	l := &listener{
		network: n, at: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port},
		dialled: make(chan net.Conn), closed: make(chan struct{}),
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listeners[l.at.String()] = l
	return l
}

// dial is a net.Dialer's.
func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[address]
	n.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("dial %s: %w", address, errRefused)
	}
	here, there := newHalf(), newHalf()
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	select {
	case l.dialled <- &conn{in: here, out: there, local: l.at, remote: at}:
		return &conn{in: there, out: here, local: at, remote: l.at}, nil
	case <-l.closed:
		return nil, fmt.Errorf("dial %s: %w", address, errRefused)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var errRefused = errors.New("connection refused")

type listener struct {
	network *network
	at      *net.TCPAddr
	dialled chan net.Conn
	once    sync.Once
	closed  chan struct{}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.dialled:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() {
		l.network.mu.Lock()
		if l.network.listeners[l.at.String()] == l {
			delete(l.network.listeners, l.at.String())
		}
		l.network.mu.Unlock()
		close(l.closed)
	})
	return nil
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return l.at }

// half is one direction of a connection.
type half struct {
	mu       sync.Mutex // guards all below
	moved    sync.Cond
	data     []byte // to be read
	room     []byte // the largest that it was, to be used again
	ended    bool   // nothing more is written
	closed   bool   // nothing more is read
	deadline time.Time
	alarm    *time.Timer
}

func newHalf() *half {
	h := &half{}
	h.moved.L = &h.mu
	return h
}

func (h *half) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.closed:
			return 0, net.ErrClosed
		case !h.deadline.IsZero() && !time.Now().Before(h.deadline):
			return 0, os.ErrDeadlineExceeded
		case len(h.data) > 0:
			n := copy(p, h.data)
			if h.data = h.data[n:]; len(h.data) == 0 {
				h.data = h.room[:0]
			}
			return n, nil
		case h.ended:
			return 0, io.EOF
		}
		h.moved.Wait()
	}
}

func (h *half) write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended || h.closed {
		return 0, net.ErrClosed
	}
	if h.data = append(h.data, p...); cap(h.data) > cap(h.room) {
		h.room = h.data
	}
	h.moved.Broadcast()
	return len(p), nil
}

func (h *half) wakeAt(t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.alarm != nil {
		h.alarm.Stop()
		h.alarm = nil
	}
	h.deadline = t
	h.moved.Broadcast()
	if !t.IsZero() && t.After(time.Now()) {
		h.alarm = time.AfterFunc(time.Until(t), func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.moved.Broadcast()
		})
	}
}

func (h *half) end(reader bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if reader {
		h.closed = true
	} else {
		h.ended = true
	}
	if h.alarm != nil && reader {
		h.alarm.Stop()
	}
	h.moved.Broadcast()
}

// conn is one end of a connection.
type conn struct {
	in, out       *half
	local, remote net.Addr
}

func (c *conn) Read(p []byte) (int, error)        { return c.in.read(p) }
func (c *conn) Write(p []byte) (int, error)       { return c.out.write(p) }
func (c *conn) Close() error                      { c.in.end(true); c.out.end(false); return nil }
func (c *conn) LocalAddr() net.Addr               { return c.local }
func (c *conn) RemoteAddr() net.Addr              { return c.remote }
func (c *conn) SetDeadline(t time.Time) error     { return c.SetReadDeadline(t) }
func (c *conn) SetReadDeadline(t time.Time) error { c.in.wakeAt(t); return nil }
func (c *conn) SetWriteDeadline(time.Time) error  { return nil }
