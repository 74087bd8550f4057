// Package shared divides stock among SKUs that are made of the same units: single SKUs that are listed themselves, and bundles of
// them. It says how many units of each SKU its own listings may hold together, so that all listings of all of them never hold more
// than there is.
//
// # The rule
//
// A listing's exposure is an upper bound of what can still be sold there or was sold unseen (package exposure). For every component
//
//	Σ over SKUs that take it: units in one of the SKU × Σ exposure of the SKU's listings  ≤  available of the component
//
// A sale moves units from "listed" to "sold unseen", which leaves that sum as it is; when it is seen, both sides fall by the same
// units. So only a raise can break it. Divide gives each SKU what its listings hold already, less what others need of it, and more
// only of what the rule leaves free; package exposure then raises no listing of a SKU beyond what Divide gave it. Units that a SKU is
// to give up stay with it until its listings were lowered and that is confirmed: until then nobody else is given them. All SKUs that
// are joined by components are divided at one moment, from one state.
//
// While it is not known what the listings of a SKU hold, nobody who shares a component with it is given more.
package shared

import (
	"maps"
	"slices"

	"github.com/creatorflow/creatorflow/domain/exposure"
)

// Member is a SKU that takes units of components; a component that is sold by itself takes one of itself.
type Member struct {
	Takes  map[string]int // by component, in one unit of the SKU
	Held   int            // the sum of its listings' exposures
	Known  bool           // all of them are
	Sells  bool           // some of them can be raised
	Weight int            // its share of the sales; below 1 counts as 1
}

// Share is a member's part of the stock.
type Share struct {
	Units int    // that its listings may hold together
	Give  int    // of these, that others need: its listings are to be lowered
	Waits string // a SKU that shares a component and of which nobody knows what is listed: until that is known no more is given
}

// Divide says what each member's share is, by what is available of each component.
func Divide(available map[string]int, members map[string]Member) map[string]Share {
	d := dividing{available: available, members: members, names: slices.Sorted(maps.Keys(members)), takers: map[string][]string{}}
	for _, name := range d.names {
		for component := range members[name].Takes {
			d.takers[component] = append(d.takers[component], name)
		}
	}
	d.targets = d.fair()
	d.free = d.left()
	d.shares = map[string]Share{}
	for _, name := range d.names {
		m, to := members[name], d.targets[name]
		switch {
		case !m.Known: // nothing of it is raised, whatever it may hold
			d.shares[name] = Share{Units: most(m, available)}
		case m.Held > to && d.broken(m):
			d.shares[name] = Share{Units: to}
		case m.Held < to && m.Sells:
			more := min(to-m.Held, most(m, d.free))
			d.shares[name] = Share{Units: m.Held + more}
			take(d.free, m, more)
		default:
			d.shares[name] = Share{Units: m.Held}
		}
	}
	giving, wanted := false, d.wanted()
	for _, name := range d.names {
		if m, to := members[name], d.targets[name]; m.Known && d.shares[name].Units > to && wanted.some(m) {
			d.shares[name], giving = Share{Units: m.Held, Give: m.Held - to}, true
		}
	}
	if !giving {
		d.rest()
	}
	for name, share := range d.shares {
		share.Waits = d.waits(name)
		d.shares[name] = share
	}
	return d.shares
}

// waits is the first SKU in whose place nobody knows what is free of a component; of one that is not known itself there is none.
func (d *dividing) waits(name string) (first string) {
	for component := range d.members[name].Takes {
		if u := d.unknown[component]; d.members[name].Known && u != "" && (first == "" || u < first) {
			first = u
		}
	}
	return first
}

// rest gives out what nobody lacks much enough for others to give up theirs, so that nothing lies idle.
func (d *dividing) rest() {
	for _, single := range []bool{true, false} {
		for _, name := range d.names {
			if m := d.members[name]; m.Known && m.Sells && m.single(name) == single {
				more := most(m, d.free)
				d.shares[name] = Share{Units: d.shares[name].Units + more}
				take(d.free, m, more)
			}
		}
	}
}

