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
	c.mu.Lock()
	defer c.mu.Unlock()
	c.histories.Put(h.stream, h)
	return h
}

// adopt adds a state to a history.
func (c *cache) adopt(h *history, f *folded) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h.folds = append(h.folds, f)
}

// spoil forgets the states of a history and keeps the version.
func (c *cache) spoil(h *history) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h.folds = nil
}

func (c *cache) drop(s Stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.histories.Drop(s)
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.histories.Clear()
}

// trim is called between batches, so that no history disappears while a batch refers to it.
func (c *cache) trim() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.histories.Trim()
}

func (h *history) find(fold string) *folded {
	for _, f := range h.folds {
		if f.fold.Name == fold {
			return f
		}
	}
	return nil
}
