// Package channelstest is the contract that every channel's connector passes against that channel's simulator.
//
//	Run ─► open(Knobs) ─► World{connector, webhooks, simulator} ─► one subtest a promise
//
// The simulator is driven through Sim, as the vendor, a buyer or the seller would; what the connector did is read there
// and never from the connector. A promise that a channel cannot make is left out by its capabilities, not by its name.
package channelstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest/changes"
	"github.com/creatorflow/creatorflow/money"
)

// Knobs set up the simulator of one test; zero values are a vendor at its best.
type Knobs struct {
	Hold          time.Duration    // how long a paid order stays on hold
	Delay         time.Duration    // until a quantity write takes effect
	PerSecond     float64          // requests it takes of each endpoint; 0 = any number
	LabelNotReady int              // answers "not ready" before a label comes
	RefuseZero    bool             // a quantity of 0 is refused
	Changes       *changes.Changes // goes into the connector's client; nil = none
}

// Fault is how the vendor fails until it is mended.
type Fault string

// How the vendor fails.
const (
	Works      Fault = ""
	Down       Fault = "down"        // answers 5xx, does nothing
	Dropped    Fault = "dropped"     // does it, and the answer never comes
	Garbage    Fault = "garbage"     // does it, and the answer cannot be read
	NotApplied Fault = "not applied" // accepts quantity writes and does nothing
)

// Line is so many units of a listing at a decimal price.
type Line struct {
	Listing, Price string
	Quantity       int
}

// Delivery is one webhook as it was sent.
type Delivery struct {
	Header http.Header
	Body   []byte
}

// Sim drives the simulated vendor. Its methods end the test when they fail.
type Sim interface {
	List(code, price string, quantity int64) (product, listing string)
	Place(unpaid bool, lines ...Line) (order string)
	Pay(order string)
	Cancel(order string)
	Pass(time.Duration) // moves the vendor's clock and the connector's
	Break(Fault)
	ExpireToken()
	Next() Delivery                   // the next webhook, or message of the queue; waits for it
	Listed(listing string) int64      // what a buyer could order now
	Ships(order string) int           // how often shipping it took effect
	Unknown() (order, listing string) // ids as the vendor makes them, of nothing
	Refused() int                     // requests answered "too many"
	Refreshes() int                   // token pairs asked for
}

// World is one simulated shop and the connector under test.
type World struct {
	Connector  channels.Connector
	Currency   string // of the shop
	Webhooks   channels.Webhooks
	App        channels.App
	Connection channels.Connection
	Sim        Sim
	Changes    *changes.Changes // as Knobs has it
}

// Run runs the contract; open makes a fresh world for each test.
func Run(t *testing.T, open func(*testing.T, Knobs) World) {
	tests := []struct {
		name  string
		knobs Knobs
		run   func(*testing.T, World)
		bare  bool // also for a channel without orders
	}{
		{"an order from unpaid to arranged", Knobs{Hold: time.Hour}, story, false},
		{"orders are grouped, exact and by their ids", Knobs{}, translation, false},
		{"missing orders are absent", Knobs{}, missing, false},
		{"changed orders come in pages, none twice, none missed", Knobs{}, pages, false},
		{"orders are listed by when they were placed", Knobs{}, history, false},
		{"ship twice is once", Knobs{}, twice, false},
		{"a cancelled order is gone", Knobs{}, gone, false},
		{"a label that is not ready is tried again", Knobs{LabelNotReady: 2}, notReady, false},
		{"no answer to a ship is unsure and a re-read settles it", Knobs{}, unsure, false},
		{"an unreadable answer is unsure for a write and retried for a read", Knobs{}, garbage, false},
		{"a vendor that is down is retried and then left alone", Knobs{}, down, false},
		{"an expired token is refreshed once", Knobs{}, expired, false},
		{"too many requests slow the connector down and lose nothing", Knobs{PerSecond: 5}, throttled, false},
		{"quantities are read back", Knobs{}, quantities, false},
		{"a late write overwrites what was sold meanwhile", Knobs{Delay: time.Minute}, late, false},
		{"accepted is not applied", Knobs{}, notApplied, true},
		{"a quantity is swapped only where it is the one named", Knobs{}, swapped, true},
		{"a refused quantity is a failure", Knobs{RefuseZero: true}, refusedZero, true},
		{"listings are paged", Knobs{}, listings, true},
		{"webhooks are verified and read", Knobs{}, webhooks, false},
		{"news of a quantity name the listing", Knobs{}, news, false},
		{"a caller that leaves is not waited for", Knobs{}, leaving, false},
		{"a request to cancel is answered once", Knobs{}, askedToCancel, false},
		{"goods that come back are refunded once", Knobs{}, goodsBack, false},
		{"a return is rejected", Knobs{}, noReturn, false},
		{"a lost answer to a claim is unsure and the same answer again does nothing twice", Knobs{}, lostAnswer, false},
		{"claims are read whichever way they are asked for", Knobs{}, claimsRead, false},
		{"the vendor changes its answers", Knobs{Changes: &changes.Changes{}}, changed, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := open(t, tt.knobs)
			w.Changes = tt.knobs.Changes
			if !tt.bare && !w.Connector.Capabilities().TakesOrders {
				return // the channel has none
			}
			tt.run(t, w)
		})
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w World) order(t *testing.T, id string) channels.Order {
	t.Helper()
	page := must[channels.Page](t)(w.Connector.Orders(t.Context(), []string{id}))
	if len(page.Orders) != 1 || len(page.Invalid) != 0 || page.Orders[0].ID != id {
		t.Fatalf("order %s: got %+v", id, page)
	}
	return page.Orders[0]
}

