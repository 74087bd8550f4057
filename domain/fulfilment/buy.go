package fulfilment

import (
	"context"
	"errors"
	"strings"
	"time"

	labelevents "github.com/creatorflow/creatorflow/domain/events/labels"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/labels"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/orders/demand"
	"github.com/creatorflow/creatorflow/domain/origin"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// labelling are the streams by which an order's label is made, and taken back.
func (f fulfilment) labelling(in flow.Input) []eventlog.Fold {
	folds := f.reviewing(in)
	if f.order(in).Placed.SellerShips {
		folds = append(folds, labels.Fold(f.workspace))
	}
	origins := f.origins(in)
	if o := f.order(in); len(origins) > 0 && o.Flagged == nil && !o.Relisted { // else its stocks are there already
		origins = append(origins, f.stocks(in)...)
	}
	return append(folds, origins...)
}

func (f fulfilment) origins(in flow.Input) []eventlog.Fold {
	return origin.Needs(in, f.workspace, f.order(in).Together)
}

func (f fulfilment) origin(in flow.Input, states map[string]inventory.State) origin.Order {
	return origin.Of(in, f.workspace, Holding(in.ID, states), f.order(in).Together, states)
}

// locate lets an order's label be made once it is decided where the order is sent from.
func (f fulfilment) locate(in flow.Input, o orders.State) flow.Verdict {
	v := f.readyToSend(in, o)
	if !origin.Where(in, f.workspace).Several() || !v.Calls() && v.Code() != WaitTracking {
		return v
	}
	_, states := f.held(in)
	return f.origin(in, states).Gate(in, v, gone(o))
}

// buy asks a partner for the label of everything.
func (f fulfilment) buy(ctx context.Context, in flow.Input, key string) flow.Verdict {
	o := f.order(in)
	buyer, buys := f.desk.(outside.Buyer)
	if !buys {
		return wantsTracking(o, o.Unpacked())
	}
	bought, err := buyer.Buy(ctx, f.parcel(in), key)
	var t *outside.Trouble
	switch {
	case errors.Is(err, outside.ErrNoPartner):
		return wantsTracking(o, o.Unpacked())
	case errors.As(err, &t) && t.Wait == WaitTracking && !t.Unsure:
		if t.After == 0 {
			return flow.Wait(t.Wait, t.Sentence+" Mend that and retry, or enter the number of a label that you have bought elsewhere.", time.Time{})
		}
		pause := min(max(t.After, time.Second<<min(in.Attempt-1, 12)), time.Hour)
		return flow.Wait(t.Wait, t.Sentence+" It is tried again by itself. You can enter the number of a label that you have bought elsewhere.", in.Now.Add(pause), labels.Tag)
	case err != nil:
		return f.trouble(err, in)
	}
	data := map[string]string{"label": bought.Label, "label_type": bought.Type, "tracking": bought.Tracking, "carrier": bought.Carrier}
	return flow.DoneThen(data, func(now flow.Input) []eventlog.Decided {
		is := f.order(now)
		left := demand.Both(o.Unpacked(), is.Unpacked())
		if len(left) == 0 { // a person was faster
			return nil
		}
		return []eventlog.Decided{{Stream: orderevents.Stream(f.workspace, in.ID), Events: []eventlog.Event{orderevents.ShippingAsked{
			Order: in.ID, Request: is.Requests + 1, Action: orders.ActionShip, Carrier: bought.Carrier, CarrierName: bought.Carrier,
			Service: bought.Service, Tracking: bought.Tracking, Sent: now.Now, Items: left, Label: bought.Label,
		}}}}
	})
}

// mayHaveBought says whether a label of the seller's own carrier may have been bought for an order.
func (f fulfilment) mayHaveBought(in flow.Input) bool {
	_, buys := f.desk.(outside.Buyer)
	return buys && f.order(in).Placed.SellerShips && flow.State[labels.State](in, labelevents.Stream(f.workspace)).Known
}

// void gives a label back that was bought for an order that is cancelled.
func (f fulfilment) void(ctx context.Context, in flow.Input, key string) flow.Verdict {
	err := f.desk.(outside.Buyer).Void(ctx, strings.TrimSuffix(key, "/undo"))
	var t *outside.Trouble
	switch {
	case err == nil:
		return flow.Skip("The label that was bought is given back, if there was one.")
	case !errors.As(err, &t):
		return flow.Retry("The label could not be given back yet: "+err.Error(), 0)
	case t.Unsure:
		return flow.Unsure(t.Sentence, t.After)
	case t.Person:
		return flow.Stuck(t.Sentence + " When that is settled, or you let the label go, skip this step: the rest is taken back.")
	}
	return flow.Retry(t.Sentence, max(t.After, time.Second))
}
