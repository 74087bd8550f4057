package market

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/decimal"
)

// cancelUnits takes units out of an order that nobody has arranged the shipment of, without asking anybody.
func (m *Market) cancelUnits(st *Store, o *Order, role, reason string, units []string) error {
	if o.undecided() != nil {
		return fmt.Errorf("the buyer of order %s has asked to cancel: %w", o.ID, ErrState)
	}
	c, err := m.claim(st, o, "", CancelSuccess, role, reason, units)
	if err != nil {
		return err
	}
	m.takeOut(st, c)
	return nil
}

// takeOut ends the units of a cancellation that is agreed. Those that are in a package under way stay in it and are paid back all the
// same. Whether the vendor tells of the order beside the cancellation is not known: here it does not, and its update_time moves.
func (m *Market) takeOut(st *Store, c *Claim) {
	o := c.Order
	for _, u := range c.Units {
		u.gone[u.ID-u.First] = true
		if !u.open() {
			continue
		}
		u.Listing.Committed--
		if m.Rules.Restock && u.taken > 0 {
			u.Listing.Listed++
			u.taken--
		}
		m.unpack(st, u)
	}
	o.SubTotal = o.total()
	if m.touch(st, o); o.Status == PartiallyShipping && !slices.ContainsFunc(o.units(), Unit.open) {
		m.set(st, o, AwaitingCollection)
	}
	m.turn(st, c, CancelComplete)
}

// unpack takes a unit out of its package, which ends with the last one of an order that has it alone.
func (m *Market) unpack(st *Store, u Unit) {
	p := u.in()
	if p == nil {
		return
	}
	p.Units = slices.DeleteFunc(p.Units, func(other Unit) bool { return other.ID == u.ID })
	if slices.ContainsFunc(p.Units, func(other Unit) bool { return other.Order == u.Order }) {
		m.setPackage(st, p, p.Status)
		return
	}
	m.leave(st, p, u.Order)
	u.Order.Parcels = slices.DeleteFunc(slices.Clone(u.Order.Parcels), func(other *Package) bool { return other == p })
}

// total is what the buyer pays for the units that are left.
func (o *Order) total() string {
	var sum int64
	places := 0
	for _, it := range o.Items {
		price, digits, _ := decimal.Parse(it.Price)
		sum, places = sum+price*int64(len(it.units())), max(places, digits)
	}
	return decimal.Format(sum, places)
}

// Unit is one line item as it is shown: its state, and who ended it and why if it was cancelled out of the order.
func (it *Item) Unit(n int) (status, user, reason string) {
	if !it.gone[n] {
		return it.Order.Status, it.Order.CancelBy, it.Order.Reason
	}
	id := it.First + int64(n)
	for _, c := range it.Order.Claims {
		if c.Type == "" && c.Status == CancelComplete && slices.ContainsFunc(c.Units, func(u Unit) bool { return u.ID == id }) {
			user, reason = cmp.Or(user, c.Role), cmp.Or(reason, c.Reason)
		}
	}
	return Cancelled, user, reason
}

// IDs are the line items of a line that were not cancelled out of its order.
func (it *Item) IDs() (ids []string) {
	for _, u := range it.units() {
		ids = append(ids, strconv.FormatInt(u.ID, 10))
	}
	return ids
}

// IDs are those of all lines of a SKU.
func (o *Order) IDs(sku string) (ids []string) {
	for i := range o.Items {
		if o.Items[i].SKUID == sku {
			ids = append(ids, o.Items[i].IDs()...)
		}
	}
	return ids
}
