package fulfilment_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	riskevents "github.com/creatorflow/creatorflow/domain/events/risks"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/shown"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/risk"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/money"
)

const (
	untilReview = untilPaid + "confirm payment, waits:risk"
	sent        = "label?, label, tell the channel?, tell the channel, metrics, finished"
)

// rules sets that orders over 50.00 are flagged and what then happens to their stock.
func (r *rig) rules(stock string) {
	r.Helper()
	c := risk.Configure{Stock: &stock, Total: &riskevents.Total{On: true, Over: []money.Money{{Minor: 50_00, Currency: "GBP"}}}}
	if _, err := eventlog.Execute(r.Context(), r.log, riskevents.Stream("main"), risk.Configuring(), c, eventlog.Meta{}); err != nil {
		r.Fatal(err)
	}
}

// dear takes in an order of 2 units of SKU a that is over the limit, or other news of it.
func (r *rig) dear(id, status string) {
	r.Helper()
	n := r.news(id, status, map[string]int64{"a": 2})
	n.Total.Minor = 100_00
	if err := r.observe(n); err != nil {
		r.Fatal(err)
	}
	<-time.After(time.Second)
	synctest.Wait()
}

func (r *rig) review(id string, approve bool) error {
	_, err := eventlog.Execute(r.Context(), r.log, orderevents.Stream("main", "k7:"+id), aftersales.Reviewing(),
		aftersales.Review{Order: "k7:" + id, Approve: approve, Reason: "undeliverable"}, eventlog.Meta{})
	return err
}

// refuses lets the channel say no to the order's cancellation, as the flow of answers notes it.
func (r *rig) refuses(id string) {
	r.Helper()
	stream := orderevents.Stream("main", "k7:"+id)
	records, err := r.log.ReadStream(r.Context(), stream, 0, 1000)
	r.must(err)
	_, err = r.log.Append(r.Context(), eventlog.Write{Stream: stream, Expected: eventlog.Version(len(records)), Events: []eventlog.Event{
		orderevents.AnswerEnded{Order: "k7:" + id, Answer: 1, Sentence: "No."},
	}})
	r.must(err)
}

