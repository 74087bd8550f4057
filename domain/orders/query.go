package orders

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/projection"
)

// Filter narrows a list of orders. Zero fields do not narrow.
type Filter struct {
	Text       string // begin of the channel's order id
	Status     string // a channel status, a waiting code, or active, cancelled, finished, stuck
	Connection string
	Flagged    bool   // only those that a person must look at
	After      string // the Next of the page before
	Limit      int    // 1 to 200
}

// Find reads one order.
func Find(ctx context.Context, r projection.Reader, id string) (Row, bool, error) {
	return table.Find(ctx, r, id)
}

// term is one of the conditions of a list.
type term struct {
	column string
	is     string // what follows the column
	n      int64  // how many orders meet it
	key    string // of the counter that says so, empty when none does
}

// few is how many orders are sorted at most because they begin with a text.
const few = 4000

// List reads a page of orders, newest first. Total is the filter's whole count, −1 when only a
// full read could tell.
//
// The rarest of the conditions chooses the index; the others must not, however they look to the
// database: it does not know how many orders meet them.
func List(ctx context.Context, r projection.Reader, f Filter) (rows []Row, total int64, next string, err error) {
	var args []any
	arg := func(v any) string { args = append(args, v); return "$" + strconv.Itoa(len(args)) }
	terms, err := f.terms(ctx, r, arg)
	if err != nil {
		return nil, 0, "", err
	}
	total = -1
	switch len(terms) {
	case 0:
		total, err = Count(ctx, r, "all")
	case 1:
		if terms[0].key != "" {
			total = terms[0].n
		}
	}
	if err != nil {
		return nil, 0, "", err
	}
	order := "order by placed_at desc, id desc"
	var where []string
	for i, t := range terms {
		switch {
		case i > 0 || t.n > few && t.column == "channel_id":
			t.column = "coalesce(" + t.column + ", '')"
		case t.column == "channel_id":
			order = "order by coalesce(placed_at, 0) desc, id desc" // sorts these few, rather than look for them among all
		}
		where = append(where, t.column+" "+t.is)
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
	rows, err = table.Select(ctx, r, tail+order+" limit "+arg(limit+1), args...)
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		next = strconv.FormatInt(last.PlacedAt.UnixMicro(), 10) + "," + last.ID
	}
	return rows, total, next, err
}

// terms are the filter's conditions, the rarest first. A text that more than a few orders begin with comes
// last.
func (f Filter) terms(ctx context.Context, r projection.Reader, arg func(any) string) (terms []term, err error) {
	switch {
	case f.Status == "":
	case f.Status == "active":
		terms = append(terms, term{column: "phase", is: strings.TrimPrefix(active, "phase "), key: "active"})
	case slices.Contains([]string{"finished", "undone", "stuck", "running", "undoing"}, f.Status):
		terms = append(terms, term{column: "phase", is: "= " + arg(f.Status), key: "phase:" + f.Status})
	case slices.Contains(progress, f.Status) && f.Status != OnHold && f.Status != Unpaid:
		terms = append(terms, term{column: "status", is: "= " + arg(f.Status), key: "status:" + f.Status})
	default:
		terms = append(terms, term{column: "waiting", is: "= " + arg(f.Status), key: "waiting:" + f.Status})
	}
	if f.Flagged {
		terms = append(terms, term{column: "flag", is: "<> ''", key: "flagged"})
	}
	if f.Connection != "" {
		terms = append(terms, term{column: "connection", is: "= " + arg(f.Connection), key: "connection:" + f.Connection})
	}
	for i := range terms {
		if terms[i].n, err = Count(ctx, r, terms[i].key); err != nil {
			return nil, err
		}
	}
	if f.Text != "" {
		from, to := f.Text, f.Text+"\U0010FFFF"
		t := term{column: "channel_id", is: "between " + arg(from) + " and " + arg(to)}
		if t.n, err = begins(ctx, r, from, to); err != nil {
			return nil, err
		}
		if t.n > few {
			t.n = math.MaxInt64 // how many more, nobody knows
		}
		terms = append(terms, t)
	}
	slices.SortStableFunc(terms, func(a, b term) int { return cmp.Compare(a.n, b.n) })
	return terms, nil
}

// begins counts the orders whose channel's id is between two texts, up to a few and one more.
func begins(ctx context.Context, r projection.Reader, from, to string) (n int64, err error) {
	rows, err := r.Query(ctx, "select count(*) from (select 1 from "+table.Name+" where channel_id >= $1 and channel_id < $2 limit $3) found", from, to, few+1)
	if err != nil {
		return 0, fmt.Errorf("count orders: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, fmt.Errorf("count orders: %w", err)
		}
	}
	return n, rows.Err()
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

// Count reads a counter: "all", "active", "flagged", "status:<status>", "waiting:<code>", "phase:<phase>",
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
// as zeros. Edges are the starts of the steps, ascending; the last edge ends the last step. Without a currency orders in all of them
// count, and their money is not added up.
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
		if currency != "" && b.Currency != currency {
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
			if currency != "" {
				series[i-1].Revenue += b.Revenue
			}
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

// Asking reads the orders with an answer on its way to the channel.
func Asking(ctx context.Context, r projection.Reader) ([]Row, error) {
	return table.Select(ctx, r, "where asking <> 0")
}
