package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/eventlog"
)

const wholeStory = "started check take call? call end finished"

func TestAllSteps(t *testing.T) {
	inWorld(t, func(w *world) {
		w.runs()
		w.call = func(ctx context.Context, in Input, key string) Verdict {
			if key != "test/a/call" || in.Attempt != 1 {
				w.Errorf("got key %s, attempt %d", key, in.Attempt)
			}
			<-time.After(2 * time.Second)
			return Done(map[string]string{"made": "x"})
		}
		w.tell("a", told{})
		time.Sleep(3 * time.Second) //nolint:forbidigo // a bubble's time
		w.tells("a", wholeStory)
		if f := w.finished("a"); f.Own != 2*time.Second || f.Elapsed != 2*time.Second || !f.Untouched {
			w.Errorf("got %+v, want 2 s in our hands, untouched", f)
		}
		if w.held("a") != 1 || w.status("a").Data["made"] != "x" {
			w.Errorf("got %d held, data %v", w.held("a"), w.status("a").Data)
		}
		w.tell("a", told{}) // news after the end
		w.tells("a", wholeStory)
	})
}

func TestWaits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.runs()
		w.tell("a", told{Hold: "first"})
		w.tells("a", "started waits(first)")
		w.pass(time.Hour)
		w.tell("a", told{Hold: "first"}) // news that change nothing
		w.tells("a", "started waits(first)")
		w.tell("a", told{Hold: "second"}) // another sentence
		w.tells("a", "started waits(first) waits(second)")
		w.pass(time.Hour)
		w.append(jobStream("other"), opened{"open:b"})
		w.append(jobStream("other"), opened{"open:a"}) // the tag's news, and still on hold
		w.tells("a", "started waits(first) waits(second)")
		w.tell("a", told{})
		w.tells("a", "started waits(first) waits(second) check take call? call end finished")
		if f := w.finished("a"); f.Own != 0 || f.Elapsed != 2*time.Hour {
			w.Errorf("got %+v, want nothing in our hands of two hours", f)
		}
	})
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	synctest.Wait()
	<-time.After(d)
	synctest.Wait()
}

func TestTimersEndWaits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.runs()
		until := time.Now().Add(26 * time.Hour)
		w.tell("a", told{Hold: "until tomorrow", Until: until})
		w.pass(26*time.Hour - time.Second)
		w.tells("a", "started waits(until tomorrow)")
		// When it is time the step decides anew; here it names a later time.
		w.pass(2 * time.Second)
		w.tells("a", "started waits(until tomorrow)")
		w.tell("a", told{Hold: "until then", Until: until.Add(2 * time.Hour)})
		w.tell("a", told{Hold: "until then", Until: until.Add(time.Hour)})
		w.pass(time.Minute)
		if s := w.status("a"); s.Phase != Waits || !s.Waiting.Until.Equal(until.Add(time.Hour)) {
			w.Errorf("got %+v", s.Waiting)
		}
	})
}

// A turn that fails must not make the flow forget until when it waits.
func TestTimerSurvivesAFault(t *testing.T) {
	inWorld(t, func(w *world) {
		full := &faulty{Store: w.store}
		w.store = full
		w.open()
		w.runs()
		w.tell("a", told{Hold: "an hour", Until: time.Now().Add(time.Hour)})
		w.tells("a", "started waits(an hour)")
		w.tell("b", told{Hold: "x"})
		w.tells("b", "started waits(x)")
		w.tell("a", told{Hold: "an hour", Until: w.start.Add(time.Hour)}) // news that find a full disk
		full.set(eventlog.ErrFull)
		w.tell("b", told{}) // is kept: the disk is full from the next commit on
		w.pass(10 * time.Second)
		w.tells("b", "started waits(x)")
		full.set(nil)
		w.pass(10 * time.Second)
		w.tells("b", "started waits(x) check take call? call end finished")
		w.pass(2 * time.Hour)
		w.tells("a", "started waits(an hour)")
	})
}

