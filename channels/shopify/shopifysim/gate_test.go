package shopifysim

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const cheap = `query Shop { shop { name } }`

func TestGate(t *testing.T) {
	r := newRig(t, Config{})
	body := `{"query":"{ shop { name } }"}`
	for _, tt := range []struct {
		name, path, kind, body string
		change                 func(*http.Request)
		want                   int
	}{
		{"well", apiPath, "application/json; charset=utf-8", body, nil, 200},
		{"no token", apiPath, "application/json", body, func(q *http.Request) { q.Header.Del("X-Shopify-Access-Token") }, 401},
		{"a token that is none", apiPath, "application/json", body, func(q *http.Request) { q.Header.Set("X-Shopify-Access-Token", "shpat_x") }, 401},
		{"another version", "/admin/api/2019-01/graphql.json", "application/json", body, nil, 404},
		{"another path", "/admin/api/2026-07/orders.json", "application/json", body, nil, 404},
		{"another content type", apiPath, "text/plain", body, nil, 415},
		{"no document", apiPath, "application/json", `{}`, nil, 400},
		{"not JSON", apiPath, "application/json", `{`, nil, 400},
	} {
		if got := r.post(tt.path, tt.kind, tt.body, tt.change); got.HTTP != tt.want {
			t.Errorf("%s: HTTP %d, wanted %d: %s", tt.name, got.HTTP, tt.want, got.Raw)
		}
	}
	for state, want := range map[string]int{"frozen": 402, "locked": 423, "": 200} {
		r.must(r.SetState(testShop, state))
		if got := r.query(cheap, nil); got.HTTP != want {
			t.Errorf("%q: HTTP %d, wanted %d", state, got.HTTP, want)
		}
	}
	r.must(r.SetState(testShop, ""))
	r.ExpireToken(testShop)
	if got := r.query(cheap, nil); got.HTTP != 401 {
		t.Errorf("an expired token: HTTP %d", got.HTTP)
	}
}

func TestDocuments(t *testing.T) {
	r := newRig(t, Config{})
	for name, tt := range map[string]struct{ document, code string }{
		"broken":              {`query {`, "PARSE_ERROR"},
		"a field of nobody":   {`{ shop { colour } }`, "undefinedField"},
		"no argument":         {`{ order { id } }`, "missingRequiredArguments"},
		"an odd argument":     {`{ shop(id: 1) { name } }`, "argumentNotAccepted"},
		"a missing variable":  {`query Q($id: ID!) { order(id: $id) { id } }`, "INVALID_VARIABLE"},
		"too dear":            {`{ orders(first: 250, sortKey: UPDATED_AT) { nodes { lineItems(first: 10) { nodes { id } } } } }`, "MAX_COST_EXCEEDED"},
		"too many rows":       {`{ products(first: 251) { nodes { id } } }`, "BAD_REQUEST"},
		"no number of rows":   {`{ products { nodes { id } } }`, "BAD_REQUEST"},
		"an unreadable query": {`{ orders(first: 1, sortKey: UPDATED_AT, query: "tag") { nodes { id } } }`, "BAD_REQUEST"},
	} {
		got := r.query(tt.document, nil)
		if got.HTTP != http.StatusOK {
			t.Errorf("%s: HTTP %d", name, got.HTTP)
		}
		r.wantCode(name, got, tt.code)
	}
	got := r.query(`query Q($short: Boolean!) { a: shop { ...Name @include(if: $short) currencyCode @skip(if: $short) } } fragment Name on Shop { name __typename }`, map[string]any{"short": true})
	if got.at("a", "name") != "Test Shop" || got.at("a", "__typename") != "Shop" || got.at("a", "currencyCode") != nil {
		t.Errorf("fragments and directives: %s", got.Raw)
	}
}

