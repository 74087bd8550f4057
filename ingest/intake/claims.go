package intake

import (
	"context"
	"fmt"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/aftersales"
	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/origin"
	"github.com/creatorflow/creatorflow/eventlog"
)

// ObserveClaim takes in a cancellation or a return of an order that is known, and tells the names of its events. The same
// again yields nothing. A Refusal is the rule's "no".
func (t *Intake) ObserveClaim(ctx context.Context, c channels.Connection, claim channels.Claim, cause string) (names []string, err error) {
	order := orders.ID(c.ID, claim.Order)
	news := events.ClaimOpened{
		Untracked: claim.Untracked, Elsewhere: claim.Elsewhere,
		Kind: string(claim.Kind), Claim: claim.ID, State: string(claim.State), Vendor: claim.Vendor, Wants: claim.Wants, By: claim.By,
		Reason: claim.Reason, Refund: claim.Refund, Tracking: claim.Tracking, Created: claim.Created, Updated: claim.Updated, DecideBy: claim.DecideBy,
	}
	for _, l := range claim.Lines {
		news.Lines = append(news.Lines, events.ClaimLine{Listing: l.ListingID, Code: Code(l.Code, l.ListingID), Quantity: l.Quantity})
	}
	back := map[string]int64{}
	for _, l := range claim.Lines {
		if l.Restocked > 0 {
			back[l.ListingID] = l.Restocked
		}
	}
	folds := []eventlog.Fold{orders.Fold(t.workspace, order)}
	var skus []string
	if len(back) > 0 {
		known, err := t.log.Fold(ctx, folds[0])
		if err != nil {
			return nil, err
		}
		for _, need := range known.Value.(orders.State).Demand() { // what an order was matched to stays
			skus = append(skus, need.SKU)
		}
	}
	stocked, stocksOf := origin.Stocks(t.workspace, order, skus)
	if len(skus) > 0 {
		folds = append(folds, stocked...)
	}
	_, err = t.log.Execute(ctx, eventlog.Request{
		Folds: folds,
		Meta:  eventlog.Meta{Actor: "channel:" + c.ID, Cause: cause, Correlation: order, Occurred: claim.Updated},
		Decide: func(states []eventlog.State) (d eventlog.Decision, err error) {
			names = nil
			var stocks map[string]inventory.State
			if len(skus) > 0 {
				if stocks, err = stocksOf(states[1:], ""); err != nil {
					return d, err
				}
			}
			d.Writes, err = aftersales.Observe(t.workspace, states[0].Value.(orders.State), news, back, stocks)
			for _, w := range d.Writes {
				for _, e := range w.Events {
					names = append(names, e.EventName())
				}
			}
			return d, err
		},
	})
	if err != nil {
		return nil, fmt.Errorf("take in the %s %s of order %s: %w", claim.Kind, claim.ID, order, err)
	}
	return names, nil
}

// Behind says whether a claim's order must be read before the claim is taken in: nobody knows it yet, or it does not show
// here what a completed cancellation has done to it.
func (t *Intake) Behind(ctx context.Context, c channels.Connection, claim channels.Claim) (bool, error) {
	folded, err := t.log.Fold(ctx, orders.Fold(t.workspace, orders.ID(c.ID, claim.Order)))
	if err != nil {
		return false, err
	}
	s := folded.Value.(orders.State)
	done := claim.Kind == channels.Cancellation && claim.State == channels.ClaimCompleted
	return !s.Known() || done && s.Status != orders.Cancelled, nil
}
