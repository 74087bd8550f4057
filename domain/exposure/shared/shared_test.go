package shared_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/domain/exposure/shared"
)

func single(sku string, held int) shared.Member {
	return shared.Member{Takes: map[string]int{sku: 1}, Held: held, Known: true, Sells: true, Weight: 1}
}

func bundle(held int, takes map[string]int) shared.Member {
	return shared.Member{Takes: takes, Held: held, Known: true, Sells: true, Weight: 1}
}

func TestDivide(t *testing.T) {
	hats, mugs := map[string]int{"HAT": 1}, map[string]int{"HAT": 1, "MUG": 2}
	for _, c := range []struct {
		name      string
		available map[string]int
		members   map[string]shared.Member
		want      map[string]shared.Share
	}{
		{
			"from nothing, half to each",
			map[string]int{"HAT": 10, "MUG": 20},
			map[string]shared.Member{"HAT": single("HAT", 0), "SET": bundle(0, mugs)},
			map[string]shared.Share{"HAT": {Units: 5}, "SET": {Units: 5}},
		},
		{
			"what a bundle cannot use is the component's own",
			map[string]int{"HAT": 10, "MUG": 3},
			map[string]shared.Member{"HAT": single("HAT", 0), "SET": bundle(0, mugs)},
			map[string]shared.Share{"HAT": {Units: 9}, "SET": {Units: 1}},
		},
		{
			"by what sells",
			map[string]int{"HAT": 12, "MUG": 100},
			map[string]shared.Member{"HAT": {Takes: hats, Known: true, Sells: true, Weight: 2}, "SET": bundle(0, mugs)},
			map[string]shared.Share{"HAT": {Units: 8}, "SET": {Units: 4}},
		},
		{
			"one has all, and the other one needs its half",
			map[string]int{"HAT": 10, "MUG": 20},
			map[string]shared.Member{"HAT": single("HAT", 10), "SET": bundle(0, mugs)},
			map[string]shared.Share{"HAT": {Units: 10, Give: 5}, "SET": {}},
		},
		{
			"somebody has enough: nobody gives",
			map[string]int{"HAT": 10, "MUG": 20},
			map[string]shared.Member{"HAT": single("HAT", 7), "SET": bundle(3, mugs)},
			map[string]shared.Share{"HAT": {Units: 7}, "SET": {Units: 3}},
		},
		{
			"what is free goes to who has too little",
			map[string]int{"HAT": 12, "MUG": 20},
			map[string]shared.Member{"HAT": single("HAT", 7), "SET": bundle(2, mugs)},
			map[string]shared.Share{"HAT": {Units: 7}, "SET": {Units: 5}},
		},
		{
			"more is listed than there is",
			map[string]int{"HAT": 6, "MUG": 20},
			map[string]shared.Member{"HAT": single("HAT", 7), "SET": bundle(2, mugs)},
			map[string]shared.Share{"HAT": {Units: 3}, "SET": {Units: 2}},
		},
		{
			"nobody knows what one of them lists",
			map[string]int{"HAT": 10, "MUG": 20},
			map[string]shared.Member{"HAT": single("HAT", 2), "SET": {Takes: mugs, Sells: true}},
			map[string]shared.Share{"HAT": {Units: 2, Waits: "SET"}, "SET": {Units: 10}},
		},
		{
			"a shop that is not written keeps what it lists",
			map[string]int{"HAT": 10, "MUG": 20},
			map[string]shared.Member{"HAT": single("HAT", 0), "SET": {Takes: mugs, Held: 4, Known: true}},
			map[string]shared.Share{"HAT": {Units: 6}, "SET": {Units: 4}},
		},
		{
			"a component that is not listed",
			map[string]int{"HAT": 5},
			map[string]shared.Member{"HAT": {Takes: hats, Known: true}, "PAIR": bundle(0, map[string]int{"HAT": 2}), "TRIO": bundle(0, map[string]int{"HAT": 3})},
			map[string]shared.Share{"HAT": {}, "PAIR": {Units: 1}, "TRIO": {Units: 1}},
		},
		{
			"less than nothing",
			map[string]int{"HAT": -3, "MUG": 20},
			map[string]shared.Member{"HAT": single("HAT", 1), "SET": bundle(1, mugs)},
			map[string]shared.Share{"HAT": {}, "SET": {}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := shared.Divide(c.available, c.members); !maps.Equal(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// family draws components, SKUs that are sold by themselves and bundles of them.
func family(t *rapid.T) (available map[string]int, members map[string]shared.Member) {
	available, members = map[string]int{}, map[string]shared.Member{}
	for i := range rapid.IntRange(1, 4).Draw(t, "components") {
		sku := fmt.Sprint("c", i)
		available[sku] = rapid.IntRange(0, 40).Draw(t, "available")
		members[sku] = shared.Member{Takes: map[string]int{sku: 1}, Known: true, Sells: rapid.Bool().Draw(t, "sells"), Weight: rapid.IntRange(0, 50).Draw(t, "weight")}
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "bundles") {
		takes := rapid.MapOfN(rapid.SampledFrom(slices.Sorted(maps.Keys(available))), rapid.IntRange(1, 4), 1, len(available)).Draw(t, "takes")
		members[fmt.Sprint("b", i)] = shared.Member{Takes: takes, Known: true, Sells: true, Weight: rapid.IntRange(0, 50).Draw(t, "weight")}
	}
	return available, members
}

// excess is by how much the rule is broken at worst.
func excess(available map[string]int, members map[string]shared.Member, units func(name string) int) (worst int) {
	for component, n := range available {
		for name, m := range members {
			n -= m.Takes[component] * units(name)
		}
		worst = min(worst, n)
	}
	return -worst
}

// TestNeverBroken: buyers buy what is listed and are seen later, stock comes, listings are raised to what they may hold and lowered
// when they have to give, late or at once and in any order, and some are not known for a while. Never is more listed or sold unseen
// than there is, and once nothing happens any more nothing is left that could be listed, and nobody is left without his share.
func TestNeverBroken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		available, members := family(t)
		names := slices.Sorted(maps.Keys(members))
		listed := map[string]int{} // of Held the units that no buyer has taken yet; the others are sold unseen
		shares := shared.Divide(available, members)
		hold := func(name string, by int) {
			m := members[name]
			m.Held += by
			members[name] = m
			listed[name] += by
		}
		follow := func(name string) {
			m, share := members[name], shares[name]
			switch to := share.Units - share.Give; {
			case !m.Known || !m.Sells:
			case m.Held < share.Units:
				hold(name, share.Units-m.Held)
			case m.Held > to:
				hold(name, -min(m.Held-to, listed[name]))
			}
		}
		name := func(t *rapid.T) string { return rapid.SampledFrom(names).Draw(t, "name") }
		t.Repeat(map[string]func(*rapid.T){
			"divide": func(*rapid.T) { shares = shared.Divide(available, members) },
			"write":  func(t *rapid.T) { follow(name(t)) }, // by shares that may be old
			"buy":    func(t *rapid.T) { n := name(t); listed[n] -= min(listed[n], rapid.IntRange(1, 3).Draw(t, "units")) },
			"see": func(t *rapid.T) {
				n := name(t)
				m := members[n]
				seen := m.Held - listed[n]
				m.Held -= seen
				members[n] = m
				for component, k := range m.Takes {
					available[component] -= k * seen
				}
				shares = shared.Divide(available, members) // as whoever takes a record in does at once
			},
			"receive": func(t *rapid.T) {
				c := rapid.SampledFrom(slices.Sorted(maps.Keys(available))).Draw(t, "component")
				available[c] += rapid.IntRange(1, 10).Draw(t, "units")
				shares = shared.Divide(available, members)
			},
			"forget": func(t *rapid.T) {
				n := name(t)
				m := members[n]
				m.Known = !m.Known
				members[n] = m
				shares = shared.Divide(available, members)
			},
			"": func(t *rapid.T) {
				if n := excess(available, members, func(name string) int { return members[name].Held }); n > 0 {
					t.Fatalf("the rule is broken by %d units: %v of %v", n, members, available)
				}
				if n := excess(available, members, func(name string) int {
					if m := members[name]; !m.Known { // whatever it may hold it is not raised
						return m.Held
					}
					return max(members[name].Held, shares[name].Units)
				}); n > 0 {
					t.Fatalf("%d units are given out that are not there: %v to %v of %v", n, shares, members, available)
				}
			},
		})
		for name, m := range members {
			m.Known, m.Held = true, listed[name]
			members[name] = m
		}
		for range 4 * len(members) {
			shares = shared.Divide(available, members)
			for _, name := range names {
				follow(name)
			}
			shares = shared.Divide(available, members)
		}
		empty := maps.Clone(members)
		for name, m := range empty {
			if m.Sells {
				m.Held = 0
			}
			empty[name] = m
		}
		fair := shared.Divide(available, empty)
		for name, share := range shares {
			m := members[name]
			if share.Give > 0 || m.Held != share.Units {
				t.Fatalf("%s never comes to rest: %+v with %+v", name, share, m)
			}
			idle := m.Sells
			for component, n := range m.Takes {
				free := available[component]
				for _, other := range members {
					free -= other.Takes[component] * other.Held
				}
				idle = idle && free >= n
			}
			if idle {
				t.Fatalf("there is enough for one more of %s: %v of %v", name, members, available)
			}
			if to := fair[name].Units; m.Sells && to > 0 && 2*m.Held <= to {
				t.Fatalf("%s is left with %d of its %d: %v of %v", name, m.Held, to, members, available)
			}
		}
	})
}
