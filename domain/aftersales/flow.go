package aftersales

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/domain/direct"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	events "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/projection"
)

// Kind is the kind of these flows and of their streams; a flow's id is FlowID.
const Kind = "answer"

// The names of the steps, in order.
const (
	StepTell = "tell the channel"
	StepNote = "note what became of it"
)

// refusedKey names the sentence in which the channel said no.
const refusedKey = "refused"

// Told is an answer with where it goes.
type Told struct {
	events.AnswerAsked
	Connection, ChannelID string
	Charge                outside.Charge // of an order that was entered here and is charged to a card: what goes back with it

	Came []events.ClaimLine // of a return whose goods were received: all that came so far; nil = the answer is about the whole of it
}

// Desk is what the flow asks of the world.
type Desk interface {
	// Carry carries an answer to the channel, once however often it is called: it looks first at what stands there. The
	// channel's no is a sentence; a *outside.Trouble says what else is in the way. The key is the same for every try.
	Carry(ctx context.Context, t Told, key string) (refused string, err error)
}

// Definition is the flow of a workspace's answers.
func Definition(workspace string, desk Desk) *flow.Definition {
	a := answers{workspace, desk}
	return &flow.Definition{
		Kind: Kind, Workspace: workspace,
		Base: func(id string) []eventlog.Fold {
			order, _ := OrderOf(id)
			return []eventlog.Fold{orders.Fold(workspace, order)}
		},
		Wakes: func(r eventlog.Record) []string {
			if e, ok := r.Event.(events.AnswerAsked); ok {
				return []string{FlowID(e.Order, int64(e.Answer))}
			}
			return nil
		},
		Tags: func(r eventlog.Record) []string {
			switch e := r.Event.(type) {
			case shopevents.Connected:
				return []string{fulfilment.ShopTag(e.Connection)}
			case shopevents.Recovered:
				return []string{fulfilment.ShopTag(e.Connection)}
			}
			return nil
		},
		Lane: func(id string) string { connection, _, _ := strings.Cut(id, ":"); return connection },
		Steps: []flow.Step{
			{Name: StepTell, Decide: a.due, Call: a.tell},
			{Name: StepNote, Decide: a.note},
		},
	}
}

type answers struct {
	workspace string
	desk      Desk
}

func (a answers) order(in flow.Input) orders.State {
	order, _ := OrderOf(in.ID)
	return flow.State[orders.State](in, events.Stream(a.workspace, order))
}

// mine is the answer that a flow carries; nil when it has ended.
func (a answers) mine(in flow.Input) *events.AnswerAsked {
	o := a.order(in)
	if o.Asked == nil || FlowID(o.Placed.Order, int64(o.Asked.Answer)) != in.ID {
		return nil
	}
	return o.Asked
}

// ended is what a flow says whose answer is no longer the order's.
const ended = "This answer has ended."

// due lets the channel be told, unless its news have come to the same meanwhile. The order's answer is this flow's until the
// flow ends it.
func (a answers) due(in flow.Input) flow.Verdict {
	asked := a.mine(in)
	switch {
	case asked == nil:
		return flow.Skip(ended)
	case asked.Action == orders.ActionCancel && a.order(in).Status == orders.Cancelled:
		return flow.Skip("The channel shows the order as cancelled.")
	case asked.Action == orders.ActionCancel && a.order(in).Direct.Entered() && a.order(in).Direct.Card == "":
		return flow.Skip("Nobody has to be told, and no money was taken here.")
	}
	return flow.Go()
}

func (a answers) tell(ctx context.Context, in flow.Input, key string) flow.Verdict {
	o, asked := a.order(in), a.mine(in)
	if asked == nil {
		return flow.Skip(ended)
	}
	refused, err := a.desk.Carry(ctx, Told{AnswerAsked: *asked, Connection: o.Placed.Connection, ChannelID: o.Placed.ChannelID, Charge: fulfilment.ChargeOf(o), Came: came(o, asked.Claim)}, key)
	switch {
	case err != nil:
		return troubled(err, in, o.Placed.Connection)
	case refused != "":
		return flow.Done(map[string]string{refusedKey: refused})
	}
	return flow.Done(nil)
}

