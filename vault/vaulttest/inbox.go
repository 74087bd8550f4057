package vaulttest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/vault"
)

func delivery(id, body string) vault.Delivery {
	return vault.Delivery{Channel: "tiktok", App: "a1", Delivery: id, Body: []byte(body)}
}

func (b *bench) put(t tester, d vault.Delivery) (int64, bool) {
	t.Helper()
	n, fresh, err := b.Put(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return n, fresh
}

func (b *bench) item(t tester, number int64) vault.Item {
	t.Helper()
	i, err := b.Item(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func testNumbers(t *testing.T, b *bench) {
	const callers, each = 32, 8
	var mu sync.Mutex
	bodies := map[int64]string{}
	fresh := 0
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				// every key is sent by two callers
				id := fmt.Sprintf("%d-%d", c/2, i)
				n, first, err := b.Put(t.Context(), delivery(id, "body of "+id))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if was, have := bodies[n]; have && was != id {
					t.Errorf("number %d given to %s and %s", n, was, id)
				}
				bodies[n] = id
				if first {
					fresh++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if want := callers / 2 * each; len(bodies) != want || fresh != want {
		t.Fatalf("%d numbers, %d fresh; want %d of both", len(bodies), fresh, want)
	}
	b.restart(t)
	for n := range int64(len(bodies)) {
		i := b.item(t, n+1)
		if want := "body of " + bodies[n+1]; string(i.Body) != want || i.Hash != sha256.Sum256([]byte(want)) || i.BodyGone {
			t.Fatalf("item %d: body %q, want %q with its hash", n+1, i.Body, want)
		}
	}
	if n, _ := b.put(t, delivery("next", "x")); n != int64(len(bodies))+1 {
		t.Errorf("next number %d, want %d", n, len(bodies)+1)
	}
	if _, err := b.Item(t.Context(), 9999); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("an item that is not there: %v, want ErrNotFound", err)
	}
}

func testDeliveryKey(t *testing.T, b *bench) {
	first, _ := b.put(t, delivery("d1", "one"))
	if n, fresh := b.put(t, delivery("d1", "another body under the same key")); n != first || fresh {
		t.Errorf("repeat gave %d, fresh %v; want %d, false", n, fresh, first)
	}
	other := delivery("d1", "one")
	other.App = "a2"
	if n, fresh := b.put(t, other); n == first || !fresh {
		t.Errorf("the same id for another app gave %d, fresh %v; want a new one", n, fresh)
	}
	for range 2 {
		if _, fresh := b.put(t, delivery("", "no id")); !fresh {
			t.Error("a delivery without an id was taken for a repeat")
		}
	}
	b.now = start.Add(30*24*time.Hour - time.Second)
	if n, fresh := b.put(t, delivery("d1", "one")); n != first || fresh {
		t.Errorf("after 29 days: %d, fresh %v; want %d, false", n, fresh, first)
	}
	b.now = start.Add(30 * 24 * time.Hour)
	if n, fresh := b.put(t, delivery("d1", "one")); n == first || !fresh {
		t.Errorf("after 30 days: %d, fresh %v; want a new one", n, fresh)
	}
	if i := b.item(t, first); string(i.Body) != "one" {
		t.Errorf("first body %q, want it unchanged", i.Body)
	}
	empty, _ := b.put(t, delivery("empty", ""))
	if i := b.item(t, empty); i.Body == nil || len(i.Body) != 0 || i.BodyGone {
		t.Errorf("an empty body came back as %v, gone %v", i.Body, i.BodyGone)
	}
}

func testMarks(t *testing.T, b *bench) {
	for n := range 5 {
		b.put(t, delivery("", fmt.Sprint(n)))
	}
	later := b.now.Add(time.Minute)
	must(t, b.Mark(t.Context(),
		vault.Mark{Number: 1, State: vault.Done, Connection: "k7", Subject: "k7:1", Person: "p1"},
		vault.Mark{Number: 2, State: vault.Pending, Attempts: 3, Reason: "no answer", Due: later},
		vault.Mark{Number: 3, State: vault.Quarantined, Field: "price", Rule: "must be a number", Sample: "x"}))
	pending := func(want ...int64) {
		t.Helper()
		items, err := b.Pending(t.Context(), 0, 10)
		must(t, err)
		numbers(t, items, want...)
		for _, i := range items {
			if want := fmt.Sprint(i.Number - 1); string(i.Body) != want {
				t.Errorf("pending %d has body %q, want %q", i.Number, i.Body, want)
			}
		}
	}
	pending(4, 5)
	b.now = later
	pending(2, 4, 5)
	must(t, b.Mark(t.Context(), vault.Mark{Number: 1, State: vault.Superseded}))
	if i := b.item(t, 1); i.Connection != "k7" || i.Subject != "k7:1" || i.Person != "p1" || i.State != vault.Superseded {
		t.Errorf("a mark without connection lost it: %+v", i)
	}
	if i := b.item(t, 2); i.Attempts != 3 || i.Reason != "no answer" || !i.Due.Equal(later) {
		t.Errorf("item 2: %+v", i)
	}
	listed, err := b.Listed(t.Context(), []string{vault.Quarantined, vault.Superseded}, 0, 10)
	must(t, err)
	numbers(t, listed, 1, 3)
	if i := listed[1]; i.Body != nil || i.BodyGone || i.Field != "price" || i.Rule != "must be a number" || i.Sample != "x" {
		t.Errorf("listed: %+v", i)
	}
	all, err := b.Listed(t.Context(), nil, 1, 3)
	must(t, err)
	numbers(t, all, 2, 3, 4)
	counts, err := b.InboxCounts(t.Context())
	must(t, err)
	if counts[vault.Pending] != 3 || counts[vault.Quarantined] != 1 || counts[vault.Superseded] != 1 || counts[vault.Done] != 0 {
		t.Errorf("counts %v", counts)
	}
	if err := b.Mark(t.Context(), vault.Mark{Number: 4, State: vault.Done}, vault.Mark{Number: 99, State: vault.Done}); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("mark of an unknown number: %v, want ErrNotFound", err)
	}
	if i := b.item(t, 4); i.State != vault.Pending {
		t.Errorf("a failed Mark moved item 4 to %s", i.State)
	}
	if err := b.Mark(t.Context(), vault.Mark{Number: 4, State: "lost"}); err == nil {
		t.Error("an invented state was taken")
	}
}

func testRetention(t *testing.T, b *bench) {
	b.put(t, delivery("old", "old body"))
	b.now = start.Add(24 * time.Hour)
	b.put(t, delivery("newer", "newer body"))
	b.now = start.Add(30 * 24 * time.Hour) // the first day is not 30 days over yet
	must(t, b.Vault.Purge(t.Context(), b.now))
	if i := b.item(t, 1); string(i.Body) != "old body" {
		t.Errorf("a body was purged on its 30th day: %+v", i)
	}
	b.now = start.Add(31 * 24 * time.Hour)
	must(t, b.Vault.Purge(t.Context(), b.now))
	if i := b.item(t, 1); i.Body != nil || !i.BodyGone || i.Hash != sha256.Sum256([]byte("old body")) {
		t.Errorf("after retention: %+v; want no body and its hash", i)
	}
	if i := b.item(t, 2); string(i.Body) != "newer body" {
		t.Errorf("newer body %q", i.Body)
	}
	if items, err := b.Pending(t.Context(), 0, 10); err != nil || len(items) != 2 || !items[0].BodyGone || items[1].BodyGone {
		t.Errorf("pending after retention: %+v, %v", items, err)
	}
	if listed, err := b.Listed(t.Context(), nil, 0, 10); err != nil || !listed[0].BodyGone || listed[1].BodyGone {
		t.Errorf("listed after retention: %+v, %v", listed, err)
	}
	if n, fresh := b.put(t, delivery("today", "works on")); n != 3 || !fresh {
		t.Errorf("after a purge: %d, %v", n, fresh)
	}
}

func testMovedBody(t *testing.T, b *bench) {
	b.put(t, delivery("1", "first"))
	b.put(t, delivery("2", "second"))
	must(t, b.store.Write(t.Context(), func(tx vault.Tx) error {
		_, err := tx.Exec(t.Context(), `update inbox set body = (select body from inbox where number = 2) where number = 1`)
		return err
	}))
	if i, err := b.Item(t.Context(), 1); err == nil {
		t.Errorf("a body moved from item 2 was served as %q", i.Body)
	}
}

func testNeighbours(t *testing.T, b *bench) {
	ctx := t.Context()
	arrived, release := gated(t, b).shut()
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for n := range errs {
		line := newLining(ctx)
		wg.Go(func() {
			if n == 7 {
				errs[n] = b.Mark(line, vault.Mark{Number: 12345, State: vault.Done})
				return
			}
			errs[n] = b.SetCursor(line, fmt.Sprint("c", n), "set")
		})
		if n == 0 {
			<-arrived // the others share the next commit
		} else {
			<-line.inLine
		}
	}
	release()
	wg.Wait()
	for n, err := range errs {
		if n == 7 {
			if !errors.Is(err, vault.ErrNotFound) {
				t.Errorf("the failing write: %v, want ErrNotFound", err)
			}
			continue
		}
		if value, readErr := b.Cursor(ctx, fmt.Sprint("c", n)); err != nil || readErr != nil || value != "set" {
			t.Errorf("neighbour %d: %v, %v, value %q", n, err, readErr, value)
		}
	}
}

func testGivenUp(t *testing.T, b *bench) {
	must(t, b.SetCursor(t.Context(), "c", "before"))
	arrived, release := gated(t, b).shut()
	// the first one holds the turn and waits for the store, the second waits for the turn
	first := make(chan error, 1)
	go func() { first <- b.SetCursor(t.Context(), "c", "first") }()
	<-arrived
	ctx, cancel := context.WithCancel(t.Context())
	line := newLining(ctx)
	second := make(chan error, 1)
	go func() { second <- b.SetCursor(line, "c", "second") }()
	<-line.inLine
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v, want context.Canceled", err)
	}
	release()
	must(t, <-first)
	if value, err := b.Cursor(t.Context(), "c"); err != nil || value != "first" {
		t.Errorf("cursor %q, %v; want first", value, err)
	}
}

// testText puts in what a database may refuse as text: a vendor's mistake must not lose a webhook.
func testText(t *testing.T, b *bench) {
	ctx := t.Context()
	seen := map[int64]string{}
	for _, id := range []string{"a\x00b", "a\xffb", "a\x00", "\x00", "ab", "a\u2028b"} {
		first, fresh := b.put(t, vault.Delivery{Channel: "tiktok", App: "a1", Delivery: id, Body: []byte(id)})
		if was, have := seen[first]; have || !fresh {
			t.Errorf("%q was taken for a repeat of %q", id, was)
		}
		seen[first] = id
		if again, fresh := b.put(t, vault.Delivery{Channel: "tiktok", App: "a1", Delivery: id, Body: []byte(id)}); again != first || fresh {
			t.Errorf("%q again: %d, fresh %v; want %d", id, again, fresh, first)
		}
		if i := b.item(t, first); string(i.Body) != id {
			t.Errorf("%q: body %q", id, i.Body)
		}
	}
	b.put(t, vault.Delivery{Channel: "tik\x00tok", App: "\xff", Body: []byte("x")})
	must(t, b.Mark(ctx, vault.Mark{
		Number: 1, State: vault.Dead, Reason: "it said \x00 and \xff", Field: "na\x00me", Rule: "\x00", Sample: "\x00\xfe",
		Connection: "k\x00", Subject: "k7:\x001", Person: "p\xff",
	}))
	if i := b.item(t, 1); i.State != vault.Dead || i.Reason != "it said  and " || i.Field != "name" || i.Connection == "" || i.Subject == "" || i.Person == "" {
		t.Errorf("marked: %+v", i)
	}
}

// testModel drives the inbox beside a model of it, with restarts.
func testModel(t *testing.T, b *bench) {
	states := []string{vault.Pending, vault.Done, vault.Quarantined, vault.Dead, vault.Discarded, vault.Superseded, vault.Unknown}
	model := []vault.Item{} // lives as long as the store: rapid's cases go on where the last ended
	keys := map[string]int64{}
	rapid.Check(t, func(r *rapid.T) {
		r.Repeat(map[string]func(*rapid.T){
			"put": func(r *rapid.T) {
				d := delivery(rapid.StringMatching(`[a-f]{0,2}`).Draw(r, "key"), rapid.String().Draw(r, "body"))
				n, fresh := b.put(r, d)
				if was, have := keys[d.Delivery]; have && d.Delivery != "" {
					if fresh || n != was {
						r.Fatalf("repeat of %d: %d, fresh %v", was, n, fresh)
					}
					return
				}
				if want := int64(len(model)) + 1; n != want || !fresh {
					r.Fatalf("put: %d, fresh %v; want %d, true", n, fresh, want)
				}
				keys[d.Delivery] = n
				model = append(model, vault.Item{Number: n, State: vault.Pending, Body: d.Body})
			},
			"mark": func(r *rapid.T) {
				if len(model) == 0 {
					r.Skip()
				}
				i := &model[rapid.IntRange(0, len(model)-1).Draw(r, "item")]
				i.State = rapid.SampledFrom(states).Draw(r, "state")
				i.Due = start.Add(time.Duration(rapid.IntRange(-1, 1).Draw(r, "due")) * time.Hour)
				must(r, b.Mark(r.Context(), vault.Mark{Number: i.Number, State: i.State, Due: i.Due}))
			},
			"restart": func(r *rapid.T) {
				if rapid.IntRange(0, 4).Draw(r, "now") == 0 { // it takes longer than all else
					b.restart(r)
				}
			},
			"": func(r *rapid.T) {
				after := rapid.Int64Range(0, int64(len(model))).Draw(r, "after")
				var want []vault.Item
				counts := map[string]int64{}
				for _, i := range model {
					counts[i.State]++
					if i.Number > after && i.State == vault.Pending && !i.Due.After(b.now) && len(want) < 5 {
						want = append(want, i)
					}
				}
				got, err := b.Pending(r.Context(), after, 5)
				must(r, err)
				if len(got) != len(want) {
					r.Fatalf("pending after %d: %d items, want %d", after, len(got), len(want))
				}
				for n := range got {
					if got[n].Number != want[n].Number || !bytes.Equal(got[n].Body, want[n].Body) {
						r.Fatalf("pending %d: %d %q, want %d %q", n, got[n].Number, got[n].Body, want[n].Number, want[n].Body)
					}
				}
				have, err := b.InboxCounts(r.Context())
				must(r, err)
				maps.DeleteFunc(have, func(_ string, n int64) bool { return n == 0 })
				if !maps.Equal(have, counts) {
					r.Fatalf("counts %v, want %v", have, counts)
				}
			},
		})
	})
}

func numbers(t tester, items []vault.Item, want ...int64) {
	t.Helper()
	got := []int64{}
	for _, i := range items {
		got = append(got, i.Number)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("numbers %v, want %v", got, want)
	}
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