func (w World) wantStatus(t *testing.T, id string, want channels.Status) channels.Order {
	t.Helper()
	o := w.order(t, id)
	if o.Status != want {
		t.Fatalf("order %s is %s (%s), want %s", id, o.Status, o.Vendor, want)
	}
	return o
}

func wantClass(t *testing.T, err error, want channels.Class) {
	t.Helper()
	if err == nil || channels.ClassOf(err) != want {
		t.Fatalf("got %v (%s), want class %s", err, channels.ClassOf(err), want)
	}
}

// ready places an order that can be shipped.
func (w World) ready(t *testing.T) (order string) {
	t.Helper()
	_, listing := w.Sim.List("CASE", "10.00", 100)
	order = w.Sim.Place(false, Line{Listing: listing, Price: "10.00", Quantity: 1})
	w.wantStatus(t, order, channels.StatusReady)
	return order
}

// shipping is how an order is shipped, whoever makes the label.
type shipping struct {
	ship func(context.Context) (channels.Shipment, error)
	read func(context.Context) (channels.Shipment, bool, error)
}

// shipping finds out how an order is shipped, while the vendor works.
func (w World) shipping(t *testing.T, order string) shipping {
	t.Helper()
	o := w.order(t, order)
	if platform, ok := w.Connector.(channels.PlatformShipping); ok && !o.SellerShips {
		if len(o.Packages) != 1 {
			t.Fatalf("packages %v, want one", o.Packages)
		}
		pkg := o.Packages[0]
		return shipping{
			func(ctx context.Context) (channels.Shipment, error) { return platform.Arrange(ctx, pkg) },
			func(ctx context.Context) (channels.Shipment, bool, error) { return platform.Package(ctx, pkg) },
		}
	}
	seller, ok := w.Connector.(channels.SellerShipping)
	if !ok || !o.SellerShips {
		t.Fatalf("order %s: the seller ships is %v, and the connector can tell a tracking number: %v", order, o.SellerShips, ok)
	}
	carriers := must[[]channels.Carrier](t)(seller.Carriers(t.Context(), order))
	parcel := channels.Parcel{Reference: "p1-" + o.ID[max(0, len(o.ID)-30):], Carrier: "Royal Mail", Tracking: "RM" + o.ID[max(0, len(o.ID)-9):] + "GB", Sent: o.Updated}
	if len(carriers) > 0 {
		parcel.Carrier = carriers[0].ID
	}
	return shipping{
		func(ctx context.Context) (channels.Shipment, error) { return seller.Send(ctx, order, parcel) },
		func(ctx context.Context) (channels.Shipment, bool, error) {
			known, err := seller.Parcels(ctx, order)
			for _, p := range known {
				if p.Tracking == parcel.Tracking {
					return channels.Shipment{Tracking: p.Tracking, Carrier: p.Carrier}, true, nil
				}
			}
			return channels.Shipment{}, false, err
		},
	}
}

