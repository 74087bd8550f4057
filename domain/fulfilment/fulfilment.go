// Package fulfilment is the flow of one order: validate, check availability, reserve stock, confirm
// payment, make the label, tell the channel, record the metrics.
//
//	order.placed ─► validate ─► check + reserve ─► confirm payment ─► label ─► tell the channel ─► metrics
//
// Check and reserve are one decision, shown as two lines; a bundle stands for what it is made of by then. Waits are states with a sentence: unpaid,
// the channel's hold after payment, an unknown SKU, no stock, review of an order that a rule has flagged, a shop to be connected
// again, a channel that is away. Stock is reserved as soon as the order is known, paid or not, and leaves the house
// with the last step. An order without stock is held until a person retries it, or until the channel shows
// that it was shipped all the same: then what is there is taken, and a letter tells the rest. Of a parcel
// that had left before the order was known the stock knows nothing. A cancellation turns the flow around
// wherever it stands. Where the seller's own carrier takes the order, the label is bought from a partner or
// waits until a person has entered the parcels, which package shipping tells the channel of.
package fulfilment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/backorders"
	"github.com/creatorflow/creatorflow/domain/direct"
	labelevents "github.com/creatorflow/creatorflow/domain/events/labels"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	placeevents "github.com/creatorflow/creatorflow/domain/events/places"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment/amended"
	"github.com/creatorflow/creatorflow/domain/fulfilment/matching"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/labels"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/origin"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// Kind is the kind of these flows and of their streams; a flow's id is its order's.
const Kind = "fulfilment"

// The names of the steps, in order. StepCheck is shown only: it is decided together with StepReserve.
const (
	StepValidate = "validate"
	StepCheck    = "check availability"
	StepReserve  = "reserve stock"
	StepPayment  = "confirm payment"
	StepLabel    = "label"
	StepTell     = "tell the channel"
	StepMetrics  = "metrics"
)

// Shown are the seven steps as a person reads them.
var Shown = []string{StepValidate, StepCheck, StepReserve, StepPayment, StepLabel, StepTell, StepMetrics}

// The codes of waits.
const (
	WaitUnknownSKU = matching.Wait
	WaitNoStock    = backorders.WaitHeld
	WaitBackorder  = backorders.WaitTurn
	WaitUnpaid     = "unpaid"
	WaitOnHold     = "on_hold"
	WaitChannel    = "channel"
	// WaitDecision is for the seller, or the channel, to decide whether the order is cancelled.
	WaitDecision = "decision"
	// WaitPayment is for a person to see to money that was reserved and could not be taken.
	WaitPayment = "payment"
	// WaitRisk is for a person to review an order that a rule has flagged.
	WaitRisk = orders.FlagRisk
	// WaitTracking is for a person to enter which carrier has the parcel, and its number.
	WaitTracking = "tracking"
	// WaitLocation is for units to lie where orders are shipped from, or for a person to choose another location.
	WaitLocation = origin.Wait
	// WaitAuthorisation is for the shop to be connected again, WaitAway for a channel that is down or too busy.
	WaitAuthorisation = "authorisation"
	WaitAway          = "away"
)

// Waits are all codes for which an order waits.
var Waits = []string{WaitUnknownSKU, WaitNoStock, WaitBackorder, WaitUnpaid, WaitOnHold, WaitChannel, WaitDecision, WaitPayment, WaitRisk, WaitTracking, WaitLocation, WaitAuthorisation, WaitAway}

// Definition is the fulfilment flow of a workspace.
func Definition(workspace string, desk outside.Desk) *flow.Definition {
	f := fulfilment{workspace, desk}
	return &flow.Definition{
		Kind: Kind, Workspace: workspace,
		Base: func(id string) []eventlog.Fold {
			return []eventlog.Fold{orders.Fold(workspace, id), places.Fold(workspace)}
		},
		Wakes: wakes,
		Tags:  tags,
		Lane:  func(id string) string { connection, _, _ := strings.Cut(id, ":"); return connection },
		Abort: f.cancelled,
		Steps: []flow.Step{
			{Name: StepValidate, Needs: f.codes, Decide: f.validate, Undo: f.leave},
			{Name: StepReserve, Needs: f.reserving, Decide: f.reserve, Undo: f.release},
			{Name: StepPayment, Needs: f.paying, Decide: f.payment, Call: f.capture, UndoNote: PaidBack},
			{
				Name: StepLabel, Needs: f.labelling, Decide: f.readyForLabel, Call: f.label, ByHand: true,
				UndoCall: f.void, UndoWhen: f.mayHaveBought, UndoNote: "The channel voids its own label with the order.",
			},
			{Name: StepTell, Needs: f.telling, Decide: f.readyToTell, Call: f.tell, ByHand: true},
			{Name: StepMetrics, Needs: f.shipping, Decide: f.ship},
		},
		Touched: func(in flow.Input) bool { return f.order(in).Reviewed != nil },
		Late:    &flow.Late{Needs: f.lateNeeds, Decide: f.late},
	}
}

