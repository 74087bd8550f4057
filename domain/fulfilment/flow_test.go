package fulfilment_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/domain/catalogue"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/shown"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

const (
	untilPaid = "started, validate, reserve stock, "
	whole     = untilPaid + "confirm payment, label?, label, tell the channel?, tell the channel, metrics, finished"
)

func TestHappyPath(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.says("1", orders.Ready)
		r.tells("1", whole)
		r.has("a", 8, 0)
		if r.desk.labels["k7:1"] != 1 {
			r.Errorf("got %d labels, want 1", r.desk.labels["k7:1"])
		}
		timeline := shown.Read(r.records("1"))
		if timeline.State != "finished" || timeline.Data["label"] != "l-k7:1" || timeline.Data["tracking"] != "T1" {
			r.Errorf("got %+v", timeline)
		}
		for i, s := range timeline.Steps {
			if s.Name != fulfilment.Shown[i] || s.State != shown.Done {
				r.Errorf("step %d: got %s %s, want %s done", i, s.Name, s.State, fulfilment.Shown[i])
			}
		}
	})
}

func TestWaitsAndTheirEnds(t *testing.T) {
	tests := []struct {
		name   string
		stock  int64
		first  string // the channel's status at first
		waits  string
		held   int64 // while it waits
		hours  int   // that the wait takes
		end    func(r *rig)
		want   string
		onHand int64
	}{
		{
			"unpaid, then paid", 10, orders.Unpaid, "waits:unpaid", 2, 20,
			func(r *rig) { r.says("1", orders.Ready) },
			untilPaid + "waits:unpaid, confirm payment, label?, label, tell the channel?, tell the channel, metrics, finished", 8,
		},
		{
			"unpaid, then given up", 10, orders.Unpaid, "waits:unpaid", 2, 20,
			func(r *rig) { r.says("1", orders.Cancelled) },
			untilPaid + "waits:unpaid, undo, -reserve stock, -validate, undone", 10,
		},
		{
			"the channel's hold", 10, orders.OnHold, "waits:on_hold", 2, 1,
			func(r *rig) { r.says("1", orders.Ready) },
			untilPaid + "confirm payment, waits:on_hold, label?, label, tell the channel?, tell the channel, metrics, finished", 8,
		},
		{
			"a mind changed in the hold", 10, orders.OnHold, "waits:on_hold", 2, 1,
			func(r *rig) { r.says("1", orders.Cancelled) },
			untilPaid + "confirm payment, waits:on_hold, undo, -confirm payment, -reserve stock, -validate, undone", 10,
		},
		{
			"a word we do not know", 10, "bazaar", "waits:channel", 2, 1,
			func(r *rig) { r.says("1", orders.Ready) },
			untilPaid + "waits:channel, confirm payment, label?, label, tell the channel?, tell the channel, metrics, finished", 8,
		},
		{
			"sent by somebody meanwhile", 10, orders.OnHold, "waits:on_hold", 2, 1,
			func(r *rig) { r.says("1", orders.Transit) },
			untilPaid + "confirm payment, waits:on_hold, (label), tell the channel, metrics, finished", 8,
		},
		{
			"no stock, received, retried", 1, orders.Ready, "waits:no_stock", 0, 5,
			func(r *rig) {
				r.receive("a", 1)
				if err := r.retry("1"); err != nil {
					r.Fatal(err)
				}
			},
			"started, validate, waits:no_stock, retried, reserve stock, confirm payment, label?, label, tell the channel?, tell the channel, metrics, finished", 0,
		},
		{
			"no stock, retried in vain, then cancelled", 1, orders.Ready, "waits:no_stock", 0, 5,
			func(r *rig) {
				if err := r.retry("1"); err != nil {
					r.Fatal(err)
				}
				synctest.Wait()
				r.says("1", orders.Cancelled)
			},
			"started, validate, waits:no_stock, retried, waits:no_stock, undo, -validate, undone", 1,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.receive("a", test.stock)
				r.says("1", test.first)
				if got := r.story("1"); !strings.HasSuffix(got, test.waits) {
					r.Fatalf("got %s, want it to end in %s", got, test.waits)
				}
				r.has("a", test.stock, test.held)
				w := r.status("1").Waiting
				if w.Sentence == "" || !strings.HasSuffix(w.Sentence, ".") {
					r.Errorf("the wait says %q", w.Sentence)
				}
				r.pass(time.Duration(test.hours) * time.Hour)
				test.end(r)
				r.tells("1", test.want)
				r.has("a", test.onHand, 0)
				records := r.records("1")
				if f, ok := records[len(records)-1].Event.(flows.Finished); ok {
					if f.Own > 3*time.Second || f.Elapsed < time.Duration(test.hours)*time.Hour {
						r.Errorf("own %s, elapsed %s; want the wait of %d h in the second alone", f.Own, f.Elapsed, test.hours)
					}
				}
			})
		})
	}
}

