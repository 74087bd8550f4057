package crash

import (
	"io"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/drilltest"
)

// TestCrash kills the hub, which must keep its promises, and a twin that answers webhooks before
// they are committed, which the drill must catch losing them.
func TestCrash(t *testing.T) {
	for _, c := range []struct {
		name, tags string
		broken     bool
	}{
		{name: "hub"},
		{name: "early ack", tags: "twin_early_ack", broken: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Run(t.Context(), drill.Options{
				Binary: drilltest.Build(t, c.tags), Dir: drilltest.Dir(t), Cycles: 3, Seed: 1, PerMinute: 1000, Out: io.Discard,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", r)
			if !c.broken && len(r.Broken) > 0 {
				t.Errorf("the hub broke a promise: %v", r.Broken)
			}
			if c.broken && !strings.Contains(strings.Join(r.Broken, "\n"), "acknowledged webhooks are lost") {
				t.Errorf("the drill did not see the twin lose webhooks: %v", r.Broken)
			}
		})
	}
}
