package inventory

import (
	"fmt"
	"slices"
	"unicode/utf8"

	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
)

// In is the state seen with the locations: units where orders are not shipped from are not for sale. Home is where units go that
// come back, unless somebody says otherwise; the main location when there is no such one any more.
func (s State) In(where places.State, home string) State {
	s.where = &where
	if s.home = home; where.Takes(home) != nil {
		s.home = places.Main
	}
	return s
}

// Units is what lies at a location.
func (s State) Units(location string) int64 { return s.UnitsOf(location, s.OnHand()) }

// Corrected is the sum of all corrections at a location.
func (s State) Corrected(location string) int64 { return s.CorrectedOf(location, s.Adjusted) }

// Free is what lies at a location and no other order is sent from.
func (s State) Free(location string, a Attempt) int64 { return s.FreeOf(location, s.OnHand(), a) }

// Aside is what is on hand and not for sale, because it lies where orders are not shipped from.
func (s State) Aside() int64 {
	if s.where == nil || len(s.At) == 0 && s.where.Ships(places.Main) {
		return 0
	}
	return s.where.Aside(s.OnHand(), s.Elsewhere())
}

// takes refuses to put units where there is no location.
func (s State) takes(location string) error {
	switch {
	case places.Key(location) == "":
		return nil
	case s.where == nil:
		return places.ErrNone
	}
	return s.where.Takes(location)
}

// Leaving takes an attempt's units from where they lie: from where the order is sent from, then from where else orders are shipped
// from. What lies nowhere any more is missing where the order was sent from: it left all the same.
func (s State) Leaving(sku, order string, n int, held int64) events.Shipped {
	e := events.Shipped{SKU: sku, Order: order, Attempt: n, Quantity: held}
	if s.where == nil || !s.where.Several() {
		return e
	}
	var from []events.Part
	take := func(location string, most int64) {
		at := slices.IndexFunc(from, func(p events.Part) bool { return p.Location == places.Key(location) })
		if at >= 0 {
			most -= from[at].Quantity
		}
		switch k := min(held, most); {
		case k <= 0:
			return
		case at < 0:
			from, held = append(from, events.Part{Location: places.Key(location), Quantity: k}), held-k
		default:
			from[at].Quantity, held = from[at].Quantity+k, held-k
		}
	}
	a := Attempt{Order: order, Number: n}
	allotted := s.Allotted[a]
	for _, p := range allotted {
		take(p.Location, min(p.Quantity, s.Units(p.Location)))
	}
	for _, other := range []func(string) int64{func(l string) int64 { return s.Free(l, a) }, s.Units} { // another order's last
		for _, l := range s.where.Open() {
			if l.Ships {
				take(l.ID, other(l.ID))
			}
		}
	}
	if held > 0 {
		missing := places.Main
		if len(allotted) > 0 {
			missing = allotted[0].Location
		}
		at := slices.IndexFunc(from, func(p events.Part) bool { return p.Location == places.Key(missing) })
		if at < 0 {
			from, at = append(from, events.Part{Location: places.Key(missing)}), len(from)
		}
		from[at].Quantity += held
	}
	if len(from) > 1 || from[0].Location != "" || !s.where.Ships(places.Main) {
		e.From = from
	}
	return e
}

// Move is units that go from one location to another.
type Move struct {
	SKU, From, To, Reason string
	Quantity              int64
}

// Transfer moves units between locations. Neither units that orders are sent from go, nor to where orders are not shipped from
// units that are promised.
func (s State) Transfer(c Move) ([]eventlog.Event, error) {
	if s.where == nil {
		return nil, places.ErrNone
	}
	from, known := s.where.Find(c.From)
	to, _ := s.where.Find(c.To)
	units, free := s.Units(c.From), s.Free(c.From, Attempt{})
	switch {
	case c.Quantity < 1 || c.Quantity > MaxUnits:
		return nil, ErrQuantity
	case utf8.RuneCountInString(c.Reason) > 200:
		return nil, ErrText
	case !s.Known:
		return nil, ErrUnknown
	case !known || s.where.Takes(c.To) != nil:
		return nil, places.ErrNone
	case from.ID == to.ID:
		return nil, eventlog.Refusal("Name two locations: from where the units go, and where to.")
	case c.Quantity > units:
		return nil, eventlog.Refusal(fmt.Sprintf("Only %d of %s lie at %s.", max(0, units), c.SKU, from.Name))
	case c.Quantity > free:
		return nil, eventlog.Refusal(fmt.Sprintf("Orders are sent from %s with %d of the %d there, so %d of %s can go. Choose another location for those orders first.",
			from.Name, units-free, units, max(0, free), c.SKU))
	case from.Ships && !to.Ships && c.Quantity > s.Available():
		return nil, eventlog.Refusal(fmt.Sprintf("Orders do not ship from %s, and only %d of %s are promised to nobody.", to.Name, max(0, s.Available()), c.SKU))
	}
	return []eventlog.Event{events.Moved{SKU: c.SKU, From: places.Key(c.From), To: places.Key(c.To), Quantity: c.Quantity, Reason: c.Reason}}, nil
}
