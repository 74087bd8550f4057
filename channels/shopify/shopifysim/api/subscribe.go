package api

import (
	"net/url"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/market"
)

// Hooks are an app's webhook subscriptions at one shop.
type Hooks struct{ List []*Subscription }

// Subscription is one topic that goes to one address.
type Subscription struct {
	ID               int64
	Topic, URI       string
	Created, Updated time.Time
}

func (h *Hooks) find(id int64) *Subscription {
	i := slices.IndexFunc(h.List, func(s *Subscription) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return h.List[i]
}

// Drop ends a subscription and says whether it was there.
func (h *Hooks) Drop(id int64) bool {
	before := len(h.List)
	h.List = slices.DeleteFunc(h.List, func(s *Subscription) bool { return s.ID == id })
	return len(h.List) < before
}

func (c *Call) subscription(s *Subscription) obj {
	return obj{
		"__typename": "WebhookSubscription", "id": GID("WebhookSubscription", s.ID), "topic": s.Topic, "uri": s.URI, "format": "JSON", "filter": "",
		"includeFields": []any{}, "createdAt": stamp(s.Created), "updatedAt": stamp(s.Updated),
	}
}

func (c *Call) subscriptions(a args) (any, error) {
	topics := a.Texts("topics")
	list := slices.DeleteFunc(slices.Clone(c.Hooks.List), func(s *Subscription) bool {
		return len(topics) > 0 && !slices.Contains(topics, s.Topic) || a.Text("uri") != "" && a.Text("uri") != s.URI
	})
	return paged("WebhookSubscription", list, c.subscription)(a)
}

// address takes http and ports, which the vendor does not: the hub under test is on this machine.
func address(in args) (string, error) {
	uri := in.Text("uri")
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", market.Refusal{Message: "Address is invalid", Field: []string{"webhookSubscription", "uri"}}
	}
	return uri, nil
}

func (c *Call) subscribe(a args, _ string) (any, error) {
	uri, err := address(a.In("webhookSubscription"))
	topic := a.Text("topic")
	if err == nil && slices.ContainsFunc(c.Hooks.List, func(s *Subscription) bool { return s.Topic == topic && s.URI == uri }) {
		err = market.Refusal{Message: "Address for this topic has already been taken", Field: []string{"webhookSubscription", "uri"}}
	}
	if err != nil {
		return refused(err, "userErrors", "webhookSubscription")
	}
	s := &Subscription{ID: c.Market.ID(), Topic: topic, URI: uri, Created: c.Now, Updated: c.Now}
	c.Hooks.List = append(c.Hooks.List, s)
	return obj{"webhookSubscription": c.subscription(s), "userErrors": []obj{}}, nil
}

func (c *Call) resubscribe(a args, _ string) (any, error) {
	uri, err := address(a.In("webhookSubscription"))
	s := c.Hooks.find(ungid(a.Text("id"), "WebhookSubscription"))
	if err == nil && s == nil {
		err = market.Refusal{Message: "Webhook subscription does not exist", Field: []string{"id"}}
	}
	if err != nil {
		return refused(err, "userErrors", "webhookSubscription")
	}
	s.URI, s.Updated = uri, c.Now
	return obj{"webhookSubscription": c.subscription(s), "userErrors": []obj{}}, nil
}

func (c *Call) unsubscribe(a args, _ string) (any, error) {
	if !c.Hooks.Drop(ungid(a.Text("id"), "WebhookSubscription")) {
		return refused(market.Refusal{Message: "Webhook subscription does not exist", Field: []string{"id"}}, "userErrors", "deletedWebhookSubscriptionId")
	}
	return obj{"deletedWebhookSubscriptionId": a.Text("id"), "userErrors": []obj{}}, nil
}
