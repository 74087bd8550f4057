// Package traffic keeps how many visits shops had, hour by hour, and how many orders came of them. No channel tells visits
// here, so somebody who counts them does.
//
//	traffic.counted ─► visits of a shop's hour ─┐
//	order.placed    ─► orders of a shop's hour ─┴─► Converted
package traffic

import (
	"context"
	"maps"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/orders"
	events "github.com/creatorflow/creatorflow/domain/events/traffic"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Refusals of a count.
const (
	ErrHour   = eventlog.Refusal("Visits are counted by the hour: give a time at which an hour begins, such as 2026-12-01T09:00:00Z.")
	ErrFuture = eventlog.Refusal("This hour has not begun yet.")
	ErrPast   = eventlog.Refusal("Visits are kept for hours of the last 400 days.")
)

const longest = 400 * 24 * time.Hour

// Count is how many visits somebody counted.
type Count struct {
	events.Counted
	Now time.Time
}

// State is what was counted on a day, by hour.
type State map[time.Time]int64

// Counting takes a count in; the same again yields no event.
func Counting() eventlog.Decider[State, Count] {
	return eventlog.Decider[State, Count]{Name: "traffic", Evolve: evolve, Decide: func(s State, c Count) ([]eventlog.Event, error) {
		c.Hour = c.Hour.UTC()
		before, known := s[c.Hour]
		switch {
		case !c.Hour.Equal(c.Hour.Truncate(time.Hour)):
			return nil, ErrHour
		case c.Hour.After(c.Now):
			return nil, ErrFuture
		case c.Now.Sub(c.Hour) > longest:
			return nil, ErrPast
		case known && before == c.Visits:
			return nil, nil
		}
		return []eventlog.Event{c.Counted}, nil
	}}
}

func evolve(s State, e eventlog.Event) State {
	c, is := e.(events.Counted)
	if !is {
		return s
	}
	s = maps.Clone(s)
	if s == nil {
		s = State{}
	}
	s[c.Hour.UTC()] = c.Visits
	return s
}

// hour is what is known of one hour of a shop.
type hour struct {
	Connection string
	At         time.Time // when it begins
	Counted    int64     // somebody said how many visits it had
	Visits     int64
	Orders     int64 // placed in it, by the channel's clock, whatever became of them
}

var table = &projection.Table[hour]{
	Name: "traffic_v1", Key: 2,
	Columns: []string{"connection text", "hour bigint", "counted bigint", "visits bigint", "orders bigint"},
	Fields:  func(h *hour) []any { return []any{&h.Connection, &h.At, &h.Counted, &h.Visits, &h.Orders} },
}

// View keeps the hours.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "traffic" }

// Version implements projection.Projection.
func (View) Version() int { return 1 }

// Tables implements projection.Projection.
func (View) Tables() []string { return []string{table.Name} }

// Schema implements projection.Projection.
func (View) Schema() []string {
	return []string{table.Create(), "create index traffic_v1_counted on traffic_v1 (hour) where counted = 1"}
}

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	hours, moved := table.Edit(tx), false
	for _, r := range batch {
		switch e := r.Event.(type) {
		case orders.Placed:
			row, err := hours.Get(ctx, e.Connection, e.Created.UTC().Truncate(time.Hour))
			if err != nil {
				return nil, err
			}
			row.Orders++
		case events.Counted:
			row, err := hours.Get(ctx, e.Connection, e.Hour.UTC())
			if err != nil {
				return nil, err
			}
			row.Counted, row.Visits, moved = 1, e.Visits, true
		}
	}
	if moved {
		return []string{"kpis"}, hours.Save(ctx)
	}
	return nil, hours.Save(ctx)
}

// Hour is how many visits the shops had in an hour of which it is known, and how many orders were placed there in it.
type Hour struct {
	At             time.Time // when it begins
	Visits, Orders int64
}

// Rate is how many orders came of 100 visits; nil without visits.
func (h Hour) Rate() *float64 {
	if h.Visits == 0 {
		return nil
	}
	rate := 100 * float64(h.Orders) / float64(h.Visits)
	return &rate
}

// Converted reads the hours of a time of which visits are known, oldest first. A shop's orders are in an hour only if its visits are.
func Converted(ctx context.Context, r projection.Reader, from, to time.Time) ([]Hour, error) {
	rows, err := table.Select(ctx, r, "where counted = 1 and hour >= $1 and hour < $2 order by hour, connection", from.UTC().UnixMicro(), to.UTC().UnixMicro())
	if err != nil {
		return nil, err
	}
	var hours []Hour
	for _, row := range rows {
		if len(hours) == 0 || !hours[len(hours)-1].At.Equal(row.At) {
			hours = append(hours, Hour{At: row.At})
		}
		h := &hours[len(hours)-1]
		h.Visits += row.Visits
		h.Orders += row.Orders
	}
	return hours, nil
}
