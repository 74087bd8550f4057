// Package signals counts what people do around a seller's goods beside buying them: comments and mentions, by post and
// minute, so that a post that takes off is seen before its orders come, and by day and the SKUs that they name.
//
//	signal.noticed ─► a row for each post, kind and minute ─► Minutes
//	               └► a row for each SKU, source, kind and quarter of an hour ─► Days
//
// It also says which sources of mentions there are (Sourcing), and which SKUs a text names (Names).
package signals

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/signals"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Noticing takes a signal in; one that is told again yields no event.
func Noticing() eventlog.Decider[bool, events.Noticed] {
	return eventlog.Decider[bool, events.Noticed]{
		Name: "signal", Evolve: func(bool, eventlog.Event) bool { return true },
		Decide: func(known bool, e events.Noticed) ([]eventlog.Event, error) {
			if known {
				return nil, nil
			}
			return []eventlog.Event{e}, nil
		},
	}
}

// Minute is how many signals of one kind one post had in one minute.
type Minute struct {
	Connection string
	Media      string // empty = the channel did not say
	Field      string
	At         time.Time // when the minute begins, by the channel's time
	N          int64
}

var table = &projection.Table[Minute]{
	Name: "signals_v2", Key: 4,
	Columns: []string{"connection text", "media text", "field text", "minute bigint", "n bigint"},
	Fields:  func(m *Minute) []any { return []any{&m.Connection, &m.Media, &m.Field, &m.At, &m.N} },
}

// quarter is how many signals of one source and kind named a SKU in a quarter of an hour: every zone's days begin with one.
type quarter struct {
	SKU        string // empty = they named none
	Connection string
	Field      string
	At         time.Time // when it begins
	N          int64
	Newest     int64     // the position of the last one taken in
	Last       time.Time // of the latest, by the channel's time
}

var quarters = &projection.Table[quarter]{
	Name: "signals_skus_v2", Key: 4,
	Columns: []string{"sku text", "connection text", "field text", "quarter bigint", "n bigint", "newest bigint", "last bigint"},
	Fields: func(q *quarter) []any {
		return []any{&q.SKU, &q.Connection, &q.Field, &q.At, &q.N, &q.Newest, &q.Last}
	},
}

// View counts signals.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "signals" }

// Version implements projection.Projection.
func (View) Version() int { return 2 }

// Tables implements projection.Projection.
func (View) Tables() []string { return []string{table.Name, quarters.Name} }

// Schema implements projection.Projection.
func (View) Schema() []string {
	return []string{
		table.Create(), "create index signals_v2_minute on signals_v2 (minute desc)",
		quarters.Create(), "create index signals_skus_v2_quarter on signals_skus_v2 (quarter desc)",
	}
}

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	rows, named, moved := table.Edit(tx), quarters.Edit(tx), false
	for _, r := range batch {
		e, ok := r.Event.(events.Noticed)
		if !ok {
			continue
		}
		row, err := rows.Get(ctx, e.Connection, e.Media, e.Field, e.At.UTC().Truncate(time.Minute))
		if err != nil {
			return nil, err
		}
		row.N++
		moved = true
		skus := e.SKUs
		if len(skus) == 0 {
			skus = []string{""}
		}
		for _, sku := range skus {
			q, err := named.Get(ctx, sku, e.Connection, e.Field, e.At.UTC().Truncate(15*time.Minute))
			if err != nil {
				return nil, err
			}
			q.N++
			q.Newest = int64(r.Position)
			if e.At.After(q.Last) {
				q.Last = e.At
			}
		}
	}
	if !moved {
		return nil, nil
	}
	if err := rows.Save(ctx); err != nil {
		return nil, err
	}
	return []string{"signals"}, named.Save(ctx)
}

// MaxMinutes is the most rows of one answer.
const MaxMinutes = 2000

// Minutes reads the counts of a time, newest minute first; of one connection or one post where they are named. More says
// that there were too many.
func Minutes(ctx context.Context, r projection.Reader, connection, media string, from, to time.Time) (rows []Minute, more bool, err error) {
	where, args := "where minute >= $1 and minute < $2", []any{from.UTC().UnixMicro(), to.UTC().UnixMicro()}
	if connection != "" {
		where, args = where+" and connection = $3", append(args, connection)
	}
	if media != "" {
		where, args = where+" and media = $"+strconv.Itoa(len(args)+1), append(args, media)
	}
	rows, err = table.Select(ctx, r, where+" order by minute desc, connection, media, field limit 2001", args...)
	return rows[:min(len(rows), MaxMinutes)], len(rows) > MaxMinutes, err
}

// Day is how many signals of one source and kind named a SKU on a day.
type Day struct {
	Day        time.Time // when it begins, in the zone that was asked for
	SKU        string    // empty = they named none
	Connection string
	Field      string
	N          int64
	Newest     int64     // the position of the last one taken in
	Last       time.Time // of the latest, by the channel's time
}

const maxQuarters = 20_000 // rows read for one answer

// MaxDays is the most rows of one answer of Days.
const MaxDays = 500

// Days reads the counts of every day from the one that from is on, in its zone, newest day first, then the most; of one SKU where it is
// named. More says that there were too many.
func Days(ctx context.Context, r projection.Reader, sku string, from time.Time) (days []Day, more bool, err error) {
	begin := func(t time.Time) time.Time {
		y, m, d := t.In(from.Location()).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, from.Location())
	}
	where, args := "where quarter >= $1", []any{begin(from).UTC().UnixMicro()}
	if sku != "" {
		where, args = where+" and sku = $2", append(args, sku)
	}
	rows, err := quarters.Select(ctx, r, where+" order by quarter desc, sku, connection, field limit "+strconv.Itoa(maxQuarters+1), args...)
	if err != nil {
		return nil, false, err
	}
	at := map[Day]int{}
	for _, q := range rows[:min(len(rows), maxQuarters)] {
		key := Day{Day: begin(q.At), SKU: q.SKU, Connection: q.Connection, Field: q.Field}
		i, there := at[key]
		if !there {
			i, at[key] = len(days), len(days)
			days = append(days, key)
		}
		d := &days[i]
		d.N += q.N
		d.Newest = max(d.Newest, q.Newest)
		if q.Last.After(d.Last) {
			d.Last = q.Last
		}
	}
	slices.SortStableFunc(days, func(a, b Day) int {
		return cmp.Or(b.Day.Compare(a.Day), cmp.Compare(b.N, a.N), cmp.Compare(a.SKU, b.SKU))
	})
	return days[:min(len(days), MaxDays)], len(days) > MaxDays || len(rows) > maxQuarters, nil
}
