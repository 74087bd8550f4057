// Package hooks sends the simulated vendor's webhooks: changes gathered into one POST for many, signed, sent until
// answered 200 or until 36 hours have passed, and spoilt on the way as Faults say.
package hooks

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
	"unicode/utf16"
)

const (
	timeout    = 5 * time.Second
	maxPending = 200_000 // changes and deliveries that wait; one more is dropped and counted
	maxSending = 8
)

// Change is one news of one account.
type Change struct {
	Account, Field string
	At             time.Time
	Value          any
}

// Config is fixed for the life of a Sender.
type Config struct {
	Client   *http.Client // its redirects are refused: the vendor follows none
	Clock    func() time.Time
	Rand     *rand.Rand // used by the Sender alone
	Secret   string     // of the app: signs
	Schedule []time.Duration
	Gather   time.Duration // how long a change waits for others to share its POST
	MaxBatch int           // changes of one POST
	Look     time.Duration // the longest sleep, so that a clock that is set is noticed
}

// Faults are probabilities from 0 to 1 for each POST.
type Faults struct {
	Duplicate, Delay, Lose, Garble, BadSignature float64
	MaxDelay                                     time.Duration
}

type obj = map[string]any

// delivery is one POST; sent again it has the same bytes.
type delivery struct {
	address string
	body    []byte
	changes int
	forged  bool
	due     time.Time
	first   time.Time
	tries   int
}

// Counts count changes and what became of each POST.
type Counts struct {
	Changes        int `json:"changes"`
	Bodies         int `json:"bodies"` // made of them
	Sent           int `json:"sent"`   // POSTs, those sent again included
	Acked          int `json:"acked"`  // answered 200
	Refused        int `json:"refused"`
	Retried        int `json:"retried"`
	Dropped        int `json:"dropped"` // after the last retry, or for want of room
	Lost           int `json:"lost"`
	Duplicated     int `json:"duplicated"`
	Delayed        int `json:"delayed"`
	Garbled        int `json:"garbled"`
	Forged         int `json:"forged"`
	ForgedAccepted int `json:"forged_accepted"` // a wrong signature answered 200: must stay 0
	Pending        int `json:"pending"`
}

// Sender gathers changes into POSTs and sends them until they are answered 200 or 36 hours have passed.
type Sender struct {
	cfg  Config
	wake chan struct{}

	mu      sync.Mutex // guards all below
	faults  Faults
	waiting map[string][]Change // by address
	ready   map[string]time.Time
	out     []*delivery // by due time
	sending int
	counts  Counts
}

// New makes a Sender; nothing is sent before Run.
func New(cfg Config, faults Faults) *Sender {
	client := *cfg.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	cfg.Client = &client
	return &Sender{cfg: cfg, wake: make(chan struct{}, 1), faults: faults, waiting: map[string][]Change{}, ready: map[string]time.Time{}}
}

// SetFaults replaces the faults for what is made from now on.
func (s *Sender) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// Counts returns a copy.
func (s *Sender) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts
	c.Pending = len(s.out) + s.sending
	for _, list := range s.waiting {
		c.Pending += len(list)
	}
	return c
}

// Queue takes one change for an address. It never blocks.
func (s *Sender) Queue(address string, c Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Changes++
	if len(s.waiting[address])+len(s.out) >= maxPending {
		s.counts.Dropped++
		return
	}
	if len(s.waiting[address]) == 0 {
		s.ready[address] = s.cfg.Clock().Add(s.cfg.Gather)
	}
	s.waiting[address] = append(s.waiting[address], c)
	select {
	case s.wake <- struct{}{}:
	default: // already told
	}
}

// bodies makes POSTs of what waits: one entry for each account, in the order in which the accounts had news.
func (s *Sender) bodies(address string, list []Change) {
	for batch := range slices.Chunk(list, s.cfg.MaxBatch) {
		entries, at := []obj{}, map[string]int{}
		for _, c := range batch {
			n, known := at[c.Account]
			if !known {
				n = len(entries)
				at[c.Account] = n
				entries = append(entries, obj{"id": c.Account, "time": c.At.Unix(), "changes": []obj{}})
			}
			entries[n]["changes"] = append(entries[n]["changes"].([]obj), obj{"field": c.Field, "value": c.Value})
		}
		s.push(&delivery{address: address, body: encode(obj{"object": "instagram", "entry": entries}), changes: len(batch)})
	}
}

