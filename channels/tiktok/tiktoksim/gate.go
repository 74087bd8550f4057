package tiktoksim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/api"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/market"
)

const (
	maxBody = 1 << 20
	slowFor = 30 * time.Second // how long a hanging answer hangs
)

// obj is a JSON object on its way out.
type obj = map[string]any

// apiError is an answer of the gate with a code other than 0. Which HTTP status the vendor sends beside a code is not
// known, so the gate uses the customary ones, business refusals come with 200, and clients must judge by the code.
type apiError struct {
	code, status int
	message      string
}

func (e apiError) Error() string { return fmt.Sprintf("%d: %s", e.code, e.message) }

func gateError(code, status int, message string) error { return apiError{code, status, message} }

// endpoint mounts one API call. do runs under the mutex; its data is encoded after it.
func (s *Sim) endpoint(pattern string, scoped bool, do func(*member, *api.Call) (any, error)) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		body, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		unlock := s.lock()
		s.counts.Requests[pattern]++
		var data any
		var fault string
		var done chan struct{} // closed when it was carried out, if that is later
		var answer obj
		var status int
		m, query, err := s.admit(r, body, scoped)
		if readErr != nil {
			err = gateError(36009004, http.StatusBadRequest, "the body could not be read")
		}
		if err == nil {
			err = s.permit(r, pattern)
		}
		if err == nil {
			err = s.throttle(w, m, pattern)
		}
		if err == nil {
			switch fault = s.apiFault(true); {
			case fault == "5xx":
				err = gateError(36009003, []int{500, 503}[s.rng.IntN(2)], "Internal error, please retry")
			case fault == "" && api.Ships(pattern) && s.roll(s.faults.ShipLate):
				fault = s.lateFault()
				call := s.call(m, r, query, body)
				done = make(chan struct{})
				s.market.After(s.faults.ShipLateBy, func() { // under the mutex, whether anybody still listens or not
					answer, status = s.envelope(do(m, call))
					close(done)
				})
			default:
				data, err = do(m, s.call(m, r, query, body))
			}
		}
		if done == nil {
			answer, status = s.envelope(data, err)
		}
		latency := s.faults.Latency
		unlock()
		switch fault {
		case "late, dropped":
			panic(http.ErrAbortHandler)
		case "late":
			select {
			case <-done:
			case <-r.Context().Done():
				return
			}
		}
		s.reply(w, r, answer, status, fault, latency)
	})
}

func (s *Sim) call(m *member, r *http.Request, query url.Values, body []byte) *api.Call {
	return &api.Call{
		Market: s.market, Store: m.Store, Request: r, Query: query, Body: body, Now: s.cfg.Clock(), Sign: s.mac,
		StockLost: func() bool { return s.roll(s.faults.AcceptedNotApplied) },
		ShipLost:  func() bool { return s.roll(s.faults.ShipNotApplied) },
	}
}

// plain mounts an unsigned call of the auth host. A token pair that was made is never lost on the way: after-effect
// faults spare it, because a rotated refresh token nobody received needs a person.
func (s *Sim) plain(pattern string, do func(url.Values) (any, error)) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		unlock := s.lock()
		s.counts.Requests[pattern]++
		var data any
		err := gateError(36009003, http.StatusInternalServerError, "Internal error, please retry")
		if s.apiFault(false) == "" {
			data, err = do(r.URL.Query())
		}
		answer, status := s.envelope(data, err)
		latency := s.faults.Latency
		unlock()
		s.reply(w, r, answer, status, "", latency)
	})
}

func (s *Sim) apiFault(after bool) (name string) {
	switch {
	case s.roll(s.faults.API5xx):
		name = "5xx"
	case after && s.roll(s.faults.APITimeoutAfter):
		name = []string{"dropped", "hanging"}[s.rng.IntN(2)]
	case after && s.roll(s.faults.APIGarbage):
		name = []string{"not JSON", "half"}[s.rng.IntN(2)]
	}
	if name != "" {
		s.counts.Faults[name]++
	}
	return name
}

// lateFault says how a late ship is answered: when it was carried out, which may be after the client has given up, or by
// a connection that is dropped at once.
func (s *Sim) lateFault() (name string) {
	name = []string{"late, dropped", "late"}[s.rng.IntN(2)]
	s.counts.Faults[name]++
	return name
}

func (s *Sim) envelope(data any, err error) (answer obj, status int) {
	var e apiError
	var no market.Refusal
	s.serial++
	answer = obj{"code": 0, "message": "Success", "request_id": fmt.Sprintf("%s%08X", s.cfg.Clock().UTC().Format("20060102150405"), s.serial)}
	switch {
	case err == nil && data == nil:
		answer["data"] = obj{}
	case err == nil:
		answer["data"] = data
	case errors.As(err, &no):
		s.counts.Codes[no.Code]++
		answer["code"], answer["message"] = no.Code, no.Message
	case errors.As(err, &e):
		s.counts.Codes[e.code]++
		answer["code"], answer["message"] = e.code, e.message
		return answer, e.status
	default:
		answer["code"], answer["message"] = 36009003, err.Error()
		return answer, http.StatusInternalServerError
	}
	return answer, http.StatusOK
}

