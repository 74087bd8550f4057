// Package gateway is the HTTP and WebSocket surface: which route needs which right, commands, reads,
// webhooks and the answers' shape. It decides nothing about the business and calls no channel.
//
//	request ─► outer (id, headers, size, own origin, metrics) ─► route table (who? may they?) ─┬─► reads: a body of package reads
//	                                                                                         ├─► command ─► eventlog.Execute
//	                                                                                         ├─► webhook ─► Intake (the inbox)
//	                                                                                         └─► /live, the web app
//
// Every route stands in one table with the action it needs (can.go); a route that does not stand
// there cannot be registered. Who may do an action is said by package access. Errors are problem
// documents (RFC 9457).
package gateway

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/shipping"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/gateway/access"
	"github.com/creatorflow/creatorflow/gateway/backfill"
	"github.com/creatorflow/creatorflow/gateway/connecting"
	"github.com/creatorflow/creatorflow/gateway/corrections"
	"github.com/creatorflow/creatorflow/gateway/direct"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/gateway/files"
	"github.com/creatorflow/creatorflow/gateway/history"
	"github.com/creatorflow/creatorflow/gateway/monitor"
	"github.com/creatorflow/creatorflow/gateway/plans"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// Intake takes one webhook in and answers with a status: 200 stored and durable, 401 wrong
// signature (nothing stored), 404 no such app, 413 too long, anything else temporary trouble.
type Intake func(ctx context.Context, channel, app string, header http.Header, body []byte) (status int)

// Handshake answers a vendor's question whether an address is an app's; ok is false when it does not have the app's token.
type Handshake func(channel, app string, query url.Values) (answer string, ok bool)

// Live pushes topics to open screens; realtime.Live is one.
type Live interface {
	Handler() http.Handler
	// SignOut ends a user's connections, of one session only when it is named.
	SignOut(user, session string)
}

// Options are what a Gateway needs. Log, Accounts, Views, Reads and Clock are required.
type Options struct {
	Log       *eventlog.Log
	Accounts  *accounts.Accounts
	Views     projection.Store
	Reads     *reads.Reads
	Clock     func() time.Time
	Workspace string // id that commands work in
	Version   string // of the program

	Status     func() []projection.Status // nil = views always serve
	Fulfilment *flow.Definition           // for retry-step
	Answers    *flow.Definition           // the same, of answers to the channel
	Shipping   *flow.Definition           // the same, of parcels
	// Ways asks an order's channel how it may travel; own = the seller's own carrier takes it. Nil = channels are not asked.
	Ways      func(ctx context.Context, connection, channelID string, own bool) (shipping.Ways, error)
	Connect   connecting.Shops
	Channels  []channels.Vendor        // that a shop can be connected on
	Demo      connecting.Demonstrating // nil = there is none
	Labels    connecting.Labelling     // nil = none are bought
	Mentions  connecting.Hearing       // nil = none are taken
	Imports   Importing
	Corrected corrections.Desk
	History   backfill.Desk
	KeepBuyer direct.KeepBuyer // of orders that are entered here; nil = they are not taken in
	Intake    Intake           // nil answers webhooks with 503
	Handshake Handshake        // nil answers no vendor's question
	Live      Live             // nil = no /live
	Web       http.Handler     // everything else; nil = 404
	Ready     func() error     // why the process is not ready; nil = always ready
	// Instead is who answers a request in place of this gateway; it and its answer may be nil.
	Instead func(r *http.Request) http.Handler
	Gauges  func() []monitor.Gauge // more for /metrics

	Requests   int            // a minute of one API key, twice as many of a browser or an address; 0 = any
	Secure     bool           // browsers come over https, directly or through the trusted proxies
	TrustProxy []netip.Prefix // peers whose X-Forwarded-For is believed; with it nobody else may connect
	Rand       io.Reader      // of request ids; nil = crypto/rand
	Slog       *slog.Logger
}

// Gateway serves HTTP.
type Gateway struct {
	o        Options
	edge     edge.Options
	mux      *http.ServeMux
	api      huma.API
	outer    http.Handler
	metrics  *monitor.Metrics
	access   *access.Access
	served   map[string]access.Action // patterns that were registered
	draining atomic.Bool
}

