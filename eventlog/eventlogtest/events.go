package eventlogtest

import (
	"encoding/json"
	"fmt"

	"github.com/creatorflow/creatorflow/eventlog"
)

// Added is the event of a counter.
type Added struct {
	N    int    `json:"n"`
	Note string `json:"note,omitzero"`
}

// EventName implements eventlog.Event.
func (Added) EventName() string { return "test.added" }

// Renamed is an event whose first schema had another field.
type Renamed struct {
	Name string `json:"name"`
}

// EventName implements eventlog.Event.
func (Renamed) EventName() string { return "test.renamed" }

// EventSchema implements eventlog.Schemer.
func (Renamed) EventSchema() int { return 2 }

// RenamedOnce is the first schema of Renamed.
type RenamedOnce struct {
	Title string `json:"title"`
}

// EventName implements eventlog.Event.
func (RenamedOnce) EventName() string { return "test.renamed" }

// Decode restores the events of this package and turns old schemas into the newest.
func Decode(name string, schema int, data []byte) (eventlog.Event, error) {
	switch {
	case name == "test.added":
		return decode[Added](data)
	case name == "test.renamed" && schema == 1:
		old, err := decode[RenamedOnce](data)
		return Renamed{Name: old.Title}, err
	case name == "test.renamed":
		return decode[Renamed](data)
	default:
		return nil, fmt.Errorf("unknown name %q", name)
	}
}

func decode[E eventlog.Event](data []byte) (e E, err error) {
	err = json.Unmarshal(data, &e)
	return e, err
}

// tally is a state that Evolve changes in place, as a real one with maps may.
type tally struct {
	Sum   int            `json:"sum"`
	Notes map[string]int `json:"notes"`
}

func evolve(t *tally, e eventlog.Event) *tally {
	if a, ok := e.(Added); ok {
		t.Sum += a.N
		t.Notes[a.Note]++
	}
	return t
}

// ErrBelowZero refuses to take more than there is.
const ErrBelowZero = eventlog.Refusal("There is not enough.")

// Counter adds a number, never to below zero. A number of 0 is no news.
func Counter() eventlog.Decider[*tally, int] {
	return eventlog.Decider[*tally, int]{
		Name:   "test.counter",
		Zero:   func() *tally { return &tally{Notes: map[string]int{}} },
		Evolve: evolve,
		Decide: func(t *tally, n int) ([]eventlog.Event, error) {
			switch {
			case t.Sum+n < 0:
				return nil, ErrBelowZero
			case n == 0:
				return nil, nil
			default:
				return []eventlog.Event{Added{N: n}}, nil
			}
		},
		Keep: eventlog.KeepJSON[*tally](1),
	}
}

func stream(id string) eventlog.Stream {
	return eventlog.Stream{Workspace: "main", Kind: "counter", ID: id}
}

func added(ns ...int) (events []eventlog.Event) {
	for _, n := range ns {
		events = append(events, Added{N: n})
	}
	return events
}
