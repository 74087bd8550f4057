// Package bundles says which SKUs are bundles of others. A bundle has no stock of its own: one unit of it is units of its components,
// as many can be sold as those suffice for, and an order for it takes and gives back theirs.
//
//	command ─► Define, Dissolve ─► stock.bundled of the bundle, stock.joined_bundle of each component, in one commit ─► View
//	the flow of an order ─► Explode ─► order.exploded: what its bundles are made of, for good
//
// A component is no bundle itself, so that a bundle is exploded in one step and no bundle can hold itself. What an order was exploded
// to stays, whatever becomes of the bundle: it is of the day on which its stock was first asked for.
package bundles

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Bounds, so that what one order, one movement or one page has to look at stays small.
const (
	MaxComponents = 20     // of a bundle
	MaxUnits      = 10_000 // of a component in one bundle
	MaxBundles    = 200    // that one SKU is in
)

// Rules' answers.
const (
	ErrComponents = eventlog.Refusal("A bundle is made of 1 to 20 SKUs, each named once.")
	ErrUnits      = eventlog.Refusal("Of each component a bundle takes a whole number of units from 1 to 10,000.")
	ErrItself     = eventlog.Refusal("A bundle cannot be made of itself.")
	ErrNone       = eventlog.Refusal("This SKU is no bundle.")
	ErrMoved      = eventlog.Refusal("Somebody else has changed this bundle just now. Look at it again.")
)

// Definition is a bundle as somebody wants it.
type Definition struct {
	SKU, Name  string
	Components []events.Component
}

// Folds are the stocks that Define and Dissolve decide over: of the bundle, of its components and of those that it had before.
func Folds(workspace string, d Definition, before inventory.State) []eventlog.Fold {
	skus := map[string]bool{d.SKU: true}
	for _, c := range d.Components {
		skus[c.SKU] = true
	}
	for sku := range before.Components {
		skus[sku] = true
	}
	var folds []eventlog.Fold
	for _, sku := range slices.Sorted(maps.Keys(skus)) {
		folds = append(folds, inventory.Fold(workspace, sku))
	}
	return folds
}

// Define makes a SKU a bundle, or one of other components; the same again yields no event. Stocks are of Folds, by SKU.
func Define(workspace string, d Definition, stocks map[string]inventory.State) ([]eventlog.Decided, error) {
	own := stocks[d.SKU]
	if err := check(d, own); err != nil {
		return nil, err
	}
	made := map[string]int64{}
	for _, c := range d.Components {
		switch s := stocks[c.SKU]; {
		case c.SKU == d.SKU:
			return nil, ErrItself
		case c.Quantity < 1 || c.Quantity > MaxUnits:
			return nil, ErrUnits
		case made[c.SKU] > 0:
			return nil, ErrComponents
		case !s.Known:
			return nil, eventlog.Refusal(fmt.Sprintf("There is no SKU %q. Receive stock of it first, or check the spelling: SKUs are case-sensitive.", c.SKU))
		case s.Bundle():
			return nil, eventlog.Refusal(fmt.Sprintf("%s is a bundle itself. Name what it is made of instead: a bundle is made of single SKUs.", c.SKU))
		case len(s.Bundles) >= MaxBundles && s.Bundles[d.SKU] == 0:
			return nil, eventlog.Refusal(fmt.Sprintf("%s is in %d bundles already, which is as many as there can be.", c.SKU, MaxBundles))
		}
		made[c.SKU] = c.Quantity
	}
	if maps.Equal(made, own.Components) && d.Name == "" {
		return nil, nil
	}
	sorted := slices.SortedFunc(slices.Values(d.Components), func(a, b events.Component) int { return cmp.Compare(a.SKU, b.SKU) })
	writes := []eventlog.Decided{{
		Stream: events.Stream(workspace, d.SKU), Events: []eventlog.Event{events.Bundled{SKU: d.SKU, Name: d.Name, Components: sorted}},
	}}
	changed, err := regroup(workspace, d.SKU, own.Components, made, stocks)
	return append(writes, changed...), err
}

