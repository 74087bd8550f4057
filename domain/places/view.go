package places

import (
	"context"
	"slices"

	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// locationRow is a location, with its place in the order in which they are asked.
type locationRow struct {
	ID, Name            string
	Ships, Closed, Rank int64
}

var locations = &projection.Table[locationRow]{
	Name: "locations_v3", Key: 1, Columns: []string{"id text", "name text", "ships bigint", "closed bigint", "rank bigint"},
	Fields: func(l *locationRow) []any { return []any{&l.ID, &l.Name, &l.Ships, &l.Closed, &l.Rank} },
}

// shelfRow is what lies of a SKU at a location; of the main one, which has the rest, only what orders are sent with from there.
type shelfRow struct {
	SKU, Location           string
	Units, Adjusted, Picked int64
}

var shelves = &projection.Table[shelfRow]{
	Name: "shelves_v3", Key: 2, Columns: []string{"sku text", "location text", "units bigint", "adjusted bigint", "picked bigint"},
	Fields: func(s *shelfRow) []any { return []any{&s.SKU, &s.Location, &s.Units, &s.Adjusted, &s.Picked} },
}

// Tables are the tables that a projection of stock keeps of locations.
func Tables() []string { return []string{locations.Name, shelves.Name} }

// Schema is their DDL.
func Schema() []string {
	return []string{locations.Create(), shelves.Create(), "create index shelves_v3_location on shelves_v3 (location, sku)"}
}

// Stand is what lies of a SKU at a location.
type Stand struct {
	Location
	Units    int64
	Adjusted int64 // the sum of all corrections there
	Picked   int64 // units that orders are sent with from there
}

// Read reads the locations.
func Read(ctx context.Context, q projection.Querier) (State, error) {
	rows, err := locations.Select(ctx, q, "order by rank")
	all := make([]Location, len(rows))
	for i, row := range rows {
		all[i] = Location{ID: row.ID, Name: row.Name, Ships: row.Ships == 1, Closed: row.Closed == 1}
	}
	return Of(all), err
}

// Standing reads where the units of a SKU lie, of which so many are on hand after so many corrections: at every open location, and
// at closed ones that have some.
func Standing(ctx context.Context, q projection.Querier, sku string, onHand, adjusted int64) (stands []Stand, err error) {
	where, err := Read(ctx, q)
	if err != nil {
		return nil, err
	}
	rows, err := shelves.Select(ctx, q, "where sku = $1", sku)
	if err != nil {
		return nil, err
	}
	for _, s := range rows {
		onHand, adjusted = onHand-s.Units, adjusted-s.Adjusted
	}
	for _, l := range where.All() {
		at := Stand{Location: l}
		if i := slices.IndexFunc(rows, func(s shelfRow) bool { return s.Location == l.ID }); i >= 0 {
			at.Units, at.Adjusted, at.Picked = rows[i].Units, rows[i].Adjusted, rows[i].Picked
		}
		if l.ID == Main {
			at.Units, at.Adjusted = onHand, adjusted
		}
		if !l.Closed || at.Units != 0 {
			stands = append(stands, at)
		}
	}
	return stands, nil
}

// Each goes through all units that lie at another location than the main one.
func Each(ctx context.Context, q projection.Querier, do func(sku, location string, units int64)) error {
	const page = 1000
	for sku, location := "", ""; ; {
		rows, err := shelves.Select(ctx, q, "where sku > $1 or sku = $1 and location > $2 order by sku, location limit $3", sku, location, page)
		if err != nil {
			return err
		}
		for _, s := range rows {
			if sku, location = s.SKU, s.Location; s.Units != 0 {
				do(s.SKU, s.Location, s.Units)
			}
		}
		if len(rows) < page {
			return nil
		}
	}
}

// LyingAt reads which SKUs have units at a location other than the main one, after one of them, at most limit.
func LyingAt(ctx context.Context, q projection.Querier, location, after string, limit int) ([]string, error) {
	rows, err := shelves.Select(ctx, q, "where location = $1 and units <> 0 and sku > $2 order by sku limit $3", location, after, limit)
	skus := make([]string, len(rows))
	for i, s := range rows {
		skus[i] = s.SKU
	}
	return skus, err
}

// Folding folds a batch of records into the tables.
type Folding struct {
	tx        projection.Tx
	locations *projection.Edit[locationRow]
	shelves   *projection.Edit[shelfRow]
	where     *State // nil = not read yet
}

// Batch begins a batch.
func Batch(tx projection.Tx) *Folding {
	return &Folding{tx: tx, locations: locations.Edit(tx), shelves: shelves.Edit(tx)}
}

// Where is the locations as the batch has them so far.
func (f *Folding) Where(ctx context.Context) (State, error) {
	if f.where == nil {
		s, err := Read(ctx, f.tx)
		if err != nil {
			return State{}, err
		}
		f.where = &s
	}
	return *f.where, nil
}

// Take puts units where an event of stock has them.
func (f *Folding) Take(ctx context.Context, e eventlog.Event) error {
	_, counted := e.(stockevents.Adjusted)
	for _, c := range Changes(e) {
		if c.Location == Main {
			continue
		}
		shelf, err := f.shelves.Get(ctx, c.SKU, c.Location)
		if err != nil {
			return err
		}
		if shelf.Units += c.Units; counted {
			shelf.Adjusted += c.Units
		}
	}
	return nil
}

// Pick notes that orders are sent with units, or with a sign of −1 that they are not any more.
func (f *Folding) Pick(ctx context.Context, sku string, parts []stockevents.Part, sign int64) error {
	for _, part := range parts {
		shelf, err := f.shelves.Get(ctx, sku, ID(part.Location))
		if err != nil {
			return err
		}
		shelf.Picked += sign * part.Quantity
	}
	return nil
}

// Aside counts what of a SKU is not for sale.
func (f *Folding) Aside(ctx context.Context, sku string, onHand int64) (int64, error) {
	where, err := f.Where(ctx)
	if err != nil {
		return 0, err
	}
	elsewhere := map[string]int64{}
	for _, l := range where.All() {
		if l.ID == Main {
			continue
		}
		shelf, err := f.shelves.Get(ctx, sku, l.ID)
		if err != nil {
			return 0, err
		}
		elsewhere[l.ID] = shelf.Units
	}
	return where.Aside(onHand, elsewhere), nil
}

// Arrange takes in an event of the locations, and names the SKUs of which another amount may be for sale than before; all says
// that every SKU may be one.
func (f *Folding) Arrange(ctx context.Context, e eventlog.Event) (skus []string, all bool, err error) {
	was, err := f.Where(ctx)
	if err != nil {
		return nil, false, err
	}
	*f.where = was.Evolve(e)
	for i, l := range f.where.All() {
		row := locationRow{ID: l.ID, Name: l.Name, Rank: int64(i)}
		if l.Ships {
			row.Ships = 1
		}
		if l.Closed {
			row.Closed = 1
		}
		if err := f.locations.Put(row); err != nil {
			return nil, false, err
		}
		if was.Ships(l.ID) == l.Ships {
			continue
		}
		if err := f.shelves.Save(ctx); err != nil { // they are looked for in the table
			return nil, false, err
		}
		there, err := LyingAt(ctx, f.tx, l.ID, "", 1<<30)
		if err != nil {
			return nil, false, err
		}
		skus, all = append(skus, there...), all || l.ID == Main
	}
	return skus, all, nil
}

// Save writes the rows.
func (f *Folding) Save(ctx context.Context) error {
	if err := f.locations.Save(ctx); err != nil {
		return err
	}
	return f.shelves.Save(ctx)
}
