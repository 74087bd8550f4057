// Package plans says over which streams a command decides, and how the rules of several modules are put together in one
// decision, so that they hold together.
package plans

import (
	"context"
	"encoding/json"

	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	listingevents "github.com/creatorflow/creatorflow/domain/events/listings"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/domain/orders"
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

// SetPolicy decides over the policies of a SKU, or over those for all, and what it names must be there.
func SetPolicy(workspace string, e listingevents.PolicySet) eventlog.Request {
	r := One(listingevents.Stream(workspace, e.SKU), listings.Setting(), e)
	if e.SKU != "" {
		r = Provided(r, inventory.Fold(workspace, e.SKU), inventory.ErrUnknown)
	}
	if e.Connection != "" {
		r = Provided(r, shops.Connecting().Fold(shopevents.Connection(workspace, e.Connection)), shops.ErrShop)
	}
	return r
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
	demand := known.Value.(orders.State).Demand() // what an order was matched to stays
	for _, need := range demand {
		folds = append(folds, inventory.Fold(w, need.SKU))
	}
	return eventlog.Request{Folds: folds, Decide: func(states []eventlog.State) (eventlog.Decision, error) {
		letter := states[0].Value.(letters.State)
		switch {
		case !letter.Known:
			return eventlog.Decision{}, letters.ErrNone
		case !letter.Open:
			return eventlog.Decision{}, letters.ErrClosed
		}
		stocks := map[string]inventory.State{}
		for i, need := range demand {
			stocks[need.SKU] = states[3+i].Value.(inventory.State)
		}
		back, err := fulfilment.PutBack(w, reason, states[1].Value.(flow.Status), states[2].Value.(orders.State), stocks)
		closed := eventlog.Decided{Stream: stream, Events: []eventlog.Event{letterevents.Resolved{Letter: id}}}
		return eventlog.Decision{Writes: append([]eventlog.Decided{closed}, back...)}, err
	}}, nil
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

// Receive books what came back of a return.
func Receive(ctx context.Context, log Log, w, order, claim string, items []aftersales.Item) (eventlog.Request, error) {
	known, err := log.Fold(ctx, orders.Fold(w, order))
	if err != nil {
		return eventlog.Request{}, err
	}
	demand := known.Value.(orders.State).Demand() // what an order was matched to stays
	folds := []eventlog.Fold{orders.Fold(w, order)}
	for _, need := range demand {
		folds = append(folds, inventory.Fold(w, need.SKU))
	}
	return eventlog.Request{Folds: folds, Decide: func(states []eventlog.State) (d eventlog.Decision, err error) {
		stocks := map[string]inventory.State{}
		for i, need := range demand {
			stocks[need.SKU] = states[1+i].Value.(inventory.State)
		}
		if d.Writes, err = aftersales.Receive(w, order, claim, items, states[0].Value.(orders.State), stocks); err != nil {
			return eventlog.Decision{}, err
		}
		d.Result, err = answerResult(d)
		return d, err
	}}, nil
}
