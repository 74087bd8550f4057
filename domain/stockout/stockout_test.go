package stockout

import (
	"testing"
	"time"
)

func TestText(t *testing.T) {
	tests := []struct {
		available int64
		rates     Rates
		want      string
	}{
		{12, Rates{Hour: 47, Day: 3.1}, "out in about 15 min"},
		{12, Rates{Hour: 1, Day: 47}, "out in about 15 min"},
		{12, Rates{Hour: 2}, "out in about 6 h 0 min"},
		{5, Rates{}, "no stock-out in sight"},
		{0, Rates{}, "out of stock"},
		{-3, Rates{Hour: 1}, "out of stock"},
		{1, Rates{Hour: 200}, "out in less than a minute"},
		{60, Rates{Hour: 60.2}, "out in about 1 h 0 min"},
		{100, Rates{Hour: 1}, "out in about 4 days"},
		{1_000_000_000, Rates{Hour: 1}, "no stock-out in sight"},
	}
	for _, test := range tests {
		out, selling := After(test.available, test.rates)
		if got := Text(test.available, out, selling); got != test.want {
			t.Errorf("%d at %v: got %q, want %q", test.available, test.rates, got, test.want)
		}
	}
}

// The interval's ends are the exact Poisson bounds of the rate, nearly.
func TestInterval(t *testing.T) {
	tests := []struct {
		units    int64
		low, top float64 // 10 % and 90 % quantiles of Gamma(n) and Gamma(n+1)
		within   float64
	}{
		{1, 0.10536, 3.88972, 0.08},
		{3, 1.10207, 6.68078, 0.01},
		{10, 6.22130, 15.40664, 0.01},
		{47, 38.45597, 57.06535, 0.01},
	}
	for _, test := range tests {
		out, _ := After(100, Rated(test.units, 0))
		soonest, latest := Between(100, Rated(test.units, 0))
		hours := func(rate float64) time.Duration { return time.Duration(100 / rate * float64(time.Hour)) }
		if !near(soonest, hours(test.top), test.within) || !near(latest, hours(test.low), test.within) || out < soonest || out > latest {
			t.Errorf("%d units: got %s, between %s and %s; want between %s and %s", test.units, out, soonest, latest, hours(test.top), hours(test.low))
		}
	}
	if soonest, latest := Between(5, Rates{}); soonest != 0 || latest != 0 {
		t.Errorf("nothing sells: got %s to %s", soonest, latest)
	}
}

func near(got, want time.Duration, share float64) bool {
	return (got - want).Abs() <= time.Duration(share*float64(want))
}
