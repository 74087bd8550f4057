// Package hooks sends the simulated Shopify's webhooks: queued by due time, signed, POSTed with the vendor's 5 s limit,
// tried again eight times over four hours until answered 2xx, and spoilt on the way as Faults say. Each try carries the
// original body, address and webhook id.
package hooks

import (
	"bytes"
	"context"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/schedule"
)

const (
	timeout    = 5 * time.Second // connect included
	maxPending = 200_000         // queued deliveries; one more is dropped and counted
	maxSending = 16
	overtaken  = 50 * time.Millisecond // how long after its successor a reordered one is sent
)

// Schedule is the vendor's: eight retries, each twice as long after the one before, the last four hours after the first try.
func Schedule() (after []time.Duration) {
	for n := 1; n <= 8; n++ {
		after = append(after, 4*time.Hour*time.Duration(1<<n-1)/255)
	}
	return after
}

// Config is fixed for the life of a Sender.
type Config struct {
	Client   *http.Client // its redirects are refused: one counts as a failure
	Clock    func() time.Time
	Rand     *rand.Rand               // used by the Sender alone
	Sign     func(body []byte) string // X-Shopify-Hmac-Sha256
	Schedule []time.Duration          // of retries, counted from the first attempt
	Look     time.Duration            // the longest sleep, so that a clock that is set is noticed
	Note     func(what, id, text string)
	Dead     func(shop string, subscription int64) // a delivery failed its last retry
}

// Faults are probabilities from 0 to 1 for each notification.
type Faults struct {
	Duplicate, Delay, Reorder, Lose, Garble, BadSignature float64
	MaxDelay                                              time.Duration
}

// Counts count notifications and what became of each POST.
type Counts struct {
	Queued         int `json:"queued"` // notifications, lost ones not included
	Sent           int `json:"sent"`   // POSTs
	Acked          int `json:"acked"`  // answered 2xx
	Refused        int `json:"refused"`
	Retried        int `json:"retried"`
	Dropped        int `json:"dropped"` // after the last retry, or because the queue was full
	Lost           int `json:"lost"`
	Duplicated     int `json:"duplicated"`
	Delayed        int `json:"delayed"`
	Reordered      int `json:"reordered"`
	Garbled        int `json:"garbled"`
	Forged         int `json:"forged"`
	ForgedAccepted int `json:"forged_accepted"` // a wrong signature answered 2xx: must stay 0
	Pending        int `json:"pending"`         // queued or under way now
}

// Delivery is one notification for one subscription.
type Delivery struct {
	URL, ID, Shop string
	Subscription  int64
	Header        http.Header // without the signature
	Body          []byte

	forged bool
	due    time.Time
	first  time.Time // when it was first sent
	tries  int
}

// Sender is the queue and its workers.
type Sender struct {
	cfg     Config
	wake    chan struct{}
	mu      sync.Mutex // guards all below and cfg.Rand
	faults  Faults
	queue   schedule.Queue[*Delivery]
	parked  *Delivery // held back until the next one is queued
	sending int
	counts  Counts
}

// New makes a Sender; nothing is sent before Run.
func New(cfg Config, faults Faults) *Sender {
	client := *cfg.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	cfg.Client = &client
	return &Sender{cfg: cfg, faults: faults, wake: make(chan struct{}, 1)}
}

// SetFaults replaces the faults for what is queued from now on.
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
	c.Pending = s.queue.Len() + s.sending
	if s.parked != nil {
		c.Pending++
	}
	return c
}

