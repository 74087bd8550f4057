package instagram

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/instagram/wire"
)

// An app has one address for all its Instagram webhooks, and a list of fields that go there; an account has a list of fields
// that it gives to the app. A topic comes in when both name it.

func (c *Connector) readApp() wire.Request {
	return wire.Request{Name: "read webhooks", Method: http.MethodGet, Path: c.app.Key + "/subscriptions", AsApp: true}
}

func (c *Connector) readAccount() wire.Request {
	return wire.Request{Name: "read account's webhooks", Method: http.MethodGet, Path: c.shop.ShopID + "/subscribed_apps"}
}

// Subscriptions implements channels.Subscriber.
func (c *Connector) Subscriptions(ctx context.Context) ([]channels.Subscription, error) {
	ofApp, err := c.Call(ctx, c.readApp())
	if err != nil {
		return nil, err
	}
	ofAccount, err := c.Call(ctx, c.readAccount())
	if err != nil {
		return nil, err
	}
	return c.subscriptions(ofApp, ofAccount)
}

// subscriptions reads both lists: where each signal goes, if it goes anywhere.
func (c *Connector) subscriptions(ofApp, ofAccount json.RawMessage) ([]channels.Subscription, error) {
	address, fields, err := appFields(ofApp)
	if err != nil {
		return nil, err
	}
	given, err := c.accountFields(ofAccount)
	if err != nil {
		return nil, err
	}
	list := make([]channels.Subscription, 0, len(signals))
	for _, topic := range signals {
		s := channels.Subscription{Topic: topic}
		if slices.Contains(fields, topic) && slices.Contains(given, topic) {
			s.Address = address
		}
		list = append(list, s)
	}
	return list, nil
}

func appFields(data json.RawMessage) (address string, fields []string, err error) {
	var list struct {
		Data []struct {
			Object   channels.Text `json:"object"`
			Address  channels.Text `json:"callback_url"`
			Inactive *bool         `json:"active"`
			Fields   []struct {
				Name channels.Text `json:"name"`
			} `json:"fields"`
		} `json:"data"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return "", nil, wire.Unreadable("read webhooks", err)
	}
	for _, s := range list.Data {
		if s.Object != "instagram" || s.Inactive != nil && !*s.Inactive {
			continue
		}
		address = string(s.Address)
		for _, f := range s.Fields {
			fields = append(fields, string(f.Name))
		}
	}
	return address, fields, nil
}

func (c *Connector) accountFields(data json.RawMessage) (fields []string, err error) {
	var list struct {
		Data []struct {
			ID     channels.Text   `json:"id"`
			Fields []channels.Text `json:"subscribed_fields"`
		} `json:"data"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, wire.Unreadable("read account's webhooks", err)
	}
	for _, s := range list.Data {
		if s.ID != "" && string(s.ID) != c.app.Key {
			continue
		}
		for _, f := range s.Fields {
			fields = append(fields, string(f))
		}
	}
	return fields, nil
}

// Subscribe implements channels.Subscriber. Before the vendor takes the address it asks there with the app's verify token.
// What else goes to that address goes on.
func (c *Connector) Subscribe(ctx context.Context, s channels.Subscription) error {
	ofApp, err := c.Call(ctx, c.readApp())
	if err != nil {
		return err
	}
	_, fields, err := appFields(ofApp)
	if err != nil {
		return err
	}
	if !slices.Contains(fields, s.Topic) {
		fields = append(fields, s.Topic)
	}
	_, err = c.Call(ctx, wire.Request{
		Name: "write webhooks", Method: http.MethodPost, Path: c.app.Key + "/subscriptions", Write: true, AsApp: true,
		Body: map[string]string{
			"object": "instagram", "callback_url": s.Address, "fields": strings.Join(fields, ","), "verify_token": Webhooks{}.VerifyToken(c.app),
		},
	})
	if err != nil {
		return err
	}
	return c.give(ctx, func(given []string) []string {
		if slices.Contains(given, s.Topic) {
			return given
		}
		return append(given, s.Topic)
	})
}

// Unsubscribe implements channels.Subscriber: the account gives the topic no more; other accounts of the app go on.
func (c *Connector) Unsubscribe(ctx context.Context, topic string) error {
	return c.give(ctx, func(given []string) []string {
		return slices.DeleteFunc(given, func(field string) bool { return field == topic })
	})
}

// give changes what the account gives to the app.
func (c *Connector) give(ctx context.Context, change func([]string) []string) error {
	ofAccount, err := c.Call(ctx, c.readAccount())
	if err != nil {
		return err
	}
	given, err := c.accountFields(ofAccount)
	if err != nil {
		return err
	}
	after := change(slices.Clone(given))
	q := wire.Request{Name: "write account's webhooks", Method: http.MethodPost, Path: c.shop.ShopID + "/subscribed_apps", Write: true}
	switch {
	case slices.Equal(given, after):
		return nil
	case len(after) == 0:
		q.Method = http.MethodDelete
	default:
		q.Body = map[string]string{"subscribed_fields": strings.Join(after, ",")}
	}
	_, err = c.Call(ctx, q)
	return err
}
