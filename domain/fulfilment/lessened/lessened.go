// Package lessened says what an order still takes of the stock when its channel lists fewer units than it was placed with, because
// some were cancelled out of it, and frees the rest; when they are listed again, it takes them again.
//
//	order.amended ─► the flow of the order is woken ─► Give ─► stock.released, with what stays promised
//	                                                └► Again ─► stock.released, stock.reserved: all that it takes, or nothing more
//
// Units that a channel adds to what was ordered are not asked for, and a list with other listings than the order was placed with changes
// nothing: nobody knows what takes their place.
package lessened

import (
	"encoding/json"
	"maps"

	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/orders/demand"
	"github.com/creatorflow/creatorflow/domain/orders/listed"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// Fewer says that a channel lists fewer units of an order than it was placed with.
func Fewer(o orders.State) bool {
	return len(o.SKUs) > 0 && len(listed.Gone(o.Placed.Lines, o.Lines)) > 0
}

// Wanted is what of each SKU an order still takes: what its channel lists, under whichever of its listings, but not more than it was
// placed with, and not less than is in parcels, which may be on their way.
func Wanted(o orders.State) map[string]int64 {
	wanted := map[string]int64{}
	for _, need := range o.Demand() {
		wanted[need.SKU] = need.Quantity
	}
	if !Fewer(o) {
		return wanted
	}
	skus, now := o.ByListing(), map[string]int64{}
	for _, line := range o.Lines {
		now[skus[line.Listing]] += line.Quantity
	}
	now = demand.Units(now, o.Bundles)
	sent := o.Sent()
	for sku, n := range wanted {
		wanted[sku] = min(n, max(now[sku], sent[sku]))
	}
	return wanted
}

const reason = "The channel does not list them in this order any more."

// Asks is what of the stock an order asks for that has none yet, and its end in the queues of what it does not take any more.
func Asks(workspace string, o orders.State, states map[string]inventory.State) (asks map[string]int64, left []eventlog.Decided) {
	asks = Wanted(o)
	none := maps.Clone(states)
	maps.DeleteFunc(none, func(sku string, _ inventory.State) bool { return asks[sku] > 0 })
	maps.DeleteFunc(asks, func(_ string, n int64) bool { return n == 0 })
	return asks, inventory.Leave(workspace, o.Placed.Order, reason, none)
}

// key names the units that a flow took when they were not all that its order was placed with.
const key = "taken"

// Took notes units, as a flow keeps them.
func Took(units map[string]int64) map[string]string {
	kept, _ := json.Marshal(units) // texts and numbers
	return map[string]string{key: string(kept)}
}

// Held notes what an order holds by an attempt where that is not all that it was placed with.
func Held(o orders.State, attempt int, states map[string]inventory.State) map[string]string {
	units, all := map[string]int64{}, true
	for _, need := range o.Demand() {
		units[need.SKU] = states[need.SKU].Open[inventory.Attempt{Order: o.Placed.Order, Number: attempt}]
		all = all && units[need.SKU] >= need.Quantity
	}
	if all {
		return nil
	}
	return Took(units)
}

// taken is how many units of each SKU the flow of an order took out of the stock; untouched says that it was to take none.
func taken(s flow.Status, o orders.State, untouched bool) map[string]int64 {
	units := map[string]int64{}
	kept, some := s.Data[key]
	switch {
	case s.Phase == flow.Undone:
		units = o.Sent() // of a cancelled order the rest was freed, and no more can have left than it held
		for _, need := range o.Demand() {
			units[need.SKU] = min(units[need.SKU], need.Quantity)
		}
	case s.Phase != flow.Finished || untouched:
	case some:
		_ = json.Unmarshal([]byte(kept), &units) // our own words
	default:
		for _, need := range o.Demand() {
			units[need.SKU] = need.Quantity
		}
	}
	return units
}

// Beyond is what the flow of an order took of each SKU beyond what the order still takes, but for what came back: all of it once the
// order is cancelled. A SKU of which that is nothing is not in it.
func Beyond(s flow.Status, o orders.State, untouched bool) map[string]int64 {
	units, back := taken(s, o, untouched), o.Back()
	wanted := map[string]int64{}
	if o.Status != orders.Cancelled {
		wanted = Wanted(o)
	}
	for sku := range units {
		units[sku] -= wanted[sku] + back[sku]
	}
	maps.DeleteFunc(units, func(_ string, n int64) bool { return n <= 0 })
	return units
}
