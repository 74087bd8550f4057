package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/eventlog/verify"
	"github.com/creatorflow/creatorflow/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var stream = eventlog.Stream{Workspace: "main", Kind: "counter", ID: "a"}

// faulty is a store whose commits, reads and resumption a test can spoil.
type faulty struct {
	eventlog.Store
	commit func(eventlog.Batch) error  // nil error: commit for real
	head   func(context.Context) error // nil error: the real one
	read   func([]eventlog.Stored) []eventlog.Stored
	resume func() error
	fenced chan struct{}
}

func newFaulty() *faulty {
	return &faulty{Store: memory.NewLog(uuid.UUID{15: 1}), fenced: make(chan struct{})}
}

func (f *faulty) Commit(ctx context.Context, b eventlog.Batch) (eventlog.Committed, error) {
	if f.commit != nil {
		if err := f.commit(b); err != nil {
			return eventlog.Committed{}, err
		}
	}
	return f.Store.Commit(ctx, b)
}

func (f *faulty) ReadStream(ctx context.Context, s eventlog.Stream, after eventlog.Version, limit int) ([]eventlog.Stored, error) {
	out, err := f.Store.ReadStream(ctx, s, after, limit)
	if f.read != nil {
		out = f.read(out)
	}
	return out, err
}

func (f *faulty) ReadAll(ctx context.Context, after eventlog.Position, limit int) ([]eventlog.Stored, error) {
	out, err := f.Store.ReadAll(ctx, after, limit)
	if f.read != nil {
		out = f.read(out)
	}
	return out, err
}

func (f *faulty) Head(ctx context.Context) (eventlog.Head, error) {
	if f.head != nil {
		if err := f.head(ctx); err != nil {
			return eventlog.Head{}, err
		}
	}
	return f.Store.Head(ctx)
}

func (f *faulty) Resume(ctx context.Context) error {
	if f.resume != nil {
		return f.resume()
	}
	return f.Store.Resume(ctx)
}

func (f *faulty) Fenced() <-chan struct{} { return f.fenced }

func add(log *eventlog.Log, n int) error {
	_, err := eventlog.Execute(context.Background(), log, stream, eventlogtest.Counter(), n, eventlog.Meta{})
	return err
}

// left tells how much the counter holds, by what may still be taken.
func wantLeft(t *testing.T, log *eventlog.Log, n int) {
	t.Helper()
	if err := add(log, -n-1); !errors.Is(err, eventlogtest.ErrBelowZero) {
		t.Errorf("taking %d: %v, want a refusal", n+1, err)
	}
	if err := errors.Join(add(log, -n), add(log, n)); err != nil {
		t.Errorf("taking %d and giving it back: %v", n, err)
	}
}

// TestFailedCommit checks that states, evolved in place for a commit that failed, are thrown away.
func TestFailedCommit(t *testing.T) {
	store := newFaulty()
	log, _ := eventlogtest.Start(t, store, eventlog.Options{})
	if err := add(log, 5); err != nil {
		t.Fatal(err)
	}
	fault := errors.New("no")
	store.commit = func(eventlog.Batch) error { return fault }
	for range 3 {
		if err := add(log, -1); !errors.Is(err, fault) {
			t.Errorf("got %v, want the store's error", err)
		}
	}
	if _, err := log.Append(t.Context(), eventlog.Write{Stream: stream, Expected: 1, Events: []eventlog.Event{eventlogtest.Added{N: 1}}}); !errors.Is(err, fault) {
		t.Errorf("got %v, want the store's error", err)
	}
	store.commit = nil
	wantLeft(t, log, 5)
	if log.Err() != nil {
		t.Errorf("the log says %v", log.Err())
	}
}

