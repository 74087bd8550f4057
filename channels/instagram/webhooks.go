package instagram

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// Webhooks reads Meta's webhooks of Instagram accounts.
type Webhooks struct{}

var _ channels.Webhooks = Webhooks{}

const (
	signature = "X-Hub-Signature-256"
	prefix    = "sha256="
	kindOther = "other"

	probeField  = "creatorflow-test" // none of the vendor's fields has a dash
	probePrefix = "creatorflow-test-"
)

// The fields that are signals, and those that are known and left alone.
var (
	signals = []string{"comments", "live_comments", "mentions"}
	others  = " messages messaging_postbacks messaging_seen message_reactions messaging_referral messaging_optins messaging_handover standby story_insights "
)

// Verify implements channels.Webhooks: the signature is of the bytes as they came, with the vendor's escapes. It has no time
// in it, so a replay is stopped by the keys of the signals alone.
func (Webhooks) Verify(app channels.App, header http.Header, body []byte) error {
	text, found := strings.CutPrefix(header.Get(signature), prefix)
	got, err := hex.DecodeString(text)
	if !found || err != nil {
		return channels.ErrSignature
	}
	matched := false
	for i, secret := range app.Secrets {
		if secret == "" || i > 1 { // an empty secret would let anyone sign; a third was rotated out
			continue
		}
		matched = hmac.Equal(got, sum(secret, body)) || matched
	}
	if !matched {
		return channels.ErrSignature
	}
	return nil
}

func sum(secret string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(body) // a hash never fails
	return mac.Sum(nil)
}

// Keep implements channels.Webhooks: the body says all.
func (Webhooks) Keep(_ http.Header, body []byte) []byte { return body }

// Hints implements channels.Webhooks. One body may hold up to a thousand changes of several accounts, each a hint of its own;
// signals come first. A body with one signal is known by it when it comes again; one with several has no key, and its signals
// are known one by one.
func (Webhooks) Hints(body []byte) ([]channels.Hint, error) {
	var envelope struct {
		Object json.RawMessage `json:"object"`
		Entry  json.RawMessage `json:"entry"`
	}
	r := &channels.Reading{Record: "webhook"}
	if !r.Object("body", body, &envelope) {
		return nil, *r.Invalid // without a sample: it may be anybody's words, and the inbox has them sealed
	}
	object := r.Text("object", envelope.Object)
	entries := r.List("entry", envelope.Entry)
	if len(entries) == 0 {
		r.Fail("entry", "must hold an entry", "")
	}
	var first, rest []channels.Hint
	shop := ""
	for i, raw := range entries {
		var entry struct {
			ID        json.RawMessage `json:"id"`
			Time      json.RawMessage `json:"time"`
			Changes   json.RawMessage `json:"changes"`
			Messaging json.RawMessage `json:"messaging"`
		}
		field := channels.At("entry", i)
		if !r.Object(field, raw, &entry) {
			break
		}
		h := channels.Hint{Shop: r.ID(field+".id", entry.ID), Updated: moment(entry.Time)}
		if shop == "" {
			shop = h.Shop
		}
		if len(entry.Messaging) > 0 || object != "instagram" { // another product's, or messages: nothing is done about them
			h.Kind, h.Type, h.Unknown = kindOther, "messaging", object != "instagram"
			if h.Unknown {
				h.Type = channels.Short("object "+object, 60)
			}
			rest = append(rest, h)
			continue
		}
		for n, change := range r.List(field+".changes", entry.Changes) {
			hint := readChange(r, channels.At(field+".changes", n), h, change)
			if hint.Kind == channels.KindSignal {
				first = append(first, hint)
			} else {
				rest = append(rest, hint)
			}
		}
	}
	hints := append(first, rest...)
	if r.Invalid == nil && len(hints) == 0 {
		r.Fail("entry", "must hold a change", "")
	}
	if r.Invalid != nil {
		if channels.IsID(shop) {
			return []channels.Hint{{Shop: shop}}, *r.Invalid
		}
		return nil, *r.Invalid
	}
	if len(hints) == 1 {
		hints[0].Delivery = keyOf(hints[0])
	}
	return hints, nil
}

// keyOf is by what a hint that comes alone is known when it comes again.
func keyOf(h channels.Hint) string {
	switch h.Kind {
	case channels.KindSignal:
		return h.Shop + ":" + h.Signal.Field + ":" + h.Signal.ID // one comment may be about two accounts
	case channels.KindTest:
		return h.Delivery
	}
	return ""
}

