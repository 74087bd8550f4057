package inventory

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/eventlog"
)

// after folds events into a SKU's state.
func after(all ...eventlog.Event) State {
	var s State
	for _, e := range all {
		s = evolve(s, e)
	}
	return s
}

func TestRules(t *testing.T) {
	ten := events.Received{SKU: "a", Quantity: 10}
	reserved := events.Reserved{SKU: "a", Order: "o", Attempt: 1, Quantity: 4}
	shipped := events.Shipped{SKU: "a", Order: "o", Attempt: 1, Quantity: 4}
	receive := func(c Receive) func(State) ([]eventlog.Event, error) {
		return func(s State) ([]eventlog.Event, error) { return Receiving().Decide(s, c) }
	}
	adjust := func(delta int64, reason string) func(State) ([]eventlog.Event, error) {
		return func(s State) ([]eventlog.Event, error) {
			return Adjusting().Decide(s, Adjust{SKU: "a", Delta: delta, Reason: reason})
		}
	}
	back := func(n int64, sellable bool) func(State) ([]eventlog.Event, error) {
		return func(s State) ([]eventlog.Event, error) {
			return Returning().Decide(s, Return{SKU: "a", Order: "o", Quantity: n, Sellable: sellable})
		}
	}
	tests := []struct {
		name  string
		state State
		do    func(State) ([]eventlog.Event, error)
		want  string // the event, else the beginning of the refusal
		no    bool
	}{
		{"receive", State{}, receive(Receive{SKU: "a", Quantity: 3, Name: "A", Reason: "r"}), "{a 3 A r }", false},
		{"receive no SKU", State{}, receive(Receive{Quantity: 3}), ErrSKU.Error(), true},
		{"receive a SKU with a space at its end", State{}, receive(Receive{SKU: "a ", Quantity: 3}), ErrSKU.Error(), true},
		{"receive a SKU of 101 bytes", State{}, receive(Receive{SKU: strings.Repeat("a", 101), Quantity: 3}), ErrSKU.Error(), true},
		{"receive a SKU that no stream can have", State{}, receive(Receive{SKU: "a\x00", Quantity: 3}), ErrSKU.Error(), true},
		{"receive nothing", State{}, receive(Receive{SKU: "a"}), ErrQuantity.Error(), true},
		{"receive less than nothing", State{}, receive(Receive{SKU: "a", Quantity: -1}), ErrQuantity.Error(), true},
		{"receive too much", State{}, receive(Receive{SKU: "a", Quantity: MaxUnits + 1}), ErrQuantity.Error(), true},
		{"receive too much together", after(ten), receive(Receive{SKU: "a", Quantity: MaxUnits - 9}), ErrTooMuch.Error(), true},
		{"receive with an endless note", State{}, receive(Receive{SKU: "a", Quantity: 1, Reason: strings.Repeat("é", 201)}), ErrText.Error(), true},
		{"receive with an endless name", State{}, receive(Receive{SKU: "a", Quantity: 1, Name: strings.Repeat("n", 301)}), ErrText.Error(), true},

		{"adjust down", after(ten), adjust(-10, "count"), "{a -10 count }", false},
		{"adjust up", after(ten), adjust(5, "found"), "{a 5 found }", false},
		{"adjust below what is promised", after(ten, reserved), adjust(-8, "damage"), "{a -8 damage }", false},
		{"adjust below nothing", after(ten), adjust(-11, "count"), "Only 10 on hand", true},
		{"adjust upwards while below nothing", after(ten, reserved, events.Adjusted{SKU: "a", Delta: -10}, shipped), adjust(1, "count"), "{a 1 count }", false},
		{"adjust by nothing", after(ten), adjust(0, "count"), ErrDelta.Error(), true},
		{"adjust by far too much", after(ten), adjust(-MaxUnits-1, "count"), ErrDelta.Error(), true},
		{"adjust out of range", after(ten), adjust(MaxUnits-9, "count"), ErrTooMuch.Error(), true},
		{"adjust without a reason", after(ten), adjust(-1, " "), ErrReason.Error(), true},
		{"adjust with an endless reason", after(ten), adjust(-1, strings.Repeat("é", 201)), ErrReason.Error(), true},
		{"adjust what is not known", State{}, adjust(1, "count"), ErrUnknown.Error(), true},

		{"sellable back", after(ten, reserved, shipped), back(4, true), "{a o 4 true  }", false},
		{"damaged back", after(ten, reserved, shipped), back(4, false), "{a o 4 false  }", false},
		{"more back than was shipped", after(ten, reserved, shipped), back(5, true), "Only 4 were shipped", true},
		{"more back than was shipped, damaged ones counted", after(ten, reserved, shipped, events.Returned{SKU: "a", Quantity: 3}), back(2, true), "Only 4 were shipped and 3", true},
		{"nothing back", after(ten, reserved, shipped), back(0, true), ErrQuantity.Error(), true},
		{"back of what is not known", State{}, back(1, true), ErrUnknown.Error(), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			decided, err := test.do(test.state)
			var refusal eventlog.Refusal
			switch {
			case test.no && (!errors.As(err, &refusal) || !strings.HasPrefix(err.Error(), test.want) || decided != nil):
				t.Errorf("got %v, %v; want the refusal %q", decided, err, test.want)
			case !test.no && (err != nil || len(decided) != 1 || fmt.Sprint(decided[0]) != test.want):
				t.Errorf("got %v, %v; want %s", decided, err, test.want)
			}
		})
	}
}

