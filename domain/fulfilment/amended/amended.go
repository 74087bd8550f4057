// Package amended says what an order takes of the stock when its channel lists other units than it was placed with: what is listed
// now. What was cancelled out of it is freed, and what was put into it is taken as if the order were placed with it.
//
//	order.amended ─► the flow of the order is woken ─► Give ─► stock.released, with what stays promised
//	                                                └► Take ─► stock.released, stock.reserved: all that it takes, or nothing more
//	its units have left before that                 ─► Beyond, Missing ─► a letter asks what became of them
package amended

import (
	"encoding/json"
	"maps"

	"github.com/creatorflow/creatorflow/domain/fulfilment/matching"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/orders/demand"
	"github.com/creatorflow/creatorflow/domain/orders/listed"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// Wanted is what of each SKU that an order ever took it takes now: what its channel lists, and not less than is in parcels, which may
// be on their way.
func Wanted(o orders.State) map[string]int64 {
	wanted, now := map[string]int64{}, map[string]int64{}
	if !o.Relisted {
		return placed(o)
	}
	for i, units := range listed.Of(o.Ever, o.Lines) {
		if i < len(o.SKUs) {
			now[o.SKUs[i]] += units
		}
	}
	now = demand.Units(now, o.Bundles)
	sent := o.Sent()
	for _, need := range o.Demand() {
		wanted[need.SKU] = max(now[need.SKU], sent[need.SKU])
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

// keyTaken names the units that a flow took when they were not all that its order was placed with, keyShort those that the stock had
// too little of for it.
const (
	keyTaken = "taken"
	keyShort = "short"
)

// Took notes units that were taken, and those that were missing, as a flow keeps them.
func Took(units, short map[string]int64) map[string]string {
	kept := map[string]string{}
	for key, units := range map[string]map[string]int64{keyTaken: units, keyShort: short} {
		text, _ := json.Marshal(units) // texts and numbers
		kept[key] = string(text)
	}
	return kept
}

// Held notes what an order holds by an attempt where that is not what it was placed with.
func Held(s flow.Status, o orders.State, attempt int, states map[string]inventory.State) map[string]string {
	placed, units, short := placed(o), map[string]int64{}, map[string]int64{}
	_, noted := s.Data[keyTaken]
	for sku, want := range Wanted(o) {
		held := states[sku].Open[inventory.Attempt{Order: o.Placed.Order, Number: attempt}]
		if units[sku] = held; held < want {
			short[sku] = want - held
		}
		noted = noted || held != placed[sku]
	}
	if !noted {
		return nil
	}
	return Took(units, short)
}

// placed is what an order was placed with.
func placed(o orders.State) map[string]int64 {
	units := map[string]int64{}
	for _, need := range demand.Of(o.Placed.Lines, o.SKUs, o.Bundles) {
		units[need.SKU] = need.Quantity
	}
	return units
}

// taken is how many units of each SKU the flow of an order took out of the stock; untouched says that it was to take none.
func taken(s flow.Status, o orders.State, untouched bool) map[string]int64 {
	units := map[string]int64{}
	kept, some := s.Data[keyTaken]
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
		units = placed(o)
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

// Missing is what an order that has left takes beyond what its flow took of each SKU, by SKU or, where that is not known, by code:
// what was put into it since. What the stock had too little of when it left is not in it.
func Missing(s flow.Status, o orders.State, untouched bool) map[string]int64 {
	units := map[string]int64{}
	if s.Phase != flow.Finished || untouched || !o.Relisted || o.Status == orders.Cancelled {
		return units
	}
	units = Wanted(o)
	short, left := map[string]int64{}, taken(s, o, untouched)
	if kept := s.Data[keyShort]; kept != "" {
		_ = json.Unmarshal([]byte(kept), &short) // our own words
	}
	for _, back := range o.PutBack {
		left[back.SKU] -= back.Quantity
	}
	for sku := range units {
		units[sku] -= left[sku] + short[sku]
	}
	for _, line := range matching.Unknown(o) {
		units[line.Code] += line.Quantity
	}
	maps.DeleteFunc(units, func(_ string, n int64) bool { return n <= 0 })
	return units
}
