package bundles_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/domain/bundles"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/inventory/counting"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/projectiontest"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

// shelf is the stock of SKUs, as events make it.
type shelf map[string]inventory.State

func (s shelf) note(sku string, all ...eventlog.Event) {
	for _, e := range all {
		s[sku] = inventory.Receiving().Evolve(s[sku], e)
	}
}

func (s shelf) write(writes []eventlog.Decided) {
	for _, w := range writes {
		s.note(w.Stream.ID, w.Events...)
	}
}

func of(parts ...any) (components []events.Component) {
	for i := 0; i < len(parts); i += 2 {
		components = append(components, events.Component{SKU: parts[i].(string), Quantity: int64(parts[i+1].(int))})
	}
	return components
}

// house has 10 hats and 10 mugs, and a set of a hat and two mugs.
func house() shelf {
	s := shelf{}
	s.note("HAT", events.Received{SKU: "HAT", Quantity: 10})
	s.note("MUG", events.Received{SKU: "MUG", Quantity: 10})
	s.note("GONE", events.Received{SKU: "GONE", Quantity: 1}, events.Adjusted{SKU: "GONE", Delta: -1})
	if err := s.define("SET", of("HAT", 1, "MUG", 2)); err != nil {
		panic(err)
	}
	return s
}

// folded are the stocks that a decision about a bundle sees.
func (s shelf) folded(d bundles.Definition) map[string]inventory.State {
	states := map[string]inventory.State{}
	for _, f := range bundles.Folds("main", d, s[d.SKU]) {
		states[f.Stream.ID] = s[f.Stream.ID]
	}
	return states
}

func (s shelf) define(sku string, components []events.Component) error {
	d := bundles.Definition{SKU: sku, Components: components}
	writes, err := bundles.Define("main", d, s.folded(d))
	s.write(writes)
	return err
}

