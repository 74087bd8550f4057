package listings_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/outbound"
	"github.com/creatorflow/creatorflow/channels/tiktok"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest/listings"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(storagetest.With(m)) }

const (
	shopID = "7490000000000000001"
	search = "POST /product/202502/products/search"
)

// yard is a simulated shop, a log with its view, and what importers run on.
type yard struct {
	*tiktoksim.Sim
	t      *testing.T
	log    *eventlog.Log
	o      listings.Options
	detail atomic.Pointer[func()] // called before a product's details are answered
}

// pocket keeps one token pair.
type pocket struct{ pair channels.Token }

func (p pocket) Token(context.Context) (channels.Token, error)  { return p.pair, nil }
func (p pocket) SetToken(context.Context, channels.Token) error { return nil }

func newYard(t *testing.T) *yard {
	t.Helper()
	y := &yard{t: t, Sim: tiktoksim.New(tiktoksim.Config{AppKey: "key", AppSecret: "secret", Seed: 1})}
	handler := y.Handler()
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before := y.detail.Load(); before != nil && r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/products/") {
			(*before)()
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(vendor.Close)
	client, err := outbound.NewClient(vendor.URL)
	fatal(t, err)
	t.Cleanup(client.CloseIdleConnections)
	shop := channels.Connection{ID: "k7", App: "a1", Channel: "tiktok", ShopID: shopID, Cipher: y.AddShop(tiktoksim.Shop{ID: shopID})}
	pair := y.Tokens(shopID)
	o := channels.Opening{
		App:        channels.App{ID: "a1", Channel: "tiktok", Key: "key", Secrets: []string{"secret"}, BaseURL: vendor.URL, AuthURL: vendor.URL},
		Connection: shop, Client: client, Clock: time.Now, Timeout: 5 * time.Second,
	}
	o.Tokens = tiktok.Vendor.Keeper(o, pocket{channels.Token{Access: pair.AccessToken, AccessExpires: pair.AccessExpires, Refresh: pair.RefreshToken, RefreshExpires: pair.RefreshExpires}})
	connector := tiktok.New(o)
	place := storagetest.New(t)
	y.log, err = eventlog.Open(t.Context(), place.Log(), eventlog.Options{Decode: events.Decode, Clock: time.Now})
	fatal(t, err)
	views := place.Views()
	runner := projection.NewRunner(y.log, views, []projection.Projection{catalogue.View{}}, projection.Options{})
	y.run(y.log.Run)
	y.run(runner.Run)
	y.o = listings.Options{
		Log: y.log, Views: views, Workspace: "main", CaughtUp: runner.WaitFor, Clock: time.Now, Logger: slog.New(slog.DiscardHandler), Pause: time.Millisecond,
		Connections: func() []channels.Connection { return []channels.Connection{shop} },
		Connector:   func(string) (channels.Connector, bool) { return connector, true },
	}
	return y
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// run runs a part until it is stopped, at the latest at the end of the test.
func (y *yard) run(part func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- part(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			y.t.Error(err)
		}
	}
	y.t.Cleanup(stop)
	return stop
}

func (y *yard) list(p tiktoksim.Product) {
	y.t.Helper()
	_, err := y.AddProduct(shopID, p)
	fatal(y.t, err)
}

// begin asks for an import.
func (y *yard) begin(create bool) {
	y.t.Helper()
	_, err := eventlog.Execute(y.t.Context(), y.log, shops.Imports("main", "k7"), catalogue.Importing(), shops.ImportBegun{Connection: "k7", Create: create}, eventlog.Meta{})
	fatal(y.t, err)
}

// until waits until the import is as it should be.
func (y *yard) until(reached func(catalogue.Import) bool) catalogue.Import {
	y.t.Helper()
	waiting, cancel := context.WithTimeout(y.t.Context(), time.Minute)
	defer cancel()
	for position := eventlog.Position(0); ; {
		s, err := catalogue.FindImport(waiting, y.log, "main", "k7")
		fatal(y.t, err)
		if reached(s) {
			return s
		}
		if position, err = y.log.Wait(waiting, position); err != nil {
			y.t.Fatalf("the import stands at %+v: %v", s, err)
		}
	}
}

