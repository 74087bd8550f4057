package shopifysim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
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

// rig is a simulator with one shop and two variants.
type rig struct {
	*Sim
	t     testing.TB
	clock *hand
}

const (
	testShop = "cf-demo.myshopify.com"
	hoodie   = 4401
	mug      = 4402
)

func newRig(t testing.TB, cfg Config) *rig {
	t.Helper()
	r := &rig{t: t, clock: &hand{now: epoch}}
	cfg.ClientID, cfg.ClientSecret = "cfclient01", "shpss_cf_test_0123456789abcdef0123456789"
	if cfg.Clock == nil {
		cfg.Clock = r.clock.Now
	}
	r.Sim = New(cfg)
	r.AddShop(Shop{Domain: testShop, Name: "Test Shop", Locations: []string{"Leeds", "York"}})
	for _, sku := range []SKU{{ID: hoodie, SKU: "HOODIE-M", Price: "19.99", Quantity: 100}, {ID: mug, SKU: "MUG", Price: "5.00", Quantity: 5}} {
		if _, _, err := r.AddProduct(testShop, Product{Title: strings.ToLower(sku.SKU), Variants: []SKU{sku}}); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r *rig) place(n NewOrder) int64 {
	r.t.Helper()
	n.Buyer, n.Address, n.City, n.PostalCode, n.Country = "Ana Maria", "1 High Street", "Leeds", "LS1 1AA", "GB"
	id, err := r.PlaceOrder(testShop, n)
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// said is what came back.
type said struct {
	HTTP   int
	Header http.Header
	Raw    string
	Data   map[string]any `json:"data"`
	Errors []struct {
		Message    string         `json:"message"`
		Extensions map[string]any `json:"extensions"`
	} `json:"-"`
	Extensions struct {
		Cost struct {
			Requested int  `json:"requestedQueryCost"`
			Actual    *int `json:"actualQueryCost"`
			Throttle  struct {
				Most    float64 `json:"maximumAvailable"`
				Now     float64 `json:"currentlyAvailable"`
				Restore float64 `json:"restoreRate"`
			} `json:"throttleStatus"`
		} `json:"cost"`
	} `json:"extensions"`
}

// code is the first error's, or "".
func (s said) code() string {
	if len(s.Errors) == 0 {
		return ""
	}
	code, _ := s.Errors[0].Extensions["code"].(string)
	return code
}

// at follows a path of keys and indexes through the data.
func (s said) at(path ...any) any {
	var v any = s.Data
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

func (r *rig) post(path, contentType, body string, change func(*http.Request)) said {
	r.t.Helper()
	req := httptest.NewRequestWithContext(r.t.Context(), http.MethodPost, "https://"+testShop+path, bytes.NewReader([]byte(body)))
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Shopify-Access-Token", r.Tokens(testShop).AccessToken)
	if change != nil {
		change(req)
	}
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, req)
	out := said{HTTP: w.Code, Header: w.Header(), Raw: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &out)
	var errs struct {
		Errors json.RawMessage `json:"errors"`
	}
	_ = json.Unmarshal(w.Body.Bytes(), &errs)
	_ = json.Unmarshal(errs.Errors, &out.Errors)
	return out
}

const apiPath = "/admin/api/2026-07/graphql.json"

func (r *rig) query(query string, variables map[string]any) said {
	r.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.post(apiPath, "application/json", string(body), nil)
}

func (r *rig) wantCode(what string, s said, want string) {
	r.t.Helper()
	if s.code() != want {
		r.t.Errorf("%s: got %s, wanted the code %q", what, s.Raw, want)
	}
}

func (r *rig) item(variant int64) string {
	r.t.Helper()
	id, _ := r.query(`query Item($id: ID!) { productVariant(id: $id) { inventoryItem { id } } }`,
		map[string]any{"id": fmt.Sprintf("gid://shopify/ProductVariant/%d", variant)}).at("productVariant", "inventoryItem", "id").(string)
	return id
}

func (r *rig) location() string {
	r.t.Helper()
	ids, err := r.Locations(testShop)
	r.must(err)
	return fmt.Sprintf("gid://shopify/Location/%d", ids[0])
}

const setDocument = `mutation Set($input: InventorySetQuantitiesInput!, $key: String!) {
	inventorySetQuantities(input: $input) @idempotent(key: $key) {
		inventoryAdjustmentGroup { id changes { delta quantityAfterChange } } userErrors { code field message } } }`

func (r *rig) set(variant, to int64, from any, key string) said {
	r.t.Helper()
	return r.query(setDocument, map[string]any{"key": key, "input": map[string]any{
		"name": "available", "reason": "correction", "quantities": []any{map[string]any{
			"inventoryItemId": r.item(variant), "locationId": r.location(), "quantity": to, "changeFromQuantity": from,
		}},
	}})
}

func (r *rig) wantRefusal(what string, s said, mutation, want string) {
	r.t.Helper()
	if s.HTTP != http.StatusOK || s.at(mutation, "userErrors", 0, "code") != want {
		r.t.Errorf("%s: HTTP %d %s, wanted 200 with the user error %s", what, s.HTTP, s.Raw, want)
	}
}

func (r *rig) wantStock(variant, available, committed, pending int64) {
	r.t.Helper()
	got, err := r.Stock(testShop, variant)
	if want := (Level{Available: available, Committed: committed, Pending: pending}); err != nil || got != want {
		r.t.Errorf("stock of %d: %+v, %v, wanted %+v", variant, got, err, want)
	}
}
