package exposure

import (
	"cmp"
	"slices"
)

// heaviest is the highest weight that counts, so that units × weight fits into an int.
const heaviest = 1_000_000

// Split divides units by weights, whole, by the largest remainder; of equal remainders the earlier one gets the unit.
// What goes beyond a ceiling (0 = none) goes to the others; what no ceiling admits is left over. Weights below 0 count as 0;
// if none is above 0, all are equal. units ≤ 10¹², len(ceilings) = len(weights).
func Split(units int, weights, ceilings []int) []int {
	shares := make([]int, len(weights))
	open := make([]int, 0, len(weights)) // indexes still below their ceiling
	for i := range weights {
		open = append(open, i)
	}
	weigh := func(i int) int { return min(max(0, weights[i]), heaviest) }
	if !slices.ContainsFunc(open, func(i int) bool { return weigh(i) > 0 }) {
		weigh = func(int) int { return 1 }
	} else {
		open = slices.DeleteFunc(open, func(i int) bool { return weigh(i) == 0 })
	}
	for left := max(0, units); left > 0 && len(open) > 0; {
		split(left, open, weigh, shares)
		// Those above their ceiling get just that, and the rest is divided anew among the others.
		full := slices.ContainsFunc(open, func(i int) bool { return ceilings[i] > 0 && shares[i] > ceilings[i] })
		if !full {
			break
		}
		open = slices.DeleteFunc(open, func(i int) bool {
			if ceilings[i] <= 0 || shares[i] < ceilings[i] {
				return false
			}
			shares[i] = ceilings[i]
			left -= ceilings[i]
			return true
		})
	}
	return shares
}

func split(units int, open []int, weigh func(int) int, shares []int) {
	sum := 0
	for _, i := range open {
		sum += weigh(i)
	}
	rest := units
	for _, i := range open {
		shares[i] = units / sum * weigh(i) // two parts, against overflow
		shares[i] += units % sum * weigh(i) / sum
		rest -= shares[i]
	}
	byRemainder := slices.Clone(open)
	slices.SortStableFunc(byRemainder, func(a, b int) int {
		return cmp.Compare(units%sum*weigh(b)%sum, units%sum*weigh(a)%sum)
	})
	for _, i := range byRemainder[:rest] {
		shares[i]++
	}
}

// Targets is what each connection should be able to sell, in the order of the connections. Read-only ones keep what
// they have, escrow gets shares, and what falls to mirrors all of them list whole.
func (s State) Targets() []int {
	return s.targets(s.mirrors())
}

// Target is what one connection should be able to sell; 0 when there is none of that id.
func (s State) Target(id string) int {
	i := s.index(id)
	if i < 0 {
		return 0
	}
	return s.Targets()[i]
}

func (s State) targets(mirrors []bool) []int {
	targets := make([]int, len(s.Connections))
	pool := max(0, s.Available-s.Give)
	var to, weights, ceilings []int
	for i, c := range s.Connections {
		switch {
		case c.Catalogue:
		case c.Method == ReadOnly && c.Known:
			targets[i] = c.Exposure
			pool = max(0, pool-c.Exposure)
		case c.Method == ReadOnly:
			pool = 0 // whatever it lists comes first
		default:
			to = append(to, i)
		}
	}
	for _, i := range to {
		c := s.Connections[i]
		if keep := min(c.Keep, pool); !mirrors[i] && keep > 0 && (c.Ceiling == 0 || keep < c.Ceiling) {
			targets[i] = keep
			pool -= keep
		}
	}
	for _, i := range to {
		c := s.Connections[i]
		weights, ceilings = append(weights, c.Weight), append(ceilings, max(0, c.Ceiling-targets[i]))
	}
	whole := 0
	for k, share := range Split(pool, weights, ceilings) {
		targets[to[k]] += share
		if mirrors[to[k]] {
			whole += share
		}
	}
	for _, i := range to {
		if c := s.Connections[i]; mirrors[i] {
			targets[i] = max(0, whole-c.Buffer-s.heard())
			if c.Ceiling > 0 {
				targets[i] = min(targets[i], c.Ceiling)
			}
		}
	}
	for i, c := range s.Connections {
		if k := s.index(c.Follows); c.Catalogue && k >= 0 {
			targets[i] = max(0, s.Connections[k].Exposure-s.Connections[k].Heard)
			if mirrors[k] { // whose bound counts a write over a quantity twice until it is settled
				targets[i] = min(targets[i], targets[k])
			}
			if c.Ceiling > 0 {
				targets[i] = min(targets[i], c.Ceiling)
			}
		}
	}
	return targets
}
