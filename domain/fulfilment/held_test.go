package fulfilment_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// claims is what the channel shows of the buyer's cancellation of an order.
func (r *rig) claims(id, state string) {
	r.Helper()
	_, err := eventlog.Execute(r.Context(), r.log, orderevents.Stream("main", "k7:"+id), orders.ObservingClaim(), orderevents.ClaimOpened{
		Kind: orders.Cancellation, Claim: "c" + id, State: state, Vendor: strings.ToUpper(state), By: "buyer", Updated: time.Now(),
	}, eventlog.Meta{})
	if err != nil {
		r.Fatal(err)
	}
	<-time.After(time.Second) // so that the next news are newer
	synctest.Wait()
}

// What the buyer wants cancelled is not sent until that is decided; its stock stays reserved.
func TestBuyersRequestHoldsTheOrder(t *testing.T) {
	for name, test := range map[string]struct {
		decided func(r *rig)
		phase   flow.Phase
		labels  int
	}{
		"nobody answers": {func(*rig) {}, flow.Waits, 0},
		"it is agreed, and the order not cancelled yet": {func(r *rig) { r.claims("1", orders.ClaimApproved) }, flow.Waits, 0},
		"it is approved": {func(r *rig) { r.claims("1", orders.ClaimApproved); r.says("1", orders.Cancelled) }, flow.Undone, 0},
		"it is rejected": {func(r *rig) { r.claims("1", orders.ClaimWithdrawn) }, flow.Finished, 1},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.receive("a", 10)
				r.says("1", orders.Unpaid)
				r.claims("1", orders.ClaimPending)
				r.says("1", orders.Ready)
				if s := r.status("1"); s.Phase != flow.Waits || s.Waiting.Code != fulfilment.WaitDecision || !strings.Contains(s.Waiting.Sentence, "Approve or reject") {
					t.Fatalf("asked to cancel, the flow stands at %+v: %s", s.Waiting, r.story("1"))
				}
				r.has("a", 10, 2)
				r.restart() // it waits on in the next process
				test.decided(r)
				r.pass(time.Hour)
				if s := r.status("1"); s.Phase != test.phase || r.desk.labels["k7:1"] != test.labels {
					t.Errorf("%s with %d labels, want %s with %d: %s", s.Phase, r.desk.labels["k7:1"], test.phase, test.labels, r.story("1"))
				}
			})
		})
	}
}

// A request that comes while the channel is away keeps the label from being asked for again.
func TestBuyersRequestBetweenTries(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.desk.does(fulfilment.WaitAway)
		r.says("1", orders.Ready)
		r.claims("1", orders.ClaimPending)
		r.desk.does("")
		r.pass(time.Hour)
		if s := r.status("1"); s.Waiting == nil || s.Waiting.Code != fulfilment.WaitDecision || r.desk.labels["k7:1"] != 0 {
			t.Errorf("%d labels: %s", r.desk.labels["k7:1"], r.story("1"))
		}
		r.claims("1", orders.ClaimWithdrawn)
		r.pass(time.Minute)
		r.has("a", 8, 0)
	})
}
