package fulfilment_test

import (
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/flow"
)

// taken is how often an order's money was taken, and asked for.
func (r *rig) taken(id string) (times, asked int) {
	r.desk.mu.Lock()
	defer r.desk.mu.Unlock()
	return r.desk.captures["k7:"+id], r.desk.calls["capture"]
}

// Money that a channel shows as reserved is taken once the stock is, and the parcel goes once the channel shows the order as paid.
func TestReservedMoneyIsTaken(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.says("1", orders.Authorised)
		r.waitsFor("1", fulfilment.WaitChannel, "The money is taken.")
		r.has("a", 10, 2)
		r.says("1", orders.Ready)
		r.pass(time.Minute)
		r.tells("1", "started, validate, reserve stock, confirm payment?, confirm payment, waits:channel, label?, label, tell the channel?, tell the channel, metrics, finished")
		if times, asked := r.taken("1"); times != 1 || asked != 1 {
			t.Errorf("taken %d times, asked for %d times", times, asked)
		}
	})
}

// A process that dies as the money is taken leaves one that looks first.
func TestReservedMoneyIsTakenOnce(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.desk.script["capture"] = []string{"crash after"}
		r.says("1", orders.Authorised)
		r.restart()
		r.pass(10 * time.Minute)
		r.waitsFor("1", fulfilment.WaitChannel, "The money is taken.")
		if times, asked := r.taken("1"); times != 1 || asked != 2 {
			t.Errorf("taken %d times, asked for %d times", times, asked)
		}
	})
}

// What is short is not paid for, and what the buyer wants cancelled is not either.
func TestReservedMoneyWaits(t *testing.T) {
	inRig(t, func(r *rig) {
		r.says("1", orders.Authorised)
		r.waitsFor("1", fulfilment.WaitUnknownSKU, "")
		r.claims("1", orders.ClaimPending)
		r.receive("a", 10)
		r.pass(time.Minute)
		r.waitsFor("1", fulfilment.WaitDecision, "Approve or reject it")
		if times, asked := r.taken("1"); times != 0 || asked != 0 {
			t.Errorf("taken %d times, asked for %d times", times, asked)
		}
		r.claims("1", orders.ClaimRejected)
		r.waitsFor("1", fulfilment.WaitChannel, "The money is taken.")
	})
}

// A bank that says no is asked again when a person retries, and not by news that come in between.
func TestReservedMoneyThatIsRefused(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.desk.script["capture"] = []string{fulfilment.WaitPayment, fulfilment.WaitPayment}
		r.says("1", orders.Authorised)
		r.waitsFor("1", fulfilment.WaitPayment, "The bank says no.")
		n := r.news("1", orders.Authorised, map[string]int64{"a": 2})
		n.Vendor = "AUTHORIZED/ON_HOLD"
		if err := r.observe(n); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Hour)
		if _, asked := r.taken("1"); asked != 1 {
			t.Errorf("asked %d times", asked)
		}
		for want := 2; want <= 3; want++ {
			if err := r.retry("1"); err != nil {
				t.Fatal(err)
			}
			r.pass(time.Second)
			if _, asked := r.taken("1"); asked != want {
				t.Errorf("asked %d times, want %d", asked, want)
			}
		}
		r.waitsFor("1", fulfilment.WaitChannel, "The money is taken.")
	})
}

// Of a reservation that the channel shows as unpaid the desk is asked before a person is; once the buyer has paid again the order goes on.
func TestReservedMoneyThatIsGone(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.desk.script["capture"] = []string{fulfilment.WaitPayment, fulfilment.WaitPayment}
		r.says("1", orders.Authorised)
		r.says("1", orders.Unpaid)
		r.pass(time.Hour)
		r.waitsFor("1", fulfilment.WaitPayment, "The bank says no.")
		if times, asked := r.taken("1"); times != 0 || asked != 2 {
			t.Errorf("taken %d times, asked for %d times", times, asked)
		}
		r.has("a", 10, 2)
		r.says("1", orders.Ready)
		r.pass(time.Minute)
		if s := r.status("1"); s.Phase != flow.Finished {
			t.Errorf("paid again, the flow is %s: %s", s.Phase, r.story("1"))
		}
	})
}

// A bank that takes days is waited for, whatever the channel calls the payment meanwhile, and nobody is told to pay again.
func TestReservedMoneyThatIsOnItsWay(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.desk.does("undecided")
		r.says("1", orders.Authorised)
		r.says("1", orders.Unpaid)
		r.pass(72 * time.Hour)
		r.waitsFor("1", fulfilment.WaitChannel, "The bank has not decided yet.")
		r.desk.does("")
		r.says("1", orders.Ready)
		r.pass(time.Minute)
		if s := r.status("1"); s.Phase != flow.Finished {
			t.Errorf("paid, the flow is %s: %s", s.Phase, r.story("1"))
		}
	})
}

// An order that was sent while its money was only reserved is not paid: the money is taken, and the order goes on as sent.
func TestReservedMoneyOfASentOrder(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.desk.script["capture"] = []string{fulfilment.WaitPayment}
		r.says("1", orders.Authorised)
		n := r.news("1", orders.Transit, map[string]int64{"a": 2})
		n.Owed = true
		if err := r.observe(n); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Minute)
		r.waitsFor("1", fulfilment.WaitPayment, "The bank says no.")
		if err := r.retry("1"); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Minute)
		if s := r.status("1"); s.Phase != flow.Finished {
			t.Errorf("its money is taken, the flow is %s: %s", s.Phase, r.story("1"))
		}
		if times, asked := r.taken("1"); times != 1 || asked != 2 {
			t.Errorf("taken %d times, asked for %d times", times, asked)
		}
		r.has("a", 8, 0)
	})
}

// Money that is reserved anew after a refusal is taken without a person.
func TestReservedMoneyThatIsReservedAnew(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.desk.script["capture"] = []string{fulfilment.WaitPayment, fulfilment.WaitPayment}
		r.says("1", orders.Authorised)
		r.says("1", orders.Unpaid)
		r.waitsFor("1", fulfilment.WaitPayment, "The bank says no.")
		r.says("1", orders.Authorised)
		r.waitsFor("1", fulfilment.WaitChannel, "The money is taken.")
		if times, asked := r.taken("1"); times != 1 || asked != 3 {
			t.Errorf("taken %d times, asked for %d times", times, asked)
		}
	})
}

// An order that is cancelled after its money was taken is not paid back from here: that is the cancellation's.
func TestTakenMoneyOfACancelledOrder(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.says("1", orders.Authorised)
		r.says("1", orders.Cancelled)
		r.pass(time.Minute)
		r.tells("1", "started, validate, reserve stock, confirm payment?, confirm payment, waits:channel, undo, -confirm payment, -reserve stock, -validate, undone")
		r.has("a", 10, 0)
		note := ""
		for _, record := range r.records("1") {
			if e, ok := record.Event.(flows.StepUndone); ok && e.Step == fulfilment.StepPayment {
				note = e.Note
			}
		}
		if note != fulfilment.PaidBack || !strings.Contains(note, "Whether anything was paid") {
			t.Errorf("of the money it is said: %q", note)
		}
	})
}

// An order whose flow had passed the payment before money was taken from here says who is to take it.
func TestReservedMoneyOfAnOlderFlow(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.says("1", orders.OnHold)
		r.waitsFor("1", fulfilment.WaitOnHold, "")
		r.says("1", orders.Authorised)
		r.waitsFor("1", fulfilment.WaitPayment, "Take it at the channel")
		if _, asked := r.taken("1"); asked != 0 {
			t.Errorf("asked %d times", asked)
		}
	})
}
