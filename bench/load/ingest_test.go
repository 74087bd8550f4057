package load

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/bench"
)

// TestIngest loads the hub for a moment; how fast it was is printed, what it lost or did twice fails.
func TestIngest(t *testing.T) {
	for _, engine := range []string{bench.SQLite, bench.Postgres} {
		t.Run(engine, func(t *testing.T) {
			var out bytes.Buffer
			if err := Ingest(t.Context(), Options{Engine: engine, Length: 8 * time.Second, PerMinute: 1500, Seed: 1, JSON: true, Out: &out}); err != nil {
				t.Fatal(err)
			}
			t.Log(out.String())
			var r Report
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.Engine != engine || r.Orders < 50 || r.Webhooks < r.Orders || r.Lost != 0 || r.Twice != 0 || r.Open != 0 {
				t.Errorf("%s: %d orders by %d webhooks: %d lost, %d twice, %d open", r.Engine, r.Orders, r.Webhooks, r.Lost, r.Twice, r.Open)
			}
		})
	}
}
