package ingest

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/vault"
)

// MaxBody is how long a webhook may be, in bytes.
const MaxBody = 1 << 20

// RetryAfter is what a sender that got 503 should wait at least.
const RetryAfter = 30 * time.Second

// Receive takes one webhook: it checks the signature over the raw body, stores the body durably and
// answers with a status: 200 stored, 401 wrong signature, 404 no such app (there is nothing to check
// a signature with), 413 too long, 503 not stored, come again after RetryAfter.
func (i *Ingest) Receive(ctx context.Context, channel, app string, header http.Header, body []byte) (status int) {
	a, known := i.o.Connect.App(channel, app)
	w, spoken := i.o.Connect.Webhooks(channel)
	if !known || !spoken {
		i.stray()
		return http.StatusNotFound
	}
	if len(body) > MaxBody {
		i.refused(a.ID)
		return http.StatusRequestEntityTooLarge
	}
	if err := w.Verify(a, header, body); err != nil {
		i.refused(a.ID)
		return http.StatusUnauthorized
	}
	if err := i.keep(ctx, a, w, header, body); err != nil {
		i.o.Logger.ErrorContext(ctx, "webhook not stored", "channel", channel, "app", a.ID, "error", err)
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// keep stores what is known to be the channel's, durably and once, and has it looked at.
func (i *Ingest) keep(ctx context.Context, app channels.App, w channels.Webhooks, header http.Header, body []byte) error {
	d := vault.Delivery{Channel: app.Channel, App: app.ID, Body: w.Keep(header, body), Received: i.o.Clock()}
	hints, err := w.Hints(d.Body)
	if err == nil && len(hints) > 0 { // unreadable: without a key, as every delivery may be another one
		d.Delivery = hints[0].Delivery
	}
	_, fresh, err := i.o.Vault.Put(ctx, d)
	if err != nil {
		return err
	}
	i.received(app, hints, d.Received, fresh)
	if fresh {
		i.signal()
	}
	i.o.Notify("sync")
	return nil
}

// queued stores a message of a connection's queue.
func (s *shop) queued(ctx context.Context, body []byte) error {
	app, known := s.o.Connect.App(s.Channel, s.App)
	w, spoken := s.o.Connect.Webhooks(s.Channel)
	if !known || !spoken {
		return fmt.Errorf("connection %s has no app that can be read", s.ID)
	}
	return s.keep(ctx, app, w, http.Header{}, body)
}

// received counts a webhook for its connection.
func (i *Ingest) received(app channels.App, hints []channels.Hint, at time.Time, fresh bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.app(app.ID).Stored++
	if len(hints) == 0 {
		return
	}
	if k := hints[0].Kind; k == channels.KindTest || k == channels.KindQuantity { // says nothing of whether those of orders come
		return
	}
	id, ok := i.o.Connect.ByShop(app.Channel, app.ID, hints[0].Shop)
	if s := i.shops[id]; ok && s != nil {
		s.counts.Webhook(at, fresh)
	}
}

// appCounts are kept for each app.
type appCounts struct {
	Stored  int64 `json:"stored"`
	Refused int64 `json:"refused"`
}

// app finds an app's counts. The caller holds the lock; ids are those of apps that exist.
func (i *Ingest) app(id string) *appCounts {
	c := i.apps[id]
	if c == nil {
		c = &appCounts{}
		i.apps[id] = c
	}
	return c
}

func (i *Ingest) refused(app string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.app(app).Refused++
}

func (i *Ingest) stray() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.strays++
}
