package connect

import (
	"net/url"

	"github.com/creatorflow/creatorflow/channels"
)

// Handshake answers a vendor's question whether an address is an app's; ok is false when it does not have the app's verify
// token, there is no such app, or its vendor asks no such thing.
func (r *Registry) Handshake(channel, app string, query url.Values) (answer string, ok bool) {
	a, known := r.App(channel, app)
	w, _ := r.Webhooks(channel)
	h, asks := w.(channels.Handshaker)
	if !known || !asks {
		return "", false
	}
	return h.Handshake(a, query)
}

// VerifyToken is what a person enters at the vendor beside an app's webhook address; empty where the vendor wants none.
func (r *Registry) VerifyToken(channel, app string) string {
	a, known := r.App(channel, app)
	w, _ := r.Webhooks(channel)
	h, asks := w.(channels.Handshaker)
	if !known || !asks {
		return ""
	}
	return h.VerifyToken(a)
}