// New registers every route. It starts nothing.
func New(o Options) *Gateway {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Slog == nil {
		o.Slog = slog.New(slog.DiscardHandler)
	}
	o.Secure = o.Secure || len(o.TrustProxy) > 0 // a proxy is there to speak https
	g := &Gateway{o: o, mux: http.NewServeMux(), served: map[string]access.Action{}}
	position := func() int64 { return int64(o.Log.Head().Position) }
	g.metrics = monitor.New(monitor.Options{Position: position, Status: o.Status, Gauges: o.Gauges})
	g.edge = edge.Options{
		Secure: o.Secure, TrustProxy: o.TrustProxy, Clock: o.Clock, Rand: o.Rand, Log: o.Slog, Observe: g.metrics.Observe,
		Position: position,
	}
	g.access = access.New(access.Options{
		Accounts: o.Accounts, Clock: o.Clock, Edge: g.edge, Log: o.Slog, Answer: g.answer, Requests: o.Requests,
		SignOut: func(name, session string) {
			if o.Live != nil {
				o.Live.SignOut(name, session)
			}
		},
	})
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	g.api = humago.New(guarded{g}, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "CreatorFlow", Version: o.Version, Description: "Orders, stock and flows of one seller, live."},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"session": {Type: "apiKey", In: "cookie", Name: g.access.CookieName()},
					"key":     {Type: "http", Scheme: "bearer"},
				},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": edge.StrictJSON, "json": edge.StrictJSON},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	})
	g.registerViews()
	history.Register(g.api, history.Options{Log: o.Log, Workspace: o.Workspace, Reads: o.Reads, Answer: g.answer})
	g.access.Register(g.api)
	g.registerCommands()
	g.registerOperations()
	g.registerDoctor()
	connecting.Register(g.api, connecting.Options{Shops: g.o.Connect, Listed: g.o.Channels, Demo: g.o.Demo, Labels: g.o.Labels, Mentions: g.o.Mentions, Answer: g.answer})
	g.registerImports()
	files.Register(g.api, files.Options{Log: o.Log, Workspace: o.Workspace, Views: o.Views, Label: o.Reads.Label, Busy: g.rebuilding, SKU: plans.SKUText, Answer: g.answer})
	command(g, "import-stock", "Book a sheet of counts and of goods that arrived: all its rows, or none", func(_ context.Context, b files.Import) (eventlog.Request, error) {
		return b.Plan(o.Workspace, plans.SKUText)
	})
	g.handle("GET /webhooks/{channel}/{app}", http.HandlerFunc(g.handshake))
	g.handle("POST /webhooks/{channel}/{app}", http.HandlerFunc(g.webhook))
	g.handle("GET /live", http.HandlerFunc(g.live))
	g.handle("GET /api/openapi.json", g.openAPI())
	g.handle("/api/", http.HandlerFunc(g.unknown))
	g.handle("/webhooks/", http.HandlerFunc(g.unknown))
	if o.Web != nil {
		g.handle("/", o.Web)
	} else {
		g.handle("/", http.HandlerFunc(g.unknown))
	}
	g.outer = edge.Wrap(g.mux, g.edge)
	return g
}

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.o.Instead != nil {
		if other := g.o.Instead(r); other != nil {
			other.ServeHTTP(w, r)
			return
		}
	}
	g.outer.ServeHTTP(w, r)
}

// Serve answers on a listener until ctx ends; see edge.Options.Serve.
func (g *Gateway) Serve(ctx context.Context, l net.Listener, config *tls.Config) error {
	return g.edge.Serve(ctx, l, config, g, func() { g.draining.Store(true) })
}

// CheckListener refuses plain http beyond this machine, with the mend; Serve asks it too.
func (g *Gateway) CheckListener(addr net.Addr, config *tls.Config) error {
	return g.edge.CheckListener(addr, config)
}

// handle registers a route that stands in the table.
func (g *Gateway) handle(pattern string, h http.Handler) {
	action, ok := routes[pattern]
	if !ok {
		panic(fmt.Sprintf("gateway: route %q does not stand in the table of routes", pattern))
	}
	g.served[pattern] = action
	g.mux.Handle(pattern, g.access.Allow(action, !slices.Contains(unlimited, pattern), h))
}

// guarded lets huma register its operations through handle.
type guarded struct{ g *Gateway }

func (m guarded) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	m.g.handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if faults := query(r.URL.RawQuery); len(faults) > 0 {
			edge.Write(w, r, edge.Invalid(faults...))
			return
		}
		h(w, r)
	}))
}

// query finds what would silently be left out of a query: a filter that is not applied shows more
// than was asked for.
func query(raw string) (faults []edge.Fault) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		faults = append(faults, edge.Fault{Field: "query", Rule: "must be name=value pairs joined by &, other characters as %XX"})
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if len(values[name]) > 1 {
			faults = append(faults, edge.Fault{Field: "query." + name, Rule: "may be given once"})
		}
	}
	return faults
}

func (m guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.g.mux.ServeHTTP(w, r) }

// openAPI is the description of all huma operations, encoded once, for the first who asks: it takes longer than
// all else of a start.
func (g *Gateway) openAPI() http.Handler {
	text := sync.OnceValue(func() []byte {
		text, err := json.Marshal(g.api.OpenAPI())
		if err != nil {
			panic(fmt.Sprintf("gateway: describe the API: %v", err)) // our own types
		}
		return text
	})
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(text()) // the client may be gone
	})
}

// schemaName names a body: after its type, or after its operation where the type has no name ("adjust-stock" gives
// AdjustStockRequest).
func schemaName(t reflect.Type, hint string) string {
	var name strings.Builder
	for part := range strings.SplitSeq(huma.DefaultSchemaNamer(t, hint), "-") {
		name.WriteString(strings.ToUpper(part[:min(1, len(part))]) + part[min(1, len(part)):])
	}
	return name.String()
}

// unknown answers for paths that are nothing of ours, or are with another method.
func (g *Gateway) unknown(w http.ResponseWriter, r *http.Request) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := g.mux.Handler(other); pattern != "/api/" && pattern != "/webhooks/" && pattern != "/" {
			w.Header().Add("Allow", method)
		}
	}
	if w.Header().Get("Allow") != "" {
		edge.Write(w, r, edge.NewProblem(http.StatusMethodNotAllowed, "This address does not take "+r.Method+"."))
		return
	}
	edge.Write(w, r, edge.NewProblem(http.StatusNotFound, "There is nothing at this address."))
}
