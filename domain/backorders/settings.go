// Package backorders says what is done with an order that there is not enough stock for: it is held until a person retries it, it
// waits in its turn for what comes, or it is cancelled at its channel. The owner says which, for all SKUs and for single ones.
//
//	the flow of an order ─► inventory.InTurn: all it needs, less what others wait for whose turn comes before ─► it has its units
//	                     └► Missing ─► held │ stock.backordered in the queues of all its SKUs │ order.answer_asked: cancel
//	news of stock, and of who left ─► every order that waits for the SKU asks again; only whose turn it is gets anything
//
// A queue is a part of its SKU's stream, so that whose turn it is and what there is are decided together. An order stands in the queues
// of all its SKUs, short of them or not, under one place among all orders: who was moved to the front last, then who ordered first by
// the channel's clock. It gets all its units or none. So of two orders that wait for the same two SKUs the same one comes first in both
// queues, the first of all orders waits for nothing but goods, and nobody waits for ever who is not passed by hand.
package backorders

import (
	"maps"

	events "github.com/creatorflow/creatorflow/domain/events/shortages"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
)

// What is done with an order that there is not enough stock for.
const (
	Hold      = "hold"
	Backorder = "backorder"
	Cancel    = "cancel"
)

// maxOwn bounds how many SKUs have a path of their own: every order looks at the settings.
const maxOwn = 5000

// Rules' answers.
const (
	ErrPath = eventlog.Refusal("What is done without stock is hold, backorder or cancel; of a single SKU also nothing, to do as for all.")
	ErrOwn  = eventlog.Refusal("As many SKUs as can have an own answer to missing stock have one. Set the answer for all, or take one back.")
)

// Settings are what was set so far.
type Settings struct {
	All string            // empty while nobody has set it
	Own map[string]string // by SKU
}

// For is what is done when a SKU is missing.
func (s Settings) For(sku string) string {
	switch own := s.Own[sku]; {
	case own != "":
		return own
	case s.All != "":
		return s.All
	}
	return Hold
}

// path is what is done when all of these are missing: where one of them asks for a person a person decides, and who waits for what will
// not come waits in vain.
func (s Settings) path(short []inventory.Short) string {
	found := map[string]bool{}
	for _, lack := range short {
		found[s.For(lack.SKU)] = true
	}
	switch {
	case found[Hold]:
		return Hold
	case found[Cancel]:
		return Cancel
	}
	return Backorder
}

// Setting sets what is done; the same again yields no event.
func Setting() eventlog.Decider[Settings, events.PathSet] {
	return eventlog.Decider[Settings, events.PathSet]{Name: "shortage", Evolve: evolve, Decide: func(s Settings, e events.PathSet) ([]eventlog.Event, error) {
		known := e.Path == Hold || e.Path == Backorder || e.Path == Cancel
		switch {
		case e.SKU != "" && !inventory.ValidSKU(e.SKU):
			return nil, inventory.ErrSKU
		case !known && (e.SKU == "" || e.Path != ""):
			return nil, ErrPath
		case e.SKU == "" && e.Path == s.All, e.SKU != "" && e.Path == s.Own[e.SKU]:
			return nil, nil
		case e.SKU != "" && s.Own[e.SKU] == "" && len(s.Own) >= maxOwn:
			return nil, ErrOwn
		}
		return []eventlog.Event{e}, nil
	}}
}

// Fold folds a workspace's settings; its state is Settings.
func Fold(workspace string) eventlog.Fold { return Setting().Fold(events.Stream(workspace)) }

func evolve(s Settings, e eventlog.Event) Settings {
	set, ok := e.(events.PathSet)
	switch {
	case !ok:
	case set.SKU == "":
		s.All = set.Path
	default:
		own := maps.Clone(s.Own)
		if own == nil {
			own = map[string]string{}
		}
		if own[set.SKU] = set.Path; set.Path == "" {
			delete(own, set.SKU)
		}
		s.Own = own
	}
	return s
}
