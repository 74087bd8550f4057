package board

import (
	"context"
	"time"

	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/projection"
)

// Demand is far above what is usual when the last hour brought as many orders as this times the busiest hour of the week before, and
// not fewer than a number that chance does not make of an ordinary hour. In four months of the order log that the demo replays no hour
// comes near: none has twice as many as the busiest before it.
const (
	ViralTimes = 3
	ViralLeast = 20
)

// Demand is how many orders came within the hour, beside what is usual.
type Demand struct {
	Hour  int64
	Usual *int64 // of the busiest hour of the seven days that ended a day ago; nil while nothing was sold for a day before that
	Viral bool
}

// usual hours end a day before now, so that a rush is not measured by its own beginning.
const (
	usualHours = 7 * 24
	knownHours = 24 // of them, from the first order on, are few enough to say nothing
)

// demand counts orders of all currencies.
func (k *KPIs) demand(ctx context.Context, r projection.Reader, now time.Time) error {
	end := now.Truncate(time.Minute).Add(time.Minute)
	sold, err := orders.Sold(ctx, r, end.Add(-time.Hour), end)
	if err != nil {
		return err
	}
	for _, sums := range sold {
		k.Demand.Hour += sums.Orders
	}
	last := now.Truncate(time.Hour).Add(-24 * time.Hour)
	var edges []time.Time
	for back := usualHours; back >= 0; back-- {
		edges = append(edges, last.Add(-time.Duration(back)*time.Hour))
	}
	hours, err := orders.Series(ctx, r, "", edges)
	if err != nil {
		return err
	}
	var busiest int64
	first := len(hours)
	for i, hour := range hours {
		busiest = max(busiest, hour.Orders)
		if hour.Orders > 0 {
			first = min(first, i)
		}
	}
	if len(hours)-first < knownHours {
		return nil
	}
	k.Demand.Usual = &busiest
	k.Demand.Viral = k.Demand.Hour >= max(ViralLeast, ViralTimes*busiest)
	return nil
}
