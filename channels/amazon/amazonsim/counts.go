package amazonsim

import (
	"maps"
	"slices"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/journal"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/market"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/queue"
)

// Counts are effects and refusals since the start.
type Counts struct {
	market.Counts
	Queue       queue.Counts   `json:"queue"`
	Lost        int            `json:"lost"`         // notifications that, by fault, were never published
	Requests    map[string]int `json:"requests"`     // by endpoint, refused ones included
	Codes       map[string]int `json:"codes"`        // refusals by code
	Faults      map[string]int `json:"faults"`       // API faults injected, by name
	RateLimited int            `json:"rate_limited"` // answers 429
	Unsigned    int            `json:"unsigned"`     // queue requests whose signature was missing or wrong
}

func newCounts() Counts {
	return Counts{Requests: map[string]int{}, Codes: map[string]int{}, Faults: map[string]int{}}
}

// Counts returns a copy.
func (s *Sim) Counts() Counts {
	defer s.lock()()
	c := s.counts
	c.Counts, c.Queue = s.market.Counts, s.queue.Counts
	for _, m := range []*map[string]int{&c.Ships, &c.Edits, &c.ShipAttempts, &c.Cancels, &c.Requests, &c.Codes, &c.Faults} {
		*m = maps.Clone(*m)
	}
	return c
}

// Twice returns the parcels, as "order/reference", that were confirmed as new more than once.
func (c Counts) Twice() (twice []string) {
	for key, n := range c.Ships {
		if n > 1 {
			twice = append(twice, key)
		}
	}
	slices.Sort(twice)
	return twice
}

// Shipped reads at the seller what became of its orders: how many units of each SKU were shipped, and which orders of the
// seller's own warehouse are neither cancelled nor shipped.
func (s *Sim) Shipped(seller string) (units map[string]int, open []string, err error) {
	defer s.lock()()
	m, err := s.market.Seller(seller)
	if err != nil {
		return nil, nil, err
	}
	units = map[string]int{}
	for id, o := range m.Orders {
		if !o.AFN && o.Status != market.Cancelled && o.Status != market.Shipped {
			open = append(open, id)
		}
		for _, it := range o.Items {
			if it.Sent > 0 {
				units[it.SKU] += it.Sent
			}
		}
	}
	slices.Sort(open)
	return units, open, nil
}

// Entry is one thing that happened here, for post-mortems.
type Entry = journal.Entry

// Journal returns the last 65,536 entries, oldest first.
func (s *Sim) Journal() []Entry { return s.journal.Entries() }

func (s *Sim) note(what, seller, id, detail string) {
	s.journal.Note(Entry{At: s.cfg.Clock(), What: what, Seller: seller, ID: id, Detail: detail})
}