func TestBackOff(t *testing.T) {
	inWorld(t, func(w *world) {
		w.policy = Policy{Attempts: 3, First: time.Minute, Longest: 90 * time.Second}
		w.runs()
		var tries []string
		w.call = func(_ context.Context, in Input, _ string) Verdict {
			tries = append(tries, fmt.Sprintf("%d after %s", in.Attempt, time.Since(w.start)))
			if len(tries) == 5 {
				return Done(nil)
			}
			return Retry("away", time.Second)
		}
		w.tell("a", told{})
		w.pass(time.Hour)
		w.tells("a", "started check take call? call! call? call! call? stuck(call)")
		// Pauses are 1 s + half of one minute, then 1 s + half of the longest.
		if got, want := strings.Join(tries, ", "), "1 after 0s, 2 after 31s, 3 after 1m17s"; got != want {
			w.Errorf("got %s, want %s", got, want)
		}
		// The log keeps each of them, jitter included.
		if got, want := fmt.Sprint(w.pauses("a")), "[31s 46s]"; got != want {
			w.Errorf("the log keeps pauses of %s, want %s", got, want)
		}
		if err := w.retry("a"); err != nil {
			w.Fatal(err)
		}
		w.pass(time.Hour)
		w.tells("a", "started check take call? call! call? call! call? stuck(call) retried call? call! call? call end finished")
		// The call was made before, so a person's retry must look first too.
		if got := strings.Join(tries[3:], ", "); !strings.HasPrefix(got, "4 after 1h") {
			w.Errorf("got attempt %s, want the fourth", got)
		}
		if f := w.finished("a"); f.Untouched {
			w.Error("a flow that a person retried counts as untouched")
		}
		if err := w.retry("a"); !errors.Is(err, ErrNothing) {
			w.Errorf("retry of a finished flow: got %v, want the refusal", err)
		}
	})
}

func TestNewsDuringBackOff(t *testing.T) {
	tests := []struct {
		name string
		news told
		want string
	}{
		{"that do not help", told{}, "call! call? call end finished"},
		{"that make the call needless", told{Done: true}, "call! call end finished"},
		{"of a cancellation", told{Cancel: true}, "call! undo(call) call? -call -take -check undone"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.runs()
				w.call = func(_ context.Context, in Input, _ string) Verdict {
					if in.Attempt == 1 {
						return Retry("away", time.Hour)
					}
					return Done(nil)
				}
				w.tell("a", told{})
				w.pass(time.Minute)
				w.tell("a", test.news)
				w.pass(time.Minute)
				early := w.called("a")
				if early != 1 {
					w.Errorf("got %d calls before the pause was over, want 1", early)
				}
				w.pass(2 * time.Hour)
				w.tells("a", "started check take call? "+test.want)
			})
		})
	}
}

func TestRetryDuringBackOff(t *testing.T) {
	inWorld(t, func(w *world) {
		w.runs()
		w.call = func(_ context.Context, in Input, _ string) Verdict {
			if in.Attempt == 1 {
				return Retry("away", time.Hour)
			}
			return Done(nil)
		}
		w.tell("a", told{})
		synctest.Wait()
		if err := w.retry("a"); err != nil {
			w.Fatal(err)
		}
		w.tells("a", "started check take call? call! retried call? call end finished")
	})
}

// A person's retry during a call would lose its outcome.
func TestRetryDuringACallIsRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		w.runs()
		calls := 0
		w.call = func(context.Context, Input, string) Verdict {
			if calls++; calls == 1 {
				return Retry("away", 0)
			}
			<-time.After(5 * time.Second)
			return Done(nil)
		}
		w.tell("a", told{})
		w.pass(2 * time.Second)
		if err := w.retry("a"); !errors.Is(err, ErrNothing) {
			w.Errorf("got %v, want the refusal", err)
		}
		w.pass(5 * time.Second)
		w.tells("a", "started check take call? call! call? call end finished")
	})
}

// A wait that a person ended was the world's time all the same.
func TestRetryEndsAWait(t *testing.T) {
	inWorld(t, func(w *world) {
		w.runs()
		w.tell("a", told{Hold: "no stock"})
		w.pass(time.Hour)
		if err := w.retry("a"); err != nil {
			w.Fatal(err)
		}
		w.tells("a", "started waits(no stock) retried waits(no stock)")
		if s := w.status("a"); s.Phase != Waits || s.Rested != time.Hour {
			w.Errorf("got %s, rested %s; want waiting, an hour", s.Phase, s.Rested)
		}
		w.pass(time.Hour)
		w.tell("a", told{})
		synctest.Wait()
		if f := w.finished("a"); f.Own != 0 || f.Elapsed != 2*time.Hour || f.Untouched {
			w.Errorf("got %+v, want nothing in our hands of two hours, touched", f)
		}
	})
}

func TestNewsDuringACall(t *testing.T) {
	tests := []struct {
		name string
		news told
		want string
	}{
		{"nothing", told{}, "call end finished"},
		{"cancelled", told{Cancel: true}, "call undo(call) call? -call -take -check undone"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.runs()
				w.call = func(context.Context, Input, string) Verdict {
					<-time.After(10 * time.Second)
					return Done(nil)
				}
				w.tell("a", told{})
				w.pass(time.Second)
				w.tell("a", test.news)
				w.pass(time.Minute)
				w.tells("a", "started check take call? "+test.want)
				if w.called("a") != 1 {
					w.Errorf("called %d times, want once", w.called("a"))
				}
			})
		})
	}
}

