package demo_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/demo"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// TestMain looks for goroutines that were left. centrifuge sleeps a second before it leaves an empty
// topic, also after its end.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/centrifugal/centrifuge.(*Node).unsubscribeFromBrokerWhenEmpty.func1"))
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// caller asks a hub as one browser or program does.
type caller struct {
	at, key string
	client  *http.Client
}

// ask sends a request, decodes the answer into into when it is not nil, and returns the status and the whole answer.
func (c caller) ask(t *testing.T, method, path, body string, into any) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.at+path, strings.NewReader(body))
	fatal(t, err)
	r.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	response, err := c.client.Do(r)
	fatal(t, err)
	text, err := io.ReadAll(response.Body)
	fatal(t, errors.Join(err, response.Body.Close()))
	if into != nil {
		fatal(t, json.Unmarshal(text, into))
	}
	return response.StatusCode, string(text)
}

// figures are what the tests look at on the board.
type figures struct {
	Workspace struct{ Name, Demo string }
	Active    int `json:"active_orders"`
}

func (c caller) figures(t *testing.T) (f figures) {
	t.Helper()
	c.ask(t, http.MethodGet, "/api/v1/kpis", "", &f)
	return f
}

// host runs an empty hub that can show the demo, and gives a browser for each role and a program.
func host(t *testing.T) (h *hub.Hub, data string, owner, viewer, program caller) {
	t.Helper()
	data = t.TempDir()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	fatal(t, err)
	h, err = hub.Open(t.Context(), hub.Options{Data: data, Log: slog.New(slog.DiscardHandler), Poll: time.Hour, Clock: time.Now, Demo: demo.Beside})
	fatal(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		fatal(t, h.Close())
	})
	fatal(t, h.Ready(t.Context()))
	at := "http://" + listener.Addr().String()
	browser := func(name string, role accounts.Role) caller {
		jar, err := cookiejar.New(nil)
		fatal(t, err)
		c := caller{at: at, client: &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}}
		token, err := h.Accounts.MakeLink(t.Context(), name, role, time.Hour)
		fatal(t, err)
		if status, answer := c.ask(t, http.MethodPost, "/api/v1/setup", `{"user":"`+name+`","token":"`+string(token)+`","password":"correct horse battery"}`, nil); status != http.StatusOK {
			t.Fatalf("set up: %d %s", status, answer)
		}
		return c
	}
	owner, viewer = browser("ana", accounts.Owner), browser("vera", accounts.Viewer)
	key, _, err := h.Accounts.MakeKey(t.Context(), "scanner", accounts.Owner, nil, time.Now().Add(time.Hour))
	fatal(t, err)
	return h, data, owner, viewer, caller{at: at, key: string(key), client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
}

// until asks until it is so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for !so() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatalf("never: %s", what)
		}
	}
}

// connecting connects a shop at the command line.
func connecting(t *testing.T, data string) func() error {
	t.Helper()
	sim := tiktoksim.New(tiktoksim.Config{AppKey: demo.AppKey, AppSecret: demo.AppSecret, Seed: 1, Clock: time.Now})
	sim.AddShop(tiktoksim.Shop{ID: demo.ShopID, Name: "Mine"})
	market := httptest.NewServer(sim.Handler())
	t.Cleanup(market.Close)
	admin, err := hub.Reach(t.Context(), hub.Options{Data: data})
	fatal(t, err)
	t.Cleanup(func() { fatal(t, admin.Close()) })
	return func() error {
		_, err := admin.Connect(t.Context(), hub.ConnectShop{
			Channel: "tiktok", Key: demo.AppKey, Secret: demo.AppSecret, BaseURL: market.URL, AuthURL: market.URL, Given: channels.Grant{"code": sim.AuthCode(demo.ShopID)}, Name: "Mine",
		})
		return err
	}
}

// TestDemoInsideAnEmptyHub opens demo data in a hub that has nothing, looks at it as everybody who may look, removes it and
// connects a shop.
func TestDemoInsideAnEmptyHub(t *testing.T) {
	_, data, owner, viewer, program := host(t)
	if got := owner.figures(t).Workspace.Demo; got != "offered" {
		t.Errorf("an empty hub says of the demo %q", got)
	}
	if status, answer := viewer.ask(t, http.MethodPost, "/api/v1/demo", "", nil); status != http.StatusForbidden {
		t.Errorf("a viewer opens the demo: %d %s", status, answer)
	}
	for range 2 { // pressed twice
		if status, answer := owner.ask(t, http.MethodPost, "/api/v1/demo", "", nil); status != http.StatusNoContent {
			t.Fatalf("open: %d %s", status, answer)
		}
	}
	until(t, "an order of the simulated shop", func() bool { return owner.figures(t).Active > 0 })
	if f := viewer.figures(t); f.Workspace.Demo != "removable" || f.Workspace.Name != "Demo shop" {
		t.Errorf("a viewer sees %+v", f)
	}
	if f := program.figures(t); f.Workspace.Demo != "offered" || f.Active != 0 {
		t.Errorf("a program with a key sees %+v and not the hub's own data", f)
	}
	shop := connecting(t, data)
	if err := shop(); err == nil || !strings.Contains(err.Error(), "remove it first") {
		t.Errorf("a shop is connected at the command line while the demo is shown: %v", err)
	}
	app := `{"channel":"tiktok","key":"k","secret":"s"}`
	if status, answer := owner.ask(t, http.MethodPost, "/api/v1/apps", app, nil); status != http.StatusConflict || !strings.Contains(answer, "remove it first") {
		t.Errorf("a shop is connected to the demo: %d %s", status, answer)
	}

	if status, answer := owner.ask(t, http.MethodDelete, "/api/v1/demo", "", nil); status != http.StatusNoContent {
		t.Fatalf("remove: %d %s", status, answer)
	}
	if f := owner.figures(t); f.Workspace.Demo != "offered" || f.Active != 0 || f.Workspace.Name == "Demo shop" {
		t.Errorf("after the demo: %+v", f)
	}
	until(t, "the demo's folder is gone", func() bool {
		_, err := os.Stat(filepath.Join(data, "demo-data"))
		return errors.Is(err, os.ErrNotExist)
	})
	fatal(t, shop())
	if status, answer := owner.ask(t, http.MethodPost, "/api/v1/demo", "", nil); status != http.StatusConflict || !strings.Contains(answer, "A shop is connected here") {
		t.Errorf("the demo beside a shop: %d %s", status, answer)
	}
	if got := owner.figures(t).Workspace.Demo; got != "none" {
		t.Errorf("a hub with a shop says of the demo %q", got)
	}
}

// A demo that cannot start says why, and the hub goes on with its own data.
func TestDemoThatFails(t *testing.T) {
	failing := errors.New("no room")
	data := t.TempDir()
	h, err := hub.Open(t.Context(), hub.Options{
		Data: data, Log: slog.New(slog.DiscardHandler), Poll: time.Hour, Clock: time.Now,
		Demo: func(context.Context, *hub.Hub, string, func(*hub.Hub)) error { return failing },
	})
	fatal(t, err)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	fatal(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx, listener) }()
	fatal(t, h.Ready(ctx))
	for range 2 {
		if err := h.OpenDemo(ctx); !errors.Is(err, failing) {
			t.Errorf("open: %v", err)
		}
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	fatal(t, h.Close())
}
