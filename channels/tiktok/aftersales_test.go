package tiktok_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest"
)

// sells is an order of two units of one listing and one of another, ready to be shipped.
func (r *rig) sells() string {
	r.t.Helper()
	_, a := r.World.Sim.List("A", "19.99", 10)
	_, b := r.World.Sim.List("B", "5.00", 10)
	return r.World.Sim.Place(false, channelstest.Line{Listing: a, Price: "19.99", Quantity: 2}, channelstest.Line{Listing: b, Price: "5.00", Quantity: 1})
}

// only is the one claim of an order.
func (r *rig) only(kind channels.ClaimKind, order string) channels.Claim {
	r.t.Helper()
	page, err := r.connector.ClaimsOf(r.t.Context(), kind, []string{order}, "")
	if err != nil || len(page.Claims) != 1 || len(page.Invalid) != 0 || page.Next != "" {
		r.t.Fatalf("claims of order %s: %+v, %v; want one", order, page, err)
	}
	return page.Claims[0]
}

func (r *rig) answer(c channels.Claim, v channels.Verdict) {
	r.t.Helper()
	if err := r.connector.Answer(r.t.Context(), c, v); err != nil {
		r.t.Fatalf("answer %+v with %+v: %v", c, v, err)
	}
}

func (r *rig) orderNow(id string) channels.Order {
	r.t.Helper()
	page, err := r.connector.Orders(r.t.Context(), []string{id})
	if err != nil || len(page.Orders) != 1 {
		r.t.Fatalf("order %s: %+v, %v", id, page, err)
	}
	return page.Orders[0]
}

func (r *rig) done(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func TestCancellationOfABuyer(t *testing.T) {
	for _, test := range []struct {
		name    string
		verdict channels.Verdict
		state   channels.ClaimState
		status  channels.Status
	}{
		{"yes", channels.Verdict{Approve: true, Key: "k"}, channels.ClaimCompleted, channels.StatusCancelled},
		{"no", channels.Verdict{Reason: "packed", Key: "k"}, channels.ClaimWithdrawn, channels.StatusReady},
		{"no, for a reason that the vendor has not", channels.Verdict{Reason: "undeliverable", Key: "k"}, channels.ClaimWithdrawn, channels.StatusReady},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, channelstest.Knobs{})
			order := r.sells()
			r.done(r.RequestCancel(shop, order, "no_longer_needed"))
			c := r.only(channels.Cancellation, order)
			if c.State != channels.ClaimPending || c.By != "buyer" || c.Reason != "no_longer_needed" || c.Order != order || c.DecideBy.Before(time.Now()) ||
				c.Refund.String() != "44.98 GBP" || len(c.Lines) != 2 || c.Lines[0].Quantity != 2 || c.Lines[0].Code != "A" || c.Lines[1].Quantity != 1 {
				t.Fatalf("the buyer's request reads as %+v", c)
			}
			if _, err := r.connector.Arrange(t.Context(), r.orderNow(order).Packages[0]); channels.ClassOf(err) != channels.Claimed {
				t.Errorf("shipping what the buyer wants cancelled: %v, want a refusal", err)
			}
			r.answer(c, test.verdict)
			r.answer(c, test.verdict) // the same key once more: the same answer, and nothing is done
			if got := r.only(channels.Cancellation, order); got.State != test.state || got.ID != c.ID || !got.DecideBy.IsZero() {
				t.Errorf("after %s: %+v, want %s", test.name, got, test.state)
			}
			if got := r.orderNow(order).Status; got != test.status {
				t.Errorf("after %s the order is %s, want %s", test.name, got, test.status)
			}
			effects := 0
			for _, n := range r.Counts().Answers {
				effects += n
			}
			if effects != 1 || r.Counts().AnswerTries[c.ID] != 2 {
				t.Errorf("%d effects of %d tries, want 1 of 2", effects, r.Counts().AnswerTries[c.ID])
			}
			test.verdict.Key = "another"
			if err := r.connector.Answer(t.Context(), c, test.verdict); channels.ClassOf(err) != channels.Rejected {
				t.Errorf("answered anew: %v, want a refusal", err)
			}
		})
	}
}