func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFaulty()
		var told []error
		log, stop := eventlogtest.Start(t, store, eventlog.Options{Trouble: func(err error) { told = append(told, err) }})
		if err := add(log, 5); err != nil {
			t.Fatal(err)
		}
		tries := 0
		store.commit = func(eventlog.Batch) error { return fmt.Errorf("%w: test", eventlog.ErrFull) }
		store.resume = func() error {
			if tries++; tries < 4 {
				return eventlog.ErrFull
			}
			store.commit = nil
			return nil
		}
		start := time.Now()
		for range 3 { // each is answered at once
			if err := add(log, -1); !errors.Is(err, eventlog.ErrFull) {
				t.Errorf("got %v, want ErrFull", err)
			}
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("callers waited %v for a full disk", waited)
		}
		if !errors.Is(log.Err(), eventlog.ErrFull) {
			t.Errorf("the log says %v, want ErrFull", log.Err())
		}
		if records, err := log.ReadAll(t.Context(), 0, 10); err != nil || len(records) != 1 {
			t.Errorf("reading beside a full disk: %d records, %v", len(records), err)
		}
		<-time.After(8*time.Second + 1) // virtual
		synctest.Wait()
		if tries != 4 || log.Err() != nil {
			t.Errorf("after 8 s it tried %d times and says %v, want 4 times and nil", tries, log.Err())
		}
		wantLeft(t, log, 5)
		stop()
		if len(told) != 2 || !errors.Is(told[0], eventlog.ErrFull) || told[1] != nil {
			t.Errorf("told of the trouble %v, want ErrFull and then nil", told)
		}
	})
}

// TestResumeFails is a disk that was full and then answers with something else.
func TestResumeFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFaulty()
		var told []error
		log, err := eventlog.Open(t.Context(), store, eventlog.Options{
			Decode: eventlogtest.Decode, Clock: time.Now, Trouble: func(err error) { told = append(told, err) },
		})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- log.Run(context.Background()) }()
		cause := errors.New("no such device")
		store.commit = func(eventlog.Batch) error { return fmt.Errorf("%w: test", eventlog.ErrFull) }
		store.resume = func() error { return cause }
		if err := add(log, 1); !errors.Is(err, eventlog.ErrFull) {
			t.Errorf("got %v, want ErrFull", err)
		}
		if err := <-done; !errors.Is(err, eventlog.ErrFenced) || !errors.Is(err, cause) {
			t.Errorf("run ended with %v, want ErrFenced and the cause", err)
		}
		if err := log.Err(); !errors.Is(err, eventlog.ErrFenced) || errors.Is(err, eventlog.ErrFull) {
			t.Errorf("the log says %v, want ErrFenced", err)
		}
		if err := add(log, 1); !errors.Is(err, eventlog.ErrFenced) {
			t.Errorf("afterwards: %v, want ErrFenced", err)
		}
		if len(told) != 2 || !errors.Is(told[0], eventlog.ErrFull) || !errors.Is(told[1], eventlog.ErrFenced) {
			t.Errorf("told of the trouble %v, want ErrFull and then ErrFenced", told)
		}
	})
}

// TestAwayWhileIdle has a database that goes, is back, and then hangs, while nobody appends: the log says
// so all the same, or a balancer would send nothing to a hub that is well.
func TestAwayWhileIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFaulty()
		var state atomic.Value // string
		state.Store("")
		store.head = func(ctx context.Context) error {
			switch state.Load() {
			case "away":
				return eventlog.ErrAway
			case "silent":
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		var told []error
		log, stop := eventlogtest.Start(t, store, eventlog.Options{Trouble: func(err error) { told = append(told, err) }})
		for _, c := range []struct {
			state string
			want  error
		}{{"away", eventlog.ErrAway}, {"back", nil}, {"silent", eventlog.ErrAway}, {"back", nil}} {
			state.Store(c.state)
			<-time.After(15 * time.Second) // virtual
			synctest.Wait()
			if err := log.Err(); !errors.Is(err, c.want) {
				t.Errorf("the log says %v, want %v", err, c.want)
			}
		}
		stop()
		if len(told) != 4 {
			t.Errorf("told of the trouble %v, want four changes", told)
		}
	})
}

// TestFullThenAway is a full disk that takes the database down.
func TestFullThenAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFaulty()
		var back atomic.Bool
		unless := func(err error) error {
			if back.Load() {
				return nil
			}
			return err
		}
		store.commit = func(eventlog.Batch) error { return unless(eventlog.ErrFull) }
		store.resume = func() error { return unless(eventlog.ErrAway) }
		log, stop := eventlogtest.Start(t, store, eventlog.Options{})
		defer stop()
		if err := add(log, 1); !errors.Is(err, eventlog.ErrFull) {
			t.Errorf("got %v, want ErrFull", err)
		}
		<-time.After(time.Minute) // virtual
		back.Store(true)
		<-time.After(5 * time.Second)
		if err := errors.Join(log.Err(), add(log, 1)); err != nil {
			t.Errorf("once the database is back: %v", err)
		}
	})
}