func TestScopes(t *testing.T) {
	r := newRig(t, Config{})
	r.must(r.SetScopes(testShop, "read_products"))
	got := r.query(`{ orders(first: 1, sortKey: UPDATED_AT) { nodes { id } } }`, nil)
	r.wantCode("a scope that is missing", got, "ACCESS_DENIED")
	if got.HTTP != http.StatusOK || got.Data != nil || !strings.Contains(got.Raw, "`read_orders`") {
		t.Errorf("got %s", got.Raw)
	}
	r.wantCode("writing", r.set(hoodie, 1, nil, "k"), "ACCESS_DENIED")
	r.must(r.SetScopes(testShop, "write_orders"))
	r.wantCode("writing includes reading", r.query(`{ orders(first: 1, sortKey: UPDATED_AT) { nodes { id } } }`, nil), "")
	granted := r.query(`{ currentAppInstallation { accessScopes { handle } } }`, nil)
	if granted.at("currentAppInstallation", "accessScopes", 0, "handle") != "write_orders" {
		t.Errorf("got %s", granted.Raw)
	}
}

func TestCostBucket(t *testing.T) {
	r := newRig(t, Config{PointsPerSecond: 50, Bucket: 500})
	const document = `{ productVariants(first: 100) { nodes { id product { id } } } }`
	first := r.query(document, nil)
	// A connection is two and its size times its node: 2 + 100·(1 + 1); two variants came back: 2 + 2·2.
	cost := first.Extensions.Cost
	if cost.Requested != 202 || cost.Actual == nil || *cost.Actual != 6 {
		t.Fatalf("got %s", first.Raw)
	}
	if s := cost.Throttle; s.Most != 500 || s.Restore != 50 || s.Now != 494 {
		t.Errorf("bucket %+v", s)
	}
	codes := map[int]int{}
	for range 200 {
		got := r.query(document, nil)
		if got.code() == "" {
			continue
		}
		codes[got.HTTP]++
		r.wantCode("over the limit", got, "THROTTLED")
		c := got.Extensions.Cost
		if got.Data != nil || c.Requested != 202 || c.Actual != nil || c.Throttle.Now >= 202 {
			t.Fatalf("got %s", got.Raw)
		}
		if after := got.Header.Get("Retry-After"); (got.HTTP == 429) != (after != "") {
			t.Errorf("HTTP %d with Retry-After %q", got.HTTP, after)
		}
	}
	if codes[200] == 0 || codes[429] == 0 {
		t.Errorf("throttled answers by status %v, wanted both", codes)
	}
	r.clock.advance(5 * time.Second)
	r.wantCode("after a rest", r.query(document, nil), "")
	for _, status := range []int{200, 429} {
		r := newRig(t, Config{PointsPerSecond: 1, Bucket: 1, ThrottleStatus: status})
		if got := r.query(document, nil); got.HTTP != status || got.code() != "THROTTLED" {
			t.Errorf("HTTP %d, wanted %d", got.HTTP, status)
		}
	}
}

func TestFaults(t *testing.T) {
	r := newRig(t, Config{})
	r.SetFaults(Faults{API5xx: 1})
	if got := r.query(cheap, nil); got.HTTP < 500 {
		t.Errorf("HTTP %d", got.HTTP)
	}
	r.SetFaults(Faults{InternalError: 1})
	r.wantCode("trouble in a good answer", r.query(cheap, nil), "INTERNAL_SERVER_ERROR")
	r.SetFaults(Faults{APIGarbage: 1})
	for range 8 {
		if got := r.query(cheap, nil); got.Data != nil {
			t.Errorf("garbage that can be read: %s", got.Raw)
		}
	}
	id := r.place(NewOrder{Lines: []Line{{Variant: hoodie, Quantity: 1}}})
	part := ""
	r.SetFaults(Faults{})
	part, _ = r.order(id).at("order", "fulfillmentOrders", "nodes", 0, "id").(string)
	r.slow = time.Millisecond // a hanging answer is dropped in the end
	r.SetFaults(Faults{APITimeoutAfter: 1})
	func() {
		defer func() {
			if got := recover(); got != http.ErrAbortHandler { //nolint:errorlint // a panic's value, as net/http compares it
				t.Errorf("the connection was not dropped: %v", got)
			}
		}()
		r.fulfil(part, nil, "T1")
	}()
	r.SetFaults(Faults{})
	r.wantStates(id, "PAID", "FULFILLED") // done, and nobody heard
}

func form(values ...string) string {
	q := url.Values{}
	for i := 0; i < len(values); i += 2 {
		q.Set(values[i], values[i+1])
	}
	return q.Encode()
}