// Without stock an order is held: neither deliveries nor its own news make it take any (decision 0002).
func TestNoStockIsHeld(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 1)
		r.says("1", orders.OnHold)
		r.receive("a", 10)
		r.says("1", orders.Ready)
		r.restart()
		r.pass(time.Hour)
		r.tells("1", "started, validate, waits:no_stock")
		r.has("a", 11, 0)
		if s := r.status("1").Waiting.Sentence; s != "Not enough stock: a needs 2, 1 available. The order holds nothing until it can have all of it. Receive stock, then retry." {
			r.Errorf("it says %q", s)
		}
	})
}

func TestUnknownSKU(t *testing.T) {
	unknown := "started, waits:unknown_sku"
	rest := ", validate, reserve stock, confirm payment, label?, label, tell the channel?, tell the channel, metrics, finished"
	place := func(r *rig, codes ...string) {
		r.Helper()
		n := r.news("1", orders.Ready, nil)
		for i, code := range codes {
			line := r.news("1", orders.Ready, map[string]int64{code: 1}).Lines[0]
			line.Listing = fmt.Sprint(i)
			n.Lines = append(n.Lines, line)
		}
		if err := r.observe(n); err != nil {
			r.Fatal(err)
		}
	}
	mapped := func(r *rig, code, sku string) {
		r.Helper()
		if _, err := eventlog.Execute(r.Context(), r.log, shopevents.Listing("main", "k7", code), catalogue.Mapping(),
			catalogue.Map{Connection: "k7", Code: code, SKU: sku}, eventlog.Meta{}); err != nil {
			r.Fatal(err)
		}
	}
	t.Run("a delivery makes it known", func(t *testing.T) {
		inRig(t, func(r *rig) {
			place(r, "x")
			r.tells("1", unknown)
			r.receive("other", 1)
			r.tells("1", unknown)
			r.receive("x", 1)
			r.tells("1", unknown+rest)
		})
	})
	t.Run("a person maps it", func(t *testing.T) {
		inRig(t, func(r *rig) {
			r.receive("ours", 5)
			place(r, "x", "y", "x")
			r.tells("1", unknown)
			if s := r.status("1").Waiting.Sentence; !strings.Contains(s, `"x", "y"`) || strings.Count(s, `"x"`) != 1 {
				r.Errorf("it says %q", s)
			}
			mapped(r, "x", "ours")
			r.tells("1", unknown+", waits:unknown_sku") // another sentence: y alone
			r.restart()
			mapped(r, "y", "ours")
			r.tells("1", unknown+", waits:unknown_sku"+rest)
			r.has("ours", 2, 0)
		})
	})
	t.Run("many, and none of them a SKU", func(t *testing.T) {
		inRig(t, func(r *rig) {
			place(r, "a ", " b", "c\u00a0", "d", "e")
			r.tells("1", unknown)
			if s := r.status("1").Waiting.Sentence; !strings.Contains(s, "and 2 more") {
				r.Errorf("it says %q", s)
			}
		})
	})
}

func TestChannelShips(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 1)
		n := r.news("1", orders.Ready, map[string]int64{"a": 5})
		n.SelfShips = true
		if err := r.observe(n); err != nil {
			r.Fatal(err)
		}
		r.tells("1", "started, validate, (reserve stock), confirm payment, (label), (tell the channel), metrics, finished")
		r.has("a", 1, 0)
		if len(r.desk.calls) != 0 {
			r.Errorf("the desk was called: %v", r.desk.calls)
		}
	})
}

// R 88: exactly 100 of 1,000 orders reserve, and available never goes below zero.
func TestThousandOrdersForHundredUnits(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 100)
		var placing sync.WaitGroup
		errs := make(chan error, 1000)
		for i := range 1000 {
			placing.Go(func() { errs <- r.observe(r.news(fmt.Sprint(i), orders.Unpaid, map[string]int64{"a": 1})) })
		}
		placing.Wait()
		for range 1000 {
			if err := <-errs; err != nil {
				r.Fatal(err)
			}
		}
		r.pass(time.Minute)
		r.has("a", 100, 100)
		waits := map[string]int{}
		for i := range 1000 {
			waits[r.status(fmt.Sprint(i)).Waiting.Code]++
		}
		if waits[fulfilment.WaitUnpaid] != 100 || waits[fulfilment.WaitNoStock] != 900 {
			r.Errorf("got %v, want 100 that hold stock and 900 without", waits)
		}
		records, err := r.log.ReadStream(r.Context(), eventlog.Stream{Workspace: "main", Kind: "stock", ID: "a"}, 0, 2000)
		if err != nil || len(records) != 101 {
			r.Errorf("got %d stock events, %v; want a delivery and 100 reservations", len(records), err)
		}
	})
}

