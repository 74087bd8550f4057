package market

import "slices"

// ToFulfill is a package before its shipment is arranged; after it comes PROCESSING, then FULFILLING, COMPLETED or CANCELLED.
const ToFulfill = "TO_FULFILL"

// The state of a package whose shipment is arranged.
const processing = "PROCESSING"

// Package is a package as it stands.
type Package struct {
	ID, Status, Tracking, Handover string
	Carrier                        string // the id of the seller's own; empty = the platform's
	SlotStart, SlotEnd             int64
	Orders                         []*Order // several when it is combined
	Units                          []Unit
	Created, Updated               Mark
	Shipped                        int64 // seconds
	notReady                       int
	labelled                       bool
}

// Shipment is how a package is handed over; all fields may be empty. Carrier and Tracking are of the seller's own carrier.
type Shipment struct {
	Handover, Carrier, Tracking string
	SlotStart, SlotEnd          int64
}

// units are all of an order, in the order of its lines, but for those that were cancelled out of it.
func (o *Order) units() (all []Unit) {
	for i := range o.Items {
		all = append(all, o.Items[i].units()...)
	}
	return all
}

func (it *Item) units() []Unit {
	all := make([]Unit, 0, it.Quantity)
	for n := range it.Quantity {
		if !it.gone[n] {
			all = append(all, Unit{it.First + int64(n), it})
		}
	}
	return all
}

func (u Unit) put(p *Package) { u.In[u.ID-u.First] = p }

func (u Unit) in() *Package { return u.In[u.ID-u.First] }

// open says that nobody has arranged the shipment of a unit.
func (u Unit) open() bool { return u.in() == nil || u.in().Status == ToFulfill }

// makePackage puts units into a new package.
func (m *Market) makePackage(st *Store, status string, units []Unit) *Package {
	p := &Package{ID: m.ID("115"), Status: status, Units: units, notReady: m.Rules.LabelNotReady, Created: m.mark(m.hooks.Now())}
	p.Updated = p.Created
	for _, u := range units {
		u.put(p)
		if !slices.Contains(p.Orders, u.Order) {
			p.Orders = append(p.Orders, u.Order)
			u.Order.Parcels = append(u.Order.Parcels, p)
		}
	}
	st.Packages[p.ID] = p
	st.PackageLine.Put(p)
	st.PackageNews.Put(p)
	return p
}

// Contents are what is in a package, line by line.
func (p *Package) Contents() (lines []Item) {
	for _, u := range p.Units {
		if last := len(lines) - 1; last >= 0 && lines[last].First == u.First {
			lines[last].Quantity++
			continue
		}
		it := *u.Item
		it.Quantity = 1
		lines = append(lines, it)
	}
	return lines
}

// leave takes an order that is cancelled out of a package, which goes on with the others that it holds.
func (m *Market) leave(st *Store, p *Package, o *Order) {
	if len(p.Orders) == 1 {
		m.setPackage(st, p, Cancelled)
		return
	}
	p.Orders = slices.DeleteFunc(p.Orders, func(other *Order) bool { return other == o })
	p.Units = slices.DeleteFunc(p.Units, func(u Unit) bool { return u.Order == o })
	m.setPackage(st, p, p.Status)
}

// pack spreads an order's lines over its packages. Where the seller's own carrier takes it and the market has packages of
// that kind only once they are sent, there are none yet.
func (m *Market) pack(st *Store, o *Order) {
	if o.ShippingType == "SELLER" && st.marks() {
		return
	}
	spread := make([][]Unit, o.Packages)
	for i := range o.Items {
		spread[i%o.Packages] = append(spread[i%o.Packages], o.Items[i].units()...)
	}
	for _, units := range spread {
		m.makePackage(st, ToFulfill, units)
	}
}

func (m *Market) setPackage(st *Store, p *Package, status string) {
	p.Status, p.Updated = status, m.mark(m.hooks.Now())
	st.PackageNews.Moved(p)
}

