package gateway_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/creatorflow/creatorflow/gateway"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// dial opens a socket as a browser would, with a cookie and an origin, or with other headers.
func (s *site) dial(t *testing.T, headers ...string) (*websocket.Conn, int) {
	t.Helper()
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	conn, answer, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/live", h)
	if err != nil {
		if answer == nil {
			t.Fatal(err)
		}
		if answer.StatusCode == http.StatusServiceUnavailable { // the part that serves sockets has not begun yet
			return s.dial(t, headers...)
		}
		return nil, answer.StatusCode
	}
	t.Cleanup(func() { _ = conn.Close() })
	fatal(t, conn.WriteMessage(websocket.TextMessage, []byte(`{"id":1,"connect":{}}`)))
	await(t, conn, `{"id":1,"connect"`) // what ends before its connection is begun leaves it behind for seconds
	return conn, answer.StatusCode
}

func TestLiveOrigin(t *testing.T) {
	s := newSite(t)
	cookie := cookies(t, s, s.owner(t))
	bearer := "Bearer " + s.key(t, accounts.Viewer)
	for name, test := range map[string]struct {
		headers []string
		status  int
	}{
		"our own page":               {[]string{"Cookie", cookie, "Origin", s.URL}, 101},
		"another site":               {[]string{"Cookie", cookie, "Origin", "https://evil.example"}, 403},
		"another port":               {[]string{"Cookie", cookie, "Origin", "http://127.0.0.1:1"}, 403},
		"another scheme":             {[]string{"Cookie", cookie, "Origin", strings.Replace(s.URL, "http", "https", 1)}, 403},
		"a prefix of our name":       {[]string{"Cookie", cookie, "Origin", s.URL + ".evil.example"}, 403},
		"a sandboxed page":           {[]string{"Cookie", cookie, "Origin", "null"}, 403},
		"a cookie without an origin": {[]string{"Cookie", cookie}, 403},
		"nobody":                     {[]string{"Origin", s.URL}, 401},
		"a program with a key":       {[]string{"Authorization", bearer}, 101},
		"a page with a key":          {[]string{"Authorization", bearer, "Origin", "https://evil.example"}, 403},
	} {
		if _, status := s.dial(t, test.headers...); status != test.status {
			t.Errorf("%s: %d, want %d", name, status, test.status)
		}
	}
}

// TestLive subscribes, sees a command's effect, and is cut off when its session ends.
func TestLive(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	b := s.owner(t)
	conn, status := s.dial(t, "Cookie", cookies(t, s, b), "Origin", s.URL)
	if status != 101 {
		t.Fatal(status)
	}
	say := func(text string) {
		t.Helper()
		fatal(t, conn.WriteMessage(websocket.TextMessage, []byte(text)))
	}
	say(`{"id":2,"subscribe":{"channel":"stock/85123A","recover":true}}`)
	await(t, conn, `"available\":40`, `"available":40`)
	if a := s.command(t, b, "receive-stock", `{"sku":"85123A","quantity":2}`, v7()); a.StatusCode != 200 {
		t.Fatal(a.StatusCode)
	}
	await(t, conn, `"available\":42`, `"available":42`)
	if a := s.ask(t, b, "DELETE", "/api/v1/session", ""); a.StatusCode != 204 {
		t.Fatal(a.StatusCode)
	}
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			var closed *websocket.CloseError
			if !errors.As(err, &closed) || closed.Code < 3000 {
				t.Errorf("after sign-out: %v, want to be cut off for good", err)
			}
			return
		}
	}
}

// TestLiveLetInBefore ends a session and a key behind the back of their open connections, as when a
// connection was let in and is not yet open when it is looked for: it gets no topic any more.
func TestLiveLetInBefore(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	cookie, key := cookies(t, s, s.owner(t)), s.key(t, accounts.Viewer)
	brief, _, err := s.accounts.MakeKey(t.Context(), "brief", accounts.Viewer, nil, s.clock.Now().Add(time.Hour))
	fatal(t, err)
	for name, test := range map[string]struct {
		header, value string
		end           func()
	}{
		"a session":  {"Cookie", cookie, func() { fatal(t, s.accounts.EndSessions(t.Context(), "owner")) }},
		"a key":      {"Authorization", "Bearer " + key, func() { fatal(t, s.accounts.RevokeKey(t.Context(), key[:11])) }},
		"an old key": {"Authorization", "Bearer " + string(brief), func() { s.clock.add(2 * time.Hour) }},
	} {
		conn, status := s.dial(t, test.header, test.value, "Origin", s.URL)
		if status != 101 {
			t.Fatalf("%s: %d", name, status)
		}
		fatal(t, conn.WriteMessage(websocket.TextMessage, []byte(`{"id":2,"subscribe":{"channel":"kpis"}}`)))
		await(t, conn, `{"id":2,"subscribe"`)
		test.end()
		fatal(t, conn.WriteMessage(websocket.TextMessage, []byte(`{"id":3,"subscribe":{"channel":"sync"}}`)))
		if answer := await(t, conn, `{"id":3,`); !strings.Contains(answer, `"error":{"code":103`) { // permission denied
			t.Errorf("%s: %s, want to be refused", name, answer)
		}
	}
}

