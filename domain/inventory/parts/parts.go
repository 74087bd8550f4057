// Package parts keeps which three characters stand in SKUs and their names, so that a search for a part of a name reads the SKUs that
// have the rarest of them and not all there are.
package parts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/creatorflow/creatorflow/projection"
)

// Part says that three characters stand in a SKU or in its name, in lower case.
type Part struct {
	Part string
	SKU  string
}

// Table has them all; the view of stock folds it.
var Table = &projection.Table[Part]{
	Name: "stock_parts_v3", Key: 2, Columns: []string{"part text", "item text"},
	Fields: func(p *Part) []any { return []any{&p.Part, &p.SKU} },
}

// length is in characters.
const length = 3

// Of are the parts of texts, each once, sorted.
func Of(texts ...string) []string {
	var all []string
	for _, text := range texts {
		runes := []rune(strings.ToLower(text))
		for i := 0; i+length <= len(runes); i++ {
			all = append(all, string(runes[i:i+length]))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Keep has a SKU found by the parts of texts, and no more by those of texts that it had before.
func Keep(table *projection.Edit[Part], sku string, was, now []string) error {
	for _, p := range was {
		if _, stays := slices.BinarySearch(now, p); !stays {
			if err := table.Delete(p, sku); err != nil {
				return err
			}
		}
	}
	for _, p := range now {
		if _, stood := slices.BinarySearch(was, p); !stood {
			if err := table.Put(Part{Part: p, SKU: sku}); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	asked = 16   // parts of a text are counted, so that a long one costs no more
	many  = 5000 // SKUs with a part are not counted beyond
	used  = 3    // parts narrow the search, the rarest first
)

// Query is the tail of a query for rows by SKU, the first after the second argument and at most as many as the last, which have the
// rarest parts of a text; the text has one part at least.
func Query(ctx context.Context, r projection.Reader, text string) (tail string, args []any, err error) {
	few, err := rarest(ctx, r, text)
	if err != nil {
		return "", nil, err
	}
	tail, args = "join (select p.item from "+Table.Name+" p where p.part = $1 and p.item > $2 ", []any{few[0], ""}
	for _, p := range few[1:] {
		args = append(args, p)
		tail += "and exists (select 1 from " + Table.Name + " q where q.part = $" + strconv.Itoa(len(args)) + " and q.item = p.item) "
	}
	return tail + "order by p.item limit $" + strconv.Itoa(len(args)+1) + ") found on item = sku order by sku", args, nil
}

// rarest are those parts of a text that the fewest SKUs have.
func rarest(ctx context.Context, r projection.Reader, text string) ([]string, error) {
	type counted struct {
		part string
		n    int64
	}
	var all []counted
	of := Of(text)
	for _, p := range of[:min(len(of), asked)] {
		n, err := count(ctx, r, p)
		if err != nil {
			return nil, err
		}
		all = append(all, counted{p, n})
	}
	slices.SortStableFunc(all, func(a, b counted) int { return cmp.Compare(a.n, b.n) })
	few := make([]string, min(len(all), used))
	for i := range few {
		few[i] = all[i].part
	}
	return few, nil
}

// count is how many SKUs have a part.
func count(ctx context.Context, q projection.Querier, part string) (n int64, err error) {
	rows, err := q.Query(ctx, "select count(*) from (select 1 from "+Table.Name+" where part = $1 limit $2) found", part, many)
	if err != nil {
		return 0, fmt.Errorf("count SKUs: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, fmt.Errorf("count SKUs: %w", err)
		}
	}
	return n, rows.Err()
}
