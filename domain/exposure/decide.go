package exposure

import (
	"cmp"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/twin"
)

// Kind is what is to be done with a connection.
type Kind string

// The kinds. Read and List are wishes; the others are writes: record Sent, then call.
const (
	Read Kind = "read" // read the quantity back, tell a Reading
	List Kind = "list" // list the orders created up to UpTo, tell their Sales, then Listed
	Zero Kind = "zero" // write 0, or deactivate where 0 is refused
	Swap Kind = "swap" // write To where From stands
	Set  Kind = "set"  // write To, and activate where 0 is refused
)

// Action is one thing to do next. Connection, SKU and Number are a write's key: a swap sent again under it must come to
// what the first sending came to, which is what a channel's idempotency keys are for.
type Action struct {
	Connection string    `json:"connection"`
	Kind       Kind      `json:"kind"`
	Number     int       `json:"number,omitzero"`
	From       int       `json:"from,omitzero"`
	To         int       `json:"to,omitzero"`
	UpTo       time.Time `json:"up_to,omitzero"`
	Why        string    `json:"why"` // for people
}

// Decide returns what to do next, at most one thing a connection. Telling it what came of them, in any order, or
// nothing at all, never breaks the rule. Ask again after every event, and when the time of a Connection.Until has come.
func Decide(s State, now time.Time) []Action {
	d := deciding{s: s, now: now, mirrors: s.mirrors()}
	d.targets = s.targets(d.mirrors)
	d.free, d.known = s.free(d.mirrors)
	d.lower()
	d.raise()
	for i := range s.Connections {
		if !d.done[i] {
			d.watch(i)
		}
	}
	return d.actions
}

type deciding struct {
	s       State
	now     time.Time
	mirrors []bool
	targets []int
	free    int  // units the rule leaves to raise
	known   bool // all exposures are
	coming  int  // units that lowering writes will free
	done    map[int]bool
	actions []Action
}

func (d *deciding) act(i int, a Action) {
	c := d.s.Connections[i]
	a.Connection = c.ID
	if a.Kind == Read && d.now.Before(c.NextRead) {
		return
	}
	if a.Kind != Read && a.Kind != List && a.Number == 0 {
		a.Number = c.Number + 1
	}
	if d.done == nil {
		d.done = map[int]bool{}
	}
	d.done[i] = true
	d.actions = append(d.actions, a)
}

// ready says whether connection i may be sent a write in its direction. One write at a time, but a 0 may follow a raise.
func (d *deciding) ready(i int, down bool) bool {
	c := d.s.Connections[i]
	switch {
	case d.done[i] || c.Method == ReadOnly || d.now.Before(c.Until) || c.Lower != nil:
		return false
	case c.Raise != nil:
		return down && c.Method == Absolute && (!d.mirrors[i] || c.Raise.Ended)
	case c.Method == CompareAndSwap && !c.Catalogue:
		return c.Fresh
	default:
		return true
	}
}

// lower takes units off where the rule is broken or where somebody else should have them.
func (d *deciding) lower() {
	conns := d.s.Connections
	want := max(0, -d.free) // to heal
	var surplus []int
	for i, c := range conns {
		over := c.Exposure - d.targets[i]
		switch {
		case c.Catalogue || !c.Known || d.mirrors[i]:
		case c.Lower != nil || c.zeroed():
			d.coming += max(0, over)
		case over > 0:
			surplus = append(surplus, i)
		}
	}
	why := "more is listed than there is"
	switch {
	case want > 0 || !d.known:
	case d.s.Give > 0:
		why = "SKUs that share its stock need the units"
		want = d.s.Give - d.free
	default:
		why = "others need the units"
		want = d.needed() - d.free
	}
	// Swaps first, they cost no pause; then those with most to give.
	slices.SortStableFunc(surplus, func(a, b int) int {
		x, y := conns[a], conns[b]
		return cmp.Or(
			cmp.Compare(pause(x), pause(y)),
			cmp.Compare(y.Exposure-d.targets[b], x.Exposure-d.targets[a]),
		)
	})
	for _, i := range surplus {
		c := conns[i]
		if want <= d.coming || !d.ready(i, true) || c.Raise != nil && d.free >= 0 {
			continue
		}
		over := c.Exposure - d.targets[i]
		if d.free >= 0 && over < d.loss(i) {
			continue // the pause would turn away more buyers than it serves
		}
		switch to := max(0, c.Quantity-over); {
		case c.Method == Absolute:
			d.act(i, Action{Kind: Zero, Why: why})
		case to < c.Quantity:
			d.act(i, Action{Kind: Swap, From: c.Quantity, To: to, Why: why})
		case c.Waiting == nil: // all of it was sold, unseen
			d.act(i, Action{Kind: Read, Why: why})
		}
		d.coming += over
	}
}

