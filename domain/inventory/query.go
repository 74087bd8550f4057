package inventory

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/projection"
)

// Horizon is how far ahead a stock-out makes a SKU critical.
const Horizon = 24 * time.Hour

// Urgent is how near a stock-out must be to be called critical rather than a warning.
const Urgent = 4 * time.Hour

// Rates are units sold an hour: over the last hour, which sees a spike, and over the last day.
type Rates struct {
	Hour float64
	Day  float64 // velocity_per_hour = sales of the last 24 h / 24
}

// Faster is the larger of both.
func (r Rates) Faster() float64 { return max(r.Hour, r.Day) }

// Stockout is when available units are gone at the faster rate; false when nothing sells.
func Stockout(available int64, r Rates) (time.Duration, bool) {
	rate := r.Faster()
	if rate <= 0 {
		return 0, false
	}
	hours := float64(max(0, available)) / rate
	if hours > 24*365*10 {
		return 0, false
	}
	return time.Duration(hours * float64(time.Hour)), true
}

// Text says a stock-out in words.
func Text(available int64, out time.Duration, selling bool) string {
	switch {
	case available <= 0:
		return "out of stock"
	case !selling:
		return "no stock-out in sight"
	case out < time.Minute:
		return "out in less than a minute"
	case out < time.Hour:
		return fmt.Sprintf("out in about %d min", int(math.Round(out.Minutes())))
	case out < 48*time.Hour:
		return fmt.Sprintf("out in about %d h %d min", int(out.Hours()), int(out.Minutes())%60)
	}
	return fmt.Sprintf("out in about %d days", int(math.Round(out.Hours()/24)))
}

// Item is a SKU with the figures that depend on now.
type Item struct {
	Row
	Rates    Rates
	Out      time.Duration
	Selling  bool
	Severity string // ok, warning, critical
}

func look(ctx context.Context, r projection.Querier, row Row, now time.Time) (Item, error) {
	rate, err := rates(ctx, r, row.SKU, now)
	if err != nil {
		return Item{}, err
	}
	item := Item{Row: row, Rates: rate, Severity: "ok"}
	item.Out, item.Selling = Stockout(row.Available, rate)
	switch {
	case row.Available < 0, row.Waiting > 0, item.Selling && item.Out < Urgent:
		item.Severity = "critical"
	case item.Selling && item.Out < Horizon:
		item.Severity = "warning"
	}
	return item, nil
}

// rates sums the sales of the hour and the day before now: 60 minute and 24 hour buckets.
func rates(ctx context.Context, q projection.Querier, sku string, now time.Time) (Rates, error) {
	minute := now.Unix() / 60
	hour, err := units(ctx, q, "sold_minutes_v1", sku, minute-59)
	if err != nil {
		return Rates{}, err
	}
	day, err := units(ctx, q, "sold_hours_v1", sku, minute-minute%60-23*60)
	if err != nil {
		return Rates{}, err
	}
	return Rates{Hour: float64(hour), Day: float64(day) / 24}, nil
}

func units(ctx context.Context, q projection.Querier, from, sku string, since int64) (n int64, err error) {
	rows, err := q.Query(ctx, "select coalesce(sum(units), 0) from "+from+" where sku = $1 and start >= $2", sku, since)
	if err != nil {
		return 0, fmt.Errorf("read sales of %s: %w", sku, err)
	}
	defer func() { err = cmp.Or(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, fmt.Errorf("read sales of %s: %w", sku, err)
		}
	}
	return n, rows.Err()
}

// Find reads one SKU.
func Find(ctx context.Context, r projection.Reader, sku string, now time.Time) (Item, bool, error) {
	row, ok, err := table.Find(ctx, r, sku)
	if err != nil || !ok {
		return Item{}, false, err
	}
	item, err := look(ctx, r, row, now)
	return item, true, err
}

// List reads a page of SKUs by name of the SKU; text is the beginning of a SKU or part of a name.
func List(ctx context.Context, r projection.Reader, text, after string, limit int, now time.Time) (items []Item, next string, err error) {
	limit = min(max(limit, 1), 200)
	tail, args := "where sku > $1 ", []any{after}
	if text != "" {
		tail += `and (lower(sku) like $2 escape '\' or lower(name) like $3 escape '\') `
		like := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(text))
		args = append(args, like+"%", "%"+like+"%")
	}
	rows, err := table.Select(ctx, r, tail+"order by sku limit $"+strconv.Itoa(len(args)+1), append(args, limit+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].SKU
	}
	for _, row := range rows {
		item, err := look(ctx, r, row, now)
		if err != nil {
			return nil, "", err
		}
		items = append(items, item)
	}
	return items, next, nil
}

// Critical reads the SKUs that are oversold, waited for or out within the horizon, most urgent
// first; total counts all of them.
func Critical(ctx context.Context, r projection.Reader, limit int, now time.Time) (items []Item, total int64, err error) {
	rows, err := table.Select(ctx, r, "where watch = 1 order by sku")
	if err != nil {
		return nil, 0, err
	}
	for _, row := range rows {
		item, err := look(ctx, r, row, now)
		if err != nil {
			return nil, 0, err
		}
		if item.Severity != "ok" {
			items = append(items, item)
		}
	}
	slices.SortStableFunc(items, func(a, b Item) int {
		return cmp.Or(
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
