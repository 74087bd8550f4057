package wire

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
)

// renew spends a refresh token.
func (w wire) renew(ctx context.Context, old channels.Token) (channels.Token, error) {
	return w.exchange(ctx, "refresh token", "/api/v2/token/refresh", "refresh_token", "refresh_token", old.Refresh)
}

// exchange spends a code or refresh token for a pair. The secret is in the URL, as the vendor wants it.
func (w wire) exchange(ctx context.Context, name, path, grant, key, value string) (channels.Token, error) {
	fail := func(class channels.Class, message string, err error) (channels.Token, error) {
		return channels.Token{}, &channels.Failure{Class: class, Call: name, Message: message, Err: err}
	}
	if value == "" || len(w.app.Secrets) == 0 {
		return fail(channels.Auth, "there is no "+key+" or no app secret: authorise the shop again", nil)
	}
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	query := url.Values{"app_key": {w.app.Key}, "app_secret": {w.app.Secrets[0]}, "grant_type": {grant}, key: {value}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.app.AuthURL+path+"?"+query.Encode(), nil)
	if err != nil {
		return fail(channels.Bug, "the request could not be built", channels.WithoutURL(err))
	}
	data, err := w.do(r, name, false)
	if err != nil {
		return channels.Token{}, authFailure(err)
	}
	var wireToken struct {
		Access         channels.Text    `json:"access_token"`
		AccessExpires  channels.Seconds `json:"access_token_expire_in"`
		Refresh        channels.Text    `json:"refresh_token"`
		RefreshExpires channels.Seconds `json:"refresh_token_expire_in"`
		Scopes         json.RawMessage  `json:"granted_scopes"`
	}
	if err := json.Unmarshal(data, &wireToken); err != nil || wireToken.Access == "" || wireToken.Refresh == "" {
		return fail(channels.Retry, "an answer without a token pair", nil) // err could quote a token
	}
	var scopes []string
	_ = json.Unmarshal(wireToken.Scopes, &scopes) // a pair is worth more than knowing what it allows
	return channels.Token{
		Scopes: strings.Join(scopes, " "),
		Access: string(wireToken.Access), AccessExpires: wireToken.AccessExpires.Time(),
		Refresh: string(wireToken.Refresh), RefreshExpires: wireToken.RefreshExpires.Time(),
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

// Authorize exchanges the code a seller's consent gave (30 minutes, once) for a token pair and lists the shops it opens.
// Of o it uses App, Client, Clock and Timeout. The connections have no ID yet; all of them share the one pair.
func Authorize(ctx context.Context, o channels.Opening, given channels.Grant) (channels.Token, []channels.Connection, error) {
	w := newWire(o)
	token, err := w.exchange(ctx, "exchange code", "/api/v2/token/get", "authorized_code", "auth_code", given["code"])
	if err != nil {
		return channels.Token{}, nil, err
	}
	shops, err := w.shops(ctx, token.Access)
	return token, shops, err // the code is spent: the token is worth keeping even when the shops could not be read
}

var listShops = Request{Name: "list shops", Method: http.MethodGet, Path: "/authorization/202309/shops", Unscoped: true}

func (w wire) shops(ctx context.Context, token string) ([]channels.Connection, error) {
	data, err := w.send(ctx, listShops, token)
	if err != nil {
		return nil, err
	}
	shops, err := w.readShops(data)
	if err == nil && len(shops) == 0 {
		err = &channels.Failure{Class: channels.Auth, Call: listShops.Name, Message: "the authorisation opens no shop"}
	}
	return shops, err
}

func (w wire) readShops(data json.RawMessage) (shops []channels.Connection, err error) {
	var list struct {
		Shops []struct {
			ID, Name, Cipher channels.Text
		} `json:"shops"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, Unreadable(listShops.Name, err)
	}
	for _, s := range list.Shops {
		if s.ID == "" || s.Cipher == "" {
			continue // nothing can be called for it
		}
		shops = append(shops, channels.Connection{
			App: w.app.ID, Channel: "tiktok", ShopID: string(s.ID), Name: string(s.Name), Cipher: string(s.Cipher),
		})
	}
	return shops, nil
}
