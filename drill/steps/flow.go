package steps

import (
	"context"
	"errors"
	"strings"

	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/partners"
)

// definition is the fulfilment of an order whose money and label come from partners instead of the
// channel: its other steps, its gates and its waits are the hub's own.
func definition(payments partners.Payments, labels partners.Labels, channel outside.Desk) *flow.Definition {
	d := fulfilment.Definition(workspace, channel)
	for i := range d.Steps {
		switch s := &d.Steps[i]; s.Name {
		case fulfilment.StepPayment:
			s.Decide = func(flow.Input) flow.Verdict { return flow.Go() }
			s.Call = func(ctx context.Context, in flow.Input, key string) flow.Verdict {
				return outcome(payments.Capture(ctx, charge(in, key)), nil)
			}
			s.UndoCall = func(ctx context.Context, in flow.Input, key string) flow.Verdict {
				return outcome(payments.Refund(ctx, charge(in, done(key))), nil)
			}
			s.UndoNote = ""
		case fulfilment.StepLabel:
			s.Call = func(ctx context.Context, in flow.Input, key string) flow.Verdict {
				l, err := labels.Buy(ctx, key, partners.Shipment{Order: in.ID})
				return outcome(err, map[string]string{"label": l.Number, "tracking": l.Tracking, "carrier": l.Carrier})
			}
			s.UndoCall = func(ctx context.Context, _ flow.Input, key string) flow.Verdict {
				return outcome(labels.Void(ctx, done(key)), nil)
			}
			s.UndoNote, s.UndoWhen = "", nil
		}
	}
	return d
}

// charge is the money of a flow's order.
func charge(in flow.Input, key string) partners.Charge {
	order := flow.State[orders.State](in, orderevents.Stream(workspace, in.ID))
	return partners.Charge{Key: key, Order: in.ID, Amount: order.Placed.Total}
}

// done is the key of what a key of the flow takes back.
func done(key string) string { return strings.TrimSuffix(key, "/undo") }

// outcome is what a partner's answer means for the flow.
func outcome(err error, data map[string]string) flow.Verdict {
	var no partners.Declined
	switch {
	case err == nil:
		return flow.Done(data)
	case errors.As(err, &no):
		return flow.Undo(no.Error())
	}
	return flow.Retry("The partner did not answer: "+err.Error(), 0)
}
