package instagramsim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels/instagram/instagramsim/hooks"
)

const (
	accountID = "17841400000000001"
	catalogID = "730000000000000001"
	appID     = "1234567890"
	appSecret = "meta_app_secret_cf_0123456789"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// rig is a simulator with one account. Its webhooks come to hub, over no network, so that time may be virtual.
type rig struct {
	*Sim
	t     testing.TB
	token string
	came  chan came
	hub   func(r *http.Request, body []byte) (status int, answer string)
}

type came struct {
	header http.Header
	body   []byte
}

func newRig(t testing.TB, cfg Config) *rig {
	t.Helper()
	r := &rig{t: t, came: make(chan came, 1000), hub: func(*http.Request, []byte) (int, string) { return http.StatusOK, "" }}
	cfg.AppID, cfg.AppSecret = appID, appSecret
	cfg.Client = &http.Client{Transport: roundTripper(func(q *http.Request) (*http.Response, error) {
		var body []byte
		if q.Body != nil {
			body, _ = io.ReadAll(q.Body)
		}
		status, answer := r.hub(q, body)
		if q.Method == http.MethodPost {
			r.came <- came{q.Header.Clone(), body}
		}
		return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(strings.NewReader(answer)), Request: q}, nil
	})}
	r.Sim = New(cfg)
	r.AddAccount(Account{ID: accountID, Username: "shop", Catalog: catalogID})
	r.token = r.NewToken(accountID, "EAA")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return r
}

// pass lets virtual time go by.
func pass(d time.Duration) { <-time.After(d) }

func (r *rig) item(code string, quantity int) {
	r.t.Helper()
	if _, err := r.AddItem(catalogID, Item{RetailerID: code, Price: "10.00", Quantity: quantity}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) comment(c Comment) string {
	r.t.Helper()
	id, err := r.Comment(accountID, c)
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

func (r *rig) next() (http.Header, []byte) {
	r.t.Helper()
	select {
	case c := <-r.came:
		return c.header, c.body
	case <-r.t.Context().Done():
		r.t.Fatal("no webhook came")
		return nil, nil
	}
}

// answer is what a call came back with.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) code() int {
	e, _ := a.body["error"].(map[string]any)
	code, _ := e["code"].(float64)
	return int(code)
}

func (r *rig) call(method, path string, params url.Values) answer {
	r.t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(params.Encode())
	} else {
		path += "?" + params.Encode()
	}
	q := httptest.NewRequest(method, path, body)
	if method == http.MethodPost {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if params.Get("access_token") == "" {
		q.Header.Set("Authorization", "Bearer "+r.token)
	}
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, q)
	a := answer{status: w.Code, header: w.Header()}
	if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
		r.t.Fatalf("%s %s: %v in %q", method, path, err, w.Body.String())
	}
	return a
}

func (r *rig) write(requests string) answer {
	r.t.Helper()
	return r.call(http.MethodPost, "/v26.0/"+catalogID+"/items_batch", url.Values{"item_type": {"PRODUCT_ITEM"}, "allow_upsert": {"false"}, "requests": {requests}})
}

func update(code string, quantity int) string {
	return fmt.Sprintf(`[{"method":"UPDATE","data":{"id":%q,"availability":"in stock","quantity_to_sell_on_facebook":%d}}]`, code, quantity)
}

func (r *rig) outcome(handle any) map[string]any {
	r.t.Helper()
	a := r.call(http.MethodGet, "/v26.0/"+catalogID+"/check_batch_request_status", url.Values{"handle": {handle.(string)}, "load_ids_of_invalid_requests": {"true"}})
	list, _ := a.body["data"].([]any)
	if len(list) != 1 {
		r.t.Fatalf("got %v, want one row", a.body)
	}
	return list[0].(map[string]any)
}

func handleOf(a answer) any { return a.body["handles"].([]any)[0] }

