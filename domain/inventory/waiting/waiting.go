// Package waiting orders those that wait for units of a SKU.
package waiting

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"time"
)

// Order waits in its turn for units of a SKU. It waits for all of its SKUs under one and the same Front and Placed: what stands before
// what is one order of all orders, so of two that wait for two SKUs none waits for the other in a circle.
type Order struct {
	Order  string
	Units  int64
	Placed time.Time
	Front  int64 // orders with a higher one come first
}

// Before orders a queue: who was moved to the front last, then who ordered first.
func Before(a, b Order) int {
	return cmp.Or(-cmp.Compare(a.Front, b.Front), a.Placed.Compare(b.Placed), strings.Compare(a.Order, b.Order))
}

// Turn is an order that asks for its units: when it was placed says whose turn it is.
type Turn struct {
	Order   string
	Attempt int
	Placed  time.Time // zero = after everybody who waits
}

// Queue is who waits, whose turn comes first in front; a value that no method changes.
type Queue []Order

// Find finds an order that waits.
func (q Queue) Find(order string) (Order, bool) {
	if i := slices.IndexFunc(q, func(w Order) bool { return w.Order == order }); i >= 0 {
		return q[i], true
	}
	return Order{}, false
}

// Ahead is how many units are wanted by those whose turn comes before an order's.
func (q Queue) Ahead(t Turn) (units int64) {
	if len(q) == 0 {
		return 0
	}
	own, queued := q.Find(t.Order)
	if !queued {
		own = Order{Order: t.Order, Placed: t.Placed}
	}
	for _, w := range q {
		if queued || !t.Placed.IsZero() {
			if Before(w, own) >= 0 {
				break
			}
		}
		units += w.Units
	}
	return units
}

// With is the queue with an order in its turn.
func (q Queue) With(w Order) Queue {
	q = q.Without(w.Order)
	at, _ := slices.BinarySearchFunc(q, w, Before)
	return slices.Insert(q, at, w)
}

// Without is the queue without an order.
func (q Queue) Without(order string) Queue {
	left := make(Queue, 0, len(q)+1)
	for _, w := range q {
		if w.Order != order {
			left = append(left, w)
		}
	}
	if len(left) == 0 {
		return nil
	}
	return left
}

// AppendTo writes it: how many wait, then for each in its turn length of the order, order, units, placed in microseconds, front.
func (q Queue) AppendTo(data []byte) []byte {
	data = binary.AppendVarint(data, int64(len(q)))
	for _, w := range q {
		data = binary.AppendVarint(data, int64(len(w.Order)))
		data = append(data, w.Order...)
		for _, n := range []int64{w.Units, w.Placed.UnixMicro(), w.Front} {
			data = binary.AppendVarint(data, n)
		}
	}
	return data
}

// Read reads what AppendTo wrote, number by number and text by text; broken says that there is no more.
func Read(next func() int64, text func() string, broken func() bool) (q Queue) {
	for n := next(); n > 0 && !broken(); n-- {
		w := Order{Order: text(), Units: next()}
		w.Placed, w.Front = time.UnixMicro(next()).UTC(), next()
		q = append(q, w)
	}
	return q
}
