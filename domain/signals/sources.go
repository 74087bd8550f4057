package signals

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	events "github.com/creatorflow/creatorflow/domain/events/signals"
	"github.com/creatorflow/creatorflow/eventlog"
)

// MaxSources is how many sources of mentions there may be.
const MaxSources = 50

// Rules' answers.
const (
	ErrName    = eventlog.Refusal("A source has a name of 1 to 80 characters, without control characters.")
	ErrKind    = eventlog.Refusal("A source is a webhook or a feed.")
	ErrMany    = eventlog.Refusal("There are 50 sources of mentions already. Remove one first.")
	ErrNoThere = eventlog.Refusal("There is no such source. Load the page again.")
)

// Source is where mentions come from.
type Source struct {
	events.SourceAdded
	Trouble string // why it cannot be read, a sentence
}

// Sources are all, oldest first.
type Sources []Source

// Find looks for a source.
func (s Sources) Find(id string) (Source, bool) {
	if i := s.index(id); i >= 0 {
		return s[i], true
	}
	return Source{}, false
}

func (s Sources) index(id string) int {
	return slices.IndexFunc(s, func(one Source) bool { return one.Source == id })
}

// Sourcing takes what happened to a source: what says nothing new, and what is told of one that is removed, yields no event.
func Sourcing() eventlog.Decider[Sources, eventlog.Event] {
	return eventlog.Decider[Sources, eventlog.Event]{Name: "mentions", Evolve: evolve, Decide: source}
}

func evolve(s Sources, e eventlog.Event) Sources {
	set := func(id, trouble string) Sources {
		next := slices.Clone(s)
		if i := next.index(id); i >= 0 {
			next[i].Trouble = trouble
		}
		return next
	}
	switch e := e.(type) {
	case events.SourceAdded:
		return append(slices.Clone(s), Source{SourceAdded: e})
	case events.SourceRemoved:
		return slices.DeleteFunc(slices.Clone(s), func(one Source) bool { return one.Source == e.Source })
	case events.SourceFailed:
		return set(e.Source, e.Reason)
	case events.SourceRecovered:
		return set(e.Source, "")
	}
	return s
}

func source(s Sources, e eventlog.Event) ([]eventlog.Event, error) {
	switch e := e.(type) {
	case events.SourceAdded:
		switch {
		case e.Kind != events.Webhook && e.Kind != events.Feed:
			return nil, ErrKind
		case strings.TrimSpace(e.Name) == "" || utf8.RuneCountInString(e.Name) > 80 || strings.ContainsFunc(e.Name, unicode.IsControl):
			return nil, ErrName
		case len(s) >= MaxSources:
			return nil, ErrMany
		}
	case events.SourceRemoved:
		if s.index(e.Source) < 0 {
			return nil, ErrNoThere
		}
	case events.SourceFailed:
		if is, there := s.Find(e.Source); !there || is.Trouble != "" {
			return nil, nil
		}
	case events.SourceRecovered:
		if is, there := s.Find(e.Source); !there || is.Trouble == "" {
			return nil, nil
		}
	}
	return []eventlog.Event{e}, nil
}
