// Package inventory is the stock ledger: per SKU what is on hand, what of it is promised, and what
// can still be sold.
//
//	on hand   = received − shipped ± adjustments + sellable returns
//	available = on hand − aside − reserved
//
// Units lie at locations, and their sum is what is on hand: what no event places lies at the main one. Aside are those where orders
// are not shipped from, which are not for sale.
//
// A reservation never takes available below zero: check and reserve are one decision over all SKUs
// of an order, all lines or none. A count or damage may; such a SKU is critical at once. Goods that
// were shipped although a count had said there were none take on hand below zero: what left, left.
package inventory

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory/waiting"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
)

// MaxUnits bounds any single movement and any SKU's figures, far above what a shop holds.
const MaxUnits = 1_000_000_000

// Rules' answers.
const (
	ErrSKU      = eventlog.Refusal("A SKU is 1 to 100 bytes of text without spaces at its ends and without control characters.")
	ErrQuantity = eventlog.Refusal("The quantity must be a whole number between 1 and 1,000,000,000.")
	ErrDelta    = eventlog.Refusal("The change must be a whole number other than 0, at most 1,000,000,000 either way.")
	ErrReason   = eventlog.Refusal("An adjustment needs a reason of 1 to 200 characters, so that the ledger can say why.")
	ErrUnknown  = eventlog.Refusal("There is no such SKU. Receive stock for it first, or check the spelling: SKUs are case-sensitive.")
	ErrTooMuch  = eventlog.Refusal("That would take the stock out of range.")
	ErrText     = eventlog.Refusal("A name has at most 300 bytes, a note at most 200 characters.")
	ErrBundle   = eventlog.Refusal("This SKU is a bundle and has no stock of its own: receive or count what it is made of instead.")
)

// State is one SKU's stock.
type State struct {
	Known    bool
	Received int64
	Shipped  int64
	Adjusted int64
	Returned int64 // sellable ones
	Damaged  int64 // returned, not sellable and so not on hand
	Reserved int64
	Open     map[Attempt]int64 // units promised

	Components map[string]int64 // of a bundle, which has no stock of its own: units of other SKUs in one of it
	Bundles    map[string]int64 // that take this SKU: units in one of each

	Queue waiting.Queue // who waits for units, whose turn comes first in front; mostly nobody

	places.Held // where the units lie

	where *places.State // nil = everything is for sale; see In
	home  string        // where units go that come back, unless somebody says otherwise; see In
}

// Bundle says that a SKU's units are units of others.
func (s State) Bundle() bool { return len(s.Components) > 0 }

// Shared says that a SKU's units can be sold as another SKU, too.
func (s State) Shared() bool { return len(s.Components)+len(s.Bundles) > 0 }

// Attempt is one try of an order to have its units.
type Attempt = places.Attempt

// OnHand is what lies in the house.
func (s State) OnHand() int64 { return s.Received - s.Shipped + s.Adjusted + s.Returned }

// Holds is how many units are promised to an order.
func (s State) Holds(order string) (units int64) {
	for at, n := range s.Open {
		if at.Order == order {
			units += n
		}
	}
	return units
}

// Without is the stock as if an attempt held nothing of it, and nobody else did but in sum.
func (s State) Without(a Attempt) State {
	s.Reserved -= s.Open[a]
	s.Open = nil
	return s
}

// Available is what can still be sold; negative after a count below what is promised.
func (s State) Available() int64 { return s.OnHand() - s.Aside() - s.Reserved }

