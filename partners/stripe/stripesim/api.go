package stripesim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object of the vendor.
type object = map[string]any

// answer is what was answered to a request.
type answer struct {
	sum    string // of the request it answers
	status int
	body   []byte
	at     time.Time // when it was kept
	again  bool      // it is a repeat
}

// kept is how long an answer is kept under its key.
const kept = 24 * time.Hour

// maxBody bounds a request's form.
const maxBody = 1 << 20

// Handler serves the API.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, call := range map[string]string{
		"POST /v1/payment_intents": "create", "POST /v1/payment_intents/{id}": "update", "POST /v1/payment_intents/{id}/confirm": "confirm",
		"POST /v1/payment_intents/{id}/capture": "capture", "POST /v1/payment_intents/{id}/cancel": "cancel", "POST /v1/refunds": "refund",
		"GET /v1/payment_intents/{id}": "read", "GET /v1/payment_intents": "list", "GET /v1/payment_intents/search": "search", "GET /v1/events": "events",
		"POST /v1/checkout/sessions": "open", "POST /v1/checkout/sessions/{id}/expire": "expire", "GET /v1/checkout/sessions/{id}": "session",
		"GET /v1/account": "account", "GET /v1/disputes": "disputes", "GET /v1/webhook_endpoints": "endpoints",
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, call) })
	}
	mux.HandleFunc("GET "+pagePath+"{id}", s.pay)
	mux.HandleFunc("POST "+pagePath+"{id}", s.pay)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		write(w, fail(&fault{status: http.StatusNotFound, kind: "invalid_request_error", message: "Unrecognized request URL (" + r.Method + ": " + r.URL.Path + ")."}))
	})
	return mux
}

func (s *Sim) serve(w http.ResponseWriter, r *http.Request, call string) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	form, formErr := url.ParseQuery(string(raw))
	if err != nil || formErr != nil {
		write(w, fail(invalid("", "Invalid request body.")))
		return
	}
	s.mu.Lock()
	s.counts.Requests++
	a, hang := s.answer(r, call, form, raw)
	s.mu.Unlock()
	if hang {
		<-r.Context().Done() // the client gives up
		return
	}
	write(w, a)
}

