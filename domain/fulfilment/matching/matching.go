// Package matching says of which SKU each line of an order is, by what its shop's codes mean: of the lines that it was placed with,
// and of those that its channel puts into it later.
//
//	order.placed, order.amended ─► Match ─► order.matched, or the order waits until somebody has said what a code means
package matching

import (
	"fmt"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/domain/catalogue"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/orders/listed"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// Wait is the code of an order with a line that is of no known SKU.
const Wait = "unknown_sku"

// Tags name the news that end that wait: a code has a meaning, or a SKU has come to be.
func Tags(e eventlog.Event) []string {
	switch e := e.(type) {
	case shopevents.Mapped:
		return []string{mappedTag(e.Connection, e.Code)}
	case stockevents.Received:
		return []string{knownTag(e.SKU)}
	case stockevents.Bundled:
		return []string{knownTag(e.SKU)}
	}
	return nil
}

func mappedTag(connection, code string) string { return "mapped:" + connection + ":" + code }
func knownTag(sku string) string               { return "known:" + sku }

// open are the places, among the lines that an order was ever listed with, of those whose SKU nobody has said yet.
func open(o orders.State) (at []int) {
	for i := range o.Ever {
		if i >= len(o.SKUs) || o.SKUs[i] == "" {
			at = append(at, i)
		}
	}
	return at
}

// Unknown are the lines of which a channel lists units in an order, and whose SKU nobody has said yet, with those units.
func Unknown(o orders.State) (lines []orderevents.Line) {
	at := open(o)
	if len(at) == 0 {
		return nil
	}
	units := listed.Of(o.Ever, o.Lines)
	for _, i := range at {
		if line := o.Ever[i]; units[i] > 0 {
			line.Quantity = units[i]
			lines = append(lines, line)
		}
	}
	return lines
}

// Needs are the streams that say what the codes of those lines mean.
func Needs(workspace string, o orders.State) (folds []eventlog.Fold) {
	seen := map[string]bool{}
	for _, i := range open(o) {
		code := o.Ever[i].Code
		if seen[code] {
			continue
		}
		seen[code] = true
		folds = append(folds, catalogue.Fold(workspace, o.Placed.Connection, code))
		if inventory.ValidSKU(code) {
			folds = append(folds, inventory.Fold(workspace, code))
		}
	}
	return folds
}

// Match says what the lines of an order are of, or has it wait. Its streams are those of Needs.
func Match(in flow.Input, workspace string, o orders.State) (matched eventlog.Decided, wait *flow.Verdict) {
	e := orderevents.Matched{Order: in.ID, SKUs: slices.Concat(o.SKUs, make([]string, len(o.Ever)-len(o.SKUs)))}
	units := listed.Of(o.Ever, o.Lines)
	var unknown, tags []string
	for _, i := range open(o) {
		code := o.Ever[i].Code
		meaning := shopevents.Listing(workspace, o.Placed.Connection, code)
		switch mapped := flow.State[catalogue.State](in, meaning).SKU; {
		case !flow.Folded(in, meaning): // its news have only just come
			again := flow.Again()
			return matched, &again
		case mapped != "":
			e.SKUs[i] = mapped
		case flow.State[inventory.State](in, stockevents.Stream(workspace, code)).Known:
			e.SKUs[i] = code
		case units[i] == 0: // nobody has to know
		default:
			if name := fmt.Sprintf("%q", code); !slices.Contains(unknown, name) {
				unknown = append(unknown, name)
				tags = append(tags, mappedTag(o.Placed.Connection, code), knownTag(code))
			}
		}
	}
	if len(unknown) > 0 {
		v := flow.Wait(Wait, fmt.Sprintf("No SKU is known for %s on this shop. The order goes on by itself once each code is mapped to a SKU.",
			flow.Few(unknown, ", ")), time.Time{}, tags...)
		return matched, &v
	}
	return eventlog.Decided{Stream: orderevents.Stream(workspace, in.ID), Events: []eventlog.Event{e}}, nil
}
