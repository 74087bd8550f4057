package intake

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/direct"
	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
)

// observePayment takes in what the payment partner shows of the money of an order that was entered here.
func (t *Intake) observePayment(ctx context.Context, c channels.Connection, p channels.Payment, cause string) (out Taken, err error) {
	order := orders.ID(c.ID, p.Order)
	seen := direct.Seen{Payment: channels.Short(p.ID, 120), Status: p.Status, Moved: p.Moved, Refunded: p.Refunded}
	for _, d := range p.Disputes {
		seen.Disputes = append(seen.Disputes, events.Disputed{
			Dispute: channels.Short(d.ID, 64), Status: channels.Short(d.Status, 40), Reason: channels.Short(d.Reason, 60), Amount: d.Amount,
		})
	}
	rule, stream := direct.Seeing(), events.Stream(t.workspace, order)
	outcome, err := t.log.Execute(ctx, eventlog.Request{
		Folds: []eventlog.Fold{rule.Fold(stream)},
		Meta:  eventlog.Meta{Actor: "channel:" + c.ID, Cause: cause, Correlation: order},
		Decide: func(states []eventlog.State) (eventlog.Decision, error) {
			decided, err := rule.Decide(states[0].Value.(orders.State), seen)
			if err != nil || len(decided) == 0 {
				return eventlog.Decision{}, err
			}
			result, err := json.Marshal(describe(decided))
			return eventlog.Decision{Writes: []eventlog.Decided{{Stream: stream, Events: decided}}, Result: result}, err
		},
	})
	if err != nil {
		return Taken{}, fmt.Errorf("take in the payment of order %s: %w", order, err)
	}
	if len(outcome.Result) == 0 {
		return Taken{}, nil
	}
	return out, json.Unmarshal(outcome.Result, &out)
}

// KeepBuyer keeps in the vault who buys an order that is entered here and where it goes, and tells the references by which events
// name them: this comes before the order enters the log. What nobody refers to is swept.
func (t *Intake) KeepBuyer(ctx context.Context, connection string, o channels.Order) (person string, goes events.Destination, err error) {
	c := channels.Connection{ID: connection}
	person = t.personID(c, o)
	if err := t.keepAddress(ctx, person, o); err != nil {
		return "", events.Destination{}, fmt.Errorf("keep the buyer's address: %w", err)
	}
	return person, events.Destination{Address: t.addressOf(o.Recipient)}, nil
}
