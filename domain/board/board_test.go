package board_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/domain/board"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
)

func zone(t fataler, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// utc reads a moment such as "2026-03-29 01:00".
func utc(t fataler, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func (h *history) kpis(store projection.Store, zone *time.Location, currency string) (k board.KPIs) {
	h.Helper()
	h.read(store, func(ctx context.Context, r projection.Reader) (err error) {
		k, err = board.Read(ctx, r, h.now, zone, currency)
		return err
	})
	return k
}

// clockChanges are days of 23 and of 25 hours, and the zones to look at them from.
var (
	clockChanges = []string{"2026-03-28 10:00", "2026-10-24 10:00", "2026-03-07 15:00", "2026-10-31 15:00"}
	zones        = []string{"Europe/London", "America/New_York", "Asia/Kathmandu", "UTC"}
)

// Whatever happened, in whatever zone, every figure of the board is what a recount gives.
func TestBoardIsWhatARecountGives(t *testing.T) {
	store := views(t)
	rapid.Check(t, func(t *rapid.T) {
		h := draw(t, utc(t, rapid.SampledFrom(clockChanges).Draw(t, "begin")))
		h.fold(store, whole)
		h.now = h.now.Add(time.Duration(rapid.IntRange(0, 3*86400).Draw(t, "later")) * time.Second)
		where, currency := zone(t, rapid.SampledFrom(zones).Draw(t, "zone")), rapid.SampledFrom([]string{"GBP", "EUR"}).Draw(t, "currency")
		h.check(h.kpis(store, where, currency), where, currency)
	})
}

// A shop is looked at now and then through the days around each clock change, from all zones.
func TestDaysOfAClockChange(t *testing.T) {
	store := views(t)
	for _, begin := range clockChanges {
		first := utc(t, begin)
		h := newHistory(t, first)
		look := first.Add(14 * time.Hour)
		for i := 0; h.now.Before(first.Add(66 * time.Hour)); i++ {
			h.place(fmt.Sprint(i), "k7", []string{"GBP", "GBP", "EUR"}[i%3], "", orders.Ready, int64(100+i), map[string]int64{"a": 1})
			if i%5 == 4 {
				h.says(orders.ID("k7", fmt.Sprint(i)), orders.Cancelled)
			}
			h.now = h.now.Add(29*time.Minute + 11*time.Second)
			if h.now.Before(look) {
				continue
			}
			look = look.Add(197 * time.Minute)
			h.fold(store, whole)
			for _, name := range zones {
				h.checkToday(h.kpis(store, zone(t, name), "GBP"), zone(t, name), "GBP")
			}
		}
	}
}

// The day of the figures is the workspace's: one order an hour, one of them pounds, from the first
// minute of a local day to its last.
func TestDayBordersAreTheZones(t *testing.T) {
	tests := []struct {
		zone, first, last string // minutes of the day, in UTC
		hours             int
	}{
		{"Europe/London", "2026-03-28 00:00", "2026-03-28 23:59", 24},
		{"Europe/London", "2026-03-29 00:00", "2026-03-29 22:59", 23},
		{"Europe/London", "2026-10-24 23:00", "2026-10-25 23:59", 25},
		{"America/New_York", "2026-03-08 05:00", "2026-03-09 03:59", 23},
		{"America/New_York", "2026-11-01 04:00", "2026-11-02 04:59", 25},
		{"Asia/Kathmandu", "2026-07-01 18:15", "2026-07-02 18:14", 24},
		{"UTC", "2026-03-29 00:00", "2026-03-29 23:59", 24},
	}
	store := views(t)
	for _, test := range tests {
		t.Run(test.zone+" "+test.first, func(t *testing.T) {
			first, last := utc(t, test.first), utc(t, test.last)
			h := newHistory(t, first.Add(-time.Minute))
			sell := func(id string, at time.Time) {
				h.now = at
				h.place(id, "k7", "GBP", "", orders.Ready, 100, map[string]int64{"a": 1})
			}
			sell("the day before", first.Add(-time.Minute))
			sell("first minute", first)
			sell("last minute", last)
			h.now = last.Add(59 * time.Second)
			h.fold(store, whole)
			k := h.kpis(store, zone(t, test.zone), "GBP")
			if k.Orders.Value != 2 || k.Revenue.Value.Minor != 200 || len(k.Revenue.Spark) != test.hours ||
				k.Revenue.Spark[0] != 100 || k.Revenue.Spark[test.hours-1] != 100 || k.Orders.Spark[0] != 1 {
				t.Errorf("on the day: %+v, %+v; want 2 orders in the first and the last of %d hours", k.Orders, k.Revenue, test.hours)
			}
			h.now = last // on the minute: figure and hours agree
			if k := h.kpis(store, zone(t, test.zone), "GBP"); k.Orders.Value != 2 || k.Revenue.Value.Minor != 200 || k.Orders.Spark[test.hours-1] != 1 {
				t.Errorf("as the last minute begins: %+v, %+v; want it to count in both", k.Orders, k.Revenue)
			}
			h.now = last.Add(time.Minute)
			if k := h.kpis(store, zone(t, test.zone), "GBP"); k.Orders.Value != 0 || k.Revenue.Value.Minor != 0 || !slices.Equal(k.Revenue.Spark, []int64{0}) {
				t.Errorf("the day after begins with %+v, %+v; want nothing", k.Orders, k.Revenue)
			}
		})
	}
}

func TestChanges(t *testing.T) {
	minus, plus, none := -67.0, 12.5, 0.0
	tests := []struct {
		name          string
		before, today int64 // orders of a pound, at the same time of the day
		want          *float64
	}{
		{"two thirds less", 100, 33, &minus},
		{"an eighth more", 8, 9, &plus},
		{"as many", 5, 5, &none},
		{"nothing yesterday", 0, 5, nil},
		{"nothing at all", 0, 0, nil},
	}
	store := views(t)
	now := utc(t, "2026-03-10 15:00")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHistory(t, now)
			sell := func(day string, n int64, at time.Time) {
				h.now = at
				for i := range n {
					h.place(day+fmt.Sprint(i), "k7", "GBP", "", orders.Ready, 100, map[string]int64{"a": 1})
				}
			}
			sell("before", test.before, now.Add(-25*time.Hour))
			sell("later than now, yesterday", 7, now.Add(-23*time.Hour))
			sell("today", test.today, now.Add(-time.Hour))
			h.now = now
			h.fold(store, whole)
			k := h.kpis(store, time.UTC, "GBP")
			if !near(k.Revenue.Change, test.want, 1e-9) || !near(k.Orders.Change, test.want, 1e-9) {
				t.Errorf("got %v and %v, want %v", show(k.Revenue.Change), show(k.Orders.Change), show(test.want))
			}
		})
	}
}