func TestReviewOfAFlaggedOrder(t *testing.T) {
	approve := func(r *rig) { r.must(r.review("1", true)) }
	tests := []struct {
		name, stock  string
		held         int64 // while it waits
		end          func(r *rig)
		want         string // after untilReview
		onHand, left int64  // on hand and reserved at the end
	}{
		{"kept, approved", "kept", 2, approve, ", " + sent, 8, 0},
		{"freed, approved", "freed", 0, approve, ", " + sent, 8, 0},
		{"kept, approved twice", "kept", 2, func(r *rig) { approve(r); approve(r) }, ", " + sent, 8, 0},
		{"kept, cancelled", "kept", 2, func(r *rig) { r.dear("1", orders.Cancelled) }, ", undo, -confirm payment, -reserve stock, -validate, undone", 10, 0},
		{"freed, cancelled", "freed", 0, func(r *rig) { r.dear("1", orders.Cancelled) }, ", undo, -confirm payment, -reserve stock, -validate, undone", 10, 0},
		{"kept, rejected", "kept", 2, func(r *rig) { r.must(r.review("1", false)) }, ", waits:decision", 10, 2},
		{
			"kept, rejected, cancelled at the channel", "kept", 2,
			func(r *rig) { r.must(r.review("1", false)); r.pass(time.Second); r.dear("1", orders.Cancelled) },
			", waits:decision, undo, -confirm payment, -reserve stock, -validate, undone", 10, 0,
		},
		{
			"kept, rejected, refused by the channel", "kept", 2,
			func(r *rig) { r.must(r.review("1", false)); r.pass(time.Second); r.refuses("1") },
			", waits:decision, undo, -confirm payment, -reserve stock, -validate, undone", 10, 0,
		},
		{
			"freed, sold to another, approved, received", "freed", 0,
			func(r *rig) {
				r.sells("2", 9)
				approve(r)
				r.pass(time.Second)
				r.receive("a", 1)
				r.must(r.retry("1"))
			},
			", waits:no_stock, retried, " + sent, 0, 0,
		},
		{"kept, sent by somebody meanwhile", "kept", 2, func(r *rig) { r.dear("1", orders.Transit) }, ", (label), tell the channel, metrics, finished", 8, 0},
		{"freed, sent by somebody meanwhile", "freed", 0, func(r *rig) { r.dear("1", orders.Transit) }, ", (label), tell the channel, metrics, finished", 8, 0},
		{
			"freed, sold to another, sent by somebody meanwhile", "freed", 0,
			func(r *rig) { r.sells("2", 9); r.dear("1", orders.Transit) },
			", (label), tell the channel, metrics, finished", 0, 0,
		},
		{"freed, arranged by somebody meanwhile", "freed", 0, func(r *rig) { r.dear("1", orders.Arranged) }, ", label?, label, tell the channel, metrics, finished", 8, 0},
		{
			"freed, sold to another, arranged by somebody meanwhile", "freed", 0,
			func(r *rig) { r.sells("2", 9); r.dear("1", orders.Arranged) },
			", label?, label, tell the channel, metrics, finished", 0, 0,
		},
		{"kept, arranged by somebody meanwhile", "kept", 2, func(r *rig) { r.dear("1", orders.Arranged) }, ", label?, label, tell the channel, metrics, finished", 8, 0},
		{"freed, a part sent by somebody meanwhile", "freed", 0, func(r *rig) { r.dear("1", orders.Partial) }, "", 10, 2},
		{
			"freed, sold to another, a part sent, approved", "freed", 0,
			func(r *rig) { r.sells("2", 9); r.dear("1", orders.Partial); r.receive("a", 5); approve(r) },
			", " + sent, 5, 0,
		},
		{
			"kept, rejected, arranged, refused by the channel", "kept", 2,
			func(r *rig) {
				r.must(r.review("1", false))
				r.pass(time.Second)
				r.dear("1", orders.Arranged)
				r.refuses("1")
			},
			", waits:decision, label?, label, tell the channel, metrics, finished", 8, 0,
		},
		{
			"freed, rejected, a part sent, refused by the channel", "freed", 0,
			func(r *rig) {
				r.must(r.review("1", false))
				r.pass(time.Second)
				r.dear("1", orders.Partial)
				r.refuses("1")
			},
			", waits:decision, waits:decision", 10, 2,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.receive("a", 10)
				r.rules(test.stock)
				r.dear("1", orders.Ready)
				r.tells("1", untilReview)
				r.has("a", 10, test.held)
				w := r.status("1").Waiting
				if want := "Held for review: its total of 100.00 GBP is over your limit of 50.00 GBP. Approve or reject it."; !strings.HasPrefix(w.Sentence, want) {
					r.Errorf("it says %q, want %q", w.Sentence, want)
				}
				if got := shown.Actions("main", "k7:1", r.records("1")); !slices.Contains(got, "approve") || !slices.Contains(got, "reject") {
					r.Errorf("a person may %v", got)
				}
				r.restart()
				r.pass(time.Hour)
				r.tells("1", untilReview)
				test.end(r)
				r.pass(time.Minute)
				r.tells("1", untilReview+test.want)
				r.has("a", test.onHand, test.left)
				r.flaggedOnce("1")
			})
		})
	}
}

// Two units that were freed are arranged at the channel while the label's calls fail: nobody else can have them any more.
func TestArrangedUnitsAreTakenBeforeTheLabel(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.rules("freed")
		r.dear("1", orders.Ready)
		r.has("a", 10, 0)
		r.desk.does(fulfilment.WaitAway)
		r.dear("1", orders.Arranged)
		r.has("a", 10, 2)
		r.must(r.observe(r.news("2", orders.Ready, map[string]int64{"a": 9})))
		r.pass(time.Minute)
		r.waitsFor("2", fulfilment.WaitNoStock, "9, 8 available")
	})
}