// labels is who makes labels, on a channel that does.
func (w World) labels() (channels.PlatformShipping, bool) {
	p, ok := w.Connector.(channels.PlatformShipping)
	return p, ok && w.Connector.Capabilities().Labels
}

func story(t *testing.T, w World) {
	_, listing := w.Sim.List("HOODIE-M", "19.99", 100)
	id := w.Sim.Place(true, Line{Listing: listing, Price: "19.99", Quantity: 2})
	o := w.wantStatus(t, id, channels.StatusUnpaid)
	if !o.Paid.IsZero() || o.Recipient != nil {
		t.Errorf("unpaid, but paid at %v, recipient shown: %v", o.Paid, o.Recipient != nil)
	}
	w.Sim.Pay(id)
	o = w.order(t, id)
	switch o.Status { // some channels show an order as unpaid until it may be shipped
	case channels.StatusOnHold, channels.StatusUnpaid:
	default:
		t.Fatalf("order %s is %s (%s), want it on hold", id, o.Status, o.Vendor)
	}
	if o.Paid.IsZero() != (o.Status == channels.StatusUnpaid) || o.Recipient != nil {
		t.Errorf("%s, but paid at %v, recipient shown: %v", o.Status, o.Paid, o.Recipient != nil)
	}
	if p, ok := w.labels(); ok {
		if _, err := p.Arrange(t.Context(), o.Packages[0]); err == nil {
			t.Error("an order on hold was shipped")
		}
	}
	w.Sim.Pass(time.Hour)
	held := o
	o = w.wantStatus(t, id, channels.StatusReady)
	if !o.Updated.After(held.Updated) || o.Recipient == nil || o.Recipient.Address == "" || o.SelfShips {
		t.Errorf("ready: updated %v after %v, recipient shown %v, self ships %v", o.Updated, held.Updated, o.Recipient != nil, o.SelfShips)
	}
	way := w.shipping(t, id)
	shipment := must[channels.Shipment](t)(way.ship(t.Context()))
	if shipment.Already {
		t.Errorf("shipped for the first time: %+v", shipment)
	}
	p, ok := w.labels()
	if !ok {
		if o = w.order(t, id); o.Status != channels.StatusArranged && o.Status != channels.StatusTransit {
			t.Errorf("sent, and the order is %s (%s)", o.Status, o.Vendor)
		}
		if read, sent, err := way.read(t.Context()); err != nil || !sent || read.Tracking == "" {
			t.Errorf("sent, and the channel knows of %+v, %v, %v", read, sent, err)
		}
		return
	}
	w.wantStatus(t, id, channels.StatusArranged)
	label := must[channels.Label](t)(p.Label(t.Context(), o.Packages[0]))
	if !bytes.HasPrefix(label.File, []byte("%PDF-")) || !bytes.Contains(label.File, []byte("%%EOF")) || label.Tracking == "" || label.Type != "application/pdf" {
		t.Errorf("label: %d bytes, type %s, tracking %q", len(label.File), label.Type, label.Tracking)
	}
	read, arranged, err := way.read(t.Context())
	if err != nil || !arranged || read.Tracking != label.Tracking {
		t.Errorf("package: %+v, %v, %v, want tracking %s", read, arranged, err, label.Tracking)
	}
}

func translation(t *testing.T, w World) {
	_, hoodie := w.Sim.List("HOODIE-M", "19.99", 100)
	product, mug := w.Sim.List("MUG", "0.07", 100)
	id := w.Sim.Place(false, Line{hoodie, "19.99", 3}, Line{mug, "0.07", 2}, Line{hoodie, "18.00", 1})
	o := w.order(t, id)
	type line struct {
		listing, code string
		quantity      int64
		price         money.Money
	}
	got := []line{}
	for _, l := range o.Lines {
		got = append(got, line{l.ListingID, l.Code, l.Quantity, l.Price})
		if n := int64(len(l.Items)); n != l.Quantity && n != 1 {
			t.Errorf("line %s: %d item ids for %d units, want one, or one a unit", l.Code, n, l.Quantity)
		}
		if l.ListingID == mug && l.ProductID != product {
			t.Errorf("product %s, want %s", l.ProductID, product)
		}
	}
	sum := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: w.Currency} }
	want := []line{{hoodie, "HOODIE-M", 3, sum(1999)}, {mug, "MUG", 2, sum(7)}, {hoodie, "HOODIE-M", 1, sum(1800)}}
	if !slices.Equal(got, want) {
		t.Errorf("lines\n got %v\nwant %v", got, want)
	}
	if o.Total != sum(3*1999+2*7+1800) || o.Currency != w.Currency || o.Buyer == "" || o.Created.IsZero() {
		t.Errorf("total %v, currency %s, buyer %q, created %v", o.Total, o.Currency, o.Buyer, o.Created)
	}
}