func evolve(s State, e eventlog.Event) State {
	_, counted := e.(events.Adjusted)
	s.Known, s.Held = true, s.Take(places.Changes(e), counted)
	switch e := e.(type) {
	case events.Received:
		s.Received += e.Quantity
	case events.Adjusted:
		s.Adjusted += e.Delta
	case events.Allotted:
		s.Held = s.Allot(Attempt{Order: e.Order, Number: e.Attempt}, e.From)
	case events.Returned:
		if e.Sellable {
			s.Returned += e.Quantity
		} else {
			s.Damaged += e.Quantity
		}
	case events.Reserved:
		s = s.hold(Attempt{Order: e.Order, Number: e.Attempt}, e.Quantity)
		s.Reserved += e.Quantity
	case events.Released:
		s = s.settle(Attempt{Order: e.Order, Number: e.Attempt}, e.Quantity, e.Kept)
	case events.Shipped:
		s = s.settle(Attempt{Order: e.Order, Number: e.Attempt}, e.Quantity, 0)
		s.Shipped += e.Quantity
	case events.Bundled:
		s.Components = map[string]int64{}
		for _, c := range e.Components {
			s.Components[c.SKU] = c.Quantity
		}
	case events.Unbundled:
		s.Components = nil
	case events.JoinedBundle:
		s.Bundles = with(s.Bundles, e.Bundle, e.Quantity)
	case events.LeftBundle:
		s.Bundles = with(s.Bundles, e.Bundle, 0)
	default:
		return evolveQueue(s, e)
	}
	return s
}

func (s State) hold(a Attempt, units int64) State {
	if s.Open == nil {
		s.Open = map[Attempt]int64{}
	}
	s.Open[a] += units
	return s
}

// settle ends the promise of units; of what an attempt keeps it is open again where it is taken from.
func (s State) settle(a Attempt, units, kept int64) State {
	if delete(s.Open, a); kept > 0 {
		s = s.hold(a, kept)
	}
	s.Reserved -= units
	s.Held = s.Allot(a, nil)
	return s
}

// with is a map in which a key has another number, or is not; nil when nothing is left in it.
func with(m map[string]int64, key string, n int64) map[string]int64 {
	m = maps.Clone(m)
	switch {
	case n == 0:
		delete(m, key)
	case m == nil:
		m = map[string]int64{key: n}
	default:
		m[key] = n
	}
	if len(m) == 0 {
		return nil
	}
	return m
}

// Receive is a delivery that arrived.
type Receive struct {
	SKU, Name, Reason string
	Quantity          int64
	Location          string // none = the main one, here and below
}

// Receiving adds a delivery to the stock; it is also how a SKU comes to be.
func Receiving() eventlog.Decider[State, Receive] {
	return eventlog.Decider[State, Receive]{Name: "stock", Evolve: evolve, Keep: keep, Decide: func(s State, c Receive) ([]eventlog.Event, error) {
		switch {
		case !ValidSKU(c.SKU):
			return nil, ErrSKU
		case c.Quantity < 1 || c.Quantity > MaxUnits:
			return nil, ErrQuantity
		case s.Bundle():
			return nil, ErrBundle
		case len(c.Name) > 300 || utf8.RuneCountInString(c.Reason) > 200:
			return nil, ErrText
		case s.OnHand()+c.Quantity > MaxUnits:
			return nil, ErrTooMuch
		}
		if err := s.takes(c.Location); err != nil {
			return nil, err
		}
		return []eventlog.Event{events.Received{SKU: c.SKU, Quantity: c.Quantity, Name: c.Name, Reason: c.Reason, Location: places.Key(c.Location)}}, nil
	}}
}

// Adjust is a difference that a person found; two of them commute.
type Adjust struct {
	SKU, Reason string
	Delta       int64
	Location    string
}

