package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/connect"
	"github.com/creatorflow/creatorflow/dispatch"
	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/storage/sqlite"
	"github.com/creatorflow/creatorflow/vault"
)

const (
	appKey    = "cfappkey01"
	appSecret = "cf_test_secret_0123456789abcdef"
	listed    = "1729000000000000777"
	many      = 20 // flows
)

// newShop is a vendor with one shop that sells one thing.
func newShop(t *testing.T, cfg tiktoksim.Config) *tiktoksim.Sim {
	t.Helper()
	cfg.AppKey, cfg.AppSecret, cfg.Seed = appKey, appSecret, 1
	sim := tiktoksim.New(cfg)
	sim.AddShop(tiktoksim.Shop{ID: shopID, Name: "One"})
	if _, err := sim.AddProduct(shopID, tiktoksim.Product{Title: "Hoodie", SKUs: []tiktoksim.SKU{
		{ID: listed, SellerSKU: "HOODIE-M", Price: "19.99", Quantity: 100},
	}}); err != nil {
		t.Fatal(err)
	}
	return sim
}

func order(t *testing.T, sim *tiktoksim.Sim) tiktoksim.OrderState {
	t.Helper()
	id, err := sim.PlaceOrder(shopID, tiktoksim.NewOrder{BuyerID: "7494000000000000001", BuyerName: "Ana", Lines: []tiktoksim.Line{{SKUID: listed, Quantity: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	state, err := sim.Order(shopID, id)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func receive(t *testing.T, log *eventlog.Log) {
	t.Helper()
	if _, err := eventlog.Execute(t.Context(), log, stockevents.Stream(workspace.Main, "HOODIE-M"), inventory.Receiving(),
		inventory.Receive{SKU: "HOODIE-M", Quantity: 100, Reason: "opening stock"}, eventlog.Meta{}); err != nil {
		t.Fatal(err)
	}
}

// wantOneLabelEach counts at the vendor and reads from the log that nobody lent a hand.
func wantOneLabelEach(t *testing.T, sim *tiktoksim.Sim, log *eventlog.Log, placed []tiktoksim.OrderState) {
	t.Helper()
	counts := sim.Counts()
	for _, o := range placed {
		for _, p := range o.Packages {
			if counts.Ships[p.ID] != 1 || counts.Labels[p.ID] != 1 {
				t.Errorf("package %s: shipped %d times, %d labels, want one each", p.ID, counts.Ships[p.ID], counts.Labels[p.ID])
			}
		}
	}
	finished := 0
	records, err := log.ReadAll(t.Context(), 0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records {
		switch e := record.Event.(type) {
		case flows.Finished:
			if finished++; !e.Untouched {
				t.Errorf("%s counts as touched by a person", e.Flow)
			}
		case flows.Stuck:
			t.Errorf("%s got stuck: %s", e.Flow, e.Reason)
		}
	}
	if finished != len(placed) {
		t.Errorf("%d of %d flows finished", finished, len(placed))
	}
}

// The seller ends the authorisation while twenty orders are on their way, and later connects the shop
// again: each order waits for that by name and goes on by itself.
func TestAuthorisationEndsInTheMiddle(t *testing.T) {
	var sim *tiktoksim.Sim
	var ships atomic.Int64
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/ship") && ships.Add(1) == many/2 {
			sim.EndAuthorisation(shopID)
		}
		sim.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(vendor.Close)
	h, err := hub.Open(t.Context(), hub.Options{Data: t.TempDir(), Clock: time.Now, Log: slog.New(slog.DiscardHandler), Poll: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	app, err := h.Shops.AddApp(t.Context(), channels.App{Channel: "tiktok", Key: appKey, Secrets: []string{appSecret}, BaseURL: vendor.URL, AuthURL: vendor.URL})
	if err != nil {
		t.Fatal(err)
	}
	door, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sim = newShop(t, tiktoksim.Config{WebhookURL: "http://" + door.Addr().String() + "/webhooks/tiktok/" + app.ID})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		err := hub.Together(ctx, sim.Run, func(ctx context.Context) error { return h.Run(ctx, door) })
		if ctx.Err() == nil {
			t.Errorf("the hub ended: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	if err := h.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	receive(t, h.Log)
	added, err := h.Shops.Authorize(t.Context(), app.ID, channels.Grant{"code": sim.AuthCode(shopID)}, "")
	if err != nil {
		t.Fatal(err)
	}
	var placed []tiktoksim.OrderState
	for range many {
		placed = append(placed, order(t, sim))
	}
	// phases counts the flows by phase, those that wait by what for.
	phases := func() map[string]int {
		n := map[string]int{}
		for _, o := range placed {
			state, err := h.Log.Fold(t.Context(), h.Fulfilment.Fold(added[0].ID+":"+o.ID))
			if err != nil {
				t.Fatal(err)
			}
			switch s := state.Value.(flow.Status); {
			case s.Phase == flow.Waits:
				n[s.Waiting.Code]++
				if s.Waiting.Code == fulfilment.WaitAuthorisation && !strings.HasSuffix(s.Waiting.Sentence, "Connect the shop again; the order then goes on by itself.") {
					t.Fatalf("it says %q", s.Waiting.Sentence)
				}
			default:
				n[string(s.Phase)]++
			}
		}
		return n
	}
	failing := func() bool {
		records, err := h.Log.ReadStream(t.Context(), shopevents.Connection(workspace.Main, added[0].ID), 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		_, ok := records[len(records)-1].Event.(shopevents.Failing)
		return ok
	}
	until(t, func() bool { n := phases(); return n["finished"]+n[fulfilment.WaitAuthorisation] == many && failing() },
		func() string { return fmt.Sprintf("every flow ended or waits for the authorisation: %v", phases()) })
	if n := phases(); n[fulfilment.WaitAuthorisation] < many/2 {
		t.Fatalf("%v, want half of the flows to wait", n)
	}
	if _, err := h.Shops.Authorize(t.Context(), app.ID, channels.Grant{"code": sim.AuthCode(shopID)}, ""); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return phases()["finished"] == many },
		func() string { return fmt.Sprintf("every flow finished: %v", phases()) })
	wantOneLabelEach(t, sim, h.Log, placed)
}

func until(t *testing.T, reached func() bool, what func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	ask := time.NewTicker(10 * time.Millisecond)
	defer ask.Stop()
	for !reached() {
		select {
		case <-ask.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what())
		}
	}
}

// wire carries requests to the vendor, in the bubble's time, unless it is cut.
type wire struct {
	vendor http.Handler
	cut    atomic.Pointer[cut] // nil = it is not
}

type cut func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if cut := w.cut.Load(); cut != nil {
		return (*cut)(r)
	}
	arrived := r.Clone(r.Context())
	if arrived.Body == nil { // what a server never sees
		arrived.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	w.vendor.ServeHTTP(answer, arrived)
	return answer.Result(), nil
}

// However long the channel is away, and however it is, no order needs a person afterwards.
func TestLongOutage(t *testing.T) {
	tests := []struct {
		name   string
		cut    func(*http.Request) (*http.Response, error)
		orders int
	}{
		{"no network", func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: errors.New("no route")}
		}, 3},
		{"one order alone", func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: errors.New("no route")}
		}, 1},
		{"it answers nonsense", func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusBadGateway, Body: http.NoBody}, nil
		}, 3},
		{"it is too busy", func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"120"}}, Body: http.NoBody}, nil
		}, 3},
		{"it is silent", func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inHouse(t, tiktoksim.Config{}, func(h *house) { outage(h, test.cut, test.orders) })
		})
	}
}

