package traffic_test

import (
	"errors"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/shops"
	events "github.com/creatorflow/creatorflow/domain/events/traffic"
	"github.com/creatorflow/creatorflow/domain/traffic"
)

func TestCounting(t *testing.T) {
	now := time.Date(2026, 12, 1, 9, 30, 0, 0, time.UTC)
	rule := traffic.Counting()
	at := func(hour time.Time, visits int64) traffic.Count {
		return traffic.Count{Counted: events.Counted{Connection: "k7", Hour: hour, Visits: visits}, Now: now}
	}
	nine := now.Truncate(time.Hour)
	state := rule.Evolve(rule.Evolve(nil, shops.Connected{}), at(nine, 5).Counted)
	for _, tt := range []struct {
		name  string
		count traffic.Count
		want  error
		n     int // events
	}{
		{"an hour", at(nine.Add(-time.Hour), 7), nil, 1},
		{"the same again", at(nine, 5), nil, 0},
		{"the same in another zone", at(nine.In(time.FixedZone("", 3600)), 5), nil, 0},
		{"a better count", at(nine, 6), nil, 1},
		{"nobody came", at(nine.Add(-time.Hour), 0), nil, 1},
		{"within an hour", at(nine.Add(time.Minute), 5), traffic.ErrHour, 0},
		{"an hour to come", at(nine.Add(time.Hour), 5), traffic.ErrFuture, 0},
		{"long ago", at(nine.AddDate(-2, 0, 0), 5), traffic.ErrPast, 0},
	} {
		got, err := rule.Decide(state, tt.count)
		if !errors.Is(err, tt.want) || len(got) != tt.n {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
		for _, e := range got {
			if c := e.(events.Counted); c.Hour.Location() != time.UTC || c.Visits != tt.count.Visits {
				t.Errorf("%s: %+v", tt.name, c)
			}
		}
	}
	if len(state) != 1 || state[nine] != 5 {
		t.Errorf("folded to %v", state)
	}
}
