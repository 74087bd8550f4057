package aftersales_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/aftersales"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// untracked is what a channel that does not tell when goods are under way shows of a return of two units.
func untracked(state string, hour int) orderevents.ClaimOpened {
	return orderevents.ClaimOpened{
		Kind: orders.Return, Claim: "r1", State: state, Vendor: state, Wants: "return", Untracked: true, Updated: time.Unix(1_700_000_000, 0).Add(time.Duration(hour) * time.Hour),
		Lines: []orderevents.ClaimLine{{Listing: "L1", Code: "A", Quantity: 2}},
	}
}

// observe takes in what the channel shows and tells how many units that put on hand.
func observe(t *testing.T, s orders.State, news orderevents.ClaimOpened, restocked int64) (orders.State, int64) {
	t.Helper()
	shelf := inventory.State{Known: true, Received: 100, Shipped: 50}
	writes, err := aftersales.Observe("main", s, news, map[string]int64{"L1": restocked}, map[string]inventory.State{"A": shelf})
	if err != nil {
		t.Fatal(err)
	}
	back := int64(0)
	for i, w := range writes {
		if slices.ContainsFunc(writes[:i], func(o eventlog.Decided) bool { return o.Stream == w.Stream }) {
			t.Errorf("stream %s is written twice", w.Stream)
		}
		for _, e := range w.Events {
			if returned, ok := e.(stock.Returned); ok {
				back += returned.Quantity
			} else {
				s = after(s, e)
			}
		}
	}
	return s, back
}

func decidedAbout(s orders.State, action string) error {
	_, err := aftersales.Answering().Decide(s, aftersales.Answer{Order: "k1:1", Action: action, Kind: orders.Return, Claim: "r1", Reason: "not_as_sent"})
	return err
}

// Where nobody tells that goods are under way they may be received once the return is agreed, and that has the channel refund them.
func TestReceiptSettlesAnUntrackedReturn(t *testing.T) {
	s, _ := observe(t, sentBack(orders.Ready), untracked(orders.ClaimAwaited, 0), 0)
	if err := decidedAbout(s, orders.ActionApprove); !errors.Is(err, aftersales.ErrGoods) {
		t.Errorf("approved before anything came: %v", err)
	}
	if err := decidedAbout(s, orders.ActionReject); err != nil {
		t.Errorf("rejected: %v", err)
	}
	s, back, err := receive(t, s, "r1", 1)
	if err != nil || back != 1 || s.Asked == nil || s.Asked.Action != orders.ActionApprove || s.Asked.State != orders.ClaimAwaited {
		t.Fatalf("one of two: %d back, %v, asked %+v", back, err, s.Asked)
	}
	if _, _, err := receive(t, s, "r1", 1); !errors.Is(err, aftersales.ErrOnItsWay) {
		t.Errorf("the other one while the channel is being told: %v", err)
	}
	s = after(s, orderevents.AnswerEnded{Order: "k1:1", Answer: s.Asked.Answer, Done: true})
	if s, back, err = receive(t, s, "r1", 1); err != nil || back != 1 || s.Asked == nil {
		t.Errorf("the other one: %d back, %v", back, err)
	}
	tracked := untracked(orders.ClaimAwaited, 0)
	tracked.Untracked = false
	s, _ = observe(t, sentBack(orders.Ready), tracked, 0)
	if s, back, err = receive(t, s, "r1", 1); err != nil || back != 1 || s.Asked != nil {
		t.Errorf("where the channel will tell: %d back, %v, asked %+v", back, err, s.Asked)
	}
}