func write(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", "req_sim")
	if a.again {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// answer does what a request asks for; hang says that nobody hears of it. The caller holds the lock.
func (s *Sim) answer(r *http.Request, call string, form url.Values, raw []byte) (a answer, hang bool) {
	if no := s.admit(r); no != nil {
		return fail(no), false
	}
	hit := s.hit(call, r.Method)
	switch hit {
	case TimeoutBefore:
		return answer{}, true
	case Limited:
		return fail(&fault{status: http.StatusTooManyRequests, kind: "invalid_request_error", code: "rate_limit", message: "Too many requests hit the API too quickly."}), false
	case Conflict:
		return fail(&fault{status: http.StatusConflict, kind: "idempotency_error", message: "There is currently another in-progress request using this idempotency key."}), false
	case Garbage:
		return answer{status: http.StatusOK, body: []byte("<html>gateway</html>")}, false
	}
	key := r.Header.Get("Idempotency-Key")
	sum := sumOf(r, raw)
	if old, ok := s.kept[key]; ok && r.Method == http.MethodPost && key != "" && s.c.Clock().Sub(old.at) < kept {
		if old.sum != sum {
			return fail(&fault{
				status: http.StatusBadRequest, kind: "idempotency_error",
				message: "Keys for idempotent requests can only be used with the same parameters they were first used with.",
			}), false
		}
		s.counts.Replayed++
		old.again = true
		return old, hit == TimeoutAfter
	}
	a = fail(&fault{status: http.StatusInternalServerError, kind: "api_error", message: "An unknown error occurred."})
	keep := true
	if hit != Broken {
		done, no := s.do(r, call, form)
		if no != nil {
			done, keep = fail(no), no.status != http.StatusBadRequest && no.status != http.StatusNotFound // what did not begin is not kept
		}
		if hit != BrokenAfter {
			a = done
		}
	}
	if a.sum, a.at = sum, s.c.Clock(); keep && r.Method == http.MethodPost && key != "" {
		s.kept[key] = a
	}
	return a, hit == TimeoutAfter
}

// hit takes the fault that a request meets.
func (s *Sim) hit(call, method string) string {
	for _, name := range []string{call, method} {
		if list := s.faults[name]; len(list) > 0 {
			s.faults[name] = list[1:]
			return list[0]
		}
	}
	return ""
}

var versions = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}\.[a-z]+$`)

func (s *Sim) admit(r *http.Request) *fault {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !ok || key == "":
		return &fault{status: http.StatusUnauthorized, kind: "invalid_request_error", message: "You did not provide an API key."}
	case key != s.key:
		return &fault{status: http.StatusUnauthorized, kind: "invalid_request_error", message: "Invalid API Key provided: sk_test_****"}
	case !versions.MatchString(r.Header.Get("Stripe-Version")):
		return invalid("", "Invalid Stripe API version: "+r.Header.Get("Stripe-Version"))
	case r.Method == http.MethodPost && r.Header.Get("Content-Type") != "application/x-www-form-urlencoded":
		return invalid("", "Invalid request: unsupported content type.")
	case len(r.Header.Get("Idempotency-Key")) > 255:
		return invalid("", "Idempotency-Key is too long.")
	}
	return nil
}

func sumOf(r *http.Request, raw []byte) string {
	sum := sha256.Sum256(append([]byte(r.Method+" "+r.URL.Path+"\n"), raw...))
	return hex.EncodeToString(sum[:])
}

func fail(f *fault) answer {
	e := object{"type": f.kind, "message": f.message}
	for name, value := range map[string]string{"code": f.code, "decline_code": f.decline, "charge": f.charge} {
		if value != "" {
			e[name] = value
		}
	}
	return result(f.status, object{"error": e})
}

func result(status int, body object) answer {
	data, err := json.Marshal(body)
	if err != nil {
		return answer{status: http.StatusInternalServerError, body: []byte(`{"error":{"type":"api_error"}}`)}
	}
	return answer{status: status, body: data}
}

func list(url string, more bool, items []object) object {
	if items == nil {
		items = []object{}
	}
	return object{"object": "list", "url": url, "has_more": more, "data": items}
}

// do is the effect of a request. The caller holds the lock.
func (s *Sim) do(r *http.Request, call string, form url.Values) (answer, *fault) {
	q := r.URL.Query()
	switch call {
	case "account":
		return result(http.StatusOK, object{
			"id": s.c.Account, "object": "account", "charges_enabled": !s.restricted, "default_currency": "gbp",
			"business_profile": object{"name": "Simulated Shop", "url": s.page}, "settings": object{"dashboard": object{"display_name": "Simulated Shop"}},
		}), nil
	case "endpoints":
		var items []object
		if s.c.Hook != "" {
			items = append(items, object{"id": "we_1", "object": "webhook_endpoint", "url": s.c.Hook, "status": "enabled", "enabled_events": []string{"*"}})
		}
		return result(http.StatusOK, list("/v1/webhook_endpoints", false, items)), nil
	case "events":
		return s.listEvents(q), nil
	case "search":
		return s.search(q)
	case "open", "expire", "session":
		return s.checkout(call, r.PathValue("id"), form)
	case "list":
		return s.listIntents(q), nil
	case "disputes":
		var items []object
		for _, d := range s.disputes {
			if d.intent == q.Get("payment_intent") {
				items = append(items, d.show())
			}
		}
		return result(http.StatusOK, list("/v1/disputes", false, items)), nil
	case "create":
		return shown(s.create(form))(false)
	}
	id := r.PathValue("id")
	if call == "refund" {
		id = form.Get("payment_intent")
	}
	i := s.intents[id]
	if i == nil {
		return answer{}, &fault{status: http.StatusNotFound, kind: "invalid_request_error", code: "resource_missing", message: "No such payment_intent: '" + id + "'"}
	}
	expand := slices.ContainsFunc(append(q["expand[]"], append(form["expand[]"], q.Get("expand[0]"), form.Get("expand[0]"))...), func(e string) bool { return e == "latest_charge" })
	switch call {
	case "update":
		return shown(s.update(i, form))(expand)
	case "confirm":
		return shown(s.confirm(i, form))(expand)
	case "capture":
		return shown(s.captured(i))(expand)
	case "cancel":
		return shown(s.cancel(i))(expand)
	case "refund":
		amount, _ := strconv.ParseInt(form.Get("amount"), 10, 64)
		id, no := s.refund(i, amount)
		if no != nil {
			return answer{}, no
		}
		return result(http.StatusOK, object{"id": id, "object": "refund", "status": "succeeded", "payment_intent": i.id, "charge": i.charge.id, "currency": i.currency}), nil
	}
	return shown(i, nil)(expand)
}

func shown(i *intent, no *fault) func(expand bool) (answer, *fault) {
	return func(expand bool) (answer, *fault) {
		if no != nil {
			return answer{}, no
		}
		return result(http.StatusOK, i.show(expand)), nil
	}
}

func (i *intent) show(expand bool) object {
	o := object{
		"id": i.id, "object": "payment_intent", "amount": i.amount, "amount_received": i.received, "amount_capturable": 0, "currency": i.currency,
		"capture_method": i.capture, "status": i.status, "metadata": i.metadata, "created": i.created, "livemode": false,
		"payment_method_types": []string{"card"}, "client_secret": i.id + "_secret_sim", "latest_charge": nil, "last_payment_error": nil,
		"payment_method": nil, "canceled_at": nil,
	}
	if i.status == needsCapture {
		o["amount_capturable"] = i.amount
	}
	if i.method != "" {
		o["payment_method"] = i.method
	}
	if i.canceledAt != 0 {
		o["canceled_at"] = i.canceledAt
	}
	if f := i.failure; f != nil {
		o["last_payment_error"] = object{"type": f.kind, "code": f.code, "decline_code": f.decline, "message": f.message, "charge": f.charge}
	}
	if c := i.charge; c != nil {
		o["latest_charge"] = c.id
		if expand {
			o["latest_charge"] = c.show(i)
		}
	}
	return o
}

func (c *charge) show(i *intent) object {
	return object{
		"id": c.id, "object": "charge", "amount": c.amount, "amount_captured": i.received, "amount_refunded": c.refunded, "captured": c.captured,
		"created": c.created, "currency": i.currency, "disputed": c.disputed, "paid": c.paid, "payment_intent": i.id,
		"refunded": c.refunded > 0 && c.refunded == i.received, "status": map[bool]string{true: "succeeded", false: "failed"}[c.paid], "metadata": i.metadata,
	}
}

func (d dispute) show() object {
	return object{
		"id": d.id, "object": "dispute", "payment_intent": d.intent, "charge": d.charge, "reason": d.reason, "status": d.status,
		"amount": d.amount, "currency": d.currency, "created": d.created,
	}
}

var query = regexp.MustCompile(`^metadata\['([a-z_]+)'\]:'([^']*)'$`)

