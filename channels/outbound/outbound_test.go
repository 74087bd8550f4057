package outbound_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/outbound"
)

func TestClientGoesOnlyWhereItMay(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
		}
	}))
	defer server.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client, err := outbound.NewClient(server.URL, "https://shop.example.com")
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	tests := []struct {
		url     string
		blocked bool
		status  int
	}{
		{url: server.URL + "/", status: http.StatusOK},
		{url: server.URL + "/away", status: http.StatusFound}, // told, not followed
		{url: other.URL, blocked: true},                       // another port of the same machine
		{url: "http://localhost:" + u.Port(), blocked: true},  // not as the operator wrote it
		{url: "https://localhost:" + u.Port(), blocked: true},
		{url: "https://169.254.169.254/latest/meta-data", blocked: true},
		{url: "http://169.254.169.254/latest/meta-data", blocked: true},
		{url: "https://10.0.0.1", blocked: true},
		{url: "https://[::1]:443", blocked: true},
		{url: "http://shop.example.com", blocked: true},
	}
	for _, tt := range tests {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tt.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if errors.Is(err, outbound.ErrBlocked) != tt.blocked || (err == nil) == tt.blocked {
			t.Errorf("%s: got %v, want blocked %v", tt.url, err, tt.blocked)
		}
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode != tt.status {
				t.Errorf("%s: got %d, want %d", tt.url, response.StatusCode, tt.status)
			}
		}
	}
}

func TestClientBases(t *testing.T) {
	for base, good := range map[string]bool{
		"https://open-api.tiktokglobalshop.com": true,
		"https://partner.example.com:8443":      true,
		"http://127.0.0.1:9000":                 true,
		"http://localhost:9000":                 true,
		"http://[::1]:9000":                     true,
		"http://192.168.1.20":                   true,
		"http://hub.lan:80":                     true,
		"http://simulator:9000":                 true,
		"http://open-api.tiktokglobalshop.com":  false,
		"http://8.8.8.8":                        false,
		"http://169.254.169.254":                false, // where clouds keep credentials
		"ftp://localhost":                       false,
		"localhost:9000":                        false,
		"":                                      false,
	} {
		if _, err := outbound.NewClient(base); (err == nil) != good {
			t.Errorf("%q: got %v, want good %v", base, err, good)
		}
	}
}

// zeros is an answer without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestClientCapsAnswers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		length := int64(outbound.MaxAnswer)
		if r.URL.Path == "/more" {
			length++
		}
		_, _ = io.CopyN(w, zeros{}, length)
	}))
	defer server.Close()
	client, err := outbound.NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	for path, want := range map[string]error{"/most": nil, "/more": outbound.ErrTooLarge} {
		response, err := client.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}
}

func TestErrorsHoldNoURL(t *testing.T) {
	client, err := outbound.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Get("https://127.0.0.1:1/?app_secret=canary")
	if err == nil || strings.Contains(channels.WithoutURL(err).Error(), "canary") {
		t.Errorf("got %v", channels.WithoutURL(err))
	}
}
