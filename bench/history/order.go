package history

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/money"
)

const channel = "tiktok"

// Fate is what becomes of an order.
type Fate string

// The fates of orders.
const (
	Sent      Fate = "sent"      // paid, shipped, completed
	Patient   Fate = "patient"   // the same after the channel's hold
	Regretted Fate = "regretted" // cancelled during the hold
	Held      Fate = "held"      // still in the hold
	Unpaid    Fate = "unpaid"
	Wanting   Fate = "wanting" // more units than there are
	Refused   Fate = "refused" // the channel gives no label
)

// FateOf is what becomes of the n-th order: 942 of 1,000 are sent, 20 of 5,000 stay open.
func FateOf(n int64) Fate {
	switch k := n % 5000; {
	case k < 3: // of 5,000
		return Refused
	case k < 8:
		return Wanting
	case k < 12:
		return Unpaid
	case k < 20:
		return Held
	case k < 300:
		return Regretted
	case k%5 == 0:
		return Patient
	}
	return Sent
}

// order is one on its way.
type order struct {
	lane   *lane
	n      int64
	id     string
	fate   Fate
	news   orders.News // the channel's last
	state  orders.State
	skus   []*sku // of its lines
	begun  time.Time
	waited time.Time // since when it waits
	rested time.Duration
	turns  []func(*order) ([]eventlog.Write, error)
}

// ChannelID is the channel's id of the n-th order. Its first digits say little, as the channels' do.
func ChannelID(n int64) string { return fmt.Sprintf("5764614%011d", n*7_919_003%100_000_000_000) }

// Connection is the one that the n-th order is from.
func Connection(n int64) string {
	switch {
	case n%1000 == 999:
		return Connections[2]
	case n%5 == 4:
		return Connections[1]
	}
	return Connections[0]
}

func (l *lane) order(n int64) *order {
	rng := rand.New(rand.NewPCG(uint64(n), 7)) //nolint:gosec // n counts from 1; the same order is the same each time
	now := l.shop.now()
	o := &order{lane: l, n: n, fate: FateOf(n), begun: now, turns: scripts[FateOf(n)]}
	o.id = orders.ID(Connection(n), ChannelID(n))
	o.news = orders.News{
		Connection: Connection(n), Channel: channel, ChannelID: ChannelID(n),
		Buyer: fmt.Sprintf("p-%06d", n*31%max(1, 2*int64(l.shop.o.SKUs))), Packages: []string{fmt.Sprintf("11529%013d", n)},
		Total: money.Money{Currency: "GBP"}, Created: now,
	}
	for range 1 + int(n%4/3) { // every fourth has two lines
		// Half of all units are of a tenth of the SKUs.
		among := len(l.skus)
		if rng.IntN(2) == 0 {
			among = max(1, among/10)
		}
		k := l.skus[rng.IntN(among)]
		if slices.Contains(o.skus, k) {
			continue
		}
		quantity := 1 + int64(rng.IntN(3))
		if o.fate == Wanting {
			quantity = 2 * plenty
		}
		price := money.Money{Minor: 199 + int64(rng.IntN(5000)), Currency: "GBP"}
		o.skus = append(o.skus, k)
		o.news.Lines = append(o.news.Lines, orderevents.Line{
			Listing: "1729" + k.code[len("SKU-"):], Code: k.code, Quantity: quantity, Price: price,
		})
		o.news.Total.Minor += quantity * price.Minor
	}
	return o
}

// now is the time as events have it.
func (s *Shop) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// turn gives the order's next commit.
func (o *order) turn() ([]eventlog.Write, error) {
	next := o.turns[0]
	o.turns = o.turns[1:]
	return next(o)
}

type turn = func(*order) ([]eventlog.Write, error)

var scripts = map[Fate][]turn{
	Sent:      {says(orders.Ready), begin, reserve, pay, call(fulfilment.StepLabel), label, says(orders.Arranged), tell, ship, says(orders.Completed)},
	Patient:   {says(orders.OnHold), begin, reserve, pay, hold, says(orders.Ready), call(fulfilment.StepLabel), label, says(orders.Arranged), tell, ship, says(orders.Completed)},
	Regretted: {says(orders.OnHold), begin, reserve, pay, hold, says(orders.Cancelled), turnAround, undone(fulfilment.StepPayment, fulfilment.PaidBack), release, undone(fulfilment.StepValidate, ""), end},
	Held:      {says(orders.OnHold), begin, reserve, pay, hold},
	Unpaid:    {says(orders.Unpaid), begin, reserve, dun},
	Wanting:   {says(orders.Ready), begin, want},
	Refused:   {says(orders.Ready), begin, reserve, pay, call(fulfilment.StepLabel), stuck},
}

