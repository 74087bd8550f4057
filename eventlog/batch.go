package eventlog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/eventlog/seal"
)

// batch is one commit in the making. Each call in it sees the effects of those before it.
type batch struct {
	*appender
	number uint64
	out    Batch
	digest seal.Digest
	bases  []*history // what the batch assumes of each stream; out.Bases has the versions

	accepted  []*call // their writes are in the batch
	answered  []*call // decided to fail; the answer stands when the bases hold
	followers []*call // same key as an accepted call
	later     []*call // need what this batch writes; decided in the next one
	keys      map[keyRef]*call
}

// keyRef names a command key.
type keyRef struct {
	caller string
	id     [16]byte
}

func (a *appender) newBatch() *batch {
	a.number++
	return &batch{appender: a, number: a.number, out: Batch{At: a.options.Clock().UnixMicro()}, digest: seal.NewDigest()}
}

// fill decides calls until the batch is full and returns the others.
func (b *batch) fill(ctx context.Context, calls []*call) (rest []*call) {
	b.out.Events = make([]Stored, 0, len(calls))
	b.out.BaseOf = make([]int, 0, len(calls))
	for i, c := range calls {
		if len(b.out.Events) >= b.options.MaxBatch {
			return slices.Clone(calls[i:])
		}
		c.out, c.err = Outcome{}, nil
		if c.request == nil {
			b.append(c)
		} else {
			b.execute(ctx, c)
		}
	}
	return nil
}

// append joins the call's writes to the batch if all of them expect what is.
func (b *batch) append(c *call) {
	for i := range c.writes {
		w := &c.writes[i]
		h := b.cache.Get(w.stream) // there: the round has learned it
		b.base(h)
		now := h.version
		for _, earlier := range c.writes[:i] {
			if earlier.stream == w.stream {
				now += Version(len(earlier.entries))
			}
		}
		if w.expected != now {
			c.err = fmt.Errorf("%w: %s is at version %d, not %d", ErrConflict, w.stream, now, w.expected)
			b.answered = append(b.answered, c)
			return
		}
	}
	b.accept(c)
}

// base makes the batch depend on the stream's version as it is now.
func (b *batch) base(h *history) int {
	if h.batch != b.number {
		h.batch, h.base, h.dirty = b.number, len(b.bases), false
		b.bases = append(b.bases, h)
		b.out.Bases = append(b.out.Bases, Base{Stream: h.stream, Expect: h.version})
	}
	return h.base
}

// accept adds the writes of a call and evolves the states that the appender keeps.
func (b *batch) accept(c *call) {
	c.out.Versions = make([]Version, len(c.writes))
	for i := range c.writes {
		w := &c.writes[i]
		h := b.cache.Get(w.stream)
		base := b.base(h)
		w.first = len(b.out.Events) + 1
		for j := range w.entries {
			h.version++
			b.out.Events = append(b.out.Events, w.entries[j].at(h.version, b.out.At, b.digest))
			b.out.BaseOf = append(b.out.BaseOf, base)
		}
		h.dirty = h.dirty || len(w.entries) > 0
		c.out.Versions[i] = h.version
		if len(h.folds) > 0 {
			b.evolve(h, w.entries)
		}
	}
	b.accepted = append(b.accepted, c)
}

func (b *batch) evolve(h *history, entries []entry) {
	for i := range entries {
		for _, f := range h.folds {
			if f.evolve(entries[i].event) != nil {
				b.cache.Change(func() { h.folds = nil }) // whoever folds it next gets the error
				return
			}
		}
	}
}

// execute decides a command and joins what it says.
func (b *batch) execute(ctx context.Context, c *call) {
	key := c.request.Key
	if key != nil {
		if _, ok := b.keys[keyRef{key.Caller, key.ID}]; ok {
			b.followers = append(b.followers, c)
			return
		}
	}
	states := make([]State, len(c.request.Folds))
	for i := range c.request.Folds {
		f, err := b.state(ctx, c, i)
		if err != nil {
			c.answer(err)
			return
		}
		if f == nil {
			b.later = append(b.later, c)
			return
		}
		states[i] = State{Stream: f.fold.Stream, Version: f.version, Value: f.value}
	}
	decision, err := c.request.decide(states)
	var refusal Refusal
	if err == nil {
		c.writes, err = b.encode(c.request, decision)
	} else {
		errors.As(err, &refusal)
	}
	c.err, c.out.Result = err, decision.Result
	if err == nil {
		b.accept(c)
	} else {
		c.writes, c.out.Result = nil, nil
		b.answered = append(b.answered, c)
	}
	if key != nil && (err == nil || refusal != "") {
		b.addKey(c, string(refusal))
	}
}

// addKey stores the call's answer with its key.
func (b *batch) addKey(c *call, refusal string) {
	key := c.request.Key
	if b.keys == nil {
		b.keys = map[keyRef]*call{}
	}
	b.keys[keyRef{key.Caller, key.ID}] = c
	b.out.Keys = append(b.out.Keys, StoredKey{
		Caller: key.Caller, ID: key.ID, Hash: key.Hash, At: b.out.At, Refusal: refusal, Result: c.out.Result,
		Version: b.cache.Get(c.request.Folds[0].Stream).version,
	})
	first, last := c.ordinals()
	b.out.KeyOrds = append(b.out.KeyOrds, [2]int{first, last})
}