// Units that were put back on sale at the channel are on hand once, whoever says so first.
func TestRestockedAtTheChannelCountsOnce(t *testing.T) {
	open := untracked(orders.ClaimAwaited, 0)
	t.Run("there first", func(t *testing.T) {
		s, back := observe(t, sentBack(orders.Ready), open, 1)
		if back != 1 {
			t.Fatalf("%d on hand again, want 1", back)
		}
		if s, back = observe(t, s, untracked(orders.ClaimAwaited, 1), 1); back != 0 {
			t.Errorf("shown again: %d more", back)
		}
		if _, back = observe(t, s, open, 1); back != 0 {
			t.Errorf("late news: %d more", back)
		}
		if _, _, err := receive(t, s, "r1", 2); err == nil {
			t.Error("received here as well")
		}
		if _, back = observe(t, s, untracked(orders.ClaimCompleted, 2), 2); back != 1 {
			t.Errorf("the second unit: %d more, want 1", back)
		}
	})
	t.Run("here first", func(t *testing.T) {
		s, _ := observe(t, sentBack(orders.Ready), open, 0)
		s, _, err := receive(t, s, "r1", 2)
		if err != nil {
			t.Fatal(err)
		}
		if _, back := observe(t, s, untracked(orders.ClaimCompleted, 1), 2); back != 0 {
			t.Errorf("%d counted twice", back)
		}
	})
	t.Run("more than there is", func(t *testing.T) {
		if _, back := observe(t, sentBack(orders.Ready), open, 9); back != 2 {
			t.Errorf("%d of an order of two", back)
		}
	})
	t.Run("of an order that was never in the books", func(t *testing.T) {
		if _, back := observe(t, sentBack(orders.Delivered), open, 1); back != 0 {
			t.Errorf("%d on hand", back)
		}
	})
}

// Of an order that was cancelled its flow frees what was kept for it, so what is on sale at the channel again is not counted besides.
func TestRestockedWithACancellation(t *testing.T) {
	s := after(sentBack(orders.Ready), orderevents.Cancelled{Order: "k1:1", From: orders.Ready})
	s, back := observe(t, s, untracked(orders.ClaimCompleted, 0), 2)
	if c, found := s.Claim(orders.Return, "r1"); back != 0 || !found || len(c.Received) != 0 {
		t.Errorf("%d units are on hand again, the return stands as %+v", back, c)
	}
}

// What went back to the buyer is told when it becomes more.
func TestGivenBack(t *testing.T) {
	s := sentBack(orders.Ready)
	for _, step := range []struct{ total, told int64 }{{500, 500}, {500, 0}, {300, 0}, {900, 900}} {
		news := aftersales.GivenBack(s, money.Money{Minor: step.total, Currency: "GBP"})
		told := int64(0)
		for _, e := range news {
			told = e.(orderevents.Refunded).Total.Minor
			s = after(s, e)
		}
		if told != step.told {
			t.Errorf("shown %d, told %d, want %d", step.total, told, step.told)
		}
	}
	if news := aftersales.GivenBack(orders.State{}, money.Money{Minor: 1, Currency: "GBP"}); news != nil {
		t.Errorf("of an order that nobody knows: %v", news)
	}
}

// The page promises no decision of a channel that names no day for it, and says of an order that lives on, or was cancelled, what is so.
func TestWordsOfAClaim(t *testing.T) {
	by := time.Unix(1_800_000_000, 0)
	cancellation := func(state string, until time.Time) orderevents.ClaimOpened {
		return orderevents.ClaimOpened{Order: "k1:1", Kind: orders.Cancellation, Claim: "c1", State: state, By: "buyer", Updated: by, DecideBy: until}
	}
	cancelled := orderevents.Cancelled{Order: "k1:1", From: orders.Ready}
	refund := orderevents.ClaimOpened{Order: "k1:1", Kind: orders.Return, Claim: "refund-1", State: orders.ClaimCompleted, Wants: "return", By: "seller", Updated: by}
	for name, test := range map[string]struct {
		news     []eventlog.Event
		says, no string
	}{
		"a day is named":          {[]eventlog.Event{cancellation(orders.ClaimPending, by)}, "the channel decides", ""},
		"no day is named":         {[]eventlog.Event{cancellation(orders.ClaimPending, time.Time{})}, "until you approve or reject it.", "the channel decides"},
		"nor of a return":         {[]eventlog.Event{untracked(orders.ClaimPending, 0)}, "Approve or reject it.", "the channel decides"},
		"a part is cancelled":     {[]eventlog.Event{cancellation(orders.ClaimCompleted, time.Time{})}, "goes on with the rest", "The order was cancelled"},
		"all of it is cancelled":  {[]eventlog.Event{cancelled, cancellation(orders.ClaimCompleted, time.Time{})}, "The order was cancelled because", ""},
		"restocked":               {[]eventlog.Event{refund}, "is on hand here too", ""},
		"restocked and cancelled": {[]eventlog.Event{cancelled, refund}, "a letter asks", "on hand here too"},
	} {
		records := []eventlog.Record{{Event: orderevents.Placed{Order: "k1:1", Status: orders.Ready, Updated: by}}}
		for _, e := range test.news {
			records = append(records, eventlog.Record{Event: e})
		}
		claims := aftersales.Read(records, "").Claims
		if len(claims) != 1 || !strings.Contains(claims[0].Sentence, test.says) || test.no != "" && strings.Contains(claims[0].Sentence, test.no) {
			t.Errorf("%s: %+v", name, claims)
		}
	}
}

