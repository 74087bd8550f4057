package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	drainTime  = 5 * time.Second
	headerTime = 5 * time.Second
	readTime   = 30 * time.Second
	writeTime  = 60 * time.Second
	idleTime   = 120 * time.Second
)

// Serve answers with h on a listener until ctx ends, then calls drain, which should refuse new work, lets running requests end for
// five seconds and returns nil. Without TLS the listener must be a loopback one, or proxies must
// be trusted: a password must not cross a network in the clear.
func (o Options) Serve(ctx context.Context, l net.Listener, config *tls.Config, h http.Handler, drain func()) error {
	if err := o.CheckListener(l.Addr(), config); err != nil {
		return errors.Join(err, l.Close())
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug), TLSConfig: config,
	}
	served := make(chan error, 1)
	go func() {
		if config != nil {
			served <- server.ServeTLS(l, "", "")
			return
		}
		served <- server.Serve(l)
	}()
	select {
	case err := <-served:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	drain()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		err = server.Close() // what is left has had its time
		if err != nil {
			return fmt.Errorf("stop serving %s: %w", l.Addr(), err)
		}
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("stop serving %s: %w", l.Addr(), err)
	}
	return nil
}

// CheckListener refuses plain http beyond this machine, with the mend. It can be asked before
// anything is started.
func (o Options) CheckListener(addr net.Addr, config *tls.Config) error {
	if config != nil || len(o.TrustProxy) > 0 {
		return nil
	}
	if at, ok := addr.(*net.TCPAddr); ok && !at.IP.IsLoopback() {
		return fmt.Errorf("plain http on %s would send passwords in the clear: listen on 127.0.0.1, or give --tls CERT,KEY, or --trust-proxy CIDR behind a proxy that speaks https", addr)
	}
	return nil
}
