// Package shops keeps which shops are connected and how they fare: what a person connected, since
// when a shop fails and what mends it, and how often the poll had to repair what no webhook brought.
package shops

import (
	"context"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/listings"
	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// State is a connection as its events tell it.
type State struct {
	Connected events.Connected
	Failing   bool
	Reason    string
	Pushing   bool `json:",omitzero"` // the hub writes its quantities
}

// keep keeps a State in a snapshot: a connection's stream grows with everything that the poll repairs.
var keep = eventlog.KeepJSON[State](1)

func evolve(s State, e eventlog.Event) State {
	switch e := e.(type) {
	case events.Connected:
		s.Connected = e
	case events.Failing:
		s.Failing, s.Reason = true, e.Reason
	case events.Recovered:
		s.Failing, s.Reason = false, ""
	case events.Pushing:
		s.Pushing = e.On
	}
	return s
}

// Connecting adds a shop; authorising it again changes only what differs.
func Connecting() eventlog.Decider[State, events.Connected] {
	return decider(func(s State, e events.Connected) ([]eventlog.Event, error) {
		if s.Connected == e {
			return nil, nil
		}
		return []eventlog.Event{e}, nil
	})
}

// Failed notes that a shop cannot be reached; the same reason again yields no event.
func Failed() eventlog.Decider[State, events.Failing] {
	return decider(func(s State, e events.Failing) ([]eventlog.Event, error) {
		if s.Failing && s.Reason == e.Reason {
			return nil, nil
		}
		return []eventlog.Event{e}, nil
	})
}

// Recovering notes that a failing shop answers again.
func Recovering() eventlog.Decider[State, events.Recovered] {
	return decider(func(s State, e events.Recovered) ([]eventlog.Event, error) {
		if !s.Failing {
			return nil, nil
		}
		return []eventlog.Event{e}, nil
	})
}

// ErrShop refuses what is asked for a shop that nobody connected.
const ErrShop = eventlog.Refusal("There is no such connection. The list of connections shows their ids.")

// Switching says whether the hub writes a shop's quantities; the same again yields no event.
func Switching() eventlog.Decider[State, events.Pushing] {
	return decider(func(s State, e events.Pushing) ([]eventlog.Event, error) {
		switch {
		case s.Connected.Connection == "":
			return nil, ErrShop
		case s.Pushing == e.On:
			return nil, nil
		}
		return []eventlog.Event{e}, nil
	})
}

// Noting appends what the poll found; ingest has compared it with what was known.
func Noting[E eventlog.Event]() eventlog.Decider[State, E] {
	return decider(func(_ State, e E) ([]eventlog.Event, error) { return []eventlog.Event{e}, nil })
}

func decider[C any](decide func(State, C) ([]eventlog.Event, error)) eventlog.Decider[State, C] {
	return eventlog.Decider[State, C]{Name: "connection", Evolve: evolve, Decide: decide, Keep: keep}
}

// Row is one connected shop.
type Row struct {
	ID       string
	Channel  string
	App      string
	ShopID   string
	Name     string
	Since    time.Time
	Failing  int64 // 1 while it fails
	FailedAt time.Time
	Reason   string
	Mend     string
	Drift    int64 // news and changed quantities that only a poll brought
}

var table = &projection.Table[Row]{
	Name: "shops_v1", Key: 1,
	Columns: []string{
		"id text", "channel text", "app text", "shop_id text", "name text", "since bigint", "failing bigint",
		"failed_at bigint", "reason text", "mend text", "drift bigint",
	},
	Fields: func(r *Row) []any {
		return []any{
			&r.ID, &r.Channel, &r.App, &r.ShopID, &r.Name, &r.Since, &r.Failing, &r.FailedAt, &r.Reason, &r.Mend, &r.Drift,
		}
	},
}

// Mapping is one code of a shop and the SKU it means.
type Mapping struct{ Connection, Code, SKU string }

var mappings = &projection.Table[Mapping]{
	Name: "mappings_v1", Key: 2, Columns: []string{"connection text", "code text", "sku text"},
	Fields: func(m *Mapping) []any { return []any{&m.Connection, &m.Code, &m.SKU} },
}

// View keeps the connected shops and their mappings.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "shops" }

// Version implements projection.Projection.
func (View) Version() int { return 1 }

// Tables implements projection.Projection.
func (View) Tables() []string { return []string{table.Name, mappings.Name} }

// Schema implements projection.Projection.
func (View) Schema() []string {
	return []string{table.Create(), mappings.Create(), "create index mappings_v1_sku on mappings_v1 (sku, connection, code)"}
}

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	rows, mapped := table.Edit(tx), mappings.Edit(tx)
	var topics []string
	for _, r := range batch {
		if e, ok := r.Event.(events.Mapped); ok {
			m, err := mapped.Get(ctx, e.Connection, e.Code)
			if err != nil {
				return nil, err
			}
			if m.SKU != "" && m.SKU != e.SKU {
				topics = append(topics, "stock/"+m.SKU)
			}
			m.SKU = e.SKU
			topics = append(topics, "stock/"+e.SKU)
			continue
		}
		if e, ok := r.Event.(events.Unmapped); ok {
			topics = append(topics, "stock/"+e.SKU)
			if err := mapped.Delete(e.Connection, e.Code); err != nil {
				return nil, err
			}
			continue
		}
		switch r.Event.(type) {
		case events.BackfillBegun, events.BackfillStopped, events.BackfillEnded:
			topics = append(topics, "sync", "backfills")
			continue
		}
		connection, change := changes(r)
		if change == nil {
			continue
		}
		row, err := rows.Get(ctx, connection)
		if err != nil {
			return nil, err
		}
		change(row)
		topics = append(topics, "sync")
	}
	if err := rows.Save(ctx); err != nil {
		return nil, err
	}
	return topics, mapped.Save(ctx)
}

