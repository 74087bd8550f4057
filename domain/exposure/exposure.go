// Package exposure decides which quantity of one SKU each connection may list, so that what can still be sold on all of
// them together never exceeds what can be shipped.
//
// # The rule
//
// A connection's exposure is an upper bound of the units that can still be sold there or were sold there unseen by us.
// Σ exposure over the connections that take orders ≤ available. A sale moves a unit from "listed" to "sold unseen", which
// leaves the exposure as it is; when the sale is seen, exposure and available fall together. So a sale never breaks the
// rule and needs no write; only raising a quantity can, and nothing is raised beyond what the rule leaves free.
//
// # What a write does to the bound
//
// A compare-and-swap moves units exactly: raised counts from the moment it is sent, lowered from the moment it is
// confirmed. An absolute write revives units that were sold but not seen, so an absolute channel is zero-first: write 0,
// read 0 back ("accepted" is not the effect), wait until the orders created up to that reading have been listed, and only
// then write the new share. Without that confirmation the exposure stays at its old value, so that nothing else is raised
// on account of those units. A raise that was sent and not seen to take effect counts until it surely cannot any more
// (Ability.Settle); until then no reading lowers the bound and no second raise is sent. A channel that puts
// cancelled units back by itself holds them in its exposure until a reading.
//
// A reading plus the listing of all orders created up to it gives the exposure anew, whatever happened before: the quantity
// read, less the sales seen since. That is also how a hand edit, a lost write or drift is found and mended: beside the bound
// stands what would be listed if only buyers and we had changed it (Book), and a reading that neither sales nor
// cancellations explain is told (Wrong), once the orders created up to it are listed.
//
//	what happened ── Evolve ──►  State ── Decide ──►  actions: read, list, zero, swap, set
//	      ▲                                              │ the caller appends Sent, then calls the channel
//	      └──────────── answers, readings, orders ◄──────┘
//
// # What the caller owes
//
// Sent is told before an action leaves; that of a write durably. A Reading without its Sent is not taken, and no two
// readings of a connection begin at the same time, by which they are told apart. A Sale is told once,
// when the ledger has decided it; available is on hand less what known orders ask for, those that wait for stock included,
// or their units would be sold a second time. Listed(t) is told after the Sales of all orders created up to t. All times are
// on one clock; for a channel with second-grained or skewed times the caller allows a margin: Sale.Created, Reading.Began
// and Listed.UpTo rather too early, Cancelled.At and Reading.At rather too late.
// Read and List are wishes: a List is repeated until answered, a Read every half minute. A reconciler that reads of its own
// accord tells Sent too; its readings are what finds hand edits and writes that came to nothing.
//
// A mirror is written again before its last write has settled, since it is to list less as soon as others sold: the bound has all
// that may still take effect, while what it lists is what was written last, until a look (Put.Shown) says otherwise. Heard is
// news of a sale without its order: mirrors and catalogues list that much less, and no bound changes.
//
// What this does not carry: a quantity raised by hand on the channel can sell before it is read; the State then
// shows an excess, raises stop, and the listing is lowered. Mirror and Hybrid list more than the rule allows on purpose
// (see Policy). exposuresim runs this very code in virtual time against late, lost and failing writes.
package exposure

import (
	"cmp"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mathext"
)

// Method is how a channel's quantity is written.
type Method string

// The methods.
const (
	CompareAndSwap Method = "compare-and-swap" // applied only where the quantity is still the one we name
	Absolute       Method = "absolute"         // overwrites, units sold unseen by us included
	ReadOnly       Method = "none"             // cannot be written; what it lists is taken off what others may
)

// Ability is what a channel can do with a quantity; a connector states it.
type Ability struct {
	Method      Method        `json:"method"`
	RefusesZero bool          `json:"refuses_zero,omitzero"` // a listing is taken down by deactivating it
	Restocks    bool          `json:"restocks,omitzero"`     // puts cancelled units back by itself
	Catalogue   bool          `json:"catalogue,omitzero"`    // takes no orders; shows what Settings.Follows lists
	Ceiling     int           `json:"ceiling,omitzero"`      // highest quantity it accepts, 0 for none
	Settle      time.Duration `json:"settle,omitzero"`       // how long after it was sent a write can still take effect; 0 = unknown, then only a reading above 0 settles a raise. A channel that restocks needs it
}

// Policy is what the owner wants listed.
type Policy string

// The policies. Escrowed units are set aside first, so that mirrors can only oversell each other.
const (
	Escrow Policy = "escrow" // the rule of the package: cannot oversell
	Mirror Policy = "mirror" // everything on every mirroring connection, less a buffer: can oversell
	Hybrid Policy = "hybrid" // mirror while there is more than Threshold, else escrow
)

