package edge_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/gateway/edge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// options are those of a plain loopback server; seen holds what was observed.
func options(seen *[]int, log io.Writer) edge.Options {
	return edge.Options{
		Clock: func() time.Time { return time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC) }, Rand: rand.Reader,
		Log: slog.New(slog.NewTextHandler(log, nil)), Position: func() int64 { return 7 },
		Observe: func(_ *http.Request, status int, _ time.Duration) { *seen = append(*seen, status) },
	}
}

func proxies(t *testing.T, texts ...string) (out []netip.Prefix) {
	t.Helper()
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

func TestWhoMayCome(t *testing.T) {
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "in") })
	for name, test := range map[string]struct {
		peer, host, path string
		proxies          []string
		secure           bool
		status           int
	}{
		"this machine":                    {peer: "127.0.0.1:5", host: "127.0.0.1:8080", status: 200},
		"this machine by name":            {peer: "127.0.0.1:5", host: "localhost:8080", status: 200},
		"this machine, v6":                {peer: "[::1]:5", host: "[::1]:8080", status: 200},
		"this machine without a port":     {peer: "127.0.0.1:5", host: "[::1]", status: 200},
		"a name that was pointed here":    {peer: "127.0.0.1:5", host: "evil.example:8080", status: 421},
		"a lookalike":                     {peer: "127.0.0.1:5", host: "localhost.evil.example", status: 421},
		"a webhook through a tunnel":      {peer: "127.0.0.1:5", host: "shop.example", path: "/webhooks/tiktok/a", status: 200},
		"https":                           {peer: "10.0.0.9:5", host: "shop.example", secure: true, status: 200},
		"the proxy":                       {peer: "10.0.0.2:5", host: "shop.example", proxies: []string{"10.0.0.2/32"}, secure: true, status: 200},
		"the proxy, v4 in v6":             {peer: "[::ffff:10.0.0.2]:5", host: "shop.example", proxies: []string{"10.0.0.2/32"}, secure: true, status: 200},
		"past the proxy":                  {peer: "10.0.0.3:5", host: "shop.example", proxies: []string{"10.0.0.2/32"}, secure: true, status: 403},
		"past the proxy, even a webhook":  {peer: "10.0.0.3:5", host: "x", path: "/webhooks/a/b", proxies: []string{"10.0.0.2/32"}, secure: true, status: 403},
		"an address that cannot be named": {peer: "pipe", host: "x", proxies: []string{"0.0.0.0/0", "::/0"}, secure: true, status: 403},
	} {
		var seen []int
		o := options(&seen, io.Discard)
		o.Secure, o.TrustProxy = test.secure, proxies(t, test.proxies...)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/"+strings.TrimPrefix(test.path, "/"), nil)
		r.RemoteAddr, r.Host = test.peer, test.host
		w := httptest.NewRecorder()
		edge.Wrap(ok, o).ServeHTTP(w, r)
		if w.Code != test.status || len(seen) != 1 || seen[0] != test.status {
			t.Errorf("%s: %d %s, observed %v; want %d", name, w.Code, w.Body, seen, test.status)
		}
	}
}

