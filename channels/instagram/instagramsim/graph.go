package instagramsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// maxBody is the largest items_batch that is taken.
const maxBody = 28 << 20

// obj is a JSON object on its way out.
type obj = map[string]any

// graphError is a refusal in the vendor's envelope. Clients judge by its code; which HTTP status comes with one is not
// documented, so it is 400 but for those of tokens and permissions.
type graphError struct {
	code, subcode int
	message       string
	regain        time.Duration // until calls are taken again; only with a code that says there were too many
}

func (e graphError) Error() string { return fmt.Sprintf("%d: %s", e.code, e.message) }

func (e graphError) status() int {
	switch e.code {
	case 190, 104:
		return http.StatusUnauthorized
	case 10, 200:
		return http.StatusForbidden
	case 1, 2:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

var version = regexp.MustCompile(`^v2[2-6]\.0$`)

// call is one request after the gate.
type call struct {
	*http.Request
	params url.Values // of query and form
	body   []byte     // JSON, when it was sent so
	token  *token
}

// decode reads a parameter that is JSON, whether it came in a JSON body or as one parameter of a form.
func (c call) decode(name string, v any) error {
	raw := json.RawMessage(c.params.Get(name))
	if c.body != nil {
		var all map[string]json.RawMessage
		if json.Unmarshal(c.body, &all) == nil && all[name] != nil {
			raw = all[name]
		}
	}
	if len(raw) == 0 || json.Unmarshal(raw, v) != nil {
		return graphError{code: 100, message: "(#100) Param " + name + " is missing or cannot be read"}
	}
	return nil
}

// text is a parameter as text.
func (c call) text(name string) string {
	var s string
	if c.body != nil && c.decode(name, &s) == nil {
		return s
	}
	return c.params.Get(name)
}

func (s *Sim) routes() {
	s.plain("GET /{version}/oauth/access_token", s.exchange)
	s.plain("GET /{version}/debug_token", s.debug)
	s.plain("GET /access_token", s.lengthen)
	s.plain("GET /refresh_access_token", s.refresh)
	s.endpoint("GET /{version}/{node}", "node", s.node)
	s.endpoint("GET /{version}/{node}/products", "products", s.products)
	s.endpoint("POST /{version}/{node}/items_batch", "items_batch", s.itemsBatch)
	s.endpoint("GET /{version}/{node}/check_batch_request_status", "batch_status", s.batchStatus)
	s.endpoint("GET /{version}/{node}/subscribed_apps", "subscribed_apps", s.subscribedApps)
	s.endpoint("POST /{version}/{node}/subscribed_apps", "subscribed_apps", s.subscribeAccount)
	s.endpoint("DELETE /{version}/{node}/subscribed_apps", "subscribed_apps", s.leaveAccount)
	s.mux.HandleFunc("GET /{version}/{node}/subscriptions", s.asApp(s.readSubscriptions))
	s.mux.HandleFunc("POST /{version}/{node}/subscriptions", s.asApp(s.writeSubscription))
	s.mux.HandleFunc("DELETE /{version}/{node}/subscriptions", s.asApp(s.endSubscription))
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.reply(w, r, nil, graphError{code: 2500, message: "Unknown path components: " + r.URL.Path}, "", nil)
	})
}

// read takes a request's parameters, however they are sent.
func read(r *http.Request) (call, error) {
	c := call{Request: r, params: r.URL.Query()}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil || len(body) > maxBody:
		return c, graphError{code: 100, message: "(#100) The request is too large"}
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		c.body = body
	case len(body) > 0:
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return c, graphError{code: 100, message: "(#100) The form cannot be read"}
		}
		for key, values := range form {
			c.params[key] = values
		}
	}
	return c, nil
}

// bearer is the access token: a parameter, or in a header.
func (c call) bearer() string {
	kind, value, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	if value != "" && (strings.EqualFold(kind, "Bearer") || strings.EqualFold(kind, "OAuth")) {
		return value
	}
	return c.text("access_token")
}

// endpoint mounts a call that needs a seller's token. do runs under the mutex.
func (s *Sim) endpoint(pattern, name string, do func(c call) (any, error)) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		c, err := read(r)
		unlock := s.lock()
		s.counts.Requests[name]++
		if err == nil {
			err = s.admit(&c)
		}
		if err == nil {
			err = s.throttle(c, name)
		}
		var answer any
		fault := ""
		if err == nil {
			if fault = s.fault(); fault == "5xx" {
				err = graphError{code: 2, message: "Service temporarily unavailable"}
			} else {
				answer, err = do(c)
			}
		}
		header := s.usage(c, err)
		unlock()
		s.reply(w, r, answer, err, fault, header)
	})
}

// plain mounts a call of the token endpoints. A token that was made is never lost on the way.
func (s *Sim) plain(pattern string, do func(url.Values) (any, error)) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		unlock := s.lock()
		s.counts.Requests[pattern]++
		var answer any
		var err error = graphError{code: 2, message: "Service temporarily unavailable"}
		if !s.roll(s.faults.API5xx) {
			answer, err = do(r.URL.Query())
		}
		unlock()
		s.reply(w, r, answer, err, "", nil)
	})
}