func missing(t *testing.T, w World) {
	order := w.ready(t)
	nobody, _ := w.Sim.Unknown()
	page := must[channels.Page](t)(w.Connector.Orders(t.Context(), []string{nobody, order}))
	if len(page.Orders) != 1 || page.Orders[0].ID != order {
		t.Errorf("got %+v, want the one that exists", page)
	}
	if page, err := w.Connector.Orders(t.Context(), nil); err != nil || len(page.Orders) != 0 {
		t.Errorf("no ids: %+v, %v", page, err)
	}
	_, err := w.Connector.Orders(t.Context(), make([]string, 51))
	wantClass(t, err, channels.Bug)
}

func pages(t *testing.T, w World) {
	const count = 230
	_, listing := w.Sim.List("CASE", "10.00", 10*count)
	placed := map[string]bool{}
	var first channels.Order
	for i := range count {
		id := w.Sim.Place(false, Line{listing, "10.00", 1})
		placed[id] = true
		if i == 0 {
			first = w.order(t, id)
		}
		if i%10 == 9 {
			w.Sim.Pass(time.Second) // so ten orders share a stamp
		}
	}
	w.Sim.Pass(w.Connector.Capabilities().ListsAfter)
	from := first.Updated
	until := from.Add(time.Hour)
	seen, asked := map[string]int{}, 0
	var last time.Time
	for next := ""; asked == 0 || next != ""; asked++ {
		page := must[channels.Page](t)(w.Connector.Changed(t.Context(), from, until, next))
		for _, o := range page.Orders {
			seen[o.ID]++
			if o.Updated.Before(last) {
				t.Errorf("%s updated %v comes after %v", o.ID, o.Updated, last)
			}
			last = o.Updated
		}
		next = page.Next
		if asked > count {
			t.Fatal("the pages do not end")
		}
	}
	for id, n := range seen {
		if n != 1 || !placed[id] {
			t.Errorf("order %s came %d times, placed: %v", id, n, placed[id])
		}
	}
	if len(seen) != count || asked < 2 {
		t.Errorf("%d orders in %d pages, want %d in several", len(seen), asked, count)
	}
	page := must[channels.Page](t)(w.Connector.Changed(t.Context(), last.Add(time.Second), until, ""))
	if len(page.Orders) != 0 || page.Next != "" {
		t.Errorf("nothing changed since, but got %d orders", len(page.Orders))
	}
	// A bound inside a second takes that second whole, because many channels' stamps are whole seconds.
	inside := last.Truncate(time.Second).Add(time.Second / 2)
	page = must[channels.Page](t)(w.Connector.Changed(t.Context(), inside, inside, ""))
	if len(page.Orders) == 0 {
		t.Error("orders of the second that the window cuts are missing")
	}
}

