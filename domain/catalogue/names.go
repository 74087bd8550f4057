package catalogue

import (
	"context"
	"slices"

	"github.com/creatorflow/creatorflow/projection"
)

// Titles reads every SKU that is known or listed, each with the titles under which shops list it.
func Titles(ctx context.Context, r projection.Reader) (map[string][]string, error) {
	titles := map[string][]string{}
	known, err := skus.Select(ctx, r, "")
	if err != nil {
		return nil, err
	}
	for _, s := range known {
		titles[s.SKU] = nil
	}
	rows, err := table.Select(ctx, r, "where sku <> ''")
	for _, row := range rows {
		if there := titles[row.SKU]; row.Title == "" || slices.Contains(there, row.Title) {
			titles[row.SKU] = there
		} else {
			titles[row.SKU] = append(there, row.Title)
		}
	}
	return titles, err
}