// flow makes the write of flow events.
func (o *order) flow(events ...eventlog.Event) eventlog.Write {
	return eventlog.Write{
		Stream: eventlog.Stream{Workspace: workspace.Main, Kind: fulfilment.Kind, ID: o.id}, Events: events,
		Meta: eventlog.Meta{Actor: "flow:" + fulfilment.Kind, Cause: fmt.Sprintf("position:%d", o.n), Correlation: o.id},
	}
}

// says takes in that the channel shows the order in a status.
func says(status string) turn {
	observing := orders.Observing()
	return func(o *order) ([]eventlog.Write, error) {
		// Channels' times are whole seconds, and a later state has a later time.
		o.news.Updated = o.news.Updated.Add(time.Second)
		if now := o.lane.shop.now().Truncate(time.Second); now.After(o.news.Updated) {
			o.news.Updated = now
		}
		o.news.Status, o.news.Vendor = status, vendor[status]
		if status == orders.Cancelled {
			o.news.Cancel = "changed_mind"
		}
		decided, err := observing.Decide(o.state, o.news)
		if err != nil {
			return nil, err
		}
		o.evolve(decided)
		return []eventlog.Write{{
			Stream: orderevents.Stream(workspace.Main, o.id), Events: decided,
			Meta: eventlog.Meta{
				Actor: "channel:" + o.news.Connection, Cause: fmt.Sprintf("inbox:%d", o.n), Correlation: o.id, Occurred: o.news.Updated,
			},
		}}, nil
	}
}

var vendor = map[string]string{
	orders.Unpaid: "UNPAID", orders.OnHold: "ON_HOLD", orders.Ready: "AWAITING_SHIPMENT", orders.Arranged: "AWAITING_COLLECTION",
	orders.Completed: "COMPLETED", orders.Cancelled: "CANCELLED",
}

func (o *order) evolve(decided []eventlog.Event) {
	evolve := orders.Observing().Evolve
	for _, e := range decided {
		o.state = evolve(o.state, e)
	}
}

// done is the success of a step. What was rested ends with it.
func (o *order) done(step string, attempt int, data map[string]string) flows.StepSucceeded {
	return flows.StepSucceeded{Flow: o.id, Step: step, Attempt: attempt, Data: data}
}

// begin starts the flow, whose first step says which SKUs the lines are.
func begin(o *order) ([]eventlog.Write, error) {
	o.begun = o.lane.shop.now()
	matched := orderevents.Matched{Order: o.id}
	for _, k := range o.skus {
		matched.SKUs = append(matched.SKUs, k.code)
	}
	o.evolve([]eventlog.Event{matched})
	w := o.flow(flows.Started{Kind: fulfilment.Kind, Flow: o.id, At: o.begun}, o.done(fulfilment.StepValidate, 1, nil))
	return []eventlog.Write{w, {Stream: orderevents.Stream(workspace.Main, o.id), Events: []eventlog.Event{matched}, Meta: w.Meta}}, nil
}

// demand is what the order needs, and the states of those SKUs.
func (o *order) demand() (need map[string]int64, states map[string]inventory.State) {
	need, states = map[string]int64{}, map[string]inventory.State{}
	for _, n := range o.state.Demand() {
		need[n.SKU] = n.Quantity
	}
	for _, k := range o.skus {
		states[k.code] = k.state
	}
	return need, states
}

// stock makes the writes of stock, beside the flow's own.
func (o *order) stock(own eventlog.Write, decided []eventlog.Decided) []eventlog.Write {
	writes := []eventlog.Write{own}
	for _, d := range decided {
		k := o.skus[slices.IndexFunc(o.skus, func(k *sku) bool { return stockevents.Stream(workspace.Main, k.code) == d.Stream })]
		writes = append(writes, eventlog.Write{Stream: d.Stream, Expected: k.version, Events: d.Events, Meta: own.Meta})
		k.evolve(d.Events)
	}
	return writes
}

const attempt = 1

func reserve(o *order) ([]eventlog.Write, error) {
	need, states := o.demand()
	decided, short := inventory.Reserve(workspace.Main, o.id, attempt, need, states)
	if len(short) > 0 {
		return nil, fmt.Errorf("short of %v", short)
	}
	return o.stock(o.flow(o.done(fulfilment.StepReserve, 1, nil)), decided), nil
}

func pay(o *order) ([]eventlog.Write, error) {
	return []eventlog.Write{o.flow(o.done(fulfilment.StepPayment, 1, nil))}, nil
}

