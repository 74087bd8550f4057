package orders_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/projectiontest"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(storagetest.With(m)) }

// TestList compares every page of every kind of list with a look at each order: texts that few orders begin
// with, and those that are too many to be sorted.
func TestList(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var log projectiontest.Tape
	var all []orders.Row
	add := func(stream eventlog.Stream, e eventlog.Event) {
		log = append(log, eventlog.Record{
			Position: eventlog.Position(len(log) + 1), Stream: stream, Name: e.EventName(), At: time.Unix(int64(len(log)), 0).UTC(), Event: e,
		})
	}
	for n := range 5000 {
		channel := fmt.Sprintf("57%06d", rng.IntN(100)*10_000+n)
		if n%100 == 0 {
			channel = fmt.Sprintf("9%05d", n)
		}
		row := orders.Row{
			ChannelID: channel, Connection: []string{"k1", "k1", "k1", "k2"}[rng.IntN(4)], PlacedAt: time.Unix(int64(rng.IntN(3000)), 0).UTC(),
			Status: []string{orders.Ready, orders.Completed, orders.Completed, orders.OnHold}[rng.IntN(4)],
		}
		row.ID = orders.ID(row.Connection, channel)
		add(events.Stream("main", row.ID), events.Placed{
			Order: row.ID, Connection: row.Connection, Channel: "tiktok", ChannelID: channel, Status: row.Status, Created: row.PlacedAt,
			Lines: []events.Line{{Code: "a", Quantity: 1}}, Total: money.Money{Minor: 1, Currency: "GBP"},
		})
		flow := eventlog.Stream{Workspace: "main", Kind: "fulfilment", ID: row.ID}
		switch {
		case row.Status == orders.Completed:
			row.Phase = "finished"
			add(flow, flows.Finished{Flow: row.ID})
		case row.Status == orders.OnHold:
			row.Phase, row.Waiting = "waiting", "on_hold"
			add(flow, flows.Waiting{Flow: row.ID, Step: "label", Code: "on_hold"})
		case n%50 == 0:
			row.Phase = "stuck"
			add(flow, flows.Stuck{Flow: row.ID, Step: "label"})
		}
		all = append(all, row)
	}
	slices.SortFunc(all, func(a, b orders.Row) int {
		if c := b.PlacedAt.Compare(a.PlacedAt); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	views := storagetest.New(t).Views()
	fold(t, log, views)
	if err := views.Read(t.Context(), func(r projection.Reader) error {
		for _, text := range []string{"", "5", "57", "9", "900", "5700", "none"} {
			for _, status := range []string{"", orders.Ready, orders.Completed, "on_hold", "stuck", "active", "finished", "none"} {
				for _, connection := range []string{"", "k1", "k2", "none"} {
					if err := pages(t, r, all, orders.Filter{Text: text, Status: status, Connection: connection, Limit: 200}); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func fold(t *testing.T, log projectiontest.Tape, views projection.Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	runner := projection.NewRunner(log, views, []projection.Projection{orders.View{}}, projection.Options{})
	running.Go(func() { _ = runner.Run(ctx) })
	if err := runner.WaitFor(ctx, log.Head().Position); err != nil {
		t.Fatal(err)
	}
}

// meets says whether a filter lets an order through.
func meets(f orders.Filter, o orders.Row) bool {
	status := f.Status == "" || f.Status == o.Waiting || f.Status == o.Phase || f.Status == o.Status && o.Status != orders.OnHold ||
		f.Status == "active" && o.Phase != "finished"
	return status && strings.HasPrefix(o.ChannelID, f.Text) && (f.Connection == "" || f.Connection == o.Connection)
}

func pages(t *testing.T, r projection.Reader, all []orders.Row, f orders.Filter) error {
	t.Helper()
	var want, got []string
	for _, o := range all {
		if meets(f, o) {
			want = append(want, o.ID)
		}
	}
	n := len(want)
	want = want[:min(n, 3*f.Limit)] // three pages tell
	asked := f
	for range 3 {
		rows, total, next, err := orders.List(t.Context(), r, f)
		if err != nil {
			return fmt.Errorf("%+v: %w", f, err)
		}
		if total != -1 && total != int64(n) || total == -1 && f.Text == "" && (f.Status == "" || f.Connection == "") {
			t.Errorf("%+v: a total of %d, want %d", asked, total, n)
		}
		for _, row := range rows {
			got = append(got, row.ID)
		}
		if f.After = next; next == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v: got %d orders, want %d, or others", asked, len(got), len(want))
	}
	return nil
}
