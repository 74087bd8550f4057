// Package hub puts every part together: one process, one data folder, one port.
//
//	folder ─► log, vault, views ─► projections, flows, ingest, live topics ─► gateway on one listener
//
// Open starts nothing; Run runs every part until one of them fails or ctx ends, then stops the rest.
// The commands of the binary, the demo, the drills and the benches all run this hub.
package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/auditor"
	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/connect"
	"github.com/creatorflow/creatorflow/dispatch"
	"github.com/creatorflow/creatorflow/dispatch/postage"
	"github.com/creatorflow/creatorflow/doctor"
	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/domain/backorders"
	"github.com/creatorflow/creatorflow/domain/bundles"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/headroom"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/paylinks"
	"github.com/creatorflow/creatorflow/domain/shipping"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/domain/signals"
	"github.com/creatorflow/creatorflow/domain/traffic"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/hub/chance"
	"github.com/creatorflow/creatorflow/ingest"
	"github.com/creatorflow/creatorflow/ingest/backfill"
	importer "github.com/creatorflow/creatorflow/ingest/listings"
	"github.com/creatorflow/creatorflow/ingest/mentions"
	"github.com/creatorflow/creatorflow/listing"
	"github.com/creatorflow/creatorflow/listing/demand"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// Options are what a hub needs from outside.
type Options struct {
	Data       string // folder
	DB         string // database, postgres://…, that keeps the data instead of files in the folder; may be empty
	Master     string // the vault's master key; empty = the key file in the folder
	Version    string
	Clock      func() time.Time
	Log        *slog.Logger
	Poll       time.Duration           // between reconciling polls; 0 = a minute
	Audit      time.Duration           // between comparisons of the views with the log; 0 = a minute, negative = never
	Watch      func(projection.Notice) // told of every change of the views; may be nil
	TLS        [2]string               // certificate and key file; empty = plain http, on loopback only
	TrustProxy []netip.Prefix          // networks of proxies that speak https for us
	Client     *http.Client            // the way out to the channels; nil = a guarded one for each app
	Rand       io.Reader               // of shops' ids and of the spread of retries; nil = the system's
	Vendors    []channels.Vendor       // that shops can be connected on; nil = all there are
	Public     string                  // address under which the channels reach the hub, https://hub.example; empty = none
	Requests   int                     // a minute of one API key, twice as many of a browser or an address; 0 = any
	Unwatched  bool                    // nobody looks: no live topics, and no socket for the owner's commands
	MadeUp     bool                    // all data is of a demo, which every screen says
	Demo       Demo                    // shows demo data when an owner asks for it; nil = there is none to show
	Host       *Hub                    // in whose place this hub's screens are shown, by whose users; nil = it has its own
}

// Projections are all views of the hub.
func Projections() []projection.Projection {
	return []projection.Projection{
		orders.View{},
		inventory.View{},
		fulfilment.View{},
		shipping.View{},
		letters.View{},
		shops.View{},
		catalogue.View{},
		workspace.View{},
		signals.View{},
		bundles.View{},
		backorders.View{},
		headroom.View{},
		paylinks.View{},
		traffic.View{},
	}
}

// Folds are those of whose states snapshots are kept, for any stream that has one.
func Folds(s eventlog.Stream) []eventlog.Fold {
	return []eventlog.Fold{inventory.Receiving().Fold(s), shops.Connecting().Fold(s), catalogue.Mapping().Fold(s), listings.Setting().Fold(s), demand.Fold(s)}
}

// Hub is the opened parts.
type Hub struct {
	Log         *eventlog.Log
	Vault       *vault.Vault
	Accounts    *accounts.Accounts
	Views       projection.Store
	Projections *projection.Runner
	Shops       *connect.Registry
	Ingest      *ingest.Ingest
	Listing     *listing.Room
	Doctor      *doctor.Doctor
	Auditor     *auditor.Auditor
	Fulfilment  *flow.Definition
	Answers     *flow.Definition // to cancellations and returns
	Shipping    *flow.Definition // of parcels

	o       Options
	folder  *folder.Folder
	stores  *engine.Stores
	closers []func() error // in the order of opening
	flows   *flow.Runner
	desk    *dispatch.Desk
	postage *postage.Office
	replays *letters.Replayer
	imports *importer.Importer
	history *backfill.Filler
	said    *mentions.Office
	surface surface
	ready   chan struct{} // closed when everything answers
	address atomic.Value  // string: where people find the hub that runs

	stagings chan staging          // demos to open
	guest    atomic.Pointer[guest] // the demo that is shown
}

