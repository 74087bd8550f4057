package hints

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/listings"
)

const (
	// pause is how long a hint waits for what explains it, and for others about the same listing: the order of a sale, the answer
	// to a write of ours.
	pause = 500 * time.Millisecond
	// patience is how long a hint waits for what is under way with its listing.
	patience = 5 * time.Minute

	// Looks that hints ask for at one shop: so many listings at once, and so many more a second. That is a third of the quota of
	// Shopify's smallest plan. At Amazon it is four reads of the five a second, at most: writes have a quota of their own there, and
	// hints that come while a read waits for its turn go together in the next.
	burst = 20
	rate  = 4.0
	// calm is the least time between looks at listings of a shop that are said to have less, or that are not written: units may have
	// been sold, or nothing can be taken off, so after such a look the shop's orders are listed, which costs more than the look itself.
	// A shop that sells much has a look at all by then.
	calm = time.Minute

	// Of more hints than few, each is looked at so much less often than whenever something happens: a flood must not keep the room,
	// which looks at them in its own goroutine, from writing.
	few  = 100
	cost = 100 * time.Microsecond
)

// hint is what was told of a listing.
type hint struct {
	key, connection string
	quantities      []int     // of one moment: a shop's clock has whole seconds, and nobody knows which came last
	at, came        time.Time // when it was so, when we heard, by our clock
}

// Book has the hints that nothing was done about yet. One goroutine has it.
type Book struct {
	queue  *Queue
	margin time.Duration // a reading counts as begun so much before it did
	hints  map[string]hint
	newest map[string]time.Time // of each listing that was told of
	spent  map[string]spent     // by connection
	sorted time.Time            // when all hints were looked at last
	timer  *time.Timer
}

// spent is what a shop was looked at lately.
type spent struct {
	listings float64
	at       time.Time
	orders   time.Time // the last look at listings after which orders are listed
}

// NewBook makes an empty Book of what comes by a Queue from now on, for one who begins with reading all there is.
func NewBook(q *Queue, margin time.Duration) *Book {
	q.clear()
	timer := time.NewTimer(pause)
	timer.Stop()
	return &Book{queue: q, margin: margin, hints: map[string]hint{}, newest: map[string]time.Time{}, spent: map[string]spent{}, timer: timer}
}

// Wake tells when Due has something to say that waited for nothing but time.
func (b *Book) Wake() <-chan time.Time { return b.timer.C }

// Take takes in what came of connections that are ready. All listings of another one are read once it is.
func (b *Book) Take(now time.Time, ready func(connection string) bool, connector func(id string) (channels.Connector, bool)) {
	for _, t := range b.queue.take(ready) {
		c, _ := connector(t.connection)
		newsy, ok := c.(channels.Newsy)
		listing := ""
		if ok {
			listing, ok = newsy.Concerns(t.news)
		}
		if !ok {
			b.queue.note(Unknown)
			continue
		}
		h := hint{key: listings.Key(t.connection, listing), connection: t.connection, quantities: t.quantities, at: t.at, came: now}
		if clocked, ok := c.(channels.Clocked); ok {
			h.at = h.at.Add(clocked.Ahead())
		}
		if t.at.IsZero() || h.at.After(now) { // it does not say, or says what would have all that come later seem to be overtaken
			h.at = now
		}
		was, there := b.hints[h.key]
		if there || h.at.Before(b.newest[h.key]) {
			b.queue.note(Merged)
		}
		switch {
		case h.at.Before(b.newest[h.key]): // overtaken on the way
			continue
		case there && was.at.Equal(h.at):
			h.quantities = join(was.quantities, h.quantities)
		}
		if there {
			h.came = was.came
		}
		b.hints[h.key], b.newest[h.key] = h, h.at
	}
}

// Due takes out the listings that are to be read now, by key. stands tells what is known of one; ok is false when nobody here asks
// what it lists.
func (b *Book) Due(now time.Time, stands func(key string) (c exposure.Connection, ok bool)) (keys []string) {
	if n := len(b.hints); n > few {
		if gone, pause := now.Sub(b.sorted), time.Duration(n)*cost; gone >= 0 && gone < pause {
			b.timer.Reset(pause - gone)
			return nil
		}
	}
	b.sorted = now
	var next time.Time
	for _, h := range slices.SortedFunc(maps.Values(b.hints), func(x, y hint) int { return cmp.Or(x.came.Compare(y.came), cmp.Compare(x.key, y.key)) }) {
		c, ok := stands(h.key)
		due := h.came.Add(pause)
		switch {
		case !ok:
			b.end(h, Unknown)
			delete(b.newest, h.key) // or what the hub does not keep would stay
		case b.explained(c, h):
			b.end(h, Known)
		case due.After(now) && due.Sub(now) <= pause: // else the clock was set back
			if next.IsZero() || due.Before(next) {
				next = due
			}
		case !b.busy(c, slices.Max(h.quantities), now) && b.afford(h.connection, slices.Max(h.quantities) < c.Exposure || c.Method == exposure.ReadOnly, now):
			b.end(h, Looked)
			keys = append(keys, h.key)
		case now.Sub(h.came) > patience:
			b.end(h, Left)
		}
	}
	if b.timer.Stop(); !next.IsZero() {
		b.timer.Reset(next.Sub(now))
	}
	return keys
}

func (b *Book) end(h hint, what string) {
	delete(b.hints, h.key)
	b.queue.note(what)
}

// explained says that a hint tells nothing new.
func (b *Book) explained(c exposure.Connection, h hint) bool {
	pending := c.Raise != nil || c.Lower != nil
	switch most := slices.Max(h.quantities); {
	case c.Since.Sub(h.at) > 2*b.margin: // read or written since
		return true
	case pending && c.Method == exposure.CompareAndSwap: // its answer says whether it was made
		return false
	case pending: // it is read until that is known; more than can be there by what is known is somebody's hand
		return most <= c.Exposure
	case !c.Known || c.Check || !c.Fresh: // it is read anyway
		return true
	case c.Method == exposure.CompareAndSwap && c.Exposure > c.Quantity && c.Waiting == nil:
		return false // a swap was made over an edit by hand, and less is listed than can be sold by what is known
	}
	// Read or written last, less what was sold since, with the sales whose orders are on their way or without them; or what can be sold
	// by what is known: a sale just after a reading is off that alone, since the reading may have had it.
	return slices.ContainsFunc(h.quantities, func(n int) bool { return n == c.Quantity || n == c.Quantity-c.Unread || n == c.Exposure })
}

// busy says that a reading would tell nothing now: another one or a swap is under way, a write was answered so lately that it would not
// count, or what was read waits for its orders. Of more than was read it is not waited for orders: that only lowers.
func (b *Book) busy(c exposure.Connection, quantity int, now time.Time) bool {
	return c.Asked != nil || c.Method == exposure.CompareAndSwap && (c.Raise != nil || c.Lower != nil) ||
		!now.Add(-b.margin).After(c.After) || c.Waiting != nil && quantity <= c.Quantity
}

// afford says whether one listing more of a shop may be looked at now, after which its orders are listed or not, and reckons with it.
func (b *Book) afford(connection string, orders bool, now time.Time) bool {
	s := b.spent[connection]
	s.listings = max(0, s.listings-rate*max(0, now.Sub(s.at).Seconds()))
	s.at = now
	ok := s.listings+1 <= burst
	if gone := now.Sub(s.orders); orders && gone > 0 && gone < calm { // those of one moment go together
		ok = false
	}
	if ok {
		s.listings++
	}
	if ok && orders {
		s.orders = now
	}
	b.spent[connection] = s
	return ok
}
