package eventlogtest

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/verify"
)

func testEnvelope(t *testing.T, open Open) {
	log, store := started(t, open)
	s := eventlog.Stream{Workspace: "wörk/space", Kind: "a/b", ID: "c'\"\n日本"}
	meta := eventlog.Meta{
		Actor: "user:ana", Cause: "inbox:7", Correlation: "tiktok-1:577",
		Occurred: time.Date(2026, 2, 28, 23, 59, 59, 987654321, time.FixedZone("", 20700)),
	}
	ids := newIDs(2)
	out := mustAppend(t, log, eventlog.Write{
		Stream: s, IDs: ids, Meta: meta,
		Events: []eventlog.Event{Added{N: 1, Note: "<&>\u2028"}, Renamed{Name: "x"}},
	})
	at := NewClock().Now()
	want := eventlog.Appended{First: 1, Last: 2, At: at, Versions: []eventlog.Version{2}}
	if !reflect.DeepEqual(out, want) {
		t.Errorf("append answered %+v, want %+v", out, want)
	}
	wantRecords := []eventlog.Record{
		{Position: 1, Version: 1, Name: "test.added", Schema: 1, Data: []byte(`{"n":1,"note":"<&>\u2028"}`), Event: Added{N: 1, Note: "<&>\u2028"}},
		{Position: 2, Version: 2, Name: "test.renamed", Schema: 2, Data: []byte(`{"name":"x"}`), Event: Renamed{Name: "x"}},
	}
	for i := range wantRecords {
		r := &wantRecords[i]
		r.Stream, r.ID, r.At, r.Actor, r.Cause, r.Correlation = s, ids[i], at, meta.Actor, meta.Cause, meta.Correlation
		r.Occurred = time.Date(2026, 2, 28, 18, 14, 59, 987654000, time.UTC)
		if head := log.Head(); r.Position == head.Position {
			r.Seal = head.Seal[:]
		}
	}
	byStream, err := log.ReadStream(t.Context(), s, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]eventlog.Record{"read stream": byStream, "read all": readAll(t, log)} {
		if !reflect.DeepEqual(got, wantRecords) {
			t.Errorf("%s gave\n%+v, want\n%+v", name, got, wantRecords)
		}
	}
	mustAppend(t, log, eventlog.Write{Stream: s, Expected: 2, Events: added(1)})
	last := readAll(t, log)[2]
	if !last.Occurred.Equal(at) || last.ID.Version() != 7 {
		t.Errorf("an event without a time of its own occurred at %v, want %v; id %s", last.Occurred, at, last.ID)
	}
	if head := log.Head(); head.Position != 3 || !head.At.Equal(at) {
		t.Errorf("head %+v, want position 3 at %v", head, at)
	}
	for name, w := range map[string]eventlog.Write{
		"no kind":      {Stream: eventlog.Stream{Workspace: "main", ID: "1"}, Events: added(1)},
		"NUL in id":    {Stream: stream("a\x00b"), Events: added(1)},
		"bad UTF-8":    {Stream: stream("\xff"), Events: added(1)},
		"bad actor":    {Stream: stream("a"), Events: added(1), Meta: eventlog.Meta{Actor: "\xff"}},
		"missing ids":  {Stream: stream("a"), Events: added(1, 2), IDs: newIDs(1)},
		"nil event":    {Stream: stream("a"), Events: []eventlog.Event{nil}},
		"not JSON":     {Stream: stream("a"), Events: []eventlog.Event{unwritable{C: make(chan int)}}},
		"without name": {Stream: stream("a"), Events: []eventlog.Event{nameless{}}},
	} {
		if out, err := log.Append(t.Context(), w); err == nil {
			t.Errorf("%s: was appended at %d", name, out.First)
		}
	}
	whole(t, store, 3)
}

type unwritable struct{ C chan int }

func (unwritable) EventName() string { return "test.unwritable" }

type nameless struct{}

func (nameless) EventName() string { return "" }

