package market

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Carriers are those that a seller may name, by the vendor's id of them.
var Carriers = map[string]string{
	"7117858858072016686": "Royal Mail", "7117859084333745966": "DPD", "7129720299146184490": "Evri", "7132708447992399662": "UPS",
}

// retrackTime is how long after shipping a tracking number may be changed.
const retrackTime = 72 * time.Hour

// marks says that this market has a package of the seller's own carrier once it is marked as shipped; in the others there
// is one after payment, which is shipped with the seller's tracking number.
func (st *Store) marks() bool {
	return !slices.Contains([]string{"ID", "MY", "PH", "SG", "TH", "VN", "BR", "MX"}, st.Region)
}

func (s Shipment) key() string { return s.Carrier + " " + s.Tracking }

// Mark says that a seller's own carrier has units of an order; none = all that are not shipped. Each call is counted as a
// try. A lost one is accepted and does nothing. Which of its documented codes the vendor gives in each case is not known;
// these are all of this call's.
func (m *Market) Mark(st *Store, orderID string, unitIDs []string, how Shipment, lost bool) (*Package, error) {
	o := st.Orders[orderID]
	if o == nil {
		return nil, Refusal{21001001, "the order does not exist"}
	}
	m.Counts.SendTries[o.ID]++
	switch {
	case o.Status == Unpaid || o.Status == OnHold:
		return nil, Refusal{21011026, "the order is not ready to be shipped: " + o.Status}
	case o.Status == Cancelled:
		return nil, Refusal{21011003, "the order's status does not allow it: " + o.Status}
	case o.CancelRequested != 0:
		return nil, Refusal{21011007, "the buyer asks to cancel: settle that first"}
	case o.FulfillmentType != "FULFILLMENT_BY_SELLER":
		return nil, Refusal{21008025, "the order is fulfilled by the platform"}
	case o.ShippingType != "SELLER" || !st.marks():
		return nil, Refusal{21011029, "packages of this order are shipped by the package, not marked"}
	case how.Tracking == "":
		return nil, Refusal{21011022, "tracking_number is missing"}
	case Carriers[how.Carrier] == "":
		return nil, Refusal{11001031, "shipping_provider_id is none of the delivery option's"}
	case !m.Rules.Reship && st.trackings[how.key()] != nil:
		return nil, Refusal{21034012, "the tracking number has been used"}
	}
	units, err := m.marked(o, unitIDs)
	if err != nil || lost {
		return &Package{Units: units}, err
	}
	open := slices.ContainsFunc(units, Unit.open)
	p := m.makePackage(st, processing, units)
	p.Tracking, p.Carrier = how.Tracking, how.Carrier
	m.shipped(st, p)
	if open {
		for _, u := range units {
			u.Listing.Committed--
		}
		m.sent(st, o)
	}
	return p, nil
}

// marked finds the units that a parcel is to hold; with the rule Reship also those that are in one already.
func (m *Market) marked(o *Order, ids []string) ([]Unit, error) {
	var units []Unit
	for _, u := range o.units() {
		named := slices.Contains(ids, strconv.FormatInt(u.ID, 10))
		switch {
		case named && !u.open() && !m.Rules.Reship:
			return nil, Refusal{21011020, "an item is shipped already"}
		case named, len(ids) == 0 && (u.open() || m.Rules.Reship):
			units = append(units, u)
		}
	}
	switch {
	case len(units) == 0 && len(ids) == 0:
		return nil, Refusal{21011020, "the order is shipped already"}
	case len(ids) > 0 && len(units) != len(ids):
		return nil, Refusal{21001029, "an item is not the order's, or is named twice"}
	}
	return units, nil
}

// Retrack changes the tracking number of a package, once an order and within 72 hours. The codes are this call's, but which
// is for what is not known.
func (m *Market) Retrack(st *Store, packageID string, how Shipment) error {
	p := st.Packages[packageID]
	switch {
	case p == nil:
		return Refusal{10007002, "the package does not exist"}
	case p.Status == Cancelled:
		return Refusal{25001010, "the package is cancelled"}
	case p.Status == ToFulfill:
		return Refusal{21011004, "the package is not shipped"}
	case p.Carrier == "":
		return Refusal{21011028, "the platform's carrier has this package"}
	case how.Tracking == "":
		return Refusal{21011022, "tracking_number is missing"}
	case Carriers[how.Carrier] == "":
		return Refusal{21011030, "shipping_provider_id is none of the delivery option's"}
	case st.trackings[how.key()] != nil:
		return Refusal{21011049, "the tracking number has been used"}
	case slices.ContainsFunc(p.Orders, func(o *Order) bool { return o.Retracked }):
		return Refusal{21011042, "the shipping information of the order was updated before: it can be once"}
	case m.hooks.Now().Unix()-p.Shipped > int64(retrackTime/time.Second):
		return Refusal{21011043, "the package was shipped more than 72 hours ago"}
	}
	delete(st.trackings, Shipment{Carrier: p.Carrier, Tracking: p.Tracking}.key())
	p.Tracking, p.Carrier = how.Tracking, how.Carrier
	st.trackings[how.key()] = p
	m.Counts.Retracks[p.ID]++
	m.setPackage(st, p, p.Status)
	for _, o := range p.Orders {
		o.Retracked = true
		m.touch(st, o)
	}
	return nil
}

