package exposure

import (
	"encoding/json"
	"flag"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// check runs a property that many times: the default of 100 finds nothing here. Under the race detector a tenth is run.
func check(t *testing.T, cases int, property func(*rapid.T)) {
	t.Helper()
	if raced {
		cases /= 10
	}
	if err := flag.Set("rapid.checks", strconv.Itoa(cases)); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, property)
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// story is a state and the second it has come to.
type story struct {
	*testing.T
	s   State
	sec int
}

func begin(t *testing.T, available int, connections ...Configured) *story {
	st := &story{T: t}
	for _, c := range connections {
		st.tell(c)
	}
	st.tell(Stocked{Available: available})
	return st
}

func (st *story) tell(events ...Event) {
	for _, e := range events {
		st.s = Evolve(st.s, e)
	}
}

// read tells a reading of that quantity that takes a second.
func (st *story) read(id string, quantity int) {
	st.tell(Sent{Action: Action{Connection: id, Kind: Read}, At: at(st.sec)})
	st.tell(Reading{Connection: id, Quantity: quantity, Began: at(st.sec), At: at(st.sec + 1)})
	st.sec += 3
}

func (st *story) list(id string) {
	st.tell(Listed{Connection: id, UpTo: at(st.sec)})
	st.sec++
}

// does asks what is to be done, compares, and sends the writes.
func (st *story) does(want ...Action) {
	st.Helper()
	got := Decide(st.s, at(st.sec))
	for _, a := range got {
		if a.Why == "" {
			st.Errorf("at %d s: %+v gives no reason", st.sec, a)
		}
		if a.Kind != Read && a.Kind != List {
			st.tell(Sent{Action: a, At: at(st.sec)})
		}
	}
	st.sec++
	same := slices.EqualFunc(got, want, func(a, b Action) bool {
		return a.Connection == b.Connection && a.Kind == b.Kind && a.From == b.From && a.To == b.To
	})
	if !same {
		st.Errorf("at %d s: does %+v, want %+v", st.sec-1, got, want)
	}
}

func (st *story) exposure(id string, want int) {
	st.Helper()
	if c, _ := st.s.Find(id); c.Exposure != want || !c.Known {
		st.Errorf("at %d s: the bound of %s is %d (known: %t), want %d", st.sec, id, c.Exposure, c.Known, want)
	}
}

func absolute(id string) Configured {
	return Configured{Connection: id, Settings: Settings{Ability: Ability{Method: Absolute, Ceiling: 99_999}, Policy: Escrow, Weight: 1}}
}

func swaps(id string) Configured {
	return Configured{Connection: id, Settings: Settings{Ability: Ability{Method: CompareAndSwap}, Policy: Escrow, Weight: 1}}
}

// TestZeroFirst is a delivery for one TikTok shop: 10 are listed, 90 come, and 3 are sold meanwhile that we do not know of.
func TestZeroFirst(t *testing.T) {
	st := begin(t, 10, absolute("tt"))
	st.does(Action{Connection: "tt", Kind: Read})
	st.read("tt", 10)
	st.does(Action{Connection: "tt", Kind: List})
	st.list("tt")
	st.exposure("tt", 10)
	st.does()

	st.tell(Stocked{Available: 100})
	st.does(Action{Connection: "tt", Kind: Zero})
	st.tell(Accepted{Connection: "tt", Number: 1, At: at(st.sec)})
	st.exposure("tt", 10)
	st.read("tt", 7) // not there yet
	st.does(Action{Connection: "tt", Kind: Read})
	st.read("tt", 0)
	st.exposure("tt", 10) // three are sold, unseen
	st.does(Action{Connection: "tt", Kind: List})
	st.tell(Sale{Connection: "tt", Units: 3, Created: at(8)})
	st.list("tt")
	st.exposure("tt", 0)
	st.does(Action{Connection: "tt", Kind: Set, To: 97})
	st.exposure("tt", 97)
	st.tell(Accepted{Connection: "tt", Number: 2, At: at(st.sec)})
	st.does(Action{Connection: "tt", Kind: Read}) // accepted is not the effect
	st.read("tt", 97)
	st.list("tt")
	st.does()
	st.tell(Sale{Connection: "tt", Units: 5, Created: at(st.sec)})
	st.exposure("tt", 92)
	st.does() // a sale needs no write
}

// TestUnconfirmed: a 0 that is accepted and never seen keeps its exposure, so the other shop is not raised, however long.
func TestUnconfirmed(t *testing.T) {
	st := begin(t, 10, absolute("a"), absolute("b"))
	st.read("a", 10)
	st.list("a")
	st.read("b", 0)
	st.list("b")
	st.does(Action{Connection: "a", Kind: Zero}) // b should have half
	st.tell(Accepted{Connection: "a", Number: 1, At: at(st.sec)})
	for range 20 {
		st.read("a", 10)
		st.sec += 10
		for _, a := range Decide(st.s, at(st.sec)) {
			if a.Connection == "b" && a.Kind == Set {
				t.Fatalf("b is raised at %d s", st.sec)
			}
			if a.Kind == Zero {
				st.tell(Sent{Action: a, At: at(st.sec)})
			}
		}
		st.exposure("a", 10)
	}
	if c, _ := st.s.Find("a"); c.Number < 3 {
		t.Errorf("0 was written %d times: it should be written again and again", c.Number)
	}
	st.sec++
	st.read("a", 0)
	st.list("a")
	st.does(Action{Connection: "a", Kind: Set, To: 5}, Action{Connection: "b", Kind: Set, To: 5})
}

// TestRestockIsNoEffect: where cancelled units come back by themselves, a quantity above 0 does not show that a raise was made.
func TestRestockIsNoEffect(t *testing.T) {
	shop := absolute("tt")
	shop.Settings.Restocks, shop.Settings.Settle = true, time.Minute
	st := begin(t, 8, shop)
	st.read("tt", 0)
	st.list("tt")
	st.does(Action{Connection: "tt", Kind: Set, To: 8})
	st.read("tt", 2) // put back; the 8 are still to come
	st.list("tt")
	st.exposure("tt", 8)
	st.sec += 60
	st.does(Action{Connection: "tt", Kind: Read})
	st.read("tt", 8)
	st.list("tt")
	st.exposure("tt", 8)
	// A cancellation brings a unit that is listed there already: nobody else may have it before a reading.
	st.tell(Cancelled{Connection: "tt", Units: 2, At: at(st.sec)})
	st.exposure("tt", 10)
	st.does(Action{Connection: "tt", Kind: Read})
}

// TestReadingBesideSwap: what is read while a swap is under way may be from before or after it.
func TestReadingBesideSwap(t *testing.T) {
	st := begin(t, 10, swaps("a"), swaps("b"))
	st.read("a", 10)
	st.list("a")
	st.read("b", 0)
	st.list("b")
	st.does(Action{Connection: "a", Kind: Swap, From: 10, To: 5})
	st.exposure("a", 10)
	st.read("a", 5)
	st.list("a")
	st.exposure("a", 10)
	st.tell(Accepted{Connection: "a", Number: 1, At: at(st.sec)})
	st.exposure("a", 5)
	st.does(Action{Connection: "b", Kind: Swap, From: 0, To: 5})
	st.exposure("b", 5) // from the moment it is sent
	st.tell(Lost{Connection: "b", Number: 1, At: at(st.sec)})
	st.does()
	for tries := range 5 { // the longer the more often
		wake, ok := Wake(st.s, at(st.sec))
		if pause := min(30, 2<<tries) - 1; !ok || wake != at(st.sec+pause) {
			t.Fatalf("after %d tries: wake at %v (%t), want %v", tries, wake, ok, at(st.sec+pause))
		}
		st.sec += min(30, 2<<tries)
		st.does(Action{Connection: "b", Kind: Swap, From: 0, To: 5})
		st.exposure("b", 5)
		st.tell(Lost{Connection: "b", Number: 1, At: at(st.sec)})
		st.sec++
	}
	st.sec += 31
	got := Decide(st.s, at(st.sec))
	if len(got) != 1 || got[0].Number != 1 || got[0].To != 5 {
		t.Errorf("a swap whose answer was lost is sent again under its number: %+v", got)
	}
	st.tell(Refused{Connection: "b", Number: 1, Stale: true, At: at(st.sec)})
	st.exposure("b", 0)
	st.does(Action{Connection: "b", Kind: Read})
}

func TestRefusedZeroWaits(t *testing.T) {
	st := begin(t, 10, absolute("a"))
	st.read("a", 20)
	st.list("a")
	if excess, ok := st.s.Excess(); excess != 10 || !ok {
		t.Errorf("excess %d, %t, want 10", excess, ok)
	}
	st.does(Action{Connection: "a", Kind: Zero})
	st.tell(Refused{Connection: "a", Number: 1, At: at(st.sec)})
	st.exposure("a", 20)
	st.does(Action{Connection: "a", Kind: Read})
	st.read("a", 20)
	st.list("a")
	st.does()
	st.sec += 30
	st.does(Action{Connection: "a", Kind: Zero})
}

// TestHandEdit: what somebody else wrote is seen by a reading; nothing is raised and the listing is brought down.
func TestHandEdit(t *testing.T) {
	st := begin(t, 10, swaps("a"), swaps("b"))
	for _, id := range []string{"a", "b"} {
		st.read(id, 5)
		st.list(id)
	}
	st.read("a", 50)
	st.exposure("a", 50)
	st.list("a")
	st.exposure("a", 50)
	st.does(Action{Connection: "a", Kind: Swap, From: 50, To: 5})
	st.tell(Accepted{Connection: "a", Number: 1, At: at(st.sec)}, Edited{Connection: "b", Quantity: 7, At: at(st.sec)})
	st.exposure("b", 12) // 7 listed, and up to 5 sold before it
	st.does(Action{Connection: "b", Kind: Read})
	// A sale of more than can be: the bound was wrong, and nothing is raised before a reading.
	st.tell(Sale{Connection: "a", Units: 9, Created: at(st.sec)})
	if _, ok := st.s.Excess(); ok {
		t.Error("the bound of a is not known after it was passed")
	}
	st.does(Action{Connection: "a", Kind: Read}, Action{Connection: "b", Kind: Read})
}

// TestLateNews: an order or a cancellation from before the reading was in the quantity read already.
func TestLateNews(t *testing.T) {
	shop := swaps("a")
	shop.Settings.Restocks = true
	st := begin(t, 8, shop)
	st.sec = 10
	st.read("a", 5)
	st.list("a")
	st.exposure("a", 5)
	st.tell(Sale{Connection: "a", Units: 3, Created: at(5)})
	st.exposure("a", 5)
	st.tell(Cancelled{Connection: "a", Units: 3, At: at(6)})
	st.exposure("a", 5)
	st.tell(Cancelled{Connection: "a", Units: 1, At: at(10)}) // perhaps in it, perhaps not
	st.exposure("a", 6)
	if st.s.Available != 9 {
		t.Errorf("available %d, want 9", st.s.Available)
	}
}

// TestReadingCounts: a reading counts when its beginning was told, so that what was sold meanwhile is known, and when it
// is quick.
func TestReadingCounts(t *testing.T) {
	st := begin(t, 8, swaps("a"))
	ask := func() { st.tell(Sent{Action: Action{Connection: "a", Kind: Read}, At: at(st.sec)}) }
	unknown := func(what string) {
		t.Helper()
		st.list("a")
		if c, _ := st.s.Find("a"); c.Known {
			t.Errorf("%s was taken", what)
		}
	}
	st.tell(Reading{Connection: "a", Quantity: 8, Began: at(0), At: at(1)})
	st.sec = 1
	unknown("a reading that was not told of")
	ask()
	st.tell(Reading{Connection: "a", Quantity: 8, Began: at(0), At: at(2)})
	st.sec = 40
	unknown("a reading from before the one that was told of")
	st.tell(Reading{Connection: "a", Quantity: 8, Began: at(2), At: at(39)})
	unknown("a reading of 37 s")
	ask()
	st.tell(Reading{Connection: "a", Quantity: 8, Began: at(st.sec), At: at(st.sec + 1)})
	st.sec += 2
	st.list("a")
	st.exposure("a", 8)
}

func TestReadOnlyComesFirst(t *testing.T) {
	fixed := Configured{Connection: "fixed", Settings: Settings{Ability: Ability{Method: ReadOnly}, Policy: Escrow}}
	st := begin(t, 10, fixed, swaps("b"))
	st.read("b", 0)
	st.list("b")
	st.does(Action{Connection: "fixed", Kind: Read}) // unknown: b gets nothing
	st.read("fixed", 4)
	st.list("fixed")
	st.does(Action{Connection: "b", Kind: Swap, From: 0, To: 6})
}

func TestCatalogueFollows(t *testing.T) {
	shown := Configured{Connection: "ig", Settings: Settings{Ability: Ability{Method: Absolute, Catalogue: true}, Follows: "a"}}
	st := begin(t, 10, swaps("a"), shown)
	st.does(Action{Connection: "a", Kind: Read}) // while nobody knows what the shop lists, the catalogue stays as it is
	st.read("a", 10)
	st.list("a")
	st.does(Action{Connection: "ig", Kind: Set, To: 10})
	st.tell(Accepted{Connection: "ig", Number: 1, At: at(st.sec)})
	st.does()
	st.tell(Sale{Connection: "a", Units: 10, Created: at(st.sec)})
	st.does(Action{Connection: "ig", Kind: Zero})
	st.tell(Accepted{Connection: "ig", Number: 2, At: at(st.sec)})
	st.does()
	if excess, ok := st.s.Excess(); excess != 0 || !ok {
		t.Errorf("a catalogue counts: excess %d, %t", excess, ok)
	}
}

// TestCatalogueFromNothing: what a catalogue was written over a 0 is what it should show, and no somebody's hand.
func TestCatalogueFromNothing(t *testing.T) {
	shown := Configured{Connection: "ig", Settings: Settings{Ability: Ability{Method: Absolute, Catalogue: true}, Follows: "a"}}
	st := begin(t, 50, absolute("a"), shown)
	for _, step := range []struct{ shop, was int }{{0, 0}, {50, 0}} {
		st.read("a", step.shop)
		st.list("a")
		st.read("ig", step.was)
		st.list("ig")
	}
	st.tell(Sent{Action: Action{Connection: "ig", Kind: Set, To: 50, Number: 1}, At: at(st.sec)}, Accepted{Connection: "ig", Number: 1, At: at(st.sec + 1)})
	st.sec += 2
	st.read("ig", 50)
	st.list("ig")
	if c, _ := st.s.Find("ig"); c.Wrong != nil {
		t.Errorf("found wrong %+v", *c.Wrong)
	}
	st.read("ig", 20)
	st.list("ig")
	if c, _ := st.s.Find("ig"); c.Wrong == nil || c.Wrong.Due != 50 {
		t.Errorf("lowered by hand: found wrong %+v, want 20 in place of 50", c.Wrong)
	}
}

// TestCatalogueWritesAgain: where nobody buys, a write whose answer got lost is made again at once, and none waits for a look.
func TestCatalogueWritesAgain(t *testing.T) {
	shown := Configured{Connection: "ig", Settings: Settings{Ability: Ability{Method: Absolute, Catalogue: true, Settle: time.Minute}, Follows: "a"}}
	st := begin(t, 10, swaps("a"), shown)
	st.read("a", 10)
	st.list("a")
	st.does(Action{Connection: "ig", Kind: Set, To: 10})
	st.tell(Lost{Connection: "ig", Number: 1, At: at(st.sec)})
	st.does()
	st.sec += int(breath / time.Second)
	st.does(Action{Connection: "ig", Kind: Set, To: 10})
	st.tell(Sale{Connection: "a", Units: 10, Created: at(st.sec)})
	st.tell(Lost{Connection: "ig", Number: 2, At: at(st.sec)})
	st.sec += int(breath / time.Second)
	st.does(Action{Connection: "ig", Kind: Zero})
}

// TestCatalogueWritesAgainEverLater: a write whose answer is always lost is not made every other second for ever, and each is kept in the log.
func TestCatalogueWritesAgainEverLater(t *testing.T) {
	shown := Configured{Connection: "ig", Settings: Settings{Ability: Ability{Method: Absolute, Catalogue: true, Settle: time.Minute}, Follows: "a"}}
	st := begin(t, 10, swaps("a"), shown)
	st.read("a", 10)
	st.list("a")
	number := 1
	for _, pause := range []time.Duration{breath, 2 * breath, 4 * breath, 8 * breath, patience, patience} {
		st.does(Action{Connection: "ig", Kind: Set, To: 10})
		st.tell(Lost{Connection: "ig", Number: number, At: at(st.sec)})
		st.sec += int(pause/time.Second) - 1
		st.does()
		st.sec++
		number++
	}
	st.does(Action{Connection: "ig", Kind: Set, To: 10})
	st.tell(Accepted{Connection: "ig", Number: number, At: at(st.sec)})
	st.tell(Sale{Connection: "a", Units: 10, Created: at(st.sec)})
	st.does(Action{Connection: "ig", Kind: Zero})
	st.tell(Lost{Connection: "ig", Number: number + 1, At: at(st.sec)})
	st.sec += int(breath / time.Second)
	st.does(Action{Connection: "ig", Kind: Zero})
}

// TestHybrid mirrors far above the threshold and goes back to shares below it.
func TestHybrid(t *testing.T) {
	a, b := swaps("a"), swaps("b")
	a.Settings.Policy, b.Settings.Policy = Hybrid, Hybrid
	st := begin(t, 0, a, b)
	st.tell(Stocked{Available: 200, Rate: 47})
	for _, id := range []string{"a", "b"} {
		st.read(id, 0)
		st.list(id)
	}
	st.does(Action{Connection: "a", Kind: Swap, From: 0, To: 200}, Action{Connection: "b", Kind: Swap, From: 0, To: 200})
	st.tell(Accepted{Connection: "a", Number: 1, At: at(st.sec)}, Accepted{Connection: "b", Number: 1, At: at(st.sec)})
	if d := st.s.Survives(); d < 2*time.Hour || d > 4*time.Hour {
		t.Errorf("survives %v", d)
	}
	if risk := st.s.Risk(3 * time.Hour); risk <= 0 || risk > 1e-5 {
		t.Errorf("risk of three hours: %g", risk)
	}
	if risk := st.s.Risk(8 * time.Hour); risk < 0.99 {
		t.Errorf("risk of eight hours: %g", risk)
	}
	st.tell(Stocked{Available: 85, Rate: 47}) // 47 + 5·√47 + 4 = 85.3
	st.does(Action{Connection: "b", Kind: Swap, From: 200, To: 42}, Action{Connection: "a", Kind: Swap, From: 200, To: 43})
	if d := st.s.Survives(); d > 2*time.Hour || st.s.Risk(3*time.Hour) == 0 {
		t.Errorf("survives %v although every unit is still listed twice", d)
	}
	st.tell(Accepted{Connection: "b", Number: 2, At: at(st.sec)}, Accepted{Connection: "a", Number: 2, At: at(st.sec)})
	if st.s.Survives() != Forever || st.s.Risk(time.Hour) != 0 {
		t.Error("escrow survives everything")
	}
}

// TestHybridWaitsForSwaps: where buyers spoil most swaps, listing less takes so many tries that little is left to mirror.
func TestHybridWaitsForSwaps(t *testing.T) {
	two := func(method Method, rate float64) State {
		c := Connection{Settings: Settings{Ability: Ability{Method: method}, Policy: Hybrid, Weight: 1, Lag: time.Minute}}
		return State{Rate: rate, Outage: time.Minute, Connections: []Connection{c, c}}
	}
	for _, tt := range []struct {
		rate    float64
		minutes float64 // that lowering takes, all but surely
	}{
		{rate: 0.001, minutes: 1},
		{rate: 60, minutes: 7.4},   // a buyer in two minutes: six tries of ten succeed
		{rate: 600, minutes: 1022}, // five in one: of 150 tries one does
	} {
		λ := tt.rate / 60
		if got, want := two(Absolute, tt.rate).Threshold(), λ+5*math.Sqrt(λ)+4; math.Abs(got-want) > 1e-9 {
			t.Errorf("absolute, %g/h: threshold %g, want %g", tt.rate, got, want)
		}
		λ *= tt.minutes
		if got, want := two(CompareAndSwap, tt.rate).Threshold(), λ+5*math.Sqrt(λ)+4; math.Abs(got-want) > want/100 {
			t.Errorf("compare-and-swap, %g/h: threshold %g, want about %g", tt.rate, got, want)
		}
	}
	if got := two(CompareAndSwap, 1e9).Threshold(); math.IsNaN(got) || got < 1e9 {
		t.Errorf("a threshold of %g units where no swap succeeds", got)
	}
}

func TestThreshold(t *testing.T) {
	tests := []struct {
		name    string
		rate    float64
		outage  time.Duration
		lag     time.Duration
		poll    time.Duration
		sellers int
		want    float64
	}{
		{name: "an hour by default", rate: 47, sellers: 2, want: 47 + 5*math.Sqrt(47) + 4},
		{name: "four sellers", rate: 47, sellers: 4, want: 141 + 5*math.Sqrt(141) + 4},
		{name: "one seller", rate: 47, sellers: 1, want: 47 + 5*math.Sqrt(47) + 4},
		{name: "a longer lag", rate: 60, outage: time.Minute, lag: 2 * time.Minute, sellers: 2, want: 2 + 5*math.Sqrt(2) + 4},
		{name: "three polls", rate: 60, outage: time.Minute, poll: time.Minute, sellers: 2, want: 3 + 5*math.Sqrt(3) + 4},
		{name: "nothing sells", sellers: 3, want: 4},
	}
	for _, tt := range tests {
		s := State{Rate: tt.rate, Outage: tt.outage, Available: 100_000}
		for range tt.sellers {
			s.Connections = append(s.Connections, Connection{Known: true, Exposure: 100_000, Settings: Settings{Policy: Mirror, Lag: tt.lag, Poll: tt.poll}})
		}
		s.Connections = append(s.Connections, Connection{Settings: Settings{Ability: Ability{Catalogue: true}}})
		if got := s.Threshold(); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%s: threshold %v, want %v", tt.name, got, tt.want)
		}
		if tt.rate == 0 || tt.sellers < 2 {
			if got := s.Survives(); got != Forever {
				t.Errorf("%s: survives %v", tt.name, got)
			}
			continue
		}
		// The outage a stock survives is the one whose threshold it is.
		s.Available = 500
		s.Outage = s.Survives()
		if got := s.Threshold(); math.Abs(got-500) > 1e-6 {
			t.Errorf("%s: survives %v, whose threshold is %v, not 500", tt.name, s.Outage, got)
		}
	}
}

