// Package lessened says what an order still takes of the stock when its channel lists fewer units than it was placed with, because
// some were cancelled out of it, and frees the rest.
//
//	order.amended ─► the flow of the order is woken ─► Give ─► stock.released, with what stays promised
//
// Units that a channel adds are not asked for, and a list with other listings than the order was placed with changes nothing: nobody
// knows what takes their place.
package lessened

import (
	"encoding/json"
	"maps"

	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/orders/demand"
	"github.com/creatorflow/creatorflow/domain/orders/listed"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Fewer says that a channel lists fewer units of an order than it was placed with.
func Fewer(o orders.State) bool {
	return len(o.SKUs) > 0 && len(listed.Gone(o.Placed.Lines, o.Lines)) > 0
}

// Wanted is what of each SKU an order still takes: what its channel lists, and not less than is in parcels, which may be on their way.
func Wanted(o orders.State) map[string]int64 {
	wanted := map[string]int64{}
	for _, need := range o.Demand() {
		wanted[need.SKU] = need.Quantity
	}
	if !Fewer(o) {
		return wanted
	}
	skus, gone := o.ByListing(), map[string]int64{}
	for listing, n := range listed.Gone(o.Placed.Lines, o.Lines) {
		gone[skus[listing]] += n
	}
	sent := o.Sent()
	for sku, n := range demand.Units(gone, o.Bundles) {
		wanted[sku] = max(wanted[sku]-n, min(sent[sku], wanted[sku]))
	}
	return wanted
}

const reason = "The channel does not list them in this order any more."

// Give frees what an order holds and does not take any more; no events when that is nothing. States hold every SKU of the order.
func Give(workspace string, o orders.State, attempt int, states map[string]inventory.State) []eventlog.Decided {
	return inventory.Lessen(workspace, o.Placed.Order, attempt, reason, Wanted(o), states)
}

// Asks is what of the stock an order asks for that has none yet, and its end in the queues of what it does not take any more.
func Asks(workspace string, o orders.State, states map[string]inventory.State) (asks map[string]int64, left []eventlog.Decided) {
	asks = Wanted(o)
	none := maps.Clone(states)
	maps.DeleteFunc(none, func(sku string, _ inventory.State) bool { return asks[sku] > 0 })
	maps.DeleteFunc(asks, func(_ string, n int64) bool { return n == 0 })
	return asks, inventory.Leave(workspace, o.Placed.Order, reason, none)
}

// Held notes what an order holds, as the flow keeps it, where that is not all that it was placed with; empty where it is.
func Held(o orders.State, states map[string]inventory.State) string {
	units, all := map[string]int64{}, true
	for _, need := range o.Demand() {
		for at, n := range states[need.SKU].Open {
			if at.Order == o.Placed.Order {
				units[need.SKU] += n
			}
		}
		all = all && units[need.SKU] >= need.Quantity
	}
	if all {
		return ""
	}
	kept, _ := json.Marshal(units) // texts and numbers
	return string(kept)
}
