package flow

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A process that hangs in a call is taken for dead at the call's deadline: another goes on by then. What the
// first one hears in the end is news of an attempt that is over, whether the second still tries or has ended.
func TestLateOutcomeIsRefused(t *testing.T) {
	for _, test := range []struct {
		name   string
		late   time.Duration // after which the first process hears of its call
		second time.Duration // how long the other process's call takes
	}{
		{"while the other tries", 80 * time.Second, 45 * time.Second},
		{"after the other has ended", 3 * time.Minute, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				var began []time.Duration
				w.call = func(_ context.Context, in Input, _ string) Verdict {
					began = append(began, time.Since(w.start))
					if in.Attempt == 1 { // it does not even notice that its time is over
						<-time.After(test.late)
						return Done(map[string]string{"made": "late"})
					}
					<-time.After(test.second)
					return Done(map[string]string{"made": "by the other"})
				}
				w.runs()
				w.tell("a", told{})
				w.tells("a", "started check take call?")
				w.open() // another process, with an appender of its own
				w.runs()
				w.pass(CallTime + time.Second)
				if len(began) != 2 || began[1] > CallTime {
					t.Fatalf("calls began at %v, want the second within %s", began, CallTime)
				}
				w.pass(10 * time.Minute)
				w.tells("a", "started check take call? call? call end finished")
				if s := w.status("a"); s.Data["made"] != "by the other" || s.Attempts != 0 || w.held("a") != 1 {
					t.Errorf("it ended with %v and %d held, want the outcome of the second attempt", s.Data, w.held("a"))
				}
				if len(began) != 2 {
					t.Errorf("%d calls were made, want 2", len(began))
				}
			})
		})
	}
}

// One flow hangs in a call that never ends, one panics whenever it is looked at, one's news cannot be folded:
// a hundred others of the same lane are done meanwhile, at the pace of the workers that are left.
func TestPoisonedFlowsDelayNobody(t *testing.T) {
	inWorld(t, func(w *world) {
		w.perLane = 4
		never := make(chan struct{})
		defer close(never)
		w.call = func(ctx context.Context, in Input, _ string) Verdict {
			if in.ID == "lane:hangs" {
				select {
				case <-never:
				case <-w.ctx.Done():
				}
				return Retry("hung", 0)
			}
			<-time.After(time.Second)
			return Done(nil)
		}
		w.runs()
		w.tell("lane:hangs", told{})
		synctest.Wait()
		for _, where := range []string{"decide", "needs", "fold"} {
			w.tell("lane:"+where, told{Panic: where})
		}
		const others = 100
		for n := range others {
			w.tell(fmt.Sprintf("lane:%d", n), told{})
		}
		w.pass(others/3*time.Second + 2*time.Second) // one of four workers hangs
		for n := range others {
			w.finished(fmt.Sprintf("lane:%d", n))
		}
		w.tells("lane:hangs", "started check take call?")
		w.tells("lane:decide", "started stuck(check)")
		w.tells("lane:needs", "started check stuck(take)")
		if got := w.story("lane:fold"); strings.Contains(got, "take") {
			t.Errorf("a flow whose news cannot be folded has gone on: %s", got)
		}
	})
}

// TestNobodyDecidesOverAnOlderBase: what a step needs is asked over the base, and the step does not decide once that
// has moved on.
func TestNobodyDecidesOverAnOlderBase(t *testing.T) {
	inWorld(t, func(w *world) {
		d := w.definition()
		r := NewRunner(w.log, []*Definition{d}, Options{Clock: w.clock, Chance: func() float64 { return 0.5 }, Log: slog.New(slog.DiscardHandler)})
		advance := func(seen *look) plan {
			p, err := r.advance(w.ctx, d, "a", &item{cause: "test"}, true, seen)
			if err != nil || !p.more {
				w.Fatalf("got %+v, %v; want more to do", p, err)
			}
			return p
		}
		w.tell("a", told{})
		first := advance(nil) // needs nothing, so it is decided at once
		w.tells("a", "started check")
		if first.next == nil || len(first.next.needs) != 1 {
			w.Fatalf("the next step needs %+v, want the shelf", first.next)
		}
		w.tell("a", told{Done: true})
		if p := advance(first.next); p.next != nil {
			w.Errorf("the next step is known from an older base: %+v", p.next)
		}
		w.tells("a", "started check")
		looked := advance(nil)
		w.tells("a", "started check")
		advance(looked.next)
		w.tells("a", "started check take")
	})
}
