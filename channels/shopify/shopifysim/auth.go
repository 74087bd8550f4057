package shopifysim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/market"
)

// never is when a token that does not expire expires.
const never = 100 * 365 * 24 * time.Hour

// codeLife is how long an authorization code lives; the vendor's is not documented beyond "short".
const codeLife = time.Hour

// grant is what a token or code gives, and until when.
type grant struct {
	*member
	expires time.Time
	before  string // the refresh token that ends when this one's pair is first used
}

// sign is base64 HMAC-SHA256 of a webhook's body.
func (s *Sim) sign(body []byte) string {
	mac := hmac.New(sha256.New, []byte(s.cfg.ClientSecret))
	_, _ = mac.Write(body) // a hash never fails
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// issue makes an offline token, with a refresh token beside it when it expires.
func (s *Sim) issue(m *member, expiring bool) Tokens {
	now := s.cfg.Clock()
	t := Tokens{AccessToken: "shpat_" + s.market.Secret(32), AccessExpires: now.Add(never)}
	if expiring {
		t.AccessExpires, t.RefreshToken, t.RefreshExpires = now.Add(s.cfg.AccessLife), "shprt_"+s.market.Secret(32), now.Add(s.cfg.RefreshLife)
		s.refresh[t.RefreshToken] = grant{member: m, expires: t.RefreshExpires}
	}
	s.access[t.AccessToken] = grant{member: m, expires: t.AccessExpires}
	m.tokens = t
	return t
}

// used ends the refresh token that was good beside the pair which has now arrived.
func (s *Sim) used(g grant) {
	if g.before != "" {
		delete(s.refresh, g.before)
	}
}

// AuthCode makes a code for the token endpoint: it works once. "" when there is no such shop.
func (s *Sim) AuthCode(domain string) string {
	defer s.lock()()
	m, err := s.member(domain)
	if err != nil {
		return ""
	}
	return s.code(m)
}

func (s *Sim) code(m *member) string {
	code := s.market.Secret(32)
	s.codes[code] = grant{member: m, expires: s.cfg.Clock().Add(codeLife)}
	return code
}

// Tokens returns a shop's current pair.
func (s *Sim) Tokens(domain string) Tokens {
	defer s.lock()()
	if m, err := s.member(domain); err == nil {
		return m.tokens
	}
	return Tokens{}
}

// ExpireToken lets every access token for a shop expire now; the refresh token stays.
func (s *Sim) ExpireToken(domain string) {
	defer s.lock()()
	m, err := s.member(domain)
	if err != nil {
		return
	}
	for token, g := range s.access {
		if g.member == m {
			g.expires = s.cfg.Clock()
			s.access[token] = g
		}
	}
	m.tokens.AccessExpires = s.cfg.Clock()
}

// Uninstall is the seller removing the app: no token works again and app/uninstalled is the last webhook.
func (s *Sim) Uninstall(domain string) error {
	defer s.lock()()
	m, err := s.member(domain)
	if err != nil {
		return err
	}
	for _, tokens := range []map[string]grant{s.access, s.refresh, s.codes} {
		for token, g := range tokens {
			if g.member == m {
				delete(tokens, token)
			}
		}
	}
	s.tell(m.Store, market.Notice{Topic: "APP_UNINSTALLED"})
	m.hooks.List = nil
	return nil
}

// consent is the page on which a seller installs the app; here nobody has to click. The callback is signed.
func (s *Sim) consent(w http.ResponseWriter, r *http.Request) {
	defer s.lock()()
	q := r.URL.Query()
	domain := hostOf(r)
	if s.members[domain] == nil {
		domain = q.Get("shop")
	}
	m, err := s.member(domain)
	back, parseErr := url.Parse(q.Get("redirect_uri"))
	switch {
	case err != nil:
		http.Error(w, "There is no such shop.", http.StatusNotFound)
		return
	case q.Get("client_id") != s.cfg.ClientID:
		http.Error(w, "Oauth error application_cannot_be_found: The requested application cannot be found.", http.StatusBadRequest)
		return
	case parseErr != nil || s.cfg.RedirectURL == "" || !strings.HasPrefix(q.Get("redirect_uri"), s.cfg.RedirectURL):
		http.Error(w, "Oauth error invalid_request: The redirect_uri is not whitelisted.", http.StatusBadRequest)
		return
	}
	if asked := strings.FieldsFunc(q.Get("scope"), func(c rune) bool { return c == ',' || c == ' ' }); len(asked) > 0 {
		m.scopes = asked
	}
	answer := back.Query()
	for name, value := range s.callback(m, q.Get("state")) {
		answer[name] = value
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound) //nolint:gosec // the operator named where it may go
}

// callback is what the consent page sends the seller back with.
func (s *Sim) callback(m *member, state string) url.Values {
	q := url.Values{
		"code": {s.code(m)}, "shop": {m.Domain}, "state": {state}, "timestamp": {strconv.FormatInt(s.cfg.Clock().Unix(), 10)},
		"host": {base64.RawStdEncoding.EncodeToString([]byte(m.Domain + "/admin"))},
	}
	var parts []string
	for name := range q {
		parts = append(parts, name+"="+q.Get(name))
	}
	slices.Sort(parts)
	mac := hmac.New(sha256.New, []byte(s.cfg.ClientSecret))
	_, _ = io.WriteString(mac, strings.Join(parts, "&")) // a hash never fails
	q.Set("hmac", hex.EncodeToString(mac.Sum(nil)))
	return q
}

// accessToken exchanges a code, a refresh token or the app's own credentials. A pair that was made is never lost on the
// way: after-effect faults spare it.
func (s *Sim) accessToken(w http.ResponseWriter, r *http.Request) {
	ask, err := readForm(r, http.MaxBytesReader(w, r.Body, maxBody))
	unlock := s.lock()
	s.counts.Requests["access_token "+ask["grant_type"]]++
	latency := s.faults.Latency
	var out answer
	switch {
	case err != nil:
		out = denied("invalid_request", "The request cannot be read.")
	case s.roll(s.faults.API5xx):
		s.counts.Faults["5xx"]++
		out = answer{status: http.StatusBadGateway, body: obj{"errors": "Bad Gateway"}}
	default:
		out = s.exchange(hostOf(r), ask)
	}
	unlock()
	s.reply(w, r, out, latency)
}

func denied(code, text string) answer {
	return answer{status: http.StatusBadRequest, body: obj{"error": code, "error_description": text}}
}

func (s *Sim) exchange(host string, ask map[string]string) answer {
	now := s.cfg.Clock()
	m := s.members[host]
	if m == nil {
		m, _ = s.member("") // the only shop
	}
	if m == nil {
		return answer{status: http.StatusNotFound, body: obj{"errors": "Not Found"}}
	}
	if ask["client_id"] != s.cfg.ClientID || !hmac.Equal([]byte(ask["client_secret"]), []byte(s.cfg.ClientSecret)) {
		return denied("application_cannot_be_found", "The requested application cannot be found.")
	}
	switch ask["grant_type"] {
	case "":
		g, known := s.codes[ask["code"]]
		delete(s.codes, ask["code"])
		if !known || !now.Before(g.expires) || g.member != m {
			return denied("invalid_request", "The authorization code was not found or was already used.")
		}
		return s.granted(m, s.issue(m, ask["expiring"] == "1"), 0)
	case "refresh_token":
		s.counts.Refreshes++
		old := ask["refresh_token"]
		g, known := s.refresh[old]
		if !known || !now.Before(g.expires) || g.member != m {
			return denied("invalid_grant", "The refresh token is invalid or expired.")
		}
		s.used(g)
		t := s.issue(m, true)
		for _, tokens := range []map[string]grant{s.access, s.refresh} { // the old one is good until the new pair is used
			for _, token := range []string{t.AccessToken, t.RefreshToken} {
				if g, ok := tokens[token]; ok {
					g.before = old
					tokens[token] = g
				}
			}
		}
		return s.granted(m, t, 0)
	case "client_credentials":
		t := s.issue(m, false)
		g := s.access[t.AccessToken]
		g.expires = now.Add(24*time.Hour - time.Second)
		s.access[t.AccessToken], m.tokens.AccessExpires = g, g.expires
		return s.granted(m, t, 86399)
	}
	return denied("unsupported_grant_type", "The grant type is not supported.")
}

func (s *Sim) granted(m *member, t Tokens, life int) answer {
	body := obj{"access_token": t.AccessToken, "scope": strings.Join(m.scopes, ",")}
	if t.RefreshToken != "" {
		life = int(s.cfg.AccessLife.Seconds())
		body["refresh_token"], body["refresh_token_expires_in"] = t.RefreshToken, int(s.cfg.RefreshLife.Seconds())
	}
	if life > 0 {
		body["expires_in"] = life
	}
	return answer{status: http.StatusOK, body: body}
}

// readForm takes JSON or a form, as the vendor does.
func readForm(r *http.Request, body io.Reader) (map[string]string, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/json" {
		return out, json.Unmarshal(text, &out)
	}
	form, err := url.ParseQuery(string(text))
	for name := range form {
		out[name] = form.Get(name)
	}
	return out, err
}