// Splittable says why an order's packages cannot be split now; empty = they can.
func (m *Market) Splittable(o *Order) (reason string) {
	switch {
	case o.Status != AwaitingShipment:
		return "the order's status does not allow it: " + o.Status
	case o.CancelRequested != 0:
		return "the buyer asks to cancel"
	case o.FulfillmentType != "FULFILLMENT_BY_SELLER":
		return "the order is fulfilled by the platform"
	case len(o.Parcels) == 0:
		return "packages of this order are made as they are shipped"
	case len(o.Parcels[0].Orders) > 1:
		return "the order is combined with another"
	case len(o.units()) < 2:
		return "the order has one item"
	}
	return ""
}

// Split puts every unit of an order into one of several new packages, in the order of the groups.
func (m *Market) Split(st *Store, orderID string, groups [][]string) ([]*Package, error) {
	o := st.Orders[orderID]
	if o == nil {
		return nil, Refusal{21011005, "the order does not exist"}
	}
	m.Counts.SplitTries[o.ID]++
	if reason := m.Splittable(o); reason != "" {
		return nil, Refusal{21011005, reason}
	}
	left, units := o.units(), make([][]Unit, len(groups))
	for i, ids := range groups {
		for _, id := range ids {
			n := slices.IndexFunc(left, func(u Unit) bool { return strconv.FormatInt(u.ID, 10) == id })
			if n < 0 {
				return nil, Refusal{21011035, "an item is not the order's, or in two groups"}
			}
			units[i], left = append(units[i], left[n]), slices.Delete(left, n, n+1)
		}
	}
	if len(groups) < 2 || len(left) > 0 || slices.ContainsFunc(units, func(u []Unit) bool { return len(u) == 0 }) {
		return nil, Refusal{21011035, "each item must be in one of two groups or more, none of them empty"}
	}
	m.Counts.Splits[o.ID]++
	return m.repack(st, "SPLIT", []*Order{o}, units), nil
}

// Group are orders whose packages may be combined.
type Group struct {
	ID     string
	Orders []*Order
}

// Combinable finds them: to one buyer at one address, shipped the same way, nothing arranged.
func (m *Market) Combinable(st *Store) []Group {
	together := map[string]*Group{}
	for o := range st.OrderLine.All() {
		fit := o.Status == AwaitingShipment && o.CancelRequested == 0 && o.FulfillmentType == "FULFILLMENT_BY_SELLER"
		if !fit || len(o.Parcels) != 1 || len(o.Parcels[0].Orders) != 1 {
			continue
		}
		key := strings.Join([]string{o.BuyerID, o.BuyerName, o.Address, o.PostalCode, o.RegionCode, o.ShippingType}, "\n")
		if together[key] == nil {
			if st.groups[key] == "" {
				st.groups[key] = m.ID("113")
			}
			together[key] = &Group{ID: st.groups[key]}
		}
		together[key].Orders = append(together[key].Orders, o)
	}
	var groups []Group
	for _, g := range together {
		if len(g.Orders) > 1 {
			groups = append(groups, *g)
		}
	}
	slices.SortFunc(groups, func(a, b Group) int { return strings.Compare(a.ID, b.ID) })
	return groups
}

// Combine puts everything of orders of one group, two or more, into one new package.
func (m *Market) Combine(st *Store, groupID string, orderIDs []string) (*Package, error) {
	key := strings.Join(slices.Sorted(slices.Values(orderIDs)), "+")
	m.Counts.CombineTries[key]++
	var orders []*Order
	var units []Unit
	for _, g := range m.Combinable(st) {
		for _, o := range g.Orders {
			if g.ID == groupID && slices.Contains(orderIDs, o.ID) {
				orders, units = append(orders, o), append(units, o.units()...)
			}
		}
	}
	if len(orders) < 2 || len(orders) != len(orderIDs) {
		return nil, Refusal{21011005, "the orders are not two or more that can be combined"}
	}
	m.Counts.Combines[key]++
	return m.repack(st, "COMBINE", orders, [][]Unit{units})[0], nil
}

// repack ends the packages of orders for new ones and tells it.
func (m *Market) repack(st *Store, what string, orders []*Order, groups [][]Unit) (made []*Package) {
	for _, o := range orders {
		for _, p := range o.Parcels {
			m.setPackage(st, p, Cancelled)
		}
		o.Parcels = nil
	}
	for _, units := range groups {
		made = append(made, m.makePackage(st, ToFulfill, units))
	}
	for _, o := range orders {
		m.touch(st, o)
	}
	m.hooks.Note("packages "+what, st.ID, orders[0].ID, strconv.Itoa(len(made))+" made")
	m.hooks.Tell(st, Notice{Topic: "PACKAGE_UPDATE", Order: orders[0], Packages: made, Status: what, Role: "SELLER"})
	return made
}