// Settings is what owner and measurement say of a connection.
type Settings struct {
	Ability
	Policy  Policy        `json:"policy"`
	Weight  int           `json:"weight"`           // share of the units, against the sum of weights; all 0 = equal
	Buffer  int           `json:"buffer,omitzero"`  // units a mirror does not list
	Keep    int           `json:"keep,omitzero"`    // units an escrowed connection gets before the others
	Follows string        `json:"follows,omitzero"` // the connection whose figure a catalogue shows
	Lag     time.Duration `json:"lag,omitzero"`     // measured: from a sale there to a lowered quantity elsewhere
	Poll    time.Duration `json:"poll,omitzero"`    // how often its orders are listed
}

// Connection is one shop's share of the SKU. The fields are read by screens and tests and written by Evolve.
type Connection struct {
	ID string `json:"id"`
	Settings
	Known    bool      `json:"known"`              // false until the first reading and listing: nothing is raised anywhere
	Exposure int       `json:"exposure"`           // units, upper bound, when Known
	Zero     bool      `json:"zero,omitzero"`      // listed 0 and nothing sold unseen, confirmed: an absolute write is safe
	Quantity int       `json:"quantity"`           // last quantity read or written, less the sales seen since: what a swap starts from
	Since    time.Time `json:"since,omitzero"`     // when Quantity was so
	Fresh    bool      `json:"fresh,omitzero"`     // Quantity is good enough to try
	Heard    int       `json:"heard,omitzero"`     // units that were sold here, says a notification, whose order is not told yet
	Unread   int       `json:"unread,omitzero"`    // those of them that Quantity still has
	Number   int       `json:"number"`             // of the last write; with connection and SKU it is the write's key
	Raise    *Put      `json:"raise,omitzero"`     // a write upwards whose effect is not known yet
	Lower    *Put      `json:"lower,omitzero"`     // a write downwards, likewise
	Asked    *Seen     `json:"asked,omitzero"`     // a reading under way
	Waiting  *Seen     `json:"waiting,omitzero"`   // a reading whose orders are not all listed yet
	Reset    Seen      `json:"reset,omitzero"`     // the last reading whose orders are listed
	Back     time.Time `json:"back,omitzero"`      // units put back before then are in Exposure
	NextRead time.Time `json:"next_read,omitzero"` // no reading is asked for before
	Listed   time.Time `json:"listed,omitzero"`    // orders created up to then have been seen
	After    time.Time `json:"after,omitzero"`     // readings that began until then say nothing
	Check    bool      `json:"check,omitzero"`     // something does not add up: read again
	Until    time.Time `json:"until,omitzero"`     // no write before, after one that failed
	Missed   *Missed   `json:"missed,omitzero"`    // of a catalogue: the last write, when its answer was lost
	Raised   time.Time `json:"raised,omitzero"`    // when a write upwards was sent last
	Book     *Book     `json:"book,omitzero"`      // nil while nobody knows
	Suspect  *Wrong    `json:"suspect,omitzero"`   // more was read than the books say; a cancellation may explain it yet
	Wrong    *Wrong    `json:"wrong,omitzero"`     // the last reading that nothing explained
	Mend     bool      `json:"mend,omitzero"`      // it was wrong, and nothing has been raised since
}

// Book is what would be listed if nobody but buyers and we had changed it, or up to Loose less.
type Book struct {
	Quantity int  `json:"quantity"`
	Loose    int  `json:"loose,omitzero"` // units of which it is not known whether they were put back, or in the reading
	Wrote    bool `json:"wrote,omitzero"` // no reading has shown what we wrote yet
}

// Wrong is a quantity that neither sales, cancellations nor writes of ours explain.
type Wrong struct {
	Found int       `json:"found"`
	Due   int       `json:"due"` // by the books
	At    time.Time `json:"at"`
	Wrote bool      `json:"wrote,omitzero"` // at the first look after a write of ours: it came to nothing, or somebody overwrote it
}

// Missed is a write whose answer was lost; the same one is not made again before Until, another one is.
type Missed struct {
	To    int       `json:"to"`
	Tries int       `json:"tries"` // in a row
	Until time.Time `json:"until"`
}

// rests says whether a write of that quantity is to wait.
func (m *Missed) rests(to int, now time.Time) bool {
	return m != nil && m.To == to && now.Before(m.Until)
}

