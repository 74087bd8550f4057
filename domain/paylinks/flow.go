// Package paylinks is the flow of one link by which a buyer pays an order that was entered here: it is made at the payment partner, and
// when its time is over and nobody has paid, the order is cancelled, which frees its stock.
//
//	order.payment_link_asked ─► make the link ─► order.payment_link_made ─► wait for the buyer ─┬─► paid: nothing is left to do
//	                                                                                            └─► ended: cancel the order
//
// That the buyer has paid is the order's own flow to see: it takes the money as any other. Who cancels the order, or has it paid by other
// means, has the link ended at the partner with that.
package paylinks

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/aftersales"
	events "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// Kind is the kind of these flows and of their streams; a flow's id is FlowID.
const Kind = "paylink"

// The names of the steps, in order.
const (
	StepMake = "make the payment link"
	StepWait = "wait for the buyer"
)

// What the flow's steps keep.
const (
	sessionKey = "session" // the partner's id of the link
	refusedKey = "refused" // the sentence in which the partner said no
)

// FlowID is the id of the flow of an order's n-th link.
func FlowID(order string, n int) string { return order + "~" + strconv.Itoa(n) }

// parts are the order and the number in a flow's id.
func parts(id string) (order string, n int) {
	at := strings.LastIndexByte(id, '~')
	n, _ = strconv.Atoi(id[at+1:]) // our own
	return id[:max(at, 0)], n
}

// Definition is the flow of a workspace's links.
func Definition(workspace string, desk outside.Linker) *flow.Definition {
	l := links{workspace, desk}
	return &flow.Definition{
		Kind: Kind, Workspace: workspace,
		Base: func(id string) []eventlog.Fold {
			order, _ := parts(id)
			return []eventlog.Fold{orders.Fold(workspace, order)}
		},
		Wakes: func(r eventlog.Record) []string {
			if e, ok := r.Event.(events.PaymentLinkAsked); ok {
				return []string{FlowID(e.Order, e.Link)}
			}
			return nil
		},
		Tags: tags,
		Lane: func(id string) string { connection, _, _ := strings.Cut(id, ":"); return connection },
		Steps: []flow.Step{
			{Name: StepMake, Decide: l.due, Call: l.make},
			{Name: StepWait, Decide: l.over, Call: l.look},
		},
	}
}

// tags names the news that end a wait: of the order's money, or of its shop.
func tags(r eventlog.Record) []string {
	switch e := r.Event.(type) {
	case shopevents.Connected:
		return []string{fulfilment.ShopTag(e.Connection)}
	case shopevents.Recovered:
		return []string{fulfilment.ShopTag(e.Connection)}
	case events.PaymentLinkAsked, events.PaymentNamed, events.PaymentShown, events.PaymentCompleted, events.Cancelled, events.AnswerAsked:
		return []string{orderTag(r.Stream.ID)}
	}
	return nil
}

func orderTag(order string) string { return "order:" + order }

type links struct {
	workspace string
	desk      outside.Linker
}

func (l links) order(in flow.Input) (orders.State, int) {
	order, n := parts(in.ID)
	return flow.State[orders.State](in, events.Stream(l.workspace, order)), n
}

// wanted says that the order is to be paid by this link.
func wanted(o orders.State, n int) bool {
	return o.Direct.Link.Number == n && o.Direct.Link.State == "" && o.Direct.Pay == events.PayLink && !o.Paid && o.Status != orders.Cancelled && o.Asked == nil && !o.CancelTaken
}

// gone is what a flow says whose link is not wanted any more.
const gone = "The order is not to be paid by this link any more."

func (l links) due(in flow.Input) flow.Verdict {
	if o, n := l.order(in); !wanted(o, n) && in.Attempt == 1 { // else a try may have taken effect
		return flow.Skip(gone)
	}
	return flow.Go()
}

func parcel(o orders.State) outside.Parcel {
	return outside.Parcel{Order: o.Placed.Order, Connection: o.Placed.Connection, ChannelID: o.Placed.ChannelID}
}

