package shopifysim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/hooks"
)

func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	out := map[string]any{}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return out
}

// receiver is an app's address without a socket: it keeps what is posted and answers as it is told.
type receiver struct {
	mu     sync.Mutex
	got    []*http.Request
	bodies [][]byte
	at     []time.Time
	status int // 0 = no answer at all
}

// RoundTrip implements http.RoundTripper.
func (r *receiver) RoundTrip(q *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got, r.bodies, r.at = append(r.got, q), append(r.bodies, body), append(r.at, time.Now())
	if r.status == 0 {
		return nil, errors.New("nobody there")
	}
	return &http.Response{StatusCode: r.status, Body: io.NopCloser(bytes.NewReader(nil)), Header: http.Header{}}, nil
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// topics are those of what was received, in order.
func (r *receiver) topics() (list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range r.got {
		list = append(list, q.Header.Get("X-Shopify-Topic"))
	}
	return list
}

// hookRig runs a simulator in a bubble, with a receiver.
func hookRig(t *testing.T, faults Faults, test func(*rig, *receiver)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		to := &receiver{status: http.StatusOK}
		r := newRig(t, Config{Clock: time.Now, Client: &http.Client{Transport: to}, Look: 24 * time.Hour, Faults: faults})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = r.Run(ctx) }()
		r.must(r.SetWebhookURL(testShop, "https://hub.example.test/webhooks/shopify/a1"))
		test(r, to)
		cancel()
		<-done
	})
}

// pass lets virtual time go by, and then what is due.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestWebhook(t *testing.T) {
	hookRig(t, Faults{}, func(r *rig, to *receiver) {
		id := r.place(NewOrder{Lines: []Line{{Variant: hoodie, Quantity: 1}}})
		synctest.Wait()
		if got := to.topics(); !slices.Contains(got, "orders/create") || !slices.Contains(got, "inventory_levels/update") || !slices.Contains(got, "orders/paid") {
			t.Errorf("topics %v", got)
		}
		i := slices.Index(to.topics(), "orders/create")
		h, body := to.got[i].Header, to.bodies[i]
		for _, name := range []string{"X-Shopify-Topic", "X-Shopify-Hmac-Sha256", "X-Shopify-Shop-Domain", "X-Shopify-API-Version", "X-Shopify-Webhook-Id", "X-Shopify-Event-Id", "X-Shopify-Triggered-At"} {
			if h.Get(name) == "" {
				t.Errorf("no %s", name)
			}
		}
		mac := hmac.New(sha256.New, []byte("shpss_cf_test_0123456789abcdef0123456789"))
		mac.Write(body)
		if want := base64.StdEncoding.EncodeToString(mac.Sum(nil)); h.Get("X-Shopify-Hmac-Sha256") != want || h.Get("X-Shopify-Event-Id") == h.Get("X-Shopify-Webhook-Id") {
			t.Errorf("signature %s, wanted %s; event %s, webhook %s", h.Get("X-Shopify-Hmac-Sha256"), want, h.Get("X-Shopify-Event-Id"), h.Get("X-Shopify-Webhook-Id"))
		}
		order := decode(t, string(body))
		if order["admin_graphql_api_id"] != "gid://shopify/Order/"+itoa(id) || order["financial_status"] != "paid" || order["total_price"] != "19.99" {
			t.Errorf("body %s", body)
		}
	})
}

func TestOneEventTwoSubscriptions(t *testing.T) {
	hookRig(t, Faults{}, func(r *rig, to *receiver) {
		got := r.query(`mutation S { webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: {uri: "https://other.example.test/"}) { webhookSubscription { id uri } userErrors { message } } }`, nil)
		if got.at("webhookSubscriptionCreate", "webhookSubscription", "id") == nil {
			t.Fatal(got.Raw)
		}
		r.place(NewOrder{Lines: []Line{{Variant: hoodie, Quantity: 1}}})
		synctest.Wait()
		events, webhooks := map[string]bool{}, map[string]bool{}
		for _, q := range to.got {
			if q.Header.Get("X-Shopify-Topic") == "orders/create" {
				events[q.Header.Get("X-Shopify-Event-Id")] = true
				webhooks[q.Header.Get("X-Shopify-Webhook-Id")] = true
			}
		}
		if len(events) != 1 || len(webhooks) != 2 {
			t.Errorf("%d event ids and %d webhook ids for one event at two subscriptions", len(events), len(webhooks))
		}
	})
}

func TestRetriesThenDeleted(t *testing.T) {
	hookRig(t, Faults{}, func(r *rig, to *receiver) {
		to.answer(http.StatusFound) // a redirect is a failure
		r.must(r.SetQuantity(testShop, hoodie, 0, 50))
		pass(4*time.Hour - time.Second)
		if n := len(to.topics()); n != 8 {
			t.Errorf("%d tries before four hours, wanted 8", n)
		}
		pass(2 * time.Second)
		if n := len(to.topics()); n != 9 {
			t.Errorf("%d tries, wanted one and eight retries", n)
		}
		first := to.got[0].Header.Get("X-Shopify-Webhook-Id")
		for i, q := range to.got {
			if q.Header.Get("X-Shopify-Webhook-Id") != first || !bytes.Equal(to.bodies[i], to.bodies[0]) {
				t.Errorf("try %d is another webhook", i)
			}
			if i > 2 && to.at[i].Sub(to.at[i-1]) < 19*to.at[i-1].Sub(to.at[i-2])/10 {
				t.Errorf("the wait before try %d did not double", i)
			}
		}
		goes, err := r.Subscriptions(testShop)
		r.must(err)
		if goes["INVENTORY_LEVELS_UPDATE"] != "" || goes["ORDERS_CREATE"] == "" || r.Counts().SubscriptionsDeleted != 1 {
			t.Errorf("subscriptions %v", goes)
		}
	})
}

