package intake

import (
	"context"
	"fmt"

	"github.com/creatorflow/creatorflow/channels"
	events "github.com/creatorflow/creatorflow/domain/events/signals"
	"github.com/creatorflow/creatorflow/domain/signals"
	"github.com/creatorflow/creatorflow/eventlog"
)

// together is how many signals share a commit.
const together = 50

// ObserveSignals takes in signals of a connection. Who made one is known by a keyed hash alone; the words are not here at
// all. The same again yields nothing.
func (t *Intake) ObserveSignals(ctx context.Context, c channels.Connection, hints []channels.Hint, cause string) error {
	seen := map[eventlog.Stream]bool{}
	request := eventlog.Request{Meta: eventlog.Meta{Actor: "channel:" + c.ID, Cause: cause, Correlation: c.ID}}
	var all []events.Noticed
	flush := func() error {
		if len(all) == 0 {
			return nil
		}
		noticed := all
		request.Decide = func(states []eventlog.State) (out eventlog.Decision, err error) {
			for n, s := range states {
				said, err := signals.Noticing().Decide(s.Value.(bool), noticed[n])
				if err != nil {
					return eventlog.Decision{}, err
				}
				if len(said) > 0 {
					out.Writes = append(out.Writes, eventlog.Decided{Stream: s.Stream, Events: said})
				}
			}
			return out, nil
		}
		_, err := t.log.Execute(ctx, request)
		request.Folds, all = nil, nil
		if err != nil {
			return fmt.Errorf("take in signals of %s: %w", c.ID, err)
		}
		return nil
	}
	for _, h := range hints {
		e := events.Noticed{Connection: c.ID, Field: h.Signal.Field, Signal: h.Signal.ID, Media: h.Signal.Media, At: h.Updated.UTC()}
		if h.Signal.Author != "" {
			e.Author = t.vault.PersonID(c.ID, h.Signal.Author)
		}
		stream := events.Stream(t.workspace, c.ID, e.Field, e.Signal)
		if seen[stream] { // twice in one webhook
			continue
		}
		seen[stream] = true
		request.Folds, all = append(request.Folds, signals.Noticing().Fold(stream)), append(all, e)
		if len(all) == together {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
