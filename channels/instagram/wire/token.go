package wire

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// instagramToken begins a token of the Instagram login. It opens the account and its webhooks but no catalogue, lives at
// another host and is renewed by another call than that of the Facebook login.
const instagramToken = "IG"

const (
	daily = 24*time.Hour + 10*time.Minute // after which a token is renewed: the vendor wants it a day old
	later = time.Hour                     // until the next try when that failed
	life  = 60 * 24 * time.Hour           // of a long-lived token whose end was not told
)

// NewKeeper makes the keeper of a stored token. There is no second token to refresh with (Refresh is the same): it is exchanged for a
// younger one once a day while it is good, so that it never comes to its end. So AccessExpires is when that is due,
// RefreshExpires when the vendor ends it. Of o it uses App, Client, Clock, Log and Timeout.
func NewKeeper(o channels.Opening, store channels.Tokens) *channels.Keeper {
	w := newWire(o)
	return channels.NewKeeper(store, o.Clock, o.Logger(), w.renew)
}

// renew exchanges a token. While it is good, a failure that may pass costs nothing: it goes on being used.
func (w wire) renew(ctx context.Context, old channels.Token) (channels.Token, error) {
	fresh, err := w.exchange(ctx, old.Access, false)
	switch now := w.clock(); {
	case err == nil:
		fresh.Scopes = old.Scopes
		return fresh, nil
	case channels.ClassOf(err) == channels.Auth:
		return channels.Token{}, err
	case now.Before(old.RefreshExpires) && !now.Before(old.AccessExpires.Add(-later)): // it was due, not refused
		old.AccessExpires = now.Add(later)
		return old, nil
	}
	return channels.Token{}, err
}

// exchange gets a long-lived token for one that is good; fresh says that it was given by a seller just now.
func (w wire) exchange(ctx context.Context, token string, fresh bool) (channels.Token, error) {
	const name = "renew token"
	if token == "" || len(w.app.Secrets) == 0 {
		return channels.Token{}, &channels.Failure{Class: channels.Auth, Call: name, Message: "there is no access token or no app secret: connect the account again"}
	}
	address, query := w.app.BaseURL+"/"+Version+"/oauth/access_token", url.Values{
		"grant_type": {"fb_exchange_token"}, "client_id": {w.app.Key}, "client_secret": {w.app.Secrets[0]}, "fb_exchange_token": {token},
	}
	if strings.HasPrefix(token, instagramToken) {
		address, query = w.app.AuthURL+"/refresh_access_token", url.Values{"grant_type": {"ig_refresh_token"}, "access_token": {token}}
		if fresh {
			address, query = w.app.AuthURL+"/access_token", url.Values{
				"grant_type": {"ig_exchange_token"}, "client_secret": {w.app.Secrets[0]}, "access_token": {token},
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"?"+query.Encode(), nil)
	if err != nil {
		return channels.Token{}, &channels.Failure{Class: channels.Bug, Call: name, Message: "the request could not be built", Err: channels.WithoutURL(err)}
	}
	data, _, err := w.do(r, name, false)
	if err != nil {
		return channels.Token{}, authFailure(err)
	}
	var answer struct {
		Access  channels.Text   `json:"access_token"`
		Expires json.RawMessage `json:"expires_in"` // seconds
	}
	if err := json.Unmarshal(data, &answer); err != nil || answer.Access == "" {
		return channels.Token{}, &channels.Failure{Class: channels.Retry, Call: name, Message: "an answer without a token"} // err could quote one
	}
	var seconds channels.Seconds
	_ = json.Unmarshal(answer.Expires, &seconds) // a token is worth more than knowing its end
	now := w.clock()
	lives := min(cmp.Or(time.Duration(min(int64(seconds), 1e9))*time.Second, life), 10*life)
	return channels.Token{
		Access: string(answer.Access), Refresh: string(answer.Access), AccessExpires: now.Add(min(daily, lives)), RefreshExpires: now.Add(lives),
	}, nil
}

// authFailure makes every final "no" of the token endpoints a matter for a person.
func authFailure(err error) error {
	var f *channels.Failure
	if errors.As(err, &f) && f.Class != channels.Retry && f.Class != channels.Throttled {
		f.Class = channels.Auth
	}
	return err
}

// Debug is what the vendor says of a token.
type Debug struct {
	Valid   bool
	App     string
	Expires time.Time // zero = never, or not told
	Scopes  []string
	Error   string
}

// Debug asks the vendor about a token, in the app's name.
func (w wire) Debug(ctx context.Context, token string) (Debug, error) {
	const name = "look at the token"
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	query := url.Values{"input_token": {token}, "access_token": {w.app.Key + "|" + first(w.app.Secrets)}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.app.BaseURL+"/"+Version+"/debug_token?"+query.Encode(), nil)
	if err != nil {
		return Debug{}, Bug(name, "the request could not be built")
	}
	data, _, err := w.do(r, name, false)
	if err != nil {
		return Debug{}, err
	}
	var answer struct {
		Data struct {
			Valid   bool             `json:"is_valid"`
			App     channels.Text    `json:"app_id"`
			Expires channels.Seconds `json:"expires_at"`
			Scopes  []string         `json:"scopes"`
			Error   struct {
				Message channels.Text `json:"message"`
			} `json:"error"`
		} `json:"data"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return Debug{}, Unreadable(name, nil) // the cause could quote the token
	}
	d := answer.Data
	return Debug{Valid: d.Valid, App: string(d.App), Expires: d.Expires.Time(), Scopes: d.Scopes, Error: channels.Short(string(d.Error.Message), 200)}, nil
}

// Exchange spends what a seller gave for a long-lived token.
func Exchange(ctx context.Context, o channels.Opening, token string) (channels.Token, error) {
	return newWire(o).exchange(ctx, token, true)
}

// As is a way to call with a token that is in no store yet.
func As(ctx context.Context, o channels.Opening, q Request, token string) (json.RawMessage, error) {
	data, _, err := newWire(o).send(ctx, q, token)
	return data, err
}

// DebugOf asks about a token that is in no store yet.
func DebugOf(ctx context.Context, o channels.Opening, token string) (Debug, error) {
	return newWire(o).Debug(ctx, token)
}

// Aged is a token that is kept as it was given. One that never ends has no time to be renewed at.
func Aged(access string, d Debug, now time.Time) channels.Token {
	t := channels.Token{Access: access, Refresh: access, RefreshExpires: d.Expires, Scopes: strings.Join(d.Scopes, " ")}
	if !d.Expires.IsZero() {
		t.AccessExpires = now.Add(min(daily, max(d.Expires.Sub(now), 0)))
	}
	return t
}
