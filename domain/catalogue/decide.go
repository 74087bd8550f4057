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
	ErrCode = eventlog.Refusal("The code is the seller's code of the listing on the channel: 1 to 200 bytes of text without control characters.")
	ErrShop = eventlog.Refusal("The connection is the id of the shop, as the list of connections shows it: 1 to 100 bytes of text without a colon.")
)

// Map asks that a code on a connection means a SKU.
type Map struct{ Connection, Code, SKU string }

// State is what one listing maps to; empty while nobody said.
type State struct{ SKU string }

// keep keeps a State in a snapshot: a listing's stream grows with every quantity that changes by hand.
var keep = eventlog.KeepJSON[State](1)

// Mapping gives a listing's code one of our SKUs. The same again yields no event.
func Mapping() eventlog.Decider[State, Map] {
	return eventlog.Decider[State, Map]{
		Name: "listing", Keep: keep,
		Evolve: func(s State, e eventlog.Event) State {
			if e, ok := e.(events.Mapped); ok {
				s.SKU = e.SKU
			}
			return s
		},
		Decide: func(s State, c Map) ([]eventlog.Event, error) {
			switch {
			case !plain(c.Connection, 100) || strings.Contains(c.Connection, ":"): // which ends it in the stream's id
				return nil, ErrShop
			case !plain(c.Code, 200):
				return nil, ErrCode
			case !plain(c.SKU, 100) || strings.TrimSpace(c.SKU) != c.SKU:
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

// plain text can name a stream and stand in a sentence.
func plain(text string, longest int) bool {
	return text != "" && len(text) <= longest && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