func TestRetryThatIsTaken(t *testing.T) {
	hookRig(t, Faults{}, func(r *rig, to *receiver) {
		to.answer(0)
		r.must(r.SetQuantity(testShop, hoodie, 0, 50))
		synctest.Wait()
		to.answer(http.StatusAccepted) // any 2xx
		pass(5 * time.Hour)
		if c := r.Counts().Webhooks; c.Acked != 1 || c.Retried != 1 || c.Dropped != 0 || len(to.topics()) != 2 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestWebhookFaults(t *testing.T) {
	for name, tt := range map[string]struct {
		faults Faults
		want   func(c hooks.Counts, to *receiver) bool
	}{
		"duplicates": {Faults{Duplicate: 1}, func(c hooks.Counts, to *receiver) bool {
			return c.Duplicated == 2 && len(to.got) == 4 && to.got[0].Header.Get("X-Shopify-Event-Id") != ""
		}},
		"loss":  {Faults{Lose: 1}, func(c hooks.Counts, to *receiver) bool { return c.Lost == 2 && len(to.got) == 0 }},
		"delay": {Faults{Delay: 1}, func(c hooks.Counts, to *receiver) bool { return c.Delayed == 2 && len(to.got) == 2 }},
		"reordering": {Faults{Reorder: 1}, func(c hooks.Counts, to *receiver) bool {
			return c.Reordered == 1 && strings.Contains(string(to.bodies[0]), `"available":40`) && strings.Contains(string(to.bodies[1]), `"available":50`)
		}},
		"forgeries": {Faults{BadSignature: 1}, func(c hooks.Counts, to *receiver) bool {
			return c.Forged == 2 && c.ForgedAccepted == 2 && len(to.got) == 4
		}},
		"garbage": {Faults{Garble: 1}, func(c hooks.Counts, to *receiver) bool {
			return c.Garbled == 2 && !strings.Contains(string(to.bodies[0]), `"available":50,"inventory`)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			hookRig(t, tt.faults, func(r *rig, to *receiver) {
				r.must(r.SetQuantity(testShop, hoodie, 0, 50))
				r.must(r.SetQuantity(testShop, hoodie, 0, 40))
				pass(time.Minute)
				if c := r.Counts().Webhooks; !tt.want(c, to) {
					t.Errorf("counts %+v, received %v", c, to.topics())
				}
			})
		})
	}
}

func TestSubscriptionCalls(t *testing.T) {
	r := newRig(t, Config{})
	const create = `mutation S($uri: String!) { webhookSubscriptionCreate(topic: ORDERS_PAID, webhookSubscription: {uri: $uri}) { webhookSubscription { id } userErrors { field message } } }`
	made := r.query(create, map[string]any{"uri": "https://hub.example.test/a"})
	id := made.at("webhookSubscriptionCreate", "webhookSubscription", "id")
	if got := r.query(create, map[string]any{"uri": "https://hub.example.test/a"}); got.at("webhookSubscriptionCreate", "userErrors", 0) == nil {
		t.Errorf("the same twice: %s", got.Raw)
	}
	if got := r.query(create, map[string]any{"uri": "ftp://x"}); got.at("webhookSubscriptionCreate", "userErrors", 0) == nil {
		t.Errorf("no web address: %s", got.Raw)
	}
	r.query(`mutation U($id: ID!) { webhookSubscriptionUpdate(id: $id, webhookSubscription: {uri: "https://hub.example.test/b"}) { userErrors { message } } }`, map[string]any{"id": id})
	list := r.query(`{ webhookSubscriptions(first: 10) { nodes { id topic uri } } }`, nil)
	if list.at("webhookSubscriptions", "nodes", 0, "uri") != "https://hub.example.test/b" || list.at("webhookSubscriptions", "nodes", 0, "topic") != "ORDERS_PAID" {
		t.Errorf("got %s", list.Raw)
	}
	r.query(`mutation D($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { message } } }`, map[string]any{"id": id})
	if list := r.query(`{ webhookSubscriptions(first: 10) { nodes { id } } }`, nil); list.at("webhookSubscriptions", "nodes", 0) != nil {
		t.Errorf("got %s", list.Raw)
	}
}

func TestUninstall(t *testing.T) {
	hookRig(t, Faults{}, func(r *rig, to *receiver) {
		r.must(r.Uninstall(testShop))
		synctest.Wait()
		if got := to.topics(); !slices.Equal(got, []string{"app/uninstalled"}) {
			t.Errorf("topics %v", got)
		}
		if got := r.query(cheap, nil); got.HTTP != 401 {
			t.Errorf("HTTP %d after the app was removed", got.HTTP)
		}
	})
}