// TestLateBatch: an accepted batch takes effect at its time, and absolutely.
func TestLateBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{ApplyDelay: time.Minute})
		r.item("MUG", 10)
		handle := handleOf(r.write(update("MUG", 8)))
		if got := r.outcome(handle); got["status"] != "started" || r.Listed(catalogID, "MUG") != 10 {
			t.Errorf("at once: %v, listed %d", got, r.Listed(catalogID, "MUG"))
		}
		pass(time.Minute)
		if got := r.outcome(handle); got["status"] != "finished" || got["errors_total_count"] != 0.0 || r.Listed(catalogID, "MUG") != 8 {
			t.Errorf("after its time: %v, listed %d", got, r.Listed(catalogID, "MUG"))
		}
	})
}

func TestBatchErrors(t *testing.T) {
	r := newRig(t, Config{RefuseZero: true})
	r.item("MUG", 10)
	a := r.write(`[{"method":"UPDATE","data":{"id":"MUG","quantity_to_sell_on_facebook":-1}},{"method":"UPDATE","data":{"id":"CAP","quantity_to_sell_on_facebook":1}}]`)
	if list := a.body["validation_status"].([]any); len(list) != 1 || list[0].(map[string]any)["retailer_id"] != "MUG" {
		t.Errorf("validation %v, want one of MUG", list)
	}
	if got := r.outcome(handleOf(a)); got["errors_total_count"] != 1.0 || !slices.Equal(got["ids_of_invalid_requests"].([]any), []any{"CAP"}) {
		t.Errorf("an item that does not exist: %v", got)
	}
	if got := r.outcome(handleOf(r.write(update("MUG", 0)))); got["errors_total_count"] != 1.0 || r.Listed(catalogID, "MUG") != 10 {
		t.Errorf("a quantity of 0 where it is refused: %v", got)
	}
	if a := r.write(`[]`); a.code() != 100 {
		t.Errorf("an empty batch: %v", a.body)
	}
	r.SetFaults(Faults{AcceptedNotApplied: 1})
	if got := r.outcome(handleOf(r.write(update("MUG", 3)))); got["status"] != "finished" || got["errors_total_count"] != 0.0 || r.Listed(catalogID, "MUG") != 10 {
		t.Errorf("accepted and not applied: %v", got)
	}
	if c := r.Counts(); c.Writes["MUG"] != 0 || c.NotApplied != 1 || c.Created != 0 {
		t.Errorf("counts %+v", c)
	}
}

// TestErrors meets every code that a connector has to tell apart.
func TestErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{CallsPerHour: 3, RequestsPerSecond: 2, TokenLife: 24 * time.Hour})
		r.AddAccount(Account{ID: "17841400000000002", Catalog: "730000000000000002"})
		r.token = r.call(http.MethodGet, "/v26.0/oauth/access_token", url.Values{
			"grant_type": {"fb_exchange_token"}, "client_id": {appID}, "client_secret": {appSecret}, "fb_exchange_token": {r.token},
		}).body["access_token"].(string)
		catalog := "/v26.0/" + catalogID
		fields := url.Values{"fields": {"id"}}
		tests := []struct {
			name   string
			do     func() answer
			code   int
			status int
		}{
			{"no token", func() answer {
				return r.call(http.MethodGet, catalog, url.Values{"access_token": {"EAAnobody"}})
			}, 190, http.StatusUnauthorized},
			{"somebody else's catalogue", func() answer { return r.call(http.MethodGet, "/v26.0/730000000000000002", fields) }, 100, http.StatusBadRequest},
			{"a wrong proof", func() answer {
				return r.call(http.MethodGet, catalog, url.Values{"appsecret_proof": {"00"}})
			}, 100, http.StatusBadRequest},
			{"an old version", func() answer { return r.call(http.MethodGet, "/v9.0/"+catalogID, fields) }, 2635, http.StatusBadRequest},
			{"orders", func() answer { return r.call(http.MethodGet, "/v26.0/"+accountID+"/commerce_orders", fields) }, 2500, http.StatusBadRequest},
			{"an Instagram token at a catalogue", func() answer {
				return r.call(http.MethodGet, catalog, url.Values{"access_token": {r.NewToken(accountID, "IG")}})
			}, 10, http.StatusForbidden},
		}
		for _, tt := range tests {
			if got := tt.do(); got.code() != tt.code || got.status != tt.status {
				t.Errorf("%s: code %d with %d, want %d with %d", tt.name, got.code(), got.status, tt.code, tt.status)
			}
			pass(time.Second)
		}
		if err := r.SetScopes(accountID, "instagram_basic"); err != nil {
			t.Fatal(err)
		}
		if got := r.call(http.MethodGet, catalog, fields); got.code() != 200 || got.status != http.StatusForbidden {
			t.Errorf("a scope that was taken back: %v", got.body)
		}
		_ = r.SetScopes(accountID, scopes...)
		got := r.call(http.MethodGet, catalog, fields)
		for range 4 {
			got = r.call(http.MethodGet, catalog, fields)
		}
		if got.code() != 4 {
			t.Errorf("too fast: %v", got.body)
		}
		pass(time.Second)
		got = r.call(http.MethodGet, catalog, fields)
		var usage map[string][]struct {
			Calls  int `json:"call_count"`
			Regain int `json:"estimated_time_to_regain_access"`
		}
		if err := json.Unmarshal([]byte(got.header.Get("X-Business-Use-Case-Usage")), &usage); err != nil {
			t.Fatal(err)
		}
		if u := usage["9100000000000001"]; got.code() != 80014 || len(u) != 1 || u[0].Calls != 100 || u[0].Regain != 60 {
			t.Errorf("the hour's calls are used up: code %d, usage %v", got.code(), usage)
		}
		pass(time.Hour)
		if got = r.call(http.MethodGet, catalog, fields); got.status != http.StatusOK || r.Counts().RateLimited < 2 {
			t.Errorf("an hour later: %v, %+v", got.body, r.Counts())
		}
	})
}

