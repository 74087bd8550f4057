// Package sims runs simulated vendors for the command line: one shop each, its API and its control plane on one loopback
// address.
//
//	flags ─► simulator ─► its API, its control plane under /_sim/ ─► how to connect it, in a sentence
package sims

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/creatorflow/creatorflow/demo/excerpt"
)

// faults reads a simulator's faults from a flag.
func faults[T any](text []byte, into *T) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// onlyHere refuses an address that other machines reach.
func onlyHere(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--listen %s: a simulator listens on this machine only, such as 127.0.0.1:8090", listen)
	}
	return nil
}

// addresses refuses those that a simulator must not or cannot use.
func addresses(listen, webhooks, back, channel string) error {
	if err := onlyHere(listen); err != nil {
		return err
	}
	web := func(text string) bool {
		u, err := url.Parse(text)
		return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
	}
	if webhooks != "" && !web(webhooks) {
		return fmt.Errorf("--webhook-url %s: want an address such as http://127.0.0.1:8080/webhooks/%s/APP", webhooks, channel)
	}
	if !web(back) {
		return fmt.Errorf("--redirect-url %s: want an address such as http://127.0.0.1:8080/channels", back)
	}
	return nil
}

// serve answers for a simulated shop, its control plane under /_sim/, until ctx ends.
func serve(ctx context.Context, listener net.Listener, api, control http.Handler) error {
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle("/_sim/", http.StripPrefix("/_sim", control))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // nothing to drain
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the simulated shop: %w", err)
	}
	return ctx.Err()
}

// readOrders reads an order log of the demo's format, or the demo's own when it is "demo".
func readOrders(name string) (excerpt.Excerpt, error) {
	if name == "demo" {
		return excerpt.Load()
	}
	file, err := os.Open(name) //nolint:gosec // the file that the operator named
	if err != nil {
		return excerpt.Excerpt{}, fmt.Errorf("--orders: %w", err)
	}
	log, err := excerpt.Read(file)
	return log, errors.Join(err, file.Close())
}
