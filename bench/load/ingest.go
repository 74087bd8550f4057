// Package load measures the whole hub under the load of a busy shop: signed webhooks from a
// simulated TikTok Shop that duplicates, reorders and loses some and whose API fails now and then.
package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/bench"
	"github.com/creatorflow/creatorflow/bench/timing"
	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/ids"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// Options of the run.
type Options struct {
	Engine    string        // "sqlite" or "postgres"
	DB        string        // of PostgreSQL, empty; "" = one of a server of its own in Dir
	Dir       string        // empty = a temporary folder that is removed
	Length    time.Duration // of the load
	PerMinute int           // webhooks
	Seed      uint64
	JSON      bool
	Out       io.Writer
}

// Report is what was measured, and the bars.
type Report struct {
	Name        string  `json:"name"`
	Engine      string  `json:"engine"`
	Webhooks    int     `json:"webhooks"` // sent by the shop
	PerMinute   float64 `json:"webhooks_per_minute"`
	Orders      int     `json:"orders"`
	Lost        int     `json:"lost"`  // orders the hub does not know, or the shop did not see shipped
	Twice       int     `json:"twice"` // effects, counted at the shop
	Open        int     `json:"open"`  // flows that did not end
	Violations  int     `json:"rate_violations"`
	Refused     int     `json:"webhooks_refused"`     // that the hub did not answer with 200
	Unprocessed int     `json:"webhooks_unprocessed"` // taken in and not worked off
	ToViewP50   float64 `json:"webhook_to_view_p50_ms"`
	ToViewP99   float64 `json:"webhook_to_view_p99_ms"`
	ToViewMax   float64 `json:"webhook_to_view_max_ms"`
	OwnP50      float64 `json:"own_time_p50_ms"`
	OwnP99      float64 `json:"own_time_p99_ms"`
	ElapsedP99  float64 `json:"elapsed_p99_ms"`
	Commands    int     `json:"commands"` // of people at their screens, under the load
	CommandP50  float64 `json:"command_p50_ms"`
	CommandP99  float64 `json:"command_p99_ms"`
	FoundByPoll int     `json:"found_by_poll"`
	Seconds     float64 `json:"seconds"`
}

const (
	shop   = "7490000000000000077"
	key    = "benchappkey"
	secret = "bench-app-secret-of-the-simulator"
	skus   = 200
	hold   = 2 * time.Second
	// perOrder webhooks come with an order: placed, off hold, shipment arranged.
	perOrder = 3
	drain    = 90 * time.Second
	look     = 25 * time.Millisecond  // between two looks at the inbox
	apart    = 250 * time.Millisecond // between two commands
)

// Bars of the run.
const (
	barView    = 1000  // ms, p99
	barOwn     = 30000 // ms, p99; of a webhook to the view, too
	barCommand = 500   // ms, p99
)

type run struct {
	o      Options
	sim    *tiktoksim.Sim
	hub    *hub.Hub
	placed int

	mu      sync.Mutex
	behind  eventlog.Position
	seen    map[int64]time.Time // by inbox number, when a view first showed what it brought
	settled map[int64]time.Time // by inbox number, when it was found worked off
	own     []time.Duration
	elapsed []time.Duration
	desk    []time.Duration // of commands, from the request to the answer
	drifted int
	notices chan projection.Notice
}

