// Package origin decides at which location the units of an order lie that it is sent with.
//
//	label step begins ─► Decide ─► stock.allotted (no other order is sent with them), origin.chosen (why)
//	a person ─► Choose ─► the same
//	last step ─► the units leave from there ─► origin.chosen again, when they lay elsewhere in the end
//
// All of an order comes from the first location that has all of it, in the order that the settings name; else from the fewest
// locations. A person may choose another one until the parcel goes. What comes back goes to where it was sent from.
package origin

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	events "github.com/creatorflow/creatorflow/domain/events/places"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Why an order is sent from where it is.
const (
	First   = "first"   // the first location that has all of it
	Split   = "split"   // no location has all of it
	Package = "package" // an order in the same package is sent from there
	Person  = "person"  // somebody chose it
	Left    = "left"    // it left from there
)

// State is where an order's units are taken from.
type State struct {
	Parts []events.Part
	Why   string
}

// Fold folds where an order is sent from; its state is a State.
func Fold(workspace, order string) eventlog.Fold {
	return eventlog.Fold{
		Stream: events.Origin(workspace, order), Name: "origin", Zero: func() any { return State{} },
		Evolve: func(s any, e eventlog.Event) any {
			if is, ok := e.(events.Chosen); ok {
				return State{Parts: is.Parts, Why: is.Why}
			}
			return s
		},
	}
}

// Home is where units of a SKU go that come back: where most were sent from, empty when that is not known.
func (s State) Home(sku string) (location string) {
	var most int64
	for _, p := range s.Parts {
		if p.SKU == sku && p.Quantity > most {
			location, most = p.Location, p.Quantity
		}
	}
	return location
}

// From are the locations that units are taken from, each once.
func (s State) From() (locations []string) {
	for _, p := range s.Parts {
		if !slices.Contains(locations, p.Location) {
			locations = append(locations, p.Location)
		}
	}
	return locations
}

// Order is what is decided about. States hold every SKU of which something is needed.
type Order struct {
	Workspace, ID string
	Attempt       int // by which it holds its stock
	Where         places.State
	Stocks        map[string]inventory.State
	Is            State   // as it was chosen last
	Beside        []State // of the other orders in its package
}

// need is what the order holds of each SKU.
func (o Order) need() map[string]int64 {
	need := map[string]int64{}
	for sku, s := range o.Stocks {
		if held := s.Open[o.key()]; held > 0 {
			need[sku] = held
		}
	}
	return need
}

func (o Order) key() inventory.Attempt {
	return inventory.Attempt{Order: o.ID, Number: o.Attempt}
}

func (o Order) free(sku, location string) int64 { return o.Stocks[sku].Free(location, o.key()) }

// stands says that what was chosen is still right: everything is there, also for the other orders that are sent from there, and
// orders are shipped from there, unless a person chose it.
func (o Order) stands() bool {
	for sku, held := range o.need() {
		for _, p := range o.Stocks[sku].Allotted[o.key()] {
			at := places.ID(p.Location)
			if o.free(sku, at) < p.Quantity || o.Is.Why != Person && !o.Where.Ships(at) {
				return false
			}
			held -= p.Quantity
		}
		if held != 0 {
			return false
		}
	}
	return true
}

// Decide chooses where the order is sent from, unless what was chosen still stands. When the locations that ship have not all of it, it
// is sent from nowhere, and missing says in words what is.
func (o Order) Decide() (writes []eventlog.Decided, missing string) {
	need := o.need()
	if len(need) == 0 || o.stands() {
		return nil, ""
	}
	for _, other := range o.Beside {
		if from := other.From(); len(from) == 1 && o.Where.Ships(from[0]) {
			if parts, enough := o.all(need, from[0]); enough {
				return o.writes(parts, Package), ""
			}
		}
	}
	parts, enough := o.Where.Pick(need, o.free)
	switch {
	case !enough:
		return o.writes(nil, Split), o.lacking(need)
	case len(State{Parts: parts}.From()) > 1:
		return o.writes(parts, Split), ""
	}
	return o.writes(parts, First), ""
}

// all takes everything from one location.
func (o Order) all(need map[string]int64, location string) (parts []events.Part, enough bool) {
	for _, sku := range slices.Sorted(maps.Keys(need)) {
		if o.free(sku, location) < need[sku] {
			return nil, false
		}
		parts = append(parts, events.Part{SKU: sku, Location: location, Quantity: need[sku]})
	}
	return parts, true
}

// Refusals of a choice.
const (
	ErrNothing = eventlog.Refusal("This order holds no stock, so there is nothing to choose: it waits for stock, or its parcel has left.")
)

