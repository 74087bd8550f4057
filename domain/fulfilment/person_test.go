package fulfilment_test

import (
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/fulfilment/shown"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

func (r *rig) ask(id string, rule func(*flow.Definition, string) eventlog.Decider[flow.Status, flow.By]) {
	r.Helper()
	d := r.definition()
	by := flow.By{Reason: "by hand", Now: time.Now().UTC()}
	if _, err := eventlog.Execute(r.Context(), r.log, d.Stream("k7:"+id), rule(d, "k7:"+id), by, eventlog.Meta{}); err != nil {
		r.Fatal(err)
	}
}

// may compares what the order's page offers.
func (r *rig) may(id, want string) {
	r.Helper()
	if got := strings.Join(shown.Actions("main", "k7:"+id, r.records(id)), " "); got != want {
		r.Errorf("order %s: a person may %q, want %q", id, got, want)
	}
}

// What waits for its buyer's money is taken back: its units are for others.
func TestTakeBackFreesTheStock(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.says("1", orders.Unpaid)
		r.has("a", 10, 2)
		r.may("1", "retry take-back")
		r.ask("1", (*flow.Definition).TakingBack)
		r.tells("1", "started, validate, reserve stock, waits:unpaid, retried, undo, -reserve stock, -validate, undone")
		r.has("a", 10, 0)
		r.may("1", "")
		r.says("1", orders.Ready) // news change nothing any more
		r.has("a", 10, 0)
	})
}

// A label that the channel refuses was made elsewhere: the order goes on and its units leave.
func TestSkippedLabelShips(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.desk.does("decline")
		r.says("1", orders.Ready)
		r.tells("1", "started, validate, reserve stock, confirm payment, label?, stuck")
		r.may("1", "retry skip")
		r.desk.does("")
		r.ask("1", (*flow.Definition).Skipping)
		r.says("1", orders.Transit)
		r.pass(time.Hour)
		r.has("a", 8, 0)
		if n := r.desk.calls["label"]; n != 1 {
			r.Errorf("the label was asked for %d times, want once", n)
		}
	})
}
