package shopify

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/wire"
)

// topics are those that something is done for, by the names that the vendor's API takes.
var topics = []string{
	"ORDERS_CREATE", "ORDERS_PAID", "ORDERS_UPDATED", "ORDERS_EDITED", "ORDERS_CANCELLED", "REFUNDS_CREATE", "FULFILLMENTS_CREATE", "FULFILLMENTS_UPDATE",
	"INVENTORY_LEVELS_UPDATE", "APP_UNINSTALLED",
	// Last, because these are refused where the app lacks a scope that shops connected long ago may not have granted.
	"RETURNS_REQUEST", "RETURNS_APPROVE", "RETURNS_DECLINE", "RETURNS_CANCEL", "RETURNS_CLOSE", "RETURNS_REOPEN",
}

// hook is a subscription of the app's at the shop.
type hook struct {
	ID    channels.Text `json:"id"`
	Topic channels.Text `json:"topic"`
	URI   channels.Text `json:"uri"`
}

func readHooks(ctx context.Context, ask asker) ([]hook, error) {
	q := wire.Request{Name: "read webhooks", Document: subscriptionsDocument}
	data, err := ask(ctx, q)
	if err != nil {
		return nil, err
	}
	var list struct {
		Hooks struct {
			Nodes []hook `json:"nodes"`
		} `json:"webhookSubscriptions"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, wire.Unreadable(q.Name, err)
	}
	return list.Hooks.Nodes, nil
}

// needed tells where each topic that the hub needs goes, the first address of several.
func needed(list []hook) []channels.Subscription {
	out := make([]channels.Subscription, 0, len(topics))
	for _, topic := range topics {
		s := channels.Subscription{Topic: topic}
		if i := slices.IndexFunc(list, func(h hook) bool { return string(h.Topic) == topic }); i >= 0 {
			s.Address = string(list[i].URI)
		}
		out = append(out, s)
	}
	return out
}

// Subscriptions implements channels.Subscriber.
func (c *Connector) Subscriptions(ctx context.Context) ([]channels.Subscription, error) {
	list, err := readHooks(ctx, c.Call)
	if err != nil {
		return nil, err
	}
	return needed(list), nil
}

// Subscribe implements channels.Subscriber. The vendor takes https only.
func (c *Connector) Subscribe(ctx context.Context, s channels.Subscription) error {
	list, err := readHooks(ctx, c.Call)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(h hook) bool { return string(h.Topic) == s.Topic })
	switch {
	case i < 0:
		return c.hookCall(ctx, subscribeDocument, map[string]any{"topic": s.Topic, "uri": s.Address})
	case string(list[i].URI) == s.Address:
		return nil
	}
	return c.hookCall(ctx, resubscribeDocument, map[string]any{"id": string(list[i].ID), "uri": s.Address})
}

// Unsubscribe implements channels.Subscriber.
func (c *Connector) Unsubscribe(ctx context.Context, topic string) error {
	list, err := readHooks(ctx, c.Call)
	if err != nil {
		return err
	}
	for _, h := range list {
		if string(h.Topic) != topic {
			continue
		}
		if err := c.hookCall(ctx, unsubscribeDocument, map[string]any{"id": string(h.ID)}); err != nil {
			return err
		}
	}
	return nil
}

// hookCall writes a subscription; each payload has its userErrors alone in common.
func (c *Connector) hookCall(ctx context.Context, document string, vars map[string]any) error {
	const name = "write webhook"
	data, err := c.Call(ctx, wire.Request{Name: name, Document: document, Variables: vars, Write: true})
	if err != nil {
		return err
	}
	var answer map[string]struct {
		Errors []wire.UserError `json:"userErrors"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return wire.Lost(name, err)
	}
	for _, payload := range answer {
		if err := wire.Refused(name, payload.Errors); err != nil {
			return err
		}
	}
	return nil
}
