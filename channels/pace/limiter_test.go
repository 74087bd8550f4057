package pace_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/creatorflow/creatorflow/channels/pace"
)

var limits = pace.Limits{Start: 3, Floor: 0.5, Ceiling: 45}

// vendor answers after a moment and refuses what is over its own limit.
type vendor struct {
	limit    *rate.Limiter
	mu       sync.Mutex
	good     int
	refused  int
	lastGood map[int]int // by second since the start
}

func (v *vendor) call(start time.Time) bool {
	pass(20 * time.Millisecond) // in a bubble: the way there
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.limit.Allow() {
		v.refused++
		return false
	}
	v.good++
	v.lastGood[int(time.Since(start)/time.Second)]++
	return true
}

// press keeps so many callers busy for so long and returns what the vendor saw.
func press(l *pace.Limiter, v *vendor, callers int, length time.Duration) {
	v.lastGood = map[int]int{}
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), length)
	defer cancel()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for l.Wait(ctx, false) == nil {
				if v.call(start) {
					l.Good()
				} else {
					l.Refused(0)
				}
			}
		})
	}
	wg.Wait()
}

func TestLimiterClimbsToWhatTheVendorTakes(t *testing.T) {
	tests := []struct {
		name      string
		limit     float64
		within    int // seconds until it takes nine tenths of that
		atLeast   float64
		violation int // of a minute
	}{
		{name: "the documented 50 a second", limit: 50, within: 8, atLeast: 40, violation: 0},
		{name: "20 a second", limit: 20, within: 6, atLeast: 14, violation: 150},
		{name: "5 a second", limit: 5, within: 3, atLeast: 3.5, violation: 60},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &vendor{limit: rate.NewLimiter(rate.Limit(tt.limit), int(tt.limit))}
				press(pace.NewLimiter(time.Now, limits), v, 100, time.Minute)
				t.Logf("%d taken, %d refused in a minute; second %d: %d", v.good, v.refused, tt.within, v.lastGood[tt.within])
				if got := float64(v.lastGood[tt.within]); got < tt.atLeast {
					t.Errorf("in second %d it took %v, want at least %v", tt.within, got, tt.atLeast)
				}
				if got := float64(v.good) / 60; got < tt.atLeast {
					t.Errorf("over the minute %.1f a second, want at least %v", got, tt.atLeast)
				}
				if v.refused > tt.violation {
					t.Errorf("%d refusals, want at most %d", v.refused, tt.violation)
				}
			})
		})
	}
}

func TestLimiterStaysLowWhenUnused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pace.NewLimiter(time.Now, limits)
		for range 100 {
			if err := l.Wait(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			l.Good()
			pass(time.Second)
		}
		if got := l.Rate().PerSecond; got != 3 {
			t.Errorf("rate %v after calls that never waited, want the start's 3", got)
		}
	})
}

func TestLimiterHonoursRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pace.NewLimiter(time.Now, limits)
		l.Refused(5 * time.Second)
		if got := l.Rate(); got.Pause != 5*time.Second || got.Refused != 1 || got.PerSecond >= 3 {
			t.Errorf("after a refusal: %+v", got)
		}
		start := time.Now()
		if err := l.Wait(t.Context(), false); err != nil || time.Since(start) < 5*time.Second || time.Since(start) > 6*time.Second {
			t.Errorf("waited %v, %v, want about 5 s", time.Since(start), err)
		}
		// A pause longer than callers have patience for turns them away, those in the queue too.
		waiting := make(chan error)
		go func() { waiting <- l.Wait(t.Context(), false) }()
		synctest.Wait()
		l.Refused(time.Minute)
		if err := <-waiting; !errors.Is(err, pace.ErrBusy) {
			t.Errorf("in the queue: got %v, want ErrBusy", err)
		}
		if err := l.Wait(t.Context(), false); !errors.Is(err, pace.ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
		pass(time.Minute)
		if err := l.Wait(t.Context(), false); err != nil {
			t.Errorf("after the pause: %v", err)
		}
	})
}

// rest spends what a rested limiter gives at once.
func rest(t *testing.T, l *pace.Limiter) {
	t.Helper()
	for range 4 {
		if err := l.Wait(t.Context(), false); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLimiterLetsUrgentFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pace.NewLimiter(time.Now, limits)
		rest(t, l)
		order := make(chan string, 3)
		for _, lane := range []string{"normal", "normal", "urgent"} {
			go func() {
				if err := l.Wait(t.Context(), lane == "urgent"); err == nil {
					order <- lane
				}
			}()
			synctest.Wait()
		}
		if got := <-order; got != "urgent" {
			t.Errorf("first out was %s, want urgent", got)
		}
		<-order
		<-order
	})
}

func TestIdleCallsWaitForAllOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pace.NewLimiter(time.Now, limits)
		idle := pace.InIdle(t.Context())
		for range 2 { // two of four are left to others
			if err := l.Wait(idle, true); err != nil {
				t.Fatal(err)
			}
		}
		order := make(chan string, 2)
		wait := func(ctx context.Context, name string) {
			if err := l.Wait(ctx, false); err != nil {
				t.Error(err)
			}
			order <- name
		}
		go wait(idle, "idle")
		synctest.Wait()
		if r := l.Rate(); r.Waiting != 1 || r.Left != 0.5 {
			t.Errorf("with an idle call that waits: %+v", r)
		}
		start := time.Now()
		for range 2 {
			if err := l.Wait(t.Context(), false); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("what was left took %v", took)
		}
		go wait(t.Context(), "live")
		if first := <-order; first != "live" {
			t.Errorf("first out was %s", first)
		}
		if <-order; l.Rate().PerSecond != 3 {
			t.Errorf("an idle call raised the rate to %v", l.Rate().PerSecond)
		}
	})
}

func TestTally(t *testing.T) {
	now := time.Unix(1_767_225_600, 0)
	b := pace.NewBreaker(func() time.Time { return now }, nil)
	for _, o := range []pace.Outcome{pace.Healthy, pace.Healthy, pace.Nothing, pace.Unhealthy} {
		b.Report(o)
	}
	now = now.Add(59 * time.Minute)
	b.Report(pace.Healthy)
	if got, want := b.Tally(), (pace.Tally{Answered: 3, Failed: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	now = now.Add(time.Minute)
	if got, want := b.Tally(), (pace.Tally{Answered: 1}); got != want {
		t.Errorf("a minute later %+v, want %+v", got, want)
	}
}

func TestLimiterFreesThePlaceOfWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pace.NewLimiter(time.Now, limits)
		rest(t, l)
		ctx, cancel := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { first <- l.Wait(ctx, false) }()
		synctest.Wait()
		go func() { second <- l.Wait(t.Context(), false) }()
		synctest.Wait()
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the cause", err)
		}
		if err := <-second; err != nil {
			t.Errorf("the next in the queue got %v", err)
		}
	})
}

// A clock that is set forward or back by a day must not stop the calls.
func TestLimiterSurvivesClockSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offset time.Duration
		l := pace.NewLimiter(func() time.Time { return time.Now().Round(0).Add(offset) }, limits)
		for _, step := range []time.Duration{24 * time.Hour, -24 * time.Hour, -24 * time.Hour} {
			l.Refused(2 * time.Second)
			offset += step
			start := time.Now()
			for range 5 {
				if err := l.Wait(t.Context(), false); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("five calls took %v after a step of %v", took, step)
			}
		}
	})
}

func TestBreaker(t *testing.T) {
	now := time.Unix(1_767_225_600, 0)
	b := pace.NewBreaker(func() time.Time { return now }, nil)
	fail := func(n int) {
		for range n {
			if _, ok := b.Allow(t.Context()); !ok {
				t.Fatal("not allowed")
			}
			b.Report(pace.Unhealthy)
		}
	}
	want := func(state string, allowed bool) {
		t.Helper()
		got, _ := b.State()
		wait, ok := b.Allow(t.Context())
		if got != state || ok != allowed || ok == (wait > 0) {
			t.Fatalf("got %s, allowed %v, wait %v, want %s, %v", got, ok, wait, state, allowed)
		}
	}
	fail(7)
	b.Report(pace.Healthy)
	fail(8)
	want("open", false)
	now = now.Add(time.Second)
	want("half-open", true)
	want("half-open", false) // one trial at a time
	b.Report(pace.Nothing)
	want("half-open", true)
	b.Report(pace.Unhealthy)
	want("open", false)
	now = now.Add(time.Second)
	want("open", false) // two seconds this time
	now = now.Add(-time.Hour)
	want("half-open", true) // a clock set back does not lengthen it
	b.Report(pace.Healthy)
	want("closed", true)
}

// TestWhoCanWaitIsNoTrial: while a vendor is tried again, a call that can wait neither holds up the others nor goes first.
func TestWhoCanWaitIsNoTrial(t *testing.T) {
	now := time.Unix(1_767_225_600, 0)
	b := pace.NewBreaker(func() time.Time { return now }, nil)
	for range 8 {
		b.Report(pace.Unhealthy)
	}
	now = now.Add(time.Second)
	if wait, ok := b.Allow(pace.InIdle(t.Context())); ok || wait <= 0 {
		t.Fatalf("a call that can wait: allowed %v, wait %v", ok, wait)
	}
	if _, ok := b.Allow(t.Context()); !ok {
		t.Fatal("a live call is not let through as the trial")
	}
	b.Report(pace.Healthy)
	if _, ok := b.Allow(pace.InIdle(t.Context())); !ok {
		t.Fatal("a call that can wait is not allowed although the vendor answers")
	}
}

// pass lets virtual time go by: all its callers run in a bubble.
func pass(d time.Duration) { <-time.After(d) }
