package stripesim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

type event struct {
	id, kind string
	created  int64
	object   object
}

func (e event) show() object {
	return object{
		"id": e.id, "object": "event", "api_version": "2025-08-27.basil", "created": e.created, "type": e.kind, "livemode": false,
		"pending_webhooks": 1, "data": object{"object": e.object},
	}
}

// Spoil says what happens to webhooks on their way.
type Spoil struct {
	Lose      bool // none is sent
	Duplicate bool // each is sent twice
	Hold      bool // kept until Release, which sends the newest first
}

type delivery struct {
	event event
	tries int
	due   time.Time
}

// pauses are the vendor's between tries, as far as it tells of them: longer and longer, for three days.
var pauses = []time.Duration{time.Second, time.Minute, 5 * time.Minute, time.Hour, 12 * time.Hour, 24 * time.Hour, 36 * time.Hour}

// tell notes an event about an intent, or about its charge. The caller holds the lock.
func (s *Sim) tell(kind string, i *intent) {
	o := i.show(false)
	if kind == "charge.refunded" {
		o = i.charge.show(i)
	}
	s.tellObject(kind, o)
}

func (s *Sim) tellObject(kind string, o object) {
	e := event{id: s.id("evt"), kind: kind, created: s.now(), object: o}
	s.events = append(s.events, e)
	if s.c.Hook == "" || s.spoil.Lose {
		return
	}
	s.due = append(s.due, delivery{event: e, due: s.c.Clock()})
	if s.spoil.Duplicate {
		s.due = append(s.due, delivery{event: e, due: s.c.Clock()})
	}
	s.poke()
}

func (s *Sim) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // already told
	}
}

// Spoil changes what happens to webhooks from now on. One that lets go of held ones sends the newest first.
func (s *Sim) Spoil(how Spoil) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spoil.Hold && !how.Hold {
		for i, j := 0, len(s.due)-1; i < j; i, j = i+1, j-1 {
			s.due[i], s.due[j] = s.due[j], s.due[i]
		}
	}
	s.spoil = how
	s.poke()
}

// Run sends webhooks until ctx ends.
func (s *Sim) Run(ctx context.Context) error {
	for {
		d, pause := s.next()
		if d == nil {
			select {
			case <-ctx.Done():
				return nil
			case <-s.wake:
			case <-time.After(pause):
			}
			continue
		}
		s.sent(*d, s.send(ctx, d.event) == nil)
		if ctx.Err() != nil {
			return nil
		}
	}
}

func (s *Sim) next() (d *delivery, pause time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pause = time.Hour
	if s.spoil.Hold {
		return nil, pause
	}
	now := s.c.Clock()
	for i, one := range s.due {
		if wait := one.due.Sub(now); wait > 0 {
			pause = min(pause, wait)
			continue
		}
		s.due = append(s.due[:i:i], s.due[i+1:]...)
		return &one, 0
	}
	return nil, pause
}

func (s *Sim) sent(d delivery, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Sent++
	switch {
	case ok:
		s.counts.Acked++
	case d.tries < len(pauses):
		d.due = s.c.Clock().Add(pauses[d.tries])
		d.tries++
		s.due = append(s.due, d)
	}
}

// Sign makes the header of a webhook.
func Sign(secret string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "%d.", at.Unix())
	_, _ = mac.Write(body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

func (s *Sim) send(ctx context.Context, e event) error {
	body, err := json.Marshal(e.show())
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.c.Hook, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Stripe-Signature", Sign(s.c.Secret, s.c.Clock(), body))
	response, err := s.c.Client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("answered %d", response.StatusCode)
	}
	return nil
}