func TestFence(t *testing.T) {
	store := newFaulty()
	store.commit = func(eventlog.Batch) error { return fmt.Errorf("%w: fsync failed", eventlog.ErrFenced) }
	log, err := eventlog.Open(t.Context(), store, eventlog.Options{Decode: eventlogtest.Decode, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- log.Run(context.Background()) }()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if err := add(log, 1); !errors.Is(err, eventlog.ErrFenced) {
				t.Errorf("got %v, want ErrFenced", err)
			}
		})
	}
	if err := <-done; !errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("run ended with %v, want ErrFenced", err)
	}
	wg.Wait()
	store.commit = nil
	if err := add(log, 1); !errors.Is(err, eventlog.ErrFenced) || !errors.Is(log.Err(), eventlog.ErrFenced) {
		t.Errorf("after the fence: %v, and the log says %v; want ErrFenced for ever", err, log.Err())
	}
	if head, err := store.Head(t.Context()); err != nil || head.Position != 0 {
		t.Errorf("something was written: %+v, %v", head, err)
	}
}

// TestFencedWhileIdle is a fault in the vault, which shares the fence.
func TestFencedWhileIdle(t *testing.T) {
	store := newFaulty()
	log, err := eventlog.Open(t.Context(), store, eventlog.Options{Decode: eventlogtest.Decode, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- log.Run(context.Background()) }()
	if err := add(log, 1); err != nil {
		t.Fatal(err)
	}
	close(store.fenced)
	if err := <-done; !errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("run ended with %v, want ErrFenced", err)
	}
}

// TestCancel checks that an error of ctx means that nothing was written, and that a call which
// the appender has is answered by it.
func TestCancel(t *testing.T) {
	store := newFaulty()
	entered, proceed := make(chan struct{}), make(chan struct{})
	store.commit = func(b eventlog.Batch) error {
		if len(b.Events) == 0 {
			return nil
		}
		entered <- struct{}{}
		<-proceed
		return nil
	}
	log, _ := eventlogtest.Start(t, store, eventlog.Options{QueueSize: 1})
	appending := func(ctx context.Context, id string) <-chan error {
		out := make(chan error, 1)
		go func() {
			s := stream
			s.ID = id
			_, err := log.Append(ctx, eventlog.Write{Stream: s, Events: []eventlog.Event{eventlogtest.Added{N: 1}}})
			out <- err
		}()
		return out
	}
	ctx, cancel := context.WithCancel(t.Context())
	first := appending(ctx, "taken")
	<-entered
	// The queue takes one more call; whichever it is, both are given up without a trace.
	second, third := appending(ctx, "waiting"), appending(ctx, "outside")
	cancel()
	for _, waiting := range []<-chan error{second, third} {
		if err := <-waiting; !errors.Is(err, context.Canceled) {
			t.Errorf("a waiting call ended with %v, want context.Canceled", err)
		}
	}
	close(proceed)
	if err := <-first; err != nil {
		t.Errorf("the call that was taken ended with %v", err)
	}
	store.commit = nil
	if err := <-appending(t.Context(), "after"); err != nil {
		t.Error(err)
	}
	records, err := log.ReadAll(t.Context(), 0, 10)
	if err != nil || len(records) != 2 || records[0].Stream.ID != "taken" || records[1].Stream.ID != "after" {
		t.Errorf("the log holds %v, %v; want what was taken and what came after", records, err)
	}
}

func TestStopped(t *testing.T) {
	log, stop := eventlogtest.Start(t, newFaulty(), eventlog.Options{})
	stop()
	if err := add(log, 1); err == nil {
		t.Error("a stopped log accepted a command")
	}
}

