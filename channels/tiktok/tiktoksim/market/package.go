package market

// ToFulfill is a package before its shipment is arranged; after it comes PROCESSING, then FULFILLING, COMPLETED or CANCELLED.
const ToFulfill = "TO_FULFILL"

// Package is a package as it stands.
type Package struct {
	ID, Status, Tracking, Handover string
	SlotStart, SlotEnd             int64
	Order                          *Order
	Items                          []int // indexes of Order.Items
	Created, Updated               Mark
	notReady                       int
	labelled                       bool
}

// Shipment is how a package is handed over; all fields may be empty.
type Shipment struct {
	Handover, Tracking string
	SlotStart, SlotEnd int64
}

// pack spreads an order's lines over its packages.
func (m *Market) pack(st *Store, o *Order) {
	for range o.Packages {
		p := &Package{ID: m.ID("115"), Status: ToFulfill, Order: o, notReady: m.Rules.LabelNotReady, Created: m.mark(m.hooks.Now())}
		p.Updated = p.Created
		o.Parcels, st.Packages[p.ID] = append(o.Parcels, p), p
		st.PackageLine.put(p)
		st.PackageNews.put(p)
	}
	for i := range o.Items {
		p := o.Parcels[i%len(o.Parcels)]
		o.Items[i].Package, p.Items = p, append(p.Items, i)
	}
}

func (m *Market) setPackage(st *Store, p *Package, status string) {
	p.Status, p.Updated = status, m.mark(m.hooks.Now())
	st.PackageNews.moved(p)
}

// Ship arranges a package's shipment: it gets its tracking number and its order moves on. A lost ship is accepted and
// does nothing. Every call is counted as an attempt, whether it takes effect or not.
func (m *Market) Ship(st *Store, packageID string, how Shipment, lost bool) error {
	p := st.Packages[packageID]
	if p == nil {
		return Refusal{21001001, "the package does not exist"}
	}
	m.Counts.ShipAttempts[p.ID]++
	o := p.Order
	switch {
	case o.Status == Cancelled:
		return Refusal{21011041, "the order is cancelled"}
	case o.Status == Unpaid || o.Status == OnHold:
		return Refusal{21011026, "the order is not ready to be shipped: " + o.Status}
	case p.Status != ToFulfill && (!m.Rules.Reship || p.Status != "PROCESSING"):
		return Refusal{11006021, "the package is shipped already"}
	case o.CancelRequested != 0:
		return Refusal{21011007, "the buyer asks to cancel: settle that first"}
	case o.FulfillmentType != "FULFILLMENT_BY_SELLER":
		return Refusal{21008025, "the order is fulfilled by the platform"}
	case o.ShippingType == "SELLER" && how.Tracking == "":
		return Refusal{21011022, "self_shipment is missing: the seller ships this order"}
	case lost:
		return nil
	}
	if p.Tracking = how.Tracking; p.Tracking == "" {
		p.Tracking = m.ID("TT")
	}
	p.Handover, p.SlotStart, p.SlotEnd = how.Handover, how.SlotStart, how.SlotEnd
	m.Counts.Ships[p.ID]++
	m.hooks.Note("package shipped", st.ID, p.ID, p.Tracking)
	if p.Status != ToFulfill { // again, where the rules allow it
		p.labelled = false
		return nil
	}
	for _, i := range p.Items {
		o.Items[i].Listing.Committed -= o.Items[i].Quantity
	}
	m.setPackage(st, p, "PROCESSING")
	o.Shipped = m.hooks.Now().Unix()
	for _, other := range o.Parcels {
		if other.Status == ToFulfill {
			m.set(st, o, PartiallyShipping)
			return nil
		}
	}
	m.set(st, o, AwaitingCollection)
	return nil
}

// Label answers for a package's label after it is shipped and before it is picked up; the first answer makes it.
func (m *Market) Label(st *Store, packageID string) (*Package, error) {
	p := st.Packages[packageID]
	switch {
	case p == nil:
		return nil, Refusal{21001001, "the package does not exist"}
	case p.Order.ShippingType == "SELLER":
		return nil, Refusal{21008109, "the seller ships this order: there is no label"}
	case p.Status == ToFulfill:
		return nil, Refusal{21008043, "the shipment is not arranged yet"}
	case p.Status != "PROCESSING":
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
