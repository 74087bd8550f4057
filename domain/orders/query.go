package orders

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/projection"
)

// Filter narrows a list of orders. Zero fields do not narrow.
type Filter struct {
	Text       string // part of the channel's order id
	Status     string // a channel status, a waiting code, or active, cancelled, finished, stuck
	Connection string
	After      string // the Next of the page before
	Limit      int    // 1 to 200
}

// Find reads one order.
func Find(ctx context.Context, r projection.Reader, id string) (Row, bool, error) {
	return table.Find(ctx, r, id)
}

// List reads a page of orders, newest first. Total is the filter's whole count, −1 when only a
// full read could tell.
func List(ctx context.Context, r projection.Reader, f Filter) (rows []Row, total int64, next string, err error) {
	var where []string
	var args []any
	arg := func(v any) string { args = append(args, v); return "$" + strconv.Itoa(len(args)) }
	key := "all"
	switch f.Status {
	case "":
	case "active":
		key = "active"
		where = append(where, "phase not in ('finished', 'undone')")
	case "finished", "undone", "stuck", "running", "undoing":
		key = "phase:" + f.Status
		where = append(where, "phase = "+arg(f.Status))
	default:
		if slices.Contains(progress, f.Status) && f.Status != OnHold && f.Status != Unpaid {
			key = "status:" + f.Status
			where = append(where, "status = "+arg(f.Status))
		} else {
			key = "waiting:" + f.Status
			where = append(where, "waiting = "+arg(f.Status))
		}
	}
	if f.Connection != "" {
		key = ""
		where = append(where, "connection = "+arg(f.Connection))
	}
	if f.Text != "" {
		key = ""
		where = append(where, "channel_id >= "+arg(f.Text)+" and channel_id < "+arg(f.Text+"\U0010FFFF"))
	}
	if f.After != "" {
		at, id, err := cursor(f.After)
		if err != nil {
			return nil, 0, "", err
		}
		where = append(where, "(placed_at, id) < ("+arg(at)+", "+arg(id)+")")
	}
	tail := ""
	if len(where) > 0 {
		tail = "where " + strings.Join(where, " and ") + " "
	}
	limit := min(max(f.Limit, 1), 200)
	rows, err = table.Select(ctx, r, tail+"order by placed_at desc, id desc limit "+arg(limit+1), args...)
	if err != nil {
		return nil, 0, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		next = strconv.FormatInt(last.PlacedAt.UnixMicro(), 10) + "," + last.ID
	}
	total = -1
	if key != "" {
		total, err = Count(ctx, r, key)
	}
	return rows, total, next, err
}

// ErrCursor says that a page's cursor was not made by the page before.
var ErrCursor = fmt.Errorf("orders: after is not a cursor of this list")

func cursor(s string) (int64, string, error) {
	at, id, ok := strings.Cut(s, ",")
	n, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil {
		return 0, "", ErrCursor
	}
	return n, id, nil
}

// Count reads a counter: "all", "active", "status:<status>", "waiting:<code>", "phase:<phase>",
// "customers" or "repeat_customers".
func Count(ctx context.Context, r projection.Reader, key string) (int64, error) {
	c, _, err := counts.Find(ctx, r, key)
	return c.N, err
}

// Inboxes says which raw webhook brought each of some orders.
func Inboxes(ctx context.Context, r projection.Reader, ids []string) (map[string]int64, error) {
	found := map[string]int64{}
	for _, id := range ids {
		if _, seen := found[id]; seen || id == "" {
			continue
		}
		row, _, err := table.Find(ctx, r, id)
		if err != nil {
			return nil, err
		}
		found[id] = row.Inbox
	}
	return found, nil
}

// Sold sums what was placed from one time up to another, by currency, cancelled orders left out.
// Whole minutes count, begun ones too.
func Sold(ctx context.Context, r projection.Reader, from, to time.Time) (map[string]Bucket, error) {
	buckets, err := spread(ctx, r, from, to)
	if err != nil {
		return nil, err
	}
	sums := map[string]Bucket{}
	for _, b := range buckets {
		s := sums[b.Currency]
		s.Currency = b.Currency
		s.Orders += b.Orders
		s.Revenue += b.Revenue
		sums[b.Currency] = s
	}
	return sums, nil
}

// Series reads what was placed in each step from one time up to another, oldest first, empty steps
// as zeros. Edges are the starts of the steps, ascending; the last edge ends the last step.
func Series(ctx context.Context, r projection.Reader, currency string, edges []time.Time) ([]Bucket, error) {
	if len(edges) < 2 {
		return nil, nil
	}
	buckets, err := spread(ctx, r, edges[0], edges[len(edges)-1])
	if err != nil {
		return nil, err
	}
	series := make([]Bucket, len(edges)-1)
	for i := range series {
		series[i] = Bucket{Currency: currency, Start: edges[i].Unix() / 60}
	}
	for _, b := range buckets {
		if b.Currency != currency {
			continue
		}
		i, _ := slices.BinarySearchFunc(series, b.Start, func(s Bucket, start int64) int {
			if s.Start <= start {
				return -1
			}
			return 1
		})
		if i > 0 {
			series[i-1].Orders += b.Orders
			series[i-1].Revenue += b.Revenue
		}
	}
	return series, nil
}

// spread reads the buckets of a stretch of whole minutes: quarters, and minutes before the first
// whole quarter and after the last.
func spread(ctx context.Context, r projection.Reader, from, to time.Time) ([]Bucket, error) {
	first, end := from.Unix()/60, (to.Unix()+59)/60
	if to.Nanosecond() > 0 && to.Unix()%60 == 0 {
		end++
	}
	firstQuarter := (first + 14) / 15 * 15
	endQuarter := max(end/15*15, firstQuarter)
	var all []Bucket
	for _, part := range []struct {
		table     *projection.Table[Bucket]
		from, end int64
	}{
		{minutes, first, min(firstQuarter, end)}, {quarters, firstQuarter, endQuarter}, {minutes, endQuarter, end},
	} {
		if part.from >= part.end {
			continue
		}
		found, err := part.table.Select(ctx, r, "where start >= $1 and start < $2 order by start, currency", part.from, part.end)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// LoyaltyAt reads how many customers there were on the last day up to a day (days since 1970).
func LoyaltyAt(ctx context.Context, r projection.Reader, day int64) (Loyalty, bool, error) {
	found, err := loyalty.Select(ctx, r, "where day <= $1 order by day desc limit 1", day)
	if err != nil || len(found) == 0 {
		return Loyalty{}, false, err
	}
	return found[0], true, nil
}

// LoyaltySince reads the days from a day on, oldest first.
func LoyaltySince(ctx context.Context, r projection.Reader, day int64) ([]Loyalty, error) {
	return loyalty.Select(ctx, r, "where day >= $1 order by day", day)
}
