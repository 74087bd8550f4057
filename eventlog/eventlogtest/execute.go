package eventlogtest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/ids"
)

// addTo decides on one counter, with a result.
func addTo(id string, n int) func([]eventlog.State) (eventlog.Decision, error) {
	return func(states []eventlog.State) (eventlog.Decision, error) {
		if states[0].Value.(*tally).Sum+n < 0 {
			return eventlog.Decision{}, ErrBelowZero
		}
		return eventlog.Decision{
			Writes: []eventlog.Decided{{Stream: stream(id), Events: added(n)}},
			Result: fmt.Appendf(nil, `{"sum":%d}`, states[0].Value.(*tally).Sum+n),
		}, nil
	}
}

// move decides on two counters at once: it takes from the first and gives to the second.
func move(log *eventlog.Log, from, to string, n int) error {
	_, err := log.Execute(context.Background(), eventlog.Request{
		Folds: []eventlog.Fold{Counter().Fold(stream(from)), Counter().Fold(stream(to))},
		Decide: func(states []eventlog.State) (eventlog.Decision, error) {
			if states[0].Value.(*tally).Sum < n {
				return eventlog.Decision{}, ErrBelowZero
			}
			return eventlog.Decision{Writes: []eventlog.Decided{
				{Stream: stream(from), Events: added(-n)},
				{Stream: stream(to), Events: added(n)},
			}}, nil
		},
	})
	return err
}

func testExecute(t *testing.T, open Open) {
	log, store := started(t, open)
	if out := mustExecute(t, log, "a", 5); out.First != 1 || out.Versions[0] != 1 {
		t.Errorf("the first command answered %+v", out)
	}
	_, err := eventlog.Execute(t.Context(), log, stream("a"), Counter(), -6, eventlog.Meta{})
	var refusal eventlog.Refusal
	if !errors.As(err, &refusal) || refusal != ErrBelowZero {
		t.Errorf("taking too much: got %v, want the refusal", err)
	}
	if out := mustExecute(t, log, "a", 0); out.First != 1 || out.Last != 1 {
		t.Errorf("no news answered %+v, want the head, 1", out)
	}
	// Append and Execute on one stream: the appender's state follows both.
	mustAppend(t, log, eventlog.Write{Stream: stream("a"), Expected: 1, Events: added(10)})
	mustExecute(t, log, "a", -15)
	wantSum(t, log, "a", 0, 3)
	mustExecute(t, log, "a", 3)
	if err := move(log, "a", "b", 2); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "move too much", move(log, "a", "b", 2), ErrBelowZero)
	wantSum(t, log, "b", 2, 1)

	_, err = log.Execute(t.Context(), eventlog.Request{
		Folds:  []eventlog.Fold{Counter().Fold(stream("a"))},
		Decide: addTo("elsewhere", 1),
	})
	if err == nil {
		t.Error("a decision wrote to a stream that it had not folded")
	}
	fault := errors.New("fault")
	_, err = log.Execute(t.Context(), eventlog.Request{
		Folds:  []eventlog.Fold{Counter().Fold(stream("a"))},
		Decide: func([]eventlog.State) (eventlog.Decision, error) { return eventlog.Decision{}, fault },
	})
	wantErr(t, "a fault of the rule", err, fault)

	// A reader's state is its own.
	state, err := log.Fold(t.Context(), Counter().Fold(stream("a")))
	if err != nil {
		t.Fatal(err)
	}
	state.Value.(*tally).Sum = 1000
	wantErr(t, "move after a reader changed its state", move(log, "a", "b", 500), ErrBelowZero)
	whole(t, store, log.Head().Position)
}

// commits counts the commits that wrote something.
type commits struct {
	eventlog.Store
	n atomic.Int64
}

func (c *commits) Commit(ctx context.Context, b eventlog.Batch) (eventlog.Committed, error) {
	out, err := c.Store.Commit(ctx, b)
	if err == nil && out.OK && len(b.Events) > 0 {
		c.n.Add(1)
	}
	return out, err
}

