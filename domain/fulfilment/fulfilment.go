// Package fulfilment is the flow of one order: validate, check availability, reserve stock, confirm
// payment, make the label, tell the channel, record the metrics.
//
//	order.placed ─► validate ─► check + reserve ─► confirm payment ─► label ─► tell the channel ─► metrics
//
// Check and reserve are one decision, shown as two lines. Waits are states with a sentence: unpaid,
// the channel's hold after payment, an unknown SKU, no stock, a shop to be connected again, a channel
// that is away. Stock is reserved as soon as the order is known, paid or not, and leaves the house
// with the last step. An order without stock is held until a person retries it, or until the channel shows
// that it was shipped all the same: then what is there is taken, and a letter tells the rest. Of a parcel
// that had left before the order was known the stock knows nothing. A cancellation turns the flow around
// wherever it stands.
package fulfilment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/catalogue"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
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
	WaitUnknownSKU = "unknown_sku"
	WaitNoStock    = "no_stock"
	WaitUnpaid     = "unpaid"
	WaitOnHold     = "on_hold"
	WaitChannel    = "channel"
	// WaitDecision is for the seller, or the channel, to decide whether the order is cancelled.
	WaitDecision = "decision"
	// WaitAuthorisation is for the shop to be connected again, WaitAway for a channel that is down or too busy.
	WaitAuthorisation = "authorisation"
	WaitAway          = "away"
)

// Waits are all codes for which an order waits.
var Waits = []string{WaitUnknownSKU, WaitNoStock, WaitUnpaid, WaitOnHold, WaitChannel, WaitDecision, WaitAuthorisation, WaitAway}

// Parcel is what the shipping desk needs to know of an order; references only.
type Parcel struct {
	Order, Connection, ChannelID string
	Packages                     []string
	Person                       string // whose key seals the label
}

// Labelled is the outcome of a label: where the file is kept and how the parcel travels.
type Labelled struct{ Label, Type, Tracking, Carrier string }

// Settle is how long a request that got no answer is left alone, and Tail the last part of a call's
// time, in which nothing may be asked for any more that has an effect.
const (
	Settle = flow.Settle
	Tail   = flow.Tail
)

// Desk is what fulfilment asks of the world. Both may run twice; again means look before acting.
type Desk interface {
	// Label arranges the shipment of each package and keeps its label file. A request of its own that may
	// still take effect is a Trouble that is Unsure.
	Label(ctx context.Context, p Parcel, again bool) (Labelled, error)
	// Shown says whether the channel shows the parcel as arranged.
	Shown(ctx context.Context, p Parcel) (bool, error)
}

// Trouble is a Desk's failure with what to do about it. Any other error is tried again.
type Trouble struct {
	Sentence string        // what, why and what mends it
	Wait     string        // the code of the wait that it is: no fault of the order's, however long it takes
	Person   bool          // trying again will not help
	After    time.Duration // the least pause
	Unsure   bool          // a request got no answer and may still take effect: nothing repeats it for a while
}

// Error implements error.
func (t *Trouble) Error() string { return t.Sentence }

// Definition is the fulfilment flow of a workspace.
func Definition(workspace string, desk Desk) *flow.Definition {
	f := fulfilment{workspace, desk}
	return &flow.Definition{
		Kind: Kind, Workspace: workspace,
		Base:  func(id string) []eventlog.Fold { return []eventlog.Fold{orders.Fold(workspace, id)} },
		Wakes: wakes,
		Tags:  tags,
		Lane:  func(id string) string { connection, _, _ := strings.Cut(id, ":"); return connection },
		Abort: func(in flow.Input) string {
			if f.order(in).Status == orders.Cancelled {
				return "The order was cancelled on the channel."
			}
			return ""
		},
		Steps: []flow.Step{
			{Name: StepValidate, Needs: f.codes, Decide: f.validate},
			{Name: StepReserve, Needs: f.reserving, Decide: f.reserve, Undo: f.release},
			{Name: StepPayment, Decide: f.payment},
			{Name: StepLabel, Decide: f.readyForLabel, Call: f.label, UndoNote: "The channel voids its own label with the order.", ByHand: true},
			{Name: StepTell, Decide: f.readyToTell, Call: f.tell, ByHand: true},
			{Name: StepMetrics, Needs: f.stocks, Decide: f.ship},
		},
		Late: &flow.Late{Needs: f.lateNeeds, Decide: f.late},
	}
}

