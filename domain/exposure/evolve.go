package exposure

import (
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/twin"
)

// Event is something that happened; Evolve knows the types of this file. The connection they name must be Configured.
type Event interface{ exposure() }

type (
	// Configured adds a connection, or changes its settings.
	Configured struct {
		Connection string
		Settings   Settings
	}
	// Removed ends a connection; what was sold there has been seen.
	Removed struct{ Connection string }
	// Stocked says what is available now, and how fast it sells at the most. Give are units of it that other SKUs need, which
	// share the stock: they are available until no listing holds them any more.
	Stocked struct {
		Available int
		Give      int
		Rate      float64
		Outage    time.Duration
	}
	// Sale is units of an order created on a connection, told when the ledger has decided it. They are off available,
	// whether the order got them or waits for stock. Created is no later than it happened.
	Sale struct {
		Connection string
		Units      int
		Created    time.Time
	}
	// Heard says how many units were sold on a connection whose orders are on their way here: no bound counts them, mirrors and
	// catalogues list that much less. 0 ends it.
	Heard struct {
		Connection string
		Units      int
	}
	// Cancelled is units of an order that was told as a Sale; they are available again. At is no earlier than it happened.
	Cancelled struct {
		Connection string
		Units      int
		At         time.Time
	}
	// Sent is a write of Decide's that is about to leave.
	Sent struct {
		Action Action
		At     time.Time
	}
	// Accepted is a channel's yes: a swap has been made, an absolute write will be, or so it says.
	Accepted struct {
		Connection string
		Number     int
		At         time.Time
	}
	// Refused is a channel's no: that write was not made and never will be. Stale is a swap from another quantity. The
	// refusal of a second sending says nothing of the first: that is Lost.
	Refused struct {
		Connection string
		Number     int
		Stale      bool
		At         time.Time
	}
	// Lost says that nobody knows whether a write was made: a time-out, a broken answer.
	Lost struct {
		Connection string
		Number     int
		At         time.Time
	}
	// Reading is a quantity read back; it stood on the channel at some moment from Began to At. A deactivated listing
	// reads 0.
	Reading struct {
		Connection string
		Quantity   int
		Began, At  time.Time
	}
	// Listed says that the Sales of all orders created up to then have been told.
	Listed struct {
		Connection string
		UpTo       time.Time
	}
	// Edited is a quantity that somebody else wrote on the channel.
	Edited struct {
		Connection string
		Quantity   int
		At         time.Time
	}
)

func (Configured) exposure() {}
func (Removed) exposure()    {}
func (Stocked) exposure()    {}
func (Sale) exposure()       {}
func (Heard) exposure()      {}
func (Cancelled) exposure()  {}
func (Sent) exposure()       {}
func (Accepted) exposure()   {}
func (Refused) exposure()    {}
func (Lost) exposure()       {}
func (Reading) exposure()    {}
func (Listed) exposure()     {}
func (Edited) exposure()     {}

const (
	// patience is how long a failed write waits, how long a 0 may take before it is written again, and the longest that a
	// reading may take.
	patience = 30 * time.Second
	// breath is the least time between two readings of a connection.
	breath = 2 * time.Second
	// glance is how long after a mirror's write a reading is to show it.
	glance = 10 * time.Second
)

// Evolve is the state after e. It changes nothing it was given. An event of an unknown connection, or about a write
// that is not under way any more, changes nothing but the stock.
func Evolve(s State, e Event) State {
	s.Connections = slices.Clone(s.Connections)
	on := func(id string, change func(*Connection)) {
		if i := s.index(id); i >= 0 {
			change(&s.Connections[i])
		}
	}
	switch e := e.(type) {
	case Configured:
		if s.index(e.Connection) < 0 {
			s.Connections = append(s.Connections, Connection{ID: e.Connection})
		}
		on(e.Connection, func(c *Connection) { c.Settings = e.Settings })
	case Removed:
		s.Connections = slices.DeleteFunc(s.Connections, func(c Connection) bool { return c.ID == e.Connection })
	case Stocked:
		s.Available, s.Give, s.Rate, s.Outage = e.Available, e.Give, e.Rate, e.Outage
	case Sale:
		s.Available -= e.Units
		on(e.Connection, func(c *Connection) { c.sale(e) })
	case Heard:
		on(e.Connection, func(c *Connection) { c.hear(e) })
	case Cancelled:
		s.Available += e.Units
		on(e.Connection, func(c *Connection) { c.cancelled(e) })
	case Sent:
		on(e.Action.Connection, func(c *Connection) { c.sent(e) })
	case Accepted:
		on(e.Connection, func(c *Connection) { c.accepted(e) })
	case Refused:
		on(e.Connection, func(c *Connection) { c.refused(e) })
	case Lost:
		on(e.Connection, func(c *Connection) { c.lost(e) })
	case Reading:
		on(e.Connection, func(c *Connection) { c.reading(e) })
	case Listed:
		on(e.Connection, func(c *Connection) {
			if e.UpTo.After(c.Listed) {
				c.Listed = e.UpTo
			}
			c.judge()
			c.reset()
		})
	case Edited:
		on(e.Connection, func(c *Connection) {
			c.Exposure += e.Quantity // what was sold unseen before it comes on top
			c.Book = nil
			c.doubt()
			c.void(e.At)
		})
	}
	return s
}