func testConflict(t *testing.T, open Open) {
	log, store := started(t, open)
	mustAppend(t, log, eventlog.Write{Stream: stream("a"), Events: added(1, 2)})
	for _, test := range []struct {
		stream   string
		expected eventlog.Version
	}{{"a", 0}, {"a", 1}, {"a", 3}, {"new", 1}, {"new", 2}} {
		_, err := log.Append(t.Context(), eventlog.Write{Stream: stream(test.stream), Expected: test.expected, Events: added(9)})
		wantErr(t, fmt.Sprintf("append to %s at %d", test.stream, test.expected), err, eventlog.ErrConflict)
	}
	// One writer of each group is right, whatever the order in which a batch has them.
	var wg sync.WaitGroup
	results := make([]error, 60)
	for i := range results {
		wg.Go(func() {
			s, expected := stream(fmt.Sprint("s", i/3)), eventlog.Version(i%3)
			_, results[i] = log.Append(context.Background(), eventlog.Write{Stream: s, Expected: expected, Events: added(1)})
		})
	}
	wg.Wait()
	for i, err := range results {
		switch {
		case i%3 == 0 && err != nil:
			t.Errorf("the append to s%d that was right failed: %v", i/3, err)
		case i%3 != 0 && err != nil:
			wantErr(t, fmt.Sprint("append too early to s", i/3), err, eventlog.ErrConflict)
		}
	}
	whole(t, store, log.Head().Position)
}

func testSameStreamTwice(t *testing.T, open Open) {
	log, store := started(t, open)
	out := mustAppend(
		t, log,
		eventlog.Write{Stream: stream("a"), Events: added(1, 2)},
		eventlog.Write{Stream: stream("b"), Events: added(10)},
		eventlog.Write{Stream: stream("a"), Expected: 2, Events: added(3)},
	)
	if !reflect.DeepEqual(out.Versions, []eventlog.Version{2, 1, 3}) || out.First != 1 || out.Last != 4 {
		t.Errorf("answered %+v, want versions 2, 1, 3 at positions 1 to 4", out)
	}
	_, err := log.Append(
		t.Context(),
		eventlog.Write{Stream: stream("a"), Expected: 3, Events: added(4)},
		eventlog.Write{Stream: stream("a"), Expected: 3, Events: added(5)},
	)
	wantErr(t, "a second write that overlooks the first", err, eventlog.ErrConflict)
	wantSum(t, log, "a", 6, 3)
	if out := mustAppend(t, log, eventlog.Write{Stream: stream("a"), Expected: 3}); out.First != 4 || out.Last != 4 || out.Versions[0] != 3 {
		t.Errorf("a write without events answered %+v, want the head, 4, and version 3", out)
	}
	_, err = log.Append(t.Context(), eventlog.Write{Stream: stream("a"), Expected: 2})
	wantErr(t, "a write without events at a wrong version", err, eventlog.ErrConflict)
	whole(t, store, 4)
}

func testMultiStream(t *testing.T, open Open) {
	log, store := started(t, open)
	mustAppend(t, log, eventlog.Write{Stream: stream("b"), Events: added(1)})
	var wg sync.WaitGroup
	var neighbour, clash error
	wg.Go(func() {
		_, neighbour = log.Append(context.Background(), eventlog.Write{Stream: stream("c"), Events: added(5)})
	})
	wg.Go(func() {
		_, clash = log.Append(
			context.Background(),
			eventlog.Write{Stream: stream("a"), Events: added(1)},
			eventlog.Write{Stream: stream("b"), Events: added(1)}, // is at version 1
			eventlog.Write{Stream: stream("d"), Events: added(1)},
		)
	})
	wg.Wait()
	if neighbour != nil {
		t.Errorf("the neighbour failed: %v", neighbour)
	}
	wantErr(t, "a write of three streams, one moved on", clash, eventlog.ErrConflict)
	for id, want := range map[string]int{"a": 0, "b": 1, "c": 5, "d": 0} {
		if got, _ := sum(t, log, id); got != want {
			t.Errorf("%s holds %d, want %d", id, got, want)
		}
	}
	whole(t, store, 2)
}

