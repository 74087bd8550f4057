package shopifysim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/api"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/hooks"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/market"
)

// tell puts a change of the market into the vendor's payload and queues it for each subscription of its topic: they share
// the event id and each has a webhook id of its own. It runs under the mutex.
func (s *Sim) tell(st *market.Store, n market.Notice) {
	m := s.members[st.Domain]
	if m == nil {
		return // while the shop is being added
	}
	now := s.cfg.Clock()
	event := s.market.UUID()
	var body []byte
	for _, sub := range m.hooks.List {
		if sub.Topic != n.Topic {
			continue
		}
		if body == nil {
			var err error
			if body, err = json.Marshal(api.Payload(st, n)); err != nil {
				s.note("webhook not encoded", st.Domain, event, err.Error())
				return
			}
		}
		s.hooks.Queue(hooks.Delivery{
			URL: sub.URI, ID: event, Shop: st.Domain, Subscription: sub.ID, Body: body,
			Header: headers(api.Topic(n.Topic), st.Domain, event, s.market.UUID(), now),
		})
	}
}

// headers are what the vendor sends beside the signature.
func headers(topic, domain, event, webhook string, at time.Time) http.Header {
	h := http.Header{}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "X-Shopify-Topic": topic, "X-Shopify-Shop-Domain": domain, "X-Shopify-API-Version": Version,
		"X-Shopify-Webhook-Id": webhook, "X-Shopify-Event-Id": event, "X-Shopify-Triggered-At": at.UTC().Format(time.RFC3339Nano),
		"User-Agent": "Shopify-Captain-Hook",
	} {
		h.Set(name, value)
	}
	return h
}

// dead ends the subscription whose delivery failed its last retry, as the vendor ends those that were made by the API.
func (s *Sim) dead(shop string, id int64) {
	defer s.lock()()
	if m := s.members[shop]; m != nil && m.hooks.Drop(id) {
		s.counts.SubscriptionsDeleted++
		s.note("subscription deleted", shop, fmt.Sprint(id), "after eight retries")
	}
}
