package crash

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/drilltest"
	"github.com/creatorflow/creatorflow/failpoint"
	"github.com/creatorflow/creatorflow/storage/postgres/pgserver"
	"github.com/creatorflow/creatorflow/twin"
)

// TestCrash kills the hub, at failpoints too, which must keep its promises, and a twin that answers webhooks before
// they are committed, which the drill must catch losing them.
func TestCrash(t *testing.T) {
	for _, c := range []struct {
		name, twin string
		cycles     int
		fired      int // failpoints, at least: a slow machine may be late for one
		postgres   bool
		drain      time.Duration // a twin that lost its orders never comes to rest
		broken     bool
	}{
		{name: "hub", cycles: 22, fired: len(failpoint.All()) - 2}, // each once
		{name: "hub on postgres", cycles: 12, fired: 8, postgres: true},
		{name: "early ack", twin: "early_ack", cycles: 4, drain: time.Second, broken: true}, // the fourth at a random time
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(twin.Variable, c.twin)
			o := drill.Options{
				Binary: drilltest.Build(t), Dir: drilltest.Dir(t), Cycles: c.cycles, Seed: 1, PerMinute: 1000, Drain: c.drain, Out: io.Discard,
			}
			if c.postgres {
				server, err := pgserver.Start(t.Context(), filepath.Join(o.Dir, "postgres"))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := server.Close(); err != nil {
						t.Error(err)
					}
				})
				o.DB = server.URL("postgres")
			}
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", r)
			drilltest.Same(t, r, o)
			if !c.broken && len(r.Broken) > 0 {
				t.Errorf("the hub broke a promise: %v", r.Broken)
			}
			if r.Fired < c.fired {
				t.Errorf("%d of %d failpoints killed the hub; never: %v", r.Fired, r.Points, r.Unfired)
			}
			if c.broken && !strings.Contains(strings.Join(r.Broken, "\n"), "acknowledged webhooks are lost") {
				t.Errorf("the drill did not see the twin lose webhooks: %v", r.Broken)
			}
		})
	}
}
