// Package workspace keeps what a seller's business is called, in which zone its day begins and
// which currency its figures show first.
package workspace

import (
	"context"
	"time"
	_ "time/tzdata" // a machine without zones of its own knows the same ones

	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	events "github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Main is the id of the first workspace.
const Main = "main"

// Row is a workspace as screens show it.
type Row struct {
	ID, Name, Zone, Currency string
	OrdersTitle              string // empty = as the app calls it
	Sold                     string // the currency of the first order taken in
	Changed                  Versions
}

// Location is the zone's calendar; an unknown zone counts as UTC.
func (r Row) Location() *time.Location {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

var table = &projection.Table[Row]{
	Name: "workspaces_v3", Key: 1,
	Columns: []string{
		"id text", "name text", "zone text", "currency text", "sold text",
		"name_version bigint", "zone_version bigint", "currency_version bigint", "orders_title text", "orders_title_version bigint",
	},
	Fields: func(r *Row) []any {
		return []any{&r.ID, &r.Name, &r.Zone, &r.Currency, &r.Sold, &r.Changed.Name, &r.Changed.Zone, &r.Changed.Currency, &r.OrdersTitle, &r.Changed.OrdersTitle}
	},
}

// View keeps the workspaces.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "workspaces" }

// Version implements projection.Projection.
func (View) Version() int { return 3 }

// Tables implements projection.Projection.
func (View) Tables() []string { return []string{table.Name} }

// Schema implements projection.Projection.
func (View) Schema() []string { return []string{table.Create()} }

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	rows := table.Edit(tx)
	var topics []string
	for _, r := range batch {
		switch e := r.Event.(type) {
		case events.Configured:
			row, err := rows.Get(ctx, r.Stream.ID)
			if err != nil {
				return nil, err
			}
			row.Changed = row.Changed.after(events.Configured{Name: row.Name, Zone: row.Zone, Currency: row.Currency, OrdersTitle: row.OrdersTitle}, e, int64(r.Version))
			row.Name, row.Zone, row.Currency, row.OrdersTitle = e.Name, e.Zone, e.Currency, e.OrdersTitle
		case orderevents.Placed:
			row, err := rows.Get(ctx, r.Stream.Workspace)
			if err != nil {
				return nil, err
			}
			if row.Sold != "" {
				continue
			}
			row.Sold = e.Total.Currency
		default:
			continue
		}
		topics = []string{"kpis", "series/revenue"}
	}
	return topics, rows.Save(ctx)
}

// Find reads a workspace. What nobody has set is made up for: the currency is that of the first
// order taken in, so that a new shop's figures are not all in other currencies.
func Find(ctx context.Context, r projection.Reader, id string) (Row, error) {
	row, _, err := table.Find(ctx, r, id)
	row.ID = id
	for _, made := range []struct {
		field *string
		up    string
	}{{&row.Name, "My shop"}, {&row.Zone, "UTC"}, {&row.Currency, row.Sold}, {&row.Currency, "USD"}} {
		if *made.field == "" {
			*made.field = made.up
		}
	}
	return row, err
}