// Ingest runs the load and prints what it measured.
func Ingest(ctx context.Context, o Options) (err error) {
	dir, db, close, err := bench.Temporary(ctx, o.Engine, o.Dir, o.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, close()) }()
	o.Dir, o.DB = dir, db
	r := &run{o: o, seen: map[int64]time.Time{}, settled: map[int64]time.Time{}, notices: make(chan projection.Notice, 4096)}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	market, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(fmt.Errorf("listen for the simulated shop: %w", err), listener.Close())
	}
	if r.hub, err = hub.Open(ctx, hub.Options{
		Data: filepath.Join(o.Dir, "hub"), DB: o.DB, Clock: time.Now, Log: slog.New(slog.DiscardHandler), Poll: 5 * time.Second,
		Watch: func(n projection.Notice) { r.notices <- n },
	}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.hub.Close()) }()
	address := "http://" + market.Addr().String()
	app, err := r.hub.Shops.AddApp(ctx, channels.App{Channel: "tiktok", Key: key, Secrets: []string{secret}, BaseURL: address, AuthURL: address})
	if err != nil {
		return err
	}
	r.sim = tiktoksim.New(tiktoksim.Config{
		AppKey: key, AppSecret: secret, Seed: o.Seed, RemorseHold: hold, RequestsPerSecond: 50, LabelNotReady: 1,
		Restock: true, Reship: true, WebhookURL: "http://" + listener.Addr().String() + "/webhooks/tiktok/" + app.ID,
		Faults: tiktoksim.Faults{Duplicate: 0.05, Reorder: 0.05, Lose: 0.02, MaxDelay: time.Second, API5xx: 0.02, APITimeoutAfter: 0.005, APIGarbage: 0.005},
	})
	server := &http.Server{Handler: r.sim.Handler(), ReadHeaderTimeout: 5 * time.Second}
	began := time.Now()
	err = hub.Together(ctx,
		r.sim.Run,
		func(ctx context.Context) error {
			stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // nothing to drain
			defer stop()
			if err := server.Serve(market); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return ctx.Err()
		},
		func(ctx context.Context) error { return r.hub.Run(ctx, listener) },
		r.follow, r.watch,
		func(ctx context.Context) error { return r.people(ctx, "http://"+listener.Addr().String()) },
		func(ctx context.Context) error { return r.load(ctx, app.ID) },
	)
	if !errors.Is(err, errDone) {
		return err
	}
	report, err := r.report(ctx, time.Since(began))
	if err != nil {
		return err
	}
	return print(o, report)
}

var errDone = errors.New("load: done")

// follow notes when the views show what each webhook brought, and how long flows took.
func (r *run) follow(ctx context.Context) error {
	for {
		var n projection.Notice
		select {
		case n = <-r.notices:
		case <-ctx.Done():
			return ctx.Err()
		}
		shown := time.Now()
		for r.behind < n.Position {
			records, err := r.hub.Log.ReadAll(ctx, r.behind, 1000)
			if err != nil {
				return fmt.Errorf("follow the log: %w", err)
			}
			r.mu.Lock()
			for _, record := range records {
				r.note(record, shown)
			}
			r.mu.Unlock()
		}
	}
}

func (r *run) note(record eventlog.Record, shown time.Time) {
	r.behind = record.Position
	if number, ok := strings.CutPrefix(record.Cause, "inbox:"); ok {
		if n, err := strconv.ParseInt(number, 10, 64); err == nil && r.seen[n].IsZero() {
			r.seen[n] = shown
		}
	}
	switch e := record.Event.(type) {
	case flows.Finished:
		r.own, r.elapsed = append(r.own, e.Own), append(r.elapsed, e.Elapsed)
	default:
		if record.Name == "connection.drifted" {
			r.drifted++
		}
	}
}

// watch notes when items left the inbox: a webhook whose news an earlier read had brought already
// causes no event of its own, and counts until it was worked off.
func (r *run) watch(ctx context.Context) error {
	open := map[int64]bool{}
	for {
		items, err := r.hub.Vault.Listed(ctx, []string{vault.Pending}, 0, 1<<20)
		if err != nil {
			return fmt.Errorf("watch the inbox: %w", err)
		}
		now, still := time.Now(), make(map[int64]bool, len(items))
		for _, item := range items {
			still[item.Number] = true
		}
		r.mu.Lock()
		for number := range open {
			if !still[number] {
				r.settled[number] = now
			}
		}
		r.mu.Unlock()
		open = still
		if err := timing.Sleep(ctx, look); err != nil {
			return err
		}
	}
}

// people book stock by the API, one after the other, and note how long each answer took.
func (r *run) people(ctx context.Context, address string) error {
	if err := r.hub.Ready(ctx); err != nil {
		return err
	}
	key, _, err := r.hub.Accounts.MakeKey(ctx, "bench", accounts.Operator, nil, time.Time{})
	if err != nil {
		return err
	}
	keys := ids.New(time.Now)
	for n := 0; ; n++ {
		body := fmt.Sprintf(`{"sku":"DESK-%d","quantity":1,"reason":"bench"}`, n%10)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/api/v1/commands/receive-stock", strings.NewReader(body))
		if err != nil {
			return err
		}
		request.Header = http.Header{"Authorization": {"Bearer " + string(key)}, "Content-Type": {"application/json"}, "Idempotency-Key": {uuid.UUID(keys.Next()).String()}}
		begun := time.Now()
		answer, err := http.DefaultClient.Do(request)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("book stock: %w", err)
		}
		_, err = io.Copy(io.Discard, answer.Body)
		took := time.Since(begun)
		if err = errors.Join(err, answer.Body.Close()); err != nil {
			return fmt.Errorf("book stock: %w", err)
		}
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("book stock: %s", answer.Status)
		}
		r.mu.Lock()
		r.desk = append(r.desk, took)
		r.mu.Unlock()
		if err := timing.Sleep(ctx, apart); err != nil {
			return err
		}
	}
}

