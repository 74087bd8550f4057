package months

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/bench"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestMonths fills thirteen months on each engine: eleven leave the database, and every order of theirs is read as
// before. Its times mean nothing.
func TestMonths(t *testing.T) {
	for _, engine := range []string{bench.SQLite, bench.Postgres} {
		t.Run(engine, func(t *testing.T) {
			var out bytes.Buffer
			if err := Run(t.Context(), Options{Engine: engine, Orders: 300, Reads: 100, Seed: 1, JSON: true, Out: &out}); err != nil {
				t.Fatal(err)
			}
			t.Log(out.String())
			var r Result
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.Engine != engine || r.Months != 13 || r.Closed != 11 || r.Events < 10*300 || r.Before.Calls != 100 || r.After.Calls != 100 ||
				r.Drop <= 0 || r.Alone.Calls == 0 || r.Beside.Calls == 0 || r.Beside.Longest < r.Beside.P50 {
				t.Errorf("not a measurement: %+v", r)
			}
			if engine == bench.Postgres && (r.Partitions != 13 || r.Left != 2) {
				t.Errorf("%d partitions, of which %d are left; want 13 and 2", r.Partitions, r.Left)
			}
		})
	}
}

// TestClock: the history fills thirteen months, neither more nor fewer, whatever day it is.
func TestClock(t *testing.T) {
	for _, now := range []time.Time{
		time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(2028, 2, 29, 12, 0, 0, 0, time.UTC),
	} {
		for _, all := range []int64{1, 700, 2524, 9999} { // the third is just before the last moment
			events := int64(0)
			clock, next := thirteen(now, 100, func() int64 { return events })
			seen := map[string]bool{}
			for ; events < all; events++ {
				seen[clock().Format("2006-01")] = true
			}
			for more := true; more; {
				more = next()
				seen[clock().Format("2006-01")] = true
			}
			if len(seen) != 13 || seen[now.Format("2006-01")] {
				t.Errorf("at %s after %d events the history has the months %v", now, all, seen)
			}
		}
	}
}
