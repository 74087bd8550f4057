package eventlog

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
	due     Version // from which on it asks for a snapshot
}

func (h *history) find(fold string) *folded {
	for _, f := range h.folds {
		if f.fold.Name == fold {
			return f
		}
	}
	return nil
}