func TestCurrenciesAreNeverAdded(t *testing.T) {
	store := views(t)
	h := newHistory(t, utc(t, "2026-03-10 09:00"))
	for i, sale := range []struct {
		currency string
		minor    int64
	}{{"GBP", 1000}, {"EUR", 70}, {"JPY", 5}, {"GBP", 234}, {"EUR", 7}} {
		h.place(fmt.Sprint(i), "k7", sale.currency, "", orders.Ready, sale.minor, map[string]int64{"a": 1})
	}
	h.place("gone", "k7", "USD", "", orders.Cancelled, 99, map[string]int64{"a": 1})
	h.now = h.now.Add(time.Hour)
	h.fold(store, whole)
	for _, test := range []struct {
		currency string
		revenue  int64
		others   []money.Money
	}{
		{"GBP", 1234, []money.Money{{Minor: 77, Currency: "EUR"}, {Minor: 5, Currency: "JPY"}}},
		{"JPY", 5, []money.Money{{Minor: 77, Currency: "EUR"}, {Minor: 1234, Currency: "GBP"}}},
		{"CHF", 0, []money.Money{{Minor: 77, Currency: "EUR"}, {Minor: 1234, Currency: "GBP"}, {Minor: 5, Currency: "JPY"}}},
	} {
		k := h.kpis(store, time.UTC, test.currency)
		if k.Revenue.Value != (money.Money{Minor: test.revenue, Currency: test.currency}) || !slices.Equal(k.Others, test.others) || k.Orders.Value != 5 {
			t.Errorf("%s first: %v, others %v, %d orders; want %d, %v, 5", test.currency, k.Revenue.Value, k.Others, k.Orders.Value, test.revenue, test.others)
		}
	}
}

