package tiktoksim

import (
	"maps"
	"slices"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/effects"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/hooks"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/journal"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/market"
)

// Counts are effects and refusals since the start.
type Counts struct {
	effects.Counts
	Webhooks          hooks.Counts   `json:"webhooks"`
	Requests          map[string]int `json:"requests"`           // by endpoint, refused ones included
	Codes             map[int]int    `json:"codes"`              // answers by non-zero code
	Faults            map[string]int `json:"faults"`             // API faults injected, by name
	RateLimited       int            `json:"rate_limited"`       // answers 429
	SignatureFailures int            `json:"signature_failures"` // requests whose sign was missing or wrong
}

// Twice returns the packages that were shipped or labelled more than once.
func (c Counts) Twice() []string {
	var twice []string
	for id, n := range c.Ships {
		if n > 1 || c.Labels[id] > 1 {
			twice = append(twice, id)
		}
	}
	slices.Sort(twice)
	return twice
}

// Shipped reads at the shop what became of its orders: how many units of each listing were shipped, and which orders are
// neither cancelled nor shipped with every package once.
func (s *Sim) Shipped(shopID string) (units map[string]int, open []string, err error) {
	defer s.lock()()
	st, err := s.market.Store(shopID)
	if err != nil {
		return nil, nil, err
	}
	units = map[string]int{}
	for id, o := range st.Orders {
		switch {
		case o.Status == market.Cancelled:
		case o.Status == market.PartiallyShipping, len(o.Parcels) == 0, slices.ContainsFunc(o.Parcels, func(p *market.Package) bool { return s.market.Counts.Ships[p.ID] != 1 }):
			open = append(open, id)
		default:
			for _, it := range o.Items {
				units[it.SKUID] += len(it.IDs())
			}
		}
	}
	slices.Sort(open)
	return units, open, nil
}

// Repeats is how many ship requests came beyond the first of each package, whatever they were answered.
func (c Counts) Repeats() (n int) {
	for _, attempts := range c.ShipAttempts {
		n += attempts - 1
	}
	return n
}

func newCounts() Counts {
	return Counts{Requests: map[string]int{}, Codes: map[int]int{}, Faults: map[string]int{}}
}

// Counts returns a copy.
func (s *Sim) Counts() Counts {
	defer s.lock()()
	c := s.counts
	c.Counts, c.Webhooks = s.market.Counts.Clone(), s.hooks.Counts()
	c.Requests, c.Faults, c.Codes = maps.Clone(c.Requests), maps.Clone(c.Faults), maps.Clone(c.Codes)
	return c
}

// Entry is one thing that happened here, for post-mortems.
type Entry = journal.Entry

// Journal returns the last 65,536 entries, oldest first.
func (s *Sim) Journal() []Entry { return s.journal.Entries() }

func (s *Sim) note(what, shop, id, detail string) {
	s.journal.Add(Entry{At: s.cfg.Clock(), What: what, Shop: shop, ID: id, Detail: detail})
}
