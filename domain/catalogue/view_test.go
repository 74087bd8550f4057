package catalogue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

// hall is a log with the view of what shops list.
type hall struct {
	*testing.T
	log    *eventlog.Log
	views  projection.Store
	runner *projection.Runner
}

func newHall(t *testing.T) *hall {
	t.Helper()
	place := storagetest.New(t)
	h := &hall{T: t, views: place.Views()}
	var err error
	if h.log, err = eventlog.Open(t.Context(), place.Log(), eventlog.Options{Decode: events.Decode, Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	h.runner = projection.NewRunner(h.log, h.views, []projection.Projection{View{}}, projection.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- h.log.Run(ctx) }()
	go func() { done <- h.runner.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
	})
	return h
}

// tell appends events in one commit, each to a stream of its own.
func (h *hall) tell(list ...eventlog.Event) {
	h.Helper()
	var writes []eventlog.Write
	for _, e := range list {
		s := eventlog.Stream{Workspace: "main", Kind: "test", ID: fmt.Sprintf("%p-%d-%d", h, h.log.Head().Position, len(writes))}
		writes = append(writes, eventlog.Write{Stream: s, Events: []eventlog.Event{e}})
	}
	if _, err := h.log.Append(h.Context(), writes...); err != nil {
		h.Fatal(err)
	}
}

func (h *hall) read(do func(r projection.Reader) error) {
	h.Helper()
	if err := errors.Join(h.runner.WaitFor(h.Context(), h.log.Head().Position), h.views.Read(h.Context(), do)); err != nil {
		h.Fatal(err)
	}
}

// Whatever comes in whatever order, the view thinks of each listing what a plan for the whole shop does.
func TestViewSaysWhatAPlanSays(t *testing.T) {
	h := newHall(t)
	rng := rand.New(rand.NewPCG(4, 4))
	words := []string{"A", "a", "B", "b ", "C", "c", "Ｃ", "D E", "de"}
	pick := func() string { return words[rng.IntN(len(words))] }
	seen := map[string]int{}
	for round := range 240 {
		var batch []eventlog.Event
		for range 1 + rng.IntN(1+round%12) { // one alone too, which nothing else happens beside
			connection := "k" + fmt.Sprint(1+rng.IntN(2))
			switch rng.IntN(6) {
			case 0:
				batch = append(batch, shops.Vanished{Connection: connection, Listing: fmt.Sprint(rng.IntN(8))})
			case 1:
				batch = append(batch, shops.Mapped{Connection: connection, Code: pick(), SKU: []string{"A", "B"}[rng.IntN(2)], Import: int64(rng.IntN(2))})
			case 2:
				batch = append(batch, shops.Unmapped{Connection: connection, Code: pick()})
			case 3:
				if sku := pick(); round > 20 || strings.ToLower(sku) == "a" {
					batch = append(batch, stock.Received{SKU: strings.TrimSpace(sku), Quantity: 1})
				}
			default:
				l := shown([]string{"", "", "-"}[rng.IntN(3)] + fmt.Sprint(rng.IntN(8)) + " " + []string{pick(), pick(), "-"}[rng.IntN(3)])
				l.Connection = connection
				batch = append(batch, l)
			}
		}
		if len(batch) > 0 {
			h.tell(batch...)
		}
		h.read(func(r projection.Reader) error {
			for _, connection := range []string{"k1", "k2"} {
				k, before, err := Stands(t.Context(), r, connection)
				if err != nil {
					return err
				}
				var shop []shops.Shown
				for _, l := range before {
					shop = append(shop, l)
				}
				rows, states, _, err := List(t.Context(), r, Filter{Connection: connection, Limit: 200})
				if err != nil {
					return err
				}
				total := int64(0)
				for state, n := range states {
					total += n
					seen[state] += int(n)
				}
				if len(rows) != len(shop) || total != int64(len(rows)) {
					t.Fatalf("round %d: %d rows of %d listings, counted %v", round, len(rows), len(shop), states)
				}
				for _, s := range Plan(shop, k, false) {
					i := slices.IndexFunc(rows, func(row Row) bool { return row.Listing == s.Listing })
					if row := rows[i]; row.Verdict != s.Verdict || row.SKU != s.SKU || row.How != s.How || row.Shown != s.Shown {
						t.Fatalf("round %d: the view thinks of %+v\n%+v %s %s, the plan\n%+v %s %s", round, s.Shown, row.Verdict, row.SKU, row.How, s.Verdict, s.SKU, s.How)
					}
					seen[s.Conflict]++
				}
			}
			return nil
		})
	}
	same, err := projection.Verify(t.Context(), h.log, h.views, []projection.Projection{View{}}, projection.Options{})
	if err != nil || !same.Equal {
		t.Errorf("a rebuild gives other rows: %+v, %v", same, err)
	}
	for _, what := range []string{Mapped, Unmatched, Conflict, NoCode, sameCode, sameSKU, alikeSKU, alikeCode} {
		if seen[what] == 0 {
			t.Errorf("no listing was ever %s: %v", what, seen)
		}
	}
}

func TestList(t *testing.T) {
	h := newHall(t)
	var batch []eventlog.Event
	for i := range 25 {
		batch = append(batch, shown(fmt.Sprintf("%d X-%02d", 100+i, i%20)))
	}
	odd := shown("1 100%_OFF")
	odd.Title, odd.Variant = "Große Lampe", "Rot, L"
	h.tell(append(batch, odd, stock.Received{SKU: "X-07", Quantity: 1})...)
	tests := []struct {
		name string
		f    Filter
		want int
	}{
		{"all", Filter{}, 26},
		{"mapped", Filter{State: Mapped}, 1},
		{"in conflict", Filter{State: Conflict}, 10},
		{"by code", Filter{Text: "x-1"}, 10},
		{"by title", Filter{Text: "große"}, 1},
		{"by variant", Filter{Text: "ROT"}, 1},
		{"by id", Filter{Text: "124"}, 1},
		{"what SQL takes for any text", Filter{Text: "0%_o"}, 1},
		{"what SQL takes for any text, elsewhere", Filter{Text: "x_1"}, 0},
		{"a quote", Filter{Text: "'"}, 0},
		{"state and text", Filter{State: Conflict, Text: "x-00"}, 2},
		{"nothing", Filter{State: NoCode}, 0},
		{"another shop", Filter{Connection: "k9"}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.f.Connection == "" {
				test.f.Connection = "k7"
			}
			test.f.Limit = 4
			h.read(func(r projection.Reader) error {
				var found []string
				for pages := 0; pages == 0 || test.f.After != ""; pages++ {
					rows, _, next, err := List(t.Context(), r, test.f)
					if err != nil {
						return err
					}
					for _, row := range rows {
						found = append(found, row.Code+","+row.Listing)
					}
					if test.f.After = next; pages > 10 {
						t.Fatal("the pages do not end")
					}
				}
				if len(found) != test.want || !slices.IsSorted(found) || len(slices.Compact(slices.Clone(found))) != len(found) {
					t.Errorf("found %d: %v, want %d", len(found), found, test.want)
				}
				return nil
			})
		})
	}
	h.read(func(r projection.Reader) error {
		if _, _, _, err := List(t.Context(), r, Filter{Connection: "k7", After: "x"}); !errors.Is(err, ErrCursor) {
			t.Errorf("a cursor that is none: %v", err)
		}
		return nil
	})
}