type fulfilment struct {
	workspace string
	desk      outside.Desk
}

// cancelled turns the flow of a cancelled order around. One that was entered by hand has had its units from the start: its flow passes
// the step that holds them, the second, so that it gives them back.
func (f fulfilment) cancelled(in flow.Input) string {
	o := f.order(in)
	if o.Status != orders.Cancelled || o.Direct.Entered() && in.Flow.Step < 2 {
		return ""
	}
	return "The order was cancelled on the channel."
}

func wakes(r eventlog.Record) []string {
	switch r.Event.(type) {
	case orderevents.Placed, orderevents.StatusChanged, orderevents.Amended, orderevents.PaymentCompleted, orderevents.Cancelled,
		orderevents.ClaimOpened, orderevents.ClaimMoved, orderevents.AnswerAsked, orderevents.AnswerEnded,
		orderevents.ShippingAsked, orderevents.ShippingEnded, orderevents.Flagged, orderevents.Reviewed,
		orderevents.PaymentNamed, orderevents.PaymentShown, orderevents.PaymentLinkAsked, orderevents.PaymentLinkEnded, placeevents.Chosen:
		return []string{r.Stream.ID}
	}
	return nil
}

// tags names the news that end a wait for an unknown SKU, for a connection or for an order in the same package.
func tags(r eventlog.Record) []string {
	switch e := r.Event.(type) {
	case shopevents.Connected:
		return []string{ShopTag(e.Connection)}
	case shopevents.Recovered:
		return []string{ShopTag(e.Connection)}
	case labelevents.Configured:
		return []string{labels.Tag}
	case orderevents.Cancelled, orderevents.ClaimMoved, orderevents.AnswerEnded, orderevents.Reviewed,
		orderevents.Flagged, orderevents.Cleared, orderevents.StatusChanged:
		return []string{togetherTag(r.Stream.ID)}
	}
	return slices.Concat(backorders.Tags(r.Event), origin.Tags(r.Event), matching.Tags(r.Event))
}

// ShopTag names news that a shop can be spoken to again.
func ShopTag(connection string) string { return "shop:" + connection }

func (f fulfilment) order(in flow.Input) orders.State {
	return flow.State[orders.State](in, orderevents.Stream(f.workspace, in.ID))
}

// codes are the streams that say what the order's codes mean; of one that is taken back, the stocks that it may wait for.
func (f fulfilment) codes(in flow.Input) []eventlog.Fold {
	if in.Flow.Backward {
		return f.stocks(in)
	}
	return matching.Needs(f.workspace, f.order(in))
}

func (f fulfilment) validate(in flow.Input) flow.Verdict {
	matched, wait := matching.Match(in, f.workspace, f.order(in))
	if wait != nil {
		return *wait
	}
	return flow.Done(nil, matched)
}

func (f fulfilment) stocks(in flow.Input) []eventlog.Fold {
	var folds []eventlog.Fold
	for _, need := range f.order(in).Demand() {
		folds = append(folds, inventory.Fold(f.workspace, need.SKU))
	}
	return folds
}

// reserving are the stocks, and the letter of an order that has gone without them.
func (f fulfilment) reserving(in flow.Input) []eventlog.Fold {
	o := f.order(in)
	folds := append(append(f.stocks(in), backorders.Fold(f.workspace)), matching.Needs(f.workspace, o)...)
	if gone(o) {
		folds = append(folds, f.letterFold(ShortID(in.ID)))
	}
	if o.Status == orders.Cancelled && len(o.Sent()) > 0 {
		folds = append(append(folds, f.letterFold(ReturnID(in.ID))), f.origins(in)...)
	}
	return folds
}

// gone says that somebody has sent an order's parcel, or is about to.
func gone(o orders.State) bool { return left(o.Status) || o.Status == orders.Arranged }

