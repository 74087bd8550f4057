package letters_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	catalogue "github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	events "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

// desk is a log with letters, their view, and who tries all of a time again.
type desk struct {
	*testing.T
	log      *eventlog.Log
	views    projection.Store
	runner   *projection.Runner
	replayer *letters.Replayer
	now      time.Time // of the next commit
	caughtUp func(ctx context.Context, p eventlog.Position) error
	rule     func(flow string) letters.Retry
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	place := storagetest.New(t)
	d := &desk{T: t, views: place.Views(), now: noon}
	var err error
	d.log, err = eventlog.Open(t.Context(), place.Log(), eventlog.Options{Decode: catalogue.Decode, Clock: func() time.Time { return d.now }})
	if err != nil {
		t.Fatal(err)
	}
	d.runner = projection.NewRunner(d.log, d.views, []projection.Projection{letters.View{}}, projection.Options{})
	d.caughtUp = d.runner.WaitFor
	d.rule = func(id string) letters.Retry {
		return letters.Retry{
			Fold: eventlog.Fold{
				Stream: flowStream(id), Name: "flow", Zero: func() any { return true },
				Evolve: func(_ any, e eventlog.Event) any { _, stuck := e.(flows.Stuck); return stuck },
			},
			Decide: func(stuck any, reason string) ([]eventlog.Event, error) {
				if stuck == false {
					return nil, eventlog.Refusal("There is nothing to retry.")
				}
				return []eventlog.Event{flows.Retried{Flow: id, Reason: reason}}, nil
			},
		}
	}
	d.run(d.log.Run)
	d.run(d.runner.Run)
	return d
}

func flowStream(id string) eventlog.Stream {
	return eventlog.Stream{Workspace: "main", Kind: "flow", ID: id}
}

// run runs a part until the test ends, or until it is stopped.
func (d *desk) run(part func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- part(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			d.Error(err)
		}
	}
	d.Cleanup(stop)
	return stop
}

// replays starts a Replayer.
func (d *desk) replays() (stop func()) {
	d.replayer = letters.NewReplayer(letters.ReplayerOptions{
		Log: d.log, Views: d.views, Workspace: "main", Logger: slog.New(slog.DiscardHandler),
		CaughtUp: func(ctx context.Context, p eventlog.Position) error { return d.caughtUp(ctx, p) },
		Retry:    func(flow string) letters.Retry { return d.rule(flow) },
	})
	return d.run(d.replayer.Run)
}

func (d *desk) append(s eventlog.Stream, expected eventlog.Version, e eventlog.Event) {
	d.Helper()
	if _, err := d.log.Append(context.Background(), eventlog.Write{Stream: s, Expected: expected, Events: []eventlog.Event{e}}); err != nil {
		d.Fatal(err)
	}
}

// open opens n letters, ten a second.
func (d *desk) open(from, n int) {
	d.Helper()
	for at := from; at < from+n; d.now = d.now.Add(time.Second) {
		var writes []eventlog.Write
		for range min(10, from+n-at) {
			id := letters.InboxID(int64(at))
			writes = append(writes, eventlog.Write{Stream: events.Stream("main", id), Events: []eventlog.Event{events.Opened{Letter: id, Reason: "r"}}})
			at++
		}
		if _, err := d.log.Append(context.Background(), writes...); err != nil {
			d.Fatal(err)
		}
	}
}

// ask begins a replay and waits until it has ended.
func (d *desk) ask(from, to time.Time) letters.Replay {
	d.Helper()
	d.begin(from, to)
	return d.ended()
}

func (d *desk) begin(from, to time.Time) {
	d.Helper()
	_, err := eventlog.Execute(context.Background(), d.log, events.Replays("main"), letters.ReplayingAll(), events.ReplayBegun{From: from, To: to, Reason: "mended"}, eventlog.Meta{})
	if err != nil {
		d.Fatal(err)
	}
	if d.replayer != nil {
		d.replayer.Wake()
	}
}

