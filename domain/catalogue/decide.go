// Package catalogue says which of our SKUs a shop's code means, and keeps what the shops list. A code
// with no entry means the SKU of the same spelling, if there is one; anything else waits for a person
// to map it.
//
//	an import reads a shop's listings ─► Plan: map, create, keep, leave ─► Shown, Mapped … ─► View, judged anew as SKUs and mappings come and go
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

// Imported is a Map of a shop's import.
type Imported struct {
	Map
	Number int64 // the import's
}

// State is what one listing maps to; empty while nobody said.
type State struct {
	SKU    string
	Import int64 `json:",omitzero"` // that said so; 0 = a person
}

// keep keeps a State in a snapshot: a listing's stream grows with every quantity that changes by hand.
var keep = eventlog.KeepJSON[State](1)

func evolve(s State, e eventlog.Event) State {
	switch e := e.(type) {
	case events.Mapped:
		return State{SKU: e.SKU, Import: e.Import}
	case events.Unmapped:
		return State{}
	}
	return s
}

// Mapping gives a listing's code one of our SKUs. The same again yields no event, but a person's word
// stands above an import's, also when it is the same: an undo of the import leaves it.
func Mapping() eventlog.Decider[State, Map] {
	return eventlog.Decider[State, Map]{
		Name: "listing", Keep: keep, Evolve: evolve,
		Decide: func(s State, c Map) ([]eventlog.Event, error) {
			switch {
			case !plain(c.Connection, 100) || strings.Contains(c.Connection, ":"): // which ends it in the stream's id
				return nil, ErrShop
			case !ValidCode(c.Code):
				return nil, ErrCode
			case !isSKU(c.SKU):
				return nil, ErrSKU
			case s.SKU == c.SKU && s.Import == 0:
				return nil, nil
			}
			return []eventlog.Event{events.Mapped{Connection: c.Connection, Code: c.Code, SKU: c.SKU}}, nil
		},
	}
}

// ImportMapping is Mapping for an import, which says something only where nobody has.
func ImportMapping() eventlog.Decider[State, Imported] {
	return eventlog.Decider[State, Imported]{
		Name: "listing", Keep: keep, Evolve: evolve,
		Decide: func(s State, c Imported) ([]eventlog.Event, error) {
			if s.SKU != "" {
				return nil, nil
			}
			decided, err := Mapping().Decide(s, c.Map)
			if err != nil {
				return nil, err
			}
			said := decided[0].(events.Mapped)
			said.Import = c.Number
			return []eventlog.Event{said}, nil
		},
	}
}

// Unmapping takes back what an import said a code means, unless somebody has said something since.
func Unmapping() eventlog.Decider[State, Imported] {
	return eventlog.Decider[State, Imported]{
		Name: "listing", Keep: keep, Evolve: evolve,
		Decide: func(s State, c Imported) ([]eventlog.Event, error) {
			if s.SKU == "" || s.Import != c.Number {
				return nil, nil
			}
			return []eventlog.Event{events.Unmapped{Connection: c.Connection, Code: c.Code, SKU: s.SKU, Import: c.Number}}, nil
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

// ValidCode says whether a text can be a listing's code.
func ValidCode(code string) bool { return plain(code, 200) }

func isSKU(text string) bool { return plain(text, 100) && strings.TrimSpace(text) == text }

// Showing notes how a shop lists something; the same again yields no event.
func Showing() eventlog.Decider[events.Shown, events.Shown] {
	return eventlog.Decider[events.Shown, events.Shown]{
		Name: "shown", Evolve: evolveShown,
		Decide: func(s, now events.Shown) ([]eventlog.Event, error) {
			if s == now {
				return nil, nil
			}
			return []eventlog.Event{now}, nil
		},
	}
}

// Vanishing notes that a listing is there no more; one that was never there yields no event.
func Vanishing() eventlog.Decider[events.Shown, events.Vanished] {
	return eventlog.Decider[events.Shown, events.Vanished]{
		Name: "shown", Evolve: evolveShown,
		Decide: func(s events.Shown, gone events.Vanished) ([]eventlog.Event, error) {
			if s == (events.Shown{}) {
				return nil, nil
			}
			return []eventlog.Event{gone}, nil
		},
	}
}

func evolveShown(s events.Shown, e eventlog.Event) events.Shown {
	switch e := e.(type) {
	case events.Shown:
		return e
	case events.Vanished:
		return events.Shown{}
	}
	return s
}
