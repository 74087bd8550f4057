package orders

import (
	"cmp"
	"slices"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders/listed"
	"github.com/creatorflow/creatorflow/eventlog"
)

// The kinds of claims: what somebody wants of an order that was placed.
const (
	Cancellation = "cancellation"
	Return       = "return"
)

// The states of a claim at a channel, in the hub's words.
const (
	ClaimPending   = "pending"   // the seller must say yes or no
	ClaimApproved  = "approved"  // agreed, being carried out
	ClaimAwaited   = "awaited"   // agreed, the buyer has still to send the goods
	ClaimSent      = "sent_back" // the goods are on their way, the seller must look at them
	ClaimRejected  = "rejected"
	ClaimWithdrawn = "withdrawn"
	ClaimCompleted = "completed"
	ClaimUnknown   = "unknown"
)

// claimProgress orders the states: of two news with one time stamp the further one wins.
var claimProgress = []string{
	ClaimUnknown, ClaimPending, ClaimAwaited, ClaimSent, ClaimApproved, ClaimRejected, ClaimWithdrawn, ClaimCompleted,
}

// What a seller tells the channel.
const (
	ActionCancel  = "cancel"
	ActionApprove = "approve"
	ActionReject  = "reject"
)

// Rules' answers.
const (
	ErrNoOrder = eventlog.Refusal("There is no such order.")
	ErrClaim   = eventlog.Refusal("A claim needs its kind, the channel's id of it, sensible times, and a quantity of at least 1 on each line.")
)

// maxClaims of one order are kept, far more than a buyer makes.
const maxClaims = 100

// Claim is a cancellation or a return as its events tell it; what moved stands in the embedded event.
type Claim struct {
	events.ClaimOpened
	Received []events.ReturnedItem
}

// Awaits says that the seller has something to decide about a claim.
func (c Claim) Awaits() bool { return awaits(c.State) }

func awaits(state string) bool { return state == ClaimPending || state == ClaimSent }

// Claim finds one; false when there is none.
func (s State) Claim(kind, id string) (Claim, bool) {
	if i := s.claimAt(kind, id); i >= 0 {
		return s.Claims[i], true
	}
	return Claim{}, false
}

func (s State) claimAt(kind, id string) int {
	return slices.IndexFunc(s.Claims, func(c Claim) bool { return c.Kind == kind && c.ClaimOpened.Claim == id })
}

// Held says why an order must not be shipped now although it may be cancelled: empty when nothing holds it.
func (s State) Held() string {
	why := s.heldByClaim()
	if why == "" && s.UnderReview() {
		return s.Flagged.Sentence
	}
	return why
}

func (s State) heldByClaim() string {
	switch {
	case s.Asked != nil && s.Asked.Action == ActionCancel && s.Rejected():
		return "You rejected this order, and the channel is being asked to cancel it. If the channel refuses, the stock is freed and a letter says what to do."
	case s.Asked != nil && s.Asked.Action == ActionCancel:
		return "The channel is being asked to cancel this order, so nothing is sent. It goes on by itself if the channel refuses."
	case s.CancelTaken:
		return "The channel has taken our cancellation of this order. Waiting for its own news of it; nothing to do."
	}
	for _, c := range s.Claims {
		switch {
		case c.Kind != Cancellation:
		case c.State == ClaimPending:
			if s.Freed() {
				return "The buyer asks to cancel " + s.what(c) + ", so nothing is sent. Approve or reject that. The order was flagged, and its stock is free until it is reviewed and goes on."
			}
			return "The buyer asks to cancel " + s.what(c) + ", so nothing is sent. Approve or reject it; the stock is kept until then."
		case c.State == ClaimApproved:
			return "The cancellation of " + s.what(c) + " is agreed. Waiting for the channel to carry it out; nothing to do."
		}
	}
	return ""
}

// what says how much of the order a cancellation is about; one that names no lines is about all of it.
func (s State) what(c Claim) string {
	if len(c.Lines) > 0 && listed.Rest(s.Lines, c.Lines) {
		return "a part of this order"
	}
	return "this order"
}

// change replaces a claim. States are shared, so the list is made anew.
func (s *State) change(kind, id string, change func(*Claim)) {
	if i := s.claimAt(kind, id); i >= 0 {
		s.Claims = slices.Clone(s.Claims)
		change(&s.Claims[i])
	}
}