// took is how long a webhook needed: to the view that first showed what it brought, else until it
// was worked off. One that came and went between two looks took less than a look; one that is not worked off
// takes until now at least.
func (r *run) took(item vault.Item, now time.Time) time.Duration {
	if !worked(item) {
		return now.Sub(item.Received)
	}
	if shown := r.seen[item.Number]; !shown.IsZero() {
		return shown.Sub(item.Received)
	}
	if settled := r.settled[item.Number]; !settled.IsZero() {
		return settled.Sub(item.Received)
	}
	return look
}

func worked(item vault.Item) bool { return item.State == vault.Done || item.State == vault.Superseded }

func (r *run) load(ctx context.Context, app string) error {
	if err := r.hub.Ready(ctx); err != nil {
		return err
	}
	if err := r.shelves(ctx); err != nil {
		return err
	}
	if _, err := r.hub.Shops.Authorize(ctx, app, channels.Grant{"code": r.sim.AuthCode(shop)}, ""); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(r.o.Seed, 7))
	start := time.Now()
	for n := 1; time.Since(start) < r.o.Length; n++ {
		var lines []tiktoksim.Line
		for _, i := range rng.Perm(skus)[:1+rng.IntN(3)] {
			lines = append(lines, tiktoksim.Line{SKUID: listing(i), Quantity: 1 + rng.IntN(2)})
		}
		if _, err := r.sim.PlaceOrder(shop, tiktoksim.NewOrder{BuyerID: fmt.Sprint("buyer-", rng.IntN(500)), BuyerName: "Bench Buyer", Lines: lines}); err != nil {
			return fmt.Errorf("place an order: %w", err)
		}
		r.placed++
		if err := timing.Sleep(ctx, time.Until(start.Add(time.Duration(n)*perOrder*time.Minute/time.Duration(r.o.PerMinute)))); err != nil {
			return err
		}
	}
	for began := time.Now(); time.Since(began) < drain; {
		all, open, err := r.standing(ctx)
		if err != nil {
			return err
		}
		inbox, err := r.hub.Vault.InboxCounts(ctx)
		if err != nil {
			return fmt.Errorf("count the inbox: %w", err)
		}
		if all == r.placed && open == 0 && r.sim.Counts().Webhooks.Pending == 0 && inbox[vault.Pending] == 0 {
			break
		}
		if err := timing.Sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return errDone
}

func (r *run) shelves(ctx context.Context) error {
	r.sim.AddShop(tiktoksim.Shop{ID: shop, Name: "Bench shop", Region: "GB", Currency: "GBP"})
	for i := range skus {
		name := fmt.Sprintf("BENCH-%03d", i)
		if _, err := r.sim.AddProduct(shop, tiktoksim.Product{Title: name, SKUs: []tiktoksim.SKU{
			{ID: listing(i), SellerSKU: name, Price: "7.50", Quantity: 99999},
		}}); err != nil {
			return fmt.Errorf("list %s: %w", name, err)
		}
		if _, err := eventlog.Execute(ctx, r.hub.Log, stockevents.Stream(workspace.Main, name), inventory.Receiving(),
			inventory.Receive{SKU: name, Quantity: 99999, Reason: "opening stock"}, eventlog.Meta{Actor: "system:bench"}); err != nil {
			return fmt.Errorf("receive %s: %w", name, err)
		}
	}
	return nil
}

func listing(i int) string { return fmt.Sprintf("17290000%011d", i+1) }

func (r *run) standing(ctx context.Context) (all, open int, err error) {
	err = r.hub.Views.Read(ctx, func(reader projection.Reader) error {
		n, err := orders.Count(ctx, reader, "all")
		if err != nil {
			return err
		}
		active, err := orders.Count(ctx, reader, "active")
		all, open = int(n), int(active)
		return err
	})
	return all, open, err
}

