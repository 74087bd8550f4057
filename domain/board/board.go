// Package board computes the figures of the command screen from the views of orders, stock and
// flows. Rows know no now; every sliding figure is computed here, at read time, from buckets, and
// all of them from one position.
package board

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/traffic"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
)

// Window is how far back the automation figures look.
const Window = 24 * time.Hour

// Amount is a sum of money with its change against the same time yesterday.
type Amount struct {
	Value  money.Money
	Change *float64 // percent, nil without a base
	Spark  []int64  // hours of the day so far, oldest first
}

// Number is a count with its change against the same time yesterday.
type Number struct {
	Value  int64
	Change *float64 // percent, nil without a base
	Spark  []int64
}

// Share is a percentage with its change in points against an earlier time.
type Share struct {
	Value  *float64 // nil while there is nothing to divide by
	Change *float64 // percentage points
	Spark  []float64
}

// Automation is how well orders run without a person.
type Automation struct {
	Health  *float64 // percent of ended flows that no person touched, nil when none ended
	Now     fulfilment.Figures
	Change  *float64 // percent change of the mean time in our hands against the window before
	Waiting map[string]int64
	Stuck   int64
}

// KPIs are the figures of the command screen.
type KPIs struct {
	Active     int64
	Revenue    Amount
	Orders     Number
	Conversion Share // orders of 100 visits today, in the hours whose visits are known; against the same hours yesterday
	Repeat     Share // against 30 days ago
	Automation Automation
	Demand     Demand
	Others     []money.Money // today's revenue in other currencies, never added up
}

// Read computes the figures for now. Day borders are those of zone; currency is the workspace's first.
func Read(ctx context.Context, r projection.Reader, now time.Time, zone *time.Location, currency string) (KPIs, error) {
	var k KPIs
	var err error
	if k.Active, err = orders.Count(ctx, r, "active"); err != nil {
		return k, err
	}
	if err := k.sales(ctx, r, now, zone, currency); err != nil {
		return k, err
	}
	if err := k.demand(ctx, r, now); err != nil {
		return k, err
	}
	if err := k.conversion(ctx, r, now, zone); err != nil {
		return k, err
	}
	if err := k.loyalty(ctx, r, now); err != nil {
		return k, err
	}
	return k, k.automation(ctx, r, now)
}

func (k *KPIs) sales(ctx context.Context, r projection.Reader, now time.Time, zone *time.Location, currency string) error {
	// The minute that has just begun counts, in the figure as in the hours below it.
	start, end := Midnight(now, zone), now.Truncate(time.Minute).Add(time.Minute)
	today, err := orders.Sold(ctx, r, start, end)
	if err != nil {
		return err
	}
	// Yesterday up to the same wall-clock time, whatever the length of that day was.
	local := now.In(zone)
	yesterday, err := orders.Sold(ctx, r, Midnight(start.Add(-time.Hour), zone),
		time.Date(local.Year(), local.Month(), local.Day()-1, local.Hour(), local.Minute(), 0, 0, zone))
	if err != nil {
		return err
	}
	k.Revenue.Value = money.Money{Minor: today[currency].Revenue, Currency: currency}
	k.Revenue.Change = percent(float64(today[currency].Revenue), float64(yesterday[currency].Revenue))
	var count, before int64
	for _, code := range slices.Sorted(maps.Keys(today)) {
		count += today[code].Orders
		if code != currency && today[code].Orders > 0 {
			k.Others = append(k.Others, money.Money{Minor: today[code].Revenue, Currency: code})
		}
	}
	for _, sums := range yesterday {
		before += sums.Orders
	}
	k.Orders.Value, k.Orders.Change = count, percent(float64(count), float64(before))

	hours, err := orders.Series(ctx, r, currency, Edges(start, end, time.Hour, zone))
	if err != nil {
		return err
	}
	for _, hour := range hours {
		k.Revenue.Spark = append(k.Revenue.Spark, hour.Revenue)
		k.Orders.Spark = append(k.Orders.Spark, hour.Orders)
	}
	return nil
}

