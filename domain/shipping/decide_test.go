package shipping_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/shipping"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// world is an order of 2 units of L1 and 1 of L2 and its flow, as events tell them.
type world struct {
	placed orderevents.Placed
	order  []eventlog.Event
	flow   []eventlog.Event
}

func ownOrder() world {
	w := platformOrder()
	w.placed.SellerShips, w.placed.Packages = true, nil
	return w
}

func platformOrder() world {
	return world{
		placed: orderevents.Placed{
			Order: "k7:1", Connection: "k7", ChannelID: "1", Status: orders.Ready, Packages: []string{"p1"},
			Lines: []orderevents.Line{{Listing: "L1", Code: "A", Quantity: 2}, {Listing: "L2", Code: "B", Quantity: 1}},
		},
		flow: []eventlog.Event{
			flows.Started{Flow: "k7:1"},
			flows.StepSucceeded{Step: fulfilment.StepValidate},
			flows.StepSucceeded{Step: fulfilment.StepReserve},
			flows.StepSucceeded{Step: fulfilment.StepPayment},
		},
	}
}

// decide decides a request over the world.
func (w world) decide(q func(d *flow.Definition) eventlog.Request) ([]eventlog.Event, error) {
	d := fulfilment.Definition("main", nil)
	request := q(d)
	var states []eventlog.State
	for _, f := range request.Folds {
		s := f.Zero()
		happened := w.flow
		if f.Stream.Kind == orderevents.Kind {
			happened = append([]eventlog.Event{w.placed}, w.order...)
		}
		for _, e := range happened {
			s = f.Evolve(s, e)
		}
		states = append(states, eventlog.State{Stream: f.Stream, Value: s})
	}
	decision, err := request.Decide(states)
	var all []eventlog.Event
	for _, write := range decision.Writes {
		all = append(all, write.Events...)
	}
	return all, err
}

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want a refusal with %q", err, want)
	}
}