// call starts a call into the world. The wait before it, if there was one, ended with the last news.
func call(step string) turn {
	return func(o *order) ([]eventlog.Write, error) {
		now := o.lane.shop.now()
		return []eventlog.Write{o.flow(flows.StepStarted{
			Flow: o.id, Step: step, Attempt: 1, Key: fulfilment.Kind + "/" + o.id + "/" + step, Deadline: now.Add(flow.CallTime), Woken: o.wake(),
		})}, nil
	}
}

// wake ends the wait, if there is one, and says when.
func (o *order) wake() (woken time.Time) {
	if o.waited.IsZero() {
		return woken
	}
	woken = o.lane.shop.now()
	o.rested += woken.Sub(o.waited)
	o.waited = time.Time{}
	return woken
}

func label(o *order) ([]eventlog.Write, error) {
	return []eventlog.Write{o.flow(o.done(fulfilment.StepLabel, 1, map[string]string{
		"label": "l-" + o.id, "label_type": "application/pdf", "tracking": fmt.Sprintf("GB%010d", o.n), "carrier": "Royal Mail",
	}))}, nil
}

// tell finds that the channel's news say so already.
func tell(o *order) ([]eventlog.Write, error) {
	return []eventlog.Write{o.flow(o.done(fulfilment.StepTell, 1, nil))}, nil
}

func ship(o *order) ([]eventlog.Write, error) {
	_, states := o.demand()
	elapsed := o.lane.shop.now().Sub(o.begun)
	return o.stock(o.flow(
		o.done(fulfilment.StepMetrics, 1, nil),
		flows.Finished{Flow: o.id, Elapsed: elapsed, Own: max(0, elapsed-o.rested), Untouched: true},
	), inventory.Ship(workspace.Main, o.id, attempt, states)), nil
}

// waits parks the flow.
func (o *order) waits(step, code, sentence string, tags ...string) ([]eventlog.Write, error) {
	o.waited = o.lane.shop.now()
	return []eventlog.Write{o.flow(flows.Waiting{Flow: o.id, Step: step, Code: code, Sentence: sentence, For: tags, Since: o.waited})}, nil
}

func hold(o *order) ([]eventlog.Write, error) {
	return o.waits(fulfilment.StepLabel, fulfilment.WaitOnHold,
		"Waiting for the channel's hold after payment to end; the buyer may still change their mind. Nothing to do.")
}

func dun(o *order) ([]eventlog.Write, error) {
	return o.waits(fulfilment.StepPayment, fulfilment.WaitUnpaid,
		"Waiting for the buyer to pay. The channel cancels the order by itself if they do not; the stock is kept until then.")
}

func want(o *order) ([]eventlog.Write, error) {
	need, states := o.demand()
	_, short := inventory.Reserve(workspace.Main, o.id, attempt, need, states)
	sentence := "Not enough stock: "
	var tags []string
	for i, s := range short {
		if i > 0 {
			sentence += "; "
		}
		sentence += fmt.Sprintf("%s needs %d, %d available", s.SKU, s.Need, s.Available)
		tags = append(tags, inventory.ShortTag+s.SKU)
	}
	return o.waits(fulfilment.StepReserve, fulfilment.WaitNoStock,
		sentence+". The order holds nothing until it can have all of it. Receive stock, then retry.", tags...)
}

// Refusal is what the channel says that gives no label.
const Refusal = "The channel refuses the address."

func stuck(o *order) ([]eventlog.Write, error) {
	return []eventlog.Write{o.flow(flows.Stuck{Flow: o.id, Step: fulfilment.StepLabel, Attempt: 1, Reason: Refusal})}, nil
}

const gone = "The order was cancelled on the channel."

func turnAround(o *order) ([]eventlog.Write, error) {
	return []eventlog.Write{o.flow(flows.UndoStarted{Flow: o.id, Step: fulfilment.StepPayment, Reason: gone, Woken: o.wake()})}, nil
}

func undone(step, note string) turn {
	return func(o *order) ([]eventlog.Write, error) {
		return []eventlog.Write{o.flow(flows.StepUndone{Flow: o.id, Step: step, Note: note})}, nil
	}
}

func release(o *order) ([]eventlog.Write, error) {
	_, states := o.demand()
	return o.stock(o.flow(flows.StepUndone{Flow: o.id, Step: fulfilment.StepReserve}), inventory.Release(workspace.Main, o.id, attempt, gone, states)), nil
}

func end(o *order) ([]eventlog.Write, error) {
	return []eventlog.Write{o.flow(flows.Undone{Flow: o.id, Reason: gone})}, nil
}
