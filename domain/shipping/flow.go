package shipping

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// Kind is the kind of these flows and of their streams; a flow's id is FlowID.
const Kind = "shipping"

// The names of the steps, in order.
const (
	StepTell = "tell the channel"
	StepNote = "note what became of it"
)

// What the flow's steps keep.
const (
	refusedKey = "refused" // the sentence in which the channel said no
	packageKey = "package"
)

// Told is a request with where it goes.
type Told struct {
	events.ShippingAsked
	Connection, ChannelID string
	Was                   string   // of "correct": the number that the channel knows
	Others                []string // of "combine": the channel's ids of all orders of the package
}

// Desk is what the flow asks of the world.
type Desk interface {
	// Tell carries a request to the channel, once however often it is called: again means that a try before this one may have
	// taken effect, so look first. The channel's no is a sentence; a *outside.Trouble says what else is in the way.
	Tell(ctx context.Context, t Told, again bool) (pkg, refused string, err error)
}

// FlowID is the id of the flow that carries an order's n-th request.
func FlowID(order string, n int) string { return order + "#" + strconv.Itoa(n) }

// OrderOf is the order of a flow of requests; false for an id that is none of these flows'.
func OrderOf(id string) (order string, ok bool) {
	at := strings.LastIndexByte(id, '#')
	if at < 0 {
		return "", false
	}
	_, err := strconv.Atoi(id[at+1:])
	return id[:at], err == nil
}

// Definition is the flow of a workspace's requests about parcels.
func Definition(workspace string, desk Desk) *flow.Definition {
	q := requests{workspace, desk}
	return &flow.Definition{
		Kind: Kind, Workspace: workspace,
		Base: func(id string) []eventlog.Fold {
			order, _ := OrderOf(id)
			return []eventlog.Fold{orders.Fold(workspace, order)}
		},
		Wakes: func(r eventlog.Record) []string {
			if e, ok := r.Event.(events.ShippingAsked); ok && carries(e) {
				return []string{FlowID(e.Order, e.Request)}
			}
			return nil
		},
		Tags: tags,
		Lane: func(id string) string { connection, _, _ := strings.Cut(id, ":"); return connection },
		Steps: []flow.Step{
			{Name: StepTell, Decide: q.due, Call: q.tell},
			{Name: StepNote, Needs: q.others, Decide: q.note},
		},
	}
}

// carries says that a request has a flow of its own: of orders that are combined only the first one's has.
func carries(e events.ShippingAsked) bool { return len(e.With) == 0 || e.With[0] == e.Order }

// tags names the news that end a wait for a shop, or for the order to be ready.
func tags(r eventlog.Record) []string {
	switch e := r.Event.(type) {
	case shopevents.Connected:
		return []string{fulfilment.ShopTag(e.Connection)}
	case shopevents.Recovered:
		return []string{fulfilment.ShopTag(e.Connection)}
	case events.StatusChanged, events.Cancelled, events.ClaimMoved, events.AnswerEnded:
		return []string{orderTag(r.Stream.ID)}
	}
	return nil
}

func orderTag(order string) string { return "order:" + order }

type requests struct {
	workspace string
	desk      Desk
}

func (q requests) order(in flow.Input) orders.State {
	order, _ := OrderOf(in.ID)
	return flow.State[orders.State](in, events.Stream(q.workspace, order))
}

// mine is the request that a flow carries; nil when it has ended.
func (q requests) mine(in flow.Input) *events.ShippingAsked {
	for _, asked := range q.order(in).Telling {
		if FlowID(asked.Order, asked.Request) == in.ID {
			return &asked
		}
	}
	return nil
}

// ended is what a flow says whose request is no longer the order's.
const ended = "This request has ended."

// due lets the channel be told once it can take it.
func (q requests) due(in flow.Input) flow.Verdict {
	o, asked := q.order(in), q.mine(in)
	repacks := asked != nil && (asked.Action == orders.ActionSplit || asked.Action == orders.ActionCombine)
	switch {
	case asked == nil:
		return flow.Skip(ended)
	case o.Status == orders.Cancelled && in.Attempt == 1: // else a try may have taken effect: the channel says so
		return flow.Done(map[string]string{refusedKey: "The order was cancelled before the channel could be told."})
	case repacks && o.Status == orders.OnHold:
		return flow.Wait(fulfilment.WaitOnHold, "The channel changes packages once its hold after payment has ended. It is asked then; nothing to do.", time.Time{}, orderTag(o.Placed.Order))
	case asked.Action == orders.ActionShip && o.Held() != "":
		return flow.Wait(fulfilment.WaitDecision, o.Held(), time.Time{}, orderTag(o.Placed.Order))
	}
	return flow.Go()
}

