// Package backorders is the bodies of the commands about orders without stock: what is done with them, who comes first of those that
// wait in turn, who waits no more.
package backorders

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/domain/backorders"
	"github.com/creatorflow/creatorflow/domain/events/shortages"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/gateway/plans"
)

// Commands plans the commands of a workspace. Flow is of its orders; nil while flows are not running.
type Commands struct {
	Log       plans.Log
	Workspace string
	Flow      *flow.Definition
	Clock     func() time.Time
}

// Shortage is what is done with an order that there is not enough stock for.
type Shortage struct {
	Path string    `json:"path" enum:"hold,backorder,cancel" doc:"of all SKUs that have none of their own"`
	SKUs []SKUPath `json:"skus" doc:"those that have one of their own"`
}

// SKUPath is what is done when a SKU is missing.
type SKUPath struct {
	SKU  string `json:"sku"`
	Path string `json:"path" enum:"hold,backorder,cancel"`
}

// Settings reads what is set.
func (c Commands) Settings(ctx context.Context) (Shortage, error) {
	folded, err := c.Log.Fold(ctx, backorders.Fold(c.Workspace))
	if err != nil {
		return Shortage{}, err
	}
	s := folded.Value.(backorders.Settings)
	body := Shortage{Path: s.For(""), SKUs: []SKUPath{}}
	for _, sku := range slices.Sorted(maps.Keys(s.Own)) {
		body.SKUs = append(body.SKUs, SKUPath{SKU: sku, Path: s.Own[sku]})
	}
	return body, nil
}

// SetPath is the body of the command that says what is done without stock.
type SetPath struct {
	SKU  string `json:"sku" maxLength:"400" required:"false" doc:"all SKUs that have no path of their own when absent"`
	Path string `json:"path" enum:"hold,backorder,cancel,default" doc:"hold waits for a person; backorder waits in turn for what comes; cancel has the channel cancel the order; default takes back what was set for the SKU"`
}

// Set plans the command.
func (c Commands) Set(_ context.Context, b SetPath) (eventlog.Request, error) {
	set := shortages.PathSet{Path: b.Path}
	if b.Path == "default" {
		set.Path = ""
	}
	if b.SKU == "" {
		return plans.One(shortages.Stream(c.Workspace), backorders.Setting(), set), nil
	}
	var err error
	if set.SKU, err = plans.SKU(b.SKU); err != nil {
		return eventlog.Request{}, err
	}
	return plans.Provided(plans.One(shortages.Stream(c.Workspace), backorders.Setting(), set), inventory.Fold(c.Workspace, set.SKU), inventory.ErrUnknown), nil
}

// Move is the body of the commands about an order's place.
type Move struct {
	Order  string `json:"order" minLength:"1" maxLength:"200"`
	Reason string `json:"reason" minLength:"1" maxLength:"200"`
}

// First plans the command that moves an order before all others.
func (c Commands) First(ctx context.Context, b Move) (eventlog.Request, error) {
	return c.plan(ctx, b, func(p backorders.Person, _ eventlog.State, stocks map[string]inventory.State) ([]eventlog.Decided, error) {
		return backorders.First(c.Workspace, p, stocks)
	})
}

// TakeOut plans the command that has an order wait in no queue any more.
func (c Commands) TakeOut(ctx context.Context, b Move) (eventlog.Request, error) {
	return c.plan(ctx, b, func(p backorders.Person, own eventlog.State, stocks map[string]inventory.State) ([]eventlog.Decided, error) {
		return backorders.TakeOut(c.Workspace, p, own, stocks)
	})
}

// errMoved refuses what was asked of an order whose SKUs have changed at the same moment.
const errMoved = eventlog.Refusal("What this order is made of has changed just now. Look at it again.")

// plan decides over the order's flow, the order and the stocks that it may wait for.
func (c Commands) plan(ctx context.Context, b Move, rule func(backorders.Person, eventlog.State, map[string]inventory.State) ([]eventlog.Decided, error)) (eventlog.Request, error) {
	if c.Flow == nil {
		return eventlog.Request{}, edge.Busy("Flows are not running at the moment.", 5)
	}
	known, err := c.Log.Fold(ctx, orders.Fold(c.Workspace, b.Order))
	if err != nil {
		return eventlog.Request{}, err
	}
	demand := known.Value.(orders.State).Demand()
	folds := []eventlog.Fold{c.Flow.Fold(b.Order), orders.Fold(c.Workspace, b.Order)}
	for _, need := range demand {
		folds = append(folds, inventory.Fold(c.Workspace, need.SKU))
	}
	p := backorders.Person{Order: b.Order, Reason: b.Reason, Now: c.Clock().UTC().Truncate(time.Microsecond)}
	return eventlog.Request{Folds: folds, Decide: func(states []eventlog.State) (d eventlog.Decision, err error) {
		switch o := states[1].Value.(orders.State); {
		case !o.Known():
			return d, orders.ErrNoOrder
		case !slices.Equal(o.Demand(), demand):
			return d, errMoved
		}
		stocks := map[string]inventory.State{}
		for i, need := range demand {
			stocks[need.SKU] = states[2+i].Value.(inventory.State)
		}
		d.Writes, err = rule(p, states[0], stocks)
		return d, err
	}}, nil
}
