// Package easypostsim is EasyPost, simulated over HTTP: shipments, their rates, purchases, label files, refunds, trackers and
// webhooks. It shares no code with the client.
//
//	request ─► key ─► fault? ─► effect (counted) ─► answer
//	Move(tracking, status) ─► tracker.updated, signed ─► every webhook, until it answers 2xx
package easypostsim

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Config is fixed for the life of a Sim.
type Config struct {
	Key     string // of the account; empty = EZTKsim
	Clock   func() time.Time
	Balance int64        // US cents; 0 = 1,000 dollars
	PNG     bool         // labels are PNG, whatever is asked for
	Sized   bool         // the answer to a purchase has no label file yet; reading the shipment shows it
	Rebuys  bool         // a label that was bought is bought and charged once more, as some carriers do
	Client  *http.Client // sends the webhooks; nil = none are sent
}

// Fault is how a call fails.
type Fault string

// How a call fails.
const (
	Dropped  Fault = "dropped"   // nothing is done, and the connection breaks
	Lost     Fault = "lost"      // it is done, and the connection breaks before the answer
	Garbage  Fault = "garbage"   // it is done, and the answer cannot be read
	Down     Fault = "down"      // 503, nothing is done
	DownLate Fault = "down late" // it is done, and the answer is 502
	Late     Fault = "late"      // the connection breaks, and Settle does it later
	TooMany  Fault = "too many"  // 429, nothing is done
	Declined Fault = "declined"  // the carrier's no, nothing is done
	Slow     Fault = "slow"      // it is done, and the answer is that the carrier has not answered
)

// Counts count what took effect, by name, and the account's money.
type Counts struct {
	Created, Bought, Refunded int
	Balance                   int64 // US cents
	Calls                     map[string]int
}

// Sim is the simulated vendor.
type Sim struct {
	cfg Config

	mu        sync.Mutex // guards all below
	shipments []*shipment
	known     map[string]*shipment // by id and by reference, of which the newest counts
	trackers  []*tracker
	hooks     []*hook
	faults    map[string][]Fault // by what is called, the next first
	late      []func()
	counts    Counts
	numbers   int
	revoked   bool
	base      string // where it is reached
}

// New makes a Sim.
func New(cfg Config) *Sim {
	if cfg.Key == "" {
		cfg.Key = "EZTKsim"
	}
	if cfg.Balance == 0 {
		cfg.Balance = 1000_00
	}
	return &Sim{cfg: cfg, known: map[string]*shipment{}, faults: map[string][]Fault{}, counts: Counts{Balance: cfg.Balance, Calls: map[string]int{}}}
}

// Break has the next calls of a kind fail, one each: "create", "read", "buy", "refund", "file".
func (s *Sim) Break(call string, faults ...Fault) {
	defer s.lock()()
	s.faults[call] = append(s.faults[call], faults...)
}

// Settle does what was asked for and was late; the caller is gone by then.
func (s *Sim) Settle() {
	defer s.lock()()
	for _, effect := range s.late {
		effect()
	}
	s.late = nil
}

// Revoke has the account's key refused from now on, or taken again.
func (s *Sim) Revoke(on bool) { defer s.lock()(); s.revoked = on }

// SetBalance sets the account's money, in US cents.
func (s *Sim) SetBalance(cents int64) { defer s.lock()(); s.counts.Balance = cents }

// Counts returns a copy.
func (s *Sim) Counts() Counts {
	defer s.lock()()
	c := s.counts
	c.Calls = map[string]int{}
	for name, n := range s.counts.Calls {
		c.Calls[name] = n
	}
	return c
}

// Bought lists the tracking numbers of all labels that were bought and not given back, oldest first.
func (s *Sim) Bought() (numbers []string) {
	defer s.lock()()
	for _, one := range s.shipments {
		if one.label != nil && one.refund == "" {
			numbers = append(numbers, one.label.tracking)
		}
	}
	return numbers
}

func (s *Sim) lock() (unlock func()) { s.mu.Lock(); return s.mu.Unlock }

type obj = map[string]any

// number is written as the vendor writes it, with a decimal even when it has none.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	text := new(big.Float).SetPrec(60).SetFloat64(float64(n)).Text('f', 1)
	return []byte(text), nil
}

// no is an answer that refuses.
type no struct {
	status        int
	code, message string
	fields        []obj
}

func (n *no) write(w http.ResponseWriter) {
	fields := n.fields
	if fields == nil {
		fields = []obj{}
	}
	write(w, n.status, obj{"error": obj{"code": n.code, "message": n.message, "errors": fields}})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a caller that is gone has no use for it
}