// zeroed says that a 0 was read: what the bound holds is sold, and the orders will say so. Another 0 would change nothing.
func (c Connection) zeroed() bool {
	return c.Method == Absolute && c.Raise == nil && c.Waiting != nil && c.Waiting.Quantity == 0
}

// pause is 1 for a connection that sells nothing while its quantity changes.
func pause(c Connection) int {
	if c.Method == Absolute {
		return 1
	}
	return 0
}

// loss is how many units must be at stake before a connection pauses for its 0: a pause takes about two lags, and the buyers it
// turns away are surer than those it serves, so they count twice (measured: 24
// instead of 56 buyers turned away in a sell-out of 200 at 470/h and lags of 30 s).
func (d *deciding) loss(i int) int {
	c := d.s.Connections[i]
	return pause(c) * int(4*d.s.Rate*d.s.part(i)*c.Lag.Hours())
}

// needed is how many units the connections lack that are short enough of them to be raised.
func (d *deciding) needed() (units int) {
	for i, c := range d.s.Connections {
		if !c.Catalogue && c.Method != ReadOnly && !d.mirrors[i] && worth(c, d.targets[i]) {
			units += d.targets[i] - c.Exposure
		}
	}
	return units
}

// worth says whether a connection should be raised to a quantity: always from a confirmed 0, or when somebody lowered it;
// else when it has three quarters of it or less, or half where raising takes a pause.
func worth(c Connection, to int) bool {
	switch {
	case to <= c.Exposure || c.Raise != nil:
		return false
	case c.Method == Absolute:
		return c.Zero || c.Mend || 2*c.Exposure <= to
	default:
		return 4*c.Exposure <= 3*to
	}
}

// raise gives out what is free. Every unit given is off the free ones at once.
func (d *deciding) raise() {
	for i, c := range d.s.Connections {
		switch {
		case c.Catalogue:
			d.show(i)
		case c.Method == ReadOnly:
		case d.mirrors[i] && (d.known || c.Known && !d.hidden()):
			d.mirror(i)
		case !d.known:
		default:
			d.share(i)
		}
	}
}

// rest is how long after it was raised a connection may be raised for any number of units that nobody else has.
const rest = 10 * time.Minute

// calm says that a connection has not been raised for so long that one pause more is no matter.
func (d *deciding) calm(c Connection) bool { return !d.now.Before(c.Raised.Add(rest)) }

// share raises an escrowed connection.
func (d *deciding) share(i int) {
	c := d.s.Connections[i]
	lack := d.targets[i] - c.Exposure
	gain := min(lack, d.free)
	if gain <= 0 || !d.ready(i, false) {
		return
	}
	if d.coming > 0 && 2*gain < lack {
		return // more is on its way, and a second pause costs more than waiting
	}
	switch {
	case c.Method == CompareAndSwap:
		d.act(i, Action{Kind: Swap, From: c.Quantity, To: max(0, c.Quantity) + gain, Why: "its share has grown"})
		d.free -= gain
	case c.Zero || twin.NoZero:
		d.act(i, Action{Kind: Set, From: c.Exposure, To: c.Exposure + gain, Why: "nothing is listed and all orders are seen"})
		d.free -= gain
	case c.Check || c.Waiting != nil || !worth(c, c.Exposure+gain) && !d.calm(c):
	case c.Exposure > 0 && !c.Mend && gain < d.loss(i):
	case c.Exposure == 0: // sold out: a reading may do without the 0
		d.act(i, Action{Kind: Read, Why: "it is raised only from a confirmed 0"})
	default:
		d.act(i, Action{Kind: Zero, Why: "it is raised only from a confirmed 0"})
		d.free -= gain // kept for it
	}
}

// near says that a mirror lists about what it should: to the unit when little is left, else to a twentieth.
func near(lists, to int) bool { return max(lists-to, to-lists) <= to/20 }