// single says that a SKU is a component that is sold by itself.
func (m Member) single(name string) bool { return len(m.Takes) == 1 && m.Takes[name] == 1 }

type dividing struct {
	available map[string]int
	members   map[string]Member
	names     []string
	takers    map[string][]string // by component: who takes it, in the order of names
	targets   map[string]int
	free      map[string]int    // units of each component that the rule leaves to give
	unknown   map[string]string // by component: a SKU that takes it and is not known, the first of them
	shares    map[string]Share
}

// most is how many units of a member some units of components suffice for.
func most(m Member, of map[string]int) int {
	units := -1
	for component, n := range m.Takes {
		if k := max(0, of[component]) / n; units < 0 || k < units {
			units = k
		}
	}
	return max(0, units)
}

func take(from map[string]int, m Member, units int) {
	for component, n := range m.Takes {
		from[component] -= n * units
	}
}

// fair is what each member should hold: of each component a share by weight, of a bundle as many as the scarcest share suffices for.
// What that leaves over goes to the component itself, and then to whoever it suffices for. What cannot be raised, and so cannot
// be lowered either, keeps what it has.
func (d *dividing) fair() map[string]int {
	left, targets := maps.Clone(d.available), map[string]int{}
	for _, name := range d.names {
		if m := d.members[name]; !m.Sells {
			targets[name] = m.Held
			take(left, m, m.Held)
		}
	}
	share := map[string]map[string]int{} // by member and component
	for component, units := range left {
		var takers []string
		var weights []int
		for _, name := range d.takers[component] {
			if m := d.members[name]; m.Sells {
				takers, weights = append(takers, name), append(weights, m.Takes[component]*max(1, m.Weight))
			}
		}
		for i, n := range exposure.Split(units, weights, make([]int, len(weights))) {
			if share[takers[i]] == nil {
				share[takers[i]] = map[string]int{}
			}
			share[takers[i]][component] = n
		}
	}
	give := func(name string, units int) {
		targets[name] += units
		take(left, d.members[name], units)
	}
	for name, of := range share {
		give(name, most(d.members[name], of))
	}
	for _, single := range []bool{true, false} {
		for _, name := range d.names {
			if m := d.members[name]; m.Sells && m.single(name) == single {
				give(name, most(m, left))
			}
		}
	}
	return targets
}

// left is what is free of each component; nothing of one that somebody holds an unknown number of.
func (d *dividing) left() map[string]int {
	free := maps.Clone(d.available)
	for _, m := range d.members {
		take(free, m, m.Held)
	}
	d.unknown = map[string]string{}
	for _, name := range slices.Backward(d.names) {
		for component := range d.members[name].Takes {
			if !d.members[name].Known {
				free[component], d.unknown[component] = min(0, free[component]), name
			}
		}
	}
	return free
}

// broken says that more is listed than there is of something that a member takes.
func (d *dividing) broken(m Member) bool {
	for component := range m.Takes {
		if d.free[component] < 0 {
			return true
		}
	}
	return false
}

// wants are components of which somebody needs units that others have beyond their share.
type wants map[string]bool

// some says that a member takes one of them.
func (w wants) some(m Member) bool {
	for component := range m.Takes {
		if w[component] {
			return true
		}
	}
	return false
}

// wanted finds the components that somebody lacks who is left with half of his own or less, after what was free.
func (d *dividing) wanted() wants {
	w := wants{}
	for component, takers := range d.takers {
		for _, name := range takers {
			other, has, to := d.members[name], d.shares[name].Units, d.targets[name]
			lacks := other.Takes[component] * (to - has)
			w[component] = w[component] || lacks > d.free[component] && other.Known && other.Sells && 2*has <= to
		}
	}
	return w
}
