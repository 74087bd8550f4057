package tiktoksim

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/api"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/market"
)

// routes is everything the simulator answers.
func (s *Sim) routes() {
	s.plain("GET /api/v2/token/get", s.tokenGet)
	s.plain("GET /api/v2/token/refresh", s.tokenRefresh)
	s.mux.HandleFunc("GET /open/authorize", s.consent)
	s.mux.HandleFunc("GET /label/{file}", s.serveLabel)
	s.endpoint("GET /authorization/202309/shops", false, s.authorizedShops)
	for pattern, do := range api.Calls() {
		s.endpoint(pattern, true, func(_ *member, c *api.Call) (any, error) { return do(c) })
	}
	s.endpoint("PUT /event/202309/webhooks", true, s.subscribe)
	s.endpoint("GET /event/202309/webhooks", true, subscriptions)
	s.endpoint("DELETE /event/202309/webhooks", true, s.unsubscribe)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		unlock := s.lock()
		answer, status := s.envelope(nil, gateError(36009009, http.StatusNotFound, "Invalid path or method: "+r.Method+" "+r.URL.Path))
		unlock()
		s.reply(w, r, answer, status, "", 0)
	})
}

// AuthCode makes a code for /api/v2/token/get that opens shops of one seller: it lives 30 minutes and works once. "" when
// there is no such shop.
func (s *Sim) AuthCode(shopIDs ...string) string {
	defer s.lock()()
	a := &authorisation{scopes: s.cfg.Scopes}
	for _, id := range shopIDs {
		m, err := s.member(id)
		if err != nil {
			return ""
		}
		a.shops = append(a.shops, m)
	}
	if len(a.shops) == 0 {
		return ""
	}
	code := "ROW_" + s.market.Secret(40)
	s.codes[code] = grant{a, s.cfg.Clock().Add(30 * time.Minute)}
	return code
}

// Tokens returns a shop's current pair.
func (s *Sim) Tokens(shopID string) Tokens {
	defer s.lock()()
	if m, err := s.member(shopID); err == nil {
		return m.auth.tokens
	}
	return Tokens{}
}

// ExpireToken lets every access token for a shop expire now; the refresh token stays.
func (s *Sim) ExpireToken(shopID string) {
	defer s.lock()()
	m, err := s.member(shopID)
	if err != nil {
		return
	}
	for token, g := range s.access {
		if slices.Contains(g.shops, m) {
			s.access[token] = grant{g.authorisation, s.cfg.Clock()}
			g.tokens.AccessExpires = s.cfg.Clock()
		}
	}
}

// EndAuthorisation is the seller taking consent back: no token that opens the shop works again, also for the shops that
// share it, and a webhook says so to each of them.
func (s *Sim) EndAuthorisation(shopID string) {
	defer s.lock()()
	m, err := s.member(shopID)
	if err != nil {
		return
	}
	ended := func(_ string, g grant) bool { return slices.Contains(g.shops, m) }
	maps.DeleteFunc(s.access, ended)
	maps.DeleteFunc(s.refresh, ended)
	for _, m := range m.auth.shops {
		s.note("authorisation ended", m.ID, "", "")
		s.tell(m.Store, market.Notice{Topic: "SELLER_DEAUTHORIZATION"})
	}
}

// issue makes a new pair. Older access tokens live on to their own end; of refresh tokens only the newest works.
func (s *Sim) issue(a *authorisation) {
	delete(s.refresh, a.tokens.RefreshToken)
	for token, g := range s.access {
		if s.cfg.Clock().Sub(g.expires) > 24*time.Hour { // long enough to be told "expired" and not "unknown"
			delete(s.access, token)
		}
	}
	a.tokens = Tokens{
		AccessToken: "ROW_" + s.market.Secret(48), AccessExpires: s.cfg.Clock().Add(s.cfg.AccessLife),
		RefreshToken: "ROW_" + s.market.Secret(48), RefreshExpires: s.cfg.Clock().Add(s.cfg.RefreshLife),
	}
	s.access[a.tokens.AccessToken] = grant{a, a.tokens.AccessExpires}
	s.refresh[a.tokens.RefreshToken] = grant{a, a.tokens.RefreshExpires}
}

// renewed puts shops under a newer authorisation. The one before ends its refresh token with the last shop that leaves it.
func (s *Sim) renewed(a *authorisation) {
	for _, m := range a.shops {
		before := m.auth
		m.auth = a
		if !slices.ContainsFunc(before.shops, func(m *member) bool { return m.auth == before }) {
			delete(s.refresh, before.tokens.RefreshToken)
		}
	}
}

func (s *Sim) tokenGet(q url.Values) (any, error) {
	return s.exchange(q, "authorized_code", s.codes, q.Get("auth_code"))
}

func (s *Sim) tokenRefresh(q url.Values) (any, error) {
	return s.exchange(q, "refresh_token", s.refresh, q.Get("refresh_token"))
}

// exchange spends a code or refresh token for a new pair.
func (s *Sim) exchange(q url.Values, grantType string, from map[string]grant, key string) (any, error) {
	if q.Get("app_key") != s.cfg.AppKey || q.Get("app_secret") != s.cfg.AppSecret {
		return nil, gateError(36009004, http.StatusUnauthorized, "Invalid app_key or app_secret")
	}
	g, known := from[key]
	if q.Get("grant_type") != grantType || !known || !s.cfg.Clock().Before(g.expires) {
		return nil, gateError(36004004, http.StatusOK, fmt.Sprintf("%s is invalid, used or expired, or grant_type is not %s", grantType, grantType))
	}
	delete(from, key)
	if grantType == "authorized_code" {
		s.renewed(g.authorisation)
	}
	s.issue(g.authorisation)
	first, t := g.shops[0], g.tokens
	s.note("tokens issued", first.ID, grantType, "")
	return obj{
		"access_token": t.AccessToken, "access_token_expire_in": t.AccessExpires.Unix(),
		"refresh_token": t.RefreshToken, "refresh_token_expire_in": t.RefreshExpires.Unix(),
		"open_id": "sim_" + first.ID, "seller_name": first.Name, "seller_base_region": first.Region, "user_type": 0,
		"granted_scopes": g.scopes,
	}, nil
}

// consent is the seller's consent page without the page: it says yes for the only shop, or for ?shop_id.
func (s *Sim) consent(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(s.cfg.RedirectURL)
	code := s.AuthCode(q.Get("shop_id"))
	if err != nil || s.cfg.RedirectURL == "" || q.Get("service_id") != s.cfg.ServiceID || code == "" {
		http.Error(w, "no such service or shop, or the simulator has no redirect URL", http.StatusBadRequest)
		return
	}
	back.RawQuery = url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (s *Sim) authorizedShops(_ *member, c *api.Call) (any, error) {
	var list []obj
	for _, m := range s.access[c.Request.Header.Get("x-tts-access-token")].shops {
		list = append(list, obj{
			"id": m.ID, "name": m.Name, "region": m.Region, "seller_type": "LOCAL",
			"cipher": m.Cipher, "code": m.Region + "SIM" + m.ID[max(0, len(m.ID)-4):],
		})
	}
	return obj{"shops": list}, nil
}
