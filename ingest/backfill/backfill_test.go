package backfill_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/channels/outbound"
	"github.com/creatorflow/creatorflow/channels/shopify"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	"github.com/creatorflow/creatorflow/channels/tiktok"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	rules "github.com/creatorflow/creatorflow/domain/backfill"
	"github.com/creatorflow/creatorflow/domain/events"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/events/shops"
	shoprules "github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest/backfill"
	"github.com/creatorflow/creatorflow/ingest/intake"
	"github.com/creatorflow/creatorflow/storage/storagetest"
	"github.com/creatorflow/creatorflow/vault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(storagetest.With(m)) }

// channel is one simulated vendor with one shop.
type channel struct {
	handler http.Handler
	lists   func(r *http.Request, body []byte) bool // a request is for a page of orders
	place   func(at time.Time) (order string, err error)
	open    func(url string, o channels.Opening) (channels.Opening, func(channels.Opening) channels.Connector)
}

const (
	tiktokShop   = "7490000000000000001"
	shopifyShop  = "cf-demo.myshopify.com"
	amazonSeller = "A3TH9S8BH6GOGM"
)

func tiktokChannel(t *testing.T) channel {
	sim := tiktoksim.New(tiktoksim.Config{AppKey: "key", AppSecret: "secret", Seed: 1})
	cipher := sim.AddShop(tiktoksim.Shop{ID: tiktokShop})
	_, err := sim.AddProduct(tiktokShop, tiktoksim.Product{Title: "Mug", SKUs: []tiktoksim.SKU{{ID: "17290000", SellerSKU: "MUG", Price: "5.00", Quantity: 1000}}})
	fatal(t, err)
	return channel{
		handler: sim.Handler(),
		lists:   func(r *http.Request, _ []byte) bool { return strings.HasSuffix(r.URL.Path, "/orders/search") },
		place: func(at time.Time) (string, error) {
			return sim.PlaceOrder(tiktokShop, tiktoksim.NewOrder{BuyerID: "7494000000000000001", CreateTime: at, Lines: []tiktoksim.Line{{SKUID: "17290000", Quantity: 1}}})
		},
		open: func(url string, o channels.Opening) (channels.Opening, func(channels.Opening) channels.Connector) {
			o.App = channels.App{ID: "a1", Channel: "tiktok", Key: "key", Secrets: []string{"secret"}, BaseURL: url, AuthURL: url}
			o.Connection = channels.Connection{ID: "k7", App: "a1", Channel: "tiktok", ShopID: tiktokShop, Cipher: cipher}
			pair := sim.Tokens(tiktokShop)
			o.Tokens = tiktok.Vendor.Keeper(o, pocket{channels.Token{Access: pair.AccessToken, AccessExpires: pair.AccessExpires, Refresh: pair.RefreshToken, RefreshExpires: pair.RefreshExpires}})
			return o, tiktok.Vendor.Open
		},
	}
}

func shopifyChannel(t *testing.T) channel {
	sim := shopifysim.New(shopifysim.Config{ClientID: "key", ClientSecret: "secret", Seed: 1})
	sim.AddShop(shopifysim.Shop{Domain: shopifyShop, Name: "Shop"})
	_, variants, err := sim.AddProduct(shopifyShop, shopifysim.Product{Title: "Mug", Variants: []shopifysim.SKU{{SKU: "MUG", Price: "5.00", Quantity: 1000}}})
	fatal(t, err)
	return channel{
		handler: sim.Handler(),
		lists:   func(_ *http.Request, body []byte) bool { return bytes.Contains(body, []byte("ChangedOrders")) },
		place: func(at time.Time) (string, error) {
			id, err := sim.PlaceOrder(shopifyShop, shopifysim.NewOrder{At: at, Buyer: "Ana", Lines: []shopifysim.Line{{Variant: variants[0], Quantity: 1}}})
			return strconv.FormatInt(id, 10), err
		},
		open: func(url string, o channels.Opening) (channels.Opening, func(channels.Opening) channels.Connector) {
			o.App = channels.App{ID: "a1", Channel: "shopify", Key: "key", Secrets: []string{"secret"}, BaseURL: url}
			o.Connection = channels.Connection{ID: "k7", App: "a1", Channel: "shopify", ShopID: shopifyShop}
			pair := sim.Tokens(shopifyShop)
			o.Tokens = shopify.Vendor.Keeper(o, pocket{channels.Token{Access: pair.AccessToken, AccessExpires: pair.AccessExpires, Refresh: pair.RefreshToken, RefreshExpires: pair.RefreshExpires}})
			return o, shopify.Vendor.Open
		},
	}
}

