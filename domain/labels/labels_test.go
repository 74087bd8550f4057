package labels_test

import (
	"errors"
	"testing"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/labels"
	"github.com/creatorflow/creatorflow/domain/labels"
)

func TestConfigure(t *testing.T) {
	good := events.Configured{Partner: "easypost", Grams: 480, Length: 200, Width: 150, Height: 100, Automatic: true, Secrets: "a"}
	change := func(edit func(*events.Configured)) events.Configured { c := good; edit(&c); return c }
	rule := labels.Configuring()
	var s labels.State
	for _, test := range []struct {
		name string
		c    events.Configured
		want error
		news bool
	}{
		{"nothing to end", events.Configured{}, nil, false},
		{"good", good, nil, true},
		{"the same again", good, nil, false},
		{"another key", change(func(c *events.Configured) { c.Secrets = "b" }), nil, true},
		{"another partner", change(func(c *events.Configured) { c.Partner = "post" }), labels.ErrPartner, false},
		{"weightless", change(func(c *events.Configured) { c.Grams = 0 }), labels.ErrParcel, false},
		{"too heavy", change(func(c *events.Configured) { c.Grams = 70_001 }), labels.ErrParcel, false},
		{"flat", change(func(c *events.Configured) { c.Height = 0 }), labels.ErrParcel, false},
		{"too long", change(func(c *events.Configured) { c.Length = 3_001 }), labels.ErrParcel, false},
		{"a carrier of two lines", change(func(c *events.Configured) { c.Carrier = "US\nPS" }), labels.ErrWish, false},
		{"ended", events.Configured{Automatic: true}, nil, true},
		{"ended again", events.Configured{}, nil, false},
	} {
		decided, err := rule.Decide(s, test.c)
		if !errors.Is(err, test.want) || len(decided) > 0 != test.news {
			t.Errorf("%s: %v, %v", test.name, decided, err)
		}
		for _, e := range decided {
			s = rule.Evolve(s, e)
		}
	}
	if s.Buys() || !s.Known {
		t.Errorf("at the end it is %+v", s)
	}
}

// News of a parcel may come twice, late and out of order.
func TestMoving(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	move := func(news, tracking, status string, minutes int) events.Moved {
		return events.Moved{Order: "k7:1", Tracking: tracking, Status: status, News: news, At: noon.Add(time.Duration(minutes) * time.Minute)}
	}
	rule := labels.Moving()
	var s labels.Journey
	for _, test := range []struct {
		name string
		m    events.Moved
		news bool
	}{
		{"first", move("1", "A", "in_transit", 0), true},
		{"the same news again", move("1", "A", "in_transit", 0), false},
		{"the same status again", move("2", "A", "in_transit", 1), false},
		{"another parcel", move("3", "B", "in_transit", 0), true},
		{"delivered", move("5", "A", "delivered", 9), true},
		{"what came before that, late", move("4", "A", "out_for_delivery", 5), false},
	} {
		decided, err := rule.Decide(s, test.m)
		if err != nil || len(decided) > 0 != test.news {
			t.Errorf("%s: %v, %v", test.name, decided, err)
		}
		for _, e := range decided {
			s = rule.Evolve(s, e)
		}
	}
	if s.Parcels["A"].Status != "delivered" || s.Parcels["B"].Status != "in_transit" {
		t.Errorf("at the end %+v", s.Parcels)
	}
}