// held is what an order takes of each SKU that it ever took, and how those stand.
func (f fulfilment) held(in flow.Input) (demand map[string]int64, states map[string]inventory.State) {
	demand, states = amended.Wanted(f.order(in)), map[string]inventory.State{}
	for _, need := range f.order(in).Demand() {
		states[need.SKU] = flow.State[inventory.State](in, stockevents.Stream(f.workspace, need.SKU)).In(origin.Where(in, f.workspace), origin.Is(in, f.workspace, in.ID).Home(need.SKU))
	}
	return demand, states
}

// A flow reserves once, and once more when its order was flagged, its stock freed and the order then approved.
const (
	firstAttempt  = 1
	secondAttempt = 2
)

// Holding is the attempt by which an order holds stock, the first when it holds none.
func Holding(order string, states map[string]inventory.State) int {
	for _, s := range states {
		if s.Open[inventory.Attempt{Order: order, Number: secondAttempt}] > 0 {
			return secondAttempt
		}
	}
	return firstAttempt
}

func (f fulfilment) reserve(in flow.Input) flow.Verdict {
	o := f.order(in)
	if o.Placed.SelfShips {
		return flow.Skip("The channel ships this order from its own warehouse.")
	}
	if left(o.Placed.Status) {
		return flow.Skip("The parcel had left before this order was known here, so the stock is left alone: a count of what is there does not hold it. If your count is older, adjust the stock.")
	}
	if later := f.matched(in, o); later != nil {
		return *later
	}
	if w := in.Flow.Waiting; in.Flow.Phase == flow.Waits && w.Code == WaitNoStock && !gone(o) && !o.Relisted {
		return flow.Wait(w.Code, w.Sentence, w.Until, w.For...) // held until a person retries it
	}
	wanted, left := f.wants(in, firstAttempt)
	if again := wanted.Explode(); again != nil {
		return *again
	}
	writes, short := wanted.Reserve()
	if len(short) == 0 {
		return flow.Done(nil, append(writes, left...)...)
	}
	if gone(o) {
		if !f.letter(in, ShortID(in.ID)).folded { // its news have only just come
			return flow.Again()
		}
		data, writes := f.take(in, firstAttempt, wanted.Demand, wanted.Stocks)
		return flow.Done(data, writes...)
	}
	return wanted.Missing(in, short).With(left...)
}

// wants is what an order asks for; left ends its waits for what it does not ask for any more.
func (f fulfilment) wants(in flow.Input, attempt int) (wants backorders.Case, left []eventlog.Decided) {
	_, states := f.held(in)
	demand, left := amended.Asks(f.workspace, f.order(in), states)
	return backorders.Case{Workspace: f.workspace, Order: f.order(in), Attempt: attempt, Demand: demand, Stocks: states}, left
}

// matched has the lines matched that a channel has put into an order, and their stocks read; nil when that is done.
func (f fulfilment) matched(in flow.Input, o orders.State) *flow.Verdict {
	if len(matching.Unknown(o)) > 0 {
		matched, wait := matching.Match(in, f.workspace, o)
		if wait == nil {
			again := flow.Again(matched)
			wait = &again
		}
		return wait
	}
	for _, need := range o.Demand() {
		if !flow.Folded(in, stockevents.Stream(f.workspace, need.SKU)) { // its news have only just come
			again := flow.Again()
			return &again
		}
	}
	return nil
}

// relisted frees what an order holds and does not take any more, and takes what it is listed with beyond that. Of one that is sent what
// is there is taken, once.
func (f fulfilment) relisted(in flow.Input, labelled, sent bool) (v flow.Verdict, some bool) {
	o := f.order(in)
	if !o.Relisted || Untouched(o.Placed) {
		return v, false
	}
	if later := f.matched(in, o); later != nil {
		return *later, true
	}
	_, states := f.held(in)
	h := amended.Holding{Workspace: f.workspace, Order: o, Attempt: Holding(in.ID, states), Stocks: states, Labelled: labelled}
	if less := h.Give(); less != nil || f.letter(in, ShortID(in.ID)).known || gone(o) && !sent {
		return flow.Again(less...), less != nil
	}
	return h.Take(in, sent, func(demand map[string]int64, states map[string]inventory.State) []eventlog.Decided {
		_, writes := f.take(in, h.Attempt, demand, states) // the last step notes how many
		return writes
	})
}

// leave ends the wait for stock of an order that is taken back.
func (f fulfilment) leave(in flow.Input) flow.Verdict {
	_, states := f.held(in)
	return flow.Done(nil, inventory.Leave(f.workspace, in.ID, in.Flow.Reason, states)...)
}

