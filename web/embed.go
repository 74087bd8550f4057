// Package web is the built browser app inside the binary. npm run build writes web/dist, the compiler embeds it, and
// Handler serves it from memory: request -> negotiated bytes (br, gzip or plain) made at build time, nothing compressed
// or read from disk while serving. Without a build the package still compiles and says how to get the app.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

//go:embed all:dist
var built embed.FS

const (
	indexFile   = "index.html"
	noCache     = "no-cache"
	keepForever = "public, max-age=31536000, immutable"
)

// asset is one file in every encoding it exists in.
type asset struct {
	contentType string
	plain       []byte
	brotli      []byte
	gzip        []byte
	etag        string
	cache       string
}

// app is the built app: immutable after newApp, so requests share it without a lock.
type app struct {
	assets map[string]asset
	// scripts are the CSP sources of the inline scripts of index.html.
	scripts string
}

// Handler serves the browser app: hashed files under /assets/ for ever, other files with an ETag, and index.html for
// every address that the app itself resolves. It answers GET and HEAD only.
func Handler() http.Handler { return embedded() }

// embedded is the app that the binary holds, read and summed when it is first asked for.
var embedded = sync.OnceValue(func() *app {
	files, err := fs.Sub(built, "dist")
	if err != nil {
		panic(err) // "dist" is a constant, valid path
	}
	a, err := newApp(files)
	if err != nil {
		panic(err) // embedded files can always be read
	}
	return a
})

func newApp(files fs.FS) (*app, error) {
	a := &app{assets: make(map[string]asset)}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && name != ".":
			return fs.SkipDir // .vite holds the manifest that the budget script reads
		case entry.IsDir() || strings.HasPrefix(entry.Name(), "."):
			return nil
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		a.add(name, content)
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.scripts = inlineScripts(a.assets[indexFile].plain)
	return a, nil
}

func (a *app) add(name string, content []byte) {
	encoding := path.Ext(name)
	original := name
	if encoding == ".br" || encoding == ".gz" {
		original = strings.TrimSuffix(name, encoding)
	}
	file := a.assets[original]
	switch encoding {
	case ".br":
		file.brotli = content
	case ".gz":
		file.gzip = content
	default:
		sum := sha256.Sum256(content)
		file.plain = content
		file.contentType = contentType(name)
		file.etag = hex.EncodeToString(sum[:12])
		file.cache = noCache
		if strings.HasPrefix(name, "assets/") {
			file.cache = keepForever
		}
	}
	a.assets[original] = file
}

// ServeHTTP implements http.Handler.
func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.secure(w.Header(), r.Host)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Only GET and HEAD are answered here.", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if file, ok := a.assets[name]; ok && file.plain != nil {
		file.serve(w, r)
		return
	}
	if !ownAddress(name) {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "There is nothing at this address.", http.StatusNotFound)
		return
	}
	index, ok := a.assets[indexFile]
	if !ok {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprint(w, withoutBuild) // a reader who left does not matter
		return
	}
	index.serve(w, r)
}

const withoutBuild = `CreatorFlow is running, but this binary was built without its browser app.

To get the app: run "make build" in the source tree (it needs Node 20.19 or newer),
or use a released binary. The HTTP API under /api/v1 works without it.
`

// ownAddress tells whether the app resolves an address itself. A missing file must fail loudly: an index page in place
// of a script would hide that a newer build took its place. SKUs may hold dots, so only the first level is judged.
func ownAddress(name string) bool {
	first, rest, deep := strings.Cut(name, "/")
	switch first {
	case "assets", "api", "webhooks":
		return false
	}
	return deep && rest != "" || path.Ext(first) == ""
}

func (f asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", f.cache)
	h.Set("Vary", "Accept-Encoding")
	body, etag := f.plain, f.etag
	accepted := r.Header.Get("Accept-Encoding")
	switch {
	case f.brotli != nil && accepts(accepted, "br"):
		body, etag = f.brotli, etag+"-br"
		h.Set("Content-Encoding", "br")
	case f.gzip != nil && accepts(accepted, "gzip"):
		body, etag = f.gzip, etag+"-gz"
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", `"`+etag+`"`)
	if holds(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // a reader who left does not matter
	}
}

// accepts tells whether an Accept-Encoding header names an encoding and does not rule it out with q=0.
func accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		quality, found := strings.CutPrefix(strings.ReplaceAll(parameters, " ", ""), "q=")
		if !found {
			return true
		}
		q, err := strconv.ParseFloat(quality, 64)
		return err == nil && q > 0
	}
	return false
}

// holds tells whether an If-None-Match header names a tag, weakly compared.
func holds(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		tag := strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if tag == "*" || strings.Trim(tag, `"`) == etag {
			return true
		}
	}
	return false
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".webmanifest":
		return "application/manifest+json"
	}
	if found := mime.TypeByExtension(path.Ext(name)); found != "" {
		return found
	}
	return "application/octet-stream"
}

// plainHost is a host header that may stand in a policy: a name or address with an optional port.
var plainHost = regexp.MustCompile(`^(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]+)(:[0-9]+)?$`)

// secure sets the headers that keep the page to itself: its own scripts, its own server, nobody's frame.
func (a *app) secure(h http.Header, host string) {
	sockets := ""
	if plainHost.MatchString(host) { // 'self' does not cover sockets in every browser
		sockets = " ws://" + host + " wss://" + host
	}
	h.Set("Content-Security-Policy", "default-src 'self'; script-src 'self'"+a.scripts+
		"; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'"+sockets+
		"; worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("X-Frame-Options", "DENY")
}

var inlineScript = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// inlineScripts lists the inline scripts of a page as CSP hashes, so that no other inline script ever runs.
func inlineScripts(page []byte) string {
	var sources strings.Builder
	for _, found := range inlineScript.FindAllSubmatch(page, -1) {
		sum := sha256.Sum256(found[1])
		sources.WriteString(" 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'")
	}
	return sources.String()
}