var errNotFound = &no{http.StatusNotFound, "NOT_FOUND", "The requested resource could not be found.", nil}

func invalid(code, message string, fields ...obj) *no {
	return &no{http.StatusUnprocessableEntity, code, message, fields}
}

// Handler serves the API under /v2 and the label files.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	on := func(pattern, name string, do func(r *http.Request, body obj) (any, *no)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, name, do) })
	}
	on("POST /v2/shipments", "create", s.create)
	on("GET /v2/shipments", "list", s.list)
	on("GET /v2/shipments/{id}", "read", s.read)
	on("POST /v2/shipments/{id}/buy", "buy", s.buy)
	on("POST /v2/shipments/{id}/refund", "refund", s.refund)
	on("GET /v2/shipments/{id}/label", "convert", s.convert)
	on("POST /v2/trackers", "track", s.track)
	on("GET /v2/trackers/{id}", "tracker", s.readTracker)
	on("POST /v2/webhooks", "hook", s.hook)
	on("GET /v2/webhooks", "hooks", s.listHooks)
	on("DELETE /v2/webhooks/{id}", "unhook", s.unhook)
	mux.HandleFunc("GET /files/{name}", s.file)
	return mux
}

// serve answers one call: the account's key first, then the fault that is due.
func (s *Sim) serve(w http.ResponseWriter, r *http.Request, name string, do func(*http.Request, obj) (any, *no)) {
	body := obj{}
	if r.Method != http.MethodGet && r.ContentLength != 0 {
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&body); err != nil {
			(&no{http.StatusBadRequest, "PARAMETER.INVALID", "The body is no JSON.", nil}).write(w)
			return
		}
	}
	s.mu.Lock()
	s.counts.Calls[name]++
	key, _, _ := r.BasicAuth()
	if key != s.cfg.Key || s.revoked {
		s.mu.Unlock()
		(&no{http.StatusUnauthorized, "APIKEY.INACTIVE", "This api key is no longer active. Please use a different api key or reactivate this key.", nil}).write(w)
		return
	}
	fault := s.next(name)
	switch fault {
	case Dropped, Down, TooMany, Declined:
		s.mu.Unlock()
		s.fail(w, fault)
		return
	case Late:
		s.late = append(s.late, func() { _, _ = do(r, body) }) // nobody hears of it
		s.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	answer, refused := do(r, body)
	s.mu.Unlock()
	switch {
	case refused != nil:
		refused.write(w)
	case fault != "":
		s.fail(w, fault)
	default:
		status := http.StatusOK
		if r.Method == http.MethodPost && (name == "create" || name == "track" || name == "hook") {
			status = http.StatusCreated
		}
		write(w, status, answer)
	}
}

// next takes the fault that is due.
func (s *Sim) next(name string) Fault {
	due := s.faults[name]
	if len(due) == 0 {
		return ""
	}
	s.faults[name] = due[1:]
	return due[0]
}

func (s *Sim) fail(w http.ResponseWriter, f Fault) {
	switch f {
	case Down:
		(&no{http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE", "The service is unavailable.", nil}).write(w)
	case DownLate:
		http.Error(w, "<html>bad gateway</html>", http.StatusBadGateway)
	case TooMany:
		w.Header().Set("Retry-After", "1")
		(&no{http.StatusTooManyRequests, "RATE_LIMITED", "You have been rate-limited.", nil}).write(w)
	case Declined:
		invalid("SHIPMENT.POSTAGE.FAILURE", "Unable to buy this postage: the carrier's account is suspended.").write(w)
	case Slow:
		invalid("SHIPMENT.POSTAGE.NO_RESPONSE", "The carrier did not respond to the purchase.").write(w)
	case Garbage:
		_, _ = fmt.Fprint(w, `{"id": "shp_`)
	default:
		panic(http.ErrAbortHandler)
	}
}

// id makes an id as the vendor does.
func (s *Sim) id(prefix string) string {
	s.numbers++
	return fmt.Sprintf("%s_%032x", prefix, s.numbers)
}

func (s *Sim) now() string { return s.cfg.Clock().UTC().Format("2006-01-02T15:04:05Z") }

func (s *Sim) mode() string {
	if strings.HasPrefix(s.cfg.Key, "EZTK") {
		return "test"
	}
	return "production"
}

// in reads a field of nested objects; absent ones are empty.
func in(body obj, path ...string) any {
	var at any = body
	for _, name := range path {
		m, _ := at.(obj)
		at = m[name]
	}
	return at
}

func text(body obj, path ...string) string { t, _ := in(body, path...).(string); return t }

func figure(body obj, path ...string) float64 { f, _ := in(body, path...).(float64); return f }