func amazonChannel(t *testing.T) channel {
	sim := amazonsim.New(amazonsim.Config{ClientID: "key", ClientSecret: "secret", Seed: 1, Unlimited: true})
	refresh := sim.AddSeller(amazonsim.Seller{ID: amazonSeller, Name: "Store"})
	_, err := sim.AddListing(amazonSeller, amazonsim.Listing{SKU: "MUG", Title: "Mug", Type: "MUG", Price: "5.00", Quantity: 1000})
	fatal(t, err)
	return channel{
		handler: sim.Handler(),
		lists:   func(r *http.Request, _ []byte) bool { return strings.HasSuffix(r.URL.Path, "/2026-01-01/orders") },
		place: func(at time.Time) (string, error) {
			return sim.PlaceOrder(amazonSeller, amazonsim.NewOrder{BuyerName: "Ana", CreateTime: at, Lines: []amazonsim.Line{{SKU: "MUG", Quantity: 1}}})
		},
		open: func(url string, o channels.Opening) (channels.Opening, func(channels.Opening) channels.Connector) {
			o.App = channels.App{ID: "a1", Channel: "amazon", Key: "key", Secrets: []string{"secret"}, BaseURL: url, AuthURL: url}
			token, found, err := amazon.Vendor.Authorize(t.Context(), o, channels.Grant{"refresh-token": refresh, "seller-id": amazonSeller, "marketplace": "GB"})
			fatal(t, err)
			o.Connection = found[0]
			o.Connection.ID, o.Connection.App, o.Connection.Channel = "k7", "a1", "amazon"
			o.Tokens = amazon.Vendor.Keeper(o, pocket{token})
			return o, amazon.Vendor.Open
		},
	}
}

// pocket keeps one token pair.
type pocket struct{ pair channels.Token }

func (p pocket) Token(context.Context) (channels.Token, error)  { return p.pair, nil }
func (p pocket) SetToken(context.Context, channels.Token) error { return nil }

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rig is a shop behind HTTP, the hub's storage, and what Fillers run on.
type rig struct {
	channel
	t         *testing.T
	log       *eventlog.Log
	vault     *vault.Vault
	shop      channels.Connection
	connector channels.Connector
	asked     atomic.Int64                      // pages of orders
	front     atomic.Pointer[func(n int64) int] // answers a page with a status in the vendor's place; 0 = it does not
}

func newRig(t *testing.T, c channel) *rig { return newRigAt(t, c, time.Now) }

// newRigAt has the connector go by a clock.
func newRigAt(t *testing.T, c channel, clock func() time.Time) *rig {
	t.Helper()
	r := &rig{channel: c, t: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		q.Body = io.NopCloser(bytes.NewReader(body))
		if c.lists(q, body) {
			n := r.asked.Add(1)
			if front := r.front.Load(); front != nil {
				if status := (*front)(n); status != 0 {
					w.WriteHeader(status)
					return
				}
			}
		}
		c.handler.ServeHTTP(w, q)
	}))
	t.Cleanup(server.Close)
	client, err := outbound.NewClient(server.URL)
	fatal(t, err)
	t.Cleanup(client.CloseIdleConnections)
	o, open := c.open(server.URL, channels.Opening{Client: client, Clock: clock, Timeout: 5 * time.Second})
	r.shop, r.connector = o.Connection, open(o)
	place := storagetest.New(t)
	r.log, err = eventlog.Open(t.Context(), place.Log(), eventlog.Options{Decode: events.Decode, Clock: time.Now})
	fatal(t, err)
	r.run(r.log.Run)
	r.vault, err = vault.Open(place.Vault(), vault.Master{1}, vault.Options{Clock: time.Now})
	fatal(t, err)
	_, err = eventlog.Execute(t.Context(), r.log, shops.Connection("main", "k7"), shoprules.Connecting(), shops.Connected{Connection: "k7", Channel: r.shop.Channel}, eventlog.Meta{})
	fatal(t, err)
	return r
}

// run runs a part until it is stopped, at the latest at the end of the test.
func (r *rig) run(part func(context.Context) error) (stop func()) {
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
			r.t.Error(err)
		}
	}
	r.t.Cleanup(stop)
	return stop
}