// TestCatalogueOfAMirror shows no more than the shop is to list while the bound counts a write over a quantity twice.
func TestCatalogueOfAMirror(t *testing.T) {
	s := State{Available: 18, Connections: []Connection{
		{ID: "a", Known: true, Exposure: 19, Settings: Settings{Policy: Mirror, Buffer: 9}},
		{ID: "b", Known: true, Exposure: 9, Settings: Settings{Policy: Mirror, Buffer: 9}},
		{ID: "of a", Settings: Settings{Ability: Ability{Catalogue: true}, Follows: "a"}},
	}}
	if got := s.Targets(); !slices.Equal(got, []int{9, 9, 9}) {
		t.Errorf("targets %v, want 9 each", got)
	}
}

// mirrored is one of two absolute shops that list all of 20 units; the other one sells.
func mirrored(t *testing.T) *story {
	a, b := absolute("a"), absolute("b")
	for _, c := range []*Configured{&a, &b} {
		c.Settings.Policy, c.Settings.Settle = Mirror, time.Minute
	}
	st := begin(t, 20, a, b)
	for _, id := range []string{"a", "b"} {
		st.read(id, 20)
		st.list(id)
	}
	st.does()
	st.tell(Sale{Connection: "b", Units: 1, Created: at(st.sec)})
	st.does(Action{Connection: "a", Kind: Set, To: 19})
	return st
}