// Of three customers a month ago one had come back, of four today two: a cancelled order brings
// nobody back, and orders without a buyer count for nobody.
func TestRepeatCustomers(t *testing.T) {
	store := views(t)
	now := utc(t, "2026-06-15 12:00")
	h := newHistory(t, now)
	if k := h.kpisOf(store); k.Repeat.Value != nil || k.Repeat.Change != nil || k.Repeat.Spark != nil {
		t.Errorf("nobody bought: got %+v, want nothing", k.Repeat)
	}
	buy := func(id, buyer string, days int) {
		h.now = now.AddDate(0, 0, -days)
		h.place(id, "k7", "GBP", buyer, orders.Ready, 100, map[string]int64{"a": 1})
	}
	buy("1", "ana", 20)
	h.now = now
	if k := h.kpisOf(store); k.Repeat.Value == nil || *k.Repeat.Value != 0 || k.Repeat.Change != nil {
		t.Errorf("a shop of 20 days: %v, %v points; want 0 and no base", show(k.Repeat.Value), show(k.Repeat.Change))
	}

	h = newHistory(t, now)
	for i, buyer := range []string{"ana", "ben", "cleo", "ana", "", ""} {
		buy(fmt.Sprint("old", i), buyer, 30)
	}
	buy("ben twice", "ben", 29)
	h.now = now.AddDate(0, 0, -10)
	h.says(orders.ID("k7", "ben twice"), orders.Cancelled)
	buy("cleo twice", "cleo", 9)
	buy("dan", "dan", 0)
	h.now = now
	k := h.kpisOf(store)
	value, points := 50.0, 50-100.0/3
	if !near(k.Repeat.Value, &value, 1e-9) || !near(k.Repeat.Change, &points, 1e-9) {
		t.Errorf("%v %%, %v points; want %v and %v", show(k.Repeat.Value), show(k.Repeat.Change), value, points)
	}
	if want := []float64{100.0 / 3, 200.0 / 3, 50}; !slices.Equal(k.Repeat.Spark, want) {
		t.Errorf("by the day %v, want %v", k.Repeat.Spark, want)
	}
	h.checkRepeat(k.Repeat)
}

// kpisOf folds the history and reads the board in UTC and pounds.
func (h *history) kpisOf(store projection.Store) board.KPIs {
	h.Helper()
	h.fold(store, whole)
	return h.kpis(store, time.UTC, "GBP")
}

// Of 100 flows that ended within a day, 96 did so without a person; the day before they took three
// times as long.
func TestAutomationHealth(t *testing.T) {
	store := views(t)
	now := utc(t, "2026-06-15 12:00")
	h := newHistory(t, now)
	if k := h.kpisOf(store); k.Automation.Health != nil || k.Automation.Change != nil {
		t.Errorf("nothing ended: health %v, change %v; want none", show(k.Automation.Health), show(k.Automation.Change))
	}
	n := 0
	begin := func(age time.Duration) string {
		n++
		h.now = now.Add(-age)
		id := h.place(fmt.Sprint(n), "k7", "GBP", "", orders.Ready, 100, map[string]int64{"a": 1})
		h.flow(id, flows.Started{Flow: id, At: h.now})
		return id
	}
	stuck := func(age time.Duration) string {
		id := begin(age)
		h.flow(id, flows.Stuck{Flow: id, Step: "label", Reason: "r"})
		return id
	}
	for range 3 {
		h.finish(begin(25*time.Hour), 100*time.Second)
	}
	stuck(25 * time.Hour) // long ago: it moves neither figure of today
	for i := range 96 {   // the last a day ago to the minute: it counts today and not the day before as well
		h.finish(begin(time.Duration(i+1)*15*time.Minute), 33*time.Second)
	}
	helped := stuck(3 * time.Hour)
	h.flow(helped, flows.Retried{Flow: helped})
	h.finish(helped, 33*time.Second)
	stuck(2 * time.Hour)
	for range 2 {
		id := begin(time.Hour)
		h.flow(id, flows.UndoStarted{Flow: id, Step: "label", Reason: "r", Failed: true})
		h.flow(id, flows.Undone{Flow: id, Reason: "r", Failed: true})
	}
	gone := begin(time.Hour) // a buyer's cancellation is nobody's failure
	h.flow(gone, flows.UndoStarted{Flow: gone, Step: "label", Reason: "r"})
	h.flow(gone, flows.Undone{Flow: gone, Reason: "r"})
	h.now = now
	k := h.kpisOf(store)
	a, health, faster := k.Automation, 96.0, -67.0
	if !near(a.Health, &health, 1e-9) || !near(a.Change, &faster, 1e-9) {
		t.Errorf("health %v, change %v; want %v, %v", show(a.Health), show(a.Change), health, faster)
	}
	if a.Now.Finished != 97 || a.Now.Untouched != 96 || a.Now.Failed != 3 || a.Now.Mean != 33*time.Second || a.Stuck != 2 || k.Active != 2 {
		t.Errorf("got %+v, %d stuck, %d active; want 97 finished, 96 untouched, 3 failed, 33 s, 2, 2", a.Now, a.Stuck, k.Active)
	}
	h.checkAutomation(k)
}

