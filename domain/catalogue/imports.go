package catalogue

import (
	"context"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Rules' answers to who wants to import, or to take an import back.
const (
	ErrImporting = eventlog.Refusal("This shop is being imported already, or an import of it is being taken back. Wait until that has ended.")
	ErrNoUndo    = eventlog.Refusal("There is no import of this shop that mapped something and was not taken back.")
)

// Import is a shop's import: the one that is under way, or the last one.
type Import struct {
	Number  int64
	Create  bool
	Running bool
	Undoing bool // what import Undoable mapped is being taken back
	Mapped  int64
	Created int64
	Ended   events.ImportEnded // the last one
	Whole   time.Time          // when the last one ended that read the whole shop

	Undoable int64 // the last one that mapped something and was not taken back; 0 = none
}

func evolveImport(s Import, e eventlog.Event) Import {
	switch e := e.(type) {
	case events.ImportBegun:
		s.Number, s.Create, s.Running, s.Mapped, s.Created = e.Number, e.Create, true, 0, 0
	case events.ImportWentOn:
		s.Mapped, s.Created = e.Mapped, e.Created
	case events.ImportEnded:
		s.Running, s.Ended, s.Mapped, s.Created = false, e, e.Mapped, e.Created
		if e.Failed == "" {
			s.Whole = e.At
		}
		if e.Mapped > 0 {
			s.Undoable = e.Number
		}
	case events.UndoBegun:
		s.Undoing = true
	case events.ImportUndone:
		s.Undoing, s.Undoable = false, 0
	}
	return s
}

func importing[C any](decide func(Import, C) ([]eventlog.Event, error)) eventlog.Decider[Import, C] {
	return eventlog.Decider[Import, C]{Name: "import", Evolve: evolveImport, Decide: decide}
}

// Importing begins an import; the importer does it. One of a shop is under way at a time.
func Importing() eventlog.Decider[Import, events.ImportBegun] {
	return importing(func(s Import, c events.ImportBegun) ([]eventlog.Event, error) {
		if s.Running || s.Undoing {
			return nil, ErrImporting
		}
		c.Number = s.Number + 1
		return []eventlog.Event{c}, nil
	})
}

// Undoing begins to take back what the last import mapped.
func Undoing() eventlog.Decider[Import, events.UndoBegun] {
	return importing(func(s Import, c events.UndoBegun) ([]eventlog.Event, error) {
		switch {
		case s.Running || s.Undoing:
			return nil, ErrImporting
		case s.Undoable == 0:
			return nil, ErrNoUndo
		}
		c.Number = s.Undoable
		return []eventlog.Event{c}, nil
	})
}

// Ending ends an import with what it came to; what it mapped is known already.
func Ending() eventlog.Decider[Import, events.ImportEnded] {
	return importing(func(s Import, c events.ImportEnded) ([]eventlog.Event, error) {
		if !s.Running || s.Number != c.Number {
			return nil, nil
		}
		c.Mapped, c.Created = s.Mapped, s.Created
		return []eventlog.Event{c}, nil
	})
}

// Progress is what the hub knows of a shop's import or preview since it was started.
type Progress struct {
	DryRun  bool
	Create  bool
	Running bool
	Read    int    // listings so far
	Steps   []Step // when all are read
	Broken  []Broken
	Failed  string // why it could not go on, a sentence
}

// Broken is a listing that could not be read.
type Broken struct {
	Record string `json:"record"`
	Field  string `json:"field"`
	Rule   string `json:"rule"`
	Sample string `json:"sample"`
}

// FindImport reads how a shop's import fares.
func FindImport(ctx context.Context, log *eventlog.Log, workspace, connection string) (Import, error) {
	state, err := log.Fold(ctx, Importing().Fold(events.Imports(workspace, connection)))
	if err != nil {
		return Import{}, err
	}
	return state.Value.(Import), nil
}
