// Package risk holds the rules by which an order is flagged for a person to review before it is sent. Pure: what an order is,
// and which others go to its address, are handed in.
//
//	order (total, where it goes) + history of its address + the owner's settings ─► Judge ─► order.flagged, or nothing
//
// An address is known here by a reference only; what is not known of an order never flags it.
package risk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	events "github.com/creatorflow/creatorflow/domain/events/risks"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// The rules.
const (
	RuleMismatch = "mismatch"
	RuleTotal    = "total"
	RuleRepeats  = "repeats"
)

// Order is what the rules look at.
type Order struct {
	ID       string
	Total    money.Money
	Placed   time.Time
	Mismatch bool // the bill is known to go elsewhere
}

// Judge says whether an order is held for review, nil = it is not. Address is the history of where it goes, zero while that is not known.
func Judge(rules events.Configured, o Order, address Address) *orderevents.Flagged {
	var found, parts []string
	flag := func(rule, part string) { found, parts = append(found, rule), append(parts, part) }
	if from, some := limit(rules.Mismatch.From, o.Total.Currency); rules.Mismatch.On && o.Mismatch && some && o.Total.Minor >= from.Minor {
		flag(RuleMismatch, fmt.Sprintf("it goes to another address than its bill, at a total of %s", o.Total))
	}
	if over, some := limit(rules.Total.Over, o.Total.Currency); rules.Total.On && some && o.Total.Minor > over.Minor {
		flag(RuleTotal, fmt.Sprintf("its total of %s is over your limit of %s", o.Total, over))
	}
	window := time.Duration(rules.Repeats.Hours) * time.Hour
	if others := address.Others(o.ID, o.Placed, window); rules.Repeats.On && others >= rules.Repeats.Orders {
		flag(RuleRepeats, fmt.Sprintf("%d other orders within %d h go to its address", others, rules.Repeats.Hours))
	}
	if len(found) == 0 {
		return nil
	}
	next := "The stock is kept until then."
	if rules.Stock == orderevents.StockFreed {
		next = "Its stock is free for other orders until then."
	}
	return &orderevents.Flagged{
		Order: o.ID, Rules: found, Stock: rules.Stock,
		Sentence: "Held for review: " + strings.Join(parts, "; ") + ". Approve or reject it. " + next,
	}
}

func limit(amounts []money.Money, currency string) (money.Money, bool) {
	i := slices.IndexFunc(amounts, func(m money.Money) bool { return m.Currency == currency })
	if i < 0 {
		return money.Money{}, false
	}
	return amounts[i], true
}

// Address is what is remembered of an address: its newest orders.
type Address struct{ visits []visit }

type visit struct {
	order  string
	placed time.Time
}

// remembered orders of an address are more than a rule can count.
const remembered = 2 * maxOrders

// Knows says that an order is in the history.
func (a Address) Knows(order string) bool {
	return slices.ContainsFunc(a.visits, func(v visit) bool { return v.order == order })
}

// Others counts the other orders that were placed within a time of one.
func (a Address) Others(order string, placed time.Time, within time.Duration) (n int) {
	for _, v := range a.visits {
		if v.order != order && placed.Sub(v.placed).Abs() <= within {
			n++
		}
	}
	return n
}

// AddressFold folds the history of an address; its state is an Address.
func AddressFold(workspace, reference string) eventlog.Fold {
	return eventlog.Fold{
		Stream: events.Address(workspace, reference), Name: "risk.address",
		Zero: func() any { return Address{} },
		Evolve: func(s any, e eventlog.Event) any {
			used, ok := e.(events.Used)
			if !ok {
				return s
			}
			visits := append(slices.Clone(s.(Address).visits), visit{used.Order, used.Placed})
			if len(visits) > remembered {
				oldest := slices.MinFunc(visits, func(a, b visit) int { return cmp.Or(a.placed.Compare(b.placed), cmp.Compare(a.order, b.order)) })
				visits = slices.DeleteFunc(visits, func(v visit) bool { return v == oldest })
			}
			return Address{visits}
		},
	}
}
