package flow

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// A flow that a crash cut off goes on wherever it stood, whatever the view knew of it.
func TestRestart(t *testing.T) {
	hold := told{Hold: "x", Until: time.Time{}}
	tests := []struct {
		name string
		// before is what happens under the first runner, while what happens under none.
		before, while func(w *world)
		open          func(w *world) []Open
		after         func(w *world)
		want          string
	}{
		{
			name:  "placed, never started",
			while: func(w *world) { w.tell("a", told{}) },
			open:  func(*world) []Open { return []Open{{Kind: "test", ID: "a"}} },
			want:  wholeStory,
		},
		{
			name:   "waits for news, which come",
			before: func(w *world) { w.tell("a", hold) },
			open:   func(*world) []Open { return []Open{{Kind: "test", ID: "a", Tags: []string{"open:a"}}} },
			after:  func(w *world) { w.tell("a", told{}) },
			want:   "started waits(x) check take call? call end finished",
		},
		{
			name:   "waits for news, which came before the crash and were not acted on",
			before: func(w *world) { w.tell("a", hold) },
			while:  func(w *world) { w.tell("a", told{}) },
			open:   func(*world) []Open { return []Open{{Kind: "test", ID: "a", Tags: []string{"open:a"}}} },
			want:   "started waits(x) check take call? call end finished",
		},
		{
			name:   "waits for a time that has passed",
			before: func(w *world) { w.tell("a", told{Hold: "x", Until: w.start.Add(time.Hour)}) },
			while: func(w *world) {
				w.pass(2 * time.Hour)
				w.append(jobStream("a"), told{Hold: "y", Until: w.start.Add(4 * time.Hour)})
			},
			open: func(w *world) []Open { return []Open{{Kind: "test", ID: "a", Until: w.start.Add(time.Hour)}} },
			want: "started waits(x) waits(y)",
		},
		{
			name: "between tries",
			before: func(w *world) {
				w.call = func(_ context.Context, in Input, _ string) Verdict {
					if in.Attempt == 1 {
						return Retry("away", time.Hour)
					}
					return Done(nil)
				}
				w.tell("a", told{})
			},
			open:  func(w *world) []Open { return []Open{{Kind: "test", ID: "a", Until: w.start.Add(time.Hour)}} },
			after: func(w *world) { w.pass(2 * time.Hour) },
			want:  "started check take call? call! call? call end finished",
		},
		{
			name: "in a call",
			before: func(w *world) {
				w.call = func(ctx context.Context, in Input, _ string) Verdict {
					if in.Attempt == 1 {
						<-ctx.Done()
					}
					return Done(nil) // it worked, and nobody will ever know
				}
				w.tell("a", told{})
			},
			open:  func(*world) []Open { return []Open{{Kind: "test", ID: "a"}} },
			after: func(w *world) { w.pass(CallTime) },
			want:  "started check take call? call? call end finished",
		},
		{
			name: "in a call of an order that is cancelled",
			before: func(w *world) {
				w.call = func(ctx context.Context, _ Input, _ string) Verdict {
					<-ctx.Done()
					return Done(nil)
				}
				w.tell("a", told{})
			},
			while: func(w *world) { w.tell("a", told{Cancel: true}) },
			open:  func(*world) []Open { return []Open{{Kind: "test", ID: "a"}} },
			after: func(w *world) { w.pass(CallTime) },
			want:  "started check take call? undo(call) call? -call -take -check undone",
		},
		{
			name: "stuck, and cancelled without a turn",
			before: func(w *world) {
				w.call = func(context.Context, Input, string) Verdict { return Stuck("no") }
				w.tell("a", told{})
			},
			while: func(w *world) { w.tell("a", told{Cancel: true}) },
			open:  func(*world) []Open { return []Open{{Kind: "test", ID: "a"}} },
			want:  "started check take call? stuck(call) undo(call) call? -call -take -check undone",
		},
		{
			name: "retried without a turn",
			before: func(w *world) {
				w.call = func(_ context.Context, in Input, _ string) Verdict {
					if in.Attempt == 1 {
						return Stuck("no")
					}
					return Done(nil)
				}
				w.tell("a", told{})
			},
			while: func(w *world) {
				if err := w.retry("a"); err != nil {
					w.Fatal(err)
				}
			},
			open: func(*world) []Open { return []Open{{Kind: "test", ID: "a"}} },
			want: "started check take call? stuck(call) retried call? call end finished",
		},
	}
	for _, test := range tests {
		// The view may know all of it, or nothing: then the log tells from its start.
		for _, view := range []string{"caught up", "empty"} {
			t.Run(test.name+", view "+view, func(t *testing.T) {
				inWorld(t, func(w *world) {
					if test.before != nil {
						stop := w.runs()
						test.before(w)
						synctest.Wait()
						_ = stop()
					}
					if test.while != nil {
						test.while(w)
					}
					w.open()
					var open []Open
					if view == "caught up" {
						open = test.open(w)
					}
					w.runs(open...)
					synctest.Wait()
					if test.after != nil {
						test.after(w)
					}
					w.tells("a", test.want)
				})
			})
		}
	}
}

