package shopify

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/wire"
)

// vectors are signatures that programs of others agree on.
type vectors struct {
	Webhooks []struct {
		Secret, Body string
		Headers      map[string]string
	} `json:"shopify_webhook"`
	Callbacks []struct {
		Secret string
		Query  map[string]string
		Hmac   string `json:"expected_hmac_hex"`
	} `json:"shopify_oauth_callback"`
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &v); err != nil || len(v.Webhooks) == 0 || len(v.Callbacks) == 0 {
		t.Fatalf("%v, %+v", err, v)
	}
	return v
}

func TestWebhookVectors(t *testing.T) {
	for _, v := range readVectors(t).Webhooks {
		header := http.Header{}
		for name, value := range v.Headers {
			header.Set(name, value)
		}
		app := channels.App{Secrets: []string{v.Secret}}
		if err := (Webhooks{}).Verify(app, header, []byte(v.Body)); err != nil {
			t.Errorf("what Shopify signs: %v", err)
		}
		hints, err := Webhooks{}.Hints(Webhooks{}.Keep(header, []byte(v.Body)))
		if err != nil || len(hints) != 1 || hints[0].Order != "5550000000001" || hints[0].Shop != "cf-demo.myshopify.com" ||
			hints[0].Delivery != "orders/create:98880550-0000-4000-8000-000000000001" || !hints[0].Updated.Equal(time.Date(2026, 1, 1, 5, 0, 5, 0, time.UTC)) {
			t.Errorf("it says %+v, %v", hints, err)
		}
		if err := (Webhooks{}).Verify(app, header, []byte(v.Body+" ")); !errors.Is(err, channels.ErrSignature) {
			t.Errorf("tampered with: %v", err)
		}
		for _, name := range []string{"X-Shopify-Topic", "X-Shopify-Shop-Domain"} {
			less := header.Clone()
			less.Del(name)
			if err := (Webhooks{}).Verify(app, less, []byte(v.Body)); !errors.Is(err, channels.ErrSignature) {
				t.Errorf("without %s: %v", name, err)
			}
		}
		newer := http.Header{} // the newer style of names
		for name, value := range v.Headers {
			newer.Set(strings.TrimPrefix(name, "x-"), value)
		}
		if err := (Webhooks{}).Verify(app, newer, []byte(v.Body)); err != nil {
			t.Errorf("by its newer names: %v", err)
		}
	}
}

func TestCallbackVectors(t *testing.T) {
	for _, v := range readVectors(t).Callbacks {
		query := maps.Clone(v.Query)
		query["hmac"] = v.Hmac
		at, err := strconv.ParseInt(query["timestamp"], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		app := channels.App{Secrets: []string{v.Secret}}
		for late, want := range map[time.Duration]bool{0: true, 90 * time.Second: true, 91 * time.Second: false, -91 * time.Second: false} {
			if got := wire.SignedCallback(app, query, time.Unix(at, 0).Add(late)); got != want {
				t.Errorf("%v after it was signed: %v", late, got)
			}
		}
		query["shop"] = "evil.myshopify.com"
		if wire.SignedCallback(app, query, time.Unix(at, 0)) {
			t.Error("another shop under the same signature")
		}
	}
}

// TestOnlyShopifysHosts: no address of anybody's choice is ever asked.
func TestOnlyShopifysHosts(t *testing.T) {
	for text, want := range map[string]string{
		"my-shop.myshopify.com": "my-shop.myshopify.com", " https://My-Shop.myshopify.com/admin ": "my-shop.myshopify.com", "my-shop": "my-shop.myshopify.com",
		"evil.test": "", "evil.test/.myshopify.com": "", "evil.test#.myshopify.com": "", "myshopify.com": "", "a.b.myshopify.com": "", "-a.myshopify.com": "",
		"a.myshopify.com.evil.test": "", "user@a.myshopify.com": "", "a.myshopify.com:8443": "", "": "", "169.254.169.254": "",
	} {
		if got, err := shopOf(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is taken for %q, %v", text, got, err)
		}
	}
	asked := false
	c := New(channels.Opening{
		Connection: channels.Connection{ShopID: "evil.test"}, Clock: time.Now,
		Tokens: channels.NewKeeper(fixed{}, time.Now, channels.Opening{}.Logger(), nil),
		Client: &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) { asked = true; return nil, errors.New("asked") })},
	})
	if _, err := c.Orders(t.Context(), []string{"1"}); channels.ClassOf(err) != channels.Bug || asked {
		t.Errorf("another's host: %v, asked: %v", err, asked)
	}
	page, err := consent(channels.App{Key: "k"}, channels.Grant{"shop": "my-shop", "redirect": "https://hub.test/channels"}, "s1")
	u, parseErr := url.Parse(page)
	if err != nil || parseErr != nil || u.Host != "my-shop.myshopify.com" || u.Query().Get("state") != "s1" || !strings.Contains(u.Query().Get("scope"), "write_inventory") {
		t.Errorf("consent at %s, %v", page, err)
	}
}