// Put is a write under way.
type Put struct {
	Number int       `json:"number"`
	From   int       `json:"from,omitzero"` // of a swap
	To     int       `json:"to"`
	Sent   time.Time `json:"sent"`
	Over   bool      `json:"over,omitzero"`   // an absolute write over what was not a confirmed 0
	Again  bool      `json:"again,omitzero"`  // the answer was lost: a swap is sent again under its number
	Ended  bool      `json:"ended,omitzero"`  // of an absolute write: its call is over, so that another one comes after it
	Shown  bool      `json:"shown,omitzero"`  // of a mirror's: a reading has shown it, which does not settle what may come late
	Before time.Time `json:"before,omitzero"` // of a mirror's: when the one was sent that it came after, and that has not settled either
	Tries  int       `json:"tries,omitzero"`  // those before it that came to nothing: the same swap, or a mirror's of the same quantity
}

// look is when a reading should show what a mirror wrote: before it has settled, since a sale elsewhere is to lower it soon, and later
// each time that it did not.
func (p Put) look() time.Time { return p.Sent.Add(glance << min(p.Tries, 6)) }

// ends is the write with its call over.
func (p Put) ends(lost bool) *Put {
	p.Ended, p.Again = true, p.Again || lost
	return &p
}

// Seen is a quantity read somewhere between Began and At.
type Seen struct {
	Quantity int       `json:"quantity"`
	Began    time.Time `json:"began"`
	At       time.Time `json:"at"`
	Sold     int       `json:"sold,omitzero"`     // units seen that were sold after At
	Overlap  int       `json:"overlap,omitzero"`  // units seen that were sold after Began, those after At included
	Restored int       `json:"restored,omitzero"` // units seen that were put back after Began
	Heard    int       `json:"heard,omitzero"`    // units heard of since it was asked for
}

// State is one SKU at one location, on all connections.
type State struct {
	Available   int           `json:"available"`       // on hand less what known orders ask for, reserved or waiting; can be below 0. Of a SKU that shares stock: its part of that
	Give        int           `json:"give,omitzero"`   // units of that which SKUs that share the stock need
	Rate        float64       `json:"rate"`            // upper bound of the units sold an hour, on all connections together
	Outage      time.Duration `json:"outage,omitzero"` // of ours that a hybrid listing must survive; 0 = 1 h
	Connections []Connection  `json:"connections"`
}

// Find returns the connection of that id; ok is false when there is none.
func (s State) Find(id string) (c Connection, ok bool) {
	i := s.index(id)
	if i < 0 {
		return Connection{}, false
	}
	return s.Connections[i], true
}

func (s State) index(id string) int {
	return slices.IndexFunc(s.Connections, func(c Connection) bool { return c.ID == id })
}

// Excess is by how many units the rule is broken now, 0 when it holds; ok is false while an exposure is not known.
// Connections that mirror count once, with the highest of their exposures.
func (s State) Excess() (units int, ok bool) {
	free, ok := s.free(s.mirrors())
	return max(0, -free), ok
}

// Repeats says that a write went out before under its number.
func (s State) Repeats(a Action) bool {
	c, _ := s.Find(a.Connection)
	return c.Raise != nil && c.Raise.Number == a.Number || c.Lower != nil && c.Lower.Number == a.Number
}

// free is what the rule leaves to raise, below 0 when it is broken; ok is false when an exposure is not known.
func (s State) free(mirrors []bool) (units int, ok bool) {
	sum, most := 0, 0
	for i, c := range s.Connections {
		switch {
		case c.Catalogue:
		case !c.Known:
			return 0, false
		case mirrors[i]:
			most = max(most, c.Exposure)
		default:
			sum += c.Exposure
		}
	}
	return s.Available - sum - most, true
}

// Held is what can still be sold of the SKU on all connections together or was sold unseen, at most; known is false while nobody
// knows of one of them. Sells says that one of them takes orders and can be written.
func (s State) Held() (units int, known, sells bool) {
	known = true
	for _, c := range s.Connections {
		switch {
		case c.Catalogue:
			continue
		case c.Known:
			units += c.Exposure
		default:
			known = false
		}
		sells = sells || c.Method != ReadOnly
	}
	return units, known, sells
}

// Mending says that a connection which was found wrong is still to be written: it lists too much while the rule is broken, or too
// little while units are free, or become so. Short of that its share went elsewhere meanwhile, and nothing is left to be done.
func (s State) Mending(id string) bool {
	i := s.index(id)
	if i < 0 || !s.Connections[i].Mend {
		return false
	}
	mirrors := s.mirrors()
	c, to := s.Connections[i], s.targets(mirrors)[i]
	free, known := s.free(mirrors)
	switch {
	case mirrors[i]:
		return !near(c.Exposure, to)
	case c.Exposure > to:
		return !known || free < 0
	case c.Exposure < to:
		return !known || free > 0 || slices.ContainsFunc(s.Connections, func(c Connection) bool { return c.Lower != nil })
	}
	return false
}

