package easypostsim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"

	"golang.org/x/text/unicode/norm"
)

// tries is how often a webhook is sent until it is answered with 2xx.
const tries = 3

type tracker struct {
	id, code, carrier, shipment, status string
	weight                              float64
}

type hook struct{ id, url, secret string }

// Event is a webhook as it is sent.
type Event struct {
	ID   string
	Body []byte
}

func (s *Sim) showTracker(t *tracker) obj {
	return obj{
		"id": t.id, "object": "Tracker", "mode": s.mode(), "tracking_code": t.code, "status": t.status, "status_detail": t.status, "carrier": t.carrier,
		"shipment_id": t.shipment, "signed_by": nil, "weight": number(t.weight), "est_delivery_date": nil, "created_at": s.now(), "updated_at": s.now(),
		"tracking_details": []any{}, "fees": []any{}, "public_url": "https://track.easypost.com/" + t.id,
	}
}

func (s *Sim) track(_ *http.Request, body obj) (any, *no) {
	code := text(body, "tracker", "tracking_code")
	if code == "" {
		return nil, invalid("TRACKER.CREATE.ERROR", "A tracking code is required.")
	}
	t := &tracker{id: s.id("trk"), code: code, carrier: text(body, "tracker", "carrier"), status: "unknown"}
	s.trackers = append(s.trackers, t)
	return s.showTracker(t), nil
}

func (s *Sim) readTracker(r *http.Request, _ obj) (any, *no) {
	at := slices.IndexFunc(s.trackers, func(t *tracker) bool { return t.id == r.PathValue("id") })
	if at < 0 {
		return nil, errNotFound
	}
	return s.showTracker(s.trackers[at]), nil
}

func (s *Sim) hook(_ *http.Request, body obj) (any, *no) {
	h := &hook{id: s.id("hook"), url: text(body, "webhook", "url"), secret: text(body, "webhook", "webhook_secret")}
	if h.url == "" {
		return nil, invalid("WEBHOOK.INVALID_PARAMS", "A url is required.")
	}
	s.hooks = append(s.hooks, h)
	return s.showHook(h), nil
}

func (s *Sim) showHook(h *hook) obj {
	return obj{"id": h.id, "object": "Webhook", "mode": s.mode(), "url": h.url, "disabled_at": nil, "created_at": s.now(), "custom_headers": []any{}}
}

func (s *Sim) listHooks(*http.Request, obj) (any, *no) {
	list := make([]any, len(s.hooks))
	for i, h := range s.hooks {
		list[i] = s.showHook(h)
	}
	return obj{"webhooks": list}, nil
}

func (s *Sim) unhook(r *http.Request, _ obj) (any, *no) {
	before := len(s.hooks)
	s.hooks = slices.DeleteFunc(s.hooks, func(h *hook) bool { return h.id == r.PathValue("id") })
	if len(s.hooks) == before {
		return nil, errNotFound
	}
	return obj{}, nil
}

// Hook has webhooks sent to an address, as the owner does in the vendor's dashboard.
func (s *Sim) Hook(url, secret string) {
	defer s.lock()()
	s.hooks = append(s.hooks, &hook{id: s.id("hook"), url: url, secret: secret})
}

// Sign is the header X-Hmac-Signature of a body.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(norm.NFKD.String(secret)))
	mac.Write(body)
	return "hmac-sha256-hex=" + hex.EncodeToString(mac.Sum(nil))
}

// Move gives a parcel another status and sends the news to every webhook; it returns what was sent.
func (s *Sim) Move(ctx context.Context, tracking, status string) (Event, error) {
	s.mu.Lock()
	at := slices.IndexFunc(s.trackers, func(t *tracker) bool { return t.code == tracking })
	if at < 0 {
		s.mu.Unlock()
		return Event{}, errors.New("no parcel has this number")
	}
	t := s.trackers[at]
	was := t.status
	t.status = status
	id := s.id("evt")
	body, err := json.Marshal(obj{
		"id": id, "object": "Event", "mode": s.mode(), "description": "tracker.updated", "status": "pending", "created_at": s.now(), "updated_at": s.now(),
		"previous_attributes": obj{"status": was}, "pending_urls": []any{}, "completed_urls": []any{}, "result": s.showTracker(t),
	})
	s.mu.Unlock()
	if err != nil {
		return Event{}, err
	}
	e := Event{ID: id, Body: body}
	return e, s.Send(ctx, e)
}

// Send sends an event to every webhook, once more than it was sent before.
func (s *Sim) Send(ctx context.Context, e Event) error {
	s.mu.Lock()
	hooks := slices.Clone(s.hooks)
	s.mu.Unlock()
	if s.cfg.Client == nil {
		return nil
	}
	var errs []error
	for _, h := range hooks {
		errs = append(errs, s.deliver(ctx, *h, e.Body))
	}
	return errors.Join(errs...)
}

func (s *Sim) deliver(ctx context.Context, h hook, body []byte) (err error) {
	for range tries {
		var status int
		if status, err = s.post(ctx, h, body); err == nil && status/100 == 2 {
			return nil
		}
		if err == nil {
			err = errors.New("the webhook was answered with " + http.StatusText(status))
		}
	}
	return err
}

func (s *Sim) post(ctx context.Context, h hook, body []byte) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	if h.secret != "" {
		r.Header.Set("X-Hmac-Signature", Sign(h.secret, body))
	}
	response, err := s.cfg.Client.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
	return response.StatusCode, err
}