// TestMirrorFollowsAtOnce: what others sold is written while the write before it may still come late, one call after the other.
func TestMirrorFollowsAtOnce(t *testing.T) {
	st := mirrored(t)
	st.tell(Sale{Connection: "b", Units: 1, Created: at(st.sec)})
	st.does() // the call is on its way
	st.tell(Accepted{Connection: "a", Number: 1, At: at(st.sec)})
	st.does(Action{Connection: "a", Kind: Set, To: 18})
	st.exposure("a", 20+19+18) // each of them may come after sales that we have not seen
	st.tell(Accepted{Connection: "a", Number: 2, At: at(st.sec)})
	st.sec += 70
	st.does(Action{Connection: "a", Kind: Read})
	st.read("a", 18)
	st.list("a")
	st.exposure("a", 18)
	st.does()
}

// TestMirrorIsWrittenAgain: a write that was accepted and came to nothing is found long before it would have settled.
func TestMirrorIsWrittenAgain(t *testing.T) {
	st := mirrored(t)
	st.tell(Accepted{Connection: "a", Number: 1, At: at(st.sec)})
	st.does()
	st.sec += 10
	st.does(Action{Connection: "a", Kind: Read})
	st.read("a", 20)
	st.does(Action{Connection: "a", Kind: Set, To: 19})
	st.tell(Accepted{Connection: "a", Number: 2, At: at(st.sec)})
	st.sec += 11
	st.does() // a shop that is slow is not asked all the time
	st.sec += 10
	st.does(Action{Connection: "a", Kind: Read})
	st.read("a", 19)
	st.does()
}

