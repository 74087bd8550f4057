// Package backfill decides about reading every order that was placed at a shop within a time.
//
//	Beginning ─► backfill.begun ─► ingest/backfill reads slice by slice (Progress, Slice) ─► Ending ─► backfill.ended
//	Stopping ─► backfill.stopped ─► the reader ends at its next page
//
// One back-fill of a shop is under way at a time. How far it is stands beside the log, because it moves with every page; the log
// has what was asked for and what came of it.
package backfill

import (
	"context"
	"fmt"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Rules' answers to who wants to back-fill, or to stop that.
const (
	ErrRunning = eventlog.Refusal("Older orders of this shop are being read already. Wait until that has ended, or stop it.")
	ErrIdle    = eventlog.Refusal("No older orders of this shop are being read.")
	ErrEmpty   = eventlog.Refusal("The first day comes after the last one.")
	ErrFuture  = eventlog.Refusal("The range reaches into the future. End it today or earlier: orders that are placed from now on come by themselves.")
	ErrFailing = eventlog.Refusal("The shop cannot be reached just now. Mend what its card on the channels page says, then ask again.")
)

// State is a shop's back-fill: the one that is under way, or the last one.
type State struct {
	Begun   events.BackfillBegun // Number 0 = there was none
	Running bool
	Stopped bool                 // somebody asked to read no further
	Ended   events.BackfillEnded // the last one
}

func evolve(s State, e eventlog.Event) State {
	switch e := e.(type) {
	case events.BackfillBegun:
		s.Begun, s.Running, s.Stopped = e, true, false
	case events.BackfillStopped:
		s.Stopped = true
	case events.BackfillEnded:
		s.Ended, s.Running, s.Stopped = e, false, false
	}
	return s
}

func decider[C any](decide func(State, C) ([]eventlog.Event, error)) eventlog.Decider[State, C] {
	return eventlog.Decider[State, C]{Name: "backfill", Evolve: evolve, Decide: decide}
}

// Ask is what somebody asks for, and what is known of the shop.
type Ask struct {
	Connection  string
	From, Until time.Time // orders placed then or later than Until are not read
	Last        time.Time // the last day as it was asked for; Until ends with it, or now
	Now         time.Time
	Oldest      time.Time // what was placed before cannot be read; zero = all can
	NoHistory   string    // why nothing can be read at all, a sentence
}

// Beginning begins a back-fill; the reader carries it out.
func Beginning() eventlog.Decider[State, Ask] {
	return decider(func(s State, a Ask) ([]eventlog.Event, error) {
		switch {
		case a.NoHistory != "":
			return nil, eventlog.Refusal(a.NoHistory)
		case s.Running:
			return nil, ErrRunning
		case a.From.After(a.Now) || a.Last.After(a.Now):
			return nil, ErrFuture
		case !a.From.Before(a.Until):
			return nil, ErrEmpty
		case a.From.Before(a.Oldest):
			return nil, eventlog.Refusal(fmt.Sprintf("The channel shows no order that was placed before %s. Begin the day after, or later.", a.Oldest.Format("2 January 2006")))
		}
		return []eventlog.Event{events.BackfillBegun{Connection: a.Connection, Number: s.Begun.Number + 1, From: a.From.UTC(), Until: a.Until.UTC()}}, nil
	})
}

// Stopping asks to read no further; twice is once.
func Stopping() eventlog.Decider[State, events.BackfillStopped] {
	return decider(func(s State, e events.BackfillStopped) ([]eventlog.Event, error) {
		switch {
		case !s.Running:
			return nil, ErrIdle
		case s.Stopped:
			return nil, nil
		}
		e.Number = s.Begun.Number
		return []eventlog.Event{e}, nil
	})
}

// Ending ends the back-fill of this number.
func Ending() eventlog.Decider[State, events.BackfillEnded] {
	return decider(func(s State, e events.BackfillEnded) ([]eventlog.Event, error) {
		if !s.Running || s.Begun.Number != e.Number {
			return nil, nil
		}
		return []eventlog.Event{e}, nil
	})
}

// Find reads how a shop's back-fill stands.
func Find(ctx context.Context, log *eventlog.Log, workspace, connection string) (State, error) {
	state, err := log.Fold(ctx, Beginning().Fold(events.Backfills(workspace, connection)))
	if err != nil {
		return State{}, err
	}
	return state.Value.(State), nil
}

// Begin plans a back-fill: it decides over the shop too, which must be there and answer.
func Begin(workspace string, a Ask) eventlog.Request {
	stream, rule, shop := events.Backfills(workspace, a.Connection), Beginning(), shops.Connecting().Fold(events.Connection(workspace, a.Connection))
	return eventlog.Request{
		Folds: []eventlog.Fold{rule.Fold(stream), shop},
		Decide: func(states []eventlog.State) (eventlog.Decision, error) {
			is := states[1].Value.(shops.State)
			switch {
			case is.Connected.Connection == "":
				return eventlog.Decision{}, shops.ErrShop
			case is.Failing:
				return eventlog.Decision{}, ErrFailing
			}
			begun, err := rule.Decide(states[0].Value.(State), a)
			return eventlog.Decision{Writes: []eventlog.Decided{{Stream: stream, Events: begun}}}, err
		},
	}
}
