package backfill_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/backfill"
	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/eventlog"
)

var now = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func days(n int) time.Time { return now.AddDate(0, 0, n) }

func TestBeginning(t *testing.T) {
	rule := backfill.Beginning()
	running := backfill.State{Begun: events.BackfillBegun{Number: 4}, Running: true}
	over := backfill.State{Begun: events.BackfillBegun{Number: 4}}
	for _, test := range []struct {
		name  string
		state backfill.State
		ask   backfill.Ask
		want  string // what the refusal holds; empty = it begins
	}{
		{"three days", over, backfill.Ask{From: days(-3), Until: now, Last: days(-1)}, ""},
		{"today alone", over, backfill.Ask{From: now.Add(-10 * time.Hour), Until: now, Last: now.Add(-10 * time.Hour)}, ""},
		{"as far back as there is", over, backfill.Ask{From: days(-60), Until: now, Last: now, Oldest: days(-60)}, ""},
		{"further back", over, backfill.Ask{From: days(-61), Until: now, Last: now, Oldest: days(-60)}, "before 25 September 2026"},
		{"tomorrow", over, backfill.Ask{From: days(1), Until: now, Last: days(2)}, "future"},
		{"until tomorrow", over, backfill.Ask{From: days(-1), Until: now, Last: days(1)}, "future"},
		{"backwards", over, backfill.Ask{From: days(-1), Until: days(-2), Last: days(-3)}, "comes after the last"},
		{"one is under way", running, backfill.Ask{From: days(-3), Until: now, Last: now}, "already"},
		{"a channel without orders", over, backfill.Ask{From: days(-3), Until: now, Last: now, NoHistory: "There are none."}, "There are none."},
	} {
		test.ask.Connection, test.ask.Now = "k7", now
		got, err := rule.Decide(test.state, test.ask)
		var no eventlog.Refusal
		switch {
		case test.want == "" && (err != nil || len(got) != 1 || got[0] != events.BackfillBegun{Connection: "k7", Number: 5, From: test.ask.From, Until: test.ask.Until}):
			t.Errorf("%s: %v, %v", test.name, got, err)
		case test.want != "" && (!errors.As(err, &no) || !strings.Contains(no.Error(), test.want)):
			t.Errorf("%s: %v, want a refusal with %q", test.name, err, test.want)
		}
	}
}

// TestEndingTwice: only the one that is under way ends, and it ends once.
func TestEndingTwice(t *testing.T) {
	running := backfill.State{Begun: events.BackfillBegun{Number: 4}, Running: true}
	for number, want := range map[int64]int{3: 0, 4: 1} {
		if got, err := backfill.Ending().Decide(running, events.BackfillEnded{Number: number}); err != nil || len(got) != want {
			t.Errorf("number %d: %v, %v", number, got, err)
		}
	}
	if got, err := backfill.Ending().Decide(backfill.State{Begun: running.Begun}, events.BackfillEnded{Number: 4}); err != nil || got != nil {
		t.Errorf("ended again: %v, %v", got, err)
	}
	if got, err := backfill.Stopping().Decide(running, events.BackfillStopped{Connection: "k7"}); err != nil || len(got) != 1 || got[0] != (events.BackfillStopped{Connection: "k7", Number: 4}) {
		t.Errorf("stopped: %v, %v", got, err)
	}
}

// TestSlices: every moment of the range is in one slice, whatever the pages were, and quiet times take few calls.
func TestSlices(t *testing.T) {
	for _, pages := range []int{0, 1, 5, 50} {
		b := events.BackfillBegun{Connection: "k7", Number: 1, From: days(-400), Until: now}
		p, n := backfill.Start(b), 0
		for at := b.From; ; n++ {
			from, until := p.Slice(b)
			if !from.Equal(at) || until.After(b.Until) {
				t.Fatalf("slice %d goes from %v to %v, want it to go on at %v", n, from, until, at)
			}
			if !from.Before(until) {
				break
			}
			at, p.Ahead = until, 7
			p = p.Done(until, pages, 1, time.Minute)
		}
		if !p.Through.Equal(b.Until) || p.Read != int64(7*n) || p.Broken != int64(n) || p.Worked != time.Duration(n)*time.Minute || p.Left(b) != 0 {
			t.Errorf("after %d slices of %d pages: %+v", n, pages, p)
		}
		if pages == 0 && n > 20 {
			t.Errorf("%d calls for a time without orders", n)
		}
	}
}

func TestSentences(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	b := events.BackfillBegun{Connection: "k7", Number: 1, From: time.Date(2026, 1, 1, 0, 0, 0, 0, london), Until: time.Date(2026, 5, 1, 0, 0, 0, 0, london)}
	p := backfill.Start(b)
	if got := p.Sentence(b, london); got != "0 orders read." {
		t.Errorf("at the start: %q", got)
	}
	p.Through, p.Read, p.Ahead, p.Worked = time.Date(2026, 3, 3, 0, 0, 0, 0, london), 12_000, 400, 20*time.Minute
	if got := p.Sentence(b, london); got != "12,400 orders read, up to 3 March 2026, about 19 min left." {
		t.Errorf("half way: %q", got)
	}
	p.Trouble = "The channel asks to slow down; this goes on by itself."
	if got := p.Sentence(b, london); !strings.HasSuffix(got, "left. "+p.Trouble) {
		t.Errorf("in trouble: %q", got)
	}
	e := p.End(b, true, "", london, now)
	if e.Sentence != "Ended at 3 March 2026, with 12,400 orders read." || !e.Stopped || e.Read != 12_400 {
		t.Errorf("stopped: %+v", e)
	}
	p.Through, p.Read, p.Ahead, p.Broken = b.Until, 1_234_567, 0, 2
	e = p.End(b, false, "", london, now)
	if e.Sentence != "1,234,567 orders placed from 1 January 2026 to 30 April 2026 read. 2 of them could not be taken in: each has a letter." {
		t.Errorf("ended: %q", e.Sentence)
	}
}
