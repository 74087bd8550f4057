package direct_test

import (
	"errors"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/direct"
	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// A link is asked for while the order is to be paid, for as long as one may be open; each is another one, and what may still be paid by
// the one before is known until it is made.
func TestLinking(t *testing.T) {
	now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	placed := events.Placed{
		Order: "k1:M-1", Connection: "k1", Status: orders.Unpaid, Total: money.Money{Minor: 2499, Currency: "GBP"},
		Direct: events.Direct{Pay: events.PayCard, Method: "pm_1"},
	}
	free, sold := placed, placed
	free.Total.Minor, sold.Direct = 0, events.Direct{}
	for name, c := range map[string]struct {
		was  []eventlog.Event
		asks direct.Link
		err  error
	}{
		"as long as it may be": {[]eventlog.Event{placed}, direct.Link{}, nil},
		"an hour":              {[]eventlog.Event{placed}, direct.Link{For: time.Hour, Return: "https://shop.example/thanks"}, nil},
		"a minute":             {[]eventlog.Event{placed}, direct.Link{For: time.Minute}, direct.ErrUntil},
		"a day":                {[]eventlog.Event{placed}, direct.Link{For: 24 * time.Hour}, direct.ErrUntil},
		"no address":           {[]eventlog.Event{placed}, direct.Link{Return: "shop.example"}, direct.ErrReturn},
		"no order":             {nil, direct.Link{}, orders.ErrNoOrder},
		"nothing to pay":       {[]eventlog.Event{free}, direct.Link{}, direct.ErrNothing},
		"of a channel":         {[]eventlog.Event{sold}, direct.Link{}, direct.ErrDirect},
		"paid":                 {[]eventlog.Event{placed, events.PaymentCompleted{Order: "k1:M-1", Total: placed.Total}}, direct.Link{}, direct.ErrPaid},
		"cancelled":            {[]eventlog.Event{placed, events.Cancelled{Order: "k1:M-1"}}, direct.Link{}, direct.ErrCancelled},
		"being cancelled":      {[]eventlog.Event{placed, events.AnswerAsked{Order: "k1:M-1", Answer: 1, Action: orders.ActionCancel}}, direct.Link{}, direct.ErrCancels},
	} {
		t.Run(name, func(t *testing.T) {
			rule, s := direct.Linking(now), orders.State{}
			for _, e := range c.was {
				s = rule.Evolve(s, e)
			}
			got, err := rule.Decide(s, c.asks)
			if !errors.Is(err, c.err) || (err == nil) != (len(got) == 1) {
				t.Fatalf("decided %v, %v; want %v", got, err, c.err)
			}
			if err != nil {
				return
			}
			s = rule.Evolve(s, got[0])
			if l := s.Direct.Link; l.Number != 1 || s.Direct.Pay != events.PayLink || l.Open() != "" || l.Until.Sub(now) > direct.LatestLink {
				t.Errorf("the link is %+v", l)
			}
			s = rule.Evolve(s, events.PaymentLinkMade{Order: "k1:M-1", Link: 1, Session: "cs_1", URL: "https://pay", Until: now.Add(time.Hour)})
			again, err := rule.Decide(s, direct.Link{})
			if err != nil {
				t.Fatal(err)
			}
			s = rule.Evolve(s, again[0])
			if l := s.Direct.Link; l.Number != 2 || l.URL != "" || l.Open() != "cs_1" {
				t.Errorf("another link is %+v, and %q may still be open", l, l.Open())
			}
			if s = rule.Evolve(s, events.PaymentLinkMade{Order: "k1:M-1", Link: 1, Session: "cs_9"}); s.Direct.Link.Open() != "cs_1" {
				t.Error("the first link takes the second one's place")
			}
		})
	}
}