// TestManyBatches runs more calls than one commit takes.
func TestManyBatches(t *testing.T) {
	store := newFaulty()
	var largest atomic.Int64
	store.commit = func(b eventlog.Batch) error {
		largest.Store(max(largest.Load(), int64(len(b.Events))))
		return nil
	}
	log, _ := eventlogtest.Start(t, store, eventlog.Options{QueueSize: 8, MaxBatch: 4, CacheSize: 1})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			s := stream
			s.ID = fmt.Sprint(i % 10)
			if _, err := eventlog.Execute(context.Background(), log, s, eventlogtest.Counter(), 1, eventlog.Meta{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if largest.Load() > 4 {
		t.Errorf("a commit had %d events, want at most 4", largest.Load())
	}
	if report, err := verify.Log(t.Context(), store, 0); err != nil || report.Events != 100 {
		t.Errorf("verify: %+v, %v", report, err)
	}
}

// TestDamage spoils one thing of one record at a time: no reader may get it.
func TestDamage(t *testing.T) {
	store := newFaulty()
	log, _ := eventlogtest.Start(t, store, eventlog.Options{})
	for i := range eventlog.Version(4) {
		if _, err := log.Append(t.Context(), eventlog.Write{
			Stream: stream, Expected: i, Events: []eventlog.Event{eventlogtest.Added{N: 1, Note: "abc"}},
			Meta: eventlog.Meta{Actor: "user:ana", Cause: "inbox:1", Correlation: "x"},
		}); err != nil {
			t.Fatal(err)
		}
	}
	for name, spoil := range map[string]func(s *eventlog.Stored){
		"workspace":   func(s *eventlog.Stored) { s.Stream.Workspace = "mail" },
		"kind":        func(s *eventlog.Stored) { s.Stream.Kind = "counted" },
		"stream":      func(s *eventlog.Stored) { s.Stream.ID = "b" },
		"shifted":     func(s *eventlog.Stored) { s.Actor, s.Cause = s.Actor+"i", s.Cause[1:] },
		"version":     func(s *eventlog.Stored) { s.Version += 7 },
		"id":          func(s *eventlog.Stored) { s.ID[9] ^= 1 },
		"name":        func(s *eventlog.Stored) { s.Name = "test.addee" },
		"schema":      func(s *eventlog.Stored) { s.Schema++ },
		"at":          func(s *eventlog.Stored) { s.At++ },
		"occurred":    func(s *eventlog.Stored) { s.Occurred-- },
		"actor":       func(s *eventlog.Stored) { s.Actor = "user:anb" },
		"cause":       func(s *eventlog.Stored) { s.Cause = "inbox:2" },
		"correlation": func(s *eventlog.Stored) { s.Correlation = "y" },
		"data":        func(s *eventlog.Stored) { s.Data[5] ^= 1 },
		"crc":         func(s *eventlog.Stored) { s.CRC ^= 1 << 31 },
		"position":    func(s *eventlog.Stored) { s.Position++ },
	} {
		damaged := false
		store.read = func(page []eventlog.Stored) []eventlog.Stored {
			page = slices.Clone(page)
			for i := range page {
				if page[i].Position == 3 {
					page[i].Data = slices.Clone(page[i].Data)
					spoil(&page[i])
					damaged = true
				}
			}
			return page
		}
		_, err := log.ReadAll(t.Context(), 0, 10)
		wantCorrupt(t, name+", read all", err)
		if name != "position" { // which a stream's reader does not depend on
			_, err = log.ReadStream(t.Context(), stream, 0, 10)
			wantCorrupt(t, name+", read stream", err)
		}
		_, err = verify.Log(t.Context(), store, 0)
		wantCorrupt(t, name+", verify", err)
		if !damaged {
			t.Errorf("%s: the test damaged nothing", name)
		}
	}
	for name, spoil := range map[string]func([]eventlog.Stored) []eventlog.Stored{
		"a hole":        func(page []eventlog.Stored) []eventlog.Stored { return slices.Delete(page, 1, 2) },
		"no end":        func(page []eventlog.Stored) []eventlog.Stored { return page[:len(page)-1] },
		"another order": func(page []eventlog.Stored) []eventlog.Stored { page[1], page[2] = page[2], page[1]; return page },
	} {
		store.read = func(page []eventlog.Stored) []eventlog.Stored {
			if len(page) < 4 {
				return page
			}
			return spoil(slices.Clone(page))
		}
		_, err := log.ReadAll(t.Context(), 0, 10)
		wantCorrupt(t, name+", read all", err)
		if name != "no end" { // verify reads on from there, and finds the end
			_, err = verify.Log(t.Context(), store, 0)
			wantCorrupt(t, name+", verify", err)
		}
	}
	// A seal that is wrong, or missing, breaks the chain though every record is right.
	for name, spoil := range map[string]func(s *eventlog.Stored){
		"seal":         func(s *eventlog.Stored) { s.Seal = slices.Clone(s.Seal); s.Seal[0] ^= 1 },
		"missing seal": func(s *eventlog.Stored) { s.Seal = nil },
	} {
		store.read = func(page []eventlog.Stored) []eventlog.Stored {
			page = slices.Clone(page)
			for i := range page {
				if page[i].Position == 3 {
					spoil(&page[i])
				}
			}
			return page
		}
		_, err := verify.Log(t.Context(), store, 0)
		wantCorrupt(t, name+", verify", err)
	}
}

func wantCorrupt(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, eventlog.ErrCorrupt) {
		t.Errorf("%s: got %v, want ErrCorrupt", what, err)
	}
}

// TestForgery writes a record anew, checksum and all: only the seal tells.
func TestForgery(t *testing.T) {
	store, forger := newFaulty(), memory.NewLog(uuid.UUID{15: 2})
	log, _ := eventlogtest.Start(t, store, eventlog.Options{})
	other, _ := eventlogtest.Start(t, forger, eventlog.Options{})
	ids := []uuid.UUID{{15: 9}}
	for i, l := range []*eventlog.Log{log, other} {
		if _, err := l.Append(t.Context(), eventlog.Write{Stream: stream, IDs: ids, Events: []eventlog.Event{eventlogtest.Added{N: i}}}); err != nil {
			t.Fatal(err)
		}
	}
	forged, err := forger.ReadAll(t.Context(), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	store.read = func(page []eventlog.Stored) []eventlog.Stored {
		forged := slices.Clone(forged)
		forged[0].Seal = page[0].Seal
		return forged
	}
	if _, err := log.ReadAll(t.Context(), 0, 1); err != nil {
		t.Fatalf("the forgery is no good: %v", err)
	}
	_, err = verify.Log(t.Context(), store, 0)
	wantCorrupt(t, "a forged record", err)
}

// refusals counts commits that the store refused though they had something to write.
type refusals struct {
	eventlog.Store
	n atomic.Int64
}

func (r *refusals) Commit(ctx context.Context, b eventlog.Batch) (eventlog.Committed, error) {
	out, err := r.Store.Commit(ctx, b)
	if err == nil && !out.OK && len(b.Events) > 0 {
		r.n.Add(1)
	}
	return out, err
}

// TestConflictsCostOthersNothing mixes right and wrong expectations: with one appender on a store
// no batch is ever decided twice.
func TestConflictsCostOthersNothing(t *testing.T) {
	store := &refusals{Store: memory.NewLog(uuid.UUID{15: 3})}
	log, _ := eventlogtest.Start(t, store, eventlog.Options{CacheSize: 5})
	var wg sync.WaitGroup
	var conflicts atomic.Int64
	for i := range 200 {
		wg.Go(func() {
			s := eventlog.Stream{Workspace: "main", Kind: "own", ID: fmt.Sprint(i)}
			_, err := log.Append(context.Background(), eventlog.Write{Stream: s, Expected: eventlog.Version(i % 2), Events: []eventlog.Event{eventlogtest.Added{N: 1}}})
			if errors.Is(err, eventlog.ErrConflict) {
				conflicts.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if err := add(log, 1); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if conflicts.Load() != 100 || store.n.Load() != 0 {
		t.Errorf("%d conflicts and %d batches refused, want 100 and none", conflicts.Load(), store.n.Load())
	}
}

// TestBusyStreamIsFoldedOnce: of many callers on a stream that the appender does not know, one reads it.
func TestBusyStreamIsFoldedOnce(t *testing.T) {
	const callers = 100
	synctest.Test(t, func(t *testing.T) {
		store := newFaulty()
		first, _ := eventlogtest.Start(t, store, eventlog.Options{})
		if err := add(first, callers); err != nil {
			t.Fatal(err)
		}
		var reads atomic.Int64
		gate := make(chan struct{})
		store.read = func(out []eventlog.Stored) []eventlog.Stored {
			reads.Add(1)
			<-gate
			return out
		}
		log, _ := eventlogtest.Start(t, store, eventlog.Options{})
		impatient, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		var adding sync.WaitGroup
		for range callers {
			adding.Go(func() {
				if err := add(log, -1); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if n := reads.Load(); n != 1 {
			close(gate)
			adding.Wait()
			t.Fatalf("%d callers read the stream %d times at once, want once", callers, n)
		}
		go func() {
			_, err := eventlog.Execute(impatient, log, stream, eventlogtest.Counter(), -1, eventlog.Meta{})
			gone <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that gave up waiting got %v, want %v", err, context.Canceled)
		}
		close(gate)
		adding.Wait()
		if n := reads.Load(); n > 2 { // the appender may have folded too, when a caller that had waited was first
			t.Errorf("%d callers read the stream %d times in all, want once or twice", callers, n)
		}
		wantLeft(t, log, 0)
	})
}