func (r *run) report(ctx context.Context, took time.Duration) (Report, error) {
	all, open, err := r.standing(ctx)
	if err != nil {
		return Report{}, err
	}
	var toView []time.Duration
	now, unprocessed := time.Now(), 0
	for after := int64(0); ; {
		items, err := r.hub.Vault.Listed(ctx, nil, after, 1000)
		if err != nil {
			return Report{}, fmt.Errorf("read the inbox: %w", err)
		}
		if len(items) == 0 {
			break
		}
		for _, item := range items {
			after = item.Number
			toView = append(toView, r.took(item, now))
			if !worked(item) {
				unprocessed++
			}
		}
	}
	_, unshipped, err := r.sim.Shipped(shop)
	if err != nil {
		return Report{}, fmt.Errorf("ask the shop what was shipped: %w", err)
	}
	counts := r.sim.Counts()
	sent := int(counts.Webhooks.Sent)
	return Report{
		Name: "ingest", Engine: r.o.Engine, Webhooks: sent, PerMinute: float64(sent) / r.o.Length.Minutes(),
		Orders: r.placed, Lost: max(r.placed-all, len(unshipped)), Twice: len(counts.Twice()), Open: open, Violations: int(counts.RateLimited),
		Refused: counts.Webhooks.Refused, Commands: len(r.desk), CommandP50: ms(r.desk, 50), CommandP99: ms(r.desk, 99),
		ToViewP50: ms(toView, 50), ToViewP99: ms(toView, 99), ToViewMax: ms(toView, 100), Unprocessed: unprocessed, OwnP50: ms(r.own, 50), OwnP99: ms(r.own, 99),
		ElapsedP99: ms(r.elapsed, 99), FoundByPoll: r.drifted, Seconds: took.Seconds(),
	}, nil
}

func print(o Options, r Report) error {
	if o.JSON {
		if err := json.NewEncoder(o.Out).Encode(r); err != nil {
			return fmt.Errorf("print: %w", err)
		}
		return r.broken()
	}
	_, err := fmt.Fprintf(o.Out, `%s: %d webhooks in %s, %.0f a minute; %d orders; %d found by the poll
                           measured   required
orders lost               %9d   0
done twice at the shop    %9d   0
flows not ended           %9d   0
webhooks not answered 200 %9d   0
webhooks not worked off   %9d   0
rate limit violations     %9d   –
webhook to view p50/p99   %6.0f/%.0f ms   p99 < %d ms: %s; must be < %d ms: %s; longest %.0f ms
own time of a flow p50/p99 %5.0f/%.0f ms   p99 < %d ms: %s
a person's command p50/p99 %5.0f/%.0f ms   p99 < %d ms: %s
from start to end p99     %9.0f ms   – (%s of it is the shop's hold)
ingest: %d lost, %d twice, p99 %.0f ms to the view, %.0f ms of our own time
`, r.Engine, r.Webhooks, o.Length, r.PerMinute, r.Orders, r.FoundByPoll, r.Lost, r.Twice, r.Open, r.Refused, r.Unprocessed, r.Violations,
		r.ToViewP50, r.ToViewP99, barView, bench.Met(r.ToViewP99 < barView), barOwn, bench.Met(r.ToViewP99 < barOwn), r.ToViewMax, r.OwnP50, r.OwnP99, barOwn, bench.Met(r.OwnP99 < barOwn),
		r.CommandP50, r.CommandP99, barCommand, bench.Met(r.CommandP99 < barCommand), r.ElapsedP99, hold, r.Lost, r.Twice, r.ToViewP99, r.OwnP99)
	return errors.Join(err, r.broken())
}

// broken is nil when nothing was lost, done twice or left open. Slow is no fault: it is printed.
func (r Report) broken() error {
	if r.Lost == 0 && r.Twice == 0 && r.Open == 0 && r.Unprocessed == 0 {
		return nil
	}
	return fmt.Errorf("the hub broke a promise: %d orders lost, %d effects twice, %d flows not ended, %d webhooks not worked off",
		r.Lost, r.Twice, r.Open, r.Unprocessed)
}

func ms(all []time.Duration, p int) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return float64(sorted[min(len(sorted)-1, len(sorted)*p/100)].Microseconds()) / 1000
}