// changes says which connection a record is about and what it changes.
func changes(r eventlog.Record) (string, func(*Row)) {
	at := r.At // a function that held the record would cost each call a copy of it
	switch e := r.Event.(type) {
	case events.Connected:
		return e.Connection, func(row *Row) {
			row.Channel, row.App, row.ShopID, row.Name = e.Channel, e.App, e.ShopID, e.Name
			if row.Since.IsZero() {
				row.Since = at
			}
		}
	case events.Failing:
		return e.Connection, func(row *Row) {
			if row.Failing == 0 {
				row.FailedAt = at
			}
			row.Failing, row.Reason, row.Mend = 1, e.Reason, e.Mend
		}
	case events.Recovered:
		return e.Connection, func(row *Row) { row.Failing, row.FailedAt, row.Reason, row.Mend = 0, time.Time{}, "", "" }
	case events.Drifted:
		return e.Connection, func(row *Row) { row.Drift++ }
	case events.InventoryChanged:
		return e.Connection, func(row *Row) { row.Drift++ }
	case listings.Differed:
		return e.Connection, func(row *Row) { row.Drift++ }
	case events.Pushing:
		return e.Connection, func(*Row) {} // what the hub does with it is not in the views, but the topic moves
	}
	return "", nil
}

// List reads every connected shop, oldest first.
func List(ctx context.Context, r projection.Reader) ([]Row, error) {
	return table.Select(ctx, r, "order by since, id")
}

// AllMappings reads every code that somebody mapped.
func AllMappings(ctx context.Context, r projection.Reader) ([]Mapping, error) {
	return mappings.Select(ctx, r, "order by connection, code")
}

// Mappings reads which codes mean a SKU, at most limit of them.
func Mappings(ctx context.Context, r projection.Reader, sku string, limit int) ([]Mapping, error) {
	return mappings.Select(ctx, r, "where sku = $1 order by connection, code limit $2", sku, limit)
}