func TestCancellationOnHold(t *testing.T) {
	r := newRig(t, channelstest.Knobs{Hold: time.Hour})
	order := r.sells()
	r.done(r.RequestCancel(shop, order, "no_longer_needed"))
	if c := r.only(channels.Cancellation, order); c.State != channels.ClaimCompleted || c.By != "buyer" {
		t.Errorf("asked for on hold: %+v, want it done at once", c)
	}
}

func TestSellerCancels(t *testing.T) {
	ship := func(r *rig, order string) {
		for _, pkg := range r.orderNow(order).Packages {
			_, err := r.connector.Arrange(r.t.Context(), pkg)
			r.done(err)
		}
	}
	for _, test := range []struct {
		name   string
		knobs  channelstest.Knobs
		unpaid bool
		before func(r *rig, order string)
		class  channels.Class // empty = it is cancelled
	}{
		{name: "on hold", knobs: channelstest.Knobs{Hold: time.Hour}},
		{name: "ready"},
		{name: "unpaid", unpaid: true},
		{name: "shipping is arranged", before: ship, class: channels.Rejected},
		{name: "on its way", before: func(r *rig, order string) { ship(r, order); r.done(r.Collect(shop, order)) }, class: channels.Done},
		{name: "cancelled before", before: func(r *rig, order string) { r.done(r.CancelOrder(shop, order, "x")) }, class: channels.Done},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, test.knobs)
			_, a := r.World.Sim.List("A", "19.99", 10)
			order := r.World.Sim.Place(test.unpaid, channelstest.Line{Listing: a, Price: "19.99", Quantity: 2})
			if test.before != nil {
				test.before(r, order)
			}
			for _, reason := range append([]string{"a whim"}, channels.CancelReasons...) {
				err := r.connector.Cancel(t.Context(), r.orderNow(order), reason)
				switch {
				case reason == "a whim" && channels.ClassOf(err) != channels.Bug:
					t.Errorf("a reason that is none: %v", err)
				case reason == "a whim":
				case test.class == "" && err != nil && r.Counts().SellerCancels[order] == 0:
					t.Errorf("%s: %v", reason, err)
				case test.class != "" && channels.ClassOf(err) != test.class:
					t.Errorf("%s: %v, want %s", reason, err, test.class)
				}
			}
			if got := r.Counts().SellerCancels[order]; (got == 1) != (test.class == "") || got > 1 {
				t.Errorf("%d cancellations took effect", got)
			}
			if c, err := r.connector.ClaimsOf(t.Context(), channels.Cancellation, []string{order}, ""); test.class == "" &&
				(err != nil || len(c.Claims) != 1 || c.Claims[0].By != "seller" || c.Claims[0].State != channels.ClaimCompleted) {
				t.Errorf("the shop shows %+v, %v", c, err)
			}
		})
	}
}

