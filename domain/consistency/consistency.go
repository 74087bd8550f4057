// Package consistency says how much of what the hub keeps twice is the same: the rows of its views against its log, and what its
// shops list and report against what it wrote and took in.
//
//	rows compared ─┐
//	shops' readings ┴─► Figure: one share inside, one with the channels ─► a sentence
//	rows that differ, or do again ─► audits.Differed, audits.Mended
package consistency

import (
	"fmt"
	"strings"

	events "github.com/creatorflow/creatorflow/domain/events/audits"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Told are the rows of which it was told that they differ, by table and key.
type Told map[[2]string]events.Differed

// Most is how many rows are told of at once; of more, which the figure counts, nobody would read.
const Most = 100

// Telling tells of rows that differ and of those that do not any more; what was told is not told again.
func Telling() eventlog.Decider[Told, []eventlog.Event] {
	return eventlog.Decider[Told, []eventlog.Event]{Name: "audit", Evolve: evolve, Decide: tell}
}

func evolve(told Told, e eventlog.Event) Told {
	next := Told{}
	for at, d := range told {
		next[at] = d
	}
	switch e := e.(type) {
	case events.Differed:
		next[[2]string{e.Table, e.Key}] = e
	case events.Mended:
		delete(next, [2]string{e.Table, e.Key})
	}
	return next
}

func tell(told Told, news []eventlog.Event) (decided []eventlog.Event, err error) {
	for _, e := range news {
		switch e := e.(type) {
		case events.Differed:
			was, known := told[[2]string{e.Table, e.Key}]
			if !known && len(told) >= Most || known && was.Kind == e.Kind && strings.Join(was.Fields, " ") == strings.Join(e.Fields, " ") {
				continue
			}
		case events.Mended:
			if _, known := told[[2]string{e.Table, e.Key}]; !known {
				continue
			}
		}
		decided, told = append(decided, e), evolve(told, e)
	}
	return decided, nil
}

// Share is how many things were compared, and how many of them differ.
type Share struct{ Compared, Differing int64 }

// And counts two together.
func (s Share) And(o Share) Share {
	return Share{s.Compared + o.Compared, s.Differing + o.Differing}
}

// Percent of the things compared that are the same; ok is false when nothing was compared.
func (s Share) Percent() (percent float64, ok bool) {
	if s.Compared <= 0 {
		return 0, false
	}
	return 100 * float64(s.Compared-min(s.Differing, s.Compared)) / float64(s.Compared), true
}

// Figure is how it stands.
type Figure struct {
	Views    Share // rows of the last whole round, and all that are known to differ
	Channels Share // listings that the hub writes, and orders
	Behind   int64 // events to be read before the first rows are compared
	Resting  []string
	Trouble  string // why nothing could be compared, a sentence
}

// Sentence says what stands, and what to do where something differs.
func (f Figure) Sentence() string {
	switch {
	case f.Views.Differing > 0:
		return fmt.Sprintf("%s not what the log says. The log is whole and nothing is lost: run creatorflow rebuild, which makes all figures anew from it.",
			rows(f.Views.Differing))
	case f.Trouble != "":
		return f.Trouble
	case len(f.Resting) > 0:
		return "Not compared just now, because being built or stopped: " + strings.Join(f.Resting, ", ") + ". What stopped is in the program's log; the others are the same as the log."
	case f.Views.Compared == 0 && f.Behind == 0:
		return "The first comparison is under way."
	case f.Views.Compared == 0:
		return fmt.Sprintf("The first comparison is under way; %d events are to be read before.", f.Behind)
	case f.Channels.Differing > 0:
		return "All that is shown is what the log says. Some listings or orders differ between the hub and its shops: each shop below says which, and what happens next."
	}
	return "All that is shown is what the log says, and the shops agree."
}

func rows(n int64) string {
	if n == 1 {
		return "One row of what is shown is"
	}
	return fmt.Sprintf("%d rows of what is shown are", n)
}