func (d *desk) ended() (s letters.Replay) {
	d.Helper()
	for position := eventlog.Position(0); ; {
		var err error
		if s, err = letters.FindReplay(context.Background(), d.log, "main"); err != nil {
			d.Fatal(err)
		}
		if s.Known && !s.Running {
			return s
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		position, err = d.log.Wait(ctx, position)
		cancel()
		if err != nil {
			d.Fatalf("the replay does not end: %v, %+v", err, s)
		}
	}
}

// replayed lists, in the order of the log, which letters were replayed and which flows retried.
func (d *desk) replayed() (ids []string) {
	d.Helper()
	for after := eventlog.Position(0); ; {
		records, err := d.log.ReadAll(context.Background(), after, 1000)
		if err != nil {
			d.Fatal(err)
		}
		if len(records) == 0 {
			return ids
		}
		for _, r := range records {
			switch e := r.Event.(type) {
			case events.Replayed:
				ids = append(ids, e.Letter)
			case flows.Retried:
				ids = append(ids, letters.FlowID(e.Flow))
			}
			after = r.Position
		}
	}
}

// TestReplayOfATime tries letters of a time again, all of them once and no others.
func TestReplayOfATime(t *testing.T) {
	d := newDesk(t)
	d.replays()
	d.open(0, 500) // from noon to 49 seconds after
	d.append(flowStream("k7:1"), 0, flows.Stuck{Flow: "k7:1", Step: "label", Reason: "r"})
	d.append(events.Stream("main", events.Return+"k7:2"), 0, events.Opened{Letter: events.Return + "k7:2", Reason: "a person's"})
	d.now = d.now.Add(time.Second)
	d.open(500, 100) // from 51 seconds on
	d.append(events.Stream("main", letters.InboxID(60)), 1, events.Discarded{Letter: letters.InboxID(60)})
	s := d.ask(noon.Add(5*time.Second), noon.Add(55*time.Second))
	if s.Replayed != 500 || s.Skipped != 1 { // the discarded one is no letter any more
		t.Errorf("got %+v, want 500 replayed and the one about stock skipped", s)
	}
	got := d.replayed()
	var want []string
	for n := 50; n < 550; n++ { // ids of one second in the order of texts, which have one length here
		if n == 500 {
			want = append(want, letters.FlowID("k7:1"))
		}
		if n != 60 {
			want = append(want, letters.InboxID(int64(n)))
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("replayed %v, want %v", got, want)
	}
	if s := d.ask(noon.Add(5*time.Second), noon.Add(55*time.Second)); s.Replayed != 0 || s.Skipped != 1 || len(d.replayed()) != len(want) {
		t.Errorf("the same again: %+v and %d replayed in all, want nothing more", s, len(d.replayed()))
	}
	// What fails again is opened later: it belongs to another time.
	d.append(events.Stream("main", letters.InboxID(50)), 2, events.Opened{Letter: letters.InboxID(50), Reason: "again"})
	if s := d.ask(noon, noon.Add(20*time.Second)); s.Replayed != 50 {
		t.Errorf("got %+v, want the 50 from before", s)
	}
}

// TestReplayGoesOn stops the one who replays after each commit: what comes after it goes on where it stood.
func TestReplayGoesOn(t *testing.T) {
	d := newDesk(t)
	d.open(0, 450)
	crash := make(chan struct{})
	d.caughtUp = func(ctx context.Context, p eventlog.Position) error {
		select {
		case crash <- struct{}{}: // a page is about to be read
		case <-ctx.Done():
			return ctx.Err()
		}
		return d.runner.WaitFor(ctx, p)
	}
	d.begin(noon, noon.Add(time.Hour))
	stop := d.replays()
	for range 2 {
		<-crash // of the first page
		<-crash // it is committed, and the next about to be read
		stop()
		stop = d.replays()
	}
	go func() {
		for range crash {
			continue
		}
	}()
	s := d.ended()
	stop()
	close(crash)
	if s.Replayed != 450 || s.Skipped != 0 {
		t.Errorf("got %+v, want 450 replayed", s)
	}
	seen := map[string]bool{}
	for _, id := range d.replayed() {
		if seen[id] {
			t.Errorf("%s was replayed twice", id)
		}
		seen[id] = true
	}
	if len(seen) != 450 {
		t.Errorf("%d letters were replayed, want 450", len(seen))
	}
}

// TestReplaySkipsWhatItCannotDecide: a letter that cannot be decided on keeps no other from being tried.
func TestReplaySkipsWhatItCannotDecide(t *testing.T) {
	d := newDesk(t)
	d.open(0, 3)
	d.append(flowStream("k7:1"), 0, flows.Stuck{Flow: "k7:1", Reason: "r"})
	d.now = d.now.Add(time.Second)
	d.append(flowStream("k7:2"), 0, flows.Stuck{Flow: "k7:2", Reason: "r"})
	d.now = d.now.Add(time.Second)
	d.open(3, 3)
	whole := d.rule
	d.rule = func(id string) letters.Retry {
		r := whole(id)
		if id == "k7:1" {
			r.Fold.Evolve = func(any, eventlog.Event) any { panic("poison") }
		} else {
			r.Decide = func(any, string) ([]eventlog.Event, error) { return nil, eventlog.Refusal("It goes on by itself.") }
		}
		return r
	}
	d.replays()
	if s := d.ask(noon, noon.Add(time.Hour)); s.Replayed != 6 || s.Skipped != 2 {
		t.Errorf("got %+v, want 6 replayed and 2 skipped", s)
	}
}

// TestReplayRules: one replay at a time, of a time that has a length.
func TestReplayRules(t *testing.T) {
	rule := letters.ReplayingAll()
	begun := events.ReplayBegun{From: noon, To: noon}
	running := rule.Evolve(letters.Replay{}, begun)
	for _, test := range []struct {
		name  string
		state letters.Replay
		ask   events.ReplayBegun
		err   error
	}{
		{"the first", letters.Replay{}, begun, nil},
		{"while one is under way", running, begun, letters.ErrReplaying},
		{"while one has come some way", rule.Evolve(running, events.ReplayWentOn{Replayed: 200}), begun, letters.ErrReplaying},
		{"after it has ended", rule.Evolve(running, events.ReplayEnded{}), begun, nil},
		{"backwards", letters.Replay{}, events.ReplayBegun{From: noon, To: noon.Add(-1)}, letters.ErrRange},
	} {
		decided, err := rule.Decide(test.state, test.ask)
		if !errors.Is(err, test.err) || (len(decided) == 1) != (test.err == nil) {
			t.Errorf("%s: %v, %v; want %v", test.name, decided, err, test.err)
		}
	}
}