// doubt asks for a new reading; what was read before says nothing any more.
func (c *Connection) doubt() {
	c.Zero, c.Fresh, c.Waiting, c.Check = false, false, nil, true
}

// void makes readings that began up to t worthless: they may show what stood before a write.
func (c *Connection) void(t time.Time) {
	if t.After(c.After) {
		c.After = t
	}
}

func (c *Connection) sale(e Sale) {
	c.note(func(w *Seen) {
		if !e.Created.Before(w.Began) {
			w.Overlap += e.Units
		}
		if !w.At.IsZero() && e.Created.After(w.At) {
			w.Sold += e.Units
		}
	})
	if r := c.Raise; r != nil && c.shows(r) && e.Created.After(r.Sent) { // nothing else could be sold: it has been made
		c.Raise = nil
		c.void(e.Created)
	}
	// An order from before the reading was not in the quantity read, so it is not in the bound: it came late.
	if !e.Created.After(c.Reset.At) {
		return
	}
	if e.Created.After(c.Since) {
		c.Quantity = max(0, c.Quantity-e.Units)
	}
	c.Zero = false
	c.enter(-e.Units, 0)
	c.take(e.Units)
}

// enter moves the books; loose are units of it that may not be so.
func (c *Connection) enter(units, loose int) {
	if c.Book != nil {
		c.Book = &Book{Quantity: c.Book.Quantity + units, Loose: c.Book.Loose + loose, Wrote: c.Book.Wrote}
	}
}

// note writes into the readings that are under way or waiting.
func (c *Connection) note(write func(*Seen)) {
	for _, seen := range []**Seen{&c.Asked, &c.Waiting} {
		if *seen != nil {
			copied := **seen
			write(&copied)
			*seen = &copied
		}
	}
}

// take lowers the bound. Below 0 means that it was wrong, since somebody else raised the quantity; on a channel that
// restocks, only that we shall hear of a cancellation yet.
func (c *Connection) take(units int) {
	c.Exposure -= units
	if !c.Known || c.Exposure >= 0 {
		return
	}
	c.Exposure, c.Check = 0, true
	if !c.Restocks {
		c.Known = false
		c.doubt()
	}
}

func (c *Connection) hear(e Heard) {
	more := e.Units - c.Heard
	c.Heard, c.Unread = e.Units, max(0, min(e.Units, c.Unread+more))
	if c.Asked != nil && more > 0 {
		asked := *c.Asked
		asked.Heard += more
		c.Asked = &asked
	}
}

func (c *Connection) cancelled(e Cancelled) {
	if !c.Restocks {
		return
	}
	c.note(func(w *Seen) {
		if !e.At.Before(w.Began) {
			w.Restored += e.Units
		}
	})
	if !e.At.Before(c.Back) { // else the quantity read had them
		c.Exposure += e.Units
		c.Zero, c.Fresh, c.Check = false, false, true
		c.enter(e.Units, e.Units)
		if c.Suspect != nil {
			explained := *c.Suspect
			explained.Due += e.Units
			c.Suspect = &explained
		}
	}
}

func (c *Connection) sent(e Sent) {
	a := e.Action
	switch a.Kind {
	case List:
		return
	case Read:
		c.NextRead = e.At.Add(patience)
		if c.Asked == nil || e.At.Sub(c.Asked.Began) >= patience {
			c.Asked = &Seen{Began: e.At}
		}
		return
	}
	put := &Put{Number: a.Number, From: a.From, To: a.To, Sent: e.At, Over: a.Kind == Set && !c.Zero}
	c.Number = max(c.Number, put.Number)
	switch {
	case c.Lower != nil && c.Lower.Number == put.Number: // a swap sent again
		put.Tries = c.Lower.Tries + 1
		c.Lower = put
	case c.Raise != nil && c.Raise.Number == put.Number:
		put.Tries = c.Raise.Tries + 1
		c.Raise = put
	case a.Kind == Zero:
		c.Lower = put
		c.write(0)
	case a.Kind == Swap && put.To < put.From:
		c.Lower, c.Waiting = put, nil
		if twin.RaiseFirst {
			c.accepted(Accepted{Connection: c.ID, Number: put.Number, At: e.At})
		}
	case a.Kind == Swap || a.Kind == Set:
		if a.Kind == Set && !c.Catalogue {
			put.follow(c.Raise)
			c.Quantity, c.Since, c.Unread = put.To, e.At, 0
		}
		c.Raise, c.Waiting, c.Zero = put, nil, false
		c.Raised, c.Mend = e.At, false
		switch {
		case put.Over:
			c.Book = nil // it may have revived what was sold
		case a.Kind == Set:
			c.write(put.To)
		}
		if !c.Catalogue {
			c.Exposure += put.rise()
		}
	}
}