// Open takes the folder and opens every part; it starts nothing.
func Open(ctx context.Context, o Options) (h *Hub, err error) {
	if o.Watch == nil {
		o.Watch = func(projection.Notice) {}
	}
	h = &Hub{o: o, ready: make(chan struct{}), stagings: make(chan staging)}
	opened := h // a return of nil leaves nothing to close by
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.Close())
		}
	}()
	if err := checkSocket(o.Data); err != nil {
		return nil, err
	}
	if h.folder, err = folder.Open(o.Data); err != nil {
		return nil, err
	}
	h.closers = append(h.closers, h.folder.Close)
	if err := h.openStores(ctx); err != nil {
		return nil, err
	}
	var chances [3]*chance.Chance // of the shops, of the flows, of what is taken in
	for i := range chances {
		if chances[i], err = chance.New(o.Rand); err != nil {
			return nil, err
		}
	}
	h.Shops, err = connect.Open(ctx, h.Log, h.Vault, connect.Options{
		Clock: o.Clock, Client: o.Client, Log: o.Log, Workspace: workspace.Main, Rand: chances[0], Public: o.Public, Vendors: o.Vendors,
	})
	if err != nil {
		return nil, fmt.Errorf("open the connections: %w", err)
	}
	shops := h.Shops // h is nil when Open fails
	h.closers = append(h.closers, func() error { shops.Close(); return nil })
	h.postage = postage.New(postage.Options{Log: h.Log, Vault: h.Vault, Clock: o.Clock, Workspace: workspace.Main, Client: o.Client})
	office := h.postage // as shops
	h.closers = append(h.closers, func() error { office.Close(); return nil })
	desk := dispatch.New(h.Shops, h.Vault).From(h.postage)
	h.Fulfilment, h.Answers = fulfilment.Definition(workspace.Main, desk), aftersales.Definition(workspace.Main, desk)
	h.Shipping, h.desk = shipping.Definition(workspace.Main, desk), desk
	h.flows = flow.NewRunner(h.Log, []*flow.Definition{h.Fulfilment, h.Answers, h.Shipping, paylinks.Definition(workspace.Main, desk)}, flow.Options{
		Open: h.openFlows, Clock: o.Clock, Chance: chances[1].Float64, Log: o.Log,
	})
	h.replays = letters.NewReplayer(letters.ReplayerOptions{
		Log: h.Log, Views: h.Views, Workspace: workspace.Main, Retry: h.retry, CaughtUp: h.Projections.WaitFor, Logger: o.Log,
	})
	h.Listing = listing.New(listing.Options{
		Log: h.Log, Views: h.Views, CaughtUp: h.Projections.WaitFor, Shops: h.Shops, Workspace: workspace.Main, Clock: o.Clock, Logger: o.Log,
		Look: o.Poll, Poll: func(connection string) { h.Ingest.Poll(connection) },
		Notify: func(topic string) { h.surface.live.Dirty(topic) },
	})
	h.Ingest = ingest.New(ingest.Options{
		Log: h.Log, Vault: h.Vault, Connect: h.Shops, Clock: o.Clock, Workspace: workspace.Main, Logger: o.Log, Poll: o.Poll,
		Chance: chances[2].Float64,
		Notify: func(topic string) { h.surface.live.Dirty(topic) },
		Passed: h.Listing.Passed, Heard: h.Listing.Heard, Changed: h.Listing.Hints.Add, Pushed: h.Listing.Pushed, Shared: func(connection string) bool { return h.history.Reading(connection) },
	})
	h.history = backfill.New(backfill.Options{
		Log: h.Log, Vault: h.Vault, Intake: h.Ingest.Intake(), Workspace: workspace.Main, Connections: h.Shops.Connections, Connector: h.Shops.Connector,
		Clock: o.Clock, Logger: o.Log, Notify: func(topic string) { h.surface.live.Dirty(topic) }, Pause: time.Second,
	})
	h.said = mentions.New(mentions.Options{Log: h.Log, Vault: h.Vault, Views: h.Views, Clock: o.Clock, Workspace: workspace.Main, Client: o.Client, Logger: o.Log})
	h.imports = importer.New(importer.Options{
		Log: h.Log, Views: h.Views, Workspace: workspace.Main, Connections: h.Shops.Connections, Connector: h.Shops.Connector,
		CaughtUp: h.Projections.WaitFor, Clock: o.Clock, Logger: o.Log, Pause: time.Second,
	})
	h.Doctor = doctor.New(doctor.Options{
		Connect: h.Shops, Vault: h.Vault, Clock: o.Clock, Listener: h.listener, Missing: h.Ingest.Resubscribe,
	})
	if err := h.openAuditor(); err != nil {
		return nil, err
	}
	if err := h.openSurface(); err != nil {
		return nil, err
	}
	return h, nil
}

