package orders

import (
	"slices"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders/demand"
	"github.com/creatorflow/creatorflow/eventlog"
)

// What a seller tells the channel about parcels.
const (
	ActionShip    = "ship"
	ActionCorrect = "correct"
	ActionSplit   = "split"
	ActionCombine = "combine"
)

// Parcel is units that the seller's own carrier takes together. The embedded event is the request that made it, with the
// carrier and the number as they are now.
type Parcel struct {
	events.ShippingAsked
	Told    bool   // the channel knows it
	Package string // the channel's, where it names one
}

// Unpacked are the units that the channel lists and that are in no parcel, by listing in the order of the lines.
func (s State) Unpacked() []events.ParcelItem {
	return demand.Unpacked(s.Lines, func(yield func(events.ParcelItem) bool) {
		for _, p := range s.Parcels {
			for _, item := range p.Items {
				if !yield(item) {
					return
				}
			}
		}
	})
}

// Sent is how many units of each SKU are in parcels: who has entered a number may have handed the parcel over, whether the
// channel was told or not.
func (s State) Sent() map[string]int64 {
	skus := s.ByListing()
	units := map[string]int64{}
	for _, p := range s.Parcels {
		for _, item := range p.Items {
			if sku := skus[item.Listing]; sku != "" {
				units[sku] += item.Quantity
			}
		}
	}
	return demand.Units(units, s.Bundles)
}

// ByListing are the order's SKUs by listing.
func (s State) ByListing() map[string]string {
	found := map[string]string{}
	for i, line := range s.Ever[:min(len(s.Ever), len(s.SKUs))] {
		found[line.Listing] = s.SKUs[i]
	}
	return found
}

// Repacking says that the order's packages are just being split or combined: nothing is arranged meanwhile.
func (s State) Repacking() bool {
	return slices.ContainsFunc(s.Telling, func(e events.ShippingAsked) bool { return e.Action == ActionSplit || e.Action == ActionCombine })
}

// Back is how many units of each SKU came back, with a return or because they had never left.
func (s State) Back() map[string]int64 {
	units := map[string]int64{}
	for _, c := range s.Claims {
		for _, item := range c.Received {
			units[item.SKU] += item.Quantity
		}
	}
	for _, item := range s.PutBack {
		units[item.SKU] += item.Quantity
	}
	return units
}

// evolveParcels makes changed lists anew: states are shared.
func evolveParcels(s State, e eventlog.Event) State {
	switch e := e.(type) {
	case events.ShippingAsked:
		s.Requests = e.Request
		s.Telling = append(slices.Clone(s.Telling), e)
		if e.Action == ActionShip {
			s.Parcels = append(slices.Clone(s.Parcels), Parcel{ShippingAsked: e})
		}
	case events.ShippingEnded:
		i := slices.IndexFunc(s.Telling, func(t events.ShippingAsked) bool { return t.Request == e.Request })
		if i < 0 {
			return s
		}
		asked := s.Telling[i]
		s.Telling = slices.Delete(slices.Clone(s.Telling), i, i+1)
		return s.told(asked, e)
	case events.PutBack:
		s.PutBack = slices.Concat(s.PutBack, e.Items)
	case events.Flagged:
		s.Flagged = &e
	case events.Reviewed:
		s.Reviewed = &e
	case events.Cleared:
		s.Cleared = true
	}
	return s
}

// told is what the end of a request changes.
func (s State) told(asked events.ShippingAsked, e events.ShippingEnded) State {
	at := func(request int) int {
		return slices.IndexFunc(s.Parcels, func(p Parcel) bool { return p.Request == request })
	}
	switch {
	case asked.Action == ActionShip && !e.Done && s.Status == Cancelled: // where it is only a person can say
	case asked.Action == ActionShip && !e.Done:
		s.Parcels = slices.DeleteFunc(slices.Clone(s.Parcels), func(p Parcel) bool { return p.Request == asked.Request })
	case !e.Done:
	case asked.Action == ActionShip:
		if i := at(asked.Request); i >= 0 {
			s.Parcels = slices.Clone(s.Parcels)
			s.Parcels[i].Told, s.Parcels[i].Package = true, e.Package
		}
	case asked.Action == ActionCorrect:
		if i := at(asked.Parcel); i >= 0 {
			s.Parcels = slices.Clone(s.Parcels)
			p := &s.Parcels[i]
			p.Carrier, p.CarrierName, p.Tracking = asked.Carrier, asked.CarrierName, asked.Tracking
		}
	case asked.Action == ActionSplit:
		s.Repacked = true
	case asked.Action == ActionCombine:
		s.Repacked, s.Together = true, asked.With
	}
	return s
}
