package stripesim

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The states of an intent.
const (
	needsMethod  = "requires_payment_method"
	needsConfirm = "requires_confirmation"
	needsAction  = "requires_action"
	needsCapture = "requires_capture"
	processing   = "processing"
	succeeded    = "succeeded"
	canceled     = "canceled"
)

type intent struct {
	id, status, currency, capture, method string
	amount, received                      int64
	metadata                              map[string]string
	created, canceledAt                   int64
	failure                               *fault // last_payment_error
	charge                                *charge
	seen                                  time.Time // from when a search shows it
}

type charge struct {
	id               string
	amount, refunded int64
	captured, paid   bool
	created          int64
	disputed         bool
}

type dispute struct {
	id, intent, charge, reason, status string
	amount                             int64
	currency                           string
	created                            int64
}

// fault is an error object of the vendor.
type fault struct {
	status                               int
	kind, code, decline, message, charge string
}

func invalid(code, message string) *fault {
	return &fault{status: http.StatusBadRequest, kind: "invalid_request_error", code: code, message: message}
}

// declines are the vendor's test methods that a bank says no to, and what it says.
var declines = map[string]fault{
	"pm_card_chargeDeclined":                  {code: "card_declined", decline: "generic_decline", message: "Your card was declined."},
	"pm_card_chargeDeclinedInsufficientFunds": {code: "card_declined", decline: "insufficient_funds", message: "Your card has insufficient funds."},
	"pm_card_chargeDeclinedExpiredCard":       {code: "expired_card", message: "Your card has expired."},
}

// wantsBuyer is the test method whose bank wants to ask the buyer each time.
const wantsBuyer = "pm_card_authenticationRequired"

func (s *Sim) create(form url.Values) (*intent, *fault) {
	amount, err := strconv.ParseInt(form.Get("amount"), 10, 64)
	switch {
	case err != nil || amount < 1:
		return nil, invalid("parameter_invalid_integer", "This value must be greater than or equal to 1.")
	case form.Get("currency") == "":
		return nil, invalid("parameter_missing", "Missing required param: currency.")
	case form.Get("currency") != strings.ToLower(form.Get("currency")):
		return nil, invalid("", "Invalid currency: "+form.Get("currency")+".")
	}
	if no := countable(amount, form.Get("currency")); no != nil {
		return nil, no
	}
	i := &intent{
		id: s.id("pi"), status: needsMethod, currency: form.Get("currency"), capture: form.Get("capture_method"), amount: amount,
		metadata: metadata(form), created: s.now(), seen: s.c.Clock().Add(s.c.Lag),
	}
	if i.capture == "" {
		i.capture = "automatic_async"
	}
	s.intents[i.id], s.order = i, append(s.order, i.id)
	s.counts.Intents++
	s.tell("payment_intent.created", i)
	return i, nil
}

