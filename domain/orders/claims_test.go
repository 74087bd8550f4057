package orders

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/eventlog"
)

func claimNews(kind, id, state string, second int) events.ClaimOpened {
	return events.ClaimOpened{
		Kind: kind, Claim: id, State: state, Vendor: "V_" + state, By: "buyer", Updated: time.Unix(1_700_000_000+int64(second), 0).UTC(),
		Lines: []events.ClaimLine{{Listing: "1729", Code: "a", Quantity: 1}},
	}
}

// hear folds what the channel shows of claims into an order.
func hear(t interface{ Fatal(...any) }, s State, list ...events.ClaimOpened) (State, int) {
	n := 0
	for _, c := range list {
		decided, err := observeClaim(s, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range decided {
			s = evolve(s, e)
			n++
		}
	}
	return s, n
}

// Where claims stand depends on the set of news alone: not on repeats, order or delay.
func TestClaimsIndependentOfRepetitionAndOrder(t *testing.T) {
	placed, _ := take(t, State{}, news(Ready, 0))
	rapid.Check(t, func(t *rapid.T) {
		set := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) events.ClaimOpened {
			return claimNews(rapid.SampledFrom([]string{Cancellation, Return}).Draw(t, "kind"), rapid.SampledFrom([]string{"1", "2"}).Draw(t, "id"),
				rapid.SampledFrom(claimProgress).Draw(t, "state"), rapid.IntRange(0, 4).Draw(t, "second"))
		}), 1, 8).Draw(t, "news")
		stand := func(s State) map[string]string {
			all := map[string]string{}
			for _, c := range s.Claims {
				all[c.Kind+c.ClaimOpened.Claim] = c.State + c.Updated.String()
			}
			return all
		}
		straight := slices.Clone(set)
		slices.SortStableFunc(straight, func(a, b events.ClaimOpened) int { return a.Updated.Compare(b.Updated) })
		want, _ := hear(t, placed, straight...)
		got, _ := hear(t, placed, rapid.Permutation(append(slices.Clone(set), set...)).Draw(t, "delivered")...)
		if !reflect.DeepEqual(stand(got), stand(want)) {
			t.Fatalf("got %v, in order %v", stand(got), stand(want))
		}
		if _, n := hear(t, got, set...); n != 0 {
			t.Fatalf("all of it once more yields %d events", n)
		}
	})
}

func TestHeld(t *testing.T) {
	placed, _ := take(t, State{}, news(Ready, 0))
	cancel := events.AnswerAsked{Answer: 1, Action: ActionCancel}
	for _, test := range []struct {
		name   string
		claims []events.ClaimOpened
		then   []eventlog.Event
		held   bool
	}{
		{name: "nobody asks"},
		{name: "the buyer asks", claims: []events.ClaimOpened{claimNews(Cancellation, "1", ClaimPending, 0)}, held: true},
		{name: "it is agreed", claims: []events.ClaimOpened{claimNews(Cancellation, "1", ClaimPending, 0), claimNews(Cancellation, "1", ClaimApproved, 1)}, held: true},
		{name: "it is rejected", claims: []events.ClaimOpened{claimNews(Cancellation, "1", ClaimPending, 0), claimNews(Cancellation, "1", ClaimWithdrawn, 1)}},
		{name: "a part was cancelled", claims: []events.ClaimOpened{claimNews(Cancellation, "1", ClaimCompleted, 0)}},
		{name: "one of two is rejected", claims: []events.ClaimOpened{
			claimNews(Cancellation, "1", ClaimWithdrawn, 0), claimNews(Cancellation, "2", ClaimPending, 1),
		}, held: true},
		{name: "a return", claims: []events.ClaimOpened{claimNews(Return, "1", ClaimPending, 0)}},
		{name: "a state without a word", claims: []events.ClaimOpened{claimNews(Cancellation, "1", "odd", 0)}},
		{name: "the channel is asked to cancel", then: []eventlog.Event{cancel}, held: true},
		{name: "the channel refused", then: []eventlog.Event{cancel, events.AnswerEnded{Answer: 1, Sentence: "No."}}},
		{name: "the channel took it", then: []eventlog.Event{cancel, events.AnswerEnded{Answer: 1, Done: true}}, held: true},
	} {
		s, _ := hear(t, placed, test.claims...)
		for _, e := range test.then {
			s = evolve(s, e)
		}
		if got := s.Held(); (got != "") != test.held {
			t.Errorf("%s: held %q, want %t", test.name, got, test.held)
		}
	}
}

func TestClaimsRefused(t *testing.T) {
	placed, _ := take(t, State{}, news(Ready, 0))
	for name, change := range map[string]func(*events.ClaimOpened){
		"another kind": func(c *events.ClaimOpened) { c.Kind = "wish" },
		"no id":        func(c *events.ClaimOpened) { c.Claim = "" },
		"no time":      func(c *events.ClaimOpened) { c.Updated = time.Time{} },
		"an odd time":  func(c *events.ClaimOpened) { c.DecideBy = time.Unix(1<<40, 0) },
		"no units":     func(c *events.ClaimOpened) { c.Lines[0].Quantity = 0 },
		"no listing":   func(c *events.ClaimOpened) { c.Lines[0].Listing = "\x00" },
	} {
		c := claimNews(Return, "1", ClaimPending, 0)
		change(&c)
		if got, err := observeClaim(placed, c); !errors.Is(err, ErrClaim) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := observeClaim(State{}, claimNews(Return, "1", ClaimPending, 0)); !errors.Is(err, ErrNoOrder) {
		t.Errorf("of an order that nobody knows: %v", err)
	}
}

// A state that was handed out does not change with what comes later.
func TestStatesAreNotShared(t *testing.T) {
	placed, _ := take(t, State{}, news(Ready, 0))
	before, _ := hear(t, placed, claimNews(Return, "1", ClaimSent, 0))
	after := evolve(evolve(before, events.ReturnReceived{Claim: "1", Items: []events.ReturnedItem{{SKU: "a", Quantity: 1}}}),
		events.ClaimMoved{Kind: Return, Claim: "1", To: ClaimCompleted})
	if c := before.Claims[0]; c.State != ClaimSent || len(c.Received) != 0 || after.Claims[0].State != ClaimCompleted || len(after.Claims[0].Received) != 1 {
		t.Errorf("before %+v, after %+v", before.Claims[0], after.Claims[0])
	}
}
