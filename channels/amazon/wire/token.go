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

// scopeNotifications is what calls about queues need, which belong to the app and to no seller.
const scopeNotifications = "sellingpartnerapi::notifications"

// renew asks for another access token; the refresh token stays good until the seller withdraws.
func (w wire) renew(ctx context.Context, old channels.Token) (channels.Token, error) {
	return w.login(ctx, "refresh token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {old.Refresh}})
}

// login asks Login with Amazon for an access token, which lives an hour.
func (w wire) login(ctx context.Context, name string, form url.Values) (channels.Token, error) {
	fail := func(class channels.Class, message string) (channels.Token, error) {
		return channels.Token{}, &channels.Failure{Class: class, Call: name, Message: message}
	}
	refresh := form.Get("refresh_token")
	if len(w.app.Secrets) == 0 || form.Has("refresh_token") && refresh == "" {
		return fail(channels.Auth, "there is no refresh token or no client secret: authorise the shop again")
	}
	form.Set("client_id", w.app.Key)
	form.Set("client_secret", w.app.Secrets[0])
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.app.AuthURL+"/auth/o2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return fail(channels.Bug, "the request could not be built")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
	a, err := w.do(r, name, false)
	var f *channels.Failure
	if errors.As(err, &f) && f.Class != channels.Retry && f.Class != channels.Throttled {
		f.Class = channels.Auth // every final "no" here is a matter for a person
	}
	if err != nil {
		return channels.Token{}, err
	}
	var said struct {
		Access  channels.Text    `json:"access_token"`
		Refresh channels.Text    `json:"refresh_token"`
		Seconds channels.Seconds `json:"expires_in"`
	}
	if err := json.Unmarshal(a.body, &said); err != nil || said.Access == "" {
		return fail(channels.Retry, "an answer without a token") // err could quote one
	}
	return channels.Token{
		Access: string(said.Access), AccessExpires: w.clock().Add(time.Duration(cmp.Or(int64(said.Seconds), 3600)) * time.Second),
		Refresh: cmp.Or(string(said.Refresh), refresh),
	}, nil
}

// Ask makes one call with a given access token, past limiter and breaker: while a shop is being connected there are none.
func Ask(ctx context.Context, o channels.Opening, token string, q Request) (json.RawMessage, error) {
	a, err := newWire(o).send(ctx, q, token)
	return a.body, err
}

// Login turns the refresh token that a seller's consent gave into a token pair.
func Login(ctx context.Context, o channels.Opening, refresh string) (channels.Token, error) {
	return newWire(o).renew(ctx, channels.Token{Refresh: refresh})
}

// Grantless asks for an access token of the app's own, for calls about queues.
func Grantless(ctx context.Context, o channels.Opening) (token string, err error) {
	t, err := newWire(o).login(ctx, "log in as the app", url.Values{"grant_type": {"client_credentials"}, "scope": {scopeNotifications}})
	return t.Access, err
}