func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Look: 24 * time.Hour})
		exchange := url.Values{"grant_type": {"fb_exchange_token"}, "client_id": {appID}, "client_secret": {appSecret}, "fb_exchange_token": {r.token}}
		a := r.call(http.MethodGet, "/v26.0/oauth/access_token", exchange)
		if a.body["expires_in"] != 5184000.0 {
			t.Fatalf("a long-lived token: %v", a.body)
		}
		r.token = a.body["access_token"].(string)
		pass(2 * time.Hour)
		if got := r.call(http.MethodGet, "/v26.0/oauth/access_token", exchange); got.code() != 190 {
			t.Errorf("a short-lived token two hours later: %v", got.body)
		}
		ig := r.NewToken(accountID, "IG")
		a = r.call(http.MethodGet, "/access_token", url.Values{"grant_type": {"ig_exchange_token"}, "client_secret": {appSecret}, "access_token": {ig}})
		long, _ := a.body["access_token"].(string)
		refresh := url.Values{"grant_type": {"ig_refresh_token"}, "access_token": {long}}
		if got := r.call(http.MethodGet, "/refresh_access_token", refresh); got.code() != 100 {
			t.Errorf("a token that is too young: %v", got.body)
		}
		pass(24 * time.Hour)
		if got := r.call(http.MethodGet, "/refresh_access_token", refresh); got.status != http.StatusOK {
			t.Errorf("a day later: %v", got.body)
		}
		look := url.Values{"input_token": {long}, "access_token": {appID + "|" + appSecret}}
		data := r.call(http.MethodGet, "/v26.0/debug_token", look).body["data"].(map[string]any)
		if data["is_valid"] != true || data["app_id"] != appID || len(data["scopes"].([]any)) != len(scopes) {
			t.Errorf("debug: %v", data)
		}
		pass(60 * 24 * time.Hour)
		if got := r.call(http.MethodGet, "/refresh_access_token", refresh); got.code() != 190 {
			t.Errorf("after its end: %v", got.body)
		}
		r.EndTokens(accountID)
		if r.Counts().Refreshes != 3 {
			t.Errorf("%d tokens made, want 3", r.Counts().Refreshes)
		}
	})
}

