package shipping

import (
	"encoding/json"
	"strings"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// asking is a request to a decision over one order and its flow; its result names the request.
func asking(d *flow.Definition, order string, decide func(orders.State, flow.Status) ([]eventlog.Event, error)) eventlog.Request {
	return eventlog.Request{
		Folds: []eventlog.Fold{orders.Fold(d.Workspace, order), d.Fold(order)},
		Decide: func(states []eventlog.State) (eventlog.Decision, error) {
			asked, err := decide(states[0].Value.(orders.State), states[1].Value.(flow.Status))
			if err != nil {
				return eventlog.Decision{}, err
			}
			return decided([]eventlog.Decided{{Stream: events.Stream(d.Workspace, order), Events: asked}})
		},
	}
}

// decided names the first request of a decision in its result.
func decided(writes []eventlog.Decided) (eventlog.Decision, error) {
	first := writes[0].Events[0].(events.ShippingAsked)
	result, err := json.Marshal(map[string]int{"request": first.Request})
	return eventlog.Decision{Writes: writes, Result: result}, err
}

// Shipping enters a parcel; d is the fulfilment flow.
func Shipping(d *flow.Definition, order string, c Ship) eventlog.Request {
	return asking(d, order, func(o orders.State, s flow.Status) ([]eventlog.Event, error) { return ship(o, sends(s, d), c) })
}

// Correcting changes the number of a parcel.
func Correcting(d *flow.Definition, order string, c Correct) eventlog.Request {
	return asking(d, order, func(o orders.State, _ flow.Status) ([]eventlog.Event, error) { return correct(o, c) })
}

// Splitting spreads an order's units over packages.
func Splitting(d *flow.Definition, order string, groups []events.ParcelGroup) eventlog.Request {
	return asking(d, order, func(o orders.State, s flow.Status) ([]eventlog.Event, error) { return split(o, s, d, groups) })
}

// Combining puts orders into one package. Each of them is held until the channel has answered; the first one's flow asks it.
func Combining(d *flow.Definition, ids []string) eventlog.Request {
	var folds []eventlog.Fold
	if checkTogether(ids) == nil {
		for _, id := range ids {
			folds = append(folds, orders.Fold(d.Workspace, id), d.Fold(id))
		}
	} else { // a decision is over a stream, also one that refuses
		folds = append(folds, orders.Fold(d.Workspace, strings.Join(ids, " ")))
	}
	return eventlog.Request{Folds: folds, Decide: func(states []eventlog.State) (eventlog.Decision, error) {
		if err := checkTogether(ids); err != nil {
			return eventlog.Decision{}, err
		}
		var writes []eventlog.Decided
		for i, id := range ids {
			o, s := states[2*i].Value.(orders.State), states[2*i+1].Value.(flow.Status)
			if err := MayRepack(o, s, d); err != nil {
				return eventlog.Decision{}, eventlog.Refusal("Order " + id + ": " + err.Error())
			}
			writes = append(writes, eventlog.Decided{Stream: events.Stream(d.Workspace, id), Events: []eventlog.Event{
				events.ShippingAsked{Order: id, Request: o.Requests + 1, Action: orders.ActionCombine, With: ids},
			}})
		}
		return decided(writes)
	}}
}