// history: pages by when orders were placed hold each one once, those that change meanwhile too, and none of before or after.
func history(t *testing.T, w World) {
	h, ok := w.Connector.(channels.Historian)
	if !ok {
		if why := channels.NoHistory(w.Connector); why == "" {
			t.Error("it does not say why older orders cannot be read")
		}
		return
	}
	const count = 230
	_, listing := w.Sim.List("CASE", "10.00", 10*count)
	before := w.order(t, w.Sim.Place(false, Line{listing, "10.00", 1}))
	w.Sim.Pass(time.Minute)
	want := map[string]bool{}
	var ids []string
	for i := range count {
		id := w.Sim.Place(false, Line{listing, "10.00", 1})
		want[id] = true
		ids = append(ids, id)
		if i%10 == 9 {
			w.Sim.Pass(time.Second)
		}
	}
	first, last := w.order(t, ids[0]), w.order(t, ids[count-1])
	w.Sim.Pass(time.Minute)
	after := w.Sim.Place(false, Line{listing, "10.00", 1})
	w.Sim.Pass(time.Hour + w.Connector.Capabilities().ListsAfter)
	if oldest := must[time.Time](t)(h.Oldest(t.Context())); oldest.After(before.Created) {
		t.Errorf("it shows no order of before %v, but one of %v was placed", oldest, before.Created)
	}
	seen, asked := map[string]int{}, 0
	for next := ""; asked == 0 || next != ""; asked++ {
		page := must[channels.Page](t)(h.Placed(t.Context(), first.Created, last.Created.Add(time.Second), next))
		for _, o := range page.Orders {
			seen[o.ID]++
		}
		next = page.Next
		if asked == 0 { // one that was read changes, and one that was not
			w.Sim.Cancel(ids[0])
			w.Sim.Cancel(ids[count-1])
		}
		if asked > 2*count {
			t.Fatal("the pages do not end")
		}
	}
	for id, n := range seen {
		if n > 1 && id != ids[0] && id != ids[count-1] || !want[id] {
			t.Errorf("order %s came %d times, wanted: %v", id, n, want[id])
		}
	}
	if len(seen) != count || asked < 3 || seen[after] > 0 {
		t.Errorf("%d orders in %d pages, want %d in more than two", len(seen), asked, count)
	}
	page := must[channels.Page](t)(h.Placed(t.Context(), first.Created.Add(-time.Hour), before.Created.Add(-time.Second), ""))
	if len(page.Orders) != 0 || page.Next != "" {
		t.Errorf("nothing was placed before, but got %d orders", len(page.Orders))
	}
}

func twice(t *testing.T, w World) {
	order := w.ready(t)
	way := w.shipping(t, order)
	must[channels.Shipment](t)(way.ship(t.Context()))
	again := must[channels.Shipment](t)(way.ship(t.Context()))
	if !again.Already || again.Tracking == "" {
		t.Errorf("the second time: %+v, want already, with its tracking number", again)
	}
	if got := w.Sim.Ships(order); got != 1 {
		t.Errorf("shipped %d times", got)
	}
}

func gone(t *testing.T, w World) {
	order := w.ready(t)
	way := w.shipping(t, order)
	w.Sim.Cancel(order)
	_, err := way.ship(t.Context())
	wantClass(t, err, channels.Gone)
	o := w.wantStatus(t, order, channels.StatusCancelled)
	if o.Cancel == "" || len(o.Lines) != 1 {
		t.Errorf("reason %q, lines %v, want both", o.Cancel, o.Lines)
	}
	if _, ok := w.labels(); ok {
		_, _, err = way.read(t.Context())
		wantClass(t, err, channels.Gone)
	}
}

func notReady(t *testing.T, w World) {
	p, ok := w.labels()
	if !ok {
		return
	}
	pkg := w.order(t, w.ready(t)).Packages[0]
	if _, err := p.Label(t.Context(), pkg); err == nil {
		t.Error("a label of a package that is not arranged")
	}
	must[channels.Shipment](t)(p.Arrange(t.Context(), pkg))
	for range 2 {
		_, err := p.Label(t.Context(), pkg)
		wantClass(t, err, channels.Retry)
	}
	must[channels.Label](t)(p.Label(t.Context(), pkg))
}

func unsure(t *testing.T, w World) {
	order := w.ready(t)
	way := w.shipping(t, order)
	if _, shipped, err := way.read(t.Context()); err != nil || shipped {
		t.Fatalf("before: shipped %v, %v", shipped, err)
	}
	w.Sim.Break(Dropped)
	_, err := way.ship(t.Context())
	wantClass(t, err, channels.Unsure)
	_, _, err = way.read(t.Context())
	wantClass(t, err, channels.Retry) // a read without an answer is just read again
	w.Sim.Break(Works)
	shipment, arranged, err := way.read(t.Context())
	if err != nil || !arranged || shipment.Tracking == "" {
		t.Errorf("the re-read says %+v, %v, %v, want shipped", shipment, arranged, err)
	}
	if got := w.Sim.Ships(order); got != 1 {
		t.Errorf("shipped %d times", got)
	}
}

