package tiktoksim

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// hub receives webhooks without a network, so that it works in a synctest bubble.
type hub struct {
	mu     sync.Mutex
	status int
	delay  time.Duration
	got    []post
}

type post struct {
	at   time.Time
	sign string
	body string
	kind int
	data map[string]any
}

func (h *hub) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	var envelope struct {
		Type int            `json:"type"`
		Data map[string]any `json:"data"`
	}
	_ = json.Unmarshal(body, &envelope) // a garbled one stays empty
	h.mu.Lock()
	h.got = append(h.got, post{time.Now(), req.Header.Get("Authorization"), string(body), envelope.Type, envelope.Data})
	status, delay := h.status, h.delay
	h.mu.Unlock()
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("")), Request: req}, nil
}

func (h *hub) take() []post {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

// bubble runs a simulator that sends to a hub, in virtual time.
func bubble(t *testing.T, cfg Config, h *hub, do func(s *Sim)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg.AppKey, cfg.AppSecret = "cfappkey01", "cf_test_secret_0123456789abcdef"
		cfg.Client = &http.Client{Transport: h}
		if cfg.WebhookURL == "" {
			cfg.WebhookURL = "http://hub.test/wh"
		}
		s := New(cfg)
		s.AddShop(Shop{ID: testShop})
		if _, err := s.AddProduct(testShop, Product{ID: testProduct, SKUs: []SKU{{ID: skuA, Price: "1.50", Quantity: 1_000_000}}}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := s.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("Run: %v", err)
			}
		})
		do(s)
		cancel()
		wg.Wait()
	})
}

