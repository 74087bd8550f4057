package board_test

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/domain/board"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/money"
)

// The recount takes nothing from the views or from the board: it goes through the events, and
// through the calendar minute by minute.

// bought is an order as its events tell it.
type bought struct {
	orderevents.Placed
	at        time.Time // when we learnt of it
	cancelled time.Time // when we learnt of it, zero = it is not
}

func (h *history) bought() (all []bought) {
	byID := map[string]int{}
	for _, r := range h.records {
		switch e := r.Event.(type) {
		case orderevents.Placed:
			byID[e.Order] = len(all)
			b := bought{Placed: e, at: r.At}
			if e.Status == orders.Cancelled {
				b.cancelled = r.At
			}
			all = append(all, b)
		case orderevents.Cancelled:
			all[byID[e.Order]].cancelled = r.At
		}
	}
	return all
}

// began walks back to the first minute of a moment's day.
func began(at time.Time, zone *time.Location) time.Time {
	at = at.Truncate(time.Minute)
	for day := at.In(zone).YearDay(); at.Add(-time.Minute).In(zone).YearDay() == day; {
		at = at.Add(-time.Minute)
	}
	return at
}

// sameTimeYesterday walks through the day before until the clock on the wall shows what it shows
// now. It is false when the clock showed that twice or never, which a clock change can do.
func sameTimeYesterday(now time.Time, zone *time.Location) (from, to time.Time, once bool) {
	today := began(now, zone)
	from = began(today.Add(-time.Minute), zone)
	shown := 0
	for at := from; at.Before(today); at = at.Add(time.Minute) {
		if at.In(zone).Format("15:04") == now.In(zone).Format("15:04") {
			to = at
			shown++
		}
	}
	return from, to, shown == 1
}

// minutesUp is the end of the minute that a moment is in.
func minutesUp(at time.Time) time.Time { return at.Truncate(time.Minute).Add(time.Minute) }

// change is the change from one figure to another in percent.
func change(before, now int64) *float64 {
	if before == 0 {
		return nil
	}
	percent := 100 * (float64(now)/float64(before) - 1)
	return &percent
}

// near compares a rounded figure with the whole one.
func near(got, want *float64, within float64) bool {
	if got == nil || want == nil {
		return got == nil && want == nil
	}
	return math.Abs(*got-*want) <= within
}

func show(f *float64) any {
	if f == nil {
		return "none"
	}
	return *f
}

// some leaves out what there is none of.
func some(counts map[string]int64) map[string]int64 {
	counts = maps.Clone(counts)
	maps.DeleteFunc(counts, func(_ string, n int64) bool { return n == 0 })
	return counts
}

// check compares all figures of the board with the recount.
func (h *history) check(k board.KPIs, zone *time.Location, currency string) {
	h.Helper()
	h.checkToday(k, zone, currency)
	h.checkRepeat(k.Repeat)
	h.checkAutomation(k)
}

func (h *history) checkToday(k board.KPIs, zone *time.Location, currency string) {
	h.Helper()
	start, end := began(h.now, zone), minutesUp(h.now)
	from, to, once := sameTimeYesterday(h.now, zone)
	revenue, spark, sparkOrders := map[string]int64{}, []int64(nil), []int64(nil)
	for hour := start; hour.Before(end); hour = hour.Add(time.Hour) {
		spark, sparkOrders = append(spark, 0), append(sparkOrders, 0)
	}
	var count, before, revenueBefore int64
	for _, o := range h.bought() {
		if !o.cancelled.IsZero() {
			continue
		}
		switch at := o.Created; {
		case !at.Before(start) && at.Before(end):
			count++
			revenue[o.Total.Currency] += o.Total.Minor
			if o.Total.Currency == currency {
				spark[int(at.Sub(start)/time.Hour)] += o.Total.Minor
				sparkOrders[int(at.Sub(start)/time.Hour)]++
			}
		case !at.Before(from) && at.Before(to):
			before++
			if o.Total.Currency == currency {
				revenueBefore += o.Total.Minor
			}
		}
	}
	if want := (money.Money{Minor: revenue[currency], Currency: currency}); k.Revenue.Value != want {
		h.Fatalf("at %s: revenue %v, want %v", h.now.In(zone), k.Revenue.Value, want)
	}
	if k.Orders.Value != count {
		h.Fatalf("at %s: %d orders, want %d", h.now.In(zone), k.Orders.Value, count)
	}
	if once && !near(k.Revenue.Change, change(revenueBefore, revenue[currency]), 0.051) {
		h.Fatalf("at %s: revenue changed by %v, want from %d to %d", h.now.In(zone), show(k.Revenue.Change), revenueBefore, revenue[currency])
	}
	if once && !near(k.Orders.Change, change(before, count), 0.051) {
		h.Fatalf("at %s: orders changed by %v, want from %d to %d", h.now.In(zone), show(k.Orders.Change), before, count)
	}
	if !slices.Equal(k.Revenue.Spark, spark) || !slices.Equal(k.Orders.Spark, sparkOrders) {
		h.Fatalf("at %s: by the hour %v and %v, want %v and %v", h.now.In(zone), k.Revenue.Spark, k.Orders.Spark, spark, sparkOrders)
	}
	delete(revenue, currency)
	var others []money.Money
	for _, code := range slices.Sorted(maps.Keys(revenue)) {
		others = append(others, money.Money{Minor: revenue[code], Currency: code})
	}
	if !slices.Equal(k.Others, others) {
		h.Fatalf("at %s: in other currencies %v, want %v", h.now.In(zone), k.Others, others)
	}
}

