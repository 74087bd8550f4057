package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	page   = `<!doctype html><script>start()</script><script type="module" src="/assets/app-1.js"></script>`
	script = "console.log('built')"
)

func build() fstest.MapFS {
	file := func(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }
	return fstest.MapFS{
		".keep":               file(""),
		".vite/manifest.json": file("{}"),
		"index.html":          file(page),
		"index.html.br":       file("page in brotli"),
		"index.html.gz":       file("page in gzip"),
		"favicon.svg":         file("<svg/>"),
		"assets/app-1.js":     file(script),
		"assets/app-1.js.br":  file("script in brotli"),
	}
}

func open(t *testing.T, files fstest.MapFS) http.Handler {
	t.Helper()
	a, err := newApp(files)
	if err != nil {
		t.Fatalf("newApp: %v", err)
	}
	return a
}

func get(t *testing.T, h http.Handler, method, target string, headers ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer := w.Result()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("read the answer to %s: %v", target, err)
	}
	return answer, string(body)
}

func TestAddresses(t *testing.T) {
	h := open(t, build())
	tests := []struct {
		target string
		status int
		body   string
		cache  string
	}{
		{"/", 200, page, noCache},
		{"/index.html", 200, page, noCache},
		{"/orders", 200, page, noCache},
		{"/orders/k7:576", 200, page, noCache},
		{"/inventory/POST-1.5", 200, page, noCache}, // a SKU with a dot is no file
		{"/inventory/a%2Fb.js", 200, page, noCache},
		{"/assets/app-1.js", 200, script, keepForever},
		{"/favicon.svg", 200, "<svg/>", noCache},
		{"/assets/app-0.js", 404, "", "no-store"}, // an older build's chunk
		{"/assets/", 404, "", "no-store"},
		{"/assets/app-1.js.br", 404, "", "no-store"},
		{"/assets/../index.html", 200, page, noCache},
		{"/robots.txt", 404, "", "no-store"},
		{"/.keep", 404, "", "no-store"},
		{"/.vite/manifest.json", 200, page, noCache}, // never the file
		{"/api/v1/nothing", 404, "", "no-store"},
		{"/webhooks/tiktok/x", 404, "", "no-store"},
	}
	for _, test := range tests {
		t.Run(test.target, func(t *testing.T) {
			answer, body := get(t, h, http.MethodGet, test.target)
			if answer.StatusCode != test.status {
				t.Errorf("status %d, want %d", answer.StatusCode, test.status)
			}
			if test.body != "" && body != test.body {
				t.Errorf("body %q, want %q", body, test.body)
			}
			if got := answer.Header.Get("Cache-Control"); got != test.cache {
				t.Errorf("Cache-Control %q, want %q", got, test.cache)
			}
		})
	}
}

func TestEncodings(t *testing.T) {
	h := open(t, build())
	tests := []struct {
		name, target, accept, encoding, body string
	}{
		{"brotli first", "/", "gzip, deflate, br, zstd", "br", "page in brotli"},
		{"gzip", "/", "gzip", "gzip", "page in gzip"},
		{"upper case", "/", "GZIP", "gzip", "page in gzip"},
		{"brotli ruled out", "/", "br;q=0, gzip", "gzip", "page in gzip"},
		{"brotli ruled out with spaces", "/", "br; q=0.0", "", page},
		{"weighed", "/", "br;q=0.5", "br", "page in brotli"},
		{"none", "/", "", "", page},
		{"unreadable weight", "/", "br;q=x", "", page},
		{"no gzip of this file", "/assets/app-1.js", "gzip", "", script},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer, body := get(t, h, http.MethodGet, test.target, "Accept-Encoding", test.accept)
			if got := answer.Header.Get("Content-Encoding"); got != test.encoding {
				t.Errorf("Content-Encoding %q, want %q", got, test.encoding)
			}
			if body != test.body {
				t.Errorf("body %q, want %q", body, test.body)
			}
			if got := answer.Header.Get("Vary"); got != "Accept-Encoding" {
				t.Errorf("Vary %q", got)
			}
		})
	}
}

