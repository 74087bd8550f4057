package outage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/vault"
)

// poison is a webhook that nothing can be done with.
type poison struct {
	name   string
	body   []byte
	forged bool
	status int      // that it must be answered with
	states []string // of the inbox, one of which it must be in with a reason; none = it must not be there
}

// poisons are the ten kinds, and the good webhook whose id one of them takes.
func poisons(shop string) []poison {
	now := time.Now().Unix()
	webhook := func(id, shop, kind, data string) []byte {
		return fmt.Appendf(nil, `{"type":%s,"tts_notification_id":"poison-%s","shop_id":"%s","timestamp":%d,"data":%s}`, kind, id, shop, now, data)
	}
	order := func(id string) string {
		return fmt.Sprintf(`{"order_id":"%s","order_status":"AWAITING_SHIPMENT","update_time":%d}`, id, now)
	}
	const none = "5769999999999999999" // no order at the shop
	huge := webhook("huge", shop, "1", `{"order_id":"`+strings.Repeat("9", 1<<20)+`"}`)
	return []poison{
		{name: "garbled JSON", body: webhook("garbled", shop, "1", order(none))[:60], status: http.StatusOK, states: []string{vault.Quarantined}},
		{name: "unknown type", body: webhook("type", shop, "9876", `{"x":1}`), status: http.StatusOK, states: []string{vault.Done}},
		{name: "unknown shop", body: webhook("shop", "7490000000000009999", "1", order(none)), status: http.StatusOK, states: []string{vault.Unknown}},
		{name: "wrong signature", body: webhook("forged", shop, "1", order(none)), forged: true, status: http.StatusUnauthorized},
		{name: "missing fields", body: webhook("fields", shop, "1", `{"order_status":"UNPAID"}`), status: http.StatusOK, states: []string{vault.Quarantined}},
		{
			name: "absurd numbers", body: webhook("numbers", shop, "1", `{"order_id":-1e308,"update_time":99999999999999999999}`),
			status: http.StatusOK, states: []string{vault.Quarantined},
		},
		{name: "huge body", body: huge, status: http.StatusRequestEntityTooLarge},
		{name: "known type that needs nothing", body: webhook("twice", shop, "5", `{"product_id":1}`), status: http.StatusOK, states: []string{vault.Done}},
		{name: "its id with another body", body: webhook("twice", shop, "1", order(none)), status: http.StatusOK},
		{
			name: "an order that the shop does not know", body: webhook("unknown", shop, "1", order(none)),
			status: http.StatusOK, states: []string{vault.Pending, vault.Quarantined, vault.Dead},
		},
		{
			name: "no UTF-8", body: bytes.ReplaceAll(webhook("utf8", shop, "1", order("57@")), []byte("@"), []byte{0xff, 0xfe}),
			status: http.StatusOK, states: []string{vault.Quarantined},
		},
	}
}

// deliver sends the next kind of poison until it gets the hub's answer.
func (x *breaker) deliver(ctx context.Context) error {
	p := x.poison[x.turn%len(x.poison)]
	x.turn++
	for began := time.Now(); ; {
		status, err := x.Deliver(ctx, p.body, !p.forged)
		switch {
		case err == nil && status == p.status:
			return nil
		case err == nil && status != http.StatusServiceUnavailable:
			x.Broke("a webhook with %s was answered with %d, want %d", p.name, status, p.status)
			return nil
		case time.Since(began) > patience:
			return fmt.Errorf("a webhook with %s got no answer in %s: %d, %w", p.name, patience, status, err)
		}
		if err := x.acknowledges(ctx); err != nil {
			return err
		}
	}
}

// settled waits until the hub has looked at every kind of poison; judge says which it has not.
func (x *breaker) settled(ctx context.Context) error {
	for began := time.Now(); time.Since(began) < patience; {
		kept := map[string]drill.Webhook{}
		for number := 1; ; number++ {
			w, found := x.Webhook(ctx, number)
			if !found {
				break
			}
			kept[w.Hash] = w
		}
		if !slices.ContainsFunc(x.poison, func(p poison) bool {
			w := kept[fmt.Sprintf("%x", sha256.Sum256(p.body))]
			return len(p.states) > 0 && (w.Reason == "" || !slices.Contains(p.states, w.State))
		}) {
			return nil
		}
		if err := drill.Sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// judge looks for every kind of poison in the inbox.
func (x *breaker) judge(ctx context.Context) error {
	inbox, err := x.Inbox(ctx)
	if err != nil {
		return err
	}
	for _, p := range x.poison {
		item, found := inbox[sha256.Sum256(p.body)]
		switch {
		case len(p.states) == 0 && found:
			x.Broke("a webhook with %s is in the inbox, %s", p.name, item.State)
		case len(p.states) == 0:
		case !found:
			x.Broke("a webhook with %s was answered with %d and is lost", p.name, p.status)
		case !slices.Contains(p.states, item.State) || item.Reason == "":
			x.Broke("a webhook with %s is %s (%q), want one of %v and a reason", p.name, item.State, item.Reason, p.states)
		}
	}
	return nil
}
