package stripe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/partners"
	"github.com/creatorflow/creatorflow/partners/stripe"
)

// relay lets a client speak to stripe-mock: the vendor's own description of its API answers each request, and refuses one
// that it does not describe. It keeps no state, so every intent is as its example is.
func relay(t *testing.T) (base string) {
	t.Helper()
	found, err := filepath.Glob("../../.tools/bin/stripe-mock-v*")
	if err != nil || len(found) == 0 {
		t.Fatalf("stripe-mock is not there (%v): make install builds it", err)
	}
	free := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		return l.Addr().String()
	}
	plain, secure := free(), free()
	ctx, cancel := context.WithCancel(context.Background())
	mock := exec.CommandContext(ctx, found[len(found)-1], "-http-addr", plain, "-https-addr", secure)
	if err := mock.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = mock.Wait() })
	end := time.Now().Add(30 * time.Second)
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for dial := new(net.Dialer); ; {
		conn, err := dial.DialContext(t.Context(), "tcp", plain)
		if err == nil {
			_ = conn.Close()
			return "http://" + plain
		}
		if time.Now().After(end) {
			t.Fatalf("stripe-mock does not listen: %v", err)
		}
		<-pause.C
	}
}

// TestVendorsDescription has the vendor's own mock judge each request's path, method and parameters. Its answers are brought to
// where an intent would be by then, so that each kind of request is made.
func TestVendorsDescription(t *testing.T) {
	var calls []string
	status, received, session := "requires_payment_method", 0, ""
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		last := path.Base(r.URL.Path)
		calls = append(calls, r.Method+" "+last+" "+response.Status)
		switch {
		case r.Method == http.MethodPost && last == "confirm":
			status = "requires_capture"
		case r.Method == http.MethodPost && last == "capture":
			status, received = "succeeded", 2499
		case r.Method == http.MethodPost && last == "cancel":
			status = "canceled"
		case r.Method == http.MethodPost && last == "expire":
			session = "expired"
		}
		return patched(response, func(o map[string]any) {
			switch o["object"] {
			case "checkout.session":
				o["status"], o["url"] = session, "https://checkout.stripe.com/c/pay/cs_test_1"
			case "search_result":
				o["data"] = []any{}
			case "payment_intent":
				o["status"], o["amount"], o["amount_received"], o["currency"], o["metadata"] = status, 2499, received, "gbp", map[string]any{}
			}
		})
	})}
	c := stripe.New(stripe.Options{Key: "sk_test_123", BaseURL: relay(t), Client: client, Timeout: 10 * time.Second, Clock: time.Now})
	charge := partners.Charge{Key: "abc:M-1", Order: "M-1", Amount: price, Method: "pm_card_visa"}
	if err := c.Capture(t.Context(), charge); err != nil {
		t.Error(err)
	}
	_ = c.Refund(t.Context(), charge) // its example never shows anything as refunded
	status = "requires_capture"
	charge.Method = "pi_123"
	if err := c.Refund(t.Context(), charge); err != nil {
		t.Error(err)
	}
	charge.Method, charge.Link = "cs_test_1", "cs_test_1"
	status, session = "requires_capture", "open"
	if l, err := c.MakeLink(t.Context(), charge, partners.LinkWish{Number: 2, Until: time.Now().Add(20 * time.Hour), Return: "https://shop.example/"}); err != nil || l.URL == "" {
		t.Errorf("the link is %+v, %v", l, err)
	}
	_, changed := c.Changed(t.Context(), time.Unix(1767225600, 0), time.Unix(1767229200, 0))
	var between error
	for _, err := range c.Between(t.Context(), time.Unix(1767225600, 0), time.Unix(1767229200, 0)) {
		between = errors.Join(between, err)
	}
	_, under := c.Under(t.Context(), "abc:M-1")
	_, endpoints := c.Endpoints(t.Context())
	_, account := c.Account(t.Context())
	if err := errors.Join(changed, between, under, endpoints, account); err != nil {
		t.Error(err)
	}
	for _, call := range calls {
		if !strings.HasSuffix(call, "200 OK") {
			t.Errorf("the vendor's description refuses %s", call)
		}
	}
	for _, want := range []string{
		"GET search", "GET payment_intents", "POST payment_intents", "POST confirm", "POST capture", "POST cancel", "POST refunds", "POST pi_123", "GET pi_123", "GET events",
		"GET webhook_endpoints", "GET account", "POST sessions", "POST expire", "GET cs_test_1",
	} {
		if !slices.Contains(calls, want+" 200 OK") {
			t.Errorf("%s was not asked, in %q", want, calls)
		}
	}
}

// patched changes an answer's object.
func patched(response *http.Response, change func(map[string]any)) (*http.Response, error) {
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var o map[string]any
	if json.Unmarshal(body, &o) == nil {
		change(o)
		if body, err = json.Marshal(o); err != nil {
			return nil, err
		}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
