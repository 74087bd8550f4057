package inventory

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/domain/events"
	stock "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/verify"
	"github.com/creatorflow/creatorflow/storage/memory"
)

// TestSnapshotBytes holds what a snapshot of schema 1 is. Whoever changes what Evolve or the codec makes
// of these events has to give the codec another Schema: stored snapshots would be taken for right.
func TestSnapshotBytes(t *testing.T) {
	var s State
	for _, e := range []eventlog.Event{
		stock.Received{SKU: "A", Quantity: 500},
		stock.Adjusted{SKU: "A", Delta: -3},
		stock.Reserved{SKU: "A", Order: "tiktok-1:2", Attempt: 1, Quantity: 4},
		stock.Reserved{SKU: "A", Order: "tiktok-1:1", Attempt: 2, Quantity: 1},
		stock.Reserved{SKU: "A", Order: "tiktok-1:1", Attempt: 1, Quantity: 70},
		stock.Reserved{SKU: "A", Order: "tiktok-1:3", Attempt: 1, Quantity: 9},
		stock.Shipped{SKU: "A", Order: "tiktok-1:3", Attempt: 1, Quantity: 9},
		stock.Released{SKU: "A", Order: "tiktok-1:1", Attempt: 1, Quantity: 70},
		stock.Returned{SKU: "A", Quantity: 2, Sellable: true},
		stock.Returned{SKU: "A", Quantity: 5},
	} {
		s = evolve(s, e)
	}
	const want = "02e8071205040a0a04" + "1474696b746f6b2d313a310402" + "1474696b746f6b2d313a320208"
	if got := hex.EncodeToString(encode(s)); got != want || keep.Schema != 1 {
		t.Errorf("got %s of schema %d, want %s of schema 1", got, keep.Schema, want)
	}
	for name, s := range map[string]State{"one": s, "none": {}, "one without promises": {Known: true, Received: MaxUnits, Adjusted: -MaxUnits}} {
		if again, err := decode(encode(s)); err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("%s comes back as %+v, %v; it was %+v", name, again, err, s)
		}
	}
	for _, e := range []eventlog.Event{
		stock.JoinedBundle{SKU: "A", Bundle: "SET", Quantity: 2},
		stock.JoinedBundle{SKU: "A", Bundle: "PAIR", Quantity: 300},
		stock.JoinedBundle{SKU: "A", Bundle: "OLD", Quantity: 1},
		stock.LeftBundle{SKU: "A", Bundle: "OLD"},
	} {
		s = evolve(s, e)
	}
	made := evolve(State{}, stock.Bundled{SKU: "B", Components: []stock.Component{{SKU: "A", Quantity: 2}, {SKU: "Ä", Quantity: 1}}})
	for got, want := range map[string]string{
		hex.EncodeToString(encode(s)):    want + "00" + "04" + "08504149" + "52" + "d804" + "06534554" + "04",
		hex.EncodeToString(encode(made)): "0200000000000000" + "04" + "0241" + "04" + "04c384" + "02" + "00",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	placed := s
	for _, e := range []eventlog.Event{
		stock.Received{SKU: "A", Quantity: 5, Location: "w"},
		stock.Adjusted{SKU: "A", Delta: -1, Reason: "count", Location: "w"},
		stock.Allotted{SKU: "A", Order: "tiktok-1:2", Attempt: 1, From: []stock.Part{{Location: "w", Quantity: 3}, {Quantity: 1}}},
	} {
		placed = evolve(placed, e)
	}
	if got, tail := hex.EncodeToString(encode(placed)), "02"+"0277"+"08"+"01"+"02"+"1474696b746f6b2d313a32"+"02"+"04"+"0277"+"06"+"00"+"02"; !strings.HasSuffix(got, tail) {
		t.Errorf("got %s, want it to end in %s", got, tail)
	}
	waited := placed
	for _, e := range []eventlog.Event{
		stock.Backordered{SKU: "A", Order: "k7:9", Quantity: 3, Placed: time.UnixMicro(5).UTC()},
		stock.Backordered{SKU: "A", Order: "k7:8", Quantity: 1, Placed: time.UnixMicro(7).UTC(), Front: 2},
	} {
		waited = evolve(waited, e)
	}
	was, now := hex.EncodeToString(encode(placed)), hex.EncodeToString(encode(waited))
	const nobody, two = "00", "04" + "086b373a38" + "02" + "0e" + "04" + "086b373a39" + "06" + "0a" + "00" // between the bundles and the locations
	if tail := was[len(hex.EncodeToString(encode(s))):]; !strings.HasPrefix(tail, nobody) || now != strings.TrimSuffix(was, tail)+two+tail[len(nobody):] {
		t.Errorf("got %s, want the queue %s in %s", now, two, was)
	}
	for _, s := range []State{s, made, placed, waited} {
		if again, err := decode(encode(s)); err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("got %+v, %v; it was %+v", again, err, s)
		}
	}
}

