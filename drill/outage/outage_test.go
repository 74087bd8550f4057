package outage

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/drilltest"
	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/twin"
)

// TestOutage takes away what the hub stands on, which must keep its promises, and what a twin stands on
// that answers webhooks before they are committed: the drill must name those that it lost.
func TestOutage(t *testing.T) {
	for _, c := range []struct {
		name, twin, engine string
		cycles             int
		away, drain        time.Duration
		broken             bool
	}{
		{name: "hub", engine: engine.SQLite, away: 3 * time.Second},
		{name: "hub on postgres", engine: engine.Postgres, cycles: 2, away: 5 * time.Second},
		{name: "early ack", twin: "early_ack", engine: engine.Postgres, cycles: 2, drain: time.Second, broken: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(twin.Variable, c.twin)
			r, err := Run(t.Context(), Options{Engine: c.engine, Away: c.away, Options: drill.Options{
				Binary: drilltest.Build(t), Dir: drilltest.Dir(t), Cycles: c.cycles, Seed: 1, PerMinute: 1000, Drain: c.drain, Out: io.Discard,
			}})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", r)
			if r.NotRun != "" {
				t.Skipf("NOT RUN, nothing is proven of outages: %s", r.NotRun) //nolint:forbidigo // a machine without PostgreSQL says so
			}
			if !c.broken && len(r.Broken) > 0 {
				t.Errorf("the hub broke a promise: %v", r.Broken)
			}
			if c.broken && !strings.Contains(strings.Join(r.Broken, "\n"), "acknowledged webhooks are lost") {
				t.Errorf("the drill did not see the twin lose webhooks: %v", r.Broken)
			}
		})
	}
}