// check refuses what is wrong with a bundle before its components are looked at.
func check(d Definition, own inventory.State) error {
	switch {
	case !inventory.ValidSKU(d.SKU):
		return inventory.ErrSKU
	case len(d.Name) > 300:
		return inventory.ErrText
	case len(d.Components) < 1 || len(d.Components) > MaxComponents:
		return ErrComponents
	case len(own.Bundles) > 0:
		return eventlog.Refusal(fmt.Sprintf("%s is a component of %s, so it cannot be a bundle itself.", d.SKU, few(slices.Sorted(maps.Keys(own.Bundles)))))
	case !own.Bundle() && (own.OnHand() != 0 || own.Reserved != 0):
		return eventlog.Refusal(fmt.Sprintf(
			"%s has stock of its own (%d on hand, %d reserved). A bundle has none: adjust it to 0 when its orders are sent, or give the bundle another SKU.",
			d.SKU, own.OnHand(), own.Reserved))
	}
	return nil
}

// few joins the first three texts and counts the others.
func few(texts []string) string {
	if len(texts) > 3 {
		return strings.Join(texts[:3], ", ") + fmt.Sprintf(" and %d more", len(texts)-3)
	}
	return strings.Join(texts, ", ")
}

// Dissolve makes a bundle a SKU like any other, of which there is nothing.
func Dissolve(workspace, sku string, stocks map[string]inventory.State) ([]eventlog.Decided, error) {
	own := stocks[sku]
	if !own.Bundle() {
		return nil, ErrNone
	}
	writes := []eventlog.Decided{{Stream: events.Stream(workspace, sku), Events: []eventlog.Event{events.Unbundled{SKU: sku}}}}
	changed, err := regroup(workspace, sku, own.Components, nil, stocks)
	return append(writes, changed...), err
}

// regroup tells each component what a bundle takes of it now.
func regroup(workspace, bundle string, was, is map[string]int64, stocks map[string]inventory.State) (writes []eventlog.Decided, err error) {
	touched := maps.Clone(was)
	if touched == nil {
		touched = map[string]int64{}
	}
	maps.Copy(touched, is)
	for _, sku := range slices.Sorted(maps.Keys(touched)) {
		if _, folded := stocks[sku]; !folded {
			return nil, ErrMoved
		}
		var e eventlog.Event = events.JoinedBundle{SKU: sku, Bundle: bundle, Quantity: is[sku]}
		switch {
		case was[sku] == is[sku]:
			continue
		case is[sku] == 0:
			e = events.LeftBundle{SKU: sku, Bundle: bundle}
		}
		writes = append(writes, eventlog.Decided{Stream: events.Stream(workspace, sku), Events: []eventlog.Event{e}})
	}
	return writes, nil
}

// Explode says what the bundles among an order's needs are made of now; nil when there are none that it does not know yet. States are
// of the needs.
func Explode(o orders.State, demand map[string]int64, states map[string]inventory.State) *orderevents.Exploded {
	e := orderevents.Exploded{Order: o.Placed.Order}
	for _, sku := range slices.Sorted(maps.Keys(demand)) {
		if s := states[sku]; s.Bundle() && !slices.ContainsFunc(o.Bundles, func(b orderevents.Bundle) bool { return b.SKU == sku }) {
			e.Bundles = append(e.Bundles, Made(sku, s.Components))
		}
	}
	if len(e.Bundles) == 0 {
		return nil
	}
	return &e
}

// Made is a bundle as an order keeps it.
func Made(sku string, components map[string]int64) orderevents.Bundle {
	b := orderevents.Bundle{SKU: sku}
	for _, c := range slices.Sorted(maps.Keys(components)) {
		b.Components = append(b.Components, orderevents.Component{SKU: c, Quantity: components[c]})
	}
	return b
}