// push queues a POST, spoilt as the faults say. The caller holds the mutex.
func (s *Sender) push(d *delivery) {
	roll := func(p float64) bool { return p > 0 && s.cfg.Rand.Float64() < p }
	now := s.cfg.Clock()
	d.due = now
	s.counts.Bodies++
	if roll(s.faults.Lose) {
		s.counts.Lost += d.changes
		return
	}
	if roll(s.faults.BadSignature) {
		s.counts.Forged++
		s.add(&delivery{address: d.address, body: append(bytes.Clone(d.body), ' '), forged: true, due: now})
	}
	if roll(s.faults.Garble) {
		s.counts.Garbled++
		d.body = [][]byte{d.body[:len(d.body)/2], []byte("\x00\xffnot json"), []byte(`{"object":"instagram","entry":[{"id":{},"changes":{}}]}`)}[s.cfg.Rand.IntN(3)]
	}
	if roll(s.faults.Duplicate) {
		s.counts.Duplicated++
		again := *d
		again.due = now.Add(time.Duration(s.cfg.Rand.Int64N(int64(s.faults.MaxDelay))))
		s.add(&again)
	}
	if roll(s.faults.Delay) {
		s.counts.Delayed++
		d.due = now.Add(time.Duration(s.cfg.Rand.Int64N(int64(s.faults.MaxDelay))))
	}
	s.add(d)
}

func (s *Sender) add(d *delivery) {
	n, _ := slices.BinarySearchFunc(s.out, d.due, func(o *delivery, due time.Time) int {
		if o.due.After(due) {
			return 1
		}
		return -1 // behind those that are due at the same time
	})
	s.out = slices.Insert(s.out, n, d)
}

// Run sends until ctx ends and then waits for what is under way.
func (s *Sender) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		wait := s.dispatch(func(d *delivery) { wg.Go(func() { s.send(ctx, d) }) })
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-s.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// dispatch starts what is due while there is room, and says how long there is nothing to do.
func (s *Sender) dispatch(start func(*delivery)) (wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Clock()
	wait = s.cfg.Look
	for address, ready := range s.ready {
		if ready.After(now) {
			wait = min(wait, ready.Sub(now))
			continue
		}
		list := s.waiting[address]
		delete(s.waiting, address)
		delete(s.ready, address)
		s.bodies(address, list)
	}
	for s.sending < maxSending && len(s.out) > 0 && !s.out[0].due.After(now) {
		d := s.out[0]
		s.out = s.out[1:]
		s.sending++
		s.counts.Sent++
		if d.tries++; d.tries == 1 {
			d.first = now
		}
		start(d)
	}
	if len(s.out) > 0 && s.sending < maxSending {
		wait = min(wait, max(0, s.out[0].due.Sub(now)))
	}
	return wait
}

func (s *Sender) send(ctx context.Context, d *delivery) {
	status := s.post(ctx, d)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sending--
	switch {
	case d.forged:
		if status == http.StatusOK {
			s.counts.ForgedAccepted++
		}
	case status == http.StatusOK:
		s.counts.Acked++
	case d.tries > len(s.cfg.Schedule):
		s.counts.Refused++
		s.counts.Dropped += d.changes
	default:
		s.counts.Refused++
		s.counts.Retried++
		d.due = d.first.Add(s.cfg.Schedule[d.tries-1])
		s.add(d)
	}
	select {
	case s.wake <- struct{}{}:
	default: // already told
	}
}

// post returns the status, 0 when there was none.
func (s *Sender) post(ctx context.Context, d *delivery) (status int) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.address, bytes.NewReader(d.body))
	if err != nil {
		return 0
	}
	secret := s.cfg.Secret
	if d.forged {
		secret += "!"
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Webhooks/1.0 (https://fb.me/webhooks)")
	r.Header.Set("X-Hub-Signature-256", Signature(secret, d.body))
	answer, err := s.cfg.Client.Do(r)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // read so that the connection is used again
	_ = answer.Body.Close()
	return answer.StatusCode
}

// Signature is what X-Hub-Signature-256 says of a body: over its bytes as they are sent.
func Signature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(body) // a hash never fails
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// encode writes JSON in ASCII as the vendor does: all else is \u escapes in lower case, and a slash is escaped, too.
func encode(v any) []byte {
	var plain, out bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // strings, numbers, lists and objects: it cannot fail
	for _, c := range string(bytes.TrimSpace(plain.Bytes())) {
		switch {
		case c == '/':
			out.WriteString(`\/`)
		case c < 0x80:
			out.WriteRune(c)
		case c < 0x10000:
			fmt.Fprintf(&out, `\u%04x`, c)
		default:
			high, low := utf16.EncodeRune(c)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		}
	}
	return out.Bytes()
}
