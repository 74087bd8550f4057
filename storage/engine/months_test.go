package engine

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/eventlog/verify"
)

var quiet = slog.New(slog.DiscardHandler)

// TestClosedMonths is the contract of logs that have months in files.
func TestClosedMonths(t *testing.T) {
	for _, engine := range []string{SQLite, Postgres} {
		for _, test := range []struct {
			name string
			run  func(*testing.T, Place)
		}{
			{"read as before", testClosedMonths},
			{"closed under readers and appends", testClosedUnderUse},
			{"against a model", testMonthsModel},
		} {
			t.Run(engine+" "+test.name, func(t *testing.T) { test.run(t, fresh(t, engine)) })
		}
	}
}

func counter(id string) eventlog.Stream {
	return eventlog.Stream{Workspace: "main", Kind: "counter", ID: id}
}

func added(ns ...int) (events []eventlog.Event) {
	for _, n := range ns {
		events = append(events, eventlogtest.Added{N: n})
	}
	return events
}

func mustAppend(t testing.TB, log *eventlog.Log, writes ...eventlog.Write) eventlog.Appended {
	t.Helper()
	out, err := log.Append(context.Background(), writes...)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return out
}

func mustAdd(t testing.TB, log *eventlog.Log, id string, n int) {
	t.Helper()
	if _, err := eventlog.Execute(context.Background(), log, counter(id), eventlogtest.Counter(), n, eventlog.Meta{}); err != nil {
		t.Fatalf("add %d to %s: %v", n, id, err)
	}
}

func wantVersion(t testing.TB, log *eventlog.Log, id string, want eventlog.Version) {
	t.Helper()
	state, err := log.Fold(context.Background(), eventlogtest.Counter().Fold(counter(id)))
	if err != nil || state.Version != want {
		t.Errorf("%s is at version %d, %v; want %d", id, state.Version, err, want)
	}
}

// whole verifies a log that ends at a position, and what is below it.
func whole(t testing.TB, what string, s *Stores, position eventlog.Position) verify.Report {
	t.Helper()
	report, err := verify.Log(context.Background(), s.Log, 0)
	if err != nil || report.Position != position || report.Events != int(position) {
		t.Fatalf("%s: verify says %+v, %v; want position %d", what, report, err, position)
	}
	if err := s.Check(context.Background()); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return report
}

