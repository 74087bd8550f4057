package direct_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/bundles"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	"github.com/creatorflow/creatorflow/domain/direct"
	events "github.com/creatorflow/creatorflow/domain/events/orders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

const w = "main"

var now = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func gbp(minor int64) money.Money { return money.Money{Minor: minor, Currency: "GBP"} }

func order(change func(*direct.Order)) direct.Order {
	o := direct.Order{
		Connection: "k7", Number: "M-1", Items: []direct.Item{{SKU: "HOODIE-M", Quantity: 2, Price: gbp(1999)}}, Delivery: gbp(500),
		Direct: events.Direct{Pay: events.PayCard, Method: "pm_1"}, Now: now,
	}
	if change != nil {
		change(&o)
	}
	return o
}

// states are what the folds of a request come to when nothing but five hoodies is there; put changes some of them.
func states(o direct.Order, put func([]eventlog.State)) []eventlog.State {
	folds := direct.Placing(w, o)
	out := make([]eventlog.State, len(folds))
	for i, f := range folds {
		value := f.Zero()
		if f.Stream == stockevents.Stream(w, "HOODIE-M") {
			value = f.Evolve(value, stockevents.Received{SKU: "HOODIE-M", Quantity: 5})
		}
		out[i] = eventlog.State{Value: value}
	}
	if put != nil {
		put(out)
	}
	return out
}

// counter has a counter hold so much of the hoodies.
func counter(c listings.Counter, policy exposure.Policy) func([]eventlog.State) {
	state := listings.State{Counters: map[string]listings.Counter{"k7": c}}
	if policy != "" {
		state.Policies = map[string]listings.Policy{"": {Policy: policy}}
	}
	return func(s []eventlog.State) { s[3].Value = state }
}

func TestPlace(t *testing.T) {
	own := func(o *direct.Order) { o.Method = "pi_1" }
	tests := []struct {
		name   string
		change func(*direct.Order)
		put    func([]eventlog.State)
		status string
		writes int
		err    error
		refuse bool
		says   string
	}{
		{name: "by card", status: orders.Unpaid, writes: 2},
		{name: "paid elsewhere", change: func(o *direct.Order) { o.Direct = events.Direct{Pay: events.PayElsewhere} }, status: orders.Ready, writes: 2},
		{name: "by a payment of one's own shop", change: own, status: orders.Unpaid, writes: 3},
		{name: "by a payment of another order", change: own, put: func(s []eventlog.State) { s[1].Value = "k7:M-0" }, err: direct.ErrClaimed},
		{name: "a number that was used", put: func(s []eventlog.State) { s[0].Value = orders.State{Placed: events.Placed{Order: "k7:M-1"}} }, err: direct.ErrNumber},
		{name: "a SKU that nobody has", change: func(o *direct.Order) { o.Items[0].SKU = "HAT" }, refuse: true},
		{name: "a code that means another SKU", put: func(s []eventlog.State) { s[1].Value = catalogue.State{SKU: "HAT"} }, refuse: true},
		{name: "more than is there, in two lines", change: func(o *direct.Order) {
			o.Items = []direct.Item{{SKU: "HOODIE-M", Quantity: 3, Price: gbp(1)}, {SKU: "HOODIE-M", Quantity: 3, Price: gbp(1)}}
		}, refuse: true},
		{name: "what others wait for in their turn", put: func(s []eventlog.State) {
			s[2].Value = inventory.Receiving().Evolve(s[2].Value.(inventory.State), stockevents.Backordered{SKU: "HOODIE-M", Order: "k8:1", Quantity: 9})
		}, says: "HOODIE-M needs 2, 5 available, for which orders wait that want 9.", refuse: true},
		{name: "units that other shops may sell", put: counter(listings.Counter{Units: 1}, ""), refuse: true},
		{name: "units that are the counter's own", put: counter(listings.Counter{Units: 2}, ""), status: orders.Unpaid, writes: 3},
		{name: "what nobody limits", put: counter(listings.Counter{Open: true}, ""), status: orders.Unpaid, writes: 3},
		{name: "what shops mirror", put: counter(listings.Counter{}, exposure.Mirror), status: orders.Unpaid, writes: 3},
		{name: "a card number", change: func(o *direct.Order) { o.Method = "4242424242424242" }, err: direct.ErrMethod},
		{name: "a method with a space", change: func(o *direct.Order) { o.Method = "pm_1 2" }, err: direct.ErrMethod},
		{name: "no way to pay", change: func(o *direct.Order) { o.Direct = events.Direct{} }, err: direct.ErrPay},
		{name: "a card for nothing", change: func(o *direct.Order) { o.Items[0].Price, o.Delivery = gbp(0), gbp(0) }, err: direct.ErrNothing},
		{name: "no lines", change: func(o *direct.Order) { o.Items = nil }, err: orders.ErrNoLines},
		{name: "two currencies", change: func(o *direct.Order) { o.Delivery.Currency = "EUR" }, err: direct.ErrTotal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := order(tt.change)
			writes, err := direct.Place(w, o, states(o, tt.put))
			var no eventlog.Refusal
			if tt.err != nil && !errors.Is(err, tt.err) || tt.refuse && !errors.As(err, &no) || (tt.err != nil || tt.refuse) != (err != nil) {
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			if err != nil {
				if !strings.Contains(err.Error(), tt.says) {
					t.Errorf("it says %q, want %q in it", err, tt.says)
				}
				if writes != nil {
					t.Errorf("a refused order leaves %v", writes)
				}
				return
			}
			placed := writes[0].Events[0].(events.Placed)
			if len(writes) != tt.writes || placed.Status != tt.status || placed.Total != gbp(4498) || !placed.SellerShips || placed.Channel != direct.Channel {
				t.Errorf("got %d writes and %+v", len(writes), placed)
			}
			if !slices.ContainsFunc(writes, func(d eventlog.Decided) bool {
				r, ok := d.Events[0].(stockevents.Reserved)
				return ok && r == stockevents.Reserved{SKU: "HOODIE-M", Order: "k7:M-1", Attempt: 1, Quantity: 2}
			}) {
				t.Errorf("its stock is not taken: %v", writes)
			}
		})
	}
}

