// Package outbound is the way to vendors: an HTTP client that goes only to the hosts that were named, never to the local
// network behind a public name, follows no redirect and reads no endless answer.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"code.dny.dev/ssrf"
)

var (
	// ErrBlocked says that the guarded client would not go to an address; the request was never sent.
	ErrBlocked = errors.New("outbound: address not allowed")
	// ErrTooLarge says that an answer was longer than MaxAnswer.
	ErrTooLarge = errors.New("outbound: answer too large")
)

// MaxAnswer is the most bytes read of one answer: a page of 50 orders with hundreds of units each is tens of megabytes.
const MaxAnswer = 64 << 20

// lan are the addresses an operator may name: loopback, private and carrier-grade NAT, which some home networks use.
// Link-local is not among them, because that is where clouds keep their credentials.
var lan = struct{ v4, v6 []netip.Prefix }{
	v4: prefixes("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
	v6: prefixes("::1/128", "fc00::/7"),
}

func prefixes(texts ...string) (out []netip.Prefix) {
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// NewClient is the only way out for what a vendor, a person or an answer names. It follows no redirect, uses no proxy,
// gives up in time, caps answers at MaxAnswer and checks every address after name resolution, when dialling: only public
// ones, over https, on port 443. The operator's base URLs are the exception: a base that names loopback or the local
// network (an address, localhost, a name without a dot or under .local, .lan, .internal, .home.arpa) is reached there,
// on its very host and port, and a base on another port of a public host is reached on that port.
func NewClient(bases ...string) (*http.Client, error) {
	g := guard{
		allowed: map[string]bool{},
		public:  &net.Dialer{Timeout: 5 * time.Second, Control: ssrf.New().Safe},
		ported:  &net.Dialer{Timeout: 5 * time.Second, Control: ssrf.New(ssrf.WithAnyPort()).Safe},
		local: &net.Dialer{Timeout: 5 * time.Second, Control: ssrf.New(ssrf.WithAnyPort(),
			ssrf.WithAllowedV4Prefixes(lan.v4...), ssrf.WithAllowedV6Prefixes(lan.v6...)).Safe},
	}
	for _, base := range bases {
		u, err := url.Parse(base)
		if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fmt.Errorf("base URL %q: want https://host or, on the local network, http://host:port", base)
		}
		if u.Scheme == "http" && !IsLocal(u.Hostname()) {
			return nil, fmt.Errorf("base URL %q: plain http is only for the local network: use https", base)
		}
		g.allowed[hostPort(u)] = IsLocal(u.Hostname())
	}
	g.transport = &http.Transport{
		DialContext:           g.dial,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   64,
		MaxConnsPerHost:       256,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
	}
	return &http.Client{
		Transport:     &g,
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// guard is the transport: scheme before the call, address while dialling, size while reading.
type guard struct {
	transport             *http.Transport
	allowed               map[string]bool // host:port of the bases; true = on the local network
	public, ported, local *net.Dialer
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !g.allowed[hostPort(r.URL)] {
		return nil, fmt.Errorf("%w: plain http to %s", ErrBlocked, r.URL.Host)
	}
	answer, err := g.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = &capped{body: answer.Body, left: MaxAnswer + 1}
	return answer, nil
}

// CloseIdleConnections lets http.Client end what is kept open.
func (g *guard) CloseIdleConnections() { g.transport.CloseIdleConnections() }

func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := g.dialer(address).DialContext(ctx, network, address)
	if errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedPort) || errors.Is(err, ssrf.ErrProhibitedNetwork) {
		return nil, fmt.Errorf("%w: %w", ErrBlocked, err)
	}
	return conn, err
}

// dialer is the one for an address as it was written, before its name is resolved.
func (g *guard) dialer(address string) *net.Dialer {
	switch local, named := g.allowed[strings.ToLower(address)]; {
	case named && local:
		return g.local
	case named:
		return g.ported
	}
	return g.public
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return strings.ToLower(net.JoinHostPort(u.Hostname(), port))
}

// IsLocal reports whether a host, as written, means the local network.
func IsLocal(host string) bool {
	host = strings.ToLower(host)
	if ip, err := netip.ParseAddr(host); err == nil {
		holds := func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) }
		return slices.ContainsFunc(lan.v4, holds) || slices.ContainsFunc(lan.v6, holds)
	}
	return !strings.Contains(host, ".") || slices.ContainsFunc([]string{".localhost", ".local", ".lan", ".internal", ".home.arpa"},
		func(suffix string) bool { return strings.HasSuffix(host, suffix) })
}

// capped ends an answer that is too long with an error instead of a cut.
type capped struct {
	body io.ReadCloser
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.body.Read(p[:min(int64(len(p)), max(c.left, 0))])
	if c.left -= int64(n); c.left <= 0 { // also when the end came with the last bytes
		return n, ErrTooLarge
	}
	return n, err
}

func (c *capped) Close() error { return c.body.Close() }