// TestBatchesOfChanges: changes that wait together come in one POST, in ASCII, with one entry an account, signed as it is sent.
func TestBatchesOfChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Gather: time.Second, MaxBatch: 3})
		r.AddAccount(Account{ID: "17841400000000002"})
		r.SetCallback("http://hub.test/", "comments", "mentions")
		r.comment(Comment{Text: "néed 🔥/this"})
		if _, err := r.Comment("17841400000000002", Comment{Field: "mentions", Media: "17900000000000009"}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			r.comment(Comment{Text: "x"})
		}
		r.comment(Comment{Field: "live_comments"}) // nobody subscribed to it
		header, body := r.next()
		other, rest := r.next()
		if len(rest) > len(body) { // the two are sent side by side
			header, body, rest = other, rest, body
		}
		if !bytes.Contains(body, []byte(`n\u00e9ed \ud83d\udd25\/this`)) || bytes.ContainsFunc(body, func(c rune) bool { return c > 0x7f }) {
			t.Errorf("not escaped: %s", body)
		}
		if header.Get("X-Hub-Signature-256") != hooks.Signature(appSecret, body) {
			t.Error("the signature is not of the bytes that were sent")
		}
		var first struct {
			Entry []struct {
				ID      string           `json:"id"`
				Changes []map[string]any `json:"changes"`
			} `json:"entry"`
		}
		if err := json.Unmarshal(body, &first); err != nil || len(first.Entry) != 2 || len(first.Entry[0].Changes) != 2 || len(first.Entry[1].Changes) != 1 {
			t.Errorf("%v in %s, want 2 accounts with 2 and 1 changes", err, body)
		}
		if bytes.Count(rest, []byte(`"field"`)) != 1 {
			t.Errorf("the rest: %s", rest)
		}
		synctest.Wait()
		if c := r.Counts(); c.Webhooks.Bodies != 2 || c.Webhooks.Acked != 2 || c.Unsubscribed != 1 {
			t.Errorf("counts %+v", c)
		}
	})
}

// TestRedelivery: what is not answered 200 comes again with the same bytes for 36 hours, and then no more.
func TestRedelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Look: time.Hour})
		r.SetCallback("http://hub.test/", "comments")
		r.hub = func(*http.Request, []byte) (int, string) { return http.StatusServiceUnavailable, "" }
		r.comment(Comment{})
		began := time.Now()
		_, first := r.next()
		var times []time.Duration
		for range 9 {
			_, again := r.next()
			if !bytes.Equal(first, again) {
				t.Fatalf("another body: %s", again)
			}
			times = append(times, time.Since(began))
		}
		if times[0] != 0 || times[8] != 36*time.Hour || !slices.IsSorted(times) {
			t.Errorf("sent again after %v", times)
		}
		pass(100 * time.Hour)
		if c := r.Counts().Webhooks; c.Dropped != 1 || c.Sent != 10 || c.Pending != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}

// TestHandshake: an address that does not know the verify token, or does not echo the challenge, gets no webhooks.
func TestHandshake(t *testing.T) {
	r := newRig(t, Config{Clock: time.Now})
	subscribe := url.Values{
		"object": {"instagram"}, "callback_url": {"http://hub.test/webhooks"}, "fields": {"comments,mentions"}, "verify_token": {"vt"},
		"access_token": {appID + "|" + appSecret},
	}
	path := "/v26.0/" + appID + "/subscriptions"
	if got := r.call(http.MethodPost, path, subscribe); got.code() != 2200 {
		t.Errorf("an address that echoes nothing: %v", got.body)
	}
	r.hub = func(q *http.Request, _ []byte) (int, string) {
		if q.Method == http.MethodPost {
			return http.StatusOK, ""
		}
		if query := q.URL.Query(); query.Get("hub.mode") == "subscribe" && query.Get("hub.verify_token") == "vt" {
			return http.StatusOK, query.Get("hub.challenge")
		}
		return http.StatusForbidden, ""
	}
	if got := r.call(http.MethodPost, path, subscribe); got.body["success"] != true {
		t.Errorf("the right address: %v", got.body)
	}
	if address, subscribed := r.Callback(); address != "http://hub.test/webhooks" || !slices.Equal(subscribed, []string{"comments", "mentions"}) {
		t.Errorf("goes to %s: %v", address, subscribed)
	}
	r.comment(Comment{}) // the account has not joined
	if got := r.call(http.MethodPost, "/v26.0/"+accountID+"/subscribed_apps", url.Values{"subscribed_fields": {"comments"}}); got.body["success"] != true {
		t.Errorf("the account joins: %v", got.body)
	}
	r.comment(Comment{})
	r.next()
	if got := r.call(http.MethodDelete, path, url.Values{"access_token": {appID + "|" + appSecret}, "fields": {"comments"}}); got.body["success"] != true {
		t.Errorf("ended: %v", got.body)
	}
	if c := r.Counts(); c.Handshakes != 2 || c.HandshakesFailed != 1 || c.Unsubscribed != 1 || c.Webhooks.Sent != 1 {
		t.Errorf("counts %+v", c)
	}
}