func TestStuckRetriedAndCancelled(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.policy = flow.Policy{Attempts: 2, First: time.Second, Longest: time.Second}
		r.restart()
		r.desk.script["label"] = []string{"fault", "fault", "decline"}
		r.says("1", orders.Ready)
		r.pass(time.Minute)
		r.tells("1", untilPaid+"confirm payment, label?, label!, label?, stuck")
		if timeline := shown.Read(r.records("1")); timeline.State != "stuck" || !strings.HasSuffix(timeline.Sentence, "Retry when it is mended.") {
			r.Errorf("got %s: %s", timeline.State, timeline.Sentence)
		}
		if err := r.retry("1"); err != nil {
			r.Fatal(err)
		}
		r.tells("1", untilPaid+"confirm payment, label?, label!, label?, stuck, retried, label?, stuck")
		r.says("1", orders.Cancelled)
		r.tells("1", untilPaid+"confirm payment, label?, label!, label?, stuck, retried, label?, stuck, undo, -label, -confirm payment, -reserve stock, -validate, undone")
		r.has("a", 10, 0)
		if err := r.retry("1"); !errors.Is(err, flow.ErrNothing) {
			r.Errorf("got %v, want the refusal", err)
		}
		timeline := shown.Read(r.records("1"))
		for _, s := range timeline.Steps[:5] {
			if s.State != shown.Undone {
				r.Errorf("%s is shown as %s, want undone", s.Name, s.State)
			}
		}
		for _, s := range timeline.Steps[5:] {
			if s.State != shown.Pending {
				r.Errorf("%s is shown as %s, want pending", s.Name, s.State)
			}
		}
	})
}

// The channel says that an order is gone before its news do: the flow waits for them, ever longer.
func TestGoneWaitsForTheNews(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.desk.script["label"] = slices.Repeat([]string{"gone"}, 100)
		r.says("1", orders.Ready)
		r.pass(3 * time.Hour)
		if calls := r.desk.calls["label"]; calls < 5 || calls > 15 {
			r.Errorf("got %d calls in three hours", calls)
		}
		r.says("1", orders.Cancelled)
		if got := r.story("1"); !strings.HasSuffix(got, "waits:channel, undo, -label, -confirm payment, -reserve stock, -validate, undone") {
			r.Errorf("got %s", got)
		}
		r.has("a", 10, 0)
	})
}

// News that say the parcel is arranged end the asking at once.
func TestTellEndsWithTheNews(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.desk.script["tell"] = []string{"late success", "late success", "late success", "late success", "late success", "late success", "late success", "late success"}
		r.says("1", orders.Ready)
		r.pass(20 * time.Second)
		before := r.desk.calls["tell"]
		r.says("1", orders.Arranged)
		if got := r.story("1"); !strings.HasSuffix(got, "tell the channel!, tell the channel, metrics, finished") || r.desk.calls["tell"] != before {
			r.Errorf("got %s with %d calls more", got, r.desk.calls["tell"]-before)
		}
	})
}

// What is wrong with the shop is not wrong with the order: nobody is asked, and the order goes on by
// itself when the shop's news come, at the latest a while after if they never do.
func TestTroubleOfTheShopBringsNobodyIn(t *testing.T) {
	const many = 5
	shop := shopevents.Connection("main", "k7")
	tests := []struct {
		name, wait string
		news       eventlog.Event
		within     time.Duration // of the end of the trouble
	}{
		{"connected again", fulfilment.WaitAuthorisation, shopevents.Connected{Connection: "k7"}, 0},
		{"recovered", fulfilment.WaitAuthorisation, shopevents.Recovered{Connection: "k7"}, 0},
		{"authorised without news", fulfilment.WaitAuthorisation, nil, time.Hour},
		{"another shop connected", fulfilment.WaitAuthorisation, shopevents.Connected{Connection: "k8"}, time.Hour},
		{"back after an outage", fulfilment.WaitAway, shopevents.Recovered{Connection: "k7"}, 0},
		{"back without news", fulfilment.WaitAway, nil, 5 * time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.receive("a", 100)
				r.says("1", orders.Ready)
				r.desk.does(test.wait)
				for i := range many {
					r.says(fmt.Sprint("2", i), orders.Ready)
				}
				r.pass(30 * time.Minute)
				r.restart()
				r.pass(30 * time.Minute)
				for i := range many {
					if s := r.status(fmt.Sprint("2", i)); s.Phase != flow.Waits || s.Waiting.Code != test.wait || s.Failures != 0 {
						r.Fatalf("order %d: %s of %+v after %d failures, want the wait %q", i, s.Phase, s.Waiting, s.Failures, test.wait)
					}
				}
				if calls := r.desk.calls["label"]; calls > many*30 {
					r.Errorf("%d calls for %d orders in an hour", calls, many)
				}
				r.desk.does("")
				if test.news != nil {
					if _, err := r.log.Append(r.Context(), eventlog.Write{Stream: shop, Events: []eventlog.Event{test.news}}); err != nil {
						r.Fatal(err)
					}
				}
				r.pass(test.within)
				for i := range many {
					id := fmt.Sprint("2", i)
					if s := r.status(id); s.Phase != flow.Finished || s.Touched || r.desk.labels["k7:"+id] != 1 {
						r.Errorf("order %s: %s, touched %v, %d labels; want it finished by itself with one", id, s.Phase, s.Touched, r.desk.labels["k7:"+id])
					}
				}
			})
		})
	}
}
