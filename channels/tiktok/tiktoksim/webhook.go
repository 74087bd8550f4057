package tiktoksim

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/api"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/market"
)

// topics are the event names the Event API takes, with the number their webhooks carry.
var topics = map[string]int{
	"ORDER_STATUS_CHANGE": 1, "REVERSE_STATUS_UPDATE": 2, "RECIPIENT_ADDRESS_UPDATE": 3, "PACKAGE_UPDATE": 4,
	"PRODUCT_STATUS_CHANGE": 5, "SELLER_DEAUTHORIZATION": 6, "UPCOMING_AUTHORIZATION_EXPIRATION": 7,
	"CANCELLATION_STATUS_CHANGE": 11, "RETURN_STATUS_CHANGE": 12, "NEW_CONVERSATION": 13, "NEW_MESSAGE": 14,
	"PRODUCT_INFORMATION_CHANGE": 15, "PRODUCT_CREATION": 16, "PRODUCT_CATEGORY_CHANGE": 18, "NEW_MESSAGE_LISTENER": 33,
	"INVOICE_STATUS_CHANGE": 36, "PRODUCT_AUDIT_STATUS_CHANGE": 37,
}

type subscription struct {
	address          string
	created, updated int64
}

type envelope struct {
	Type      int    `json:"type"`
	ID        string `json:"tts_notification_id,omitempty"`
	ShopID    string `json:"shop_id"`
	Timestamp int64  `json:"timestamp"`
	Data      any    `json:"data"`
}

// tell puts a change of the market into the vendor's words and queues it. It runs under the mutex.
func (s *Sim) tell(st *market.Store, n market.Notice) {
	sub, ok := s.members[st.ID].subscriptions[n.Topic]
	data := api.Notice(n)
	if !ok || data == nil {
		return
	}
	e := envelope{Type: topics[n.Topic], ID: s.market.ID("760"), ShopID: st.ID, Timestamp: s.cfg.Clock().Unix(), Data: data}
	id := e.ID
	if e.Type == 3 {
		e.ID = "" // the vendor's own sample of this type has none
	}
	body, err := json.Marshal(e)
	if err != nil {
		s.note("webhook not encoded", st.ID, id, err.Error())
		return
	}
	s.hooks.Queue(sub.address, id, body)
}

// subscribe takes http and ports, which the vendor does not: the hub under test is on this machine.
func (s *Sim) subscribe(m *member, c *api.Call) (any, error) {
	var q struct {
		EventType string `json:"event_type"`
		Address   string `json:"address"`
	}
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	address, err := url.Parse(q.Address)
	if err != nil || address.Host == "" || !strings.HasPrefix(address.Scheme, "http") || len(q.Address) > 255 {
		return nil, gateError(36009004, http.StatusBadRequest, "address must be a URL of at most 255 bytes")
	}
	if topics[q.EventType] == 0 {
		return nil, gateError(36009004, http.StatusBadRequest, "event_type is not one that can be subscribed to")
	}
	now := s.cfg.Clock().Unix()
	sub, ok := m.subscriptions[q.EventType]
	if !ok {
		sub.created = now
	}
	sub.address, sub.updated = q.Address, now
	m.subscriptions[q.EventType] = sub
	return nil, nil
}

func subscriptions(m *member, _ *api.Call) (any, error) {
	list := []obj{}
	for _, name := range slices.Sorted(maps.Keys(m.subscriptions)) {
		sub := m.subscriptions[name]
		list = append(list, obj{"event_type": name, "address": sub.address, "create_time": sub.created, "update_time": sub.updated})
	}
	return obj{"webhooks": list, "total_count": len(list)}, nil
}

func (s *Sim) unsubscribe(m *member, c *api.Call) (any, error) {
	var q struct {
		EventType string `json:"event_type"`
	}
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	if _, ok := m.subscriptions[q.EventType]; !ok {
		return nil, gateError(36009004, http.StatusBadRequest, "event_type is not subscribed to")
	}
	delete(m.subscriptions, q.EventType)
	return nil, nil
}
