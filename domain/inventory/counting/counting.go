// Package counting books what a person counted.
package counting

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
)

// ErrCount refuses a count that can be none.
const ErrCount = eventlog.Refusal("A count is a whole number of units from 0 to 1,000,000,000, with a note of at most 100 characters.")

// Count is what a person counted, and what the ledger said when the count began.
type Count struct {
	SKU, Reason string
	Counted     int64
	OnHand      int64 // as the ledger said then
	Adjusted    int64 // the sum of all corrections, as the ledger said then
	Location    string
}

// Decider books the difference that a count found. What is sold, received or comes back meanwhile is in the ledger already and
// commutes with it; a correction that somebody else books there does not: it may be of the very units that this count misses.
func Decider() eventlog.Decider[inventory.State, Count] {
	adjusting := inventory.Adjusting()
	decide := func(s inventory.State, c Count) ([]eventlog.Event, error) {
		switch {
		case c.Counted < 0 || c.Counted > inventory.MaxUnits || utf8.RuneCountInString(c.Reason) > 100:
			return nil, ErrCount
		case !s.Known:
			return nil, inventory.ErrUnknown
		case s.Bundle():
			return nil, inventory.ErrBundle
		case s.Corrected(c.Location) != c.Adjusted:
			return nil, eventlog.Refusal(fmt.Sprintf("Somebody else corrected this SKU by %+d since the count began; the ledger says %d now. Begin the count again.",
				s.Corrected(c.Location)-c.Adjusted, s.Units(c.Location)))
		case c.Counted == c.OnHand:
			return nil, nil
		}
		return adjusting.Decide(s, inventory.Adjust{
			SKU: c.SKU, Delta: c.Counted - c.OnHand, Location: c.Location,
			Reason: strings.TrimSpace(fmt.Sprintf("Counted %d, the ledger said %d. %s", c.Counted, c.OnHand, c.Reason)),
		})
	}
	return eventlog.Decider[inventory.State, Count]{Name: adjusting.Name, Evolve: adjusting.Evolve, Keep: adjusting.Keep, Decide: decide}
}