func TestDefine(t *testing.T) {
	many := make([]any, 0, 42)
	for i := range 21 {
		many = append(many, fmt.Sprint("c", i), 1)
	}
	for _, c := range []struct {
		name       string
		sku        string
		components []events.Component
		no         string // what the refusal says; empty = it is done
	}{
		{"a new SKU", "PAIR", of("HAT", 2), ""},
		{"a SKU of which there is nothing", "GONE", of("HAT", 1, "MUG", 1), ""},
		{"a bundle once more, of others", "SET", of("MUG", 3), ""},
		{"a SKU with stock", "HAT", of("MUG", 1), "HAT is a component of SET"},
		{"a SKU with stock that is in no bundle", "MUG2", of("HAT", 1), "has stock of its own (4 on hand, 0 reserved)"},
		{"of a SKU that nobody has", "PAIR", of("CAP", 1), `no SKU "CAP"`},
		{"of itself", "PAIR", of("PAIR", 1), "made of itself"},
		{"of a bundle", "PAIR", of("SET", 1), "SET is a bundle itself"},
		{"of none of something", "PAIR", of("HAT", 0), "from 1 to 10,000"},
		{"of too many of something", "PAIR", of("HAT", 10_001), "from 1 to 10,000"},
		{"of one SKU twice", "PAIR", of("HAT", 1, "HAT", 1), "each named once"},
		{"of nothing", "PAIR", nil, "1 to 20 SKUs"},
		{"of 21 SKUs", "PAIR", of(many...), "1 to 20 SKUs"},
		{"with a name that is no SKU", "PAIR ", of("HAT", 1), "A SKU is 1 to 100 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := house()
			s.note("MUG2", events.Received{SKU: "MUG2", Quantity: 4})
			err := s.define(c.sku, c.components)
			if c.no != "" {
				if err == nil || !strings.Contains(err.Error(), c.no) {
					t.Errorf("got %v, want %q", err, c.no)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, sku := range []string{"HAT", "MUG"} {
				if got, want := s[sku].Bundles[c.sku], s[c.sku].Components[sku]; got != want {
					t.Errorf("%s is %d times in it and thinks %d", sku, want, got)
				}
			}
			if again := s.define(c.sku, c.components); again != nil || len(s[c.sku].Components) != len(c.components) {
				t.Errorf("the same again: %v, %v", again, s[c.sku])
			}
		})
	}
}

// A bundle that changed since somebody looked, so that not all it was made of is known, is left as it is.
func TestChangedMeanwhile(t *testing.T) {
	s := house()
	d := bundles.Definition{SKU: "SET", Components: of("HAT", 1)}
	seen := s.folded(d)
	delete(seen, "MUG")
	if writes, err := bundles.Define("main", d, seen); !errors.Is(err, bundles.ErrMoved) || len(writes) > 1 {
		t.Errorf("%v, %v", writes, err)
	}
	if _, err := bundles.Dissolve("main", "SET", seen); !errors.Is(err, bundles.ErrMoved) {
		t.Error(err)
	}
	if _, err := bundles.Dissolve("main", "HAT", s); !errors.Is(err, bundles.ErrNone) {
		t.Error(err)
	}
}

// What is a bundle has no stock of its own, and is a SKU like any other once it is dissolved.
func TestNoStockOfItsOwn(t *testing.T) {
	s := house()
	_, received := inventory.Receiving().Decide(s["SET"], inventory.Receive{SKU: "SET", Quantity: 1})
	_, counted := counting.Decider().Decide(s["SET"], counting.Count{SKU: "SET", Counted: 1})
	_, adjusted := inventory.Adjusting().Decide(s["SET"], inventory.Adjust{SKU: "SET", Delta: 1, Reason: "found"})
	for _, err := range []error{received, counted, adjusted} {
		if !errors.Is(err, inventory.ErrBundle) {
			t.Errorf("got %v, want %v", err, inventory.ErrBundle)
		}
	}
	writes, err := bundles.Dissolve("main", "SET", s)
	s.write(writes)
	if err != nil || s["SET"].Shared() || s["HAT"].Shared() || s["MUG"].Shared() {
		t.Errorf("%v: %+v", err, s)
	}
	if _, err := inventory.Receiving().Decide(s["SET"], inventory.Receive{SKU: "SET", Quantity: 1}); err != nil {
		t.Error(err)
	}
}

// basket is an order of a shop whose flow has come to its stock.
type basket struct {
	state orders.State
	ended bool
}

// TestConservation: orders of single SKUs and of bundles that change all the time reserve, ship, release and come back. Nobody gets
// more than there is, nothing is available below zero, and of every SKU there is what came less what left.
func TestConservation(t *testing.T) {
	singles, sets := []string{"a", "b", "c"}, []string{"x", "y"}
	rapid.Check(t, func(t *rapid.T) {
		s, came, left, back := shelf{}, map[string]int64{}, map[string]int64{}, map[string]int64{}
		baskets := map[string]*basket{}
		for _, sku := range singles {
			s.note(sku, events.Received{SKU: sku, Quantity: 6})
			came[sku] = 6
		}
		held := func(o *basket) (map[string]int64, map[string]inventory.State) {
			demand, states := map[string]int64{}, map[string]inventory.State{}
			for _, n := range o.state.Demand() {
				demand[n.SKU], states[n.SKU] = n.Quantity, s[n.SKU]
			}
			return demand, states
		}
		pick := func(t *rapid.T) *basket { return baskets[fmt.Sprint("o", rapid.IntRange(1, 6).Draw(t, "order"))] }
		t.Repeat(map[string]func(*rapid.T){
			"define": func(t *rapid.T) {
				made := rapid.MapOfN(rapid.SampledFrom(append(slices.Clone(singles), sets...)), rapid.Int64Range(0, 3), 1, 3).Draw(t, "made")
				var components []events.Component
				for sku, n := range made {
					components = append(components, events.Component{SKU: sku, Quantity: n})
				}
				_ = s.define(rapid.SampledFrom(sets).Draw(t, "set"), components)
			},
			"dissolve": func(t *rapid.T) {
				writes, _ := bundles.Dissolve("main", rapid.SampledFrom(sets).Draw(t, "set"), s)
				s.write(writes)
			},
			"receive": func(t *rapid.T) {
				sku, n := rapid.SampledFrom(singles).Draw(t, "sku"), rapid.Int64Range(1, 4).Draw(t, "n")
				s.note(sku, events.Received{SKU: sku, Quantity: n})
				came[sku] += n
			},
			"reserve": func(t *rapid.T) {
				id := fmt.Sprint("o", rapid.IntRange(1, 6).Draw(t, "order"))
				o := baskets[id]
				if o == nil {
					o = &basket{}
					placed := orderevents.Placed{Order: id}
					for range rapid.IntRange(1, 2).Draw(t, "lines") {
						placed.Lines = append(placed.Lines, orderevents.Line{Quantity: rapid.Int64Range(1, 2).Draw(t, "units")})
						o.state.SKUs = append(o.state.SKUs, rapid.SampledFrom(append(slices.Clone(singles), sets...)).Draw(t, "line"))
					}
					o.state.Placed = placed
					baskets[id] = o
				}
				if o.ended {
					t.Skip("it is over")
				}
				demand, states := held(o)
				if e := bundles.Explode(o.state, demand, states); e != nil {
					o.state = orders.Observing().Evolve(o.state, *e)
					demand, states = held(o)
				}
				if e := bundles.Explode(o.state, demand, states); e != nil && !slices.ContainsFunc(o.state.Bundles, func(b orderevents.Bundle) bool { return b.SKU == e.Bundles[0].SKU }) {
					t.Fatalf("there is more to explode of %+v: %+v", o.state, e)
				}
				writes, short := inventory.Reserve("main", id, 1, demand, states)
				if len(short) > 0 && len(writes) > 0 {
					t.Fatalf("%v are reserved although %v is short", writes, short)
				}
				s.write(writes)
			},
			"ship": func(t *rapid.T) {
				if o := pick(t); o != nil && !o.ended {
					demand, states := held(o)
					writes := inventory.Ship("main", o.state.Placed.Order, 1, states)
					s.write(writes)
					if o.ended = len(writes) > 0; o.ended {
						for sku, n := range demand {
							left[sku] += n
						}
					}
				}
			},
			"release": func(t *rapid.T) {
				if o := pick(t); o != nil && !o.ended {
					_, states := held(o)
					s.write(inventory.Release("main", o.state.Placed.Order, 1, "cancelled", states))
					o.ended = true
				}
			},
			"come back": func(t *rapid.T) {
				sku := rapid.SampledFrom(singles).Draw(t, "sku")
				decided, err := inventory.Returning().Decide(s[sku], inventory.Return{SKU: sku, Quantity: 1, Sellable: true})
				if s.note(sku, decided...); err == nil {
					back[sku]++
				}
			},
			"": func(t *rapid.T) {
				for _, sku := range singles {
					st := s[sku]
					if st.Available() < 0 || st.OnHand() != came[sku]-left[sku]+back[sku] {
						t.Fatalf("%s: %d on hand, %d available; %d came, %d left, %d came back", sku, st.OnHand(), st.Available(), came[sku], left[sku], back[sku])
					}
					for set, n := range st.Bundles {
						if s[set].Components[sku] != n {
							t.Fatalf("%s thinks that %s takes %d of it, which is made of %v", sku, set, n, s[set].Components)
						}
					}
				}
				for _, set := range sets {
					if st := s[set]; st.OnHand() != 0 || st.Reserved != 0 {
						t.Fatalf("the bundle %s has %d on hand, %d reserved", set, st.OnHand(), st.Reserved)
					}
				}
			},
		})
	})
}

// TestView: what the views know of bundles, whatever batches they are folded in, and what they come to.
func TestView(t *testing.T) {
	var log projectiontest.Tape
	versions := map[string]eventlog.Version{}
	happens := func(sku string, e eventlog.Event) {
		versions[sku]++
		log = append(log, eventlog.Record{
			Position: eventlog.Position(len(log) + 1), Stream: events.Stream("main", sku), Version: versions[sku], At: time.Unix(int64(len(log)), 0).UTC(), Event: e,
		})
	}
	s := shelf{}
	does := func(writes []eventlog.Decided, err error) {
		if err != nil {
			t.Fatal(err)
		}
		s.write(writes)
		for _, w := range writes {
			for _, e := range w.Events {
				happens(w.Stream.ID, e)
			}
		}
	}
	for sku, n := range map[string]int64{"HAT": 7, "MUG": 9, "CAP": 1} {
		e := events.Received{SKU: sku, Quantity: n, Name: strings.ToLower(sku)}
		s.note(sku, e)
		happens(sku, e)
	}
	for _, d := range []bundles.Definition{
		{SKU: "SET", Name: "hat and mugs", Components: of("HAT", 1, "MUG", 2, "CAP", 1)}, {SKU: "PAIR", Components: of("HAT", 2)}, {SKU: "SET", Components: of("HAT", 1, "MUG", 4)},
	} {
		does(bundles.Define("main", d, s.folded(d)))
	}
	does(bundles.Define("main", bundles.Definition{SKU: "OLD", Components: of("CAP", 1)}, s.folded(bundles.Definition{SKU: "OLD", Components: of("CAP", 1)})))
	does(bundles.Dissolve("main", "OLD", s))
	happens("MUG", events.Reserved{SKU: "MUG", Order: "o", Attempt: 1, Quantity: 1})

	var sums [2][][32]byte
	for i, batch := range []int{2, 1000} {
		views := storagetest.New(t).Views()
		ctx, cancel := context.WithCancel(t.Context())
		runner := projection.NewRunner(log, views, []projection.Projection{inventory.View{}, bundles.View{}}, projection.Options{MaxBatch: batch})
		var running sync.WaitGroup
		running.Go(func() { _ = runner.Run(ctx) })
		if err := runner.WaitFor(ctx, log.Head().Position); err != nil {
			t.Fatal(err)
		}
		cancel()
		running.Wait()
		var topics []string
		err := views.Write(t.Context(), func(tx projection.Tx, at []projection.Checkpoint) (_ []projection.Checkpoint, err error) {
			topics, err = bundles.View{}.Apply(t.Context(), tx, log[len(log)-1:]) // a mug is promised
			return at, err
		})
		if err != nil || !slices.Equal(topics, []string{"stock/SET"}) {
			t.Errorf("told %v, %v; want that the set has changed", topics, err)
		}
		if sums[i], _, err = views.Hashes(t.Context(), append(inventory.View{}.Tables(), bundles.View{}.Tables()...)); err != nil {
			t.Fatal(err)
		}
		if err := views.Read(t.Context(), func(r projection.Reader) error { return shown(t, r) }); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(sums[0], sums[1]) {
		t.Error("batches of 2 and of 1000 records leave other rows")
	}
}

// shown compares what is read of these bundles.
func shown(t *testing.T, r projection.Reader) error {
	now := time.Unix(100, 0)
	parts, err := bundles.Of(t.Context(), r, "SET", now)
	if err != nil {
		return err
	}
	if len(parts) != 2 || parts[0].SKU != "HAT" || parts[1].Quantity != 4 || parts[1].Name != "mug" || bundles.Available(parts) != 2 {
		t.Errorf("the set is made of %+v, there are %d", parts, bundles.Available(parts))
	}
	in, err := bundles.Using(t.Context(), r, "HAT")
	if err != nil {
		return err
	}
	if want := []bundles.Part{{Bundle: "PAIR", SKU: "HAT", Quantity: 2}, {Bundle: "SET", SKU: "HAT", Quantity: 1}}; !slices.Equal(in, want) {
		t.Errorf("a hat is in %v, want %v", in, want)
	}
	if none, err := bundles.Using(t.Context(), r, "CAP"); err != nil || len(none) > 0 {
		t.Errorf("a cap is in %v, %v", none, err)
	}
	n := 0
	if err := bundles.Each(t.Context(), r, func(bundles.Part) { n++ }); err != nil || n != 3 {
		t.Errorf("%d parts in all, %v", n, err)
	}
	set, _, err := inventory.Find(t.Context(), r, "SET", now)
	if err != nil || set.Name != "hat and mugs" || set.OnHand != 0 || set.Watch != 0 {
		t.Errorf("the set's row is %+v", set)
	}
	entries, _, err := inventory.Ledger(t.Context(), r, "SET", 0, 10)
	if len(entries) != 2 || entries[0].Kind != "bundled" || entries[0].Reason != "1 × HAT, 4 × MUG" {
		t.Errorf("its ledger is %+v", entries)
	}
	return err
}
