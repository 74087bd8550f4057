package risk

import (
	"fmt"
	"slices"
	"strings"

	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	events "github.com/creatorflow/creatorflow/domain/events/risks"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// Rules' answers.
const (
	ErrNothing = eventlog.Refusal("Nothing was named to set: send mismatch, total, repeats or stock.")
	ErrLimit   = eventlog.Refusal("A rule has at most 20 amounts, one a currency, each above nothing and at most 1,000,000,000,000 of its minor units.")
	ErrRepeats = eventlog.Refusal("The rule of repeated orders counts from 1 to 100 other orders, within 1 to 720 hours.")
	ErrStock   = eventlog.Refusal("The stock of a flagged order is kept or freed.")
)

const (
	maxLimits = 20
	maxAmount = 1_000_000_000_000 // minor units, as an order's total
	maxOrders = 100
	maxHours  = 720
)

// Defaults are the rules while nobody has set any. They leave the ordinary orders of a small shop alone: presents go to
// another address than the bill, so that alone is not odd, only when much is at stake; most orders cost far less than the limit; and
// a family or an office seldom orders six times in a day. A currency that is not named has no limit: what is much money in it,
// only its owner knows.
func Defaults() events.Configured {
	each := func(minor int64) (amounts []money.Money) {
		for _, currency := range []string{"EUR", "GBP", "USD"} {
			amounts = append(amounts, money.Money{Minor: minor, Currency: currency})
		}
		return amounts
	}
	return events.Configured{
		Mismatch: events.Mismatch{On: true, From: each(250_00)},
		Total:    events.Total{On: true, Over: each(2_500_00)},
		Repeats:  events.Repeats{On: true, Orders: 5, Hours: 24},
		Stock:    orderevents.StockKept,
	}
}

// RuleVersions say for each setting which version of the rules' stream set it last, 0 = none did.
type RuleVersions struct {
	Mismatch int64 `json:"mismatch"`
	Total    int64 `json:"total"`
	Repeats  int64 `json:"repeats"`
	Stock    int64 `json:"stock"`
}

// Configure sets what it names; the last writer wins, setting by setting.
type Configure struct {
	Mismatch *events.Mismatch
	Total    *events.Total
	Repeats  *events.Repeats
	Stock    *string
	Seen     *RuleVersions // what the caller decided on; nil compares nothing
}

// State is what was set so far.
type State struct {
	Changed RuleVersions
	now     events.Configured
	version int64
}

// Rules are those that hold.
func (s State) Rules() events.Configured {
	if s.version == 0 {
		return Defaults()
	}
	return s.now
}

// Configuring sets the rules; the same again yields no event.
func Configuring() eventlog.Decider[State, Configure] {
	return eventlog.Decider[State, Configure]{Name: "risk", Evolve: evolve, Decide: configure}
}

// Fold folds a workspace's rules; its state is a State.
func Fold(workspace string) eventlog.Fold { return Configuring().Fold(events.Stream(workspace)) }

func evolve(s State, e eventlog.Event) State {
	is, ok := e.(events.Configured)
	if !ok {
		return s
	}
	was := s.Rules()
	s.version++
	s.now = is
	for _, f := range []struct {
		same bool
		at   *int64
	}{
		{sameMismatch(was.Mismatch, is.Mismatch), &s.Changed.Mismatch},
		{sameTotal(was.Total, is.Total), &s.Changed.Total},
		{was.Repeats == is.Repeats, &s.Changed.Repeats},
		{was.Stock == is.Stock, &s.Changed.Stock},
	} {
		if !f.same {
			*f.at = s.version
		}
	}
	return s
}

func sameMismatch(a, b events.Mismatch) bool { return a.On == b.On && slices.Equal(a.From, b.From) }

func sameTotal(a, b events.Total) bool { return a.On == b.On && slices.Equal(a.Over, b.Over) }

func configure(s State, c Configure) ([]eventlog.Event, error) {
	if c.Mismatch == nil && c.Total == nil && c.Repeats == nil && c.Stock == nil {
		return nil, ErrNothing
	}
	now := s.Rules()
	next, seen := now, s.Changed
	if c.Seen != nil {
		seen = *c.Seen
	}
	var moved workspace.Moved
	// set takes a setting over unless somebody else has set it to something else since it was looked at.
	set := func(field string, same, fresh bool, is string, take func()) {
		switch {
		case same:
		case !fresh:
			moved = append(moved, workspace.MovedField{Field: field, Now: is})
		default:
			take()
		}
	}
	if c.Mismatch != nil {
		from, ok := limits(c.Mismatch.From)
		if !ok {
			return nil, ErrLimit
		}
		want := events.Mismatch{On: c.Mismatch.On, From: from}
		set("mismatch", sameMismatch(want, now.Mismatch), seen.Mismatch == s.Changed.Mismatch, say(now.Mismatch.On, "from", now.Mismatch.From), func() { next.Mismatch = want })
	}
	if c.Total != nil {
		over, ok := limits(c.Total.Over)
		if !ok {
			return nil, ErrLimit
		}
		want := events.Total{On: c.Total.On, Over: over}
		set("total", sameTotal(want, now.Total), seen.Total == s.Changed.Total, say(now.Total.On, "over", now.Total.Over), func() { next.Total = want })
	}
	if c.Repeats != nil {
		want := *c.Repeats
		if want.Orders < 1 || want.Orders > maxOrders || want.Hours < 1 || want.Hours > maxHours {
			return nil, ErrRepeats
		}
		is := fmt.Sprintf("%s, %d others within %d h", onOff(now.Repeats.On), now.Repeats.Orders, now.Repeats.Hours)
		set("repeats", want == now.Repeats, seen.Repeats == s.Changed.Repeats, is, func() { next.Repeats = want })
	}
	if c.Stock != nil {
		want := *c.Stock
		if want != orderevents.StockKept && want != orderevents.StockFreed {
			return nil, ErrStock
		}
		set("stock", want == now.Stock, seen.Stock == s.Changed.Stock, now.Stock, func() { next.Stock = want })
	}
	switch {
	case moved != nil:
		return nil, moved
	case sameMismatch(next.Mismatch, now.Mismatch) && sameTotal(next.Total, now.Total) && next.Repeats == now.Repeats && next.Stock == now.Stock:
		return nil, nil
	}
	return []eventlog.Event{next}, nil
}

// limits brings amounts into one order; false when they are none that a rule can have.
func limits(amounts []money.Money) ([]money.Money, bool) {
	sorted := append([]money.Money{}, amounts...) // never null, where it is shown
	slices.SortFunc(sorted, func(a, b money.Money) int { return strings.Compare(a.Currency, b.Currency) })
	for i, m := range sorted {
		_, known := money.Exponent(m.Currency)
		if !known || m.Minor < 1 || m.Minor > maxAmount || i > 0 && sorted[i-1].Currency == m.Currency {
			return nil, false
		}
	}
	return sorted, len(sorted) <= maxLimits
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func say(on bool, word string, amounts []money.Money) string {
	texts := make([]string, len(amounts))
	for i, m := range amounts {
		texts[i] = m.String()
	}
	return onOff(on) + ", " + word + " " + strings.Join(texts, ", ")
}