// TestMirrorIsReadOnTime: a reading is said to have begun before it was asked for, since clocks differ, and counts all the same.
func TestMirrorIsReadOnTime(t *testing.T) {
	st := mirrored(t)
	st.tell(Accepted{Connection: "a", Number: 1, At: at(st.sec)})
	sent := st.sec - 1
	early := Reading{Connection: "a", Quantity: 20, Began: at(sent - 2), At: at(sent + 12)} // it may be from before the write
	st.tell(Sent{Action: Action{Connection: "a", Kind: Read}, At: early.Began}, early)
	st.sec = sent + 14
	st.does(Action{Connection: "a", Kind: Read})
	st.tell(Sent{Action: Action{Connection: "a", Kind: Read}, At: at(sent + 8)})
	st.tell(Reading{Connection: "a", Quantity: 20, Began: at(sent + 8), At: at(sent + 14)})
	st.does(Action{Connection: "a", Kind: Set, To: 19})
}

// TestFirstWriteIsLookedAt: also that over a 0, on a channel that puts cancelled units back, so that nothing but time settles it.
func TestFirstWriteIsLookedAt(t *testing.T) {
	a, b := absolute("a"), swaps("b")
	a.Settings.Policy, b.Settings.Policy, a.Settings.Settle, a.Settings.Restocks = Mirror, Mirror, time.Minute, true
	st := begin(t, 20, a, b)
	st.read("a", 0)
	st.list("a")
	st.read("b", 20)
	st.list("b")
	st.does(Action{Connection: "a", Kind: Set, To: 20})
	sent := at(st.sec - 1)
	if wake, ok := Wake(st.s, at(st.sec)); !ok || !wake.Equal(sent.Add(glance)) {
		t.Errorf("wake at %v (%t), want %v", wake, ok, sent.Add(glance))
	}
	st.sec += 9
	st.does(Action{Connection: "a", Kind: Read})
}