// TestPlaceABundle: its components are taken in the commit that places the order, what it is made of is kept, and where shops are
// written no more is sold than its own share, whatever the policy says.
func TestPlaceABundle(t *testing.T) {
	made := map[string]int64{"HOODIE-M": 2, "MUG": 1}
	place := func(units int64, believed map[string]int64, put func([]eventlog.State)) ([]eventlog.Decided, error) {
		o := order(func(o *direct.Order) {
			o.Items[0].SKU, o.Items[0].Quantity, o.Made = "SET", units, map[string]map[string]int64{"SET": believed}
		})
		return direct.Place(w, o, states(o, func(s []eventlog.State) {
			s[2].Value = inventory.State{Known: true, Components: made}
			if len(believed) == len(made) {
				s[6].Value = inventory.State{Known: true, Received: 5} // mugs, after hoodies and their listings
			}
			if put != nil {
				put(s)
			}
		}))
	}
	writes, err := place(2, made, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []eventlog.Event{
		events.Exploded{Order: "k7:M-1", Bundles: []events.Bundle{{SKU: "SET", Components: []events.Component{{SKU: "HOODIE-M", Quantity: 2}, {SKU: "MUG", Quantity: 1}}}}},
		stockevents.Reserved{SKU: "HOODIE-M", Order: "k7:M-1", Attempt: 1, Quantity: 4},
		stockevents.Reserved{SKU: "MUG", Order: "k7:M-1", Attempt: 1, Quantity: 2},
	}
	if got := []eventlog.Event{writes[0].Events[1], writes[1].Events[0], writes[2].Events[0]}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := place(3, made, nil); err == nil || !strings.Contains(err.Error(), "HOODIE-M needs 6, 5 available") {
		t.Errorf("three of which there are two: %v", err)
	}
	if _, err := place(1, map[string]int64{"MUG": 1}, nil); !errors.Is(err, bundles.ErrMoved) {
		t.Errorf("a bundle that has changed meanwhile: %v", err)
	}
	if _, err := place(2, made, counter(listings.Counter{Units: 1}, exposure.Mirror)); err == nil || !strings.Contains(err.Error(), "shared with bundles") {
		t.Errorf("more than its share: %v", err)
	}
	hoodies := func(c listings.Counter, all bool) func([]eventlog.State) {
		return func(s []eventlog.State) {
			s[5].Value = listings.State{Counters: map[string]listings.Counter{"k7": c}}
			s[8].Value = listings.State{Counters: map[string]listings.Counter{"": {Open: all}}}
		}
	}
	if _, err := place(1, made, hoodies(listings.Counter{Units: 5}, false)); err == nil || !strings.Contains(err.Error(), "Of SET 0 can be sold here now") {
		t.Errorf("before its components are divided anew: %v", err)
	}
	for _, free := range []func([]eventlog.State){hoodies(listings.Counter{Units: 5}, true), hoodies(listings.Counter{Open: true}, false)} {
		if _, err := place(1, made, free); err != nil {
			t.Errorf("where nobody writes listings: %v", err)
		}
	}
}

// known is an entered order after some events.
func known(more ...eventlog.Event) orders.State {
	fold := orders.Fold(w, "k7:M-1")
	state := fold.Zero()
	placed := events.Placed{
		Order: "k7:M-1", Connection: "k7", Channel: direct.Channel, ChannelID: "M-1", Status: orders.Unpaid, Total: gbp(4498), Created: now, Updated: now,
		Direct: events.Direct{Pay: events.PayCard, Method: "pm_1"},
	}
	for _, e := range append([]eventlog.Event{placed}, more...) {
		state = fold.Evolve(state, e)
	}
	return state.(orders.State)
}

// What the partner shows is told once, in whatever order it comes, and what the hub does itself is no news of theirs.
func TestSeeing(t *testing.T) {
	paid := []eventlog.Event{events.StatusChanged{Order: "k7:M-1", To: orders.Ready}, events.PaymentCompleted{Order: "k7:M-1"}}
	open, won := events.Disputed{Dispute: "du_1", Status: "needs_response", Amount: gbp(4498)}, events.Disputed{Dispute: "du_1", Status: "won", Amount: gbp(4498)}
	tests := []struct {
		name string
		o    orders.State
		seen direct.Seen
		want []string
	}{
		{"reserved while it waits", known(), direct.Seen{Status: "requires_capture", Moved: true}, []string{"order.payment_shown"}},
		{"the same again", known(events.PaymentShown{Status: "requires_capture"}), direct.Seen{Status: "requires_capture", Moved: true}, nil},
		{
			"its link ended, after one before it had",
			known(events.PaymentLinkAsked{Link: 2}, events.PaymentShown{Status: "link_expired", Payment: "cs_1"}, events.PaymentLinkMade{Link: 2, Session: "cs_2"}),
			direct.Seen{Status: "link_expired", Payment: "cs_2", Moved: true},
			[]string{"order.payment_shown"},
		},
		{
			"the one before once more, in whatever order",
			known(events.PaymentShown{Status: "link_expired", Payment: "cs_1"}, events.PaymentShown{Status: "link_expired", Payment: "cs_2"}),
			direct.Seen{Status: "link_expired", Payment: "cs_1", Moved: true},
			nil,
		},
		{"nothing moved", known(), direct.Seen{Status: "requires_payment_method"}, nil},
		{"our own charge", known(paid...), direct.Seen{Status: "succeeded", Moved: true}, nil},
		{"a refund", known(paid...), direct.Seen{Refunded: gbp(500)}, []string{"order.refunded"}},
		{"an older refund, late", known(append(paid, events.Refunded{Total: gbp(900)})...), direct.Seen{Refunded: gbp(500)}, nil},
		{"a refund of our own", known(append(paid, events.AnswerAsked{Order: "k7:M-1", Answer: 1, Action: orders.ActionCancel})...), direct.Seen{Refunded: gbp(4498)}, nil},
		{"a dispute", known(paid...), direct.Seen{Disputes: []events.Disputed{open}}, []string{"order.disputed"}},
		{"its beginning after its end", known(append(paid, won)...), direct.Seen{Disputes: []events.Disputed{open}}, nil},
		{"its end", known(append(paid, open)...), direct.Seen{Disputes: []events.Disputed{won}}, []string{"order.disputed"}},
		{"of an order that nobody entered", orders.State{}, direct.Seen{Moved: true, Refunded: gbp(500)}, nil},
	}
	for _, tt := range tests {
		news, err := direct.Seeing().Decide(tt.o, tt.seen)
		var got []string
		for _, e := range news {
			got = append(got, e.EventName())
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
}

func TestNamed(t *testing.T) {
	elsewhere := events.Direct{Pay: events.PayElsewhere}
	tests := []struct {
		name string
		o    orders.State
		d    events.Direct
		err  error
	}{
		{"another card", known(), events.Direct{Pay: events.PayCard, Method: "pm_2"}, nil},
		{"elsewhere", known(), elsewhere, nil},
		{"a card number", known(), events.Direct{Pay: events.PayCard, Method: "4242"}, direct.ErrMethod},
		{"paid", known(events.PaymentCompleted{}), elsewhere, direct.ErrPaid},
		{"cancelled", known(events.Cancelled{}), elsewhere, direct.ErrCancelled},
		{"being cancelled", known(events.AnswerAsked{Order: "k7:M-1", Answer: 1, Action: orders.ActionCancel}), elsewhere, direct.ErrCancels},
		{"a channel's order", orders.State{Placed: events.Placed{Order: "k7:1"}}, elsewhere, direct.ErrDirect},
		{"nobody's order", orders.State{}, elsewhere, orders.ErrNoOrder},
	}
	for _, tt := range tests {
		writes, err := direct.Named(w, direct.Name{Order: "k7:M-1", Direct: tt.d}, []eventlog.State{{Value: tt.o}})
		if !errors.Is(err, tt.err) || (err == nil) != (len(writes) == 1) {
			t.Errorf("%s: %v, %v, want %v", tt.name, writes, err, tt.err)
		}
	}
}
