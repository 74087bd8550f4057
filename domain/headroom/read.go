package headroom

import (
	"context"
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/projection"
)

// Figures are how close a shop is to its channel's limits.
type Figures struct {
	Late      Figure
	Cancelled Figure
	Overdue   int64  // orders that should have left and have not; they are in Late
	Soon      []Open // orders that become late within a day, the first one first
	MoreSoon  int64  // of these that are not in Soon
}

// most orders that are named of those that become late soon.
const most = 20

// Read makes the figures of a shop; ok is false when its channel has no such rules.
func Read(ctx context.Context, r projection.Reader, connection, channel string, now time.Time) (f Figures, ok bool, err error) {
	rule, ok := Rules[channel]
	if !ok {
		return f, false, nil
	}
	longest := max(rule.Late.Days, rule.Cancelled.Days)
	list, err := days.Select(ctx, r, "where connection = $1 and day > $2 and day <= $3", connection, dayOf(now)-int64(longest), dayOf(now))
	if err != nil {
		return f, false, err
	}
	var sum struct{ due, late, placed, faults, unsure int64 }
	for _, d := range list {
		age := dayOf(now) - d.Day
		if age < int64(rule.Late.Days) {
			sum.due, sum.late = sum.due+d.Due, sum.late+d.Late
		}
		if age < int64(rule.Cancelled.Days) {
			sum.placed, sum.faults, sum.unsure = sum.placed+d.Placed, sum.faults+d.Faults, sum.unsure+d.Unsure
		}
	}
	begin := now.Add(-time.Duration(rule.Late.Days) * aDay)
	if f.Overdue, err = count(ctx, r, connection, begin, now); err != nil {
		return f, false, err
	}
	// Orders that are due and on their way count on the day on which they were due, so those that have not left count as late from now on.
	f.Late = judge(rule.Late, sum.due+f.Overdue, sum.late+f.Overdue, 0, false)
	f.Cancelled = judge(rule.Cancelled, sum.placed, sum.faults, sum.unsure, true)
	all, err := count(ctx, r, connection, now, now.Add(soon))
	if err != nil {
		return f, false, err
	}
	f.Soon, err = open.Select(ctx, r, "where connection = $1 and due_at >= $2 and due_at < $3 order by due_at, id limit $4", connection, now.UnixMicro(), now.Add(soon).UnixMicro(), most)
	f.MoreSoon = all - int64(len(f.Soon))
	return f, true, err
}

// count is how many open orders are due within a time.
func count(ctx context.Context, r projection.Reader, connection string, from, until time.Time) (n int64, err error) {
	rows, err := r.Query(ctx, "select count(*) from "+open.Name+" where connection = $1 and due_at >= $2 and due_at < $3", connection, from.UnixMicro(), until.UnixMicro())
	if err != nil {
		return 0, fmt.Errorf("count open orders: %w", err)
	}
	defer func() {
		if closing := rows.Close(); closing != nil && err == nil {
			err = fmt.Errorf("count open orders: %w", closing)
		}
	}()
	if rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, fmt.Errorf("count open orders: %w", err)
		}
	}
	return n, rows.Err()
}