func (f fulfilment) release(in flow.Input) flow.Verdict {
	_, states := f.held(in)
	if o := f.order(in); len(o.Sent()) > 0 {
		return f.releaseRest(in, o, states)
	}
	return flow.Done(nil, inventory.Release(f.workspace, in.ID, Holding(in.ID, states), in.Flow.Reason, states)...)
}

func (f fulfilment) payment(in flow.Input) flow.Verdict {
	o := f.order(in)
	if v, some := f.relisted(in, false, false); some {
		return v
	}
	switch w := in.Flow.Waiting; {
	case o.Direct.Entered() && o.Paid:
		return flow.Done(nil)
	case owing(o) && o.Held() == "" && in.Flow.Phase == flow.Waits && w.Code == WaitPayment && slices.Equal(w.For, afterRefusal(o)):
		return flow.Wait(w.Code, w.Sentence, w.Until, w.For...) // a bank that said no is asked again when a person retries it
	case owing(o):
		return f.unlessHeld(in, o, func(flow.Input, orders.State) flow.Verdict { return flow.Go() })
	case o.Status == orders.Unpaid:
		return flow.Wait(WaitUnpaid, "Waiting for the buyer to pay. The channel cancels the order by itself if they do not; the stock is kept until then.", time.Time{})
	case !o.Paid:
		return unclear(o)
	}
	return flow.Done(nil)
}

// owing says that an order's money may have to be taken. Of money that was reserved and is shown as unpaid nobody knows by the
// news whether it is gone or on its way: it is looked at.
func owing(o orders.State) bool {
	return o.Direct.Entered() && !o.Paid || o.Status == orders.Authorised || o.Owed || o.Status == orders.Unpaid && o.Reserved > 0
}

// PaidBack is what a cancelled order's flow says of the buyer's money. What became of it nobody tells the hub.
const PaidBack = "Nothing is paid back by this step. Whether anything was paid, and went back to the buyer, is shown with the order: here if it was entered here, else at the channel."

// afterRefusal names the news that end the wait of an order whose money was refused: those of another reservation than that one.
func afterRefusal(o orders.State) []string {
	return []string{fmt.Sprintf("reserved:%s:%d", o.Placed.Order, o.Reserved+o.Direct.Named+1)}
}

// captured is the reference by which a flow knows that it has taken the money itself.
const captured = "captured"

func (f fulfilment) capture(ctx context.Context, in flow.Input, key string) flow.Verdict {
	err := f.takeMoney(ctx, in)
	if t := (*outside.Trouble)(nil); errors.As(err, &t) && t.Wait == WaitPayment {
		return flow.Wait(WaitPayment, t.Sentence, time.Time{}, afterRefusal(f.order(in))...)
	}
	if err != nil {
		return f.trouble(err, in)
	}
	return flow.DoneThen(map[string]string{captured: key}, func(in flow.Input) []eventlog.Decided {
		if o := f.order(in); o.Direct.Entered() {
			return direct.Paid(f.workspace, o, in.Now)
		}
		return nil
	})
}

// reserved waits for the channel to show the money as taken. A flow from before money was taken from here has not taken it.
func reserved(in flow.Input) flow.Verdict {
	if in.Flow.Data[captured] == "" {
		return flow.Wait(WaitPayment, "The money of this order is reserved and not taken. Take it at the channel; the order goes on by itself.", time.Time{})
	}
	return flow.Wait(WaitChannel, "The money is taken. Waiting for the channel's own news of it; nothing to do.", time.Time{})
}

// unclear waits because the channel's word for the order does not say what may be done.
func unclear(o orders.State) flow.Verdict {
	return flow.Wait(WaitChannel, fmt.Sprintf(
		"The channel calls this order %q, which does not say that it may ship. The stock is kept; the order goes on with the channel's next news of it.", o.Vendor), time.Time{})
}