// Adjusting changes the stock by a difference and keeps the reason.
func Adjusting() eventlog.Decider[State, Adjust] {
	return eventlog.Decider[State, Adjust]{Name: "stock", Evolve: evolve, Keep: keep, Decide: func(s State, c Adjust) ([]eventlog.Event, error) {
		onHand := s.OnHand() + c.Delta
		switch {
		case c.Delta == 0 || c.Delta > MaxUnits || c.Delta < -MaxUnits:
			return nil, ErrDelta
		case strings.TrimSpace(c.Reason) == "" || utf8.RuneCountInString(c.Reason) > 200:
			return nil, ErrReason
		case !s.Known:
			return nil, ErrUnknown
		case s.Bundle() && c.Delta > 0: // what came back of orders from before it was one can be taken out
			return nil, ErrBundle
		case onHand > MaxUnits:
			return nil, ErrTooMuch
		case onHand < 0 && c.Delta < 0: // upwards is right even when it does not suffice
			return nil, eventlog.Refusal(fmt.Sprintf("Only %d on hand: an adjustment of %d would go below nothing.", s.OnHand(), c.Delta))
		case s.Units(c.Location)+c.Delta < 0 && c.Delta < 0:
			return nil, eventlog.Refusal(fmt.Sprintf("Only %d on hand there: an adjustment of %d would go below nothing.", s.Units(c.Location), c.Delta))
		}
		if err := s.takes(c.Location); err != nil && c.Delta > 0 {
			return nil, err
		}
		return []eventlog.Event{events.Adjusted{SKU: c.SKU, Delta: c.Delta, Reason: c.Reason, Location: places.Key(c.Location)}}, nil
	}}
}

// Return is goods that came back.
type Return struct {
	SKU, Order, Reason string
	Quantity           int64
	Sellable           bool
	Location           string // none = where the order was shipped from, else the main one
}

// Returning takes goods back; damaged ones are noted and not on hand.
func Returning() eventlog.Decider[State, Return] {
	return eventlog.Decider[State, Return]{Name: "stock", Evolve: evolve, Keep: keep, Decide: func(s State, c Return) ([]eventlog.Event, error) {
		switch {
		case c.Quantity < 1 || c.Quantity > MaxUnits:
			return nil, ErrQuantity
		case !s.Known:
			return nil, ErrUnknown
		case utf8.RuneCountInString(c.Reason) > 200:
			return nil, ErrText
		case s.Returned+s.Damaged+c.Quantity > s.Shipped:
			return nil, eventlog.Refusal(fmt.Sprintf("Only %d were shipped and %d of them came back already.", s.Shipped, s.Returned+s.Damaged))
		case s.OnHand()+c.Quantity > MaxUnits:
			return nil, ErrTooMuch
		}
		back := events.Returned{SKU: c.SKU, Order: c.Order, Quantity: c.Quantity, Sellable: c.Sellable, Reason: c.Reason}
		if c.Sellable {
			if err := s.takes(c.Location); err != nil {
				return nil, err
			}
			back.Location = places.Key(cmp.Or(c.Location, s.home))
		}
		return []eventlog.Event{back}, nil
	}}
}

// Fold folds one SKU's stock stream; its state is a State.
func Fold(workspace, sku string) eventlog.Fold {
	return Receiving().Fold(events.Stream(workspace, sku))
}

// Short is a SKU of which an order cannot have enough.
type Short struct {
	SKU             string
	Need, Available int64
	Ahead           int64 // units that others wait for whose turn comes before
}

// Reserve promises all of an order's demand or nothing; whoever waits for a SKU comes before it.
func Reserve(workspace, order string, n int, demand map[string]int64, states map[string]State) ([]eventlog.Decided, []Short) {
	return InTurn(workspace, waiting.Turn{Order: order, Attempt: n}, demand, states)
}

// InTurn promises all of an order's demand or nothing, and leaves to those whose turn comes before what they wait for. States hold
// every SKU of demand. The same attempt again yields no events; when some SKU is short, those are returned instead.
func InTurn(workspace string, t waiting.Turn, demand map[string]int64, states map[string]State) ([]eventlog.Decided, []Short) {
	var writes []eventlog.Decided
	var short []Short
	for _, sku := range slices.Sorted(maps.Keys(demand)) {
		need, s := demand[sku], states[sku]
		if s.Open[Attempt{Order: t.Order, Number: t.Attempt}] > 0 {
			continue
		}
		if ahead := s.Queue.Ahead(t); s.Available()-ahead < need {
			short = append(short, Short{SKU: sku, Need: need, Available: s.Available(), Ahead: ahead})
			continue
		}
		writes = append(writes, promised(workspace, t, sku, need, s))
	}
	if len(short) > 0 {
		return nil, short
	}
	return writes, nil
}