// start starts a Filler as a start of the hub does.
func (r *rig) start() (f *backfill.Filler, stop func()) {
	f = backfill.New(backfill.Options{
		Log: r.log, Vault: r.vault, Intake: intake.New(r.log, r.vault, "main"), Workspace: "main", Connections: func() []channels.Connection { return []channels.Connection{r.shop} },
		Connector: func(string) (channels.Connector, bool) { return r.connector, true }, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
		Notify: func(string) {}, Pause: time.Millisecond,
	})
	return f, r.run(f.Run)
}

func (r *rig) execute(request eventlog.Request) error {
	_, err := r.log.Execute(r.t.Context(), request)
	return err
}

// begin asks for the days before now.
func (r *rig) begin(days int) {
	r.t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	fatal(r.t, r.execute(rules.Begin("main", rules.Ask{Connection: "k7", From: now.AddDate(0, 0, -days), Until: now, Last: now, Now: now})))
}

// until waits until the back-fill stands as it should.
func (r *rig) until(reached func(rules.State) bool) rules.State {
	r.t.Helper()
	waiting, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	for position := eventlog.Position(0); ; {
		s, err := rules.Find(waiting, r.log, "main", "k7")
		fatal(r.t, err)
		if reached(s) {
			return s
		}
		if position, err = r.log.Wait(waiting, position); err != nil {
			r.t.Fatalf("it stands at %+v: %v", s, err)
		}
	}
}

func ended(s rules.State) bool { return s.Ended.Number > 0 && !s.Running }

// placed counts the orders in the log, by the channel's id.
func (r *rig) placed() map[string]int {
	r.t.Helper()
	found := map[string]int{}
	for after := eventlog.Position(0); ; {
		records, err := r.log.ReadAll(r.t.Context(), after, 500)
		fatal(r.t, err)
		for _, record := range records {
			if e, ok := record.Event.(orderevents.Placed); ok {
				found[e.ChannelID]++
			}
			after = record.Position
		}
		if len(records) < 500 {
			return found
		}
	}
}

// TestKilledAndResumed: on each channel every order of the range is taken in once, also when the process ends between two pages, and
// what was read to its end is not read again.
func TestKilledAndResumed(t *testing.T) {
	for name, open := range map[string]func(*testing.T) channel{"tiktok": tiktokChannel, "shopify": shopifyChannel, "amazon": amazonChannel} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, open(t))
			begin := time.Now().UTC().Truncate(time.Second).AddDate(0, 0, -9)
			want := map[string]bool{}
			for i := range 250 { // 120 on the first day, the others on those after
				at := begin.Add(time.Minute + time.Duration(i)*11*time.Minute)
				if i >= 120 {
					at = begin.Add(25*time.Hour + time.Duration(i-120)*77*time.Minute)
				}
				id, err := r.place(at)
				fatal(t, err)
				want[id] = true
			}
			early, err := r.place(begin.Add(-time.Hour))
			fatal(t, err)

			reached, gate := make(chan struct{}, 1), make(chan struct{})
			hold := func(at int64) func(int64) int {
				return func(n int64) int {
					if n == at {
						reached <- struct{}{}
						<-gate
						return http.StatusServiceUnavailable
					}
					return 0
				}
			}
			r.begin(9)
			for kill, page := range []int64{2, 3} { // within the first day, and behind it on channels with long pages
				stopAt := r.asked.Load() + page
				front := hold(stopAt)
				r.front.Store(&front)
				_, stop := r.start()
				<-reached
				go func() { gate <- struct{}{} }()
				stop()
				if s, err := rules.Find(t.Context(), r.log, "main", "k7"); err != nil || !s.Running {
					t.Fatalf("killed %d times it stands at %+v, %v", kill+1, s, err)
				}
			}
			r.front.Store(nil)
			f, _ := r.start()
			s := r.until(ended)
			if s.Ended.Read != int64(len(want)) || s.Ended.Broken != 0 || s.Ended.Failed != "" || s.Ended.Stopped || !s.Ended.Through.Equal(s.Begun.Until) ||
				!strings.HasPrefix(s.Ended.Sentence, "250 orders placed from ") {
				t.Errorf("it ended with %+v", s.Ended)
			}
			found := r.placed()
			for id := range want {
				if found[id] != 1 {
					t.Errorf("order %s is in the log %d times", id, found[id])
				}
			}
			if len(found) != len(want) || found[early] != 0 {
				t.Errorf("%d orders in the log, want %d; the one before the range %d times", len(found), len(want), found[early])
			}
			if r.asked.Load() < 4 {
				t.Errorf("%d pages were asked for, want more than the three", r.asked.Load())
			}

			t.Log("what is complete yields nothing when it is read once more")
			before := r.log.Head().Position
			r.begin(9)
			f.Wake()
			if s = r.until(func(s rules.State) bool { return s.Ended.Number == 2 }); s.Ended.Read != int64(len(want)) {
				t.Errorf("the second time it read %d", s.Ended.Read)
			}
			if took := r.log.Head().Position - before; took != 2 {
				t.Errorf("the second time the log took %d events, want its begin and its end", took)
			}
		})
	}
}

