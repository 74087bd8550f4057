package tiktoksim

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/market"
)

// SetScopes makes the newest authorisation of a shop include these scopes and no others.
func (s *Sim) SetScopes(shopID string, scopes ...string) error {
	defer s.lock()()
	m, err := s.member(shopID)
	if err == nil {
		m.auth.scopes = scopes
	}
	return err
}

// Withdraw takes one shop out of every authorisation: the seller's other shops stay open to their tokens. An authorisation
// without any shop ends.
func (s *Sim) Withdraw(shopID string) error {
	defer s.lock()()
	m, err := s.member(shopID)
	if err != nil {
		return err
	}
	for _, grants := range []map[string]grant{s.access, s.refresh, s.codes} {
		for _, g := range grants {
			g.shops = slices.DeleteFunc(g.shops, func(other *member) bool { return other == m })
		}
		maps.DeleteFunc(grants, func(_ string, g grant) bool { return len(g.shops) == 0 })
	}
	s.note("shop withdrawn", m.ID, "", "")
	return nil
}

// SetWebhook says where one topic of a shop goes from now on; "" ends it.
func (s *Sim) SetWebhook(shopID, topic, address string) error {
	defer s.lock()()
	m, err := s.member(shopID)
	switch {
	case err != nil:
		return err
	case topics[topic] == 0:
		return ErrUnknown
	case address == "":
		delete(m.subscriptions, topic)
		return nil
	}
	now := s.cfg.Clock().Unix()
	m.subscriptions[topic] = subscription{address, now, now}
	return nil
}

// SetWarehouse gives the warehouse that a shop sells from one of the vendor's states: ENABLED, DISABLED, RESTRICTED.
func (s *Sim) SetWarehouse(shopID, status string) error {
	defer s.lock()()
	st, err := s.market.Store(shopID)
	if err == nil {
		st.WarehouseStatus = status
	}
	return err
}

// WarnExpiry tells a shop's app that the authorisation will end, as the vendor does daily in the last 30 days.
func (s *Sim) WarnExpiry(shopID string, ends time.Time) error {
	defer s.lock()()
	st, err := s.market.Store(shopID)
	if err == nil {
		s.tell(st, market.Notice{Topic: "UPCOMING_AUTHORIZATION_EXPIRATION", Status: strconv.FormatInt(ends.Unix(), 10)})
	}
	return err
}