// house is a log, a vault and a registry in a bubble, a vendor whose time is the bubble's, and the
// process that carries the flows on, which can be killed and started again.
type house struct {
	*testing.T
	log        *eventlog.Log
	sim        *tiktoksim.Sim
	line       *wire
	definition *flow.Definition
	connection string
	store      eventlog.Store
	kills      []func() // of every process that was started
}

// bubbleNow is the time: a bubble begins in the year 2000, when a time had a digit less than the vendor wants.
func bubbleNow() time.Time { return time.Now().Add(25 * 365 * 24 * time.Hour) }

func inHouse(t *testing.T, cfg tiktoksim.Config, test func(h *house)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		folder, err := sqlite.OpenFolder(dir)
		must(err)
		store, err := sqlite.OpenLog(t.Context(), folder)
		must(err)
		secrets, err := sqlite.OpenVault(t.Context(), folder)
		must(err)
		kept, err := vault.Open(secrets, vault.Master{1}, vault.Options{Clock: bubbleNow})
		must(err)
		cfg.Clock = bubbleNow
		h := &house{T: t, store: store, sim: newShop(t, cfg)}
		h.line = &wire{vendor: h.sim.Handler()}
		h.open()
		registry, err := connect.Open(t.Context(), h.log, kept, connect.Options{Clock: bubbleNow, Client: &http.Client{Transport: h.line}})
		must(err)
		defer func() {
			for _, kill := range h.kills {
				kill()
			}
			registry.Close()
			if err := errors.Join(store.Close(), secrets.Close(), folder.Close()); err != nil {
				t.Error(err)
			}
		}()
		h.definition = fulfilment.Definition(workspace.Main, dispatch.New(registry, kept))
		receive(t, h.log)
		app, err := registry.AddApp(t.Context(), channels.App{Channel: "tiktok", Key: appKey, Secrets: []string{appSecret}, BaseURL: "http://localhost:1", AuthURL: "http://localhost:1"})
		must(err)
		added, err := registry.Authorize(t.Context(), app.ID, channels.Grant{"code": h.sim.AuthCode(shopID)}, "")
		must(err)
		h.connection = added[0].ID
		test(h)
	})
}

