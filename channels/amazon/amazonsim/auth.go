package amazonsim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// token is Login with Amazon: a refresh token, or the app alone for a scope, gives an access token of an hour. A refresh
// token stays good until the seller withdraws. After-effect faults spare it: the vendor answers the same again.
func (s *Sim) token(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	q, formErr := fields(r, raw)
	defer s.lock()()
	s.counts.Requests["POST /auth/o2/token"]++
	no := func(status int, code, text string) {
		s.counts.Codes[code]++
		writeJSON(w, status, obj{"error": code, "error_description": text})
	}
	m, known := s.refresh[q.Get("refresh_token")]
	switch {
	case s.roll(s.faults.API5xx):
		no(http.StatusServiceUnavailable, "server_error", "The authorization server encountered an unexpected error.")
		return
	case err != nil || formErr != nil:
		no(http.StatusBadRequest, "invalid_request", "The request is malformed.")
		return
	case q.Get("client_id") != s.cfg.ClientID || q.Get("client_secret") != s.cfg.ClientSecret:
		no(http.StatusUnauthorized, "invalid_client", "Client authentication failed")
		return
	}
	g := grant{expires: s.cfg.Clock().Add(s.cfg.AccessLife)}
	body := obj{"token_type": "bearer", "expires_in": int(s.cfg.AccessLife.Seconds())}
	switch q.Get("grant_type") {
	case "refresh_token":
		if !known || m.withdrew {
			no(http.StatusBadRequest, "invalid_grant", "The request has an invalid grant parameter : refresh_token")
			return
		}
		g.member = m
		body["refresh_token"] = m.refresh
	case "client_credentials":
		if q.Get("scope") != notifications {
			no(http.StatusBadRequest, "invalid_scope", "The request has an invalid scope")
			return
		}
		g.scope = notifications
	default:
		no(http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server")
		return
	}
	token := "Atza|" + s.market.Secret(48)
	s.access[token] = g
	body["access_token"] = token
	writeJSON(w, http.StatusOK, body)
}

// fields reads the body: a form, or JSON as some clients send it.
func fields(r *http.Request, raw []byte) (url.Values, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return url.ParseQuery(string(raw))
	}
	var given map[string]string
	err := json.Unmarshal(raw, &given)
	q := url.Values{}
	for name, value := range given {
		q.Set(name, value)
	}
	return q, err
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that left is its own affair
}