func (f fulfilment) readyForLabel(in flow.Input) flow.Verdict {
	o := f.order(in)
	if v, some := f.relisted(in, false, false); some {
		return v
	}
	switch {
	case o.Placed.SelfShips:
		return flow.Skip("The channel ships this order from its own warehouse.")
	case o.Status == orders.Authorised:
		return reserved(in)
	case o.Status == orders.Unpaid:
		return flow.Wait(WaitUnpaid, "The channel says that the buyer has still to pay something of this order, as for what was put into it. The stock is kept; it goes on by itself once that is paid.", time.Time{})
	case o.Status == orders.OnHold:
		return flow.Wait(WaitOnHold, "Waiting for the channel's hold after payment to end; the buyer may still change their mind. Nothing to do.", time.Time{})
	case o.Status == orders.Ready, o.Status == orders.Partial, o.Status == orders.Arranged:
		return f.unlessHeld(in, o, f.locate)
	case o.Status == orders.Transit, o.Status == orders.Delivered, o.Status == orders.Completed:
		return flow.Skip("The channel shows the parcel as sent already.")
	}
	return unclear(o)
}

func (f fulfilment) parcel(in flow.Input) outside.Parcel {
	o := f.order(in)
	p := outside.Parcel{
		Order: in.ID, Connection: o.Placed.Connection, ChannelID: o.Placed.ChannelID,
		Packages: o.Packages, Person: o.Placed.Buyer,
	}
	if o.Repacked { // the channel knows better
		p.Packages = nil
	}
	return p
}

func (f fulfilment) label(ctx context.Context, in flow.Input, key string) flow.Verdict {
	if f.order(in).Placed.SellerShips {
		return f.buy(ctx, in, key)
	}
	status := f.order(in).Status // somebody may have arranged it, or a part of it, without us
	l, err := f.desk.Label(ctx, f.parcel(in), in.Attempt > 1 || status == orders.Arranged || status == orders.Partial)
	if err != nil {
		return f.trouble(err, in)
	}
	return flow.Done(map[string]string{"label": l.Label, "label_type": l.Type, "tracking": l.Tracking, "carrier": l.Carrier})
}

func (f fulfilment) readyToTell(in flow.Input) flow.Verdict {
	o := f.order(in)
	switch {
	case o.Placed.SelfShips:
		return flow.Skip("The channel ships this order from its own warehouse.")
	case o.Status == orders.Arranged, o.Status == orders.Transit, o.Status == orders.Delivered, o.Status == orders.Completed:
		return flow.Done(nil) // its own news say so
	}
	if v, some := f.relisted(in, true, false); some {
		return v
	}
	if o.Placed.SellerShips {
		return told(o)
	}
	return flow.Go()
}

func (f fulfilment) tell(ctx context.Context, in flow.Input, _ string) flow.Verdict {
	shown, err := f.desk.Shown(ctx, f.parcel(in))
	switch {
	case err != nil:
		return f.trouble(err, in)
	case !shown:
		return flow.Retry("The channel does not show the shipment yet.", time.Second)
	}
	return flow.Done(nil)
}

func (f fulfilment) ship(in flow.Input) flow.Verdict {
	demand, states := f.held(in)
	o := f.order(in)
	switch v, some := f.relisted(in, true, true); {
	case some:
		return v
	case o.Freed() && held(in.ID, states) == 0 && !f.letter(in, ShortID(in.ID)).known: // it may have been sent although nobody had approved it
		return f.shipFreed(in, demand, states)
	}
	var data map[string]string
	if o.Freed() || o.Relisted || held(in.ID, states) > 0 {
		data = amended.Held(in.Flow, o, Holding(in.ID, states), states)
	}
	writes := inventory.Ship(f.workspace, in.ID, Holding(in.ID, states), states)
	writes = append(writes, f.origin(in, states).Leave(writes)...)
	return flow.Done(data, append(writes, direct.Sent(f.workspace, o, in.Now)...)...)
}

func (f fulfilment) trouble(err error, in flow.Input) flow.Verdict {
	return Troubled(err, in, f.order(in).Placed.Connection)
}

// Troubled says what a failure of the Desk means for a flow.
func Troubled(err error, in flow.Input, connection string) flow.Verdict {
	var t *outside.Trouble
	switch {
	case !errors.As(err, &t):
		return flow.Retry("The call failed: "+err.Error(), 0)
	case t.Unsure:
		return flow.Unsure(t.Sentence, t.After)
	case t.Wait != "": // news of the order or of its shop end it; it looks again ever less often in case they were missed
		longest := time.Hour
		if t.Wait == WaitAway {
			longest = 5 * time.Minute
		}
		pause := min(max(t.After, time.Second<<min(in.Attempt-1, 12)), longest)
		return flow.Wait(t.Wait, t.Sentence, in.Now.Add(pause), ShopTag(connection))
	case t.Person:
		return flow.Stuck(t.Sentence)
	}
	return flow.Retry(t.Sentence, t.After)
}
