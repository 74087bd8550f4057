// Package timeline keeps a simulated shop's things by one of their times, and reads them in pages.
package timeline

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Mark is a moment in whole seconds, as the vendor has it, and the id of what changed then.
type Mark struct{ At, ID int64 }

func (m Mark) compare(n Mark) int {
	return cmp.Or(cmp.Compare(m.At, n.At), cmp.Compare(m.ID, n.ID))
}

// Timeline keeps things by one of their times. When a thing's time moves it is put again; the old entry is stale and
// swept when half are, so a change costs O(1) on average and a page O(log n + what it looks at).
type Timeline[T any] struct {
	entries []entry[T]
	stale   int
	current func(T) Mark
}

// New makes an empty one; current is where a thing stands now.
func New[T any](current func(T) Mark) Timeline[T] { return Timeline[T]{current: current} }

// ErrCursor says that a page was asked for by no cursor of ours.
var ErrCursor = errors.New("invalid cursor for current pagination sort")

type entry[T any] struct {
	Mark
	item T
}

// Put adds an item.
func (t *Timeline[T]) Put(item T) {
	e := entry[T]{t.current(item), item}
	i := len(t.entries)
	if i > 0 && t.entries[i-1].compare(e.Mark) > 0 {
		i = t.search(e.Mark)
	}
	t.entries = slices.Insert(t.entries, i, e)
}

// Moved says that an item put before has another time than old.
func (t *Timeline[T]) Moved(item T, old Mark) {
	if t.current(item) == old {
		return
	}
	t.Put(item)
	if t.stale++; t.stale > 64 && t.stale > len(t.entries)/2 {
		t.entries = slices.DeleteFunc(t.entries, func(e entry[T]) bool { return t.current(e.item) != e.Mark })
		t.stale = 0
	}
}

// search returns the first index at or after m.
func (t *Timeline[T]) search(m Mark) int {
	i, _ := slices.BinarySearchFunc(t.entries, m, func(e entry[T], m Mark) int { return e.compare(m) })
	return i
}

// Window is what a search asks of a Timeline.
type Window struct {
	GE, LT  int64 // seconds; LT 0 = no end
	Reverse bool
	First   int
	After   string // a cursor
}

// Row is an item and the cursor that stands after it.
type Row[T any] struct {
	Item   T
	Cursor string
}

// Page returns up to First items that keep accepts and whether there are more. A cursor is a place, not a number of rows:
// things that move while one pages are met again when they moved forward in the chosen order.
func (t *Timeline[T]) Page(w Window, keep func(T) bool) (rows []Row[T], more bool, err error) {
	lo, hi := t.search(Mark{w.GE, math.MinInt64}), len(t.entries)
	if w.LT != 0 {
		hi = max(lo, t.search(Mark{w.LT, math.MinInt64}))
	}
	if w.After != "" {
		after, err := readCursor(w.After)
		if err != nil {
			return nil, false, err
		}
		if w.Reverse {
			hi = max(lo, min(hi, t.search(after)))
		} else {
			lo = min(hi, max(lo, t.search(Mark{after.At, after.ID + 1})))
		}
	}
	for n := range hi - lo {
		i := lo + n
		if w.Reverse {
			i = hi - 1 - n
		}
		e := t.entries[i]
		if t.current(e.item) != e.Mark || !keep(e.item) {
			continue
		}
		if len(rows) == w.First {
			return rows, true, nil
		}
		rows = append(rows, Row[T]{e.item, writeCursor(e.Mark)})
	}
	return rows, false, nil
}

// cursor is what the vendor's hold: the last row's id and the value it was sorted by.
type cursor struct {
	ID int64  `json:"last_id"`
	At string `json:"last_value"`
}

func writeCursor(m Mark) string {
	text, err := json.Marshal(cursor{m.ID, fmt.Sprint(m.At)})
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(text)
}

func readCursor(text string) (m Mark, err error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return Mark{}, ErrCursor
	}
	var c cursor
	if json.Unmarshal(raw, &c) != nil {
		return Mark{}, ErrCursor
	}
	if n, err := fmt.Sscan(c.At, &m.At); n != 1 || err != nil {
		return Mark{}, ErrCursor
	}
	m.ID = c.ID
	return m, nil
}
