// Package terms makes of what the owner wants, and of what a channel can do, the settings by which the rule treats a listing.
package terms

import (
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/listings"
)

// Terms are what is known of one listing of a SKU.
type Terms struct {
	Can     *channels.Capabilities // nil while the shop has no connector
	Policy  listings.Policy        // the owner's
	Pushed  bool                   // its shop is written
	Follows string                 // of a catalogue: the listing whose figure it shows; empty = nobody sells what it shows
	Weight  int
	Look    time.Duration // between two looks at all quantities
	Settle  time.Duration // how long a write may still take effect
}

// Settings are those for the rule.
func (t Terms) Settings() exposure.Settings {
	set := exposure.Settings{
		Ability: exposure.Ability{Method: exposure.ReadOnly}, Policy: t.Policy.Policy, Buffer: t.Policy.Buffer, Weight: t.Weight, Lag: t.Look, Poll: t.Look,
	}
	if t.Policy.Policy == exposure.Escrow {
		set.Buffer, set.Keep = 0, t.Policy.Buffer
	}
	if t.Can == nil {
		return set
	}
	can := *t.Can
	set.Poll = max(set.Poll, can.PollEvery)
	set.Restocks, set.RefusesZero, set.Ceiling, set.Settle = can.RestocksCancels, !can.AcceptsZero, int(can.MaxQuantity), t.Settle
	if can.Write == channels.WriteCounter {
		set.Method, set.Lag, set.Poll = exposure.CompareAndSwap, 0, 0
		return set
	}
	if !can.TakesOrders {
		set.Catalogue, set.Follows = true, t.Follows
	}
	switch {
	case !t.Pushed:
	case set.Catalogue && set.Follows == "" && t.Policy.Follows == "":
	case can.Write == channels.WriteAbsolute:
		set.Method = exposure.Absolute
	case can.Write == channels.WriteCompareAndSwap:
		set.Method = exposure.CompareAndSwap
	}
	return set
}
