package powercut

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

// TestPowercut cuts the power of the hub, which must keep its promises, and of a twin whose commits
// return before they are on the disk: the drill must name acknowledged webhooks and commands that
// it lost.
func TestPowercut(t *testing.T) {
	for _, c := range []struct {
		name, twin, engine string
		cycles             int
		drain              time.Duration // a twin that lost its orders never comes to rest
		lost               []string
	}{
		{name: "hub", cycles: 50},
		{name: "hub on postgres", engine: engine.Postgres, cycles: 3},
		{name: "weak sync", twin: "weak_sync", cycles: 10, drain: time.Second, lost: []string{"acknowledged webhooks are lost", "acknowledged commands are lost"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(twin.Variable, c.twin)
			o := drill.Options{
				Binary: drilltest.Build(t), Dir: drilltest.Dir(t), Cycles: c.cycles, Seed: 1, PerMinute: 1200, Drain: c.drain, Out: io.Discard,
			}
			r, err := Run(t.Context(), Options{Engine: c.engine, Options: o, Weak: len(c.lost) > 0})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", r)
			if r.NotRun != "" {
				t.Skipf("NOT RUN, nothing is proven of power cuts: %s", r.NotRun) //nolint:forbidigo // a machine without FUSE says so
			}
			drilltest.Same(t, r, o)
			if len(c.lost) == 0 && len(r.Broken) > 0 {
				t.Errorf("the hub broke a promise: %v", r.Broken)
			}
			for _, want := range c.lost {
				if !strings.Contains(strings.Join(r.Broken, "\n"), want) {
					t.Errorf("the drill does not say %q of the twin: %v", want, r.Broken)
				}
			}
		})
	}
}

// TestPostgresTwin: a server that does not sync loses what it acknowledged, and the drill says so.
func TestPostgresTwin(t *testing.T) {
	drilltest.Caught(t, "weak_sync", "acknowledged webhooks are lost", "powercut", "--engine", "postgres", "--cycles", "3")
}