// beside opens log and views for reading, while another has them.
func beside(t testing.TB, p Place) *Stores {
	t.Helper()
	s, err := Read(context.Background(), p.Folder.Dir(), p.DB, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// kept is all that a store gives, in pages of a size.
type kept struct {
	All     []eventlog.Stored
	Streams map[eventlog.Stream][]eventlog.Stored
}

// readKept reads by position up to one, then each stream that was met there up to its version then.
func readKept(store eventlog.Store, page int, upto eventlog.Position) (k kept, err error) {
	k.Streams = map[eventlog.Stream][]eventlog.Stored{}
	versions := map[eventlog.Stream]eventlog.Version{}
	for after := eventlog.Position(0); after < upto; {
		records, err := store.ReadAll(context.Background(), after, min(page, int(upto-after)))
		if err != nil {
			return k, err
		}
		if len(records) == 0 {
			return k, fmt.Errorf("nothing after position %d", after)
		}
		for _, s := range records {
			versions[s.Stream] = s.Version
		}
		k.All = append(k.All, records...)
		after += eventlog.Position(len(records))
	}
	for s, version := range versions {
		for after := eventlog.Version(0); after < version; {
			records, err := store.ReadStream(context.Background(), s, after, min(page, int(version-after)))
			if err != nil {
				return k, err
			}
			if len(records) == 0 {
				return k, fmt.Errorf("nothing of %s after version %d", s, after)
			}
			k.Streams[s] = append(k.Streams[s], records...)
			after += eventlog.Version(len(records))
		}
	}
	return k, nil
}

func wantKept(t testing.TB, what string, store eventlog.Store, want kept) {
	t.Helper()
	for _, page := range []int{3, 10_000} {
		got, err := readKept(store, page, eventlog.Position(len(want.All)))
		if err != nil {
			t.Fatalf("%s, in pages of %d: %v", what, page, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s, in pages of %d, the log reads otherwise", what, page)
		}
	}
}

// sixMonths appends to streams of each month, to one of the first and to one of all of them.
func sixMonths(t testing.TB, log *eventlog.Log, clock *eventlogtest.Clock) (total int) {
	t.Helper()
	for month := range 6 {
		if month > 0 {
			clock.Move(31 * 24 * time.Hour)
		}
		for i := range 12 {
			writes := []eventlog.Write{
				{Stream: counter(fmt.Sprint("of ", month)), Expected: eventlog.Version(2 * i), Events: added(i, month)},
				{Stream: counter("all"), Expected: eventlog.Version(month*12 + i), Events: added(1)},
			}
			mustAppend(t, log, writes...)
			clock.Move(time.Hour)
			total += 3
		}
	}
	return total
}

func testClosedMonths(t *testing.T, p Place) {
	stores := opened(t, p)
	clock := eventlogtest.NewClock() // on the 1st of March
	log, stop := eventlogtest.Start(t, stores.Log, eventlog.Options{Clock: clock.Now})
	first := eventlog.Write{Stream: counter("first"), Events: added(5), IDs: []uuid.UUID{keyAt(clock.Now(), 1)}}
	mustAppend(t, log, first)
	total := eventlog.Position(sixMonths(t, log, clock) + 1)
	before, err := readKept(stores.Log, 10_000, total)
	if err != nil {
		t.Fatal(err)
	}
	report := whole(t, "before closing", stores, total)
	ignorant := beside(t, p)
	for _, want := range []int{4, 0} {
		if n, err := stores.CloseMonths(t.Context()); n != want || err != nil {
			t.Fatalf("closed %d months, %v; want %d", n, err, want)
		}
	}
	for what, s := range map[string]*Stores{"closed": stores, "beside, opened before": ignorant, "beside, opened after": beside(t, p)} {
		wantKept(t, what, s.Log, before)
		if after := whole(t, what, s, total); after != report {
			t.Errorf("%s: verify says %+v, want %+v", what, after, report)
		}
	}
	stop()
	if err := stores.Close(); err != nil {
		t.Fatal(err)
	}
	stores = opened(t, p)
	t.Cleanup(func() { _ = stores.Close() })
	wantKept(t, "opened again", stores.Log, before)
	if after := whole(t, "opened again", stores, total); after != report {
		t.Errorf("opened again: verify says %+v, want %+v", after, report)
	}

	log, stop = eventlogtest.Start(t, stores.Log, eventlog.Options{Clock: clock.Now})
	defer stop()
	wantVersion(t, log, "all", 72)
	wantVersion(t, log, "of 0", 24)
	if again := mustAppend(t, log, first); !again.Repeated || again.First != 1 {
		t.Errorf("the first append again: %+v, want a repeat of position 1", again)
	}
	if _, err = log.Append(t.Context(), eventlog.Write{Stream: counter("first"), Events: added(5)}); !errors.Is(err, eventlog.ErrConflict) {
		t.Errorf("an append at a version that stands in a file: %v, want ErrConflict", err)
	}
	mustAdd(t, log, "first", -5)
	mustAdd(t, log, "all", 1)
	clock.Move(40 * 24 * time.Hour)
	mustAdd(t, log, "all", 1)
	if n, err := stores.CloseMonths(t.Context()); n != 1 || err != nil {
		t.Errorf("closed %d months, %v; want the next", n, err)
	}
	whole(t, "a month later", stores, total+3)
	wantKept(t, "a month later", stores.Log, before)
	wantVersion(t, log, "first", 2)
	wantVersion(t, log, "all", 74)
}

// testClosedUnderUse has readers in this process and beside it read all the time.
func testClosedUnderUse(t *testing.T, p Place) {
	m := opened(t, p)
	defer func() { _ = m.Close() }()
	clock := eventlogtest.NewClock()
	log, stop := eventlogtest.Start(t, m.Log, eventlog.Options{Clock: clock.Now})
	defer stop()
	total := sixMonths(t, log, clock)
	want, err := readKept(m.Log, 10_000, eventlog.Position(total))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, store := range []eventlog.Store{m.Log, beside(t, p).Log} {
		for _, page := range []int{5, 1000} {
			read := make(chan struct{}, 1)
			wg.Go(func() {
				for {
					got, err := readKept(store, page, eventlog.Position(total))
					if err != nil || !reflect.DeepEqual(got, want) {
						t.Errorf("while a month is closed, the log reads otherwise: %v", err)
						cancel()
					}
					select {
					case read <- struct{}{}:
					default: // told already
					}
					if ctx.Err() != nil {
						return
					}
				}
			})
			<-read // it reads before anything is closed
		}
	}
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			_, err := log.Append(ctx, eventlog.Write{Stream: counter(fmt.Sprint("new ", i)), Events: added(1)})
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("while a month is closed, an append failed: %v", err)
			}
		}
	})
	if n, err := m.CloseMonths(t.Context()); n != 4 || err != nil {
		t.Errorf("closed %d months, %v; want 4", n, err)
	}
	cancel()
	wg.Wait()
	wantKept(t, "afterwards", m.Log, want)
}