func TestReserveAllOrNothing(t *testing.T) {
	states := map[string]State{
		"a": after(events.Received{SKU: "a", Quantity: 5}),
		"b": after(events.Received{SKU: "b", Quantity: 5}, events.Reserved{SKU: "b", Order: "other", Attempt: 1, Quantity: 4}),
	}
	writes, short := Reserve("main", "o", 1, map[string]int64{"a": 5, "b": 2, "c": 1}, states)
	if want := []Short{{SKU: "b", Need: 2, Available: 1}, {SKU: "c", Need: 1}}; len(writes) != 0 || !slices.Equal(short, want) {
		t.Errorf("got %v, %v; want nothing reserved and %v", writes, short, want)
	}
	writes, short = Reserve("main", "o", 1, map[string]int64{"a": 5, "b": 1}, states)
	if len(writes) != 2 || len(short) != 0 {
		t.Fatalf("got %v, %v; want both reserved", writes, short)
	}
	for _, w := range writes {
		states[w.Stream.ID] = evolve(states[w.Stream.ID], w.Events[0])
	}
	if again, short := Reserve("main", "o", 1, map[string]int64{"a": 5, "b": 1}, states); len(again) != 0 || len(short) != 0 {
		t.Errorf("the same attempt again: %v, %v; want nothing", again, short)
	}
	if other, short := Reserve("main", "p", 1, map[string]int64{"a": 1}, states); len(other) != 0 || len(short) != 1 {
		t.Errorf("another order: %v, %v; want it short", other, short)
	}
	for _, w := range Release("main", "o", 1, "cancelled", states) {
		states[w.Stream.ID] = evolve(states[w.Stream.ID], w.Events[0])
	}
	if again := Release("main", "o", 1, "cancelled", states); len(again) != 0 {
		t.Errorf("released twice: %v", again)
	}
	if late := Ship("main", "o", 1, states); len(late) != 0 {
		t.Errorf("shipped what was released: %v", late)
	}
	if got := states["a"].Available(); got != 5 {
		t.Errorf("got %d available after the release, want 5", got)
	}
}

// ledgerModel is stock as a person would keep it: a list per cause.
type ledgerModel struct {
	states                              map[string]State
	received, shipped, adjusted, resold map[string]int64
	held                                map[string]map[string]int64 // by order, by SKU
	done                                map[string]bool             // orders that shipped or were released
}