// Ship arranges a package's shipment: it gets its tracking number and its orders move on. A lost ship is accepted and
// does nothing. Every call is counted as an attempt, whether it takes effect or not.
func (m *Market) Ship(st *Store, packageID string, how Shipment, lost bool) error {
	p := st.Packages[packageID]
	if p == nil {
		return Refusal{21001001, "the package does not exist"}
	}
	m.Counts.ShipAttempts[p.ID]++
	if how.Tracking != "" {
		m.Counts.SendTries[p.Orders[0].ID]++
	}
	for _, o := range p.Orders {
		if err := m.refuseShip(st, p, o, how); err != nil {
			return err
		}
	}
	if lost {
		return nil
	}
	if p.Tracking, p.Carrier = how.Tracking, how.Carrier; p.Tracking == "" {
		p.Tracking = m.ID("TT")
	}
	p.Handover, p.SlotStart, p.SlotEnd = how.Handover, how.SlotStart, how.SlotEnd
	again := p.Status != ToFulfill // where the rules allow it
	m.shipped(st, p)
	if again {
		p.labelled = false
		return nil
	}
	for _, u := range p.Units {
		u.Listing.Committed--
	}
	m.setPackage(st, p, processing)
	for _, o := range p.Orders {
		m.sent(st, o)
	}
	return nil
}

func (m *Market) refuseShip(st *Store, p *Package, o *Order, how Shipment) error {
	own := o.ShippingType == "SELLER"
	switch {
	case o.Status == Cancelled:
		return Refusal{21011041, "the order is cancelled"}
	case o.Status == Unpaid || o.Status == OnHold:
		return Refusal{21011026, "the order is not ready to be shipped: " + o.Status}
	case p.Status == Cancelled:
		return Refusal{21001001, "the package was split or combined: it does not exist any more"}
	case p.Status != ToFulfill && (!m.Rules.Reship || p.Status != processing):
		return Refusal{11006021, "the package is shipped already"}
	case o.CancelRequested != 0:
		return Refusal{21011007, "the buyer asks to cancel: settle that first"}
	case o.FulfillmentType != "FULFILLMENT_BY_SELLER":
		return Refusal{21008025, "the order is fulfilled by the platform"}
	case own && how.Tracking == "":
		return Refusal{21011022, "self_shipment is missing: the seller ships this order"}
	case own && Carriers[how.Carrier] == "":
		return Refusal{11001031, "shipping_provider_id is none of the delivery option's"}
	case own && !m.Rules.Reship && st.trackings[how.key()] != nil:
		return Refusal{21011025, "the tracking number has been used"}
	}
	return nil
}

// shipped notes that a package got its shipment.
func (m *Market) shipped(st *Store, p *Package) {
	p.Shipped = m.hooks.Now().Unix()
	m.Counts.Ships[p.ID]++
	m.hooks.Note("package shipped", st.ID, p.ID, p.Tracking)
	if p.Carrier == "" {
		return
	}
	st.trackings[Shipment{Carrier: p.Carrier, Tracking: p.Tracking}.key()] = p
	for _, o := range p.Orders {
		m.Counts.Sent[o.ID+" "+p.Tracking]++
	}
}

// sent moves an order on of which a package was shipped.
func (m *Market) sent(st *Store, o *Order) {
	o.Shipped = m.hooks.Now().Unix()
	if slices.ContainsFunc(o.units(), Unit.open) {
		m.set(st, o, PartiallyShipping)
		return
	}
	m.set(st, o, AwaitingCollection)
}

// Label answers for a package's label after it is shipped and before it is picked up; the first answer makes it.
func (m *Market) Label(st *Store, packageID string) (*Package, error) {
	p := st.Packages[packageID]
	switch {
	case p == nil:
		return nil, Refusal{21001001, "the package does not exist"}
	case p.Orders[0].ShippingType == "SELLER":
		return nil, Refusal{21008109, "the seller ships this order: there is no label"}
	case p.Status == ToFulfill:
		return nil, Refusal{21008043, "the shipment is not arranged yet"}
	case p.Status != processing:
		return nil, Refusal{21008017, "the package is " + p.Status + ": there is no label any more"}
	case p.notReady > 0:
		p.notReady--
		return nil, Refusal{11034037, "the document is still being generated, try again later"}
	}
	if !p.labelled {
		p.labelled = true
		m.Counts.Labels[p.ID]++
		m.hooks.Note("label made", st.ID, p.ID, p.Tracking)
	}
	m.Counts.LabelReads[p.ID]++
	return p, nil
}