func testRepeat(t *testing.T, open Open) {
	log, store := started(t, open)
	ids := newIDs(4)
	write := func(s string, expected eventlog.Version, from, to int) eventlog.Write {
		return eventlog.Write{Stream: stream(s), Expected: expected, Events: added(make([]int, to-from)...), IDs: ids[from:to]}
	}
	both := []eventlog.Write{write("a", 0, 0, 2), write("b", 0, 2, 4)}
	var wg sync.WaitGroup
	outs := make([]eventlog.Appended, 8)
	for i := range outs {
		wg.Go(func() {
			var err error
			if outs[i], err = log.Append(context.Background(), both...); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	repeated := 0
	for _, out := range outs {
		if out.Repeated {
			repeated++
		}
		out.Repeated = false
		if want := (eventlog.Appended{First: 1, Last: 4, At: NewClock().Now(), Versions: []eventlog.Version{2, 2}}); !reflect.DeepEqual(out, want) {
			t.Errorf("answered %+v, want %+v", out, want)
		}
	}
	if repeated != len(outs)-1 {
		t.Errorf("%d of %d were repeats, want all but one", repeated, len(outs))
	}
	mustAppend(t, log, eventlog.Write{Stream: stream("a"), Expected: 2, Events: added(1)})
	if out := mustAppend(t, log, both...); !out.Repeated {
		t.Error("a repeat after later events was not recognised")
	}
	guarded := []eventlog.Write{{Stream: stream("a"), Expected: 3}, write("c", 0, 0, 1), {Stream: stream("none")}}
	first := mustAppend(t, log, guarded...)
	mustAppend(t, log, eventlog.Write{Stream: stream("a"), Expected: 3, Events: added(1)})
	first.Repeated = true
	if again := mustAppend(t, log, guarded...); !reflect.DeepEqual(again, first) {
		t.Errorf("a repeat with guards answered %+v, at first %+v", again, first)
	}
	for name, writes := range map[string][]eventlog.Write{
		"only guards":     {{Stream: stream("a"), Expected: 3}, {Stream: stream("none")}},
		"a guard and new": {{Stream: stream("a"), Expected: 3}, write("d", 0, 1, 2)},
		"other ids":       {{Stream: stream("a"), Events: added(0, 0), IDs: newIDs(2)}},
		"ids elsewhere":   {write("a", 1, 0, 2)},
		"one of two":      {write("a", 0, 0, 2), write("b", 1, 2, 4)},
		"more than stand": {write("b", 0, 1, 4)},
		"without ids":     {{Stream: stream("a"), Events: added(0, 0)}},
	} {
		_, err := log.Append(t.Context(), writes...)
		wantErr(t, name, err, eventlog.ErrConflict)
	}
	whole(t, store, 7)
}

func testWait(t *testing.T, open Open) { News(t, open) }

// News has callers of two logs wait for what both append, and says how long the last one waited.
func News(t *testing.T, open Open) (took time.Duration) {
	store, _ := open(t)
	one, stopOne := Start(t, store, eventlog.Options{})
	two, stopTwo := Start(t, store, eventlog.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := one.Wait(cancelled(), 0); err == nil {
		t.Error("waiting for nothing ended without an error")
	}
	results := make(chan error, 20)
	for i := range cap(results) {
		go func() {
			log := []*eventlog.Log{one, two}[i%2]
			after := eventlog.Position(0)
			for after < 3 {
				position, err := log.Wait(ctx, after)
				if err == nil && position <= after {
					err = fmt.Errorf("waited past %d and got %d", after, position)
				}
				if err != nil {
					results <- err
					return
				}
				after = position
			}
			results <- nil
		}()
	}
	for i := range 3 {
		log := []*eventlog.Log{one, two}[i%2]
		mustAppend(t, log, eventlog.Write{Stream: stream("a"), Expected: eventlog.Version(i), Events: added(1)})
	}
	start := time.Now() //nolint:forbidigo // a caller may run this in a bubble
	for range cap(results) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	took = time.Since(start) //nolint:forbidigo // a caller may run this in a bubble
	cancel()
	stopOne()
	stopTwo()
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	return took
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func testSchemas(t *testing.T, open Open) {
	log, store := started(t, open)
	mustAppend(t, log, eventlog.Write{Stream: stream("a"), Events: []eventlog.Event{RenamedOnce{Title: "old"}}})
	r := readAll(t, log)[0]
	if r.Event != (Renamed{Name: "old"}) || r.Schema != 1 || string(r.Data) != `{"title":"old"}` {
		t.Errorf("an old event came back as %+v", r)
	}
	mustAppend(t, log, eventlog.Write{Stream: stream("a"), Expected: 1, Events: []eventlog.Event{later{}}})
	_, err := log.ReadAll(t.Context(), 0, 10)
	wantErr(t, "read an unknown name", err, eventlog.ErrNewerSchema)
	_, err = log.ReadStream(t.Context(), stream("a"), 1, 10)
	wantErr(t, "read a stream with an unknown name", err, eventlog.ErrNewerSchema)
	_, err = eventlog.Execute(t.Context(), log, stream("a"), Counter(), 1, eventlog.Meta{})
	wantErr(t, "decide over an unknown name", err, eventlog.ErrNewerSchema)
	whole(t, store, 2) // needs no decoder
}

type later struct{}

func (later) EventName() string { return "test.later" }

func testReopen(t *testing.T, open Open) {
	store, reopen := open(t)
	log, stop := Start(t, store, eventlog.Options{})
	for i := range 5 {
		mustAppend(t, log, eventlog.Write{Stream: stream("a"), Expected: eventlog.Version(i), Events: added(i)})
	}
	key := newKey("user:ana", "body")
	request := eventlog.Request{Folds: []eventlog.Fold{Counter().Fold(stream("a"))}, Decide: addTo("a", 7), Key: key}
	first, err := log.Execute(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	before, head := readAll(t, log), log.Head()
	stop()
	store = reopen()
	log, _ = Start(t, store, eventlog.Options{})
	if after := readAll(t, log); !reflect.DeepEqual(before, after) {
		t.Errorf("reopened, the log reads\n%+v, before\n%+v", after, before)
	}
	if log.Head() != head {
		t.Errorf("reopened, the head is %+v, before %+v", log.Head(), head)
	}
	again, err := log.Execute(t.Context(), request)
	if err != nil || !again.Replayed || again.First != first.First || again.Last != first.Last || string(again.Result) != string(first.Result) {
		t.Errorf("reopened, the key answers %+v, %v; at first %+v", again, err, first)
	}
	wantSum(t, log, "a", 17, 6)
	mustExecute(t, log, "a", 1)
	mustExecute(t, log, "b", 1)
	whole(t, store, 8)
}

func testVerify(t *testing.T, open Open) {
	log, store := started(t, open)
	if report := whole(t, store, 0); report.Seal != [32]byte{} {
		t.Errorf("an empty log has the seal %x", report.Seal)
	}
	mustAppend(t, log, eventlog.Write{Stream: stream("a"), Events: added(1, 2, 3)})
	mustAppend(t, log, eventlog.Write{Stream: stream("b"), Events: added(1)})
	mustAppend(t, log, eventlog.Write{Stream: stream("a"), Expected: 3, Events: added(4)})
	report := whole(t, store, 5)
	if report.Commits != 3 || report.Streams != 2 || report.Seal != log.Head().Seal {
		t.Errorf("verify says %+v, want 3 commits, 2 streams and the head's seal", report)
	}
	for from, events := range map[eventlog.Position]int{3: 2, 4: 1, 5: 0} {
		got, err := verify.Log(t.Context(), store, from)
		if err != nil || got.Events != events || got.Seal != report.Seal || got.Position != 5 {
			t.Errorf("verify from %d says %+v, %v; want %d events and the same seal", from, got, err, events)
		}
	}
	for _, from := range []eventlog.Position{1, 2, 6} {
		if got, err := verify.Log(t.Context(), store, from); err == nil {
			t.Errorf("verify from %d, which ends no commit, says %+v", from, got)
		}
	}
}

func testPaging(t *testing.T, open Open) {
	log, _ := started(t, open)
	for i := range 10 {
		mustAppend(t, log, eventlog.Write{Stream: stream(fmt.Sprint(i % 2)), Expected: eventlog.Version(i / 2), Events: added(i)})
	}
	if got := len(readAll(t, log)); got != 10 {
		t.Errorf("read %d records, want 10", got)
	}
	for _, test := range []struct {
		after       eventlog.Version
		limit, want int
	}{{0, 2, 2}, {2, 10, 3}, {5, 10, 0}, {9, 10, 0}, {4, 1, 1}} {
		got, err := log.ReadStream(t.Context(), stream("1"), test.after, test.limit)
		if err != nil || len(got) != test.want {
			t.Errorf("read after %d at most %d: %d records, %v; want %d", test.after, test.limit, len(got), err, test.want)
		}
	}
	if got, err := log.ReadStream(t.Context(), stream("none"), 0, 10); err != nil || len(got) != 0 {
		t.Errorf("a stream that does not exist has %d records, %v", len(got), err)
	}
	if got, err := log.ReadAll(t.Context(), 10, 10); err != nil || len(got) != 0 {
		t.Errorf("past the end there are %d records, %v", len(got), err)
	}
}
