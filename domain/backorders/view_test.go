package backorders_test

import (
	"context"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/backorders"
	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/inventory/waiting"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/projectiontest"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

// TestView: what the views know of queues, whatever batches they are folded in, is what the stock's own stream decides by.
func TestView(t *testing.T) {
	var log projectiontest.Tape
	var stock inventory.State
	evolve := inventory.Receiving().Evolve
	happens := func(e eventlog.Event) {
		stock = evolve(stock, e)
		log = append(log, eventlog.Record{
			Position: eventlog.Position(len(log) + 1), Stream: events.Stream("main", "MUG"), Version: eventlog.Version(len(log) + 1),
			At: time.Unix(int64(len(log)), 0).UTC(), Event: e, Actor: "user:ana",
		})
	}
	placed := func(order string, units, at int64) {
		happens(events.Backordered{SKU: "MUG", Order: order, Quantity: units, Placed: time.Unix(at, 0).UTC()})
	}
	happens(events.Received{SKU: "MUG", Quantity: 1})
	placed("k7:2", 2, 20)
	placed("k7:10", 3, 20)
	placed("k7:1", 4, 30)
	placed("k7:0", 1, 10)
	placed("K7:x", 5, 40)
	placed("k7:gone", 6, 5)
	happens(events.BackorderFirst{SKU: "MUG", Order: "k7:1", Front: 1, Reason: "a birthday"})
	happens(events.BackorderFirst{SKU: "MUG", Order: "K7:x", Front: 2, Reason: "a fan"})
	happens(events.Backordered{SKU: "MUG", Order: "K7:x", Quantity: 7, Placed: time.Unix(40, 0).UTC(), Front: 2}) // more than before
	happens(events.BackorderLeft{SKU: "MUG", Order: "k7:gone", Reason: "cancelled"})
	happens(events.BackorderLeft{SKU: "MUG", Order: "k7:0", Served: true})

	var sums [2][][32]byte
	for i, batch := range []int{2, 1000} {
		views := storagetest.New(t).Views()
		ctx, cancel := context.WithCancel(t.Context())
		runner := projection.NewRunner(log, views, []projection.Projection{backorders.View{}}, projection.Options{MaxBatch: batch})
		var running sync.WaitGroup
		running.Go(func() { _ = runner.Run(ctx) })
		if err := runner.WaitFor(ctx, log.Head().Position); err != nil {
			t.Fatal(err)
		}
		cancel()
		running.Wait()
		var err error
		if sums[i], _, err = views.Hashes(t.Context(), backorders.View{}.Tables()); err != nil {
			t.Fatal(err)
		}
		if err := views.Read(t.Context(), func(r projection.Reader) error { return queued(t, r, stock) }); err != nil {
			t.Fatal(err)
		}
		var topics []string
		err = views.Write(t.Context(), func(tx projection.Tx, at []projection.Checkpoint) (_ []projection.Checkpoint, err error) {
			topics, err = backorders.View{}.Apply(t.Context(), tx, log[len(log)-1:])
			return at, err
		})
		if want := []string{"orders/k7:0", "orders/K7:x", "orders/k7:1", "orders/k7:10", "orders/k7:2", "stock/MUG"}; err != nil || !slices.Equal(topics, want) {
			t.Errorf("told %v, %v; want %v", topics, err, want)
		}
		for _, e := range []eventlog.Event{
			events.Received{SKU: "MUG", Quantity: 1},
			events.Adjusted{SKU: "MUG", Delta: -1},
			events.Returned{SKU: "MUG", Quantity: 1, Sellable: true},
			events.Moved{SKU: "MUG", From: "w", Quantity: 1},
		} { // another number must still come
			err = views.Write(t.Context(), func(tx projection.Tx, at []projection.Checkpoint) (_ []projection.Checkpoint, err error) {
				topics, err = backorders.View{}.Apply(t.Context(), tx, []eventlog.Record{{Event: e}})
				return at, err
			})
			if want := []string{"orders/K7:x", "orders/k7:1", "orders/k7:10", "orders/k7:2", "stock/MUG"}; err != nil || !slices.Equal(topics, want) {
				t.Errorf("of %+v told %v, %v; want %v", e, topics, err, want)
			}
		}
	}
	if !slices.Equal(sums[0], sums[1]) {
		t.Error("batches of 2 and of 1000 records leave other rows")
	}
}

// queued holds what the views say of a queue against the stock's state.
func queued(t *testing.T, r projection.Reader, stock inventory.State) error {
	rows, err := backorders.Queue(t.Context(), r, "MUG", 10)
	if err != nil {
		return err
	}
	var ahead int64
	for i, row := range rows {
		w := stock.Queue[i]
		if row.Order != w.Order || row.Units != w.Units || !row.Placed.Equal(w.Placed) || row.Front != w.Front {
			t.Errorf("place %d is %+v, want %+v", i, row, w)
		}
		before, units, err := backorders.Before(t.Context(), r, row)
		if err != nil || before != int64(i) || units != ahead || units != stock.Queue.Ahead(waiting.Turn{Order: row.Order}) {
			t.Errorf("before %s stand %d for %d units, %v; want %d for %d", row.Order, before, units, err, i, ahead)
		}
		ahead += row.Units
	}
	orders, units, err := backorders.Total(t.Context(), r, "MUG")
	if orders != int64(len(stock.Queue)) || orders != int64(len(rows)) || units != ahead {
		t.Errorf("%d orders wait for %d units, want %d for %d", orders, units, len(rows), ahead)
	}
	if rows[0].Moved != "user:ana" || rows[0].Why != "a fan" {
		t.Errorf("the first was moved by %q: %q", rows[0].Moved, rows[0].Why)
	}
	return err
}
