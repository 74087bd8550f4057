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
		{name: "unknown", set: set("everything", 0), err: ErrPolicy},
		{name: "a buffer below nothing", set: set("mirror", -1), err: ErrBuffer},
		{name: "a buffer of what is escrowed", set: set("escrow", 1), err: ErrBuffer},
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
		{name: "the SKU on the shop", sku: sku, all: all, connection: "k1", want: Policy{exposure.Mirror, 2}},
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

func TestSurvives(t *testing.T) {
	two := func(available int, policy exposure.Policy) exposure.State {
		s := exposure.State{Available: available, Rate: 10}
		for _, id := range []string{"a", "b"} {
			s.Connections = append(s.Connections, exposure.Connection{
				ID: id, Settings: exposure.Settings{Ability: exposure.Ability{Method: exposure.Absolute}, Policy: policy},
			})
		}
		return s
	}
	for _, c := range []struct {
		state exposure.State
		want  string
	}{
		{two(10, exposure.Escrow), "What is listed is there for each shop alone, so it survives any outage of ours."},
		{two(3, exposure.Mirror), "Several shops list the same units and little is left: an outage of ours may oversell it."},
		{two(20, exposure.Mirror), "Several shops list the same units: an outage of ours of 29 minutes is survived."},
		{two(1000, exposure.Mirror), "Several shops list the same units: an outage of ours of 85 hours is survived."},
	} {
		if got := Survives(c.state); got != c.want {
			t.Errorf("%d available: %q, want %q", c.state.Available, got, c.want)
		}
	}
}
