package channels

import "net/url"

// Handshaker is a Webhooks whose vendor asks an address, before it sends anything there, whether it is the app's.
type Handshaker interface {
	// VerifyToken is what the vendor is told to ask with, for an app; it guards nothing but the address.
	VerifyToken(app App) string
	// Handshake is what such a question is answered with; ok is false when it does not have the app's token.
	Handshake(app App, query url.Values) (answer string, ok bool)
}

// KindSignal is the Kind of a webhook that tells of a Signal.
const KindSignal = "signal"

// Signal is something that people do around what a seller sells, such as a comment, without a word of what they said.
type Signal struct {
	ID     string // the vendor's, unique within its Field and shop
	Field  string // the vendor's word for what it is
	Media  string // the vendor's id of the post it belongs to; empty when not told
	Author string // the vendor's id of the person; hashed before it enters an event; empty when not told
}
