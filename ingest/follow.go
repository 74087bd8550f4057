package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest/health"
	"github.com/creatorflow/creatorflow/vault"
)

// followCursor names the vault's cursor that says how far the log was followed.
const followCursor = "ingest/followed"

// place in a log; a restored log has another id and is followed from its start.
type followed struct {
	Log      string            `json:"log"`
	Position eventlog.Position `json:"position"`
}

// follow does what people decided about letters. They say so in the log, where it cannot get lost.
func (i *Ingest) follow(ctx context.Context) error {
	var at followed
	if err := i.load(ctx, followCursor, &at); err != nil {
		return err
	}
	if id := i.o.Log.Head().LogID.String(); at.Log != id {
		at = followed{Log: id}
	}
	kept := at.Position
	for {
		err := i.followOn(ctx, &at.Position)
		switch {
		case ctx.Err() != nil:
			return i.keepFollowed(context.WithoutCancel(ctx), at)
		case err != nil && fatal(err):
			return err
		case err != nil:
			i.o.Logger.WarnContext(ctx, "a decision about a letter is not carried out yet", "error", err)
			sleep(ctx, health.FirstPause, nil)
		case at.Position-kept >= 10_000: // what lies behind it need not be read again
			kept = at.Position
			err = i.keepFollowed(ctx, at)
		}
		if err != nil && fatal(err) {
			return err
		}
	}
}

func (i *Ingest) keepFollowed(ctx context.Context, at followed) error {
	value, err := json.Marshal(at)
	if err != nil {
		return err
	}
	return i.o.Vault.SetCursor(ctx, followCursor, string(value))
}

// followOn waits for news behind a position and carries them out.
func (i *Ingest) followOn(ctx context.Context, position *eventlog.Position) error {
	if _, err := i.o.Log.Wait(ctx, *position); err != nil {
		return err
	}
	records, err := i.o.Log.ReadAll(ctx, *position, 1000)
	if err != nil {
		return err
	}
	for _, r := range records {
		var err error
		switch e := r.Event.(type) {
		case letterevents.Replayed:
			err = i.replayed(ctx, e.Letter)
		case letterevents.Corrected:
			if err = i.corrected(ctx, e); errors.Is(err, vault.ErrNotFound) { // a vault that was brought back from before
				err = i.take.Reopen(ctx, letterevents.Opened{Letter: e.Letter, Inbox: e.Inbox, Reason: "The corrected copy is not there any more. Correct it again, or discard this letter."})
			}
		case letterevents.Discarded:
			err = i.discarded(ctx, e.Letter)
		}
		if err != nil {
			return fmt.Errorf("position %d: %w", r.Position, err)
		}
		*position = r.Position
	}
	return nil
}

// replayed tries to take in what a letter is about. What cannot be tried opens the letter again.
func (i *Ingest) replayed(ctx context.Context, letter string) error {
	open, err := i.isOpen(ctx, letter)
	if err != nil || open {
		return err // it was tried since and failed again
	}
	number, isItem := letters.Number(letter)
	order, isOrder := strings.CutPrefix(letter, letters.OrderID(""))
	reopen := letterevents.Opened{Letter: letter}
	switch {
	case isItem:
		err, reopen.Inbox = i.Replay(ctx, number), number
	case isOrder:
		reopen.Connection, _, _ = strings.Cut(order, ":")
		err, reopen.Subject = i.ReplayOrder(ctx, order), order
	default: // of a shop or type that nobody knew: what has become known was taken up by itself
		err = ErrUnknown
		for _, c := range i.o.Connect.Connections() {
			if letter == letters.UnknownID(c.App, "shop", c.ShopID) {
				err = i.takeUpUnknown(ctx)
			}
		}
	}
	if err == nil || fatal(err) || eventlog.Passing(err) || ctx.Err() != nil {
		return err
	}
	reopen.Reason = "It could not be tried again: " + channels.Short(err.Error(), 200)
	return i.take.Reopen(ctx, reopen)
}

func (i *Ingest) discarded(ctx context.Context, letter string) error {
	open, err := i.isOpen(ctx, letter)
	if err != nil || open {
		return err
	}
	if number, ok := letters.Number(letter); ok {
		if err := i.Discard(ctx, number); !errors.Is(err, vault.ErrNotFound) {
			return err
		}
		return nil
	}
	if order, ok := strings.CutPrefix(letter, letters.OrderID("")); ok {
		return i.DiscardOrder(ctx, order)
	}
	return nil
}

func (i *Ingest) isOpen(ctx context.Context, letter string) (bool, error) {
	folded, err := i.o.Log.Fold(ctx, letters.Resolving().Fold(letterevents.Stream(i.o.Workspace, letter)))
	if err != nil {
		return false, err
	}
	return folded.Value.(letters.State).Open, nil
}
