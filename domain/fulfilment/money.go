package fulfilment

import (
	"context"

	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/flow"
)

// ChargeOf is the money of an order; zero of one that a channel sold, and of one that is paid elsewhere and always was.
func ChargeOf(o orders.State) outside.Charge {
	if o.Direct.Card == "" {
		return outside.Charge{}
	}
	return outside.Charge{Key: o.Placed.Order, Amount: o.Placed.Total, Method: o.Direct.Card, Link: o.Direct.Link.Open(), NoLink: o.Direct.NoLink()}
}

// takeMoney takes an order's money where it is to be taken: of the channel, or through the payment partner. What was tried by
// card of an order that was paid elsewhere in the end is let go first.
func (f fulfilment) takeMoney(ctx context.Context, in flow.Input) error {
	o := f.order(in)
	if !o.Direct.Entered() {
		return f.desk.Capture(ctx, f.parcel(in))
	}
	cashier, ok := f.desk.(outside.Cashier)
	switch c := ChargeOf(o); {
	case c == outside.Charge{}:
		return nil
	case !ok:
		return &outside.Trouble{Sentence: "Nobody takes card payments here. Say that the order was paid elsewhere, or cancel it.", Wait: WaitPayment}
	case o.Direct.Pay == orderevents.PayElsewhere:
		return cashier.GiveBack(ctx, f.parcel(in), c)
	default:
		return cashier.Charge(ctx, f.parcel(in), c)
	}
}
