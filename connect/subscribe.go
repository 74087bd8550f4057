package connect

import (
	"context"
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
)

// WebhookAddress is where a connection's channel sends webhooks; empty when the hub has no public address.
func (r *Registry) WebhookAddress(c channels.Connection) string {
	if r.o.Public == "" {
		return ""
	}
	return r.o.Public + "/webhooks/" + c.Channel + "/" + c.App
}

// Subscribe has the channel send the webhooks that the hub needs, those that go nowhere; with take also those that go
// elsewhere, which may be another hub's. Each topic is an event. It does nothing where the hub has no public address, or
// the channel's webhooks are not configured by calls.
func (r *Registry) Subscribe(ctx context.Context, id string, take bool) error {
	r.mu.RLock()
	s := r.shops[id]
	r.mu.RUnlock()
	if s == nil {
		return eventlog.Refusal(fmt.Sprintf("There is no connection %q.", channels.Short(id, 40)))
	}
	address := r.WebhookAddress(s.Connection)
	c, ok := s.connector.(channels.Subscriber)
	if address == "" || !ok {
		return nil
	}
	select {
	case r.hooks <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.hooks }()
	err := r.subscribe(ctx, s.Connection, c, address, take)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.refused, id)
	if err != nil {
		r.refused[id] = channels.Short(err.Error(), 300)
	}
	return err
}

// Refused is why a connection's webhooks could not be set up at the last try; empty = they could.
func (r *Registry) Refused(id string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.refused[id]
}

func (r *Registry) subscribe(ctx context.Context, s channels.Connection, c channels.Subscriber, address string, take bool) error {
	list, err := c.Subscriptions(ctx)
	if err != nil {
		return fmt.Errorf("set up webhooks: %w", err)
	}
	for _, old := range list {
		if old.Address == address || old.Address != "" && !take {
			continue
		}
		if err := c.Subscribe(ctx, channels.Subscription{Topic: old.Topic, Address: address}); err != nil {
			return fmt.Errorf("set up webhooks: %w", err)
		}
		_, err := eventlog.Execute(ctx, r.log, events.Connection(r.o.Workspace, s.ID), shops.Noting[events.Subscribed](), events.Subscribed{
			Connection: s.ID, Topic: old.Topic, Address: address, Was: channels.Short(old.Address, 255),
		}, eventlog.Meta{Actor: "system:connect", Cause: "connect", Correlation: s.ID})
		if err != nil {
			return fmt.Errorf("say that webhooks of %s were set up: %w", old.Topic, err)
		}
	}
	return nil
}

// Ends is when a connection's authorisation ends unless it is used before, as far as the token says; zero = not known.
func (r *Registry) Ends(id string) time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s := r.shops[id]
	if s == nil || r.keepers[s.token] == nil {
		return time.Time{}
	}
	return r.keepers[s.token].Ends()
}
