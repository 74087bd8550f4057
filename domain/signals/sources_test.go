package signals_test

import (
	"errors"
	"strings"
	"testing"

	events "github.com/creatorflow/creatorflow/domain/events/signals"
	"github.com/creatorflow/creatorflow/domain/signals"
	"github.com/creatorflow/creatorflow/eventlog"
)

func TestSourcing(t *testing.T) {
	rule := signals.Sourcing()
	var s signals.Sources
	feed := events.SourceAdded{Source: "f1", Kind: events.Feed, Name: "Blog"}
	for _, tt := range []struct {
		name string
		e    eventlog.Event
		want error
		news bool
	}{
		{"added", feed, nil, true},
		{"of another kind", events.SourceAdded{Source: "x", Kind: "page", Name: "X"}, signals.ErrKind, false},
		{"without a name", events.SourceAdded{Source: "x", Kind: events.Feed, Name: " "}, signals.ErrName, false},
		{"with a long one", events.SourceAdded{Source: "x", Kind: events.Feed, Name: strings.Repeat("x", 81)}, signals.ErrName, false},
		{"well", events.SourceRecovered{Source: "f1"}, nil, false},
		{"failed", events.SourceFailed{Source: "f1", Reason: "Gone."}, nil, true},
		{"failed still", events.SourceFailed{Source: "f1", Reason: "Away."}, nil, false},
		{"recovered", events.SourceRecovered{Source: "f1"}, nil, true},
		{"another failed", events.SourceFailed{Source: "f2", Reason: "Gone."}, nil, false},
		{"another removed", events.SourceRemoved{Source: "f2"}, signals.ErrNoThere, false},
		{"removed", events.SourceRemoved{Source: "f1"}, nil, true},
		{"failed after that", events.SourceFailed{Source: "f1", Reason: "Gone."}, nil, false},
	} {
		decided, err := rule.Decide(s, tt.e)
		if !errors.Is(err, tt.want) || len(decided) > 0 != tt.news {
			t.Errorf("%s: %v, %v", tt.name, decided, err)
		}
		for _, e := range decided {
			s = rule.Evolve(s, e)
		}
	}
	if len(s) != 0 {
		t.Errorf("at the end there are %+v", s)
	}
	for range signals.MaxSources {
		s = rule.Evolve(s, feed)
	}
	if _, err := rule.Decide(s, feed); !errors.Is(err, signals.ErrMany) {
		t.Errorf("one too many: %v", err)
	}
}