// Nor while the label's call queues behind others of its shop.
func TestArrangedUnitsAreTakenInTheQueue(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 100)
		r.rules("freed")
		r.dear("1", orders.Ready)
		const others = 50 // whose labels take most of a minute each
		r.desk.script["label"] = slices.Repeat([]string{"timeout"}, others)
		for i := range others {
			r.must(r.observe(r.news(fmt.Sprint("o", i), orders.Ready, map[string]int64{"a": 1})))
		}
		r.pass(time.Second)
		r.dear("1", orders.Arranged)
		r.tells("1", untilReview)
		if n := r.holds("1"); n != 2 {
			t.Errorf("it holds %d while it queues, want 2", n)
		}
	})
}

// An order of which something has left is not held any more.
func TestWhatHasLeftIsNotJudged(t *testing.T) {
	for _, status := range []string{orders.Partial, orders.Arranged, orders.Transit} {
		inRig(t, func(r *rig) {
			r.receive("a", 10)
			r.rules("freed")
			r.dear("1", status)
			r.pass(time.Minute)
			if s := r.status("1"); s.Phase != flow.Finished || r.order("1").Flagged != nil {
				t.Errorf("first seen %s: %s", status, r.story("1"))
			}
		})
	}
}

// What the rules let pass stays so, whatever they, its address and the order itself become while it waits for something else.
func TestPassedOnce(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.receive("b", 10)
		n := r.news("1", orders.Ready, map[string]int64{"a": 2, "b": 1})
		n.SellerShips, n.Packages, n.Total.Minor = true, nil, 100_00
		r.must(r.observe(n))
		r.pass(time.Second)
		r.waitsFor("1", fulfilment.WaitTracking, "Your own carrier takes this order.")
		r.rules("freed")
		r.claims("1", orders.ClaimPending)
		r.waitsFor("1", fulfilment.WaitDecision, "The buyer asks to cancel this order")
		r.restart()
		r.claims("1", orders.ClaimRejected)
		r.pass(time.Minute)
		r.waitsFor("1", fulfilment.WaitTracking, "Your own carrier takes this order.")
		r.has("a", 10, 2)
	})
}

// sells ships an order of so many units of SKU a that nothing flags.
func (r *rig) sells(id string, units int64) {
	r.Helper()
	r.must(r.observe(r.news(id, orders.Ready, map[string]int64{"a": units})))
	r.pass(time.Minute)
	if s := r.status(id); s.Phase != flow.Finished {
		r.Fatalf("the other order ends %s: %s", s.Phase, r.story(id))
	}
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// flaggedOnce says that the rules decided once, whatever came after.
func (r *rig) flaggedOnce(id string) {
	r.Helper()
	records, err := r.log.ReadStream(r.Context(), orderevents.Stream("main", "k7:"+id), 0, 1000)
	r.must(err)
	n := 0
	for _, record := range records {
		if record.Name == "order.flagged" {
			n++
		}
	}
	if n != 1 {
		r.Errorf("flagged %d times, want once", n)
	}
}

// A letter says what to do when the channel does not cancel what was rejected.
func TestRejectedAndRefusedLeavesALetter(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.rules("kept")
		r.dear("1", orders.Ready)
		r.must(r.review("1", false))
		r.refuses("1")
		r.pass(time.Minute)
		said := r.letters(letterevents.TakenBack + "k7:1")
		if len(said) != 1 || !strings.Contains(said[0], "the channel was asked to cancel it and did not: No.") || !strings.Contains(said[0], "refund") {
			r.Errorf("letters %q, want one with the channel's words and the money", said)
		}
	})
}

