package hub

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/creatorflow/creatorflow/doctor"
	"github.com/creatorflow/creatorflow/eventlog"
)

// errPublic refuses to take over webhooks without knowing where to.
const errPublic = eventlog.Refusal("The hub has no public address to which webhooks could go: start it with --public-url https://…")

// examine looks at one connection or at all.
func (h *Hub) examine(ctx context.Context, e Examine) ([]doctor.Report, error) {
	reports := []doctor.Report{}
	for _, c := range h.Shops.Connections() {
		if e.Connection != "" && e.Connection != c.ID {
			continue
		}
		if e.Take {
			if h.o.Public == "" {
				return nil, errPublic
			}
			if err := h.Shops.Subscribe(ctx, c.ID, true); err != nil {
				return nil, err
			}
		}
		r, ok, err := h.Doctor.Examine(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		if ok {
			reports = append(reports, r)
		}
	}
	if e.Connection != "" && len(reports) == 0 {
		return nil, eventlog.Refusal(fmt.Sprintf("There is no connection %q. Without a name all are examined, and shown with theirs.", e.Connection))
	}
	return reports, nil
}

// listener is where the hub that runs answers on this machine, and a client that talks to it and nobody else.
func (h *Hub) listener() (at string, client *http.Client, closed string) {
	address, _ := h.address.Load().(string)
	switch {
	case address == "":
		return "", nil, doctor.NotRunning
	case len(h.o.TrustProxy) > 0:
		return "", nil, "the hub takes requests from its proxy only (--trust-proxy), so it cannot send itself one"
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", nil, "the hub's own address cannot be read"
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsUnspecified() { // it listens on all, so on this one
		u.Host = net.JoinHostPort("127.0.0.1", u.Port())
	}
	transport := &http.Transport{DisableKeepAlives: true}
	if h.surface.tls != nil {
		own := h.surface.tls.Certificates[0].Certificate[0]
		transport.TLSClientConfig = &tls.Config{
			MinVersion:         tls.VersionTLS12,
			InsecureSkipVerify: true, //nolint:gosec // the certificate is for the public name: the next line wants ours and no other
			VerifyConnection: func(s tls.ConnectionState) error {
				if len(s.PeerCertificates) == 0 || !bytes.Equal(s.PeerCertificates[0].Raw, own) {
					return errors.New("somebody else's certificate")
				}
				return nil
			},
		}
	}
	return u.String(), &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, ""
}
