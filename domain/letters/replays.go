package letters

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Rules' answers to who wants to try all letters of a time again.
const (
	ErrRange     = eventlog.Refusal("The time has to begin before it ends.")
	ErrReplaying = eventlog.Refusal("Dead letters are being tried again already. Wait until that has ended, then ask again.")
)

// Replay is the replay of all letters of a time: the one that is under way, or the last one.
type Replay struct {
	Known    bool
	Running  bool
	From, To time.Time
	Reason   string
	Replayed int
	Skipped  int // closed meanwhile, or impossible to try
	at       time.Time
	letter   string // the last one, opened at that time, that it has come to
}

func evolveReplay(s Replay, e eventlog.Event) Replay {
	switch e := e.(type) {
	case events.ReplayBegun:
		return Replay{Known: true, Running: true, From: e.From, To: e.To, Reason: e.Reason, at: e.From}
	case events.ReplayWentOn:
		s.Replayed, s.Skipped, s.at, s.letter = e.Replayed, e.Skipped, e.At, e.Letter
	case events.ReplayEnded:
		s.Running = false
	}
	return s
}

// ReplayingAll begins to try all letters again that were opened in a time; a Replayer does it. One
// replay is under way at a time, so that there is a bound to the work.
func ReplayingAll() eventlog.Decider[Replay, events.ReplayBegun] {
	return eventlog.Decider[Replay, events.ReplayBegun]{
		Name: "replay", Evolve: evolveReplay,
		Decide: func(s Replay, c events.ReplayBegun) ([]eventlog.Event, error) {
			switch {
			case s.Running:
				return nil, ErrReplaying
			case c.To.Before(c.From):
				return nil, ErrRange
			}
			return []eventlog.Event{c}, nil
		},
	}
}

// FindReplay reads how the replay fares.
func FindReplay(ctx context.Context, log *eventlog.Log, workspace string) (Replay, error) {
	state, err := log.Fold(ctx, ReplayingAll().Fold(events.Replays(workspace)))
	if err != nil {
		return Replay{}, err
	}
	return state.Value.(Replay), nil
}

// Retry is how a person's retry of a flow is decided.
type Retry struct {
	Fold   eventlog.Fold
	Decide func(state any, reason string) ([]eventlog.Event, error)
}

// ReplayerOptions are what a Replayer needs.
type ReplayerOptions struct {
	Log       *eventlog.Log
	Views     projection.Store
	Workspace string
	Retry     func(flow string) Retry
	// CaughtUp waits until the views show all up to a position.
	CaughtUp func(ctx context.Context, position eventlog.Position) error
	Logger   *slog.Logger
}

// Replayer tries letters again, a page in one commit with how far it has come; so it goes on after a
// crash where it stood, and no letter is tried twice. What trying again leads to is ingest's and the
// flows' work, which see it in the log.
type Replayer struct {
	o    ReplayerOptions
	wake chan struct{}
}

// NewReplayer makes a Replayer.
func NewReplayer(o ReplayerOptions) *Replayer {
	return &Replayer{o: o, wake: make(chan struct{}, 1)}
}

const (
	replayPage  = 200 // letters of one commit
	replayPause = 2 * time.Second
)

// Wake says that a replay may have begun.
func (r *Replayer) Wake() {
	select {
	case r.wake <- struct{}{}:
	default: // already signalled
	}
}