// fault draws what goes wrong with a call.
func (s *Sim) fault() (name string) {
	switch {
	case s.roll(s.faults.API5xx):
		name = "5xx"
	case s.roll(s.faults.APITimeoutAfter):
		name = "dropped"
	case s.roll(s.faults.APIGarbage):
		name = []string{"not JSON", "half"}[s.rng.IntN(2)]
	default:
		return ""
	}
	s.counts.Faults[name]++
	return name
}

// admit is the gate: version, token, proof.
func (s *Sim) admit(c *call) error {
	if !version.MatchString(c.PathValue("version")) {
		return graphError{code: 2635, message: "(#2635) You are calling a deprecated version of the API. Please update to the latest version: " + Version + "."}
	}
	value := c.bearer()
	var err error
	if c.token, err = s.check(value); err != nil {
		s.counts.Tokens++
		return err
	}
	if proof := c.text("appsecret_proof"); proof != "" || s.cfg.RequireProof {
		mac := hmac.New(sha256.New, []byte(s.cfg.AppSecret))
		_, _ = io.WriteString(mac, value) // a hash never fails
		if !hmac.Equal([]byte(proof), []byte(hex.EncodeToString(mac.Sum(nil)))) {
			return graphError{code: 100, message: "Invalid appsecret_proof provided in the API argument"}
		}
	}
	return nil
}

// throttle refuses what is over a limit: the code 4 for any endpoint, 80014 for a catalogue's hour.
func (s *Sim) throttle(c call, name string) error {
	now := s.cfg.Clock()
	if s.cfg.RequestsPerSecond > 0 {
		l := s.limiters[name]
		if l == nil {
			l = rate.NewLimiter(rate.Limit(s.cfg.RequestsPerSecond), max(1, int(s.cfg.RequestsPerSecond)))
			s.limiters[name] = l
		}
		if !l.AllowN(now, 1) {
			s.counts.RateLimited++
			return graphError{code: 4, message: "(#4) Application request limit reached"}
		}
	}
	k := s.catalogs[c.PathValue("node")]
	if k == nil || s.cfg.CallsPerHour <= 0 {
		return nil
	}
	for len(k.calls) > 0 && now.Sub(k.calls[0]) >= time.Hour {
		k.calls = k.calls[1:]
	}
	if len(k.calls) >= s.cfg.CallsPerHour {
		s.counts.RateLimited++
		return graphError{code: 80014, message: "(#80014) There have been too many calls to this catalog account.", regain: k.calls[0].Add(time.Hour).Sub(now)}
	}
	k.calls = append(k.calls, now)
	return nil
}

// usage tells in headers how much of a limit is used: percent, and minutes until calls are taken again.
func (s *Sim) usage(c call, err error) http.Header {
	h := http.Header{}
	k := s.catalogs[c.PathValue("node")]
	if k == nil || s.cfg.CallsPerHour <= 0 {
		return h
	}
	percent, minutes := len(k.calls)*100/s.cfg.CallsPerHour, 0
	var no graphError
	if errors.As(err, &no) && no.regain > 0 {
		minutes = int((no.regain + time.Minute - 1) / time.Minute)
	}
	text, _ := json.Marshal(obj{k.business: []obj{{ // strings and numbers: it cannot fail
		"type": "catalog_batch", "call_count": percent, "total_cputime": 1, "total_time": 1, "estimated_time_to_regain_access": minutes,
	}}})
	h.Set("X-Business-Use-Case-Usage", string(text))
	h.Set("X-App-Usage", `{"call_count":1,"total_cputime":1,"total_time":1}`)
	return h
}

// reply sends an answer or an error in the vendor's envelope, or spoils it.
func (s *Sim) reply(w http.ResponseWriter, r *http.Request, answer any, err error, fault string, header http.Header) {
	s.mu.Lock()
	latency := s.faults.Latency
	s.mu.Unlock()
	if latency > 0 {
		timer := time.NewTimer(latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		}
	}
	status := http.StatusOK
	var no graphError
	if errors.As(err, &no) {
		status = no.status()
		s.count(no.code)
		e := obj{"message": no.message, "type": "OAuthException", "code": no.code, "fbtrace_id": "A" + strconv.FormatInt(int64(no.code), 36) + "simtrace"}
		if no.subcode != 0 {
			e["error_subcode"] = no.subcode
		}
		answer = obj{"error": e}
	}
	text, encodeErr := json.Marshal(answer)
	if encodeErr != nil {
		text, status = []byte(`{"error":{"message":"encode","code":1}}`), http.StatusInternalServerError
	}
	switch fault {
	case "dropped":
		panic(http.ErrAbortHandler)
	case "not JSON":
		text = []byte("<html><head><title>Error</title></head></html>")
	case "half":
		text = text[:len(text)/2]
	}
	for key, values := range header {
		w.Header()[key] = values
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Date", s.cfg.Clock().UTC().Format(http.TimeFormat))
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that left is its own affair
}
