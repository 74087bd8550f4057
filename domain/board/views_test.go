package board_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/projection"
)

// However the log is cut into batches, the views are the same bytes (R 194).
func TestBatchesGiveTheSameBytes(t *testing.T) {
	store := views(t)
	rapid.Check(t, func(t *rapid.T) {
		h := draw(t, noon)
		want := h.fold(store, whole)
		sizes := rapid.SliceOfN(rapid.IntRange(1, 9), 1, 5).Draw(t, "batches")
		next := 0
		got := h.fold(store, func() int { next++; return sizes[next%len(sizes)] })
		for table := range want {
			if got[table] != want[table] {
				t.Fatalf("table %s differs", table)
			}
		}
	})
}

// Every figure is what a recount of the history gives.
func TestFiguresAreWhatARecountGives(t *testing.T) {
	store := views(t)
	rapid.Check(t, func(t *rapid.T) {
		h := draw(t, noon)
		h.fold(store, whole)
		h.now = h.now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 59, 1800, 7000, 86399, 200000}).Draw(t, "later")) * time.Second)
		h.read(store, func(ctx context.Context, r projection.Reader) error {
			h.checkCounters(ctx, r)
			h.checkSales(ctx, r)
			h.checkStock(ctx, r)
			h.checkFlows(ctx, r)
			h.checkLetters(ctx, r)
			return nil
		})
	})
}

