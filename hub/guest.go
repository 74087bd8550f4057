package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	workspaceevents "github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/connecting"
)

// Demo shows made-up data beside a host until ctx ends: a hub of its own in the folder data. It calls shown with that hub as
// soon as it answers.
type Demo func(ctx context.Context, host *Hub, data string, shown func(guest *Hub)) error

// demoFolder is where a demo's data is, below the hub's own.
const demoFolder = "demo-data"

// What a hub refuses because of a demo.
const (
	errNoDemo  = eventlog.Refusal("This hub has no demo data to open. Run another one for that: creatorflow demo")
	errUsed    = eventlog.Refusal("This hub has stock or orders of yours, so demo data is not shown in place of them. To look at a demo run: creatorflow demo")
	errHasShop = eventlog.Refusal("A shop is connected here, so demo data is not opened beside it. To look at a demo run: creatorflow demo")
	errIsDemo  = eventlog.Refusal("What is shown here is demo data: remove it first, then connect your shop.")
)

// staging is a request to open the demo; the answer is nil once it is shown.
type staging struct{ shown chan error }

// guest is the hub that people see in place of ours.
type guest struct {
	hub  *Hub
	stop context.CancelFunc
}

// OpenDemo shows demo data to everybody who is signed in with a browser, in place of this hub's own, until RemoveDemo. What
// programs do with an API key, and the channels' webhooks, stay with this hub.
func (h *Hub) OpenDemo(ctx context.Context) error {
	switch {
	case h.o.Demo == nil:
		return errNoDemo
	case len(h.Shops.Connections()) > 0:
		return errHasShop
	case h.guest.Load() != nil:
		return nil
	}
	if used, err := h.used(ctx); err != nil || used {
		return cmp.Or(err, error(errUsed))
	}
	s := staging{shown: make(chan error, 1)}
	select {
	case h.stagings <- s:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-s.shown:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// used says that the hub's own log holds more than what the business is called: what somebody enters while a demo is shown
// would go with it.
func (h *Hub) used(ctx context.Context) (bool, error) {
	const most = 200 // changes of a business's name
	records, err := h.Log.ReadAll(ctx, 0, most)
	if err != nil {
		return false, fmt.Errorf("look whether the hub is empty: %w", err)
	}
	return len(records) == most || slices.ContainsFunc(records, func(r eventlog.Record) bool { return r.Stream.Kind != workspaceevents.Kind }), nil
}

// RemoveDemo shows the hub's own data again; the demo's is deleted as soon as its last request has ended.
func (h *Hub) RemoveDemo(context.Context) error {
	if h.o.Demo == nil {
		return errNoDemo
	}
	if g := h.guest.Swap(nil); g != nil {
		g.stop()
	}
	return nil
}

// stage opens a demo when somebody asks for it, one after another. What a killed process left is deleted first.
func (h *Hub) stage(ctx context.Context) error {
	if h.o.Demo == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	data := filepath.Join(h.folder.Dir(), demoFolder)
	for {
		if err := sweep(data); err != nil {
			h.o.Log.WarnContext(ctx, "the data of a removed demo could not be deleted: delete the folder by hand", "folder", data, "error", err)
		}
		select {
		case s := <-h.stagings:
			h.perform(ctx, data, s)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// demoMark is a file in a demo's folder: without it the folder is somebody's own.
const demoMark = "made-up"

// sweep deletes what a demo left.
func sweep(data string) error {
	if _, err := os.Stat(filepath.Join(data, demoMark)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return os.RemoveAll(data)
}

// mark makes a demo's folder, which must not be there yet.
func mark(data string) error {
	if err := os.Mkdir(data, 0o700); err != nil {
		return fmt.Errorf("make the demo's folder, which must not be somebody's own: %w", err)
	}
	return os.WriteFile(filepath.Join(data, demoMark), nil, 0o600)
}

// perform runs one demo to its end. One that fails takes nothing with it: the hub's own data is shown again.
func (h *Hub) perform(ctx context.Context, data string, s staging) {
	if h.guest.Load() != nil { // asked for twice
		s.shown <- nil
		return
	}
	if err := mark(data); err != nil {
		s.shown <- err
		return
	}
	staged, stop := context.WithCancel(ctx)
	defer stop()
	err := h.o.Demo(staged, h, data, func(shown *Hub) {
		h.guest.Store(&guest{hub: shown, stop: stop})
		h.surface.live.Reconnect()
		s.shown <- nil
	})
	h.guest.Store(nil)
	if staged.Err() != nil { // removed, or the hub ends
		err = staged.Err()
	} else {
		h.o.Log.WarnContext(ctx, "the demo ended by itself; the hub's own data is shown", "error", err)
	}
	select {
	case s.shown <- fmt.Errorf("open the demo data: %w", err):
	default: // it was shown
	}
}

// instead is who answers a request in place of this hub: while a demo is open, its hub answers browsers. Programs with a key,
// webhooks and the operator's tools stay here.
func (h *Hub) instead(r *http.Request) http.Handler {
	g := h.guest.Load()
	if g == nil || r.Header.Get("Authorization") != "" || r.URL.Path != "/live" && !strings.HasPrefix(r.URL.Path, "/api/") {
		return nil
	}
	return g.hub.surface.gateway
}

// demoWord says on every screen whether its data is made up.
func (h *Hub) demoWord() string {
	switch {
	case h.o.Host != nil:
		return "removable"
	case h.o.MadeUp:
		return "fixed"
	case h.o.Demo != nil && len(h.Shops.Connections()) == 0:
		if used, err := h.used(context.Background()); err == nil && !used {
			return "offered"
		}
	}
	return "none"
}

// Guest is how a hub is opened that is shown in place of this one: by its users, and asked in the same ways.
func (h *Hub) Guest() Options {
	o := Options{Host: h, Version: h.o.Version, Clock: h.o.Clock, Log: h.o.Log, Requests: h.o.Requests}
	if len(h.o.TrustProxy) > 0 { // requests come through the host's proxies, and the shop's from this machine
		o.TrustProxy = append([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, h.o.TrustProxy...)
	}
	return o
}

// demonstrating is the hub whose demo is opened and removed by a request here.
func (h *Hub) demonstrating() connecting.Demonstrating {
	if h.o.Host != nil {
		return h.o.Host
	}
	return h
}

// connecting is how shops are connected: none is while a demo is shown, to it or behind it.
func (h *Hub) connecting() connecting.Shops { return door{h} }

// door refuses every shop while what is shown is a demo.
type door struct{ h *Hub }

func (d door) closed() bool { return d.h.o.Host != nil || d.h.guest.Load() != nil }

func (d door) reason() error {
	if d.closed() {
		return errIsDemo
	}
	return nil
}

// AddApp implements connecting.Shops.
func (d door) AddApp(ctx context.Context, app channels.App) (channels.App, error) {
	if d.closed() {
		return channels.App{}, errIsDemo
	}
	return d.h.Shops.AddApp(ctx, app)
}

// Consent implements connecting.Shops.
func (d door) Consent(app string, asked channels.Grant, state string) (string, error) {
	if d.closed() {
		return "", errIsDemo
	}
	return d.h.Shops.Consent(app, asked, state)
}

// Connections implements connecting.Shops.
func (d door) Connections() []channels.Connection { return d.h.Shops.Connections() }

// Authorize implements connecting.Shops.
func (d door) Authorize(ctx context.Context, app string, given channels.Grant, name string) ([]channels.Connection, error) {
	if d.closed() {
		return nil, errIsDemo
	}
	return d.h.Shops.Authorize(ctx, app, given, name)
}

// WebhookAddress implements connecting.Shops.
func (d door) WebhookAddress(c channels.Connection) string { return d.h.Shops.WebhookAddress(c) }

// screens are the open ones of a hub, and of the demo that is shown in its place or that it is: who signs out of one signs
// out of both.
type screens struct{ h *Hub }

// Handler implements gateway.Live.
func (s screens) Handler() http.Handler { return s.h.surface.live.Handler() }

// SignOut implements gateway.Live.
func (s screens) SignOut(user, session string) {
	s.h.surface.live.SignOut(user, session)
	if host := s.h.o.Host; host != nil {
		host.surface.live.SignOut(user, session)
	}
	if g := s.h.guest.Load(); g != nil {
		g.hub.surface.live.SignOut(user, session)
	}
}