// Conservation, and no reservation ever takes available below zero, under any sequence of commands.
func TestConservation(t *testing.T) {
	skus := []string{"a", "b", "c"}
	rapid.Check(t, func(t *rapid.T) {
		m := ledgerModel{
			states: map[string]State{}, received: map[string]int64{}, shipped: map[string]int64{}, adjusted: map[string]int64{},
			resold: map[string]int64{}, held: map[string]map[string]int64{}, done: map[string]bool{},
		}
		one := func(sku string, decided []eventlog.Event, err error) bool {
			for _, e := range decided {
				m.states[sku] = evolve(m.states[sku], e)
			}
			return err == nil
		}
		several := func(writes []eventlog.Decided) {
			for _, w := range writes {
				m.states[w.Stream.ID] = evolve(m.states[w.Stream.ID], w.Events[0])
			}
		}
		sku := func(t *rapid.T) string { return rapid.SampledFrom(skus).Draw(t, "sku") }
		order := func(t *rapid.T) string { return fmt.Sprint("o", rapid.IntRange(1, 5).Draw(t, "order")) }
		counted := false // a count may take available below zero
		t.Repeat(map[string]func(*rapid.T){
			"receive": func(t *rapid.T) {
				s, n := sku(t), rapid.Int64Range(-1, 9).Draw(t, "n")
				decided, err := Receiving().Decide(m.states[s], Receive{SKU: s, Quantity: n})
				if one(s, decided, err) {
					m.received[s] += n
				}
			},
			"adjust": func(t *rapid.T) {
				s, n := sku(t), rapid.Int64Range(-4, 4).Draw(t, "n")
				decided, err := Adjusting().Decide(m.states[s], Adjust{SKU: s, Delta: n, Reason: "count"})
				if one(s, decided, err) {
					m.adjusted[s] += n
					counted = counted || m.states[s].Available() < 0
				}
			},
			"return": func(t *rapid.T) {
				s, n, sellable := sku(t), rapid.Int64Range(1, 3).Draw(t, "n"), rapid.Bool().Draw(t, "sellable")
				decided, err := Returning().Decide(m.states[s], Return{SKU: s, Quantity: n, Sellable: sellable})
				if one(s, decided, err) && sellable {
					m.resold[s] += n
				}
			},
			"reserve": func(t *rapid.T) {
				o := order(t)
				if m.done[o] {
					t.Skip("a flow reserves once")
				}
				demand := rapid.MapOfN(rapid.SampledFrom(skus), rapid.Int64Range(1, 5), 1, 3).Draw(t, "demand")
				if m.held[o] != nil {
					demand = m.held[o]
				}
				before := maps.Clone(m.states)
				writes, short := Reserve("main", o, 1, demand, m.states)
				several(writes)
				switch {
				case len(short) > 0 && len(writes) > 0:
					t.Fatalf("reserved %v although short of %v", writes, short)
				case len(short) == 0:
					m.held[o] = demand
				}
				for _, w := range writes {
					if m.states[w.Stream.ID].Available() < 0 {
						t.Fatalf("%s went from %d to %d available", w.Stream.ID, before[w.Stream.ID].Available(), m.states[w.Stream.ID].Available())
					}
				}
			},
			"release": func(t *rapid.T) {
				o := order(t)
				several(Release("main", o, 1, "", m.states))
				m.done[o] = m.done[o] || m.held[o] != nil
				delete(m.held, o)
			},
			"ship": func(t *rapid.T) {
				o := order(t)
				several(Ship("main", o, 1, m.states))
				for s, n := range m.held[o] {
					m.shipped[s] += n
				}
				m.done[o] = m.done[o] || m.held[o] != nil
				delete(m.held, o)
			},
			"": func(t *rapid.T) {
				for _, s := range skus {
					st := m.states[s]
					if want := m.received[s] - m.shipped[s] + m.adjusted[s] + m.resold[s]; st.OnHand() != want {
						t.Fatalf("%s: %d on hand, want %d", s, st.OnHand(), want)
					}
					var reserved int64
					for _, held := range m.held {
						reserved += held[s]
					}
					if st.Reserved != reserved || st.Available() != st.OnHand()-reserved {
						t.Fatalf("%s: %d reserved, %d available; want %d reserved of %d", s, st.Reserved, st.Available(), reserved, st.OnHand())
					}
					if total := st.OnHand() + st.Shipped; st.Available() != total-st.Reserved-st.Shipped {
						t.Fatalf("%s: available is not total − reserved − sold", s)
					}
					if !counted && st.Available() < 0 {
						t.Fatalf("%s: %d available, and no count did it", s, st.Available())
					}
				}
			},
		})
	})
}

func FuzzValidSKU(f *testing.F) {
	for _, s := range []string{"", "a", " a", "a\x00", "\xff", strings.Repeat("é", 50), "tab\t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sku string) {
		_, err := Receiving().Decide(State{}, Receive{SKU: sku, Quantity: 1})
		if (err == nil) != ValidSKU(sku) {
			t.Fatalf("%q: %v", sku, err)
		}
		if ValidSKU(sku) && (len(sku) > 100 || strings.ContainsAny(sku, "\x00\n") || strings.TrimSpace(sku) != sku) {
			t.Fatalf("%q is no SKU", sku)
		}
	})
}