// TestHookFaults: what is spoilt is counted, and a forged body is never signed with the app's secret.
func TestHookFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		r.SetCallback("http://hub.test/", "comments")
		r.hub = func(q *http.Request, body []byte) (int, string) {
			if q.Header.Get("X-Hub-Signature-256") != hooks.Signature(appSecret, body) {
				return http.StatusUnauthorized, ""
			}
			return http.StatusOK, ""
		}
		for name, f := range map[string]Faults{"duplicate": {Duplicate: 1}, "delay": {Delay: 1}, "garble": {Garble: 1}, "forge": {BadSignature: 1}, "lose": {Lose: 1}} {
			r.SetFaults(f)
			r.comment(Comment{Text: name})
			pass(10 * time.Second)
		}
		c := r.Counts().Webhooks
		if c.Duplicated != 1 || c.Delayed != 1 || c.Garbled != 1 || c.Forged != 1 || c.ForgedAccepted != 0 || c.Lost != 1 || c.Sent != 6 || c.Acked != 5 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestControl(t *testing.T) {
	r := newRig(t, Config{Clock: time.Now})
	post := func(path, body string) (int, string) {
		w := httptest.NewRecorder()
		method := http.MethodPost
		if body == "" {
			method = http.MethodGet
		}
		r.ControlHandler().ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	for _, tt := range []struct {
		path, body string
		status     int
		holds      string
	}{
		{"/accounts", `{"account":{"id":"178","catalog":"730"}}`, 200, "{}"},
		{"/items", `{"catalog":"730","item":{"retailer_id":"MUG","quantity":4,"id":"1"}}`, 200, `{"id":"1"}`},
		{"/items?catalog=730&code=MUG", "", 200, `"quantity":4`},
		{"/items/remove", `{"catalog":"730","code":"MUG"}`, 200, "{}"},
		{"/items?catalog=730&code=MUG", "", 404, "error"},
		{"/items", `{"catalog":"731","item":{"retailer_id":"MUG"}}`, 404, "error"},
		{"/callback", `{"callback":"http://hub.test/","fields":["comments"]}`, 200, "{}"},
		{"/callback", "", 200, `"callback":"http://hub.test/"`},
		{"/comments", `{"id":"178","comment":{"text":"hi","id":"5"},"times":3}`, 200, `{"id":"5"}`},
		{"/comments", `{"id":"179","comment":{}}`, 404, "error"},
		{"/comments", `{"id":"178","comment":{"field":"likes"}}`, 400, "error"},
		{"/tokens", `{"id":"178","kind":"EAA"}`, 200, "EAAsim"},
		{"/tokens/end", `{"id":"178"}`, 200, "{}"},
		{"/scopes", `{"id":"178","scopes":[]}`, 200, "{}"},
		{"/faults", `{"lose":1}`, 200, "{}"},
		{"/faults", `{"loose":1}`, 400, "error"},
		{"/counts", "", 200, `"comments":{"comments":3}`},
	} {
		if status, got := post(tt.path, tt.body); status != tt.status || !strings.Contains(got, tt.holds) {
			t.Errorf("%s %s: %d %s, want %d with %s", tt.path, tt.body, status, got, tt.status, tt.holds)
		}
	}
	if err := r.RemoveItem(catalogID, "none"); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v", err)
	}
}
