package tiktok

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/outbound"
)

// vendor answers in place of the network.
type vendor func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (v vendor) RoundTrip(r *http.Request) (*http.Response, error) { return v(r) }

func answers(status int, header http.Header, body string) vendor {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

// shop is a connector to a vendor without a network; its token never ends.
func shop(v vendor) *Connector {
	return shopWith(v, &drawer{token: channels.Token{Access: "canary-access", Refresh: "canary-refresh"}})
}

func shopWith(v vendor, tokens channels.Tokens) *Connector {
	o := channels.Opening{
		App:        channels.App{Key: "key", Secrets: []string{"canary-secret"}, BaseURL: "https://api.test", AuthURL: "https://auth.test"},
		Connection: channels.Connection{ID: "c1", Cipher: "cipher"},
		Clock:      time.Now,
		Client:     &http.Client{Transport: v, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	o.Tokens = Vendor.Keeper(o, tokens)
	return New(o)
}

func TestEveryCodeHasItsClass(t *testing.T) {
	const timestamp = "Invalid timestamp: more than 5 minutes behind"
	tests := []struct {
		code, message string
		write, read   channels.Class
	}{
		{"105005", "scope", channels.Auth, channels.Auth},
		{"106001", "Invalid sign", channels.Bug, channels.Bug},
		{"106013", "Missing identifier shop_cipher", channels.Bug, channels.Bug},
		{"101000", "cipher does not belong to token", channels.Auth, channels.Auth},
		{"36009002", "Too many requests", channels.Throttled, channels.Throttled},
		{"36009003", "Internal error", channels.Unsure, channels.Retry},
		{"36009007", "Timeout", channels.Unsure, channels.Retry},
		{"36009004", timestamp, channels.Retry, channels.Retry},
		{"36009004", "Missing parameter sign", channels.Bug, channels.Bug},
		{"36009004", "unexpected identifier shop_cipher", channels.Bug, channels.Bug},
		{"36009004", "Invalid app_key", channels.Auth, channels.Auth},
		{"36009004", "page_token is invalid", channels.Bug, channels.Bug},
		{"36009004", "Invalid token of the next page", channels.Bug, channels.Bug},
		{"36009004", "System overloaded, please retry later", channels.Retry, channels.Retry},
		{"36009004", "Service is busy. Try again in a moment.", channels.Retry, channels.Retry},
		{"36009004", "Invalid access_token", channels.Auth, channels.Auth},
		{"36009004", "Expired credentials", channels.Auth, channels.Auth},
		{"36009004", "Invalid access token", channels.Auth, channels.Auth}, // a refresh was tried in vain
		{"105002", "expired", channels.Auth, channels.Auth},                // likewise
		{"36009009", "path", channels.Bug, channels.Bug},
		{"36009010", "method", channels.Bug, channels.Bug},
		{"36009014", "version", channels.Bug, channels.Bug},
		{"36009022", "content type", channels.Bug, channels.Bug},
		{"36009033", "ip", channels.Auth, channels.Auth},
		{"21008044", "after-sales request", channels.Claimed, channels.Claimed},
		{"21011007", "after-sales request", channels.Claimed, channels.Claimed},
		{"21011041", "cancelled", channels.Gone, channels.Gone},
		{"21011025", "tracking", channels.Rejected, channels.Rejected},
		{"21034012", "tracking", channels.Rejected, channels.Rejected},
		{"11034037", "still generating", channels.Retry, channels.Retry},
		{"11034023", "still generating", channels.Retry, channels.Retry},
		{"12052393", "promotion", channels.Rejected, channels.Rejected},
		{"77777777", "never seen", channels.Rejected, channels.Rejected},
	}
	for _, tt := range tests {
		body := `{"code":` + tt.code + `,"message":"` + tt.message + `","request_id":"r1"}`
		synctest.Test(t, func(t *testing.T) {
			api, refreshes := answers(http.StatusOK, nil, body), 0
			c := shop(func(r *http.Request) (*http.Response, error) {
				if r.URL.Host == "auth.test" {
					refreshes++
					return answers(http.StatusOK, nil, `{"code":0,"data":{"access_token":"new","refresh_token":"newer"}}`)(r)
				}
				return api(r)
			})
			_, writeErr := c.Arrange(t.Context(), "115")
			_, readErr := c.Orders(t.Context(), []string{"576"})
			var f *channels.Failure
			if channels.ClassOf(writeErr) != tt.write || channels.ClassOf(readErr) != tt.read || !errors.As(readErr, &f) || f.Code != tt.code || f.RequestID != "r1" {
				t.Errorf("%s %q: write %v, read %v, want %s and %s", tt.code, tt.message, writeErr, readErr, tt.write, tt.read)
			}
			refused := tt.code == "105002" || strings.Contains(tt.message, "access") || strings.Contains(tt.message, "credentials")
			if refreshes > 2 || refused != (refreshes > 0) {
				t.Errorf("%s %q: %d refreshes for two calls", tt.code, tt.message, refreshes)
			}
		})
	}
}

func TestDoneIsReadAgain(t *testing.T) {
	for _, code := range []string{"11006021", "21008099", "21011020", "21011040"} {
		for status, want := range map[string]channels.Class{"PROCESSING": "", "TO_FULFILL": channels.Retry, "CANCELLED": channels.Gone, "LOST_AT_SEA": channels.Rejected} {
			c := shop(func(r *http.Request) (*http.Response, error) {
				body := `{"code":` + code + `,"message":"already"}`
				if r.Method == http.MethodGet {
					body = `{"code":0,"data":{"package_status":"` + status + `","tracking_number":"TT1","shipping_provider_name":"P"}}`
				}
				return answers(http.StatusOK, nil, body)(r)
			})
			got, err := c.Arrange(t.Context(), "115")
			if want == "" {
				if err != nil || got != (channels.Shipment{Package: "115", Tracking: "TT1", Carrier: "P", Already: true}) {
					t.Errorf("%s, %s: got %+v, %v", code, status, got, err)
				}
			} else if err == nil || channels.ClassOf(err) != want {
				t.Errorf("%s, %s: got %v, want class %s", code, status, err, want)
			}
		}
	}
}

func TestWhatTheNetworkDoes(t *testing.T) {
	fails := func(err error) vendor {
		return func(*http.Request) (*http.Response, error) { return nil, err }
	}
	tests := []struct {
		name        string
		vendor      vendor
		write, read channels.Class
	}{
		{"429 without a body", answers(429, nil, ""), channels.Throttled, channels.Throttled},
		{"429 with Retry-After", answers(429, http.Header{"Retry-After": {"7"}}, `{"code":36009002,"message":"slow"}`), channels.Throttled, channels.Throttled},
		{"503 with HTML", answers(503, nil, "<html>"), channels.Unsure, channels.Retry},
		{"500 with a code", answers(500, nil, `{"code":36009003,"message":"internal"}`), channels.Unsure, channels.Retry},
		{"502 that says code 0", answers(502, nil, `{"code":0,"data":{}}`), channels.Unsure, channels.Retry},
		{"200 with HTML", answers(200, nil, "<html>"), channels.Unsure, channels.Retry},
		{"200 with half an answer", answers(200, nil, `{"code":0,"mess`), channels.Unsure, channels.Retry},
		{"200 without a code", answers(200, nil, `{"message":"hello"}`), channels.Unsure, channels.Retry},
		{"200 empty", answers(200, nil, ""), channels.Unsure, channels.Retry},
		{"a redirect", answers(302, http.Header{"Location": {"/x"}}, ""), channels.Rejected, channels.Rejected},
		{"404 of some other server", answers(404, nil, "not found"), channels.Rejected, channels.Rejected},
		{"no route", fails(&net.OpError{Op: "dial", Err: errors.New("no route")}), channels.Retry, channels.Retry}, // never sent
		{"reset", fails(&net.OpError{Op: "read", Err: errors.New("reset")}), channels.Unsure, channels.Retry},
		{"blocked address", fails(outbound.ErrBlocked), channels.Rejected, channels.Rejected},
		{"silence", func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }, channels.Unsure, channels.Retry},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			c := shop(tt.vendor)
			start := time.Now()
			_, writeErr := c.Arrange(t.Context(), "115")
			_, readErr := c.Orders(t.Context(), []string{"576"})
			if writeErr == nil || channels.ClassOf(writeErr) != tt.write || readErr == nil || channels.ClassOf(readErr) != tt.read {
				t.Errorf("%s: write %v (%s), read %v (%s), want %s and %s", tt.name, writeErr, channels.ClassOf(writeErr), readErr, channels.ClassOf(readErr), tt.write, tt.read)
			}
			for _, err := range []error{writeErr, readErr} {
				if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "sign=") {
					t.Errorf("%s: the error tells a secret: %v", tt.name, err)
				}
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("%s: took %v", tt.name, took)
			}
		})
	}
}

func TestThrottledIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		c := shop(func(r *http.Request) (*http.Response, error) {
			if calls++; calls <= 2 {
				return answers(429, http.Header{"Retry-After": {"1"}}, "")(r)
			}
			return answers(200, nil, `{"code":0,"data":{}}`)(r)
		})
		start := time.Now()
		if _, err := c.Arrange(t.Context(), "115"); err != nil || calls != 3 {
			t.Errorf("got %v after %d calls, want success at the third", err, calls)
		}
		if took := time.Since(start); took < 2*time.Second {
			t.Errorf("took %v, want both pauses kept", took)
		}
		state := c.State()
		if rate := state.Rates["ship package"]; rate.Refused != 2 || rate.PerSecond >= 3 || state.Breaker != "closed" {
			t.Errorf("state %+v, want 2 refusals, a lower rate, a closed breaker", state)
		}
		// A long pause is the caller's to plan: it gets the time and nothing is sent meanwhile.
		calls = 0
		c = shop(func(r *http.Request) (*http.Response, error) {
			calls++
			return answers(429, http.Header{"Retry-After": {"60"}}, "")(r)
		})
		for range 2 {
			_, err := c.Arrange(t.Context(), "115")
			var f *channels.Failure
			if !errors.As(err, &f) || f.Class != channels.Throttled || f.RetryAfter < 59*time.Second || calls != 1 {
				t.Errorf("got %v after %d calls, want throttled for a minute after one", err, calls)
			}
		}
	})
}
