package eventlogtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/eventlog"
)

func testTwoAppenders(t *testing.T, open Open) {
	store, _ := open(t)
	one, _ := Start(t, store, eventlog.Options{})
	two, _ := Start(t, store, eventlog.Options{CacheSize: 1})
	const callers, each, stock = 10, 10, 120
	mustExecute(t, one, "sku", stock)
	var taken, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 2 * callers {
		log := []*eventlog.Log{one, two}[i%2]
		wg.Go(func() {
			for range each {
				_, err := eventlog.Execute(context.Background(), log, stream("sku"), Counter(), -1, eventlog.Meta{})
				switch {
				case err == nil:
					taken.Add(1)
				case errors.Is(err, ErrBelowZero):
					refused.Add(1)
				default:
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for n := range each {
				_, err := log.Append(context.Background(), eventlog.Write{Stream: stream(fmt.Sprint("own", i)), Expected: eventlog.Version(n), Events: added(1)})
				if err != nil {
					t.Errorf("a stream of its own: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if taken.Load() != stock || refused.Load() != 2*callers*each-stock {
		t.Errorf("%d taken and %d refused of a stock of %d and %d calls", taken.Load(), refused.Load(), stock, 2*callers*each)
	}
	wantSum(t, one, "sku", 0, stock+1)
	whole(t, store, 1+stock+2*callers*each)
}

func testTwoAppendersStale(t *testing.T, open Open) {
	store, _ := open(t)
	one, _ := Start(t, store, eventlog.Options{})
	two, _ := Start(t, store, eventlog.Options{})
	for i := range 5 {
		mustExecute(t, one, "a", 1) // each finds its cached state overtaken
		mustExecute(t, two, "a", 1)
		wantSum(t, one, "a", 2*(i+1), eventlog.Version(2*(i+1)))
	}
	mustExecute(t, one, "a", -10)
	_, err := eventlog.Execute(t.Context(), two, stream("a"), Counter(), -1, eventlog.Meta{})
	wantErr(t, "take what another appender took", err, ErrBelowZero)
	mustExecute(t, one, "a", 1)
	// A refusal, too, must rest on what is: here the stale state would refuse.
	if _, err := eventlog.Execute(t.Context(), two, stream("a"), Counter(), -1, eventlog.Meta{}); err != nil {
		t.Errorf("take what another appender put: %v", err)
	}
	ids := newIDs(1)
	write := eventlog.Write{Stream: stream("b"), Events: added(1), IDs: ids}
	mustAppend(t, one, write)
	if out := mustAppend(t, two, write); !out.Repeated {
		t.Error("a repeat through another appender was appended")
	}
	_, err = two.Append(t.Context(), eventlog.Write{Stream: stream("b"), Events: added(1)})
	wantErr(t, "append at a version that another appender has passed", err, eventlog.ErrConflict)

	request := eventlog.Request{Folds: []eventlog.Fold{Counter().Fold(stream("c"))}, Decide: addTo("c", 1)}
	var wg sync.WaitGroup
	var replayed atomic.Int64
	for range 10 {
		request.Key = newKey("user:ana", "")
		for _, log := range []*eventlog.Log{one, two} {
			wg.Go(func() {
				r := request
				out, err := log.Execute(context.Background(), r)
				if err != nil {
					t.Error(err)
				}
				if out.Replayed {
					replayed.Add(1)
				}
			})
		}
		wg.Wait()
	}
	if replayed.Load() != 10 {
		t.Errorf("%d of 10 keys sent to both were replayed, want 10", replayed.Load())
	}
	wantSum(t, one, "c", 10, 10)
	head, err := store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole(t, store, head.Position)
}

// overtaken is a store on which somebody else's commit comes before each of ours.
type overtaken struct {
	eventlog.Store
	before func()
}

func (s overtaken) Commit(ctx context.Context, b eventlog.Batch) (eventlog.Committed, error) {
	s.before()
	return s.Store.Commit(ctx, b)
}

func testAlone(t *testing.T, open Open) {
	store, _ := open(t)
	rival, _ := Start(t, store, eventlog.Options{})
	overtakes := 0
	log, _ := Start(t, overtaken{store, func() {
		overtakes++
		mustExecute(t, rival, "a", 1)
	}}, eventlog.Options{})
	mustExecute(t, log, "a", 10)
	if overtakes < 2 || overtakes > 3 {
		t.Errorf("the decision was overtaken %d times, want 2 before it keeps others out", overtakes)
	}
	_, err := eventlog.Execute(t.Context(), log, stream("a"), Counter(), -100, eventlog.Meta{})
	wantErr(t, "a refusal of one who is always late", err, ErrBelowZero)
	mustExecute(t, rival, "a", 1) // the exclusion has ended
	key := eventlog.Request{Folds: []eventlog.Fold{Counter().Fold(stream("b"))}, Decide: addTo("b", 1), Key: newKey("user:ana", "")}
	if _, err := log.Execute(t.Context(), key); err != nil {
		t.Error(err)
	}
	head, err := store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole(t, store, head.Position)
	wantSum(t, rival, "b", 1, 1)
}

// testModel runs random commands on two logs with one store and compares with plain maps.
func testModel(t *testing.T, open Open) {
	rapid.Check(t, func(r *rapid.T) {
		store, _ := open(t)
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		var logs []*eventlog.Log
		for i := range 2 {
			log, err := eventlog.Open(ctx, store, eventlog.Options{
				Decode: Decode, Clock: NewClock().Now, CacheSize: 1 + i*100, MaxBatch: 1 + i*50, SnapshotEvery: 1 + i*2,
				Damaged: func(err error) { t.Error(err) },
			})
			if err != nil {
				r.Fatal(err)
			}
			logs = append(logs, log)
			wg.Go(func() { _ = log.Run(ctx) })
		}
		defer func() {
			cancel()
			wg.Wait()
			_ = store.Close()
		}()
		sums, versions := map[string]int{}, map[string]eventlog.Version{}
		position := eventlog.Position(0)
		id, log := rapid.SampledFrom([]string{"a", "b", "c"}), rapid.SampledFrom(logs)
		r.Repeat(map[string]func(*rapid.T){
			"execute": func(r *rapid.T) {
				s, n := id.Draw(r, "stream"), rapid.IntRange(-3, 3).Draw(r, "n")
				out, err := eventlog.Execute(ctx, log.Draw(r, "log"), stream(s), Counter(), n, eventlog.Meta{})
				switch {
				case sums[s]+n < 0:
					if !errors.Is(err, ErrBelowZero) {
						r.Fatalf("add %d to %d: got %v, want a refusal", n, sums[s], err)
					}
					return
				case err != nil:
					r.Fatal(err)
				case n != 0:
					sums[s] += n
					versions[s]++
					position++
				}
				if out.Last != position {
					r.Fatalf("answered position %d, want %d", out.Last, position)
				}
			},
			"append": func(r *rapid.T) {
				s, expected := id.Draw(r, "stream"), eventlog.Version(rapid.IntRange(0, 4).Draw(r, "expected"))
				events := added(rapid.SliceOfN(rapid.IntRange(0, 3), 0, 3).Draw(r, "events")...)
				_, err := log.Draw(r, "log").Append(ctx, eventlog.Write{Stream: stream(s), Expected: expected, Events: events})
				if expected != versions[s] {
					if !errors.Is(err, eventlog.ErrConflict) {
						r.Fatalf("append at %d of %d: got %v, want a conflict", expected, versions[s], err)
					}
					return
				}
				if err != nil {
					r.Fatal(err)
				}
				for _, e := range events {
					sums[s] += e.(Added).N
					versions[s]++
					position++
				}
			},
			"move": func(r *rapid.T) {
				from, to, n := id.Draw(r, "from"), id.Draw(r, "to"), rapid.IntRange(1, 3).Draw(r, "n")
				if from == to {
					return
				}
				err := move(log.Draw(r, "log"), from, to, n)
				if sums[from] < n {
					if !errors.Is(err, ErrBelowZero) {
						r.Fatalf("move %d of %d: got %v, want a refusal", n, sums[from], err)
					}
					return
				}
				if err != nil {
					r.Fatal(err)
				}
				sums[from], sums[to] = sums[from]-n, sums[to]+n
				versions[from]++
				versions[to]++
				position += 2
			},
			"": func(r *rapid.T) {
				for s, want := range sums {
					if got, version := sum(t, log.Draw(r, "log"), s); got != want || version != versions[s] {
						r.Fatalf("%s holds %d at version %d, want %d at version %d", s, got, version, want, versions[s])
					}
				}
			},
		})
		whole(t, store, position)
	})
}
