package wire

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

const tokenPath = "/admin/oauth/access_token" //nolint:gosec // a path, not a credential

// NewKeeper makes the keeper of a stored pair. Of o it uses App, Connection, Client, Clock, Log and Timeout.
func NewKeeper(o channels.Opening, store channels.Tokens) *channels.Keeper {
	return channels.NewKeeper(store, o.Clock, o.Logger(), newWire(o).renew)
}

// renew spends a refresh token. A token that has none is the app's own, and the app asks for another.
func (w wire) renew(ctx context.Context, old channels.Token) (channels.Token, error) {
	if old.Refresh == "" {
		return w.ownToken(ctx)
	}
	return w.exchange(ctx, "refresh token", map[string]string{"grant_type": "refresh_token", "refresh_token": old.Refresh})
}

// ownToken is for an app of the shop's own organisation: no seller has to consent. It lives a day.
func (w wire) ownToken(ctx context.Context) (channels.Token, error) {
	return w.exchange(ctx, "ask for a token", map[string]string{"grant_type": "client_credentials"})
}

// spendCode exchanges the code of a seller's consent for an expiring token with a refresh token beside it.
func (w wire) spendCode(ctx context.Context, code string) (channels.Token, error) {
	return w.exchange(ctx, "exchange code", map[string]string{"code": code, "expiring": "1"})
}

func (w wire) exchange(ctx context.Context, name string, ask map[string]string) (channels.Token, error) {
	fail := func(class channels.Class, message string, err error) (channels.Token, error) {
		return channels.Token{}, &channels.Failure{Class: class, Call: name, Message: message, Err: err}
	}
	switch {
	case !IsDomain(w.shop):
		return fail(channels.Bug, "the shop's address is not one of Shopify's", nil)
	case len(w.app.Secrets) == 0:
		return fail(channels.Auth, "the app has no secret: connect it again", nil)
	}
	ask["client_id"], ask["client_secret"] = w.app.Key, w.app.Secrets[0]
	body, err := json.Marshal(ask)
	if err != nil {
		return fail(channels.Bug, "the request could not be built", nil)
	}
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	r, err := w.request(ctx, tokenPath, body)
	if err != nil {
		return fail(channels.Bug, "the request could not be built", channels.WithoutURL(err))
	}
	sent := w.clock()
	got, f := w.do(r, name, false)
	if f != nil {
		return channels.Token{}, f
	}
	if got.status != http.StatusOK {
		return channels.Token{}, w.denied(name, got)
	}
	return readToken(name, got.body, sent)
}

// denied makes every final "no" of the token endpoint a matter for a person.
func (w wire) denied(name string, got reply) error {
	var no struct {
		Code channels.Text `json:"error"`
		Text channels.Text `json:"error_description"`
	}
	f := &channels.Failure{Class: channels.Auth, Call: name, RetryAfter: channels.RetryAfter(got.header, w.clock())}
	_ = json.Unmarshal(got.body, &no) // what cannot be read says nothing
	f.Code, f.Message = channels.Short(string(no.Code), 64), channels.Short(string(no.Text), 300)
	if f.Message == "" {
		f.Message = "HTTP status " + strconv.Itoa(got.status)
	}
	switch status := got.status; {
	case status == http.StatusTooManyRequests:
		f.Class = channels.Throttled
	case status >= 500, status == http.StatusPaymentRequired, status == http.StatusLocked:
		f.Class = channels.Retry
	}
	return f
}

// readToken reads a pair. Its ends are counted from before it was asked for, the safe side.
func readToken(name string, text []byte, sent time.Time) (channels.Token, error) {
	var t struct {
		Access        channels.Text    `json:"access_token"`
		Life          channels.Seconds `json:"expires_in"`
		Refresh       channels.Text    `json:"refresh_token"`
		RefreshLife   channels.Seconds `json:"refresh_token_expires_in"`
		Scopes        channels.Text    `json:"scope"`
		AssociatedFor json.RawMessage  `json:"associated_user"`
	}
	switch err := json.Unmarshal(text, &t); {
	case err != nil || t.Access == "":
		return channels.Token{}, &channels.Failure{Class: channels.Retry, Call: name, Message: "an answer without a token"} // err could quote one
	case len(t.AssociatedFor) > 0 && string(t.AssociatedFor) != "null":
		return channels.Token{}, &channels.Failure{Class: channels.Auth, Call: name, Message: "a token of one person, which ends with their session: ask for an offline one"}
	}
	out := channels.Token{Access: string(t.Access), Refresh: string(t.Refresh), Scopes: strings.Join(strings.FieldsFunc(string(t.Scopes), func(c rune) bool { return c == ',' || c == ' ' }), " ")}
	if t.Life > 0 {
		out.AccessExpires = sent.Add(time.Duration(t.Life) * time.Second).UTC()
	}
	if t.RefreshLife > 0 {
		out.RefreshExpires = sent.Add(time.Duration(t.RefreshLife) * time.Second).UTC()
	}
	return out, nil
}

// Grant makes a token of what a seller gave: the code that the consent led back with, or nothing where the app belongs to
// the shop's own organisation. Of o it uses App, Client, Clock and Timeout.
func Grant(ctx context.Context, o channels.Opening, shop, code string) (channels.Token, error) {
	o.Connection.ShopID = shop
	w := newWire(o)
	if code == "" {
		return w.ownToken(ctx)
	}
	return w.spendCode(ctx, code)
}

// callbackLife is how old the vendor's callback may be.
const callbackLife = 90 * time.Second

// SignedCallback says whether the query with which a consent led back was signed by the vendor, with one of the app's two
// newest secrets, not long ago.
func SignedCallback(app channels.App, query map[string]string, now time.Time) bool {
	got, err := hex.DecodeString(query["hmac"])
	if err != nil {
		return false
	}
	at, err := strconv.ParseInt(query["timestamp"], 10, 64)
	if age := now.Sub(time.Unix(at, 0)); err != nil || age > callbackLife || age < -callbackLife {
		return false
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if name != "hmac" {
			parts = append(parts, name+"="+query[name])
		}
	}
	matched := false
	for i, secret := range app.Secrets {
		if secret == "" || i > 1 {
			continue
		}
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = io.WriteString(mac, strings.Join(parts, "&")) // a hash never fails
		matched = hmac.Equal(got, mac.Sum(nil)) || matched
	}
	return matched
}
