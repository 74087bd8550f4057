package history

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sold are the first and the last of some orders that the test compares: each fate is among them.
var sold = [][2]int64{{1, 25}, {296, 312}}

// TestAsTheProduct gives the same orders to the real rules and the real flow runner, and compares every
// stream and the views, times left out.
func TestAsTheProduct(t *testing.T) {
	sell := func(ctx context.Context, shop *Shop) error {
		for _, some := range sold {
			shop.next.Store(some[0] - 1)
			if err := shop.Sell(ctx, int(some[1])); err != nil {
				return err
			}
		}
		return nil
	}
	made := opened(t, 1, sell)
	product := opened(t, 1, func(ctx context.Context, shop *Shop) error {
		d := &desk{log: shop.log, orders: map[string]*order{}}
		runner := flow.NewRunner(shop.log, []*flow.Definition{fulfilment.Definition(workspace.Main, d)}, flow.Options{
			Open:  func(context.Context) (eventlog.Position, []flow.Open, error) { return 0, nil, nil },
			Clock: shop.clock, Chance: func() float64 { return 0.5 }, Log: slog.New(slog.DiscardHandler),
		})
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		running.Go(func() { _ = runner.Run(ctx) })
		for _, some := range sold {
			for n := some[0]; n <= some[1]; n++ {
				if err := d.carry(ctx, shop.lanes[0].order(n)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	fates := map[Fate]bool{}
	for _, some := range sold {
		for n := some[0]; n <= some[1]; n++ {
			fates[FateOf(n)] = true
		}
	}
	if len(fates) != len(scripts) {
		t.Errorf("the orders have %d fates, want each of %d", len(fates), len(scripts))
	}
	if len(made.streams) != len(product.streams) {
		t.Errorf("%d streams were made, the product has %d", len(made.streams), len(product.streams))
	}
	for _, stream := range slices.Sorted(maps.Keys(product.streams)) {
		if got, want := made.streams[stream], product.streams[stream]; !slices.Equal(got, want) {
			t.Fatalf("%s:\nmade    %s\nproduct %s", stream, strings.Join(got, "\n        "), strings.Join(want, "\n        "))
		}
	}
	if !reflect.DeepEqual(made.sums, product.sums) {
		t.Errorf("views\nmade    %x\nproduct %x", made.sums, product.sums)
	}
	// Orders that are carried side by side end up as they do one by one.
	if wide := opened(t, 7, sell); !reflect.DeepEqual(wide.sums, product.sums) || len(wide.streams) != len(product.streams) {
		t.Errorf("side by side\nmade    %x\nproduct %x", wide.sums, product.sums)
	}
}

// desk is a channel that says what an order's fate wants.
type desk struct {
	log *eventlog.Log

	mu     sync.Mutex
	orders map[string]*order
}

// carry gives the product what the channel says of an order, one after the other.
func (d *desk) carry(ctx context.Context, o *order) error {
	d.mu.Lock()
	d.orders[o.id] = o
	d.mu.Unlock()
	say := map[Fate][]string{
		Sent: {orders.Ready, orders.Completed}, Patient: {orders.OnHold, orders.Ready, orders.Completed},
		Regretted: {orders.OnHold, orders.Cancelled}, Held: {orders.OnHold}, Unpaid: {orders.Unpaid}, Wanting: {orders.Ready}, Refused: {orders.Ready},
	}
	for _, status := range say[o.fate] {
		if err := d.says(ctx, o, status); err != nil {
			return err
		}
		<-time.After(time.Second)
		synctest.Wait()
	}
	return nil
}

func (d *desk) says(ctx context.Context, o *order, status string) error {
	n := o.news
	n.Status, n.Vendor, n.Updated = status, vendor[status], time.Now()
	if status == orders.Cancelled {
		n.Cancel = "changed_mind"
	}
	_, err := eventlog.Execute(ctx, d.log, orderevents.Stream(workspace.Main, o.id), orders.Observing(), n, eventlog.Meta{
		Actor: "channel:" + n.Connection, Cause: "inbox:1", Correlation: o.id,
	})
	return err
}

// Label implements outside.Desk. The channel shows the parcel as arranged before its answer is here.
func (d *desk) Label(ctx context.Context, p outside.Parcel, _ bool) (outside.Labelled, error) {
	d.mu.Lock()
	o := d.orders[p.Order]
	d.mu.Unlock()
	if o.fate == Refused {
		return outside.Labelled{}, &outside.Trouble{Sentence: Refusal, Person: true}
	}
	if err := d.says(ctx, o, orders.Arranged); err != nil {
		return outside.Labelled{}, err
	}
	writes, err := label(o)
	if err != nil {
		return outside.Labelled{}, err
	}
	data := writes[0].Events[0].(flows.StepSucceeded).Data
	return outside.Labelled{Label: data["label"], Type: data["label_type"], Tracking: data["tracking"], Carrier: data["carrier"]}, nil
}

// Shown implements outside.Desk.
func (*desk) Shown(context.Context, outside.Parcel) (bool, error) { return true, nil }

// Capture implements outside.Desk.
func (*desk) Capture(context.Context, outside.Parcel) error { return nil }

// story is a log and its views without times.
type story struct {
	streams map[string][]string // names and data of the events
	sums    [][32]byte          // of tables that hold no times
}

// opened opens a shop of one lane in a bubble, lets something happen in it and tells its story.
func opened(t *testing.T, window int, happen func(ctx context.Context, shop *Shop) error) (told story) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		folder, err := sqlite.OpenFolder(dir)
		check(err)
		store, err := sqlite.OpenLog(t.Context(), folder)
		check(err)
		views, err := sqlite.OpenViews(t.Context(), folder, slog.New(slog.DiscardHandler))
		check(err)
		log, err := eventlog.Open(t.Context(), store, eventlog.Options{Decode: events.Decode, Clock: time.Now})
		check(err)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = log.Run(ctx) })
		shop := New(log, time.Now, Options{SKUs: 20, Lanes: 1, Window: window})
		check(shop.Open(ctx))
		check(happen(ctx, shop))
		runner := projection.NewRunner(log, views, hub.Projections(), projection.Options{})
		running.Go(func() { _ = runner.Run(ctx) })
		check(runner.WaitFor(ctx, log.Head().Position))
		told.sums, _, err = views.Hashes(ctx, []string{"customers_v4", "order_counts_v4", "letter_counts_v1", "shortages_v3"})
		check(err)
		told.streams = retold(ctx, t, log)
		cancel()
		running.Wait()
		check(views.Close())
		check(store.Close())
		check(folder.Close())
	})
	return told
}

// times are the fields that two runs of one story may differ in.
var times = []string{"at", "deadline", "woken", "since", "created", "updated", "own_ns", "elapsed_ns"}

func retold(ctx context.Context, t *testing.T, log *eventlog.Log) map[string][]string {
	t.Helper()
	records, err := log.ReadAll(ctx, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	streams := map[string][]string{}
	for _, r := range records {
		var fields map[string]any
		if err := json.Unmarshal(r.Data, &fields); err != nil {
			t.Fatal(err)
		}
		for _, key := range times {
			if _, ok := fields[key]; ok {
				fields[key] = "a time"
			}
		}
		data, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		streams[r.Stream.String()] = append(streams[r.Stream.String()], r.Actor+" "+r.Name+" "+string(data))
	}
	return streams
}
