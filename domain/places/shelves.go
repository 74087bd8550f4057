package places

import (
	"slices"

	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Change is units of a SKU that came to a location, or left it.
type Change struct {
	SKU      string
	Location string
	Units    int64
}

// Changes are what an event of stock does to locations. Their sum is what it does to the total.
func Changes(e eventlog.Event) []Change {
	switch e := e.(type) {
	case stockevents.Received:
		return []Change{{e.SKU, ID(e.Location), e.Quantity}}
	case stockevents.Adjusted:
		return []Change{{e.SKU, ID(e.Location), e.Delta}}
	case stockevents.Returned:
		if e.Sellable {
			return []Change{{e.SKU, ID(e.Location), e.Quantity}}
		}
	case stockevents.Moved:
		return []Change{{e.SKU, ID(e.From), -e.Quantity}, {e.SKU, ID(e.To), e.Quantity}}
	case stockevents.Shipped:
		if len(e.From) == 0 {
			return []Change{{e.SKU, Main, -e.Quantity}}
		}
		var changes []Change
		for _, p := range e.From {
			changes = append(changes, Change{e.SKU, ID(p.Location), -p.Quantity})
		}
		return changes
	}
	return nil
}

// Aside is how many of a SKU's units lie where orders are not shipped from. Elsewhere are units by location, those at the main one
// left out, which are the rest of what is on hand.
func (s State) Aside(onHand int64, elsewhere map[string]int64) (aside int64) {
	for location, units := range elsewhere {
		onHand -= units
		if !s.Ships(location) {
			aside += units
		}
	}
	if !s.Ships(Main) {
		aside += max(0, onHand)
	}
	return aside
}

// Shelves is where the units of all SKUs lie, kept in memory.
type Shelves struct {
	places State
	units  map[string]map[string]int64 // by SKU and location, but for the main one
}

// Begin takes in the locations as they were at some moment.
func (s *Shelves) Begin(is State) { s.places = is }

// Put takes in what lay at a location then.
func (s *Shelves) Put(sku, location string, units int64) {
	if location == Main || units == 0 {
		return
	}
	if s.units == nil {
		s.units = map[string]map[string]int64{}
	}
	if s.units[sku] == nil {
		s.units[sku] = map[string]int64{}
	}
	if s.units[sku][location] += units; s.units[sku][location] == 0 {
		delete(s.units[sku], location)
	}
}

// Aside is how many units of a SKU are on hand and not for sale.
func (s *Shelves) Aside(sku string, onHand int64) int64 { return s.places.Aside(onHand, s.units[sku]) }

// Take takes in an event of stock.
func (s *Shelves) Take(e eventlog.Event) {
	for _, c := range Changes(e) {
		s.Put(c.SKU, c.Location, c.Units)
	}
}

// Arrange takes in an event of the locations, and names the SKUs of which more or less is for sale than before; all says that
// every SKU may be one.
func (s *Shelves) Arrange(e eventlog.Event) (skus []string, all bool) {
	was := s.places
	s.places = s.places.Evolve(e)
	var changed []string
	for _, l := range s.places.All() {
		if was.Ships(l.ID) != l.Ships {
			changed = append(changed, l.ID)
		}
	}
	for sku, at := range s.units {
		for _, id := range changed {
			if _, there := at[id]; there {
				skus = append(skus, sku)
				break
			}
		}
	}
	slices.Sort(skus)
	return skus, slices.Contains(changed, Main)
}
