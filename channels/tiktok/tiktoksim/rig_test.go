package tiktoksim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"
)

// epoch is when every test begins.
var epoch = time.Unix(1_767_225_600, 0).UTC()

// hand is a clock that only moves when a test moves it.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// rig is a simulator with one shop and two SKUs behind a real HTTP server, and a client that signs.
type rig struct {
	*Sim
	t      testing.TB
	clock  *hand
	server *httptest.Server
	url    string
	cipher string
}

const (
	testShop    = "7490000000000000001"
	testProduct = "1729000000000000001"
	skuA        = "1729000000000000777"
	skuB        = "1729000000000000778"
)

func newRig(t testing.TB, cfg Config) *rig {
	t.Helper()
	r := newBareRig(t, cfg)
	r.server = httptest.NewServer(r.Handler())
	r.url = r.server.URL
	t.Cleanup(r.server.Close)
	return r
}

// newBareRig has no server: use record.
func newBareRig(t testing.TB, cfg Config) *rig {
	t.Helper()
	r := &rig{t: t, clock: &hand{now: epoch}, url: "http://sim.test"}
	cfg.AppKey, cfg.AppSecret, cfg.Clock = "cfappkey01", "cf_test_secret_0123456789abcdef", r.clock.Now
	r.Sim = New(cfg)
	r.cipher = r.AddShop(Shop{ID: testShop, Name: "Test Shop"})
	_, err := r.AddProduct(testShop, Product{ID: testProduct, Title: "Hoodie", SKUs: []SKU{
		{ID: skuA, SellerSKU: "HOODIE-M", Price: "19.99", Quantity: 100},
		{ID: skuB, SellerSKU: "HOODIE-L", Price: "21.50", Quantity: 5},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// place puts an order that must be accepted.
func (r *rig) place(lines ...Line) string {
	r.t.Helper()
	id, err := r.PlaceOrder(testShop, NewOrder{BuyerID: "7494000000000000001", BuyerName: "Ana Maria", City: "Leeds", Lines: lines})
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

func (r *rig) pack(orderID string) string {
	r.t.Helper()
	o, err := r.Order(testShop, orderID)
	if err != nil || len(o.Packages) == 0 {
		r.t.Fatalf("order %s: %+v, %v", orderID, o, err)
	}
	return o.Packages[0].ID
}

func (r *rig) status(orderID string) string {
	r.t.Helper()
	o, err := r.Order(testShop, orderID)
	if err != nil {
		r.t.Fatal(err)
	}
	return o.Status
}

// answer is what came back; Data stays raw.
type answer struct {
	HTTP    int
	Header  http.Header
	Raw     string
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

func (a answer) into(t testing.TB, v any) {
	t.Helper()
	if a.Code != 0 {
		t.Fatalf("code %d: %s", a.Code, a.Message)
	}
	if err := json.Unmarshal(a.Data, v); err != nil {
		t.Fatalf("%v in %s", err, a.Raw)
	}
}

// request builds a signed request; change may spoil it before it is sent.
func (r *rig) request(method, path, body string, query url.Values, change func(*http.Request, url.Values)) *http.Request {
	q := url.Values{"app_key": {"cfappkey01"}, "timestamp": {strconv.FormatInt(r.clock.Now().Unix(), 10)}, "shop_cipher": {r.cipher}}
	maps.Copy(q, query)
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("x-tts-access-token", r.Tokens(testShop).AccessToken)
	if q.Get("shop_cipher") == "" {
		q.Del("shop_cipher")
	}
	q.Set("sign", sign("cf_test_secret_0123456789abcdef", path, q, "application/json", []byte(body)))
	if change != nil {
		change(req, q)
	}
	req.URL.RawQuery = q.Encode()
	return req
}

func (r *rig) send(req *http.Request) answer {
	r.t.Helper()
	resp, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	a := answer{HTTP: resp.StatusCode, Header: resp.Header, Raw: string(raw)}
	if err := json.Unmarshal(raw, &a); err != nil {
		a.Code, a.Message = -1, "not JSON"
	}
	return a
}

// call sends a well-made request; query is "a=1&b=2".
func (r *rig) call(method, path, query, body string) answer {
	r.t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.send(r.request(method, path, body, q, nil))
}

func (r *rig) ship(packageID string) answer {
	r.t.Helper()
	return r.call("POST", "/fulfillment/202309/packages/"+packageID+"/ship", "", `{"handover_method":"PICKUP"}`)
}

func (r *rig) document(packageID string) answer {
	r.t.Helper()
	return r.call("GET", "/fulfillment/202309/packages/"+packageID+"/shipping_documents", "document_type=SHIPPING_LABEL&document_size=A6", "")
}

func (r *rig) wantCode(what string, a answer, code int) {
	r.t.Helper()
	if a.Code != code {
		r.t.Errorf("%s: code %d %q, wanted %d", what, a.Code, a.Message, code)
	}
}

func (r *rig) wantStock(sku string, listed, committed, pending int) {
	r.t.Helper()
	got, err := r.Stock(testShop, sku)
	if want := (Stock{Listed: listed, Committed: committed, Pending: pending}); err != nil || got != want {
		r.t.Errorf("stock of %s: %+v, %v, wanted %+v", sku, got, err, want)
	}
}

func (r *rig) write(sku string, quantity int) answer {
	r.t.Helper()
	return r.call("POST", "/product/202309/products/"+testProduct+"/inventory/update", "",
		fmt.Sprintf(`{"skus":[{"id":%q,"inventory":[{"quantity":%d}]}]}`, sku, quantity))
}

// record sends without a network.
func (r *rig) record(method, path, body string, query url.Values) answer {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, r.request(method, path, body, query, nil))
	a := answer{HTTP: w.Code, Raw: w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		a.Code = -1
	}
	return a
}