// Nothing is put into a parcel while an order waits for stock before its label: it would leave with units that are not its own.
func TestShippingWithoutStock(t *testing.T) {
	for code, want := range map[string]string{
		fulfilment.WaitNoStock: "may not be sent yet", fulfilment.WaitBackorder: "may not be sent yet", fulfilment.WaitTracking: "",
	} {
		w := ownOrder()
		w.flow = append(w.flow, flows.Waiting{Step: fulfilment.StepLabel, Code: code})
		_, err := w.decide(func(d *flow.Definition) eventlog.Request {
			return shipping.Shipping(d, "k7:1", shipping.Ship{Carrier: "7", CarrierName: "Royal Mail", Tracking: "RM123456"})
		})
		if want != "" {
			refused(t, err, want)
		} else if err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func parcel(request int, tracking string, items ...orderevents.ParcelItem) orderevents.ShippingAsked {
	return orderevents.ShippingAsked{
		Order: "k7:1", Request: request, Action: orders.ActionShip, Carrier: "7", CarrierName: "Royal Mail", Tracking: tracking, Items: items,
	}
}

func units(listing string, n int64) orderevents.ParcelItem {
	return orderevents.ParcelItem{Listing: listing, Quantity: n}
}

func told(request int) orderevents.ShippingEnded {
	return orderevents.ShippingEnded{Order: "k7:1", Request: request, Done: true}
}

func moved(status string) orderevents.StatusChanged {
	return orderevents.StatusChanged{Order: "k7:1", To: status, Packages: []string{"p1"}}
}

func TestShipping(t *testing.T) {
	good := shipping.Ship{Carrier: "7", Tracking: " rm 12-34/5 "}
	events, err := ownOrder().decide(func(d *flow.Definition) eventlog.Request { return shipping.Shipping(d, "k7:1", good) })
	if err != nil || len(events) != 1 {
		t.Fatalf("%v, %v", events, err)
	}
	asked := events[0].(orderevents.ShippingAsked)
	if asked.Tracking != "RM12-34/5" || asked.CarrierName != "7" || asked.Request != 1 || !slices.Equal(asked.Items, []orderevents.ParcelItem{units("L1", 2), units("L2", 1)}) {
		t.Errorf("asked %+v", asked)
	}
	with := func(change func(*shipping.Ship)) shipping.Ship {
		c := good
		change(&c)
		return c
	}
	tests := []struct {
		name   string
		change func(w *world)
		ship   shipping.Ship
		want   string
	}{
		{"the platform's label", func(w *world) { w.placed.SellerShips = false }, good, "makes the label"},
		{"the channel ships", func(w *world) { w.placed.SelfShips = true }, good, "its own warehouse"},
		{"cancelled", func(w *world) { w.order = append(w.order, orderevents.Cancelled{Order: "k7:1"}) }, good, "is cancelled"},
		{"on hold", func(w *world) { w.placed.Status = orders.OnHold }, good, "may not be sent yet"},
		{"sent", func(w *world) { w.order = append(w.order, moved(orders.Arranged)) }, good, "sent already"},
		{"no stock yet", func(w *world) { w.flow = w.flow[:2] }, good, "may not be sent yet"},
		{"turned around", func(w *world) { w.flow = append(w.flow, flows.UndoStarted{Step: fulfilment.StepPayment}) }, good, "may not be sent yet"},
		{"the buyer asks to cancel", func(w *world) {
			w.order = append(w.order, orderevents.ClaimOpened{Order: "k7:1", Kind: orders.Cancellation, Claim: "c", State: orders.ClaimPending})
		}, good, "asks to cancel"},
		{"being combined", func(w *world) {
			w.order = append(w.order, orderevents.ShippingAsked{Order: "k7:1", Request: 1, Action: orders.ActionCombine})
		}, good, "split or combine"},
		{"all in parcels", func(w *world) { w.order = append(w.order, parcel(1, "T1", units("L1", 2), units("L2", 1))) }, good, "in a parcel already"},
		{"no carrier", nil, with(func(c *shipping.Ship) { c.Carrier = " " }), "which carrier"},
		{"no number", nil, with(func(c *shipping.Ship) { c.Tracking = "" }), "tracking number is"},
		{"a sentence for a number", nil, with(func(c *shipping.Ship) { c.Tracking = "ask me later!" }), "tracking number is"},
		{"the number twice", func(w *world) { w.order = append(w.order, parcel(1, "RM12-34/5", units("L1", 1))) }, good, "has this number"},
		{"too many units", nil, with(func(c *shipping.Ship) { c.Items = []orderevents.ParcelItem{units("L1", 3)} }), "Only 2"},
		{"a listing that is not the order's", nil, with(func(c *shipping.Ship) { c.Items = []orderevents.ParcelItem{units("L3", 1)} }), "No unit"},
		{"a listing twice", nil, with(func(c *shipping.Ship) { c.Items = []orderevents.ParcelItem{units("L1", 1), units("L1", 1)} }), "once"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := ownOrder()
			if tt.change != nil {
				tt.change(&w)
			}
			_, err := w.decide(func(d *flow.Definition) eventlog.Request { return shipping.Shipping(d, "k7:1", tt.ship) })
			refused(t, err, tt.want)
		})
	}
}

func TestCorrecting(t *testing.T) {
	w := ownOrder()
	w.order = []eventlog.Event{parcel(1, "T0001", units("L1", 2)), told(1), parcel(2, "T0002", units("L2", 1))}
	decide := func(c shipping.Correct) ([]eventlog.Event, error) {
		return w.decide(func(d *flow.Definition) eventlog.Request { return shipping.Correcting(d, "k7:1", c) })
	}
	events, err := decide(shipping.Correct{Parcel: 1, Carrier: "8", Tracking: "u 0001"})
	if err != nil || len(events) != 1 || events[0].(orderevents.ShippingAsked).Tracking != "U0001" || events[0].(orderevents.ShippingAsked).Request != 3 {
		t.Errorf("%+v, %v", events, err)
	}
	for want, c := range map[string]shipping.Correct{
		"does not know it yet": {Parcel: 2, Carrier: "8", Tracking: "U0001"},
		"no such parcel":       {Parcel: 7, Carrier: "8", Tracking: "U0001"},
		"that the parcel has":  {Parcel: 1, Carrier: "7", Tracking: "T0001"},
		"has this number":      {Parcel: 1, Carrier: "7", Tracking: "T0002"},
		"tracking number is":   {Parcel: 1, Carrier: "7", Tracking: "x"},
	} {
		_, err := decide(c)
		refused(t, err, want)
	}
	w.order = append(w.order, orderevents.ShippingAsked{Order: "k7:1", Request: 3, Action: orders.ActionCorrect, Parcel: 1, Tracking: "U1"})
	_, err = decide(shipping.Correct{Parcel: 1, Carrier: "8", Tracking: "U0002"})
	refused(t, err, "Wait until it has answered")
}

func TestSplittingAndCombining(t *testing.T) {
	group := func(items ...orderevents.ParcelItem) orderevents.ParcelGroup {
		return orderevents.ParcelGroup{Items: items}
	}
	halves := []orderevents.ParcelGroup{group(units("L1", 1)), group(units("L1", 1), units("L2", 1))}
	split := func(w world, groups []orderevents.ParcelGroup) error {
		_, err := w.decide(func(d *flow.Definition) eventlog.Request { return shipping.Splitting(d, "k7:1", groups) })
		return err
	}
	combine := func(w world, ids ...string) error {
		_, err := w.decide(func(d *flow.Definition) eventlog.Request { return shipping.Combining(d, ids) })
		return err
	}
	for _, status := range []string{orders.Ready, orders.OnHold} {
		w := platformOrder()
		w.placed.Status = status
		if err := split(w, halves); err != nil {
			t.Errorf("split, %s: %v", status, err)
		}
		if err := combine(w, "k7:1", "k7:2"); err != nil {
			t.Errorf("combined, %s: %v", status, err)
		}
	}
	for name, groups := range map[string][]orderevents.ParcelGroup{
		"one":       {group(units("L1", 2), units("L2", 1))},
		"left out":  {group(units("L1", 1)), group(units("L1", 1))},
		"too many":  {group(units("L1", 2)), group(units("L1", 1), units("L2", 1))},
		"empty":     {group(units("L1", 2), units("L2", 1)), group()},
		"something": {group(units("L1", 2)), group(units("L3", 1))},
	} {
		if err := split(platformOrder(), groups); err == nil || !strings.Contains(err.Error(), "Put every unit") {
			t.Errorf("%s: %v", name, err)
		}
	}
	one := platformOrder()
	one.placed.Lines = []orderevents.Line{{Listing: "L1", Code: "A", Quantity: 1}}
	refused(t, split(one, halves), "one unit")
	for want, change := range map[string]func(w *world){
		"stay as they are":  func(w *world) { w.flow = append(w.flow, flows.StepStarted{Step: fulfilment.StepLabel, Attempt: 1}) },
		"being arranged or": func(w *world) { w.order = append(w.order, moved(orders.Partial)) },
		"once it is paid":   func(w *world) { w.placed.Status = orders.Unpaid },
		"made no package":   func(w *world) { w.placed.Packages = nil },
		"its own warehouse": func(w *world) { w.placed.SelfShips = true },
		"is cancelled":      func(w *world) { w.order = append(w.order, orderevents.Cancelled{Order: "k7:1"}) },
		"Wait until it has": func(w *world) {
			w.order = append(w.order, orderevents.ShippingAsked{Order: "k7:1", Request: 1, Action: orders.ActionSplit})
		},
		"cannot be split or c": func(w *world) {
			w.order = append(w.order, orderevents.ShippingAsked{Order: "k7:1", Request: 1, Action: orders.ActionCombine, With: []string{"k7:1", "k7:2"}}, told(1))
		},
	} {
		w := platformOrder()
		change(&w)
		refused(t, split(w, halves), want)
		refused(t, combine(w, "k7:1", "k7:2"), want)
	}
	for _, ids := range [][]string{{"k7:1"}, {"k7:1", "k7:1"}, {"k7:1", "k8:1"}, {"k7:1", "2"}, slices.Repeat([]string{"k7:1"}, 11)} {
		refused(t, combine(platformOrder(), ids...), "different orders of one shop")
	}
}

// The page says what has become of each parcel, and what may be done.
func TestPage(t *testing.T) {
	w := ownOrder()
	w.order = []eventlog.Event{
		parcel(1, "T0001", units("L1", 1)), told(1),
		orderevents.ShippingAsked{Order: "k7:1", Request: 2, Action: orders.ActionCorrect, Parcel: 1, Carrier: "8", CarrierName: "UPS", Tracking: "U0001"},
		told(2),
		parcel(3, "T0003", units("L1", 1)),
		orderevents.ShippingEnded{Order: "k7:1", Request: 3, Sentence: "No."},
		parcel(4, "T0004", units("L1", 1)),
	}
	var own, steps []eventlog.Record
	for _, e := range append([]eventlog.Event{w.placed}, w.order...) {
		own = append(own, eventlog.Record{Event: e, Actor: "user:ana"})
	}
	for _, e := range w.flow {
		steps = append(steps, eventlog.Record{Event: e})
	}
	p := shipping.Read(own, steps, fulfilment.Definition("main", nil), "k7:1")
	if !p.Own || !slices.Equal(p.Can, []string{"ship-order"}) || !slices.Equal(p.Left, []orderevents.ParcelItem{units("L2", 1)}) || len(p.Requests) != 4 {
		t.Fatalf("page %+v", p)
	}
	for i, want := range []struct{ state, tracking, carrier, sentence, can string }{
		{shipping.Known, "U0001", "UPS", "", "correct-tracking"},
		{shipping.Known, "U0001", "UPS", "", ""},
		{shipping.Refused, "T0003", "Royal Mail", "No.", ""},
		{shipping.Telling, "T0004", "Royal Mail", "", ""},
	} {
		q := p.Requests[i]
		if q.State != want.state || q.Tracking != want.tracking || q.CarrierName != want.carrier || q.Sentence != want.sentence || strings.Join(q.Can, " ") != want.can || q.By != "user:ana" {
			t.Errorf("request %d: %+v, want %+v", i+1, q, want)
		}
	}
}