// write begins the books with what we write. A write from before a restart says nothing of what was sold since.
func (c *Connection) write(units int) {
	if c.Known {
		c.Book = &Book{Quantity: units, Wrote: true}
	}
}

// follow puts a mirror's write behind one that has not settled.
func (p *Put) follow(last *Put) {
	if last == nil {
		return
	}
	if p.Before = last.Sent; p.To == last.To {
		p.Tries = last.Tries + 1
	}
}

// rise is by how much a write upwards raises the bound; From is 0 in an absolute one.
func (p Put) rise() int { return p.To - p.From }

func (c *Connection) accepted(e Accepted) {
	if c.Method != CompareAndSwap && !c.Catalogue { // a promise: only a reading shows the effect
		if c.Raise != nil && c.Raise.Number == e.Number {
			c.Raise = c.Raise.ends(false)
		}
		return
	}
	c.Missed = nil
	switch {
	case c.Raise != nil && c.Raise.Number == e.Number:
		c.void(e.At)
		if !c.Catalogue { // whose books began with the write
			c.enter(c.Raise.rise(), 0)
		}
		c.Quantity, c.Since, c.Fresh = c.Raise.To, e.At, true
		c.Raise = nil
	case c.Lower != nil && c.Lower.Number == e.Number:
		c.Quantity, c.Since, c.Fresh = c.Lower.To, e.At, true
		c.void(e.At)
		lowered := c.Lower.From - c.Lower.To
		c.enter(-lowered, 0)
		c.Lower = nil
		c.take(lowered)
	}
}

func (c *Connection) refused(e Refused) {
	switch {
	case c.Raise != nil && c.Raise.Number == e.Number:
		rise, before := c.Raise.rise(), c.Raise.Before
		if c.Raise = nil; !before.IsZero() { // what came before it may take effect yet
			c.Raise = &Put{Number: e.Number, Sent: before, Over: true, Ended: true}
		}
		c.take(rise)
		if c.Method == Absolute {
			c.Quantity = c.Exposure // at most
		}
	case c.Lower != nil && c.Lower.Number == e.Number:
		c.Lower = nil
	default:
		return
	}
	if c.Method == Absolute {
		c.Book = nil
	}
	c.Fresh = false
	c.Check = true
	if !e.Stale {
		c.Until = e.At.Add(patience)
	}
}

func (c *Connection) lost(e Lost) {
	for _, put := range []**Put{&c.Raise, &c.Lower} {
		if *put != nil && (*put).Number == e.Number {
			c.Until = e.At.Add(min(patience, breath<<min((*put).Tries, 6)))
			if *put = (*put).ends(true); c.Catalogue { // nobody buys there, so that it is written again, which costs no more than a look
				c.Missed = c.missed((*put).To, e.At)
				*put, c.Fresh = nil, false
			}
		}
	}
}

// missed is a catalogue's write whose answer was lost: ever later the same one again, since nobody knows what keeps the answer away.
func (c *Connection) missed(to int, at time.Time) *Missed {
	m := Missed{To: to, Tries: 1}
	if c.Missed != nil && c.Missed.To == to {
		m.Tries = c.Missed.Tries + 1
	}
	m.Until = at.Add(min(patience, breath<<min(m.Tries-1, 6)))
	return &m
}

func (c *Connection) reading(e Reading) {
	asked := c.Asked
	if !e.Began.After(c.After) || asked == nil || e.Began.Before(asked.Began) || e.At.Sub(e.Began) > patience {
		return
	}
	c.Asked, c.NextRead = nil, e.At.Add(breath)
	lowering := c.Lower != nil
	if c.Method != CompareAndSwap { // one that is not written any more may have a write under way yet
		c.settle(e)
	}
	if c.Known && e.Quantity-asked.Overlap > c.Exposure { // raised by somebody else; the listing of orders will say more
		c.Exposure, c.Zero = e.Quantity, false
	}
	if b := c.Book; b != nil && c.Raise == nil && c.Lower == nil && c.Suspect == nil {
		due := max(0, b.Quantity) // below 0: sold before our 0 was there, and heard of after it was written
		if e.Quantity-asked.Overlap > due {
			c.Suspect = &Wrong{Found: e.Quantity, Due: due, At: e.At, Wrote: b.Wrote}
		}
	}
	if c.Raise != nil || c.Method == CompareAndSwap && c.Lower != nil { // a write may come before or after it: the bound stays
		c.glimpse(e, *asked, lowering)
		return
	}
	c.shown(e, *asked)
	c.Fresh = true
	if w := c.Waiting; w == nil || e.Quantity == 0 && w.Quantity > 0 {
		c.Check = false
		c.Waiting = &Seen{Quantity: e.Quantity, Began: e.Began, At: e.At, Overlap: asked.Overlap, Restored: asked.Restored}
	}
	c.reset()
}