// What a rule would flag now does not touch an order whose label was asked for, nor one that is only waiting to be paid.
func TestJudgedOnceAndOnlyWhenItMayBeSent(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.rules("kept")
		r.dear("1", orders.Unpaid)
		r.tells("1", untilPaid+"waits:unpaid")
		r.dear("1", orders.OnHold)
		r.tells("1", untilPaid+"waits:unpaid, confirm payment, waits:on_hold")
		r.dear("1", orders.Ready)
		r.tells("1", untilPaid+"waits:unpaid, confirm payment, waits:on_hold, waits:risk")

		r.desk.does(fulfilment.WaitAway)
		n := r.news("2", orders.Ready, map[string]int64{"a": 1})
		r.must(r.observe(n))
		r.pass(time.Minute)
		c := risk.Configure{Total: &riskevents.Total{On: true, Over: []money.Money{{Minor: 1, Currency: "GBP"}}}}
		_, err := eventlog.Execute(r.Context(), r.log, riskevents.Stream("main"), risk.Configuring(), c, eventlog.Meta{})
		r.must(err)
		r.desk.does("")
		r.pass(time.Hour)
		if s := r.status("2"); s.Phase != flow.Finished {
			r.Errorf("an order on its way was judged anew: %s", r.story("2"))
		}
	})
}

// The sixth order to one address within a day is flagged, and only that.
func TestRepeatedOrdersToOneAddress(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 100)
		place := func(id, address string) {
			n := r.news(id, orders.Ready, map[string]int64{"a": 1})
			n.Address = address
			r.must(r.observe(n))
			r.pass(time.Hour)
		}
		for i := range 5 {
			place(fmt.Sprint("x", i), "a1")
			place(fmt.Sprint("y", i), "")
		}
		place("other", "a2")
		place("6", "a1")
		place("y6", "")
		for _, id := range []string{"x0", "x4", "y4", "y6", "other"} {
			if s := r.status(id); s.Phase != flow.Finished {
				r.Errorf("order %s: %s", id, r.story(id))
			}
		}
		if s := r.status("6"); s.Phase != flow.Waits || !strings.Contains(s.Waiting.Sentence, "5 other orders within 24 h go to its address") {
			r.Errorf("the sixth: %s, %+v", r.story("6"), s.Waiting)
		}
		r.pass(48 * time.Hour)
		place("later", "a1")
		if s := r.status("later"); s.Phase != flow.Finished {
			r.Errorf("two days later: %s", r.story("later"))
		}
	})
}

// Whatever happens around a review, in whichever order, and wherever the process dies: no unit is lost, none is promised twice and
// an order that ends holds nothing.
func TestReviewConservesStock(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		stock := rapid.SampledFrom([]string{"kept", "freed"}).Draw(rt, "stock")
		moves := rapid.SliceOfN(rapid.SampledFrom([]string{"approve", "reject", "refuse", "other", "retry", "crash", "pass", "sent", "arranged", "partial", "all"}), 1, 6).Draw(rt, "moves")
		die := rapid.IntRange(0, 16).Draw(rt, "die at commit")
		cancel := rapid.Bool().Draw(rt, "cancelled at last")
		inRig(t, func(r *rig) {
			r.receive("a", 4)
			r.rules(stock)
			commits := 0
			r.crashAt(func(eventlog.Batch) (before, after bool) {
				commits++
				return commits == die && die%2 == 0, commits == die && die%2 == 1
			})
			n := r.news("1", orders.Ready, map[string]int64{"a": 2})
			n.Total.Minor = 100_00
			for range 2 { // the first time the process may die
				_ = r.observe(n)
				r.pass(time.Second)
				r.restart()
				r.pass(2 * time.Minute)
			}
			for i, move := range moves {
				r.pass(time.Second)
				free, over := r.stock("a").Available(), r.status("1").Ended()
				switch move {
				case "approve":
					_ = r.review("1", true)
				case "reject":
					_ = r.review("1", false)
				case "refuse":
					if s := r.order("1"); s.Asked != nil {
						r.refuses("1")
					}
				case "other":
					r.must(r.observe(r.news(fmt.Sprint("o", i), orders.Ready, map[string]int64{"a": 1})))
				case "retry":
					_ = r.retry("1")
				case "crash":
					r.restart()
				case "pass":
					r.pass(time.Hour)
				case "all": // wants all that is there
					r.must(r.observe(r.news(fmt.Sprint("o", i), orders.Ready, map[string]int64{"a": 4})))
				case "sent", "arranged", "partial":
					status := map[string]string{"sent": orders.Transit, "arranged": orders.Arranged, "partial": orders.Partial}[move]
					later := r.news("1", status, map[string]int64{"a": 2})
					later.Total.Minor = 100_00
					r.must(r.observe(later))
					r.pass(time.Second)
					if held := r.holds("1"); free >= 2 && !over && held != 2 && (r.status("1").Phase != flow.Finished || r.status("1").Data["taken"] != "") {
						rt.Fatalf("%d were free when it was %s, and it has %d: %v, %s", free, move, held, moves[:i+1], r.story("1"))
					}
				}
				r.pass(time.Second)
				if s := r.stock("a"); s.Available() < 0 || s.Reserved < 0 {
					rt.Fatalf("%d available, %d reserved after %v", s.Available(), s.Reserved, moves[:i+1])
				}
			}
			if cancel {
				r.dear("1", orders.Cancelled)
			}
			r.pass(time.Hour)
			var promised int64
			for a, units := range r.stock("a").Open {
				promised += units
				if phase := r.statusOf(a.Order).Phase; phase == flow.Finished || phase == flow.Undone {
					rt.Errorf("order %s has ended %s and holds %d: %v", a.Order, phase, units, moves)
				}
			}
			if s := r.stock("a"); promised != s.Reserved || s.OnHand() != 4-s.Shipped {
				rt.Errorf("%d promised, %d reserved, %d on hand, %d shipped", promised, s.Reserved, s.OnHand(), s.Shipped)
			}
		})
	})
}

