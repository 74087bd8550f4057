// Package connect knows every app and every shop that is connected, and opens their connectors.
//
//	AddApp, Authorize ─► vault (sealed app, shop, token pair) ─► shops.Connected ─► log
//	Open: vault ─► connectors, found by connection id, and by app and shop for webhooks
//
// An app is one set of a vendor's credentials and serves many shops. A shop keeps its connection id
// for ever: authorising it again finds the connection that it had. What a vendor calls things is said
// by its channels.Vendor.
package connect

import (
	"context"
	crypto "crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/outbound"
	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault"
)

// Options are what a Registry needs besides log and vault.
type Options struct {
	Clock     func() time.Time  // required
	Rand      io.Reader         // of ids and spread; nil = crypto/rand
	Client    *http.Client      // the way out; nil = a guarded one for each app
	Timeout   time.Duration     // of one call; 0 = the connector's own
	Log       *slog.Logger      // nil = silent
	Workspace string            // empty = "main"
	Vendors   []channels.Vendor // nil = all there are
	Public    string            // the address under which the channels reach the hub, without a slash at the end; empty = none
}

// Registry is every app and connection. Its methods may be called from many goroutines.
type Registry struct {
	log     *eventlog.Log
	vault   *vault.Vault
	o       Options
	vendors map[string]channels.Vendor
	turn    chan struct{} // holds one: whoever adds an app or a shop
	hooks   chan struct{} // holds one: whoever sets up webhooks; two would each write what is missing

	mu      sync.RWMutex // guards all below
	apps    map[string]channels.App
	clients map[string]*http.Client     // by app; ours to close
	shops   map[string]*shop            // by connection
	keepers map[string]*channels.Keeper // by token pair: two that refresh one pair would end it
	byShop  map[[2]string]string        // channel and shop to connection
	refused map[string]string           // by connection: why its webhooks could not be set up at the last try
	changed chan struct{}               // closed and replaced when something was added
}

// shop is a connection with what is needed to call it.
type shop struct {
	channels.Connection
	token     string // names the token pair; shops that were authorised together share one
	connector channels.Connector
}