// What a flow waits for may come while it looks whether it has come: then it looks again.
func TestNewsOfAWaitDuringItsCall(t *testing.T) {
	inWorld(t, func(w *world) {
		w.runs()
		w.call = func(_ context.Context, in Input, _ string) Verdict {
			if in.Attempt > 2 {
				return Done(nil)
			}
			<-time.After(10 * time.Second)
			return Wait("shut", "Shut.", in.Now.Add(time.Hour), "open:door")
		}
		w.tell("a", told{})
		w.pass(time.Hour + 5*time.Second) // in the middle of the second call
		w.tells("a", "started check take call? waits(Shut.) call?")
		w.append(eventlog.Stream{Workspace: "main", Kind: "door", ID: "d"}, opened{"open:door"})
		w.pass(10 * time.Second)
		w.tells("a", "started check take call? waits(Shut.) call? waits(Shut.) call? call end finished")
	})
}

func TestCancelledBeforeTheFirstTurn(t *testing.T) {
	inWorld(t, func(w *world) {
		w.tell("a", told{})
		w.tell("a", told{Cancel: true})
		w.runs()
		w.tells("a", "started undone")
	})
}

// A stuck flow holds what it took: a cancellation must set it free without a person.
func TestCancelledWhileStuck(t *testing.T) {
	inWorld(t, func(w *world) {
		w.call = func(context.Context, Input, string) Verdict { return Stuck("no") }
		w.runs()
		w.tell("a", told{})
		w.tells("a", "started check take call? stuck(call)")
		w.tell("a", told{})
		w.tells("a", "started check take call? stuck(call)")
		w.tell("a", told{Cancel: true})
		w.tells("a", "started check take call? stuck(call) undo(call) call? -call -take -check undone")
		if w.held("a") != 0 {
			w.Errorf("got %d held, want none", w.held("a"))
		}
	})
}

func TestAStepGivesUp(t *testing.T) {
	inWorld(t, func(w *world) {
		w.call = func(context.Context, Input, string) Verdict { return Undo("declined") }
		w.runs()
		w.tell("a", told{})
		w.tells("a", "started check take call? undo(call) call? -call -take -check undone")
		if s := w.status("a"); w.held("a") != 0 || s.Reason != "declined" || !s.Failed {
			w.Errorf("got %d held, reason %q, failed %t", w.held("a"), s.Reason, s.Failed)
		}
	})
}

func TestUndoFails(t *testing.T) {
	inWorld(t, func(w *world) {
		w.policy = Policy{Attempts: 2, First: time.Second, Longest: time.Second}
		w.call = func(context.Context, Input, string) Verdict { return Undo("declined") }
		tries := 0
		w.undo = func(context.Context, Input, string) Verdict {
			if tries++; tries < 3 {
				return Retry("away", 0)
			}
			return Done(nil)
		}
		w.runs()
		w.tell("a", told{})
		w.pass(time.Hour)
		w.tells("a", "started check take call? undo(call) call? call! call? stuck(call)")
		if err := w.retry("a"); err != nil {
			w.Fatal(err)
		}
		w.tells("a", "started check take call? undo(call) call? call! call? stuck(call) retried call? -call -take -check undone")
	})
}

func TestPanics(t *testing.T) {
	for _, test := range []struct{ where, want string }{
		{"decide", "started stuck(check)"},
		{"needs", "started check stuck(take)"},
	} {
		t.Run(test.where, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.runs()
				w.tell("a", told{Panic: test.where})
				w.tell("b", told{})
				w.pass(time.Minute)
				w.tells("a", test.want)
				w.tells("b", wholeStory)
				w.tell("a", told{}) // mended
				if err := w.retry("a"); err != nil {
					w.Fatal(err)
				}
				synctest.Wait()
				w.finished("a")
			})
		})
	}
	t.Run("undo", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.call = func(context.Context, Input, string) Verdict { return Undo("declined") }
			w.runs()
			w.tell("a", told{Panic: "undo"})
			w.tells("a", "started check take call? undo(call) call? -call stuck(take)")
			w.tell("a", told{})
			if err := w.retry("a"); err != nil {
				w.Fatal(err)
			}
			w.tells("a", "started check take call? undo(call) call? -call stuck(take) retried -take -check undone")
		})
	})
	t.Run("call", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.runs()
			w.call = func(_ context.Context, in Input, _ string) Verdict {
				if in.ID == "a" && in.Attempt == 1 {
					panic("call")
				}
				return Done(nil)
			}
			w.tell("a", told{})
			w.tell("b", told{})
			w.pass(time.Minute)
			w.tells("a", "started check take call? call! call? call end finished")
			w.tells("b", wholeStory)
		})
	})
}

