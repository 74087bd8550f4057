// Package catalogue says which of our SKUs a shop's code means. A code with no entry means the SKU
// of the same spelling, if there is one; anything else waits for a person to map it.
package catalogue

import (
	"strings"
	"unicode"
	"unicode/utf8"

	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Rules' answers.
const (
	ErrSKU  = eventlog.Refusal("A SKU is 1 to 100 bytes of text without spaces at its ends and without control characters.")
	ErrCode = eventlog.Refusal("The code is the seller's code of the listing on the channel: 1 to 200 bytes of text.")
	ErrShop = eventlog.Refusal("The connection is the id of the shop, as the list of connections shows it.")
)

// Map asks that a code on a connection means a SKU.
type Map struct{ Connection, Code, SKU string }

// State is what one listing maps to; empty while nobody said.
type State struct{ SKU string }

// Mapping gives a listing's code one of our SKUs. The same again yields no event.
func Mapping() eventlog.Decider[State, Map] {
	return eventlog.Decider[State, Map]{
		Name: "listing",
		Evolve: func(s State, e eventlog.Event) State {
			if e, ok := e.(events.Mapped); ok {
				s.SKU = e.SKU
			}
			return s
		},
		Decide: func(s State, c Map) ([]eventlog.Event, error) {
			switch {
			case c.Connection == "":
				return nil, ErrShop
			case c.Code == "" || len(c.Code) > 200:
				return nil, ErrCode
			case !valid(c.SKU):
				return nil, ErrSKU
			case s.SKU == c.SKU:
				return nil, nil
			}
			return []eventlog.Event{events.Mapped{Connection: c.Connection, Code: c.Code, SKU: c.SKU}}, nil
		},
	}
}

// Fold folds one listing's stream; its state is a State.
func Fold(workspace, connection, code string) eventlog.Fold {
	return Mapping().Fold(events.Listing(workspace, connection, code))
}

func valid(sku string) bool {
	return sku != "" && len(sku) <= 100 && utf8.ValidString(sku) && strings.TrimSpace(sku) == sku &&
		!strings.ContainsFunc(sku, unicode.IsControl)
}
