// Package stockout says when a SKU's stock is gone, at the rate at which it sells.
package stockout

import (
	"fmt"
	"math"
	"time"
)

// Horizon is how far ahead a stock-out makes a SKU critical.
const Horizon = 24 * time.Hour

// Urgent is how near a stock-out must be to be called critical rather than a warning.
const Urgent = 4 * time.Hour

// Rates are units sold an hour: over the last hour, which sees a spike, and over the last day. Both
// windows are whole minutes and end with the present one.
type Rates struct {
	Hour float64
	Day  float64 // velocity_per_hour = sales of the last 24 h / 24
}

// Rated are the rates of units that were sold within the hour and the day.
func Rated(hour, day int64) Rates { return Rates{Hour: float64(hour), Day: float64(day) / 24} }

// Faster is the larger of both.
func (r Rates) Faster() float64 { return max(r.Hour, r.Day) }

// faster is that rate with the number of units that it was counted from.
func (r Rates) faster() (rate, units float64) {
	if r.Hour >= r.Day {
		return r.Hour, r.Hour
	}
	return r.Day, 24 * r.Day
}

// After is when available units are gone at the faster rate; false when nothing sells.
func After(available int64, r Rates) (time.Duration, bool) { return gone(available, r.Faster()) }

func gone(available int64, rate float64) (time.Duration, bool) {
	if rate <= 0 {
		return 0, false
	}
	hours := float64(max(0, available)) / rate
	if hours > 24*365*10 {
		return 0, false
	}
	return time.Duration(hours * float64(time.Hour)), true
}

// Between is the interval in which a stock-out falls four times of five, if units go on selling one
// by one at a steady rate. Latest is 0 when nothing sells or the end is out of sight.
func Between(available int64, r Rates) (soonest, latest time.Duration) {
	rate, units := r.faster()
	if units <= 0 {
		return 0, 0
	}
	const z = 1.2816 // the normal distribution's 90th percentile
	soonest, _ = gone(available, rate*gammaQuantile(units+1, z)/units)
	latest, _ = gone(available, rate*gammaQuantile(units, -z)/units)
	return soonest, latest
}

// gammaQuantile is Wilson and Hilferty's approximation, within 1 % for shapes from 3.
func gammaQuantile(shape, z float64) float64 {
	root := 1 - 1/(9*shape) + z/(3*math.Sqrt(shape))
	return shape * max(0, root*root*root)
}

// Text says a stock-out in words.
func Text(available int64, out time.Duration, selling bool) string {
	minutes := int64(out.Round(time.Minute).Minutes())
	switch {
	case available <= 0:
		return "out of stock"
	case !selling:
		return "no stock-out in sight"
	case minutes < 1:
		return "out in less than a minute"
	case minutes < 60:
		return fmt.Sprintf("out in about %d min", minutes)
	case minutes < 48*60:
		return fmt.Sprintf("out in about %d h %d min", minutes/60, minutes%60)
	}
	return fmt.Sprintf("out in about %d days", int(math.Round(out.Hours()/24)))
}
