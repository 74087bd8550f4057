package labels

import (
	"slices"

	events "github.com/creatorflow/creatorflow/domain/events/labels"
	"github.com/creatorflow/creatorflow/eventlog"
)

// maxHeard is of how many news of an order it is remembered that they came; a repeat that is older changes nothing by its time.
const maxHeard = 100

// Journey is where an order's parcels are.
type Journey struct {
	Parcels map[string]events.Moved // by number: the newest of each
	heard   []string
}

// Moving notes where a parcel is. What came before, is older than what is known or says the same yields no event.
func Moving() eventlog.Decider[Journey, events.Moved] {
	return eventlog.Decider[Journey, events.Moved]{
		Name: "journey",
		Evolve: func(s Journey, e eventlog.Event) Journey {
			m, ok := e.(events.Moved)
			if !ok {
				return s
			}
			next := Journey{Parcels: map[string]events.Moved{m.Tracking: m}, heard: append(slices.Clone(s.heard), m.News)}
			for number, other := range s.Parcels {
				if number != m.Tracking {
					next.Parcels[number] = other
				}
			}
			next.heard = next.heard[max(len(next.heard)-maxHeard, 0):]
			return next
		},
		Decide: func(s Journey, m events.Moved) ([]eventlog.Event, error) {
			last, known := s.Parcels[m.Tracking]
			if slices.Contains(s.heard, m.News) || known && (m.At.Before(last.At) || m.Status == last.Status) {
				return nil, nil
			}
			return []eventlog.Event{m}, nil
		},
	}
}

// Where folds an order's journey out of its records.
func Where(records []eventlog.Record) (s Journey) {
	for _, r := range records {
		s = Moving().Evolve(s, r.Event)
	}
	return s
}
