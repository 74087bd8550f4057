package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/projection"
)

// Horizon is how far ahead a stock-out makes a SKU critical.
const Horizon = 24 * time.Hour

// Urgent is how near a stock-out must be to be called critical rather than a warning.
const Urgent = 4 * time.Hour

// Rates are units sold an hour: over the last hour, which sees a spike, and over the last day. Both
// windows are whole minutes and end with the present one.
type Rates struct {
	Hour float64
	Day  float64 // velocity_per_hour = sales of the last 24 h / 24
}

func rated(hour, day int64) Rates { return Rates{Hour: float64(hour), Day: float64(day) / 24} }

// Faster is the larger of both.
func (r Rates) Faster() float64 { return max(r.Hour, r.Day) }

// faster is that rate with the number of units that it was counted from.
func (r Rates) faster() (rate, units float64) {
	if r.Hour >= r.Day {
		return r.Hour, r.Hour
	}
	return r.Day, 24 * r.Day
}

// Stockout is when available units are gone at the faster rate; false when nothing sells.
func Stockout(available int64, r Rates) (time.Duration, bool) { return gone(available, r.Faster()) }

func gone(available int64, rate float64) (time.Duration, bool) {
	if rate <= 0 {
		return 0, false
	}
	hours := float64(max(0, available)) / rate
	if hours > 24*365*10 {
		return 0, false
	}
	return time.Duration(hours * float64(time.Hour)), true
}

// Between is the interval in which a stock-out falls four times of five, if units go on selling one
// by one at a steady rate. Latest is 0 when nothing sells or the end is out of sight.
func Between(available int64, r Rates) (soonest, latest time.Duration) {
	rate, units := r.faster()
	if units <= 0 {
		return 0, 0
	}
	const z = 1.2816 // the normal distribution's 90th percentile
	soonest, _ = gone(available, rate*gammaQuantile(units+1, z)/units)
	latest, _ = gone(available, rate*gammaQuantile(units, -z)/units)
	return soonest, latest
}

// gammaQuantile is Wilson and Hilferty's approximation, within 1 % for shapes from 3.
func gammaQuantile(shape, z float64) float64 {
	root := 1 - 1/(9*shape) + z/(3*math.Sqrt(shape))
	return shape * max(0, root*root*root)
}

// Text says a stock-out in words.
func Text(available int64, out time.Duration, selling bool) string {
	minutes := int64(out.Round(time.Minute).Minutes())
	switch {
	case available <= 0:
		return "out of stock"
	case !selling:
		return "no stock-out in sight"
	case minutes < 1:
		return "out in less than a minute"
	case minutes < 60:
		return fmt.Sprintf("out in about %d min", minutes)
	case minutes < 48*60:
		return fmt.Sprintf("out in about %d h %d min", minutes/60, minutes%60)
	}
	return fmt.Sprintf("out in about %d days", int(math.Round(out.Hours()/24)))
}

// Item is a SKU with the figures that depend on now.
type Item struct {
	Row
	Rates           Rates
	Out             time.Duration
	Soonest, Latest time.Duration // the interval of Out
	Selling         bool
	Severity        string // ok, warning, critical
}

func look(row Row, r Rates) Item {
	item := Item{Row: row, Rates: r, Severity: "ok"}
	item.Out, item.Selling = Stockout(row.Available, r)
	item.Soonest, item.Latest = Between(row.Available, r)
	switch {
	case row.Available < 0, row.Waiting > 0, item.Selling && item.Out < Urgent:
		item.Severity = "critical"
	case item.Selling && item.Out < Horizon:
		item.Severity = "warning"
	}
	return item
}

// window is the beginnings of the buckets that make up the last hour and the last day: minutes for
// the hour, and for the day whole hours with the minutes before the first of them.
type window struct{ hour, day, hours int64 }

func windowAt(now time.Time) window {
	minute := now.Unix() / 60
	day := minute - 24*60 + 1
	return window{hour: minute - 59, day: day, hours: (day + 59) / 60 * 60}
}

// ratesOf sums one SKU's sales of the hour and the day before now.
func ratesOf(ctx context.Context, q projection.Querier, sku string, now time.Time) (Rates, error) {
	w := windowAt(now)
	var hour, day int64
	err := sums(ctx, q, func(_ string, h, d int64) { hour, day = hour+h, day+d }, `
		select sku, case when start >= $2 then units else 0 end, case when start < $4 then units else 0 end
			from sold_minutes_v2 where sku = $1 and (start >= $2 or start >= $3 and start < $4)
		union all
		select sku, 0, units from sold_hours_v2 where sku = $1 and start >= $4`, sku, w.hour, w.day, w.hours)
	return rated(hour, day), err
}

// watchedRates sums the same for every SKU that is watched.
func watchedRates(ctx context.Context, q projection.Querier, now time.Time) (map[string]Rates, error) {
	w := windowAt(now)
	type sold struct{ hour, day int64 }
	sales := map[string]sold{}
	err := sums(ctx, q, func(sku string, hour, day int64) {
		sales[sku] = sold{sales[sku].hour + hour, sales[sku].day + day}
	}, `
		select s.sku, m.units, 0 from stock_v2 s join sold_minutes_v2 m on m.sku = s.sku and m.start >= $1 where s.watch = 1
		union all
		select s.sku, 0, m.units from stock_v2 s join sold_minutes_v2 m on m.sku = s.sku and m.start >= $2 and m.start < $3 where s.watch = 1
		union all
		select s.sku, 0, h.units from stock_v2 s join sold_hours_v2 h on h.sku = s.sku and h.start >= $3 where s.watch = 1`, w.hour, w.day, w.hours)
	rates := make(map[string]Rates, len(sales))
	for sku, s := range sales {
		rates[sku] = rated(s.hour, s.day)
	}
	return rates, err
}

