package shopifysim

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/api"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/graph"
)

const (
	maxBody = 1 << 20
	maxCost = 1000             // of one document, whatever the plan
	slowFor = 30 * time.Second // how long a hanging answer hangs
)

// obj is a JSON object on its way out.
type obj = map[string]any

// answer is what goes out, whatever becomes of it on the way.
type answer struct {
	status int
	body   any
	fault  string // how it is spoilt
	after  int    // Retry-After, in seconds
}

// routes is everything the simulator answers.
func (s *Sim) routes() {
	s.mux.HandleFunc("POST /admin/api/{version}/graphql.json", s.graphql)
	s.mux.HandleFunc("POST /admin/oauth/access_token", s.accessToken)
	s.mux.HandleFunc("GET /admin/oauth/authorize", s.consent)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.reply(w, r, answer{status: http.StatusNotFound, body: obj{"errors": "Not Found"}}, 0)
	})
}

// graphql answers one document. What it does happens under the mutex; waiting does not.
func (s *Sim) graphql(w http.ResponseWriter, r *http.Request) {
	body, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	unlock := s.lock()
	latency := s.faults.Latency
	m, name, out := s.admit(r, body, readErr)
	if out != nil {
		unlock()
		s.reply(w, r, *out, latency)
		return
	}
	plan, out := s.plan(m, body)
	if out != nil {
		unlock()
		s.reply(w, r, *out, latency)
		return
	}
	keys := plan.Keys()
	mine := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return m.running[key] })
	for _, key := range mine {
		m.running[key] = true
	}
	if len(mine) > 0 && latency > 0 { // in progress for as long as the answer takes
		unlock()
		pause(r, latency)
		unlock = s.lock()
		latency = 0
	}
	for _, key := range mine {
		delete(m.running, key)
	}
	faults := s.faults
	if slices.Contains(faults.Spare, name) {
		faults = Faults{}
	}
	done := s.execute(m, plan, faults, func(key string) bool { return !slices.Contains(mine, key) && m.running[key] })
	unlock()
	s.reply(w, r, done, latency)
}

// admit is the gate: token, shop, version. It names the operation for the counts and for what faults spare.
func (s *Sim) admit(r *http.Request, body []byte, readErr error) (m *member, name string, out *answer) {
	var named struct {
		Operation string `json:"operationName"`
		Query     string `json:"query"`
	}
	_ = json.Unmarshal(body, &named) // plan says what is wrong with it
	name = operation(named.Operation, named.Query)
	s.counts.Requests[name]++
	no := func(status int, text string) (*member, string, *answer) {
		s.counts.Codes[strconv.Itoa(status)]++
		return nil, name, &answer{status: status, body: obj{"errors": text}}
	}
	if readErr != nil {
		return no(http.StatusBadRequest, "Bad Request")
	}
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) != "application/json" {
		return no(http.StatusUnsupportedMediaType, "Unsupported Media Type")
	}
	token := r.Header.Get("X-Shopify-Access-Token")
	g, known := s.access[token]
	host := s.members[hostOf(r)]
	if !known || !s.cfg.Clock().Before(g.expires) || host != nil && host != g.member {
		return no(http.StatusUnauthorized, "[API] Invalid API key or access token (unrecognized login or wrong password)")
	}
	s.used(g)
	switch {
	case g.state == "frozen":
		return no(http.StatusPaymentRequired, "Unavailable Shop")
	case g.state == "locked":
		return no(http.StatusLocked, "Unavailable Shop")
	case r.PathValue("version") != Version:
		return no(http.StatusNotFound, "Not Found")
	}
	return g.member, name, nil
}

// operation names a request for the counts.
func operation(name, query string) string {
	if name != "" {
		return name
	}
	words := strings.FieldsFunc(query, func(c rune) bool { return c == ' ' || c == '(' || c == '{' || c == '\n' })
	if len(words) > 1 && (words[0] == "query" || words[0] == "mutation") {
		return words[1]
	}
	return "anonymous"
}

func hostOf(r *http.Request) string {
	host, _, _ := strings.Cut(r.Host, ":")
	return strings.ToLower(host)
}

// plan reads, checks, prices and pays for a document.
func (s *Sim) plan(m *member, body []byte) (*graph.Plan, *answer) {
	var q struct {
		Query     string         `json:"query"`
		Operation string         `json:"operationName"`
		Variables map[string]any `json:"variables"`
	}
	if err := json.Unmarshal(body, &q); err != nil || q.Query == "" {
		return nil, &answer{status: http.StatusBadRequest, body: obj{"errors": obj{"query": "Required parameter missing or invalid"}}}
	}
	plan, errs := graph.Parse(q.Query, q.Operation, q.Variables)
	if errs != nil {
		return nil, s.failed(errs)
	}
	if plan.Cost > maxCost {
		return nil, s.failed([]*graph.Error{{
			Code: "MAX_COST_EXCEEDED", Message: fmt.Sprintf("Query cost is %d, which exceeds the single query max cost limit (%d).", plan.Cost, maxCost),
			Extra: map[string]any{"cost": plan.Cost, "maxCost": maxCost, "documentation": "https://shopify.dev/api/usage/rate-limits"},
		}})
	}
	s.fill(m)
	if s.roll(s.faults.Neighbour) {
		s.counts.Faults["neighbour"]++
		m.points = 0
	}
	if s.cfg.PointsPerSecond > 0 && m.points < float64(plan.Cost) {
		return nil, s.throttle(m, plan)
	}
	m.points -= float64(plan.Cost)
	return plan, nil
}

