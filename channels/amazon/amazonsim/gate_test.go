package amazonsim

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Each call has the bucket of the vendor's operation table; an empty one answers 429 QuotaExceeded and fills at that rate.
func TestBucketsOfTheTable(t *testing.T) {
	tests := []struct {
		method, path string
		rate         float64
		burst        int
	}{
		{http.MethodGet, ordersQ + "?lastUpdatedAfter=2026-01-01T00:00:00Z", 0.0056, 20},
		{http.MethodGet, ordersQ + "/026-0000000-0000000", 0.5, 30},
		{http.MethodPost, "/orders/v0/orders/026-0000000-0000000/shipmentConfirmation", 2, 10},
		{http.MethodPatch, "/listings/2021-08-01/items/" + seller + "/X?marketplaceIds=" + place, 5, 5},
		{http.MethodGet, "/listings/2021-08-01/items/" + seller + "?marketplaceIds=" + place, 5, 5},
		{http.MethodGet, "/fba/inventory/v1/summaries?marketplaceIds=" + place, 2, 2},
		{http.MethodGet, "/notifications/v1/subscriptions/ORDER_CHANGE", 1, 5},
		{http.MethodPost, "/feeds/2021-06-30/feeds", 0.0083, 15},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			r := newRig(t, Config{AccessLife: 24 * time.Hour})
			for n := range tt.burst {
				status, out, w := r.call(tt.method, tt.path, nil)
				if limit := w.Header().Get("x-amzn-RateLimit-Limit"); status == http.StatusTooManyRequests || limit != strconv.FormatFloat(tt.rate, 'g', -1, 64) {
					t.Fatalf("call %d of %d: %d %v, limit %q", n+1, tt.burst, status, out, limit)
				}
			}
			status, out, _ := r.call(tt.method, tt.path, nil)
			if code, _ := refused(out); status != http.StatusTooManyRequests || code != "QuotaExceeded" {
				t.Fatalf("beyond the burst: %d %v", status, out)
			}
			one := time.Duration(float64(time.Second) / tt.rate)
			r.now = r.now.Add(one - one/100)
			if status, _, _ := r.call(tt.method, tt.path, nil); status != http.StatusTooManyRequests {
				t.Errorf("a little early: %d", status)
			}
			r.now = r.now.Add(one / 50)
			if status, _, _ := r.call(tt.method, tt.path, nil); status == http.StatusTooManyRequests {
				t.Error("after the time of one call none is taken")
			}
			if got := r.Counts().RateLimited; got != 2 {
				t.Errorf("%d refusals counted, want 2", got)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	expired := regexp.MustCompile(`access token.*expired`)
	tests := []struct {
		name    string
		before  func(*rig)
		status  int
		details *regexp.Regexp
	}{
		{"good", func(*rig) {}, http.StatusOK, nil},
		{"none", func(r *rig) { r.token = "" }, http.StatusForbidden, regexp.MustCompile(`missing`)},
		{"unknown", func(r *rig) { r.token = "Atza|x" }, http.StatusForbidden, regexp.MustCompile(`invalid`)},
		{"an hour old", func(r *rig) { r.now = r.now.Add(time.Hour) }, http.StatusForbidden, expired},
		{"expired on demand", func(r *rig) { r.ExpireTokens() }, http.StatusForbidden, expired},
		{"withdrawn", func(r *rig) { r.must(r.Withdraw(seller)) }, http.StatusForbidden, regexp.MustCompile(`revoked`)},
		{"without the role", func(r *rig) { r.must(r.SetRoles(seller, RoleListings)) }, http.StatusForbidden, regexp.MustCompile(`role`)},
		{"of no seller", func(r *rig) {
			r.token = r.login(url.Values{"grant_type": {"client_credentials"}, "scope": {notifications}})
		}, http.StatusForbidden, regexp.MustCompile(`scope`)},
		{"almost an hour old", func(r *rig) { r.now = r.now.Add(time.Hour - time.Second) }, http.StatusOK, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, Config{})
			tt.before(r)
			status, out, _ := r.call(http.MethodGet, ordersQ+"?lastUpdatedAfter=2026-01-01T00:00:00Z", nil)
			code, details := refused(out)
			if status != tt.status || tt.details != nil && (code != "Unauthorized" || !tt.details.MatchString(details)) {
				t.Errorf("got %d %s: %s", status, code, details)
			}
		})
	}
}

func TestLogin(t *testing.T) {
	r := newRig(t, Config{})
	good := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.refresh}, "client_id": {"amzn1.client"}, "client_secret": {"client-secret"}}
	with := func(key, value string) url.Values {
		q := url.Values{}
		for k, v := range good {
			q[k] = v
		}
		q.Set(key, value)
		return q
	}
	for name, tt := range map[string]struct {
		form   url.Values
		status int
		says   string
	}{
		"good":                   {good, http.StatusOK, `"expires_in":3600`},
		"another secret":         {with("client_secret", "x"), http.StatusUnauthorized, "invalid_client"},
		"another refresh token":  {with("refresh_token", "x"), http.StatusBadRequest, "invalid_grant"},
		"another grant":          {with("grant_type", "password"), http.StatusBadRequest, "unsupported_grant_type"},
		"no scope":               {with("grant_type", "client_credentials"), http.StatusBadRequest, "invalid_scope"},
		"the refresh token back": {good, http.StatusOK, r.refresh},
	} {
		w := r.serve(httptest.NewRequest(http.MethodPost, base+"/auth/o2/token", strings.NewReader(tt.form.Encode())))
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	r.must(r.Withdraw(seller))
	w := r.serve(httptest.NewRequest(http.MethodPost, base+"/auth/o2/token", strings.NewReader(good.Encode())))
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "invalid_grant") {
		t.Errorf("withdrawn: %d %s", w.Code, w.Body)
	}
}

func TestFaults(t *testing.T) {
	r := newRig(t, Config{Unlimited: true})
	r.SetFaults(Faults{API5xx: 1})
	if status, _, _ := r.call(http.MethodPatch, "/listings/2021-08-01/items/"+seller+"/"+skuA+"?marketplaceIds="+place, quantity("HOODIE", 3)); status < 500 {
		t.Errorf("got %d", status)
	}
	r.SetFaults(Faults{APIGarbage: 1})
	q := httptest.NewRequest(http.MethodGet, base+ordersQ+"?lastUpdatedAfter=2026-01-01T00:00:00Z", nil)
	q.Header.Set("x-amz-access-token", r.token)
	if w := r.serve(q); w.Code != http.StatusOK || strings.HasSuffix(w.Body.String(), "}") {
		t.Errorf("garbage: %d %s", w.Code, w.Body)
	}
	r.SetFaults(Faults{APITimeoutAfter: 1})
	order := r.place(NewOrder{})
	func() {
		defer func() {
			if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
				t.Error("the connection was not dropped")
			}
		}()
		r.confirm(order, "1", 1)
	}()
	if c := r.Counts(); c.Ships[order+"/1"] != 1 || c.InventoryWrites != 0 || c.Faults["dropped"] != 1 {
		t.Errorf("what was done: %+v", c)
	}
}