func number(ctx context.Context, r projection.Reader, query string, args ...any) (n int64, err error) {
	rows, err := r.Query(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}

// checkCounters compares the counters with count(*) and with the history (R 38).
func (h *history) checkCounters(ctx context.Context, r projection.Reader) {
	h.Helper()
	want := map[string]int64{}
	for id, o := range h.orders {
		f := h.flows[id]
		keys := []string{"all", "status:" + o.Status, "connection:" + o.Placed.Connection}
		if f.phase != "" {
			keys = append(keys, "phase:"+f.phase)
		}
		if f.code != "" {
			keys = append(keys, "waiting:"+f.code)
		}
		if f.phase != "finished" && f.phase != "undone" {
			keys = append(keys, "active")
		}
		for _, key := range keys {
			want[key]++
		}
	}
	wheres := map[string]string{"all": "1 = 1", "active": "phase not in ('finished', 'undone')"}
	for _, key := range []string{
		"all", "active", "status:unpaid", "status:on_hold", "status:ready", "status:arranged", "status:delivered", "status:cancelled",
		"phase:running", "phase:waiting", "phase:stuck", "phase:undoing", "phase:undone", "phase:finished",
		"waiting:unpaid", "waiting:on_hold", "waiting:no_stock", "connection:k7", "connection:none",
	} {
		where := wheres[key]
		if column, value, ok := strings.Cut(key, ":"); ok {
			where = column + " = '" + value + "'"
		}
		counted, err := number(ctx, r, "select count(*) from orders_v4 where "+where)
		if err != nil {
			h.Fatal(err)
		}
		got, err := orders.Count(ctx, r, key)
		if err != nil || got != want[key] || counted != want[key] {
			h.Fatalf("%s: the counter says %d, count(*) %d, the history %d; %v", key, got, counted, want[key], err)
		}
		if status, ok := strings.CutPrefix(key, "status:"); ok && status != orders.Unpaid && status != orders.OnHold {
			_, total, _, err := orders.List(ctx, r, orders.Filter{Status: status, Limit: 3})
			if err != nil || total != want[key] {
				h.Fatalf("a list of %s: total %d, %v; want %d", status, total, err, want[key])
			}
		}
	}
}

// checkSales compares revenue, order counts and customers with sums over the orders.
func (h *history) checkSales(ctx context.Context, r projection.Reader) {
	h.Helper()
	first := noon
	for _, span := range [][2]time.Time{
		{first, h.now.Add(time.Minute)},
		{first.Add(37 * time.Minute), h.now.Add(-11 * time.Minute)},
		{h.now.Add(-time.Hour), h.now},
		{first.Add(time.Hour), first.Add(time.Hour + 5*time.Minute)},
		{first, first.Add(45 * time.Minute)},
	} {
		revenue, count := map[string]int64{}, map[string]int64{}
		from, to := span[0].Truncate(time.Minute), span[1].Add(time.Minute-1).Truncate(time.Minute)
		for _, o := range h.orders {
			if at := o.Placed.Created; o.Status != orders.Cancelled && !at.Before(from) && at.Before(to) {
				revenue[o.Placed.Total.Currency] += o.Placed.Total.Minor
				count[o.Placed.Total.Currency]++
			}
		}
		sold, err := orders.Sold(ctx, r, span[0], span[1])
		if err != nil {
			h.Fatal(err)
		}
		for _, currency := range []string{"GBP", "EUR"} {
			if sold[currency].Revenue != revenue[currency] || sold[currency].Orders != count[currency] {
				h.Fatalf("%s from %s to %s: got %+v, want %d of %d orders", currency, from, to, sold[currency], revenue[currency], count[currency])
			}
		}
	}
	bought := map[string]int64{}
	for _, o := range h.orders {
		if o.Status != orders.Cancelled && o.Placed.Buyer != "" {
			bought[o.Placed.Buyer]++
		}
	}
	var customers, repeat int64
	for _, n := range bought {
		customers++
		if n > 1 {
			repeat++
		}
	}
	loyalty, _, err := orders.LoyaltyAt(ctx, r, h.now.Unix()/86400)
	if err != nil || loyalty.Customers != customers || loyalty.Repeat != repeat {
		h.Fatalf("got %+v, %v; want %d customers, %d of them again", loyalty, err, customers, repeat)
	}
}

// checkStock compares each SKU's figures, its ledger, its velocity and the critical list.
func (h *history) checkStock(ctx context.Context, r projection.Reader) {
	h.Helper()
	items, _, err := inventory.List(ctx, r, "", "", 200, h.now)
	if err != nil {
		h.Fatal(err)
	}
	pressing := map[string]bool{}
	for _, item := range items {
		s := h.stock[item.SKU]
		if item.OnHand != s.OnHand() || item.Available != s.Available() || item.Reserved != s.Reserved || item.Shipped != s.Shipped {
			h.Fatalf("%s: got %+v, want %+v", item.SKU, item.Row, s)
		}
		if item.OnHand != item.Received-item.Shipped+item.Adjusted+item.Returned || item.Available != item.OnHand-item.Reserved {
			h.Fatalf("%s does not add up: %+v", item.SKU, item.Row)
		}
		var hour, day int64
		for _, sale := range h.sold {
			if sale.sku != item.SKU {
				continue
			}
			if age := h.now.Unix()/60 - sale.at.Unix()/60; age < 60 {
				hour += sale.units
				day += sale.units
			} else if age < 24*60 {
				day += sale.units
			}
		}
		if item.Rates.Hour != float64(hour) || item.Rates.Day != float64(day)/24 {
			h.Fatalf("%s: got %+v, want %d in the hour and %d in the day", item.SKU, item.Rates, hour, day)
		}
		if want, sure := severity(item.Available, hour, day, h.waitingFor(item.SKU)); sure && item.Severity != want {
			h.Fatalf("%s is %s, want %s: %d available, %d sold in the hour, %d in the day", item.SKU, item.Severity, want, item.Available, hour, day)
		}
		if item.Severity != "ok" {
			pressing[item.SKU] = true
		}
		h.checkLedger(ctx, r, item.Row)
	}
	critical, total, err := inventory.Critical(ctx, r, 100, h.now)
	if err != nil || total != int64(len(pressing)) || len(critical) != len(pressing) {
		h.Fatalf("got %d of %d critical, %v; want %v", len(critical), total, err, slices.Sorted(maps.Keys(pressing)))
	}
	for _, item := range critical {
		if !pressing[item.SKU] {
			h.Fatalf("%s is no critical SKU", item.SKU)
		}
	}
}

// severity is how pressing a SKU is (R 41): oversold, waited for or out within four hours, else
// out within the day. It is not sure on the very border.
func severity(available, hour, day int64, waiting bool) (word string, sure bool) {
	switch faster := max(24*hour, day); { // units a day
	case available < 0 || waiting || 6*available < faster:
		return "critical", true
	case available < faster:
		return "warning", 6*available != faster
	default:
		return "ok", available != faster
	}
}

// waitingFor says whether an order waits for more of a SKU.
func (h *history) waitingFor(sku string) bool {
	waits := map[string]bool{}
	for _, r := range h.records {
		if r.Stream.Kind != fulfilment.Kind {
			continue
		}
		switch e := r.Event.(type) {
		case flows.Waiting:
			waits[r.Stream.ID] = slices.Contains(e.For, inventory.ShortTag+sku)
		case flows.StepSucceeded, flows.UndoStarted: // a retry alone brings no stock
			waits[r.Stream.ID] = false
		}
	}
	return slices.Contains(slices.Collect(maps.Values(waits)), true)
}

// checkLedger says that every movement is there, in order, with the figures after it.
func (h *history) checkLedger(ctx context.Context, r projection.Reader, row inventory.Row) {
	h.Helper()
	var entries []inventory.Entry
	for before := int64(0); ; {
		page, next, err := inventory.Ledger(ctx, r, row.SKU, before, 3)
		if err != nil {
			h.Fatal(err)
		}
		entries = append(entries, page...)
		if before = next; next == 0 {
			break
		}
	}
	slices.Reverse(entries)
	if int64(len(entries)) != row.Entries {
		h.Fatalf("%s: %d entries, want %d", row.SKU, len(entries), row.Entries)
	}
	var onHand, reserved int64
	for i, e := range entries {
		switch e.Kind {
		case "received", "adjusted", "returned":
			onHand += e.Quantity
		case "reserved", "released":
			reserved += e.Quantity
		case "shipped":
			onHand += e.Quantity
			reserved += e.Quantity
		}
		record := h.records[e.Position-1]
		if e.Entry != int64(i+1) || e.OnHand != onHand || e.Reserved != reserved || e.Available != onHand-reserved ||
			e.Cause != record.Cause || !e.At.Equal(record.At) || !strings.HasSuffix(record.Name, e.Kind) {
			h.Fatalf("%s: entry %d is %+v, want %d on hand, %d reserved, from %+v", row.SKU, i+1, e, onHand, reserved, record)
		}
	}
}

// checkFlows compares the automation card's figures (R 36).
func (h *history) checkFlows(ctx context.Context, r projection.Reader) {
	h.Helper()
	var want fulfilment.Figures
	var own time.Duration
	rows := map[string]fulfilment.Row{}
	for after := ""; ; {
		page, next, err := fulfilment.List(ctx, r, "", after, 3)
		if err != nil {
			h.Fatal(err)
		}
		for _, row := range page {
			rows[row.ID] = row
		}
		if after = next; next == "" {
			break
		}
	}
	for id, f := range h.flows {
		row, found := rows[id]
		if !found || f.phase != "" && row.Phase != f.phase || f.phase == "" && row.Phase != "new" || row.Code != f.code {
			h.Fatalf("flow %s: got %+v; want %s %s", id, row, f.phase, f.code)
		}
		switch {
		case f.phase == "finished":
			want.Finished++
			own += f.own
			if !f.touched {
				want.Untouched++
			}
		case f.stuck:
			want.Failed++
		}
	}
	got, err := fulfilment.Between(ctx, r, time.Time{}, h.now)
	if err != nil || got.Finished != want.Finished || got.Untouched != want.Untouched || got.Failed != want.Failed {
		h.Fatalf("got %+v, %v; want %+v", got, err, want)
	}
	if want.Finished > 0 && (got.Mean-own/time.Duration(want.Finished)).Abs() > time.Microsecond {
		h.Fatalf("got a mean of %s, want %s", got.Mean, own/time.Duration(want.Finished))
	}
}

func (h *history) checkLetters(ctx context.Context, r projection.Reader) {
	h.Helper()
	want := map[string]bool{}
	for id := range h.letters {
		want[id] = true
	}
	for id, f := range h.flows {
		if f.phase == "stuck" {
			want[letters.FlowID(id)] = true
		}
	}
	got := map[string]bool{}
	for after := ""; ; {
		rows, total, next, err := letters.List(ctx, r, after, 2)
		if err != nil || total != int64(len(want)) {
			h.Fatalf("got %d letters, %v; want %d", total, err, len(want))
		}
		for _, row := range rows {
			got[row.ID] = true
		}
		if after = next; next == "" {
			break
		}
	}
	if !maps.Equal(got, want) {
		h.Fatalf("got letters %v, want %v", got, want)
	}
}

// Pages put together are the list, in order, whatever the page's size.
func TestPagesOfOrders(t *testing.T) {
	store := views(t)
	rapid.Check(t, func(t *rapid.T) {
		h := draw(t, noon)
		h.fold(store, whole)
		limit := rapid.IntRange(1, 4).Draw(t, "limit")
		h.read(store, func(ctx context.Context, r projection.Reader) error {
			var ids []string
			var last orders.Row
			for after := ""; ; {
				rows, total, next, err := orders.List(ctx, r, orders.Filter{After: after, Limit: limit})
				if err != nil || total != int64(len(h.orders)) {
					t.Fatalf("got %d of %d, %v", len(rows), total, err)
				}
				for _, row := range rows {
					if last.ID != "" && (row.PlacedAt.After(last.PlacedAt) || row.PlacedAt.Equal(last.PlacedAt) && row.ID >= last.ID) {
						t.Fatalf("%s comes after %s", row.ID, last.ID)
					}
					ids, last = append(ids, row.ID), row
				}
				if after = next; next == "" {
					break
				}
			}
			slices.Sort(ids)
			if !slices.Equal(ids, slices.Sorted(maps.Keys(h.orders))) {
				t.Fatalf("got %v", ids)
			}
			return nil
		})
	})
}

func TestShopsView(t *testing.T) {
	store := views(t)
	rapid.Check(t, func(t *rapid.T) {
		h := draw(t, noon)
		h.fold(store, whole)
		type shop struct {
			failing bool
			drift   int64
		}
		want := map[string]shop{}
		for _, record := range h.records {
			id := strings.TrimSuffix(record.Stream.ID, ":x")
			s := want[id]
			switch record.Name {
			case "connection.failing":
				s.failing = true
			case "connection.recovered":
				s.failing = false
			case "connection.drifted", "listing.inventory_changed":
				s.drift++
			case "connection.connected":
			default:
				continue
			}
			want[id] = s
		}
		h.read(store, func(ctx context.Context, r projection.Reader) error {
			rows, err := shops.List(ctx, r)
			if err != nil || len(rows) != len(want) {
				t.Fatalf("got %v, %v; want %v", rows, err, want)
			}
			for _, row := range rows {
				if s := want[row.ID]; (row.Failing == 1) != s.failing || row.Drift != s.drift || row.FailedAt.IsZero() == s.failing {
					t.Fatalf("got %+v, want %+v", row, s)
				}
			}
			return nil
		})
	})
}