// Of two processes on one log one acts; when it dies the other takes its call over at the deadline.
func TestTakeOver(t *testing.T) {
	inWorld(t, func(w *world) {
		var tries []string
		w.call = func(ctx context.Context, in Input, _ string) Verdict {
			tries = append(tries, fmt.Sprintf("%d after %s", in.Attempt, time.Since(w.start)))
			if in.Attempt == 1 {
				<-ctx.Done()
			}
			return Done(nil)
		}
		first := w.runs()
		w.tell("a", told{})
		synctest.Wait()
		w.runs(Open{Kind: "test", ID: "a"})
		w.pass(time.Second)
		_ = first()
		w.pass(CallTime - 2*time.Second)
		w.tells("a", "started check take call?")
		w.pass(2 * time.Second)
		w.tells("a", "started check take call? call? call end finished")
		if got, want := strings.Join(tries, ", "), "1 after 0s, 2 after 1m0s"; got != want {
			w.Errorf("got calls %s, want %s", got, want)
		}
	})
}

// What was written before a crash can take effect after it: the call is nobody's before its deadline,
// also when no other process ever had it.
func TestNobodyRepeatsACallThatMayBeUnderWay(t *testing.T) {
	inWorld(t, func(w *world) {
		var made atomic.Int64
		w.call = func(ctx context.Context, in Input, _ string) Verdict {
			if in.Attempt > 1 && made.Load() > 0 { // look first
				return Done(nil)
			}
			if in.Attempt == 1 {
				time.AfterFunc(Settle, func() { made.Add(1) })
				<-ctx.Done()
				return Done(nil)
			}
			made.Add(1)
			return Done(nil)
		}
		stop := w.runs()
		w.tell("a", told{})
		synctest.Wait()
		_ = stop()
		w.open()
		w.runs(Open{Kind: "test", ID: "a"})
		w.tell("a", told{}) // news are no reason either
		w.pass(CallTime + time.Second)
		w.tells("a", "started check take call? call? call end finished")
		if made.Load() != 1 {
			w.Errorf("done %d times", made.Load())
		}
	})
}