type fulfilment struct {
	workspace string
	desk      Desk
}

func wakes(r eventlog.Record) []string {
	switch r.Event.(type) {
	case orderevents.Placed, orderevents.StatusChanged, orderevents.PaymentCompleted, orderevents.Cancelled,
		orderevents.ClaimOpened, orderevents.ClaimMoved, orderevents.AnswerAsked, orderevents.AnswerEnded:
		return []string{r.Stream.ID}
	}
	return nil
}

// tags names the news that end a wait for an unknown SKU or for a connection.
func tags(r eventlog.Record) []string {
	switch e := r.Event.(type) {
	case shopevents.Connected:
		return []string{ShopTag(e.Connection)}
	case shopevents.Recovered:
		return []string{ShopTag(e.Connection)}
	case shopevents.Mapped:
		return []string{mappedTag(e.Connection, e.Code)}
	case stockevents.Received:
		return []string{knownTag(e.SKU)}
	}
	return nil
}

// ShopTag names news that a shop can be spoken to again.
func ShopTag(connection string) string { return "shop:" + connection }

func mappedTag(connection, code string) string { return "mapped:" + connection + ":" + code }
func knownTag(sku string) string               { return "known:" + sku }

func (f fulfilment) order(in flow.Input) orders.State {
	return flow.State[orders.State](in, orderevents.Stream(f.workspace, in.ID))
}

// codes are the streams that say what the order's codes mean.
func (f fulfilment) codes(in flow.Input) []eventlog.Fold {
	o := f.order(in)
	var folds []eventlog.Fold
	seen := map[string]bool{}
	for _, line := range o.Placed.Lines {
		if !seen[line.Code] {
			seen[line.Code] = true
			folds = append(folds, catalogue.Fold(f.workspace, o.Placed.Connection, line.Code))
			if inventory.ValidSKU(line.Code) {
				folds = append(folds, inventory.Fold(f.workspace, line.Code))
			}
		}
	}
	return folds
}

func (f fulfilment) validate(in flow.Input) flow.Verdict {
	o := f.order(in)
	skus := make([]string, len(o.Placed.Lines))
	var unknown, wait []string
	for i, line := range o.Placed.Lines {
		mapped := flow.State[catalogue.State](in, shopevents.Listing(f.workspace, o.Placed.Connection, line.Code)).SKU
		switch {
		case mapped != "":
			skus[i] = mapped
		case flow.State[inventory.State](in, stockevents.Stream(f.workspace, line.Code)).Known:
			skus[i] = line.Code
		default:
			if code := fmt.Sprintf("%q", line.Code); !slices.Contains(unknown, code) {
				unknown = append(unknown, code)
				wait = append(wait, mappedTag(o.Placed.Connection, line.Code), knownTag(line.Code))
			}
		}
	}
	if len(unknown) > 0 {
		return flow.Wait(WaitUnknownSKU, fmt.Sprintf(
			"No SKU is known for %s on this shop. The order goes on by itself once each code is mapped to a SKU.",
			few(unknown, ", ")), time.Time{}, wait...)
	}
	return flow.Done(nil, eventlog.Decided{
		Stream: orderevents.Stream(f.workspace, in.ID),
		Events: []eventlog.Event{orderevents.Matched{Order: in.ID, SKUs: skus}},
	})
}

// few joins the first three texts and counts the others.
func few(texts []string, between string) string {
	if len(texts) > 3 {
		return strings.Join(texts[:3], between) + fmt.Sprintf(" and %d more", len(texts)-3)
	}
	return strings.Join(texts, between)
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
	folds := f.stocks(in)
	if gone(f.order(in)) {
		folds = append(folds, f.letterFold(ShortID(in.ID)))
	}
	return folds
}

// gone says that somebody has sent an order's parcel, or is about to.
func gone(o orders.State) bool { return left(o.Status) || o.Status == orders.Arranged }

func (f fulfilment) held(in flow.Input) (demand map[string]int64, states map[string]inventory.State) {
	demand, states = map[string]int64{}, map[string]inventory.State{}
	for _, need := range f.order(in).Demand() {
		demand[need.SKU] = need.Quantity
		states[need.SKU] = flow.State[inventory.State](in, stockevents.Stream(f.workspace, need.SKU))
	}
	return demand, states
}