func mustPlace(t *testing.T, s *Sim, n NewOrder) string {
	t.Helper()
	n.Lines = []Line{{SKUID: skuA, Quantity: 1}, {SKUID: skuA, Quantity: 1}}
	id, err := s.PlaceOrder(testShop, n)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// later lets virtual time pass.
func later(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestWebhooks(t *testing.T) {
	h := &hub{status: 200}
	bubble(t, Config{RemorseHold: time.Hour}, h, func(s *Sim) {
		id := mustPlace(t, s, NewOrder{Unpaid: true, Packages: 2})
		synctest.Wait()
		if err := s.PayOrder(testShop, id); err != nil {
			t.Error(err)
		}
		later(time.Hour + time.Second) // nobody asks: the hold ends by Run alone
		if err := s.ChangeAddress(testShop, id, "2 New St"); err != nil {
			t.Error(err)
		}
		if err := s.RequestCancel(testShop, id, "x"); err != nil {
			t.Error(err)
		}
		if err := s.CancelOrder(testShop, id, "x"); err != nil {
			t.Error(err)
		}
		if err := s.SetProductStatus(testShop, testProduct, "SELLER_DEACTIVATED"); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		var got []string
		for _, p := range h.take() {
			if p.sign != s.mac("cfappkey01"+p.body) {
				t.Errorf("wrong signature on %s", p.body)
			}
			got = append(got, fmt.Sprintf("%d %v", p.kind, cmp.Or(p.data["order_status"], p.data["cancel_status"], p.data["sc_type"])))
			switch p.kind {
			case 3:
				if strings.Contains(p.body, "tts_notification_id") {
					t.Errorf("type 3 has an id: %s", p.body)
				}
			case 5:
				if !strings.Contains(p.body, `"product_id":`+testProduct+`,`) {
					t.Errorf("the product id is not a bare number: %s", p.body)
				}
			}
		}
		want := []string{
			"1 UNPAID", "1 ON_HOLD", "4 SPLIT", "1 AWAITING_SHIPMENT", "3 <nil>", "11 CANCELLATION_REQUEST_PENDING",
			"1 CANCEL", "11 CANCELLATION_REQUEST_COMPLETE", "5 <nil>",
		}
		slices.Sort(got) // the vendor promises no order, nor do we
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		if c := s.Counts().Webhooks; c.Sent != 9 || c.Acked != 9 || c.Pending != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestRetrySchedule(t *testing.T) {
	h := &hub{status: 500}
	bubble(t, Config{}, h, func(s *Sim) {
		mustPlace(t, s, NewOrder{})
		later(24 * time.Hour)
		got := h.take()
		want := []time.Duration{0, 2 * time.Minute, 30 * time.Minute, 3 * time.Hour, 12 * time.Hour}
		if len(got) != len(want) {
			t.Fatalf("%d attempts, wanted %d", len(got), len(want))
		}
		for i, p := range got {
			if d := p.at.Sub(got[0].at); d != want[i] || p.body != got[0].body {
				t.Errorf("attempt %d after %v with %s, wanted %v and the same body", i, d, p.body, want[i])
			}
		}
		if c := s.Counts().Webhooks; c.Queued != 1 || c.Sent != 5 || c.Refused != 5 || c.Retried != 4 || c.Dropped != 1 || c.Acked != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestRetryScaledUntilAcked(t *testing.T) {
	h := &hub{status: 200, delay: 4 * time.Second} // slower than the vendor's 3 s
	bubble(t, Config{TimeScale: 60}, h, func(s *Sim) {
		mustPlace(t, s, NewOrder{})
		later(3500 * time.Millisecond) // the time-out at 3 s, the retry at 2 m / 60 = 2 s, so at once
		h.mu.Lock()
		h.delay = 0
		h.mu.Unlock()
		later(time.Minute)
		if got := h.take(); len(got) != 3 {
			t.Errorf("%d attempts, wanted 3: two too slow, one at 30 m / 60", len(got))
		}
		if c := s.Counts().Webhooks; c.Acked != 1 || c.Retried != 2 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestWebhookFaults(t *testing.T) {
	const orders = 400
	run := func(f Faults) ([]post, Counts, *Sim) {
		h := &hub{status: 200}
		var counts Counts
		var sim *Sim
		bubble(t, Config{Seed: 7, Faults: f}, h, func(s *Sim) {
			for range orders {
				mustPlace(t, s, NewOrder{})
				later(time.Second)
			}
			later(time.Minute)
			counts, sim = s.Counts(), s
		})
		return h.take(), counts, sim
	}
	ids := func(posts []post) (order []string, distinct int) {
		all := map[string]bool{}
		for _, p := range posts {
			id, _ := p.data["order_id"].(string)
			order, all[id] = append(order, id), true
		}
		return order, len(all)
	}
	near := func(name string, got int) {
		t.Helper()
		if got < orders/20 || got > orders/5 {
			t.Errorf("%s: %d of %d, wanted about a tenth", name, got, orders)
		}
	}
	posts, _, _ := run(Faults{})
	if order, distinct := ids(posts); distinct != orders || !slices.IsSorted(order) || len(posts) != orders {
		t.Errorf("without faults: %d posts of %d orders, in order %v", len(posts), distinct, slices.IsSorted(order))
	}
	posts, c, _ := run(Faults{Lose: 0.1})
	near("lost", c.Webhooks.Lost)
	if len(posts) != orders-c.Webhooks.Lost {
		t.Errorf("%d posts with %d lost", len(posts), c.Webhooks.Lost)
	}
	posts, c, _ = run(Faults{Duplicate: 0.1})
	near("duplicated", c.Webhooks.Duplicated)
	same := map[string]int{}
	for _, p := range posts {
		same[p.body]++
	}
	if len(posts) != orders+c.Webhooks.Duplicated || len(same) != orders {
		t.Errorf("%d posts, %d different, %d duplicated", len(posts), len(same), c.Webhooks.Duplicated)
	}
	posts, c, _ = run(Faults{Reorder: 0.1})
	near("reordered", c.Webhooks.Reordered)
	if order, distinct := ids(posts); distinct != orders || slices.IsSorted(order) {
		t.Errorf("reordered: %d distinct, in order %v", distinct, slices.IsSorted(order))
	}
	posts, c, _ = run(Faults{Delay: 0.1, MaxDelay: 10 * time.Second})
	near("delayed", c.Webhooks.Delayed)
	if order, distinct := ids(posts); distinct != orders || slices.IsSorted(order) {
		t.Errorf("delayed: %d distinct, in order %v", distinct, slices.IsSorted(order))
	}
	posts, c, s := run(Faults{Garble: 0.1})
	near("garbled", c.Webhooks.Garbled)
	broken := 0
	for _, p := range posts {
		if p.sign != s.mac("cfappkey01"+p.body) {
			t.Errorf("a garbled webhook is not validly signed: %q", p.body)
		}
		if id, _ := p.data["order_id"].(string); id == "" {
			broken++
		}
	}
	if broken != c.Webhooks.Garbled || len(posts) != orders {
		t.Errorf("%d broken, %d garbled, %d posts", broken, c.Webhooks.Garbled, len(posts))
	}
	posts, c, s = run(Faults{BadSignature: 0.1})
	near("forged", c.Webhooks.Forged)
	forged := 0
	for _, p := range posts {
		if p.sign != s.mac("cfappkey01"+p.body) {
			forged++
		}
	}
	if forged != c.Webhooks.Forged || c.Webhooks.ForgedAccepted != forged || c.Webhooks.Acked != orders {
		t.Errorf("%d forged of %+v: a hub that answers 200 to all must be found out", forged, c.Webhooks)
	}
	again, _, _ := run(Faults{Duplicate: 0.1, Lose: 0.1, Reorder: 0.1})
	once, _, _ := run(Faults{Duplicate: 0.1, Lose: 0.1, Reorder: 0.1})
	first, _ := ids(again)
	second, _ := ids(once)
	if !slices.Equal(first, second) {
		t.Error("the same seed gave other faults")
	}
}

func TestSubscriptions(t *testing.T) {
	r := newRig(t, Config{WebhookURL: "http://hub.test/all"})
	var list struct {
		Total    int `json:"total_count"`
		Webhooks []struct {
			Event   string `json:"event_type"`
			Address string `json:"address"`
		} `json:"webhooks"`
	}
	const path = "/event/202309/webhooks"
	r.call("GET", path, "", "").into(t, &list)
	if list.Total != len(topics) || list.Webhooks[0].Address != "http://hub.test/all" {
		t.Errorf("%+v", list)
	}
	r.wantCode("delete", r.call("DELETE", path, "", `{"event_type":"ORDER_STATUS_CHANGE"}`), 0)
	r.wantCode("delete again", r.call("DELETE", path, "", `{"event_type":"ORDER_STATUS_CHANGE"}`), 36009004)
	r.place(Line{SKUID: skuA, Quantity: 1})
	if got := r.Counts().Webhooks; got.Queued != 0 {
		t.Errorf("queued without a subscription: %+v", got)
	}
	r.wantCode("put", r.call("PUT", path, "", `{"event_type":"ORDER_STATUS_CHANGE","address":"https://hub.example.test/wh/tiktok/café-✓"}`), 0)
	r.place(Line{SKUID: skuA, Quantity: 1})
	if got := r.Counts().Webhooks; got.Queued != 1 || got.Pending != 1 {
		t.Errorf("not queued: %+v", got)
	}
	for _, body := range []string{`{"event_type":"ORDER_STATUS_CHANGE","address":"x"}`, `{"event_type":"27","address":"https://a.test"}`, `{"event_type":1}`} {
		r.wantCode(body, r.call("PUT", path, "", body), 36009004)
	}
}
