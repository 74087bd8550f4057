package gateway_test

import (
	"net/http"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/gateway"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// TestRoutes asks every route that is served as nobody and in each role, and compares with the
// golden table: a new route, or a new right, is a difference that somebody must look at.
func TestRoutes(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	roles := []string{"nobody", "viewer", "operator", "owner", "scoped"}
	keys := map[string]string{
		"viewer": s.key(t, accounts.Viewer), "operator": s.key(t, accounts.Operator), "owner": s.key(t, accounts.Owner),
		"scoped": s.key(t, accounts.Owner, "read"),
	}
	var lines []string
	for _, pattern := range s.gateway.Routes() {
		method, path, ok := strings.Cut(pattern, " ")
		if !ok {
			method, path = "GET", pattern
		}
		path = strings.NewReplacer("{sku}", "85123A", "{id}", "l1", "{number}", "1", "{session}", "x", "{user}", "nobody", "{prefix}", "cf_0", "{position}", "1", "{source}", "s1", "{channel}", "tiktok", "{app}", "a1").Replace(path)
		line := pattern + ":"
		for _, role := range roles {
			headers := []string{}
			if role != "nobody" {
				headers = []string{"Authorization", "Bearer " + keys[role]}
			}
			body := ""
			if method == "POST" {
				body = "{}"
			}
			a := s.ask(t, nil, method, path, body, headers...)
			switch a.StatusCode {
			case http.StatusUnauthorized, http.StatusForbidden:
				if path != "/live" || a.StatusCode == http.StatusUnauthorized {
					a.problem(t)
				}
				line += " " + role + " no,"
			default:
				line += " " + role + " yes,"
			}
			if a.StatusCode >= 500 {
				t.Errorf("%s as %s: %d %s", pattern, role, a.StatusCode, a.text)
			}
		}
		lines = append(lines, strings.TrimSuffix(line, ","))
	}
	sort.Strings(lines)
	got := strings.Join(lines, "\n") + "\n"
	want, err := os.ReadFile("testdata/routes.txt")
	if err != nil || got != string(want) {
		t.Errorf("testdata/routes.txt differs (%v); if every change is meant, it becomes:\n%s", err, got)
	}
	if missing := gateway.Unserved(s.gateway); len(missing) > 0 {
		t.Errorf("in the table of routes and not served: %v", missing)
	}
}

func TestUnlistedRoute(t *testing.T) {
	s := newSite(t)
	defer func() {
		if recover() == nil {
			t.Error("a route that is not in the table was registered")
		}
	}()
	gateway.Register(s.gateway, "GET /api/v1/everything")
}

func TestUnknownAddress(t *testing.T) {
	s := newSite(t)
	for _, test := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/api/v1/nothing", 404, ""},
		{"GET", "/api/v2/kpis", 404, ""},
		{"PUT", "/api/v1/kpis", 405, "GET"},
		{"OPTIONS", "/api/v1/kpis", 405, "GET"},
		{"GET", "/api/v1/stock/a/b", 404, ""},
		{"GET", "/api/v1/..%2f..%2fetc/passwd", 404, ""},
		{"POST", "/api/v1/kpis", 405, "GET"},
		{"GET", "/api/v1/commands/receive-stock", 405, "POST"},
		{"GET", "/webhooks/tiktok/a1", 405, "POST"},
		{"GET", "/webhooks/x", 404, ""},
	} {
		a := s.ask(t, nil, test.method, test.path, "")
		if a.StatusCode != test.status || a.Header.Get("Allow") != test.allow {
			t.Errorf("%s %s: %d, allow %q; want %d, %q", test.method, test.path, a.StatusCode, a.Header.Get("Allow"), test.status, test.allow)
		}
		a.problem(t)
	}
	if a := s.ask(t, nil, "GET", "/orders/k7:576", ""); string(a.text) != "the app" {
		t.Errorf("an address of the app: %d %s", a.StatusCode, a.text)
	}
}

// TestForgedHost asks under a name that somebody pointed at this machine: neither the app, a figure,
// a command nor the socket is there.
func TestForgedHost(t *testing.T) {
	s := newSite(t)
	key := s.key(t, accounts.Owner)
	for _, route := range []string{"GET /", "GET /api/v1/kpis", "POST /api/v1/commands/receive-stock", "POST /api/v1/session", "GET /live"} {
		method, path, _ := strings.Cut(route, " ")
		a := s.ask(t, nil, method, path, "{}", "Authorization", "Bearer "+key, "Host", "evil.example", "Upgrade", "websocket", "Connection", "Upgrade")
		if p := a.problem(t); a.StatusCode != http.StatusMisdirectedRequest || !strings.Contains(p.Detail, "--tls") {
			t.Errorf("%s: %d %s, want 421 with the mend", route, a.StatusCode, a.text)
		}
	}
}

// TestHead asks for the head alone: the same answer without its body.
func TestHead(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	bearer := "Bearer " + s.key(t, accounts.Owner)
	for _, path := range []string{"/api/v1/kpis", "/api/v1/labels/l1", "/api/v1/orders/none", "/healthz"} {
		get, head := s.ask(t, nil, "GET", path, "", "Authorization", bearer), s.ask(t, nil, "HEAD", path, "", "Authorization", bearer)
		if head.StatusCode != get.StatusCode || len(head.text) != 0 || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
			t.Errorf("%s: HEAD %d %q, GET %d", path, head.StatusCode, head.text, get.StatusCode)
		}
	}
}

func TestHeaders(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	key := s.key(t, accounts.Viewer)
	for _, path := range []string{"/api/v1/kpis", "/api/v1/nothing", "/healthz", "/api/openapi.json"} {
		h := s.ask(t, nil, "GET", path, "", "Authorization", "Bearer "+key).Header
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin", "X-Log-Position": "4", "Strict-Transport-Security": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s %q, want %q", path, name, got, want)
			}
		}
		if len(h.Get("X-Request-Id")) != 16 || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: request id %q, policy %q", path, h.Get("X-Request-Id"), h.Get("Content-Security-Policy"))
		}
	}
}