// A call of unknown outcome is left alone, whatever comes meanwhile.
func TestAnUnsureCallIsLeftAlone(t *testing.T) {
	retry := func(w *world) {
		if err := w.retry("a"); err != nil {
			w.Fatal(err)
		}
	}
	tests := []struct {
		name     string
		attempts int // after which the flow is stuck
		within   func(w *world)
		want     string
	}{
		{"nothing comes", 3, func(*world) {}, "call! call? call"},
		{"news", 3, func(w *world) { w.tell("a", told{}) }, "call! call? call"},
		{"a person's retry", 3, retry, "call! retried call? call"},
		{"a person's retry of what is stuck", 1, retry, "call! stuck(call) retried call? call"},
		{"a restart", 3, func(w *world) { w.open(); w.runs(Open{Kind: "test", ID: "a"}) }, "call! call? call"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.policy = Policy{Attempts: test.attempts, First: time.Second, Longest: time.Second}
				var tries []time.Duration
				w.call = func(_ context.Context, in Input, _ string) Verdict {
					tries = append(tries, time.Since(w.start))
					if in.Attempt == 1 {
						return Unsure("no answer", 0)
					}
					return Done(nil)
				}
				stop := w.runs()
				w.tell("a", told{})
				w.pass(time.Second)
				if test.name == "a restart" {
					_ = stop()
				}
				test.within(w)
				w.pass(time.Minute)
				w.tells("a", "started check take call? "+test.want+" end finished")
				if len(tries) != 2 || tries[1] < Settle {
					w.Errorf("tried after %v, want the second time no sooner than after %s", tries, Settle)
				}
			})
		})
	}
}

// A call whose beginning was written late must be over in time all the same.
func TestACallThatBeganLateEndsInTime(t *testing.T) {
	for _, test := range []struct {
		late time.Duration
		want string
	}{{40 * time.Second, "call? call!"}, {55 * time.Second, "call? call! call?"}} {
		t.Run(test.late.String(), func(t *testing.T) {
			inWorld(t, func(w *world) {
				slow := &faulty{Store: w.store}
				w.store = slow
				slow.delay = test.late
				w.open()
				w.runs()
				var called, ended time.Duration
				w.call = func(ctx context.Context, in Input, _ string) Verdict {
					if in.Attempt > 1 {
						<-ctx.Done()
						return Done(nil)
					}
					called = time.Since(w.start)
					<-ctx.Done()
					ended = time.Since(w.start)
					return Retry("no answer", time.Hour)
				}
				w.tell("a", told{})
				w.pass(CallTime)
				w.tells("a", "started check take "+test.want)
				if called > 0 && (called < test.late || ended > callLimit) {
					w.Errorf("called after %s until %s, want from %s to at most %s", called, ended, test.late, callLimit)
				}
			})
		})
	}
}

// The clock was a day ahead, and is right again: nothing that was written by it rests for a day.
func TestAClockThatWasADayAhead(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		name   string
		first  func(ctx context.Context, w *world) Verdict
		within time.Duration
		want   string
	}{
		{"between tries", func(context.Context, *world) Verdict { return Retry("away", time.Minute) }, time.Minute, "call! call? call"},
		{"in a wait of its call", func(_ context.Context, w *world) Verdict {
			return Wait("away", "Away.", w.clock().Add(time.Minute))
		}, time.Minute, "waits(Away.) call? call"},
		{"with a call that is open", func(ctx context.Context, _ *world) Verdict {
			<-ctx.Done()
			return Done(nil)
		}, CallTime + longestSleep, "call! call? call"},
		{"with a call that may still take effect", func(context.Context, *world) Verdict { return Unsure("no answer", 0) }, Settle + longestSleep, "call! call! call? call"},
	}
	for _, test := range tests {
		for _, restarted := range []bool{false, true} {
			if !restarted && strings.HasPrefix(test.name, "with a call that is open") {
				continue // its own process knows how it ends
			}
			t.Run(fmt.Sprintf("%s, restarted %t", test.name, restarted), func(t *testing.T) {
				inWorld(t, func(w *world) {
					w.skew.Store(int64(day))
					var tries []time.Duration
					w.call = func(ctx context.Context, in Input, _ string) Verdict {
						tries = append(tries, time.Since(w.start))
						if in.Attempt == 1 {
							return test.first(ctx, w)
						}
						return Done(nil)
					}
					stop := w.runs()
					w.tell("a", told{})
					w.pass(time.Second)
					if restarted {
						_ = stop()
					}
					w.skew.Store(0)
					if restarted {
						w.open()
						w.runs(Open{Kind: "test", ID: "a"})
					}
					w.pass(test.within + time.Second)
					w.tells("a", "started check take call? "+test.want+" end finished")
					if strings.HasPrefix(test.name, "with") && tries[1] < Settle {
						w.Errorf("repeated after %s", tries[1])
					}
				})
			})
		}
	}
}

