package eventlog

import (
	"context"
	"errors"
	"fmt"

	"github.com/creatorflow/creatorflow/eventlog/snapshot"
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
		if err := f.Stream.Check(); err != nil {
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

// bring folds a state for the appender, which lacks it. Of the callers that want one state at a time
// one folds and the others wait and bring none: by then the appender has it, or folds. Otherwise each
// caller of a busy stream would read all of it whenever another process has moved it on.
func (l *Log) bring(ctx context.Context, f *Fold) (*folded, error) {
	ref := f.of()
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
		return l.load(ctx, f)
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
	if err := f.Stream.Check(); err != nil {
		return State{}, err
	}
	folded, err := l.load(ctx, &f)
	if err != nil {
		return State{}, err
	}
	return State{Stream: f.Stream, Version: folded.version, Value: folded.value}, nil
}

// load is fold for somebody who needs the state: it asks for a snapshot when it had to read much.
func (l *Log) load(ctx context.Context, f *Fold) (*folded, error) {
	state, err := l.fold(ctx, f)
	if err == nil {
		l.snapshotDue(state)
	}
	return state, err
}

// fold starts a state from its snapshot, or from nothing.
func (l *Log) fold(ctx context.Context, f *Fold) (*folded, error) {
	state := &folded{fold: f, value: f.Zero(), due: l.shelf.After(0, 0)}
	if f.Keep != nil {
		kept, found, err := l.shelf.Restore(ctx, f.of(), f.Keep)
		if err != nil {
			return nil, err
		}
		if found {
			state.version, state.value, state.due = kept.Version, kept.Value, kept.Due
		}
	}
	return state, l.foldOn(ctx, state)
}

func (f *Fold) of() snapshot.Of { return snapshot.Of{Stream: f.Stream, Fold: f.Name} }

// snapshotDue asks for a snapshot of a state that has gone far past the last one.
func (l *Log) snapshotDue(state *folded) {
	if state.fold.Keep == nil || state.version < state.due {
		return
	}
	state.due = l.shelf.After(state.version, 0)
	f := *state.fold
	l.shelf.Ask(f.of(), f.Keep, func(ctx context.Context) (snapshot.State, error) {
		own, err := l.fold(ctx, &f)
		if err != nil {
			return snapshot.State{}, err
		}
		return snapshot.State{Value: own.value, Version: own.version, Due: own.due}, nil
	})
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