// holds is how many units of SKU a are promised to an order.
func (r *rig) holds(id string) (n int64) {
	for attempt, units := range r.stock("a").Open {
		if attempt.Order == "k7:"+id {
			n += units
		}
	}
	return n
}

func (r *rig) statusOf(order string) flow.Status { return r.status(strings.TrimPrefix(order, "k7:")) }

// pack puts two orders into one package, which the first one's flow sends.
func (r *rig) pack(first, second string) {
	r.Helper()
	for _, id := range []string{first, second} {
		r.happens(id, orderevents.ShippingAsked{
			Order: "k7:" + id, Request: 1, Action: orders.ActionCombine, With: []string{"k7:" + first, "k7:" + second},
		}, done(id, 1))
	}
}

// A package is sent once each order in it was looked at, and not with one that waits for review or was rejected.
func TestReviewKeepsThePackage(t *testing.T) {
	tests := []struct {
		name   string
		end    func(r *rig)
		code   string // what the first waits for, empty = it is sent
		says   string
		labels int
	}{
		{"not judged yet", func(*rig) {}, fulfilment.WaitChannel, "Order 2, which travels in this package, may not be sent yet", 0},
		{"in review", func(r *rig) { r.dear("2", orders.Ready) }, fulfilment.WaitDecision, "Approve or reject it.", 0},
		{"cleared", func(r *rig) { r.says("2", orders.Ready) }, "", "", 1},
		{"approved", func(r *rig) { r.dear("2", orders.Ready); r.must(r.review("2", true)) }, "", "", 1},
		{"rejected", func(r *rig) { r.dear("2", orders.Ready); r.must(r.review("2", false)) }, fulfilment.WaitDecision, "You rejected this order", 0},
		{
			"rejected and refused", func(r *rig) { r.dear("2", orders.Ready); r.must(r.review("2", false)); r.refuses("2") },
			fulfilment.WaitDecision, "or split the package there", 0,
		},
		{"cancelled", func(r *rig) { r.dear("2", orders.Ready); r.dear("2", orders.Cancelled) }, "", "", 1},
		{"sent with it by somebody", func(r *rig) { r.dear("2", orders.Ready); r.says("1", orders.Arranged) }, "", "", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.receive("a", 10)
				r.rules("kept")
				r.says("1", orders.OnHold)
				if test.name == "cleared" {
					r.says("2", orders.OnHold)
				} else {
					r.dear("2", orders.OnHold)
				}
				r.pack("1", "2")
				r.says("1", orders.Ready)
				test.end(r)
				r.pass(time.Minute)
				if test.code != "" {
					r.waitsFor("1", test.code, test.says)
				} else if s := r.status("1"); s.Phase != flow.Finished {
					t.Errorf("the first stands at %+v: %s", s.Waiting, r.story("1"))
				}
				if n := r.desk.labels["k7:1"] + r.desk.labels["k7:2"]; n != test.labels {
					t.Errorf("%d labels, want %d", n, test.labels)
				}
			})
		})
	}
}