// ordinals are the first and last of the call's events in the batch, 0 and 0 when it has none.
func (c *call) ordinals() (first, last int) {
	for i := range c.writes {
		if w := &c.writes[i]; len(w.entries) > 0 {
			if first == 0 {
				first = w.first
			}
			last = w.first + len(w.entries) - 1
		}
	}
	return first, last
}

// state finds the i-th state of a request, or brings the caller's up to date. It is nil when the
// stream has events in this batch that the state cannot have seen.
func (b *batch) state(ctx context.Context, c *call, i int) (*folded, error) {
	fold := &c.request.Folds[i]
	h := b.cache.Get(fold.Stream)
	if h != nil {
		if f := h.find(fold.Name); f != nil {
			b.base(h)
			return f, nil
		}
		if h.batch == b.number && h.dirty {
			return nil, nil
		}
	}
	f := c.folded[i]
	c.folded[i] = nil // from here on it is the appender's
	var err error
	if f == nil {
		f, err = b.load(ctx, fold)
	} else if h != nil && f.version < h.version {
		err = b.foldOn(ctx, f)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case h == nil:
		h = &history{stream: fold.Stream, version: f.version}
		b.cache.Put(h.stream, h)
	case h.version != f.version && h.batch == b.number:
		return nil, nil // this batch rests on an older version and will be refused
	default:
		if h.version != f.version { // another appender has moved it on
			b.cache.Change(func() { h.folds = nil })
			h.version = f.version
		}
	}
	b.cache.Change(func() { h.folds = append(h.folds, f) })
	b.base(h)
	return f, nil
}

// encode checks what a decision says and makes entries of it.
func (b *batch) encode(r *Request, d Decision) ([]planned, error) {
	at, writes := 0, make([]planned, len(d.Writes)) // at: the fold found last, as both mostly go in one order
	for i, w := range d.Writes {
		folded := func(f Fold) bool { return f.Stream == w.Stream }
		if next := slices.IndexFunc(r.Folds[at:], folded); next >= 0 {
			at += next
		} else if at = slices.IndexFunc(r.Folds, folded); at < 0 {
			return nil, fmt.Errorf("eventlog: the decision writes to %s, which it did not fold", w.Stream)
		}
		writes[i] = planned{stream: w.Stream, entries: make([]entry, len(w.Events))}
		for j, event := range w.Events {
			var err error
			if writes[i].entries[j], err = newEntry(w.Stream, event, b.options.NewID(), &r.Meta); err != nil {
				return nil, err
			}
		}
	}
	return writes, nil
}

// commit completes what the store gets.
func (b *batch) commit() Batch {
	b.out.Digest = b.digest.Sum()
	return b.out
}

// all are the calls that the batch has not handed on.
func (b *batch) all() []*call {
	return slices.Concat(b.accepted, b.answered, b.followers, b.later)
}

// finish answers the calls of a commit that succeeded and returns those to decide again.
func (b *batch) finish(done Committed) (again []*call) {
	at := time.UnixMicro(b.out.At).UTC()
	again = b.later
	for _, c := range slices.Concat(b.accepted, b.answered) {
		c.out.At = at
		c.out.First, c.out.Last = done.Head.Position, done.Head.Position
		if first, last := c.ordinals(); first > 0 {
			c.out.First, c.out.Last = done.First+Position(first)-1, done.First+Position(last)-1
		}
	}
	for _, c := range b.followers {
		first := b.keys[keyRef{c.request.Key.Caller, c.request.Key.ID}]
		if first.request.Key.Hash != c.request.Key.Hash {
			c.answer(ErrKeyReused)
			continue
		}
		c.out = first.out
		c.out.Replayed = true
		c.answer(first.err)
	}
	for _, c := range b.accepted {
		c.answer(nil)
	}
	for _, c := range b.answered {
		c.answer(c.err)
	}
	for _, h := range b.bases {
		for _, f := range h.folds {
			b.snapshotDue(f)
		}
	}
	return again
}

// answerFound answers calls whose key stands in the store already and returns the others.
func (b *batch) answerFound(found []StoredKey) (others []*call) {
	stored := map[keyRef]*StoredKey{}
	for i := range found {
		stored[keyRef{found[i].Caller, found[i].ID}] = &found[i]
	}
	for _, c := range b.all() {
		if c.request != nil && c.request.Key != nil {
			if k := stored[keyRef{c.request.Key.Caller, c.request.Key.ID}]; k != nil {
				out, err := answerOf(k, c.request.Key)
				c.out = out
				c.answer(err)
				continue
			}
		}
		others = append(others, c)
	}
	return others
}

// forget throws away what the batch did to states that never came to be, and keeps the real
// versions where the store told them.
func (b *batch) forget(real []Version) {
	for i, h := range b.bases {
		if i < len(real) {
			b.cache.Put(h.stream, &history{stream: h.stream, version: real[i]})
		} else {
			b.cache.Drop(h.stream)
		}
	}
}