// The way of a return, and what each answer leads to.
func TestReturns(t *testing.T) {
	yes, no := channels.Verdict{Approve: true}, channels.Verdict{Reason: "not_as_sent"}
	for _, test := range []struct {
		name, kind string
		verdicts   []channels.Verdict
		states     []channels.ClaimState
	}{
		{"a refund", "REFUND", []channels.Verdict{yes}, []channels.ClaimState{channels.ClaimCompleted}},
		{"no refund", "REFUND", []channels.Verdict{no}, []channels.ClaimState{channels.ClaimRejected}},
		{"goods back", "RETURN_AND_REFUND", []channels.Verdict{yes, yes}, []channels.ClaimState{channels.ClaimAwaited, channels.ClaimCompleted}},
		{"not these goods", "RETURN_AND_REFUND", []channels.Verdict{yes, no}, []channels.ClaimState{channels.ClaimAwaited, channels.ClaimRejected}},
		{"no goods back", "RETURN_AND_REFUND", []channels.Verdict{no}, []channels.ClaimState{channels.ClaimRejected}},
		{"a replacement", "REPLACEMENT", []channels.Verdict{yes}, []channels.ClaimState{channels.ClaimCompleted}},
		{"no replacement", "REPLACEMENT", []channels.Verdict{no}, []channels.ClaimState{channels.ClaimRejected}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, channelstest.Knobs{})
			order := r.sells()
			if _, err := r.RequestReturn(shop, order, test.kind, "damaged"); err == nil {
				t.Error("an order that has not left can come back")
			}
			for _, pkg := range r.orderNow(order).Packages {
				_, err := r.connector.Arrange(t.Context(), pkg)
				r.done(err)
			}
			r.done(r.Collect(shop, order))
			r.done(r.Deliver(shop, order))
			id, err := r.RequestReturn(shop, order, test.kind, "damaged", r.orderNow(order).Lines[0].Items[1])
			r.done(err)
			c := r.only(channels.Return, order)
			if c.ID != id || c.State != channels.ClaimPending || c.Reason != "damaged" || len(c.Lines) != 1 || c.Lines[0].Quantity != 1 {
				t.Fatalf("the buyer's request reads as %+v", c)
			}
			for i, v := range test.verdicts {
				v.Key = []string{"first", "second"}[i]
				if i == 1 {
					r.done(r.SendBack(shop, id))
					if c = r.only(channels.Return, order); c.State != channels.ClaimSent || c.Tracking == "" {
						t.Fatalf("sent back: %+v", c)
					}
				}
				r.answer(c, v)
				var shown bool
				if c, shown, err = r.connector.Claim(t.Context(), channels.Return, id); err != nil || !shown || c.State != test.states[i] {
					t.Fatalf("answer %d: %+v, %t, %v; want %s", i+1, c, shown, err, test.states[i])
				}
			}
			if err := r.connector.Answer(t.Context(), c, yes); channels.ClassOf(err) != channels.Rejected {
				t.Errorf("answered when nothing is to be decided: %v", err)
			}
		})
	}
}

func TestTakenBack(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	order := r.sells()
	r.done(r.RequestCancel(shop, order, "x"))
	c := r.only(channels.Cancellation, order)
	r.done(r.TakeBack(shop, c.ID))
	if got := r.only(channels.Cancellation, order); got.State != channels.ClaimWithdrawn {
		t.Errorf("taken back: %+v", got)
	}
	_, err := r.connector.Arrange(t.Context(), r.orderNow(order).Packages[0])
	r.done(err)
	if _, shown, err := r.connector.Claim(t.Context(), channels.Return, "404"); shown || err != nil {
		t.Errorf("a return that is not there: %t, %v", shown, err)
	}
}

// Pages go on by update time, and a change is met again at its new time.
func TestClaimsChanged(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	_, a := r.World.Sim.List("A", "19.99", 100)
	var orders []string
	for range 60 {
		order := r.World.Sim.Place(false, channelstest.Line{Listing: a, Price: "19.99", Quantity: 1})
		r.done(r.RequestCancel(shop, order, "x"))
		orders = append(orders, order)
	}
	since, until := r.clock().Add(-time.Minute), r.clock().Add(time.Minute)
	var met []string
	pages := 0
	for page := ""; pages == 0 || page != ""; pages++ {
		read, err := r.connector.ClaimsChanged(t.Context(), channels.Cancellation, since, until, page)
		r.done(err)
		for _, c := range read.Claims {
			met = append(met, c.Order)
		}
		page = read.Next
	}
	if !slices.Equal(met, orders) || pages != 2 {
		t.Errorf("%d claims on %d pages, want %d on 2", len(met), pages, len(orders))
	}
	late, err := r.connector.ClaimsChanged(t.Context(), channels.Cancellation, until.Add(time.Second), time.Time{}, "")
	if err != nil || len(late.Claims) != 0 {
		t.Errorf("after all of them: %+v, %v", late, err)
	}
}

// A vendor that uses another word, or a person's text as the reason, is taken at what is clear.
func TestClaimsLeniently(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	order := r.sells()
	r.done(r.RequestCancel(shop, order, "please, I live at 5 Oak Road"))
	if c := r.only(channels.Cancellation, order); c.Reason != "" {
		t.Errorf("a person's text stands as the reason: %q", c.Reason)
	}
	var no *channels.Failure
	if err := r.connector.Answer(t.Context(), channels.Claim{Kind: channels.Return, ID: "1", State: channels.ClaimUnknown, Vendor: "ODD"}, channels.Verdict{Approve: true}); !errors.As(err, &no) ||
		no.Class != channels.Rejected || !strings.Contains(no.Message, "ODD") {
		t.Errorf("an answer to a return of unknown state: %v", err)
	}
}