// repeat is the share of customers who had come back, as we knew it by the end of a day (UTC).
func (h *history) repeat(day time.Time) *float64 {
	kept := map[string]int{}
	known := func(at time.Time) bool { return !at.IsZero() && !at.UTC().Truncate(24*time.Hour).After(day) }
	for _, o := range h.bought() {
		if o.Buyer != "" && known(o.at) && !known(o.cancelled) {
			kept[o.Buyer]++
		}
	}
	if len(kept) == 0 {
		return nil
	}
	again := 0
	for _, n := range kept {
		if n > 1 {
			again++
		}
	}
	share := 100 * float64(again) / float64(len(kept))
	return &share
}

func (h *history) checkRepeat(got board.Share) {
	h.Helper()
	today := h.now.UTC().Truncate(24 * time.Hour)
	value, base := h.repeat(today), h.repeat(today.AddDate(0, 0, -30))
	var points *float64
	if value != nil && base != nil {
		difference := *value - *base
		points = &difference
	}
	if !near(got.Value, value, 1e-9) || !near(got.Change, points, 1e-9) {
		h.Fatalf("at %s: %v %% come back, %v points; want %v and %v", h.now, show(got.Value), show(got.Change), show(value), show(points))
	}
}

func (h *history) checkAutomation(k board.KPIs) {
	h.Helper()
	type ending struct {
		minute              int64
		finished, untouched bool
		own                 time.Duration
	}
	ends, last, active := map[string]ending{}, map[string]string{}, map[string]bool{}
	for _, r := range h.records {
		id, minute := r.Stream.ID, r.At.Unix()/60
		failed := false
		switch e := r.Event.(type) {
		case orderevents.Placed:
			active[id] = true
		case flows.Waiting:
			last[id] = e.Code
		case flows.Stuck:
			last[id], failed = "stuck", true
		case flows.Undone:
			last[id], failed = "", e.Failed
			delete(active, id)
		case flows.Finished:
			last[id] = ""
			delete(active, id)
			ends[id] = ending{minute, true, e.Untouched, e.Own}
		case flows.Started, flows.StepStarted, flows.StepSucceeded, flows.UndoStarted, flows.Retried:
			last[id] = ""
		}
		if _, counted := ends[id]; failed && !counted {
			ends[id] = ending{minute: minute}
		}
	}
	now, before := [4]int64{}, [4]int64{} // finished, untouched, failed, microseconds
	for _, e := range ends {
		window := &now
		switch age := h.now.Unix()/60 - e.minute; {
		case age > 2*24*60:
			continue
		case age > 24*60:
			window = &before
		}
		if !e.finished {
			window[2]++
			continue
		}
		window[0]++
		window[3] += e.own.Microseconds()
		if e.untouched {
			window[1]++
		}
	}
	a := k.Automation
	if got := [3]int64{a.Now.Finished, a.Now.Untouched, a.Now.Failed}; got != [3]int64(now[:3]) {
		h.Fatalf("at %s: finished, untouched, failed %v, want %v", h.now, got, now[:3])
	}
	var health, faster *float64
	if ended := now[0] + now[2]; ended > 0 {
		share := 100 * float64(now[1]) / float64(ended)
		health = &share
	}
	if now[0] > 0 && before[0] > 0 {
		faster = change(before[3]/before[0], now[3]/now[0])
	}
	if !near(a.Health, health, 1e-9) || !near(a.Change, faster, 0.051) {
		h.Fatalf("at %s: health %v, change %v; want %v, %v", h.now, show(a.Health), show(a.Change), show(health), show(faster))
	}
	waiting := map[string]int64{}
	var stuck int64
	for _, code := range last {
		if code == "stuck" {
			stuck++
		} else if code != "" {
			waiting[code]++
		}
	}
	if !maps.Equal(some(a.Waiting), waiting) || a.Stuck != stuck || k.Active != int64(len(active)) {
		h.Fatalf("at %s: waiting %v, stuck %d, active %d; want %v, %d, %d", h.now, a.Waiting, a.Stuck, k.Active, waiting, stuck, len(active))
	}
}