func (s *Sim) reply(w http.ResponseWriter, r *http.Request, answer obj, status int, fault string, latency time.Duration) {
	if latency > 0 {
		pause(r, latency)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		text, status = []byte(`{"code":36009003,"message":"encode"}`), http.StatusInternalServerError
	}
	switch fault {
	case "hanging":
		pause(r, s.slow)
		panic(http.ErrAbortHandler)
	case "dropped":
		panic(http.ErrAbortHandler)
	case "not JSON":
		text = []byte("<html><head><title>502 Bad Gateway</title></head></html>")
	case "half":
		text = text[:len(text)/2]
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Date", s.cfg.Clock().UTC().Format(http.TimeFormat)) // the clock that requests are judged by
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that left is its own affair
}

func pause(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// admit is the vendor's gate. The order of its checks is a choice: what needs no secret first.
func (s *Sim) admit(r *http.Request, body []byte, scoped bool) (*member, url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, nil, gateError(36009004, http.StatusBadRequest, "the query string is invalid")
	}
	for key, values := range query {
		if len(values) > 1 {
			return nil, nil, gateError(36009004, http.StatusBadRequest, "duplicate parameter "+key)
		}
	}
	contentType := r.Header.Get("Content-Type")
	if kind, _, _ := strings.Cut(contentType, ";"); strings.TrimSpace(kind) != "application/json" {
		return nil, nil, gateError(36009022, http.StatusUnsupportedMediaType, "Invalid content-type, application/json is wanted")
	}
	if query.Get("app_key") != s.cfg.AppKey {
		return nil, nil, gateError(36009004, http.StatusUnauthorized, "Invalid app_key")
	}
	stamp, err := strconv.ParseInt(query.Get("timestamp"), 10, 64)
	if age := s.cfg.Clock().Unix() - stamp; err != nil || len(query.Get("timestamp")) != 10 || age > 300 || age < -30 {
		return nil, nil, gateError(36009004, http.StatusUnauthorized, "Invalid timestamp: it is more than 5 minutes behind or 30 seconds ahead")
	}
	got := query.Get("sign")
	if got == "" {
		s.counts.SignatureFailures++
		return nil, nil, gateError(36009004, http.StatusUnauthorized, "Missing parameter sign")
	}
	if !hmac.Equal([]byte(got), []byte(sign(s.cfg.AppSecret, r.URL.EscapedPath(), query, contentType, body))) {
		s.counts.SignatureFailures++
		return nil, nil, gateError(106001, http.StatusUnauthorized, "Invalid sign")
	}
	g, known := s.access[r.Header.Get("x-tts-access-token")]
	switch {
	case !known:
		return nil, nil, gateError(36009004, http.StatusUnauthorized, "Invalid access token in x-tts-access-token")
	case !s.cfg.Clock().Before(g.expires):
		return nil, nil, gateError(105002, http.StatusUnauthorized, "Expired credentials: access token is expired")
	}
	cipher := query.Get("shop_cipher")
	switch {
	case !scoped && cipher != "":
		return nil, nil, gateError(36009004, http.StatusBadRequest, "unexpected identifier shop_cipher")
	case scoped && cipher == "":
		return nil, nil, gateError(106013, http.StatusBadRequest, "Missing identifier shop_cipher")
	case !scoped:
		return g.shops[0], query, nil
	case !slices.Contains(g.shops, s.ciphers[cipher]):
		return nil, nil, gateError(101000, http.StatusForbidden, "shop_cipher does not belong to this access token")
	}
	return s.ciphers[cipher], query, nil
}

// permit refuses a call whose scope the seller did not grant.
func (s *Sim) permit(r *http.Request, pattern string) error {
	granted := s.access[r.Header.Get("x-tts-access-token")].scopes
	if scope := api.Scope(pattern); scope != "" && !slices.Contains(granted, scope) {
		return gateError(105005, http.StatusForbidden, "Access denied: the authorisation does not include the scope "+scope)
	}
	return nil
}

// throttle answers 429 over the limit, every other time with Retry-After.
func (s *Sim) throttle(w http.ResponseWriter, m *member, pattern string) error {
	if s.cfg.RequestsPerSecond <= 0 {
		return nil
	}
	l := m.limiters[pattern]
	if l == nil {
		l = rate.NewLimiter(rate.Limit(s.cfg.RequestsPerSecond), max(1, int(s.cfg.RequestsPerSecond)))
		m.limiters[pattern] = l
	}
	if l.AllowN(s.cfg.Clock(), 1) {
		return nil
	}
	if s.counts.RateLimited++; s.counts.RateLimited%2 == 1 {
		w.Header().Set("Retry-After", "1")
	}
	return gateError(36009002, http.StatusTooManyRequests, "Too many requests")
}

// sign is hex HMAC-SHA256 over secret + path + sorted decoded key+value + body + secret.
func sign(secret, path string, query url.Values, contentType string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, secret+path) // a hash never fails
	for _, key := range slices.Sorted(maps.Keys(query)) {
		if key != "sign" && key != "access_token" {
			_, _ = io.WriteString(mac, key+query.Get(key))
		}
	}
	if !strings.HasPrefix(contentType, "multipart/form-data") {
		_, _ = mac.Write(body)
	}
	_, _ = io.WriteString(mac, secret)
	return hex.EncodeToString(mac.Sum(nil))
}

// mac is the hex HMAC of what is not an API request: webhooks (app_key + body) and label links.
func (s *Sim) mac(message string) string {
	mac := hmac.New(sha256.New, []byte(s.cfg.AppSecret))
	_, _ = io.WriteString(mac, message)
	return hex.EncodeToString(mac.Sum(nil))
}