// moment reads an entry's time; the vendor writes seconds in some products and milliseconds in others.
func moment(raw json.RawMessage) time.Time {
	n, err := strconv.ParseInt(channels.Lenient(raw), 10, 64)
	switch {
	case err != nil || n <= 0 || n > 253_402_300_799_999:
		return time.Time{}
	case n > 253_402_300_799:
		return time.UnixMilli(n).UTC()
	}
	return time.Unix(n, 0).UTC()
}

func readChange(r *channels.Reading, at string, h channels.Hint, raw json.RawMessage) channels.Hint {
	var change struct {
		Field json.RawMessage `json:"field"`
		Value json.RawMessage `json:"value"`
	}
	if !r.Object(at, raw, &change) {
		return h
	}
	h.Type = r.Text(at+".field", change.Field)
	switch {
	case h.Type == "" || len(h.Type) > 64:
		r.Fail(at+".field", "must name the field", "")
		return h
	case h.Type == probeField:
		h.Kind = channels.KindTest
		var value struct {
			ID json.RawMessage `json:"id"`
		}
		if r.Object(at+".value", change.Value, &value) {
			h.Delivery = channels.Short(r.Text(at+".value.id", value.ID), 128)
		}
		return h
	case strings.Contains(others, " "+h.Type+" "):
		h.Kind = kindOther
		return h
	case !isSignal(h.Type): // kept and shown, whatever else it holds
		h.Kind, h.Unknown = kindOther, true
		return h
	}
	h.Kind = channels.KindSignal
	h.Signal = readSignal(r, at+".value", h.Type, change.Value)
	return h
}

func isSignal(field string) bool {
	for _, s := range signals {
		if s == field {
			return true
		}
	}
	return false
}

// readSignal reads what is kept of a comment or mention. The text and the handle are not read at all.
func readSignal(r *channels.Reading, at, field string, raw json.RawMessage) channels.Signal {
	var value struct {
		ID    json.RawMessage `json:"id"`
		From  json.RawMessage `json:"from"`
		Media json.RawMessage `json:"media"`
		On    json.RawMessage `json:"media_id"`
		By    json.RawMessage `json:"comment_id"`
	}
	if !r.Object(at, raw, &value) {
		return channels.Signal{}
	}
	s := channels.Signal{Field: field}
	var from, media struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(value.From, &from) == nil {
		s.Author = idOf(from.ID)
	}
	if json.Unmarshal(value.Media, &media) == nil {
		s.Media = idOf(media.ID)
	}
	if field == "mentions" { // in a comment, or in a caption: then the post alone has an id
		if s.Media, s.ID = idOf(value.On), idOf(value.By); s.ID == "" {
			s.ID = s.Media
		}
	} else {
		s.ID = idOf(value.ID)
	}
	if s.ID == "" {
		r.Fail(at+".id", "must be an id", "")
	}
	return s
}

// idOf is an id, or nothing where something else stands.
func idOf(raw json.RawMessage) string {
	if id := channels.Lenient(raw); channels.IsID(id) {
		return id
	}
	return ""
}

// VerifyToken implements channels.Handshaker: it follows from the app's newest secret, so that nothing has to be kept.
func (Webhooks) VerifyToken(app channels.App) string {
	if len(app.Secrets) == 0 {
		return ""
	}
	return verifyToken(app.Secrets[0], app.ID)
}

func verifyToken(secret, app string) string {
	return hex.EncodeToString(sum(secret, []byte("creatorflow webhook address of app "+app)))[:32]
}

// Handshake implements channels.Handshaker. The challenge goes back as it came, if it is what the vendor sends: letters and
// digits.
func (Webhooks) Handshake(app channels.App, query url.Values) (answer string, ok bool) {
	got := []byte(query.Get("hub.verify_token"))
	for i, secret := range app.Secrets {
		if secret != "" && i < 2 {
			ok = hmac.Equal(got, []byte(verifyToken(secret, app.ID))) || ok
		}
	}
	answer = query.Get("hub.challenge")
	return answer, ok && query.Get("hub.mode") == "subscribe" && channels.IsID(answer)
}

// Probe implements channels.Prober.
func (Webhooks) Probe(app channels.App, shop, id string, at time.Time) (header http.Header, body []byte, delivery string) {
	delivery = probePrefix + id
	var text bytes.Buffer
	fmt.Fprintf(&text, `{"object":"instagram","entry":[{"id":%q,"time":%d,"changes":[{"field":%q,"value":{"id":%q}}]}]}`, shop, at.Unix(), probeField, delivery)
	return http.Header{signature: {prefix + hex.EncodeToString(sum(app.Secrets[0], text.Bytes()))}, "Content-Type": {"application/json"}}, text.Bytes(), delivery
}