// TestGoesOnBehindASlice: a restart does not read anew what was read to the end of a slice.
func TestGoesOnBehindASlice(t *testing.T) {
	r := newRig(t, tiktokChannel(t))
	begin := time.Now().UTC().Truncate(time.Second).AddDate(0, 0, -9)
	for i := range 9 {
		_, err := r.place(begin.Add(time.Duration(i)*24*time.Hour + time.Minute))
		fatal(t, err)
	}
	r.begin(9) // slices of 1, 2, 4 and 2 days
	reached, gate := make(chan struct{}), make(chan struct{})
	front := func(n int64) int {
		if n == 3 {
			close(reached)
			<-gate
			return http.StatusServiceUnavailable
		}
		return 0
	}
	r.front.Store(&front)
	f, stop := r.start()
	<-reached
	p, under := f.Progress("k7")
	if !under || p.Read != 3 || !p.Through.Equal(begin.AddDate(0, 0, 3)) {
		t.Errorf("behind two slices it is at %+v, %v", p, under)
	}
	if said := p.Sentence(r.until(func(rules.State) bool { return true }).Begun, time.UTC); !strings.HasPrefix(said, "3 orders read, up to ") || !strings.Contains(said, " left.") {
		t.Errorf("it says %q", said)
	}
	go close(gate)
	stop()
	r.front.Store(nil)
	r.asked.Store(0)
	r.start()
	if s := r.until(ended); s.Ended.Read != 9 {
		t.Errorf("it ended with %+v", s.Ended)
	}
	if r.asked.Load() != 2 {
		t.Errorf("after the restart %d pages were asked for, want those of the last two slices", r.asked.Load())
	}
}

// TestStopped: it ends at once when somebody asks for that, also while the channel does not answer.
func TestStopped(t *testing.T) {
	r := newRig(t, tiktokChannel(t))
	_, err := r.place(time.Now().Add(-time.Hour))
	fatal(t, err)
	down := func(int64) int { return http.StatusServiceUnavailable }
	r.front.Store(&down)
	r.begin(3)
	f, _ := r.start()
	waiting := time.Now().Add(time.Minute)
	for p, _ := f.Progress("k7"); !strings.Contains(p.Trouble, "does not answer"); p, _ = f.Progress("k7") {
		if time.Now().After(waiting) {
			t.Fatalf("it does not say what it waits for: %+v", p)
		}
		<-time.After(5 * time.Millisecond)
	}
	stop := func() error {
		_, err := eventlog.Execute(t.Context(), r.log, shops.Backfills("main", "k7"), rules.Stopping(), shops.BackfillStopped{Connection: "k7"}, eventlog.Meta{})
		return err
	}
	fatal(t, stop())
	f.Wake()
	s := r.until(ended)
	if !s.Ended.Stopped || s.Ended.Failed != "" || s.Ended.Read != 0 || !strings.HasPrefix(s.Ended.Sentence, "Ended at ") {
		t.Errorf("it ended with %+v", s.Ended)
	}
	if err := stop(); !errors.Is(err, rules.ErrIdle) {
		t.Errorf("stopped again: %v", err)
	}
}

// TestRefusedByTheChannel ends it with what the channel said.
func TestRefusedByTheChannel(t *testing.T) {
	r := newRig(t, tiktokChannel(t))
	no := func(int64) int { return http.StatusNotFound }
	r.front.Store(&no)
	r.begin(3)
	r.start()
	s := r.until(ended)
	if !strings.Contains(s.Ended.Failed, "refuses to list its orders") || !strings.Contains(s.Ended.Sentence, s.Ended.Failed) || s.Ended.Stopped {
		t.Errorf("it ended with %+v", s.Ended)
	}
}

