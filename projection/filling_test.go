package projection

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
)

// vessel is a Filling that knows of the keys in a list alone that they may have a row.
type vessel struct {
	Tx
	known, asked []string
	stored       map[string]int64
	written      [][]any
}

func (v *vessel) Absent(_ *Layout, key []any) bool { return !slices.Contains(v.known, key[0].(string)) }

func (v *vessel) Query(_ context.Context, _ string, args ...any) (Rows, error) {
	v.asked = append(v.asked, args[0].(string))
	if n, ok := v.stored[args[0].(string)]; ok {
		return &tallied{rows: []tally{{args[0].(string), n}}}, nil
	}
	return nothing{}, nil
}

func (v *vessel) Store(_ context.Context, _ *Layout, rows [][]any) error {
	v.written = append(v.written, rows...)
	return nil
}

func (*vessel) Flush(context.Context) error { return nil }

// TestAbsentRowsAreNotLookedFor: a row of which the store says that there is none begins as a new one.
func TestAbsentRowsAreNotLookedFor(t *testing.T) {
	v := &vessel{known: []string{"a", "b"}, stored: map[string]int64{"a": 3}}
	var batch []eventlog.Record
	for _, id := range []string{"a", "b", "c", "a"} {
		batch = append(batch, eventlog.Record{Stream: eventlog.Stream{ID: id}})
	}
	if _, err := Apply(t.Context(), tallying{}, v, batch); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(v.asked, []string{"a", "b"}) {
		t.Errorf("looked for %v, want a and b", v.asked)
	}
	got := map[string]int64{}
	for _, row := range v.written {
		got[row[0].(string)] = row[1].(int64)
	}
	if got["a"] != 5 || got["b"] != 1 || got["c"] != 1 {
		t.Errorf("wrote %v, want a 5, b 1, c 1", got)
	}
}

// meeting is a projection that waits in Apply until another one is there too.
type meeting struct {
	tallying
	name  string
	there chan string
	fault error
	wait  time.Duration
}

func (m meeting) Name() string { return m.name }

func (m meeting) Apply(context.Context, Tx, []eventlog.Record) ([]string, error) {
	if m.there != nil {
		select {
		case m.there <- m.name:
		case <-m.there:
		case <-time.After(m.wait):
			return nil, errors.New("nobody came")
		}
	}
	return []string{m.name}, m.fault
}

func parts(all ...meeting) (group []*part) {
	for _, m := range all {
		group = append(group, &part{Projection: m})
	}
	return group
}

// TestTwoAreFoldedAtOnce: on a store that is filled two projections stand in Apply at the same time, on any other one alone does.
func TestTwoAreFoldedAtOnce(t *testing.T) {
	there := make(chan string)
	topics, err := applyAll(t.Context(), parts(
		meeting{name: "a", there: there, wait: time.Minute}, meeting{name: "b", there: there, wait: time.Minute}, meeting{name: "c"},
	), &vessel{}, nil)
	if err != nil || !slices.EqualFunc(topics, [][]string{{"a"}, {"b"}, {"c"}}, slices.Equal) {
		t.Errorf("topics %v, %v; want those of a, b and c", topics, err)
	}
	if _, err := applyAll(t.Context(), parts(
		meeting{name: "a", there: there, wait: time.Millisecond}, meeting{name: "b", there: there},
	), &distant{}, nil); err == nil || !strings.Contains(err.Error(), "fold a: nobody came") {
		t.Errorf("got %v, want that nobody came while a was folded", err)
	}
}

// TestTheFirstThatFailsIsTold: whichever of two that fold at once fails first, the one that stands first in their order is named.
func TestTheFirstThatFailsIsTold(t *testing.T) {
	there := make(chan string)
	bad := errors.New("bad record")
	_, err := applyAll(t.Context(), parts(
		meeting{name: "a"}, meeting{name: "b", there: there, wait: time.Minute, fault: bad}, meeting{name: "c", there: there, wait: time.Minute, fault: bad},
		meeting{name: "d"},
	), &vessel{}, nil)
	var f failure
	if !errors.As(err, &f) || f.part.Name() != "b" || !errors.Is(err, bad) {
		t.Errorf("got %v, want the fault of b", err)
	}
}