// TestMirrorIsEmptiedOnce: a 0 that was read is not written again while the write before it may come late, which is looked for.
func TestMirrorIsEmptiedOnce(t *testing.T) {
	for _, came := range []bool{true, false} {
		st := mirrored(t)
		st.tell(Accepted{Connection: "a", Number: 1, At: at(st.sec)}, Sale{Connection: "b", Units: 19, Created: at(st.sec)})
		st.does(Action{Connection: "a", Kind: Zero})
		st.tell(Accepted{Connection: "a", Number: 2, At: at(st.sec)})
		st.does(Action{Connection: "a", Kind: Read})
		if !came {
			st.sec += 31
			st.read("a", 19)
			st.does(Action{Connection: "a", Kind: Zero})
			continue
		}
		st.read("a", 0)
		st.does()
		st.exposure("a", 20+19)
		st.sec += 6
		st.does(Action{Connection: "a", Kind: Read})
		st.read("a", 19) // late
		st.does(Action{Connection: "a", Kind: Zero})
	}
}

// TestRefusedMirrorWaits: the no to a write says nothing of the one before it, which may come late yet.
func TestRefusedMirrorWaits(t *testing.T) {
	st := mirrored(t)
	st.tell(Accepted{Connection: "a", Number: 1, At: at(st.sec)}, Sale{Connection: "b", Units: 1, Created: at(st.sec)})
	st.does(Action{Connection: "a", Kind: Set, To: 18})
	st.tell(Refused{Connection: "a", Number: 2, At: at(st.sec)})
	st.exposure("a", 20+19)
	st.read("a", 20)
	st.list("a")
	st.exposure("a", 20+19)
	st.sec += 30
	st.does(Action{Connection: "a", Kind: Set, To: 18})
}