// glimpse looks whether a mirror lists what was written, which leaves the bound as it is. A reading that settled a 0 shows what came
// of that, whenever it was; of the write before, one that is over when it should show it.
func (c *Connection) glimpse(e Reading, asked Seen, lowering bool) {
	r := c.Raise
	if r == nil || c.Method != Absolute || c.Catalogue || c.Lower != nil || !e.Began.After(r.Sent) {
		return
	}
	if due := !e.At.Before(r.look()); due {
		seen := *r
		seen.Shown = e.Quantity <= c.Quantity
		c.Raise = &seen
	} else if !lowering {
		return
	}
	c.shown(e, asked)
}

// shown is a reading that says what is listed. What was heard of before it was asked for was sold before.
func (c *Connection) shown(e Reading, asked Seen) {
	c.Quantity, c.Since, c.Unread = e.Quantity, e.At, min(c.Unread, asked.Heard)
}

// shows says whether a sale or a quantity above 0 proves that an absolute write was made: over a 0 it does, unless the
// channel puts units back. Over more, which only a mirror writes, and mirrors do not promise, nothing shows it.
func (c *Connection) shows(r *Put) bool { return c.Method == Absolute && !r.Over && !c.Restocks }

// settle finds out which absolute writes a reading has settled.
func (c *Connection) settle(e Reading) {
	if r := c.Raise; r != nil && e.Began.After(r.Sent) {
		done := e.Quantity > 0 && c.shows(r)
		settle := c.Settle
		if r.Over && settle > 0 {
			settle = max(settle, patience)
		}
		if done || settle > 0 && !e.Began.Before(r.Sent.Add(settle)) {
			c.Raise = nil
			c.void(e.At) // of two readings under way the other may be from before
		}
	}
	if l := c.Lower; l != nil && e.Began.After(l.Sent) {
		// A 0 that comes later than this only lowers, so it need not be remembered.
		if e.Quantity == 0 || !e.Began.Before(l.Sent.Add(patience)) {
			c.Lower = nil
		}
	}
}

// judge tells of a suspicion that nothing has explained by the time the orders up to it are listed.
func (c *Connection) judge() {
	if s := c.Suspect; s != nil && !c.Listed.Before(s.At) {
		c.Suspect = nil
		if s.Found > s.Due {
			c.Wrong, c.Mend = s, true
		}
	}
}

// balance holds a reading against the books and begins them anew, unless a 0 was written since: that is what they say now.
func (c *Connection) balance(w Seen, high, low int) {
	if l := c.Lower; l != nil && c.Method == Absolute && l.Sent.After(w.Began) {
		return
	}
	if b := c.Book; b != nil && b.Quantity-b.Loose > high {
		c.Wrong, c.Mend = &Wrong{Found: w.Quantity, Due: b.Quantity + w.Sold, At: w.At, Wrote: b.Wrote}, true
	}
	c.Book = &Book{Quantity: high, Loose: high - low}
}

// reset takes the bound anew from a reading, once the orders created up to it are listed. The quantity stood at some
// moment from Began to At, so what was sold meanwhile may be in it or not; a bound between the two is the better one.
func (c *Connection) reset() {
	w := c.Waiting
	if w == nil || c.Listed.Before(w.At) {
		return
	}
	high, low := w.Quantity+w.Restored-w.Sold, w.Quantity-w.Overlap
	if !c.Known || c.Exposure > high || c.Exposure < low {
		c.Known, c.Back = true, w.Began
		c.Exposure = 0
		c.Check = c.Check || w.Overlap > w.Sold
		c.take(-high)
		if c.Since.After(w.At) && c.Quantity > c.Exposure { // a later reading showed more: somebody raised it after this one
			c.Exposure, c.Check = c.Quantity, true
		}
	}
	c.balance(*w, high, low)
	c.Check = c.Check || w.Restored > 0 // a quieter reading will be closer
	c.Reset, c.Waiting = *w, nil
	c.Zero = c.Known && c.Exposure == 0 && w.Quantity == 0 && c.Lower == nil
}