// Two runners that both act on everything: the stream's version is the fence.
func TestTwoRunners(t *testing.T) {
	inWorld(t, func(w *world) {
		w.runs()
		w.runs()
		for i := range 50 {
			w.tell(fmt.Sprintf("%d", i), told{})
		}
		w.pass(2 * time.Minute)
		for i := range 50 {
			id := fmt.Sprintf("%d", i)
			w.tells(id, wholeStory)
			if w.held(id) != 1 || w.called(id) != 1 {
				w.Errorf("flow %s: %d held, %d calls; want one each", id, w.held(id), w.called(id))
			}
		}
	})
}

// Whatever the world, its news and crashes do: a flow ends finished or undone, holds one unit or
// none, and the world was changed once a key.
func TestEndsDoneOrUndone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		script := rapid.SliceOfN(rapid.SampledFrom([]string{"ok", "ok", "away", "lost answer", "panic", "decline"}), 1, 6).Draw(rt, "calls")
		moves := rapid.SliceOfN(rapid.SampledFrom([]string{"crash", "hold", "go", "cancel", "retry", "pass"}), 0, 8).Draw(rt, "moves")
		synctest.Test(t, func(t *testing.T) { endsDoneOrUndone(t, script, moves) })
	})
}

func endsDoneOrUndone(t *testing.T, script, moves []string) {
	ctx, cancel := context.WithCancel(t.Context())
	w := newWorld(t, ctx)
	w.policy = Policy{Attempts: 3, First: time.Second, Longest: time.Minute}
	var mu sync.Mutex
	made := map[string]int{} // by key: what the world did
	make := func(key string) {
		mu.Lock()
		defer mu.Unlock()
		made[key]++
	}
	tries := 0
	act := func(_ context.Context, in Input, key string) Verdict {
		what := "ok"
		if tries < len(script) {
			what = script[tries]
		}
		tries++
		<-time.After(time.Second)
		mu.Lock()
		done := made[key] > 0
		mu.Unlock()
		if in.Attempt > 1 && done { // look first
			return Done(nil)
		}
		switch what {
		case "away":
			return Retry("away", 0)
		case "panic":
			panic("script")
		case "decline":
			if !strings.HasSuffix(key, "/undo") {
				return Undo("declined")
			}
		case "lost answer": // it works, and late
			time.AfterFunc(Settle-2*time.Second, func() { make(key) })
			return Unsure("no answer", 0)
		}
		make(key)
		return Done(nil)
	}
	w.call, w.undo = act, act
	stop := w.runs()
	w.tell("a", told{})
	cancelled := false
	for _, move := range moves {
		switch move {
		case "crash":
			_ = stop()
			w.open()
			stop = w.runs()
		case "hold":
			w.tell("a", told{Hold: "x", Cancel: cancelled})
		case "go":
			w.tell("a", told{Cancel: cancelled})
		case "cancel":
			cancelled = true
			w.tell("a", told{Cancel: true})
		case "retry":
			_ = w.retry("a")
		case "pass":
			<-time.After(700 * time.Millisecond)
		}
	}
	w.tell("a", told{Cancel: cancelled})
	for range 5 { // a person who retries what is stuck
		w.pass(time.Hour)
		_ = w.retry("a")
	}
	w.pass(time.Hour)
	s := w.status("a")
	did, undid := made["test/a/call"], made["test/a/call/undo"]
	switch {
	case did > 1 || undid > 1:
		t.Errorf("done %d times, undone %d times: %s", did, undid, w.story("a"))
	case s.Phase == Finished && (w.held("a") != 1 || did != 1 || undid != 0):
		t.Errorf("finished with %d held, done %d, undone %d: %s", w.held("a"), did, undid, w.story("a"))
	case s.Phase == Undone && (w.held("a") != 0 || did > undid):
		t.Errorf("undone with %d held, done %d, undone %d: %s", w.held("a"), did, undid, w.story("a"))
	case s.Phase != Finished && s.Phase != Undone:
		t.Errorf("ends %s: %s", s.Phase, w.story("a"))
	}
	cancel()
	w.running.Wait()
}

