// Package plans says over which streams a command decides, and how the rules of several modules are put together in one
// decision, so that they hold together.
package plans

import (
	"context"
	"encoding/json"

	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	"github.com/creatorflow/creatorflow/domain/direct"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	listingevents "github.com/creatorflow/creatorflow/domain/events/listings"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/origin"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// Log is what a plan reads before it is decided; *eventlog.Log is one.
type Log interface {
	Fold(ctx context.Context, f eventlog.Fold) (eventlog.State, error)
}

// One is a request of a single-stream rule.
func One[S, C any](s eventlog.Stream, d eventlog.Decider[S, C], c C) eventlog.Request {
	return eventlog.Request{
		Folds: []eventlog.Fold{d.Fold(s)},
		Decide: func(states []eventlog.State) (eventlog.Decision, error) {
			events, err := d.Decide(states[0].Value.(S), c)
			if err != nil || len(events) == 0 {
				return eventlog.Decision{}, err
			}
			return eventlog.Decision{Writes: []eventlog.Decided{{Stream: s, Events: events}}}, nil
		},
	}
}

// MapSKU decides over the listing, its shop and the stock of the SKU: an order that was matched to a
// SKU nobody has would wait for stock for ever.
func MapSKU(workspace string, c catalogue.Map) eventlog.Request {
	r := One(shopevents.Listing(workspace, c.Connection, c.Code), catalogue.Mapping(), c)
	if inventory.ValidSKU(c.SKU) { // else the listing's own rule says what is wrong
		r = Provided(r, inventory.Fold(workspace, c.SKU), inventory.ErrUnknown)
	}
	return Provided(r, shops.Connecting().Fold(shopevents.Connection(workspace, c.Connection)), shops.ErrShop)
}

const errUnwritten = eventlog.Refusal("Direct sales have no listings to write: their share of the stock follows by itself. A listing policy with a buffer keeps units for them.")

// PushQuantities switches the writing of a shop's quantities; where orders are entered here there are none to write.
func PushQuantities(workspace string, e shopevents.Pushing) eventlog.Request {
	r := One(shopevents.Connection(workspace, e.Connection), shops.Switching(), e)
	decide := r.Decide
	r.Decide = func(states []eventlog.State) (eventlog.Decision, error) {
		if direct.Shop(states[0].Value.(shops.State).Connected) == nil {
			return eventlog.Decision{}, errUnwritten
		}
		return decide(states)
	}
	return r
}

// SetPolicy decides over the policies of a SKU, or over those for all, and what it names must be there.
func SetPolicy(workspace string, e listingevents.PolicySet) eventlog.Request {
	r := One(listingevents.Stream(workspace, e.SKU), listings.Setting(), e)
	if e.SKU != "" {
		r = Provided(r, inventory.Fold(workspace, e.SKU), inventory.ErrUnknown)
	}
	for _, named := range []string{e.Connection, e.Follows} {
		if named != "" {
			r = Provided(r, shops.Connecting().Fold(shopevents.Connection(workspace, named)), shops.ErrShop)
		}
	}
	return r
}

// SetOutage is the body of the command that says which outage of the hub hybrid listings must survive.
type SetOutage struct {
	SKU     string `json:"sku" maxLength:"400" required:"false" doc:"all SKUs that have none of their own when absent"`
	Minutes int    `json:"minutes" minimum:"0" maximum:"10080" doc:"up to 7 days; 0 takes back what was said: a SKU then has that of all, and all have an hour"`
}

// Plan plans the command.
func (b SetOutage) Plan(workspace string) (r eventlog.Request, err error) {
	set := listingevents.OutageSet{Minutes: b.Minutes}
	if b.SKU != "" {
		if set.SKU, err = SKU(b.SKU); err != nil {
			return r, err
		}
	}
	if r = One(listingevents.Stream(workspace, set.SKU), listings.Surviving(), set); set.SKU != "" {
		r = Provided(r, inventory.Fold(workspace, set.SKU), inventory.ErrUnknown)
	}
	return r, nil
}

// Provided lets a request decide only when something stands in another stream.
func Provided(r eventlog.Request, there eventlog.Fold, otherwise eventlog.Refusal) eventlog.Request {
	decide, at := r.Decide, len(r.Folds)
	r.Folds = append(r.Folds, there)
	r.Decide = func(states []eventlog.State) (eventlog.Decision, error) {
		if states[at].Version == 0 {
			return eventlog.Decision{}, otherwise
		}
		return decide(states[:at])
	}
	return r
}

// PutBack closes the letter of an order that was cancelled late and returns its units to the stock, in one
// decision, so that it happens once.
func PutBack(ctx context.Context, log Log, d *flow.Definition, order, reason string) (eventlog.Request, error) {
	w, id := d.Workspace, fulfilment.ReturnID(order)
	known, err := log.Fold(ctx, orders.Fold(w, order))
	if err != nil {
		return eventlog.Request{}, err
	}
	stream := letterevents.Stream(w, id)
	folds := []eventlog.Fold{letters.Resolving().Fold(stream), d.Fold(order), orders.Fold(w, order)}
	stocked, stocksOf := origin.Stocks(w, order, skus(known))
	folds = append(folds, stocked...)
	return eventlog.Request{Folds: folds, Decide: func(states []eventlog.State) (eventlog.Decision, error) {
		letter := states[0].Value.(letters.State)
		switch {
		case !letter.Known:
			return eventlog.Decision{}, letters.ErrNone
		case !letter.Open:
			return eventlog.Decision{}, letters.ErrClosed
		}
		stocks, err := stocksOf(states[3:], "")
		if err != nil {
			return eventlog.Decision{}, err
		}
		back, err := fulfilment.PutBack(w, reason, states[1].Value.(flow.Status), states[2].Value.(orders.State), stocks)
		closed := eventlog.Decided{Stream: stream, Events: []eventlog.Event{letterevents.Resolved{Letter: id}}}
		return eventlog.Decision{Writes: append([]eventlog.Decided{closed}, back...)}, err
	}}, nil
}

// errParcels refuses to take an order back whose parcels may be on their way.
const errParcels = eventlog.Refusal("Parcels of this order were entered, and may be on their way. Cancel the order at its channel: its page then asks which of them came back.")

// errDirect refuses to take back an order whose money would stay here.
const errDirect = eventlog.Refusal("This order was entered here. Cancel it instead: what was paid by card then goes back to the buyer, and its stock is free.")

// WithoutParcels refuses while parcels of an order were entered, and an order that is taken back by cancelling it.
func WithoutParcels(o orders.State) error {
	if o.Direct.Entered() {
		return errDirect
	}
	if len(o.Parcels) > 0 {
		return errParcels
	}
	return nil
}

// Rule refuses what may not be asked of an order as it stands.
type Rule func(orders.State) error

// Allowed lets a request decide only when a rule about an order does not refuse it.
func Allowed(r eventlog.Request, workspace, order string, rule Rule) eventlog.Request {
	decide, at := r.Decide, len(r.Folds)
	r.Folds = append(r.Folds, orders.Fold(workspace, order))
	r.Decide = func(states []eventlog.State) (eventlog.Decision, error) {
		if err := rule(states[at].Value.(orders.State)); err != nil {
			return eventlog.Decision{}, err
		}
		return decide(states[:at])
	}
	return r
}

// WithLetter opens a letter in the same commit.
func WithLetter(r eventlog.Request, workspace string, letter letterevents.Opened) eventlog.Request {
	decide, stream := r.Decide, letterevents.Stream(workspace, letter.Letter)
	r.Folds = append(r.Folds, letters.Resolving().Fold(stream))
	r.Decide = func(states []eventlog.State) (eventlog.Decision, error) {
		d, err := decide(states)
		if err == nil {
			d.Writes = append(d.Writes, eventlog.Decided{Stream: stream, Events: []eventlog.Event{letter}})
		}
		return d, err
	}
	return r
}

// Answer asks for an answer to a buyer's claim, or for a cancellation in the seller's name; its result names it.
func Answer(w string, a aftersales.Answer) eventlog.Request {
	r := One(orderevents.Stream(w, a.Order), aftersales.Answering(), a)
	decide := r.Decide
	r.Decide = func(states []eventlog.State) (eventlog.Decision, error) {
		d, err := decide(states)
		if err == nil {
			d.Result, err = answerResult(d)
		}
		return d, err
	}
	return r
}

// answerResult names the answer that a decision asks for; there is none when nothing has to be told.
func answerResult(d eventlog.Decision) (json.RawMessage, error) {
	for _, write := range d.Writes {
		for _, e := range write.Events {
			if asked, ok := e.(orderevents.AnswerAsked); ok {
				return json.Marshal(map[string]int{"answer": asked.Answer})
			}
		}
	}
	return json.RawMessage("{}"), nil
}

// skus are those of an order's stock; what an order was matched to stays.
func skus(order eventlog.State) (skus []string) {
	for _, need := range order.Value.(orders.State).Demand() {
		skus = append(skus, need.SKU)
	}
	return skus
}

// Receive books what came back of a return, at a location; without one where the order was sent from.
func Receive(ctx context.Context, log Log, w, order, claim, location string, items []aftersales.Item) (eventlog.Request, error) {
	known, err := log.Fold(ctx, orders.Fold(w, order))
	if err != nil {
		return eventlog.Request{}, err
	}
	stocked, stocksOf := origin.Stocks(w, order, skus(known))
	folds := append([]eventlog.Fold{orders.Fold(w, order)}, stocked...)
	return eventlog.Request{Folds: folds, Decide: func(states []eventlog.State) (d eventlog.Decision, err error) {
		stocks, err := stocksOf(states[1:], location)
		if err != nil {
			return eventlog.Decision{}, err
		}
		if d.Writes, err = aftersales.Receive(w, order, claim, items, states[0].Value.(orders.State), stocks); err != nil {
			return eventlog.Decision{}, err
		}
		d.Result, err = answerResult(d)
		return d, err
	}}, nil
}