// testMonthsModel appends, lets time pass, closes months and opens again in any order; what is read is
// what was read right after it was appended.
func testMonthsModel(t *testing.T, p Place) {
	if eventlogtest.RaceDetector { // SQLite is 11 times slower
		if err := flag.Set("rapid.checks", "15"); err != nil {
			t.Fatal(err)
		}
	}
	store := opened(t, p)
	clock := eventlogtest.NewClock()
	versions := map[string]eventlog.Version{}
	model := kept{Streams: map[eventlog.Stream][]eventlog.Stored{}}
	log, stop := eventlogtest.Start(t, store.Log, eventlog.Options{Clock: clock.Now})
	rapid.Check(t, func(r *rapid.T) { // one log for all cases: it becomes long
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			switch rapid.SampledFrom([]string{"append", "append", "append", "wait", "back", "close", "reopen", "read"}).Draw(r, "step") {
			case "append":
				id := fmt.Sprint(rapid.IntRange(0, 12).Draw(r, "stream"))
				n := rapid.IntRange(1, 4).Draw(r, "events")
				events := added(make([]int, n)...)
				mustAppend(t, log, eventlog.Write{Stream: counter(id), Expected: versions[id], Events: events})
				versions[id] += eventlog.Version(n)
				records, err := store.Log.ReadAll(t.Context(), eventlog.Position(len(model.All)), n+1)
				if err != nil || len(records) != n {
					r.Fatalf("%d records of %d, %v", len(records), n, err)
				}
				model.All = append(model.All, records...)
				model.Streams[counter(id)] = append(model.Streams[counter(id)], records...)
			case "wait":
				clock.Move(time.Duration(rapid.IntRange(1, 50).Draw(r, "days")) * 24 * time.Hour)
			case "back":
				clock.Move(-time.Duration(rapid.IntRange(1, 40).Draw(r, "days")) * 24 * time.Hour)
			case "close":
				if _, err := store.CloseMonths(t.Context()); err != nil {
					r.Fatal(err)
				}
			case "reopen":
				stop()
				if err := store.Close(); err != nil {
					r.Fatal(err)
				}
				store = opened(t, p)
				log, stop = eventlogtest.Start(t, store.Log, eventlog.Options{Clock: clock.Now})
			case "read":
				if len(model.All) == 0 {
					continue
				}
				after, limit := rapid.IntRange(0, len(model.All)-1).Draw(r, "after"), rapid.IntRange(1, 60).Draw(r, "limit")
				got, err := store.Log.ReadAll(t.Context(), eventlog.Position(after), limit)
				if want := model.All[after:min(len(model.All), after+limit)]; err != nil || !reflect.DeepEqual(got, want) {
					r.Fatalf("%d records after %d, want %d, %v", len(got), after, len(want), err)
				}
				of := counter(fmt.Sprint(rapid.IntRange(0, 13).Draw(r, "of")))
				all := model.Streams[of]
				from := rapid.IntRange(0, len(all)).Draw(r, "from")
				got, err = store.Log.ReadStream(t.Context(), of, eventlog.Version(from), limit)
				if want := all[from:min(len(all), from+limit)]; err != nil || len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
					r.Fatalf("%d records of %s after %d, want %d, %v", len(got), of, from, len(want), err)
				}
			}
		}
	})
	whole(t, "in the end", store, eventlog.Position(len(model.All)))
	stop()
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}