// attempt numbers reservations of one order; a flow reserves once, so it is always the first.
const attempt = 1

func (f fulfilment) reserve(in flow.Input) flow.Verdict {
	o := f.order(in)
	if o.Placed.SelfShips {
		return flow.Skip("The channel ships this order from its own warehouse.")
	}
	if left(o.Placed.Status) {
		return flow.Skip("The parcel had left before this order was known here, so the stock is left alone: a count of what is there does not hold it. If your count is older, adjust the stock.")
	}
	if w := in.Flow.Waiting; in.Flow.Phase == flow.Waits && w.Code == WaitNoStock && !gone(o) {
		return flow.Wait(w.Code, w.Sentence, w.Until, w.For...) // held until a person retries it
	}
	demand, states := f.held(in)
	writes, short := inventory.Reserve(f.workspace, in.ID, attempt, demand, states)
	if len(short) == 0 {
		return flow.Done(nil, writes...)
	}
	if gone(o) && f.letter(in, ShortID(in.ID)).folded { // else its news have only just come, and bring another turn
		return f.take(in, demand, states)
	}
	var parts, wait []string
	for _, s := range short {
		wait = append(wait, inventory.ShortTag+s.SKU)
		parts = append(parts, fmt.Sprintf("%s needs %d, %d available", s.SKU, s.Need, s.Available))
	}
	return flow.Wait(WaitNoStock, "Not enough stock: "+few(parts, "; ")+
		". The order holds nothing until it can have all of it. Receive stock, then retry.", time.Time{}, wait...)
}

func (f fulfilment) release(in flow.Input) flow.Verdict {
	_, states := f.held(in)
	return flow.Done(nil, inventory.Release(f.workspace, in.ID, attempt, in.Flow.Reason, states)...)
}

func (f fulfilment) payment(in flow.Input) flow.Verdict {
	switch o := f.order(in); {
	case o.Status == orders.Unpaid:
		return flow.Wait(WaitUnpaid, "Waiting for the buyer to pay. The channel cancels the order by itself if they do not; the stock is kept until then.", time.Time{})
	case !o.Paid:
		return unclear(o)
	}
	return flow.Done(nil)
}

// unclear waits because the channel's word for the order does not say what may be done.
func unclear(o orders.State) flow.Verdict {
	return flow.Wait(WaitChannel, fmt.Sprintf(
		"The channel calls this order %q, which does not say that it may ship. The stock is kept; the order goes on with the channel's next news of it.", o.Vendor), time.Time{})
}

func (f fulfilment) readyForLabel(in flow.Input) flow.Verdict {
	o := f.order(in)
	switch {
	case o.Placed.SelfShips:
		return flow.Skip("The channel ships this order from its own warehouse.")
	case o.Status == orders.OnHold:
		return flow.Wait(WaitOnHold, "Waiting for the channel's hold after payment to end; the buyer may still change their mind. Nothing to do.", time.Time{})
	case o.Status == orders.Ready, o.Status == orders.Partial, o.Status == orders.Arranged:
		if why := o.Held(); why != "" {
			return flow.Wait(WaitDecision, why, time.Time{})
		}
		return flow.Go()
	case o.Status == orders.Transit, o.Status == orders.Delivered, o.Status == orders.Completed:
		return flow.Skip("The channel shows the parcel as sent already.")
	}
	return unclear(o)
}

func (f fulfilment) parcel(in flow.Input) Parcel {
	o := f.order(in)
	return Parcel{
		Order: in.ID, Connection: o.Placed.Connection, ChannelID: o.Placed.ChannelID,
		Packages: o.Packages, Person: o.Placed.Buyer,
	}
}

func (f fulfilment) label(ctx context.Context, in flow.Input, _ string) flow.Verdict {
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
	_, states := f.held(in)
	return flow.Done(nil, inventory.Ship(f.workspace, in.ID, attempt, states)...)
}

func (f fulfilment) trouble(err error, in flow.Input) flow.Verdict {
	return Troubled(err, in, f.order(in).Placed.Connection)
}

// Troubled says what a failure of the Desk means for a flow.
func Troubled(err error, in flow.Input, connection string) flow.Verdict {
	var t *Trouble
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
