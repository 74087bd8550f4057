package connect_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/connect"
	"github.com/creatorflow/creatorflow/domain/events"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/memory"
	"github.com/creatorflow/creatorflow/storage/storagetest"
	"github.com/creatorflow/creatorflow/vault"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

const (
	key    = "cfappkey01"
	secret = "cf_test_secret_0123456789abcdef"
	shop   = "7490000000000000001"
	other  = "7490000000000000002"
)

// rig is a simulated vendor, a log and a vault that outlive the registry.
type rig struct {
	*tiktoksim.Sim
	t     *testing.T
	log   *eventlog.Log
	vault *vault.Vault
	url   string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, Sim: tiktoksim.New(tiktoksim.Config{AppKey: key, AppSecret: secret, Seed: 1})}
	r.AddShop(tiktoksim.Shop{ID: shop, Name: "One"})
	r.AddShop(tiktoksim.Shop{ID: other, Name: "Two"})
	server := httptest.NewServer(r.Handler())
	t.Cleanup(server.Close)
	r.url = server.URL
	var err error
	if r.log, err = eventlog.Open(t.Context(), memory.NewLog(uuid.New()), eventlog.Options{Decode: events.Decode, Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.log.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if r.vault, err = vault.Open(storagetest.New(t).Vault(), vault.Master{1}, vault.Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	return r
}

// open is a restart of all but log and vault.
func (r *rig) open() *connect.Registry {
	r.t.Helper()
	registry, err := connect.Open(r.t.Context(), r.log, r.vault, connect.Options{Clock: time.Now})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(registry.Close)
	return registry
}

func (r *rig) app(registry *connect.Registry, secrets ...string) channels.App {
	r.t.Helper()
	app, err := registry.AddApp(r.t.Context(), channels.App{Channel: "tiktok", Key: key, Secrets: secrets, BaseURL: r.url, AuthURL: r.url})
	if err != nil {
		r.t.Fatal(err)
	}
	return app
}

func (r *rig) authorize(registry *connect.Registry, app channels.App, shop string) channels.Connection {
	r.t.Helper()
	added, err := registry.Authorize(r.t.Context(), app.ID, channels.Grant{"code": r.AuthCode(shop)}, "")
	if err != nil || len(added) != 1 {
		r.t.Fatalf("authorised %+v, %v", added, err)
	}
	return added[0]
}

// calls proves that a connection's connector reaches its shop.
func (r *rig) calls(registry *connect.Registry, id string) {
	r.t.Helper()
	c, ok := registry.Connector(id)
	if !ok {
		r.t.Fatalf("no connector for %q", id)
	}
	if _, err := c.Changed(r.t.Context(), time.Now().Add(-time.Hour), time.Now(), ""); err != nil {
		r.t.Errorf("call %s: %v", id, err)
	}
}

func (r *rig) said() (names []string) {
	r.t.Helper()
	records, err := r.log.ReadAll(r.t.Context(), 0, 100)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, record := range records {
		if e, ok := record.Event.(shopevents.Connected); ok {
			names = append(names, e.Connection+" "+e.Name)
		}
	}
	return names
}

func TestAuthorizingAgainFindsTheConnection(t *testing.T) {
	r := newRig(t)
	registry := r.open()
	app := r.app(registry, secret)
	changed := registry.Changed()
	first := r.authorize(registry, app, shop)
	select {
	case <-changed:
	default:
		t.Error("nobody was told of the new shop")
	}
	second := r.authorize(registry, app, other)
	again := r.authorize(registry, app, shop)
	if first.ID != again.ID || first.ID == second.ID || len(first.ID) != 6 {
		t.Errorf("connections %q, %q, again %q", first.ID, second.ID, again.ID)
	}
	r.calls(registry, first.ID)
	r.calls(registry, second.ID)
	if got := r.said(); len(got) != 2 || got[0] != first.ID+" One" || got[1] != second.ID+" Two" {
		t.Errorf("said %q", got)
	}
	tokens, err := r.vault.Secrets(t.Context(), "token")
	if err != nil || len(tokens) != 2 {
		t.Errorf("%d token pairs are kept, %v; want 2, the replaced one gone", len(tokens), err)
	}
	if id, ok := registry.ByShop("tiktok", app.ID, other); !ok || id != second.ID {
		t.Errorf("by shop: %q, %v", id, ok)
	}
	if id, ok := registry.ByShop("tiktok", "another", other); ok {
		t.Errorf("another app's webhook reaches %q", id)
	}
}

func TestEverythingSurvivesARestart(t *testing.T) {
	r := newRig(t)
	registry := r.open()
	app := r.app(registry, secret)
	c := r.authorize(registry, app, shop)
	r.ExpireToken(shop) // the pair that is refreshed now is the pair that the next start uses
	r.calls(registry, c.ID)
	registry = r.open()
	r.calls(registry, c.ID)
	if got := registry.Connections(); len(got) != 1 || !reflect.DeepEqual(got[0], c) {
		t.Errorf("connections %+v, want %+v", got, c)
	}
	if again := r.app(registry, secret); again.ID != app.ID {
		t.Errorf("the app is %q, was %q", again.ID, app.ID)
	}
	if n := r.Counts().Requests["GET /api/v2/token/refresh"]; n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
	if pace := registry.Pace(c.ID); pace.Breaker != "closed" || pace.Read <= 0 {
		t.Errorf("pace %+v", pace)
	}
}

func TestTwoSecretsAreValid(t *testing.T) {
	r := newRig(t)
	registry := r.open()
	r.app(registry, "oldest")
	r.app(registry, "older")
	r.app(registry, "older")
	app := r.app(registry, secret)
	if got := strings.Join(app.Secrets, " "); got != secret+" older" {
		t.Errorf("secrets %q", got)
	}
	c := r.authorize(registry, app, shop)
	r.calls(registry, c.ID) // signed with the newest, though the connector may be older
	if kept, ok := r.open().App("tiktok", app.ID); !ok || len(kept.Secrets) != 2 || kept.Secrets[0] != secret {
		t.Errorf("kept %d secrets, %v", len(kept.Secrets), ok)
	}
}

// A crash between keeping a shop and saying so leaves a shop that nobody was told of.
func TestAnnounceSaysWhatACrashKeptUnsaid(t *testing.T) {
	r := newRig(t)
	registry := r.open()
	app := r.app(registry, secret)
	value := []byte(`{"app":"` + app.ID + `","channel":"tiktok","shop_id":"` + shop + `","name":"One","token":"none"}`)
	if err := r.vault.PutSecret(t.Context(), "connection", "abc234", value); err != nil {
		t.Fatal(err)
	}
	registry = r.open()
	for range 2 {
		if err := registry.Announce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.said(); len(got) != 1 || got[0] != "abc234 One" {
		t.Errorf("said %q", got)
	}
	c, _ := registry.Connector("abc234")
	if _, err := c.Orders(t.Context(), []string{"576"}); channels.ClassOf(err) != channels.Auth {
		t.Errorf("a shop without a token: %v, want class auth", err)
	}
	if again := r.authorize(registry, app, shop); again.ID != "abc234" {
		t.Errorf("authorised as %q", again.ID)
	}
	r.calls(registry, "abc234")
}

func TestRefusalsNameTheMend(t *testing.T) {
	r := newRig(t)
	registry := r.open()
	for name, app := range map[string]channels.App{
		"unknown channel": {Channel: "ebay", Key: "k", Secrets: []string{"s"}},
		"no secret":       {Channel: "tiktok", Key: "k", Secrets: []string{""}},
		"plain http":      {Channel: "tiktok", Key: "k", Secrets: []string{"s"}, BaseURL: "http://example.com"},
	} {
		_, err := registry.AddApp(t.Context(), app)
		var refusal eventlog.Refusal
		if !errors.As(err, &refusal) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	if _, err := registry.Authorize(t.Context(), "nosuch", channels.Grant{"code": "code"}, ""); !errors.Is(err, connect.ErrNoApp) {
		t.Errorf("no app: %v", err)
	}
	app := r.app(registry, secret)
	_, err := registry.Authorize(t.Context(), app.ID, channels.Grant{"code": "used"}, "")
	if channels.ClassOf(err) != channels.Auth || strings.Contains(err.Error(), secret) {
		t.Errorf("a wrong code: %v", err)
	}
	if _, err := registry.AddShop(t.Context(), app, channels.Token{}, channels.Connection{}); !errors.Is(err, connect.ErrNoShop) {
		t.Errorf("no shop id: %v", err)
	}
}

// Shops that were authorised together refresh their one pair once, for both: a second refresh with it would be refused, and
// look as if the authorisation had ended.
func TestShopsOfOneConsentRefreshOnce(t *testing.T) {
	r := newRig(t)
	var asked atomic.Int32 // calls with the pair that has expired; none is answered before both shops made one
	both := make(chan struct{})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.HasPrefix(q.URL.Path, "/order/") {
			if asked.Add(1) == 2 {
				close(both)
			}
			<-both
		}
		r.Handler().ServeHTTP(w, q)
	}))
	t.Cleanup(front.Close)
	r.url = front.URL
	registry := r.open()
	app := r.app(registry, secret)
	added, err := registry.Authorize(t.Context(), app.ID, channels.Grant{"code": r.AuthCode(shop, other)}, "")
	if err != nil || len(added) != 2 {
		t.Fatalf("authorised %+v, %v", added, err)
	}
	r.ExpireToken(shop)
	var wg sync.WaitGroup
	for _, c := range added {
		wg.Go(func() { r.calls(registry, c.ID) })
	}
	wg.Wait()
	if n := r.Counts().Requests["GET /api/v2/token/refresh"]; n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
	tokens, err := r.vault.Secrets(t.Context(), "token")
	if err != nil || len(tokens) != 1 {
		t.Errorf("%d token pairs are kept, %v; want 1", len(tokens), err)
	}
	// One of them is authorised alone: each has a pair of its own from there on.
	r.authorize(registry, app, other)
	r.ExpireToken(shop)
	r.ExpireToken(other)
	for _, c := range added {
		r.calls(registry, c.ID)
	}
}