func testHotStream(t *testing.T, open Open) {
	store, _ := open(t)
	counted := &commits{Store: store}
	log, _ := Start(t, counted, eventlog.Options{})
	mustExecute(t, log, "sku", 100)
	before := counted.n.Load()
	const callers = 300
	var got, refused atomic.Int64
	var ready, wg sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(callers)
	for range callers {
		wg.Go(func() {
			ready.Done()
			<-begin
			_, err := eventlog.Execute(context.Background(), log, stream("sku"), Counter(), -1, eventlog.Meta{})
			switch {
			case err == nil:
				got.Add(1)
			case errors.Is(err, ErrBelowZero):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	ready.Wait()
	close(begin)
	wg.Wait()
	if got.Load() != 100 || refused.Load() != callers-100 {
		t.Errorf("%d got one and %d were refused, want 100 and %d", got.Load(), refused.Load(), callers-100)
	}
	wantSum(t, log, "sku", 0, 101)
	whole(t, store, 101)
	t.Logf("%d commits for 100 reservations", counted.n.Load()-before)
}

func testKeys(t *testing.T, open Open) {
	store, _ := open(t)
	clock := NewClock()
	log, _ := Start(t, store, eventlog.Options{Clock: clock.Now})
	key := newKey("user:ana", "add 5")
	request := eventlog.Request{Folds: []eventlog.Fold{Counter().Fold(stream("a"))}, Decide: addTo("a", 5), Key: key}
	first, err := log.Execute(t.Context(), request)
	if err != nil || first.Replayed || string(first.Result) != `{"sum":5}` {
		t.Fatalf("first: %+v, %v", first, err)
	}
	clock.Move(time.Hour)
	again, err := log.Execute(t.Context(), request)
	if err != nil || !again.Replayed || again.First != 1 || again.Last != 1 || again.Versions[0] != 1 || !again.At.Equal(first.At) || string(again.Result) != `{"sum":5}` {
		t.Errorf("again: %+v, %v; at first %+v", again, err, first)
	}
	other := *key
	other.Hash[0]++
	request.Key = &other
	_, err = log.Execute(t.Context(), request)
	wantErr(t, "the key with another body", err, eventlog.ErrKeyReused)

	bob := *key
	bob.Caller = "user:bob"
	request.Key = &bob
	if out, err := log.Execute(t.Context(), request); err != nil || out.Replayed {
		t.Errorf("the same key of another caller: %+v, %v", out, err)
	}
	wantSum(t, log, "a", 10, 2)

	// A refusal is an answer and stays one, even when it would be accepted by now.
	refused := eventlog.Request{Folds: request.Folds, Decide: addTo("a", -11), Key: newKey("user:ana", "take 11")}
	_, err = log.Execute(t.Context(), refused)
	wantErr(t, "take too much", err, ErrBelowZero)
	mustExecute(t, log, "a", 5)
	out, err := log.Execute(t.Context(), refused)
	if !out.Replayed {
		t.Error("a stored refusal was decided again")
	}
	wantErr(t, "the refusal again", err, ErrBelowZero)

	// A fault leaves the key free.
	faulty := eventlog.Request{Folds: request.Folds, Key: newKey("user:ana", "x"), Decide: func([]eventlog.State) (eventlog.Decision, error) {
		return eventlog.Decision{}, errors.New("fault")
	}}
	if _, err := log.Execute(t.Context(), faulty); err == nil {
		t.Error("a fault was no error")
	}
	faulty.Decide = addTo("a", 1)
	if out, err := log.Execute(t.Context(), faulty); err != nil || out.Replayed {
		t.Errorf("after a fault the key gave %+v, %v", out, err)
	}

	clock.Move(31 * 24 * time.Hour)
	request.Key = key
	_, err = log.Execute(t.Context(), request)
	wantErr(t, "a key of 31 days ago", err, eventlog.ErrKeyTooOld)
	request.Key = &eventlog.Key{Caller: "user:ana", ID: uuid.UUID{6: 0x40}}
	if _, err := log.Execute(t.Context(), request); err == nil {
		t.Error("a key of version 4 was accepted")
	}
	for ahead, want := range map[time.Duration]error{24*time.Hour - time.Second: nil, 24*time.Hour + time.Second: eventlog.ErrKeyAhead} {
		request.Key = &eventlog.Key{Caller: "user:ana", ID: idAt(clock.Now().Add(ahead))}
		if _, err := log.Execute(t.Context(), request); !errors.Is(err, want) {
			t.Errorf("a key dated %v ahead: %v, want %v", ahead, err, want)
		}
	}
	whole(t, store, log.Head().Position)
}

func testKeyInFlight(t *testing.T, open Open) {
	log, store := started(t, open)
	var decided atomic.Int64
	key := newKey("user:ana", "add 1")
	request := eventlog.Request{
		Folds: []eventlog.Fold{Counter().Fold(stream("a"))},
		Decide: func(states []eventlog.State) (eventlog.Decision, error) {
			decided.Add(1)
			return addTo("a", 1)(states)
		},
		Key: key,
	}
	other := *key
	other.Hash[5]++
	var replayed, reused atomic.Int64
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			r := request
			if i%4 == 3 {
				r.Key = &other
			}
			out, err := log.Execute(context.Background(), r)
			switch {
			case errors.Is(err, eventlog.ErrKeyReused):
				reused.Add(1)
			case err != nil:
				t.Error(err)
			case out.First != 1 || len(out.Result) == 0:
				t.Errorf("answered %+v", out)
			case out.Replayed:
				replayed.Add(1)
			}
		})
	}
	wg.Wait()
	if r, u := replayed.Load(), reused.Load(); r+u != 39 || (u != 10 && u != 30) {
		t.Errorf("%d replays and %d reused keys, want one call of 40 that did it and the other body refused", r, u)
	}
	whole(t, store, 1)
}

func testPurge(t *testing.T, open Open) {
	store, _ := open(t)
	clock := NewClock()
	log, _ := Start(t, store, eventlog.Options{Clock: clock.Now})
	old := eventlog.Request{Folds: []eventlog.Fold{Counter().Fold(stream("a"))}, Decide: addTo("a", 1), Key: newKey("user:ana", "")}
	if _, err := log.Execute(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	clock.Move(20 * 24 * time.Hour)
	recent := old
	recent.Key = &eventlog.Key{Caller: "user:ana", ID: idAt(clock.Now().Add(23 * time.Hour))} // its own time is later still
	if _, err := log.Execute(t.Context(), recent); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		days, want int
	}{{9, 0}, {1, 0}, {2, 1}, {0, 0}} {
		clock.Move(time.Duration(test.days) * 24 * time.Hour)
		if n, err := log.PurgeKeys(t.Context()); err != nil || n != test.want {
			t.Errorf("%d days later %d keys were purged, %v; want %d", test.days, n, err, test.want)
		}
	}
	if out, err := log.Execute(t.Context(), recent); err != nil || !out.Replayed {
		t.Errorf("a recent key answers %+v, %v", out, err)
	}
	_, err := log.Execute(t.Context(), old)
	wantErr(t, "a purged key", err, eventlog.ErrKeyTooOld)
}

// idAt is an id of version 7 made at a time.
func idAt(at time.Time) uuid.UUID { return ids.New(func() time.Time { return at }).Next() }

// testReadKeys pages through command keys as they are guarded.
func testReadKeys(t *testing.T, open Open) {
	log, store := started(t, open)
	made := map[eventlog.Key]bool{}
	for i := range 7 {
		key := newKey([]string{"user:ben", "user:ana", "käte"}[i%3], fmt.Sprint(i))
		made[*key] = true
		r := eventlog.Request{Folds: []eventlog.Fold{Counter().Fold(stream("a"))}, Decide: addTo("a", i-2), Key: key}
		if _, err := log.Execute(t.Context(), r); err != nil && !errors.Is(err, ErrBelowZero) {
			t.Fatal(err)
		}
	}
	var last eventlog.StoredKey
	for _, want := range []int{3, 3, 1, 0} {
		page, err := store.ReadKeys(t.Context(), last, 3)
		if err != nil || len(page) != want {
			t.Fatalf("after %s %s there are %d keys, %v; want %d", last.Caller, last.ID, len(page), err, want)
		}
		for _, k := range page {
			if k.Caller < last.Caller || k.Caller == last.Caller && k.ID.String() <= last.ID.String() {
				t.Errorf("%s %s came after %s %s", k.Caller, k.ID, last.Caller, last.ID)
			}
			if err := k.Check(); err != nil {
				t.Error(err)
			}
			if ref := (eventlog.Key{Caller: k.Caller, ID: k.ID, Hash: k.Hash}); !made[ref] {
				t.Errorf("%+v comes twice or was never made", ref)
			} else {
				delete(made, ref)
			}
			found, ok, err := store.FindKey(t.Context(), k.Caller, k.ID)
			if err != nil || !ok || !reflect.DeepEqual(found, k) {
				t.Errorf("found %+v, %t, %v; want %+v", found, ok, err, k)
			}
			last = k
		}
	}
	head := log.Head().Position
	position, versions, empty, err := store.Heads(t.Context())
	if err != nil || position != head || versions != head || empty != 0 || head == 0 {
		t.Errorf("the heads are at %d, %d events by the streams, %d of them empty, %v; want %d", position, versions, empty, err, head)
	}
}

func testPanic(t *testing.T, open Open) {
	log, store := started(t, open)
	mustExecute(t, log, "a", 1)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			decide := addTo("a", 1)
			if i%2 == 0 {
				decide = func([]eventlog.State) (eventlog.Decision, error) { panic("boom") }
			}
			_, err := log.Execute(context.Background(), eventlog.Request{Folds: []eventlog.Fold{Counter().Fold(stream("a"))}, Decide: decide})
			if (err != nil) != (i%2 == 0) {
				t.Errorf("command %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	// A fold that panics on an event fails its own commands; others go on.
	fragile := eventlog.Fold{
		Stream: stream("a"), Name: "test.fragile", Zero: func() any { return 0 },
		Evolve: func(state any, e eventlog.Event) any {
			if e.(Added).N == 13 {
				panic("unlucky")
			}
			return state
		},
	}
	request := eventlog.Request{Folds: []eventlog.Fold{fragile}, Decide: func([]eventlog.State) (eventlog.Decision, error) { return eventlog.Decision{}, nil }}
	if _, err := log.Execute(t.Context(), request); err != nil {
		t.Error(err)
	}
	mustExecute(t, log, "a", 13)
	if _, err := log.Execute(t.Context(), request); err == nil {
		t.Error("a fold that panics gave a state")
	}
	mustExecute(t, log, "a", 1)
	wantSum(t, log, "a", 35, 23)
	whole(t, store, 23)
}