func TestClient(t *testing.T) {
	for name, test := range map[string]struct {
		peer    string
		forward []string
		want    string
	}{
		"without a proxy the header is a lie": {"9.9.9.9:1", []string{"1.1.1.1"}, "9.9.9.9"},
		"one proxy":                           {"10.0.0.2:1", []string{"1.1.1.1"}, "1.1.1.1"},
		"the client added an address":         {"10.0.0.2:1", []string{"6.6.6.6, 1.1.1.1"}, "1.1.1.1"},
		"two proxies":                         {"10.0.0.2:1", []string{"1.1.1.1, 10.0.0.3"}, "1.1.1.1"},
		"two headers":                         {"10.0.0.2:1", []string{"6.6.6.6", "1.1.1.1"}, "1.1.1.1"},
		"no header":                           {"10.0.0.2:1", nil, "10.0.0.2"},
		"nonsense":                            {"10.0.0.2:1", []string{"unknown"}, "10.0.0.2"},
		"nonsense behind a proxy":             {"10.0.0.2:1", []string{"<x>, 10.0.0.3"}, "10.0.0.3"},
	} {
		o := edge.Options{TrustProxy: proxies(t, "10.0.0.0/24")}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = test.peer
		for _, f := range test.forward {
			r.Header.Add("X-Forwarded-For", f)
		}
		if got := o.Client(r).String(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func FuzzClient(f *testing.F) {
	f.Add("10.0.0.2:1", "1.1.1.1, 10.0.0.3")
	f.Add("", ",,,")
	f.Fuzz(func(t *testing.T, peer, forward string) {
		o := edge.Options{TrustProxy: proxies(t, "10.0.0.0/24")}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-For", forward)
		at, err := netip.ParseAddrPort(peer)
		if got := o.Client(r); err == nil && !o.TrustProxy[0].Contains(at.Addr().Unmap()) && got != at.Addr().Unmap() {
			t.Errorf("%s talked us into being %s", peer, got)
		}
	})
}

// TestPanic checks that a panic is our fault, is logged with the request, and tells nothing.
func TestPanic(t *testing.T) {
	var seen []int
	var log bytes.Buffer
	h := edge.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret detail") }), options(&seen, &log))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/", nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var p edge.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %s, %v", w.Code, w.Body, err)
	}
	if !strings.Contains(log.String(), "secret detail") || !strings.Contains(log.String(), p.RequestID) || seen[0] != 500 {
		t.Errorf("log %q, observed %v", log.String(), seen)
	}
}

func FuzzStrictJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1,"]]\"",{}]}`))
	f.Add(bytes.Repeat([]byte("["), 33))
	f.Add(append(bytes.Repeat([]byte("["), 32), bytes.Repeat([]byte("]"), 32)...))
	f.Add([]byte(`"\`))
	f.Add([]byte("\"\xff\""))
	f.Fuzz(func(t *testing.T, text []byte) {
		var ours, std any
		ourErr, stdErr := edge.StrictJSON.Unmarshal(text, &ours), json.Unmarshal(text, &std)
		if stdErr == nil && (ourErr != nil) != (depth(std) > 32 || !utf8.Valid(text)) {
			t.Errorf("%q is %d deep and gave %v", text, depth(std), ourErr)
		}
		if stdErr != nil && ourErr == nil {
			t.Errorf("%q was taken and is not JSON: %v", text, stdErr)
		}
	})
}

func depth(v any) (most int) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			most = max(most, depth(e))
		}
		return most + 1
	case map[string]any:
		for _, e := range v {
			most = max(most, depth(e))
		}
		return most + 1
	}
	return 0
}

func TestCheckListener(t *testing.T) {
	plain, behind := edge.Options{}, edge.Options{TrustProxy: proxies(t, "10.0.0.0/8")}
	at := func(ip string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: 8080} }
	for _, ip := range []string{"127.0.0.1", "::1", "127.8.8.8"} {
		if err := plain.CheckListener(at(ip), nil); err != nil {
			t.Errorf("%s: %v", ip, err)
		}
	}
	for _, ip := range []string{"0.0.0.0", "::", "192.168.1.2"} {
		if err := plain.CheckListener(at(ip), nil); err == nil || !strings.Contains(err.Error(), "--tls") {
			t.Errorf("plain http on %s: %v, want an error with the mend", ip, err)
		}
		if err := plain.CheckListener(at(ip), &tls.Config{MinVersion: tls.VersionTLS12}); err != nil {
			t.Errorf("https on %s: %v", ip, err)
		}
		if err := behind.CheckListener(at(ip), nil); err != nil {
			t.Errorf("behind a proxy on %s: %v", ip, err)
		}
	}
}

