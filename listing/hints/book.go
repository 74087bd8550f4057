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
	// Shopify's smallest plan, and a fifth of Amazon's; the rest is for writes, orders and the looks at all listings.
	burst = 20
	rate  = 4.0
	// calm is the least time between looks at listings of a shop that are said to have less: units may have been sold, so after
	// such a look the shop's orders are listed, which costs more than the look itself. A shop that sells much has a look at all by then.
	calm = time.Minute
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
	timer  *time.Timer
}

// spent is what a shop was looked at lately.
type spent struct {
	listings float64
	at       time.Time
	less     time.Time // the last look at listings that were said to have less
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

// Take takes in what came of connections that are ready.
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
		if t.at.IsZero() { // it does not say
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
	var next time.Time
	for _, h := range slices.SortedFunc(maps.Values(b.hints), func(x, y hint) int { return cmp.Or(x.came.Compare(y.came), cmp.Compare(x.key, y.key)) }) {
		c, ok := stands(h.key)
		due := h.came.Add(pause)
		switch {
		case !ok:
			b.end(h, Unknown)
		case b.explained(c, h):
			b.end(h, Known)
		case due.After(now) && due.Sub(now) <= pause: // else the clock was set back
			if next.IsZero() || due.Before(next) {
				next = due
			}
		case !b.busy(c, slices.Max(h.quantities), now) && b.afford(h.connection, slices.Max(h.quantities) < c.Exposure, now):
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

// afford says whether one listing more of a shop may be looked at now, which is said to have less or not, and reckons with it.
func (b *Book) afford(connection string, less bool, now time.Time) bool {
	s := b.spent[connection]
	s.listings = max(0, s.listings-rate*max(0, now.Sub(s.at).Seconds()))
	s.at = now
	ok := s.listings+1 <= burst
	if gone := now.Sub(s.less); less && gone > 0 && gone < calm { // those of one moment go together
		ok = false
	}
	if ok {
		s.listings++
	}
	if ok && less {
		s.less = now
	}
	b.spent[connection] = s
	return ok
}