func TestCallsEndInTime(t *testing.T) {
	inWorld(t, func(w *world) {
		w.runs()
		w.call = func(ctx context.Context, in Input, _ string) Verdict {
			if in.Attempt == 1 {
				<-ctx.Done()
				return Retry(ctx.Err().Error(), 0)
			}
			return Done(nil)
		}
		w.tell("a", told{})
		w.pass(callLimit - time.Second)
		w.tells("a", "started check take call?")
		w.pass(3 * time.Second)
		w.tells("a", "started check take call? call! call? call end finished")
		if callLimit >= CallTime {
			w.Errorf("a call may take %s, and be taken over after %s", callLimit, CallTime)
		}
	})
}

// Calls that hang fill their own workers; new flows of the same lane, and other lanes, go on.
func TestSlowCallsDelayNobody(t *testing.T) {
	inWorld(t, func(w *world) {
		w.perLane = 4
		w.call = func(ctx context.Context, in Input, _ string) Verdict {
			if strings.HasPrefix(in.ID, "slow:") && in.Attempt == 1 {
				<-ctx.Done()
				return Retry("slow", 0)
			}
			return Done(nil)
		}
		w.runs()
		for i := range 20 {
			w.tell(fmt.Sprintf("slow:%d", i), told{})
		}
		w.tell("fast:1", told{})
		w.tells("fast:1", wholeStory)
		for i := range 20 {
			id := fmt.Sprintf("slow:%d", i)
			if w.held(id) != 1 {
				w.Errorf("%s has not taken its unit: %s", id, w.story(id))
			}
		}
		w.pass(time.Hour)
		for i := range 20 {
			w.finished(fmt.Sprintf("slow:%d", i))
		}
	})
}

// A flow that queues for a call hears its news at once, not when the calls before it are over.
func TestNewsOfAFlowThatQueuesForACall(t *testing.T) {
	inWorld(t, func(w *world) {
		w.perLane = 4
		w.call = func(ctx context.Context, _ Input, _ string) Verdict {
			<-ctx.Done()
			return Retry("slow", time.Hour)
		}
		w.runs()
		for i := range 200 {
			w.tell(fmt.Sprint("shop:", i), told{})
		}
		w.pass(time.Second)
		w.tell("shop:100", told{Cancel: true})
		w.tell("shop:101", told{Done: true})
		w.tell("shop:102", told{}) // no reason not to make the call
		w.tells("shop:100", "started check take undo(take) -take -check undone")
		w.tells("shop:101", "started check take call end finished")
		w.tells("shop:102", "started check take")
		w.pass(200 / 4 * callLimit)
		if w.called("shop:100") != 0 || w.called("shop:101") != 0 || w.called("shop:102") != 1 {
			w.Errorf("called %d, %d and %d times, want the last alone, once", w.called("shop:100"), w.called("shop:101"), w.called("shop:102"))
		}
	})
}

// Calls of one step queue together, and hold up neither another step's nor those that take back.
func TestAQuickCallPassesSlowOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWork(1)
		release := make(chan struct{})
		done := map[string]bool{} // written by one worker at a time, read when all are asleep
		wake := func(id, line string) {
			w.wake(ref{"k", id}, "lane", time.Now(), "", func(_ *item, calls bool) string {
				if !calls {
					return line
				}
				if line == lineOf(flows.StepStarted{Step: "slow"}) {
					<-release
				}
				done[id] = true
				return ""
			})
			synctest.Wait()
		}
		wake("a", lineOf(flows.StepStarted{Step: "slow"}))
		wake("b", lineOf(flows.StepStarted{Step: "slow"}))
		wake("c", lineOf(flows.StepStarted{Step: "quick"}))
		wake("d", lineOf(flows.StepStarted{Step: "slow", Undo: true}))
		if len(done) != 2 || !done["c"] || !done["d"] {
			t.Errorf("done while a slow call is under way: %v, want c and d", done)
		}
		close(release)
		synctest.Wait()
		if len(done) != 4 {
			t.Errorf("done at last: %v", done)
		}
		w.close()
	})
}

func TestFencedLogEndsTheRunner(t *testing.T) {
	inWorld(t, func(w *world) {
		broken := &faulty{Store: w.store}
		w.store = broken
		w.open()
		w.call = func(context.Context, Input, string) Verdict {
			broken.set(fmt.Errorf("disk: %w", eventlog.ErrFenced))
			return Done(nil)
		}
		stop := w.runs()
		w.tell("a", told{})
		w.pass(time.Minute)
		if err := stop(); !errors.Is(err, eventlog.ErrFenced) {
			w.Errorf("got %v, want the fence", err)
		}
	})
}
