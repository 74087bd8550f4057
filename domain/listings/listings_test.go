package listings

import (
	"errors"
	"testing"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/eventlog"
)

func TestSetting(t *testing.T) {
	set := func(policy string, buffer int) events.PolicySet {
		return events.PolicySet{SKU: "HAT", Connection: "k1", Policy: policy, Buffer: buffer}
	}
	follow := func(connection string) events.PolicySet {
		return events.PolicySet{Connection: "k1", Policy: "hybrid", Follows: connection}
	}
	for _, c := range []struct {
		name   string
		before []eventlog.Event
		set    events.PolicySet
		want   int
		err    error
	}{
		{name: "escrow", set: set("escrow", 0), want: 1},
		{name: "mirror with a buffer", set: set("mirror", 5), want: 1},
		{name: "the same again", before: []eventlog.Event{set("mirror", 5)}, set: set("mirror", 5)},
		{name: "another buffer", before: []eventlog.Event{set("mirror", 5)}, set: set("mirror", 6), want: 1},
		{name: "a shop to follow", set: follow("k2"), want: 1},
		{name: "the same shop to follow", before: []eventlog.Event{follow("k2")}, set: follow("k2")},
		{name: "another shop to follow", before: []eventlog.Event{follow("k2")}, set: follow("k3"), want: 1},
		{name: "itself", set: follow("k1"), err: ErrFollows},
		{name: "unknown", set: set("everything", 0), err: ErrPolicy},
		{name: "a buffer below nothing", set: set("mirror", -1), err: ErrBuffer},
		{name: "what a shop gets first", set: set("escrow", 1), want: 1},
		{name: "what nobody in particular gets first", set: events.PolicySet{SKU: "HAT", Policy: "escrow", Buffer: 1}, err: ErrBuffer},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := State{}
			for _, e := range c.before {
				s = evolve(s, e)
			}
			if got, err := Setting().Decide(s, c.set); len(got) != c.want || !errors.Is(err, c.err) {
				t.Errorf("decided %v, %v; want %d events, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestOf(t *testing.T) {
	sku := evolve(State{}, events.PolicySet{SKU: "HAT", Connection: "k1", Policy: "mirror", Buffer: 2})
	sku2 := evolve(sku, events.PolicySet{SKU: "HAT", Policy: "escrow"})
	all := evolve(State{}, events.PolicySet{Connection: "k2", Policy: "escrow"})
	for _, c := range []struct {
		name       string
		sku, all   State
		connection string
		want       Policy
	}{
		{name: "nobody said", connection: "k1", want: Default},
		{name: "the SKU on the shop", sku: sku, all: all, connection: "k1", want: Policy{Policy: exposure.Mirror, Buffer: 2}},
		{name: "all SKUs on the shop", sku: sku, all: all, connection: "k2", want: Policy{Policy: exposure.Escrow}},
		{name: "the SKU on every shop", sku: sku2, all: all, connection: "k3", want: Policy{Policy: exposure.Escrow}},
		{name: "another shop", sku: sku, all: all, connection: "k3", want: Default},
	} {
		if got := Of(c.sku, c.all, c.connection); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestState: the last write of each listing and its own answer, and what differs until it is mended; older states stay.
func TestState(t *testing.T) {
	sent := func(number int) events.Sent {
		return events.Sent{SKU: "HAT", Connection: "k1", Listing: "9", Number: number, Write: "set", To: 5}
	}
	answer := func(number int, a string) events.Answered {
		return events.Answered{SKU: "HAT", Connection: "k1", Listing: "9", Number: number, Answer: a}
	}
	s := evolve(evolve(State{}, sent(1)), sent(2))
	s = evolve(s, answer(1, "refused")) // late
	if w := s.Writes[Key("k1", "9")]; w.Sent.Number != 2 || w.Answer != "" {
		t.Errorf("last write %+v", w)
	}
	answered := evolve(s, answer(2, "accepted"))
	if w := answered.Writes["k1/9"]; w.Answer != "accepted" || s.Writes["k1/9"].Answer != "" {
		t.Errorf("last write %+v, before it was answered %+v", w, s.Writes["k1/9"])
	}
	differs := evolve(s, events.Differed{SKU: "HAT", Connection: "k1", Listing: "9", Found: 3, At: time.Unix(9, 0)})
	mended := evolve(differs, events.Mended{SKU: "HAT", Connection: "k1", Listing: "9"})
	if len(s.Differing) != 0 || differs.Differing["k1/9"].Found != 3 || len(mended.Differing) != 0 {
		t.Errorf("differing %v, then %v, then %v", s.Differing, differs.Differing, mended.Differing)
	}
}

// TestMended: a listing that nobody wrote, since its units are there or went elsewhere, is not said to be another one now.
func TestMended(t *testing.T) {
	if got := Mended(13, 13); got != "The shop goes on listing 13, and nothing is left to be written." {
		t.Error(got)
	}
	if got := Mended(13, 10); got != "The shop listed 13 and now lists 10, as it should." {
		t.Error(got)
	}
}

// TestResume: a write that was followed by another one before it settled may come late after a restart too, whatever came of that one.
func TestResume(t *testing.T) {
	noon := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }
	sent := func(number int, write string, to, seconds int) eventlog.Event {
		return events.Sent{SKU: "HAT", Connection: "k1", Listing: "9", Number: number, Write: write, To: to, At: at(seconds)}
	}
	answer := func(number int, a string) eventlog.Event {
		return events.Answered{SKU: "HAT", Connection: "k1", Listing: "9", Number: number, Answer: a}
	}
	for _, c := range []struct {
		name    string
		written []eventlog.Event
		may     bool // the write of noon come late
		lower   bool
	}{
		{"the next was refused", []eventlog.Event{sent(1, "set", 20, 0), answer(1, "accepted"), sent(2, "set", 18, 10), answer(2, "refused")}, true, false},
		{"the next two were refused", []eventlog.Event{sent(1, "set", 20, 0), answer(1, "lost"), sent(2, "set", 18, 10), answer(2, "refused"), sent(3, "set", 17, 20), answer(3, "refused")}, true, false},
		{"a 0 came next", []eventlog.Event{sent(1, "set", 20, 0), answer(1, "accepted"), sent(2, "zero", 0, 10), answer(2, "accepted")}, true, true},
		{"a 0 came next, of which nothing is known", []eventlog.Event{sent(1, "set", 20, 0), answer(1, "accepted"), sent(2, "zero", 0, 10)}, true, true},
		{"it was refused too", []eventlog.Event{sent(1, "set", 20, 0), answer(1, "refused"), sent(2, "set", 18, 10), answer(2, "refused")}, false, false},
		{"it was a 0", []eventlog.Event{sent(1, "zero", 0, 0), answer(1, "accepted"), sent(2, "set", 18, 10), answer(2, "refused")}, false, false},
		{"long ago", []eventlog.Event{sent(1, "set", 20, -100), answer(1, "accepted"), sent(2, "set", 18, 10), answer(2, "refused")}, false, false},
	} {
		journal := State{}
		for _, e := range c.written {
			journal = evolve(journal, e)
		}
		s := exposure.Evolve(exposure.State{}, exposure.Configured{Connection: "k1/9", Settings: exposure.Settings{
			Ability: exposure.Ability{Method: exposure.Absolute, Settle: time.Minute}, Policy: exposure.Mirror,
		}})
		for _, e := range journal.Writes["k1/9"].Resume("k1/9", at(30), 2*time.Minute) {
			s = exposure.Evolve(s, e)
		}
		got, _ := s.Find("k1/9")
		if may := got.Raise != nil && got.Raise.Sent.Equal(noon); may != c.may || (got.Lower != nil) != c.lower || got.Number < 2 {
			t.Errorf("%s: may come late: %t, want %t; %+v", c.name, may, c.may, got)
		}
	}
}

func TestSurvives(t *testing.T) {
	two := func(available, each int, policy exposure.Policy) exposure.State {
		s := exposure.State{Available: available, Rate: 10}
		for _, id := range []string{"a", "b"} {
			s.Connections = append(s.Connections, exposure.Connection{
				ID: id, Known: true, Exposure: each, Settings: exposure.Settings{Ability: exposure.Ability{Method: exposure.Absolute}, Policy: policy, Lag: 30 * time.Second},
			})
		}
		return s
	}
	busy := two(3, 3, exposure.Mirror)
	busy.Rate, busy.Outage = 600, 4*time.Hour
	quiet := two(5, 5, exposure.Mirror)
	quiet.Rate = 0
	for _, c := range []struct {
		state exposure.State
		want  string
	}{
		{two(10, 5, exposure.Escrow), "What is listed is there for each shop alone, so it survives any outage of ours."},
		{two(20, 20, exposure.Escrow), "Several shops list the same units: an outage of ours of 29 minutes is survived. At no more than 10 units an hour, as the last hour's sales let expect, the chance of overselling in one of 60 minutes is below 1 %. Without any outage a shop hears of the others' sales after up to 30 seconds, as measured: at that rate up to 1 of the units may be sold twice in that time, and the chance that this oversells is below 1 %."},
		{two(3, 3, exposure.Mirror), "Several shops list the same units and little is left: an outage of ours may oversell it. At no more than 10 units an hour, as the last hour's sales let expect, the chance of overselling in one of 60 minutes is 99 %. Without any outage a shop hears of the others' sales after up to 30 seconds, as measured: at that rate up to 1 of the units may be sold twice in that time, and the chance that this oversells is below 1 %."},
		{two(20, 20, exposure.Mirror), "Several shops list the same units: an outage of ours of 29 minutes is survived. At no more than 10 units an hour, as the last hour's sales let expect, the chance of overselling in one of 60 minutes is below 1 %. Without any outage a shop hears of the others' sales after up to 30 seconds, as measured: at that rate up to 1 of the units may be sold twice in that time, and the chance that this oversells is below 1 %."},
		{two(1000, 1000, exposure.Mirror), "Several shops list the same units: an outage of ours of 85 hours is survived. At no more than 10 units an hour, as the last hour's sales let expect, the chance of overselling in one of 60 minutes is below 1 %. Without any outage a shop hears of the others' sales after up to 30 seconds, as measured: at that rate up to 1 of the units may be sold twice in that time, and the chance that this oversells is below 1 %."},
		{two(5, 5, exposure.Mirror), "Several shops list the same units and little is left: an outage of ours may oversell it. At no more than 10 units an hour, as the last hour's sales let expect, the chance of overselling in one of 60 minutes is 93 %. Without any outage a shop hears of the others' sales after up to 30 seconds, as measured: at that rate up to 1 of the units may be sold twice in that time, and the chance that this oversells is below 1 %."},
		{busy, "Several shops list the same units and little is left: an outage of ours may oversell it. At no more than 600 units an hour, as the last hour's sales let expect, the chance of overselling in one of 4 hours is 100 %. Without any outage a shop hears of the others' sales after up to 30 seconds, as measured: at that rate up to 3 of the units may be sold twice in that time, and the chance that this oversells is 73 %."},
		{quiet, "Several shops list the same units, and none was sold in the last hour: an outage of ours is survived while that stays so. At no more than 0 units an hour, as the last hour's sales let expect, the chance of overselling in one of 60 minutes is below 1 %. Without any outage a shop hears of the others' sales after up to 30 seconds, as measured: at that rate up to 1 of the units may be sold twice in that time, and the chance that this oversells is below 1 %."},
		{two(0, 0, exposure.Mirror), "What is listed is there for each shop alone, so it survives any outage of ours."},
		{exposure.State{Available: 3, Connections: []exposure.Connection{{ID: "a"}}}, "What the shops list is being read; until then nobody knows which outage of ours that survives."},
	} {
		if got := Survives(c.state); got != c.want {
			t.Errorf("%d available: %q, want %q", c.state.Available, got, c.want)
		}
	}
}

// TestSurviving: which outage a hybrid survives is said for all SKUs, and for one that has its own.
func TestSurviving(t *testing.T) {
	said := func(minutes int) State { return evolve(State{}, events.OutageSet{Minutes: minutes}) }
	for _, c := range []struct {
		sku, all int
		want     time.Duration
	}{{0, 0, 0}, {0, 240, 4 * time.Hour}, {30, 240, 30 * time.Minute}, {30, 0, 30 * time.Minute}} {
		if got := Outage(said(c.sku), said(c.all)); got != c.want {
			t.Errorf("%d for the SKU and %d for all make %s, want %s", c.sku, c.all, got, c.want)
		}
	}
	for _, c := range []struct {
		was, set, want int
		err            error
	}{{0, 240, 1, nil}, {240, 240, 0, nil}, {240, 0, 1, nil}, {0, -1, 0, ErrOutage}, {0, 10_081, 0, ErrOutage}} {
		if got, err := Surviving().Decide(said(c.was), events.OutageSet{Minutes: c.set}); len(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("from %d to %d: %v, %v", c.was, c.set, got, err)
		}
	}
}
