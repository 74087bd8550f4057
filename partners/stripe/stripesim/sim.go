// Package stripesim is Stripe, simulated over HTTP: the part of it by which a seller's own shop is paid.
//
//	POST /v1/payment_intents ─► confirm ─► capture, cancel      POST /v1/refunds      GET /v1/events, search, account
//	POST /v1/checkout/sessions ─► the buyer pays ─┤
//	                                 └─► events ─► signed webhooks, with the vendor's repeats
//
// It keeps what the vendor keeps: intents with their states, charges, refunds, disputes, and the answers under each
// Idempotency-Key, faults of its own included. What a buyer, a bank or the seller does at the vendor itself are methods.
package stripesim

import (
	"cmp"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Config is fixed for the life of a Sim.
type Config struct {
	Key     string           // the secret key that it lets in
	Account string           // "acct_…"
	Secret  string           // signs webhooks: "whsec_…"
	Hook    string           // where they go; empty = nowhere
	Clock   func() time.Time // required
	Client  *http.Client     // by which webhooks are sent; required with a Hook
	Lag     time.Duration    // until a search shows a new intent
}

// The faults of one request.
const (
	TimeoutBefore = "timeout before" // no answer, and nothing is done
	TimeoutAfter  = "timeout after"  // done, without an answer
	Broken        = "broken"         // answered with 500, which is kept under the key; nothing is done
	BrokenAfter   = "broken after"   // the same, and it is done
	Limited       = "limited"        // 429
	Conflict      = "conflict"       // 409: the same key is being worked on
	Garbage       = "garbage"        // 200 and no JSON
)

// Counts are effects, not requests.
type Counts struct {
	Intents, Confirms, Captures, Cancels, Refunds int
	Captured, Refunded                            int64 // minor units, whatever their currency
	Replayed                                      int   // answered from what is kept under a key
	Requests                                      int
	Sent, Acked                                   int // webhooks
}

// Sim is one account at the vendor. Its methods may be called from many goroutines.
type Sim struct {
	c Config

	mu       sync.Mutex // guards all below
	n        int        // of ids
	intents  map[string]*intent
	order    []string // of intents, oldest first
	events   []event  // oldest first
	kept     map[string]answer
	disputes []dispute
	faults   map[string][]string // by call; the next request takes the first
	counts   Counts
	due      []delivery
	wake     chan struct{} // has room for one
	spoil    Spoil
	key      string

	restricted bool   // the account takes no payments
	page       string // the seller's own, as they entered it
	address    string // of the pages by which buyers pay; empty = the vendor's

	sessions map[string]*session
	opened   []string // of sessions, oldest first
}

// New makes a simulator with an empty account.
func New(c Config) *Sim {
	c.Account = cmp.Or(c.Account, "acct_1SimulatedShop")
	return &Sim{
		c: c, key: c.Key, intents: map[string]*intent{}, kept: map[string]answer{}, sessions: map[string]*session{}, page: "https://shop.example/thanks", faults: map[string][]string{}, wake: make(chan struct{}, 1),
	}
}

// Counts tells what was done so far.
func (s *Sim) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Fault has the next requests of a call meet faults, one each, in place of those that were to come; "" is none. A call is
// "create", "update", "confirm", "capture", "cancel", "refund", "open", "expire", "session", "read", "list", "search", "events", "account", or "POST" for any
// that has an effect.
func (s *Sim) Fault(call string, faults ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[call] = faults
}

// Roll ends the secret key, as a seller does who rolls it, and gives another.
func (s *Sim) Roll(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
}

// Restrict ends or allows the account's taking of payments, as the vendor does while details are missing.
func (s *Sim) Restrict(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restricted = on
}

// id makes an id of the vendor's form. The caller holds the lock.
func (s *Sim) id(prefix string) string {
	s.n++
	return fmt.Sprintf("%s_3Sim%08d", prefix, s.n)
}

func (s *Sim) now() int64 { return s.c.Clock().Unix() }
