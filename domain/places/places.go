// Package places keeps the locations where a seller's units lie: a shelf at home, a warehouse, a market stall. Every unit lies at
// exactly one; where nobody has said anything there is one location, and all units are there.
//
//	settings ─► Setting, Ordering, Closing ─► location events ─┬► inventory: what is for sale is what lies where orders are shipped from
//	                                                           └► origin: from which location an order is shipped
package places

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	events "github.com/creatorflow/creatorflow/domain/events/places"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Main is the location that every workspace has, and where units are of which no event names another one.
const Main = "main"

// Tag is under which flows wait for news of the locations themselves.
const Tag = "places"

// MaxOpen is how many locations there can be at a time, so that every set of them can be tried for an order.
const MaxOpen = 10

// Rules' answers.
const (
	ErrID    = eventlog.Refusal("A location's id is 1 to 30 lower-case letters, digits and hyphens, such as warehouse.")
	ErrName  = eventlog.Refusal("A location's name is 1 to 60 characters without control characters.")
	ErrNone  = eventlog.Refusal("There is no such location. The settings list those that there are.")
	ErrTwice = eventlog.Refusal("Another location has this name.")
	ErrMain  = eventlog.Refusal("The main location cannot be closed. Rename it, or say that orders do not ship from it.")
	ErrLast  = eventlog.Refusal("Orders ship from no other location: nothing would be for sale. Let orders ship from another one first.")
	ErrOrder = eventlog.Refusal("Name every open location once, the one that is asked first in front.")
)

// ErrMany refuses one location too many.
var ErrMany = eventlog.Refusal(fmt.Sprintf("There can be %d locations at a time. Close one first.", MaxOpen))

// Location is where units lie.
type Location struct {
	ID, Name string
	Ships    bool // orders are shipped from it, so its units are for sale
	Closed   bool
}

// State is the locations, in the order in which they are asked for an order's units.
type State struct {
	set []Location // empty = the main one alone, as it was made
}

var first = Location{ID: Main, Name: "Main location", Ships: true}

// Of are locations as they were kept.
func Of(all []Location) State { return State{all} }

// All are the locations, also those that are closed, which come last.
func (s State) All() []Location {
	if len(s.set) == 0 {
		return []Location{first}
	}
	return s.set
}

// Open are those that are not closed.
func (s State) Open() (open []Location) {
	for _, l := range s.All() {
		if !l.Closed {
			open = append(open, l)
		}
	}
	return open
}

// Several says that there is, or was, more than the main location.
func (s State) Several() bool { return len(s.set) > 1 }

// Find is the location with an id, the main one with none.
func (s State) Find(id string) (Location, bool) {
	at := slices.IndexFunc(s.All(), func(l Location) bool { return l.ID == id || id == "" && l.ID == Main })
	if at < 0 {
		return Location{ID: id, Name: id}, false
	}
	return s.All()[at], true
}

// Named is the id of the location that somebody calls by its name or its id; what they wrote when there is none.
func (s State) Named(text string) string {
	for _, l := range s.Open() {
		if strings.EqualFold(l.ID, text) || strings.EqualFold(l.Name, text) {
			return l.ID
		}
	}
	return text
}

// Takes refuses to have units put at a location that is none.
func (s State) Takes(id string) error {
	if l, found := s.Find(id); !found || l.Closed {
		return ErrNone
	}
	return nil
}

// Ships says whether orders are shipped from a location.
func (s State) Ships(id string) bool {
	l, _ := s.Find(id)
	return l.Ships && !l.Closed
}

// Key is how an event of stock names a location: the main one not at all.
func Key(id string) string {
	if id == Main {
		return ""
	}
	return id
}

// ID is the location that an event of stock names.
func ID(key string) string {
	if key == "" {
		return Main
	}
	return key
}

// Evolve folds an event of the locations.
func (s State) Evolve(e eventlog.Event) State {
	set := slices.Clone(s.All())
	switch e := e.(type) {
	case events.Set:
		at := slices.IndexFunc(set, func(l Location) bool { return l.ID == e.Location })
		switch {
		case at < 0:
			set = append(set, Location{})
			at = len(set) - 1
		case set[at].Closed: // it is opened again, and asked last
			set = append(slices.Delete(set, at, at+1), Location{})
			at = len(set) - 1
		}
		set[at] = Location{ID: e.Location, Name: e.Name, Ships: e.Ships}
	case events.Closed:
		for i := range set {
			if set[i].ID == e.Location {
				set[i].Closed, set[i].Ships = true, false
			}
		}
	case events.Ordered:
		rank := map[string]int{}
		for i, id := range e.Locations {
			rank[id] = i + 1
		}
		slices.SortStableFunc(set, func(a, b Location) int { return rank[a.ID] - rank[b.ID] })
	default:
		return s
	}
	slices.SortStableFunc(set, func(a, b Location) int {
		switch {
		case a.Closed == b.Closed:
			return 0
		case a.Closed:
			return 1
		}
		return -1
	})
	return State{set}
}

