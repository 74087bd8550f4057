package listings

import (
	events "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Counter is what may be sold of a SKU on a connection whose orders are entered here: to the rule of exposure a shop like any
// other, whose quantity stands in the log and not at a channel.
type Counter struct {
	Units  int  `json:"units"`
	Number int  `json:"number,omitzero"` // of the last write
	Open   bool `json:"open,omitzero"`   // as many as are available
}

// ErrMoved refuses to set a counter that holds other units than the writer thought: somebody bought.
const ErrMoved = eventlog.Refusal("The counter holds other units by now. Read it and try again.")

// Counting sets a counter where From stands, as a compare-and-swap; whether it is open stays.
func Counting() eventlog.Decider[State, events.CounterSet] {
	return decider(func(s State, e events.CounterSet) ([]eventlog.Event, error) {
		c := s.Counters[e.Connection]
		if c.Units != e.From {
			return nil, ErrMoved
		}
		e.Open = c.Open
		return []eventlog.Event{e}, nil
	})
}

// Sellable is how many units of a SKU may be sold on a connection whose orders are entered here; limited is false while nothing but
// the stock limits it: the shops mirror, or the hub writes none of this SKU's and so cannot know what they offer. A SKU whose stock
// is shared with bundles is never mirrored.
func Sellable(sku, all State, connection string, shared bool) (units int, limited bool) {
	c, known := sku.Counters[connection]
	if !known || c.Open || all.Counters[""].Open || !shared && Of(sku, all, connection).Policy == exposure.Mirror {
		return 0, false
	}
	return c.Units, true
}

// Offered are the connections that the last writes told to sell some of a SKU.
func Offered(s State) map[string]bool {
	offered := map[string]bool{}
	for _, w := range s.Writes {
		if w.Sent.To > 0 && w.Answer != "refused" && w.Answer != "stale" {
			offered[w.Sent.Connection] = true
		}
	}
	return offered
}
