package board_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/traffic"
	"github.com/creatorflow/creatorflow/domain/orders"
)

// The rate is that of hours whose visits are known, shop by shop, and is held against the same hours of the day before.
func TestConversion(t *testing.T) {
	london := zone(t, "Europe/London")
	midnight := utc(t, "2026-07-02 23:00") // summer time
	h := newHistory(t, midnight.Add(-24*time.Hour))
	counted := func(connection string, hour time.Duration, visits int64) {
		at := midnight.Add(hour)
		h.add(traffic.Stream("main", connection, at), traffic.Counted{Connection: connection, Hour: at, Visits: visits})
	}
	n := 0
	sell := func(connection string, hour time.Duration, orderCount int) {
		for range orderCount {
			n++
			h.now = midnight.Add(hour + 20*time.Minute)
			h.place(fmt.Sprint(n), connection, "GBP", "", orders.Ready, 100, map[string]int64{"a": 1})
		}
	}
	sell("k7", -14*time.Hour, 3) // ten in the morning, yesterday
	sell("k7", -12*time.Hour, 9) // noon of yesterday, which today has not come to
	sell("k7", 10*time.Hour, 4)
	sell("k8", 10*time.Hour, 50) // whose visits nobody knows
	sell("k7", 11*time.Hour, 1)
	h.now = midnight.Add(11*time.Hour + 30*time.Minute)
	store := views(t)
	rate := func() string {
		h.fold(store, whole)
		c := h.kpis(store, london, "GBP").Conversion
		text := "none"
		if c.Value != nil {
			text = fmt.Sprintf("%.2f", *c.Value)
		}
		if c.Change != nil {
			text += fmt.Sprintf(" %+.2f", *c.Change)
		}
		return fmt.Sprintf("%s %.2f", text, c.Spark)
	}
	for _, step := range []struct {
		what string
		say  func()
		want string
	}{
		{"nothing is known", func() {}, "none []"},
		{"one hour", func() { counted("k7", 10*time.Hour, 200) }, "2.00 [2.00]"},
		{"it is counted again", func() { counted("k7", 10*time.Hour, 100) }, "4.00 [4.00]"},
		{"an hour without visits", func() { counted("k7", 9*time.Hour, 0) }, "4.00 [4.00]"},
		{"the hour that is on", func() { counted("k7", 11*time.Hour, 25) }, "4.00 [4.00 4.00]"},
		{"yesterday, an hour later", func() { counted("k7", -12*time.Hour, 100) }, "4.00 [4.00 4.00]"},
		{"yesterday, the same hour", func() { counted("k7", -14*time.Hour, 100) }, "4.00 +1.00 [4.00 4.00]"},
		{"another shop", func() { counted("k8", 10*time.Hour, 1000) }, "4.89 +1.89 [4.91 4.00]"},
	} {
		step.say()
		if got := rate(); got != step.want {
			t.Errorf("%s: %s, want %s", step.what, got, step.want)
		}
	}
}