func decider[C any](decide func(State, C) ([]eventlog.Event, error)) eventlog.Decider[State, C] {
	return eventlog.Decider[State, C]{Name: "places", Evolve: State.Evolve, Decide: decide}
}

// Fold folds a workspace's locations; its state is a State.
func Fold(workspace string) eventlog.Fold { return Setting().Fold(events.Stream(workspace)) }

// Setting makes a location, or changes what one is called and whether orders ship from it.
func Setting() eventlog.Decider[State, events.Set] {
	return decider(func(s State, c events.Set) ([]eventlog.Event, error) {
		is, found := s.Find(c.Location)
		same := func(l Location) bool { return !l.Closed && l.ID != c.Location && strings.EqualFold(l.Name, c.Name) }
		switch {
		case !valid(c.Location):
			return nil, ErrID
		case strings.TrimSpace(c.Name) != c.Name || c.Name == "" || utf8.RuneCountInString(c.Name) > 60 || strings.ContainsFunc(c.Name, unicode.IsControl):
			return nil, ErrName
		case slices.ContainsFunc(s.All(), same):
			return nil, ErrTwice
		case (!found || is.Closed) && len(s.Open()) >= MaxOpen:
			return nil, ErrMany
		case found && is.Ships && !c.Ships && s.shipping() == 1:
			return nil, ErrLast
		case found && is == Location{ID: c.Location, Name: c.Name, Ships: c.Ships}:
			return nil, nil
		}
		return []eventlog.Event{c}, nil
	})
}

// Ordering says which locations are asked first.
func Ordering() eventlog.Decider[State, events.Ordered] {
	return decider(func(s State, c events.Ordered) ([]eventlog.Event, error) {
		var now []string
		for _, l := range s.Open() {
			now = append(now, l.ID)
		}
		switch {
		case !slices.Equal(slices.Sorted(slices.Values(now)), slices.Sorted(slices.Values(c.Locations))):
			return nil, ErrOrder
		case slices.Equal(now, c.Locations):
			return nil, nil
		}
		return []eventlog.Event{c}, nil
	})
}

// Closing ends a location; its caller has moved what lay there, in the same decision.
func Closing() eventlog.Decider[State, events.Closed] {
	return decider(func(s State, c events.Closed) ([]eventlog.Event, error) {
		is, found := s.Find(c.Location)
		switch {
		case !found:
			return nil, ErrNone
		case is.ID == Main:
			return nil, ErrMain
		case is.Closed:
			return nil, nil
		case is.Ships && s.shipping() == 1:
			return nil, ErrLast
		}
		return []eventlog.Event{c}, nil
	})
}

func (s State) shipping() (n int) {
	for _, l := range s.All() {
		if l.Ships && !l.Closed {
			n++
		}
	}
	return n
}

func valid(id string) bool {
	return id != "" && len(id) <= 30 && !strings.ContainsFunc(id, func(r rune) bool {
		return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}) && strings.Trim(id, "-") == id
}

// IDFor makes an id of a name for a location that is made: one that no location has which is called otherwise.
func (s State) IDFor(name string) string {
	base := cmp.Or(slug(name), "location")
	id := base
	for n := 2; ; n++ {
		if l, found := s.Find(id); !found || strings.EqualFold(l.Name, name) {
			return id
		}
		end := fmt.Sprintf("-%d", n)
		id = strings.TrimRight(base[:min(len(base), 30-len(end))], "-") + end
	}
}

// slug is what of a name can stand in an id.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == 30 {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}

// Pick says where units of an order are taken from: all from the first location that has all of them, else from the fewest
// locations, of equally many from those that are asked first. Free is what is there of each SKU, by location, and not another order's. It is false
// when all locations together have too little.
func (s State) Pick(need map[string]int64, free func(sku, location string) int64) (parts []events.Part, enough bool) {
	var from []string
	for _, l := range s.Open() {
		if l.Ships {
			from = append(from, l.ID)
		}
	}
	skus := slices.Sorted(maps.Keys(need))
	for size := 1; size <= len(from); size++ {
		for set := range subsets(len(from), size) {
			if parts, enough := fill(skus, need, free, from, set); enough {
				return parts, true
			}
		}
	}
	return nil, false
}

// subsets yields every choice of so many of the first n numbers, those with lower numbers first.
func subsets(n, size int) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		at := make([]int, size)
		for i := range at {
			at[i] = i
		}
		for yield(at) {
			i := size - 1
			for i >= 0 && at[i] == n-size+i {
				i--
			}
			if i < 0 {
				return
			}
			for at[i]++; i+1 < size; i++ {
				at[i+1] = at[i] + 1
			}
		}
	}
}

// fill takes what is needed from some locations, from the first as much as there is.
func fill(skus []string, need map[string]int64, free func(sku, location string) int64, from []string, set []int) (parts []events.Part, enough bool) {
	for _, sku := range skus {
		left := need[sku]
		for _, i := range set {
			if n := min(left, free(sku, from[i])); n > 0 {
				parts = append(parts, events.Part{SKU: sku, Location: from[i], Quantity: n})
				left -= n
			}
		}
		if left > 0 {
			return nil, false
		}
	}
	return parts, true
}