func (l links) make(ctx context.Context, in flow.Input, _ string) flow.Verdict {
	o, n := l.order(in)
	if o.Direct.Link.Number != n {
		return flow.Skip(gone)
	}
	at := o.Direct.Link
	made, refused, err := l.desk.MakeLink(ctx, parcel(o), fulfilment.ChargeOf(o), outside.LinkWish{Number: n, Until: at.Until, Return: at.Return})
	switch {
	case err != nil:
		return troubled(err, in, o)
	case refused != "":
		return flow.DoneThen(map[string]string{refusedKey: refused}, func(in flow.Input) []eventlog.Decided {
			return l.note(in, events.PaymentLinkEnded{
				Order: o.Placed.Order, Link: n, State: events.LinkRefused,
				Sentence: "No payment link could be made: " + strings.TrimSuffix(refused, ".") + ". The stock is kept. Mend that and send a link, name another payment, or cancel the order.",
			})
		})
	}
	return flow.DoneThen(map[string]string{sessionKey: made.ID}, func(in flow.Input) []eventlog.Decided {
		return l.note(in, events.PaymentLinkMade{Order: o.Placed.Order, Link: n, Session: made.ID, URL: made.URL, Until: made.Until})
	})
}

// note says on the order what became of a link that is still the order's last.
func (l links) note(in flow.Input, e eventlog.Event) []eventlog.Decided {
	o, n := l.order(in)
	if o.Direct.Link.Number != n {
		return nil
	}
	return []eventlog.Decided{{Stream: events.Stream(l.workspace, o.Placed.Order), Events: []eventlog.Event{e}}}
}

// over waits until the link's time has come, or news say that something became of it.
func (l links) over(in flow.Input) flow.Verdict {
	o, n := l.order(in)
	switch at := o.Direct.Link; {
	case in.Flow.Data[sessionKey] == "":
		return flow.Skip("No link was made.")
	case o.Paid && at.Number == n && o.Direct.Card == in.Flow.Data[sessionKey]:
		return flow.Skip("The buyer has paid by the link.")
	case !wanted(o, n): // so that nobody pays by it who has it
		return flow.Go()
	case in.Now.Before(at.Until) && o.Direct.Status == "":
		return l.open(o, at.Until)
	}
	return flow.Go()
}

// open waits for the buyer.
func (l links) open(o orders.State, until time.Time) flow.Verdict {
	return flow.Wait(fulfilment.WaitUnpaid, "Waiting for the buyer to pay by the link.", until, orderTag(o.Placed.Order))
}

func (l links) look(ctx context.Context, in flow.Input, _ string) flow.Verdict {
	o, n := l.order(in)
	at, wants := o.Direct.Link, wanted(o, n)
	end := !wants || !in.Now.Before(at.Until)
	shown, err := l.desk.LookAtLink(ctx, parcel(o), fulfilment.ChargeOf(o), in.Flow.Data[sessionKey], end)
	switch {
	case err != nil:
		return troubled(err, in, o)
	case shown.Open:
		return l.open(o, at.Until)
	case !wants:
		return flow.Skip(gone)
	case shown.Paid:
		again := in.Now.Add(time.Minute << min(in.Attempt-1, 6)) // the order's own flow takes it, or waits for a person
		return flow.Wait(fulfilment.WaitUnpaid, "The buyer has paid by the link, and the money is being taken.", again, orderTag(o.Placed.Order))
	}
	return flow.DoneThen(nil, l.expired)
}

// expired cancels an order whose buyer has not paid in time.
func (l links) expired(in flow.Input) []eventlog.Decided {
	o, n := l.order(in)
	if !wanted(o, n) {
		return nil
	}
	news := []eventlog.Event{events.PaymentLinkEnded{
		Order: o.Placed.Order, Link: n, State: events.LinkExpired,
		Sentence: "The payment link ended and the buyer had not paid, so the order is cancelled and its stock is free. To sell it all the same, enter it again.",
	}}
	cancel, err := aftersales.Answering().Decide(o, aftersales.Answer{Order: o.Placed.Order, Action: orders.ActionCancel, Reason: aftersales.ReasonUnpaid})
	if err == nil { // else somebody asks for it already
		news = append(news, cancel...)
	}
	return []eventlog.Decided{{Stream: events.Stream(l.workspace, o.Placed.Order), Events: news}}
}

// troubled waits for what stands in the way to be mended: nobody retries a link, so it is tried ever less often for as long as it is wanted.
func troubled(err error, in flow.Input, o orders.State) flow.Verdict {
	var t *outside.Trouble
	if errors.As(err, &t) && (t.Unsure || t.Wait != "") {
		return fulfilment.Troubled(err, in, o.Placed.Connection)
	}
	after, sentence := time.Duration(0), "The payment partner could not be asked about the link: "+err.Error()
	if t != nil {
		after, sentence = t.After, t.Sentence
	}
	again := in.Now.Add(min(max(after, time.Second<<min(in.Attempt-1, 12)), time.Hour))
	return flow.Wait(fulfilment.WaitAway, sentence, again, fulfilment.ShopTag(o.Placed.Connection), orderTag(o.Placed.Order))
}