// sums reads rows of a SKU and its units within the hour and within the day.
func sums(ctx context.Context, q projection.Querier, add func(sku string, hour, day int64), query string, args ...any) (err error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read sales: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var sku string
		var hour, day int64
		if err := rows.Scan(&sku, &hour, &day); err != nil {
			return fmt.Errorf("read sales: %w", err)
		}
		add(sku, hour, day)
	}
	return rows.Err()
}

// Find reads one SKU.
func Find(ctx context.Context, r projection.Reader, sku string, now time.Time) (Item, bool, error) {
	row, ok, err := table.Find(ctx, r, sku)
	if err != nil || !ok {
		return Item{}, false, err
	}
	rates, err := ratesOf(ctx, r, sku, now)
	return look(row, rates), true, err
}

// List reads a page of SKUs by name of the SKU; text is the beginning of a SKU or part of a name.
func List(ctx context.Context, r projection.Reader, text, after string, limit int, now time.Time) (items []Item, next string, err error) {
	limit = min(max(limit, 1), 200)
	var rows []Row
	switch {
	case text == "":
		rows, err = table.Select(ctx, r, "where sku > $1 order by sku limit $2", after, limit+1)
	case len(partsOf(text)) > 0:
		rows, err = search(ctx, r, text, after, limit+1)
	default: // so short that there are enough among the next
		like := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(text))
		rows, err = table.Select(ctx, r, `where sku > $1 and (lower(sku) like $2 escape '\' or lower(name) like $3 escape '\')
			order by sku limit $4`, after, like+"%", "%"+like+"%", limit+1)
	}
	if err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].SKU
	}
	for _, row := range rows {
		rates, err := ratesOf(ctx, r, row.SKU, now)
		if err != nil {
			return nil, "", err
		}
		items = append(items, look(row, rates))
	}
	return items, next, nil
}

// Each goes through the rows of all SKUs, in their order.
func Each(ctx context.Context, r projection.Reader, do func(Row)) error {
	const page = 1000
	for after := ""; ; {
		rows, err := table.Select(ctx, r, "where sku > $1 order by sku limit $2", after, page)
		if err != nil {
			return err
		}
		for _, row := range rows {
			do(row)
			after = row.SKU
		}
		if len(rows) < page {
			return nil
		}
	}
}

// Matches says whether List would find a row by a text.
func (r Row) Matches(text string) bool {
	text = strings.ToLower(text)
	return strings.HasPrefix(strings.ToLower(r.SKU), text) || strings.Contains(strings.ToLower(r.Name), text)
}

// Critical reads the SKUs that are oversold, waited for or out within the horizon, most urgent
// first; total counts all of them.
func Critical(ctx context.Context, r projection.Reader, limit int, now time.Time) (items []Item, total int64, err error) {
	rows, err := table.Select(ctx, r, "where watch = 1 order by sku")
	if err != nil {
		return nil, 0, err
	}
	rates, err := watchedRates(ctx, r, now)
	if err != nil {
		return nil, 0, err
	}
	for _, row := range rows {
		if item := look(row, rates[row.SKU]); item.Severity != "ok" {
			items = append(items, item)
		}
	}
	slices.SortStableFunc(items, func(a, b Item) int {
		return cmp.Or(
			cmp.Compare(min(a.Available, 0), min(b.Available, 0)),
			cmp.Compare(b.Waiting, a.Waiting),
			cmp.Compare(urgency(a), urgency(b)),
			cmp.Compare(b.Rates.Faster(), a.Rates.Faster()),
		)
	})
	total = int64(len(items))
	return items[:min(len(items), max(limit, 1))], total, nil
}

func urgency(i Item) time.Duration {
	if !i.Selling {
		return math.MaxInt64
	}
	return i.Out
}

// Ledger reads a SKU's movements, newest first, before an entry number (0 = from the newest).
func Ledger(ctx context.Context, r projection.Reader, sku string, before int64, limit int) (entries []Entry, next int64, err error) {
	limit = min(max(limit, 1), 200)
	if before <= 0 {
		before = math.MaxInt64
	}
	entries, err = ledger.Select(ctx, r, "where sku = $1 and entry < $2 order by entry desc limit $3", sku, before, limit+1)
	if err != nil {
		return nil, 0, err
	}
	if len(entries) > limit {
		entries = entries[:limit]
		next = entries[limit-1].Entry
	}
	return entries, next, nil
}

// WaitingFor reads the orders that wait for a SKU, at most limit of them.
func WaitingFor(ctx context.Context, r projection.Reader, sku string, limit int) ([]string, error) {
	rows, err := shortages.Select(ctx, r, "where sku = $1 order by order_id limit $2", sku, limit)
	ids := make([]string, len(rows))
	for i, s := range rows {
		ids[i] = s.Order
	}
	return ids, err
}

// Explain says in one sentence how the available figure comes about.
func Explain(r Row) string {
	adjusted := fmt.Sprintf("+ %d adjusted", r.Adjusted)
	if r.Adjusted < 0 {
		adjusted = fmt.Sprintf("− %d adjusted", -r.Adjusted)
	}
	return fmt.Sprintf("%d available = %d on hand − %d reserved; %d on hand = %d received − %d shipped %s + %d returned.",
		r.Available, r.OnHand, r.Reserved, r.OnHand, r.Received, r.Shipped, adjusted, r.Returned)
}