// TestLiveWithoutUpgrade asks the socket's address as a page.
func TestLiveWithoutUpgrade(t *testing.T) {
	s := newSite(t)
	a := s.ask(t, nil, "GET", "/live", "", "Authorization", "Bearer "+s.key(t, accounts.Viewer))
	if p := a.problem(t); a.StatusCode != http.StatusUpgradeRequired || a.Header.Get("Upgrade") != "websocket" || !strings.Contains(p.Detail, "ws://") {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
}

// await reads until a message holds one of the texts, and gives it.
func await(t *testing.T, conn *websocket.Conn, texts ...string) string {
	t.Helper()
	for {
		_, message, err := conn.ReadMessage()
		if err != nil {
			t.Fatalf("waiting for %s: %v", texts[0], err)
		}
		for _, text := range texts {
			if strings.Contains(string(message), text) {
				return string(message)
			}
		}
		if string(message) == "{}" { // a ping
			fatal(t, conn.WriteMessage(websocket.TextMessage, []byte("{}")))
		}
	}
}

func TestNoLive(t *testing.T) {
	s := newSite(t, func(o *gateway.Options) { o.Live = nil })
	if a := s.ask(t, nil, "GET", "/live", "", "Authorization", "Bearer "+s.key(t, accounts.Viewer)); a.StatusCode != 503 {
		t.Errorf("%d, want 503", a.StatusCode)
	}
}

func TestWebhooks(t *testing.T) {
	s := newSite(t)
	hook := func(body string, headers ...string) reply {
		return s.ask(t, nil, "POST", "/webhooks/tiktok/a1", body, headers...)
	}
	if a := hook("\x00raw", "X-Signature", "abc", "Host", "tunnel.example"); a.StatusCode != 200 || len(a.text) != 0 {
		t.Errorf("stored: %d %q", a.StatusCode, a.text)
	}
	if len(s.hooks) != 1 || s.hooks[0] != "tiktok/a1 abc \x00raw" {
		t.Errorf("the intake got %q", s.hooks)
	}
	for answered, want := range map[int]int{401: 401, 404: 404, 413: 413, 500: 503, 503: 503} {
		s.intake = answered
		a := hook("{}")
		if a.problem(t); a.StatusCode != want || (want == 503) != (a.Header.Get("Retry-After") != "") {
			t.Errorf("the intake said %d: %d, Retry-After %q; want %d", answered, a.StatusCode, a.Header.Get("Retry-After"), want)
		}
	}
	s.intake = 200
	got := len(s.hooks)
	if a := hook(strings.Repeat("x", 1<<20)); a.StatusCode != 200 {
		t.Errorf("1 MiB: %d", a.StatusCode)
	}
	if a := hook(strings.Repeat("x", 1<<20+1)); a.StatusCode != 413 || len(s.hooks) != got+1 {
		t.Errorf("more than 1 MiB: %d, %d bodies", a.StatusCode, len(s.hooks)-got)
	}
	metrics := string(s.ask(t, nil, "GET", "/metrics", "").text)
	for _, want := range []string{
		`creatorflow_webhooks_total{status="200"} 2`, `creatorflow_webhooks_total{status="401"} 1`,
		`creatorflow_http_requests_total{route="POST /webhooks/{channel}/{app}",status="503"} 2`, "creatorflow_log_position 0", "go_goroutines",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	closed := newSite(t, func(o *gateway.Options) { o.Intake = nil })
	if a := closed.ask(t, nil, "POST", "/webhooks/tiktok/a1", "{}"); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("no intake: %d", a.StatusCode)
	}
}

// described gives the query parameters of every operation in the API's description, by route.
func described(t *testing.T, s *site) map[string][]string {
	t.Helper()
	var api struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Parameters []struct{ Name, In string }
		}
	}
	fatal(t, json.Unmarshal(s.ask(t, nil, "GET", "/api/openapi.json", "").text, &api))
	if !strings.HasPrefix(api.OpenAPI, "3.1") {
		t.Errorf("openapi %s", api.OpenAPI)
	}
	routes := map[string][]string{}
	for path, methods := range api.Paths {
		for method, operation := range methods {
			names := []string{}
			for _, p := range operation.Parameters {
				if p.In == "query" {
					names = append(names, p.Name)
				}
			}
			slices.Sort(names)
			routes[strings.ToUpper(method)+" "+path] = names
		}
	}
	return routes
}

func TestOpenAPI(t *testing.T) {
	s := newSite(t)
	api := described(t, s)
	for _, pattern := range s.gateway.Routes() {
		_, path, _ := strings.Cut(pattern, " ")
		if _, ok := api[pattern]; strings.HasPrefix(path, "/api/v1/") && !ok {
			t.Errorf("%s is served and not described", pattern)
		}
		delete(api, pattern)
	}
	if len(api) > 0 {
		t.Errorf("described and not served: %v", api)
	}
	golden(t, "openapi", s.ask(t, nil, "GET", "/api/openapi.json", "").text) // the web app's types are made of it
}