func (h *Hub) openStores(ctx context.Context) error {
	var err error
	if h.stores, err = engine.Open(ctx, h.folder, h.o.DB, h.o.Log); err != nil {
		return err
	}
	h.closers = append(h.closers, h.stores.Close)
	if h.Log, err = eventlog.Open(ctx, h.stores.Log, eventlog.Options{
		Decode: events.Decode, Clock: h.o.Clock, Trouble: h.trouble, Damaged: h.damaged, Poll: h.stores.Poll,
	}); err != nil {
		return err
	}
	master, err := vault.LoadMaster(h.folder.Dir(), h.o.Master)
	if err != nil {
		return err
	}
	if h.Vault, err = vault.Open(h.stores.Vault, master, vault.Options{Clock: h.o.Clock}); err != nil {
		return fmt.Errorf("open the vault: %w", err)
	}
	h.Accounts = accounts.New(h.Vault)
	if h.o.Host != nil {
		h.Accounts = h.o.Host.Accounts
	}
	h.Views = h.stores.Views
	h.Projections = projection.NewRunner(h.Log, h.Views, Projections(), projection.Options{Notify: h.notice, Log: h.o.Log})
	return nil
}

// trouble says in the program's log, which needs no disk of ours, what the event log suffers from
// and that it is over.
func (h *Hub) trouble(err error) {
	switch {
	case err == nil:
		h.o.Log.Info("the event log takes events again")
	case errors.Is(err, eventlog.ErrAway):
		h.o.Log.Warn("the event log takes nothing: the database does not answer; what comes in is refused and comes again",
			"data", h.stores.Where, "mend", "start the database, or mend the way to it; it goes on by itself within seconds", "error", err)
	case errors.Is(err, eventlog.ErrFull):
		h.o.Log.Warn("the event log takes nothing: the disk is full; screens stay up, what comes in waits or is refused",
			"data", h.stores.Where, "mend", "free at least 64 MB on this disk; it goes on by itself within seconds", "error", err)
	default:
		h.o.Log.Error("the event log is fenced: the disk failed, and the process ends", "data", h.stores.Where,
			"mend", "check the disk, then start CreatorFlow again; a supervisor does so at exit code 75", "error", err)
	}
}

// damaged says that the disk gave back something else than was written, which cost nothing this time.
func (h *Hub) damaged(err error) {
	h.o.Log.Error("a snapshot of a stream is not what was written, or could not be made; the events themselves are read instead, so nothing is lost",
		"data", h.stores.Where, "mend", "run creatorflow verify, and check the disk", "error", err)
}

// openFlows reads the flows that had not ended, once the views have caught up with the log.
func (h *Hub) openFlows(ctx context.Context) (position eventlog.Position, open []flow.Open, err error) {
	if err := h.Projections.WaitFor(ctx, h.Log.Head().Position); err != nil {
		return 0, nil, fmt.Errorf("wait for the views: %w", err)
	}
	if position, open, err = fulfilment.Open(ctx, h.Log, h.Views); err != nil {
		return 0, nil, err
	}
	since, answers, err := aftersales.Open(ctx, h.Log, h.Views)
	if err != nil {
		return 0, nil, err
	}
	from, parcels, err := shipping.Open(ctx, h.Log, h.Views)
	if err != nil {
		return 0, nil, err
	}
	at, links, err := paylinks.Open(ctx, h.Log, h.Views)
	return min(position, since, from, at), slices.Concat(open, answers, parcels, links), err
}

// retry is how the replay of dead letters has a stuck flow tried again.
func (h *Hub) retry(id string) letters.Retry {
	d := h.Fulfilment
	if _, parcels := shipping.OrderOf(id); parcels {
		d = h.Shipping
	} else if _, answers := aftersales.OrderOf(id); answers {
		d = h.Answers
	}
	rule := d.Retrying(id)
	return letters.Retry{
		Fold: rule.Fold(d.Stream(id)),
		Decide: func(state any, reason string) ([]eventlog.Event, error) {
			return rule.Decide(state.(flow.Status), reason)
		},
	}
}