// TestFailingShop: of a shop that cannot be reached nothing is asked, and of one that is not there neither.
func TestFailingShop(t *testing.T) {
	r := newRig(t, tiktokChannel(t))
	now := time.Now().UTC().Truncate(time.Second)
	ask := rules.Ask{Connection: "k7", From: now.AddDate(0, 0, -3), Until: now, Last: now, Now: now}
	_, err := eventlog.Execute(t.Context(), r.log, shops.Connection("main", "k7"), shoprules.Failed(), shops.Failing{Connection: "k7", Reason: "No.", Mend: "Wait."}, eventlog.Meta{})
	fatal(t, err)
	if err := r.execute(rules.Begin("main", ask)); !errors.Is(err, rules.ErrFailing) {
		t.Errorf("a shop that fails: %v", err)
	}
	_, err = eventlog.Execute(t.Context(), r.log, shops.Connection("main", "k7"), shoprules.Recovering(), shops.Recovered{Connection: "k7"}, eventlog.Meta{})
	fatal(t, err)
	fatal(t, r.execute(rules.Begin("main", ask)))
	if err := r.execute(rules.Begin("main", ask)); !errors.Is(err, rules.ErrRunning) {
		t.Errorf("one is under way: %v", err)
	}
	ask.Connection = "nobody"
	if err := r.execute(rules.Begin("main", ask)); !errors.Is(err, shoprules.ErrShop) {
		t.Errorf("no such shop: %v", err)
	}
}

// TestLiveCallsGoFirst: of what may be sent at once two calls are left to live work, and what reads older orders waits for more.
func TestLiveCallsGoFirst(t *testing.T) {
	still := time.Now() // quota never comes back
	r := newRigAt(t, tiktokChannel(t), func() time.Time { return still })
	for i := range 301 {
		_, err := r.place(time.Now().UTC().Add(-time.Duration(i+1) * time.Minute))
		fatal(t, err)
	}
	r.begin(1) // four pages; the connector may send four calls at once
	f, _ := r.start()
	paced, ok := r.connector.(channels.Paced)
	if !ok {
		t.Fatal("the connector does not tell its pace")
	}
	for waiting := time.Now().Add(time.Minute); paced.State().Rates["list changed orders"].Waiting == 0; <-time.After(5 * time.Millisecond) {
		if time.Now().After(waiting) {
			t.Fatalf("nothing waits for quota after %d pages", r.asked.Load())
		}
	}
	if n := r.asked.Load(); n != 2 {
		t.Errorf("it read %d pages of four before it left the rest to others, want 2", n)
	}
	for range 2 {
		live, cancel := context.WithTimeout(t.Context(), time.Minute)
		if _, err := r.connector.Changed(live, time.Now().Add(-time.Minute), time.Now(), ""); err != nil {
			t.Errorf("a live call behind it: %v", err)
		}
		cancel()
	}
	_, err := eventlog.Execute(t.Context(), r.log, shops.Backfills("main", "k7"), rules.Stopping(), shops.BackfillStopped{Connection: "k7"}, eventlog.Meta{})
	fatal(t, err)
	f.Wake()
	if s := r.until(ended); !s.Ended.Stopped || s.Ended.Read != 200 {
		t.Errorf("it ended with %+v", s.Ended)
	}
}

// TestWhatWasPlacedLatelyIsNews: an order of the last day may be one that no poll has met, so it is taken in as polls do.
func TestWhatWasPlacedLatelyIsNews(t *testing.T) {
	r := newRig(t, tiktokChannel(t))
	old, err := r.place(time.Now().Add(-25 * time.Hour))
	fatal(t, err)
	news, err := r.place(time.Now().Add(-23 * time.Hour))
	fatal(t, err)
	r.begin(3)
	r.start()
	r.until(ended)
	records, err := r.log.ReadAll(r.t.Context(), 0, 500)
	fatal(t, err)
	causes := map[string]string{}
	for _, record := range records {
		if e, ok := record.Event.(orderevents.Placed); ok {
			causes[e.ChannelID] = record.Cause
		}
	}
	if causes[old] != "backfill:k7" || causes[news] != "poll:k7" {
		t.Errorf("the causes are %q and %q", causes[old], causes[news])
	}
}
