package tiktoksim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Sign []struct {
			ID, Secret, Path, Body string
			Query                  map[string]string
			ContentType            string `json:"content_type"`
			Want                   string `json:"expected_sign"`
		}
		Webhook []struct {
			ID, Body string
			Key      string `json:"app_key"`
			Secret   string `json:"app_secret"`
			Want     string `json:"expected_authorization"`
		}
	}
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors.Sign) != 10 || len(vectors.Webhook) != 5 {
		t.Fatalf("%d and %d rows, wanted 10 and 5", len(vectors.Sign), len(vectors.Webhook))
	}
	for _, v := range vectors.Sign {
		q := url.Values{}
		for key, value := range v.Query {
			q.Set(key, value)
		}
		if got := sign(v.Secret, v.Path, q, v.ContentType, []byte(v.Body)); got != v.Want {
			t.Errorf("%s: %s, wanted %s", v.ID, got, v.Want)
		}
	}
	for _, v := range vectors.Webhook {
		s := New(Config{AppKey: v.Key, AppSecret: v.Secret})
		if got := s.mac(v.Key + v.Body); got != v.Want {
			t.Errorf("%s: %s, wanted %s", v.ID, got, v.Want)
		}
	}
}

func TestGate(t *testing.T) {
	r := newRig(t, Config{})
	other := r.AddShop(Shop{ID: "7490000000000000002", Name: "Other"})
	at := func(d time.Duration) func(*http.Request, url.Values) {
		return func(req *http.Request, q url.Values) {
			q.Set("timestamp", strconv.FormatInt(epoch.Add(d).Unix(), 10))
			q.Set("sign", sign("cf_test_secret_0123456789abcdef", req.URL.Path, q, "application/json", nil))
		}
	}
	const shops = "/authorization/202309/shops"
	tests := []struct {
		name, path, cipher string
		spoil              func(*http.Request, url.Values)
		code               int
	}{
		{name: "well made", path: shops},
		{name: "5 minutes old", path: shops, spoil: at(-300 * time.Second)},
		{name: "30 seconds ahead", path: shops, spoil: at(30 * time.Second)},
		{name: "older", path: shops, spoil: at(-301 * time.Second), code: 36009004},
		{name: "further ahead", path: shops, spoil: at(31 * time.Second), code: 36009004},
		{name: "milliseconds", path: shops, spoil: func(_ *http.Request, q url.Values) { q.Set("timestamp", "1767225600000") }, code: 36009004},
		{name: "no sign", path: shops, spoil: func(_ *http.Request, q url.Values) { q.Del("sign") }, code: 36009004},
		{name: "wrong sign", path: shops, spoil: func(_ *http.Request, q url.Values) { q.Set("sign", strings.Repeat("0", 64)) }, code: 106001},
		{name: "signed something else", path: shops, spoil: func(_ *http.Request, q url.Values) { q.Set("more", "1") }, code: 106001},
		{name: "a key twice", path: shops, spoil: func(_ *http.Request, q url.Values) { q.Add("app_key", "x") }, code: 36009004},
		{name: "wrong app", path: shops, spoil: func(_ *http.Request, q url.Values) { q.Set("app_key", "x") }, code: 36009004},
		{name: "no token", path: shops, spoil: func(req *http.Request, _ url.Values) { req.Header.Del("x-tts-access-token") }, code: 36009004},
		{name: "wrong token", path: shops, spoil: func(req *http.Request, _ url.Values) { req.Header.Set("x-tts-access-token", "x") }, code: 36009004},
		{name: "no content type", path: shops, spoil: func(req *http.Request, _ url.Values) { req.Header.Del("Content-Type") }, code: 36009022},
		{name: "with charset", path: shops, spoil: func(req *http.Request, _ url.Values) {
			req.Header.Set("Content-Type", "application/json; charset=utf-8")
		}},
		{name: "unexpected cipher", path: shops, cipher: r.cipher, code: 36009004},
		{name: "missing cipher", path: "/event/202309/webhooks", code: 106013},
		{name: "another shop's cipher", path: "/event/202309/webhooks", cipher: other, code: 101000},
		{name: "unknown path", path: "/order/202309/nothing", code: 36009009},
	}
	for _, test := range tests {
		r.wantCode(test.name, r.send(r.request("GET", test.path, "", url.Values{"shop_cipher": {test.cipher}}, test.spoil)), test.code)
	}
	if got := r.Counts(); got.SignatureFailures != 3 || got.Codes[106001] != 2 {
		t.Errorf("%d signature failures, %v, wanted 3 and 2 of 106001", got.SignatureFailures, got.Codes)
	}
	r.wantCode("{} is signed as sent", r.call("POST", "/order/202309/orders/search", "page_size=10", "{}"), 0)
	r.wantCode("changed body", r.send(r.request("POST", "/order/202309/orders/search", "{}", url.Values{"page_size": {"10"}},
		func(req *http.Request, _ url.Values) { req.Body, req.ContentLength = http.NoBody, 0 })), 106001)
}

