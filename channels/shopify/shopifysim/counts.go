package shopifysim

import (
	"maps"
	"slices"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/hooks"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/journal"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/market"
)

// Counts are effects and refusals since the start.
type Counts struct {
	market.Counts
	Webhooks             hooks.Counts   `json:"webhooks"`
	Requests             map[string]int `json:"requests"` // by operation name or path, refused ones included
	Codes                map[string]int `json:"codes"`    // errors by code
	Faults               map[string]int `json:"faults"`   // API faults injected, by name
	Throttled            int            `json:"throttled"`
	Points               int            `json:"points"` // spent
	Refreshes            int            `json:"refreshes"`
	SubscriptionsDeleted int            `json:"subscriptions_deleted"`
}

// Twice returns the parcels ("order/tracking number") that were made and the orders that were captured more than once.
func (c Counts) Twice() (twice []string) {
	for _, counted := range []map[string]int{c.Fulfillments, c.Captures, c.QuantityWrites} {
		for key, n := range counted {
			if n > 1 {
				twice = append(twice, key)
			}
		}
	}
	slices.Sort(twice)
	return twice
}

func newCounts() Counts {
	return Counts{Requests: map[string]int{}, Codes: map[string]int{}, Faults: map[string]int{}}
}

// Counts returns a copy.
func (s *Sim) Counts() Counts {
	defer s.lock()()
	c := s.counts
	c.Counts, c.Webhooks = s.market.Counts, s.hooks.Counts()
	for _, m := range []*map[string]int{
		&c.Fulfillments, &c.FulfillAttempts, &c.Captures, &c.SellerCancels, &c.QuantityWrites, &c.ReturnSteps, &c.ReturnTries, &c.Refunds, &c.Requests, &c.Codes, &c.Faults,
	} {
		*m = maps.Clone(*m)
	}
	return c
}

// Entry is one thing that happened here, for post-mortems.
type Entry = journal.Entry

// Journal returns the last 65,536 entries, oldest first.
func (s *Sim) Journal() []Entry { return s.journal.Entries() }

func (s *Sim) note(what, shop, id, detail string) {
	s.journal.Add(Entry{At: s.cfg.Clock(), What: what, Shop: shop, ID: id, Detail: detail})
}
