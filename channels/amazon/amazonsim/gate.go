package amazonsim

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/api"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/market"
)

const maxBody = 1 << 20

// obj is a JSON object on its way out.
type obj = map[string]any

// quota is how many calls of an operation the vendor takes a second, and at once after a rest.
type quota struct {
	perSecond float64
	burst     int
}

// endpoint mounts one API call. do runs under the mutex; its answer is encoded after it.
func (s *Sim) endpoint(pattern, needs string, q quota, do func(*api.Call) (api.Answer, error)) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		body, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		unlock := s.lock()
		s.counts.Requests[pattern]++
		fault := ""
		var a api.Answer
		m, err := s.admit(r, needs)
		if readErr != nil {
			err = api.Wrong("the body could not be read")
		}
		if err == nil {
			err = s.throttle(w, m, pattern, q)
		}
		if err == nil {
			if fault = s.apiFault(); fault == "5xx" {
				err = api.Refusal{Status: []int{500, 503}[s.rng.IntN(2)], Code: "InternalFailure", Message: "We encountered an internal error. Please try again.", Details: ""}
			} else {
				a, err = do(s.call(m, r, body))
			}
		}
		out := s.encode(&a, err)
		latency := s.faults.Latency
		s.serial++
		w.Header().Set("Date", s.cfg.Clock().UTC().Format(http.TimeFormat))
		w.Header().Set("x-amzn-RequestId", fmt.Sprintf("sim-%08x", s.serial))
		unlock()
		reply(w, r, a.Status, out, fault, latency)
	})
}

func (s *Sim) call(m *member, r *http.Request, body []byte) *api.Call {
	return &api.Call{
		Seller: m.Seller, Market: s.market, Request: r, Query: r.URL.Query(), Body: body, Now: s.cfg.Clock(), Persons: slices.Contains(m.roles, RolePersons),
		Lost:   func() bool { return s.roll(s.faults.AcceptedNotApplied) },
		Serial: func() int64 { s.serial++; return s.serial },
	}
}

// encode makes the body, and the status of a refusal.
func (s *Sim) encode(a *api.Answer, err error) []byte {
	var no api.Refusal
	var e market.Refusal
	switch {
	case err == nil:
	case errors.As(err, &no):
	case errors.As(err, &e):
		no = api.Refusal{Status: http.StatusBadRequest, Code: e.Code, Message: e.Message, Details: e.Details}
	default:
		no = api.Refusal{Status: http.StatusInternalServerError, Code: "InternalFailure", Message: err.Error(), Details: ""}
	}
	if err != nil {
		s.counts.Codes[no.Code]++
		a.Status, a.Body = no.Status, obj{"errors": []obj{{"code": no.Code, "message": no.Message, "details": no.Details}}}
	}
	if a.Body == nil {
		return nil
	}
	out, err := json.Marshal(a.Body)
	if err != nil {
		panic(err) // maps of our own
	}
	return out
}

func reply(w http.ResponseWriter, r *http.Request, status int, body []byte, fault string, latency time.Duration) {
	if latency > 0 {
		timer := time.NewTimer(latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	switch fault {
	case "dropped":
		panic(http.ErrAbortHandler)
	case "not JSON":
		status, body = http.StatusOK, []byte("<html><body>upstream error</body></html>")
	case "half":
		status, body = http.StatusOK, []byte(`{"orders":[{"orderId":"02`)
	}
	if status != 0 {
		w.WriteHeader(status)
	}
	_, _ = w.Write(body) // a client that left is its own affair
}

func (s *Sim) apiFault() (name string) {
	switch {
	case s.roll(s.faults.API5xx):
		name = "5xx"
	case s.roll(s.faults.APITimeoutAfter):
		name = "dropped"
	case s.roll(s.faults.APIGarbage):
		name = []string{"not JSON", "half"}[s.rng.IntN(2)]
	}
	if name != "" {
		s.counts.Faults[name]++
	}
	return name
}

// admit finds whose call it is. needs is a role that the seller's consent must include, or the scope of a call that belongs
// to no seller.
func (s *Sim) admit(r *http.Request, needs string) (*member, error) {
	g, known := s.access[r.Header.Get("x-amz-access-token")]
	switch {
	case r.Header.Get("x-amz-access-token") == "":
		return nil, api.Denied("Access token is missing in the request header.")
	case !known || g.member != nil && g.withdrew:
		return nil, api.Denied("The access token you provided is revoked, malformed or invalid.")
	case !s.cfg.Clock().Before(g.expires):
		return nil, api.Denied("The access token you provided has expired.")
	case needs == notifications && g.scope != notifications, needs != notifications && g.member == nil:
		return nil, api.Denied("The access token does not include the scope of this call.")
	case g.member != nil && !slices.Contains(g.roles, needs):
		return nil, api.Denied("The application does not have the role for this call: " + needs + ".")
	}
	if g.member == nil {
		return s.grantless(), nil
	}
	return g.member, nil
}

// grantless is whom the buckets of calls that belong to no seller are kept for.
func (s *Sim) grantless() *member {
	m := s.members[""]
	if m == nil {
		m = &member{buckets: map[string]*rate.Limiter{}}
		s.members[""] = m
	}
	return m
}

// throttle answers 429 when the bucket of the call is empty. The header names the rate beside every other answer.
func (s *Sim) throttle(w http.ResponseWriter, m *member, pattern string, q quota) error {
	if s.cfg.Unlimited {
		w.Header().Set("x-amzn-RateLimit-Limit", "1000")
		return nil
	}
	if s.cfg.PerSecond > 0 {
		q = quota{s.cfg.PerSecond, max(1, int(s.cfg.PerSecond))}
	}
	l := m.buckets[pattern]
	if l == nil {
		l = rate.NewLimiter(rate.Limit(q.perSecond), q.burst)
		m.buckets[pattern] = l
	}
	if !l.AllowN(s.cfg.Clock(), 1) {
		s.counts.RateLimited++
		return api.Refusal{Status: http.StatusTooManyRequests, Code: "QuotaExceeded", Message: "You exceeded your quota for the requested resource.", Details: ""}
	}
	w.Header().Set("x-amzn-RateLimit-Limit", strconv.FormatFloat(cmp.Or(s.cfg.SaysPerSecond, q.perSecond), 'g', -1, 64))
	return nil
}