// mirror brings a connection near the whole stock. It lists what was read or written last: the bound has that on top of all that was
// written before until it has settled, and waiting for that would let it list for a minute what others have sold.
func (d *deciding) mirror(i int) {
	c, to := d.s.Connections[i], d.targets[i]
	lists := c.Exposure - c.Heard
	if c.Method == Absolute && (c.Raise != nil || c.Fresh) {
		lists = c.Quantity - c.Unread
	}
	off := lists - to
	if near(lists, to) || !d.ready(i, off > 0) {
		return
	}
	if off < 0 && (!d.known || -off <= c.Heard) { // nothing is raised beside an unknown, nor for its own sale, whichever is told first
		return
	}
	if room := d.s.Available - d.escrowed(); off < 0 && to > room { // what is escrowed stays so
		return
	}
	switch {
	case c.Method == CompareAndSwap:
		if next := max(0, c.Quantity-off); next != c.Quantity {
			d.act(i, Action{Kind: Swap, From: c.Quantity, To: next, Why: "everything is listed everywhere"})
		}
	case to == 0:
		d.act(i, Action{Kind: Zero, Why: "nothing is left"})
	case off > 0 || c.Waiting == nil && !c.Check:
		d.act(i, Action{Kind: Set, To: to, Why: "everything is listed everywhere"})
	}
}

// hidden says that one which is not written takes orders and nobody knows what it lists, so that no target can be told.
func (d *deciding) hidden() bool {
	return slices.ContainsFunc(d.s.Connections, func(c Connection) bool { return !c.Catalogue && c.Method == ReadOnly && !c.Known })
}

// escrowed is what the connections that do not mirror hold.
func (d *deciding) escrowed() (units int) {
	for i, c := range d.s.Connections {
		if !c.Catalogue && !d.mirrors[i] {
			units += c.Exposure
		}
	}
	return units
}

// show lets a catalogue follow its shop.
func (d *deciding) show(i int) {
	c, to := d.s.Connections[i], d.targets[i]
	k := d.s.index(c.Follows)
	switch {
	case k >= 0 && !d.s.Connections[k].Known: // nobody knows what its shop lists
	case c.Method == ReadOnly || c.Fresh && c.Quantity == to || !d.ready(i, false) || c.Missed.rests(to, d.now):
	case to == 0:
		d.act(i, Action{Kind: Zero, Why: "its shop is sold out"})
	default:
		d.act(i, Action{Kind: Set, To: to, Why: "its shop lists as many"})
	}
}

// watch asks for what a connection is waiting for.
func (d *deciding) watch(i int) {
	c := d.s.Connections[i]
	switch {
	case c.Method == CompareAndSwap && (c.Lower != nil && c.Lower.Again || c.Raise != nil && c.Raise.Again):
		d.repeat(i)
	case c.Catalogue || c.Method == CompareAndSwap && (c.Lower != nil || c.Raise != nil):
		// an answer is on its way
	case c.Waiting != nil && (c.Lower == nil || c.Waiting.Quantity == 0):
		d.act(i, Action{Kind: List, UpTo: c.Waiting.At, Why: "what was read counts once its orders are seen"})
	case c.Raise != nil && c.Lower == nil && (c.Restocks || c.Raise.Over) && d.now.Before(c.Raise.Sent.Add(c.Settle)):
		if d.mirrors[i] && !c.Raise.Shown && !d.now.Before(c.Raise.look()) { // no reading can settle it yet
			d.act(i, Action{Kind: Read, Why: "others sold, so that it should list less by now"})
		}
	case c.Lower != nil || c.Raise != nil:
		d.act(i, Action{Kind: Read, Why: "accepted is not the effect"})
	case !c.Known:
		d.act(i, Action{Kind: Read, Why: "it is not known what can be sold there"})
	case c.Check || !c.Fresh:
		d.act(i, Action{Kind: Read, Why: "something changed that was not ours"})
	}
}

// repeat sends a swap again whose answer was lost: under its number the channel makes it once.
func (d *deciding) repeat(i int) {
	c := d.s.Connections[i]
	if d.now.Before(c.Until) {
		return
	}
	put := c.Raise
	if c.Lower != nil {
		put = c.Lower
	}
	d.act(i, Action{Kind: Swap, Number: put.Number, From: put.From, To: put.To, Why: "the answer was lost"})
}

// Wake is when to ask Decide again if nothing happens before; ok is false when only an event can change its mind.
func Wake(s State, now time.Time) (at time.Time, ok bool) {
	for _, c := range s.Connections {
		times := []time.Time{c.Until, c.NextRead, c.Raised.Add(rest)}
		if c.Missed != nil {
			times = append(times, c.Missed.Until)
		}
		if c.Raise != nil {
			times = append(times, c.Raise.Sent.Add(c.Settle))
			if (c.Restocks || c.Raise.Over) && !c.Raise.Shown {
				times = append(times, c.Raise.look())
			}
		}
		for _, t := range times {
			if t.After(now) && (!ok || t.Before(at)) {
				at, ok = t, true
			}
		}
	}
	return at, ok
}