// TestDrain lets a request that is running when the end comes be answered, and refuses new ones.
func TestDrain(t *testing.T) {
	var seen []int
	o := options(&seen, io.Discard)
	began, finish := make(chan struct{}), make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-finish
		_, _ = io.WriteString(w, "done")
	})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	drained, served := make(chan struct{}), make(chan error, 1)
	go func() { served <- o.Serve(ctx, l, nil, h, func() { close(drained) }) }()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-began
	cancel()
	<-drained
	close(finish)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(answer.Body); err != nil || string(text) != "done" {
		t.Errorf("the running request: %q, %v", text, err)
	}
	_ = answer.Body.Close()
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if again, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String()); err == nil {
		_ = again.Close()
		t.Error("a new connection after the end")
	}
}

func TestServeRefusesPlain(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := (edge.Options{Log: slog.New(slog.DiscardHandler)}).Serve(t.Context(), l, nil, nil, nil); err == nil {
		t.Error("plain http was served to the world")
	}
}

func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"shop.example"}, NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	var seen []int
	o := options(&seen, io.Discard)
	o.Secure = true
	h := edge.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }), o)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- o.Serve(ctx, l, config, h, func() {}) }()
	roots := x509.NewCertPool()
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(certificate)
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "shop.example", MinVersion: tls.VersionTLS12}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+l.Addr().String()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil || string(text) != "HTTP/2.0" || answer.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%q, %v", text, err)
	}
	_ = answer.Body.Close()
	transport.CloseIdleConnections()
	cancel()
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestBuckets(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	b := edge.NewBuckets(func() time.Time { return now }, 2*time.Second, 3)
	for i, step := range []struct {
		after time.Duration
		name  string
		want  edge.Taken
	}{
		{0, "a", edge.Taken{Left: 2, Full: 2 * time.Second}},
		{0, "a", edge.Taken{Left: 1, Full: 4 * time.Second}},
		{0, "b", edge.Taken{Left: 2, Full: 2 * time.Second}},
		{0, "a", edge.Taken{Left: 0, Full: 6 * time.Second}},
		{0, "a", edge.Taken{Left: 0, Full: 6 * time.Second, Wait: 2 * time.Second}},
		{time.Second, "a", edge.Taken{Left: 0, Full: 5 * time.Second, Wait: time.Second}}, // what is refused costs nothing
		{time.Second, "a", edge.Taken{Left: 0, Full: 6 * time.Second}},
		{-time.Hour, "a", edge.Taken{Left: 0, Full: 6 * time.Second, Wait: 2 * time.Second}}, // a clock that is set back
		{2 * time.Hour, "a", edge.Taken{Left: 2, Full: 2 * time.Second}},
	} {
		now = now.Add(step.after)
		if got := b.Take(step.name); got != step.want {
			t.Errorf("step %d: %+v, want %+v", i, got, step.want)
		}
	}
	b.Forget("a")
	if got := b.Take("a"); got.Left != 2 {
		t.Errorf("forgotten: %+v", got)
	}
}

// TestBucketsAreBounded: full ones make room first, so that who is held back stays so.
func TestBucketsAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	b := edge.NewBuckets(func() time.Time { return now }, time.Second, 2)
	name := func(n int) string { return fmt.Sprint(n) }
	for n := range 9_999 {
		b.Take(name(n))
	}
	now = now.Add(time.Second) // those are full again
	b.Take("held")
	b.Take("held")
	b.Take("the first without room")
	if got := b.Take("held"); got.Wait == 0 || b.Size() != 2 {
		t.Errorf("%+v of %d buckets, want the held one among two", got, b.Size())
	}
	for n := range 50_000 {
		if b.Take(name(n)); b.Size() > 10_000 {
			t.Fatalf("%d are remembered, want at most 10,000", b.Size())
		}
	}
}

func TestThrottle(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	throttle := edge.NewThrottle(func() time.Time { return now })
	for range 30 {
		if wait := throttle.Take("one", ""); wait != 0 {
			t.Fatalf("wait %v within the first 30", wait)
		}
	}
	if throttle.Take("one", "") == 0 || throttle.Take("two", "") != 0 {
		t.Error("the 31st try of one address must wait, and nobody else's")
	}
	now = now.Add(2 * time.Second)
	if throttle.Take("one", "") != 0 {
		t.Error("after two seconds one more is allowed")
	}
}
