// Package heard keeps what notifications tell of units that were sold, until their orders are in the ledger or the news is old. A
// channel may let its orders be read more slowly than they come, and others must not list meanwhile what is gone.
package heard

import (
	"slices"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// believed is how long a notification counts whose order does not come.
const believed = 10 * time.Minute

// Sale is what a notification tells of a new order.
type Sale struct {
	Connection string
	Order      string         // of the hub
	Units      map[string]int // by the seller's code
}

// most are kept that nobody has taken; the orders of more come by themselves.
const most = 10_000

// Queue hands sales over. The zero Queue is empty; its methods may be called from many goroutines.
type Queue struct {
	mu    sync.Mutex
	sales []Sale
}

// Add puts in what a notification told of a new order, whose id in the hub is given.
func (q *Queue) Add(connection, order string, lines []channels.Line) {
	s := Sale{Connection: connection, Order: order, Units: map[string]int{}}
	for _, n := range lines {
		s.Units[n.Code] += int(n.Quantity)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.sales) < most {
		q.sales = append(q.sales, s)
	}
}

// Take takes out the sales on connections that are ready; the others stay.
func (q *Queue) Take(ready func(connection string) bool) (taken []Sale) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sales = slices.DeleteFunc(q.sales, func(s Sale) bool {
		is := ready(s.Connection)
		if is {
			taken = append(taken, s)
		}
		return is
	})
	return taken
}

// Book has the sales whose orders are on their way. The zero Book is empty.
type Book struct {
	sales map[string]heard // by order
}

type heard struct {
	listings map[string]int // units by key of the listing
	until    time.Time
}

// Note takes in a sale; listing finds the key of the listing that a code means. The keys that have changed are returned.
func (b *Book) Note(s Sale, now time.Time, listing func(connection, code string) (key string, ok bool)) (changed []string) {
	if _, noted := b.sales[s.Order]; noted {
		return nil
	}
	h := heard{listings: map[string]int{}, until: now.Add(believed)}
	for code, units := range s.Units {
		if key, ok := listing(s.Connection, code); ok {
			h.listings[key] += units
			changed = append(changed, key)
		}
	}
	if b.sales == nil {
		b.sales = map[string]heard{}
	}
	b.sales[s.Order] = h
	return changed
}

// Forget ends what was heard of an order, since it is known.
func (b *Book) Forget(order string) (changed []string) {
	for key := range b.sales[order].listings {
		changed = append(changed, key)
	}
	delete(b.sales, order)
	return changed
}

// Expire ends what is too old to be believed.
func (b *Book) Expire(now time.Time) (changed []string) {
	for order, h := range b.sales {
		if !now.Before(h.until) {
			changed = append(changed, b.Forget(order)...)
		}
	}
	return changed
}

// Units are those heard of a listing.
func (b *Book) Units(key string) (units int) {
	for _, h := range b.sales {
		units += h.listings[key]
	}
	return units
}