// TestProcessingTimeTrend: orders begin to take twice as long, and the first of them turns the trend; a day later it says all of it.
func TestProcessingTimeTrend(t *testing.T) {
	store := views(t)
	begun := utc(t, "2026-06-15 00:00")
	h := newHistory(t, begun)
	const each = time.Hour
	perDay := int(24 * time.Hour / each)
	for i := range 3 * perDay {
		h.now = begun.Add(time.Duration(i) * each)
		id := h.place(fmt.Sprint(i), "k7", "GBP", "", orders.Ready, 100, map[string]int64{"a": 1})
		h.flow(id, flows.Started{Flow: id, At: h.now})
		own := 10 * time.Second
		if i >= 2*perDay {
			own = 20 * time.Second
		}
		h.finish(id, own)
		h.now = h.now.Add(time.Minute)
		change := h.kpisOf(store).Automation.Change
		slow := i - 2*perDay + 1 // of the last day's orders
		switch {
		case i < perDay+1: // there is no day before to compare with
		case change == nil:
			t.Fatalf("no trend after %d orders", i+1)
		case slow <= 0 && *change != 0:
			t.Fatalf("a trend of %v %% though nothing changed", *change)
		case slow > 0 && math.Abs(*change-100*float64(slow)/float64(perDay)) > 5:
			t.Fatalf("%d of %d orders take twice as long, and the trend is %v %%", slow, perDay, *change)
		}
	}
}

func TestWaitingCounts(t *testing.T) {
	store := views(t)
	h := newHistory(t, utc(t, "2026-06-15 12:00"))
	want := map[string]int64{"on_hold": 3, "unpaid": 1, "no_stock": 4, "unknown_sku": 2}
	wait := func(id, code string) string {
		order := h.place(id, "k7", "GBP", "", orders.Ready, 100, map[string]int64{"a": 1})
		h.flow(order, flows.Started{Flow: order, At: h.now})
		h.flow(order, flows.Waiting{Flow: order, Step: "s", Code: code, Sentence: "s", Since: h.now})
		return order
	}
	for code, n := range want {
		for i := range n {
			wait(code+fmt.Sprint(i), code)
		}
	}
	for _, e := range []func(flow string) eventlog.Event{
		func(flow string) eventlog.Event { return flows.StepSucceeded{Flow: flow, Step: "s", Attempt: 1} },
		func(flow string) eventlog.Event { return flows.Finished{Flow: flow} },
		func(flow string) eventlog.Event { return flows.Stuck{Flow: flow, Step: "s", Reason: "r"} },
	} {
		order := wait(fmt.Sprintf("%T", e("")), "no_stock")
		h.flow(order, e(order))
	}
	k := h.kpisOf(store)
	if !maps.Equal(some(k.Automation.Waiting), want) || k.Automation.Stuck != 1 || k.Active != 12 {
		t.Errorf("waiting %v, %d stuck, %d active; want %v, 1, 12", k.Automation.Waiting, k.Automation.Stuck, k.Active, want)
	}
	h.checkAutomation(k)
}