func TestTokens(t *testing.T) {
	r := newRig(t, Config{})
	get := func(path, query string) answer {
		req, err := http.NewRequestWithContext(t.Context(), "GET", r.url+path+"?app_key=cfappkey01&app_secret=cf_test_secret_0123456789abcdef&"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r.send(req)
	}
	var pair struct {
		Access        string `json:"access_token"`
		AccessExpires int64  `json:"access_token_expire_in"`
		Refresh       string `json:"refresh_token"`
	}
	code := r.AuthCode(testShop)
	r.wantCode("wrong grant type", get("/api/v2/token/get", "grant_type=authorization_code&auth_code="+code), 36004004)
	get("/api/v2/token/get", "grant_type=authorized_code&auth_code="+code).into(t, &pair)
	if want := epoch.Add(7 * 24 * time.Hour).Unix(); pair.AccessExpires != want {
		t.Errorf("expires at %d, wanted the absolute %d", pair.AccessExpires, want)
	}
	r.wantCode("a code twice", get("/api/v2/token/get", "grant_type=authorized_code&auth_code="+code), 36004004)
	late := r.AuthCode(testShop)
	r.clock.advance(30 * time.Minute)
	r.wantCode("a code after 30 minutes", get("/api/v2/token/get", "grant_type=authorized_code&auth_code="+late), 36004004)

	r.wantCode("good token", r.call("GET", "/event/202309/webhooks", "", ""), 0)
	r.ExpireToken(testShop)
	r.wantCode("expired by hand", r.call("GET", "/event/202309/webhooks", "", ""), 105002)
	first := pair.Refresh
	get("/api/v2/token/refresh", "grant_type=refresh_token&refresh_token="+first).into(t, &pair)
	r.wantCode("refreshed", r.call("GET", "/event/202309/webhooks", "", ""), 0)
	r.wantCode("a refresh token twice", get("/api/v2/token/refresh", "grant_type=refresh_token&refresh_token="+first), 36004004)
	if got := r.Tokens(testShop); got.RefreshToken != pair.Refresh || got.RefreshToken == first {
		t.Errorf("the refresh token did not rotate: %+v", got)
	}
	r.clock.advance(7 * 24 * time.Hour)
	r.wantCode("expired by time", r.call("GET", "/event/202309/webhooks", "", ""), 105002)
}

func TestRateLimit(t *testing.T) {
	r := newRig(t, Config{RequestsPerSecond: 3})
	call := func() answer { return r.call("GET", "/event/202309/webhooks", "", "") }
	var limited, after int
	for range 7 {
		a := call()
		switch {
		case a.HTTP == 429 && a.Code == 36009002:
			limited++
			if a.Header.Get("Retry-After") != "" {
				after++
			}
		case a.Code != 0:
			t.Errorf("code %d", a.Code)
		}
	}
	if limited != 4 || after != 2 {
		t.Errorf("%d limited, %d with Retry-After, wanted 4 and 2", limited, after)
	}
	r.wantCode("another endpoint has its own limit", r.call("POST", "/order/202309/orders/search", "page_size=1", ""), 0)
	r.clock.advance(time.Second)
	r.wantCode("a second later", call(), 0)
	if got := r.Counts().RateLimited; got != 4 {
		t.Errorf("%d counted, wanted 4", got)
	}
}

func TestAPIFaults(t *testing.T) {
	r := newRig(t, Config{})
	ship := func(f Faults) (answer, string, error) {
		r.SetFaults(f)
		id := r.place(Line{SKUID: skuA, Quantity: 1})
		req := r.request("POST", "/fulfillment/202309/packages/"+r.pack(id)+"/ship", "", nil, nil)
		resp, err := r.server.Client().Do(req)
		var a answer
		if err == nil {
			err = json.NewDecoder(resp.Body).Decode(&a)
			a.HTTP = resp.StatusCode
			_ = resp.Body.Close()
		}
		r.SetFaults(Faults{})
		return a, r.status(id), err
	}
	a, status, err := ship(Faults{API5xx: 1})
	if err != nil || a.HTTP < 500 || a.Code != 36009003 || status != "AWAITING_SHIPMENT" {
		t.Errorf("5xx: %+v, %v, %s: wanted an error and no effect", a, err, status)
	}
	if _, status, err := ship(Faults{APIGarbage: 1}); err == nil || status != "AWAITING_COLLECTION" {
		t.Errorf("garbage: %v, %s: wanted an unreadable answer and the effect", err, status)
	}
	if a, status, err := ship(Faults{ShipNotApplied: 1}); err != nil || a.Code != 0 || status != "AWAITING_SHIPMENT" {
		t.Errorf("accepted, not applied: %+v, %v, %s", a, err, status)
	}
	r.SetFaults(Faults{APITimeoutAfter: 1})
	id := r.place(Line{SKUID: skuA, Quantity: 1})
	r.slow = time.Millisecond
	for range 8 { // half are dropped at once, half hang first
		req := r.request("POST", "/fulfillment/202309/packages/"+r.pack(id)+"/ship", "", nil, nil)
		if resp, err := r.server.Client().Do(req); err == nil {
			_ = resp.Body.Close()
			t.Error("a lost answer arrived")
		}
	}
	got := r.Counts()
	if got.Ships[r.pack(id)] != 1 || got.ShipAttempts[r.pack(id)] != 8 || got.Repeats() != 7 || len(got.Twice()) != 0 {
		t.Errorf("%d ships, %d attempts, %d repeats, twice %v", got.Ships[r.pack(id)], got.ShipAttempts[r.pack(id)], got.Repeats(), got.Twice())
	}
	if got.Faults["dropped"]+got.Faults["hanging"] != 8 || got.Faults["dropped"]*got.Faults["hanging"] == 0 {
		t.Errorf("faults %v, wanted some of both", got.Faults)
	}
}

// A late ship takes effect after whoever asked has given up, and a second one that was asked for meanwhile is one more.
func TestLateShips(t *testing.T) {
	r := newRig(t, Config{Reship: true})
	const late = 20 * time.Second
	client := *r.server.Client()
	client.Timeout = 50 * time.Millisecond
	packages := map[string]string{} // by order
	for range 8 {
		id := r.place(Line{SKUID: skuA, Quantity: 1})
		packages[id] = r.pack(id)
		r.SetFaults(Faults{ShipLate: 1, ShipLateBy: late})
		if resp, err := client.Do(r.request("POST", "/fulfillment/202309/packages/"+packages[id]+"/ship", "", nil, nil)); err == nil {
			_ = resp.Body.Close()
			t.Error("an answer came before the effect")
		}
		r.SetFaults(Faults{})
	}
	got := r.Counts()
	if got.Faults["late"]+got.Faults["late, dropped"] != 8 || got.Faults["late"]*got.Faults["late, dropped"] == 0 {
		t.Errorf("faults %v, wanted some of both", got.Faults)
	}
	r.clock.advance(late - time.Second)
	var again, cancelled string
	for id := range packages {
		if status := r.status(id); status != "AWAITING_SHIPMENT" {
			t.Errorf("order %s is %s before the effect", id, status)
		}
		again, cancelled = cancelled, id
	}
	r.wantCode("asked again too soon", r.ship(packages[again]), 0)
	if err := r.CancelOrder(testShop, cancelled, "buyer"); err != nil {
		t.Fatal(err)
	}
	r.clock.advance(time.Second)
	for id, pkg := range packages {
		want, status := 1, "AWAITING_COLLECTION"
		switch id {
		case again:
			want = 2
		case cancelled:
			want, status = 0, "CANCELLED"
		}
		if got := r.Counts().Ships[pkg]; got != want || r.status(id) != status {
			t.Errorf("package %s: %d ships, %s; wanted %d, %s", pkg, got, r.status(id), want, status)
		}
	}
	// Who is patient gets the answer of the effect, unless the connection is dropped.
	id := r.place(Line{SKUID: skuA, Quantity: 1})
	r.SetFaults(Faults{ShipLate: 1, ShipLateBy: late})
	answers := map[int]int{}
	for range 16 {
		requests := func() (n int) {
			for _, k := range r.Counts().Requests {
				n += k
			}
			return n
		}
		before, answered := requests(), make(chan int, 1)
		go func() {
			a := answer{Code: -1}
			if resp, err := r.server.Client().Do(r.request("POST", "/fulfillment/202309/packages/"+r.pack(id)+"/ship", "", nil, nil)); err == nil {
				_ = json.NewDecoder(resp.Body).Decode(&a)
				_ = resp.Body.Close()
			}
			answered <- a.Code
		}()
		for requests() == before {
			runtime.Gosched()
		}
		r.clock.advance(late)
		_ = r.status(id) // what is due happens at the next look
		answers[<-answered]++
	}
	if answers[0] == 0 || answers[-1] == 0 || answers[0]+answers[-1] != 16 {
		t.Errorf("answers by code: %v, wanted some good and some lost ones", answers)
	}
}

// FuzzRequests throws bodies, page tokens and ids at every endpoint: each must answer an envelope and never break.
func FuzzRequests(f *testing.F) {
	f.Add(`{"update_time_ge":1,"update_time_lt":2}`, "6AsPQ+sUMv/H3Rk==", "576460000000000001")
	f.Add(`{"skus":[{"id":"1729000000000000777","inventory":[{"warehouse_id":"x","quantity":42}]}]}`, "+/++MSAyIDMg", testProduct)
	f.Add(`{"packages":[{"id":"1"}],"product_ids":["1"],"sku_ids":[""],"order_id":"1","cancel_reason":"x"}`, "", "a,b")
	f.Add(`[`, "+/++OTIyMzM3MjAzNjg1NDc3NTgwNyA5MjIzMzcyMDM2ODU0Nzc1ODA3IDE=", "")
	f.Add(`{"update_time_ge":-9223372036854775808,"update_time_lt":-1}`, "+/++LTkyMjMzNzIwMzY4NTQ3NzU4MDggLTkyMjMzNzIwMzY4NTQ3NzU4MDggMA==", ",")
	f.Fuzz(func(t *testing.T, body, token, id string) {
		r := newBareRig(t, Config{})
		for _, e := range []string{
			"POST /order/202309/orders/search", "GET /order/202507/orders", "POST /product/202502/products/search",
			"POST /product/202309/inventory/search", "POST /product/202309/products/" + testProduct + "/inventory/update",
			"POST /fulfillment/202309/packages/search", "POST /fulfillment/202309/packages/ship",
			"POST /fulfillment/202309/packages/" + r.pack(r.place(Line{SKUID: skuA, Quantity: 1})) + "/ship",
			"POST /return_refund/202309/cancellations", "PUT /event/202309/webhooks", "DELETE /event/202309/webhooks",
		} {
			method, path, _ := strings.Cut(e, " ")
			for _, order := range []string{"ASC", "DESC"} {
				a := r.record(method, path, body, url.Values{
					"page_size": {"2"}, "page_token": {token}, "ids": {id}, "sort_order": {order}, "sort_field": {"update_time"},
				})
				if a.HTTP >= 500 || a.Code == -1 {
					t.Fatalf("%s: %d %s", e, a.HTTP, a.Raw)
				}
			}
		}
	})
}

// A seller's consent opens all of their shops with one pair: refreshing it ends the old pair for each of them, and taking
// it back closes them all.
func TestOneConsentForManyShops(t *testing.T) {
	r := newRig(t, Config{})
	const second, stranger = "7490000000000000002", "7490000000000000003"
	ciphers := map[string]string{testShop: r.cipher, second: r.AddShop(Shop{ID: second}), stranger: r.AddShop(Shop{ID: stranger})}
	ask := func(path, query string) answer {
		req, err := http.NewRequestWithContext(t.Context(), "GET", r.url+path+"?app_key=cfappkey01&app_secret=cf_test_secret_0123456789abcdef&"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r.send(req)
	}
	refresh := func(token string) answer {
		return ask("/api/v2/token/refresh", "grant_type=refresh_token&refresh_token="+token)
	}
	opens := func(what, token string, want map[string]int) {
		t.Helper()
		for shop, code := range want {
			r.wantCode(what+", shop "+shop, r.send(r.request("GET", "/event/202309/webhooks", "", url.Values{"shop_cipher": {ciphers[shop]}},
				func(q *http.Request, _ url.Values) { q.Header.Set("x-tts-access-token", token) })), code)
		}
	}
	ask("/api/v2/token/get", "grant_type=authorized_code&auth_code="+r.AuthCode(testShop, second))
	first := r.Tokens(testShop)
	if first != r.Tokens(second) {
		t.Errorf("two pairs: %+v and %+v", first, r.Tokens(second))
	}
	opens("the pair", first.AccessToken, map[string]int{testShop: 0, second: 0, stranger: 101000})
	var list struct {
		Shops []struct{ ID, Cipher string }
	}
	r.send(r.request("GET", "/authorization/202309/shops", "", url.Values{"shop_cipher": {""}}, nil)).into(t, &list)
	if len(list.Shops) != 2 || list.Shops[0].Cipher != ciphers[testShop] || list.Shops[1].ID != second {
		t.Errorf("listed %+v", list.Shops)
	}
	r.wantCode("the refresh", refresh(first.RefreshToken), 0)
	r.wantCode("the other shop's refresh with the same pair", refresh(first.RefreshToken), 36004004)
	shared := r.Tokens(second)
	// One shop consents alone: the other keeps the pair that it had.
	ask("/api/v2/token/get", "grant_type=authorized_code&auth_code="+r.AuthCode(testShop))
	r.wantCode("a pair that one shop is left with", refresh(shared.RefreshToken), 0)
	opens("the pair of one", r.Tokens(testShop).AccessToken, map[string]int{testShop: 0, second: 101000})
	shared = r.Tokens(second)
	ask("/api/v2/token/get", "grant_type=authorized_code&auth_code="+r.AuthCode(second))
	r.wantCode("a pair that nobody is left with", refresh(shared.RefreshToken), 36004004)

	ask("/api/v2/token/get", "grant_type=authorized_code&auth_code="+r.AuthCode(testShop, second))
	shared = r.Tokens(testShop)
	r.EndAuthorisation(second)
	opens("an ended pair", shared.AccessToken, map[string]int{testShop: 36009004, second: 36009004})
	opens("a stranger's pair", r.Tokens(stranger).AccessToken, map[string]int{stranger: 0})
	r.wantCode("an ended refresh token", refresh(shared.RefreshToken), 36004004)
	ask("/api/v2/token/get", "grant_type=authorized_code&auth_code="+r.AuthCode(second))
	opens("consented again", r.Tokens(second).AccessToken, map[string]int{second: 0})
}