func (k *KPIs) conversion(ctx context.Context, r projection.Reader, now time.Time, zone *time.Location) error {
	midnight := Midnight(now, zone)
	hours, err := traffic.Converted(ctx, r, midnight, now)
	if err != nil || len(hours) == 0 {
		return err
	}
	before, err := traffic.Converted(ctx, r, Midnight(midnight.Add(-time.Hour), zone), midnight)
	if err != nil {
		return err
	}
	var base, today traffic.Hour
	for _, h := range hours {
		today.Visits, today.Orders = today.Visits+h.Visits, today.Orders+h.Orders
		if rate := h.Rate(); rate != nil {
			k.Conversion.Spark = append(k.Conversion.Spark, *rate)
		}
		for _, b := range before {
			if b.At.In(zone).Hour() == h.At.In(zone).Hour() {
				base.Visits, base.Orders = base.Visits+b.Visits, base.Orders+b.Orders
			}
		}
	}
	k.Conversion.Value = today.Rate()
	if rate := base.Rate(); rate != nil && k.Conversion.Value != nil {
		points := *k.Conversion.Value - *rate
		k.Conversion.Change = &points
	}
	return nil
}

func (k *KPIs) loyalty(ctx context.Context, r projection.Reader, now time.Time) error {
	day := now.Unix() / 86400
	current, ok, err := orders.LoyaltyAt(ctx, r, day)
	if err != nil || !ok || current.Customers == 0 {
		return err
	}
	share := func(l orders.Loyalty) float64 { return 100 * float64(l.Repeat) / float64(l.Customers) }
	value := share(current)
	k.Repeat.Value = &value
	base, ok, err := orders.LoyaltyAt(ctx, r, day-30)
	if err != nil {
		return err
	}
	if ok && base.Customers > 0 {
		points := value - share(base)
		k.Repeat.Change = &points
	}
	days, err := orders.LoyaltySince(ctx, r, day-23)
	for _, l := range days {
		if l.Customers > 0 {
			k.Repeat.Spark = append(k.Repeat.Spark, share(l))
		}
	}
	return err
}

func (k *KPIs) automation(ctx context.Context, r projection.Reader, now time.Time) error {
	a := &k.Automation
	var err error
	if a.Now, err = fulfilment.Between(ctx, r, now.Add(-Window), now); err != nil {
		return err
	}
	before, err := fulfilment.Between(ctx, r, now.Add(-2*Window), now.Add(-Window-time.Minute))
	if err != nil {
		return err
	}
	if health, ok := a.Now.Health(); ok {
		a.Health = &health
	}
	if a.Now.Finished > 0 {
		a.Change = percent(a.Now.Mean.Seconds(), before.Mean.Seconds())
	}
	a.Waiting = map[string]int64{}
	for _, code := range fulfilment.Waits {
		if a.Waiting[code], err = orders.Count(ctx, r, "waiting:"+code); err != nil {
			return err
		}
	}
	a.Stuck, err = orders.Count(ctx, r, "phase:stuck")
	return err
}

// percent is the change from before to now in percent, nil without a base.
func percent(now, before float64) *float64 {
	if before <= 0 {
		return nil
	}
	change := math.Round(1000*(now-before)/before) / 10
	return &change
}

// Midnight is when the day of a moment began in a zone. Where a clock change skips midnight the day
// begins with the first time there is, where one repeats it with the first of both.
func Midnight(at time.Time, zone *time.Location) time.Time {
	local := at.In(zone)
	year, month, day := local.Date()
	midnight := time.Date(year, month, day, 0, 0, 0, 0, zone)
	isToday := func(t time.Time) bool {
		y, m, d := t.Date()
		return y == year && m == month && d == day
	}
	if !isToday(midnight) {
		_, midnight = midnight.ZoneBounds()
	}
	if before := midnight.Add(-time.Hour); isToday(before) {
		return before
	}
	return midnight
}

// Edges are the starts of the steps that cover a stretch of time, and its end. Steps count from the
// zone's midnight; those of a day or more follow its calendar, so a day of a clock change has 23 or
// 25 hours.
func Edges(from, to time.Time, step time.Duration, zone *time.Location) []time.Time {
	at := Midnight(from, zone)
	next := func(t time.Time) time.Time { return t.Add(step) }
	if step >= 24*time.Hour {
		days := int(step / (24 * time.Hour))
		next = func(t time.Time) time.Time {
			local := t.In(zone)
			noon := time.Date(local.Year(), local.Month(), local.Day()+days, 12, 0, 0, 0, zone)
			return Midnight(noon, zone)
		}
	}
	for after := next(at); !after.After(from); after = next(at) {
		at = after
	}
	var edges []time.Time
	for ; at.Before(to); at = next(at) {
		edges = append(edges, at)
	}
	return append(edges, at)
}