func TestMidnight(t *testing.T) {
	tests := []struct{ name, zone, at, want string }{
		{"a winter's day", "Europe/London", "2026-01-10 00:00", "2026-01-10 00:00"},
		{"a summer's evening", "Europe/London", "2026-07-01 23:30", "2026-07-01 23:00"},
		{"before the clock goes forward", "Europe/London", "2026-03-29 00:59", "2026-03-29 00:00"},
		{"after it went forward", "Europe/London", "2026-03-29 01:00", "2026-03-29 00:00"},
		{"the day after", "Europe/London", "2026-03-29 23:00", "2026-03-29 23:00"},
		{"after it went back", "Europe/London", "2026-10-25 23:59", "2026-10-24 23:00"},
		{"west of Greenwich", "America/New_York", "2026-03-09 03:59", "2026-03-08 05:00"},
		{"a quarter off", "Asia/Kathmandu", "2026-07-01 18:14", "2026-06-30 18:15"},
		{"a quarter off, a minute later", "Asia/Kathmandu", "2026-07-01 18:15", "2026-07-01 18:15"},
		{"a day without midnight", "Asia/Beirut", "2026-03-29 12:00", "2026-03-28 22:00"},
		{"a day with two midnights", "Atlantic/Azores", "2026-10-25 12:00", "2026-10-25 00:00"},
		{"a day with two midnights, between them", "Atlantic/Azores", "2026-10-25 00:30", "2026-10-25 00:00"},
		{"a day with two midnights, in the east", "Asia/Amman", "2021-10-29 12:00", "2021-10-28 21:00"},
		{"the day before two midnights", "America/Havana", "2026-11-01 03:59", "2026-10-31 04:00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			where := zone(t, test.zone)
			if got := board.Midnight(utc(t, test.at), where); !got.Equal(utc(t, test.want)) {
				t.Errorf("got %s, want %s", got.UTC(), test.want)
			}
		})
	}
	for _, name := range append(zones, "Asia/Beirut", "Atlantic/Azores", "America/Havana") {
		where := zone(t, name)
		for at := utc(t, "2026-01-01 00:07"); at.Year() == 2026; at = at.Add(17*time.Hour + 13*time.Minute) {
			if got := board.Midnight(at, where); !got.Equal(began(at, where)) {
				t.Errorf("%s: the day of %s began %s, want %s", name, at.In(where), got, began(at, where))
			}
		}
	}
}

func TestEdges(t *testing.T) {
	tests := []struct {
		name, zone, from, to string
		step                 time.Duration
		want                 []string
	}{
		{
			"days around the clock's going forward", "Europe/London", "2026-03-28 10:00", "2026-03-30 10:00", 24 * time.Hour,
			[]string{"2026-03-28 00:00", "2026-03-29 00:00", "2026-03-29 23:00", "2026-03-30 23:00"},
		},
		{
			"days around its going back", "Europe/London", "2026-10-24 10:00", "2026-10-26 10:00", 24 * time.Hour,
			[]string{"2026-10-23 23:00", "2026-10-24 23:00", "2026-10-26 00:00", "2026-10-27 00:00"},
		},
		{
			"days in New York", "America/New_York", "2026-10-31 15:00", "2026-11-02 04:00", 24 * time.Hour,
			[]string{"2026-10-31 04:00", "2026-11-01 04:00", "2026-11-02 05:00"},
		},
		{
			"days in Kathmandu", "Asia/Kathmandu", "2026-07-01 18:14", "2026-07-01 18:16", 24 * time.Hour,
			[]string{"2026-06-30 18:15", "2026-07-01 18:15", "2026-07-02 18:15"},
		},
		{
			"a week's step", "Europe/London", "2026-03-25 10:00", "2026-03-26 10:00", 7 * 24 * time.Hour,
			[]string{"2026-03-25 00:00", "2026-03-31 23:00"},
		},
		{
			"hours over the clock's going forward", "Europe/London", "2026-03-29 00:30", "2026-03-29 02:30", time.Hour,
			[]string{"2026-03-29 00:00", "2026-03-29 01:00", "2026-03-29 02:00", "2026-03-29 03:00"},
		},
		{
			"hours in Kathmandu", "Asia/Kathmandu", "2026-07-01 10:20", "2026-07-01 11:16", time.Hour,
			[]string{"2026-07-01 10:15", "2026-07-01 11:15", "2026-07-01 12:15"},
		},
		{
			"quarters", "Asia/Kathmandu", "2026-07-01 10:20", "2026-07-01 10:45", 15 * time.Minute,
			[]string{"2026-07-01 10:15", "2026-07-01 10:30", "2026-07-01 10:45"},
		},
		{"nothing", "Europe/London", "2026-07-01 23:00", "2026-07-01 23:00", time.Hour, []string{"2026-07-01 23:00"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, edge := range board.Edges(utc(t, test.from), utc(t, test.to), test.step, zone(t, test.zone)) {
				got = append(got, edge.UTC().Format("2006-01-02 15:04"))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