func TestETag(t *testing.T) {
	h := open(t, build())
	first, _ := get(t, h, http.MethodGet, "/", "Accept-Encoding", "br")
	tag := first.Header.Get("ETag")
	if tag == "" {
		t.Fatal("no ETag on index.html")
	}
	again, body := get(t, h, http.MethodGet, "/", "Accept-Encoding", "br", "If-None-Match", `"old", W/`+tag)
	if again.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("status %d with %d bytes, want 304 without a body", again.StatusCode, len(body))
	}
	other, _ := get(t, h, http.MethodGet, "/", "If-None-Match", tag)
	if other.StatusCode != http.StatusOK {
		t.Errorf("the plain form answered the tag of the brotli form with %d, want 200", other.StatusCode)
	}
	changed := build()
	changed["index.html"].Data = []byte(page + " ")
	next, _ := get(t, open(t, changed), http.MethodGet, "/", "Accept-Encoding", "br")
	if next.Header.Get("ETag") == tag {
		t.Error("another page has the same ETag")
	}
}

func TestHeadAndMethods(t *testing.T) {
	h := open(t, build())
	head, body := get(t, h, http.MethodHead, "/")
	if head.StatusCode != http.StatusOK || body != "" || head.Header.Get("Content-Length") == "" {
		t.Errorf("HEAD: status %d, %d bytes, Content-Length %q", head.StatusCode, len(body), head.Header.Get("Content-Length"))
	}
	post, _ := get(t, h, http.MethodPost, "/")
	if post.StatusCode != http.StatusMethodNotAllowed || post.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: status %d, Allow %q", post.StatusCode, post.Header.Get("Allow"))
	}
}

func TestSecurityHeaders(t *testing.T) {
	h := open(t, build())
	for _, target := range []string{"/", "/assets/app-1.js", "/assets/gone.js"} {
		answer, _ := get(t, h, http.MethodGet, "http://shop.example:8080"+target)
		policy := answer.Header.Get("Content-Security-Policy")
		sum := sha256.Sum256([]byte("start()"))
		for _, want := range []string{
			"default-src 'self'",
			"script-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';",
			"connect-src 'self' ws://shop.example:8080 wss://shop.example:8080;",
			"frame-ancestors 'none'",
			"object-src 'none'",
			"base-uri 'none'",
		} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %q", target, policy, want)
			}
		}
		if strings.Contains(strings.Split(policy, "style-src")[0], "unsafe") {
			t.Errorf("%s: scripts are not held to hashes: %q", target, policy)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "same-origin",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"X-Frame-Options":              "DENY",
		} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", target, name, got, want)
			}
		}
	}
}

func TestHostNeverBreaksThePolicy(t *testing.T) {
	h := open(t, build())
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Host = "x; script-src *"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if policy := w.Header().Get("Content-Security-Policy"); strings.Contains(policy, "*") {
		t.Errorf("a host header reached the policy: %q", policy)
	}
}

func TestWithoutBuild(t *testing.T) {
	h := open(t, fstest.MapFS{".keep": &fstest.MapFile{}})
	for _, target := range []string{"/", "/orders/k7:576"} {
		answer, body := get(t, h, http.MethodGet, target)
		if answer.StatusCode != http.StatusOK || !strings.Contains(body, "make build") {
			t.Errorf("%s: status %d, %q: want a page that says how to get the app", target, answer.StatusCode, body)
		}
		if got := answer.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control %q, want no-store", target, got)
		}
	}
}

func TestContentTypes(t *testing.T) {
	for name, want := range map[string]string{
		"a.js":          "text/javascript; charset=utf-8",
		"a.css":         "text/css; charset=utf-8",
		"index.html":    "text/html; charset=utf-8",
		"favicon.svg":   "image/svg+xml",
		"a.webmanifest": "application/manifest+json",
		"a.unknown9":    "application/octet-stream",
	} {
		if got := contentType(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestEmbedded holds whether the app was built or not: the package must work in both forms.
func TestEmbedded(t *testing.T) {
	answer, body := get(t, Handler(), http.MethodGet, "/")
	built := strings.Contains(answer.Header.Get("Content-Type"), "text/html") && strings.Contains(body, `<div id="root">`)
	told := strings.Contains(body, "built without its browser app")
	if answer.StatusCode != http.StatusOK || built == told {
		t.Errorf("status %d, type %q: want the app or a page that says how to get it", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("/assets/../..", "br;q=", `W/"`)
	f.Add("//x/%2e%2e", "gzip;;q=1", "*")
	a, err := newApp(build())
	if err != nil {
		f.Fatalf("newApp: %v", err)
	}
	f.Fuzz(func(t *testing.T, target, accept, match string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = target
		r.Header = http.Header{"Accept-Encoding": {accept}, "If-None-Match": {match}}
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusOK, http.StatusNotModified, http.StatusNotFound:
		default:
			t.Errorf("status %d", w.Code)
		}
		if w.Code == http.StatusNotFound && bytes.Contains(w.Body.Bytes(), []byte("<script")) {
			t.Error("a missing file was answered with the page")
		}
	})
}
