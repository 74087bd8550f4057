package plans

import (
	"context"
	"fmt"

	placeevents "github.com/creatorflow/creatorflow/domain/events/places"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/origin"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// ReceiveStock is the body of the command that takes in goods.
type ReceiveStock struct {
	SKU      string `json:"sku" minLength:"1" maxLength:"400"`
	Quantity int64  `json:"quantity" minimum:"1"`
	Reason   string `json:"reason" maxLength:"200" required:"false"`
	Location string `json:"location" maxLength:"30" required:"false" doc:"the id of the location; the main one when absent"`
}

// Plan plans the command.
func (b ReceiveStock) Plan(workspace string) (eventlog.Request, error) {
	sku, err := SKU(b.SKU)
	return Stock(workspace, sku, inventory.Receiving(), inventory.Receive{SKU: sku, Quantity: b.Quantity, Reason: b.Reason, Location: b.Location}), err
}

// AdjustStock is the body of the command that changes stock by a difference.
type AdjustStock struct {
	SKU      string `json:"sku" minLength:"1" maxLength:"400"`
	Delta    int64  `json:"delta"`
	Reason   string `json:"reason" minLength:"1" maxLength:"200"`
	Location string `json:"location" maxLength:"30" required:"false" doc:"the id of the location; the main one when absent"`
}

// Plan plans the command.
func (b AdjustStock) Plan(workspace string) (eventlog.Request, error) {
	sku, err := SKU(b.SKU)
	return Stock(workspace, sku, inventory.Adjusting(), inventory.Adjust{SKU: sku, Delta: b.Delta, Reason: b.Reason, Location: b.Location}), err
}

// Stock is a request of a rule about one SKU's stock, which sees the locations.
func Stock[C any](workspace, sku string, d eventlog.Decider[inventory.State, C], c C) eventlog.Request {
	return oneSKU(workspace, sku, func(s inventory.State) ([]eventlog.Event, error) { return d.Decide(s, c) })
}

func oneSKU(workspace, sku string, rule func(inventory.State) ([]eventlog.Event, error)) eventlog.Request {
	return eventlog.Request{
		Folds: []eventlog.Fold{inventory.Fold(workspace, sku), places.Fold(workspace)},
		Decide: func(states []eventlog.State) (eventlog.Decision, error) {
			events, err := rule(states[0].Value.(inventory.State).In(states[1].Value.(places.State), ""))
			if err != nil || len(events) == 0 {
				return eventlog.Decision{}, err
			}
			return eventlog.Decision{Writes: []eventlog.Decided{{Stream: stockevents.Stream(workspace, sku), Events: events}}}, nil
		},
	}
}

// TransferStock is the body of the command that moves units between locations.
type TransferStock struct {
	SKU      string `json:"sku" minLength:"1" maxLength:"400"`
	Quantity int64  `json:"quantity" minimum:"1"`
	From     string `json:"from" minLength:"1" maxLength:"30" doc:"the id of the location that they leave"`
	To       string `json:"to" minLength:"1" maxLength:"30" doc:"the id of the location that they go to"`
	Reason   string `json:"reason" maxLength:"200" required:"false"`
}

// Plan plans the command.
func (b TransferStock) Plan(workspace string) (eventlog.Request, error) {
	sku, err := SKU(b.SKU)
	return oneSKU(workspace, sku, func(s inventory.State) ([]eventlog.Event, error) {
		return s.Transfer(inventory.Move{SKU: sku, From: b.From, To: b.To, Quantity: b.Quantity, Reason: b.Reason})
	}), err
}

// SetLocation is the body of the command that makes a location, or changes one.
type SetLocation struct {
	Location string `json:"location" maxLength:"30" required:"false" doc:"its id; made of the name when absent"`
	Name     string `json:"name" minLength:"1" maxLength:"240"`
	Ships    bool   `json:"ships" doc:"orders are shipped from it; what lies elsewhere is not for sale"`
}

// Plan plans the command.
func (b SetLocation) Plan(workspace string) eventlog.Request {
	setting := places.Setting()
	decide := setting.Decide
	setting.Decide = func(s places.State, c placeevents.Set) ([]eventlog.Event, error) {
		if c.Location == "" {
			c.Location = s.IDFor(c.Name)
		}
		return decide(s, c)
	}
	return One(placeevents.Stream(workspace), setting, placeevents.Set{Location: b.Location, Name: b.Name, Ships: b.Ships})
}

// OrderLocations is the body of the command that says which locations are asked first for an order's units.
type OrderLocations struct {
	Locations []string `json:"locations" minItems:"1" maxItems:"10" doc:"the ids of all of them"`
}

// Plan plans the command.
func (b OrderLocations) Plan(workspace string) eventlog.Request {
	return One(placeevents.Stream(workspace), places.Ordering(), placeevents.Ordered{Locations: b.Locations})
}

// CloseLocation is the body of the command that ends a location, or empties one that is closed.
type CloseLocation struct {
	Location string `json:"location" minLength:"1" maxLength:"30" doc:"its id"`
	To       string `json:"to" maxLength:"30" required:"false" doc:"the id of the location that what lies there goes to; without it the location must be empty"`
}

// movedAtOnce is how many SKUs are moved in one commit.
const movedAtOnce = 1000

// Plan plans the command: what lies there is moved in the same commit.
func (b CloseLocation) Plan(ctx context.Context, views projection.Store, workspace string) (eventlog.Request, error) {
	var skus []string
	err := views.Read(ctx, func(r projection.Reader) (err error) {
		skus, err = places.LyingAt(ctx, r, b.Location, "", movedAtOnce+1)
		return err
	})
	switch {
	case err != nil:
		return eventlog.Request{}, err
	case len(skus) > movedAtOnce:
		return eventlog.Request{}, eventlog.Refusal(fmt.Sprintf("More than %d SKUs lie there, more than are moved at once. Move some of them first.", movedAtOnce))
	}
	folds := []eventlog.Fold{places.Fold(workspace)}
	for _, sku := range skus {
		folds = append(folds, inventory.Fold(workspace, sku))
	}
	return eventlog.Request{Folds: folds, Decide: func(states []eventlog.State) (d eventlog.Decision, err error) {
		where := states[0].Value.(places.State)
		events, err := places.Closing().Decide(where, placeevents.Closed{Location: b.Location})
		if err != nil {
			return d, err
		}
		for i, sku := range skus {
			s := states[1+i].Value.(inventory.State).In(where, "")
			units := s.Units(b.Location)
			switch {
			case units == 0:
				continue
			case b.To == "":
				return d, eventlog.Refusal(fmt.Sprintf("%d of %s lie there. Say where what lies there goes, or move it first.", units, sku))
			}
			moved, err := s.Transfer(inventory.Move{SKU: sku, From: b.Location, To: b.To, Quantity: units, Reason: "The location is closed."})
			if err != nil {
				return d, err
			}
			d.Writes = append(d.Writes, eventlog.Decided{Stream: stockevents.Stream(workspace, sku), Events: moved})
		}
		if len(events) > 0 {
			d.Writes = append(d.Writes, eventlog.Decided{Stream: placeevents.Stream(workspace), Events: events})
		}
		return d, nil
	}}, nil
}

// ChooseLocation is the body of the command that says where an order is sent from.
type ChooseLocation struct {
	Order    string `json:"order" minLength:"1" maxLength:"200"`
	Location string `json:"location" minLength:"1" maxLength:"30" doc:"the id of the location"`
}

// Plan plans the command.
func (b ChooseLocation) Plan(ctx context.Context, log Log, workspace string) (eventlog.Request, error) {
	known, err := log.Fold(ctx, orders.Fold(workspace, b.Order))
	if err != nil {
		return eventlog.Request{}, err
	}
	stocked, stocksOf := origin.Stocks(workspace, b.Order, skus(known))
	folds := append([]eventlog.Fold{orders.Fold(workspace, b.Order)}, stocked...)
	return eventlog.Request{Folds: folds, Decide: func(states []eventlog.State) (d eventlog.Decision, err error) {
		if !states[0].Value.(orders.State).Known() {
			return d, orders.ErrNoOrder
		}
		o := origin.Order{Workspace: workspace, ID: b.Order, Where: states[1].Value.(places.State), Is: states[2].Value.(origin.State)}
		if o.Stocks, err = stocksOf(states[1:], ""); err != nil {
			return d, err
		}
		o.Attempt = fulfilment.Holding(b.Order, o.Stocks)
		d.Writes, err = o.Choose(b.Location)
		return d, err
	}}, nil
}
