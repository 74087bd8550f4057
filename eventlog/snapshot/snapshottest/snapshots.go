// Package snapshottest is the part of the contract of log stores that is about snapshots: what a store
// keeps of them, and what a log makes of what it finds.
package snapshottest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/eventlog/verify"
)

// Run runs the contract.
func Run(t *testing.T, open eventlogtest.Open) {
	t.Run("kept", func(t *testing.T) { testKept(t, open) })
	t.Run("a long stream is not read from its start", func(t *testing.T) { testLongStream(t, open) })
	t.Run("the appender asks for them", func(t *testing.T) { testAppenderAsks(t, open) })
	t.Run("damaged", func(t *testing.T) { testDamaged(t, open) })
}

func stream(id string) eventlog.Stream {
	return eventlog.Stream{Workspace: "main", Kind: "counter", ID: id}
}

func counter(id string) eventlog.Fold { return eventlogtest.Counter().Fold(stream(id)) }

func counters(s eventlog.Stream) []eventlog.Fold {
	return []eventlog.Fold{eventlogtest.Counter().Fold(s)}
}

func add(t testing.TB, log *eventlog.Log, id string) {
	t.Helper()
	if _, err := eventlog.Execute(context.Background(), log, stream(id), eventlogtest.Counter(), 1, eventlog.Meta{}); err != nil {
		t.Fatalf("add to %s: %v", id, err)
	}
}

// addTen adds ten times, past the appender's states.
func addTen(t testing.TB, log *eventlog.Log, id string, at eventlog.Version) {
	t.Helper()
	w := eventlog.Write{Stream: stream(id), Expected: at}
	for range 10 {
		w.Events = append(w.Events, eventlogtest.Added{N: 1})
	}
	if _, err := log.Append(context.Background(), w); err != nil {
		t.Fatalf("add to %s: %v", id, err)
	}
}

// holds checks that a counter has added 1 so often.
func holds(t testing.TB, log *eventlog.Log, id string, n int) {
	t.Helper()
	state, err := log.Fold(context.Background(), counter(id))
	if err != nil {
		t.Fatal(err)
	}
	data, err := eventlogtest.Counter().Keep.Encode(state.Value)
	if want := snapshot(id, n, eventlog.Version(n)); err != nil || state.Version != want.Version || string(data) != string(want.Data) {
		t.Errorf("%s holds %s at version %d, %v; want %s", id, data, state.Version, err, want.Data)
	}
}

// until waits for what another goroutine does.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick, late := time.NewTicker(time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// snapshot is that of a counter which has added so much in so many events.
func snapshot(id string, sum int, version eventlog.Version) eventlog.Snapshot {
	s := eventlog.Snapshot{
		Stream: stream(id), Fold: "test.counter", Schema: 1, Version: version, At: eventlogtest.NewClock().Now().UnixMicro(),
		Data: fmt.Appendf(nil, `{"sum":%d,"notes":{"":%d}}`, sum, version),
	}
	s.Guard()
	return s
}

func put(t testing.TB, store eventlog.Store, s eventlog.Snapshot) {
	t.Helper()
	if err := store.PutSnapshot(context.Background(), s); err != nil {
		t.Fatalf("put a snapshot: %v", err)
	}
}

func find(t testing.TB, store eventlog.Store, id, fold string) (eventlog.Snapshot, bool) {
	t.Helper()
	s, found, err := store.Snapshot(context.Background(), stream(id), fold)
	if err != nil {
		t.Fatalf("look up a snapshot: %v", err)
	}
	return s, found
}

func same(a, b eventlog.Snapshot) bool { return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b) }

