package fulfilment

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment/amended"
	"github.com/creatorflow/creatorflow/domain/fulfilment/notes"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// ShortID is the id of the letter of an order that was shipped although the stock had too little.
func ShortID(order string) string { return letterevents.Short + order }

// ReturnID is the id of the letter of an order that was cancelled after its units had left the stock.
func ReturnID(order string) string { return letterevents.Return + order }

// AddedID is the id of the letter of an order into which its channel has put units after it had left.
func AddedID(order string) string { return letterevents.Added + order }

// letter is what a decision must know of the stream of a letter that it may open.
type letter struct {
	folded bool // the stream was looked at
	known  bool
	whole  bool   // it was about all of the order
	reason string // as it stands; empty once it was settled
}

func (f fulfilment) letterFold(id string) eventlog.Fold {
	return eventlog.Fold{
		Stream: letterevents.Stream(f.workspace, id), Name: "fulfilment.letter",
		Zero: func() any { return letter{folded: true} },
		Evolve: func(s any, e eventlog.Event) any {
			l := s.(letter)
			switch e := e.(type) {
			case letterevents.Opened:
				l.whole, l.reason = l.whole || e.Field != notes.Part, e.Reason
			case letterevents.Resolved: // what it told of is back
				l.reason = ""
			}
			l.known = true
			return l
		},
	}
}

func (f fulfilment) letter(in flow.Input, id string) letter {
	return flow.State[letter](in, letterevents.Stream(f.workspace, id))
}

func (f fulfilment) opens(l letterevents.Opened) eventlog.Decided {
	return eventlog.Decided{Stream: letterevents.Stream(f.workspace, l.Letter), Events: []eventlog.Event{l}}
}

// Untouched says that the stock has nothing to do with an order: the channel ships it, or it had left before it was known.
func Untouched(o orderevents.Placed) bool { return o.SelfShips || left(o.Status) }

// left says that in this state of a channel's the parcel is not in the house any more.
func left(status string) bool {
	return status == orders.Transit || status == orders.Delivered || status == orders.Completed
}

// take makes do with the stock that is there for an order that somebody has shipped without us.
func (f fulfilment) take(in flow.Input, attempt int, demand map[string]int64, states map[string]inventory.State) (data map[string]string, writes []eventlog.Decided) {
	writes, short := inventory.Take(f.workspace, in.ID, attempt, demand, states)
	if len(short) == 0 {
		return nil, writes
	}
	units, missing, parts := maps.Clone(demand), map[string]int64{}, []string{}
	for _, s := range short {
		units[s.SKU] = max(0, s.Available)
		missing[s.SKU] = s.Need - units[s.SKU]
		parts = append(parts, fmt.Sprintf("%s: %d shipped, %d in stock", s.SKU, s.Need, s.Available))
	}
	writes = append(writes, f.opens(letterevents.Opened{
		Letter: ShortID(in.ID), Connection: f.order(in).Placed.Connection, Subject: in.ID, Field: "stock",
		Reason: "The channel shows this order as shipped, and the stock had too little for it: " + flow.Few(parts, "; ") +
			". What was there is taken. Count these SKUs and adjust the stock, then discard this.",
	}))
	return amended.Took(units, missing), writes
}

// lateNeeds are the letters of an order that was cancelled although its flow has finished, or listed with other units since.
func (f fulfilment) lateNeeds(in flow.Input) []eventlog.Fold {
	if o := f.order(in); o.Status != orders.Cancelled && !o.Relisted {
		return nil
	}
	return []eventlog.Fold{f.letterFold(ReturnID(in.ID)), f.letterFold(AddedID(in.ID))}
}

// late opens those letters, once for the same units: where the parcel is, and what is in it, only a person can say. The one of what was
// put in closes once that is out again.
func (f fulfilment) late(in flow.Input) (writes []eventlog.Decided) {
	o := f.order(in)
	n := notes.Sum(amended.Beyond(in.Flow, o, Untouched(o.Placed)))
	left := notes.Left(o, n)
	if l := f.letter(in, left.Letter); l.folded && n > 0 && !l.whole && left.Reason != l.reason {
		writes = append(writes, f.opens(left))
	}
	more := amended.Missing(in.Flow, o, Untouched(o.Placed))
	added := notes.Added(o, more)
	switch l := f.letter(in, added.Letter); {
	case !l.folded:
	case len(more) > 0 && added.Reason != l.reason:
		writes = append(writes, f.opens(added))
	case len(more) == 0 && l.reason != "":
		stream := letterevents.Stream(f.workspace, added.Letter)
		writes = append(writes, eventlog.Decided{Stream: stream, Events: []eventlog.Event{letterevents.Resolved{Letter: added.Letter}}})
	}
	return writes
}

// ErrBack refuses to put back what is back.
const ErrBack = eventlog.Refusal("Everything of this order that had left the stock is back already, by a return for example. Discard this.")

// PutBack returns what the flow of an order took out of the stock that was cancelled, or a part of it, but for what came back already. Its caller closes
// the order's letter in the same decision, so that it happens once. States hold every SKU of the order.
func PutBack(workspace, reason string, s flow.Status, o orders.State, states map[string]inventory.State) ([]eventlog.Decided, error) {
	if strings.TrimSpace(reason) == "" {
		reason = "The parcel was not collected."
	}
	var writes []eventlog.Decided
	units := amended.Beyond(s, o, Untouched(o.Placed))
	own := orderevents.PutBack{Order: o.Placed.Order}
	for _, sku := range slices.Sorted(maps.Keys(units)) {
		own.Items = append(own.Items, orderevents.ReturnedItem{SKU: sku, Quantity: units[sku], Sellable: true})
		events, err := inventory.Returning().Decide(states[sku], inventory.Return{
			SKU: sku, Order: o.Placed.Order, Quantity: units[sku], Sellable: true, Reason: reason,
		})
		if err != nil {
			return nil, err
		}
		writes = append(writes, eventlog.Decided{Stream: stock.Stream(workspace, sku), Events: events})
	}
	if len(own.Items) == 0 {
		return nil, ErrBack
	}
	return append(writes, eventlog.Decided{Stream: orderevents.Stream(workspace, o.Placed.Order), Events: []eventlog.Event{own}}), nil
}
