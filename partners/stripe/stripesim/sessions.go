package stripesim

import (
	"cmp"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The states of a checkout session.
const (
	open     = "open"
	complete = "complete"
	expired  = "expired"
)

// session is a page at the vendor by which a buyer pays once.
type session struct {
	id, status, currency, capture, returns string
	address                                string // where its page is
	amount, created, expires               int64
	metadata                               map[string]string // its own
	marks                                  map[string]string // of the payment that it will make
	intent                                 *intent
}

// The bounds of how long a session is open.
const (
	soonest = 30 * time.Minute
	latest  = 24 * time.Hour
)

// checkout is the effect of a request about sessions. The caller holds the lock.
func (s *Sim) checkout(call, id string, form url.Values) (answer, *fault) {
	s.lapse()
	if call == "open" {
		c, no := s.openSession(form)
		if no != nil {
			return answer{}, no
		}
		return result(http.StatusOK, c.show()), nil
	}
	c := s.sessions[id]
	switch {
	case c == nil:
		return answer{}, &fault{status: http.StatusNotFound, kind: "invalid_request_error", code: "resource_missing", message: "No such checkout.session: " + id}
	case call == "expire" && c.status != open:
		return answer{}, invalid("", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `"+c.status+"`.")
	case call == "expire":
		s.expire(c)
	}
	return result(http.StatusOK, c.show()), nil
}

func (s *Sim) openSession(form url.Values) (*session, *fault) {
	amount, err := strconv.ParseInt(form.Get("line_items[0][price_data][unit_amount]"), 10, 64)
	currency, now := form.Get("line_items[0][price_data][currency]"), s.c.Clock()
	expires, expiresErr := strconv.ParseInt(form.Get("expires_at"), 10, 64)
	if expiresErr != nil {
		expires = now.Add(latest).Unix()
	}
	switch end := time.Unix(expires, 0); {
	case form.Get("mode") != "payment":
		return nil, invalid("parameter_missing", "Missing required param: mode.")
	case !strings.HasPrefix(form.Get("success_url"), "http"):
		return nil, invalid("url_invalid", "Not a valid URL")
	case err != nil || amount < 1 || form.Get("line_items[0][quantity]") != "1" || form.Get("line_items[0][price_data][product_data][name]") == "" || currency == "":
		return nil, invalid("parameter_missing", "Missing required param: line_items.")
	case end.Before(now.Add(soonest)) || end.After(now.Add(latest)):
		return nil, invalid("", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.")
	}
	if no := countable(amount, currency); no != nil {
		return nil, no
	}
	c := &session{
		id: s.id("cs_test"), status: open, currency: currency, amount: amount, capture: form.Get("payment_intent_data[capture_method]"), returns: form.Get("success_url"),
		address: s.address, metadata: metadata(form), marks: map[string]string{}, created: s.now(), expires: expires,
	}
	for name, values := range form {
		if key, ok := strings.CutPrefix(name, "payment_intent_data[metadata]["); ok {
			c.marks[strings.TrimSuffix(key, "]")] = values[0]
		}
	}
	s.sessions[c.id], s.opened = c, append(s.opened, c.id)
	return c, nil
}

func (c *session) show() object {
	o := object{
		"id": c.id, "object": "checkout.session", "mode": "payment", "status": c.status, "amount_total": c.amount, "currency": c.currency, "created": c.created,
		"expires_at": c.expires, "metadata": c.metadata, "success_url": c.returns, "payment_intent": nil, "payment_status": "unpaid", "url": nil, "livemode": false,
	}
	if c.status == open {
		o["url"] = cmp.Or(c.address, "https://checkout.stripe.com") + pagePath + c.id
	}
	if c.intent != nil {
		o["payment_intent"] = c.intent.id
	}
	return o
}

func (s *Sim) expire(c *session) {
	c.status = expired
	if c.intent != nil && c.intent.status == needsMethod {
		_, _ = s.cancel(c.intent)
	}
	s.tellObject("checkout.session.expired", c.show())
}

// lapse ends the sessions whose time has come. The caller holds the lock.
func (s *Sim) lapse() {
	for _, id := range s.opened {
		if c := s.sessions[id]; c.status == open && s.now() >= c.expires {
			s.expire(c)
		}
	}
}

// PayLink is a buyer who pays by a session's page; false when it does not let them.
func (s *Sim) PayLink(id, method string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lapse()
	c := s.sessions[id]
	if c == nil || c.status != open {
		return false
	}
	if c.intent == nil {
		c.intent, _ = s.create(url.Values{"amount": {strconv.FormatInt(c.amount, 10)}, "currency": {c.currency}, "capture_method": {c.capture}})
		c.intent.metadata = c.marks
	}
	if _, no := s.confirm(c.intent, url.Values{"payment_method": {method}}); no != nil {
		return false
	}
	c.status = complete
	s.tellObject("checkout.session.completed", c.show())
	return true
}

// Links lists the ids of the sessions, oldest first, and which of them are open.
func (s *Sim) Links() (all, unpaid []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lapse()
	for _, id := range s.opened {
		if s.sessions[id].status == open {
			unpaid = append(unpaid, id)
		}
	}
	return append(all, s.opened...), unpaid
}

// ExpireLink is the seller's, at the vendor itself.
func (s *Sim) ExpireLink(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.sessions[id]; c != nil && c.status == open {
		s.expire(c)
	}
}

// Reprice changes what a session's page asks for, as nobody can at the vendor.
func (s *Sim) Reprice(id string, amount int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[id].amount = amount
}

// Page is the seller's own website as they enter it at the vendor.
func (s *Sim) Page(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.page = address
}

// pagePath is where a session's page is.
const pagePath = "/c/pay/"

// SetAddress says where the simulator is found: its pages, by which buyers pay, are there then.
func (s *Sim) SetAddress(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.address = address
}

// pay is the page by which a buyer pays.
func (s *Sim) pay(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	s.mu.Lock()
	s.lapse()
	c := s.sessions[id]
	var status, returns, amount string
	if c != nil {
		status, returns, amount = c.status, c.returns, fmt.Sprintf("%d %s", c.amount, strings.ToUpper(c.currency))
	}
	s.mu.Unlock()
	switch {
	case c == nil:
		http.NotFound(w, r)
		return
	case r.Method == http.MethodPost && s.PayLink(id, "pm_card_visa"):
		http.Redirect(w, r, returns, http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Simulated payment page</title><h1>Simulated payment page</h1><p>%s in the smallest unit. This page is %s.</p>`, html.EscapeString(amount), html.EscapeString(status))
	if status == open {
		_, _ = fmt.Fprint(w, `<form method="post"><button>Pay</button></form>`)
	}
}