// promised are the events by which an order has units; it waits for them no more.
func promised(workspace string, t waiting.Turn, sku string, units int64, s State) eventlog.Decided {
	own := []eventlog.Event{events.Reserved{SKU: sku, Order: t.Order, Attempt: t.Attempt, Quantity: units}}
	if _, waited := s.Queue.Find(t.Order); waited {
		own = append(own, events.BackorderLeft{SKU: sku, Order: t.Order, Served: true})
	}
	return eventlog.Decided{Stream: events.Stream(workspace, sku), Events: own}
}

// Take promises of an order's demand what is there, whoever waits for it, when the goods have gone already, and says what was
// short. Nothing is promised to it yet.
func Take(workspace, order string, n int, demand map[string]int64, states map[string]State) ([]eventlog.Decided, []Short) {
	var writes []eventlog.Decided
	var short []Short
	for _, sku := range slices.Sorted(maps.Keys(demand)) {
		s := states[sku]
		need, available := demand[sku], max(0, s.Available())
		if available < need {
			short = append(short, Short{SKU: sku, Need: need, Available: available})
		}
		if take := min(need, available); take > 0 {
			writes = append(writes, promised(workspace, waiting.Turn{Order: order, Attempt: n}, sku, take, s))
			continue
		}
		writes = append(writes, Leave(workspace, order, "Its parcel has gone.", map[string]State{sku: s})...)
	}
	return writes, short
}

// Release frees whatever an attempt still holds. It is final because the flow that asks for it has
// turned around: its stream, folded in the same decision, lets it never reserve again.
func Release(workspace, order string, n int, reason string, states map[string]State) []eventlog.Decided {
	return each(workspace, order, n, states, func(sku string, held int64) eventlog.Event {
		return events.Released{SKU: sku, Order: order, Attempt: n, Quantity: held, Reason: reason}
	})
}

// Lessen frees what an attempt holds of each SKU beyond what is wanted of it.
func Lessen(workspace, order string, n int, reason string, wanted map[string]int64, states map[string]State) []eventlog.Decided {
	more := maps.Clone(states)
	maps.DeleteFunc(more, func(sku string, s State) bool { return s.Open[Attempt{Order: order, Number: n}] <= wanted[sku] })
	return each(workspace, order, n, more, func(sku string, held int64) eventlog.Event {
		return events.Released{SKU: sku, Order: order, Attempt: n, Quantity: held - wanted[sku], Reason: reason, Kept: wanted[sku]}
	})
}

// Ship takes whatever an attempt holds out of the house.
func Ship(workspace, order string, n int, states map[string]State) []eventlog.Decided {
	return each(workspace, order, n, states, func(sku string, held int64) eventlog.Event {
		return states[sku].Leaving(sku, order, n, held)
	})
}

func each(workspace, order string, n int, states map[string]State, event func(sku string, held int64) eventlog.Event) []eventlog.Decided {
	var writes []eventlog.Decided
	for _, sku := range slices.Sorted(maps.Keys(states)) {
		if held := states[sku].Open[Attempt{Order: order, Number: n}]; held > 0 {
			writes = append(writes, eventlog.Decided{Stream: events.Stream(workspace, sku), Events: []eventlog.Event{event(sku, held)}})
		}
	}
	return writes
}

// ValidSKU says whether a text can be a SKU; the caller has brought it into normal form C.
func ValidSKU(sku string) bool {
	return sku != "" && len(sku) <= 100 && utf8.ValidString(sku) && strings.TrimSpace(sku) == sku &&
		!strings.ContainsFunc(sku, unicode.IsControl)
}