// Run works off what is asked for until ctx ends or the log is fenced.
func (r *Replayer) Run(ctx context.Context) error {
	for {
		more, err := r.next(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, eventlog.ErrFenced):
			return fmt.Errorf("replay dead letters: %w", err)
		case err != nil:
			r.o.Logger.WarnContext(ctx, "dead letters could not be tried again, going on soon", "error", err)
			timer := time.NewTimer(replayPause)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return ctx.Err()
			}
		case !more:
			select {
			case <-r.wake:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// next does one page; false when there is nothing to do.
func (r *Replayer) next(ctx context.Context) (more bool, err error) {
	s, err := FindReplay(ctx, r.o.Log, r.o.Workspace)
	if err != nil || !s.Running {
		return false, err
	}
	if err := r.o.CaughtUp(ctx, r.o.Log.Head().Position); err != nil {
		return false, fmt.Errorf("wait for the views: %w", err)
	}
	var rows []Row
	if err := r.o.Views.Read(ctx, func(in projection.Reader) (err error) {
		rows, err = table.Select(ctx, in, "where (at, id) > ($1, $2) and at <= $3 order by at, id limit $4", s.at.UnixMicro(), s.letter, s.To.UnixMicro(), replayPage)
		return err
	}); err != nil {
		return false, fmt.Errorf("read the open dead letters: %w", err)
	}
	last := len(rows) < replayPage
	err = r.try(ctx, s, rows, true, last)
	if err == nil || len(rows) == 0 || ctx.Err() != nil || eventlog.Passing(err) || errors.Is(err, eventlog.ErrFenced) {
		return true, err
	}
	// One of them cannot be decided on: it must not keep the others from being tried.
	for i := range rows {
		if s, err = FindReplay(ctx, r.o.Log, r.o.Workspace); err != nil || !s.Running {
			return false, err
		}
		ends := last && i == len(rows)-1
		if err := r.try(ctx, s, rows[i:i+1], true, ends); err != nil {
			r.o.Logger.ErrorContext(ctx, "a dead letter cannot be tried again and is skipped", "letter", rows[i].ID, "error", err)
			if err := r.try(ctx, s, rows[i:i+1], false, ends); err != nil {
				return true, err
			}
		}
	}
	return true, nil
}

// try closes letters as replayed in one commit with the news of it; without replay they are skipped.
func (r *Replayer) try(ctx context.Context, seen Replay, rows []Row, replay, last bool) error {
	own := ReplayingAll().Fold(events.Replays(r.o.Workspace))
	request := eventlog.Request{Folds: []eventlog.Fold{own}, Meta: eventlog.Meta{Actor: "system:letters", Cause: "replay", Correlation: "replay"}}
	var decide []func(state any) ([]eventlog.Event, error)
	for _, row := range rows {
		if !replay {
			break
		}
		fold, rule := r.rule(row, seen.Reason)
		request.Folds, decide = append(request.Folds, fold), append(decide, rule)
	}
	request.Decide = func(states []eventlog.State) (eventlog.Decision, error) {
		s := states[0].Value.(Replay)
		if !s.Running || s.letter != seen.letter || !s.at.Equal(seen.at) {
			return eventlog.Decision{}, nil // somebody else has gone on
		}
		var out eventlog.Decision
		tried := 0
		for i, rule := range decide {
			decided, err := rule(states[1+i].Value)
			var refusal eventlog.Refusal
			switch {
			case errors.As(err, &refusal): // it was closed since
				continue
			case err != nil:
				return eventlog.Decision{}, err
			}
			tried++
			out.Writes = append(out.Writes, eventlog.Decided{Stream: states[1+i].Stream, Events: decided})
		}
		replayed, skipped := s.Replayed+tried, s.Skipped+len(rows)-tried
		var told []eventlog.Event
		if len(rows) > 0 {
			end := rows[len(rows)-1]
			told = append(told, events.ReplayWentOn{Replayed: replayed, Skipped: skipped, At: end.At, Letter: end.ID})
		}
		if last {
			told = append(told, events.ReplayEnded{Replayed: replayed, Skipped: skipped})
		}
		out.Writes = append(out.Writes, eventlog.Decided{Stream: own.Stream, Events: told})
		return out, nil
	}
	_, err := r.o.Log.Execute(ctx, request)
	return err
}

// rule is how one letter is tried again.
func (r *Replayer) rule(row Row, reason string) (eventlog.Fold, func(state any) ([]eventlog.Event, error)) {
	if flow, ok := strings.CutPrefix(row.ID, FlowID("")); ok {
		retry := r.o.Retry(flow)
		return retry.Fold, func(state any) ([]eventlog.Event, error) { return retry.Decide(state, reason) }
	}
	rule := Replaying()
	return rule.Fold(events.Stream(r.o.Workspace, row.ID)), func(state any) ([]eventlog.Event, error) {
		return rule.Decide(state.(State), events.Replayed{Letter: row.ID, Reason: reason})
	}
}

// isReplay says that a record moves what screens show of a replay.
func isReplay(e eventlog.Event) bool {
	switch e.(type) {
	case events.ReplayBegun, events.ReplayWentOn, events.ReplayEnded:
		return true
	}
	return false
}
