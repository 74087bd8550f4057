// Package workspace keeps what a seller's business is called, in which zone its day begins and
// which currency its figures show first.
package workspace

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	events "github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
)

// Main is the id of the first workspace.
const Main = "main"

// Rules' answers.
const (
	ErrName     = eventlog.Refusal("The name of the business has 1 to 80 characters, and no control characters.")
	ErrZone     = eventlog.Refusal("The zone must be an IANA name such as Europe/London.")
	ErrCurrency = eventlog.Refusal("The currency must be an ISO 4217 code such as GBP.")
)

// Configuring sets name, zone and currency; the same again yields no event. Spaces around the name
// are dropped.
func Configuring() eventlog.Decider[events.Configured, events.Configured] {
	return eventlog.Decider[events.Configured, events.Configured]{
		Name: "workspace",
		Evolve: func(s events.Configured, e eventlog.Event) events.Configured {
			if e, ok := e.(events.Configured); ok {
				return e
			}
			return s
		},
		Decide: func(s, c events.Configured) ([]eventlog.Event, error) {
			c.Name = strings.TrimSpace(c.Name)
			if n := utf8.RuneCountInString(c.Name); n < 1 || n > 80 || !utf8.ValidString(c.Name) || strings.ContainsFunc(c.Name, unicode.IsControl) {
				return nil, ErrName
			}
			if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" || c.Zone == "Local" {
				return nil, ErrZone
			}
			if _, ok := money.Exponent(c.Currency); !ok {
				return nil, ErrCurrency
			}
			if s == c {
				return nil, nil
			}
			return []eventlog.Event{c}, nil
		},
	}
}

// Row is a workspace as screens show it.
type Row struct{ ID, Name, Zone, Currency string }

// Location is the zone's calendar; an unknown zone counts as UTC.
func (r Row) Location() *time.Location {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

var table = &projection.Table[Row]{
	Name: "workspaces_v1", Key: 1, Columns: []string{"id text", "name text", "zone text", "currency text"},
	Fields: func(r *Row) []any { return []any{&r.ID, &r.Name, &r.Zone, &r.Currency} },
}

// View keeps the workspaces.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "workspaces" }

// Version implements projection.Projection.
func (View) Version() int { return 1 }

// Tables implements projection.Projection.
func (View) Tables() []string { return []string{table.Name} }

// Schema implements projection.Projection.
func (View) Schema() []string { return []string{table.Create()} }

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	rows := table.Edit(tx)
	var topics []string
	for _, r := range batch {
		if e, ok := r.Event.(events.Configured); ok {
			if err := rows.Put(Row{ID: r.Stream.ID, Name: e.Name, Zone: e.Zone, Currency: e.Currency}); err != nil {
				return nil, err
			}
			topics = []string{"kpis", "series/revenue"}
		}
	}
	return topics, rows.Save(ctx)
}

// Find reads a workspace; one that nobody has configured has a name and counts in dollars and UTC.
func Find(ctx context.Context, r projection.Reader, id string) (Row, error) {
	row, ok, err := table.Find(ctx, r, id)
	if err != nil || ok {
		return row, err
	}
	return Row{ID: id, Name: "My shop", Zone: "UTC", Currency: "USD"}, nil
}
