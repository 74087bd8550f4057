package hub_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// TestConnectByTheAPI goes the way of a seller: app, consent at the channel, back with a code, connected; and the ways that
// are refused.
func TestConnectByTheAPI(t *testing.T) {
	sim := tiktoksim.New(tiktoksim.Config{
		AppKey: appKey, AppSecret: appSecret, Seed: 1, Clock: time.Now, ServiceID: "77", RedirectURL: "http://hub.test/channels",
	})
	sim.AddShop(tiktoksim.Shop{ID: shopID, Name: "One"})
	market := httptest.NewServer(sim.Handler())
	t.Cleanup(market.Close)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	fatal(t, err)
	o := hub.Options{Data: t.TempDir(), Log: slog.New(slog.DiscardHandler), Poll: time.Hour, Clock: time.Now}
	h, err := hub.Open(t.Context(), o)
	fatal(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- h.Run(ctx, listener) }()
	go func() { done <- sim.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		for range 2 {
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
		}
		fatal(t, h.Close())
	})
	fatal(t, h.Ready(t.Context()))
	admin, err := hub.Reach(t.Context(), o)
	fatal(t, err)
	t.Cleanup(func() { fatal(t, admin.Close()) })
	keys := map[accounts.Role]string{}
	for _, role := range []accounts.Role{accounts.Owner, accounts.Operator} {
		keys[role], err = admin.Key(t.Context(), hub.MakeKey{Name: string(role), Role: role, Days: 1})
		fatal(t, err)
	}
	ask := func(role accounts.Role, method, path, body string, want int, into any) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+listener.Addr().String()+path, strings.NewReader(body))
		fatal(t, err)
		r.Header.Set("Authorization", "Bearer "+keys[role])
		r.Header.Set("Content-Type", "application/json")
		r.Close = true
		answer, err := http.DefaultClient.Do(r)
		fatal(t, err)
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		fatal(t, err)
		if answer.StatusCode != want {
			t.Fatalf("%s %s: %d, want %d: %s", method, path, answer.StatusCode, want, text)
		}
		if strings.Contains(string(text), appSecret) {
			t.Errorf("%s %s gives the secret away: %s", method, path, text)
		}
		if into != nil {
			fatal(t, json.Unmarshal(text, into))
		}
	}
	app := func(change string) string {
		return `{"channel":"tiktok","key":"` + appKey + `","secret":"` + appSecret + `","base_url":"` + market.URL + `","auth_url":"` + market.URL + `"` + change + `}`
	}
	problem := struct{ Detail string }{}
	ask(accounts.Operator, "POST", "/api/v1/apps", app(""), http.StatusForbidden, nil)
	ask(accounts.Owner, "POST", "/api/v1/apps", strings.Replace(app(""), "tiktok", "etsy", 1), http.StatusConflict, &problem)
	if !strings.Contains(problem.Detail, "There is no channel") {
		t.Errorf("an unknown channel: %q", problem.Detail)
	}
	ask(accounts.Owner, "POST", "/api/v1/apps", app(`,"state":"s3cret"`), http.StatusConflict, &problem)
	if !strings.Contains(problem.Detail, "field service is needed") {
		t.Errorf("a consent without the app's service id: %q", problem.Detail)
	}
	added := struct {
		App     string `json:"app"`
		Consent string `json:"consent_url"`
	}{}
	ask(accounts.Owner, "POST", "/api/v1/apps", app(`,"asked":{"service":"77"},"state":"s3cret"`), http.StatusOK, &added)

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, added.Consent, nil)
	fatal(t, err)
	answer, err := new(http.Transport).RoundTrip(r) // which does not follow
	fatal(t, err)
	fatal(t, answer.Body.Close())
	back, err := url.Parse(answer.Header.Get("Location"))
	fatal(t, err)
	code := back.Query().Get("code")
	if back.Host != "hub.test" || back.Query().Get("state") != "s3cret" || code == "" {
		t.Fatalf("consent leads to %s", back)
	}
	connect := `{"app":"` + added.App + `","given":{"code":"` + code + `"}}`
	ask(accounts.Operator, "POST", "/api/v1/connections", connect, http.StatusForbidden, nil)
	ask(accounts.Owner, "POST", "/api/v1/connections", strings.Replace(connect, added.App, "nobody", 1), http.StatusConflict, &problem)
	if !strings.Contains(problem.Detail, "no such app") {
		t.Errorf("an unknown app: %q", problem.Detail)
	}
	connected := struct {
		Shops    []struct{ ID, Name string }
		Webhooks string
	}{}
	ask(accounts.Owner, "POST", "/api/v1/connections", connect, http.StatusOK, &connected)
	if len(connected.Shops) != 1 || connected.Shops[0].Name != "One" || connected.Webhooks != "" {
		t.Errorf("connected %+v", connected)
	}
	ask(accounts.Owner, "POST", "/api/v1/connections", connect, http.StatusConflict, &problem)
	if !strings.Contains(problem.Detail, "A code works once") {
		t.Errorf("a code for the second time: %q", problem.Detail)
	}
	market.Close()
	ask(accounts.Owner, "POST", "/api/v1/connections", connect, http.StatusBadGateway, &problem)
	if !strings.Contains(problem.Detail, "did not answer") {
		t.Errorf("a channel that is away: %q", problem.Detail)
	}
}