// Of a channel that takes no answers from here what comes back is booked and nothing is asked of the channel: each sentence says where
// the answer and the refund are given.
func TestReturnAnsweredElsewhere(t *testing.T) {
	const there = "https://seller.example/returns?order=1"
	news := func(state string, hour int) orderevents.ClaimOpened {
		n := untracked(state, hour)
		n.Elsewhere = there
		return n
	}
	for _, state := range []string{orders.ClaimPending, orders.ClaimAwaited, orders.ClaimSent} {
		s, _ := observe(t, sentBack(orders.Ready), news(state, 0), 0)
		for _, action := range []string{orders.ActionApprove, orders.ActionReject} {
			if err := decidedAbout(s, action); err == nil || !strings.HasSuffix(err.Error(), there) {
				t.Errorf("%s of one that is %s: %v", action, state, err)
			}
		}
		opened := news(state, 0)
		opened.Order = "k1:1"
		records := []eventlog.Record{
			{Event: orderevents.Placed{Order: "k1:1", Status: orders.Ready, Lines: []orderevents.Line{{Listing: "L1", Code: "A", Quantity: 2}}}},
			{Event: orderevents.Matched{Order: "k1:1", SKUs: []string{"A"}}},
			{Event: opened},
		}
		if c := aftersales.Read(records, "").Claims[0]; !strings.HasSuffix(c.Sentence, there) || slices.Equal(c.Can, []string{"receive-return"}) != (state != orders.ClaimPending) || len(c.Can) > 1 {
			t.Errorf("%s: %q, can %v", state, c.Sentence, c.Can)
		}
		s, back, err := receive(t, s, "r1", 1)
		if state == orders.ClaimPending {
			if err == nil {
				t.Error("received before it was agreed")
			}
			continue
		}
		if err != nil || back != 1 || s.Asked != nil {
			t.Fatalf("%s: %d back, %v, asked %+v", state, back, err, s.Asked)
		}
		if s, back, err = receive(t, s, "r1", 1); err != nil || back != 1 || s.Asked != nil {
			t.Fatalf("the other one: %d back, %v, asked %+v", back, err, s.Asked)
		}
		if _, _, err = receive(t, s, "r1", 1); err == nil {
			t.Error("more came back than was sent back")
		}
		records = append(records, eventlog.Record{Event: orderevents.ReturnReceived{Order: "k1:1", Claim: "r1", Items: []aftersales.Item{{SKU: "A", Quantity: 2}}}})
		if c := aftersales.Read(records, "").Claims[0]; !strings.HasSuffix(c.Sentence, "refund the buyer at "+there) || len(c.Can) != 0 {
			t.Errorf("all of it is booked: %q, can %v", c.Sentence, c.Can)
		}
		if s, back = observe(t, s, news(orders.ClaimCompleted, 1), 0); back != 0 {
			t.Errorf("once it is done there: %d more", back)
		}
		done := news(orders.ClaimCompleted, 1)
		done.Order = "k1:1"
		refundedFirst := append(slices.Clone(records[:2]), eventlog.Record{Event: done})
		if c := aftersales.Read(refundedFirst, "").Claims[0]; !strings.Contains(c.Sentence, "not on hand before you say here what came") || !slices.Equal(c.Can, []string{"receive-return"}) {
			t.Errorf("refunded before the goods came: %q, can %v", c.Sentence, c.Can)
		}
		if c := aftersales.Read(append(refundedFirst, records[3]), "").Claims[0]; c.Sentence != "The return is done." || len(c.Can) != 0 {
			t.Errorf("done, and booked: %q, can %v", c.Sentence, c.Can)
		}
		done.State, done.Vendor = orders.ClaimUnknown, "Pondered"
		if c := aftersales.Read(append(slices.Clone(records[:2]), eventlog.Record{Event: done}), "").Claims[0]; !strings.HasSuffix(c.Sentence, "Look at it at "+there) {
			t.Errorf("a word that is not known: %q", c.Sentence)
		}
	}
}
