package inventory

import (
	"context"
	"slices"

	"github.com/creatorflow/creatorflow/domain/inventory/parts"
	"github.com/creatorflow/creatorflow/projection"
)

// index keeps the parts of a SKU that is new, or has another name than before.
func (f *folding) index(sku string, known bool, before, after string) error {
	var was []string
	if known {
		was = parts.Of(sku, before)
	}
	return parts.Keep(f.parts, sku, was, parts.Of(sku, after))
}

// atOnce is how many SKUs are read before it is known how many of them match.
const atOnce = 200

// search reads SKUs after one whose SKU begins with a text or whose name has it, until there are as many as
// the limit. The text has one part at least.
func search(ctx context.Context, r projection.Reader, text, after string, limit int) ([]Row, error) {
	tail, args, err := parts.Query(ctx, r, text)
	if err != nil {
		return nil, err
	}
	var found []Row
	for {
		args[1] = after
		rows, err := table.Select(ctx, r, tail, append(slices.Clone(args), atOnce)...)
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
