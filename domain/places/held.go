package places

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
)

// Attempt is one try of an order to have its units.
type Attempt struct {
	Order  string
	Number int
}

// Compare orders attempts by order and number.
func (a Attempt) Compare(b Attempt) int {
	return cmp.Or(strings.Compare(a.Order, b.Order), cmp.Compare(a.Number, b.Number))
}

// Shelf is what lies of a SKU at a location.
type Shelf struct {
	Units    int64
	Adjusted int64 // the sum of all corrections there
}

// Held is where the units of one SKU lie, as the SKU's own events tell it. How many there are in all stands beside it.
type Held struct {
	At       map[string]Shelf               // by location, but for the main one: the rest lies there
	Allotted map[Attempt][]stockevents.Part // where the units lie that an order is sent with
	picked   map[string]int64               // units of all of Allotted, by location
}

// Put changes what lies at a location; the main one has the rest of the total.
func (h Held) Put(location string, by Shelf) Held {
	if location == "" || location == Main || by == (Shelf{}) {
		return h
	}
	at := maps.Clone(h.At)
	if at == nil {
		at = map[string]Shelf{}
	}
	is := at[location]
	at[location] = Shelf{Units: is.Units + by.Units, Adjusted: is.Adjusted + by.Adjusted}
	if at[location] == (Shelf{}) {
		delete(at, location)
	}
	if h.At = at; len(at) == 0 {
		h.At = nil
	}
	return h
}

// Take changes what lies where by an event.
func (h Held) Take(changes []Change, counted bool) Held {
	for _, c := range changes {
		by := Shelf{Units: c.Units}
		if counted {
			by.Adjusted = c.Units
		}
		h = h.Put(c.Location, by)
	}
	return h
}

// Allot has an attempt's units lie at these locations, and nowhere else.
func (h Held) Allot(a Attempt, parts []stockevents.Part) Held {
	if len(parts) == 0 && len(h.Allotted[a]) == 0 {
		return h
	}
	picked := maps.Clone(h.picked)
	if picked == nil {
		picked = map[string]int64{}
	}
	for _, p := range h.Allotted[a] {
		picked[ID(p.Location)] -= p.Quantity
	}
	for _, p := range parts {
		picked[ID(p.Location)] += p.Quantity
	}
	maps.DeleteFunc(picked, func(_ string, n int64) bool { return n == 0 })
	if h.picked = picked; len(parts) == 0 {
		delete(h.Allotted, a)
	} else {
		if h.Allotted == nil {
			h.Allotted = map[Attempt][]stockevents.Part{}
		}
		h.Allotted[a] = parts
	}
	if len(h.Allotted) == 0 {
		h.Allotted, h.picked = nil, nil
	}
	return h
}

// UnitsOf is what lies at a location, of so many in all.
func (h Held) UnitsOf(location string, all int64) int64 {
	if ID(location) != Main {
		return h.At[location].Units
	}
	for _, shelf := range h.At {
		all -= shelf.Units
	}
	return all
}

// CorrectedOf is the sum of all corrections at a location, of so many in all.
func (h Held) CorrectedOf(location string, all int64) int64 {
	if ID(location) != Main {
		return h.At[location].Adjusted
	}
	for _, shelf := range h.At {
		all -= shelf.Adjusted
	}
	return all
}

// FreeOf is what lies at a location, of so many in all, and no other order is sent with.
func (h Held) FreeOf(location string, all int64, a Attempt) int64 {
	free := h.UnitsOf(location, all) - h.picked[ID(location)]
	for _, p := range h.Allotted[a] {
		if ID(p.Location) == ID(location) {
			free += p.Quantity
		}
	}
	return free
}

// Elsewhere is what lies at other locations than the main one.
func (h Held) Elsewhere() map[string]int64 {
	units := make(map[string]int64, len(h.At))
	for location, shelf := range h.At {
		units[location] = shelf.Units
	}
	return units
}

// Blank says that all units lie at the main location and no order was given any of them.
func (h Held) Blank() bool { return len(h.At)+len(h.Allotted) == 0 }

// AppendTo writes it behind what a snapshot has of a SKU.
//
//	shelves, then for each, by location, length of the location, location, units, corrections
//	attempts, then for each, by order and number, length of the order, order, number, parts, then for each length of the location, location, units
func (h Held) AppendTo(data []byte) []byte {
	text := func(s string) {
		data = binary.AppendVarint(data, int64(len(s)))
		data = append(data, s...)
	}
	data = binary.AppendVarint(data, int64(len(h.At)))
	for _, location := range slices.Sorted(maps.Keys(h.At)) {
		text(location)
		data = binary.AppendVarint(data, h.At[location].Units)
		data = binary.AppendVarint(data, h.At[location].Adjusted)
	}
	data = binary.AppendVarint(data, int64(len(h.Allotted)))
	for _, a := range slices.SortedFunc(maps.Keys(h.Allotted), Attempt.Compare) {
		text(a.Order)
		data = binary.AppendVarint(data, int64(a.Number))
		data = binary.AppendVarint(data, int64(len(h.Allotted[a])))
		for _, p := range h.Allotted[a] {
			text(p.Location)
			data = binary.AppendVarint(data, p.Quantity)
		}
	}
	return data
}

// ReadHeld reads what AppendTo wrote, by a number and a text at a time; it ends early when either says that it could not.
func ReadHeld(next func() int64, text func() string, wrong func() bool) (h Held) {
	for n := next(); n > 0 && !wrong(); n-- {
		location := text()
		h = h.Put(location, Shelf{Units: next(), Adjusted: next()})
	}
	for n := next(); n > 0 && !wrong(); n-- {
		a := Attempt{Order: text(), Number: int(next())}
		var parts []stockevents.Part
		for k := next(); k > 0 && !wrong(); k-- {
			parts = append(parts, stockevents.Part{Location: text(), Quantity: next()})
		}
		h = h.Allot(a, parts)
	}
	return h
}
