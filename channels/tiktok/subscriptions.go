package tiktok

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/wire"
)

const hooksPath = "/event/202309/webhooks"

// topics are those that something is done for, by the names that the vendor's Event API takes.
var topics = []string{
	"ORDER_STATUS_CHANGE", "CANCELLATION_STATUS_CHANGE", "RETURN_STATUS_CHANGE", "PACKAGE_UPDATE", "RECIPIENT_ADDRESS_UPDATE",
	"SELLER_DEAUTHORIZATION", "UPCOMING_AUTHORIZATION_EXPIRATION",
}

var readHooks = wire.Request{Name: "read webhooks", Method: http.MethodGet, Path: hooksPath}

// Subscriptions implements channels.Subscriber.
func (c *Connector) Subscriptions(ctx context.Context) ([]channels.Subscription, error) {
	data, err := c.Call(ctx, readHooks)
	if err != nil {
		return nil, err
	}
	return readSubscriptions(data)
}

func readSubscriptions(data json.RawMessage) ([]channels.Subscription, error) {
	var list struct {
		Webhooks []struct {
			Topic   channels.Text `json:"event_type"`
			Address channels.Text `json:"address"`
		} `json:"webhooks"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, wire.Unreadable(readHooks.Name, err)
	}
	goes := map[string]string{}
	for _, w := range list.Webhooks {
		goes[string(w.Topic)] = string(w.Address)
	}
	needed := make([]channels.Subscription, 0, len(topics))
	for _, topic := range topics {
		needed = append(needed, channels.Subscription{Topic: topic, Address: goes[topic]})
	}
	return needed, nil
}

// Subscribe implements channels.Subscriber. The vendor takes https on a domain name without a port.
func (c *Connector) Subscribe(ctx context.Context, s channels.Subscription) error {
	_, err := c.Call(ctx, wire.Request{
		Name: "write webhook", Method: http.MethodPut, Path: hooksPath, Write: true,
		Body: map[string]string{"event_type": s.Topic, "address": s.Address},
	})
	return err
}

// Unsubscribe implements channels.Subscriber.
func (c *Connector) Unsubscribe(ctx context.Context, topic string) error {
	_, err := c.Call(ctx, wire.Request{
		Name: "write webhook", Method: http.MethodDelete, Path: hooksPath, Write: true, Body: map[string]string{"event_type": topic},
	})
	return err
}
