package shopify

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/products"
)

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// fixed is a token that never ends.
type fixed struct{}

func (fixed) Token(context.Context) (channels.Token, error) {
	return channels.Token{Access: "shpat_x"}, nil
}
func (fixed) SetToken(context.Context, channels.Token) error { return nil }

// answering is a connector whose vendor answers the same to everything.
func answering(status int, body string) *Connector {
	return saying(status, func() string { return body })
}

// saying is a connector whose vendor says one body after the other.
func saying(status int, next func() string) *Connector {
	return New(channels.Opening{
		Connection: channels.Connection{ID: "c1", ShopID: "cf-demo.myshopify.com", Extra: map[string]string{"location": "1"}}, Clock: time.Now,
		Tokens: channels.NewKeeper(fixed{}, time.Now, channels.Opening{}.Logger(), func(context.Context, channels.Token) (channels.Token, error) {
			return channels.Token{Access: "shpat_y"}, nil
		}),
		Client: &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(next()))}, nil
		})},
	})
}

// TestClasses: what each of the vendor's answers means, to a read and to a write.
func TestClasses(t *testing.T) { synctest.Test(t, classes) } // pauses are not waited for

func classes(t *testing.T) {
	coded := func(code string) string { return `{"errors":[{"message":"m","extensions":{"code":"` + code + `"}}]}` }
	user := func(code string) string {
		return `{"data":{"inventorySetQuantities":{"userErrors":[{"code":"` + code + `","message":"m","field":["input"]}]}}}`
	}
	for _, tt := range []struct {
		name, body  string
		status      int
		read, write channels.Class
	}{
		{"throttled at 200", coded("THROTTLED"), 200, channels.Throttled, channels.Throttled},
		{"throttled at 429", ``, 429, channels.Throttled, channels.Throttled},
		{"a scope is missing", coded("ACCESS_DENIED"), 200, channels.Auth, channels.Auth},
		{"internal", coded("INTERNAL_SERVER_ERROR"), 200, channels.Retry, channels.Unsure},
		{"a field that is gone", coded("undefinedField"), 200, channels.Bug, channels.Bug},
		{"a code nobody knows", coded("SOMETHING_NEW"), 200, channels.Rejected, channels.Rejected},
		{"a token that is refused twice", `{"errors":"[API] Invalid API key"}`, 401, channels.Auth, channels.Auth},
		{"frozen", `{"errors":"Unavailable Shop"}`, 402, channels.Retry, channels.Retry},
		{"locked", `{"errors":"Unavailable Shop"}`, 423, channels.Retry, channels.Retry},
		{"no such shop", `{"errors":"Not Found"}`, 404, channels.Rejected, channels.Rejected},
		{"forbidden", `{"errors":"no"}`, 403, channels.Auth, channels.Auth},
		{"a proxy's page", `<html>`, 502, channels.Retry, channels.Unsure},
		{"a page instead of an answer", `<html>`, 200, channels.Retry, channels.Unsure},
		{"a redirect", ``, 302, channels.Rejected, channels.Rejected},
		{"stale", user("CHANGE_FROM_QUANTITY_STALE"), 200, "", channels.Stale},
		{"internal, of a write", user("INTERNAL_ERROR"), 200, "", channels.Unsure},
		{"under way", user("IDEMPOTENCY_CONCURRENT_REQUEST"), 200, "", channels.Unsure},
		{"the key was used for something else", user("IDEMPOTENCY_KEY_PARAMETER_MISMATCH"), 200, "", channels.Bug},
		{"not stocked there", user("ITEM_NOT_STOCKED_AT_LOCATION"), 200, "", channels.Rejected},
		{"a user error nobody knows", user("NEW_ONE"), 200, "", channels.Rejected},
	} {
		c := answering(tt.status, tt.body)
		c.items["11"] = "31"
		if err := c.SwapQuantity(t.Context(), "21", "11", 5, 4, "k"); channels.ClassOf(err) != tt.write || err == nil {
			t.Errorf("%s, to a write: %v (%s), wanted %s", tt.name, err, channels.ClassOf(err), tt.write)
		}
		if tt.read == "" {
			continue
		}
		c = answering(tt.status, tt.body)
		_, err := c.Orders(t.Context(), []string{"1"})
		var f *channels.Failure
		if !errors.As(err, &f) || f.Class != tt.read || f.Message == "" {
			t.Errorf("%s, to a read: %v (%s), wanted %s", tt.name, err, channels.ClassOf(err), tt.read)
		}
	}
}