func garbage(t *testing.T, w World) {
	order := w.ready(t)
	way := w.shipping(t, order)
	w.Sim.Break(Garbage)
	_, err := way.ship(t.Context())
	wantClass(t, err, channels.Unsure)
	_, err = w.Connector.Orders(t.Context(), []string{order})
	wantClass(t, err, channels.Retry)
	w.Sim.Break(Works)
	if got := must[channels.Shipment](t)(way.ship(t.Context())); !got.Already || w.Sim.Ships(order) != 1 {
		t.Errorf("got %+v, shipped %d times, want already, once", got, w.Sim.Ships(order))
	}
}

func down(t *testing.T, w World) {
	order := w.ready(t)
	way := w.shipping(t, order)
	w.Sim.Break(Down)
	_, err := way.ship(t.Context())
	wantClass(t, err, channels.Unsure) // a 5xx does not say that nothing was done
	var f *channels.Failure
	for range 50 {
		_, err := w.Connector.Orders(t.Context(), []string{order})
		wantClass(t, err, channels.Retry)
		if errors.As(err, &f) && f.RetryAfter > 0 {
			break
		}
	}
	if f.RetryAfter == 0 {
		t.Fatal("fifty failures in a row and the connector still calls")
	}
	w.Sim.Break(Works)
	w.Sim.Pass(time.Minute)
	w.order(t, order)
}

func expired(t *testing.T, w World) {
	order := w.ready(t)
	w.Sim.ExpireToken()
	w.order(t, order)
	if got := w.Sim.Refreshes(); got != 1 {
		t.Errorf("%d refreshes, want one", got)
	}
	w.Sim.ExpireToken()
	results := make(chan error)
	for range 20 {
		go func() {
			_, err := w.Connector.Orders(t.Context(), []string{order})
			results <- err
		}()
	}
	for range 20 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if got := w.Sim.Refreshes(); got != 2 {
		t.Errorf("%d refreshes, want one more for all twenty calls", got)
	}
}

func throttled(t *testing.T, w World) {
	order := w.ready(t)
	results := make(chan error)
	for range 20 {
		go func() {
			_, err := w.Connector.Orders(t.Context(), []string{order})
			results <- err
		}()
	}
	var failed []error
	for range 20 {
		if err := <-results; err != nil {
			failed = append(failed, err)
		}
	}
	for _, err := range failed {
		wantClass(t, err, channels.Throttled)
	}
	if w.Sim.Refused() == 0 {
		t.Error("the simulator refused nothing, so this proves nothing")
	}
	if len(failed) > 10 {
		t.Errorf("%d of 20 failed, want most to come through more slowly: %v", len(failed), failed[0])
	}
}

