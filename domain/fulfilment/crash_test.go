package fulfilment_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// R 94: whatever happens at whichever step, an order ends complete or fully undone: no unit is held,
// and its label was made at most once.
func TestKilledAtEachStep(t *testing.T) {
	faults := []string{""}
	for _, step := range []string{"label", "tell"} {
		for _, fault := range []string{"crash before", "crash after", "timeout", "decline", "late success", "gone", "panic"} {
			faults = append(faults, step+": "+fault)
		}
	}
	// The label appears while the order is stuck: a person's retry must look first, too.
	faults = append(faults, "label: very late success, decline")
	for _, then := range []string{"goes on", "is cancelled"} {
		for _, fault := range faults {
			t.Run(strings.Join([]string{fault, "order " + then}, ", "), func(t *testing.T) {
				inRig(t, func(r *rig) {
					step, what, _ := strings.Cut(fault, ": ")
					if what != "" {
						r.desk.script[step] = strings.Split(what, ", ")
					}
					r.endsWell(then == "is cancelled")
				})
			})
		}
		// Between the calls the process can die before or after each of the flow's commits.
		for _, side := range []string{"before", "after"} {
			const commits = 8 // the first and the last hold two events each
			for n := 1; n <= commits; n++ {
				t.Run(fmt.Sprintf("dies %s commit %d, order %s", side, n, then), func(t *testing.T) {
					inRig(t, func(r *rig) {
						seen := 0
						r.crashAt(func(b eventlog.Batch) (before, after bool) {
							for _, e := range b.Events {
								if e.Stream.Kind == fulfilment.Kind {
									seen++
									return seen == n && side == "before", seen == n && side == "after"
								}
							}
							return false, false
						})
						r.endsWell(then == "is cancelled")
						if seen < n {
							r.Errorf("only %d commits happened, want one to die at", seen)
						}
					})
				})
			}
		}
	}
}

// endsWell places an order, kills and starts the process, perhaps cancels the order, lets a person
// retry what is stuck, and judges the end.
func (r *rig) endsWell(cancel bool) {
	r.Helper()
	r.receive("a", 10)
	r.says("1", orders.Ready)
	r.restart()
	if cancel {
		r.says("1", orders.Cancelled)
	}
	for range 3 {
		r.pass(5 * time.Minute)
		if s := r.status("1"); s.Phase == flow.IsStuck || s.Phase == flow.Waits {
			if err := r.retry("1"); err != nil {
				r.Fatal(err)
			}
		}
	}
	r.pass(5 * time.Minute)
	s, labels := r.status("1"), r.desk.labels["k7:1"]
	want := flow.Finished
	if cancel && !r.finishedFirst() {
		want = flow.Undone
	}
	if s.Phase != want {
		r.Errorf("the order ends %s, want %s: %s", s.Phase, want, r.story("1"))
	}
	if s.Phase == flow.Finished {
		r.has("a", 8, 0)
		if labels != 1 || !r.desk.shown["k7:1"] {
			r.Errorf("finished with %d labels, shown %t", labels, r.desk.shown["k7:1"])
		}
	} else {
		r.has("a", 10, 0)
		if labels > 1 {
			r.Errorf("undone with %d labels", labels)
		}
	}
	if open := r.stock("a").Open; len(open) != 0 {
		r.Errorf("still promised: %v", open)
	}
}

// finishedFirst says whether the flow had finished before the order was cancelled.
func (r *rig) finishedFirst() bool {
	r.Helper()
	all, err := r.log.ReadAll(r.Context(), 0, 10000)
	if err != nil {
		r.Fatal(err)
	}
	for _, record := range all {
		switch record.Name {
		case "flow.finished":
			return true
		case "order.cancelled":
			return false
		}
	}
	return false
}

// A cancellation may come while any step is under way.
func TestCancelledAtEachStep(t *testing.T) {
	events := strings.Count(whole, ",") + 1
	for n := 1; n <= events; n++ {
		t.Run(fmt.Sprint("after event ", n), func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.receive("a", 10)
				cancel := make(chan struct{})
				seen := 0
				r.crashAt(func(b eventlog.Batch) (before, after bool) {
					for _, e := range b.Events {
						if e.Stream.Kind == fulfilment.Kind {
							if seen++; seen == n {
								close(cancel)
							}
						}
					}
					return false, false
				})
				done := make(chan struct{})
				go func() {
					defer close(done)
					select {
					case <-cancel:
						n := r.news("1", orders.Cancelled, map[string]int64{"a": 2})
						n.Updated = n.Updated.Add(time.Minute)
						if err := r.observe(n); err != nil {
							r.Error(err)
						}
					case <-time.After(time.Hour):
					}
				}()
				r.says("1", orders.Ready)
				<-done
				r.pass(time.Minute)
				switch s := r.status("1"); s.Phase {
				case flow.Finished: // it was too late
					if !r.finishedFirst() {
						r.Errorf("finished although it was cancelled before: %s", r.story("1"))
					}
					r.has("a", 8, 0)
				case flow.Undone:
					r.has("a", 10, 0)
				default:
					r.Errorf("ends %s: %s", s.Phase, r.story("1"))
				}
				if labels := r.desk.labels["k7:1"]; labels > 1 {
					r.Errorf("got %d labels", labels)
				}
			})
		})
	}
}

// One shop whose desk hangs keeps no order of another, and no new order of its own, from being decided.
func TestHangingShopDelaysNobody(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 1000)
		for range 100 {
			r.desk.script["label"] = append(r.desk.script["label"], "timeout")
		}
		for i := range 100 {
			if err := r.observe(r.news(fmt.Sprint(i), orders.Ready, map[string]int64{"a": 2})); err != nil {
				r.Fatal(err)
			}
		}
		r.pass(time.Second)
		r.has("a", 1000, 200)
		other := r.news("x", orders.Ready, map[string]int64{"a": 1})
		other.Connection = "k8"
		r.desk.script["label"] = nil
		if err := r.observe(other); err != nil {
			r.Fatal(err)
		}
		r.pass(time.Second)
		records, err := r.log.ReadStream(r.Context(), r.definition().Stream("k8:x"), 0, 100)
		if err != nil || records[len(records)-1].Name != "flow.finished" {
			r.Errorf("the other shop's order: %v, %v", records, err)
		}
		r.pass(3 * time.Hour)
		r.has("a", 799, 0)
	})
}
