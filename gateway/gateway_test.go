package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/domain/backorders"
	"github.com/creatorflow/creatorflow/domain/bundles"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	"github.com/creatorflow/creatorflow/domain/events"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	workspaceevents "github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/headroom"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/domain/signals"
	"github.com/creatorflow/creatorflow/domain/traffic"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	eventids "github.com/creatorflow/creatorflow/eventlog/ids"
	"github.com/creatorflow/creatorflow/gateway"
	"github.com/creatorflow/creatorflow/gateway/corrections"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/realtime"
	"github.com/creatorflow/creatorflow/storage/memory"
	"github.com/creatorflow/creatorflow/storage/storagetest"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// TestMain looks for goroutines that were left. centrifuge sleeps a second before it leaves an empty
// topic, also after its end.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(storagetest.With(m), goleak.IgnoreAnyFunction("github.com/centrifugal/centrifuge.(*Node).unsubscribeFromBrokerWhenEmpty.func1"))
}

const password = "correct horse battery"

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// site is a whole gateway on real parts: log, views, vault and live topics.
type site struct {
	*httptest.Server
	gateway  *gateway.Gateway
	clock    *clock
	log      *eventlog.Log
	vault    *vault.Vault
	accounts *accounts.Accounts
	views    *projection.Runner
	live     *realtime.Live
	reads    *reads.Reads
	store    projection.Store

	mu      sync.Mutex
	hooks   []string // what the intake got
	intake  int      // what it answers
	signOut []string
}

// SignOut passes on, and remembers.
func (s *site) SignOut(user, session string) {
	s.mu.Lock()
	s.signOut = append(s.signOut, user+" "+session)
	s.mu.Unlock()
	s.live.SignOut(user, session)
}

func (s *site) Handler() http.Handler { return s.live.Handler() }

var start = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func newSite(t testing.TB, change ...func(o *gateway.Options)) *site {
	t.Helper()
	s := &site{clock: &clock{now: start}, intake: http.StatusOK}
	place := storagetest.New(t)
	var err error
	s.vault, err = vault.Open(place.Vault(), vault.Master{1}, vault.Options{Clock: s.clock.Now})
	fatal(t, err)
	s.accounts = accounts.New(s.vault)
	views := place.Views()
	s.log, err = eventlog.Open(t.Context(), memory.NewLog(uuid.New()), eventlog.Options{Decode: events.Decode, Clock: s.clock.Now})
	fatal(t, err)
	s.views = projection.NewRunner(s.log, views, []projection.Projection{
		orders.View{}, inventory.View{}, fulfilment.View{}, letters.View{}, shops.View{}, catalogue.View{}, workspace.View{}, signals.View{}, bundles.View{}, backorders.View{}, headroom.View{}, traffic.View{},
	}, projection.Options{Notify: func(n projection.Notice) { s.live.Notify(n) }})
	r := reads.New(reads.Options{Demo: func() string { return "none" }, Log: s.log, Vault: s.vault, Clock: s.clock.Now, Workspace: workspace.Main, Shops: func() map[string]reads.Shop {
		return map[string]reads.Shop{"k7": {LastSuccess: s.clock.Now(), LastPoll: s.clock.Now(), Limit: 2 * time.Minute, Webhooks: 3}}
	}})
	s.reads, s.store = r, views
	s.live, err = realtime.New(realtime.Options{
		Views: views, Topics: r.Topics(), Clock: s.clock.Now,
		Authorize: func(ctx context.Context, _, _ string) bool { return s.gateway.Present(ctx) },
	})
	fatal(t, err)
	run(t, s.log.Run)
	run(t, s.views.Run)
	run(t, s.live.Run)
	for len(s.views.Status()) == 0 { // until the views are open, nothing is read
		<-time.After(time.Millisecond)
	}
	o := gateway.Options{
		Log: s.log, Accounts: s.accounts, Views: views, Reads: r, Clock: s.clock.Now, Workspace: workspace.Main, Version: "test",
		Status: s.views.Status, Fulfilment: fulfilment.Definition(workspace.Main, nil), Live: s,
		Corrected: corrections.Desk{Vault: s.vault, Workspace: workspace.Main},
		Intake: func(_ context.Context, channel, app string, header http.Header, body []byte) int {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.hooks = append(s.hooks, channel+"/"+app+" "+header.Get("X-Signature")+" "+string(body))
			return s.intake
		},
		Web: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the app") }),
	}
	for _, c := range change {
		c(&o)
	}
	s.gateway = gateway.New(o)
	s.Server = httptest.NewServer(s.gateway)
	t.Cleanup(s.Close)
	return s
}

// run runs a part until the test ends, and waits for its end.
func run(t testing.TB, part func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = part(ctx) // ends with the context
	}()
	t.Cleanup(func() { cancel(); <-done })
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// caught waits until the views show all of the log.
func (s *site) caught(t testing.TB) {
	t.Helper()
	fatal(t, s.views.WaitFor(t.Context(), s.log.Head().Position))
}

func (s *site) key(t testing.TB, role accounts.Role, scopes ...string) string {
	t.Helper()
	key, _, err := s.accounts.MakeKey(t.Context(), "test", role, scopes, time.Time{})
	fatal(t, err)
	return string(key)
}