// TestMirrorHears: what a notification says was sold is listed no more by others, and changes no bound; the order takes its place.
func TestMirrorHears(t *testing.T) {
	a, b := swaps("a"), swaps("b")
	a.Settings.Policy, b.Settings.Policy = Mirror, Mirror
	st := begin(t, 20, a, b)
	for _, id := range []string{"a", "b"} {
		st.read(id, 20)
		st.list(id)
	}
	st.tell(Heard{Connection: "b", Units: 2})
	st.does(Action{Connection: "a", Kind: Swap, From: 20, To: 18}) // b lists less by itself
	st.tell(Accepted{Connection: "a", Number: 1, At: at(st.sec)})
	st.exposure("b", 20)
	st.read("b", 18)
	st.does(Action{Connection: "b", Kind: List}) // and is not raised for it
	st.tell(Sale{Connection: "b", Units: 2, Created: at(1)}, Heard{Connection: "b"})
	st.list("b")
	st.exposure("b", 18)
	st.does()
	st.tell(Heard{Connection: "a", Units: 1})
	st.does(Action{Connection: "b", Kind: Swap, From: 18, To: 17})
}

// TestMirrorFollowsBesideAnUnknown: after a restart one shop may take minutes to be known; what is lowered for others' sales does not
// wait for it, what is raised does. Beside one that is not written, and of which nobody knows what it lists, nothing is moved.
func TestMirrorFollowsBesideAnUnknown(t *testing.T) {
	for _, written := range []bool{true, false} {
		a, b, c := swaps("a"), swaps("b"), absolute("c")
		for _, c := range []*Configured{&a, &b, &c} {
			c.Settings.Policy = Mirror
		}
		if !written {
			c.Settings.Method = ReadOnly
		}
		st := begin(t, 20, a, b, c)
		st.read("a", 20)
		st.list("a")
		st.read("b", 12)
		st.list("b")
		st.tell(Sale{Connection: "b", Units: 4, Created: at(st.sec)}, Sent{Action: Action{Connection: "c", Kind: Read}, At: at(st.sec)})
		if !written {
			st.does()
			continue
		}
		st.does(Action{Connection: "a", Kind: Swap, From: 20, To: 16})
	}
}

