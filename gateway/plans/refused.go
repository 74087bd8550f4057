package plans

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	commandevents "github.com/creatorflow/creatorflow/domain/events/commands"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
)

// maxAsked is how long a refused body may be to be kept, in bytes.
const maxAsked = 2000

// Refused keeps in the log what a command wanted that was decided about and not done, so that of two who change one thing at once
// both are in the history. A command that is sent again is kept once, under the same key or, right after, under another one: a program
// that goes on asking for what it does not get does not fill the log. One that was done, or failed, is no matter here.
func Refused(ctx context.Context, log Executor, r eventlog.Request, outcome eventlog.Outcome, name string, body []byte, why error) error {
	var refusal eventlog.Refusal
	var moved workspace.Moved
	if outcome.Replayed || !errors.As(why, &refusal) && !errors.As(why, &moved) {
		return nil
	}
	e := commandevents.Refused{Command: name, Key: r.Key.ID.String(), Asked: asked(body), Why: why.Error()}
	rule := eventlog.Decider[commandevents.Refused, commandevents.Refused]{
		Name: "refused",
		Evolve: func(_ commandevents.Refused, e eventlog.Event) commandevents.Refused {
			return e.(commandevents.Refused)
		},
		Decide: func(last, e commandevents.Refused) ([]eventlog.Event, error) {
			if last.Key == e.Key || last.Command == e.Command && last.Asked == e.Asked && last.Why == e.Why {
				return nil, nil
			}
			return []eventlog.Event{e}, nil
		},
	}
	note := One(commandevents.Stream(r.Folds[0].Stream), rule, e)
	note.Meta = r.Meta
	_, err := log.Execute(ctx, note)
	return err
}

// Executor decides and appends; *eventlog.Log is one.
type Executor interface {
	Execute(ctx context.Context, r eventlog.Request) (eventlog.Outcome, error)
}

// chosen are the reasons that a command lets choose from; any other a person has typed.
var chosen = []string{"out_of_stock", "wrong_price", "undeliverable", "buyer_asked", "packed", "not_eligible", "agreed_otherwise", "not_as_sent"}

// kept are the fields of a body that name things of the log, or say how many, where or whether. Any other is left out, as it may
// say who somebody is: a buyer, a webhook, the lines of a sheet, a reason that was typed.
var kept = []string{
	"adjusted", "buffer", "carrier", "claim", "code", "components", "connection", "counted", "create_missing", "currency", "delivery", "delta", "dry_run", "flow",
	"follows", "from", "groups", "id", "items", "location", "locations", "method", "mismatch", "number", "on", "on_hand", "order", "orders", "parcel", "pay", "policy", "quantity",
	"repeats", "ships", "sku", "step", "stock", "to", "total", "tracking", "versions", "zone",
}

// asked is a body as it may be kept.
func asked(body []byte) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return ""
	}
	for name, value := range fields {
		if !slices.Contains(kept, name) && (name != "reason" || !slices.Contains(chosen, strings.Trim(string(value), `"`))) {
			delete(fields, name)
		}
	}
	text, err := json.Marshal(fields)
	if err != nil || len(fields) == 0 || len(text) > maxAsked {
		return ""
	}
	return string(text)
}