// Queue takes one notification. It never blocks.
func (s *Sender) Queue(d Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	longest := s.faults.MaxDelay
	if longest <= 0 {
		longest = 5 * time.Second
	}
	if s.roll(s.faults.Lose) {
		s.counts.Lost++
		s.cfg.Note("webhook lost", d.ID, "")
		return
	}
	d.due = s.cfg.Clock()
	s.counts.Queued++
	if s.roll(s.faults.BadSignature) {
		s.counts.Forged++
		forged := d
		forged.Body, forged.forged = append(bytes.Clone(d.Body), ' '), true
		s.push(&forged)
	}
	if s.roll(s.faults.Garble) {
		s.counts.Garbled++
		d.Body = garble(d.Body, s.cfg.Rand.IntN(3))
	}
	if s.roll(s.faults.Duplicate) {
		s.counts.Duplicated++
		again := d
		again.due = d.due.Add(time.Duration(s.cfg.Rand.Int64N(int64(longest))))
		s.push(&again)
	}
	if s.roll(s.faults.Delay) {
		s.counts.Delayed++
		d.due = d.due.Add(time.Duration(s.cfg.Rand.Int64N(int64(longest))))
	}
	if s.parked == nil && s.roll(s.faults.Reorder) {
		s.counts.Reordered++
		d.due = d.due.Add(longest) // until the next one, or that long
		s.parked = &d
		s.poke()
		return
	}
	s.push(&d)
	if p := s.parked; p != nil {
		p.due, s.parked = d.due.Add(overtaken), nil
		s.push(p)
	}
}

func (s *Sender) roll(p float64) bool { return p > 0 && s.cfg.Rand.Float64() < p }

func (s *Sender) push(d *Delivery) {
	if s.queue.Len() >= maxPending {
		s.counts.Dropped++
		s.cfg.Note("webhook dropped", d.ID, "the queue is full")
		return
	}
	s.queue.Push(d.due, d)
	s.poke()
}

func (s *Sender) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // already told
	}
}

// Run sends until ctx ends and then waits for what is under way.
func (s *Sender) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		wait := s.dispatch(func(d *Delivery) { wg.Go(func() { s.send(ctx, d) }) })
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

// dispatch starts what is due while there are workers, and says how long there is nothing to do.
func (s *Sender) dispatch(start func(*Delivery)) (wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Clock()
	if p := s.parked; p != nil && !p.due.After(now) {
		s.parked = nil
		s.push(p)
	}
	for s.sending < maxSending {
		d, due := s.queue.PopDue(now)
		if !due {
			break
		}
		s.sending++
		s.counts.Sent++
		if d.tries++; d.tries == 1 {
			d.first = now
		}
		start(d)
	}
	wait = s.cfg.Look
	if s.parked != nil {
		wait = min(wait, s.parked.due.Sub(now))
	}
	if next, ok := s.queue.Next(); ok && s.sending < maxSending { // with all busy, the first to end wakes us
		wait = min(wait, next.Sub(now))
	}
	return wait
}

func (s *Sender) send(ctx context.Context, d *Delivery) {
	status, answer := s.post(ctx, d)
	s.cfg.Note("webhook sent", d.ID, answer)
	if s.settle(d, status/100 == 2) {
		s.cfg.Dead(d.Shop, d.Subscription)
	}
}

// settle books the end of a try; dead says that it was the last.
func (s *Sender) settle(d *Delivery, good bool) (dead bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sending--
	s.poke()
	switch {
	case d.forged && good:
		s.counts.ForgedAccepted++
	case d.forged:
	case good:
		s.counts.Acked++
	case d.tries > len(s.cfg.Schedule):
		s.counts.Refused++
		s.counts.Dropped++
		return true
	default:
		s.counts.Refused++
		s.counts.Retried++
		d.due = d.first.Add(s.cfg.Schedule[d.tries-1])
		s.push(d)
	}
	return false
}

// post returns the status, 0 when there was none, and what to write in the journal.
func (s *Sender) post(ctx context.Context, d *Delivery) (status int, answer string) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return 0, err.Error()
	}
	maps.Copy(req.Header, d.Header)
	signed := d.Body
	if d.forged {
		signed = append(bytes.Clone(d.Body), '!')
	}
	req.Header.Set("X-Shopify-Hmac-Sha256", s.cfg.Sign(signed))
	resp, err := s.cfg.Client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // read so that the connection is used again
	_ = resp.Body.Close()
	return resp.StatusCode, strconv.Itoa(resp.StatusCode)
}

// garble breaks a body in one of three ways.
func garble(body []byte, way int) []byte {
	switch way {
	case 0:
		return bytes.Clone(body[:len(body)/2])
	case 1:
		return []byte("\x00\xffnot json")
	}
	return []byte(`{"id":{},"admin_graphql_api_id":[]}`)
}