// open opens the log, as a process does that carries flows on from what the one before left.
func (h *house) open() {
	h.Helper()
	log, err := eventlog.Open(h.Context(), h.store, eventlog.Options{Decode: events.Decode, Clock: bubbleNow})
	if err != nil {
		h.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = log.Run(ctx) })
	h.log = log
	h.kills = append(h.kills, func() { cancel(); running.Wait() })
}

// flows runs the flows of the newest log; kill ends them without warning.
func (h *house) flows() (kill func()) {
	runner := flow.NewRunner(h.log, []*flow.Definition{h.definition}, flow.Options{
		Open:  func(context.Context) (eventlog.Position, []flow.Open, error) { return 0, nil, nil },
		Clock: bubbleNow, Chance: func() float64 { return 0.5 }, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = runner.Run(ctx) })
	kill = func() { cancel(); running.Wait() }
	h.kills = append(h.kills, kill)
	return kill
}

// place has a buyer order something, of which the hub hears at once.
func (h *house) place() tiktoksim.OrderState {
	h.Helper()
	o := order(h.T, h.sim)
	price := money.Money{Minor: 1999, Currency: "GBP"}
	_, err := eventlog.Execute(h.Context(), h.log, orderevents.Stream(workspace.Main, orders.ID(h.connection, o.ID)), orders.Observing(), orders.News{
		Connection: h.connection, Channel: "tiktok", ChannelID: o.ID, Status: orders.Ready, Vendor: o.Status, Packages: []string{o.Packages[0].ID},
		Lines: []orderevents.Line{{Listing: listed, Code: "HOODIE-M", Quantity: 1, Price: price}}, Total: price, Buyer: "b",
		Created: o.CreateTime, Updated: o.UpdateTime,
	}, eventlog.Meta{})
	if err != nil {
		h.Fatal(err)
	}
	return o
}

func (h *house) status(o tiktoksim.OrderState) flow.Status {
	h.Helper()
	state, err := h.log.Fold(h.Context(), h.definition.Fold(orders.ID(h.connection, o.ID)))
	if err != nil {
		h.Fatal(err)
	}
	return state.Value.(flow.Status)
}

// pass lets time go by.
func (h *house) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func outage(h *house, how cut, count int) {
	h.flows()
	h.line.cut.Store(&how)
	var placed []tiktoksim.OrderState
	for range count {
		placed = append(placed, h.place())
	}
	h.pass(75 * time.Minute)
	waits := 0
	for _, o := range placed {
		if s := h.status(o); s.Phase == flow.Waits && s.Waiting.Code == fulfilment.WaitAway {
			waits++
		}
	}
	if waits < count-1 { // one may be trying
		h.Errorf("%d of %d flows wait for the channel", waits, count)
	}
	h.line.cut.Store(nil)
	h.pass(11 * time.Minute) // one that looks while another's call is the trial waits once more
	wantOneLabelEach(h.T, h.sim, h.log, placed)
}

// A request to ship that takes effect late, after we have given up or died, is not made twice, at a
// vendor that would carry out a second one.
func TestAShipThatTakesEffectLate(t *testing.T) {
	const count = 6 // so that of some the connection is dropped at once, and others get no answer for long
	tests := []struct {
		name string
		late time.Duration
		then func(h *house, kill func())
	}{
		{"within the time of a call", 8 * time.Second, func(*house, func()) {}},
		{"after we gave up", 28 * time.Second, func(*house, func()) {}},
		{"after we were killed", 28 * time.Second, func(h *house, kill func()) {
			kill()
			h.open()
			h.flows()
		}},
		{"while another process came", 28 * time.Second, func(h *house, _ func()) {
			h.open()
			h.flows()
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inHouse(t, tiktoksim.Config{Reship: true, Faults: tiktoksim.Faults{ShipLate: 1, ShipLateBy: test.late}}, func(h *house) {
				kill := h.flows()
				var placed []tiktoksim.OrderState
				for range count {
					placed = append(placed, h.place())
				}
				h.pass(time.Second)
				test.then(h, kill)
				h.pass(3 * time.Minute)
				wantOneLabelEach(h.T, h.sim, h.log, placed)
				if faults := h.sim.Counts().Faults; faults["late"]*faults["late, dropped"] == 0 {
					h.Errorf("faults %v, want some of both", faults)
				}
			})
		})
	}
}