// notice passes on that views moved.
func (h *Hub) notice(n projection.Notice) {
	if n.All {
		h.Auditor.Renew()
	}
	if n.All || slices.Contains(n.Topics, "deadletters") {
		h.replays.Wake()
	}
	if n.All || slices.Contains(n.Topics, "imports") {
		h.imports.Wake()
	}
	if n.All || slices.Contains(n.Topics, "backfills") {
		h.history.Wake()
	}
	if n.All || slices.Contains(n.Topics, "sync") {
		h.Listing.Wake()
	}
	h.surface.notice(n)
	h.o.Watch(n)
}

// Run serves on the listener, which it closes, until ctx ends or a part fails.
func (h *Hub) Run(ctx context.Context, listener net.Listener) error {
	if err := h.CheckListener(listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	h.address.Store(h.Address(listener.Addr()))
	if err := h.folder.Announce(listener.Addr().String()); err != nil {
		return errors.Join(err, listener.Close())
	}
	parts := []func(context.Context) error{
		h.keepData,
		h.Log.Run,
		h.Projections.Run,
		h.flows.Run,
		h.replays.Run,
		h.imports.Run,
		h.history.Run,
		h.said.Run,
		h.Ingest.Run,
		h.Listing.Run,
		h.Auditor.Run,
		h.housekeeping,
		func(ctx context.Context) error { return h.surface.serve(ctx, listener) },
		h.becomeReady,
	}
	if !h.o.Unwatched {
		socket, err := h.listenSocket(ctx)
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		parts = append(parts, h.surface.live.Run, h.beat, h.stage, func(ctx context.Context) error { return h.serveSocket(ctx, socket) })
	}
	return Together(ctx, parts...)
}

// Ready waits until the hub answers with views that have caught up.
func (h *Hub) Ready(ctx context.Context) error {
	select {
	case <-h.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// keepData ends the hub when another one has taken its database, or the disk below its vault has failed.
func (h *Hub) keepData(ctx context.Context) error {
	select {
	case <-h.stores.Fenced:
		return fmt.Errorf("the vault in %s: %w", h.stores.Where, eventlog.ErrFenced)
	case <-h.stores.Lost:
		return fmt.Errorf("another hub has taken the database %s while it was away from this one: run one of them", h.stores.Where)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *Hub) becomeReady(ctx context.Context) error {
	if err := h.Projections.WaitFor(ctx, h.Log.Head().Position); err != nil {
		return fmt.Errorf("wait for the views: %w", err)
	}
	close(h.ready)
	<-ctx.Done()
	return ctx.Err()
}

// housekeeping forgets what may not or need not be kept: inbox bodies and delivery keys after 30
// days, command keys and ended sessions. It also moves old months of the log into files.
func (h *Hub) housekeeping(ctx context.Context) error {
	ticker := time.NewTicker(time.Hour)
	defer ticker.Stop()
	for {
		now := h.o.Clock()
		_, keys := h.Log.PurgeKeys(ctx)
		for what, err := range map[string]error{
			"inbox entries": h.Vault.Purge(ctx, now), "sessions": h.Accounts.Purge(ctx, now), "command keys": keys,
		} {
			if err != nil && ctx.Err() == nil { // an end is no failure
				h.o.Log.WarnContext(ctx, "forgetting old "+what+" failed, trying again in an hour", "error", err)
			}
		}
		closed, err := h.stores.CloseMonths(ctx)
		if closed > 0 {
			h.o.Log.InfoContext(ctx, "closed months of the log, which are in files now", "months", closed, "folder", filepath.Join(h.folder.Dir(), "segments"))
		}
		if err != nil && ctx.Err() == nil {
			h.o.Log.WarnContext(ctx, "closing old months of the log failed, trying again in an hour; they stay in the database", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close closes every part, the folder last.
func (h *Hub) Close() error {
	var errs []error
	for i := len(h.closers) - 1; i >= 0; i-- {
		errs = append(errs, h.closers[i]())
	}
	h.closers = nil
	return errors.Join(errs...)
}

// Listening explains why an address cannot be listened on.
func Listening(address string, err error) error {
	return fmt.Errorf("cannot listen on %s (%w): stop what uses it, or choose another address with --listen", address, err)
}

// Together runs parts until the first one returns, then stops and awaits the rest.
func Together(ctx context.Context, parts ...func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, part := range parts {
		wg.Go(func() { cancel(part(ctx)) })
	}
	wg.Wait()
	return context.Cause(ctx)
}
