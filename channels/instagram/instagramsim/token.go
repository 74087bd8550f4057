package instagramsim

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The kinds of tokens, by their first letters. Only the first opens the Graph API's catalogues; both tell of the account.
const (
	facebookToken  = "EAA"
	instagramToken = "IG"
)

// short is how long a token lives that was not exchanged for a long-lived one.
const short = time.Hour

// young is the age below which an Instagram token cannot be refreshed.
const young = 24 * time.Hour

type token struct {
	value, kind, account string
	issued, expires      time.Time
	long, ended          bool
}

// NewToken is a seller's consent: it gives a short-lived token of the kind "EAA" (Facebook login) or "IG" (Instagram login).
func (s *Sim) NewToken(accountID, kind string) string {
	defer s.lock()()
	if s.accounts[accountID] == nil || kind != facebookToken && kind != instagramToken {
		return ""
	}
	return s.issue(accountID, kind, false).value
}

func (s *Sim) issue(accountID, kind string, long bool) *token {
	now := s.cfg.Clock()
	s.serial++
	t := &token{value: fmt.Sprintf("%ssim%08d%016x", kind, s.serial, s.rng.Uint64()), kind: kind, account: accountID, issued: now, long: long}
	t.expires = now.Add(map[bool]time.Duration{true: s.cfg.TokenLife, false: short}[long])
	s.tokens[t.value] = t
	return t
}

// EndTokens ends every token of an account, as a seller does who removes the app.
func (s *Sim) EndTokens(accountID string) {
	defer s.lock()()
	for _, t := range s.tokens {
		if t.account == accountID {
			t.ended = true
		}
	}
}

// app is the token by which an app speaks for itself.
func (s *Sim) app() string { return s.cfg.AppID + "|" + s.cfg.AppSecret }

// check finds a token that is good now.
func (s *Sim) check(value string) (*token, error) {
	t := s.tokens[value]
	switch {
	case value == "":
		return nil, graphError{code: 104, message: "An access token is required to request this resource."}
	case t == nil:
		return nil, graphError{code: 190, message: "Invalid OAuth access token - Cannot parse access token"}
	case t.ended:
		return nil, graphError{code: 190, subcode: 458, message: "Error validating access token: The user has not authorized application " + s.cfg.AppID + "."}
	case !s.cfg.Clock().Before(t.expires):
		return nil, graphError{code: 190, subcode: 463, message: "Error validating access token: Session has expired on " + t.expires.UTC().Format(time.RFC1123) + "."}
	}
	return t, nil
}

// longLived makes a new long-lived token; the old one stays good until its own end.
func (s *Sim) longLived(old *token) obj {
	t := s.issue(old.account, old.kind, true)
	s.counts.Refreshes++
	return obj{"access_token": t.value, "token_type": "bearer", "expires_in": int64(s.cfg.TokenLife / time.Second)}
}

// exchange is GET /oauth/access_token of the API host.
func (s *Sim) exchange(q url.Values) (any, error) {
	switch {
	case q.Get("grant_type") != "fb_exchange_token":
		return nil, graphError{code: 100, message: "grant_type must be fb_exchange_token"}
	case q.Get("client_id") != s.cfg.AppID:
		return nil, graphError{code: 101, message: "Error validating application. Cannot get application info due to a system error."}
	case q.Get("client_secret") != s.cfg.AppSecret:
		return nil, graphError{code: 1, message: "Error validating client secret."}
	}
	t, err := s.check(q.Get("fb_exchange_token"))
	if err == nil && t.kind != facebookToken {
		err = graphError{code: 190, message: "Invalid OAuth access token - Cannot parse access token"}
	}
	if err != nil {
		return nil, err
	}
	return s.longLived(t), nil
}

// lengthen is GET /access_token of the token host: a short-lived Instagram token for a long-lived one.
func (s *Sim) lengthen(q url.Values) (any, error) {
	if q.Get("grant_type") != "ig_exchange_token" || q.Get("client_secret") != s.cfg.AppSecret {
		return nil, graphError{code: 100, message: "Error validating client secret."}
	}
	t, err := s.check(q.Get("access_token"))
	if err == nil && (t.kind != instagramToken || t.long) {
		err = graphError{code: 452, message: "Session key invalid. This could be because the session key has an incorrect format, or because the user has revoked this session."}
	}
	if err != nil {
		return nil, err
	}
	return s.longLived(t), nil
}

// refresh is GET /refresh_access_token of the token host. Which code refuses a token that is too young is not known; the
// one for a wrong parameter was chosen.
func (s *Sim) refresh(q url.Values) (any, error) {
	if q.Get("grant_type") != "ig_refresh_token" {
		return nil, graphError{code: 100, message: "grant_type must be ig_refresh_token"}
	}
	t, err := s.check(q.Get("access_token"))
	switch {
	case err != nil:
		return nil, err
	case t.kind != instagramToken || !t.long:
		return nil, graphError{code: 190, message: "Invalid OAuth access token - Cannot parse access token"}
	case s.cfg.Clock().Sub(t.issued) < young:
		return nil, graphError{code: 100, message: "Cannot refresh: the access token must be at least 24 hours old"}
	}
	return s.longLived(t), nil
}

// debug is GET /debug_token: an app looks at a token of its own.
func (s *Sim) debug(q url.Values) (any, error) {
	if q.Get("access_token") != s.app() {
		return nil, graphError{code: 190, message: "Invalid OAuth access token signature."}
	}
	t, err := s.check(q.Get("input_token"))
	if t == nil {
		t = s.tokens[q.Get("input_token")]
	}
	data := obj{"is_valid": err == nil}
	if t != nil {
		data["app_id"], data["type"], data["user_id"] = s.cfg.AppID, "USER", t.account
		data["issued_at"], data["expires_at"], data["scopes"] = t.issued.Unix(), t.expires.Unix(), slices.Clone(s.accounts[t.account].scopes)
	}
	var no graphError
	if errors.As(err, &no) {
		data["error"] = obj{"code": no.code, "message": no.message}
	}
	return obj{"data": data}, nil
}

// allowed refuses what the seller did not grant.
func (s *Sim) allowed(t *token, scope string) error {
	a := s.accounts[t.account]
	switch {
	case t.kind == instagramToken && strings.HasPrefix(scope, "catalog"):
		return graphError{code: 10, message: "(#10) Application does not have permission for this action"}
	case !slices.Contains(a.scopes, scope):
		return graphError{code: 200, message: "(#200) Requires " + scope + " permission to access the resource."}
	}
	return nil
}
