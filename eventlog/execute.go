package eventlog

import (
	"context"
	"errors"
	"fmt"
)

// Execute decides over folded states inside the appender and commits what the decision says. A
// Refusal is returned as the error; when the request has a key, it is stored and comes again.
func (l *Log) Execute(ctx context.Context, r Request) (Outcome, error) {
	if len(r.Folds) == 0 || r.Decide == nil {
		return Outcome{}, errors.New("eventlog: a request needs folds and a decide function")
	}
	if err := checkMeta(&r.Meta); err != nil {
		return Outcome{}, err
	}
	if r.Key != nil {
		if err := l.checkKey(r.Key); err != nil {
			return Outcome{}, err
		}
		stored, found, err := l.store.FindKey(ctx, r.Key.Caller, r.Key.ID)
		if err != nil {
			return Outcome{}, fmt.Errorf("look up the command key: %w", err)
		}
		if found {
			return answerOf(&stored, r.Key)
		}
	}
	c := &call{done: make(chan struct{}, 1), request: &r, folded: make([]*folded, len(r.Folds))}
	for i := range r.Folds {
		f := &r.Folds[i]
		if err := checkStream(f.Stream); err != nil {
			return Outcome{}, err
		}
		// If the state is evicted meanwhile, the appender folds.
		if l.cache.Look(f.Stream, func(h *history) bool { return h.find(f.Name) != nil }) {
			continue
		}
		var err error
		if c.folded[i], err = l.bring(ctx, f); err != nil {
			return Outcome{}, err
		}
	}
	err := l.submit(ctx, c)
	return c.out, err
}

// foldRef names a state that is kept.
type foldRef struct {
	stream Stream
	fold   string
}

// bring folds a state for the appender, which lacks it. Of the callers that want one state at a time
// one folds and the others wait and bring none: by then the appender has it, or folds. Otherwise each
// caller of a busy stream would read all of it whenever another process has moved it on.
func (l *Log) bring(ctx context.Context, f *Fold) (*folded, error) {
	ref := foldRef{f.Stream, f.Name}
	l.foldingMu.Lock()
	other := l.folding[ref]
	if other == nil {
		done := make(chan struct{})
		l.folding[ref] = done
		defer func() {
			l.foldingMu.Lock()
			defer l.foldingMu.Unlock()
			delete(l.folding, ref)
			close(done)
		}()
	}
	l.foldingMu.Unlock()
	if other == nil {
		return l.fold(ctx, f)
	}
	select {
	case <-other:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Fold reads a stream and folds it into a state of the caller's own.
func (l *Log) Fold(ctx context.Context, f Fold) (State, error) {
	if err := checkStream(f.Stream); err != nil {
		return State{}, err
	}
	folded, err := l.fold(ctx, &f)
	if err != nil {
		return State{}, err
	}
	return State{Stream: f.Stream, Version: folded.version, Value: folded.value}, nil
}

// fold starts a state from nothing.
func (l *Log) fold(ctx context.Context, f *Fold) (*folded, error) {
	state := &folded{fold: f, value: f.Zero()}
	return state, l.foldOn(ctx, state)
}

// foldOn brings a state up to what the store holds.
func (l *Log) foldOn(ctx context.Context, state *folded) error {
	const page = 1000
	for {
		records, err := l.ReadStream(ctx, state.fold.Stream, state.version, page)
		if err != nil {
			return fmt.Errorf("fold %s: %w", state.fold.Stream, err)
		}
		for i := range records {
			if err := state.evolve(records[i].Event); err != nil {
				return err
			}
		}
		if len(records) < page {
			return nil
		}
	}
}

// evolve adds one event. After an error, or a panic of Evolve made one, the state is useless.
func (f *folded) evolve(e Event) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("eventlog: fold %s of %s panicked on %s: %v", f.fold.Name, f.fold.Stream, e.EventName(), p)
		}
	}()
	f.value = f.fold.Evolve(f.value, e)
	f.version++
	return nil
}

// decide calls the rule; its panic is its own command's fault alone.
func (r *Request) decide(states []State) (d Decision, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("eventlog: deciding on %s panicked: %v", r.Folds[0].Stream, p)
		}
	}()
	return r.Decide(states)
}
