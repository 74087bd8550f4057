package board_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/orders"
)

// Demand is viral when the last hour is far above the busiest hour that was usual before; a rush is not measured by itself.
func TestDemand(t *testing.T) {
	store := views(t)
	now := utc(t, "2026-06-15 12:20")
	type rush struct {
		back   time.Duration // before now
		orders int
	}
	const hour, day = time.Hour, 24 * time.Hour
	tests := []struct {
		name   string
		rushes []rush
		hour   int64
		usual  int64 // -1 = not known
		viral  bool
	}{
		{"nothing was ever sold", nil, 0, -1, false},
		{"the first day of a shop", []rush{{5 * hour, 2}, {10 * time.Minute, 90}}, 90, -1, false},
		{"the second day of a shop", []rush{{47 * hour, 2}, {10 * time.Minute, 90}}, 90, -1, false},
		{"the third day of a shop", []rush{{49 * hour, 2}, {10 * time.Minute, 90}}, 90, 2, true},
		{"chance", []rush{{3 * day, 1}, {10 * time.Minute, 19}}, 19, 1, false},
		{"as many as chance never gives", []rush{{3 * day, 1}, {10 * time.Minute, 20}}, 20, 1, true},
		{"a busy hour of a busy shop", []rush{{3 * day, 30}, {2 * day, 20}, {10 * time.Minute, 89}}, 89, 30, false},
		{"three times its busiest hour", []rush{{3 * day, 30}, {2 * day, 20}, {10 * time.Minute, 90}}, 90, 30, true},
		{"a rush that goes on", []rush{{3 * day, 5}, {20 * hour, 200}, {2 * hour, 60}, {10 * time.Minute, 30}}, 30, 5, true},
		{"a rush of the day before yesterday is usual by now", []rush{{3 * day, 5}, {50 * hour, 60}, {10 * time.Minute, 60}}, 60, 60, false},
		{"a rush that is over", []rush{{3 * day, 5}, {2 * hour, 60}}, 0, 5, false},
		{"older than a week", []rush{{10 * day, 50}, {4 * day, 4}, {10 * time.Minute, 20}}, 20, 4, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHistory(t, now)
			for i, r := range test.rushes {
				h.now = now.Add(-r.back)
				for n := range r.orders {
					h.place(fmt.Sprint(i, " ", n), "k7", []string{"GBP", "EUR"}[n%2], "", orders.Ready, 100, map[string]int64{"a": 1})
				}
			}
			h.now = now
			d := h.kpisOf(store).Demand
			usual := int64(-1)
			if d.Usual != nil {
				usual = *d.Usual
			}
			if d.Hour != test.hour || usual != test.usual || d.Viral != test.viral {
				t.Errorf("%d orders in the hour, usually %d, viral %t; want %d, %d, %t", d.Hour, usual, d.Viral, test.hour, test.usual, test.viral)
			}
		})
	}
}