func FuzzHints(f *testing.F) {
	for _, topic := range []string{"orders/create", "orders/edited", "refunds/create", "returns/request", "app/uninstalled", "customers/redact", ""} {
		for _, body := range []string{`{"id":5550000000001,"updated_at":"2026-01-01T00:00:05-05:00"}`, `{"order_id":1}`, `{"order":{"id":2}}`, `{"order_edit":{"order_id":3}}`, `{"id":{}}`, `[]`, ``, `{"id":1e99}`} {
			f.Add(topic, "cf-demo.myshopify.com", "e1", body)
		}
	}
	f.Fuzz(func(t *testing.T, topic, shop, event, body string) {
		h := http.Header{}
		h.Set("X-Shopify-Topic", topic)
		h.Set("X-Shopify-Shop-Domain", shop)
		h.Set("X-Shopify-Event-Id", event)
		for _, kept := range [][]byte{Webhooks{}.Keep(h, []byte(body)), []byte(body)} {
			hints, err := Webhooks{}.Hints(kept)
			var invalid channels.Invalid
			switch {
			case err != nil && (!errors.As(err, &invalid) || len(hints) > 1):
				t.Fatalf("got %v, %+v", err, hints)
			case err != nil:
			case len(hints) != 1 || len(hints[0].Delivery) > 128:
				t.Fatalf("%d hints: %+v", len(hints), hints)
			case hints[0].Kind == kindOrder && !channels.IsID(hints[0].Order):
				t.Fatalf("an order that is none: %+v", hints[0])
			}
		}
	})
}

func FuzzVariants(f *testing.F) {
	f.Add(`{"id":"gid://shopify/ProductVariant/1","sku":"A","price":"1.00","product":{"id":"gid://shopify/Product/2","status":"ACTIVE"},"inventoryItem":{"id":"gid://shopify/InventoryItem/3","inventoryLevel":{"quantities":[{"name":"available","quantity":-2}]}}}`)
	f.Add(`{"id":1,"product":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			return
		}
		read := products.Read([]json.RawMessage{json.RawMessage(text)}, "GBP")
		for _, l := range read.Found {
			if !channels.IsID(l.ListingID) || !channels.IsID(l.ProductID) || l.Status == "" || read.Items[l.ListingID] == "" {
				t.Fatalf("taken: %+v", l)
			}
		}
	})
}

// TestCaptureThatSomebodyElseMade: what was refused is looked at again before a person hears that the buyer has to pay.
func TestCaptureThatSomebodyElseMade(t *testing.T) {
	const (
		reserved = `{"data":{"order":{"displayFinancialStatus":"AUTHORIZED","totalCapturableSet":{"presentmentMoney":{"amount":"5.0","currencyCode":"GBP"}},"transactions":[{"id":"t1","kind":"AUTHORIZATION","status":"SUCCESS"}]}}}`
		refused  = `{"data":{"orderCapture":{"userErrors":[{"message":"not open"}]}}}`
	)
	for _, tt := range []struct {
		name, then string
		want       channels.Class
	}{
		{"taken", `{"data":{"order":{"displayFinancialStatus":"PAID"}}}`, ""},
		{"on its way", `{"data":{"order":{"displayFinancialStatus":"AUTHORIZED","transactions":[{"kind":"CAPTURE","status":"PENDING"}]}}}`, channels.Awaited},
		{"taken, and not yet called so", `{"data":{"order":{"displayFinancialStatus":"AUTHORIZED","transactions":[{"kind":"CAPTURE","status":"SUCCESS"}]}}}`, ""},
		{"gone", `{"data":{"order":{"displayFinancialStatus":"EXPIRED"}}}`, channels.Rejected},
		{"as before", reserved, channels.Rejected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answers := []string{reserved, refused, tt.then}
			c := saying(http.StatusOK, func() string {
				next := answers[0]
				answers = answers[1:]
				return next
			})
			err := c.Capture(t.Context(), "1")
			if (err == nil) != (tt.want == "") || err != nil && channels.ClassOf(err) != tt.want || len(answers) != 0 {
				t.Errorf("got %v with %d answers left, want %q", err, len(answers), tt.want)
			}
		})
	}
}