// selling is how many connections take orders.
func (s State) selling() (n int) {
	for _, c := range s.Connections {
		if !c.Catalogue {
			n++
		}
	}
	return n
}

// mirrors says which connections list everything now. A single seller never does: its share is everything anyway.
func (s State) mirrors() []bool {
	mirrors := make([]bool, len(s.Connections))
	if s.selling() < 2 {
		return mirrors
	}
	hybrid := slices.ContainsFunc(s.Connections, func(c Connection) bool { return c.Policy == Hybrid })
	enough := hybrid && float64(s.Available-s.heard()) > s.Threshold()
	for i, c := range s.Connections {
		mirrors[i] = !c.Catalogue && c.Method != ReadOnly && (c.Policy == Mirror || c.Policy == Hybrid && enough)
	}
	return mirrors
}

// heard is how many units were sold whose orders are not told yet.
func (s State) heard() (units int) {
	for _, c := range s.Connections {
		units += c.Heard
	}
	return units
}

// blind is how many units sell, at the most, while one connection does not know of the others' sales for d.
func (s State) blind(d time.Duration) float64 {
	return s.Rate * d.Hours() * float64(max(1, s.selling()-1))
}

// DefaultOutage of ours is what a hybrid survives while nobody said which.
const DefaultOutage = time.Hour

// window is the longest time that a hybrid must survive without a write.
func (s State) window() time.Duration {
	longest := cmp.Or(s.Outage, DefaultOutage)
	for i, c := range s.Connections {
		longest = max(longest, s.lowering(i), 3*c.Poll)
	}
	return longest
}

// surely is the chance that is left to a swap downwards of finding another quantity each time that it is tried.
const surely = 0.001

// lowering is how long it takes, all but surely, until a connection lists less because others sold. A swap has to be tried
// again when somebody buys while it is on its way, and where that is the rule it takes many tries.
func (s State) lowering(i int) time.Duration {
	c := s.Connections[i]
	if c.Method != CompareAndSwap || c.Catalogue {
		return c.Lag
	}
	undisturbed := math.Exp(-s.Rate * s.part(i) * c.Lag.Hours())
	tries := max(1, math.Log(surely)/math.Log1p(-undisturbed))
	return time.Duration(min(float64(c.Lag)*tries, float64(ages)))
}

// ages is longer than any stock lasts, and short enough to reckon with.
const ages = 10_000 * time.Hour

// part is the share of all sales, 0 to 1, that a connection is expected to make.
func (s State) part(i int) float64 {
	sum := 0
	for _, c := range s.Connections {
		if !c.Catalogue {
			sum += max(0, c.Weight)
		}
	}
	if sum == 0 {
		return 1 / float64(max(1, s.selling()))
	}
	return float64(max(0, s.Connections[i].Weight)) / float64(sum)
}

// Threshold is the stock, in units, above which a hybrid mirrors: λ + 5·√λ + 4, where λ is what sells, at the most, while
// we see and write nothing.
func (s State) Threshold() float64 {
	λ := s.blind(s.window())
	return λ + 5*math.Sqrt(λ) + 4
}

// Forever is how long an escrowed listing survives our absence.
const Forever = time.Duration(math.MaxInt64)

// apart says that no unit is listed twice: all that can be sold anywhere, mirrored or not, is there.
func (s State) apart() bool {
	free, known := s.free(make([]bool, len(s.Connections)))
	return known && free >= 0
}

// Mirrors says whether a connection lists everything now.
func (s State) Mirrors(id string) bool {
	i := s.index(id)
	return i >= 0 && s.mirrors()[i]
}

// Survives is the longest outage of ours that the present listing survives by the measure of Threshold; 0 when units are
// listed twice, or may be, with less stock than that.
func (s State) Survives() time.Duration {
	if s.apart() {
		return Forever
	}
	spare := float64(s.Available) - 4
	if spare <= 0 {
		return 0
	}
	root := (math.Sqrt(25+4*spare) - 5) / 2 // solves λ + 5·√λ = spare
	anHour := s.blind(time.Hour)
	if hours := root * root / anHour; anHour > 0 && hours < Forever.Hours() {
		return time.Duration(hours * float64(time.Hour))
	}
	return Forever
}

// Risk is the chance, 0 to 1, that the present listing sells more than is available during an outage of ours of that
// length; 0 while no unit is listed twice.
func (s State) Risk(outage time.Duration) float64 {
	if s.apart() {
		return 0
	}
	λ := s.blind(outage)
	switch {
	case s.Available < 0:
		return 1
	case λ <= 0:
		return 0
	}
	return mathext.GammaIncReg(float64(s.Available)+1, λ) // of a Poisson count, that it is above Available
}
