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
// What this does not carry: a quantity raised by hand on the channel can sell before it is read; the State then
// shows an excess, raises stop, and the listing is lowered. Mirror and Hybrid list more than the rule allows on purpose
// (see Policy). exposuresim runs this very code in virtual time against late, lost and failing writes.
package exposure

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
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
	Quantity int       `json:"quantity"`           // last quantity read, less the sales seen since: what a swap starts from
	Since    time.Time `json:"since,omitzero"`     // when Quantity was so
	Fresh    bool      `json:"fresh,omitzero"`     // Quantity is good enough to try
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

// Put is a write under way.
type Put struct {
	Number int       `json:"number"`
	From   int       `json:"from,omitzero"` // of a swap
	To     int       `json:"to"`
	Sent   time.Time `json:"sent"`
	Over   bool      `json:"over,omitzero"`  // an absolute write over what was not a confirmed 0
	Again  bool      `json:"again,omitzero"` // the answer was lost: a swap is sent again under its number
}

// Seen is a quantity read somewhere between Began and At.
type Seen struct {
	Quantity int       `json:"quantity"`
	Began    time.Time `json:"began"`
	At       time.Time `json:"at"`
	Sold     int       `json:"sold,omitzero"`     // units seen that were sold after At
	Overlap  int       `json:"overlap,omitzero"`  // units seen that were sold after Began, those after At included
	Restored int       `json:"restored,omitzero"` // units seen that were put back after Began
}

// State is one SKU at one location, on all connections.
type State struct {
	Available   int           `json:"available"`       // on hand less what known orders ask for, reserved or waiting; can be below 0
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
	enough := float64(s.Available) > s.Threshold()
	for i, c := range s.Connections {
		mirrors[i] = !c.Catalogue && c.Method != ReadOnly && (c.Policy == Mirror || c.Policy == Hybrid && enough)
	}
	return mirrors
}

// blind is how many units sell, at the most, while one connection does not know of the others' sales for d.
func (s State) blind(d time.Duration) float64 {
	return s.Rate * d.Hours() * float64(max(1, s.selling()-1))
}

// window is the longest time that a hybrid must survive without a write.
func (s State) window() time.Duration {
	longest := s.Outage
	if longest == 0 {
		longest = time.Hour
	}
	for _, c := range s.Connections {
		longest = max(longest, c.Lag, 3*c.Poll)
	}
	return longest
}

// Threshold is the stock, in units, above which a hybrid mirrors: λ + 5·√λ + 4, where λ is what sells, at the most, while
// we see and write nothing.
func (s State) Threshold() float64 {
	λ := s.blind(s.window())
	return λ + 5*math.Sqrt(λ) + 4
}

// Forever is how long an escrowed listing survives our absence.
const Forever = time.Duration(math.MaxInt64)

// Survives is the longest outage of ours that the present listing survives by the measure of Threshold; 0 when it
// mirrors with less stock than that.
func (s State) Survives() time.Duration {
	if !slices.Contains(s.mirrors(), true) {
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
// length; 0 under escrow.
func (s State) Risk(outage time.Duration) float64 {
	if !slices.Contains(s.mirrors(), true) {
		return 0
	}
	λ := s.blind(outage)
	switch {
	case s.Available < 0:
		return 1
	case λ <= 0:
		return 0
	}
	return distuv.Poisson{Lambda: λ}.Survival(float64(s.Available))
}
