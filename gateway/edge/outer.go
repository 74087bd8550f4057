package edge

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// MaxBody is the size of the largest request, in bytes.
const MaxBody = 1 << 20

const maxDepth = 32 // of JSON

type requestKey struct{}

// RequestID is the name of the request, also in its answer and in the log.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// Options say how requests arrive.
type Options struct {
	// Secure says that browsers come over https, directly or through the trusted proxies.
	Secure bool
	// TrustProxy are the peers whose X-Forwarded-For is believed. With it, nobody else may connect.
	TrustProxy []netip.Prefix
	Clock      func() time.Time
	Rand       io.Reader // of request ids
	Log        *slog.Logger
	Position   func() int64                                          // of the log, for X-Log-Position
	Observe    func(r *http.Request, status int, took time.Duration) // after each answer
}

// Wrap puts around every route what holds for all of them.
func Wrap(next http.Handler, o Options) http.Handler {
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Write(w, r, NewProblem(http.StatusForbidden, "This request comes from another site, so it was not done."))
	}))
	next = origin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := make([]byte, 8)
		if _, err := io.ReadFull(o.Rand, id); err != nil {
			id = nil // the request is worth more than its name
		}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, hex.EncodeToString(id)))
		out := &recorder{ResponseWriter: w, status: http.StatusOK}
		began := o.Clock()
		o.head(out.Header(), r)
		defer func() {
			p := recover()
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p) // the server cuts the connection
			}
			if p != nil {
				o.Log.ErrorContext(r.Context(), "request panicked", "request", RequestID(r.Context()), "panic", p, "stack", string(debug.Stack()))
				if !out.written {
					Write(out, r, NewProblem(http.StatusInternalServerError, "Something went wrong on our side. Report the request id."))
				}
			}
			took := o.Clock().Sub(began)
			o.Observe(r, out.status, took)
			o.Log.DebugContext(r.Context(), "request", "request", RequestID(r.Context()), "route", r.Pattern, "status", out.status, "ms", took.Milliseconds())
		}()
		if p := o.misdirected(r); p != nil {
			Write(out, r, p)
			return
		}
		r.Body = http.MaxBytesReader(out, r.Body, MaxBody+1)
		next.ServeHTTP(out, r)
	})
}

// head sets the headers of every answer; the web app sets its own policy over these.
func (o Options) head(h http.Header, r *http.Request) {
	h.Set("X-Request-Id", RequestID(r.Context()))
	h.Set("X-Log-Position", strconv.FormatInt(o.Position(), 10))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	h.Set("Cache-Control", "no-store")
	if o.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// misdirected refuses requests that did not come the way the operator set up. Without https only
// this machine may ask, by its own name: a page elsewhere could have its own name point here.
func (o Options) misdirected(r *http.Request) *Problem {
	if len(o.TrustProxy) > 0 {
		if !trusted(o.TrustProxy, peer(r)) {
			return NewProblem(http.StatusForbidden, "Come through the proxy: CreatorFlow was started with --trust-proxy and takes requests from there only.")
		}
		return nil
	}
	if o.Secure || strings.HasPrefix(r.URL.Path, "/webhooks/") || loopbackHost(r.Host) {
		return nil
	}
	return NewProblem(http.StatusMisdirectedRequest, "Open CreatorFlow as http://localhost or http://127.0.0.1, or serve it over https with --tls or --trust-proxy.")
}

func loopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// peer is the address at the other end of the connection.
func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

func trusted(proxies []netip.Prefix, addr netip.Addr) bool {
	for _, p := range proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// Client is who asks: behind trusted proxies the last address that is not one of them.
func (o Options) Client(r *http.Request) netip.Addr {
	addr := peer(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && trusted(o.TrustProxy, addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr
}

// recorder remembers the status. It can be hijacked for WebSockets.
type recorder struct {
	http.ResponseWriter
	status  int
	written bool
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if !w.written && status >= http.StatusOK {
		w.status, w.written = status, true
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(p []byte) (int, error) {
	w.written = true
	return w.ResponseWriter.Write(p)
}

// Hijack implements http.Hijacker.
func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.status, w.written = http.StatusSwitchingProtocols, true
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Flush implements http.Flusher.
func (w *recorder) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// StrictJSON reads requests: text in UTF-8, which would else be changed silently, and not deeper
// than maxDepth.
var StrictJSON = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		if !utf8.Valid(data) {
			return errors.New("not text in UTF-8")
		}
		if err := shallow(data); err != nil {
			return err
		}
		err := json.Unmarshal(data, v)
		var mismatch *json.UnmarshalTypeError
		if !errors.As(err, &mismatch) {
			return err
		}
		field, kind := mismatch.Field, "a number of 64 bits"
		if field == "" {
			field = "body"
		}
		if mismatch.Type.Kind() == reflect.Int64 {
			kind = "a whole number of 64 bits, written without point and exponent"
		}
		return errors.New(field + unfit + kind)
	},
}

// unfit stands between the name of a field and what it must be, in an error of StrictJSON: huma
// passes the text of such an error on and nothing else.
const unfit = " must be "

// shallow refuses JSON that is nested too deeply, before anything is built from it.
func shallow(data []byte) error {
	depth, quoted, escaped := 0, false, false
	for _, c := range data {
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = c == '\\', c != '"'
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return errors.New("nested more than 32 levels deep")
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
