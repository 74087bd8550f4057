package plans

import (
	"context"

	"github.com/creatorflow/creatorflow/domain/bundles"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
)

// DefineBundle is the body of the command that makes a SKU a bundle, or one of other components.
type DefineBundle struct {
	SKU        string      `json:"sku" minLength:"1" maxLength:"400" doc:"of the bundle: a new one, or one of which nothing is in stock"`
	Name       string      `json:"name" maxLength:"300" required:"false"`
	Components []Component `json:"components" minItems:"1" maxItems:"20"`
}

// Component is units of a SKU in one unit of a bundle.
type Component struct {
	SKU      string `json:"sku" minLength:"1" maxLength:"400" doc:"no bundle itself"`
	Quantity int64  `json:"quantity" minimum:"1" maximum:"10000"`
}

// Plan plans the command.
func (b DefineBundle) Plan(ctx context.Context, log Log, workspace string) (eventlog.Request, error) {
	d := bundles.Definition{Name: b.Name}
	var err error
	if d.SKU, err = SKU(b.SKU); err != nil {
		return eventlog.Request{}, err
	}
	for _, c := range b.Components {
		sku, err := SKU(c.SKU)
		if err != nil {
			return eventlog.Request{}, err
		}
		d.Components = append(d.Components, stockevents.Component{SKU: sku, Quantity: c.Quantity})
	}
	return regroup(ctx, log, workspace, d, func(stocks map[string]inventory.State) ([]eventlog.Decided, error) {
		return bundles.Define(workspace, d, stocks)
	})
}

// DissolveBundle is the body of the command that makes a bundle a SKU like any other.
type DissolveBundle struct {
	SKU string `json:"sku" minLength:"1" maxLength:"400"`
}

// Plan plans the command.
func (b DissolveBundle) Plan(ctx context.Context, log Log, workspace string) (eventlog.Request, error) {
	sku, err := SKU(b.SKU)
	if err != nil {
		return eventlog.Request{}, err
	}
	return regroup(ctx, log, workspace, bundles.Definition{SKU: sku}, func(stocks map[string]inventory.State) ([]eventlog.Decided, error) {
		return bundles.Dissolve(workspace, sku, stocks)
	})
}

// regroup decides over a bundle, what it is made of now and what it was made of a moment ago; the rule refuses when that has changed.
func regroup(ctx context.Context, log Log, workspace string, d bundles.Definition, rule func(map[string]inventory.State) ([]eventlog.Decided, error)) (eventlog.Request, error) {
	before, err := log.Fold(ctx, inventory.Fold(workspace, d.SKU))
	if err != nil {
		return eventlog.Request{}, err
	}
	folds := bundles.Folds(workspace, d, before.Value.(inventory.State))
	return eventlog.Request{Folds: folds, Decide: func(states []eventlog.State) (decision eventlog.Decision, err error) {
		stocks := map[string]inventory.State{}
		for i, f := range folds {
			stocks[f.Stream.ID] = states[i].Value.(inventory.State)
		}
		decision.Writes, err = rule(stocks)
		return decision, err
	}}, nil
}