// Nobody skips the label of an order that is held for review; its page does not offer it.
func TestReviewIsNotSkipped(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.rules("kept")
		may := func(what string, want bool) {
			t.Helper()
			if err := fulfilment.MaySkip(r.order("1")); (err == nil) != want {
				t.Errorf("%s: %v", what, err)
			}
		}
		r.dear("1", orders.Ready)
		may("in review", false)
		r.may("1", "retry approve reject")
		r.must(r.review("1", false))
		may("rejected", false)
		r.refuses("1")
		may("refused by the channel", true) // it is over
		r.dear("2", orders.Ready)
		r.must(r.review("2", true))
		if err := fulfilment.MaySkip(r.order("2")); err != nil {
			t.Errorf("approved: %v", err)
		}
	})
}

// An order that a person has reviewed did not go by itself.
func TestApprovedIsNotUntouched(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.rules("kept")
		r.dear("1", orders.Ready)
		r.must(r.review("1", true))
		r.says("2", orders.Ready)
		r.pass(time.Minute)
		for id, want := range map[string]bool{"1": false, "2": true} {
			records := r.records(id)
			if e, ok := records[len(records)-1].Event.(flows.Finished); !ok || e.Untouched != want {
				t.Errorf("order %s ends with %+v, want untouched %v", id, records[len(records)-1].Event, want)
			}
		}
	})
}

// A buyer's wish to cancel what is free does not say that the stock is kept.
func TestBuyerAsksWhileTheStockIsFree(t *testing.T) {
	for stock, want := range map[string]string{"kept": "the stock is kept until then", "freed": "its stock is free until"} {
		inRig(t, func(r *rig) {
			r.receive("a", 10)
			r.rules(stock)
			r.dear("1", orders.Ready)
			r.claims("1", orders.ClaimPending)
			r.waitsFor("1", fulfilment.WaitDecision, want)
		})
	}
}

// What was sent already is not approved.
func TestSentIsNotReviewed(t *testing.T) {
	for _, status := range []string{orders.Arranged, orders.Transit} {
		inRig(t, func(r *rig) {
			r.receive("a", 10)
			r.rules("kept")
			r.dear("1", orders.Ready)
			r.dear("1", status)
			if err := r.review("1", true); !errors.Is(err, aftersales.ErrSent) {
				t.Errorf("%s: %v", status, err)
			}
		})
	}
}

// The money of an order that is flagged stays reserved until somebody has approved it.
func TestReviewComesBeforeTheMoney(t *testing.T) {
	for _, stock := range []string{orderevents.StockKept, orderevents.StockFreed} {
		inRig(t, func(r *rig) {
			r.rules(stock)
			r.receive("a", 10)
			r.dear("1", orders.Authorised)
			r.pass(time.Hour)
			r.waitsFor("1", fulfilment.WaitRisk, "Held for review: ")
			if _, asked := r.taken("1"); asked != 0 {
				t.Errorf("%s: the money was asked for %d times before the review", stock, asked)
			}
			r.must(r.review("1", true))
			r.pass(time.Second)
			r.waitsFor("1", fulfilment.WaitChannel, "The money is taken.")
			r.has("a", 10, 2)
			r.dear("1", orders.Ready)
			r.pass(time.Minute)
			r.has("a", 8, 0)
			if times, asked := r.taken("1"); times != 1 || asked != 1 {
				t.Errorf("%s: taken %d times, asked for %d times", stock, times, asked)
			}
		})
	}
}