// TestMirrorIsRestocked: a delivery is listed while orders are waited for, less their units; a raise by no more than these would be
// one for the mirror's own sale.
func TestMirrorIsRestocked(t *testing.T) {
	a, b := swaps("a"), absolute("b")
	a.Settings.Policy, b.Settings.Policy = Mirror, Mirror
	st := begin(t, 20, a, b)
	for _, id := range []string{"a", "b"} {
		st.read(id, 20)
		st.list(id)
	}
	st.read("b", 18)
	st.list("b")
	st.tell(Heard{Connection: "b", Units: 2}) // the reading had them
	st.does(Action{Connection: "a", Kind: Swap, From: 20, To: 18})
	st.tell(Accepted{Connection: "a", Number: 1, At: at(st.sec)})
	st.does()
	st.tell(Stocked{Available: 50})
	st.does(Action{Connection: "a", Kind: Swap, From: 18, To: 48}, Action{Connection: "b", Kind: Set, To: 48})
}

// TestMirrorReadsWhatItHeard: a reading that has the sale already does not have it once more.
func TestMirrorReadsWhatItHeard(t *testing.T) {
	st := mirrored(t)
	st.tell(Accepted{Connection: "a", Number: 1, At: at(st.sec)}, Heard{Connection: "a", Units: 1})
	st.does(Action{Connection: "b", Kind: Set, To: 18}) // a lists 19 less the one
	st.tell(Accepted{Connection: "b", Number: 1, At: at(st.sec)})
	st.sec += 10
	st.read("a", 18)
	st.tell(Sale{Connection: "b", Units: 1, Created: at(st.sec)})
	st.does(Action{Connection: "a", Kind: Set, To: 17}, Action{Connection: "b", Kind: Read})
}

// TestMirrorHearsWhileItIsRead: what is heard of while a reading is under way may not be in it; what was heard of before is.
func TestMirrorHearsWhileItIsRead(t *testing.T) {
	st := mirrored(t)
	st.tell(Accepted{Connection: "a", Number: 1, At: at(st.sec)}, Heard{Connection: "a", Units: 1})
	st.does(Action{Connection: "b", Kind: Set, To: 18})
	st.tell(Accepted{Connection: "b", Number: 1, At: at(st.sec)})
	st.sec += 10
	st.tell(Sent{Action: Action{Connection: "a", Kind: Read}, At: at(st.sec - 3)}, Heard{Connection: "a", Units: 2})
	st.tell(Reading{Connection: "a", Quantity: 18, Began: at(st.sec - 3), At: at(st.sec + 4)})
	st.does(Action{Connection: "b", Kind: Set, To: 17}) // a lists 18 less the one
	st.tell(Accepted{Connection: "b", Number: 2, At: at(st.sec)}, Sale{Connection: "b", Units: 1, Created: at(st.sec)})
	st.does(Action{Connection: "a", Kind: Set, To: 16})
}

// TestMending: what was found wrong is done with when its share has gone elsewhere meanwhile, and not before.
func TestMending(t *testing.T) {
	st := begin(t, 20, absolute("a"), swaps("b"))
	for _, id := range []string{"a", "b"} {
		st.read(id, 10)
		st.list(id)
	}
	mending := func(want bool) {
		t.Helper()
		if got := st.s.Mending("a"); got != want {
			t.Errorf("at %d s: mending is %t", st.sec, got)
		}
	}
	mending(false)
	st.read("a", 4) // by hand
	st.list("a")
	mending(true)
	st.does(Action{Connection: "a", Kind: Zero})
	mending(true)
	st.read("a", 0)
	st.list("a")
	mending(true)
	st.tell(Stocked{Available: 10}) // of which b lists all, and is to give some
	st.does(Action{Connection: "b", Kind: Swap, From: 10, To: 5})
	mending(true)
	st.tell(Refused{Connection: "b", Number: 1, At: at(st.sec)})
	mending(false)
}

