package fulfilment

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/folded"
)

// List reads a page of flows in one phase ("" = all), by id.
func List(ctx context.Context, r projection.Reader, phase, after string, limit int) (rows []Row, next string, err error) {
	limit = min(max(limit, 1), 200)
	where, args := "where id > $1 ", []any{after}
	if phase != "" {
		where, args = where+"and phase = $2 ", append(args, phase)
	}
	rows, err = table.Select(ctx, r, where+"order by id limit $"+strconv.Itoa(len(args)+1), append(args, limit+1)...)
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	return rows, next, err
}

// Open reads the flows that have not ended, or have still to say that they were cancelled too late, and the position from which the log tells the rest, for
// the runner's start. Views that lag, or do not exist yet, are right too.
func Open(ctx context.Context, log *eventlog.Log, views projection.Store) (position eventlog.Position, open []flow.Open, err error) {
	position, built, err := folded.At(ctx, views, View{}, log)
	if err != nil || !built {
		return 0, nil, err
	}
	err = views.Read(ctx, func(r projection.Reader) error {
		rows, err := table.Select(ctx, r, "where phase in ('new', 'running', 'waiting', 'undoing', 'stuck')")
		if err == nil {
			var late []Row
			late, err = table.Select(ctx, r, "where code = '"+codeLate+"'")
			rows = append(rows, late...)
		}
		for _, row := range rows {
			open = append(open, flow.Open{Kind: Kind, ID: row.ID, Tags: row.Tags, Until: row.Wake})
		}
		return err
	})
	return position, open, err
}

// Figures are the automation card's numbers over a window.
type Figures struct {
	Finished, Untouched, Failed int64
	Mean, Elapsed               time.Duration // of finished flows: in our hands; from start to end
	P95                         time.Duration // of the time in our hands, within 5 %
}

// Health is the share of ended flows that no person had to touch, in percent; false when none
// ended. Flows that were undone because somebody cancelled do not count.
func (f Figures) Health() (float64, bool) {
	ended := f.Finished + f.Failed
	if ended == 0 {
		return 0, false
	}
	return 100 * float64(f.Untouched) / float64(ended), true
}

// Between reads the figures of the flows that ended from one time up to another, in whole minutes.
func Between(ctx context.Context, r projection.Reader, from, to time.Time) (Figures, error) {
	first, last := from.Unix()/60, to.Unix()/60
	var f Figures
	var own, elapsed int64
	err := each(ctx, r, []any{&f.Finished, &f.Untouched, &f.Failed, &own, &elapsed}, func() bool { return true }, `
		select cast(coalesce(sum(finished), 0) as bigint), cast(coalesce(sum(untouched), 0) as bigint),
			cast(coalesce(sum(failed), 0) as bigint), cast(coalesce(sum(own), 0) as bigint), cast(coalesce(sum(elapsed), 0) as bigint)
		from flow_minutes_v2 where minute >= $1 and minute <= $2`, first, last)
	if err != nil || f.Finished == 0 {
		return f, err
	}
	f.Mean = time.Duration(own/f.Finished) * time.Microsecond
	f.Elapsed = time.Duration(elapsed/f.Finished) * time.Microsecond
	var seen, bucket, n int64
	err = each(ctx, r, []any{&bucket, &n}, func() bool {
		seen += n
		f.P95 = fromBucket(bucket)
		return seen < (f.Finished*95+99)/100
	}, `select bucket, cast(sum(n) as bigint) from flow_spans_v2 where minute >= $1 and minute <= $2 group by bucket order by bucket`, first, last)
	return f, err
}

// each scans rows into the same places, one after the other, while next wants more.
func each(ctx context.Context, r projection.Reader, into []any, next func() bool, query string, args ...any) (err error) {
	rows, err := r.Query(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read flow figures: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("read flow figures: %w", err)
		}
		if !next() {
			return nil
		}
	}
	return rows.Err()
}