func TestTimers(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a, b := ref{"k", "a"}, ref{"k", "b"}
	x := newTimers()
	x.at(a, time.Time{})
	if _, ok, pause := x.next(now); ok || pause != 0 {
		t.Error("the zero time made a timer")
	}
	x.at(a, now.Add(time.Hour))
	x.at(b, now.Add(2*time.Hour))
	x.at(b, now.Add(3*time.Hour)) // later than what stands
	x.at(a, now.Add(time.Minute)) // earlier
	if _, ok, pause := x.next(now); ok || pause != time.Minute {
		t.Errorf("got a pause of %s, want a minute", pause)
	}
	if e, ok, _ := x.next(now.Add(time.Minute)); !ok || e.who != a {
		t.Errorf("got %v, %t; want the first", e, ok)
	}
	if _, ok, pause := x.next(now.Add(time.Minute)); ok || pause != 119*time.Minute {
		t.Errorf("got a pause of %s: a timer that was replaced counts", pause)
	}
	if e, ok, _ := x.next(now.Add(100 * time.Hour)); !ok || e.who != b || !e.due.Equal(now.Add(2*time.Hour)) {
		t.Errorf("after the clock was set: got %v, %t", e, ok)
	}
	x.at(b, now.Add(time.Hour))
	x.forget(b)
	if _, ok, pause := x.next(now.Add(2 * time.Hour)); ok || pause != 0 {
		t.Error("a forgotten timer fired")
	}
}

// The clock may be set while timers sleep: they look at it again soon.
func TestTimersAfterTheClockWasSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var offset atomic.Int64
		fired := make(chan time.Time, 1)
		x := newTimers()
		x.at(ref{"k", "a"}, time.Now().Add(24*time.Hour))
		done := make(chan struct{})
		go func() {
			defer close(done)
			x.run(ctx, func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }, func(ref, time.Time) { fired <- time.Now() })
		}()
		synctest.Wait()
		begun := time.Now()
		offset.Store(int64(24 * time.Hour))
		if late := (<-fired).Sub(begun); late > longestSleep {
			t.Errorf("fired %s after the clock was set, want at most %s", late, longestSleep)
		}
		cancel()
		<-done
	})
}

func TestPauses(t *testing.T) {
	p := Policy{Attempts: 30, First: time.Second, Longest: 5 * time.Minute}
	for _, test := range []struct {
		failures int
		chance   float64
		least    time.Duration
		want     time.Duration
	}{
		{0, 0, 0, 0},
		{0, 0.5, 0, 500 * time.Millisecond},
		{3, 0.5, 0, 4 * time.Second},
		{3, 0.5, time.Minute, 64 * time.Second},
		{20, 0.999, 0, 299700 * time.Millisecond},
		{1000, 0.5, 0, 150 * time.Second},
	} {
		if got := p.pause(test.failures, test.chance, test.least); got != test.want {
			t.Errorf("after %d failures: got %s, want %s", test.failures, got, test.want)
		}
	}
	var all time.Duration
	for i := range Patient.Attempts {
		all += Patient.pause(i, 0.5, 0)
	}
	if all < 50*time.Minute || all > 3*time.Hour {
		t.Errorf("a person is asked after about %s", all)
	}
}