func TestSplit(t *testing.T) {
	tests := []struct {
		units             int
		weights, ceilings []int
		want              []int
	}{
		{units: 200, weights: []int{55, 25, 15, 5}, want: []int{110, 50, 30, 10}},
		{units: 3, weights: []int{55, 25, 15, 5}, want: []int{2, 1, 0, 0}},
		{units: 1, weights: []int{1, 1, 1}, want: []int{1, 0, 0}},
		{units: 10, weights: []int{0, 0, 0}, want: []int{4, 3, 3}},
		{units: 10, weights: []int{1, 0, -5}, want: []int{10, 0, 0}},
		{units: -4, weights: []int{1, 1}, want: []int{0, 0}},
		{units: 100, weights: []int{50, 30, 20}, ceilings: []int{10, 0, 0}, want: []int{10, 54, 36}},
		{units: 100, weights: []int{50, 30, 20}, ceilings: []int{10, 50, 0}, want: []int{10, 50, 40}},
		{units: 100, weights: []int{50, 50}, ceilings: []int{10, 20}, want: []int{10, 20}},
		{units: 200_000, weights: []int{1}, ceilings: []int{99_999}, want: []int{99_999}},
		{units: 5, want: []int{}},
	}
	for _, tt := range tests {
		if tt.ceilings == nil {
			tt.ceilings = make([]int, len(tt.weights))
		}
		if got := Split(tt.units, tt.weights, tt.ceilings); !slices.Equal(got, tt.want) {
			t.Errorf("Split(%d, %v, %v) = %v, want %v", tt.units, tt.weights, tt.ceilings, got, tt.want)
		}
	}
}

func TestSplitProperties(t *testing.T) {
	check(t, 5000, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "n")
		units := rapid.OneOf(rapid.IntRange(0, 50), rapid.IntRange(0, 1_000_000_000_000)).Draw(t, "units")
		weights := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(0, 2_000_000)), n, n).Draw(t, "weights")
		ceilings := rapid.SliceOfN(rapid.SampledFrom([]int{0, 0, 1, 7, 99_999}), n, n).Draw(t, "ceilings")
		shares := Split(units, weights, ceilings)
		sum, sumWeights, room := 0, 0, false
		for i, share := range shares {
			if share < 0 || ceilings[i] > 0 && share > ceilings[i] {
				t.Fatalf("share %d of %v", i, shares)
			}
			sum += share
			sumWeights += weights[i]
		}
		for i, share := range shares {
			room = room || (weights[i] > 0 || sumWeights == 0) && (ceilings[i] == 0 || share < ceilings[i])
		}
		if sum > units || sum < units && room {
			t.Fatalf("%v are %d of %d units", shares, sum, units)
		}
		for i, share := range shares { // without ceilings nobody is a unit or more from the exact quota
			exact := float64(units) * float64(min(weights[i], heaviest)) / float64(max(1, sumWeights))
			if slices.Max(ceilings) == 0 && sumWeights > 0 && slices.Max(weights) <= heaviest && math.Abs(float64(share)-exact) > 1+exact*1e-9 {
				t.Fatalf("share %d of %v is not within a unit of %v", i, shares, exact)
			}
		}
	})
}

// TestRaisedWhileAReadingWaits: more that is read while an older reading waits for its orders stays in the bound when they are listed,
// and a 0 of before it confirms nothing: a write over it would sell twice what was sold of the rest.
func TestRaisedWhileAReadingWaits(t *testing.T) {
	for _, m := range []Method{CompareAndSwap, Absolute, ReadOnly} {
		for _, lists := range []int{40, 0} {
			st := begin(t, 100, Configured{Connection: "a", Settings: Settings{Ability: Ability{Method: m}, Policy: Escrow, Weight: 1}})
			st.read("a", lists)
			st.tell(Listed{Connection: "a", UpTo: at(st.sec)})
			st.sec += 60
			st.read("a", lists)
			waits := at(st.sec)
			st.sec += 3
			st.read("a", lists+20)
			st.tell(Listed{Connection: "a", UpTo: waits})
			if c, _ := st.s.Find("a"); c.Exposure != lists+20 || c.Zero || !c.Check {
				t.Errorf("%s: %d were read and then %d: the bound is %d, a confirmed 0 %v, read again %v", m, lists, lists+20, c.Exposure, c.Zero, c.Check)
			}
			st.read("a", lists+20)
			st.tell(Listed{Connection: "a", UpTo: at(st.sec)})
			if c, _ := st.s.Find("a"); c.Exposure != lists+20 || c.Check {
				t.Errorf("%s: the bound is %d, read again %v after it was", m, c.Exposure, c.Check)
			}
		}
	}
}

// TestStateIsAValue: Evolve leaves its input alone, and a state survives being written down.
func TestStateIsAValue(t *testing.T) {
	write := func(s State) string {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	check(t, 300, func(r *rapid.T) {
		w := newWorld(r, Escrow)
		moves := w.moves()
		moves[""] = func(r *rapid.T) {
			var back State
			before := write(w.state)
			if err := json.Unmarshal([]byte(before), &back); err != nil || write(back) != before {
				r.Fatalf("read back %v, %v", back, err)
			}
			for _, c := range w.state.Connections {
				for _, e := range []Event{
					Sale{Connection: c.ID, Units: 1, Created: w.now},
					Cancelled{Connection: c.ID, Units: 1, At: w.now},
					Reading{Connection: c.ID, Began: w.now, At: w.now},
					Listed{Connection: c.ID, UpTo: w.now},
					Lost{Connection: c.ID, Number: c.Number, At: w.now},
					Edited{Connection: c.ID, Quantity: 3, At: w.now},
					Configured{Connection: c.ID},
					Removed{Connection: c.ID},
					Stocked{Available: 1},
				} {
					Evolve(w.state, e)
				}
			}
			if after := write(w.state); after != before {
				r.Fatalf("Evolve changed its input\n%s\n%s", before, after)
			}
		}
		r.Repeat(moves)
	})
}