// Open reads what the vault holds and opens a connector for each shop. It calls no vendor.
func Open(ctx context.Context, log *eventlog.Log, v *vault.Vault, o Options) (*Registry, error) {
	if o.Rand == nil {
		o.Rand = crypto.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Workspace == "" {
		o.Workspace = "main"
	}
	if o.Vendors == nil {
		o.Vendors = Vendors
	}
	r := &Registry{
		log: log, vault: v, o: o, vendors: map[string]channels.Vendor{}, turn: make(chan struct{}, 1), hooks: make(chan struct{}, 1),
		apps: map[string]channels.App{}, clients: map[string]*http.Client{}, shops: map[string]*shop{},
		keepers: map[string]*channels.Keeper{}, byShop: map[[2]string]string{}, refused: map[string]string{}, changed: make(chan struct{}),
	}
	for _, v := range o.Vendors {
		r.vendors[v.Name] = v
	}
	apps, err := secrets(ctx, v, appKind, appRecord.app)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(apps)) { // in one order, so that randomness that is fixed gives each the same
		if err := r.putApp(id, apps[id]); err != nil {
			return nil, err
		}
	}
	connected, err := secrets(ctx, v, shopKind, shopRecord.shop)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(connected)) {
		if err := r.putShop(connected[id]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Close gives up idle connections to vendors.
func (r *Registry) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.clients {
		c.CloseIdleConnections()
	}
}

// putApp takes an app in and opens its connectors anew, because they sign with its newest secret.
func (r *Registry) putApp(id string, app channels.App) error {
	client, own := r.o.Client, false
	if client == nil {
		var err error
		if client, err = outbound.NewClient(r.hosts(app)...); err != nil {
			return fmt.Errorf("app %s: %w", id, err)
		}
		own = true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if own {
		if old := r.clients[id]; old != nil {
			old.CloseIdleConnections()
		}
		r.clients[id] = client
	}
	r.apps[id] = app
	for _, s := range r.shops {
		if s.App == id {
			delete(r.keepers, s.token) // it refreshes with the newest secret, too
		}
	}
	for _, shop := range slices.Sorted(maps.Keys(r.shops)) {
		if s := r.shops[shop]; s.App == id {
			if err := r.connect(s); err != nil {
				return err
			}
		}
	}
	r.announce()
	return nil
}

func (r *Registry) hosts(app channels.App) []string {
	found := slices.Clone(r.vendors[app.Channel].Hosts)
	for _, url := range []string{app.BaseURL, app.AuthURL} {
		if url != "" {
			found = append(found, url)
		}
	}
	return found
}

// putShop takes a connection in.
func (r *Registry) putShop(s shop) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.connect(&s); err != nil {
		return err
	}
	r.shops[s.ID] = &s
	r.byShop[[2]string{s.Channel, s.ShopID}] = s.ID
	r.announce()
	return nil
}

// connect opens the shop's connector. The caller holds the lock.
func (r *Registry) connect(s *shop) error {
	app, known := r.apps[s.App]
	v, spoken := r.vendors[s.Channel]
	if !known || !spoken {
		return fmt.Errorf("connection %s: there is no app %q of the channel %q", s.ID, s.App, s.Channel)
	}
	var seed [16]byte
	if _, err := io.ReadFull(r.o.Rand, seed[:]); err != nil {
		return fmt.Errorf("connection %s: read randomness: %w", s.ID, err)
	}
	o := r.opening(app)
	o.Connection = s.Connection // whose host may be the shop's own
	if r.keepers[s.token] == nil {
		r.keepers[s.token] = v.Keeper(o, drawer{vault: r.vault, id: s.token})
	}
	o.Tokens = r.keepers[s.token]
	o.Rand = rand.New(rand.NewPCG(binary.LittleEndian.Uint64(seed[:8]), binary.LittleEndian.Uint64(seed[8:]))) //nolint:gosec // spreads retries, guards nothing
	s.connector = v.Open(o)
	return nil
}

// opening is what everything of an app is opened with. The caller holds the lock.
func (r *Registry) opening(app channels.App) channels.Opening {
	return channels.Opening{App: app, Client: r.client(app.ID), Clock: r.o.Clock, Timeout: r.o.Timeout, Log: r.o.Log}
}

func (r *Registry) client(app string) *http.Client {
	if own := r.clients[app]; own != nil {
		return own
	}
	return r.o.Client
}

// announce tells whoever waits for a change. The caller holds the lock.
func (r *Registry) announce() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// Changed is closed at the next change: an app or a shop was added, or authorised again.
func (r *Registry) Changed() <-chan struct{} {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.changed
}

// Connector finds a connection's connector. Ask again for each use: authorising anew replaces it.
func (r *Registry) Connector(id string) (channels.Connector, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s := r.shops[id]
	if s == nil {
		return nil, false
	}
	return s.connector, true
}

// Pace tells how fast a connection is called.
func (r *Registry) Pace(id string) Pace {
	c, ok := r.Connector(id)
	if !ok {
		return Pace{Left: -1}
	}
	return pace(c)
}

// Connections lists every connection, by id.
func (r *Registry) Connections() []channels.Connection {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]channels.Connection, 0, len(r.shops))
	for _, s := range r.shops {
		list = append(list, s.Connection)
	}
	slices.SortFunc(list, func(a, b channels.Connection) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// App finds an app of a channel, with its secrets.
func (r *Registry) App(channel, id string) (channels.App, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	app, ok := r.apps[id]
	return app, ok && app.Channel == channel
}

// Webhooks reads a channel's webhooks.
func (r *Registry) Webhooks(channel string) (channels.Webhooks, bool) {
	v, ok := r.vendors[channel]
	return v.Webhooks, ok && v.Webhooks != nil
}

// ByShop finds the connection of a shop that was connected through an app; where webhooks name none, it is the app's only one.
func (r *Registry) ByShop(channel, app, shopID string) (connection string, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if shopID == "" && r.vendors[channel].Shopless {
		for id, s := range r.shops {
			if s.Channel == channel && s.App == app {
				if connection != "" {
					return "", false
				}
				connection = id
			}
		}
		return connection, connection != ""
	}
	id, ok := r.byShop[[2]string{channel, shopID}]
	return id, ok && r.shops[id].App == app
}

// Announce says in the log that every shop is connected, where a crash kept AddShop from saying so.
func (r *Registry) Announce(ctx context.Context) error {
	for _, c := range r.Connections() {
		if err := r.say(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (r *Registry) say(ctx context.Context, c channels.Connection) error {
	_, err := eventlog.Execute(ctx, r.log, events.Connection(r.o.Workspace, c.ID), shops.Connecting(), events.Connected{
		Connection: c.ID, Channel: c.Channel, App: c.App, ShopID: c.ShopID, Name: c.Name,
	}, eventlog.Meta{Actor: "system:connect", Cause: "connect", Correlation: c.ID})
	if err != nil {
		return fmt.Errorf("say that shop %s is connected: %w", c.ID, err)
	}
	return nil
}

// channelNames lists the channels there are, for messages.
func (r *Registry) channelNames() string {
	return strings.Join(slices.Sorted(maps.Keys(r.vendors)), ", ")
}

// errUsed says that a made id was used before.
var errUsed = errors.New("used before")
