package risk_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	events "github.com/creatorflow/creatorflow/domain/events/risks"
	"github.com/creatorflow/creatorflow/domain/risk"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// address is one to which so many other orders went, an hour apart, the last an hour before noon.
func address(others int) risk.Address {
	fold := risk.AddressFold("main", "a1")
	state := fold.Zero()
	for i := range others {
		state = fold.Evolve(state, events.Used{Address: "a1", Order: fmt.Sprint("other", i), Placed: noon.Add(-time.Duration(i+1) * time.Hour)})
	}
	return state.(risk.Address)
}

func pounds(minor int64) money.Money { return money.Money{Minor: minor, Currency: "GBP"} }

func TestJudge(t *testing.T) {
	off := events.Configured{Stock: "kept"}
	tests := []struct {
		name   string
		rules  events.Configured
		order  risk.Order
		others int
		want   []string
		says   string
	}{
		{"an ordinary order", risk.Defaults(), risk.Order{Total: pounds(40_00)}, 1, nil, ""},
		{"a present to another address", risk.Defaults(), risk.Order{Total: pounds(249_99), Mismatch: true}, 0, nil, ""},
		{"much, billed elsewhere", risk.Defaults(), risk.Order{Total: pounds(250_00), Mismatch: true}, 0, []string{"mismatch"}, "at a total of 250.00 GBP"},
		{"at the limit", risk.Defaults(), risk.Order{Total: pounds(2500_00)}, 0, nil, ""},
		{"over the limit", risk.Defaults(), risk.Order{Total: pounds(2500_01)}, 0, []string{"total"}, "total of 2500.01 GBP is over your limit of 2500.00 GBP"},
		{"a currency without a limit", risk.Defaults(), risk.Order{Total: money.Money{Minor: 9_000_000, Currency: "JPY"}, Mismatch: true}, 0, nil, ""},
		{"the fifth other order", risk.Defaults(), risk.Order{Total: pounds(1)}, 5, []string{"repeats"}, "5 other orders within 24 h"},
		{"the fourth", risk.Defaults(), risk.Order{Total: pounds(1)}, 4, nil, ""},
		{"all at once", risk.Defaults(), risk.Order{Total: pounds(9999_00), Mismatch: true}, 30, []string{"mismatch", "total", "repeats"}, "24 other orders"},
		{"all off", off, risk.Order{Total: pounds(9999_00), Mismatch: true}, 30, nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.order.ID, test.order.Placed = "k7:1", noon
			got := risk.Judge(test.rules, test.order, address(test.others))
			if got == nil {
				if test.want != nil {
					t.Fatalf("not flagged, want %v", test.want)
				}
				return
			}
			if !slices.Equal(got.Rules, test.want) || !strings.Contains(got.Sentence, test.says) || !strings.HasPrefix(got.Sentence, "Held for review: ") {
				t.Errorf("got %v: %q; want %v, %q", got.Rules, got.Sentence, test.want, test.says)
			}
		})
	}
}

// An order never counts itself, an order outside the window never counts, and what is remembered of an address is bounded.
func TestOthersCountsTheWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fold := risk.AddressFold("main", "a1")
		state, hours := fold.Zero(), rapid.IntRange(1, 48).Draw(t, "hours")
		want := 0
		for i, ago := range rapid.SliceOfN(rapid.IntRange(-60, 60), 0, 100).Draw(t, "ago") {
			order := fmt.Sprint("k7:", i)
			state = fold.Evolve(state, events.Used{Order: order, Placed: noon.Add(time.Duration(ago) * time.Hour)})
			if i > 0 && max(ago, -ago) <= hours {
				want++
			}
			if !state.(risk.Address).Knows(order) {
				t.Fatalf("%s was forgotten", order)
			}
		}
		if got := state.(risk.Address).Others("k7:0", noon, time.Duration(hours)*time.Hour); got != want {
			t.Errorf("got %d others, want %d", got, want)
		}
	})
	if got := address(1000).Others("x", noon, 2000*time.Hour); got != 200 {
		t.Errorf("%d orders of an address are remembered, want 200", got)
	}
}

func TestConfiguring(t *testing.T) {
	type set = risk.Configure
	repeats := func(n int) *events.Repeats { return &events.Repeats{On: true, Orders: n, Hours: 24} }
	total := func(amounts ...money.Money) *events.Total { return &events.Total{On: true, Over: amounts} }
	tests := []struct {
		name   string
		sent   []set
		events int
		err    error
		moved  string // the field, when the last was refused because it had moved
	}{
		{name: "nothing", sent: []set{{}}, err: risk.ErrNothing},
		{name: "what holds already", sent: []set{{Stock: new("kept"), Repeats: repeats(5)}}},
		{name: "one setting, and again", sent: []set{{Stock: new("freed")}, {Stock: new("freed")}}, events: 1},
		{name: "limits in another order", sent: []set{{Total: total(pounds(5), money.Money{Minor: 7, Currency: "EUR"})}, {Total: total(money.Money{Minor: 7, Currency: "EUR"}, pounds(5))}}, events: 1},
		{name: "two limits of one currency", sent: []set{{Total: total(pounds(5), pounds(6))}}, err: risk.ErrLimit},
		{name: "a limit of nothing", sent: []set{{Total: total(pounds(0))}}, err: risk.ErrLimit},
		{name: "no currency", sent: []set{{Mismatch: &events.Mismatch{From: []money.Money{{Minor: 1, Currency: "gbp"}}}}}, err: risk.ErrLimit},
		{name: "no orders", sent: []set{{Repeats: repeats(0)}}, err: risk.ErrRepeats},
		{name: "another word", sent: []set{{Stock: new("sold")}}, err: risk.ErrStock},
		{name: "on what was read", sent: []set{{Repeats: repeats(7)}, {Repeats: repeats(8), Seen: &risk.RuleVersions{Repeats: 1}}}, events: 2},
		{name: "another setting moved", sent: []set{{Stock: new("freed")}, {Repeats: repeats(8), Seen: &risk.RuleVersions{}}}, events: 2},
		{name: "the setting moved", sent: []set{{Repeats: repeats(7)}, {Repeats: repeats(8), Seen: &risk.RuleVersions{}}}, events: 1, moved: "repeats"},
		{name: "it moved to the same", sent: []set{{Repeats: repeats(7)}, {Repeats: repeats(7), Seen: &risk.RuleVersions{}}}, events: 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			configuring, s := risk.Configuring(), risk.State{}
			var last error
			var all []eventlog.Event
			for _, c := range test.sent {
				var decided []eventlog.Event
				decided, last = configuring.Decide(s, c)
				for _, e := range decided {
					s = configuring.Evolve(s, e)
					all = append(all, e)
				}
			}
			var moved workspace.Moved
			field := ""
			if errors.As(last, &moved) {
				field = moved[0].Field
			}
			if len(all) != test.events || field != test.moved || test.moved == "" && !errors.Is(last, test.err) {
				t.Errorf("got %d events, %v; want %d, %v %s", len(all), last, test.events, test.err, test.moved)
			}
		})
	}
}
