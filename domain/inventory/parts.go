package inventory

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

// part says that three characters stand in a SKU or in its name, in lower case: a search for a part of a
// name reads the SKUs that have the rarest three of it, not all there are.
type part struct {
	Part string
	SKU  string
}

var parts = &projection.Table[part]{
	Name: "stock_parts_v3", Key: 2, Columns: []string{"part text", "item text"},
	Fields: func(p *part) []any { return []any{&p.Part, &p.SKU} },
}

// partLength is in characters.
const partLength = 3

// partsOf are the parts of texts, each once, sorted.
func partsOf(texts ...string) []string {
	var all []string
	for _, text := range texts {
		runes := []rune(strings.ToLower(text))
		for i := 0; i+partLength <= len(runes); i++ {
			all = append(all, string(runes[i:i+partLength]))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// index keeps the parts of a SKU that is new, or has another name than before.
func (f *folding) index(sku string, known bool, before, after string) error {
	now := partsOf(sku, after)
	var was []string
	if known {
		was = partsOf(sku, before)
	}
	for _, p := range was {
		if _, stays := slices.BinarySearch(now, p); !stays {
			if err := f.parts.Delete(p, sku); err != nil {
				return err
			}
		}
	}
	for _, p := range now {
		if _, stood := slices.BinarySearch(was, p); !stood {
			if err := f.parts.Put(part{Part: p, SKU: sku}); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	askedParts = 16   // of a text are counted, so that a long one costs no more
	manyParts  = 5000 // SKUs with a part are not counted beyond
	usedParts  = 3    // narrow the search, the rarest first
	atOnce     = 200  // SKUs that are read before it is known how many of them match
)

// search reads SKUs after one whose SKU begins with a text or whose name has it, until there are as many as
// the limit. The text has one part at least.
func search(ctx context.Context, r projection.Reader, text, after string, limit int) ([]Row, error) {
	rarest, err := rarestParts(ctx, r, text)
	if err != nil {
		return nil, err
	}
	tail, args := "join (select p.item from "+parts.Name+" p where p.part = $1 and p.item > $2 ", []any{rarest[0], ""}
	for _, p := range rarest[1:] {
		args = append(args, p)
		tail += "and exists (select 1 from " + parts.Name + " q where q.part = $" + strconv.Itoa(len(args)) + " and q.item = p.item) "
	}
	var found []Row
	for {
		args[1] = after
		rows, err := table.Select(ctx, r, tail+"order by p.item limit $"+strconv.Itoa(len(args)+1)+") found on item = sku order by sku", append(slices.Clone(args), atOnce)...)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if row.Matches(text) {
				found = append(found, row)
			}
		}
		if len(found) >= limit || len(rows) < atOnce {
			return found[:min(len(found), limit)], nil
		}
		after = rows[len(rows)-1].SKU
	}
}

// rarestParts are those parts of a text that the fewest SKUs have.
func rarestParts(ctx context.Context, r projection.Reader, text string) ([]string, error) {
	type counted struct {
		part string
		n    int64
	}
	var all []counted
	of := partsOf(text)
	for _, p := range of[:min(len(of), askedParts)] {
		c := counted{part: p}
		if err := one(ctx, r, &c.n, "select count(*) from (select 1 from "+parts.Name+" where part = $1 limit $2) found", p, manyParts); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b counted) int { return cmp.Compare(a.n, b.n) })
	rarest := make([]string, min(len(all), usedParts))
	for i := range rarest {
		rarest[i] = all[i].part
	}
	return rarest, nil
}

// one reads the number that a query gives.
func one(ctx context.Context, q projection.Querier, into *int64, query string, args ...any) (err error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("count SKUs: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(into); err != nil {
			return fmt.Errorf("count SKUs: %w", err)
		}
	}
	return rows.Err()
}
