package aftersales

import (
	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Rules' answers about orders that are held for review.
const (
	ErrNotFlagged = eventlog.Refusal("The order is not held for review.")
	ErrApproved   = eventlog.Refusal("The order was approved already.")
	ErrSent       = eventlog.Refusal("The channel shows the order as sent already, so there is nothing to review.")
	ErrRejected   = eventlog.Refusal("The order was rejected already.")
)

// Review is what a person decides about a flagged order. A rejected one is cancelled at its channel, for this reason.
type Review struct {
	Order   string
	Approve bool
	Reason  string
}

// Reviewing decides about a flagged order; the same again yields no event.
func Reviewing() eventlog.Decider[orders.State, Review] {
	observing := orders.Observing()
	return eventlog.Decider[orders.State, Review]{Name: observing.Name, Evolve: observing.Evolve, Decide: review}
}

func review(s orders.State, r Review) ([]eventlog.Event, error) {
	switch {
	case !s.Known():
		return nil, orders.ErrNoOrder
	case s.Flagged == nil:
		return nil, ErrNotFlagged
	case s.Reviewed != nil && s.Reviewed.Approved == r.Approve:
		return nil, nil
	case s.Reviewed != nil && s.Reviewed.Approved:
		return nil, ErrApproved
	case s.Reviewed != nil:
		return nil, ErrRejected
	case s.Status == orders.Cancelled:
		return nil, ErrCancelled
	case s.Status == orders.Transit, s.Status == orders.Delivered, s.Status == orders.Completed, r.Approve && s.Status == orders.Arranged:
		return nil, ErrSent
	}
	decided := []eventlog.Event{events.Reviewed{Order: s.Placed.Order, Approved: r.Approve}}
	if r.Approve {
		return decided, nil
	}
	cancel, err := answer(s, Answer{Order: r.Order, Action: orders.ActionCancel, Reason: r.Reason})
	return append(decided, cancel...), err
}
