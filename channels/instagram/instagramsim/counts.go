package instagramsim

import (
	"maps"

	"github.com/creatorflow/creatorflow/channels/instagram/instagramsim/hooks"
)

// Counts are effects and refusals since the start.
type Counts struct {
	Webhooks         hooks.Counts   `json:"webhooks"`
	Requests         map[string]int `json:"requests"` // by endpoint, refused ones included
	Codes            map[int]int    `json:"codes"`    // answers by the code of their error
	Faults           map[string]int `json:"faults"`   // API faults injected, by name
	Writes           map[string]int `json:"writes"`   // quantity writes that took effect, by the item's code
	Comments         map[string]int `json:"comments"` // by field
	Batches          int            `json:"batches"`
	Created          int            `json:"created"`     // items that a batch made
	NotApplied       int            `json:"not_applied"` // item updates accepted and never applied
	RateLimited      int            `json:"rate_limited"`
	Tokens           int            `json:"tokens"`    // calls refused for their token
	Refreshes        int            `json:"refreshes"` // long-lived tokens made
	Handshakes       int            `json:"handshakes"`
	HandshakesFailed int            `json:"handshakes_failed"`
	Unsubscribed     int            `json:"unsubscribed"` // comments that nobody is told of
}

func newCounts() Counts {
	return Counts{Requests: map[string]int{}, Codes: map[int]int{}, Faults: map[string]int{}, Writes: map[string]int{}, Comments: map[string]int{}}
}

// Counts returns a copy.
func (s *Sim) Counts() Counts {
	defer s.lock()()
	c := s.counts
	c.Webhooks = s.hooks.Counts()
	for _, m := range []*map[string]int{&c.Requests, &c.Faults, &c.Writes, &c.Comments} {
		*m = maps.Clone(*m)
	}
	c.Codes = maps.Clone(c.Codes)
	return c
}

func (s *Sim) count(code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Codes[code]++
}