// count counts the log's events by name.
func (y *yard) count() map[string]int {
	y.t.Helper()
	counts := map[string]int{}
	for after := eventlog.Position(0); ; {
		records, err := y.log.ReadAll(y.t.Context(), after, 500)
		fatal(y.t, err)
		for _, r := range records {
			counts[r.Name]++
			after = r.Position
		}
		if len(records) < 500 {
			return counts
		}
	}
}

// An import that is killed again and again ends, and has done everything once.
func TestKilledImportGoesOn(t *testing.T) {
	const many = 350
	y := newYard(t)
	for i := range many {
		y.list(tiktoksim.Product{Title: "Mug", SKUs: []tiktoksim.SKU{{SellerSKU: fmt.Sprintf("MUG-%03d", i), Quantity: 1 + i}}})
	}
	y.begin(true)
	for done := int64(0); done < many; {
		stop := y.run(listings.New(y.o).Run)
		s := y.until(func(s catalogue.Import) bool { return s.Mapped > done || !s.Running })
		stop()
		done = s.Mapped
	}
	y.run(listings.New(y.o).Run)
	s := y.until(func(s catalogue.Import) bool { return !s.Running })
	if s.Ended.Read != many || s.Ended.Mapped != many || s.Ended.Created != many || s.Ended.Left != 0 || s.Ended.Failed != "" {
		t.Errorf("it ended with %+v", s.Ended)
	}
	if got := y.count(); got["listing.mapped"] != many || got["stock.received"] != many || got["listing.shown"] != many || got["import.ended"] != 1 {
		t.Errorf("the log has %v", got)
	}
}

// An undo that is killed goes on as well.
func TestKilledUndoGoesOn(t *testing.T) {
	const many = 250
	y := newYard(t)
	for i := range many {
		y.list(tiktoksim.Product{Title: "Mug", SKUs: []tiktoksim.SKU{{SellerSKU: fmt.Sprintf("MUG-%03d", i), Quantity: 1}}})
	}
	y.begin(true)
	stop := y.run(listings.New(y.o).Run)
	y.until(func(s catalogue.Import) bool { return !s.Running })
	stop()
	_, err := eventlog.Execute(t.Context(), y.log, shops.Imports("main", "k7"), catalogue.Undoing(), shops.UndoBegun{Connection: "k7"}, eventlog.Meta{})
	fatal(t, err)
	for before := 0; ; {
		head := y.log.Head().Position
		stop := y.run(listings.New(y.o).Run)
		waiting, cancel := context.WithTimeout(t.Context(), time.Minute)
		_, err := y.log.Wait(waiting, head)
		cancel()
		stop()
		fatal(t, err)
		got := y.count()
		if got["import.undone"] > 0 {
			break
		}
		if got["listing.unmapped"] <= before {
			t.Fatalf("it does not go on: %v", got)
		}
		before = got["listing.unmapped"]
	}
	if got := y.count(); got["listing.unmapped"] != many || got["import.undone"] != 1 {
		t.Errorf("the log has %v", got)
	}
}

// A shop that does not answer is asked again, and then the import ends and says so.
func TestShopThatDoesNotAnswer(t *testing.T) {
	y := newYard(t)
	y.list(tiktoksim.Product{Title: "Mug", SKUs: []tiktoksim.SKU{{SellerSKU: "MUG", Quantity: 1}}})
	y.SetFaults(tiktoksim.Faults{API5xx: 1})
	y.begin(true)
	importer := listings.New(y.o)
	y.run(importer.Run)
	s := y.until(func(s catalogue.Import) bool { return !s.Running })
	if !strings.Contains(s.Ended.Failed, "does not answer") || s.Ended.Mapped != 0 || !s.Whole.IsZero() || y.Counts().Requests[search] < 4 {
		t.Errorf("after %d requests it ended with %+v", y.Counts().Requests[search], s.Ended)
	}
}

