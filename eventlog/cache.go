package eventlog

import (
	"sync"

	"github.com/creatorflow/creatorflow/eventlog/recent"
)

// history is what the appender knows of one stream: its version, and the states of its folds.
// During a batch it is ahead of the store by the batch's events; when the commit fails it is
// thrown away, because Evolve may have changed the states in place.
type history struct {
	stream  Stream
	version Version
	folds   []*folded

	batch uint64 // the batch that has the stream among its bases
	base  int    // its index there
	dirty bool   // the batch has events for it
}

// folded is one state of a stream.
type folded struct {
	fold    *Fold
	version Version
	value   any
}

// cache keeps the histories used last. Only the appender changes it; callers ask has.
type cache struct {
	mu        sync.Mutex
	histories *recent.Map[Stream, *history]
}

func newCache(limit int) *cache { return &cache{histories: recent.New[Stream, *history](limit)} }

// has tells a caller that it need not fold; if the state is evicted meanwhile, the appender folds.
func (c *cache) has(s Stream, fold string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.histories.Peek(s)
	return ok && h.find(fold) != nil
}

// get returns the stream's history or nil.
func (c *cache) get(s Stream) *history {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, _ := c.histories.Get(s)
	return h
}

// put replaces what is known of a stream.
func (c *cache) put(h *history) *history {
	c.change(func() { c.histories.Put(h.stream, h) })
	return h
}

// change edits histories, which callers may be looking at.
func (c *cache) change(edit func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	edit()
}

func (h *history) find(fold string) *folded {
	for _, f := range h.folds {
		if f.fold.Name == fold {
			return f
		}
	}
	return nil
}