// search shows intents late, as the vendor's index does.
func (s *Sim) search(q url.Values) (answer, *fault) {
	m := query.FindStringSubmatch(q.Get("query"))
	if m == nil {
		return answer{}, invalid("", "We were unable to parse the search query.")
	}
	now, items := s.c.Clock(), []object{}
	for _, id := range slices.Backward(s.order) {
		if i := s.intents[id]; i.metadata[m[1]] == m[2] && !now.Before(i.seen) {
			items = append(items, i.show(false))
		}
	}
	return result(http.StatusOK, object{"object": "search_result", "url": "/v1/payment_intents/search", "has_more": false, "next_page": nil, "data": items}), nil
}

// pageOf is the vendor's most items of a page.
const pageOf = 100

// within reads how many items a page may have, and between which times what is listed was made.
func within(q url.Values) (limit int, from, to int64) {
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 1 || limit > pageOf {
		limit = 10
	}
	bound := func(name string, otherwise int64) int64 {
		if n, err := strconv.ParseInt(q.Get(name), 10, 64); err == nil {
			return n
		}
		return otherwise
	}
	return limit, bound("created[gte]", 0), bound("created[lte]", time.Unix(1<<40, 0).Unix())
}

// expands says that a list's items shall come with their charges.
func expands(q url.Values) bool {
	for name, values := range q {
		if strings.HasPrefix(name, "expand[") && slices.Contains(values, "data.latest_charge") {
			return true
		}
	}
	return false
}

func (s *Sim) listIntents(q url.Values) answer {
	limit, from, to := within(q)
	after, begun := q.Get("starting_after"), q.Get("starting_after") == ""
	items, more := []object{}, false
	for _, id := range slices.Backward(s.order) {
		switch i := s.intents[id]; {
		case !begun:
			begun = id == after
		case i.created < from || i.created > to:
		case len(items) == limit:
			more = true
		default:
			items = append(items, i.show(expands(q)))
		}
	}
	return result(http.StatusOK, list("/v1/payment_intents", more, items))
}

func (s *Sim) listEvents(q url.Values) answer {
	limit, from, to := within(q)
	var types []string
	for name, values := range q {
		if strings.HasPrefix(name, "types[") {
			types = append(types, values...)
		}
	}
	after, begun := q.Get("starting_after"), q.Get("starting_after") == ""
	items, more := []object{}, false
	for _, e := range slices.Backward(s.events) {
		switch {
		case !begun:
			begun = e.id == after
		case e.created < from || e.created > to || len(types) > 0 && !slices.Contains(types, e.kind):
		case len(items) == limit:
			more = true
		default:
			items = append(items, e.show())
		}
	}
	return result(http.StatusOK, list("/v1/events", more, items))
}
