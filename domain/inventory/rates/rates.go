// Package rates reads from the tables of the inventory view how fast SKUs sell.
package rates

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/stockout"
	"github.com/creatorflow/creatorflow/projection"
)

// Sold is how many units of a SKU were reserved for orders in a minute or an hour; units that a
// cancelled order gave back are taken out of the time they were sold in.
type Sold struct {
	SKU   string
	Start int64 // minutes since 1970
	Units int64
}

func soldTable(name string) *projection.Table[Sold] {
	return &projection.Table[Sold]{
		Name: name, Key: 2, Columns: []string{"sku text", "start bigint", "units bigint"},
		Fields: func(s *Sold) []any { return []any{&s.SKU, &s.Start, &s.Units} },
	}
}

// Minutes is what sold by the minute; the view of stock folds it.
var Minutes = soldTable("sold_minutes_v3")

// Hours is the same by the hour.
var Hours = soldTable("sold_hours_v3")

// window is the beginnings of the buckets that make up the last hour and the last day: minutes for
// the hour, and for the day whole hours with the minutes before the first of them.
type window struct{ hour, day, hours int64 }

func windowAt(now time.Time) window {
	minute := now.Unix() / 60
	day := minute - 24*60 + 1
	return window{hour: minute - 59, day: day, hours: (day + 59) / 60 * 60}
}

// At asks for the sales of a SKU in the hour and the day before a moment.
type At struct {
	SKU string
	Now time.Time
}

// Of sums one SKU's sales of the hour and the day before now.
func Of(ctx context.Context, q projection.Querier, sku string, now time.Time) (stockout.Rates, error) {
	of, err := Each(ctx, q, []At{{sku, now}})
	return of[sku], err
}

// together is how many SKUs one query asks for.
const together = 16

var one, several = text(1), text(together)

// text is the query for so many SKUs; of each it takes the SKU and the beginnings of the three stretches.
func text(skus int) string {
	var all []string
	for i := range skus {
		mark := strings.NewReplacer("$sku", "$"+strconv.Itoa(4*i+1), "$hour", "$"+strconv.Itoa(4*i+2), "$day", "$"+strconv.Itoa(4*i+3), "$full", "$"+strconv.Itoa(4*i+4))
		all = append(all, mark.Replace(`
			select sku, units, 0 from sold_minutes_v3 where sku = $sku and start >= $hour
			union all select sku, 0, units from sold_minutes_v3 where sku = $sku and start >= $day and start < $full
			union all select sku, 0, units from sold_hours_v3 where sku = $sku and start >= $full`))
	}
	return strings.Join(all, " union all ")
}

// Each does what Of does for many SKUs, no one of which comes twice.
func Each(ctx context.Context, q projection.Querier, of []At) (map[string]stockout.Rates, error) {
	sold := make(map[string][2]int64, len(of))
	for len(of) > 0 {
		query, n := one, 1
		if len(of) >= together {
			query, n = several, together
		}
		args := make([]any, 0, 4*n)
		for _, at := range of[:n] {
			w := windowAt(at.Now)
			sold[at.SKU] = [2]int64{}
			args = append(args, at.SKU, w.hour, w.day, w.hours)
		}
		of = of[n:]
		if err := sums(ctx, q, func(sku string, hour, day int64) {
			sold[sku] = [2]int64{sold[sku][0] + hour, sold[sku][1] + day}
		}, query, args...); err != nil {
			return nil, err
		}
	}
	rates := make(map[string]stockout.Rates, len(sold))
	for sku, s := range sold {
		rates[sku] = stockout.Rated(s[0], s[1])
	}
	return rates, nil
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
