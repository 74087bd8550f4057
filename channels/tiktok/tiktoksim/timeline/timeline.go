// Package timeline keeps things in the order of one of their times, and gives them out page by page.
package timeline

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
)

// Mark is a moment in whole seconds, as the vendor has it, and the place of a change among all changes.
type Mark struct{ At, Tick int64 }

func (m Mark) compare(n Mark) int {
	return cmp.Or(cmp.Compare(m.At, n.At), cmp.Compare(m.Tick, n.Tick))
}

// Timeline keeps things by one of their times. When a thing's time moves it is put again; the old entry is stale and
// swept when half are, so a change costs O(1) on average and a page O(log n + what it looks at).
type Timeline[T any] struct {
	entries []entry[T]
	stale   int
	current func(T) Mark // where the thing stands now
	bad     error
}

// New makes an empty Timeline; bad is what a token is refused with that is none.
func New[T any](bad error, current func(T) Mark) Timeline[T] {
	return Timeline[T]{current: current, bad: bad}
}

type entry[T any] struct {
	Mark
	item T
}

// Put takes in a thing.
func (t *Timeline[T]) Put(item T) {
	e := entry[T]{t.current(item), item}
	i := len(t.entries)
	if i > 0 && t.entries[i-1].compare(e.Mark) > 0 { // a clock that went back, or a dated order
		i = t.search(e.Mark)
	}
	t.entries = slices.Insert(t.entries, i, e)
}

// Moved says that an item put before has a new time.
func (t *Timeline[T]) Moved(item T) {
	t.Put(item)
	if t.stale++; t.stale > 64 && t.stale > len(t.entries)/2 {
		t.entries = slices.DeleteFunc(t.entries, func(e entry[T]) bool { return t.current(e.item) != e.Mark })
		t.stale = 0
	}
}

// All gives every thing once, in its order.
func (t *Timeline[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, e := range t.entries {
			if t.current(e.item) == e.Mark && !yield(e.item) {
				return
			}
		}
	}
}

// search returns the first index at or after m.
func (t *Timeline[T]) search(m Mark) int {
	i, _ := slices.BinarySearchFunc(t.entries, m, func(e entry[T], m Mark) int { return e.compare(m) })
	return i
}

// Window is what a search asks of a Timeline.
type Window struct {
	GE, LT int64 // seconds; LT 0 = no end
	Desc   bool
	Size   int
	Token  string
}

// Page returns up to Size items that keep accepts, the token of the next page ("" at the end) and how many there
// were at the first page. A token is a place, not a number of rows: things that move while one pages are met again
// when they moved forward in the chosen order, and missed when they moved back, as in any keyset paging.
func (t *Timeline[T]) Page(w Window, keep func(T) bool) (items []T, next string, total int, err error) {
	lo, hi := t.search(Mark{w.GE, math.MinInt64}), len(t.entries)
	if w.LT != 0 {
		hi = max(lo, t.search(Mark{w.LT, math.MinInt64}))
	}
	first := w.Token == ""
	if !first {
		var after Mark
		var ok bool
		if after, total, ok = readToken(w.Token); !ok {
			return nil, "", 0, t.bad
		}
		if w.Desc {
			hi = max(lo, min(hi, t.search(after)))
		} else {
			lo = min(hi, max(lo, t.search(Mark{after.At, after.Tick + 1})))
		}
	}
	var last Mark
	more := false
	for n := range hi - lo {
		i := lo + n
		if w.Desc {
			i = hi - 1 - n
		}
		e := t.entries[i]
		if t.current(e.item) != e.Mark || !keep(e.item) {
			continue
		}
		if first {
			total++ // counted once and carried in the token: a page never walks the whole again
		}
		if len(items) < w.Size {
			items, last = append(items, e.item), e.Mark
		} else if more = true; !first {
			break
		}
	}
	if more {
		next = writeToken(last, total)
	}
	return items, next, total, nil
}

// writeToken makes a page token that holds + / and =, so that a client that forgets to escape one is found out.
func writeToken(m Mark, total int) string {
	text := fmt.Appendf([]byte{0xfb, 0xff, 0xbe}, "%d %d %d", m.At, m.Tick, total)
	if len(text)%3 == 0 {
		text = append(text, ' ')
	}
	return base64.StdEncoding.EncodeToString(text)
}

func readToken(token string) (m Mark, total int, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(token)
	text, ok := strings.CutPrefix(string(raw), "\xfb\xff\xbe")
	if err != nil || !ok {
		return Mark{}, 0, false
	}
	if n, err := fmt.Sscanf(text, "%d %d %d", &m.At, &m.Tick, &total); n != 3 || err != nil || total < 0 {
		return Mark{}, 0, false
	}
	return m, total, true
}
