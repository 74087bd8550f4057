package views

import (
	"bytes"
	"encoding/json"
	"testing"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/bench"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestRebuild rebuilds a small history twice on each engine: both give the same views.
func TestRebuild(t *testing.T) {
	for _, engine := range []string{bench.SQLite, bench.Postgres} {
		t.Run(engine, func(t *testing.T) {
			var out bytes.Buffer
			if err := Rebuild(t.Context(), bench.Options{Engine: engine, JSON: true, Out: &out}, 3000, 2); err != nil {
				t.Fatal(err)
			}
			var r Rebuilt
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.Engine != engine || r.Orders != 200 || r.Events < 10*200 || r.Runs != 2 || r.EventsPerSecond <= 0 || r.RawPerSecond <= 0 || r.Hash == "" {
				t.Errorf("not a measurement: %+v", r)
			}
		})
	}
}

// TestFollow appends and folds for a moment; it fails by itself when the views differ from a rebuild.
func TestFollow(t *testing.T) {
	for _, engine := range []string{bench.SQLite, bench.Postgres} {
		t.Run(engine, func(t *testing.T) {
			var out bytes.Buffer
			if err := Follow(t.Context(), bench.Options{Engine: engine, Seconds: 1, JSON: true, Out: &out}, 2000); err != nil {
				t.Fatal(err)
			}
			var r Followed
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if durable[engine] == "" || r.Engine != engine || r.Events < 1000 || !r.Equal || r.Lag <= 0 || r.Behind <= 0 || r.Settled < 0 || r.P99 < r.P50 || r.P50 <= 0 {
				t.Errorf("not a measurement: %+v", r)
			}
		})
	}
}