func testKept(t *testing.T, open eventlogtest.Open) {
	store, reopen := open(t)
	if _, found := find(t, store, "a", "test.counter"); found {
		t.Error("an empty store has a snapshot")
	}
	kept := []eventlog.Snapshot{snapshot("a", 5, 5), snapshot("a", 5, 5), snapshot("ab", 7, 1<<40), snapshot("ü", 1, 2)}
	kept[1].Fold, kept[1].Data = "test.other", []byte{}
	kept[1].Guard()
	for i := range kept {
		put(t, store, snapshot(kept[i].Stream.ID, 99, 99))
		put(t, store, kept[i]) // in place of it, though it is older
	}
	put(t, store, kept[0])
	for range 2 {
		for _, s := range kept {
			got, found := find(t, store, s.Stream.ID, s.Fold)
			if !found || !same(got, s) || got.Check() != nil {
				t.Errorf("got %+v, %t, want %+v", got, found, s)
			}
		}
		var all []eventlog.Snapshot
		for {
			var after eventlog.Snapshot
			if len(all) > 0 {
				after = all[len(all)-1]
			}
			page, err := store.ReadSnapshots(t.Context(), after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			all = append(all, page...)
		}
		if len(all) != len(kept) {
			t.Fatalf("read %d snapshots, want %d", len(all), len(kept))
		}
		for i := range all {
			if !same(all[i], kept[i]) {
				t.Errorf("read %+v, want %+v", all[i], kept[i])
			}
		}
		store = reopen()
	}
}

// readCounter counts the records that are read of streams.
type readCounter struct {
	eventlog.Store
	n atomic.Int64
}

func (c *readCounter) ReadStream(ctx context.Context, s eventlog.Stream, after eventlog.Version, limit int) ([]eventlog.Stored, error) {
	out, err := c.Store.ReadStream(ctx, s, after, limit)
	c.n.Add(int64(len(out)))
	return out, err
}

// testLongStream checks that a long stream is not read from its start: not by a new process, and not by
// one that another has overtaken.
func testLongStream(t *testing.T, open eventlogtest.Open) {
	store, _ := open(t)
	const every, events = 20, 500
	one, _ := eventlogtest.Start(t, store, eventlog.Options{SnapshotEvery: every})
	for n := range events / 10 {
		addTen(t, one, "a", eventlog.Version(10*n))
		holds(t, one, "a", 10*(n+1))
	}
	recent := func() bool {
		s, found := find(t, store, "a", "test.counter")
		return found && s.Version >= events-every
	}
	until(t, "a snapshot of the last events", recent)

	counted := &readCounter{Store: store}
	two, stop := eventlogtest.Start(t, counted, eventlog.Options{SnapshotEvery: 10 * events})
	holds(t, two, "a", events)
	if n := counted.n.Load(); n > every+1 {
		t.Errorf("a new process read %d records of a stream of %d, want at most %d", n, events, every+1)
	}
	add(t, two, "a")
	add(t, one, "a")
	counted.n.Store(0)
	add(t, two, "a") // it has been overtaken
	if n := counted.n.Load(); n > 3*(every+3) {
		t.Errorf("one that was overtaken read %d records of a stream of %d", n, events)
	}
	stop()
	holds(t, one, "a", events+3)
	if report, err := verify.Log(t.Context(), store, 0); err != nil || report.Snapshots != 1 || report.Events != events+3 {
		t.Errorf("verify says %+v, %v; want 1 snapshot", report, err)
	}
	proven, err := verify.Snapshots(t.Context(), one, store, counters)
	if err != nil || proven != 1 {
		t.Errorf("%d snapshots are proven, %v; want 1", proven, err)
	}
}

// testAppenderAsks checks that streams which nobody loads any more get snapshots too: the appender has
// their states in memory.
func testAppenderAsks(t *testing.T, open eventlogtest.Open) {
	store, _ := open(t)
	log, _ := eventlogtest.Start(t, store, eventlog.Options{SnapshotEvery: 10})
	for range 35 {
		add(t, log, "a")
	}
	until(t, "a snapshot", func() bool { // the last may have been asked for just before it was due
		s, found := find(t, store, "a", "test.counter")
		return found && s.Version > 35-2*10 && s.Check() == nil
	})
}

// damages notes what a log was told of snapshots.
type damages struct {
	mu   sync.Mutex
	told []error
}

func (d *damages) tell(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, err)
}