func (q requests) tell(ctx context.Context, in flow.Input, _ string) flow.Verdict {
	o, asked := q.order(in), q.mine(in)
	if asked == nil {
		return flow.Skip(ended)
	}
	t := Told{ShippingAsked: *asked, Connection: o.Placed.Connection, ChannelID: o.Placed.ChannelID}
	for _, p := range o.Parcels {
		if p.Request == asked.Parcel {
			t.Was = p.Tracking
		}
	}
	for _, id := range asked.With {
		_, channel, _ := strings.Cut(id, ":")
		t.Others = append(t.Others, channel)
	}
	pkg, refused, err := q.desk.Tell(ctx, t, in.Attempt > 1)
	switch {
	case err != nil:
		return troubled(err, in, o)
	case refused != "":
		return flow.Done(map[string]string{refusedKey: refused})
	case pkg != "":
		return flow.Done(map[string]string{packageKey: pkg})
	}
	return flow.Done(nil)
}

// patience is how many tries in a row may fail before a person is told that the request did not get through: with it the order
// is free again for another.
const patience = 25

func troubled(err error, in flow.Input, o orders.State) flow.Verdict {
	var t *outside.Trouble
	known := errors.As(err, &t)
	switch {
	case known && t.Wait == fulfilment.WaitChannel && !open(o.Status):
		return flow.Done(map[string]string{refusedKey: t.Sentence})
	case known && t.Wait == fulfilment.WaitChannel: // its own news say why, and must come first: they decide where the parcel is
		return flow.Wait(t.Wait, t.Sentence, in.Now.Add(t.After), fulfilment.ShopTag(o.Placed.Connection), orderTag(o.Placed.Order))
	case known && t.Person:
		return flow.Done(map[string]string{refusedKey: t.Sentence})
	case in.Flow.Failures >= patience && !(known && t.Unsure):
		return flow.Done(map[string]string{refusedKey: fmt.Sprintf("Tried %d times in vain. %s", in.Attempt, err)})
	}
	return fulfilment.Troubled(err, in, o.Placed.Connection)
}

// open says that in this state of a channel's parcels of an order may still be told.
func open(status string) bool { return status == orders.Ready || status == orders.Partial }

// others are the streams of the other orders of one package.
func (q requests) others(in flow.Input) (folds []eventlog.Fold) {
	asked := q.mine(in)
	if asked == nil {
		return nil
	}
	for _, id := range asked.With {
		if id != asked.Order {
			folds = append(folds, orders.Fold(q.workspace, id))
		}
	}
	return folds
}

func (q requests) note(in flow.Input) flow.Verdict {
	asked := q.mine(in)
	if asked == nil {
		return flow.Done(nil)
	}
	refused := in.Flow.Data[refusedKey]
	end := func(a events.ShippingAsked) eventlog.Decided {
		return eventlog.Decided{Stream: events.Stream(q.workspace, a.Order), Events: []eventlog.Event{events.ShippingEnded{
			Order: a.Order, Request: a.Request, Done: refused == "", Sentence: refused, Package: in.Flow.Data[packageKey],
		}}}
	}
	writes := []eventlog.Decided{end(*asked)}
	for _, id := range asked.With {
		for _, other := range flow.State[orders.State](in, events.Stream(q.workspace, id)).Telling {
			if id != asked.Order && other.Action == orders.ActionCombine && slices.Equal(other.With, asked.With) {
				writes = append(writes, end(other))
			}
		}
	}
	return flow.Done(nil, writes...)
}

// Ways are the ways in which an order may travel, as its channel says now.
type Ways struct {
	Carriers   []Carrier // that the seller may name
	AnyCarrier bool      // the channel takes any name
	Combinable []string  // the channel's ids of other orders that may share a package with it
}

// Carrier is who may take a parcel.
type Carrier struct{ ID, Name string }
