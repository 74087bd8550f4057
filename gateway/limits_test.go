package gateway_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/gateway"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// TestRateLimit: who sends too much waits, told how long and by which limit, and nobody else does.
func TestRateLimit(t *testing.T) {
	s := newSite(t, func(o *gateway.Options) {
		o.Requests = 60
		o.TrustProxy = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	})
	_, err := s.accounts.UseLink(t.Context(), must(s.accounts.MakeLink(t.Context(), "owner", accounts.Owner, time.Hour)), "", password)
	fatal(t, err)
	session, _, err := s.accounts.SignIn(t.Context(), "owner", password, "")
	fatal(t, err)
	one, other := s.key(t, accounts.Viewer), s.key(t, accounts.Viewer)
	for _, test := range []struct {
		who, header, value   string
		path                 string
		burst, status        int // how many are let in at once, answered with what
		policy, left, detail string
	}{
		{"a key", "Authorization", "Bearer " + one, "/api/v1/session", 10, 200, `"key";q=10;w=10`, `"key";r=9;t=1`, "this API key: it may send 60 a minute, 10 of them at once"},
		{"a key that may not", "Authorization", "Bearer " + other, "/api/v1/users", 10, 403, `"key";q=10;w=10`, `"key";r=9;t=1`, "this API key"},
		{"a browser", "Cookie", "__Host-session=" + string(session), "/api/v1/session", 30, 200, `"session";q=30;w=15`, `"session";r=29;t=1`, "this browser: it may send 120 a minute, 30 of them at once"},
		{"nobody", "X-Forwarded-For", "9.9.9.9", "/api/v1/kpis", 30, 401, `"address";q=30;w=15`, `"address";r=29;t=1`, "this address: it may send 120 a minute"},
		{"nobody at what is open", "X-Forwarded-For", "9.9.9.8", "/api/openapi.json", 30, 200, `"address";q=30;w=15`, `"address";r=29;t=1`, "this address"},
		{"a wrong key", "Authorization", "Bearer cf_00000000_x", "/api/v1/kpis", 30, 401, `"address";q=30;w=15`, `"address";r=29;t=1`, "this address"},
		{"a household", "X-Forwarded-For", "2001:db8::1", "/api/v1/kpis", 30, 401, `"address";q=30;w=15`, `"address";r=29;t=1`, "this address"},
	} {
		ask := func() reply { return s.ask(t, nil, "GET", test.path, "", test.header, test.value) }
		for n := range test.burst {
			a := ask()
			if a.StatusCode != test.status || a.Header.Get("RateLimit-Policy") != test.policy || n == 0 && a.Header.Get("RateLimit") != test.left {
				t.Fatalf("%s, %d: %d, policy %s, left %s; want %d, %s, %s", test.who, n, a.StatusCode, a.Header.Get("RateLimit-Policy"), a.Header.Get("RateLimit"), test.status, test.policy, test.left)
			}
		}
		a := ask()
		if p := a.problem(t); a.StatusCode != 429 || a.Header.Get("Retry-After") != "1" || !strings.Contains(a.Header.Get("RateLimit"), ";r=0;t=1") ||
			!strings.Contains(p.Detail, test.detail) || !strings.HasSuffix(p.Detail, "Come back in 1 s.") {
			t.Errorf("%s, too many: %d %s, headers %v", test.who, a.StatusCode, a.text, a.Header)
		}
		s.clock.add(time.Second)
		if a := ask(); a.StatusCode != test.status {
			t.Errorf("%s, after Retry-After: %d, want %d", test.who, a.StatusCode, test.status)
		}
	}
	for address, want := range map[string]int{"2001:db8::2": 429, "2001:db8:0:1::1": 401} {
		s.ask(t, nil, "GET", "/api/v1/kpis", "", "X-Forwarded-For", address) // the household's last one, of the second that passed
		if a := s.ask(t, nil, "GET", "/api/v1/kpis", "", "X-Forwarded-For", address); a.StatusCode != want {
			t.Errorf("%s: %d, want %d", address, a.StatusCode, want)
		}
	}
}

// TestUnlimited: webhooks, the operator's tools and the app's files are not counted, nor is anything
// when no limit is set.
func TestUnlimited(t *testing.T) {
	s := newSite(t, func(o *gateway.Options) { o.Requests = 1 })
	for _, route := range []string{"POST /webhooks/tiktok/a1", "GET /healthz", "GET /readyz", "GET /metrics", "GET /orders"} {
		method, path, _ := strings.Cut(route, " ")
		for range 3 {
			if a := s.ask(t, nil, method, path, ""); a.StatusCode != 200 || a.Header.Get("RateLimit") != "" {
				t.Errorf("%s: %d, %q", route, a.StatusCode, a.Header.Get("RateLimit"))
			}
		}
	}
	s.ask(t, nil, "GET", "/api/v1/kpis", "")
	if a := s.ask(t, nil, "GET", "/api/v1/kpis", ""); a.StatusCode != 429 {
		t.Errorf("a second figure: %d; the test proves nothing", a.StatusCode)
	}
	s = newSite(t)
	bearer := "Bearer " + s.key(t, accounts.Viewer)
	for range 700 {
		if a := s.ask(t, nil, "GET", "/api/v1/session", "", "Authorization", bearer); a.StatusCode != 200 || a.Header.Get("RateLimit") != "" {
			t.Fatalf("without a limit: %d, %q", a.StatusCode, a.Header.Get("RateLimit"))
		}
	}
}

func must[V any](v V, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}
