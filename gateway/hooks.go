package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/gateway/access"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/realtime"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// webhook hands a raw body to the intake. The answer is given when the body is durable, and says
// so by its status alone: vendors read nothing else.
func (g *Gateway) webhook(w http.ResponseWriter, r *http.Request) {
	channel, app := r.PathValue("channel"), r.PathValue("app")
	body, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large) || len(body) > edge.MaxBody:
		g.metrics.Webhook(http.StatusRequestEntityTooLarge)
		edge.Write(w, r, edge.NewProblem(http.StatusRequestEntityTooLarge, "A webhook has at most 1 MiB."))
		return
	case err != nil: // cut off on its way: the sender tries again
		g.metrics.Webhook(http.StatusBadRequest)
		edge.Write(w, r, edge.NewProblem(http.StatusBadRequest, "The body did not arrive whole."))
		return
	case g.o.Intake == nil || g.draining.Load():
		g.metrics.Webhook(http.StatusServiceUnavailable)
		edge.Write(w, r, edge.Busy("No webhooks are taken at the moment.", 5))
		return
	}
	status := g.o.Intake(r.Context(), channel, app, r.Header, body)
	switch status {
	case http.StatusOK:
		w.WriteHeader(status)
	case http.StatusUnauthorized:
		edge.Write(w, r, edge.NewProblem(status, "The signature is wrong; nothing was stored. Check the app's secret."))
	case http.StatusRequestEntityTooLarge:
		edge.Write(w, r, edge.NewProblem(status, "A webhook has at most 1 MiB."))
	case http.StatusUnprocessableEntity:
		edge.Write(w, r, edge.NewProblem(status, "This is no mention; nothing was stored. The source says what is wrong with it, in the settings and at GET /api/v1/mention-sources."))
	case http.StatusNotFound:
		edge.Write(w, r, edge.NewProblem(status, "There is no such app. Check the address, or connect the app first."))
	default:
		status = http.StatusServiceUnavailable
		edge.Write(w, r, edge.Busy("This could not be stored now. Send it again.", 30))
	}
	g.metrics.Webhook(status)
}

// handshake answers a vendor that asks, before it sends webhooks to an address, whether it is the app's. Nothing is said to
// whoever does not know the app's verify token.
func (g *Gateway) handshake(w http.ResponseWriter, r *http.Request) {
	answer, ok := "", false
	if r.URL.RawQuery == "" { // it asks nothing
		w.Header().Add("Allow", http.MethodPost)
		edge.Write(w, r, edge.NewProblem(http.StatusMethodNotAllowed, "This address does not take GET without a question: webhooks come as POST."))
		return
	}
	if g.o.Handshake != nil {
		answer, ok = g.o.Handshake(r.PathValue("channel"), r.PathValue("app"), r.URL.Query())
	}
	if !ok {
		edge.Write(w, r, edge.NewProblem(http.StatusForbidden, "This is where a channel's webhooks come in, and it knows no such app or verify token. See which token to enter with: creatorflow doctor"))
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, answer) // the vendor may be gone
}

// live opens the socket of a screen. A cookie is sent by any page that opens a socket here, so
// with one the page must be ours.
func (g *Gateway) live(w http.ResponseWriter, r *http.Request) {
	s := access.From(r.Context())
	switch {
	case g.o.Live == nil || g.draining.Load():
		edge.Write(w, r, edge.Busy("There is no live connection at the moment.", 2))
		return
	case !g.ownOrigin(r) && (s.Session != "" || r.Header.Get("Origin") != ""):
		edge.Write(w, r, edge.NewProblem(http.StatusForbidden, "A live connection is for CreatorFlow's own pages."))
		return
	}
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		edge.Write(w, r, edge.NewProblem(http.StatusUpgradeRequired, "This address is a WebSocket: connect to it as wss:// or ws://."))
		return
	}
	g.o.Live.Handler().ServeHTTP(w, r.WithContext(realtime.WithUser(r.Context(), s.Name, s.Session)))
}

// Present says whether the session or key that opened a connection still stands; ctx is the
// connection's. It is asked at every subscription: SignOut ends the connections it finds, and one
// that was let in just before and is not yet open would otherwise stay. A vault that cannot be read
// ends no screen.
func (g *Gateway) Present(ctx context.Context) bool {
	s := access.From(ctx)
	if s.User != "" {
		all, err := g.o.Accounts.Sessions(ctx, s.User)
		return err != nil || slices.ContainsFunc(all, func(one accounts.Session) bool { return one.ID == s.Session })
	}
	all, err := g.o.Accounts.Keys(ctx)
	return err != nil || slices.ContainsFunc(all, func(k accounts.APIKey) bool {
		return s.Name == "key:"+k.Prefix && (k.Ends.IsZero() || g.o.Clock().Before(k.Ends))
	})
}

// ownOrigin compares the page's origin with the address it asked: scheme, host and port.
func (g *Gateway) ownOrigin(r *http.Request) bool {
	origin, err := url.Parse(r.Header.Get("Origin"))
	if err != nil || origin.Host == "" || origin.Opaque != "" {
		return false
	}
	scheme := "http"
	if g.o.Secure {
		scheme = "https"
	}
	return origin.Scheme == scheme && strings.EqualFold(origin.Host, r.Host)
}