// TestSnapshots puts snapshots at versions of random histories: a load that begins with one gives what
// one from the start gives.
func TestSnapshots(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		ctx, cancel := context.WithCancel(context.Background())
		store := memory.NewLog(uuid.New())
		log, err := eventlog.Open(ctx, store, eventlog.Options{
			Decode: events.Decode, Clock: func() time.Time { return time.Unix(1_800_000_000, 0) }, Damaged: func(err error) { r.Error(err) },
		})
		if err != nil {
			r.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- log.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-done; err != nil {
				r.Error(err)
			}
		}()
		order := rapid.SampledFrom([]string{"k:1", "k:2", "k:22", "ü:3", ""})
		units := rapid.Int64Range(0, 5)
		attempt := rapid.IntRange(0, 2)
		history := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) eventlog.Event {
			o, n, q := order.Draw(r, "order"), attempt.Draw(r, "attempt"), units.Draw(r, "units")
			return rapid.SampledFrom([]eventlog.Event{
				stock.Received{SKU: "A", Quantity: q},
				stock.Adjusted{SKU: "A", Delta: q - 3},
				stock.JoinedBundle{SKU: "A", Bundle: "b" + o, Quantity: q + 1},
				stock.LeftBundle{SKU: "A", Bundle: "b" + o},
				stock.Reserved{SKU: "A", Order: o, Attempt: n, Quantity: q},
				stock.Released{SKU: "A", Order: o, Attempt: n, Quantity: q},
				stock.Released{SKU: "A", Order: o, Attempt: n, Quantity: q, Kept: q + 1},
				stock.Shipped{SKU: "A", Order: o, Attempt: n, Quantity: q},
				stock.Returned{SKU: "A", Quantity: q, Sellable: q%2 == 0},
				stock.Received{SKU: "A", Quantity: q, Location: "w"},
				stock.Adjusted{SKU: "A", Delta: q - 3, Location: "s"},
				stock.Moved{SKU: "A", Quantity: q, From: "w", To: "s"},
				stock.Allotted{SKU: "A", Order: o, Attempt: n, From: []stock.Part{{Location: "w", Quantity: q}, {Quantity: 1}}},
				stock.Shipped{SKU: "A", Order: o, Attempt: n, Quantity: q, From: []stock.Part{{Location: "s", Quantity: q}}},
				stock.Backordered{SKU: "A", Order: o, Quantity: q, Placed: time.Unix(q, 5000).UTC(), Front: int64(n)},
				stock.BackorderFirst{SKU: "A", Order: o, Front: q},
				stock.BackorderLeft{SKU: "A", Order: o, Served: q%2 == 0},
			}).Draw(r, "event")
		}), 1, 60).Draw(r, "history")
		stream := stock.Stream("main", "A")
		if _, err := log.Append(ctx, eventlog.Write{Stream: stream, Events: history}); err != nil {
			r.Fatal(err)
		}
		at := make([]State, len(history)+1)
		for i, e := range history {
			copied, err := decode(encode(at[i])) // evolve changes the promises in place
			if err != nil {
				r.Fatal(err)
			}
			at[i+1] = evolve(copied, e)
		}
		fold := Fold("main", "A")
		folds := func(eventlog.Stream) []eventlog.Fold { return []eventlog.Fold{fold} }
		for _, version := range rapid.SliceOfN(rapid.IntRange(1, len(history)), 1, 5).Draw(r, "versions") {
			s := eventlog.Snapshot{Stream: stream, Fold: fold.Name, Schema: keep.Schema, Version: eventlog.Version(version), Data: encode(at[version])}
			s.Guard()
			if err := store.PutSnapshot(ctx, s); err != nil {
				r.Fatal(err)
			}
			got, err := log.Fold(ctx, fold)
			if err != nil {
				r.Fatal(err)
			}
			whole := fold
			whole.Keep = nil
			want, err := log.Fold(ctx, whole)
			if err != nil {
				r.Fatal(err)
			}
			if got.Version != want.Version || !bytes.Equal(encode(got.Value.(State)), encode(want.Value.(State))) {
				r.Fatalf("from version %d: %+v, from the start: %+v", version, got, want)
			}
			if n, err := verify.Snapshots(ctx, log, store, folds); err != nil || n != 1 {
				r.Fatalf("%d snapshots are proven, %v; want 1", n, err)
			}
			s.Data = encode(State{Known: true, Received: -1})
			s.Guard()
			if err := store.PutSnapshot(ctx, s); err != nil {
				r.Fatal(err)
			}
			if _, err := verify.Snapshots(ctx, log, store, folds); !errors.Is(err, eventlog.ErrCorrupt) {
				r.Fatalf("a snapshot that says something else is proven at version %d: %v", version, err)
			}
		}
	})
}

// FuzzSnapshot feeds the codec what a disk may make of a snapshot.
func FuzzSnapshot(f *testing.F) {
	s := State{Known: true, Received: 7, Open: map[Attempt]int64{}}
	for n := range 3 {
		s.Open[Attempt{Order: fmt.Sprint("k:", n), Number: n}] = int64(n)
	}
	f.Add(encode(s))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decode(data)
		if err != nil {
			return
		}
		if again, err := decode(encode(s)); err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("%+v comes back as %+v, %v", s, again, err)
		}
	})
}
