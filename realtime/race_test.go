package realtime_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/realtime"
)

// hooks are called around the n-th read since they were set.
type hooks struct {
	begin  func(n int) // before the read transaction
	inside func(n int) // in it, before anything is read
	end    func(n int) // after it
}

// staged is views whose readers can be held, to play out races one by one.
type staged struct {
	realtime.Views
	mu    sync.Mutex
	hooks hooks
	calls int
}

func (s *staged) Read(ctx context.Context, do func(r projection.Reader) error) error {
	s.mu.Lock()
	s.calls++
	n, h := s.calls, s.hooks
	s.mu.Unlock()
	call := func(hook func(int)) {
		if hook != nil {
			hook(n)
		}
	}
	call(h.begin)
	defer call(h.end)
	return s.Views.Read(ctx, func(r projection.Reader) error {
		call(h.inside)
		return do(r)
	})
}

func (s *staged) set(h hooks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.hooks = 0, h
}

// stage is a world in which one screen shows the clock, kpis and stock/a at position 1.
func stage(t *testing.T, change ...func(*realtime.Options)) (*world, *staged, *realtime.Live, *screen) {
	t.Helper()
	var views *staged
	w := newWorld(t, append(change, func(o *realtime.Options) {
		views = &staged{Views: o.Views}
		o.Views = views
	})...)
	w.commit("kpis", "stock/a")
	live, _ := w.serve()
	s := w.open("ana")
	s.watch(realtime.Clock, "kpis", "stock/a")
	s.shows("kpis", 1)
	s.shows("stock/a", 1)
	s.clock(1)
	for _, pad := range []string{"first", "second"} { // whatever subscribing set off is over then
		w.set(func() { w.pad = pad })
		live.Dirty("kpis")
		s.until(pad, func(f frame) bool { return f.topic == "kpis" && f.Pad == pad })
	}
	return w, views, live, s
}

// gate holds whoever calls wait until it is opened, which the end of the test does too.
func gate(t *testing.T) (wait, open func()) {
	closed := make(chan struct{})
	open = sync.OnceFunc(func() { close(closed) })
	t.Cleanup(open)
	return func() { <-closed }, open
}

// leaves returns once the server knows that a topic is left.
func (s *screen) leaves(topic string) {
	s.Helper()
	s.leave(topic)
	s.watch("no/such")
	s.told("refused 102")
}

func TestTheClockWaitsForNotices(t *testing.T) {
	w, _, live, s := stage(t, func(o *realtime.Options) { o.Late = 20 * time.Millisecond })
	late := w.commit("kpis", "stock/a") // its notice is still on the way
	live.Dirty("stock/a")
	s.shows("stock/a", 2)
	live.Dirty("kpis") // a tick whose clock frame would tell
	s.shows("kpis", 2)
	if at := s.latest[realtime.Clock].Position; at != 1 {
		t.Fatalf("the clock came to %d before the notice", at)
	}
	live.Notify(late)
	s.clock(2)
}

func TestANoticeThatIsAheadOfTheReadIsKept(t *testing.T) {
	w, views, live, s := stage(t)
	views.set(hooks{inside: func(n int) {
		if n == 1 { // the tick sees position 1, the notice says 2
			live.Notify(w.commit("kpis"))
		}
	}})
	live.Dirty("stock/a")
	s.shows("kpis", 2)
	s.clock(2)
}

func TestAnOlderValueNeverFollowsANewerOne(t *testing.T) {
	w, views, live, s := stage(t)
	s.leaves("stock/a")
	live.Notify(w.commit("stock/a"))
	s.clock(2)
	live.Notify(w.commit("kpis"))
	s.clock(3) // by now it is forgotten: for the next subscriber it is read anew
	held := make(chan struct{})
	wait, release := gate(t)
	views.set(hooks{
		begin: func(n int) {
			if n == 1 { // the new subscriber's read
				close(held)
				wait()
			}
		},
		end: func(n int) {
			if n == 2 { // the tick has read position 3 and not sent it yet
				w.commit("stock/a")
				release()
			}
		},
	})
	s.watch("stock/a")
	<-held
	live.Notify(projection.Notice{Position: 3, Topics: []string{"stock/a"}})
	s.shows("stock/a", 4)
	live.Notify(projection.Notice{Position: 4, Topics: []string{"kpis"}})
	for _, f := range s.clock(4) {
		if f.topic == "stock/a" && f.event == "" {
			t.Errorf("after the value of position 4 came %+v", f)
		}
	}
}

func TestWhoComesWhileATopicIsForgottenGetsTheNewest(t *testing.T) {
	w, views, live, s := stage(t)
	s.leaves("stock/a")
	reading := make(chan struct{})
	wait, release := gate(t)
	views.set(hooks{end: func(n int) {
		if n == 1 { // the tick has found that nobody watches it
			close(reading)
			wait()
		}
	}})
	live.Notify(w.commit("stock/a"))
	<-reading
	delete(s.latest, "stock/a")
	s.watch("stock/a")
	s.shows("stock/a", 1) // still the old one
	release()
	s.shows("stock/a", 2)
}