// exchange asks for a token; the answer is in Data.
func (r *rig) exchange(values ...string) said {
	r.t.Helper()
	values = append([]string{"client_id", "cfclient01", "client_secret", "shpss_cf_test_0123456789abcdef0123456789"}, values...)
	got := r.post("/admin/oauth/access_token", "application/x-www-form-urlencoded", form(values...), nil)
	got.Data = decode(r.t, got.Raw)
	return got
}

func TestCodeGrant(t *testing.T) {
	r := newRig(t, Config{RedirectURL: "https://hub.example.test/channels"})
	page := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+testShop+"/admin/oauth/authorize?"+form(
		"client_id", "cfclient01", "scope", "read_orders,write_inventory", "redirect_uri", "https://hub.example.test/channels/back?x=1", "state", "s1"), nil)
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, page)
	back, err := url.Parse(w.Header().Get("Location"))
	if err != nil || w.Code != http.StatusFound {
		t.Fatalf("HTTP %d, %v", w.Code, err)
	}
	q := back.Query()
	if q.Get("shop") != testShop || q.Get("state") != "s1" || q.Get("hmac") == "" || q.Get("timestamp") == "" || q.Get("x") != "1" {
		t.Errorf("back with %v", q)
	}
	got := r.exchange("code", q.Get("code"), "expiring", "1")
	if got.at("scope") != "read_orders,write_inventory" || got.at("expires_in") != 3600.0 || got.at("refresh_token_expires_in") != 7776000.0 {
		t.Errorf("got %s", got.Raw)
	}
	if again := r.exchange("code", q.Get("code"), "expiring", "1"); again.HTTP != 400 {
		t.Errorf("a code twice: HTTP %d", again.HTTP)
	}
	forever := r.exchange("code", r.AuthCode(testShop))
	if forever.at("expires_in") != nil || forever.at("refresh_token") != nil {
		t.Errorf("without expiring: %s", forever.Raw)
	}
	if got := r.post("/admin/oauth/access_token", "application/json", `{"client_id":"cfclient01","client_secret":"wrong","code":"x"}`, nil); got.HTTP != 400 {
		t.Errorf("a wrong secret: HTTP %d", got.HTTP)
	}
	bad := httptest.NewRecorder()
	page.URL.RawQuery = form("client_id", "cfclient01", "redirect_uri", "https://evil.test/")
	if r.Handler().ServeHTTP(bad, page); bad.Code != http.StatusBadRequest {
		t.Errorf("back to somebody else: HTTP %d", bad.Code)
	}
}

func TestRotatingRefresh(t *testing.T) {
	r := newRig(t, Config{})
	first := r.Tokens(testShop)
	renew := func(token string) said { return r.exchange("grant_type", "refresh_token", "refresh_token", token) }
	lost := renew(first.RefreshToken)
	second := renew(first.RefreshToken) // the answer before was lost: the old one is good until a new pair is used
	if lost.HTTP != 200 || second.HTTP != 200 {
		t.Fatalf("HTTP %d, then %d: %s", lost.HTTP, second.HTTP, second.Raw)
	}
	if got := r.query(cheap, nil); got.HTTP != 200 {
		t.Errorf("the new pair: HTTP %d", got.HTTP)
	}
	if again := renew(first.RefreshToken); again.HTTP != 400 || again.at("error") != "invalid_grant" {
		t.Errorf("after the new pair was used: %s", again.Raw)
	}
	r.clock.advance(91 * 24 * time.Hour)
	if late := renew(r.Tokens(testShop).RefreshToken); late.HTTP != 400 {
		t.Errorf("after 91 days: HTTP %d", late.HTTP)
	}
	own := r.exchange("grant_type", "client_credentials")
	if own.at("expires_in") != 86399.0 || own.at("refresh_token") != nil {
		t.Errorf("client credentials: %s", own.Raw)
	}
	if got := r.query(cheap, nil); got.HTTP != 200 {
		t.Errorf("by its token: HTTP %d", got.HTTP)
	}
	if got := r.exchange("grant_type", "password"); got.at("error") != "unsupported_grant_type" {
		t.Errorf("got %s", got.Raw)
	}
}
