// Package labels is from whom labels of the seller's own carriers are bought: which partner, for which parcel, and whether that
// happens by itself.
package labels

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	events "github.com/creatorflow/creatorflow/domain/events/labels"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

const (
	maxGrams = 70_000 // what carriers of parcels take
	maxSide  = 3_000  // millimetres
	maxWord  = 60     // bytes of a carrier's or service's name
)

// Tag names news of the partner, for which orders wait that it could not serve.
const Tag = "labels"

// Rules' answers.
const (
	ErrPartner = eventlog.Refusal("Labels can be bought from easypost.")
	ErrWish    = eventlog.Refusal("The carrier and its service are text of at most 60 bytes without control characters. Leave both empty for the cheapest.")
)

// ErrParcel refuses a parcel that no carrier takes.
var ErrParcel = eventlog.Refusal(fmt.Sprintf("A parcel weighs 1 to %d grams, and each of its three sides is 1 to %d millimetres long.", maxGrams, maxSide))

// State is what was configured last.
type State struct {
	events.Configured
	Known bool // something was, so labels may have been bought
}

// Buys says whether there is a partner.
func (s State) Buys() bool { return s.Partner != "" }

// Configuring sets the partner, or ends it; the same again yields no event.
func Configuring() eventlog.Decider[State, events.Configured] {
	return eventlog.Decider[State, events.Configured]{
		Name: "labels",
		Evolve: func(s State, e eventlog.Event) State {
			if is, ok := e.(events.Configured); ok {
				s = State{is, true}
			}
			return s
		},
		Decide: configure,
	}
}

// Fold folds a workspace's partner; its state is a State.
func Fold(workspace string) eventlog.Fold { return Configuring().Fold(events.Stream(workspace)) }

func configure(s State, c events.Configured) ([]eventlog.Event, error) {
	if c.Partner == "" {
		c = events.Configured{}
	} else if err := Check(c); err != nil {
		return nil, err
	}
	if s.Configured == c {
		return nil, nil
	}
	return []eventlog.Event{c}, nil
}

// Check refuses settings by which no label can be bought.
func Check(c events.Configured) error {
	side := func(n int) bool { return n >= 1 && n <= maxSide }
	word := func(s string) bool { return len(s) <= maxWord && !strings.ContainsFunc(s, unicode.IsControl) }
	switch {
	case c.Partner != events.EasyPost:
		return ErrPartner
	case c.Grams < 1 || c.Grams > maxGrams || !side(c.Length) || !side(c.Width) || !side(c.Height):
		return ErrParcel
	case !word(c.Carrier) || !word(c.Service):
		return ErrWish
	}
	return nil
}

// Next is what an order does next that is in no parcel, when there is a partner: its label is bought, or it waits, for the reason of
// the code. What a person is asked to mend waits for the person, who asks by a retry; what the partner could not do is tried again.
func (s State) Next(f flow.Status, code string) flow.Verdict {
	w := f.Waiting
	mine := w != nil && w.Code == code
	switch {
	case mine && f.Phase == flow.Waits && w.Until.IsZero():
		return flow.Wait(w.Code, w.Sentence, w.Until, w.For...)
	case !s.Automatic && !mine && f.Attempts == 0:
		return flow.Wait(code, "Your own carrier takes this order. Retry buys its label from your partner; or buy one elsewhere and enter its number.", time.Time{})
	}
	return flow.Go()
}