// steps are the currencies of which the vendor takes no single units; any other's smallest is 1.
var steps = map[string]int64{"isk": 100, "ugx": 100, "bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10}

// countable refuses what the vendor cannot charge: single units of some currencies, too little and too much.
func countable(amount int64, currency string) *fault {
	const least, most = 30, 99_999_999 // the least of GBP; of others it is near
	switch step := steps[currency]; {
	case step > 0 && amount%step != 0:
		return invalid("invalid_charge_amount_no_decimal_compatible", "Invalid amount. Amounts of "+strings.ToUpper(currency)+" must be evenly divisible by "+strconv.FormatInt(step, 10)+".")
	case currency == "gbp" && amount < least:
		return invalid("amount_too_small", "Amount must be at least £0.30 gbp.")
	case amount > most:
		return invalid("amount_too_large", "Amount must be no more than 999,999.99.")
	}
	return nil
}

func metadata(form url.Values) map[string]string {
	m := map[string]string{}
	for name, values := range form {
		if key, ok := strings.CutPrefix(name, "metadata["); ok {
			m[strings.TrimSuffix(key, "]")] = values[0]
		}
	}
	return m
}

func (s *Sim) update(i *intent, form url.Values) (*intent, *fault) {
	maps.Copy(i.metadata, metadata(form))
	return i, nil
}

func unexpected(i *intent, doing string) *fault {
	return invalid("payment_intent_unexpected_state", "This PaymentIntent could not be "+doing+" because it has a status of "+i.status+".")
}

func (s *Sim) confirm(i *intent, form url.Values) (*intent, *fault) {
	if !slices.Contains([]string{needsMethod, needsConfirm, needsAction}, i.status) {
		return nil, unexpected(i, "confirmed")
	}
	if method := form.Get("payment_method"); method != "" {
		i.method = method
	}
	if !strings.HasPrefix(i.method, "pm_") {
		return nil, invalid("resource_missing", "No such PaymentMethod: '"+i.method+"'")
	}
	s.counts.Confirms++
	no, declined := declines[i.method]
	if i.method == wantsBuyer {
		if form.Get("off_session") != "true" {
			i.status = needsAction
			s.tell("payment_intent.requires_action", i)
			return i, nil
		}
		no, declined = fault{code: "authentication_required", decline: "authentication_required", message: "Your card was declined. This transaction requires authentication."}, true
	}
	if declined {
		i.charge = &charge{id: s.id("ch"), amount: i.amount, created: s.now()}
		no.status, no.kind, no.charge = http.StatusPaymentRequired, "card_error", i.charge.id
		i.status, i.failure, i.method = needsMethod, &no, ""
		s.tell("payment_intent.payment_failed", i)
		return nil, &no
	}
	s.reserve(i)
	return i, nil
}

// reserve has the bank say yes. The caller holds the lock.
func (s *Sim) reserve(i *intent) {
	i.failure = nil
	i.charge = &charge{id: s.id("ch"), amount: i.amount, paid: true, created: s.now()}
	if i.capture == "manual" {
		i.status = needsCapture
		s.tell("payment_intent.amount_capturable_updated", i)
		return
	}
	s.take(i)
}

// take takes what is reserved. The caller holds the lock.
func (s *Sim) take(i *intent) {
	i.status, i.received, i.charge.captured = succeeded, i.amount, true
	s.counts.Captures++
	s.counts.Captured += i.amount
	s.tell("payment_intent.succeeded", i)
}

func (s *Sim) captured(i *intent) (*intent, *fault) {
	if i.status != needsCapture {
		return nil, unexpected(i, "captured")
	}
	s.take(i)
	return i, nil
}

// cancel ends an intent. What was reserved the vendor then shows, and tells, as given back, though nothing was taken.
func (s *Sim) cancel(i *intent) (*intent, *fault) {
	if !slices.Contains([]string{needsMethod, needsConfirm, needsAction, needsCapture}, i.status) {
		return nil, unexpected(i, "canceled")
	}
	if i.status == needsCapture {
		i.charge.refunded = i.charge.amount
		defer s.tell("charge.refunded", i)
	}
	i.status, i.canceledAt = canceled, s.now()
	s.counts.Cancels++
	s.tell("payment_intent.canceled", i)
	return i, nil
}

// refund gives back an amount, or all that is left.
func (s *Sim) refund(i *intent, amount int64) (id string, no *fault) {
	if i.status != succeeded {
		return "", unexpected(i, "refunded")
	}
	left := i.received - i.charge.refunded
	switch {
	case left == 0:
		return "", invalid("charge_already_refunded", "Charge "+i.charge.id+" has already been refunded.")
	case amount > left:
		return "", invalid("", "Refund amount is greater than unrefunded amount on charge.")
	case amount == 0:
		amount = left
	}
	i.charge.refunded += amount
	s.counts.Refunds++
	s.counts.Refunded += amount
	s.tell("charge.refunded", i)
	return s.id("re"), nil
}

// Pay begins a payment as the seller's own checkout does and has the buyer confirm it; what it reserves or takes stands under
// the id that it gives. A zero capture takes at once.
func (s *Sim) Pay(amount int64, currency, capture, method string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, _ := s.create(url.Values{"amount": {strconv.FormatInt(amount, 10)}, "currency": {currency}, "capture_method": {capture}})
	if method != "" {
		_, _ = s.confirm(i, url.Values{"payment_method": {method}})
	}
	return i.id
}

// Authenticate is a buyer who tells their bank yes, to a payment that waits for that.
func (s *Sim) Authenticate(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.intents[id]; i != nil && i.status == needsAction {
		s.reserve(i)
	}
}

// Refund is the seller's, at the vendor itself.
func (s *Sim) Refund(id string, amount int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.intents[id]; i != nil {
		_, _ = s.refund(i, amount)
	}
}

// Cancel is the seller's, at the vendor itself.
func (s *Sim) Cancel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.intents[id]; i != nil {
		_, _ = s.cancel(i)
	}
}

// Dispute is a buyer who asks their bank for the money.
func (s *Sim) Dispute(id, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.intents[id]
	if i == nil || i.charge == nil {
		return
	}
	i.charge.disputed = true
	d := dispute{
		id: s.id("du"), intent: i.id, charge: i.charge.id, reason: reason, status: "needs_response", amount: i.amount, currency: i.currency, created: s.now(),
	}
	s.disputes = append(s.disputes, d)
	s.tellObject("charge.dispute.created", d.show())
}

// Intents lists the ids of every intent whose metadata has a value, oldest first.
func (s *Sim) Intents(value string) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.order {
		if slices.Contains(slices.Collect(maps.Values(s.intents[id].metadata)), value) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Reserved is what the banks hold and nobody has taken, in minor units whatever their currency.
func (s *Sim) Reserved() (n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.intents {
		if i.status == needsCapture {
			n += i.amount
		}
	}
	return n
}

// Mark sets metadata of an intent, as whoever else has a key may.
func (s *Sim) Mark(id string, metadata map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.intents[id]; i != nil {
		maps.Copy(i.metadata, metadata)
	}
}