func evolveClaims(s State, e eventlog.Event) State {
	switch e := e.(type) {
	case events.ClaimOpened:
		s.Claims = append(slices.Clone(s.Claims), Claim{ClaimOpened: e})
	case events.ClaimMoved:
		s.change(e.Kind, e.Claim, func(c *Claim) {
			c.State, c.Vendor, c.Updated, c.DecideBy, c.Tracking = e.To, e.Vendor, e.Updated, e.DecideBy, cmp.Or(e.Tracking, c.Tracking)
		})
	case events.ReturnReceived:
		s.change(Return, e.Claim, func(c *Claim) { c.Received = slices.Concat(c.Received, e.Items) })
	case events.AnswerAsked:
		s.Answers, s.Asked = e.Answer, &e
	case events.AnswerEnded:
		if s.Asked != nil && s.Asked.Answer == e.Answer {
			s.CancelTaken = s.CancelTaken || e.Done && s.Asked.Action == ActionCancel
			if s.Refused = ""; !e.Done && s.Asked.Action == ActionCancel {
				s.Refused = e.Sentence
			}
			s.Asked = nil
		}
	default:
		return evolveParcels(s, e)
	}
	return s
}

// observeClaim turns what a channel shows of a claim into events. News of one state version are told apart by how far they are.
// A later version is kept also when it shows the same state, or news from between would count as new.
func observeClaim(s State, n events.ClaimOpened) ([]eventlog.Event, error) {
	if !slices.Contains(claimProgress, n.State) {
		n.State = ClaimUnknown
	}
	switch {
	case !s.Known():
		return nil, ErrNoOrder
	case n.Kind != Cancellation && n.Kind != Return, !plain(n.Claim, 100), !sensible(n.Updated), !optional(n.Created), !optional(n.DecideBy),
		slices.ContainsFunc(n.Lines, func(l events.ClaimLine) bool { return l.Quantity < 1 || !plain(l.Listing, 100) }):
		return nil, ErrClaim
	}
	n.Order = s.Placed.Order
	known, found := s.Claim(n.Kind, n.Claim)
	switch {
	case !found && len(s.Claims) >= maxClaims:
		return nil, nil
	case !found:
		return []eventlog.Event{n}, nil
	case cmp.Or(n.Updated.Compare(known.Updated), cmp.Compare(claimRank(n.State), claimRank(known.State))) <= 0:
		return nil, nil
	}
	return []eventlog.Event{events.ClaimMoved{
		Order: n.Order, Kind: n.Kind, Claim: n.Claim, From: known.State, To: n.State, Vendor: n.Vendor, Tracking: n.Tracking,
		Updated: n.Updated, DecideBy: n.DecideBy,
	}}, nil
}

func claimRank(state string) int { return slices.Index(claimProgress, state) }

// ObservingClaim is how a channel's news about a cancellation or a return of one order are taken in.
func ObservingClaim() eventlog.Decider[State, events.ClaimOpened] {
	return eventlog.Decider[State, events.ClaimOpened]{Name: "order", Evolve: evolve, Decide: observeClaim}
}

// changesClaims says what a record changes in an order's row: what waits for the seller, and whether an answer is on its way.
func changesClaims(e eventlog.Event) (string, func(*Row)) {
	claim := func(kind, id, state string) func(*Row) {
		return func(row *Row) {
			key := kind + ":" + id
			row.Pending = slices.DeleteFunc(slices.Clone(row.Pending), func(k string) bool { return k == key })
			if awaits(state) {
				row.Pending = append(row.Pending, key)
			}
		}
	}
	switch e := e.(type) {
	case events.ClaimOpened:
		return e.Order, claim(e.Kind, e.Claim, e.State)
	case events.ClaimMoved:
		return e.Order, claim(e.Kind, e.Claim, e.To)
	case events.ReturnReceived:
		return e.Order, func(*Row) {}
	case events.AnswerAsked:
		return e.Order, func(row *Row) { row.Asking = int64(e.Answer) }
	case events.AnswerEnded:
		return e.Order, func(row *Row) { row.Asking = 0 }
	case events.ShippingAsked:
		return e.Order, func(*Row) {}
	case events.ShippingEnded:
		return e.Order, func(*Row) {}
	case events.PutBack:
		return e.Order, func(*Row) {}
	case events.Flagged: // the flow waits with it
		return e.Order, func(*Row) {}
	case events.Reviewed:
		return e.Order, func(*Row) {}
	}
	return "", nil
}
