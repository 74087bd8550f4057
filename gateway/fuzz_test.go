package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/vault/accounts"
)

// FuzzRequest throws paths, parameters, keys and bodies at the whole gateway as an operator: it
// may refuse them and must never fail.
func FuzzRequest(f *testing.F) {
	f.Add("GET", "/api/v1/orders/k7:576", "after=x&limit=3", "", "")
	f.Add("GET", "/api/v1/stock/85123A/ledger", "after=9", "", "")
	f.Add("GET", "/api/v1/events", "stream=main/stock/85123A&after=1", "", "")
	f.Add("GET", "/api/v1/series", "metric=orders&from=2026-11-01T00:00:00Z&step=1d", "", "")
	f.Add("POST", "/api/v1/commands/receive-stock", "", "01930000-0000-7000-8000-000000000000", `{"sku":"85123A","quantity":1,"reason":""}`)
	f.Add("POST", "/api/v1/commands/adjust-stock", "", "01930000-0000-7000-8000-000000000001", `{"sku":"85123A","delta":-1,"reason":"x"}`)
	f.Add("POST", "/api/v1/commands/map-sku", "", "x", `{"connection":"k7","code":"1","sku":"2"}`)
	f.Add("POST", "/webhooks/tiktok/a1", "", "", "\x00")
	f.Add("DELETE", "/api/v1/sessions/x", "", "", "")
	s := newSite(f)
	s.sell(f)
	bearer := "Bearer " + s.key(f, accounts.Operator)
	f.Fuzz(func(t *testing.T, method, path, query, key, body string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost/", strings.NewReader(body))
		if err != nil || !strings.HasPrefix(path, "/") {
			return
		}
		r.URL.Path, r.URL.RawQuery = path, query
		r.RemoteAddr = "127.0.0.1:9"
		r.Header.Set("Idempotency-Key", key)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", bearer)
		w := httptest.NewRecorder()
		s.gateway.ServeHTTP(w, r)
		if w.Code >= 500 && path != "/live" {
			t.Errorf("%s %q?%q with %q: %d %s", method, path, query, body, w.Code, w.Body)
		}
	})
}
