package orders

import events "github.com/creatorflow/creatorflow/domain/events/orders"

// FlagRisk is the flag of an order that waits for review, and the code of its wait.
const FlagRisk = "risk"

// UnderReview says that a flagged order waits for a person's decision, whatever else holds it.
func (s State) UnderReview() bool { return s.Flagged != nil && s.Reviewed == nil }

// InReview says that review is what the order waits for: nobody has decided yet, and nothing else holds it.
func (s State) InReview() bool { return s.UnderReview() && s.heldByClaim() == "" }

// Rejected says that a person has reviewed the order and does not want it sent.
func (s State) Rejected() bool { return s.Reviewed != nil && !s.Reviewed.Approved }

// Freed says that the order's stock was freed when it was flagged.
func (s State) Freed() bool { return s.Flagged != nil && s.Flagged.Stock == events.StockFreed }