func (d *damages) all() []error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]error{}, d.told...)
}

func testDamaged(t *testing.T, open eventlogtest.Open) {
	for _, test := range []struct {
		name     string
		snapshot eventlog.Snapshot
		change   func(s *eventlog.Snapshot)
		damaged  bool // the log is told
		found    bool // by verify, without folding
		false    bool // found by folding
	}{
		{name: "right", snapshot: snapshot("a", 40, 40), change: func(*eventlog.Snapshot) {}},
		{name: "the data", snapshot: snapshot("a", 40, 40), change: func(s *eventlog.Snapshot) { s.Data[7] ^= 1 }, damaged: true, found: true},
		{name: "the version", snapshot: snapshot("a", 40, 40), change: func(s *eventlog.Snapshot) { s.Version-- }, damaged: true, found: true},
		{name: "the schema", snapshot: snapshot("a", 40, 40), change: func(s *eventlog.Snapshot) { s.Schema++ }, damaged: true, found: true},
		{name: "the time", snapshot: snapshot("a", 40, 40), change: func(s *eventlog.Snapshot) { s.At++ }, damaged: true, found: true},
		{name: "the sum", snapshot: snapshot("a", 40, 40), change: func(s *eventlog.Snapshot) { s.Sum[31] ^= 1 }, damaged: true, found: true},
		{name: "another stream's", snapshot: snapshot("b", 40, 40), change: func(s *eventlog.Snapshot) { s.Stream = stream("a") }, damaged: true, found: true},
		{name: "of no version", snapshot: snapshot("a", 0, 0), change: func(*eventlog.Snapshot) {}, damaged: true, found: true},
		{name: "beyond the end of the stream", snapshot: snapshot("a", 51, 51), change: func(*eventlog.Snapshot) {}, damaged: true, found: true},
		{name: "far beyond it", snapshot: snapshot("a", 51, 1<<50), change: func(*eventlog.Snapshot) {}, damaged: true, found: true},
		{name: "not what it should be", snapshot: snapshot("a", 40, 40), change: func(s *eventlog.Snapshot) { s.Data = []byte(`{"sum":"x"}`); s.Guard() }, damaged: true, false: true},
		{name: "of another schema", snapshot: snapshot("a", 7, 40), change: func(s *eventlog.Snapshot) { s.Schema = 2; s.Guard() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			store, _ := open(t)
			var d damages
			log, _ := eventlogtest.Start(t, store, eventlog.Options{SnapshotEvery: 45, Damaged: d.tell})
			for n := range 5 {
				addTen(t, log, "a", eventlog.Version(10*n))
			}
			test.change(&test.snapshot)
			put(t, store, test.snapshot)
			_, err := verify.Log(t.Context(), store, 0)
			if errors.Is(err, eventlog.ErrCorrupt) != test.found || err != nil && !strings.Contains(err.Error(), stream("a").String()) {
				t.Errorf("verify says %v, want a word on the snapshot of %s: %t", err, stream("a"), test.found)
			}
			_, err = verify.Snapshots(t.Context(), log, store, counters)
			if !test.found && errors.Is(err, eventlog.ErrCorrupt) != test.false {
				t.Errorf("folding says %v, want a word: %t", err, test.false)
			}
			holds(t, log, "a", 50)
			if told := d.all(); (len(told) > 0) != test.damaged || len(told) > 0 && !errors.Is(told[0], eventlog.ErrCorrupt) {
				t.Errorf("the log was told %v, want a word: %t", told, test.damaged)
			}
			if test.name == "right" {
				return
			}
			// All of the stream was read, so a right one takes the place of the damaged one.
			until(t, "a right snapshot", func() bool {
				s, _ := find(t, store, "a", "test.counter")
				return same(s, snapshot("a", 50, 50))
			})
			if report, err := verify.Log(t.Context(), store, 0); err != nil || report.Snapshots != 1 {
				t.Errorf("verify then says %+v, %v; want 1 snapshot", report, err)
			}
		})
	}
}