func quantities(t *testing.T, w World) {
	product, listing := w.Sim.List("MUG", "5.00", 12)
	_, nothing := w.Sim.Unknown()
	w.Sim.Place(false, Line{listing, "5.00", 3})
	read := func() channels.Quantity {
		t.Helper()
		got := must[[]channels.Quantity](t)(w.Connector.Quantities(t.Context(), []string{listing, nothing}))
		if len(got) != 1 {
			t.Fatalf("got %+v, want the one that exists", got)
		}
		return got[0]
	}
	want := channels.Quantity{ListingID: listing, ProductID: product, Code: "MUG", Available: 9, Committed: 3}
	if w.Connector.Capabilities().HidesCommitted {
		want.Committed = 0
	}
	if got := read(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, quantity := range []int64{0, 40} {
		if err := w.Connector.SetQuantity(t.Context(), product, listing, quantity); err != nil {
			t.Fatal(err)
		}
		if got := read(); got.Available != quantity || w.Sim.Listed(listing) != quantity {
			t.Errorf("read back %d, the simulator lists %d, want %d", got.Available, w.Sim.Listed(listing), quantity)
		}
	}
	for _, quantity := range []int64{-1, w.Connector.Capabilities().MaxQuantity + 1} {
		wantClass(t, w.Connector.SetQuantity(t.Context(), product, listing, quantity), channels.Bug)
	}
	if err := w.Connector.SetQuantity(t.Context(), product, nothing, 1); err == nil {
		t.Error("a listing that does not exist was written")
	}
}

func late(t *testing.T, w World) {
	product, listing := w.Sim.List("MUG", "5.00", 10)
	if err := w.Connector.SetQuantity(t.Context(), product, listing, 8); err != nil {
		t.Fatal(err)
	}
	if _, swaps := w.Connector.(channels.Swapper); swaps {
		return // what it writes is in effect with the answer
	}
	w.wantListed(t, listing, 10) // accepted, not in effect
	w.Sim.Place(false, Line{listing, "5.00", 2})
	w.wantListed(t, listing, 8)
	w.Sim.Pass(time.Minute)
	if w.Connector.Capabilities().Write == channels.WriteAbsolute {
		w.wantListed(t, listing, 8) // not 6: the write revived what was sold
	}
}

func (w World) wantListed(t *testing.T, listing string, want int64) {
	t.Helper()
	got := must[[]channels.Quantity](t)(w.Connector.Quantities(t.Context(), []string{listing}))
	if len(got) != 1 || got[0].Available != want || w.Sim.Listed(listing) != want {
		t.Fatalf("read back %+v, the simulator lists %d, want %d", got, w.Sim.Listed(listing), want)
	}
}

func notApplied(t *testing.T, w World) {
	product, listing := w.Sim.List("MUG", "5.00", 10)
	w.Sim.Break(NotApplied)
	if err := w.Connector.SetQuantity(t.Context(), product, listing, 0); err != nil {
		t.Fatalf("it was to be accepted: %v", err)
	}
	w.wantListed(t, listing, 10)
}

// swapped is about channels that write a quantity only where the listed one is still the one named.
func swapped(t *testing.T, w World) {
	swapper, ok := w.Connector.(channels.Swapper)
	if want := w.Connector.Capabilities().Write == channels.WriteCompareAndSwap; ok != want {
		t.Fatalf("it can swap: %v, and its capabilities say %v", ok, want)
	}
	if !ok {
		return
	}
	product, listing := w.Sim.List("MUG", "5.00", 10)
	if err := swapper.SwapQuantity(t.Context(), product, listing, 10, 8, "key-1"); err != nil {
		t.Fatal(err)
	}
	w.wantListed(t, listing, 8)
	w.Sim.Place(false, Line{listing, "5.00", 2})
	wantClass(t, swapper.SwapQuantity(t.Context(), product, listing, 8, 7, "key-2"), channels.Stale)
	w.wantListed(t, listing, 6)
	if err := swapper.SwapQuantity(t.Context(), product, listing, 10, 8, "key-1"); err != nil {
		t.Errorf("the first key again: %v, want its answer again", err)
	}
	w.wantListed(t, listing, 6) // and no second effect
	wantClass(t, swapper.SwapQuantity(t.Context(), product, listing, 6, -1, "key-3"), channels.Bug)
}

func refusedZero(t *testing.T, w World) {
	product, listing := w.Sim.List("MUG", "5.00", 10)
	err := w.Connector.SetQuantity(t.Context(), product, listing, 0)
	wantClass(t, err, channels.Rejected)
	w.wantListed(t, listing, 10)
	if w.Connector.Capabilities().AcceptsZero {
		t.Error("a 0 was refused and the connector still says that it is accepted")
	}
	if err := w.Connector.SetQuantity(t.Context(), product, listing, 1); err != nil {
		t.Error(err)
	}
}

func listings(t *testing.T, w World) {
	const count = 130
	want := map[string]channels.Quantity{}
	for i := range count {
		code := fmt.Sprintf("SKU-%03d", i)
		product, listing := w.Sim.List(code, "2.50", int64(i))
		want[listing] = channels.Quantity{ListingID: listing, ProductID: product, Code: code, Available: int64(i)}
	}
	asked := 0
	for next := ""; asked == 0 || next != ""; asked++ {
		got := must[channels.ListingPage](t)(w.Connector.Listings(t.Context(), next))
		for _, l := range got.Listings {
			if l.Quantity != want[l.ListingID] || l.Title == "" || l.Price.Minor != 250 || l.Status != channels.ListingLive {
				t.Errorf("got %+v, want %+v, live, with a title and a price of 2.50", l, want[l.ListingID])
			}
			delete(want, l.ListingID)
		}
		if len(got.Invalid) > 0 {
			t.Errorf("broken: %v", got.Invalid)
		}
		next = got.Next
		if asked > count {
			t.Fatal("the pages do not end")
		}
	}
	if len(want) != 0 || asked < 2 {
		t.Errorf("%d listings missing after %d pages", len(want), asked)
	}
}

func webhooks(t *testing.T, w World) {
	order := w.ready(t)
	d := w.aboutOrder(t)
	if q, ok := w.Connector.(channels.Queued); ok && q.Queue() != nil {
		if err := w.Webhooks.Verify(w.App, d.Header, d.Body); !errors.Is(err, channels.ErrSignature) {
			t.Errorf("what is posted by anybody is taken, though news come by queue: %v", err)
		}
		w.hints(t, order, d)
		return
	}
	if err := w.Webhooks.Verify(w.App, d.Header, d.Body); err != nil {
		t.Fatalf("the vendor's own signature: %v", err)
	}
	rotated := w.App
	rotated.Secrets = append([]string{"a newer secret"}, w.App.Secrets...)
	if err := w.Webhooks.Verify(rotated, d.Header, d.Body); err != nil {
		t.Errorf("while the secret is rotated: %v", err)
	}
	for name, no := range map[string]struct {
		secrets []string
		header  http.Header
		body    []byte
	}{
		"another body":     {w.App.Secrets, d.Header, append(slices.Clone(d.Body), ' ')},
		"another secret":   {[]string{"wrong"}, d.Header, d.Body},
		"an empty secret":  {[]string{""}, d.Header, d.Body},
		"no secret":        {nil, d.Header, d.Body},
		"no signature":     {w.App.Secrets, http.Header{}, d.Body},
		"a third secret":   {[]string{"new", "newer", w.App.Secrets[0]}, d.Header, d.Body},
		"a half signature": {w.App.Secrets, half(d.Header), d.Body},
	} {
		app := w.App
		app.Secrets = no.secrets
		if err := w.Webhooks.Verify(app, no.header, no.body); !errors.Is(err, channels.ErrSignature) {
			t.Errorf("%s: got %v, want ErrSignature", name, err)
		}
	}
	w.hints(t, order, d)
}

// hints reads the first delivery about an order, then those of its cancellation.
func (w World) hints(t *testing.T, order string, d Delivery) {
	t.Helper()
	hints := must[[]channels.Hint](t)(w.Webhooks.Hints(w.Webhooks.Keep(d.Header, d.Body)))
	if len(hints) != 1 || hints[0].Order != order || hints[0].Shop != w.Connection.ShopID || hints[0].Kind != "order" ||
		hints[0].Delivery == "" || hints[0].Updated.IsZero() || hints[0].Unknown {
		t.Errorf("got %+v, want one about order %s", hints, order)
	}
	w.Sim.Cancel(order)
	kinds := map[string]bool{}
	for range 2 {
		d := w.aboutOrder(t)
		hints := must[[]channels.Hint](t)(w.Webhooks.Hints(w.Webhooks.Keep(d.Header, d.Body)))
		if len(hints) != 1 || hints[0].Order != order {
			t.Errorf("after the cancellation: %+v", hints)
			continue
		}
		kinds[hints[0].Kind] = true
	}
	if sales, ok := w.Connector.(channels.AfterSales); ok { // where a cancellation is a claim, a webhook of its own tells of it
		page := must[channels.ClaimPage](t)(sales.ClaimsOf(t.Context(), channels.Cancellation, []string{order}, ""))
		if len(page.Claims) > 0 && (!kinds["order"] || !kinds["cancellation"]) {
			t.Errorf("kinds %v, want order and cancellation", kinds)
		}
	}
	var invalid channels.Invalid
	if _, err := w.Webhooks.Hints(w.Webhooks.Keep(d.Header, d.Body[:len(d.Body)/2])); !errors.As(err, &invalid) {
		t.Errorf("half a body: got %v, want an Invalid", err)
	}
}

func half(h http.Header) http.Header {
	out := http.Header{}
	for key := range h {
		out.Set(key, h.Get(key)[:len(h.Get(key))/2])
	}
	return out
}

func leaving(t *testing.T, w World) {
	order := w.ready(t)
	way := w.shipping(t, order)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Connector.Orders(ctx, []string{order}); err == nil {
		t.Error("a call without a caller")
	}
	_, err := way.ship(ctx)
	wantClass(t, err, channels.Retry) // never sent, so not unsure
	if got := w.Sim.Ships(order); got != 0 {
		t.Errorf("shipped %d times", got)
	}
}