// reply is an answer that was read whole.
type reply struct {
	*http.Response
	text []byte
}

func (r reply) problem(t testing.TB) (p struct {
	Status    int
	Detail    string
	RequestID string `json:"request_id"`
	Errors    []struct{ Field, Rule string }
},
) {
	t.Helper()
	if got := r.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("%s %s: content type %q, want a problem document: %s", r.Request.Method, r.Request.URL.Path, got, r.text)
	}
	fatal(t, json.Unmarshal(r.text, &p))
	if p.Status != r.StatusCode || p.Detail == "" || p.RequestID == "" || p.RequestID != r.Header.Get("X-Request-Id") {
		t.Errorf("%s %s: problem %s, request id %q", r.Request.Method, r.Request.URL.Path, r.text, r.Header.Get("X-Request-Id"))
	}
	return p
}

// ask sends a request; headers come in pairs.
func (s *site) ask(t testing.TB, client *http.Client, method, path, body string, headers ...string) reply {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, content)
	fatal(t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	if client == nil {
		client = s.Client()
	}
	answer, err := client.Do(r)
	fatal(t, err)
	text, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	fatal(t, err)
	return reply{answer, text}
}

// browser keeps cookies, as browsers do.
func (s *site) browser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	fatal(t, err)
	return &http.Client{Transport: s.Client().Transport, Jar: jar}
}

func (s *site) owner(t testing.TB) *http.Client {
	t.Helper()
	link, err := s.accounts.MakeLink(t.Context(), "owner", accounts.Owner, time.Hour)
	fatal(t, err)
	b := s.browser(t)
	if a := s.ask(t, b, "POST", "/api/v1/setup", fmt.Sprintf(`{"token":%q,"user":"owner","password":%q}`, string(link), password)); a.StatusCode != 200 {
		t.Fatalf("setup: %d %s", a.StatusCode, a.text)
	}
	return b
}

func v7() string { return uuid.UUID(keys.Next()).String() }

// keys makes ids at the time at which the site's clock begins.
var keys = eventids.New(func() time.Time { return start })

// command sends a command as a browser or with a key.
func (s *site) command(t testing.TB, client *http.Client, name, body, id string, headers ...string) reply {
	t.Helper()
	return s.ask(t, client, "POST", "/api/v1/commands/"+name, body, append(headers, "Idempotency-Key", id)...)
}

// sell fills the log with a shop, an order and stock.
func (s *site) sell(t testing.TB) {
	t.Helper()
	w := workspace.Main
	price := money.Money{Minor: 250, Currency: "GBP"}
	write := func(stream eventlog.Stream, e eventlog.Event) {
		t.Helper()
		_, err := s.log.Append(t.Context(), eventlog.Write{Stream: stream, Events: []eventlog.Event{e}, Meta: eventlog.Meta{Actor: "channel:k7", Cause: "inbox:1"}})
		fatal(t, err)
	}
	_, _, err := s.vault.Put(t.Context(), vault.Delivery{Channel: "tiktok", App: "a1", Delivery: "d1", Body: []byte(`{"order_id":"576"}`)})
	fatal(t, err)
	write(workspaceevents.Stream(w), workspaceevents.Configured{Name: "Demo shop", Zone: "Europe/London", Currency: "GBP"})
	write(shopevents.Connection(w, "k7"), shopevents.Connected{Connection: "k7", Channel: "tiktok", App: "a1", ShopID: "749", Name: "Demo shop"})
	write(orderevents.Stream(w, "k7:576"), orderevents.Placed{
		Order: "k7:576", Connection: "k7", Channel: "tiktok", ChannelID: "576", Status: orders.Ready, Vendor: "AWAITING_SHIPMENT",
		Lines: []orderevents.Line{{Listing: "1729", Code: "85123A", Name: "HEART", Quantity: 2, Price: price}},
		Total: money.Money{Minor: 500, Currency: "GBP"}, Created: s.clock.Now(), Updated: s.clock.Now(),
	})
	fatal(t, s.vault.PutLabel(t.Context(), vault.Label{ID: "l1", Type: "application/pdf", File: []byte("%PDF-1.4")}))
	if a := s.command(t, nil, "receive-stock", `{"sku":"85123A","quantity":40,"reason":"delivery"}`, v7(), "Authorization", "Bearer "+s.key(t, accounts.Owner)); a.StatusCode != 200 {
		t.Fatalf("receive: %d %s", a.StatusCode, a.text)
	}
	s.caught(t)
	s.clock.add(time.Second)
}

// orderAt is the write of an order with one line.
func orderAt(s *site, id string) eventlog.Write {
	price := money.Money{Minor: 250, Currency: "GBP"}
	return eventlog.Write{Stream: orderevents.Stream(workspace.Main, id), Events: []eventlog.Event{orderevents.Placed{
		Order: id, Connection: "k7", Channel: "tiktok", ChannelID: id, Status: orders.Ready,
		Lines: []orderevents.Line{{Listing: "1", Code: "X", Quantity: 1, Price: price}}, Total: price, Created: s.clock.Now(), Updated: s.clock.Now(),
	}}}
}

func compact(t testing.TB, text []byte) string {
	t.Helper()
	var b bytes.Buffer
	fatal(t, json.Compact(&b, text))
	return b.String()
}