// Choose has everything of the order sent from a location that a person names.
func (o Order) Choose(location string) ([]eventlog.Decided, error) {
	if err := o.Where.Takes(location); err != nil {
		return nil, err
	}
	need := o.need()
	if len(need) == 0 {
		return nil, ErrNothing
	}
	parts, enough := o.all(need, location)
	if !enough {
		var short []string
		for _, sku := range slices.Sorted(maps.Keys(need)) {
			if free := max(0, o.free(sku, location)); free < need[sku] {
				short = append(short, fmt.Sprintf("%d of %d %s", free, need[sku], sku))
			}
		}
		at, _ := o.Where.Find(location)
		return nil, eventlog.Refusal(fmt.Sprintf("At %s there are %s that no other order is sent with. Move units there first, or choose another location.",
			at.Name, strings.Join(short, ", ")))
	}
	if o.Is.Why == Person && slices.Equal(o.Is.Parts, parts) {
		return nil, nil
	}
	return o.writes(parts, Person), nil
}

// lacking says what the locations that ship have too little of.
func (o Order) lacking(need map[string]int64) string {
	var parts []string
	for _, sku := range slices.Sorted(maps.Keys(need)) {
		var free int64
		for _, l := range o.Where.Open() {
			if l.Ships {
				free += max(0, o.free(sku, l.ID))
			}
		}
		if free < need[sku] {
			parts = append(parts, fmt.Sprintf("%s needs %d, %d there", sku, need[sku], free))
		}
	}
	return strings.Join(parts, "; ")
}

// writes has the order sent with these units; none that changes nothing.
func (o Order) writes(parts []events.Part, why string) (writes []eventlog.Decided) {
	for _, sku := range slices.Sorted(maps.Keys(o.need())) {
		from := []stockevents.Part{}
		for _, p := range parts {
			if p.SKU == sku {
				from = append(from, stockevents.Part{Location: places.Key(p.Location), Quantity: p.Quantity})
			}
		}
		if slices.Equal(from, o.Stocks[sku].Allotted[o.key()]) {
			continue
		}
		writes = append(writes, eventlog.Decided{Stream: stockevents.Stream(o.Workspace, sku), Events: []eventlog.Event{
			stockevents.Allotted{SKU: sku, Order: o.ID, Attempt: o.Attempt, From: from},
		}})
	}
	return append(writes, o.chosen(parts, why)...)
}

func (o Order) chosen(parts []events.Part, why string) []eventlog.Decided {
	if slices.Equal(parts, o.Is.Parts) && (why == o.Is.Why || why == Left || len(parts) == 0) {
		return nil
	}
	if parts == nil {
		parts = []events.Part{}
	}
	return []eventlog.Decided{{Stream: events.Origin(o.Workspace, o.ID), Events: []eventlog.Event{events.Chosen{Order: o.ID, Parts: parts, Why: why}}}}
}

// Leave notes where the units of an order left from, by the shipments that are about to be written, when that is not where they
// were to be taken from. A seller with one location has nothing to note.
func (o Order) Leave(shipments []eventlog.Decided) []eventlog.Decided {
	if !o.Where.Several() {
		return nil
	}
	var parts []events.Part
	for _, w := range shipments {
		for _, e := range w.Events {
			if s, ok := e.(stockevents.Shipped); ok {
				for _, c := range places.Changes(s) {
					parts = append(parts, events.Part{SKU: s.SKU, Location: c.Location, Quantity: -c.Units})
				}
			}
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return o.chosen(parts, Left)
}

// Gone has units that the order is only just promised leave in the same commit, from where they lie.
func (o Order) Gone(promised []eventlog.Decided) []eventlog.Decided {
	for i, w := range promised {
		for _, e := range w.Events {
			if r, ok := e.(stockevents.Reserved); ok {
				promised[i].Events = append(promised[i].Events, o.Stocks[r.SKU].Leaving(r.SKU, r.Order, r.Attempt, r.Quantity))
			}
		}
	}
	return append(promised, o.Leave(promised)...)
}

// Unsent has units of a shipment come back to where they lay, but for so many that were sent.
func Unsent(e stockevents.Shipped, sent int64, reason string) (back []eventlog.Event) {
	for _, c := range places.Changes(e) {
		rest := max(0, -c.Units-sent)
		if sent += c.Units + rest; rest > 0 {
			back = append(back, stockevents.Returned{SKU: e.SKU, Order: e.Order, Quantity: rest, Sellable: true, Reason: reason, Location: places.Key(c.Location)})
		}
	}
	return back
}

// Stocks are the folds by which goods of an order come back, and how their states become its stocks, which then go to where they
// were sent from, or to another location if one is named.
func Stocks(workspace, order string, skus []string) (folds []eventlog.Fold, of func(states []eventlog.State, location string) (map[string]inventory.State, error)) {
	folds = []eventlog.Fold{places.Fold(workspace), Fold(workspace, order)}
	for _, sku := range skus {
		folds = append(folds, inventory.Fold(workspace, sku))
	}
	return folds, func(states []eventlog.State, location string) (map[string]inventory.State, error) {
		where, is, stocks := states[0].Value.(places.State), states[1].Value.(State), map[string]inventory.State{}
		if err := where.Takes(location); err != nil {
			return nil, err
		}
		for i, sku := range skus {
			stocks[sku] = states[2+i].Value.(inventory.State).In(where, cmp.Or(location, is.Home(sku)))
		}
		return stocks, nil
	}
}
