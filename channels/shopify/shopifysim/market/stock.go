package market

import (
	"fmt"
	"slices"
)

// Set is one quantity of an inventorySetQuantities call; Checked says that Base must be what is available.
type Set struct {
	Item, Location int64
	To, Base       int64
	Checked        bool
}

const most = 1_000_000_000 // of a quantity

// SetQuantities carries out a write of the API, all of it or nothing. lost accepts it and does nothing.
func (m *Market) SetQuantities(st *Store, sets []Set, key string, lost bool) ([]Change, error) {
	refuse := func(code, field string, i int, message string) error {
		return Refusal{Code: code, Message: message, Field: []string{"input", "quantities", fmt.Sprint(i), field}}
	}
	seen := map[[2]int64]bool{}
	for i, s := range sets {
		v := st.Items[s.Item]
		switch {
		case v == nil:
			return nil, refuse("INVALID_INVENTORY_ITEM", "inventoryItemId", i, "The specified inventory item could not be found.")
		case st.Place(s.Location) == nil || !st.Place(s.Location).Active:
			return nil, refuse("INVALID_LOCATION", "locationId", i, "The specified location could not be found.")
		case v.Levels[s.Location] == nil:
			return nil, refuse("ITEM_NOT_STOCKED_AT_LOCATION", "locationId", i, "The specified inventory item is not stocked at the location.")
		case v.Untracked:
			return nil, refuse("NON_MUTABLE_INVENTORY_ITEM", "inventoryItemId", i, "The specified inventory item is not allowed to be adjusted via API.")
		case s.To > most:
			return nil, refuse("INVALID_QUANTITY_TOO_HIGH", "quantity", i, "The quantity can't be higher than 1,000,000,000.")
		case s.To < -most, m.Rules.RefuseZero && s.To == 0:
			return nil, refuse("INVALID_QUANTITY_TOO_LOW", "quantity", i, "The quantity can't be lower than -1,000,000,000.")
		case seen[[2]int64{s.Item, s.Location}]:
			return nil, refuse("NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", "inventoryItemId", i, "The combination of inventoryItemId and locationId must be unique.")
		case s.Checked && s.Base != v.Levels[s.Location].Available:
			m.Counts.StaleWrites++
			return nil, refuse("CHANGE_FROM_QUANTITY_STALE", "changeFromQuantity", i, "The changeFromQuantity value does not match the current quantity.")
		}
		seen[[2]int64{s.Item, s.Location}] = true
	}
	var changes []Change
	for _, s := range sets {
		v, place := st.Items[s.Item], st.Place(s.Location)
		level := v.Levels[s.Location]
		delta := s.To - level.Available
		changes = append(changes, Change{Item: v, Location: place, Delta: delta, After: s.To})
		if lost {
			m.hooks.Note("quantity accepted, not applied", st.Domain, fmt.Sprint(s.Item), fmt.Sprint(s.To))
			continue
		}
		if m.Rules.ApplyDelay == 0 {
			m.setLevel(st, v, place, s.To)
			continue
		}
		level.Pending++
		m.After(m.Rules.ApplyDelay, func() {
			level.Pending--
			m.setLevel(st, v, place, level.Available+delta)
		})
	}
	m.Counts.QuantityWrites[key]++
	return changes, nil
}

// Change is what a write did to one level.
type Change struct {
	Item         *Variant
	Location     *Location
	Delta, After int64
}

// SetByHand is an edit in the seller's own screen: at once and absolute.
func (m *Market) SetByHand(st *Store, v *Variant, location, to int64) error {
	place := st.Places[0]
	if location != 0 {
		if place = st.Place(location); place == nil {
			return fmt.Errorf("location %d: %w", location, ErrUnknown)
		}
	}
	m.hooks.Note("quantity set by hand", st.Domain, fmt.Sprint(v.ID), fmt.Sprint(to))
	m.setLevel(st, v, place, to)
	return nil
}

func (m *Market) setLevel(st *Store, v *Variant, place *Location, to int64) {
	level := v.Levels[place.ID]
	if level == nil {
		level = &Level{}
		v.Levels[place.ID] = level
		m.hooks.Tell(st, Notice{Topic: "INVENTORY_LEVELS_CONNECT", Item: v, Location: place})
	}
	if to == level.Available && !level.Updated.IsZero() {
		return
	}
	level.Available, level.Updated, v.Updated = to, m.now(), m.now()
	m.hooks.Tell(st, Notice{Topic: "INVENTORY_LEVELS_UPDATE", Item: v, Location: place})
}

// Available is what buyers can still order of a variant, over all active locations.
func (st *Store) Available(v *Variant) (sum int64) {
	for _, place := range st.Places {
		if level := v.Levels[place.ID]; place.Active && level != nil {
			sum += level.Available
		}
	}
	return sum
}

// take commits units of a variant at the first location that has enough, else at the first.
func (m *Market) take(st *Store, v *Variant, quantity int64) *Location {
	place := st.Places[0]
	if i := slices.IndexFunc(st.Places, func(l *Location) bool {
		level := v.Levels[l.ID]
		return l.Active && level != nil && level.Available >= quantity
	}); i >= 0 {
		place = st.Places[i]
	}
	if v.Levels[place.ID] == nil {
		v.Levels[place.ID] = &Level{}
	}
	v.Levels[place.ID].Committed += quantity
	if !v.Untracked {
		m.setLevel(st, v, place, v.Levels[place.ID].Available-quantity)
	}
	return place
}

// free ends a commitment; back puts the units on sale again.
func (m *Market) free(st *Store, v *Variant, place *Location, quantity int64, back bool) {
	level := v.Levels[place.ID]
	level.Committed -= quantity
	if back && !v.Untracked {
		m.setLevel(st, v, place, level.Available+quantity)
	}
}
