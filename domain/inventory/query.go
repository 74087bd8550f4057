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

	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory/parts"
	"github.com/creatorflow/creatorflow/domain/inventory/rates"
	"github.com/creatorflow/creatorflow/domain/stockout"
	"github.com/creatorflow/creatorflow/projection"
)

// Item is a SKU with the figures that depend on now.
type Item struct {
	Row
	Rates           stockout.Rates
	Out             time.Duration
	Soonest, Latest time.Duration // the interval of Out
	Selling         bool
	Severity        string // ok, warning, critical
}

func look(row Row, r stockout.Rates) Item {
	item := Item{Row: row, Rates: r, Severity: "ok"}
	item.Out, item.Selling = stockout.After(row.Available, r)
	item.Soonest, item.Latest = stockout.Between(row.Available, r)
	switch {
	case row.Available < 0, row.Waiting > 0, item.Selling && item.Out < stockout.Urgent:
		item.Severity = "critical"
	case item.Selling && item.Out < stockout.Horizon:
		item.Severity = "warning"
	}
	return item
}

// Find reads one SKU.
func Find(ctx context.Context, r projection.Reader, sku string, now time.Time) (Item, bool, error) {
	row, ok, err := table.Find(ctx, r, sku)
	if err != nil || !ok {
		return Item{}, false, err
	}
	sells, err := rates.Of(ctx, r, sku, now)
	return look(row, sells), true, err
}

// List reads a page of SKUs by name of the SKU; text is the beginning of a SKU or part of a name.
func List(ctx context.Context, r projection.Reader, text, after string, limit int, now time.Time) (items []Item, next string, err error) {
	limit = min(max(limit, 1), 200)
	var rows []Row
	switch {
	case text == "":
		rows, err = table.Select(ctx, r, "where sku > $1 order by sku limit $2", after, limit+1)
	case len(parts.Of(text)) > 0:
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
		sells, err := rates.Of(ctx, r, row.SKU, now)
		if err != nil {
			return nil, "", err
		}
		items = append(items, look(row, sells))
	}
	return items, next, nil
}

// Each goes through the rows of all SKUs, in their order.
func Each(ctx context.Context, r projection.Querier, do func(Row)) error {
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
// first; total counts all of them. Only those that it gives are read whole.
func Critical(ctx context.Context, r projection.Reader, limit int, now time.Time) (items []Item, total int64, err error) {
	rows, moved, err := watched(ctx, r, now)
	if err != nil {
		return nil, 0, err
	}
	sells, err := rates.Each(ctx, r, moved)
	if err != nil {
		return nil, 0, err
	}
	for _, row := range rows {
		if item := look(row, sells[row.SKU]); item.Severity != "ok" {
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
	items = items[:min(len(items), max(limit, 1))]
	for i := range items {
		if items[i].Row, _, err = table.Find(ctx, r, items[i].SKU); err != nil {
			return nil, 0, err
		}
	}
	return items, total, nil
}

// watched reads what tells of watched SKUs whether somebody must look, and which of them may have sold within the day: one that has
// not moved for two, as clocks are set back at times, sold nothing. Of those, the ones of which nothing is owed are left out.
func watched(ctx context.Context, r projection.Reader, now time.Time) (all []Row, moved []rates.At, err error) {
	still := now.Add(-2 * stockout.Horizon)
	rows, err := r.Query(ctx, `select sku, available, waiting, moved_at >= $1 from stock_v3
		where watch = 1 and (available < 0 or waiting > 0 or moved_at >= $1) order by sku`, still.UnixMicro())
	if err != nil {
		return nil, nil, fmt.Errorf("read what is watched: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var row Row
		var lately bool
		if err := rows.Scan(&row.SKU, &row.Available, &row.Waiting, &lately); err != nil {
			return nil, nil, fmt.Errorf("read what is watched: %w", err)
		}
		if all = append(all, row); lately {
			moved = append(moved, rates.At{SKU: row.SKU, Now: now})
		}
	}
	return all, moved, rows.Err()
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

// ShortOf reads the SKUs of which an order waits for units.
func ShortOf(ctx context.Context, r projection.Reader, order string) ([]string, error) {
	rows, err := shortages.Select(ctx, r, "where order_id = $1 order by sku", order)
	skus := make([]string, len(rows))
	for i, s := range rows {
		skus[i] = s.SKU
	}
	return skus, err
}

// Explain says in one sentence how the available figure comes about.
func Explain(r Row) string {
	adjusted := fmt.Sprintf("+ %d adjusted", r.Adjusted)
	if r.Adjusted < 0 {
		adjusted = fmt.Sprintf("− %d adjusted", -r.Adjusted)
	}
	aside := ""
	if r.Aside != 0 {
		aside = fmt.Sprintf(" − %d where orders are not shipped from", r.Aside)
	}
	return fmt.Sprintf("%d available = %d on hand%s − %d reserved; %d on hand = %d received − %d shipped %s + %d returned.",
		r.Available, r.OnHand, aside, r.Reserved, r.OnHand, r.Received, r.Shipped, adjusted, r.Returned)
}

// Made says in words what a bundle is made of.
func Made(components []events.Component) string {
	parts := make([]string, len(components))
	for i, c := range components {
		parts[i] = fmt.Sprintf("%d × %s", c.Quantity, c.SKU)
	}
	return strings.Join(parts, ", ")
}