func (s *Sim) failed(errs []*graph.Error) *answer {
	list := []any{}
	for _, e := range errs {
		s.counts.Codes[e.Code]++
		list = append(list, e.JSON())
	}
	return &answer{status: http.StatusOK, body: obj{"errors": list}}
}

func (s *Sim) fill(m *member) {
	now := s.cfg.Clock()
	m.points = min(s.cfg.Bucket, m.points+max(0, now.Sub(m.counted).Seconds())*s.cfg.PointsPerSecond)
	m.counted = now
}

// throttle answers by HTTP 200 or 429, as Config says: both are seen.
func (s *Sim) throttle(m *member, plan *graph.Plan) *answer {
	s.counts.Throttled++
	out := s.failed([]*graph.Error{{Code: "THROTTLED", Message: "Throttled", Extra: map[string]any{"documentation": "https://shopify.dev/api/usage/rate-limits"}}})
	out.body.(obj)["extensions"] = s.cost(m, plan.Cost, nil)
	out.status = s.cfg.ThrottleStatus
	if out.status == 0 {
		out.status = []int{http.StatusOK, http.StatusTooManyRequests}[s.counts.Throttled%2]
	}
	if out.status == http.StatusTooManyRequests {
		out.after = int(math.Ceil((float64(plan.Cost) - m.points) / s.cfg.PointsPerSecond))
	}
	return out
}

func (s *Sim) cost(m *member, requested int, actual any) obj {
	most, rate, now := s.cfg.Bucket, s.cfg.PointsPerSecond, math.Floor(m.points)
	if rate == 0 { // unlimited: numbers that stop nobody
		most, rate, now = 1e6, 1e6, 1e6
	}
	return obj{"cost": obj{
		"requestedQueryCost": requested, "actualQueryCost": actual,
		"throttleStatus": obj{"maximumAvailable": most, "currentlyAvailable": now, "restoreRate": rate},
	}}
}

// execute runs a plan and gives back what it did not cost.
func (s *Sim) execute(m *member, plan *graph.Plan, faults Faults, inProgress func(string) bool) answer {
	if s.roll(faults.API5xx) {
		s.counts.Faults["5xx"]++
		return answer{status: []int{500, 502, 503}[s.rng.IntN(3)], body: obj{"errors": "Internal Server Error"}}
	}
	if keys := plan.Keys(); len(keys) > 0 && s.roll(faults.SpoilKey) {
		s.counts.Faults["spoilt key"]++
		for _, key := range keys {
			m.keys.Spoil(key, s.cfg.Clock())
		}
		return answer{status: http.StatusInternalServerError, body: obj{"errors": "Internal Server Error"}}
	}
	if s.roll(faults.InternalError) {
		s.counts.Faults["internal"]++
		return *s.failed([]*graph.Error{{Code: "INTERNAL_SERVER_ERROR", Message: "Internal error. Looks like something went wrong on our end.", Extra: map[string]any{"requestId": "sim"}}})
	}
	call := &api.Call{
		Market: s.market, Store: m.Store, Hooks: &m.hooks, Keys: m.keys, Now: s.cfg.Clock(), Scopes: m.scopes, PersonalHides: s.cfg.HidesBuyers,
		QuantityLost: func() bool { return s.roll(faults.AcceptedNotApplied) }, InProgress: inProgress,
	}
	result := plan.Run(call.Resolve)
	m.points = min(s.cfg.Bucket, m.points+float64(plan.Cost-result.Actual))
	s.counts.Points += result.Actual
	body := obj{"extensions": s.cost(m, plan.Cost, result.Actual)}
	if result.Data != nil {
		body["data"] = result.Data
	} else {
		body["data"] = nil
	}
	if len(result.Errors) > 0 {
		body["errors"] = s.failed(result.Errors).body.(obj)["errors"]
	}
	out := answer{status: http.StatusOK, body: body}
	switch {
	case s.roll(faults.APITimeoutAfter):
		out.fault = []string{"dropped", "hanging"}[s.rng.IntN(2)]
	case s.roll(faults.APIGarbage):
		out.fault = []string{"not JSON", "half"}[s.rng.IntN(2)]
	}
	if out.fault != "" {
		s.counts.Faults[out.fault]++
	}
	return out
}

func (s *Sim) reply(w http.ResponseWriter, r *http.Request, out answer, latency time.Duration) {
	if latency > 0 {
		pause(r, latency)
	}
	text, err := json.Marshal(out.body)
	if err != nil {
		text, out.status = []byte(`{"errors":"encode"}`), http.StatusInternalServerError
	}
	switch out.fault {
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
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Date", s.cfg.Clock().UTC().Format(http.TimeFormat))
	h.Set("X-Shopify-API-Version", Version)
	h.Set("X-Request-Id", s.requestID())
	if out.after > 0 {
		h.Set("Retry-After", strconv.Itoa(out.after))
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(text) // a client that left is its own affair
}

func (s *Sim) requestID() string {
	defer s.lock()()
	s.serial++
	return fmt.Sprintf("%08x-sim", s.serial)
}

func pause(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}
