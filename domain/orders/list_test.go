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

// Money that a channel tells late counts in the minute in which the order was placed, once, and so does who bought it.
func TestRevenueOfADisclosedOrder(t *testing.T) {
	at := time.Date(2026, 3, 1, 23, 59, 30, 0, time.UTC)
	gbp := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: "GBP"} }
	var log projectiontest.Tape
	add := func(id string, e eventlog.Event) {
		log = append(log, eventlog.Record{
			Position: eventlog.Position(len(log) + 1), Stream: events.Stream("main", id), Name: e.EventName(), At: at.Add(time.Hour), Event: e,
		})
	}
	for _, id := range []string{"k1:1", "k1:2", "k1:3"} {
		line := events.Line{Listing: "a", Code: "a", Quantity: 2, Price: gbp(0)}
		add(id, events.Placed{Order: id, Connection: "k1", Channel: "amazon", ChannelID: id[3:], Status: orders.Unpaid, Created: at, Lines: []events.Line{line}, Total: gbp(0)})
		line.Price = gbp(1000)
		add(id, events.Disclosed{Order: id, Lines: []events.Line{line}, Total: gbp(2000), Buyer: "b1"})
		add(id, events.StatusChanged{Order: id, From: orders.Unpaid, To: orders.Ready})
	}
	add("k1:3", events.Cancelled{Order: "k1:3", From: orders.Ready})
	views := storagetest.New(t).Views()
	fold(t, log, views)
	if err := views.Read(t.Context(), func(r projection.Reader) error {
		row, _, err := orders.Find(t.Context(), r, "k1:1")
		if err != nil {
			return err
		}
		if row.Total != 2000 || row.Buyer != "b1" || row.Units != 2 || row.Lines[0].Price != gbp(1000) {
			t.Errorf("the order is shown as %+v", row)
		}
		for day, want := range map[time.Time]orders.Bucket{
			at.Truncate(24 * time.Hour):                     {Currency: "GBP", Orders: 2, Revenue: 4000},
			at.Truncate(24 * time.Hour).Add(24 * time.Hour): {},
		} {
			sold, err := orders.Sold(t.Context(), r, day, day.Add(24*time.Hour))
			if err != nil {
				return err
			}
			if got := sold["GBP"]; got.Orders != want.Orders || got.Revenue != want.Revenue {
				t.Errorf("of %s it tells %+v, want %+v", day, got, want)
			}
		}
		for key, want := range map[string]int64{"customers": 1, "repeat_customers": 1} {
			if n, err := orders.Count(t.Context(), r, key); err != nil || n != want {
				t.Errorf("%s: %d, %v; want %d", key, n, err, want)
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