// What a person says while an import has its plan ready is not overwritten, and nothing is made for it.
func TestPersonIsFaster(t *testing.T) {
	y := newYard(t)
	y.list(tiktoksim.Product{Title: "Mug", SKUs: []tiktoksim.SKU{
		{ID: "1", SellerSKU: "MUG", Variant: "Red", Quantity: 1}, {ID: "2", SellerSKU: "CUP", Variant: "Blue", Quantity: 1},
	}})
	said := func() { // the plan is made of what was known before the variants are asked for
		_, err := y.log.Append(context.Background(), eventlog.Write{
			Stream: shops.Listing("main", "k7", "MUG"), Events: []eventlog.Event{shops.Mapped{Connection: "k7", Code: "MUG", SKU: "OTHER"}},
		})
		if err != nil {
			t.Error(err)
		}
	}
	y.detail.Store(&said)
	y.begin(true)
	importer := listings.New(y.o)
	y.run(importer.Run)
	s := y.until(func(s catalogue.Import) bool { return !s.Running })
	if got := y.count(); s.Ended.Mapped != 1 || s.Ended.Created != 1 || got["listing.mapped"] != 2 || got["stock.received"] != 1 {
		t.Errorf("it ended with %+v, the log has %v", s.Ended, got)
	}
	state, err := y.log.Fold(t.Context(), catalogue.Fold("main", "k7", "MUG"))
	if err != nil || state.Value != (catalogue.State{SKU: "OTHER"}) {
		t.Errorf("the code means %+v, %v", state.Value, err)
	}
}

// An importer that comes late to an import that has ended does nothing of it.
func TestLateImporter(t *testing.T) {
	y := newYard(t)
	y.list(tiktoksim.Product{Title: "Mug", SKUs: []tiktoksim.SKU{
		{ID: "1", SellerSKU: "MUG", Variant: "Red", Quantity: 1}, {ID: "2", SellerSKU: "CUP", Variant: "Blue", Quantity: 1},
	}})
	ended := func() {
		if _, err := eventlog.Execute(context.Background(), y.log, shops.Imports("main", "k7"), catalogue.Ending(), shops.ImportEnded{Connection: "k7", Number: 1}, eventlog.Meta{}); err != nil {
			t.Error(err)
		}
	}
	y.detail.Store(&ended)
	y.begin(true)
	importer := listings.New(y.o)
	y.run(importer.Run)
	y.idle(importer)
	if got := y.count(); len(got) != 2 || got["import.ended"] != 1 {
		t.Errorf("the log has %v", got)
	}
}

// idle waits until an importer has done what it was about.
func (y *yard) idle(importer *listings.Importer) catalogue.Progress {
	y.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-time.After(time.Millisecond) {
		if p, known := importer.Progress("k7"); known && !p.Running {
			return p
		}
	}
	y.t.Fatal("the importer does not come to an end")
	return catalogue.Progress{}
}

// One preview of a shop is under way at a time, and it is told to the end when the importer starts later.
func TestPreview(t *testing.T) {
	y := newYard(t)
	y.list(tiktoksim.Product{Title: "Mug\n", SKUs: []tiktoksim.SKU{{ID: "1", SellerSKU: "MUG", Quantity: 1}, {ID: "2", SellerSKU: "A\tB"}, {ID: "3", SellerSKU: strings.Repeat("c", 201)}}})
	importer := listings.New(y.o)
	if _, ok := importer.Progress("k7"); ok {
		t.Error("there is progress before anything was asked")
	}
	fatal(t, importer.Preview("k7", false))
	if err := importer.Preview("k7", true); !errors.Is(err, catalogue.ErrImporting) {
		t.Errorf("a second one beside it: %v", err)
	}
	y.run(importer.Run)
	p := y.idle(importer)
	if len(p.Steps) != 1 || p.Steps[0].Title != "Mug" || p.Steps[0].Do != catalogue.DoLeave || p.Running || !p.DryRun || p.Read != 1 {
		t.Errorf("it came to %+v", p)
	}
	if len(p.Broken) != 2 || p.Broken[0].Field != "seller_sku" || p.Broken[0].Record != "listing 2" {
		t.Errorf("broken are %+v", p.Broken)
	}
	if y.log.Head().Position != 0 {
		t.Error("a preview wrote something")
	}
}
