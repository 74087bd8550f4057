package bundles

import (
	"context"
	"slices"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Part is units of a component in one unit of a bundle.
type Part struct {
	Bundle   string
	SKU      string
	Quantity int64
}

var table = &projection.Table[Part]{
	Name: "bundle_parts_v1", Key: 2, Columns: []string{"bundle text", "component text", "quantity bigint"},
	Fields: func(p *Part) []any { return []any{&p.Bundle, &p.SKU, &p.Quantity} },
}

// View keeps what bundles are made of. A bundle's figures are those of its components at the moment of the reading.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "bundles" }

// Version implements projection.Projection.
func (View) Version() int { return 1 }

// Tables implements projection.Projection.
func (View) Tables() []string { return []string{table.Name} }

// Schema implements projection.Projection.
func (View) Schema() []string {
	return []string{table.Create(), "create index bundle_parts_v1_component on bundle_parts_v1 (component, bundle)"}
}

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	parts, moved := table.Edit(tx), map[string]bool{}
	var topics []string
	for _, r := range batch {
		if r.Stream.Kind != events.Kind {
			continue
		}
		moved[r.Stream.ID] = true
		var err error
		switch e := r.Event.(type) {
		case events.JoinedBundle:
			topics = append(topics, topic(e.SKU), topic(e.Bundle))
			err = parts.Put(Part{Bundle: e.Bundle, SKU: e.SKU, Quantity: e.Quantity})
		case events.LeftBundle:
			topics = append(topics, topic(e.SKU), topic(e.Bundle))
			err = parts.Delete(e.Bundle, e.SKU)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := parts.Save(ctx); err != nil || len(moved) == 0 {
		return nil, err
	}
	some, err := table.Select(ctx, tx, "limit 1")
	if err != nil || len(some) == 0 { // most shops have no bundles, and then nothing is asked by SKU
		return topics, err
	}
	for sku := range moved {
		in, err := table.Select(ctx, tx, "where component = $1", sku)
		if err != nil {
			return nil, err
		}
		for _, p := range in {
			topics = append(topics, topic(p.Bundle))
		}
	}
	slices.Sort(topics)
	return slices.Compact(topics), nil
}

func topic(sku string) string { return "stock/" + sku }

// Held is a component of a bundle, and what there is of it.
type Held struct {
	Part
	Name      string
	Available int64
}

// Of reads what a bundle is made of; nothing for a SKU that is none.
func Of(ctx context.Context, r projection.Reader, sku string, now time.Time) ([]Held, error) {
	parts, err := table.Select(ctx, r, "where bundle = $1 order by component", sku)
	held := make([]Held, len(parts))
	for i, p := range parts {
		item, _, err := inventory.Find(ctx, r, p.SKU, now)
		if err != nil {
			return nil, err
		}
		held[i] = Held{Part: p, Name: item.Name, Available: item.Available}
	}
	return held, err
}

// Available is how many units of a bundle its components suffice for.
func Available(parts []Held) (units int64) {
	for i, p := range parts {
		if n := max(0, p.Available) / p.Quantity; i == 0 || n < units {
			units = n
		}
	}
	return units
}

// Using reads in which bundles a SKU is.
func Using(ctx context.Context, r projection.Reader, sku string) ([]Part, error) {
	return table.Select(ctx, r, "where component = $1 order by bundle limit $2", sku, MaxBundles)
}

// Each goes through the parts of all bundles.
func Each(ctx context.Context, r projection.Reader, do func(Part)) error {
	const page = 1000
	for at := (Part{}); ; {
		parts, err := table.Select(ctx, r, "where (bundle, component) > ($1, $2) order by bundle, component limit $3", at.Bundle, at.SKU, page)
		if err != nil {
			return err
		}
		for _, p := range parts {
			do(p)
			at = p
		}
		if len(parts) < page {
			return nil
		}
	}
}