// patience is how many tries in a row may fail before a person is told that the answer did not get through: with it the order
// is free again for another answer.
const patience = 25

func troubled(err error, in flow.Input, connection string) flow.Verdict {
	var t *outside.Trouble
	known := errors.As(err, &t)
	switch {
	case known && t.Person:
		return flow.Done(map[string]string{refusedKey: t.Sentence})
	case in.Flow.Failures >= patience && !(known && t.Unsure):
		return flow.Done(map[string]string{refusedKey: fmt.Sprintf("Tried %d times in vain. %s", in.Attempt, err)})
	}
	return fulfilment.Troubled(err, in, connection)
}

func (a answers) note(in flow.Input) flow.Verdict {
	asked := a.mine(in)
	if asked == nil {
		return flow.Done(nil)
	}
	refused := in.Flow.Data[refusedKey]
	var news []eventlog.Event
	if c, found := a.order(in).Claim(asked.Kind, asked.Claim); found && refused == "" && asked.Action == orders.ActionReject && c.Kind == orders.Cancellation && c.State == orders.ClaimPending && c.DecideBy.IsZero() {
		// The order goes on with this: some channels take a no as said by the parcel and show the wish for ever. Where one decides by
		// itself in time, its own news of the no are waited for: a no that it did not carry out would end in a yes.
		news = append(news, events.ClaimMoved{
			Order: asked.Order, Kind: c.Kind, Claim: asked.Claim, From: c.State, To: orders.ClaimRejected, Vendor: c.Vendor, Updated: c.Updated,
		})
	}
	news = append(news, events.AnswerEnded{Order: asked.Order, Answer: asked.Answer, Done: refused == "", Sentence: refused})
	if asked.Action == orders.ActionCancel && refused == "" {
		news = append(news, direct.Cancelled(a.order(in), asked.Reason, in.Now)...)
	}
	return flow.Done(nil, eventlog.Decided{Stream: events.Stream(a.workspace, asked.Order), Events: news})
}

// Open reads the flows that have not ended and the position from which the log tells the rest, for the runner's start.
func Open(ctx context.Context, log *eventlog.Log, views projection.Store) (position eventlog.Position, open []flow.Open, err error) {
	// First the position, then the rows: rows may be newer than it, never older.
	checkpoints, err := views.Checkpoints(ctx)
	if err != nil {
		return 0, nil, err
	}
	i := slices.IndexFunc(checkpoints, func(c projection.Checkpoint) bool {
		return c.Name == orders.View{}.Name() && c.Version == orders.View{}.Version() && c.LogID == log.Head().LogID
	})
	if i < 0 {
		return 0, nil, nil
	}
	err = views.Read(ctx, func(r projection.Reader) error {
		rows, err := orders.Asking(ctx, r)
		for _, row := range rows {
			open = append(open, flow.Open{Kind: Kind, ID: FlowID(row.ID, row.Asking), Tags: []string{fulfilment.ShopTag(row.Connection)}})
		}
		return err
	})
	return checkpoints[i].Position, open, err
}

// Sentence says what stands in the way of an answer that has not ended: empty when nothing does. Records are the flow's.
func Sentence(records []eventlog.Record) (sentence string) {
	for _, r := range records {
		switch e := r.Event.(type) {
		case flows.StepFailed:
			sentence = e.Reason + " Trying again."
		case flows.Waiting:
			sentence = e.Sentence
		case flows.Stuck:
			sentence = e.Reason + " Retry when it is mended."
		case flows.StepSucceeded, flows.Finished, flows.Retried:
			sentence = ""
		}
	}
	return sentence
}
